/* When a member's number may be another's: forget.c, fact by fact. */
#include "tests/unit/table/rig.h"

#include <criterion/criterion.h>

static void begin(struct rig *r)
{
	rig_init(r, 0);
	rig_join(r, 1);
	rig_join(r, 2);
	rig_turn(r);
	runlog_set_floor(r->log, 0, rig_stats(r).end);
}

/* Enough for sweep, flush, grace periods and the rest. */
static void pass(struct rig *r)
{
	for (unsigned i = 0; i < 8; i++) {
		rig_settle(r);
		epoch_barrier();
	}
}

static void read_all(struct rig *r)
{
	runlog_set_floor(r->log, 0, rig_stats(r).end);
}

Test(forget, a_number_is_free_when_no_path_and_no_run_is_left)
{
	struct rig r;
	begin(&r);
	uint64_t before = rig_stats(&r).end;
	rig_announce(&r, 1, 1, 5, 0);
	rig_announce(&r, 2, 1, 6, 0);
	rig_settle(&r);
	rig_op(&r, OP_DOWN, 1, 1);
	rig_op(&r, OP_FORGET, 1, 1);
	pass(&r);
	cr_expect_eq(shard_peer_stats(r.shard, FAMILY_IPV4, 1)->received, 0);
	cr_expect(rig_stats(&r).end > before);
	cr_expect_eq(shard_times_forgotten(r.shard, 1), 0, "runs name it");
	cr_expect_not(shard_is_empty(r.shard));
	read_all(&r);
	pass(&r);
	cr_expect_eq(shard_times_forgotten(r.shard, 1), 1);
	cr_expect_eq(shard_times_forgotten(r.shard, 2), 0);
	rig_fini(&r);
}

Test(forget, what_would_stay_of_a_session_goes)
{
	struct rig r;
	begin(&r);
	rig_announce(&r, 1, 1, 5, 0);
	rig_settle(&r);
	rig_op(&r, OP_STALE, 1, 1);
	rig_op(&r, OP_DOWN, 1, 1);
	pass(&r);
	cr_assert_eq(shard_peer_stats(r.shard, FAMILY_IPV4, 1)->received, 1);
	rig_op(&r, OP_FORGET, 1, 1);
	pass(&r);
	read_all(&r);
	pass(&r);
	cr_expect_eq(shard_peer_stats(r.shard, FAMILY_IPV4, 1)->received, 0);
	cr_expect_eq(shard_times_forgotten(r.shard, 1), 1);
	rig_fini(&r);
}

Test(forget, a_number_has_another_member_then_and_is_forgotten_again)
{
	struct rig r;
	begin(&r);
	for (uint32_t time = 0; time < 5; time++) {
		if (time > 0) {
			rig_op(&r, OP_UP, 1, time + 1);
			rig_op(&r, OP_JOIN, 1, time + 1);
			rig_op(&r, OP_JOIN_ACK, 1, time + 1);
		}
		rig_announce(&r, 1, time + 1, 5 + time, 0);
		rig_settle(&r);
		cr_assert_eq(shard_peer_stats(r.shard, FAMILY_IPV4, 1)->accepted, 1);
		rig_op(&r, OP_DOWN, 1, time + 1);
		rig_op(&r, OP_FORGET, 1, time + 1);
		pass(&r);
		read_all(&r);
		pass(&r);
		cr_assert_eq(shard_times_forgotten(r.shard, 1), time + 1);
	}
	rig_fini(&r);
}

/* Its next member begins to count anew. */
Test(forget, what_was_refused_of_the_last_member_is_not_the_next_ones)
{
	struct rig r;
	begin(&r);
	struct shard_peer_stats *s =
		(struct shard_peer_stats *)(uintptr_t)shard_peer_stats(r.shard, FAMILY_IPV4, 1);
	metric_set(&s->refused_paths, 1);
	metric_set(&s->refused_llgr, 2);
	metric_set(&s->refused_sets, 3);
	rig_op(&r, OP_DOWN, 1, 1);
	rig_op(&r, OP_FORGET, 1, 1);
	pass(&r);
	read_all(&r);
	pass(&r);
	cr_assert_eq(shard_times_forgotten(r.shard, 1), 1);
	cr_expect(s->refused_paths == 0 && s->refused_llgr == 0 && s->refused_sets == 0);
	rig_fini(&r);
}

/* Who comes during a round waits for the next, and the first is not kept waiting. */
Test(forget, members_that_go_one_after_the_other_are_forgotten_in_rounds)
{
	struct rig r;
	begin(&r);
	rig_announce(&r, 1, 1, 5, 0);
	rig_announce(&r, 2, 1, 6, 0);
	rig_settle(&r);
	rig_op(&r, OP_DOWN, 1, 1);
	rig_op(&r, OP_FORGET, 1, 1);
	pass(&r);
	uint64_t end = rig_stats(&r).end;
	rig_op(&r, OP_DOWN, 2, 1);
	rig_op(&r, OP_FORGET, 2, 1);
	rig_join(&r, 3);
	rig_announce(&r, 3, 1, 7, 0);
	pass(&r);
	runlog_set_floor(r.log, 0, end);
	pass(&r);
	cr_expect_eq(shard_times_forgotten(r.shard, 1), 1);
	cr_expect_eq(shard_times_forgotten(r.shard, 2), 0);
	read_all(&r);
	pass(&r);
	cr_expect_eq(shard_times_forgotten(r.shard, 2), 1);
	rig_fini(&r);
}

/* Selection waits for configured members, not for numbers that nobody has. */
Test(forget, only_members_that_exist_are_waited_for)
{
	struct rig r;
	rig_init_opts(&r, &(struct shard_opts){.is_deferred = true, .deferred_count = 2});
	rig_join(&r, 0);
	rig_join(&r, 1);
	rig_announce(&r, 0, 1, 5, 0);
	rig_settle(&r);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->flushes, 0);
	rig_op(&r, OP_SETTLED, 0, 1);
	rig_op(&r, OP_SETTLED, 1, 1);
	rig_settle(&r);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->flushes, 1);
	rig_fini(&r);
}
