/* The prefix table: prefix → entry id, flat and open-addressed; only the owner probes it.
 *
 * A slot is 4 bytes: the id and, in the bits that ids leave free, a tag of the hash, so that a
 * probe looks at an entry only when it almost surely is the one.  The prefix itself stands in the
 * entry.  16 slots are a cache line, and a line is probed at once; prefixes that are neighbours in
 * address space mostly stand in the same.  At most 4/5 full; replaced whole, twice as large, when
 * it grows (a walk over the slab in id order, ~20 ns an entry).  Private to rib/table. */
#pragma once

#include "rib/table/entry_own.h"

struct ptable {
	uint32_t *slot; /* 0 is empty. */
	uint32_t mask;
	uint32_t count;
	uint64_t key[2];
};

void ptable_init(struct ptable *t, uint64_t key);
void ptable_fini(struct ptable *t);
/* The keyed hash of a prefix in this table, for the two that follow. */
uint64_t ptable_hash(const struct ptable *t, const struct prefix *p);
/* Start to fetch the line where a look-up will begin. */
static inline void ptable_prefetch(const struct ptable *t, uint64_t hash)
{
	__builtin_prefetch(&t->slot[(uint32_t)hash & t->mask]);
}
/* The id of a prefix; or ENTRY_NONE, and `*out_place` is where it would stand. */
entry_id_t ptable_find(const struct ptable *t, const struct slab *s, const struct prefix *p,
		       uint64_t hash, uint32_t *out_place);
/* Add the entry's prefix, which ptable_find has just not found, at its place. */
void ptable_add(struct ptable *t, const struct slab *s, entry_id_t id, uint64_t hash,
		uint32_t place);
/* Take out the entry's prefix, which must be there. */
void ptable_remove(struct ptable *t, const struct slab *s, entry_id_t id);
size_t ptable_bytes(const struct ptable *t);
