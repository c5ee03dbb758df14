/* Restarts, fact by fact: stale paths (RFC 4724 §4.2), long-lived stale ones (RFC 9494 §4), and our
 * own restart (RFC 4724 §4.1). */
#include <criterion/criterion.h>

#include "tests/unit/table/rig.h"

/* Members 0 (class 0) and 1 (class with LLGR) listen; 5 announces prefixes 1..4. */
static void begin(struct rig *r, const struct shard_opts *opts)
{
	rig_init_opts(r, opts);
	rig_join(r, 0);
	rig_op(r, OP_UP, 1, 1);
	struct op join = {.kind = OP_JOIN, .peer = 1, .incarnation = 1};
	join.class_idx = WIRE_CLASS_LLGR;
	shard_apply(r->shard, &join);
	rig_op(r, OP_JOIN_ACK, 1, 1);
	rig_op(r, OP_UP, 5, 1);
	for (unsigned n = 1; n <= 4; n++) {
		rig_announce(r, 5, 1, n, n);
	}
	rig_settle(r);
	runlog_set_floor(r->log, 0, rig_stats(r).end);
}

static void restart_with_n(struct rig *r, incarnation_t incarnation)
{
	struct op op = {.kind = OP_STALE, .peer = 5, .incarnation = incarnation, .is_added = true};
	shard_apply(r->shard, &op);
	rig_op(r, OP_DOWN, 5, incarnation);
}

static void restart(struct rig *r, incarnation_t incarnation)
{
	rig_op(r, OP_STALE, 5, incarnation);
	rig_op(r, OP_DOWN, 5, incarnation);
}

static uint64_t received(const struct rig *r, peer_id_t peer)
{
	return shard_peer_stats(r->shard, FAMILY_IPV4, peer)->received;
}

static uint64_t stale(const struct rig *r, peer_id_t peer)
{
	return shard_peer_stats(r->shard, FAMILY_IPV4, peer)->stale;
}

/* What a member of class 0 or the LLGR class sees of the entry: a set's id, or 0. */
static uint32_t seen(struct rig *r, entry_id_t id, unsigned class_idx)
{
	struct update_form form = wire_form(FAMILY_IPV4, class_idx, 0);
	const struct path *p = view(rig_paths(r, id), 100, &form);
	return p != NULL ? attr_id(p->attr) : 0;
}

Test(table, a_stale_path_that_is_announced_again_unchanged_exports_nothing)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	uint64_t end = rig_stats(&r).end;
	restart(&r, 1);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 4);
	cr_expect_eq(stale(&r, 5), 4);
	rig_op(&r, OP_UP, 5, 2);
	cr_expect_eq(stale(&r, 5), 4);
	for (unsigned n = 1; n <= 4; n++) {
		rig_announce(&r, 5, 2, n, n);
		rig_settle(&r);
		cr_expect_eq(stale(&r, 5), 4 - n);
	}
	rig_op(&r, OP_STALE_END, 5, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 4);
	cr_expect_eq(rig_stats(&r).end, end);
	rig_fini(&r);
}

Test(table, the_end_of_stale_paths_takes_those_that_did_not_come_back)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	restart(&r, 1);
	rig_op(&r, OP_UP, 5, 2);
	rig_announce(&r, 5, 2, 2, 2);
	rig_announce(&r, 5, 2, 3, 9); /* Another set: that is news. */
	runlog_set_floor(r.log, 0, rig_stats(&r).end);
	uint64_t end = rig_stats(&r).end;
	rig_settle(&r);
	cr_assert_eq(rig_stats(&r).end, end + 1);
	cr_expect_eq(attr_id(runlog_at(r.log, end)->attr), ATTR_ID(5, 9));
	rig_op(&r, OP_STALE_END, 5, 2);
	cr_expect_eq(shard_due(r.shard), 0);
	rig_settle(&r);
	cr_assert_eq(rig_stats(&r).end, end + 2);
	const struct run *run = runlog_at(r.log, end + 1);
	cr_expect(run->kind == RUN_WITHDRAW && run->count == 2);
	cr_expect_eq(received(&r, 5), 2);
	cr_expect_eq(stale(&r, 5), 0);
	rig_fini(&r);
}

