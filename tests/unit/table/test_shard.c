/* A shard, fact by fact. */
#include "tests/unit/table/rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/table/batch.h"

Test(table, the_best_goes_to_all_but_its_announcer_who_gets_the_second)
{
	struct rig r;
	rig_init(&r, 0);
	for (peer_id_t i = 0; i < 4; i++) {
		rig_join(&r, i);
	}
	rig_turn(&r); /* The table is empty: the scan ends at once, with one mark for all. */
	runlog_set_floor(r.log, 0, 0);
	cr_assert_eq(rig_stats(&r).end, 1);
	rig_announce(&r, 0, 1, 5, 0);
	rig_turn(&r);
	cr_assert_eq(rig_stats(&r).end, 2);
	const struct run *run = runlog_at(r.log, 1);
	cr_expect_eq(run->kind, RUN_ANNOUNCE);
	cr_expect_eq(run->audience->count, 3);
	cr_expect_not(audience_has(run->audience, 0));
	rig_announce(&r, 1, 1, 5, 3); /* Longer: second. */
	rig_turn(&r);
	cr_assert_eq(rig_stats(&r).end, 3);
	run = runlog_at(r.log, 2);
	cr_expect_eq(attr_id(run->attr), ATTR_ID(1, 3));
	cr_expect(run->audience->count == 1 && audience_has(run->audience, 0));
	cr_expect_not(run_is_dirty(runlog_at(r.log, 1)), "who hears it still has the best");
	rig_withdraw(&r, 0, 5);
	rig_turn(&r);
	/* Everyone but 0 and 1 hears of the second; 1 hears a withdrawal; 0 has it already. */
	cr_assert_eq(rig_stats(&r).end, 5);
	run = runlog_at(r.log, 3);
	cr_expect_eq(attr_id(run->attr), ATTR_ID(1, 3));
	cr_expect(run->audience->count == 2 && !audience_has(run->audience, 0));
	run = runlog_at(r.log, 4);
	cr_expect_eq(run->kind, RUN_WITHDRAW);
	cr_expect(run->audience->count == 1 && audience_has(run->audience, 1));
	cr_expect(run_is_dirty(runlog_at(r.log, 1)), "names the same entry, and 2 hears both");
	cr_expect_not(run_is_dirty(runlog_at(r.log, 2)), "what 0 has");
	rig_fini(&r);
}

/* What stands in a row is taken in one piece: so the exceptions are not strewn among the rest. */
Test(table, runs_of_one_audience_stand_in_a_row_and_those_of_a_minority_last)
{
	struct rig r;
	rig_init(&r, 0);
	for (peer_id_t i = 0; i < 6; i++) {
		rig_join(&r, i);
	}
	rig_turn(&r);
	runlog_set_floor(r.log, 0, 0);
	/* Of 0 and 1 in turn, each also of another one, with a longer path. */
	for (unsigned n = 0; n < 12; n++) {
		static const unsigned variant[] = {0, 1, 2, 6, 7, 8};
		peer_id_t best = (peer_id_t)(n % 2);
		rig_announce(&r, best, 1, n, variant[n / 2]);
		rig_announce(&r, (peer_id_t)(best + 2), 1, n, variant[n / 2] + 3);
	}
	rig_turn(&r);
	cr_assert_eq(rig_stats(&r).end, 1 + 24);
	for (unsigned n = 0; n < 24; n++) {
		const struct run *run = runlog_at(r.log, 1 + n);
		peer_id_t best = (peer_id_t)(n / 6 % 2);
		cr_expect_eq(run->audience->count, n < 12 ? 5 : 1);
		cr_expect_eq(audience_has(run->audience, best), n >= 12);
	}
	rig_fini(&r);
}

