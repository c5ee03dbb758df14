/* One shard alone, with the intern table of its one worker: for tests of a fact. */
#pragma once

#include "rib/table/shard.h"
#include "tests/unit/table/make.h"

#define RIG_PEERS 200

struct rig {
	struct intern *intern;
	struct shard *shard;
	struct runlog *log; /* Of IPv4, class 0. */
	usec_t now;
	int64_t returned;     /* References that came back. */
	struct paths_one one; /* rig_paths. */
};

void rig_init(struct rig *r, size_t log_bytes_max);
/* What the rig decides itself (workers, peers, key) is overwritten in `extra`. */
void rig_init_opts(struct rig *r, const struct shard_opts *extra);
/* Every member goes; nothing may be left. */
void rig_fini(struct rig *r);

/* All of IPv4; router id and address follow from the peer. */
void rig_op(struct rig *r, enum op_kind kind, peer_id_t peer, incarnation_t incarnation);
/* UP with incarnation 1, JOIN in class 0, JOIN_ACK. */
void rig_join(struct rig *r, peer_id_t peer);
void rig_announce(struct rig *r, peer_id_t peer, incarnation_t inc, unsigned number, unsigned v);
void rig_withdraw(struct rig *r, peer_id_t peer, unsigned number); /* Incarnation 1. */
void rig_announce_id(struct rig *r, peer_id_t peer, incarnation_t inc, unsigned number, uint32_t id,
		     unsigned v);
void rig_withdraw_id(struct rig *r, peer_id_t peer, incarnation_t inc, unsigned number,
		     uint32_t id);

void rig_turn(struct rig *r);	/* One turn, what it sends, a quiescent point, all invariants. */
void rig_settle(struct rig *r); /* Turns until nothing is due at once. */
void rig_pull(struct rig *r);
struct runlog_stats rig_stats(const struct rig *r);
/* Published; valid until the next call. */
const struct paths *rig_paths(struct rig *r, entry_id_t id);
