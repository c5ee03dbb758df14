/* Refreshes, fact by fact: what a member does not announce again is removed (RFC 7313 §4). */
#include <criterion/criterion.h>

#include "tests/unit/table/rig.h"

#define MEMBER 5

/* Member 0 listens, MEMBER announces prefixes 1..4. */
static void begin(struct rig *r)
{
	rig_init_opts(r, &(struct shard_opts){.paths_max = 2});
	rig_join(r, 0);
	rig_op(r, OP_UP, MEMBER, 1);
	for (unsigned n = 1; n <= 4; n++) {
		rig_announce(r, MEMBER, 1, n, n);
	}
	rig_settle(r);
	runlog_set_floor(r->log, 0, rig_stats(r).end);
}

static uint64_t received(const struct rig *r, enum family family)
{
	return shard_peer_stats(r->shard, family, MEMBER)->received;
}

static uint64_t stale(const struct rig *r)
{
	return shard_peer_stats(r->shard, FAMILY_IPV4, MEMBER)->stale;
}

static void family_op(struct rig *r, enum op_kind kind, enum family family)
{
	struct op op = {
		.kind = (uint8_t)kind, .family = (uint8_t)family, .peer = MEMBER, .incarnation = 1};
	if (kind == OP_ANNOUNCE) {
		op.prefix = make_prefix(family, 1);
		op.attr = make_attr(r->intern, MEMBER, 1, family);
	}
	shard_apply(r->shard, &op);
}

Test(table, a_refresh_takes_what_is_not_announced_again)
{
	struct rig r;
	begin(&r);
	rig_op(&r, OP_RENEW, MEMBER, 1);
	rig_announce(&r, MEMBER, 1, 2, 2);
	rig_announce(&r, MEMBER, 1, 3, 9); /* Another set: that is news. */
	rig_withdraw(&r, 0, 1);		   /* Not its own. */
	rig_settle(&r);
	uint64_t end = rig_stats(&r).end;
	cr_expect_eq(received(&r, FAMILY_IPV4), 4, "until the end all of them are live");
	cr_expect_eq(stale(&r), 0);
	rig_op(&r, OP_RENEW_END, MEMBER, 1);
	cr_expect_eq(stale(&r), 2, "gone, but still there");
	rig_settle(&r);
	cr_assert_eq(rig_stats(&r).end, end + 1);
	const struct run *run = runlog_at(r.log, end);
	cr_expect(run->kind == RUN_WITHDRAW && run->count == 2);
	cr_expect_eq(received(&r, FAMILY_IPV4), 2);
	cr_expect_eq(stale(&r), 0);
	rig_fini(&r);
}

Test(table, a_refresh_that_changes_nothing_exports_nothing_and_sweeps_nothing)
{
	struct rig r;
	begin(&r);
	uint64_t end = rig_stats(&r).end;
	rig_op(&r, OP_RENEW, MEMBER, 1);
	for (unsigned n = 1; n <= 4; n++) {
		rig_announce(&r, MEMBER, 1, n, n);
	}
	rig_settle(&r);
	epoch_barrier();
	rig_settle(&r);
	rig_op(&r, OP_RENEW_END, MEMBER, 1);
	cr_expect_gt(shard_due(r.shard), 0, "nothing is missing");
	rig_settle(&r);
	cr_expect_eq(rig_stats(&r).end, end);
	cr_expect_eq(received(&r, FAMILY_IPV4), 4);
	rig_fini(&r);
}

Test(table, a_refresh_of_one_family_leaves_the_other)
{
	struct rig r;
	begin(&r);
	family_op(&r, OP_ANNOUNCE, FAMILY_IPV6);
	family_op(&r, OP_RENEW, FAMILY_IPV4);
	family_op(&r, OP_RENEW_END, FAMILY_IPV4);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 0);
	cr_expect_eq(received(&r, FAMILY_IPV6), 1);
	rig_fini(&r);
}

Test(table, a_refresh_that_begins_again_starts_anew)
{
	struct rig r;
	begin(&r);
	rig_op(&r, OP_RENEW, MEMBER, 1);
	rig_announce(&r, MEMBER, 1, 1, 1);
	rig_op(&r, OP_RENEW, MEMBER, 1);
	rig_op(&r, OP_RENEW, MEMBER, 1); /* Nothing is new: nothing changes. */
	rig_announce(&r, MEMBER, 1, 2, 2);
	rig_op(&r, OP_RENEW_END, MEMBER, 1);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 1);
	cr_expect_not_null(rig_paths(&r, 1));
	rig_fini(&r);
}

