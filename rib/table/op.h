/* Ops: everything that travels between workers about routes.
 *
 * One op is one fixed-size cell of a mailbox ring (core/mailbox).  A session's worker sends ops to
 * shards; a shard answers with JOINED, and sends ADJUST to the worker that owns an attribute set.
 * Ops between two workers stay in order; to its own shard a worker gives them at once, and what an
 * UPDATE says of several prefixes as one op with a run of them.  Every op of a session carries the
 * session's incarnation; what arrives for a dead one is recognised and ignored (its references are
 * given back).
 *
 *   session → shard   UP        peer may announce: router id and address for ranking, limit
 *                     ANNOUNCE  prefix, attr (the op carries one reference), reason if rejected;
 *                               the generation of rules that both are by (its low bits)
 *                     WITHDRAW  prefix
 *                     JOIN      peer wants family's routes in wire class; answered by JOINED
 *                     JOIN_ACK  the worker's floor now covers the position of JOINED
 *                     RESCAN    send everything of the family again (ROUTE-REFRESH)
 *                     DOWN      the incarnation is dead: leave all logs, drop all its paths
 *                     STALE     sent before DOWN: the family's paths stay, as stale ones
 *                     STALE_END what is still stale goes
 *                     LLGR      what is still stale becomes long-lived stale
 *                     RENEW     the member begins to announce the family again (RFC 7313)
 *                     RENEW_END what it has not announced since goes
 *                     DROP      everything of the family goes (RFC 7606 §2, AFI/SAFI disable)
 *                     UNBLOCK   so many paths that the prefix limit keeps out are accepted
 *                     SETTLED   a deferred selection need not wait for the member any more;
 *                               from PEER_NONE: for nobody
 *                     FORGET    sent after the last DOWN: the peer's number will be another's
 *   shard → session   JOINED    position in the log of (shard, family, class) to read from
 *   shard → worker    ADJUST    add `delta` references to `attr`
 */
#pragma once

#include <assert.h>

#include "rib/attr/attr.h"
#include "rib/policy/reject.h"

enum op_kind {
	OP_UP,
	OP_ANNOUNCE,
	OP_WITHDRAW,
	OP_JOIN,
	OP_JOIN_ACK,
	OP_RESCAN,
	OP_DOWN,
	OP_STALE,
	OP_STALE_END,
	OP_LLGR,
	OP_SETTLED,
	OP_RENEW,
	OP_RENEW_END,
	OP_DROP,
	OP_UNBLOCK,
	OP_FORGET,
	OP_JOINED, /* From here on: to sessions and workers. */
	OP_ADJUST,
	OP_KIND_COUNT
};

struct op {
	uint8_t kind;	/* enum op_kind */
	uint8_t family; /* enum family */
	uint8_t reason; /* ANNOUNCE: enum reject. */
	union {
		uint8_t class_idx; /* JOIN, JOINED: wire class. */
		struct {
			bool has_path_id : 1; /* ANNOUNCE, WITHDRAW: it sends several paths. */
			/* ANNOUNCE: over the prefix limit, only for a path that it has. */
			bool is_capped : 1;
		};
		bool is_added;	   /* STALE: to what is stale already, RFC 8538 §4.1. */
		uint8_t paths_max; /* UP: of one prefix, RFC 7911; 0 = the shard's. */
	};
	peer_id_t peer;
	core_id_t from; /* The sending worker: JOINED goes back to it. */
	incarnation_t incarnation;
	union {
		uint32_t router_id; /* UP: host order. */
		uint32_t path_id;   /* ANNOUNCE, WITHDRAW: with has_path_id, RFC 7911 §3. */
	};
	union {
		const struct attr *attr; /* ANNOUNCE, ADJUST. */
		uint64_t position;	 /* JOINED. */
		uint64_t grant;		 /* UNBLOCK: how many at most. */
	};
	union {
		struct {
			struct prefix prefix; /* ANNOUNCE, WITHDRAW. */
			uint16_t policy;      /* ANNOUNCE: whose verdict it is, see shard.h. */
		};
		struct addr addr; /* UP: the member's address. */
		int64_t delta;	  /* ADJUST. */
	};
};

static_assert(sizeof(struct op) <= 48, "an op is three quarters of a cache line");

/* What an ANNOUNCE or WITHDRAW is said of, in order: the op's own prefix and path id count for
 * nothing beside it, and an ANNOUNCE carries a reference for each. */
struct op_run {
	const struct prefix *prefix;
	const uint32_t *path_id;
	uint32_t count;
};

/* The same of one of them. */
static inline struct op op_at(const struct op *op, const struct op_run *run, uint32_t i)
{
	struct op one = *op;
	one.prefix = run->prefix[i];
	one.path_id = run->path_id[i];
	return one;
}
