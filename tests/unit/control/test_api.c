/* Answers of the control socket, made from real shards: what an operator is told must be so. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/config/socket_path.h"
#include "tests/unit/control/answers.h"
#include "tests/unit/control/scratch.h"

Test(api, routes_selects_what_is_asked_for)
{
	static const struct {
		const char *request;
		long rows;
		const char *status;
	} table[] = {
		{"{\"command\":\"routes\"}", 5, "done"},
		{"{\"command\":\"routes\",\"best\":true}", 4, "done"},
		{"{\"command\":\"routes\",\"filtered\":true}", 1, "done"},
		{"{\"command\":\"routes\",\"from\":\"198.18.1.1\"}", 3, "done"},
		{"{\"command\":\"routes\",\"from\":\"198.18.1.3\"}", 0, "done"},
		{"{\"command\":\"routes\",\"from\":\"198.18.1.3\",\"filtered\":true}", 1, "done"},
		/* What a member gets: never its own (RFC 7947 §2.3: the second best instead). */
		{"{\"command\":\"routes\",\"to\":\"198.18.1.1\"}", 2, "done"},
		{"{\"command\":\"routes\",\"to\":\"198.18.1.2\"}", 3, "done"},
		{"{\"command\":\"routes\",\"to\":\"198.18.1.3\"}", 4, "done"},
		{"{\"command\":\"routes\",\"to\":\"198.18.1.3\",\"from\":\"198.18.1.1\"}", 3,
		 "done"},
		{"{\"command\":\"routes\",\"to\":\"198.18.1.4\"}", 0, "refused"},
		{"{\"command\":\"routes\",\"prefix\":\"192.0.2.0/24\"}", 2, "done"},
		{"{\"command\":\"routes\",\"prefix\":\"192.0.2.0/23\"}", 0, "not_found"},
		{"{\"command\":\"routes\",\"prefix\":\"192.0.0.0/16\",\"match\":\"longer\"}", 3,
		 "done"},
		{"{\"command\":\"routes\",\"prefix\":\"0.0.0.0/0\",\"match\":\"longer\"}", 4,
		 "done"},
		{"{\"command\":\"routes\",\"prefix\":\"192.0.2.200/32\",\"match\":\"covering\"}", 3,
		 "done"},
		{"{\"command\":\"routes\",\"prefix\":\"2001:db8::/32\",\"match\":\"longer\"}", 1,
		 "done"},
		{"{\"command\":\"routes\",\"from\":\"203.0.113.1\"}", 0, "not_found"},
	};
	for (unsigned cores = 1; cores <= 3; cores += 2) {
		struct fake f;
		fake_init(&f, cores, NULL);
		fake_fill(&f);
		for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
			json_t *lines = fake_ask(&f, table[i].request);
			const json_t *end = answer_end(lines);
			cr_expect(answer_number(end, "rows") == table[i].rows, "%s: %ld rows",
				  table[i].request, answer_number(end, "rows"));
			cr_expect_str_eq(answer_text(end, "status"), table[i].status, "%s",
					 table[i].request);
			json_decref(lines);
		}
		fake_fini(&f);
	}
}

Test(api, a_route_row_has_rank_and_attributes)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	fake_fill(&f);
	json_t *lines = fake_ask(&f, "{\"command\":\"routes\",\"prefix\":\"192.0.2.0/24\"}");
	const json_t *best = answer_row(lines, 0), *second = answer_row(lines, 1);
	cr_assert(best != NULL && second != NULL);
	cr_expect(answer_number(best, "rank") == 1 && answer_number(second, "rank") == 2);
	cr_expect_str_eq(answer_text(best, "from"), "198.18.1.1");
	cr_expect_str_eq(answer_text(best, "next_hop"), "198.18.1.1");
	cr_expect_str_eq(answer_text(best, "as_path"), "64501 65001");
	cr_expect_str_eq(answer_text(best, "origin"), "IGP");
	cr_expect(json_object_get(best, "med") == NULL && answer_number(second, "med") == 5);
	cr_expect(answer_number(second, "asn") == 64502);
	const json_t *communities = json_object_get(best, "communities");
	cr_assert(json_array_size(communities) == 2);
	cr_expect_str_eq(json_string_value(json_array_get(communities, 0)), "64500:1");
	cr_expect_str_eq(json_string_value(json_array_get(communities, 1)), "65535:666");
	json_decref(lines);

	lines = fake_ask(&f, "{\"command\":\"routes\",\"filtered\":true}");
	cr_expect(answer_number(answer_row(lines, 0), "rank") == 0);
	cr_expect_str_eq(answer_text(answer_row(lines, 0), "rejected"),
			 reject_text(REJECT_AS_LOOP));
	json_decref(lines);
	fake_fini(&f);
}

