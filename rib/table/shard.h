/* A shard: the part of the RIB that one worker owns, for both families.
 *
 * Ops go in (shard_apply), ops come out (shard_pull), runs appear in the logs.  Nobody else writes
 * anything here.  A turn does, in bounded slices: expired frees → sweep (paths of dead
 * incarnations, new rules) → flush (publish, mark, append the difference) → carousel (scan runs for
 * joiners) → free acknowledged runs.  shard_apply never needs room anywhere: what it wants to send
 * waits in the shard until the caller pulls it.
 *
 * Bounds: log memory (bytes_max of each log).  A full log holds the flush back (its dirty set has
 * each entry once) and the scan earlier; cursors that stand still at the floor for LAG_US are then
 * asked to leave.  While shard_is_congested(), the worker does not apply its inbox: rings fill,
 * sessions are not read, and TCP windows close.
 */
#pragma once

#include "rib/attr/intern.h"
#include "rib/base/metric.h"
#include "rib/table/decide.h"
#include "rib/table/runlog.h"
#include "rib/table/wire_form.h"

/* A full log asks readers to leave when the lowest stood still for this long. */
#define LAG_US USEC_PER_SEC

/* Paths of one prefix that a member may have. */
#define PATHS_MAX_DEFAULT 16
#define PATHS_MAX_LIMIT	  255

/* Changes of a prefix that leave at once before it is paced. */
#define PACE_BURST_DEFAULT 8

struct shard_opts {
	core_id_t core;	       /* This worker; the shard's index. */
	core_id_t core_count;  /* Workers = shards. */
	uint16_t peer_count;   /* Member ids are below; at most PEER_COUNT_MAX. */
	uint64_t key;	       /* Seeds every hash. */
	asn_t local_as;	       /* Ours: what classes with OTC_ADD add. */
	struct intern *intern; /* This worker's; may be NULL where nothing becomes LLGR. */
	struct judge *judge;   /* This worker's; NULL: no rules, and none ever. */
	size_t log_bytes_max;  /* For each log; 0 = 64 MiB. */
	usec_t gather_us;      /* A flush waits at most this long while the inbox is busy. */
	/* A prefix that keeps changing is sent once in this time, after pace_burst changes
	 * (0 = PACE_BURST_DEFAULT); whole milliseconds, 0: as often as it changes. */
	usec_t pace_us;
	uint16_t pace_burst;
	/* The most paths that a member whose UP names no number may have for one prefix (RFC
	 * 7911); 0 = PATHS_MAX_DEFAULT. */
	uint16_t paths_max;
	/* The most paths that a member of WIRE_CLASS_PATHS gets of one prefix, at most VIEW_MAX;
	 * the same in all shards; 0 = 8. */
	uint16_t view_max;
	/* We have restarted: nothing is selected before every member is SETTLED (RFC 4724 §4.1). */
	bool is_deferred;
	uint16_t deferred_count; /* These are the members below this number; 0 = all. */
};

struct shard;
struct judge;
struct policy;
struct policy_scope;

struct shard *shard_new(const struct shard_opts *opts);
/* Everything is freed whatever its state; no reader may be left. */
void shard_free(struct shard *s);

/* Apply one op that came from `op->from`.  Owner. */
void shard_apply(struct shard *s, const struct op *op);
/* The same of an ANNOUNCE or WITHDRAW and a run of prefixes: what they share is done once. */
void shard_apply_run(struct shard *s, const struct op *op, const struct op_run *run);
/* A hint: something will soon be applied to the prefix (some ops later).  Hides the miss of its
 * slot, which is most of the cost of applying it to a large table.  Changes nothing. */
void shard_prefetch(const struct shard *s, const struct prefix *prefix);
/* The worker's judge has adopted `p`: what the scope has of the routes is judged again in the turns
 * to come, and from now on what comes judged by other rules.  Both are borrowed until shard_swept()
 * says the generation.  Owner. */
