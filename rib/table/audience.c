/* Audiences: see audience.h.
 *
 * The table is flat and open-addressed with linear probing; a set that loses its last count leaves
 * at once, and the slots behind it move up, so there are no tombstones.  Contents are hashed,
 * never addresses.
 */
#include "rib/table/audience.h"

#include <string.h>

#include "rib/base/hash.h"
#include "rib/table/mem.h"

#define SLOTS_MIN 64

struct audience_table {
	struct audience **slot; /* NULL is empty. */
	size_t mask;
	size_t count;
	uint64_t key;
	unsigned words;
};

bool bits_is_empty(const uint64_t *word, unsigned words)
{
	uint64_t any = 0;
	for (unsigned i = 0; i < words; i++) {
		any |= word[i];
	}
	return any == 0;
}

unsigned bits_count(const uint64_t *word, unsigned words)
{
	unsigned n = 0;
	for (unsigned i = 0; i < words; i++) {
		n += (unsigned)__builtin_popcountll(word[i]);
	}
	return n;
}

struct audience_table *audience_table_new(unsigned words, uint64_t key)
{
	ASSERT(words > 0);
	struct audience_table *t = mem_new(sizeof(*t));
	t->slot = mem_new(SLOTS_MIN * sizeof(*t->slot));
	t->mask = SLOTS_MIN - 1;
	t->key = key;
	t->words = words;
	return t;
}

void audience_table_free(struct audience_table *t)
{
	if (t == NULL) {
		return;
	}
	for (size_t i = 0; i <= t->mask; i++) {
		free(t->slot[i]);
	}
	free(t->slot);
	free(t);
}

static void table_grow(struct audience_table *t)
{
	size_t mask = t->mask * 2 + 1;
	struct audience **slot = mem_new((mask + 1) * sizeof(*slot));
	for (size_t i = 0; i <= t->mask; i++) {
		struct audience *a = t->slot[i];
		if (a == NULL) {
			continue;
		}
		size_t at = a->hash & mask;
		while (slot[at] != NULL) {
			at = (at + 1) & mask;
		}
		slot[at] = a;
	}
	free(t->slot);
	t->slot = slot;
	t->mask = mask;
}

static struct audience *audience_make(const struct audience_table *t, const uint64_t *word,
				      uint64_t hash)
{
	struct audience *a = mem_new(sizeof(*a) + t->words * sizeof(uint64_t));
	a->hash = hash;
	a->refs = 1;
	a->words = t->words;
	a->count = bits_count(word, t->words);
	memcpy(a->word, word, t->words * sizeof(uint64_t));
	return a;
}

struct audience *audience_get(struct audience_table *t, const uint64_t *word)
{
	if (bits_is_empty(word, t->words)) {
		return NULL;
	}
	size_t bytes = t->words * sizeof(uint64_t);
	uint64_t hash = hash_bytes(word, bytes, t->key);
	size_t at = hash & t->mask;
	for (; t->slot[at] != NULL; at = (at + 1) & t->mask) {
		struct audience *a = t->slot[at];
		if (a->hash == hash && memcmp(a->word, word, bytes) == 0) {
			a->refs++;
			return a;
		}
	}
	struct audience *a = audience_make(t, word, hash);
	t->slot[at] = a;
	t->count++;
	if (t->count * 2 > t->mask) {
		table_grow(t);
	}
	return a;
}

void audience_hold(struct audience *a)
{
	ASSERT(a->refs > 0 && a->refs < UINT32_MAX);
	a->refs++;
}

/* Empty slot `hole` and move up whoever probed past it. */
static void table_close_gap(struct audience_table *t, size_t hole)
{
	size_t at = hole;
	for (;;) {
		at = (at + 1) & t->mask;
		struct audience *a = t->slot[at];
		if (a == NULL) {
			break;
		}
		size_t home = a->hash & t->mask;
		if (((at - home) & t->mask) >= ((at - hole) & t->mask)) {
			t->slot[hole] = a;
			hole = at;
		}
	}
	t->slot[hole] = NULL;
}

void audience_put(struct audience_table *t, struct audience *a)
{
	ASSERT(a->refs > 0);
	if (--a->refs > 0) {
		return;
	}
	size_t at = a->hash & t->mask;
	while (t->slot[at] != a) {
		ASSERT(t->slot[at] != NULL);
		at = (at + 1) & t->mask;
	}
	table_close_gap(t, at);
	t->count--;
	free(a);
}