/* exported = the number of prefixes for which view() gives something, for every member. */
Test(api, exported_counts_are_those_of_view)
{
	for (unsigned cores = 1; cores <= 3; cores += 2) {
		struct fake f;
		fake_init(&f, cores, NULL);
		fake_fill(&f);
		f.server.status[2].is_as4 = false;
		f.server.status[2].class_idx[FAMILY_IPV4] = WIRE_CLASS_AS2;
		f.server.status[0].class_idx[FAMILY_IPV4] = WIRE_CLASS_PATHS;
		f.server.status[1].families[FAMILY_IPV6] = false;
		json_t *all = fake_ask(&f, "{\"command\":\"neighbors\"}");
		cr_expect(answer_number(answer_end(all), "rows") == FAKE_MEMBERS);
		for (unsigned i = 0; i < FAKE_MEMBERS; i++) {
			char request[128], address[32];
			snprintf(address, sizeof(address), "198.18.1.%u", i + 1);
			snprintf(request, sizeof(request), "{\"command\":\"routes\",\"to\":\"%s\"}",
				 address);
			json_t *routes = fake_ask(&f, request);
			const json_t *row = answer_row_with(all, "address", address);
			cr_assert(row != NULL);
			cr_expect(answer_number(row, "exported") ==
					  answer_number(answer_end(routes), "rows"),
				  "%s: %ld", address, answer_number(row, "exported"));
			json_decref(routes);
		}
		json_decref(all);
		fake_fini(&f);
	}
}

/* RFC 9234: ours is what is configured, the neighbour's what its OPEN said, known or not. */
Test(api, neighbor_shows_both_roles)
{
	static const struct {
		bool has_ours, has_theirs;
		uint8_t theirs;
		const char *ours_text, *theirs_text;
	} cases[] = {{false, false, 0, "", ""},
		     {true, false, 0, "rs", ""},
		     {true, true, ROLE_RS_CLIENT, "rs", "rs-client"},
		     {false, true, ROLE_PROVIDER, "", "provider"},
		     {true, true, 9, "rs", "9"}};
	struct fake f;
	fake_init(&f, 1, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		f.client[0].session.has_role = cases[i].has_ours;
		f.client[0].session.is_role_strict = cases[i].has_ours;
		f.client[0].session.role = cases[i].has_ours ? ROLE_RS : 0;
		f.server.status[0].has_role = cases[i].has_theirs;
		f.server.status[0].role = cases[i].theirs;
		json_t *all = fake_ask(&f, "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}");
		const json_t *row = answer_row(all, 0);
		cr_expect_str_eq(answer_text(row, "local_role"), cases[i].ours_text, "%zu", i);
		cr_expect_str_eq(answer_text(row, "peer_role"), cases[i].theirs_text, "%zu", i);
		cr_expect(json_is_true(json_object_get(row, "role_strict")) == cases[i].has_ours);
		json_decref(all);
	}
	fake_fini(&f);
}

/* They are sent from octets that members share, and nobody counts them: 0 would be wrong. */
Test(api, updates_are_counted_one_way)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	json_t *all = fake_ask(&f, "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}");
	const json_t *row = answer_row(all, 0);
	const json_t *in = json_object_get(row, "messages_in");
	const json_t *out = json_object_get(row, "messages_out");
	cr_expect(json_object_get(in, "update") != NULL && json_object_get(in, "open") != NULL);
	cr_expect(json_object_get(out, "update") == NULL && json_object_get(out, "open") != NULL);
	json_decref(all);
	fake_fini(&f);
}

