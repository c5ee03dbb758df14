/* Tables for people: fixed columns, so that rows can be printed as they come.
 *
 * Everything that stems from elsewhere (descriptions, causes) is printed without control
 * characters: a terminal must not obey a neighbour.
 */
#include "control/cli/tables.h"

#include <string.h>

#include "control/cli/layout.h"
#include "control/cli/put.h"
#include "rib/base/check.h"

#define PATH_MAX_TEXT 17000 /* An AS path is at most 16,384 characters. */
#define REJECTION_MAX 1024

void put_text(FILE *out, const char *text, int width)
{
	int printed = 0;
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		bool is_control = *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0);
		fputc(is_control ? '?' : *c, out);
		printed += (*c & 0xc0) != 0x80 ? 1 : 0;
	}
	for (; printed < width; printed++) {
		fputc(' ', out);
	}
}

/* One line: "  name               value". */
static void put_line(FILE *out, const char *name, const char *value)
{
	if (value[0] != '\0') {
		fprintf(out, "  %-22s", name);
		put_text(out, value, 0);
		fputc('\n', out);
	}
}

static void put_number(FILE *out, const char *name, unsigned long long value)
{
	fprintf(out, "  %-22s%llu\n", name, value);
}

static void put_bytes(FILE *out, const char *name, unsigned long long value)
{
	char buf[32];
	put_line(out, name, show_bytes(value, buf));
}

static void put_workers(FILE *out, const json_t *workers)
{
	size_t i;
	json_t *w;
	json_array_foreach(workers, i, w)
	{
		fprintf(out,
			"  worker %-2llu             CPU %llu, %.1f %% busy, %llu connections\n",
			number_of(w, "worker"), number_of(w, "cpu"),
			json_number_value(json_object_get(w, "busy_percent")),
			number_of(w, "connections"));
	}
}

/* The reasons that have happened. */
static void put_drops(FILE *out, const json_t *drops)
{
	size_t i;
	json_t *row;
	json_array_foreach(drops, i, row)
	{
		if (number_of(row, "count") > 0) {
			fprintf(out, "  dropped %-20s %-10llu %-6s  ", text_of(row, "name"),
				number_of(row, "count"), text_of(row, "severity"));
			put_text(out, text_of(row, "text"), 0);
			fputc('\n', out);
		}
	}
}

static void put_restarting(FILE *out, const json_t *restarting)
{
	if (restarting != NULL) {
		fprintf(out,
			"  restarting            selection deferred, waiting for %llu members, at "
			"most "
			"%llu s\n",
			number_of(restarting, "awaited"), number_of(restarting, "left_s"));
	}
}

static void put_rpki(FILE *out, const json_t *rpki)
{
	if (rpki != NULL) {
		fprintf(out, "  RPKI                  %llu VRPs, %llu ASPAs; %llu of %llu sources ",
			number_of(rpki, "vrps_ipv4") + number_of(rpki, "vrps_ipv6"),
			number_of(rpki, "aspas"), number_of(rpki, "alarms"),
			number_of(rpki, "sources"));
		fprintf(out, "have an alarm%s\n",
			number_of(rpki, "alarms") > 0 ? "; see causeway rpki" : "");
	}
}

static void put_irr(FILE *out, const json_t *irr)
{
	if (irr != NULL) {
		fprintf(out, "  IRR                   %llu AS-SETs; %llu have an alarm%s\n",
			number_of(irr, "as_sets"), number_of(irr, "alarms"),
			number_of(irr, "alarms") > 0 ? "; see causeway irr" : "");
	}
}

static void put_registry(FILE *out, const json_t *registry)
{
	const char *detail = text_of(registry, "detail");
	if (registry != NULL) {
		fprintf(out, "  registry              %s, revision %llu; %llu sessions here%s",
			text_of(registry, "state"), number_of(registry, "revision"),
			number_of(registry, "sessions"),
			json_is_true(json_object_get(registry, "has_duty"))
				? "; this server looks at proofs"
				: "");
		fputs(detail[0] != '\0' ? ": " : "", out);
		put_text(out, detail, 0);
		if (number_of(registry, "alarms") > 0) {
			fprintf(out, "; %llu alarms, see causeway registry status",
				number_of(registry, "alarms"));
		}
		fputc('\n', out);
	}
}

