/* `rpki`: sources in lines, alarms below their source; or the VRPs that cover a prefix. */
#include "control/cli/put.h"
#include "control/cli/tables.h"

static void put_vrp(FILE *out, const json_t *row, bool is_first)
{
	if (is_first) {
		fprintf(out, "%-24s %10s %10s  %s\n", "VRP", "MAX LENGTH", "ASN", "VERDICT");
	}
	fprintf(out, "%-24s %10llu %10llu  %s\n", text_of(row, "prefix"),
		number_of(row, "max_length"), number_of(row, "asn"), text_of(row, "verdict"));
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

static void put_source(FILE *out, const json_t *row, bool is_first)
{
	char age[32] = "never";
	if (is_first) {
		fprintf(out, "%-40s %4s %-10s %-4s %9s %9s %6s %9s\n", "SOURCE", "PREF", "STATE",
			"USED", "IPV4", "IPV6", "ASPA", "CHANGED");
	}
	if (json_object_get(row, "changed_age_s") != NULL) {
		show_duration(number_of(row, "changed_age_s"), age);
	}
	put_text(out, text_of(row, "source"), 40);
	fprintf(out, " %4llu %-10s %-4s %9llu %9llu %6llu %9s\n", number_of(row, "preference"),
		text_of(row, "state"), json_is_true(json_object_get(row, "used")) ? "yes" : "no",
		number_of(row, "vrps_ipv4"), number_of(row, "vrps_ipv6"), number_of(row, "aspas"),
		age);
	put_cache(out, json_object_get(row, "rtr"));
	put_alarm(out, row);
}

void table_rpki_row(FILE *out, const json_t *head, const json_t *row, bool is_first)
{
	if (json_object_get(head, "prefix") != NULL) {
		put_vrp(out, row, is_first);
	} else {
		put_source(out, row, is_first);
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
