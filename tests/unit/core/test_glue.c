/* Session, connection and export of a member in every order of events: requests of the operator and
 * events of the transport, some picked with care and many at random, with every invariant checked
 * after each turn, and nothing left in the end.  RFC 4271 §6, §8; RFC 9293 §3.10; RFC 6191. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/world.h"

#define MEMBERS	 5
#define UNIVERSE 16
#define SEEDS	 24
#define STEPS	 80

static struct world *world_of(unsigned workers, unsigned members, uint64_t seed, bool are_active)
{
	struct world *w = malloc(sizeof(*w));
	struct world_opts opts = {.seed = seed,
				  .workers = workers,
				  .members = members,
				  .universe = UNIVERSE,
				  .are_active = are_active};
	world_init(w, &opts);
	return w;
}

static void world_end(struct world *w)
{
	world_fini(w);
	free(w);
}

static void request(struct world *w, enum request_kind kind, unsigned member)
{
	struct request r = {.kind = kind, .peer = (peer_id_t)member, .text = "test"};
	cr_assert(server_request(w->server, &r));
}

static struct member_status status_of(const struct world *w, unsigned member)
{
	struct member_status st;
	server_member_status(w->server, (peer_id_t)member, &st);
	return st;
}

/* RFC 7606 §6: what was wrong, and the message itself, for whoever asks. */
Test(glue, the_last_faulty_update_is_kept)
{
	static const uint8_t message[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0,	31,   2,    0,	  0,	0,    4,    0x40,
					  1,	1,    9,    24,	  198,	51,   100};
	struct member_offence o;
	struct world *w = world_of(2, MEMBERS, 3, false);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	cr_expect_not(server_member_offence(w->server, 1, &o));
	cr_assert(speaker_send(&w->speaker[1], message, sizeof(message)));
	world_run(w, USEC_PER_SEC);
	cr_assert(server_member_offence(w->server, 1, &o));
	cr_expect(o.at + USEC_PER_SEC >= w->now - USEC_PER_SEC && o.at <= w->now);
	cr_expect_eq(o.message.body_len, sizeof(message) - 19);
	cr_expect_arr_eq(o.message.body, message + 19, sizeof(message) - 19);
	cr_expect_eq(o.message.verdict, VERDICT_TREAT_AS_WITHDRAW);
	struct member_status st = status_of(w, 1);
	cr_expect(st.state == FSM_ESTABLISHED && metric_get(&st.import.treat_as_withdraw) == 1);
	cr_expect_eq(metric_get(&st.import.faults[FAULT_ORIGIN_VALUE]), 1);
	for (unsigned i = 0; i < MEMBERS; i++) {
		cr_expect(i == 1 || !server_member_offence(w->server, (peer_id_t)i, &o));
	}
	world_end(w);
}

/* RFC 4271 §8.2.1: a member that lets no connection in is still heard when it connects itself,
 * while our own attempt waits for an answer or for its address. */
Test(glue, a_members_syn_takes_the_place_of_our_attempt)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct world *w = world_of(seed % 2 == 0 ? 1 : 3, MEMBERS, seed, true);
		cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
		for (unsigned i = 0; i < MEMBERS; i++) {
			w->speaker[i].wants_up = false;
			speaker_end(&w->speaker[i], END_RESET, w->now);
		}
		world_run(w, 20 * USEC_PER_SEC); /* Our attempts are on their way. */
		for (unsigned i = 0; i < MEMBERS; i++) {
			w->speaker[i].wants_up = true;
		}
		cr_assert(world_run_until(w, world_is_up, 3 * USEC_PER_SEC), "seed %lu", seed);
		request(w, REQUEST_SHUTDOWN, 0);
		world_run(w, 5 * USEC_PER_SEC);
		cr_assert(server_is_quiet(w->server));
		world_expect_empty(w);
		world_end(w);
	}
}

/* A process that is killed between two writes leaves half a message and a FIN. */
Test(glue, fin_after_half_a_message_ends_the_session)
{
	struct world *w = world_of(1, 2, 3, false);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	uint8_t m[19];
	size_t len = naive_keepalive(m);
	cr_assert(speaker_send(&w->speaker[1], m, len - 1));
	w->speaker[1].wants_up = false;
	speaker_end(&w->speaker[1], END_CLOSE, w->now);
	world_run(w, USEC_PER_SEC);
	cr_assert_neq(status_of(w, 1).state, FSM_ESTABLISHED);
	w->speaker[0].wants_up = false;
	speaker_end(&w->speaker[0], END_CLOSE, w->now);
	world_expect_empty(w);
	world_end(w);
}

/* RFC 4271 §6.4: the NOTIFICATION is the cause, though a reset followed on its heels. */
Test(glue, a_notification_before_a_reset_is_heard)
{
	struct world *w = world_of(1, 2, 5, false);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	world_run(w, USEC_PER_SEC);
	uint8_t cease[21];
	memset(cease, 0xff, 16);
	memcpy(cease + 16, (const uint8_t[]){0, 21, 3, 6, 2}, 5);
	w->is_frozen = true;
	cr_assert(speaker_send(&w->speaker[1], cease, sizeof(cease)));
	world_run(w, USEC_PER_MSEC);
	w->speaker[1].wants_up = false;
	speaker_end(&w->speaker[1], END_RESET, w->now);
	world_run(w, USEC_PER_MSEC);
	w->is_frozen = false;
	world_run(w, USEC_PER_SEC);
	struct member_status st = status_of(w, 1);
	cr_assert_eq(st.cause, SESSION_CAUSE_NOTIFICATION_RECEIVED, "%s", st.last_error);
	world_end(w);
}