void table_status(FILE *out, const json_t *row)
{
	char buf[32];
	const json_t *sessions = json_object_get(row, "sessions");
	const json_t *routes = json_object_get(row, "routes");
	const json_t *v4 = json_object_get(routes, "ipv4");
	const json_t *v6 = json_object_get(routes, "ipv6");
	const json_t *attrs = json_object_get(row, "attribute_sets");
	const json_t *memory = json_object_get(row, "memory");
	const json_t *log = json_object_get(row, "log");
	const json_t *pending = json_object_get(row, "pending");
	fprintf(out, "causeway %s, AS%llu, router id %s, up %s\n", text_of(row, "version"),
		number_of(row, "rs_as"), text_of(row, "router_id"),
		show_duration(number_of(row, "uptime_s"), buf));
	put_restarting(out, json_object_get(row, "restarting"));
	put_workers(out, json_object_get(row, "workers"));
	fprintf(out, "  sessions              %llu established of %llu, %llu disabled\n",
		number_of(sessions, "established"), number_of(sessions, "configured"),
		number_of(sessions, "disabled"));
	fprintf(out, "  IPv4 routes           %llu prefixes, %llu paths\n",
		number_of(v4, "prefixes"), number_of(v4, "paths"));
	fprintf(out, "  IPv6 routes           %llu prefixes, %llu paths\n",
		number_of(v6, "prefixes"), number_of(v6, "paths"));
	fprintf(out, "  attribute sets        %llu in %s\n", number_of(attrs, "count"),
		show_bytes(number_of(attrs, "bytes"), buf));
	put_bytes(out, "memory", number_of(memory, "resident_bytes"));
	fprintf(out, "  memory of tables      %s, %llu bytes a path\n",
		show_bytes(number_of(memory, "table_bytes"), buf),
		number_of(memory, "bytes_per_path"));
	fprintf(out, "  export logs           %llu runs in %s, %llu superseded so far\n",
		number_of(log, "runs"), show_bytes(number_of(log, "bytes"), buf),
		number_of(log, "runs_dirty"));
	if (number_of(pending, "neighbors") > 0) {
		fprintf(out, "  lagging               %llu neighbours, %llu prefixes pending\n",
			number_of(pending, "neighbors"), number_of(pending, "prefixes"));
	}
	put_rpki(out, json_object_get(row, "rpki"));
	put_irr(out, json_object_get(row, "irr"));
	put_registry(out, json_object_get(row, "registry"));
	put_drops(out, json_object_get(row, "drops"));
	if (number_of(row, "events_lost") > 0) {
		put_number(out, "events lost", number_of(row, "events_lost"));
	}
}

/* --- Neighbours --- */

static const struct column neighbor_columns[] = {
	{.title = "ADDRESS", .width = 24},
	{.title = "ASN", .width = 10, .rank = 1, .is_right = true},
	{.title = "STATE", .width = 12, .least = 11},
	{.title = "SINCE", .width = 9, .rank = 3, .is_right = true},
	{.title = "RECEIVED", .width = 9, .rank = 6, .is_right = true},
	{.title = "ACCEPTED", .width = 9, .rank = 2, .is_right = true},
	{.title = "FILTERED", .width = 9, .rank = 7, .is_right = true},
	{.title = "EXPORTED", .width = 9, .rank = 5, .is_right = true},
	{.title = "DESCRIPTION", .least = 11, .rank = 4, .gap = 2},
};

static const char *state_of(const json_t *row)
{
	return json_is_false(json_object_get(row, "enabled")) ? "Disabled" : text_of(row, "state");
}

void table_neighbors_title(FILE *out, int columns)
{
	const struct layout l =
		layout_fit(neighbor_columns, ARRAY_COUNT(neighbor_columns), columns);
	layout_title(&l, out);
}

void table_neighbors_row(FILE *out, const json_t *row, int columns)
{
	char since[32], number[5][24];
	const struct layout l =
		layout_fit(neighbor_columns, ARRAY_COUNT(neighbor_columns), columns);
	const char *const cell[] = {
		text_of(row, "address"),
		cell_of(number_of(row, "asn"), number[0]),
		state_of(row),
		show_duration(number_of(row, "since_s"), since),
		cell_of(number_of(row, "received"), number[1]),
		cell_of(number_of(row, "accepted"), number[2]),
		cell_of(number_of(row, "filtered"), number[3]),
		cell_of(number_of(row, "exported"), number[4]),
		text_of(row, "description"),
	};
	static_assert(ARRAY_COUNT(cell) == ARRAY_COUNT(neighbor_columns), "a cell for each");
	layout_row(&l, out, cell);
}

