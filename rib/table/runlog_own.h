/* The owner's side of a run log: append, mark, free.  Private to rib/table.
 *
 * To mark the runs that a change supersedes without a search, each log keeps for every entry id
 * the newest item (an id in a run) that names it, and every item the one before it.  Marking
 * follows that chain and takes out of it what is marked.  A run that none of those hears whom the
 * change concerns stays true for all who hear it, and stays in the chain: where paths overlap, a
 * second path is news for the announcer of the best alone.
 *
 *     newest[id] ──→ item 9041 ──→ item 8817 ──→ 0
 *                    run 77         run 71 (a scan run, say)
 *
 * Items are numbered through; the low 32 bits are enough, because a live item that is reached by
 * a stale number still has to name the same id, and marking a run too many does no harm. */
#pragma once

#include "rib/table/entry_own.h"
#include "rib/table/runlog.h"

struct runlog *runlog_new(const struct slab *slab, unsigned core_count, size_t bytes_max);
/* Runs still there are freed, with no regard to what they count. */
void runlog_free(struct runlog *l);

struct runlog_content {
	enum run_kind kind;
	const struct attr *attr;   /* The run takes one reference (counted by the caller). */
	struct audience *audience; /* The run takes this count. */
	const entry_id_t *ids;
	const uint32_t *path_ids; /* NULL in classes without. */
	uint32_t count;
	const uint8_t *bytes;
	uint32_t bytes_len;
};

/* Append a run and let readers see it.  ids, path ids and bytes are copied; the names of the
 * entries are counted.  A ring that is outgrown goes to `retire`. */
void runlog_append(struct runlog *l, const struct runlog_content *content, struct retire *retire);
/* What `hears` are about to be told of the entry is news: mark every run that names it and that one
 * of them hears, too.  O(runs that name it and are not marked). */
void runlog_mark(struct runlog *l, entry_id_t id, struct audience *hears);

/* The minimum over the workers' floors; UINT64_MAX when no worker reads. */
uint64_t runlog_floor(const struct runlog *l);
/* The oldest run, or NULL when the log is empty. */
const struct run *runlog_oldest(const struct runlog *l);
/* Free the oldest run; what it counted is the caller's again: the attribute reference, the
 * audiences and the names of its entries. */
void runlog_drop(struct runlog *l);

uint64_t runlog_bytes(const struct runlog *l);
uint64_t runlog_bytes_max(const struct runlog *l);
/* The lowest position so that the runs at and above it take at most `bytes`.  O(runs). */
uint64_t runlog_position_keeping(const struct runlog *l, uint64_t bytes);
void runlog_set_evict_below(struct runlog *l, uint64_t position);
/* Memory beside the runs: rings and the index by entry. */
size_t runlog_table_bytes(const struct runlog *l);
/* Whether an empty log holds more than it needs; and give that back.  The next runs pay for it
 * again, so it is for a log that has been empty for a while.  A ring goes to `retire`. */
bool runlog_can_rest(const struct runlog *l);
void runlog_rest(struct runlog *l, struct retire *retire);
void runlog_count_encoded(struct runlog *l, uint64_t prefixes);
/* Assert the invariants and add the names of every entry to `names[id]`.  O(items). */
void runlog_check(const struct runlog *l, uint32_t *names);