/* RFC 8654, RFC 8950: shown where both sides have agreed on it. */
Test(api, neighbor_shows_what_it_may_be_sent)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	for (unsigned bits = 0; bits < 4; bits++) {
		f.server.status[0].state = FSM_ESTABLISHED;
		f.server.status[0].class_idx[FAMILY_IPV4] =
			(uint8_t)((bits & 1 ? WIRE_CLASS_LONG : 0) |
				  (bits & 2 ? WIRE_CLASS_NEXT_HOP6 : 0));
		json_t *all = fake_ask(&f, "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}");
		const json_t *row = answer_row(all, 0);
		cr_expect(json_is_true(json_object_get(row, "extended_messages")) == (bits & 1));
		cr_expect(json_is_true(json_object_get(row, "ipv6_next_hops")) == bits >> 1);
		json_decref(all);
	}
	fake_fini(&f);
}

static void make_eventful(struct member_status *st)
{
	st->is_stale[FAMILY_IPV4] = true;
	st->stale_due = 107 * USEC_PER_SEC;
	st->class_idx[FAMILY_IPV4] = WIRE_CLASS_PATHS;
	st->sends_paths[FAMILY_IPV6] = true;
	st->is_renewing[FAMILY_IPV6] = true;
	st->refreshes_answered = 4;
}

static void expect_refresh(const json_t *row)
{
	const json_t *refresh = json_object_get(row, "refresh");
	cr_expect(answer_number(json_object_get(refresh, "of_ours"), "answered") == 4);
	const json_t *way = json_object_get(json_object_get(refresh, "of_member"), "under_way");
	cr_assert_eq(json_array_size(way), 1);
	cr_expect_str_eq(json_string_value(json_array_get(way, 0)), "ipv6");
}

Test(api, neighbors_show_counts_and_states)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	struct scratch s;
	struct state *state = NULL;
	char why[256];
	scratch_init(&s);
	cr_assert(state_open(s.dir, &state, why, sizeof(why)) == 0);
	f.env.state = state;
	fake_fill(&f);
	cr_assert(state_disable(state, &f.client[3].ip, "unpaid", 5) == 0);
	f.server.status[3].is_enabled = false;
	json_t *all = fake_ask(&f, "{\"command\":\"neighbors\"}");
	const json_t *one = answer_row_with(all, "address", "198.18.1.1");
	cr_expect(answer_number(one, "received") == 3 && answer_number(one, "accepted") == 3);
	cr_expect(answer_number(one, "since_s") == 99);
	cr_expect_str_eq(answer_text(one, "state"), "Established");
	const json_t *three = answer_row_with(all, "address", "198.18.1.3");
	cr_expect(answer_number(three, "received") == 1 && answer_number(three, "filtered") == 1);
	const json_t *four = answer_row_with(all, "address", "198.18.1.4");
	cr_expect(json_is_false(json_object_get(four, "enabled")));
	cr_expect_str_eq(answer_text(json_object_get(four, "disabled"), "reason"), "unpaid");
	json_decref(all);

	json_t *detail = fake_ask(&f, "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}");
	cr_expect_str_eq(answer_text(answer_row(detail, 0), "router_id"), "10.0.0.1");
	cr_expect(answer_number(answer_row(detail, 0), "hold_time") == 90);
	cr_expect(json_object_get(answer_row(detail, 0), "stale_left_s") == NULL);
	json_decref(detail);
	f.server.status[0].import.faults[FAULT_PATH_AS_0] = 3;
	f.server.offence[0] =
		(struct member_offence){.at = 96 * USEC_PER_SEC,
					.message = {.verdict = VERDICT_TREAT_AS_WITHDRAW,
						    .fault = FAULT_PATH_AS_0,
						    .type = 2,
						    .offset = 27,
						    .body_len = 4,
						    .reason = fault_phrase(FAULT_PATH_AS_0),
						    .section = fault_section(FAULT_PATH_AS_0)}};
	make_eventful(&f.server.status[0]);
	detail = fake_ask(&f, "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}");
	cr_expect(answer_number(answer_row(detail, 0), "stale_left_s") == 7);
	expect_refresh(answer_row(detail, 0));
	const json_t *offence = json_object_get(answer_row(detail, 0), "last_offence");
	cr_expect(strstr(answer_text(offence, "text"), "treat-as-withdraw: AS_PATH: AS 0") != NULL);
	cr_expect(strlen(answer_text(offence, "message")) == 2 * 23 &&
		  answer_number(offence, "age_s") == 4);
	const json_t *faults =
		json_object_get(json_object_get(answer_row(detail, 0), "import"), "faults");
	cr_expect(json_array_size(faults) == 1 &&
		  answer_number(json_array_get(faults, 0), "count") == 3);
	const json_t *families = json_object_get(answer_row(detail, 0), "families");
	cr_expect(json_object_get(json_object_get(families, "ipv4"), "stale") != NULL);
	cr_expect(json_object_get(json_object_get(families, "ipv6"), "stale") == NULL);
	for (unsigned is_v6 = 0; is_v6 < 2; is_v6++) {
		const json_t *add_path = json_object_get(
			json_object_get(families, is_v6 ? "ipv6" : "ipv4"), "add_path");
		cr_expect(json_is_true(json_object_get(add_path, "send")) == !is_v6);
		cr_expect(json_is_true(json_object_get(add_path, "receive")) == is_v6);
	}
	json_decref(detail);
	detail = fake_ask(&f, "{\"command\":\"neighbor\",\"address\":\"192.0.2.9\"}");
	cr_expect_str_eq(answer_text(answer_end(detail), "status"), "not_found");
	json_decref(detail);
	state_close(state);
	scratch_fini(&s);
	fake_fini(&f);
}

