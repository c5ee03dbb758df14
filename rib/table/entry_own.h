/* The owner's side of entries: path arrays, the slab, and how a slot comes to be reused.
 * Private to rib/table. */
#pragma once

#include "rib/table/entry.h"

/* Why a slot is not simply free.  A slot may be reused when its entry is without paths, no run
 * names it, no pending set exists in the family, and a grace period has passed since all of that:
 *
 *   FREE ─first path→ LIVE ─flush publishes NULL→ TOMB ─names == 0→ QUEUED ─no pending set→ RETIRED
 *     ↑                                                                                      │
 *     └──────────────────────── grace period over, still without paths ──────────────────────┘
 *
 * A path that arrives meanwhile keeps the id: TOMB is LIVE again with the next flush, QUEUED and
 * RETIRED are looked at again when their turn comes (REVIVED: the grace period proves nothing). */
enum entry_state {
	ENTRY_FREE,
	ENTRY_LIVE,
	ENTRY_TOMB,
	ENTRY_QUEUED,
	ENTRY_RETIRED,
	ENTRY_REVIVED,
};

/* What waits for its grace period (struct retired): its kind, object and weight. */
enum retired_kind {
	RETIRED_MEMORY,	 /* Object: for free(). */
	RETIRED_PATHS,	 /* Object: a path array; weight: its bytes. */
	RETIRED_ATTR,	 /* Object: an attribute set that an array named; weight: references. */
	RETIRED_ENTRY,	 /* Weight: an entry id. */
	RETIRED_NUMBERS, /* Of members: forget.c. */
};

/* Path arrays.  The bytes are what the allocator takes for them. */
struct paths *paths_new(unsigned count);
size_t paths_bytes(unsigned count);
/* Index of the path with this key (path_key), or -1. */
int paths_find(const struct paths *p, uint32_t key);
bool paths_has_attr(const struct paths *p, uint32_t key, const struct attr *attr);
bool paths_equal(const struct paths *a, const struct paths *b);

/* The slab with what only the owner knows. */
struct slab_own {
	struct slab slab;
	entry_id_t free_head; /* Linked by `place`; ENTRY_NONE ends. */
	uint32_t used;	      /* Slots that are not FREE. */
	uint32_t chunks;
};

void slab_init(struct slab_own *s, enum family family);
void slab_fini(struct slab_own *s);
/* A slot in state LIVE for the prefix, clean and without paths.  ASSERTs below SLAB_CHUNKS_MAX. */
entry_id_t slab_take(struct slab_own *s, const struct prefix *prefix);
void slab_give(struct slab_own *s, entry_id_t id);
size_t slab_bytes(const struct slab_own *s);
