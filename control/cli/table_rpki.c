/* `rpki`: sources in lines, alarms below their source; or the VRPs that cover a prefix. */
#include "control/cli/layout.h"
#include "control/cli/put.h"
#include "control/cli/tables.h"
#include "rib/base/check.h"

static const struct column vrp_columns[] = {
	{.title = "VRP", .width = 24},
	{.title = "MAX LENGTH", .width = 10, .rank = 1, .is_right = true},
	{.title = "ASN", .width = 10, .is_right = true},
	{.title = "VERDICT", .least = 14, .gap = 2},
};

static void put_vrp(FILE *out, const json_t *row, bool is_first, int columns)
{
	char number[2][24];
	const struct layout l = layout_fit(vrp_columns, ARRAY_COUNT(vrp_columns), columns);
	const char *const cell[] = {
		text_of(row, "prefix"), cell_of(number_of(row, "max_length"), number[0]),
		cell_of(number_of(row, "asn"), number[1]), text_of(row, "verdict")};
	static_assert(ARRAY_COUNT(cell) == ARRAY_COUNT(vrp_columns), "a cell for each");
	if (is_first) {
		layout_title(&l, out);
	}
	layout_row(&l, out, cell);
}

static void put_alarm(FILE *out, const json_t *row)
{
	char age[32];
	if (json_object_get(row, "alarm") == NULL) {
		return;
	}
	fprintf(out, "    alarm for %s: %s: ", show_duration(number_of(row, "alarm_for_s"), age),
		text_of(row, "alarm"));
	put_text(out, text_of(row, "detail"), 0);
	fprintf(out, "; %s\n",
		json_is_true(json_object_get(row, "has_data")) ? "its data are kept"
							       : "it has no data");
}

static void put_cache(FILE *out, const json_t *rtr)
{
	char age[32];
	if (rtr == NULL || !json_is_true(json_object_get(rtr, "has_synced"))) {
		return;
	}
	fprintf(out,
		"    RTR version %llu, session %llu, serial %llu, in sync %s ago; refresh %llu s, "
		"retry %llu s, expire %llu s\n",
		number_of(rtr, "version"), number_of(rtr, "session"), number_of(rtr, "serial"),
		show_duration(number_of(rtr, "synced_age_s"), age), number_of(rtr, "refresh_s"),
		number_of(rtr, "retry_s"), number_of(rtr, "expire_s"));
}

static const struct column source_columns[] = {
	{.title = "SOURCE", .width = 40, .least = 16},
	{.title = "PREF", .width = 4, .rank = 5, .is_right = true},
	{.title = "STATE", .width = 10},
	{.title = "USED", .width = 4, .rank = 2},
	{.title = "IPV4", .width = 9, .rank = 3, .is_right = true},
	{.title = "IPV6", .width = 9, .rank = 4, .is_right = true},
	{.title = "ASPA", .width = 6, .rank = 6, .is_right = true},
	{.title = "CHANGED", .width = 9, .rank = 1, .is_right = true},
};

static void put_source(FILE *out, const json_t *row, bool is_first, int columns)
{
	char age[32] = "never", number[4][24];
	const struct layout l = layout_fit(source_columns, ARRAY_COUNT(source_columns), columns);
	if (json_object_get(row, "changed_age_s") != NULL) {
		show_duration(number_of(row, "changed_age_s"), age);
	}
	const char *const cell[] = {
		text_of(row, "source"),
		cell_of(number_of(row, "preference"), number[0]),
		text_of(row, "state"),
		json_is_true(json_object_get(row, "used")) ? "yes" : "no",
		cell_of(number_of(row, "vrps_ipv4"), number[1]),
		cell_of(number_of(row, "vrps_ipv6"), number[2]),
		cell_of(number_of(row, "aspas"), number[3]),
		age,
	};
	static_assert(ARRAY_COUNT(cell) == ARRAY_COUNT(source_columns), "a cell for each");
	if (is_first) {
		layout_title(&l, out);
	}
	layout_row(&l, out, cell);
	put_cache(out, json_object_get(row, "rtr"));
	put_alarm(out, row);
}

void table_rpki_row(FILE *out, const json_t *head, const json_t *row, bool is_first, int columns)
{
	if (json_object_get(head, "prefix") != NULL) {
		put_vrp(out, row, is_first, columns);
	} else {
		put_source(out, row, is_first, columns);
	}
}

void table_rpki_end(FILE *out, const json_t *head)
{
	char bytes[32], age[32];
	if (json_object_get(head, "prefix") != NULL) {
		fprintf(out, "%s", text_of(head, "prefix"));
		if (json_object_get(head, "origin") != NULL) {
			fprintf(out, " from AS%llu: %s", number_of(head, "origin"),
				text_of(head, "state"));
		}
		fprintf(out, "%s%llu covering VRPs\n",
			json_object_get(head, "origin") != NULL ? ", " : ": ",
			number_of(head, "covering"));
		return;
	}
	fprintf(out, "in use: %llu IPv4 and %llu IPv6 VRPs, %llu ASPAs, in %s",
		number_of(head, "vrps_ipv4"), number_of(head, "vrps_ipv6"),
		number_of(head, "aspas"), show_bytes(number_of(head, "bytes"), bytes));
	if (json_object_get(head, "changed_age_s") != NULL) {
		fprintf(out, "; changed %s ago",
			show_duration(number_of(head, "changed_age_s"), age));
	}
	fprintf(out, "; %llu alarms\n", number_of(head, "alarms"));
}