Test(api, a_change_is_saved_before_it_is_asked_for)
{
	struct scratch s;
	struct state *state = NULL;
	char why[256], path[256];
	struct fake f;
	scratch_init(&s);
	cr_assert(state_open(s.dir, &state, why, sizeof(why)) == 0);
	fake_init(&f, 1, state);
	log_set_level(LOG_ERROR);
	json_t *a = fake_ask(&f, "{\"command\":\"disable\",\"address\":\"198.18.1.2\",\"reason\":"
				 "\"maintenance\"}");
	cr_expect_str_eq(answer_text(answer_end(a), "status"), "done");
	cr_assert(f.server.request_count == 1);
	cr_expect(f.server.request[0].kind == REQUEST_DISABLE && f.server.request[0].peer == 1);
	cr_expect_str_eq(f.server.request[0].text, "maintenance");
	cr_expect(state_find(state, &f.client[1].ip) != NULL);
	json_decref(a);

	a = fake_ask(&f, "{\"command\":\"enable\",\"address\":\"198.18.1.2\"}");
	cr_expect(f.server.request[1].kind == REQUEST_ENABLE);
	cr_expect(state_find(state, &f.client[1].ip) == NULL);
	json_decref(a);

	/* A disable that cannot be saved is refused and not asked of the worker. */
	cr_assert(mkdir(scratch_path(&s, "members.json.new", path), 0700) == 0);
	a = fake_ask(&f, "{\"command\":\"disable\",\"address\":\"198.18.1.2\"}");
	cr_expect_str_eq(answer_text(answer_end(a), "status"), "refused");
	cr_expect(f.server.request_count == 2);
	json_decref(a);
	rmdir(path);

	/* A worker that takes no requests: refused after a second. */
	f.server.is_ring_full = true;
	a = fake_ask(&f, "{\"command\":\"reset\",\"address\":\"198.18.1.2\"}");
	cr_expect_str_eq(answer_text(answer_end(a), "status"), "refused");
	json_decref(a);
	state_close(state);
	scratch_fini(&s);
	fake_fini(&f);
}

/* Whoever is disabled there would announce again, and the registry say that it does not. */
Test(api, what_the_registry_has_disabled_is_not_enabled_here)
{
	struct fake f;
	char session[] = "n-2", why[] = "The tenant is disabled.";
	fake_init(&f, 1, NULL);
	f.client[1].is_disabled = true;
	f.client[1].session_id = session;
	f.client[1].disabled_why = why;
	cr_assert_eq(state_disable(f.env.state, &f.client[1].ip, "mine", 1), 0);
	json_t *a = fake_ask(&f, "{\"command\":\"enable\",\"address\":\"198.18.1.2\"}");
	const char *said = answer_text(answer_end(a), "text");
	cr_expect_str_eq(answer_text(answer_end(a), "status"), "refused");
	cr_expect(strstr(said, "The tenant is disabled.") != NULL, "%s", said);
	cr_expect(strstr(said, "causeway registry show n-2") != NULL, "%s", said);
	cr_expect_eq(f.server.request_count, 0);
	cr_expect(state_find(f.env.state, &f.client[1].ip) != NULL, "nothing was changed");
	json_decref(a);
	a = fake_ask(&f, "{\"command\":\"enable\",\"address\":\"198.18.1.1\"}");
	cr_expect_str_eq(answer_text(answer_end(a), "status"), "done");
	json_decref(a);
	fake_fini(&f);
}

