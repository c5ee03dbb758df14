/* Several paths of a prefix, from members and to members, through the whole server.
 * RFC 7911 §2, §3, §5. */
#include <criterion/criterion.h>

#include <stdio.h>

#include "tests/support/naive.h"
#include "tests/unit/core/desk.h"

#define HELD_MAX 32
#define BOTH	 (ADD_PATH_SEND | ADD_PATH_RECEIVE)

/* What a host holds, by what it heard. */
struct ear {
	bool has_path_ids[FAMILY_COUNT], is_broken;
	struct held {
		struct naive_prefix prefix;
		uint32_t serial;
	} held[HELD_MAX];
	unsigned count, announces, withdraws;
};

/* 198.18.0.11 sends several and takes several, .12 takes several, .13 knows nothing of it. */
struct scene {
	struct desk desk;
	struct ear ear[DESK_HOSTS];
	unsigned dialled[DESK_HOSTS];
};

static const struct naive_prefix prefixes[FAMILY_COUNT] = {
	{.family = FAMILY_IPV4, .len = 24, .bytes = {203, 0, 113}, .has_path_id = true},
	{.family = FAMILY_IPV6, .len = 32, .bytes = {0x2a, 1, 2, 3}, .has_path_id = true}};

static uint32_t serial_in(const uint8_t *attrs, size_t len)
{
	static const uint8_t head[] = {0xc0, 32, 12};
	const uint8_t *at = memmem(attrs, len, head, sizeof(head));
	cr_assert_not_null(at);
	return (uint32_t)at[9] << 8 | at[10];
}

static struct held *find(struct ear *e, const struct naive_prefix *p)
{
	for (unsigned i = 0; i < e->count; i++) {
		if (memcmp(&e->held[i].prefix, p, sizeof(*p)) == 0) {
			return &e->held[i];
		}
	}
	return NULL;
}

static void on_route(void *context, const struct naive_prefix *p, const uint8_t *attrs,
		     size_t attrs_len, const uint8_t *next_hop, size_t next_hop_len)
{
	struct ear *e = context;
	struct held *h = find(e, p);
	(void)next_hop;
	(void)next_hop_len;
	if (attrs == NULL) {
		e->withdraws++;
		e->is_broken |= h == NULL; /* What it never had. */
		if (h != NULL) {
			*h = e->held[--e->count];
		}
		return;
	}
	e->announces++;
	if (h == NULL) {
		cr_assert_lt(e->count, HELD_MAX);
		h = &e->held[e->count++];
	}
	*h = (struct held){.prefix = *p, .serial = serial_in(attrs, attrs_len)};
}

static void on_end(void *context, unsigned family)
{
	(void)context;
	(void)family;
}

static void hear(void *context, const uint8_t *message, size_t len)
{
	struct ear *e = context;
	struct naive_sink sink = {.route = on_route, .end_of_rib = on_end, .context = e};
	memcpy(sink.has_path_ids, e->has_path_ids, sizeof(sink.has_path_ids));
	e->is_broken |= !naive_message(message, len, &sink);
}

static struct host_connection *line(struct scene *s, unsigned i)
{
	return &s->desk.host[i].connection[s->dialled[i]];
}

static void scene_init(struct scene *s, const struct desk_opts *opts)
{
	*s = (struct scene){.dialled = {0}};
	desk_init(&s->desk, opts);
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		struct host *h = &s->desk.host[i];
		h->router_id = 50 + i;
		h->hear = hear;
		h->context = &s->ear[i];
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			h->add_path[f] = i == 0 ? BOTH : i == 1 ? ADD_PATH_RECEIVE : 0;
			s->ear[i].has_path_ids[f] = (h->add_path[f] & ADD_PATH_RECEIVE) != 0 &&
						    (opts->add_path[i][f] & ADD_PATH_SEND) != 0;
		}
		desk_up(&s->desk, i, 0);
	}
}

static void scene_fini(struct scene *s)
{
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		cr_expect(!s->ear[i].is_broken, "host %u", i);
	}
	desk_fini(&s->desk);
}

static struct desk_opts usual(unsigned workers)
{
	struct desk_opts opts = {.workers = workers};
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		opts.add_path[i][FAMILY_IPV4] = opts.add_path[i][FAMILY_IPV6] = BOTH;
	}
	return opts;
}