Test(table, the_end_of_a_refresh_that_never_began_is_nothing)
{
	struct rig r;
	begin(&r);
	rig_op(&r, OP_RENEW_END, MEMBER, 1);
	rig_op(&r, OP_RENEW, MEMBER, 7); /* Of another session. */
	rig_op(&r, OP_RENEW_END, MEMBER, 7);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 4);
	rig_fini(&r);
}

Test(table, a_session_that_ends_within_a_refresh_leaves_all_its_paths_stale)
{
	struct rig r;
	begin(&r);
	rig_op(&r, OP_RENEW, MEMBER, 1);
	rig_announce(&r, MEMBER, 1, 2, 2);
	rig_op(&r, OP_STALE, MEMBER, 1);
	rig_op(&r, OP_DOWN, MEMBER, 1);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 4);
	cr_expect_eq(stale(&r), 4);
	rig_op(&r, OP_UP, MEMBER, 2);
	rig_announce(&r, MEMBER, 2, 3, 3);
	rig_op(&r, OP_RENEW_END, MEMBER, 2); /* The refresh ended with its session. */
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 4);
	rig_op(&r, OP_STALE_END, MEMBER, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 1);
	rig_fini(&r);
}

Test(table, no_refresh_begins_while_stale_paths_are_kept)
{
	/* RFC 7313 §4: the End-of-RIB comes first. */
	struct rig r;
	begin(&r);
	rig_op(&r, OP_STALE, MEMBER, 1);
	rig_op(&r, OP_DOWN, MEMBER, 1);
	rig_op(&r, OP_UP, MEMBER, 2);
	rig_announce(&r, MEMBER, 2, 1, 1);
	rig_op(&r, OP_RENEW, MEMBER, 2);
	rig_op(&r, OP_RENEW_END, MEMBER, 2);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 4);
	cr_expect_eq(stale(&r), 3);
	rig_fini(&r);
}

Test(table, what_a_refresh_has_ended_does_not_come_back_as_stale)
{
	struct rig r;
	begin(&r);
	rig_op(&r, OP_RENEW, MEMBER, 1);
	rig_announce(&r, MEMBER, 1, 2, 2);
	rig_op(&r, OP_RENEW_END, MEMBER, 1);
	rig_op(&r, OP_STALE, MEMBER, 1); /* Before the sweep has seen anything. */
	rig_op(&r, OP_DOWN, MEMBER, 1);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 1);
	cr_expect_eq(stale(&r), 1);
	rig_fini(&r);
}

Test(table, old_paths_make_way_for_the_ids_of_a_refresh)
{
	/* RFC 7911 §3: a path may come back under another id. */
	struct rig r;
	begin(&r);
	rig_announce_id(&r, MEMBER, 1, 9, 20, 0);
	rig_announce_id(&r, MEMBER, 1, 9, 10, 1);
	rig_op(&r, OP_RENEW, MEMBER, 1);
	rig_announce_id(&r, MEMBER, 1, 9, 30, 6);
	rig_announce_id(&r, MEMBER, 1, 9, 31, 7);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 6);
	rig_announce_id(&r, MEMBER, 1, 9, 32, 8);
	cr_expect_eq(shard_peer_stats(r.shard, FAMILY_IPV4, MEMBER)->refused_paths, 1);
	rig_op(&r, OP_RENEW_END, MEMBER, 1);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 2);
	cr_expect_eq(rig_paths(&r, 4)->count, 2);
	rig_fini(&r);
}

Test(table, a_flood_of_refreshes_gives_no_gone_path_its_number_back)
{
	/* Each uses up a generation, and nobody sweeps meanwhile. */
	struct rig r;
	begin(&r);
	for (unsigned i = 0; i < 70000; i++) {
		rig_op(&r, OP_RENEW, MEMBER, 1);
		rig_announce(&r, MEMBER, 1, 1, 1);
		rig_op(&r, OP_RENEW_END, MEMBER, 1);
		if (i % 1000 == 0 || (i > 65500 && i < 65600)) { /* Where it would come around. */
			rig_pull(&r);				 /* References that came back. */
			shard_check(r.shard);
		}
	}
	cr_expect_eq(stale(&r), 3);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 1);
	cr_expect_eq(stale(&r), 0);
	rig_op(&r, OP_RENEW, MEMBER, 1); /* And then it goes on. */
	rig_op(&r, OP_RENEW_END, MEMBER, 1);
	rig_settle(&r);
	cr_expect_eq(received(&r, FAMILY_IPV4), 0);
	rig_fini(&r);
}
