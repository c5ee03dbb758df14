/* The intern table: one object for each distinct attribute set, in its dress, of a worker.
 *
 * Flat, open-addressed, single-writer: only the owning worker touches it.  The reference count
 * lives in the table's slot and not in the set, so sets that other workers read share no written
 * cache line.  References are counted in batches; those that shards and runs drop come back
 * through the mailboxes as a (set, delta) message, never before the grace period of the last array
 * that named the set, so an address is not reused while a reader may still compare it.
 * Messages of one shard are in order, so its +n for a run precedes its -n for a path.
 */
#pragma once

#include "rib/attr/reach.h"

struct intern;

/* `count_max` bounds the sets; `key` seeds the content hash.  NULL when memory is short. */
struct intern *intern_new(core_id_t owner, uint64_t key, size_t count_max);
/* Sets still referenced are freed too (the process ends). */
void intern_free(struct intern *in);
/* Where the audiences of dressed sets are counted: before the first of these.  Borrowed, until the
 * last of them is gone. */
void intern_set_audiences(struct intern *in, struct audience_table *audiences);
/* Find or create the set (draft's bytes, next hop) and add `refs` (>= 1) to its count.  The set's
 * facts are computed anew from the bytes, so that equal bytes have equal facts by construction.
 * NULL when the table is at its bound: nothing changed.  Owner core. */
const struct attr *intern_get(struct intern *in, const struct attr_draft *draft,
			      const struct next_hop *next_hop, uint32_t refs);
/* The same with a dress.  The reference of each audience and set in it is taken, whatever comes of
 * it. */
const struct attr *intern_get_dressed(struct intern *in, const struct attr_draft *draft,
				      const struct next_hop *next_hop,
				      const struct attr_dress *dress, uint32_t refs);
/* Add `delta` to the set's count; at zero the set is freed.  Owner core. */
void intern_adjust(struct intern *in, const struct attr *a, int64_t delta);
size_t intern_count(const struct intern *in);
size_t intern_bytes(const struct intern *in);  /* Sets, their dress, and table. */
uint64_t intern_refs(const struct intern *in); /* Sum of all counts: for invariants. O(n). */