Test(table, a_member_that_restarts_hears_nothing_meanwhile)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	rig_announce(&r, 5, 1, 9, 0);
	rig_op(&r, OP_STALE, 0, 1);
	rig_op(&r, OP_DOWN, 0, 1);
	uint64_t end = rig_stats(&r).end;
	rig_settle(&r);
	cr_expect_eq(rig_stats(&r).end, end, "nobody is left in the class");
	rig_fini(&r);
}

Test(table, a_second_restart_takes_what_was_stale_before)
{
	/* RFC 4724 §4.2: "to deal with possible consecutive restarts". */
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	restart(&r, 1);
	rig_op(&r, OP_UP, 5, 2);
	rig_announce(&r, 5, 2, 1, 1);
	rig_announce(&r, 5, 2, 7, 7);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 5);
	restart(&r, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 2);
	cr_expect_eq(stale(&r, 5), 2);
	rig_op(&r, OP_STALE_END, 5, 2); /* The restart timer, without a session. */
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 0);
	rig_fini(&r);
}

Test(table, with_the_n_bit_a_second_restart_keeps_what_was_stale_before)
{
	/* RFC 8538 §4.1: that only goes "if the "N" bit has not been exchanged". */
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	uint64_t end = rig_stats(&r).end;
	restart_with_n(&r, 1);
	rig_op(&r, OP_UP, 5, 2);
	rig_announce(&r, 5, 2, 1, 1);
	rig_settle(&r);
	restart_with_n(&r, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 4);
	cr_expect_eq(stale(&r, 5), 4);
	cr_expect_eq(rig_stats(&r).end, end, "nobody hears of it");
	rig_op(&r, OP_UP, 5, 3);
	rig_announce(&r, 5, 3, 2, 2);
	rig_op(&r, OP_STALE_END, 5, 3);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 1);
	cr_expect_eq(stale(&r, 5), 0);
	rig_fini(&r);
}

Test(table, a_session_that_ends_for_good_takes_its_stale_paths_along)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	restart(&r, 1);
	rig_op(&r, OP_UP, 5, 2);
	rig_announce(&r, 5, 2, 1, 1);
	rig_op(&r, OP_DOWN, 5, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 0);
	cr_expect_eq(stale(&r, 5), 0);
	rig_fini(&r);
}

Test(table, a_family_that_is_not_kept_goes_with_the_session)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	struct op o = {.kind = OP_ANNOUNCE, .family = FAMILY_IPV6, .peer = 5, .incarnation = 1};
	o.prefix = make_prefix(FAMILY_IPV6, 1);
	o.attr = make_attr(r.intern, 5, 0, FAMILY_IPV6);
	shard_apply(r.shard, &o);
	restart(&r, 1); /* STALE names IPv4 alone. */
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 4);
	cr_expect_eq(shard_peer_stats(r.shard, FAMILY_IPV6, 5)->received, 0);
	rig_fini(&r);
}

Test(table, words_of_another_incarnation_do_not_touch_stale_paths)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	rig_op(&r, OP_STALE, 5, 7);
	rig_op(&r, OP_STALE_END, 5, 1); /* Nothing is stale. */
	rig_op(&r, OP_LLGR, 5, 1);
	rig_settle(&r);
	cr_expect_eq(seen(&r, 0, 0), ATTR_ID(5, 1));
	restart(&r, 1);
	rig_op(&r, OP_UP, 5, 2);
	rig_op(&r, OP_STALE_END, 5, 1);
	rig_op(&r, OP_LLGR, 5, 1);
	rig_op(&r, OP_STALE, 5, 1);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 4);
	cr_expect_eq(seen(&r, 0, 0), ATTR_ID(5, 1));
	rig_op(&r, OP_DOWN, 5, 2); /* So this session was not kept. */
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 0);
	rig_fini(&r);
}

Test(table, another_router_id_is_another_router)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	restart(&r, 1);
	struct op up = {.kind = OP_UP, .peer = 5, .incarnation = 2, .router_id = 77};
	up.addr = addr_v4(0xc6120005u);
	shard_apply(r.shard, &up);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 0);
	rig_fini(&r);
}

