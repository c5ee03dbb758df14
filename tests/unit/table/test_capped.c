/* What is announced over a member's prefix limit: kept out where it is new, and accepted when there
 * is room again. */
#include "tests/unit/table/rig.h"

#include <criterion/criterion.h>

static void announce_capped(struct rig *r, peer_id_t peer, unsigned number, unsigned v,
			    enum reject reason)
{
	struct op o = {.kind = OP_ANNOUNCE, .peer = peer, .incarnation = 1, .is_capped = true};
	o.reason = (uint8_t)reason;
	o.prefix = make_prefix(FAMILY_IPV4, number);
	o.attr = make_attr(r->intern, peer, v, FAMILY_IPV4);
	shard_apply(r->shard, &o);
}

static void grant(struct rig *r, peer_id_t peer, uint64_t count)
{
	struct op o = {.kind = OP_UNBLOCK, .peer = peer, .incarnation = 1, .grant = count};
	shard_apply(r->shard, &o);
}

static void expect_counts(struct rig *r, peer_id_t peer, unsigned received, unsigned accepted,
			  unsigned blocked)
{
	const struct shard_peer_stats *s = shard_peer_stats(r->shard, FAMILY_IPV4, peer);
	cr_expect_eq(metric_get(&s->received), received);
	cr_expect_eq(metric_get(&s->accepted), accepted);
	cr_expect_eq(metric_get(&s->blocked), blocked);
}

Test(table, over_the_limit_a_new_path_is_kept_out_and_an_old_one_may_change)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_join(&r, 1);
	rig_announce(&r, 0, 1, 5, 0);
	rig_settle(&r);
	announce_capped(&r, 0, 6, 0, REJECT_NONE);
	announce_capped(&r, 0, 5, 3, REJECT_NONE);
	rig_settle(&r);
	expect_counts(&r, 0, 2, 1, 1);
	const struct paths *p = rig_paths(&r, 0);
	cr_expect_eq(p->path[0].reason, REJECT_NONE);
	cr_expect_eq(attr_id(p->path[0].attr), ATTR_ID(0, 3));
	p = rig_paths(&r, 1);
	cr_expect_eq(p->ranked_count, 0);
	cr_expect_eq(p->path[0].reason, REJECT_MAX_PREFIX);
	/* Again, over the limit still. */
	announce_capped(&r, 0, 6, 4, REJECT_NONE);
	rig_settle(&r);
	expect_counts(&r, 0, 2, 1, 1);
	/* Another reason goes before. */
	announce_capped(&r, 0, 7, 0, REJECT_BOGON);
	rig_settle(&r);
	expect_counts(&r, 0, 3, 1, 1);
	cr_expect_eq(rig_paths(&r, 2)->path[0].reason, REJECT_BOGON);
	cr_expect_eq(metric_get(&shard_peer_stats(r.shard, FAMILY_IPV4, 0)->announces), 5);
	rig_fini(&r);
}

Test(table, a_path_that_was_rejected_is_new_when_it_is_not_any_more)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	announce_capped(&r, 0, 5, 0, REJECT_BOGON);
	announce_capped(&r, 0, 5, 0, REJECT_NONE);
	rig_settle(&r);
	expect_counts(&r, 0, 1, 0, 1);
	rig_announce(&r, 0, 1, 5, 0); /* With room. */
	rig_settle(&r);
	expect_counts(&r, 0, 1, 1, 0);
	rig_fini(&r);
}

Test(table, a_grant_accepts_so_many_and_tells_the_others)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_join(&r, 1);
	rig_join(&r, 2);
	rig_turn(&r);
	runlog_set_floor(r.log, 0, 0); /* Nothing is freed. */
	for (unsigned number = 0; number < 10; number++) {
		announce_capped(&r, 0, number, 0, REJECT_NONE);
	}
	announce_capped(&r, 2, 3, 1, REJECT_NONE);
	rig_settle(&r);
	uint64_t from = rig_stats(&r).end;
	expect_counts(&r, 0, 10, 0, 10);
	grant(&r, 0, 7);
	rig_settle(&r);
	expect_counts(&r, 0, 10, 7, 3);
	expect_counts(&r, 2, 1, 0, 1);
	uint64_t told = 0;
	for (uint64_t at = from; at < rig_stats(&r).end; at++) {
		const struct run *run = runlog_at(r.log, at);
		told += run->kind == RUN_ANNOUNCE && audience_has(run->audience, 1) ? run->count
										    : 0;
	}
	cr_expect_eq(told, 7);
	grant(&r, 0, 100);
	rig_settle(&r);
	expect_counts(&r, 0, 10, 10, 0);
	expect_counts(&r, 2, 1, 0, 1);
	/* What was granted beyond what there was is not kept for later. */
	announce_capped(&r, 0, 20, 0, REJECT_NONE);
	rig_settle(&r);
	expect_counts(&r, 0, 11, 10, 1);
	grant(&r, 2, 1); /* Its sweep passes it, too. */
	rig_settle(&r);
	expect_counts(&r, 0, 11, 10, 1);
	expect_counts(&r, 2, 1, 1, 0);
	rig_fini(&r);
}

Test(table, a_grant_of_a_dead_session_is_nothing)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	announce_capped(&r, 0, 5, 0, REJECT_NONE);
	rig_op(&r, OP_DOWN, 0, 1);
	grant(&r, 0, 1);
	rig_settle(&r);
	expect_counts(&r, 0, 0, 0, 0);
	rig_fini(&r);
}