/* What is told of one prefix is repeated for the next that was and is the same, no other. */
Test(table, prefixes_with_the_same_paths_share_their_runs)
{
	struct rig r;
	rig_init(&r, 0);
	for (peer_id_t i = 0; i < 6; i++) {
		rig_join(&r, i);
	}
	rig_turn(&r);
	for (unsigned version = 0; version < 2; version++) { /* New arrays, then others. */
		uint64_t from = rig_stats(&r).end;
		runlog_set_floor(r.log, 0, from);
		for (unsigned n = 0; n < 6; n++) {
			rig_announce(&r, 0, 1, n, version);
			rig_announce(&r, 1, 1, n, n < 4 ? 3 + version : 9 + version);
		}
		rig_turn(&r);
		cr_assert_eq(rig_stats(&r).end, from + 3);
		const struct run *best = runlog_at(r.log, from), *run = runlog_at(r.log, from + 1);
		cr_expect_eq(best->count, 6);
		cr_expect_eq(attr_id(best->attr), ATTR_ID(0, version));
		cr_expect_eq(run->count, 4);
		cr_expect_eq(attr_id(run->attr), ATTR_ID(1, 3 + version));
		run = runlog_at(r.log, from + 2);
		cr_expect_eq(run->count, 2);
		cr_expect_eq(attr_id(run->attr), ATTR_ID(1, 9 + version));
	}
	rig_fini(&r);
}

Test(table, there_and_back_within_a_batch_is_nothing)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_join(&r, 1);
	runlog_set_floor(r.log, 0, 0);
	rig_announce(&r, 0, 1, 5, 0);
	rig_turn(&r);
	uint64_t end = rig_stats(&r).end;
	rig_announce(&r, 0, 1, 5, 3);
	rig_announce(&r, 0, 1, 5, 0);
	rig_announce(&r, 0, 1, 6, 1);
	rig_withdraw(&r, 0, 6);
	rig_turn(&r);
	cr_expect_eq(rig_stats(&r).end, end);
	cr_expect_eq(rig_stats(&r).runs_dirty, 0);
	/* The same again: its reference comes back, nothing is dirty. */
	rig_announce(&r, 0, 1, 5, 0);
	int64_t before = r.returned;
	rig_pull(&r);
	cr_expect_eq(r.returned, before + 1);
	cr_expect_neq(shard_due(r.shard), 0);
	rig_fini(&r);
}

Test(table, a_dead_incarnation_changes_nothing_and_its_reference_returns)
{
	struct rig r;
	rig_init(&r, 0);
	rig_op(&r, OP_UP, 3, 2);
	rig_announce(&r, 3, 1, 5, 0);
	rig_announce(&r, 4, 1, 5, 0); /* Never up. */
	rig_op(&r, OP_JOIN, 3, 1);
	rig_op(&r, OP_DOWN, 3, 1);
	rig_pull(&r);
	cr_expect_eq(r.returned, 2);
	cr_expect_eq(intern_count(r.intern), 0);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->paths, 0);
	rig_announce(&r, 3, 2, 5, 0);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->paths, 1, "the live one is not down");
	rig_fini(&r);
}

Test(table, a_new_session_keeps_what_it_announced_before_the_sweep_came)
{
	struct rig r;
	rig_init(&r, 0);
	rig_op(&r, OP_UP, 3, 1);
	rig_op(&r, OP_UP, 4, 1);
	for (unsigned n = 0; n < 9000; n++) {
		rig_announce(&r, n % 2 ? 3 : 4, 1, n, 0);
	}
	rig_turn(&r);
	rig_op(&r, OP_DOWN, 3, 1);
	rig_op(&r, OP_UP, 3, 2);
	rig_announce(&r, 3, 2, 8999, 0);
	rig_announce(&r, 3, 2, 1, 7);
	cr_expect_eq(shard_due(r.shard), 0);
	rig_turn(&r);
	rig_op(&r, OP_DOWN, 4, 1); /* Dies while the sweep runs: behind it, too, all goes. */
	while (shard_due(r.shard) == 0) {
		rig_turn(&r);
	}
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->paths, 2);
	cr_expect_eq(shard_peer_stats(r.shard, FAMILY_IPV4, 3)->received, 2);
	cr_expect_eq(shard_peer_stats(r.shard, FAMILY_IPV4, 4)->received, 0);
	rig_fini(&r);
}

Test(table, a_flush_gathers_only_while_the_inbox_is_busy_and_not_for_long)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_join(&r, 1);
	rig_turn(&r);
	runlog_set_floor(r.log, 0, 0);
	uint64_t end = rig_stats(&r).end;
	rig_announce(&r, 0, 1, 5, 0);
	cr_expect_eq(shard_due(r.shard), 0);
	shard_turn(r.shard, 5000, true);
	cr_expect_eq(rig_stats(&r).end, end);
	cr_expect_eq(shard_due(r.shard), 7000);
	shard_turn(r.shard, 6999, true);
	cr_expect_eq(rig_stats(&r).end, end);
	shard_turn(r.shard, 7000, true);
	cr_expect_eq(rig_stats(&r).end, end + 1);
	r.now = 7000;
	rig_fini(&r);
}

