/* A member's cursors over the logs.  docs/design.md, "Export"; End-of-RIB: RFC 4724 §2. */
#include <criterion/criterion.h>

#include "tests/unit/session/export_rig.h"

Test(session, bytes_in_the_send_queue_hold_the_floor_until_acknowledged)
{
	static struct rig r;
	rig_init(&r, 0);
	rig_join(&r);
	uint64_t before = export_floor(&r.ex, FAMILY_IPV4, 0);
	r.queue.room = HELD_MAX;
	rig_pump(&r);
	for (unsigned i = 1; i <= 2; i++) {
		rig_announce(&r, i, i);
		rig_turn(&r, 1);
		rig_pump(&r);
	}
	uint64_t floor = export_floor(&r.ex, FAMILY_IPV4, 0);
	uint64_t end = runlog_end(shard_log(r.shard, FAMILY_IPV4, 0));
	cr_assert_eq(r.queue.borrowed_count, 2);
	cr_expect_geq(floor, before);
	cr_expect_leq(floor, end - 2);
	/* The first of the two alone. */
	r.queue.acked = r.queue.borrowed[1].offset;
	rig_pump(&r);
	cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0), end - 1);
	r.queue.acked = r.queue.borrowed[1].offset + r.queue.borrowed[1].len;
	rig_pump(&r);
	cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0), end);
	r.queue.borrowed_count = 0;
	rig_fini(&r);
}

/* Of ten runs the member has announced one itself. */
Test(session, runs_that_stand_in_a_row_are_one_reference)
{
	static struct rig r;
	rig_init(&r, 0);
	rig_join(&r);
	r.queue.room = HELD_MAX;
	rig_pump(&r);
	for (unsigned i = 0; i < 10; i++) {
		struct op op = {.kind = OP_ANNOUNCE, .peer = i == 4 ? 0 : 1};
		op.prefix = make_prefix(FAMILY_IPV4, i);
		op.attr = make_attr(r.intern, op.peer, i, FAMILY_IPV4);
		rig_apply(&r, op);
		rig_turn(&r, 1);
	}
	struct export_stats before = r.ex.stats;
	rig_pump(&r);
	cr_expect_eq(r.queue.borrowed_count, 1);
	cr_expect_eq(r.ex.stats.prefixes_sent, before.prefixes_sent + 9);
	cr_expect_eq(r.ex.stats.updates_sent, before.updates_sent + 9);
	rig_acknowledge(&r);
	rig_pump(&r);
	cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0),
		     runlog_end(shard_log(r.shard, FAMILY_IPV4, 0)));
	rig_fini(&r);
}

/* Never fewer prefixes in an UPDATE than came in one, and more in a burst: whatever the order in
 * which they came, all of a set leave together. */
Test(session, a_burst_is_packed_better_than_it_came)
{
	static struct rig r;
	rig_init(&r, 0);
	rig_join(&r);
	r.queue.room = HELD_MAX;
	rig_pump(&r);
	const struct export_stats first = r.ex.stats;
	rig_announce(&r, 1000, 0);
	rig_turn(&r, 1);
	rig_pump(&r);
	cr_expect_eq(r.ex.stats.prefixes_sent, first.prefixes_sent + 1,
		     "the first one waits for none");
	const struct export_stats before = r.ex.stats;
	for (unsigned i = 0; i < 300; i++) { /* One prefix an UPDATE, ten sets in turn. */
		rig_announce(&r, i, i % 10);
	}
	rig_turn(&r, 1);
	rig_pump(&r);
	cr_expect_eq(r.ex.stats.prefixes_sent, before.prefixes_sent + 300);
	cr_expect_eq(r.ex.stats.updates_sent, before.updates_sent + 10);
	rig_acknowledge(&r);
	rig_fini(&r);
}

/* A rig whose next question for room is one in which the first prefix changes. */
static struct rig *overtaken;

static uint64_t room_after_a_change(const void *queue)
{
	struct rig *r = overtaken;
	overtaken = NULL;
	if (r != NULL) {
		rig_announce(r, 0, 9);
		rig_turn(r, 1);
	}
	return ((const struct queue *)queue)->room;
}

/* Runs alone, and so many that they are a row.  A member that waits for room hears nothing before
 * its neighbour acknowledges something, and here nothing is under way. */
