/* Audiences: sets of members as bits, interned so that runs and attribute sets share them.
 *
 * A run names its readers by a pointer to an immutable bit set, and so does an attribute set that
 * may not go to everyone (reach.h); the same set is the same object, so grouping compares
 * pointers.  Sets are counted by whoever owns the table: a shard, or the worker that interns
 * attributes.  Readers look at a set only through a run that their floor keeps alive, or through an
 * attribute set that is alive, so no grace period is needed. */
#pragma once

#include "rib/base/units.h"

/* A mutable set of `words` 64-bit words; the caller's memory. */
struct bits {
	uint64_t *word;
	unsigned words;
};

static inline bool bits_has(const uint64_t *word, unsigned bit)
{
	return word[bit / 64] >> (bit % 64) & 1;
}

static inline void bits_set(uint64_t *word, unsigned bit)
{
	word[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline void bits_clear(uint64_t *word, unsigned bit)
{
	word[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

bool bits_is_empty(const uint64_t *word, unsigned words);
unsigned bits_count(const uint64_t *word, unsigned words);

struct audience {
	uint64_t hash;
	uint32_t refs;	/* Owner of the table only. */
	uint32_t count; /* Members in it. */
	uint32_t words;
	uint32_t crowd; /* Scratch of who groups by audience (rib/table/batch.c); 0 at rest. */
	uint64_t word[];
};

struct audience_table;

struct audience_table *audience_table_new(unsigned words, uint64_t key);
void audience_table_free(struct audience_table *t);
unsigned audience_table_words(const struct audience_table *t);
/* The interned set with this content, its count raised by one; NULL for the empty set. */
struct audience *audience_get(struct audience_table *t, const uint64_t *word);
/* The same, and the empty set is one, too. */
struct audience *audience_get_any(struct audience_table *t, const uint64_t *word);
void audience_hold(struct audience *a);
void audience_put(struct audience_table *t, struct audience *a);
size_t audience_count(const struct audience_table *t);

static inline bool audience_has(const struct audience *a, peer_id_t peer)
{
	return bits_has(a->word, peer);
}