Test(table, a_flush_gathers_no_more_than_a_batch)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_turn(&r);
	rig_announce(&r, 0, 1, 0, 0);
	shard_turn(r.shard, 5000, true);
	for (unsigned i = 1; i < BATCH_IDS_MAX - 1; i++) {
		rig_announce(&r, 0, 1, i, 0);
	}
	cr_expect_eq(shard_due(r.shard), 7000);
	rig_announce(&r, 0, 1, BATCH_IDS_MAX - 1, 0);
	cr_expect_eq(shard_due(r.shard), 0);
	uint64_t flushes = shard_stats(r.shard, FAMILY_IPV4)->flushes;
	shard_turn(r.shard, 5001, true);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->flushes, flushes + 1);
	r.now = 5001;
	rig_fini(&r);
}

Test(table, a_join_protects_its_position_until_it_is_acknowledged)
{
	struct rig r;
	rig_init(&r, 0);
	rig_op(&r, OP_UP, 0, 1);
	rig_op(&r, OP_UP, 1, 1);
	rig_op(&r, OP_JOIN, 1, 1);
	struct op joined;
	cr_assert(shard_pull(r.shard, 0, &joined));
	cr_expect(joined.kind == OP_JOINED && joined.peer == 1 && joined.incarnation == 1);
	cr_expect_eq(joined.position, 0);
	rig_announce(&r, 0, 1, 5, 0);
	rig_turn(&r);
	cr_expect_eq(rig_stats(&r).begin, 0);
	cr_expect_gt(rig_stats(&r).end, 0);
	rig_op(&r, OP_JOIN_ACK, 1, 1); /* Nobody reads: all may go. */
	rig_turn(&r);
	cr_expect_eq(rig_stats(&r).begin, rig_stats(&r).end);
	rig_fini(&r);
}

Test(table, a_slot_waits_for_runs_and_pending_sets)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_join(&r, 1);
	runlog_set_floor(r.log, 0, 0);
	rig_announce(&r, 0, 1, 5, 0);
	rig_turn(&r);
	rig_withdraw(&r, 0, 5);
	rig_turn(&r);
	const struct shard_stats *st = shard_stats(r.shard, FAMILY_IPV4);
	cr_expect_eq(st->entries, 0);
	cr_expect_eq(st->tombstones, 1);
	shard_pending_add(r.shard, FAMILY_IPV4, 0, 1);
	runlog_set_floor(r.log, 0, UINT64_MAX);
	rig_turn(&r);
	epoch_barrier();
	rig_turn(&r);
	cr_expect_eq(rig_stats(&r).begin, rig_stats(&r).end);
	cr_expect_eq(st->tombstones, 1, "a pending set may hold the id");
	shard_pending_add(r.shard, FAMILY_IPV4, 0, -1);
	cr_expect_eq(shard_due(r.shard), 0);
	rig_turn(&r);
	cr_expect_eq(st->tombstones, 1, "a reader may look at the entry");
	epoch_barrier();
	rig_turn(&r);
	cr_expect_eq(st->tombstones, 0);
	/* The same id serves another prefix. */
	rig_announce(&r, 0, 1, 9, 0);
	rig_turn(&r);
	cr_expect_eq(shard_slab(r.shard, FAMILY_IPV4)->count, 1);
	rig_fini(&r);
}

/* `members` announce a prefix and withdraw it while we hold what we saw. */
static void outlive(unsigned members, uint64_t array_bytes)
{
	struct rig r;
	rig_init(&r, 0);
	for (peer_id_t i = 0; i < members; i++) {
		rig_op(&r, OP_UP, i, 1);
		rig_announce(&r, i, 1, 5, 0);
	}
	shard_turn(r.shard, r.now += 100, false);
	const struct slab *slab = shard_slab(r.shard, FAMILY_IPV4);
	struct paths_one one;
	const struct paths *seen = entry_paths(slab_at(slab, 0), &one);
	for (peer_id_t i = 0; i < members; i++) {
		rig_withdraw(&r, i, 5);
	}
	for (unsigned i = 0; i < 3; i++) {
		shard_turn(r.shard, r.now += 100, false);
		rig_pull(&r);
	}
	cr_expect_eq(r.returned, 0, "we are not quiescent");
	cr_expect_eq(seen->count, members);
	for (unsigned i = 0; i < members; i++) {
		cr_expect_eq(attr_id(seen->path[i].attr), ATTR_ID(seen->path[i].peer, 0));
	}
	const struct shard_stats *stats = shard_stats(r.shard, FAMILY_IPV4);
	cr_expect_eq(stats->path_bytes, array_bytes, "the array is still there");
	epoch_barrier();
	rig_turn(&r);
	cr_expect_eq(r.returned, members);
	cr_expect_eq(stats->path_bytes, 0);
	rig_fini(&r);
}

