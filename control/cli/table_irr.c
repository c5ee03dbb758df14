/* AS-SETs as lines: what we hold of each, how old that is, and what is wrong. */
#include "control/cli/put.h"
#include "control/cli/tables.h"

void table_irr_title(FILE *out)
{
	fprintf(out, "%-32s %-8s %8s %8s %8s %9s %9s\n", "AS-SET", "STATE", "ASNS", "IPV4", "IPV6",
		"AGE", "NEXT");
}

static const char *duration_of(const json_t *row, const char *key, char buf[32])
{
	return json_object_get(row, key) != NULL ? show_duration(number_of(row, key), buf) : "-";
}

void table_irr_row(FILE *out, const json_t *row)
{
	char age[32], next[32];
	put_text(out, text_of(row, "as_set"), 32);
	fprintf(out, " %-8s %8llu %8llu %8llu %9s %9s\n", text_of(row, "state"),
		number_of(row, "asns"), number_of(row, "ipv4"), number_of(row, "ipv6"),
		duration_of(row, "age_s", age),
		json_is_true(json_object_get(row, "is_asking")) ? "asking"
								: duration_of(row, "next_s", next));
	if (json_is_true(json_object_get(row, "is_alarm"))) {
		fprintf(out, "  %s: ", text_of(row, "part"));
		put_text(out, text_of(row, "detail"), 0);
		fputc('\n', out);
	}
}
