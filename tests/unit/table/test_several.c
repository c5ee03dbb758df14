/* Several paths to a member (RFC 7911), fact by fact. */
#include <criterion/criterion.h>

#include "tests/unit/table/rig.h"

#define CLASS WIRE_CLASS_PATHS

/* Members 0 and 1 get up to 3 paths; the log is watched from here on. */
static void begin(struct rig *r)
{
	rig_init_opts(r, &(struct shard_opts){.view_max = 3});
	for (peer_id_t i = 0; i < 2; i++) {
		struct op o = {.kind = OP_JOIN, .peer = i, .incarnation = 1, .class_idx = CLASS};
		rig_op(r, OP_UP, i, 1);
		shard_apply(r->shard, &o);
		rig_op(r, OP_JOIN_ACK, i, 1);
	}
	r->log = shard_log(r->shard, FAMILY_IPV4, CLASS);
	for (peer_id_t i = 5; i < 9; i++) {
		rig_op(r, OP_UP, i, 1);
	}
	rig_settle(r);
	runlog_set_floor(r->log, 0, rig_stats(r).end);
}

struct heard {
	unsigned announced, withdrawn;
	uint32_t last_path_id, last_id;
};

static void hear(void *context, const struct prefix *p, uint32_t path_id, uint32_t id)
{
	struct heard *h = context;
	(void)p;
	h->announced += id != 0;
	h->withdrawn += id == 0;
	h->last_path_id = path_id;
	h->last_id = id;
}

/* What a member hears with the next turns. */
static struct heard next(struct rig *r, peer_id_t peer)
{
	struct heard h = {0};
	uint64_t from = rig_stats(r).end;
	rig_settle(r);
	for (uint64_t p = from; p < rig_stats(r).end; p++) {
		const struct run *run = runlog_at(r->log, p);
		if (run->kind != RUN_MARK && audience_has(run->audience, peer)) {
			cr_assert(naive_decode(run->bytes, run->bytes_len, CLASS, hear, &h));
		}
	}
	return h;
}

Test(table, a_path_keeps_its_id_while_others_come_and_go)
{
	struct rig r;
	begin(&r);
	rig_announce(&r, 5, 1, 1, 3);
	struct heard h = next(&r, 0);
	cr_expect(h.announced == 1 && h.last_id == ATTR_ID(5, 3));
	uint32_t id = h.last_path_id;
	rig_announce(&r, 6, 1, 1, 0); /* Better: the other is only second now. */
	h = next(&r, 0);
	cr_expect(h.announced == 1 && h.withdrawn == 0 && h.last_id == ATTR_ID(6, 0));
	cr_expect_neq(h.last_path_id, id);
	rig_withdraw(&r, 6, 1);
	h = next(&r, 0);
	cr_expect(h.announced == 0 && h.withdrawn == 1 && h.last_path_id != id);
	rig_announce(&r, 5, 1, 1, 6); /* Another set: the same id. */
	h = next(&r, 0);
	cr_expect(h.announced == 1 && h.withdrawn == 0 && h.last_path_id == id);
	rig_fini(&r);
}

Test(table, the_fourth_path_moves_up_when_one_of_three_goes)
{
	struct rig r;
	begin(&r);
	for (peer_id_t i = 5; i < 9; i++) {
		rig_announce(&r, i, 1, 1, i == 8 ? 6 : 0); /* 8's is the worst. */
	}
	cr_expect_eq(next(&r, 0).announced, 3);
	rig_withdraw(&r, 6, 1);
	struct heard h = next(&r, 0);
	cr_expect(h.announced == 1 && h.withdrawn == 1);
	rig_fini(&r);
}

Test(table, an_announcer_gets_as_many_paths_without_its_own)
{
	struct rig r;
	begin(&r);
	rig_announce(&r, 0, 1, 1, 0); /* The best. */
	for (peer_id_t i = 5; i < 9; i++) {
		rig_announce(&r, i, 1, 1, 3);
	}
	uint64_t from = rig_stats(&r).end;
	cr_expect_eq(next(&r, 0).announced, 3);
	unsigned all = 0, but_own = 0;
	for (uint64_t p = from; p < rig_stats(&r).end; p++) {
		const struct run *run = runlog_at(r.log, p);
		all += run->audience->count == 2;
		but_own += run->audience->count == 1 && audience_has(run->audience, 1);
	}
	cr_expect(all == 2 && but_own == 1, "what both get is said once");
	rig_fini(&r);
}

Test(table, a_joiner_scans_all_its_paths)
{
	struct rig r;
	begin(&r);
	for (unsigned n = 0; n < 3000; n++) {
		rig_announce_id(&r, 5, 1, n, 1, 0);
		rig_announce_id(&r, 5, 1, n, 2, 1);
	}
	cr_expect_eq(next(&r, 1).announced, 6000);
	rig_op(&r, OP_RESCAN, 0, 1);
	cr_expect_eq(next(&r, 0).announced, 6000);
	rig_fini(&r);
}

Test(table, more_paths_may_go_at_once_than_a_batch_has_entries)
{
	struct rig r;
	begin(&r);
	for (unsigned n = 0; n < 8000; n++) {
		for (uint32_t id = 0; id < 3; id++) {
			rig_announce_id(&r, 5, 1, n, id, id);
		}
	}
	cr_expect_eq(next(&r, 0).announced, 24000);
	rig_op(&r, OP_DOWN, 5, 1);
	rig_turn(&r); /* Half of the sweep. */
	cr_expect_eq(next(&r, 0).announced, 0);
	cr_expect_eq(shard_stats(r.shard, FAMILY_IPV4)->paths, 0);
	/* All withdrawn in one flush. */
	for (unsigned n = 0; n < 8000; n++) {
		for (uint32_t id = 0; id < 3; id++) {
			rig_announce_id(&r, 6, 1, n, id, id);
		}
	}
	rig_settle(&r);
	for (unsigned n = 0; n < 8000; n++) {
		for (uint32_t id = 0; id < 3; id++) {
			rig_withdraw_id(&r, 6, 1, n, id);
		}
	}
	cr_expect_eq(next(&r, 0).withdrawn, 24000);
	rig_fini(&r);
}