Test(table, a_reference_returns_only_after_the_grace_period_of_its_array)
{
	outlive(2, 48);
}

Test(table, a_reference_returns_only_after_the_grace_period_of_its_word)
{
	outlive(1, 0);
}

Test(table, a_path_that_returns_in_time_keeps_its_slot)
{
	struct rig r;
	rig_init(&r, 0);
	rig_op(&r, OP_UP, 0, 1);
	for (unsigned round = 0; round < 3; round++) {
		rig_announce(&r, 0, 1, 5, round);
		rig_turn(&r);
		rig_withdraw(&r, 0, 5);
		rig_turn(&r); /* Retired. */
		rig_announce(&r, 0, 1, 5, round);
		rig_turn(&r);
		rig_withdraw(&r, 0, 5);
		if (round == 1) {
			epoch_barrier(); /* Over, but only for the death before. */
		}
		rig_turn(&r);
		cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->tombstones, 1);
	}
	cr_expect_eq(shard_slab(r.shard, FAMILY_IPV4)->count, 1);
	rig_fini(&r);
}

Test(table, a_full_log_holds_the_flush_then_asks_the_laggard_to_leave)
{
	struct rig r;
	rig_init(&r, 20000);
	rig_join(&r, 0);
	rig_join(&r, 1);
	rig_turn(&r);
	runlog_set_floor(r.log, 0, 0);
	unsigned n = 0;
	for (; rig_stats(&r).bytes <= 20000; n++) {
		rig_announce(&r, 0, 1, n, n % 20);
		rig_turn(&r);
	}
	uint64_t end = rig_stats(&r).end;
	rig_announce(&r, 0, 1, n, 0);
	rig_turn(&r);
	cr_expect_eq(rig_stats(&r).end, end, "held");
	usec_t due = shard_due(r.shard);
	cr_expect(due > r.now && due <= r.now + LAG_US);
	cr_expect_not(shard_is_congested(r.shard));
	cr_expect_eq(runlog_evict_below(r.log), 0);
	r.now += LAG_US;
	rig_turn(&r);
	uint64_t below = runlog_evict_below(r.log);
	cr_expect_gt(below, 0);
	runlog_set_floor(r.log, 0, below);
	rig_turn(&r);
	rig_turn(&r);
	cr_expect_eq(runlog_evict_below(r.log), 0);
	cr_expect_eq(rig_stats(&r).end, end + 1, "the flush goes on");
	rig_fini(&r);
}

Test(table, a_shard_with_a_full_log_and_many_changes_is_congested)
{
	struct rig r;
	rig_init(&r, 1000);
	rig_join(&r, 0);
	rig_join(&r, 1);
	runlog_set_floor(r.log, 0, 0);
	for (unsigned n = 0; n < 100; n++) {
		rig_announce(&r, 0, 1, n, n % 20);
	}
	rig_turn(&r);
	rig_op(&r, OP_UP, 2, 1);
	rig_op(&r, OP_JOIN, 2, 1);
	for (unsigned n = 100; n < 65600; n++) {
		rig_announce(&r, 0, 1, n, 0);
	}
	shard_turn(r.shard, r.now += 100, false);
	cr_expect_not(shard_is_congested(r.shard));
	for (unsigned n = 0; n < 100; n++) {
		rig_announce(&r, 0, 1, n, 20);
	}
	cr_expect_not(shard_is_congested(r.shard), "the JOIN_ACK is in the inbox");
	rig_op(&r, OP_JOIN_ACK, 2, 1);
	cr_expect(shard_is_congested(r.shard));
	rig_op(&r, OP_UP, 3, 1);
	rig_op(&r, OP_JOIN, 3, 1);
	cr_expect(shard_is_congested(r.shard), "a JOIN that waits guards nothing yet");
	rig_fini(&r);
}

