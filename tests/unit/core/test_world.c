/* The whole server over the in-memory NIC: sessions come, go and come back; routes follow.
 * RFC 4271 §8 (hold timer), RFC 9003 (shutdown), RFC 7947 §2.2 (transparency), RFC 2918. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/world.h"

static struct world *world_of(unsigned workers, unsigned members, uint64_t seed)
{
	struct world *w = malloc(sizeof(*w));
	struct world_opts opts = {
		.seed = seed, .workers = workers, .members = members, .universe = 32};
	world_init(w, &opts);
	return w;
}

static void world_end(struct world *w)
{
	world_fini(w);
	free(w);
}

static struct naive_attrs attrs_of(const struct world *w, unsigned member, unsigned family)
{
	struct naive_attrs a = {.origin = 0,
				.path_len = 2,
				.path = {1000 + member, 400000},
				.has_med = true,
				.med = 7,
				.announcer = w->speaker[member].conf.asn & 0xffff,
				.serial = member,
				.has_unknown = true};
	uint8_t v4[4] = {198, 18, 9, (uint8_t)(member + 1)};
	uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, 9, 0, 0, 0,
			  0,	0, 0,	 0,    0, 0, 0, (uint8_t)(member + 1)};
	memcpy(a.next_hop, family == 0 ? v4 : v6, family == 0 ? 4 : 16);
	return a;
}

static void announce(struct world *w, unsigned member, unsigned prefix)
{
	uint8_t m[512];
	struct naive_attrs a = attrs_of(w, member, w->universe[prefix].family);
	size_t len = naive_announce(m, &a, &w->universe[prefix], 1, true);
	cr_assert(speaker_send(&w->speaker[member], m, len));
}

static void withdraw(struct world *w, unsigned member, unsigned prefix)
{
	uint8_t m[512];
	size_t len = naive_withdraw(m, &w->universe[prefix], 1);
	cr_assert(speaker_send(&w->speaker[member], m, len));
}

static unsigned held_count(const struct world *w, unsigned prefix)
{
	unsigned count = 0;
	for (unsigned i = 0; i < w->opts.members; i++) {
		count += w->speaker[i].held[prefix].is_held;
	}
	return count;
}

static void one_route(unsigned workers)
{
	struct world *w = world_of(workers, 4, 1 + workers);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	for (unsigned p = 0; p < 2; p++) {
		announce(w, 1, p);
	}
	world_run(w, USEC_PER_SEC);
	for (unsigned p = 0; p < 2; p++) {
		cr_assert_eq(held_count(w, p), 3, "all but the announcer");
		cr_assert_not(w->speaker[1].held[p].is_held);
		struct naive_attrs a = attrs_of(w, 1, p);
		uint8_t expected[256];
		size_t len = naive_expected(expected, &a, true);
		const struct held_route *h = &w->speaker[0].held[p];
		cr_assert_eq(h->attrs_len, len);
		cr_assert_arr_eq(h->attrs, expected, len);
		cr_assert_arr_eq(h->next_hop, a.next_hop, p == 0 ? 4 : 16);
	}
	world_end(w);
}

Test(world, a_route_reaches_everyone_but_its_announcer_untouched_1_worker)
{
	one_route(1);
}

Test(world, a_route_reaches_everyone_but_its_announcer_untouched_3_workers)
{
	one_route(3);
}

Test(world, a_reset_withdraws_at_once_and_the_return_brings_back)
{
	struct world *w = world_of(3, 5, 7);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	announce(w, 2, 0);
	world_run(w, USEC_PER_SEC);
	cr_assert_eq(held_count(w, 0), 4);
	speaker_end(&w->speaker[2], END_RESET, w->now);
	w->speaker[2].wants_up = false;
	world_run(w, 100 * USEC_PER_MSEC);
	cr_assert_eq(held_count(w, 0), 0);
	w->speaker[2].wants_up = true;
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	announce(w, 2, 0);
	world_run(w, USEC_PER_SEC);
	cr_assert_eq(held_count(w, 0), 4);
	world_end(w);
}

Test(world, a_cut_cable_withdraws_by_hold_timer)
{
	struct world *w = world_of(1, 3, 9);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	announce(w, 0, 0);
	world_run(w, USEC_PER_SEC);
	cr_assert_eq(held_count(w, 0), 2);
	w->is_cut[0] = true;
	world_run(w, 60 * USEC_PER_SEC);
	cr_assert_eq(held_count(w, 0), 2, "the hold time is 90 s");
	world_run(w, 40 * USEC_PER_SEC);
	cr_assert_eq(held_count(w, 0), 0);
	struct member_status st;
	server_member_status(w->server, 0, &st);
	cr_assert_neq(st.state, FSM_ESTABLISHED);
	cr_assert(strstr(st.last_error, "old") != NULL, "cause: %s", st.last_error);
	w->is_cut[0] = false;
	cr_assert(world_run_until(w, world_is_up, 200 * USEC_PER_SEC));
	world_end(w);
}

Test(world, shutdown_sends_cease_to_all_and_becomes_quiet)
{
	struct world *w = world_of(3, 6, 11);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	for (unsigned i = 0; i < 6; i++) {
		w->speaker[i].wants_up = false;
	}
	struct request r = {.kind = REQUEST_SHUTDOWN, .text = "maintenance"};
	cr_assert(server_request(w->server, &r));
	world_run(w, 5 * USEC_PER_SEC);
	for (unsigned i = 0; i < 6; i++) {
		cr_assert_eq(w->speaker[i].last_notification[0], 6, "member %u", i);
		cr_assert_eq(w->speaker[i].last_notification[1], 2);
	}
	cr_assert(server_is_quiet(w->server));
	world_expect_empty(w);
	world_end(w);
}

Test(world, disable_keeps_a_member_out_and_enable_lets_it_back)
{
	struct world *w = world_of(1, 3, 13);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	struct request r = {.kind = REQUEST_DISABLE, .peer = 1, .text = "no"};
	cr_assert(server_request(w->server, &r));
	world_run(w, 5 * USEC_PER_SEC);
	cr_assert_neq(w->speaker[1].state, SPEAKER_UP);
	cr_assert_eq(w->speaker[1].last_notification[0], 6);
	cr_assert_eq(w->speaker[0].downs, 0);
	r.kind = REQUEST_ENABLE;
	cr_assert(server_request(w->server, &r));
	cr_assert(world_run_until(w, world_is_up, 20 * USEC_PER_SEC));
	world_end(w);
}

Test(world, route_refresh_is_answered_with_everything)
{
	struct world *w = world_of(3, 3, 15);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	for (unsigned p = 0; p < 8; p++) {
		announce(w, 0, p);
	}
	world_run(w, USEC_PER_SEC);
	uint64_t before = w->speaker[1].announces, other = w->speaker[2].announces;
	uint8_t m[64];
	cr_assert(speaker_send(&w->speaker[1], m, naive_refresh(m, 0)));
	world_run(w, USEC_PER_SEC);
	cr_assert_eq(w->speaker[1].announces, before + 4, "the four IPv4 routes again");
	cr_assert_eq(w->speaker[2].announces, other, "nobody else hears them");
	world_end(w);
}

Test(world, garbage_ends_only_the_session_that_sent_it)
{
	struct world *w = world_of(1, 3, 17);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	const uint8_t garbage[32] = {1, 2, 3};
	cr_assert(speaker_send(&w->speaker[1], garbage, sizeof(garbage)));
	world_run(w, USEC_PER_SEC);
	cr_assert_eq(w->speaker[1].last_notification[0], 1, "message header error");
	cr_assert_eq(w->speaker[0].downs + w->speaker[2].downs, 0);
	world_end(w);
}

/* A message whose rest is still to come is nothing to do: the worker may sleep. */
Test(world, half_a_message_keeps_no_worker_busy)
{
	struct world *w = world_of(1, 2, 18);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	uint8_t m[19];
	size_t len = naive_keepalive(m);
	cr_assert(speaker_send(&w->speaker[1], m, len - 1));
	world_run(w, USEC_PER_SEC);
	usec_t due = core_step(server_core(w->server, 0), w->now);
	cr_expect_gt(due, w->now, "the next turn is wanted at once");
	cr_assert(speaker_send(&w->speaker[1], m + len - 1, 1));
	world_run(w, USEC_PER_SEC);
	cr_assert_eq(w->speaker[1].downs, 0);
	world_end(w);
}

