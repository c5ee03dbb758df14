/* A shard, fact by fact. */
#include "tests/unit/table/make.h"

#include <criterion/criterion.h>

#include "rib/table/shard.h"

#define PEERS 200

struct rig {
	struct intern *intern;
	struct shard *shard;
	struct runlog *log;
	usec_t now;
	int64_t returned; /* References that came back. */
};

static void rig_init(struct rig *r, size_t log_bytes_max)
{
	epoch_thread_begin();
	*r = (struct rig){.now = 1000};
	r->intern = intern_new(0, 1, 100000);
	r->shard = shard_new(&(struct shard_opts){.core_count = 1,
						  .peer_count = PEERS,
						  .key = 3,
						  .log_bytes_max = log_bytes_max,
						  .gather_us = 2000});
	r->log = shard_log(r->shard, FAMILY_IPV4, 0);
}

static void pull(struct rig *r)
{
	struct op op;
	while (shard_pull(r->shard, 0, &op)) {
		if (op.kind == OP_ADJUST) {
			intern_adjust(r->intern, op.attr, op.delta);
			r->returned -= op.delta;
		}
	}
}

static void turn(struct rig *r)
{
	r->now += 100;
	shard_turn(r->shard, r->now, false);
	pull(r);
	epoch_quiescent();
	shard_check(r->shard);
}

static void op(struct rig *r, enum op_kind kind, peer_id_t peer, incarnation_t incarnation)
{
	struct op o = {.kind = (uint8_t)kind,
		       .family = FAMILY_IPV4,
		       .peer = peer,
		       .incarnation = incarnation,
		       .router_id = peer};
	if (kind == OP_UP) {
		o.addr = addr_v4(0xc6120000u + peer);
	}
	shard_apply(r->shard, &o);
}

static void join(struct rig *r, peer_id_t peer)
{
	op(r, OP_UP, peer, 1);
	op(r, OP_JOIN, peer, 1);
	op(r, OP_JOIN_ACK, peer, 1);
}

static void announce(struct rig *r, peer_id_t peer, incarnation_t inc, unsigned number, unsigned v)
{
	struct op o = {.kind = OP_ANNOUNCE, .peer = peer, .incarnation = inc};
	o.prefix = make_prefix(FAMILY_IPV4, number);
	o.attr = make_attr(r->intern, peer, v, FAMILY_IPV4);
	shard_apply(r->shard, &o);
}

static void withdraw(struct rig *r, peer_id_t peer, unsigned number)
{
	struct op o = {.kind = OP_WITHDRAW, .peer = peer, .incarnation = 1};
	o.prefix = make_prefix(FAMILY_IPV4, number);
	shard_apply(r->shard, &o);
}

static struct runlog_stats stats_of(const struct rig *r)
{
	struct runlog_stats st;
	runlog_stats(r->log, &st);
	return st;
}

static void rig_fini(struct rig *r)
{
	runlog_set_floor(r->log, 0, UINT64_MAX);
	for (unsigned i = 0; i < PEERS; i++) {
		for (incarnation_t inc = 1; inc < 4; inc++) {
			op(r, OP_DOWN, (peer_id_t)i, inc);
		}
	}
	for (unsigned i = 0; i < 8 && !shard_is_empty(r->shard); i++) {
		do {
			turn(r);
		} while (shard_due(r->shard) == 0);
		epoch_barrier();
	}
	cr_expect(shard_is_empty(r->shard));
	cr_expect_eq(intern_refs(r->intern), 0);
	shard_free(r->shard);
	intern_free(r->intern);
	epoch_thread_end();
}

Test(table, the_best_goes_to_all_but_its_announcer_who_gets_the_second)
{
	struct rig r;
	rig_init(&r, 0);
	for (peer_id_t i = 0; i < 4; i++) {
		join(&r, i);
	}
	turn(&r); /* The table is empty: the scan ends at once, with one mark for all. */
	runlog_set_floor(r.log, 0, 0);
	cr_assert_eq(stats_of(&r).end, 1);
	announce(&r, 0, 1, 5, 0);
	turn(&r);
	cr_assert_eq(stats_of(&r).end, 2);
	const struct run *run = runlog_at(r.log, 1);
	cr_expect_eq(run->kind, RUN_ANNOUNCE);
	cr_expect_eq(run->audience->count, 3);
	cr_expect_not(audience_has(run->audience, 0));
	announce(&r, 1, 1, 5, 3); /* Longer: second. */
	turn(&r);
	cr_assert_eq(stats_of(&r).end, 3);
	run = runlog_at(r.log, 2);
	cr_expect_eq(attr_id(run->attr), ATTR_ID(1, 3));
	cr_expect(run->audience->count == 1 && audience_has(run->audience, 0));
	cr_expect(run_is_dirty(runlog_at(r.log, 1)), "names the same entry");
	withdraw(&r, 0, 5);
	turn(&r);
	/* Everyone but 0 and 1 hears of the second; 1 hears a withdrawal; 0 has it already. */
	cr_assert_eq(stats_of(&r).end, 5);
	run = runlog_at(r.log, 3);
	cr_expect_eq(attr_id(run->attr), ATTR_ID(1, 3));
	cr_expect(run->audience->count == 2 && !audience_has(run->audience, 0));
	run = runlog_at(r.log, 4);
	cr_expect_eq(run->kind, RUN_WITHDRAW);
	cr_expect(run->audience->count == 1 && audience_has(run->audience, 1));
	rig_fini(&r);
}

