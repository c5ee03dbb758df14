/* AS-SETs as lines: what we hold of each, how old that is, and what is wrong. */
#include "control/cli/layout.h"
#include "control/cli/put.h"
#include "control/cli/tables.h"
#include "rib/base/check.h"

static const struct column columns_of_sets[] = {
	{.title = "AS-SET", .width = 32, .least = 16},
	{.title = "STATE", .width = 8},
	{.title = "ASNS", .width = 8, .rank = 4, .is_right = true},
	{.title = "IPV4", .width = 8, .rank = 2, .is_right = true},
	{.title = "IPV6", .width = 8, .rank = 3, .is_right = true},
	{.title = "AGE", .width = 9, .rank = 1, .is_right = true},
	{.title = "NEXT", .width = 9, .rank = 5, .is_right = true},
};

void table_irr_title(FILE *out, int columns)
{
	const struct layout l = layout_fit(columns_of_sets, ARRAY_COUNT(columns_of_sets), columns);
	layout_title(&l, out);
}

static const char *duration_of(const json_t *row, const char *key, char buf[32])
{
	return json_object_get(row, key) != NULL ? show_duration(number_of(row, key), buf) : "-";
}

void table_irr_row(FILE *out, const json_t *row, int columns)
{
	char age[32], next[32], number[3][24];
	const struct layout l = layout_fit(columns_of_sets, ARRAY_COUNT(columns_of_sets), columns);
	const char *const cell[] = {
		text_of(row, "as_set"),
		text_of(row, "state"),
		cell_of(number_of(row, "asns"), number[0]),
		cell_of(number_of(row, "ipv4"), number[1]),
		cell_of(number_of(row, "ipv6"), number[2]),
		duration_of(row, "age_s", age),
		json_is_true(json_object_get(row, "is_asking")) ? "asking"
								: duration_of(row, "next_s", next),
	};
	static_assert(ARRAY_COUNT(cell) == ARRAY_COUNT(columns_of_sets), "a cell for each");
	layout_row(&l, out, cell);
	if (json_is_true(json_object_get(row, "is_alarm"))) {
		fprintf(out, "  %s: ", text_of(row, "part"));
		put_text(out, text_of(row, "detail"), 0);
		fputc('\n', out);
	}
}
