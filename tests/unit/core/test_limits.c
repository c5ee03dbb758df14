/* Prefix limits on a whole server: each action, on one worker and on three.
 * RFC 4271 §6.7, RFC 4486 §4. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "dataplane/core/core_priv.h"
#include "tests/unit/core/desk.h"

#define LIMIT	  20
#define RESTART_S 20

static uint8_t action;
static bool counts_rejected;

static void configure(struct member_conf *conf, unsigned i)
{
	conf->max_prefix = (struct max_prefix_rules){.action = i == 0 ? action : MAX_PREFIX_OFF,
						     .warning_percent = 80,
						     .counts_rejected = counts_rejected,
						     .restart_after_s = RESTART_S,
						     .limit = {LIMIT, LIMIT}};
}

static void stand(struct desk *d, unsigned workers, enum max_prefix_do what)
{
	action = (uint8_t)what;
	counts_rejected = true;
	desk_init(d, &(struct desk_opts){.workers = workers, .configure = configure});
	desk_up(d, 1, 0);
	desk_up(d, 0, 0);
}

/* One UPDATE of 203.<number>.0.0/16 for each of `count` numbers. */
static void say(struct desk *d, unsigned from, unsigned count, bool is_announced)
{
	static const uint8_t attrs[] = {0x40, 1, 1,   0,    0x40, 2, 6,	  2,  1, 0,
					0,    0, 101, 0x40, 3,	  4, 198, 18, 0, 11};
	uint8_t body[4096];
	struct wr w = wr_of(body, sizeof(body));
	wr_u16(&w, is_announced ? 0 : (uint16_t)(count * 3));
	for (unsigned pass = is_announced; pass < 2; pass++) {
		if (pass == 1) {
			wr_u16(&w, is_announced ? sizeof(attrs) : 0);
			wr_copy(&w, attrs, is_announced ? sizeof(attrs) : 0);
		}
		for (unsigned i = 0; i < count && (pass == 0) != is_announced; i++) {
			wr_u8(&w, 16);
			wr_u8(&w, 203);
			wr_u8(&w, (uint8_t)(from + i));
		}
	}
	cr_assert(wr_is_ok(&w));
	host_send(&d->host[0].connection[0], BGP_UPDATE, body, wr_len(&w));
}

struct held {
	uint64_t received, accepted, blocked;
};

static struct held held(struct desk *d)
{
	struct held sum = {0};
	for (unsigned c = 0; c < d->workers; c++) {
		const struct shard_peer_stats *s =
			shard_peer_stats(server_shard(d->server, (core_id_t)c), FAMILY_IPV4, 0);
		sum.received += metric_get(&s->received);
		sum.accepted += metric_get(&s->accepted);
		sum.blocked += metric_get(&s->blocked);
	}
	return sum;
}

/* The events about limits that wait; the text of the last. */
static unsigned events(struct desk *d, enum event_kind kind, char *text)
{
	struct event e;
	unsigned count = 0;
	while (server_event(d->server, &e)) {
		if (e.kind == kind) {
			snprintf(text, NOTIFY_TEXT_MAX, "%s", e.text);
			count++;
		}
	}
	return count;
}

static void block_case(unsigned workers)
{
	struct desk d;
	char text[NOTIFY_TEXT_MAX];
	stand(&d, workers, MAX_PREFIX_BLOCK);
	say(&d, 0, LIMIT + 7, true);
	desk_run(&d, USEC_PER_SEC);
	struct held h = held(&d);
	cr_expect(h.received == LIMIT + 7 && h.accepted == LIMIT && h.blocked == 7, "%lu %lu %lu",
		  h.received, h.accepted, h.blocked);
	cr_expect_eq(events(&d, EVENT_LIMIT, text), 1);
	cr_expect_str_eq(text, "20 IPv4 prefixes, the limit is 20: new ones are kept out");
	/* What it has may be announced again. */
	say(&d, 0, LIMIT, true);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(held(&d).accepted, LIMIT);
	/* There is room for five: they come from what is kept. */
	say(&d, 3, 5, false);
	desk_run(&d, 3 * USEC_PER_SEC);
	h = held(&d);
	cr_expect(h.received == LIMIT + 2 && h.accepted == LIMIT && h.blocked == 2, "%lu %lu %lu",
		  h.received, h.accepted, h.blocked);
	/* Then for more than there are. */
	say(&d, 8, 10, false);
	desk_run(&d, 3 * USEC_PER_SEC);
	h = held(&d);
	cr_expect(h.received == LIMIT - 8 && h.accepted == LIMIT - 8 && h.blocked == 0,
		  "%lu %lu %lu", h.received, h.accepted, h.blocked);
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	desk_fini(&d);
}