Test(api, changes_that_make_no_sense_are_refused)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	f.server.status[0].is_enabled = false;
	json_t *a = fake_ask(&f, "{\"command\":\"reset\",\"address\":\"198.18.1.1\"}");
	cr_expect_str_eq(answer_text(answer_end(a), "status"), "refused");
	json_decref(a);
	a = fake_ask(&f, "{\"command\":\"refresh\",\"address\":\"198.18.1.4\"}");
	cr_expect_str_eq(answer_text(answer_end(a), "status"), "refused");
	json_decref(a);
	a = fake_ask(&f, "{\"command\":\"refresh\",\"address\":\"198.18.1.9\"}");
	cr_expect_str_eq(answer_text(answer_end(a), "status"), "not_found");
	json_decref(a);
	cr_expect(f.server.request_count == 0);
	fake_fini(&f);
}

Test(api, status_sums_up_shards_and_workers)
{
	struct fake f;
	fake_init(&f, 3, NULL);
	fake_fill(&f);
	f.server.drops[1][DROP_CORE_FIRST + CORE_DROP_SYN_UNKNOWN] = 4;
	f.server.drops[2][DROP_CORE_FIRST + CORE_DROP_SYN_UNKNOWN] = 3;
	f.server.drops[0][NET_DROP_ETH_SHORT] = 1;
	f.server.stats[0].attrs = 2;
	f.server.stats[2].attrs = 5;
	busy_tick(&f.busy, &f.server, 98 * USEC_PER_SEC);
	f.server.stats[1].busy_us = USEC_PER_SEC / 2;
	json_t *lines = fake_ask(&f, "{\"command\":\"status\"}");
	const json_t *row = answer_row(lines, 0);
	const json_t *v4 = json_object_get(json_object_get(row, "routes"), "ipv4");
	const json_t *v6 = json_object_get(json_object_get(row, "routes"), "ipv6");
	cr_expect(answer_number(v4, "prefixes") == 3 && answer_number(v4, "paths") == 5);
	cr_expect(answer_number(v6, "prefixes") == 1);
	cr_expect(answer_number(json_object_get(row, "attribute_sets"), "count") == 7);
	cr_expect(answer_number(json_object_get(row, "sessions"), "established") == 3);
	const json_t *drops = json_object_get(row, "drops");
	cr_expect(json_array_size(drops) == DROP_COUNT, "all rows, also those of zero");
	const json_t *drop = json_array_get(drops, DROP_CORE_FIRST + CORE_DROP_SYN_UNKNOWN);
	cr_expect_str_eq(answer_text(drop, "name"), "SYN_UNKNOWN");
	cr_expect_str_eq(answer_text(drop, "severity"), "PEER");
	cr_expect(answer_number(drop, "count") == 7 && answer_text(drop, "text")[0] != '\0');
	cr_expect(answer_number(json_array_get(drops, NET_DROP_ETH_SHORT), "count") == 1);
	const json_t *memory = json_object_get(row, "memory");
	cr_expect(answer_number(memory, "resident_bytes") > 0);
	cr_expect(answer_number(memory, "bytes_per_path") ==
		  answer_number(memory, "table_bytes") / (5 + answer_number(v6, "paths")));
	const json_t *worker = json_array_get(json_object_get(row, "workers"), 1);
	cr_expect(json_number_value(json_object_get(worker, "busy_percent")) == 25.0);
	json_decref(lines);
	fake_fini(&f);
}

/* A client that does not read must not make the server keep its routes in memory. */
Test(api, a_reply_waits_while_nobody_reads)
{
	struct fake f;
	struct reply reply = {0};
	struct api_request r = {.command = API_ROUTES};
	char prefix[32];
	fake_init(&f, 1, NULL);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", i / 256, i % 256);
		fake_announce(&f, 0, prefix, (const asn_t[4]){64501}, 0, REJECT_NONE);
	}
	fake_settle(&f);
	struct job *j = job_routes(&r);
	size_t largest = 0;
	unsigned slices = 0;
	bool is_done = false;
	while (!is_done && slices < 10000) {
		/* The client takes 10 kB at a time. */
		if (reply_has_room(&reply)) {
			is_done = j->step(j, &f.env, &reply, 1);
		}
		size_t waiting = reply.end - reply.begin;
		largest = waiting > largest ? waiting : largest;
		reply.begin += waiting < 10000 ? waiting : 10000;
		slices++;
		epoch_quiescent();
	}
	cr_expect(is_done);
	cr_expect(largest < REPLY_BYTES + 4096, "%zu", largest);
	cr_expect(slices > 20);
	j->free(j);
	reply_fini(&reply);
	fake_fini(&f);
}