Test(session, a_run_that_is_superseded_while_it_is_read_is_not_a_lack_of_room)
{
	for (unsigned count = 1; count <= 33; count += 32) {
		static struct rig r;
		rig_init(&r, 0);
		rig_join(&r);
		r.queue.room = HELD_MAX;
		rig_pump(&r);
		rig_acknowledge(&r);
		for (unsigned i = 0; i < count; i++) {
			rig_announce(&r, i, i % 8);
			rig_turn(&r, 1);
		}
		r.sink.room = room_after_a_change;
		overtaken = &r;
		cr_expect_not(rig_pump(&r));
		cr_expect_not(rig_pump(&r));
		rig_decode(&r);
		cr_expect_eq(r.held[0], ATTR_ID(1, 9));
		cr_expect(count == 1 || r.held[count - 1] == ATTR_ID(1, (count - 1) % 8));
		rig_acknowledge(&r);
		rig_fini(&r);
	}
}

/* What there is no room for goes with the next one; a run is never cut. */
Test(session, a_reference_takes_the_whole_runs_that_there_is_room_for)
{
	static struct rig r;
	rig_init(&r, 0);
	rig_join(&r);
	r.queue.room = HELD_MAX;
	rig_pump(&r);
	for (unsigned i = 0; i < 5; i++) {
		rig_announce(&r, i, i);
		rig_turn(&r, 1);
	}
	struct runlog *log = shard_log(r.shard, FAMILY_IPV4, 0);
	uint64_t end = runlog_end(log);
	r.queue.room = runlog_at(log, end - 5)->bytes_len + runlog_at(log, end - 4)->bytes_len + 1;
	cr_expect(rig_pump(&r));
	cr_expect_eq(r.queue.room, 1);
	cr_expect_eq(r.ex.cursor[0].position, end - 3);
	r.queue.room = HELD_MAX;
	cr_expect_not(rig_pump(&r));
	cr_expect_eq(r.queue.borrowed_count, 2);
	rig_acknowledge(&r);
	rig_fini(&r);
}

Test(session, leaving_copies_what_the_send_queue_borrows)
{
	static struct rig r;
	for (unsigned round = 0; round < 2; round++) {
		rig_init(&r, 0);
		r.queue.room = HELD_MAX;
		r.queue.is_out_of_memory = round == 1;
		rig_join(&r);
		rig_announce(&r, 1, 1);
		rig_turn(&r, 1);
		rig_pump(&r);
		cr_assert_eq(r.queue.borrowed_count, 1);
		cr_expect_eq(export_close(&r.ex, &r.sink), round == 0);
		cr_expect_eq(r.queue.privatized, 1);
		cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0), UINT64_MAX);
		r.queue.borrowed_count = 0; /* When memory is short the transport goes. */
		rig_fini(&r);
	}
}

Test(session, a_laggard_asked_to_leave_frees_the_log_first_by_copying)
{
	/* Its read position is new enough, only its send queue is not acknowledged. */
	static struct rig r;
	rig_init(&r, 5000); /* Less than one run for each prefix: none is dirty. */
	r.queue.room = HELD_MAX;
	rig_join(&r);
	rig_overfill(&r);
	rig_pump(&r);
	uint64_t read = runlog_end(shard_log(r.shard, FAMILY_IPV4, 0));
	rig_lose_patience(&r);
	cr_assert_gt(r.queue.borrowed_count, 0);
	cr_assert(export_settle(&r.ex, &r.sink));
	cr_expect_eq(r.queue.privatized, 1);
	cr_expect_eq(r.ex.stats.evictions, 0);
	cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0), read);
	rig_fini(&r);
}

Test(session, a_laggard_evicted_past_its_mark_hears_everything_and_then_end_of_rib)
{
	static struct rig r;
	rig_init(&r, 20000);
	for (unsigned i = 0; i < NUMBERS; i++) {
		rig_announce(&r, i, 3);
	}
	rig_turn(&r, 1);
	rig_join(&r);
	rig_turn(&r, 1); /* The scan and its mark are in the log; the queue has no room. */
	rig_pump(&r);
	cr_assert_not(export_is_complete(&r.ex, FAMILY_IPV4));
	rig_overfill(&r);
	rig_lose_patience(&r);
	cr_assert(export_settle(&r.ex, &r.sink));
	cr_expect_eq(r.ex.stats.evictions, 1);
	cr_expect_eq(r.ex.stats.pending, NUMBERS);
	for (unsigned i = 0; i < 4; i++) {
		rig_turn(&r, 1); /* The floor rises, runs go, the flush that waited goes on. */
	}
	rig_pump(&r);
	cr_expect_not(r.ex.is_eor_sent[FAMILY_IPV4], "pending");
	r.queue.room = HELD_MAX;
	while (rig_pump(&r)) {
	}
	rig_decode(&r);
	cr_expect(r.ex.is_eor_sent[FAMILY_IPV4]);
	cr_expect_eq(r.ex.stats.pending, 0);
	cr_expect_eq(r.held[0], ATTR_ID(1, 2));
	for (unsigned i = 0; i < NUMBERS; i++) {
		cr_expect_neq(r.held[i], 0, "prefix %u", i);
	}
	r.queue.borrowed_count = 0;
	rig_fini(&r);
}

