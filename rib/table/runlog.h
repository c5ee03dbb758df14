/* The run log: one append-only log for each shard, family and wire class.
 *
 * A run is (attribute set, or none: withdraw; audience; entry ids, in classes with path ids also
 * those) with its UPDATE messages,
 * encoded once and sent to every member of the audience from the same bytes.  The owner appends,
 * marks and frees; a reader keeps a position.
 *
 * Guarantees:
 *  (a) Publication before append: what a run says is already published in its entries.
 *  (b) Mark before append: when a change supersedes an entry named by an earlier run, that run is
 *      dirty before the run with the change can be seen, unless nobody hears both; a reader of a
 *      dirty run re-checks view(entry, me) id by id and sends only what still holds.
 *  (c) A prefix that a reader skips because the view no longer agrees has a later run.
 *  (d) A run at position p is freed only when every floor is > p; runs never move.
 *  (e) Position order is the order in which a member must hear the runs.
 *  (f) Mark before publication: who has asked an entry for its news and then reads an earlier run
 *      about it finds that run dirty, and so never goes back to what was before.
 *
 * Threads: append, mark, free: owner.  Reading: any worker whose floor covers the position.
 * runlog_set_floor: the worker `core` only.
 */
#pragma once

#include "rib/attr/audience.h"
#include "rib/table/entry.h"

enum run_kind {
	RUN_ANNOUNCE,
	RUN_WITHDRAW,
	RUN_MARK, /* No bytes: the scan is complete for everyone in the audience. */
};

/* What later runs have made of a run. */
enum run_dirt {
	RUN_CLEAN,
	RUN_DIRTY, /* Something in it is superseded for somebody. */
	RUN_GONE,  /* And everything for all in `gone`: they need not ask. */
};

/* Consecutive runs whose bytes stand in a row: for who hears them all, or none, one test instead of
 * one for each.  A hint: it appears some time after its runs, and not all runs get into one. */
struct run_row {
	uint32_t count; /* Runs. */
	uint32_t bytes_len;
	uint32_t withdrawn, announced; /* Prefixes. */
	uint8_t dirty;		       /* Atomic: one of the runs is. */
	uint32_t words;
	uint64_t all[]; /* Bits: the members who hear every run; behind them, who hears any. */
};

struct run {
	uint64_t position;
	uint8_t kind;		   /* enum run_kind */
	uint8_t dirty;		   /* Atomic: enum run_dirt. */
	const struct attr *attr;   /* ANNOUNCE: holds one reference; else NULL. */
	struct audience *audience; /* Holds one count. */
	struct audience *gone;	   /* For RUN_GONE; NULL, or holds one count. */
	uint32_t count;		   /* Entry ids. */
	uint32_t bytes_len;
	const entry_id_t *ids;
	const uint32_t *path_ids; /* One for each; NULL in classes without. */
	const uint8_t *bytes;	  /* Whole UPDATE messages. */
	struct run_row *row;	  /* Atomic: begins here; NULL: none. */
};

struct runlog;

/* Reader side. */
/* One past the newest run.  Positions start at 0. */
uint64_t runlog_end(const struct runlog *l);
/* The run at a position in [own floor, end).  The bytes of consecutive runs mostly stand in a row,
 * too: a reader may take them as one span. */
const struct run *runlog_at(const struct runlog *l, uint64_t position);
static inline bool run_is_dirty(const struct run *r)
{
	return __atomic_load_n(&r->dirty, __ATOMIC_ACQUIRE) != RUN_CLEAN;
}
/* Whether a later run says something else to the member of everything in this one. */
static inline bool run_is_gone(const struct run *r, peer_id_t peer)
{
	return __atomic_load_n(&r->dirty, __ATOMIC_ACQUIRE) == RUN_GONE &&
	       audience_has(r->gone, peer);
}
/* The row that begins with the run, when it is clean and the member hears all of it; else NULL. */
static inline const struct run_row *run_row_for(const struct run *r, peer_id_t peer)
{
	const struct run_row *row = epoch_read(r->row);
	bool suits = row != NULL && bits_has(row->all, peer) &&
		     __atomic_load_n(&row->dirty, __ATOMIC_ACQUIRE) == 0;
	return suits ? row : NULL;
}
/* The row that begins with the run, when the member hears nothing of it; else NULL. */
static inline const struct run_row *run_row_past(const struct run *r, peer_id_t peer)
{
	const struct run_row *row = epoch_read(r->row);
	return row != NULL && !bits_has(row->all + row->words, peer) ? row : NULL;
}
/* The lowest position that any of this worker's sessions has not had acknowledged; UINT64_MAX when
 * none reads the log.  Monotone but for a JOINED position that lowers UINT64_MAX. */
void runlog_set_floor(struct runlog *l, core_id_t core, uint64_t position);
/* Cursors below this position are asked to leave (see export's pending set); 0 = nobody. */
uint64_t runlog_evict_below(const struct runlog *l);

/* For status: any thread, approximate. */
struct runlog_stats {
	uint64_t begin; /* Oldest run still kept. */
	uint64_t end;
	uint64_t bytes; /* All memory of the runs that are kept. */
	uint64_t bytes_max;
	uint64_t encoded;    /* Prefixes encoded so far. */
	uint64_t runs_dirty; /* Runs marked dirty so far. */
};
void runlog_stats(const struct runlog *l, struct runlog_stats *out);
