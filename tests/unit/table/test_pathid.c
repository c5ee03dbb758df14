/* Members that send several paths of a prefix (RFC 7911), and the table of their path ids. */
#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "rib/table/pathid.h"
#include "tests/unit/table/rig.h"

#define ENTRIES 40
#define MEMBERS 3
#define IDS	9
#define SLOTS	4

Test(table, path_ids_are_found_in_their_slots_after_any_history)
{
	struct pathids t;
	struct prng p;
	uint16_t slot[ENTRIES][MEMBERS][IDS] = {0};
	unsigned held = 0;
	prng_init(&p, 7911);
	pathids_init(&t, 1);
	cr_expect_eq(pathids_bytes(&t), 0, "ordinary members cost nothing");
	for (unsigned step = 0; step < 40000; step++) {
		unsigned e = (unsigned)prng_below(&p, ENTRIES),
			 m = (unsigned)prng_below(&p, MEMBERS);
		unsigned id = (unsigned)prng_below(&p, IDS);
		uint16_t *own = &slot[e][m][id];
		bool taken[SLOTS + 1] = {true};
		for (unsigned i = 0; i < IDS; i++) {
			taken[slot[e][m][i]] = true;
		}
		cr_assert_eq(pathids_find(&t, e, (peer_id_t)m, id * 0x3fffffffu), *own);
		if (*own != 0 && prng_chance(&p, 2, 3)) {
			pathids_drop(&t, e, (peer_id_t)m, *own);
			*own = 0;
			held--;
			continue;
		}
		uint16_t want = *own;
		for (uint16_t i = 1; want == 0 && i <= SLOTS; i++) {
			want = taken[i] ? 0 : i;
		}
		held += *own == 0 && want != 0;
		*own = want;
		cr_assert_eq(pathids_take(&t, e, (peer_id_t)m, id * 0x3fffffffu, SLOTS), want);
		cr_assert_eq(t.count, held);
	}
	pathids_fini(&t);
}

static const struct shard_peer_stats *stats(const struct rig *r, peer_id_t peer)
{
	return shard_peer_stats(r->shard, FAMILY_IPV4, peer);
}

Test(table, a_member_has_one_path_for_each_of_its_path_ids)
{
	struct rig r;
	rig_init(&r, 0);
	rig_op(&r, OP_UP, 3, 1);
	rig_op(&r, OP_UP, 4, 1);
	rig_announce_id(&r, 3, 1, 5, 0, 0); /* 0 is an id like any other. */
	rig_announce_id(&r, 3, 1, 5, UINT32_MAX, 3);
	rig_announce_id(&r, 3, 1, 5, 7, 3); /* The same set twice. */
	rig_announce(&r, 4, 1, 5, 6);
	rig_turn(&r);
	const struct paths *p = rig_paths(&r, 0);
	cr_assert_eq(p->count, 4);
	struct update_form form = wire_form(FAMILY_IPV4, 0, 0);
	cr_expect_eq(attr_id(view(p, 9, &form)->attr), ATTR_ID(3, 0));
	cr_expect_eq(attr_id(view(p, 3, &form)->attr), ATTR_ID(4, 6), "none of its own");
	rig_announce_id(&r, 3, 1, 5, 0, 3); /* Replaces the first. */
	rig_withdraw_id(&r, 3, 1, 5, 7);
	rig_withdraw_id(&r, 3, 1, 5, 8); /* It never announced that, */
	rig_withdraw(&r, 3, 5);		 /* nor one without an id. */
	rig_turn(&r);
	cr_expect_eq(rig_paths(&r, 0)->count, 3);
	cr_expect_eq(stats(&r, 3)->received, 2);
	rig_op(&r, OP_DOWN, 3, 1);
	rig_settle(&r);
	cr_expect_eq(rig_paths(&r, 0)->count, 1);
	rig_fini(&r);
}

