/* The prefix table: prefix → entry id, flat and open-addressed; only the owner probes it.
 *
 * A slot is 4 bytes: the id and, in the bits that ids leave free, a tag of the hash, so that a
 * probe looks at an entry only when it almost surely is the one.  The prefix itself stands in the
 * entry.  At most 4/5 full; replaced whole, twice as large, when it grows (a walk over the slab in
 * id order, ~20 ns an entry).  Private to rib/table. */
#pragma once

#include "rib/table/entry_own.h"

struct ptable {
	uint32_t *slot; /* 0 is empty. */
	uint32_t mask;
	uint32_t count;
	uint64_t key;
};

void ptable_init(struct ptable *t, uint64_t key);
void ptable_fini(struct ptable *t);
/* The id of a prefix, or ENTRY_NONE. */
entry_id_t ptable_find(const struct ptable *t, const struct slab *s, const struct prefix *p);
/* Add the entry's prefix, which must not be there. */
void ptable_add(struct ptable *t, const struct slab *s, entry_id_t id);
/* Take out the entry's prefix, which must be there. */
void ptable_remove(struct ptable *t, const struct slab *s, entry_id_t id);
size_t ptable_bytes(const struct ptable *t);