/* Host `i` announces a path: the longer, the worse. */
static void announce(struct scene *s, unsigned i, unsigned family, uint32_t id, uint32_t serial,
		     uint8_t path_len)
{
	uint8_t m[512];
	struct naive_prefix p = prefixes[family];
	struct naive_attrs a = {.path_len = path_len,
				.announcer = 101 + i,
				.serial = serial,
				.path = {101 + i, 1, 2, 3, 4, 5, 6, 7}};
	const uint8_t v4[4] = {198, 18, 0, (uint8_t)(11 + i)};
	const uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)(11 + i)};
	memcpy(a.next_hop, family == FAMILY_IPV4 ? v4 : v6, family == FAMILY_IPV4 ? 4 : 16);
	p.path_id = id;
	p.has_path_id = i == 0;
	size_t len = naive_announce(m, &a, &p, 1, true);
	host_send(line(s, i), BGP_UPDATE, m + 19, len - 19);
	desk_run(&s->desk, 20 * USEC_PER_MSEC);
}

static void withdraw(struct scene *s, unsigned i, unsigned family, uint32_t id)
{
	uint8_t m[512];
	struct naive_prefix p = prefixes[family];
	p.path_id = id;
	p.has_path_id = i == 0;
	size_t len = naive_withdraw(m, &p, 1);
	host_send(line(s, i), BGP_UPDATE, m + 19, len - 19);
	desk_run(&s->desk, 20 * USEC_PER_MSEC);
}

/* The path id under which the host holds the path; 0: it does not. */
static uint32_t id_of(const struct scene *s, unsigned i, unsigned family, uint32_t serial)
{
	for (unsigned k = 0; k < s->ear[i].count; k++) {
		const struct held *h = &s->ear[i].held[k];
		if (h->serial == serial && h->prefix.family == family) {
			return h->prefix.has_path_id ? h->prefix.path_id : UINT32_MAX;
		}
	}
	return 0;
}

static void several_case(unsigned workers, unsigned family)
{
	struct scene s;
	struct desk_opts opts = usual(workers);
	scene_init(&s, &opts);
	announce(&s, 0, family, 7, 1, 1);
	announce(&s, 0, family, 0, 2, 2); /* 0 is an id like any other. */
	announce(&s, 0, family, UINT32_MAX, 3, 3);
	uint32_t first = id_of(&s, 1, family, 1), third = id_of(&s, 1, family, 3);
	uint32_t second = id_of(&s, 1, family, 2);
	cr_expect(first != 0 && second != 0 && third != 0);
	cr_expect(first != second && second != third && first != third);
	cr_expect(s.ear[2].count == 1 && id_of(&s, 2, family, 1) == UINT32_MAX);
	cr_expect_eq(s.ear[0].count, 0, "never its own");

	unsigned news = s.ear[1].announces;
	announce(&s, 0, family, 0, 20, 2);
	cr_expect_eq(id_of(&s, 1, family, 20), second, "replaced in place");
	cr_expect_eq(id_of(&s, 1, family, 2), 0);
	cr_expect(s.ear[1].announces == news + 1 && s.ear[1].withdraws == 0);
	cr_expect_eq(s.ear[2].announces, 1, "not the best: no news");

	withdraw(&s, 0, family, 7);
	cr_expect(s.ear[1].withdraws == 1 && s.ear[1].count == 2);
	cr_expect_eq(id_of(&s, 1, family, 20), second, "an id is for the path's life");
	cr_expect_eq(id_of(&s, 1, family, 3), third);
	cr_expect(s.ear[2].count == 1 && id_of(&s, 2, family, 20) != 0, "the next best");
	withdraw(&s, 0, family, 7); /* Not there any more. */
	cr_expect_eq(s.ear[1].withdraws, 1);
	withdraw(&s, 0, family, 0);
	withdraw(&s, 0, family, UINT32_MAX);
	cr_expect(s.ear[1].count == 0 && s.ear[2].count == 0);
	scene_fini(&s);
}

Test(add_path, paths_come_are_replaced_and_go_by_their_ids_1_worker)
{
	several_case(1, FAMILY_IPV4);
	several_case(1, FAMILY_IPV6);
}

Test(add_path, paths_come_are_replaced_and_go_by_their_ids_3_workers)
{
	several_case(3, FAMILY_IPV4);
	several_case(3, FAMILY_IPV6);
}