static int dial(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	cr_assert(strlen(path) < sizeof(sun.sun_path));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert(connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0);
	return fd;
}

/* Serve until the answer's end has come to `fd`. */
static void exchange(struct api *a, int fd, const char *request, char *answer, size_t len)
{
	size_t got = 0;
	cr_assert(send(fd, request, strlen(request), 0) == (ssize_t)strlen(request));
	answer[0] = '\0';
	for (unsigned i = 0; i < 1000 && strstr(answer, "\"end\"") == NULL; i++) {
		struct pollfd fds[API_FDS_MAX];
		unsigned count = api_fds(a, fds);
		poll(fds, count, 10);
		(void)api_serve(a, fds, count, 1 + i);
		ssize_t more = recv(fd, answer + got, len - 1 - got, MSG_DONTWAIT);
		got += more > 0 ? (size_t)more : 0;
		answer[got] = '\0';
	}
}

Test(api, the_read_only_socket_refuses_changes)
{
	struct scratch s;
	struct fake f;
	struct api *a = NULL;
	struct stat st;
	char why[256], path[256], other[256], answer[32768];
	scratch_init(&s);
	fake_init(&f, 1, NULL);
	const struct api_opts opts = {.socket = scratch_path(&s, "control.sock", path),
				      .uid = geteuid(),
				      .operator_gid = getegid(),
				      .read_gid = getegid()};
	cr_assert(api_open(&opts, &f.env, &a, why, sizeof(why)) == 0, "%s", why);
	cr_assert(stat(path, &st) == 0);
	cr_expect((st.st_mode & 0777) == 0660);
	socket_read_only_path(path, other, sizeof(other));
	cr_expect(strstr(other, "/control-ro.sock") != NULL);
	cr_assert(stat(other, &st) == 0);
	cr_expect((st.st_mode & 0777) == 0660);

	int fd = dial(other);
	exchange(a, fd, "{\"command\":\"status\"}\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "\"done\"") != NULL, "%s", answer);
	exchange(a, fd, "{\"command\":\"reset\",\"address\":\"198.18.1.1\"}\n", answer,
		 sizeof(answer));
	cr_expect(strstr(answer, "\"refused\"") != NULL, "%s", answer);
	cr_expect(f.server.request_count == 0);
	close(fd);

	fd = dial(path);
	exchange(a, fd, "{\"command\":\"reset\",\"address\":\"198.18.1.1\"}\n", answer,
		 sizeof(answer));
	cr_expect(strstr(answer, "\"done\"") != NULL, "%s", answer);
	cr_expect(f.server.request_count == 1);
	exchange(a, fd, "nonsense\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "\"usage\"") != NULL, "%s", answer);
	close(fd);

	/* A second server does not take the name away. */
	struct api *b = NULL;
	cr_expect(api_open(&opts, &f.env, &b, why, sizeof(why)) == -EADDRINUSE);
	cr_expect(stat(path, &st) == 0);
	api_close(a);
	cr_expect(stat(path, &st) != 0 && stat(other, &st) != 0);
	scratch_fini(&s);
	fake_fini(&f);
}