/* Everything in the log, as one hash-like text: kinds, audiences and bytes. */
static uint64_t digest(const struct rig *r)
{
	uint64_t h = 14695981039346656037u;
	for (uint64_t p = rig_stats(r).begin; p < rig_stats(r).end; p++) {
		const struct run *run = runlog_at(r->log, p);
		h = (h ^ run->kind ^ run->audience->hash) * 1099511628211u;
		for (uint32_t i = 0; i < run->bytes_len; i++) {
			h = (h ^ run->bytes[i]) * 1099511628211u;
		}
	}
	return h;
}

static uint64_t scripted(void)
{
	struct rig r;
	rig_init(&r, 0);
	for (peer_id_t i = 0; i < 50; i++) {
		rig_join(&r, i);
	}
	runlog_set_floor(r.log, 0, 0);
	for (unsigned n = 0; n < 20000; n++) {
		rig_announce(&r, (peer_id_t)(n * 7 % 50), 1, n * 31 % 500, n % 20);
		if (n % 700 == 0) {
			shard_turn(r.shard, r.now += 100, false);
			rig_pull(&r);
		}
	}
	rig_turn(&r);
	uint64_t h = digest(&r);
	rig_fini(&r);
	return h;
}

Test(table, the_same_ops_make_the_same_runs_with_the_same_bytes)
{
	void *shift = malloc(12345);
	uint64_t first = scripted();
	free(shift);
	cr_expect_eq(scripted(), first);
}

#define SCAN_PREFIXES 20000

static void fill(struct rig *r, size_t log_bytes_max)
{
	rig_init(r, log_bytes_max);
	rig_op(r, OP_UP, 199, 1);
	for (unsigned n = 0; n < SCAN_PREFIXES; n++) {
		rig_announce(r, 199, 1, n, n / 500 % 20);
	}
	rig_turn(r);
}

static unsigned marked(const struct rig *r)
{
	unsigned marks = 0;
	for (uint64_t p = rig_stats(r).begin; p < rig_stats(r).end; p++) {
		const struct run *run = runlog_at(r->log, p);
		marks += run->kind == RUN_MARK ? run->audience->count : 0;
	}
	return marks;
}

Test(table, a_hundred_that_join_at_once_cost_one_scan)
{
	struct rig r;
	fill(&r, 0);
	for (peer_id_t i = 0; i < 100; i++) {
		rig_join(&r, i);
	}
	runlog_set_floor(r.log, 0, 0);
	while (shard_due(r.shard) == 0) {
		rig_turn(&r);
	}
	cr_expect_eq(rig_stats(&r).encoded, SCAN_PREFIXES);
	cr_expect_eq(marked(&r), 100);
	rig_fini(&r);
}

Test(table, a_hundred_that_join_one_after_another_share_two_scans)
{
	struct rig r;
	fill(&r, 0);
	runlog_set_floor(r.log, 0, 0);
	for (peer_id_t i = 0; i < 100; i++) {
		rig_join(&r, i);
		if (i % 12 == 0) {
			rig_turn(&r);
		}
	}
	rig_op(&r, OP_DOWN, 7, 1);   /* One leaves on the way, */
	rig_op(&r, OP_RESCAN, 8, 1); /* and one starts again. */
	while (shard_due(r.shard) == 0) {
		rig_turn(&r);
	}
	cr_expect_leq(rig_stats(&r).encoded, 2 * SCAN_PREFIXES);
	cr_expect_eq(marked(&r), 99);
	rig_fini(&r);
}

Test(table, the_scan_waits_when_the_log_is_half_full)
{
	struct rig r;
	fill(&r, 100000);
	rig_join(&r, 0);
	runlog_set_floor(r.log, 0, 0);
	while (shard_due(r.shard) == 0) {
		rig_turn(&r);
	}
	uint64_t bytes = rig_stats(&r).bytes;
	cr_expect(bytes > 50000 && bytes < 100000);
	cr_expect_eq(marked(&r), 0);
	uint64_t read = 0, marks = 0;
	for (unsigned i = 0; i < 1000 && marks == 0; i++) {
		for (uint64_t end = runlog_end(r.log); read < end; read++) {
			marks += runlog_at(r.log, read)->kind == RUN_MARK;
		}
		runlog_set_floor(r.log, 0, read);
		rig_turn(&r);
	}
	cr_expect_eq(marks, 1);
	rig_fini(&r);
}