/* Paths of the member that the shards had no place for. */
static void put_refused(FILE *out, const json_t *family)
{
	unsigned long long paths = number_of(family, "refused_paths");
	unsigned long long llgr = number_of(family, "refused_llgr");
	if (paths > 0) {
		fprintf(out, "  %-22s%llu, beyond the limit of paths for a prefix\n",
			"  refused paths", paths);
	}
	if (llgr > 0) {
		fprintf(out, "  %-22s%llu, which could not become long-lived stale\n",
			"  refused paths", llgr);
	}
}

/* RFC 7911: in which directions several paths of a prefix go. */
static void put_add_path(FILE *out, const json_t *add_path)
{
	bool is_sent = json_is_true(json_object_get(add_path, "send"));
	bool is_received = json_is_true(json_object_get(add_path, "receive"));
	if (is_sent || is_received) {
		fprintf(out, "  %-22sseveral paths of a prefix are %s%s%s\n", "",
			is_sent ? "sent" : "", is_sent && is_received ? " and " : "",
			is_received ? "received" : "");
	}
}

/* Under which the member is sent the path, if it is sent several. */
static void put_path_id(FILE *out, const json_t *row)
{
	if (json_object_get(row, "path_id") != NULL) {
		fprintf(out, "  (path id %llu)", number_of(row, "path_id"));
	}
}

/* The prefix limit, and the last prefixes that were beyond it.  Shown for a session that is down,
 * too: that is when one asks. */
static void put_limit(FILE *out, const char *name, const json_t *limit)
{
	const json_t *last = json_object_get(limit, "last");
	if (limit == NULL) {
		return;
	}
	fprintf(out, "  %s prefix limit%*s%llu %s, action %s; exceeded %llu times", name,
		(int)(22 - strlen(name) - strlen(" prefix limit")), "", number_of(limit, "limit"),
		text_of(limit, "counts"), text_of(limit, "action"), number_of(limit, "exceeded"));
	if (number_of(limit, "blocked") > 0) {
		fprintf(out, "; %llu kept out now", number_of(limit, "blocked"));
	}
	fputc('\n', out);
	for (size_t i = 0; i < json_array_size(last); i++) {
		put_line(out, i == 0 ? "  last beyond it" : "",
			 json_string_value(json_array_get(last, i)));
	}
}

static void put_family(FILE *out, const char *name, const json_t *family)
{
	if (json_is_true(json_object_get(family, "negotiated"))) {
		fprintf(out, "  %-22s%llu received, %llu accepted; %s\n", name,
			number_of(family, "received"), number_of(family, "accepted"),
			json_is_true(json_object_get(family, "end_of_rib_sent"))
				? "our table was sent"
				: "our table is being sent");
		if (json_is_true(json_object_get(family, "given_up"))) {
			put_line(out, "", "what it sends cannot be read and is ignored; reset it");
		}
		put_add_path(out, json_object_get(family, "add_path"));
		put_refused(out, family);
	}
	put_limit(out, name, json_object_get(family, "max_prefix"));
}

static void put_flag(FILE *out, const json_t *row, const char *name, const char *title)
{
	put_line(out, title, json_is_true(json_object_get(row, name)) ? "yes" : "");
}

static void put_roles(FILE *out, const json_t *row)
{
	const char *ours = text_of(row, "local_role");
	const char *theirs = text_of(row, "peer_role");
	if (ours[0] == '\0' && theirs[0] == '\0') {
		return;
	}
	fprintf(out, "  %-22swe are its %s%s, it says it is our %s\n", "roles",
		ours[0] != '\0' ? ours : "(not configured)",
		json_is_true(json_object_get(row, "role_strict")) ? " (strict)" : "",
		theirs[0] != '\0' ? theirs : "(nothing)");
}

static void put_stale(FILE *out, const json_t *row)
{
	char buf[32];
	const json_t *families = json_object_get(row, "families");
	unsigned long long count = number_of(json_object_get(families, "ipv4"), "stale") +
				   number_of(json_object_get(families, "ipv6"), "stale");
	if (json_object_get(row, "stale_left_s") != NULL) {
		fprintf(out, "  %-22s%llu routes of an earlier session, for at most %s\n", "stale",
			count, show_duration(number_of(row, "stale_left_s"), buf));
	}
}