Test(table, incarnations_may_wrap_around)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	rig_op(&r, OP_DOWN, 5, 1);
	rig_op(&r, OP_UP, 5, 0xffff);
	rig_announce(&r, 5, 0xffff, 1, 1);
	restart(&r, 0xffff);
	rig_op(&r, OP_LLGR, 5, 0xffff);
	rig_settle(&r);
	rig_op(&r, OP_UP, 5, 0x10000);
	rig_announce(&r, 5, 0x10000, 2, 2);
	restart(&r, 0x10000);
	rig_op(&r, OP_UP, 5, 0x10001);
	rig_announce(&r, 5, 0x10001, 3, 3);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 3);
	cr_expect_eq(stale(&r, 5), 2);
	rig_op(&r, OP_STALE_END, 5, 0x10001);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 1);
	rig_op(&r, OP_DOWN, 5, 0x10001);
	rig_fini(&r);
}

Test(table, long_lived_stale_paths_carry_the_community_to_those_who_know_it)
{
	/* RFC 9494 §4.3 */
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	rig_op(&r, OP_UP, 6, 1);
	rig_announce(&r, 6, 1, 2, 3); /* Longer, but alive. */
	rig_announce(&r, 5, 1, 3, VARIANT_NO_LLGR);
	rig_settle(&r);
	cr_expect_eq(seen(&r, 1, 0), ATTR_ID(5, 2));
	runlog_set_floor(r.log, 0, rig_stats(&r).end);
	uint64_t end = rig_stats(&r).end;
	restart(&r, 1);
	rig_settle(&r);
	cr_expect_eq(rig_stats(&r).end, end);
	rig_op(&r, OP_LLGR, 5, 1);
	rig_settle(&r);
	cr_expect_eq(seen(&r, 0, WIRE_CLASS_LLGR), ATTR_ID(5, 1) | ATTR_LLGR);
	cr_expect_eq(seen(&r, 0, 0), 0);
	cr_expect_eq(seen(&r, 1, WIRE_CLASS_LLGR), ATTR_ID(6, 3), "last in rank");
	cr_expect_eq(seen(&r, 1, 0), ATTR_ID(6, 3));
	cr_expect_eq(received(&r, 5), 3, "NO_LLGR has gone");
	/* Class 0: the rest withdrawn, and the living one. */
	cr_assert_eq(rig_stats(&r).end, end + 2);
	uint32_t withdrawn = 0;
	for (uint64_t p = end; p < end + 2; p++) {
		const struct run *run = runlog_at(r.log, p);
		withdrawn += run->kind == RUN_WITHDRAW ? run->count : 0;
	}
	cr_expect_eq(withdrawn, 3);
	/* Back again: what it announces is whole. */
	rig_op(&r, OP_UP, 5, 2);
	rig_announce(&r, 5, 2, 1, 1);
	rig_settle(&r);
	cr_expect_eq(seen(&r, 0, 0), ATTR_ID(5, 1));
	rig_op(&r, OP_STALE_END, 5, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 1);
	rig_fini(&r);
}

Test(table, a_route_that_came_long_lived_stale_is_ranked_last_too)
{
	/* RFC 9494 §4.3: "upon receiving a route ... with the LLGR_STALE community". */
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	rig_announce(&r, 5, 1, 1, VARIANT_LLGR);
	rig_op(&r, OP_UP, 6, 1);
	rig_settle(&r);
	cr_expect_eq(seen(&r, 0, WIRE_CLASS_LLGR), ATTR_ID(5, VARIANT_LLGR) | ATTR_LLGR);
	cr_expect_eq(seen(&r, 0, 0), 0);
	rig_announce(&r, 6, 1, 1, 10);
	rig_settle(&r);
	cr_expect_eq(seen(&r, 0, WIRE_CLASS_LLGR), ATTR_ID(6, 10));
	rig_fini(&r);
}

Test(table, long_lived_stale_paths_outlive_a_second_restart)
{
	/* RFC 9494 §4.2: only End-of-RIB or their own timer ends them. */
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	restart(&r, 1);
	rig_op(&r, OP_LLGR, 5, 1);
	rig_settle(&r);
	rig_op(&r, OP_UP, 5, 2);
	rig_announce(&r, 5, 2, 1, 1);
	restart(&r, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 4);
	cr_expect_eq(seen(&r, 0, 0), ATTR_ID(5, 1), "only stale");
	cr_expect_eq(seen(&r, 1, 0), 0, "long-lived stale");
	rig_op(&r, OP_LLGR, 5, 2);
	rig_settle(&r);
	cr_expect_eq(seen(&r, 0, WIRE_CLASS_LLGR), ATTR_ID(5, 1) | ATTR_LLGR);
	rig_op(&r, OP_STALE_END, 5, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 0);
	rig_fini(&r);
}

