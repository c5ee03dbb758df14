/* The dirty ring: entries that have changed since they were last flushed, oldest first, each once;
 * and for each what the owner works on.  (Those that change too often wait in a second one, see
 * pace.h.)
 *
 * An item's place never changes, so the entry can hold it while it is dirty (place counts all
 * pushes; the ring keeps it at place & mask).  The ring doubles when it is full and goes back to
 * its least size when it is empty: between changes the table pays nothing for the working side.
 * Private to rib/table. */
#pragma once

#include "rib/base/check.h"
#include "rib/table/entry.h"

struct dirty_item {
	paths_word_t
		working; /* Equal to the entry's `published`, or an array of ours, or a path. */
	entry_id_t id;
	uint16_t generation; /* Of the path in `working`, where that is one. */
	bool is_held;	     /* The flush under way leaves it to the paced ring. */
};

static_assert(sizeof(struct dirty_item) == 16, "four in a cache line");

struct dirty {
	struct dirty_item *item;
	uint32_t mask, head, tail;
};

void dirty_init(struct dirty *d);
void dirty_fini(struct dirty *d);
/* Returns the item's place. */
uint32_t dirty_push(struct dirty *d, struct dirty_item item);
/* The oldest goes. */
void dirty_pop(struct dirty *d);
size_t dirty_bytes(const struct dirty *d);

static inline uint32_t dirty_count(const struct dirty *d)
{
	return d->tail - d->head;
}

/* Valid until the next push or pop. */
static inline struct dirty_item *dirty_at(const struct dirty *d, uint32_t place)
{
	ASSERT(place - d->head < d->tail - d->head);
	return &d->item[place & d->mask];
}