/* Who keeps whose routes, and for how long. */
static void put_graceful(FILE *out, const json_t *graceful)
{
	const json_t *ours = json_object_get(graceful, "ours");
	const json_t *peer = json_object_get(graceful, "peer");
	if (ours != NULL) {
		fprintf(out, "  %-22srestart time %llu s, stale time %llu s, long-lived %llu s\n",
			"graceful restart", number_of(ours, "restart_time"),
			number_of(ours, "stale_time"), number_of(ours, "long_lived_stale_time"));
	}
	if (peer != NULL) {
		const json_t *v4 = json_object_get(peer, "ipv4"),
			     *v6 = json_object_get(peer, "ipv6");
		fprintf(out,
			"  %-22srestart time %llu s%s%s%s, long-lived %llu s IPv4, %llu s IPv6%s\n",
			"  of the neighbour", number_of(peer, "restart_time"),
			v4 != NULL || v6 != NULL ? "" : ", helps only",
			json_is_true(json_object_get(peer, "restarting")) ? ", has restarted" : "",
			json_is_true(json_object_get(peer, "notification"))
				? ", also after a NOTIFICATION"
				: "",
			number_of(v4, "long_lived_stale_time"),
			number_of(v6, "long_lived_stale_time"),
			json_is_true(json_object_get(graceful, "awaited"))
				? "; its End-of-RIBs are waited for"
				: "");
	}
}

static void put_refresh(FILE *out, const json_t *row)
{
	const json_t *refresh = json_object_get(row, "refresh");
	const json_t *member = json_object_get(refresh, "of_member");
	const json_t *ours = json_object_get(refresh, "of_ours");
	bool is_enhanced = json_is_true(json_object_get(refresh, "enhanced"));
	fprintf(out, "  %-22s%llu requested", "refresh of its routes",
		number_of(member, "requested"));
	if (is_enhanced) {
		fprintf(out, ", %llu begun, %llu ended, %zu under way", number_of(member, "begun"),
			number_of(member, "ended") + number_of(member, "timed_out"),
			json_array_size(json_object_get(member, "under_way")));
	}
	fprintf(out, "\n  %-22s%llu requested, %llu answered, %zu under way%s\n", "refresh of ours",
		number_of(ours, "requested"), number_of(ours, "answered"),
		json_array_size(json_object_get(ours, "under_way")),
		is_enhanced ? "; with begin and end" : "");
}

static void put_messages(FILE *out, const char *name, const json_t *m)
{
	fprintf(out, "  %-22s%llu open, ", name, number_of(m, "open"));
	if (json_object_get(m, "update") != NULL) {
		fprintf(out, "%llu update, ", number_of(m, "update"));
	}
	fprintf(out, "%llu notification, %llu keepalive, %llu refresh\n",
		number_of(m, "notification"), number_of(m, "keepalive"), number_of(m, "refresh"));
}

static void put_session(FILE *out, const json_t *row)
{
	const json_t *disabled = json_object_get(row, "disabled");
	const json_t *families = json_object_get(row, "families");
	put_line(out, "disabled because", text_of(disabled, "reason"));
	put_line(out, "last error", text_of(row, "last_error"));
	if (json_object_get(row, "rests_for_s") != NULL) {
		char buf[32];
		fprintf(out, "  %-22s%s after failures; reset ends it\n", "rests for",
			show_duration(number_of(row, "rests_for_s"), buf));
	}
	put_line(out, "router id", text_of(row, "router_id"));
	if (json_object_get(row, "hop_limit_min") != NULL) {
		put_number(out, "hop limit at least", number_of(row, "hop_limit_min"));
	}
	if (json_object_get(row, "hold_time") != NULL) {
		put_number(out, "hold time", number_of(row, "hold_time"));
	}
	put_line(out, "4-octet AS numbers", json_is_false(json_object_get(row, "as4")) ? "no" : "");
	put_flag(out, row, "extended_messages", "extended messages");
	put_flag(out, row, "ipv6_next_hops", "IPv6 next hops of IPv4");
	put_roles(out, row);
	put_number(out, "worker", number_of(row, "worker"));
	put_number(out, "times established", number_of(row, "established_count"));
	put_family(out, "IPv4", json_object_get(families, "ipv4"));
	put_family(out, "IPv6", json_object_get(families, "ipv6"));
	put_graceful(out, json_object_get(row, "graceful_restart"));
	put_stale(out, row);
	put_refresh(out, row);
}