Test(session, a_dirty_run_says_only_what_still_holds)
{
	/* runlog.h, guarantee (c). */
	static struct rig r;
	rig_init(&r, 0);
	rig_join(&r);
	for (unsigned i = 0; i < 4; i++) {
		rig_announce(&r, i, 1);
	}
	rig_turn(&r, 1);
	rig_announce(&r, 2, 2);
	rig_apply(
		&r,
		(struct op){.kind = OP_WITHDRAW, .peer = 1, .prefix = make_prefix(FAMILY_IPV4, 3)});
	rig_turn(&r, 1);
	r.queue.room = HELD_MAX;
	rig_pump(&r);
	rig_decode(&r);
	cr_expect_eq(r.held[0], ATTR_ID(1, 1));
	cr_expect_eq(r.held[1], ATTR_ID(1, 1));
	cr_expect_eq(r.held[2], ATTR_ID(1, 2));
	cr_expect_eq(r.held[3], 0);
	cr_expect_eq(r.ex.stats.prefixes_sent, 3, "0 and 1 once, 2 once");
	cr_expect_eq(r.ex.stats.withdraws_sent, 1);
	r.queue.borrowed_count = 0;
	rig_fini(&r);
}

Test(session, several_paths_end_as_the_view_says_whatever_the_reader_missed)
{
	/* RFC 7911; with evictions, in which only the unread runs know what to withdraw. */
	static struct rig r;
	uint64_t evictions = 0;
	for (unsigned seed = 1; seed <= 25; seed++) {
		struct prng p;
		prng_init(&p, seed);
		rig_init(&r, 4000);
		r.class_idx = WIRE_CLASS_PATHS;
		rig_join(&r);
		for (unsigned step = 0; step < 1500 && r.queue.end < HELD_MAX / 2; step++) {
			rig_random_path(&r, &p);
			if (prng_chance(&p, 1, 3)) {
				rig_turn(&r, prng_chance(&p, 1, 6) ? LAG_US : 1);
				cr_assert(export_settle(&r.ex, &r.sink));
			}
			r.queue.room = prng_chance(&p, 1, 40) ? prng_below(&p, 2000) : 0;
			rig_pump(&r);
			if (prng_chance(&p, 1, 60)) {
				rig_acknowledge(&r);
			}
		}
		cr_assert_eq(rig_wrong_in_the_end(&r), 0, "seed %u", seed);
		evictions += r.ex.stats.evictions;
		rig_fini(&r);
	}
	cr_expect_gt(evictions, 25);
}

Test(session, each_of_many_paths_that_an_evicted_reader_missed_is_withdrawn)
{
	static struct rig r;
	rig_init(&r, 60000);
	r.class_idx = WIRE_CLASS_PATHS;
	rig_join(&r);
	r.queue.room = HELD_MAX;
	for (unsigned gone = 0; gone < 2; gone++) {
		for (unsigned i = 0; i < 900; i++) {
			struct op op = {.kind = gone ? OP_WITHDRAW : OP_ANNOUNCE, .peer = 1};
			op.prefix = make_prefix(FAMILY_IPV4, 1000 + i / 3);
			op.has_path_id = true;
			op.path_id = i % 3;
			op.attr = gone ? NULL : make_attr(r.intern, 1, i % 3, FAMILY_IPV4);
			rig_apply(&r, op);
		}
		rig_turn(&r, 1);
		rig_pump(&r);
		rig_acknowledge(&r);
		rig_pump(&r);
		r.queue.room = 0;
	}
	cr_expect_eq(r.ex.stats.prefixes_sent, 900);
	rig_overfill(&r);
	rig_lose_patience(&r);
	cr_assert(export_settle(&r.ex, &r.sink));
	cr_expect_eq(r.ex.stats.evictions, 1);
	r.queue.room = 3000; /* Not enough for all at once. */
	cr_expect(rig_pump(&r));
	r.queue.room = HELD_MAX;
	rig_pump(&r);
	cr_expect_eq(r.ex.stats.withdraws_sent, 900);
	rig_acknowledge(&r);
	rig_fini(&r);
}