Test(table, a_path_for_whose_new_set_there_is_no_room_goes_and_is_counted)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	/* Fill the table of sets. */
	struct attr_spec spec = {.path_len = 1, .neighbor_as = 1};
	for (spec.id = 1; intern_count(r.intern) < 100000 - 2; spec.id++) {
		make_attr_spec(r.intern, &spec, FAMILY_IPV4);
	}
	restart(&r, 1);
	rig_op(&r, OP_LLGR, 5, 1);
	rig_settle(&r);
	cr_expect_eq(received(&r, 5), 2);
	cr_expect_eq(shard_peer_stats(r.shard, FAMILY_IPV4, 5)->refused_llgr, 2);
	uint32_t last = spec.id;
	for (spec.id = 1; spec.id < last; spec.id++) {
		const struct attr *a = make_attr_spec(r.intern, &spec, FAMILY_IPV4);
		intern_adjust(r.intern, a, -2);
	}
	rig_fini(&r);
}

Test(table, making_paths_long_lived_goes_in_slices)
{
	struct rig r;
	begin(&r, &(struct shard_opts){0});
	for (unsigned n = 0; n < 5000; n++) {
		rig_announce(&r, 5, 1, n, n % 20);
	}
	rig_settle(&r);
	restart(&r, 1);
	rig_op(&r, OP_LLGR, 5, 1);
	unsigned turns = 0;
	do {
		rig_turn(&r);
		turns++;
	} while (shard_due(r.shard) == 0);
	cr_expect_gt(turns, 5000u * 16 / 4096);
	cr_expect_eq(received(&r, 5), 5000);
	cr_expect_eq(seen(&r, 4999, 0), 0);
	rig_fini(&r);
}

Test(table, a_server_that_restarted_selects_nothing_before_all_are_settled)
{
	/* RFC 4724 §4.1 */
	struct rig r;
	rig_init_opts(&r, &(struct shard_opts){.is_deferred = true});
	rig_op(&r, OP_UP, 0, 1);
	rig_op(&r, OP_JOIN, 0, 1);
	for (peer_id_t p = 5; p < 7; p++) {
		rig_op(&r, OP_UP, p, 1);
	}
	struct op joined;
	for (unsigned n = 0; n < 66000; n++) {
		rig_announce(&r, 5, 1, n, 3);
	}
	rig_announce(&r, 6, 1, 0, 0);
	shard_turn(r.shard, r.now += 100, false);
	cr_expect_not(shard_is_congested(r.shard), "End-of-RIB is in the inbox");
	cr_expect_neq(shard_due(r.shard), 0);
	cr_expect_not(shard_pull(r.shard, 0, &joined), "JOIN waits");
	cr_expect_null(rig_paths(&r, 0));
	for (peer_id_t p = 0; p < RIG_PEERS; p++) {
		if (p != 6) {
			rig_op(&r, OP_SETTLED, p, p == 0 || p == 5 ? 1 : 0);
			rig_op(&r, OP_SETTLED, p, p == 0 || p == 5 ? 1 : 0); /* Twice is once. */
		}
	}
	rig_op(&r, OP_SETTLED, 6, 9); /* Another incarnation. */
	shard_turn(r.shard, r.now += 100, false);
	cr_expect_null(rig_paths(&r, 0));
	rig_op(&r, OP_SETTLED, 6, 1);
	cr_expect_eq(shard_due(r.shard), 0);
	shard_turn(r.shard, r.now += 100, false);
	cr_expect_eq(seen(&r, 0, 0), ATTR_ID(6, 0), "one selection, of all");
	cr_assert(shard_pull(r.shard, 0, &joined) && joined.kind == OP_JOINED);
	rig_op(&r, OP_JOIN_ACK, 0, 1);
	rig_fini(&r);
}

Test(table, the_deferral_timer_settles_everyone)
{
	struct rig r;
	rig_init_opts(&r, &(struct shard_opts){.is_deferred = true});
	rig_op(&r, OP_UP, 0, 1);
	rig_op(&r, OP_JOIN, 0, 1);
	rig_op(&r, OP_SETTLED, PEER_NONE, 0);
	struct op joined;
	cr_assert(shard_pull(r.shard, 0, &joined) && joined.kind == OP_JOINED);
	rig_op(&r, OP_JOIN_ACK, 0, 1);
	rig_fini(&r);
}