static uint64_t refused(const struct scene *s, unsigned family)
{
	uint64_t sum = 0;
	for (unsigned c = 0; c < s->desk.workers; c++) {
		sum += metric_get(&shard_peer_stats(server_shard(s->desk.server, (core_id_t)c),
						    (enum family)family, 0)
					   ->refused_paths);
	}
	return sum;
}

/* The events of a kind since the last call; the last one's text. */
static unsigned events(struct scene *s, enum event_kind kind, char *text)
{
	struct event e;
	unsigned count = 0;
	while (server_event(s->desk.server, &e)) {
		if (e.kind == kind) {
			count++;
			snprintf(text, NOTIFY_TEXT_MAX, "%s", e.text);
		}
	}
	return count;
}

Test(add_path, more_paths_than_the_limit_are_refused_and_said)
{
	struct scene s;
	struct desk_opts opts = usual(2);
	char text[NOTIFY_TEXT_MAX] = "";
	opts.paths_max = 2;
	scene_init(&s, &opts);
	for (uint32_t id = 1; id <= 5; id++) {
		announce(&s, 0, FAMILY_IPV6, id, id, 1);
	}
	cr_expect_eq(events(&s, EVENT_PATHS, text), 0, "not before all is counted");
	desk_run(&s.desk, 2 * USEC_PER_SEC);
	cr_expect_eq(events(&s, EVENT_PATHS, text), 1);
	cr_expect_str_eq(text, "3 paths refused: more than 2 of one prefix");
	cr_expect(refused(&s, FAMILY_IPV6) == 3 && refused(&s, FAMILY_IPV4) == 0);
	cr_expect_eq(desk_status(&s.desk, 0).state, FSM_ESTABLISHED);
	cr_expect(s.ear[1].count == 2 && id_of(&s, 1, FAMILY_IPV6, 2) != 0);
	announce(&s, 0, FAMILY_IPV6, 2, 22, 1); /* One that is there may change. */
	cr_expect_neq(id_of(&s, 1, FAMILY_IPV6, 22), 0);
	withdraw(&s, 0, FAMILY_IPV6, 1);
	announce(&s, 0, FAMILY_IPV6, 9, 9, 1); /* There is room again. */
	cr_expect_neq(id_of(&s, 1, FAMILY_IPV6, 9), 0);
	desk_run(&s.desk, 2 * USEC_PER_SEC);
	cr_expect_eq(events(&s, EVENT_PATHS, text), 0);
	announce(&s, 0, FAMILY_IPV6, 10, 10, 1);
	desk_run(&s.desk, 2 * USEC_PER_SEC);
	cr_expect_eq(events(&s, EVENT_PATHS, text), 1);
	cr_expect_str_eq(text, "1 paths refused: more than 2 of one prefix");
	scene_fini(&s);
}

Test(add_path, a_member_gets_so_many_of_the_best_and_none_of_its_own)
{
	struct scene s;
	struct desk_opts opts = usual(2);
	opts.paths_sent_max = 2;
	scene_init(&s, &opts);
	for (uint8_t n = 1; n <= 4; n++) {
		announce(&s, 0, FAMILY_IPV4, n, n, (uint8_t)(n + 1));
	}
	announce(&s, 1, FAMILY_IPV4, 0, 50, 1); /* The best of all. */
	cr_expect(s.ear[1].count == 2 && id_of(&s, 1, FAMILY_IPV4, 1) != 0 &&
		  id_of(&s, 1, FAMILY_IPV4, 2) != 0);
	cr_expect(s.ear[0].count == 1 && id_of(&s, 0, FAMILY_IPV4, 50) != 0);
	cr_expect(s.ear[2].count == 1 && id_of(&s, 2, FAMILY_IPV4, 50) != 0);
	uint32_t second = id_of(&s, 1, FAMILY_IPV4, 2);
	withdraw(&s, 0, FAMILY_IPV4, 1);
	cr_expect(s.ear[1].count == 2 && id_of(&s, 1, FAMILY_IPV4, 3) != 0);
	cr_expect_eq(id_of(&s, 1, FAMILY_IPV4, 2), second);
	scene_fini(&s);
}

