/* The prefix table: see ptable.h.
 *
 *     slot:  31..26 tag (top bits of the hash)   25..0 id + 1
 *
 * SLAB_CHUNKS_MAX × SLAB_CHUNK_COUNT = 2^25 ids, so id + 1 fits in 26 bits.  Linear probing; a
 * removal moves up what had probed past it, so there are no tombstones and lookups stay short
 * however long the table lives.
 *
 * The hash is one folded 64 × 64 multiplication of the address's halves under two secret words (as
 * XXH3 does for 16 bytes), 2 ns inline where a call for 18 bytes costs 15.  Members choose the
 * prefixes, so it is keyed.
 */
#include "rib/table/ptable.h"

#include <string.h>

#include "rib/base/hash.h"
#include "rib/table/mem.h"

#define SLOTS_MIN  1024u
#define GROW_AHEAD 16u
#define ID_BITS	   26
#define ID_MASK	   ((1u << ID_BITS) - 1)

static_assert((uint64_t)SLAB_CHUNKS_MAX * SLAB_CHUNK_COUNT < ID_MASK, "ids fit in a slot");

void ptable_init(struct ptable *t, uint64_t key)
{
	*t = (struct ptable){.mask = SLOTS_MIN - 1, .key = {hash_mix(key, 1), hash_mix(key, 2)}};
	t->slot = mem_new(SLOTS_MIN * sizeof(*t->slot));
}

void ptable_fini(struct ptable *t)
{
	free(t->slot);
	t->slot = NULL;
}

static uint64_t hash_words(const struct ptable *t, uint64_t high, uint64_t low)
{
	__uint128_t product = (__uint128_t)(high ^ t->key[0]) * (low + t->key[1]);
	uint64_t h = (uint64_t)product ^ (uint64_t)(product >> 64);
	return h ^ h >> 29;
}

uint64_t ptable_hash(const struct ptable *t, const struct prefix *p)
{
	uint64_t high, low;
	memcpy(&high, p->bytes, 8);
	memcpy(&low, p->bytes + 8, 8);
	return hash_words(t, high, low + p->len);
}

/* The same of an entry's prefix. */
static uint64_t hash_of(const struct ptable *t, const struct slab *s, entry_id_t id)
{
	const struct entry *e = slab_at(s, id);
	uint64_t high = 0, low = 0;
	if (s->family == FAMILY_IPV4) {
		memcpy(&high, e->addr, 4);
	} else {
		memcpy(&high, e->addr, 8);
		memcpy(&low, e->addr + 8, 8);
	}
	return hash_words(t, high, low + e->len);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) & ~ID_MASK;
}

static entry_id_t id_of(uint32_t slot)
{
	return (slot & ID_MASK) - 1;
}

entry_id_t ptable_find(const struct ptable *t, const struct slab *s, const struct prefix *p,
		       uint64_t hash)
{
	uint32_t tag = tag_of(hash);
	for (uint32_t at = (uint32_t)hash & t->mask; t->slot[at] != 0; at = (at + 1) & t->mask) {
		uint32_t slot = t->slot[at];
		if ((slot & ~ID_MASK) == tag && slab_has_prefix(s, id_of(slot), p)) {
			return id_of(slot);
		}
	}
	return ENTRY_NONE;
}

static void put(struct ptable *t, entry_id_t id, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & t->mask;
	while (t->slot[at] != 0) {
		at = (at + 1) & t->mask;
	}
	t->slot[at] = tag_of(hash) | (id + 1);
}

/* `skip` is the id that is being added: in use, but not yet in the table.  Slots are fetched some
 * ids ahead of their use: where they lie is random, and that is all that this costs. */
static void grow(struct ptable *t, const struct slab *s, entry_id_t skip)
{
	uint64_t hash[GROW_AHEAD];
	entry_id_t ids[GROW_AHEAD];
	uint32_t seen = 0, done = 0;
	free(t->slot);
	t->mask = t->mask * 2 + 1;
	t->slot = mem_new(((size_t)t->mask + 1) * sizeof(*t->slot));
	for (entry_id_t id = 0; id < s->count; id++) {
		if (id == skip || slab_at(s, id)->state == ENTRY_FREE) {
			continue;
		}
		if (seen >= GROW_AHEAD) {
			put(t, ids[done % GROW_AHEAD], hash[done % GROW_AHEAD]);
			done++;
		}
		ids[seen % GROW_AHEAD] = id;
		hash[seen % GROW_AHEAD] = hash_of(t, s, id);
		ptable_prefetch(t, hash[seen++ % GROW_AHEAD]);
	}
	for (; done < seen; done++) {
		put(t, ids[done % GROW_AHEAD], hash[done % GROW_AHEAD]);
	}
	ASSERT(seen == t->count);
}

void ptable_add(struct ptable *t, const struct slab *s, entry_id_t id, uint64_t hash)
{
	DCHECK(hash == hash_of(t, s, id));
	DCHECK(ptable_find(t, s, (const struct prefix[]){slab_prefix(s, id)}, hash) == ENTRY_NONE);
	if (t->count >= t->mask / 5 * 4) {
		grow(t, s, id);
	}
	put(t, id, hash);
	t->count++;
}

/* The slot that holds an id which must be there. */
static uint32_t slot_of(const struct ptable *t, const struct slab *s, entry_id_t id)
{
	uint64_t hash = hash_of(t, s, id);
	uint32_t at = (uint32_t)hash & t->mask;
	while (id_of(t->slot[at]) != id) {
		ASSERT(t->slot[at] != 0);
		at = (at + 1) & t->mask;
	}
	return at;
}

void ptable_remove(struct ptable *t, const struct slab *s, entry_id_t id)
{
	uint32_t hole = slot_of(t, s, id);
	for (uint32_t at = hole;;) {
		at = (at + 1) & t->mask;
		if (t->slot[at] == 0) {
			break;
		}
		uint32_t home = (uint32_t)hash_of(t, s, id_of(t->slot[at])) & t->mask;
		if (((at - home) & t->mask) >= ((at - hole) & t->mask)) {
			t->slot[hole] = t->slot[at];
			hole = at;
		}
	}
	t->slot[hole] = 0;
	ASSERT(t->count > 0);
	t->count--;
}

size_t ptable_bytes(const struct ptable *t)
{
	return ((size_t)t->mask + 1) * sizeof(*t->slot);
}