Test(world, a_stalled_member_delays_nobody)
{
	struct world *w = world_of(1, 4, 19);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	w->speaker[3].is_stalled = true;
	for (unsigned round = 0; round < 200; round++) {
		announce(w, 0, round % 32);
		world_run(w, 5 * USEC_PER_MSEC);
	}
	world_run(w, 100 * USEC_PER_MSEC);
	for (unsigned p = 0; p < 32; p++) {
		cr_assert(w->speaker[1].held[p].is_held && w->speaker[2].held[p].is_held);
	}
	w->speaker[3].is_stalled = false;
	world_run(w, 2 * USEC_PER_SEC);
	cr_assert_eq(held_count(w, 0), 3);
	world_end(w);
}

/* RFC 9687 §5: it says that it lives, and takes nothing. */
Test(world, a_member_that_takes_nothing_for_eight_minutes_loses_its_session)
{
	struct member_status st;
	struct world *w = world_of(1, 4, 23);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	w->speaker[3].is_stalled = true;
	for (unsigned round = 0; round < 400; round++) {
		announce(w, 0, round % 32);
		world_run(w, USEC_PER_MSEC);
		withdraw(w, 0, round % 32);
		world_run(w, USEC_PER_MSEC);
	}
	announce(w, 3, 0);
	world_run(w, 470 * USEC_PER_SEC);
	server_member_status(w->server, 3, &st);
	cr_expect_eq(st.state, FSM_ESTABLISHED);
	cr_expect(st.sendq_bytes > 0 && held_count(w, 0) == 3);
	world_run(w, 15 * USEC_PER_SEC);
	server_member_status(w->server, 3, &st);
	cr_expect_str_eq(st.last_error, "send hold timer expired: peer takes nothing");
	cr_expect_eq(held_count(w, 0), 0, "its route is gone");
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_eq(w->speaker[i].downs, 0);
	}
	world_end(w);
}