size_t audience_count(const struct audience_table *t)
{
	return t->count;
}

struct audience_cache {
	struct audience_table *table;
	unsigned peer_count;
	unsigned members;
	unsigned kept_count;
	struct audience **but; /* [peer]; the base itself at [peer_count]. */
	uint16_t *kept;	       /* Indices of `but` that are filled. */
	uint64_t *base;
	uint64_t *scratch;
};

struct audience_cache *audience_cache_new(struct audience_table *t, unsigned peer_count)
{
	ASSERT(t->words * 64 >= peer_count);
	struct audience_cache *c = mem_new(sizeof(*c));
	c->table = t;
	c->peer_count = peer_count;
	c->but = mem_new((peer_count + 1) * sizeof(struct audience *));
	c->kept = mem_new((peer_count + 1) * sizeof(uint16_t));
	c->base = mem_new(t->words * sizeof(uint64_t));
	c->scratch = mem_new(t->words * sizeof(uint64_t));
	return c;
}

static void cache_forget(struct audience_cache *c)
{
	for (unsigned i = 0; i < c->kept_count; i++) {
		audience_put(c->table, c->but[c->kept[i]]);
		c->but[c->kept[i]] = NULL;
	}
	c->kept_count = 0;
}

void audience_cache_free(struct audience_cache *c)
{
	if (c == NULL) {
		return;
	}
	cache_forget(c);
	free(c->but);
	free(c->kept);
	free(c->base);
	free(c->scratch);
	free(c);
}

void audience_cache_add(struct audience_cache *c, peer_id_t peer)
{
	ASSERT(peer < c->peer_count);
	if (!bits_has(c->base, peer)) {
		cache_forget(c);
		bits_set(c->base, peer);
		c->members++;
	}
}

void audience_cache_remove(struct audience_cache *c, peer_id_t peer)
{
	ASSERT(peer < c->peer_count);
	if (bits_has(c->base, peer)) {
		cache_forget(c);
		bits_clear(c->base, peer);
		c->members--;
	}
}

bool audience_cache_has(const struct audience_cache *c, peer_id_t peer)
{
	return peer < c->peer_count && bits_has(c->base, peer);
}

unsigned audience_cache_members(const struct audience_cache *c)
{
	return c->members;
}

static struct audience *cache_make(struct audience_cache *c, peer_id_t a, peer_id_t b)
{
	memcpy(c->scratch, c->base, c->table->words * sizeof(uint64_t));
	if (a != PEER_NONE) {
		bits_clear(c->scratch, a);
	}
	if (b != PEER_NONE) {
		bits_clear(c->scratch, b);
	}
	return audience_get(c->table, c->scratch);
}

struct audience *audience_cache_but(struct audience_cache *c, peer_id_t peer)
{
	unsigned i = audience_cache_has(c, peer) ? peer : c->peer_count;
	if (c->but[i] == NULL) {
		struct audience *a = cache_make(c, peer, PEER_NONE);
		if (a == NULL) {
			return NULL;
		}
		c->but[i] = a;
		c->kept[c->kept_count++] = (uint16_t)i;
	}
	audience_hold(c->but[i]);
	return c->but[i];
}

struct audience *audience_cache_but_two(struct audience_cache *c, peer_id_t a, peer_id_t b)
{
	if (!audience_cache_has(c, a) || a == b) {
		return audience_cache_but(c, b);
	}
	if (!audience_cache_has(c, b)) {
		return audience_cache_but(c, a);
	}
	return cache_make(c, a, b);
}

struct audience *audience_cache_pick(struct audience_cache *c, bool has_base,
				     const peer_id_t *apart, const bool *is_in, unsigned count)
{
	size_t bytes = c->table->words * sizeof(uint64_t);
	if (has_base) {
		memcpy(c->scratch, c->base, bytes);
	} else {
		memset(c->scratch, 0, bytes);
	}
	for (unsigned i = 0; i < count; i++) {
		ASSERT(audience_cache_has(c, apart[i]));
		bits_clear(c->scratch, apart[i]);
		if (is_in[i]) {
			bits_set(c->scratch, apart[i]);
		}
	}
	return audience_get(c->table, c->scratch);
}

struct audience *audience_cache_only(struct audience_cache *c, peer_id_t peer)
{
	ASSERT(peer < c->peer_count);
	memset(c->scratch, 0, c->table->words * sizeof(uint64_t));
	bits_set(c->scratch, peer);
	return audience_get(c->table, c->scratch);
}
