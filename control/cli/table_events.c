/* Events as lines, one each: when, what, whose, and in words. */
#include "control/cli/put.h"
#include "control/cli/tables.h"

void table_events_row(FILE *out, const json_t *row)
{
	put_text(out, text_of(row, "at"), 24);
	fputc(' ', out);
	put_text(out, text_of(row, "type"), 8);
	fputc(' ', out);
	put_text(out, text_of(row, "session"), 15);
	fputc(' ', out);
	put_text(out, text_of(row, "text"), 0);
	fputc('\n', out);
}
