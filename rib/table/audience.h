/* Audiences: sets of members as bits, interned so that runs share them.
 *
 * A run names its readers by a pointer to an immutable bit set; the same set is the same object,
 * so grouping compares pointers.  Sets are counted by the owning shard; readers look at a set only
 * through a run that their floor keeps alive, so no grace period is needed. */
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
	uint32_t refs;	/* Owner shard only. */
	uint32_t count; /* Members in it. */
	uint32_t words;
	uint64_t word[];
};

struct audience_table;

struct audience_table *audience_table_new(unsigned words, uint64_t key);
void audience_table_free(struct audience_table *t);
/* The interned set with this content, its count raised by one; NULL for the empty set. */
struct audience *audience_get(struct audience_table *t, const uint64_t *word);
void audience_hold(struct audience *a);
void audience_put(struct audience_table *t, struct audience *a);
size_t audience_count(const struct audience_table *t);

/* A base set that changes rarely, with its interned subsets "all but one": what almost every run
 * needs.  Keeps a count of each subset until the base changes. */
struct audience_cache;

struct audience_cache *audience_cache_new(struct audience_table *t, unsigned peer_count);
void audience_cache_free(struct audience_cache *c);
void audience_cache_add(struct audience_cache *c, peer_id_t peer);
void audience_cache_remove(struct audience_cache *c, peer_id_t peer);
bool audience_cache_has(const struct audience_cache *c, peer_id_t peer);
unsigned audience_cache_members(const struct audience_cache *c);
/* The base without `peer` (PEER_NONE: the base), its count raised by one; NULL when that is empty.
 * O(1) after the first time. */
struct audience *audience_cache_but(struct audience_cache *c, peer_id_t peer);
/* The base without two members.  O(words). */
struct audience *audience_cache_but_two(struct audience_cache *c, peer_id_t a, peer_id_t b);
/* The base (or nothing), but of the `count` members apart exactly those that are `is_in`; NULL when
 * empty.  O(words). */
struct audience *audience_cache_pick(struct audience_cache *c, bool has_base,
				     const peer_id_t *apart, const bool *is_in, unsigned count);
/* The set of one member.  O(words). */
struct audience *audience_cache_only(struct audience_cache *c, peer_id_t peer);

static inline bool audience_has(const struct audience *a, peer_id_t peer)
{
	return bits_has(a->word, peer);
}