/* Whatever comes over the socket is answered or closed, and grows nothing. */
Test(api, garbage_on_the_socket_is_survived)
{
	struct scratch s;
	struct fake f;
	struct api *a = NULL;
	char why[256], path[256];
	const size_t junk_len = (size_t)REQUEST_LINE_MAX * 3;
	char *junk = malloc(junk_len);
	cr_assert(junk != NULL);
	scratch_init(&s);
	fake_init(&f, 1, NULL);
	const struct api_opts opts = {.socket = scratch_path(&s, "c.sock", path),
				      .uid = geteuid(),
				      .operator_gid = getegid(),
				      .read_gid = getegid()};
	cr_assert(api_open(&opts, &f.env, &a, why, sizeof(why)) == 0);
	int fds[API_CONNECTIONS_MAX + 4];
	for (unsigned i = 0; i < ARRAY_COUNT(fds); i++) {
		fds[i] = dial(path);
		memset(junk, i % 2 == 0 ? 'x' : '\n', junk_len);
		cr_assert(send(fds[i], junk, 1000 + i * 250, MSG_DONTWAIT) > 0);
		struct pollfd wait[API_FDS_MAX];
		unsigned count = api_fds(a, wait);
		poll(wait, count, 0);
		(void)api_serve(a, wait, count, 1);
	}
	for (unsigned i = 0; i < 200; i++) {
		struct pollfd wait[API_FDS_MAX];
		unsigned count = api_fds(a, wait);
		cr_assert(count <= API_FDS_MAX);
		poll(wait, count, 0);
		(void)api_serve(a, wait, count, 1);
	}
	for (unsigned i = 0; i < ARRAY_COUNT(fds); i++) {
		close(fds[i]);
	}
	for (unsigned i = 0; i < 100; i++) {
		struct pollfd wait[API_FDS_MAX];
		unsigned count = api_fds(a, wait);
		poll(wait, count, 0);
		(void)api_serve(a, wait, count, 1);
	}
	struct pollfd wait[API_FDS_MAX];
	cr_expect(api_fds(a, wait) == 2);
	free(junk);
	api_close(a);
	scratch_fini(&s);
	fake_fini(&f);
}

Test(api, requests_are_understood_or_refused_with_a_reason)
{
	static const struct {
		const char *line;
		const char *fragment; /* NULL: good. */
	} table[] = {
		{"{\"command\":\"status\"}", NULL},
		{"{\"command\":\"routes\",\"prefix\":\"10.0.0.0/8\",\"match\":\"longer\"}", NULL},
		{"", "no JSON object"},
		{"[]", "no JSON object"},
		{"{\"command\":\"status\"", "no JSON object"},
		{"{\"command\":\"status\",\"command\":\"status\"}", "no JSON object"},
		{"{}", "no such command"},
		{"{\"command\":7}", "no such command"},
		{"{\"command\":\"reboot\"}", "no such command"},
		{"{\"command\":\"status\",\"address\":\"198.18.1.1\"}", "no member 'address'"},
		{"{\"command\":\"neighbor\"}", "needs 'address'"},
		{"{\"command\":\"neighbor\",\"address\":7}", "must be an IPv4 or IPv6"},
		{"{\"command\":\"neighbor\",\"address\":\"x\"}", "must be an IPv4 or IPv6"},
		{"{\"command\":\"explain\",\"prefix\":\"10.0.0.0/8\"}", "one of 'from'"},
		{"{\"command\":\"routes\",\"prefix\":\"10.0.0.1/8\"}", "without host bits"},
		{"{\"command\":\"routes\",\"match\":\"longer\"}", "need a prefix"},
		{"{\"command\":\"routes\",\"prefix\":\"::/0\",\"match\":\"odd\"}", "must be exact"},
		{"{\"command\":\"routes\",\"best\":1}", "true or false"},
		{"{\"command\":\"routes\",\"best\":true,\"filtered\":true}", "never the best"},
		{"{\"command\":\"routes\",\"best\":true,\"to\":\"198.18.1.1\"}", "leave out"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct api_request r;
		char why[256] = "";
		bool is_good = api_request_parse(table[i].line, strlen(table[i].line), &r, why,
						 sizeof(why));
		cr_expect(is_good == (table[i].fragment == NULL), "%s", table[i].line);
		cr_expect(is_good || strstr(why, table[i].fragment) != NULL, "%s: %s",
			  table[i].line, why);
	}
	char line[512];
	struct api_request r;
	char why[256];
	int len = snprintf(line, sizeof(line),
			   "{\"command\":\"reset\",\"address\":\"::1\","
			   "\"reason\":\"%0127d\"}",
			   1);
	cr_expect(api_request_parse(line, (size_t)len, &r, why, sizeof(why)));
	len = snprintf(line, sizeof(line),
		       "{\"command\":\"reset\",\"address\":\"::1\",\"reason\":\"%0128d\"}", 1);
	cr_expect(!api_request_parse(line, (size_t)len, &r, why, sizeof(why)));
}

/* The announcer asks something about AS 1, which is no member: that is for us alone. */
Test(api, routes_to_a_member_are_shown_without_what_was_asked_of_us)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	struct policy *policy = policy_new(FAKE_MEMBERS);
	policy->generation = 1;
	policy->pattern[COMMUNITY_ANNOUNCE_TO_PEER][COMMUNITY_STD] =
		(struct community_pattern){.is_set = true, .has_peer_as = true, .field = {64500}};
	cr_assert(policy_finish(policy));
	f.judge = judge_new(&(struct judge_opts){
		.intern = f.server.intern, .peer_count = FAKE_MEMBERS, .key = 7});
	cr_assert(judge_adopt(f.judge, policy));
	fake_announce(&f, 1, "203.0.113.0/24", (const asn_t[4]){64502}, 0, REJECT_NONE);
	fake_settle(&f);
	json_t *lines = fake_ask(&f, "{\"command\":\"routes\"}");
	cr_expect_eq(json_array_size(json_object_get(answer_row(lines, 0), "communities")), 2);
	json_decref(lines);
	lines = fake_ask(&f, "{\"command\":\"routes\",\"to\":\"198.18.1.1\"}");
	const json_t *sent = json_object_get(answer_row(lines, 0), "communities");
	cr_assert_eq(json_array_size(sent), 1);
	cr_expect_str_eq(json_string_value(json_array_get(sent, 0)), "65535:666");
	json_decref(lines);
	fake_fini(&f);
	judge_free(f.judge);
	policy_free(policy);
}

