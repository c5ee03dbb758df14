/* Events as lines, one each: when, what, whose, and in words. */
#include "control/cli/layout.h"
#include "control/cli/put.h"
#include "control/cli/tables.h"
#include "rib/base/check.h"

static const struct column columns_of_events[] = {
	{.width = 24, .rank = 1}, /* When. */
	{.width = 8, .rank = 3},  /* What: the text says it, too. */
	{.width = 15, .rank = 2}, /* Whose. */
	{.least = 30},
};

void table_events_row(FILE *out, const json_t *row, int columns)
{
	const struct layout l =
		layout_fit(columns_of_events, ARRAY_COUNT(columns_of_events), columns);
	const char *const cell[] = {text_of(row, "at"), text_of(row, "type"),
				    text_of(row, "session"), text_of(row, "text")};
	static_assert(ARRAY_COUNT(cell) == ARRAY_COUNT(columns_of_events), "a cell for each");
	layout_row(&l, out, cell);
}