/* A neighbour that is not there cannot be told, and must not hold up the end. */
Test(glue, shutdown_ends_though_a_neighbour_is_gone)
{
	struct world *w = world_of(1, 3, 7, false);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	w->is_cut[1] = true;
	w->speaker[2].is_stalled = true;
	world_run(w, 80 * USEC_PER_SEC);
	request(w, REQUEST_SHUTDOWN, 0);
	world_run(w, 4 * USEC_PER_SEC);
	cr_assert(server_is_quiet(w->server));
	world_end(w);
}

static void announce(struct world *w, unsigned member, unsigned prefix)
{
	uint8_t m[512];
	struct naive_attrs a = {.path_len = 1,
				.path = {w->speaker[member].conf.asn},
				.announcer = w->speaker[member].conf.asn & 0xffff};
	const uint8_t v4[4] = {198, 18, 9, (uint8_t)(member + 1)};
	const uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)(member + 1)};
	bool is_v4 = w->universe[prefix].family == 0;
	memcpy(a.next_hop, is_v4 ? v4 : v6, is_v4 ? 4 : 16);
	size_t len = naive_announce(m, &a, &w->universe[prefix], 1, true);
	speaker_send(&w->speaker[member], m, len); /* Not when it is down. */
}

/* The member's host restarts: it has forgotten the connection and says nothing. */
static void reboot(struct world *w, unsigned member)
{
	struct speaker *s = &w->speaker[member];
	speaker_end(s, END_RESET, w->now);
	tcp_free(s->tcp);
	s->tcp = NULL;
}

static void send_part(struct world *w, unsigned member)
{
	uint8_t m[19];
	naive_keepalive(m);
	speaker_send(&w->speaker[member], m, 1 + prng_below(&w->prng, 18));
}

static void act(struct world *w)
{
	unsigned member = (unsigned)prng_below(&w->prng, MEMBERS);
	struct speaker *s = &w->speaker[member];
	switch (prng_below(&w->prng, 14)) {
	case 0:
		request(w, REQUEST_ENABLE, member);
		break;
	case 1:
		request(w, REQUEST_DISABLE, member);
		if (prng_chance(&w->prng, 1, 2)) {
			request(w, REQUEST_ENABLE, member);
		}
		break;
	case 2:
		request(w, REQUEST_RESET, member);
		break;
	case 3:
		request(w, REQUEST_REFRESH, member);
		break;
	case 4:
		speaker_end(s, END_RESET, w->now);
		break;
	case 5:
		speaker_end(s, END_CLOSE, w->now);
		break;
	case 6:
		speaker_end(s, END_NOTIFICATION, w->now);
		break;
	case 7:
		reboot(w, member);
		break;
	case 8:
		s->is_stalled = !s->is_stalled;
		break;
	case 9:
		w->is_cut[member] = !w->is_cut[member];
		break;
	case 10:
		send_part(w, member);
		break;
	case 11:
		s->wants_up = !s->wants_up;
		break;
	default:
		announce(w, member, (unsigned)prng_below(&w->prng, UNIVERSE));
		break;
	}
}

static void run_checked(struct world *w, usec_t us)
{
	usec_t until = w->now + us;
	while (w->now < until) {
		world_turn(w, until);
		for (unsigned i = 0; i < w->opts.workers; i++) {
			core_check(server_core(w->server, (core_id_t)i));
		}
	}
}

/* From microseconds, so that one event falls into the other's middle, to beyond the hold time. */
static usec_t pause_of(struct world *w)
{
	static const usec_t longest[] = {50, USEC_PER_MSEC, 300 * USEC_PER_MSEC, 4 * USEC_PER_SEC,
					 100 * USEC_PER_SEC};
	uint64_t dice = prng_below(&w->prng, 40);
	return 1 + prng_below(&w->prng, longest[dice < 39 ? dice / 10 : 4]);
}

static void calm_down(struct world *w)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		w->speaker[i].is_stalled = false;
		w->speaker[i].wants_up = true;
		w->is_cut[i] = false;
		request(w, REQUEST_ENABLE, i);
	}
}

static void random_history(uint64_t seed)
{
	struct world *w = world_of(seed % 2 == 0 ? 1 : 3, MEMBERS, seed, seed % 3 == 0);
	for (unsigned step = 0; step < STEPS; step++) {
		act(w);
		run_checked(w, pause_of(w));
	}
	calm_down(w);
	cr_assert(world_run_until(w, world_is_up, 300 * USEC_PER_SEC), "seed %lu", seed);
	for (unsigned i = 0; i < MEMBERS; i++) {
		w->speaker[i].is_stalled = prng_chance(&w->prng, 1, 3);
		w->is_cut[i] = prng_chance(&w->prng, 1, 4);
		w->speaker[i].wants_up = false;
	}
	run_checked(w, pause_of(w));
	request(w, REQUEST_SHUTDOWN, 0);
	run_checked(w, 4 * USEC_PER_SEC);
	cr_assert(server_is_quiet(w->server), "seed %lu", seed);
	world_expect_empty(w);
	world_end(w);
}

Test(glue, random_histories_leave_nothing_behind, .timeout = 120)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		random_history(seed);
	}
}
