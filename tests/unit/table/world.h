/* A small world around shards: members with sessions, mailboxes between workers, readers that
 * follow the protocol of the log to the letter, and the naive oracle.
 *
 * One thread plays all workers; every step is chosen by a seed.  Members decode what they read from
 * the runs' bytes with a decoder of the tests' own.  world_step() does one random thing;
 * world_calm() lets everything arrive and compares each member with the oracle. */
#pragma once

#include "rib/base/prng.h"
#include "rib/table/shard.h"
#include "tests/unit/table/make.h"

#define WORLD_SHARDS  3
#define WORLD_MEMBERS MAKE_MEMBERS
#define WORLD_NUMBERS 48 /* Prefixes of a family. */
#define WORLD_PEERS   MAKE_PEERS
#define WORLD_IDS     5 /* 0: without a path id. */
#define WORLD_VIEW    3 /* Paths that a member of WIRE_CLASS_PATHS gets. */
#define WORLD_PATHS   2 /* Paths of a member and prefix that the shards allow. */
#define WORLD_PACE_US (5 * USEC_PER_MSEC)

struct world_opts {
	uint64_t seed;
	unsigned shards, members, numbers;
	size_t log_bytes_max; /* 0: plenty. */
	bool is_busy;	      /* Inboxes are often busy: flushes gather. */
	bool is_paced;	      /* Prefixes that change often are sent later. */
	/* Nobody restarts gracefully, has another class than AS2 or 0, or sends path ids. */
	bool is_plain;
	bool is_deferred; /* The server has restarted. */
	bool has_reach;	  /* Routes ask with communities who may hear them. */
	bool has_rules;	  /* With has_reach: rules change. */
	bool has_all; /* Members are of any class; else of those without RFC 8654, 8950, 9234. */
};

struct world;

struct world *world_new(const struct world_opts *opts);
/* Everything must be empty: see world_end. */
void world_free(struct world *w);
void world_step(struct world *w);
/* Everything arrives and is read; then each member holds exactly what the oracle says. */
void world_calm(struct world *w);
/* All sessions end; nothing may be left anywhere. */
void world_end(struct world *w);

/* Single acts, for scripted tests.  Members are numbered 0.. */
void world_up(struct world *w, unsigned member, const uint8_t class_idx[FAMILY_COUNT]);
void world_down(struct world *w, unsigned member);
/* The session ends; `is_kept[family]`: its routes stay as stale ones. */
void world_restart(struct world *w, unsigned member, const bool *is_kept);
void world_stale_end(struct world *w, unsigned member, enum family family);
void world_llgr(struct world *w, unsigned member, enum family family);
/* The member announces the family anew (RFC 7313), and what it has not by the end goes. */
void world_renew(struct world *w, unsigned member, enum family family);
void world_renew_end(struct world *w, unsigned member, enum family family);
/* The family goes, the session stays. */
void world_drop(struct world *w, unsigned member, enum family family);
/* Selection need not wait for the member. */
void world_settled(struct world *w, unsigned member);
void world_announce(struct world *w, unsigned member, enum family family, unsigned number,
		    unsigned path_id, unsigned variant, enum reject reason);
void world_withdraw(struct world *w, unsigned member, enum family family, unsigned number,
		    unsigned path_id);
void world_rescan(struct world *w, unsigned member);
/* Other rules; false when somebody has not judged by the last ones yet.  The generation is ours. */
bool world_publish(struct world *w, const struct make_rules *rules);
/* A worker adopts what was published last. */
void world_adopt(struct world *w, unsigned core);
/* All mailboxes are emptied (both ways). */
void world_deliver_all(struct world *w);
void world_turn(struct world *w, unsigned shard, usec_t forward);
/* The member reads up to `runs` runs of each of its logs; everything read is acknowledged if so. */
void world_read(struct world *w, unsigned member, unsigned runs, bool is_acked);
struct shard *world_shard(struct world *w, unsigned shard);
uint64_t world_evictions(const struct world *w);
/* The set that the member holds: its id, 0 for none. */
uint32_t world_held(const struct world *w, unsigned member, enum family family, unsigned number);
