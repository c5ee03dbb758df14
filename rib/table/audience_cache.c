/* Subsets of a set of members: see audience_cache.h. */
#include "rib/table/audience_cache.h"

#include <string.h>

#include "rib/table/mem.h"

struct audience_cache {
	struct audience_table *table;
	unsigned words;
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
	ASSERT(audience_table_words(t) * 64 >= peer_count);
	struct audience_cache *c = mem_new(sizeof(*c));
	c->table = t;
	c->words = audience_table_words(t);
	c->peer_count = peer_count;
	c->but = mem_new((peer_count + 1) * sizeof(struct audience *));
	c->kept = mem_new((peer_count + 1) * sizeof(uint16_t));
	c->base = mem_new(c->words * sizeof(uint64_t));
	c->scratch = mem_new(c->words * sizeof(uint64_t));
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

const uint64_t *audience_cache_base(const struct audience_cache *c)
{
	return c->base;
}

unsigned audience_cache_members(const struct audience_cache *c)
{
	return c->members;
}

static struct audience *cache_make(struct audience_cache *c, peer_id_t a, peer_id_t b)
{
	memcpy(c->scratch, c->base, c->words * sizeof(uint64_t));
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
	size_t bytes = c->words * sizeof(uint64_t);
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
	memset(c->scratch, 0, c->words * sizeof(uint64_t));
	bits_set(c->scratch, peer);
	return audience_get(c->table, c->scratch);
}