static void put_authentication(FILE *out, json_t *auth)
{
	const char *name;
	json_t *refused;
	const char *kind = text_of(auth, "kind");
	const char *text = text_of(auth, "text");
	if (strcmp(kind, "none") != 0) {
		fprintf(out, "  %-22s%s%s%s\n", "authentication", kind, text[0] != '\0' ? ": " : "",
			text);
	}
	json_object_foreach(json_object_get(auth, "refused"), name, refused)
	{
		put_line(out, "refused", text_of(refused, "text"));
	}
}

static void put_faults(FILE *out, const json_t *import, const json_t *offence)
{
	size_t i;
	json_t *fault;
	char buf[32];
	json_array_foreach(json_object_get(import, "faults"), i, fault)
	{
		fprintf(out, "  %-22s%llu × %s\n", i == 0 ? "faults" : "",
			number_of(fault, "count"), text_of(fault, "fault"));
	}
	put_line(out, "last fault", text_of(import, "last_fault"));
	if (offence != NULL) {
		fprintf(out, "  %-22s%s ago: %s\n", "last faulty update",
			show_duration(number_of(offence, "age_s"), buf), text_of(offence, "text"));
	}
}

void table_neighbor(FILE *out, const json_t *row)
{
	char buf[32];
	const json_t *import = json_object_get(row, "import");
	fprintf(out, "%s AS%llu %s, %s for %s\n", text_of(row, "address"), number_of(row, "asn"),
		json_is_true(json_object_get(row, "passive")) ? "(passive)" : "(active)",
		state_of(row), show_duration(number_of(row, "since_s"), buf));
	put_line(out, "description", text_of(row, "description"));
	put_session(out, row);
	put_authentication(out, json_object_get(row, "authentication"));
	fprintf(out, "  %-22s%llu received, %llu accepted, %llu filtered, %llu exported\n",
		"routes", number_of(row, "received"), number_of(row, "accepted"),
		number_of(row, "filtered"), number_of(row, "exported"));
	put_messages(out, "messages in", json_object_get(row, "messages_in"));
	put_messages(out, "messages out", json_object_get(row, "messages_out"));
	fprintf(out,
		"  %-22s%llu treated as withdraw, %llu attributes discarded, "
		"%llu families given up\n",
		"faulty updates", number_of(import, "treat_as_withdraw"),
		number_of(import, "attr_discard"), number_of(import, "afi_disable"));
	put_faults(out, import, json_object_get(row, "last_offence"));
	fprintf(out, "  %-22s%llu prefixes, %llu withdrawals\n", "sent",
		number_of(row, "prefixes_sent"), number_of(row, "withdraws_sent"));
	put_bytes(out, "bytes in", number_of(row, "bytes_in"));
	put_bytes(out, "bytes out", number_of(row, "bytes_out"));
	put_number(out, "retransmits", number_of(row, "retransmits"));
	if (number_of(row, "rtt_min_us") > 0) {
		fprintf(out, "  %-22s%.3f ms\n", "least round trip",
			(double)number_of(row, "rtt_min_us") / 1000);
	}
	put_bytes(out, "send queue", number_of(row, "send_queue_bytes"));
	if (number_of(row, "pending") > 0) {
		put_number(out, "prefixes pending", number_of(row, "pending"));
	}
	if (number_of(row, "collisions") > 0) {
		put_number(out, "collisions", number_of(row, "collisions"));
	}
	put_drops(out, json_object_get(row, "drops"));
}

/* --- Routes --- */

static const struct column route_columns[] = {
	{.title = "PREFIX", .width = 20},
	{.title = "RANK", .width = 4, .rank = 1, .is_right = true},
	{.title = "FROM", .width = 17},
	{.title = "NEXT HOP", .width = 17, .rank = 2},
	{.title = "MED", .width = 10, .rank = 3, .is_right = true},
	{.title = "AS PATH", .least = 16, .gap = 2},
};

void table_routes_title(FILE *out, int columns)
{
	const struct layout l = layout_fit(route_columns, ARRAY_COUNT(route_columns), columns);
	layout_title(&l, out);
}

