/* Import: a decoded UPDATE becomes ops for the shards.  RFC 7606, RFC 4271 §9.1, RFC 7947 §2.
 *
 * Attributes are interned once per UPDATE and family, and every prefix of it shares that set.  An
 * UPDATE is applied in slices, as there is room in the outboxes. */
#pragma once

#include "rib/base/metric.h"
#include "rib/policy/judge.h"
#include "rib/table/op.h"
#include "rib/wire/update.h"

/* Where ops go. */
struct import_sink {
	/* An op about a run of prefixes, all of one shard. */
	void (*push)(void *context, core_id_t shard, const struct op *op, const struct op_run *run);
	/* A hint that the prefix will soon be pushed; may be NULL. */
	void (*expect)(void *context, core_id_t shard, const struct prefix *prefix);
	/* The member has sent all that it has of a family (RFC 4724 §2); may be NULL. */
	void (*end_of_rib)(void *context, enum family family);
	/* A family cannot be read any more: its routes go, and what else comes of it is to be
	 * passed over (AFI/SAFI disable, RFC 7606 §2).  NULL without update_opts.can_disable. */
	void (*disable)(void *context, enum family family);
	/* An UPDATE body was not accepted whole: what was found in it; may be NULL. */
	void (*fault)(void *context, struct span body, const struct attr_result *result);
	void *context;
};

struct import_env {
	struct judge *judge; /* This worker's. */
	core_id_t core;	     /* This worker. */
	core_id_t shard_count;
	uint64_t key; /* prefix_shard's. */
	asn_t local_as;
	/* Our addresses: a next hop that is one of them is refused (RFC 4271 §5.1.3 a). */
	const struct addr *local_addr;
	unsigned local_addr_count;
};

struct import_stats {
	metric_t updates;
	metric_t announced; /* Prefixes, rejected ones among them. */
	metric_t withdrawn;
	metric_t end_of_ribs;
	metric_t treat_as_withdraw; /* UPDATEs with that verdict. */
	metric_t attr_discard;
	metric_t afi_disable;
	metric_t session_reset;
	metric_t faults[FAULT_COUNT]; /* By what was wrong; an UPDATE may have several. */
	metric_t faults_untold;	      /* Beyond FAULT_NOTES_MAX of one UPDATE. */
	metric_t refused_memory;      /* Prefixes withdrawn because the intern table was full. */
	const char *last_fault; /* Of the last UPDATE that was not accepted whole; static text. */
};

/* An UPDATE on its way in. */
struct import_task {
	peer_id_t peer;
	incarnation_t incarnation;
	struct span body; /* The same octets in each call. */
	size_t room;	  /* Ops that may be pushed in this call, to one shard all of them; >= 1. */
	/* How far former calls have come: 0 at first, then as it was left. */
	uint32_t done; /* Prefixes. */
	size_t octet;  /* Within the sequence of prefixes that was begun. */
	bool is_whole; /* Set when nothing is left. */
};

/* Apply what there is room for of one UPDATE body of a member.  Returns the verdict on the message,
 * the same each time; with VERDICT_SESSION_RESET nothing was pushed and `*out_why` is to be sent.
 * O(body) in each call. */
enum verdict import_update(const struct import_env *env, const struct update_opts *opts,
			   struct import_task *task, const struct import_sink *sink,
			   struct import_stats *stats, struct notify *out_why);