Test(table, paths_beyond_the_limit_are_refused_and_counted)
{
	struct rig r;
	rig_init_opts(&r, &(struct shard_opts){.paths_max = 3});
	rig_op(&r, OP_UP, 3, 1);
	for (uint32_t id = 0; id < 5; id++) {
		rig_announce_id(&r, 3, 1, 5, id, id);
	}
	rig_pull(&r);
	cr_expect_eq(r.returned, 2, "their references too");
	cr_expect_eq(stats(&r, 3)->received, 3);
	cr_expect_eq(stats(&r, 3)->refused_paths, 2);
	rig_withdraw_id(&r, 3, 1, 5, 4);
	cr_expect_eq(stats(&r, 3)->received, 3);
	rig_withdraw_id(&r, 3, 1, 5, 1);
	rig_announce_id(&r, 3, 1, 5, 4, 4);
	rig_announce_id(&r, 3, 1, 5, 2, 7); /* A replacement needs no room. */
	cr_expect_eq(stats(&r, 3)->received, 3);
	cr_expect_eq(stats(&r, 3)->refused_paths, 2);
	rig_announce_id(&r, 3, 1, 6, 9, 9); /* Another prefix. */
	cr_expect_eq(stats(&r, 3)->received, 4);
	rig_fini(&r);
}

static bool has_id(struct rig *r, uint32_t id)
{
	const struct paths *p = rig_paths(r, 0);
	for (unsigned i = 0; i < p->count; i++) {
		if (attr_id(p->path[i].attr) == id) {
			return true;
		}
	}
	return false;
}

Test(table, stale_paths_make_way_for_the_ids_of_the_next_session)
{
	/* RFC 7911 §3: ids mean nothing, so after a restart the same paths may have others. */
	struct rig r;
	rig_init_opts(&r, &(struct shard_opts){.paths_max = 2});
	rig_op(&r, OP_UP, 3, 1);
	rig_announce_id(&r, 3, 1, 5, 20, 0);
	rig_announce_id(&r, 3, 1, 5, 10, 1);
	rig_turn(&r);
	rig_op(&r, OP_STALE, 3, 1);
	rig_op(&r, OP_DOWN, 3, 1);
	rig_op(&r, OP_UP, 3, 2);
	rig_announce_id(&r, 3, 2, 5, 30, 6);
	rig_turn(&r);
	cr_expect_eq(rig_paths(&r, 0)->count, 2);
	cr_expect(has_id(&r, ATTR_ID(3, 0)) && has_id(&r, ATTR_ID(3, 6)), "the lowest id went");
	rig_announce_id(&r, 3, 2, 5, 31, 7);
	rig_announce_id(&r, 3, 2, 5, 32, 8);
	rig_turn(&r);
	cr_expect(has_id(&r, ATTR_ID(3, 6)) && has_id(&r, ATTR_ID(3, 7)));
	cr_expect_eq(stats(&r, 3)->refused_paths, 1);
	rig_op(&r, OP_DOWN, 3, 2);
	rig_fini(&r);
}

Test(table, both_heads_of_one_member_do_not_hide_the_second_of_another)
{
	struct rig r;
	rig_init(&r, 0);
	rig_join(&r, 0);
	rig_join(&r, 1);
	runlog_set_floor(r.log, 0, 0);
	rig_announce_id(&r, 0, 1, 5, 1, 0);
	rig_announce_id(&r, 0, 1, 5, 2, 1);
	rig_announce(&r, 1, 1, 5, 9);
	rig_settle(&r);
	unsigned heard = 0;
	for (uint64_t p = rig_stats(&r).begin; p < rig_stats(&r).end; p++) {
		const struct run *run = runlog_at(r.log, p);
		if (run->kind == RUN_ANNOUNCE && audience_has(run->audience, 0)) {
			cr_expect_eq(attr_id(run->attr), ATTR_ID(1, 9));
			heard++;
		}
	}
	cr_expect_eq(heard, 1);
	rig_fini(&r);
}