static void put_list(FILE *out, const char *name, const json_t *list)
{
	size_t i;
	json_t *item;
	if (json_array_size(list) == 0) {
		return;
	}
	fprintf(out, "    %s", name);
	json_array_foreach(list, i, item)
	{
		fprintf(out, " %s", json_string_value(item));
	}
	fputc('\n', out);
}

static void put_attributes(FILE *out, const json_t *row)
{
	put_list(out, "communities", json_object_get(row, "communities"));
	put_list(out, "large", json_object_get(row, "large_communities"));
	put_list(out, "extended", json_object_get(row, "ext_communities"));
	if (json_object_get(row, "aggregator") != NULL) {
		fprintf(out, "    aggregator %s%s\n", text_of(row, "aggregator"),
			json_is_true(json_object_get(row, "atomic_aggregate")) ? ", atomic" : "");
	}
}

/* What the customer of a rejected route can do. */
static void put_remedy(FILE *out, const json_t *row)
{
	if (json_object_get(row, "detail") != NULL) {
		fputs("    detail      ", out);
		put_text(out, text_of(row, "detail"), 0);
		fputc('\n', out);
	}
	if (json_object_get(row, "remedy") != NULL) {
		fputs("    remedy      ", out);
		put_text(out, text_of(row, "remedy"), 0);
		fputc('\n', out);
	}
}

/* "64500 64501 IGP  (path id 2)": what stands at the end of a line. */
static void format_path(const json_t *row, char *buf, size_t size)
{
	char id[48] = "";
	if (json_object_get(row, "path_id") != NULL) {
		(void)snprintf(id, sizeof(id), "  (path id %llu)", number_of(row, "path_id"));
	}
	(void)snprintf(buf, size, "%s%s%s%s", text_of(row, "as_path"),
		       text_of(row, "as_path")[0] != '\0' ? " " : "", text_of(row, "origin"), id);
}

/* Why it is rejected; what the registry says of it stands in a line of its own with --detail. */
static void format_rejection(const json_t *row, bool is_detailed, char *buf, size_t size)
{
	const char *detail = is_detailed ? "" : text_of(row, "detail");
	(void)snprintf(buf, size, "%s%s%s", text_of(row, "rejected"), detail[0] != '\0' ? ": " : "",
		       detail);
}

/* A long path must not push the reason out of sight: then that has a line of its own. */
static void put_route(FILE *out, const struct layout *l, const char **cell, const char *rejected)
{
	const char *path = cell[l->count - 1];
	char text[PATH_MAX_TEXT + REJECTION_MAX];
	(void)snprintf(text, sizeof(text), "%s%s%s%s", path,
		       rejected[0] != '\0' ? "  (rejected: " : "", rejected,
		       rejected[0] != '\0' ? ")" : "");
	cell[l->count - 1] = text;
	bool is_apart = rejected[0] != '\0' && !layout_has_room(l, cell);
	cell[l->count - 1] = is_apart ? path : text;
	layout_row(l, out, cell);
	if (is_apart) {
		fputs("    rejected    ", out);
		put_text(out, rejected, 0);
		fputc('\n', out);
	}
}

void table_routes_row(FILE *out, const json_t *row, bool is_detailed, int columns)
{
	char rank[24] = "-", med[24] = "-", path[PATH_MAX_TEXT], rejected[REJECTION_MAX];
	const struct layout l = layout_fit(route_columns, ARRAY_COUNT(route_columns), columns);
	format_path(row, path, sizeof(path));
	format_rejection(row, is_detailed, rejected, sizeof(rejected));
	const char *cell[] = {
		text_of(row, "prefix"),
		number_of(row, "rank") > 0 ? cell_of(number_of(row, "rank"), rank) : rank,
		text_of(row, "from"),
		text_of(row, "next_hop"),
		json_object_get(row, "med") != NULL ? cell_of(number_of(row, "med"), med) : med,
		path,
	};
	static_assert(ARRAY_COUNT(cell) == ARRAY_COUNT(route_columns), "a cell for each");
	put_route(out, &l, cell, rejected);
	if (is_detailed) {
		put_attributes(out, row);
		put_remedy(out, row);
	}
}

