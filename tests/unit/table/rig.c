/* One shard alone: see rig.h. */
#include "tests/unit/table/rig.h"

#include <criterion/criterion.h>

void rig_init(struct rig *r, size_t log_bytes_max)
{
	rig_init_opts(r, &(struct shard_opts){.log_bytes_max = log_bytes_max});
}

void rig_init_opts(struct rig *r, const struct shard_opts *extra)
{
	struct shard_opts opts = *extra;
	epoch_thread_begin();
	*r = (struct rig){.now = 1000};
	r->intern = intern_new(0, 1, 100000);
	opts.core_count = 1;
	opts.peer_count = RIG_PEERS;
	opts.key = 3;
	opts.gather_us = 2000;
	opts.local_as = MAKE_LOCAL_AS;
	opts.intern = r->intern;
	r->shard = shard_new(&opts);
	/* A member that is gone at once: now the class has its log. */
	rig_op(r, OP_UP, RIG_PEERS - 1, 0);
	rig_op(r, OP_JOIN, RIG_PEERS - 1, 0);
	rig_op(r, OP_DOWN, RIG_PEERS - 1, 0);
	r->log = shard_log(r->shard, FAMILY_IPV4, 0);
}

void rig_pull(struct rig *r)
{
	struct op op;
	while (shard_pull(r->shard, 0, &op)) {
		if (op.kind == OP_ADJUST) {
			intern_adjust(r->intern, op.attr, op.delta);
			r->returned -= op.delta;
		}
	}
}

void rig_turn(struct rig *r)
{
	r->now += 100;
	shard_turn(r->shard, r->now, false);
	rig_pull(r);
	epoch_quiescent();
	shard_check(r->shard);
}

void rig_op(struct rig *r, enum op_kind kind, peer_id_t peer, incarnation_t incarnation)
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

void rig_join(struct rig *r, peer_id_t peer)
{
	rig_op(r, OP_UP, peer, 1);
	rig_op(r, OP_JOIN, peer, 1);
	rig_op(r, OP_JOIN_ACK, peer, 1);
}

void rig_announce(struct rig *r, peer_id_t peer, incarnation_t inc, unsigned number, unsigned v)
{
	struct op o = {.kind = OP_ANNOUNCE, .peer = peer, .incarnation = inc};
	o.prefix = make_prefix(FAMILY_IPV4, number);
	o.attr = make_attr(r->intern, peer, v, FAMILY_IPV4);
	shard_apply(r->shard, &o);
}

void rig_announce_id(struct rig *r, peer_id_t peer, incarnation_t inc, unsigned number, uint32_t id,
		     unsigned v)
{
	struct op o = {.kind = OP_ANNOUNCE, .peer = peer, .incarnation = inc};
	o.prefix = make_prefix(FAMILY_IPV4, number);
	o.attr = make_attr(r->intern, peer, v, FAMILY_IPV4);
	o.has_path_id = true;
	o.path_id = id;
	shard_apply(r->shard, &o);
}

void rig_withdraw_id(struct rig *r, peer_id_t peer, incarnation_t inc, unsigned number, uint32_t id)
{
	struct op o = {.kind = OP_WITHDRAW, .peer = peer, .incarnation = inc};
	o.prefix = make_prefix(FAMILY_IPV4, number);
	o.has_path_id = true;
	o.path_id = id;
	shard_apply(r->shard, &o);
}

void rig_withdraw(struct rig *r, peer_id_t peer, unsigned number)
{
	struct op o = {.kind = OP_WITHDRAW, .peer = peer, .incarnation = 1};
	o.prefix = make_prefix(FAMILY_IPV4, number);
	shard_apply(r->shard, &o);
}

struct runlog_stats rig_stats(const struct rig *r)
{
	struct runlog_stats st;
	runlog_stats(r->log, &st);
	return st;
}

void rig_settle(struct rig *r)
{
	do {
		rig_turn(r);
	} while (shard_due(r->shard) == 0);
}

const struct paths *rig_paths(struct rig *r, entry_id_t id)
{
	return entry_paths(slab_at(shard_slab(r->shard, FAMILY_IPV4), id), &r->one);
}

void rig_fini(struct rig *r)
{
	runlog_set_floor(r->log, 0, UINT64_MAX);
	for (unsigned i = 0; i < RIG_PEERS; i++) {
		for (incarnation_t inc = 1; inc < 4; inc++) {
			rig_op(r, OP_DOWN, (peer_id_t)i, inc);
			rig_op(r, OP_STALE_END, (peer_id_t)i, inc);
		}
	}
	for (unsigned i = 0; i < 8 && !shard_is_empty(r->shard); i++) {
		do {
			rig_turn(r);
		} while (shard_due(r->shard) == 0);
		epoch_barrier();
	}
	cr_expect(shard_is_empty(r->shard));
	cr_expect_eq(intern_refs(r->intern), 0);
	shard_free(r->shard);
	intern_free(r->intern);
	epoch_thread_end();
}