Test(add_path, a_refresh_brings_all_paths_under_the_same_ids)
{
	static const uint8_t v4[] = {0, 1, 0, 1};
	struct scene s;
	struct desk_opts opts = usual(3);
	scene_init(&s, &opts);
	announce(&s, 0, FAMILY_IPV4, 1, 1, 1);
	announce(&s, 0, FAMILY_IPV4, 2, 2, 1);
	announce(&s, 0, FAMILY_IPV6, 3, 3, 1);
	uint32_t first = id_of(&s, 1, FAMILY_IPV4, 1), second = id_of(&s, 1, FAMILY_IPV4, 2);
	unsigned news = s.ear[1].announces;
	host_send(line(&s, 1), BGP_ROUTE_REFRESH, v4, sizeof(v4));
	desk_run(&s.desk, 100 * USEC_PER_MSEC);
	cr_expect(s.ear[1].announces == news + 2 && s.ear[1].withdraws == 0);
	cr_expect(id_of(&s, 1, FAMILY_IPV4, 1) == first && id_of(&s, 1, FAMILY_IPV4, 2) == second);
	scene_fini(&s);
}

Test(add_path, with_the_session_all_of_its_paths_go)
{
	struct scene s;
	struct desk_opts opts = usual(3);
	scene_init(&s, &opts);
	for (uint32_t id = 1; id <= 6; id++) {
		announce(&s, 0, id % 2, id, id, 1);
	}
	announce(&s, 1, FAMILY_IPV4, 0, 50, 3);
	cr_expect(s.ear[1].count == 6 && s.ear[2].count == 2);
	tcp_abort(line(&s, 0)->tcp);
	desk_run(&s.desk, USEC_PER_SEC);
	cr_expect(s.ear[1].count == 0 && s.ear[1].withdraws == 6);
	cr_expect(s.ear[2].count == 1 && id_of(&s, 2, FAMILY_IPV4, 50) != 0);
	/* A new session knows no path of the old one. */
	s.dialled[0] = 1;
	s.ear[0].count = 0;
	desk_up(&s.desk, 0, 1);
	announce(&s, 0, FAMILY_IPV4, 1, 60, 1);
	cr_expect(s.ear[1].count == 1 && id_of(&s, 1, FAMILY_IPV4, 60) != 0);
	cr_expect(s.ear[0].count == 1 && id_of(&s, 0, FAMILY_IPV4, 50) != 0);
	scene_fini(&s);
}

static bool is_sent_paths(const struct member_status *st, unsigned family)
{
	return (st->class_idx[family] & WIRE_CLASS_PATHS) != 0;
}

/* We send, and accept no more than one; and the other way round. */
Test(add_path, each_direction_is_by_itself)
{
	for (unsigned is_sent = 0; is_sent < 2; is_sent++) {
		struct scene s;
		struct desk_opts opts = usual(1);
		memset(opts.add_path[0], is_sent ? ADD_PATH_SEND : ADD_PATH_RECEIVE, FAMILY_COUNT);
		scene_init(&s, &opts);
		struct member_status st = desk_status(&s.desk, 0);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			cr_expect_eq(is_sent_paths(&st, f), is_sent);
			cr_expect_eq(st.sends_paths[f], !is_sent);
		}
		st = desk_status(&s.desk, 2);
		cr_expect(!is_sent_paths(&st, FAMILY_IPV4) && !st.sends_paths[FAMILY_IPV4]);
		announce(&s, 1, FAMILY_IPV4, 0, 1, 2);
		announce(&s, 2, FAMILY_IPV4, 0, 2, 1);
		cr_expect_eq(s.ear[0].count, is_sent ? 2 : 1);
		cr_expect_neq(id_of(&s, 0, FAMILY_IPV4, 2), 0);
		scene_fini(&s);
	}
}

Test(add_path, each_family_is_by_itself)
{
	for (unsigned with = 0; with < FAMILY_COUNT; with++) {
		struct scene s;
		struct desk_opts opts = usual(2);
		opts.add_path[1][1 - with] = 0;
		scene_init(&s, &opts);
		for (uint32_t n = 1; n <= 3; n++) {
			announce(&s, 0, FAMILY_IPV4, n, n, (uint8_t)n);
			announce(&s, 0, FAMILY_IPV6, n, n, (uint8_t)n);
		}
		cr_expect_eq(s.ear[1].count, 4, "three and one: %u", s.ear[1].count);
		cr_expect_eq(id_of(&s, 1, 1 - with, 1), UINT32_MAX, "the best, without an id");
		struct member_status st = desk_status(&s.desk, 1);
		cr_expect(is_sent_paths(&st, with) && !is_sent_paths(&st, 1 - with));
		scene_fini(&s);
	}
}