Test(table, there_and_back_within_a_batch_is_nothing)
{
	struct rig r;
	rig_init(&r, 0);
	join(&r, 0);
	join(&r, 1);
	runlog_set_floor(r.log, 0, 0);
	announce(&r, 0, 1, 5, 0);
	turn(&r);
	uint64_t end = stats_of(&r).end;
	announce(&r, 0, 1, 5, 3);
	announce(&r, 0, 1, 5, 0);
	announce(&r, 0, 1, 6, 1);
	withdraw(&r, 0, 6);
	turn(&r);
	cr_expect_eq(stats_of(&r).end, end);
	cr_expect_eq(stats_of(&r).runs_dirty, 0);
	/* The same again: its reference comes back, nothing is dirty. */
	announce(&r, 0, 1, 5, 0);
	int64_t before = r.returned;
	pull(&r);
	cr_expect_eq(r.returned, before + 1);
	cr_expect_neq(shard_due(r.shard), 0);
	rig_fini(&r);
}

Test(table, a_dead_incarnation_changes_nothing_and_its_reference_returns)
{
	struct rig r;
	rig_init(&r, 0);
	op(&r, OP_UP, 3, 2);
	announce(&r, 3, 1, 5, 0);
	announce(&r, 4, 1, 5, 0); /* Never up. */
	op(&r, OP_JOIN, 3, 1);
	op(&r, OP_DOWN, 3, 1);
	pull(&r);
	cr_expect_eq(r.returned, 2);
	cr_expect_eq(intern_count(r.intern), 0);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->paths, 0);
	announce(&r, 3, 2, 5, 0);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->paths, 1, "the live one is not down");
	rig_fini(&r);
}