Test(world, everything_is_given_back)
{
	struct world *w = world_of(3, 6, 21);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	for (unsigned i = 0; i < 6; i++) {
		for (unsigned p = 0; p < 32; p++) {
			announce(w, i, p);
		}
	}
	world_run(w, USEC_PER_SEC);
	for (unsigned i = 0; i < 6; i++) {
		w->speaker[i].wants_up = false;
		speaker_end(&w->speaker[i], END_CLOSE, w->now);
	}
	world_run(w, 15 * USEC_PER_SEC);
	world_expect_empty(w);
	world_end(w);
}

/* The sanitizers would tell of the frame that is left. */
Test(core, a_server_that_stops_gives_frames_on_their_way_between_workers_back)
{
	struct world *w = world_of(3, 6, 17);
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	uint64_t before = 0, after = 0;
	for (unsigned i = 0; i < 3; i++) {
		before += server_core_stats(w->server, (core_id_t)i)->frames_handed_over;
	}
	for (unsigned i = 0; i < 6; i++) {
		announce(w, i, i);
		speaker_step(&w->speaker[i], w->now);
	}
	w->now += USEC_PER_MSEC;
	nic_hub_set_time(w->hub, w->now, 0);
	for (unsigned i = 3; i-- > 0;) { /* Nobody reads his mail once it is there. */
		core_step(server_core(w->server, (core_id_t)i), w->now);
	}
	for (unsigned i = 0; i < 3; i++) {
		after += server_core_stats(w->server, (core_id_t)i)->frames_handed_over;
	}
	cr_expect_gt(after, before);
	world_end(w);
}