void shard_adopt(struct shard *s, const struct policy *p, const struct policy_scope *scope);
/* The generation of the last rules by which every route was judged.  Any thread. */
uint32_t shard_swept(const struct shard *s);
/* One slice of the work that is due.  `is_inbox_busy`: more ops are waiting, so changes may gather.
 * Owner; the caller passes a quiescent point afterwards. */
void shard_turn(struct shard *s, usec_t now, bool is_inbox_busy);
/* When shard_turn wants to be called next; 0 = at once, USEC_NEVER = nothing to do. */
usec_t shard_due(const struct shard *s);
/* Whether a turn would give back what logs need no more.  Nobody need be woken for that. */
bool shard_can_rest(const struct shard *s, usec_t now);
bool shard_is_congested(const struct shard *s);
/* The next op that waits to be sent to `core`; false when none does.  It is gone once returned. */
bool shard_pull(struct shard *s, core_id_t core, struct op *out);

/* For readers, any thread (under RCU where entries are looked at). */
/* The log of a class; NULL before its first member has joined.  It stays until shard_free. */
struct runlog *shard_log(const struct shard *s, enum family family, unsigned class_idx);
/* The first class at or above `from` that has a log; WIRE_CLASS_COUNT when there is none. */
unsigned shard_class_next(const struct shard *s, enum family family, unsigned from);
/* The form in which the shard writes for a class. */
struct update_form shard_form(const struct shard *s, enum family family, unsigned class_idx);
const struct slab *shard_slab(const struct shard *s, enum family family);
/* Members with pending sets: a worker raises its own count before it raises its floor past the
 * evicted runs, and lowers it when the set is empty; while any is set, ids are not reused. */
void shard_pending_add(struct shard *s, enum family family, core_id_t core, int delta);
/* The shard's view_max, for view_n. */
unsigned shard_view_max(const struct shard *s);
/* What ranking knows of a member as of now, for explain.  Any thread. */
struct rank_peer shard_rank_peer(const struct shard *s, peer_id_t peer);

/* How often the number has become free for another member: FORGET was applied, and no path, run or
 * reader names it any more.  Any thread. */
uint32_t shard_times_forgotten(const struct shard *s, peer_id_t peer);

/* Per member and family, single writer (the owner). */
struct shard_peer_stats {
	metric_t received;		 /* Paths held now, rejected ones too. */
	metric_t accepted;		 /* Of these, ranked. */
	metric_t rejected[REJECT_COUNT]; /* Of these, the others, by reason. */
	metric_t stale; /* Of those received, not of a live session; or gone, but not yet swept. */
	/* ANNOUNCEs refused because the prefix had paths_max paths of the member already. */
	metric_t refused_paths;
	/* Paths that could not become long-lived stale: the table of sets is full. */
	metric_t refused_llgr;
	/* Paths that went because there was no room for the set that new rules make of theirs. */
	metric_t refused_sets;
	metric_t blocked;   /* Of those received, kept out by the prefix limit. */
	metric_t announces; /* ANNOUNCEs that came, ever; later than what came of them. */
};
const struct shard_peer_stats *shard_peer_stats(const struct shard *s, enum family family,
						peer_id_t peer);
struct shard_stats {
	metric_t entries;    /* Prefixes with at least one path. */
	metric_t tombstones; /* Slots without a path that a run still names. */
	metric_t paths;
	metric_t path_bytes;  /* Path arrays. */
	metric_t table_bytes; /* Slab and hash. */
	metric_t flushes;
	metric_t paced;	  /* Entries that a flush left for later because they change too often. */
	metric_t retired; /* Arrays waiting for their grace period. */
	metric_t ops;
};
const struct shard_stats *shard_stats(const struct shard *s, enum family family);

/* Assert the invariants; O(entries).  Owner. */
void shard_check(const struct shard *s);
/* Whether nothing is held any more: no entry, path, run, audience, retired array or op to pull. */
bool shard_is_empty(const struct shard *s);