Test(limits, block_keeps_new_ones_out_until_there_is_room)
{
	block_case(1);
	block_case(3);
}

static void shutdown_case(unsigned workers)
{
	struct desk d;
	char text[NOTIFY_TEXT_MAX];
	stand(&d, workers, MAX_PREFIX_SHUTDOWN);
	say(&d, 0, LIMIT, true);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	say(&d, LIMIT, 3, true);
	desk_run(&d, USEC_PER_SEC);
	struct member_status st = desk_status(&d, 0);
	cr_expect_neq(st.state, FSM_ESTABLISHED);
	cr_expect(!st.is_enabled);
	cr_expect_eq(st.max_prefix.exceeded[FAMILY_IPV4], 1);
	cr_assert_eq(st.max_prefix.last_count[FAMILY_IPV4], 3);
	struct addr last = addr_v4(0xcb160000u); /* 203.22.0.0 */
	struct prefix p = prefix_make(&last, 16);
	cr_expect(prefix_equal(&st.max_prefix.last[FAMILY_IPV4][0], &p), "the latest first");
	cr_expect_eq(events(&d, EVENT_LIMIT_DOWN, text), 1);
	cr_expect_eq(d.host[0].connection[0].heard[BGP_NOTIFICATION], 1);
	cr_expect_eq(held(&d).received, 0);
	/* It stays away whatever the member does, until it is enabled. */
	host_dial(&d.host[0], 1, d.now);
	desk_run(&d, 10 * USEC_PER_SEC);
	cr_expect(!host_is_up(&d.host[0].connection[1]));
	struct request r = {.kind = REQUEST_ENABLE, .peer = 0};
	cr_assert(server_request(d.server, &r));
	desk_run(&d, USEC_PER_SEC);
	desk_up(&d, 0, 2);
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	desk_fini(&d);
}

Test(limits, shutdown_ends_the_session_until_it_is_enabled)
{
	shutdown_case(1);
	shutdown_case(3);
}

Test(limits, restart_lets_it_come_back_after_a_while)
{
	struct desk d;
	stand(&d, 1, MAX_PREFIX_RESTART);
	say(&d, 0, LIMIT + 1, true);
	desk_run(&d, USEC_PER_SEC);
	struct member_status st = desk_status(&d, 0);
	cr_expect_neq(st.state, FSM_ESTABLISHED);
	cr_expect(st.is_enabled);
	cr_expect_geq(st.rest_due, d.now + (RESTART_S - 3) * USEC_PER_SEC);
	host_dial(&d.host[0], 1, d.now);
	desk_run(&d, (RESTART_S - 5) * USEC_PER_SEC);
	cr_expect(!host_is_up(&d.host[0].connection[1]));
	desk_run(&d, 10 * USEC_PER_SEC);
	desk_up(&d, 0, 2);
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	desk_fini(&d);
}

Test(limits, warning_leaves_everything_as_it_is)
{
	struct desk d;
	char text[NOTIFY_TEXT_MAX];
	stand(&d, 1, MAX_PREFIX_WARN);
	say(&d, 0, LIMIT * 8 / 10, true);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(events(&d, EVENT_LIMIT, text), 1);
	cr_expect_str_eq(text, "16 IPv4 prefixes, the limit is 20: near the limit");
	say(&d, 100, 100, true);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(held(&d).accepted, LIMIT * 8 / 10 + 100);
	cr_expect_eq(events(&d, EVENT_LIMIT, text), 1);
	cr_expect_str_eq(text, "116 IPv4 prefixes, the limit is 20: over the limit");
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	desk_fini(&d);
}

Test(limits, another_limit_takes_effect_without_a_new_session)
{
	struct desk d;
	stand(&d, 3, MAX_PREFIX_BLOCK);
	say(&d, 0, LIMIT + 9, true);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(held(&d).blocked, 9);
	struct member_conf conf = d.server->conf[0];
	conf.max_prefix.limit[FAMILY_IPV4] = LIMIT + 4;
	cr_assert_eq(server_change_member(d.server, 0, &conf), 0);
	desk_run(&d, 3 * USEC_PER_SEC);
	struct held h = held(&d);
	cr_expect(h.accepted == LIMIT + 4 && h.blocked == 5, "%lu %lu", h.accepted, h.blocked);
	struct member_status st = desk_status(&d, 0);
	cr_expect_eq(metric_get(&st.session.established), 1);
	desk_fini(&d);
}