Test(table, a_new_session_keeps_what_it_announced_before_the_sweep_came)
{
	struct rig r;
	rig_init(&r, 0);
	op(&r, OP_UP, 3, 1);
	op(&r, OP_UP, 4, 1);
	for (unsigned n = 0; n < 9000; n++) {
		announce(&r, n % 2 ? 3 : 4, 1, n, 0);
	}
	turn(&r);
	op(&r, OP_DOWN, 3, 1);
	op(&r, OP_UP, 3, 2);
	announce(&r, 3, 2, 8999, 0);
	announce(&r, 3, 2, 1, 7);
	cr_expect_eq(shard_due(r.shard), 0);
	turn(&r);
	op(&r, OP_DOWN, 4, 1); /* Dies while the sweep runs: behind it, too, all goes. */
	while (shard_due(r.shard) == 0) {
		turn(&r);
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
	join(&r, 0);
	join(&r, 1);
	turn(&r);
	runlog_set_floor(r.log, 0, 0);
	uint64_t end = stats_of(&r).end;
	announce(&r, 0, 1, 5, 0);
	cr_expect_eq(shard_due(r.shard), 0);
	shard_turn(r.shard, 5000, true);
	cr_expect_eq(stats_of(&r).end, end);
	cr_expect_eq(shard_due(r.shard), 7000);
	shard_turn(r.shard, 6999, true);
	cr_expect_eq(stats_of(&r).end, end);
	shard_turn(r.shard, 7000, true);
	cr_expect_eq(stats_of(&r).end, end + 1);
	r.now = 7000;
	rig_fini(&r);
}

Test(table, a_join_protects_its_position_until_it_is_acknowledged)
{
	struct rig r;
	rig_init(&r, 0);
	op(&r, OP_UP, 0, 1);
	op(&r, OP_UP, 1, 1);
	op(&r, OP_JOIN, 1, 1);
	struct op joined;
	cr_assert(shard_pull(r.shard, 0, &joined));
	cr_expect(joined.kind == OP_JOINED && joined.peer == 1 && joined.incarnation == 1);
	cr_expect_eq(joined.position, 0);
	announce(&r, 0, 1, 5, 0);
	turn(&r);
	cr_expect_eq(stats_of(&r).begin, 0);
	cr_expect_gt(stats_of(&r).end, 0);
	op(&r, OP_JOIN_ACK, 1, 1); /* Nobody reads: all may go. */
	turn(&r);
	cr_expect_eq(stats_of(&r).begin, stats_of(&r).end);
	rig_fini(&r);
}

Test(table, a_slot_waits_for_runs_and_pending_sets)
{
	struct rig r;
	rig_init(&r, 0);
	join(&r, 0);
	join(&r, 1);
	runlog_set_floor(r.log, 0, 0);
	announce(&r, 0, 1, 5, 0);
	turn(&r);
	withdraw(&r, 0, 5);
	turn(&r);
	const struct shard_stats *st = shard_stats(r.shard, FAMILY_IPV4);
	cr_expect_eq(st->entries, 0);
	cr_expect_eq(st->tombstones, 1);
	shard_pending_add(r.shard, FAMILY_IPV4, 0, 1);
	runlog_set_floor(r.log, 0, UINT64_MAX);
	turn(&r);
	epoch_barrier();
	turn(&r);
	cr_expect_eq(stats_of(&r).begin, stats_of(&r).end);
	cr_expect_eq(st->tombstones, 1, "a pending set may hold the id");
	shard_pending_add(r.shard, FAMILY_IPV4, 0, -1);
	cr_expect_eq(shard_due(r.shard), 0);
	turn(&r);
	cr_expect_eq(st->tombstones, 1, "a reader may look at the entry");
	epoch_barrier();
	turn(&r);
	cr_expect_eq(st->tombstones, 0);
	/* The same id serves another prefix. */
	announce(&r, 0, 1, 9, 0);
	turn(&r);
	cr_expect_eq(shard_slab(r.shard, FAMILY_IPV4)->count, 1);
	rig_fini(&r);
}

Test(table, a_reference_returns_only_after_the_grace_period_of_its_array)
{
	struct rig r;
	rig_init(&r, 0);
	op(&r, OP_UP, 0, 1);
	announce(&r, 0, 1, 5, 0);
	shard_turn(r.shard, r.now += 100, false);
	const struct slab *slab = shard_slab(r.shard, FAMILY_IPV4);
	const struct paths *seen = epoch_read(slab_at(slab, 0)->published);
	withdraw(&r, 0, 5);
	/* We hold what we saw: not quiescent. */
	for (unsigned i = 0; i < 3; i++) {
		shard_turn(r.shard, r.now += 100, false);
		pull(&r);
	}
	cr_expect_eq(r.returned, 0);
	cr_expect_eq(attr_id(seen->path[0].attr), ATTR_ID(0, 0));
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->path_bytes, 32, "the array is still there");
	epoch_barrier();
	turn(&r);
	cr_expect_eq(r.returned, 1);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->path_bytes, 0);
	rig_fini(&r);
}

Test(table, a_path_that_returns_in_time_keeps_its_slot)
{
	struct rig r;
	rig_init(&r, 0);
	op(&r, OP_UP, 0, 1);
	for (unsigned round = 0; round < 3; round++) {
		announce(&r, 0, 1, 5, round);
		turn(&r);
		withdraw(&r, 0, 5);
		turn(&r); /* Retired. */
		announce(&r, 0, 1, 5, round);
		turn(&r);
		withdraw(&r, 0, 5);
		if (round == 1) {
			epoch_barrier(); /* Over, but only for the death before. */
		}
		turn(&r);
		cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->tombstones, 1);
	}
	cr_expect_eq(shard_slab(r.shard, FAMILY_IPV4)->count, 1);
	rig_fini(&r);
}

Test(table, a_full_log_holds_the_flush_then_asks_the_laggard_to_leave)
{
	struct rig r;
	rig_init(&r, 20000);
	join(&r, 0);
	join(&r, 1);
	turn(&r);
	runlog_set_floor(r.log, 0, 0);
	unsigned n = 0;
	for (; stats_of(&r).bytes <= 20000; n++) {
		announce(&r, 0, 1, n, n % 20);
		turn(&r);
	}
	uint64_t end = stats_of(&r).end;
	announce(&r, 0, 1, n, 0);
	turn(&r);
	cr_expect_eq(stats_of(&r).end, end, "held");
	usec_t due = shard_due(r.shard);
	cr_expect(due > r.now && due <= r.now + LAG_US);
	cr_expect_not(shard_is_congested(r.shard));
	cr_expect_eq(runlog_evict_below(r.log), 0);
	r.now += LAG_US;
	turn(&r);
	uint64_t below = runlog_evict_below(r.log);
	cr_expect_gt(below, 0);
	runlog_set_floor(r.log, 0, below);
	turn(&r);
	turn(&r);
	cr_expect_eq(runlog_evict_below(r.log), 0);
	cr_expect_eq(stats_of(&r).end, end + 1, "the flush goes on");
	rig_fini(&r);
}