/* RFC 7911: a member of a class with path ids is shown all that it gets. */
Test(api, routes_to_a_member_of_several_paths_show_each_with_its_id)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	fake_announce(&f, 0, "203.0.113.0/24", (const asn_t[4]){64501}, 0, REJECT_NONE);
	fake_announce(&f, 1, "203.0.113.0/24", (const asn_t[4]){64502}, 0, REJECT_NONE);
	fake_announce(&f, 2, "203.0.113.0/24", (const asn_t[4]){64503, 9}, 0, REJECT_NONE);
	fake_settle(&f);
	f.server.status[0].class_idx[FAMILY_IPV4] = WIRE_CLASS_PATHS;
	json_t *lines = fake_ask(&f, "{\"command\":\"routes\",\"to\":\"198.18.1.1\"}");
	cr_assert(answer_number(answer_end(lines), "rows") == 2);
	cr_expect(answer_number(answer_row(lines, 0), "path_id") == 2, "member 1, no slot");
	cr_expect(answer_number(answer_row(lines, 1), "path_id") == 3);
	json_decref(lines);
	lines = fake_ask(&f, "{\"command\":\"explain\",\"prefix\":\"203.0.113.0/24\","
			     "\"to\":\"198.18.1.1\"}");
	cr_expect_str_eq(answer_text(answer_row(lines, 0), "fate"), "its own route");
	cr_expect_str_eq(answer_text(answer_row(lines, 1), "fate"), "chosen");
	cr_expect_str_eq(answer_text(answer_row(lines, 2), "fate"), "chosen");
	cr_expect(answer_number(answer_row(lines, 2), "path_id") == 3);
	json_decref(lines);
	fake_fini(&f);
}

/* RFC 7911: paths beyond the limit of a prefix are counted, and the count is shown. */
Test(api, a_neighbor_shows_what_the_shards_refused_of_it)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	struct op op = {.kind = OP_ANNOUNCE, .peer = 0, .incarnation = 1, .has_path_id = true};
	fake_announce(&f, 1, "203.0.113.0/24", (const asn_t[4]){64502}, 0, REJECT_NONE);
	fake_settle(&f);
	const struct slab *slab = shard_slab(f.server.shard[0], FAMILY_IPV4);
	struct paths_one one;
	op.attr = entry_paths(slab_at(slab, 0), &one)->path[0].attr;
	op.prefix = slab_prefix(slab, 0);
	intern_adjust(f.server.intern, op.attr, 18);
	for (op.path_id = 0; op.path_id < 18; op.path_id++) {
		shard_apply(f.server.shard[0], &op);
	}
	fake_settle(&f);
	json_t *lines = fake_ask(&f, "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}");
	const json_t *families = json_object_get(answer_row(lines, 0), "families");
	const json_t *v4 = json_object_get(families, "ipv4");
	cr_expect(answer_number(v4, "received") == 16);
	cr_expect(answer_number(v4, "refused_paths") == 2);
	cr_expect(answer_number(v4, "refused_llgr") == 0);
	json_decref(lines);
	fake_fini(&f);
}