void table_explain_title(FILE *out, const json_t *head)
{
	if (json_object_get(head, "from") != NULL) {
		fprintf(out, "%s from %s\n", text_of(head, "prefix"), text_of(head, "from"));
		return;
	}
	fprintf(out, "%s for %s\n%4s %-17s %-14s %-24s  %s\n", text_of(head, "prefix"),
		text_of(head, "to"), "RANK", "FROM", "FATE", "BEFORE THE NEXT BY", "AS PATH");
}

/* Of a neighbour's route: each check. */
static void put_checks(FILE *out, const json_t *row)
{
	size_t i;
	const json_t *note;
	const char *rejected = text_of(row, "rejected");
	fprintf(out, "  AS path %s, next hop %s: %s%s\n", text_of(row, "as_path"),
		text_of(row, "next_hop"), rejected[0] != '\0' ? "rejected: " : "accepted",
		rejected);
	fprintf(out, "  %-18s %-8s %-44s  %s\n", "CHECK", "VERDICT", "CONFIGURED AT", "BECAUSE");
	json_array_foreach(json_object_get(row, "checks"), i, note)
	{
		const char *detail = text_of(note, "detail");
		fprintf(out, "  %-18s %-8s ", text_of(note, "check"), text_of(note, "verdict"));
		put_text(out, text_of(note, "key"), detail[0] != '\0' ? 46 : 0);
		put_text(out, detail, 0);
		fputc('\n', out);
	}
	put_attributes(out, row);
	put_remedy(out, row);
}

/* What of a route is another for the member. */
static void put_dress(FILE *out, const json_t *row)
{
	if (json_object_get(row, "prepended") != NULL) {
		fprintf(out, "  (prepended %llu times by %s)", number_of(row, "prepended"),
			text_of(row, "prepended_by"));
	}
	if (json_object_get(row, "originated") != NULL) {
		fprintf(out, "  (originated %s)", text_of(row, "originated"));
	}
	if (json_is_true(json_object_get(row, "draining"))) {
		fputs("  (draining)", out);
	}
	if (json_is_true(json_object_get(row, "blackhole"))) {
		fputs("  (blackhole)", out);
	}
	if (json_is_true(json_object_get(row, "adds_no_export"))) {
		fputs("  (with NO_EXPORT)", out);
	}
	if (json_is_true(json_object_get(row, "adds_no_advertise"))) {
		fputs("  (with NO_ADVERTISE)", out);
	}
}

void table_explain_row(FILE *out, const json_t *row)
{
	char rank[24] = "-";
	bool is_ranked = number_of(row, "rank") > 0;
	if (json_object_get(row, "checks") != NULL) {
		put_checks(out, row);
		return;
	}
	if (is_ranked) {
		snprintf(rank, sizeof(rank), "%llu", number_of(row, "rank"));
	}
	fprintf(out, "%4s %-17s %-14s %-24s  %s", rank, text_of(row, "from"), text_of(row, "fate"),
		is_ranked ? text_of(row, "rule") : text_of(row, "rejected"),
		text_of(row, "as_path"));
	put_path_id(out, row);
	put_dress(out, row);
	fputc('\n', out);
}

/* "FILE:LINE:COL: text", "198.18.1.1   changed   hold_time, the session starts anew". */
void table_reload_row(FILE *out, const json_t *row)
{
	const char *kind = text_of(row, "kind");
	if (strcmp(kind, "finding") == 0) {
		put_text(out, text_of(row, "file"), 0);
		fprintf(out, ":%llu:%llu: %s", number_of(row, "line"), number_of(row, "column"),
			strcmp(text_of(row, "severity"), "warning") == 0 ? "warning: " : "");
		put_text(out, text_of(row, "text"), 0);
		fputc('\n', out);
		return;
	}
	if (strcmp(kind, "routes") == 0) {
		fprintf(out,
			"of %llu routes %llu would be rejected and %llu accepted that are not "
			"now, %llu rejected for another reason, %llu gone with their neighbours\n",
			number_of(row, "routes"), number_of(row, "to_rejected"),
			number_of(row, "to_accepted"), number_of(row, "other_reason"),
			number_of(row, "gone"));
		return;
	}
	bool is_new = json_is_true(json_object_get(row, "new_session"));
	put_text(out, text_of(row, "address"), 24);
	fprintf(out, " %-8s  ", strcmp(kind, "server") == 0 ? "changed" : kind);
	put_text(out, text_of(row, "what"), 0);
	fputs(is_new ? "; the session starts anew\n" : "\n", out);
}