Test(table, a_shard_with_a_full_log_and_many_changes_is_congested)
{
	struct rig r;
	rig_init(&r, 1000);
	join(&r, 0);
	join(&r, 1);
	runlog_set_floor(r.log, 0, 0);
	for (unsigned n = 0; n < 100; n++) {
		announce(&r, 0, 1, n, n % 20);
	}
	turn(&r);
	op(&r, OP_UP, 2, 1);
	op(&r, OP_JOIN, 2, 1);
	for (unsigned n = 100; n < 65600; n++) {
		announce(&r, 0, 1, n, 0);
	}
	shard_turn(r.shard, r.now += 100, false);
	cr_expect_not(shard_is_congested(r.shard));
	for (unsigned n = 0; n < 100; n++) {
		announce(&r, 0, 1, n, 20);
	}
	cr_expect_not(shard_is_congested(r.shard), "the JOIN_ACK is in the inbox");
	op(&r, OP_JOIN_ACK, 2, 1);
	cr_expect(shard_is_congested(r.shard));
	op(&r, OP_UP, 3, 1);
	op(&r, OP_JOIN, 3, 1);
	cr_expect(shard_is_congested(r.shard), "a JOIN that waits guards nothing yet");
	rig_fini(&r);
}

/* Everything in the log, as one hash-like text: kinds, audiences and bytes. */
static uint64_t digest(const struct rig *r)
{
	uint64_t h = 14695981039346656037u;
	for (uint64_t p = stats_of(r).begin; p < stats_of(r).end; p++) {
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
		join(&r, i);
	}
	runlog_set_floor(r.log, 0, 0);
	for (unsigned n = 0; n < 20000; n++) {
		announce(&r, (peer_id_t)(n * 7 % 50), 1, n * 31 % 500, n % 20);
		if (n % 700 == 0) {
			shard_turn(r.shard, r.now += 100, false);
			pull(&r);
		}
	}
	turn(&r);
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
	op(r, OP_UP, 199, 1);
	for (unsigned n = 0; n < SCAN_PREFIXES; n++) {
		announce(r, 199, 1, n, n / 500 % 20);
	}
	turn(r);
}

static unsigned marked(const struct rig *r)
{
	unsigned marks = 0;
	for (uint64_t p = stats_of(r).begin; p < stats_of(r).end; p++) {
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
		join(&r, i);
	}
	runlog_set_floor(r.log, 0, 0);
	while (shard_due(r.shard) == 0) {
		turn(&r);
	}
	cr_expect_eq(stats_of(&r).encoded, SCAN_PREFIXES);
	cr_expect_eq(marked(&r), 100);
	rig_fini(&r);
}

Test(table, a_hundred_that_join_one_after_another_share_two_scans)
{
	struct rig r;
	fill(&r, 0);
	runlog_set_floor(r.log, 0, 0);
	for (peer_id_t i = 0; i < 100; i++) {
		join(&r, i);
		if (i % 12 == 0) {
			turn(&r);
		}
	}
	op(&r, OP_DOWN, 7, 1);	 /* One leaves on the way, */
	op(&r, OP_RESCAN, 8, 1); /* and one starts again. */
	while (shard_due(r.shard) == 0) {
		turn(&r);
	}
	cr_expect_leq(stats_of(&r).encoded, 2 * SCAN_PREFIXES);
	cr_expect_eq(marked(&r), 99);
	rig_fini(&r);
}

Test(table, the_scan_waits_when_the_log_is_half_full)
{
	struct rig r;
	fill(&r, 100000);
	join(&r, 0);
	runlog_set_floor(r.log, 0, 0);
	while (shard_due(r.shard) == 0) {
		turn(&r);
	}
	uint64_t bytes = stats_of(&r).bytes;
	cr_expect(bytes > 50000 && bytes < 100000);
	cr_expect_eq(marked(&r), 0);
	uint64_t read = 0, marks = 0;
	for (unsigned i = 0; i < 1000 && marks == 0; i++) {
		for (uint64_t end = runlog_end(r.log); read < end; read++) {
			marks += runlog_at(r.log, read)->kind == RUN_MARK;
		}
		runlog_set_floor(r.log, 0, read);
		turn(&r);
	}
	cr_expect_eq(marks, 1);
	rig_fini(&r);
}
