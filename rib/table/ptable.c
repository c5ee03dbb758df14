/* The prefix table: see ptable.h.
 *
 *     slot:  tag (top bits of the hash)   id + 1 (as many bits as `mask` has)
 *
 * A slab hands out no new id while a freed one is left, and the table, which has every id that is
 * in use, never shrinks: so all ids are below 4/5 of its size, and id + 1 has no more bits than an
 * index.  At a million entries eleven are left for the tag, and hardly a look at an entry, which is
 * a miss of its own, is in vain.
 *
 * A cache line of 16 slots is what a look-up costs, so it is what a probe looks at: all tags of it
 * at once, without a branch.  A prefix stands in the first line from its home on that had a slot
 * left, and hence
 *
 *     (a) between an entry's home and its line all lines are full.
 *
 * A removal from a full line brings back what may have passed by it: there are no tombstones, and
 * look-ups stay short however long the table lives.
 *
 * Neighbours in address space come together, in one UPDATE or in the next, so they share a home:
 * the prefixes that a block can have, an IPv4 /21 down to its /24s or an IPv6 /45 down to its /48s.
 * They are 15 (as in a heap: 1; 2, 3; 4 to 7; 8 to 15), a number that tells their tags apart.  More
 * never begin in one line by anybody's choice: all other prefixes are hashed each by itself.
 *
 * The hash is one folded 64 × 64 multiplication of the address's halves under two secret words (as
 * XXH3 does for 16 bytes), 2 ns inline where a call for 18 bytes costs 15.  Members choose the
 * prefixes, so it is keyed.
 */
#include "rib/table/ptable.h"

#include <emmintrin.h>
#include <endian.h>
#include <string.h>

#include "rib/base/hash.h"
#include "rib/table/mem.h"

#define SLOTS_MIN    1024u
#define GROW_AHEAD   16u
#define TAG_BITS_MIN 5
#define LINE_SLOTS   (CACHE_LINE / (uint32_t)sizeof(uint32_t))
#define BLOCK_DEPTH  3u /* Of a block's tree of prefixes. */

static_assert((uint64_t)SLAB_CHUNKS_MAX * SLAB_CHUNK_COUNT / 4 * 5 <= 1u << (32 - TAG_BITS_MIN),
	      "every size leaves room for a tag");
static_assert((2u << BLOCK_DEPTH) - 1 < LINE_SLOTS, "a block fits in a line");

void ptable_init(struct ptable *t, uint64_t key)
{
	*t = (struct ptable){.mask = SLOTS_MIN - 1, .key = {hash_mix(key, 1), hash_mix(key, 2)}};
	t->slot = mem_new_written(SLOTS_MIN * sizeof(*t->slot));
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

/* Of a prefix whose address has these halves, as they lie in memory. */
static inline uint64_t hash_prefix(const struct ptable *t, enum family family, uint64_t high,
				   uint64_t low, unsigned len)
{
	unsigned block_len = family == FAMILY_IPV4 ? 21 : 45;
	unsigned below = len - block_len; /* Huge for what is shorter. */
	if (below > BLOCK_DEPTH) {
		return hash_words(t, high, low + len);
	}
	uint64_t address = be64toh(high);
	uint64_t which = 1u << below | (address >> (64 - len) & ((1u << below) - 1));
	return hash_words(t, address >> (64 - block_len), block_len) ^ which << 60;
}

uint64_t ptable_hash(const struct ptable *t, const struct prefix *p)
{
	uint64_t high, low;
	memcpy(&high, p->bytes, 8);
	memcpy(&low, p->bytes + 8, 8);
	return hash_prefix(t, p->family, high, low, p->len);
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
	return hash_prefix(t, s->family, high, low, e->len);
}

static uint32_t tag_of(const struct ptable *t, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & ~t->mask;
}

static entry_id_t id_of(const struct ptable *t, uint32_t slot)
{
	return (slot & t->mask) - 1;
}

/* A line is known by its first slot. */
static uint32_t line_of(uint32_t slot)
{
	return slot & ~(LINE_SLOTS - 1);
}

static uint32_t home_of(const struct ptable *t, uint64_t hash)
{
	return line_of((uint32_t)hash & t->mask);
}

static uint32_t line_after(const struct ptable *t, uint32_t line)
{
	return (line + LINE_SLOTS) & t->mask;
}

static inline __m128i four_match(const uint32_t *slot, __m128i mask, __m128i value)
{
	__m128i slots = _mm_load_si128((const __m128i *)(const void *)slot);
	return _mm_cmpeq_epi32(_mm_and_si128(slots, mask), value);
}

/* Which of a line's slots have `value` in the bits of `mask`: a bit for each. */
static inline uint32_t line_match(const uint32_t *line, uint32_t mask, uint32_t value)
{
	const __m128i m = _mm_set1_epi32((int)mask), v = _mm_set1_epi32((int)value);
	__m128i low = _mm_packs_epi32(four_match(line, m, v), four_match(line + 4, m, v));
	__m128i high = _mm_packs_epi32(four_match(line + 8, m, v), four_match(line + 12, m, v));
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
}

static inline uint32_t line_empty(const uint32_t *line)
{
	return line_match(line, UINT32_MAX, 0);
}

static inline uint32_t lowest(uint32_t bits)
{
	return (uint32_t)__builtin_ctz(bits);
}

entry_id_t ptable_find(const struct ptable *t, const struct slab *s, const struct prefix *p,
		       uint64_t hash, uint32_t *out_place)
{
	uint32_t tag = tag_of(t, hash);
	for (uint32_t at = home_of(t, hash);; at = line_after(t, at)) {
		const uint32_t *line = &t->slot[at];
		uint32_t empty = line_empty(line);
		uint32_t same = line_match(line, ~t->mask, tag) & ~empty;
		for (; same != 0; same &= same - 1) {
			entry_id_t id = id_of(t, line[lowest(same)]);
			if (slab_has_prefix(s, id, p)) {
				return id;
			}
		}
		if (empty != 0) {
			*out_place = at + lowest(empty);
			return ENTRY_NONE;
		}
	}
}

static void put(struct ptable *t, entry_id_t id, uint64_t hash)
{
	uint32_t at = home_of(t, hash), empty;
	ASSERT(id < t->mask);
	while ((empty = line_empty(&t->slot[at])) == 0) {
		at = line_after(t, at);
	}
	t->slot[at + lowest(empty)] = tag_of(t, hash) | (id + 1);
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
	t->slot = mem_new_written(((size_t)t->mask + 1) * sizeof(*t->slot));
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

void ptable_add(struct ptable *t, const struct slab *s, entry_id_t id, uint64_t hash,
		uint32_t place)
{
	DCHECK(hash == hash_of(t, s, id));
	ASSERT(id < t->mask && t->slot[place] == 0);
	if (t->count >= t->mask / 5 * 4) {
		grow(t, s, id);
		put(t, id, hash);
	} else {
		t->slot[place] = tag_of(t, hash) | (id + 1);
	}
	t->count++;
}

/* The slot that holds an id which must be there. */
static uint32_t slot_of(const struct ptable *t, const struct slab *s, entry_id_t id)
{
	uint32_t at = home_of(t, hash_of(t, s, id)), found;
	while ((found = line_match(&t->slot[at], t->mask, id + 1)) == 0) {
		ASSERT(line_empty(&t->slot[at]) == 0);
		at = line_after(t, at);
	}
	return at + lowest(found);
}

/* A slot of `line` that passed by the line of `hole` on its way from home; or UINT32_MAX. */
static uint32_t passer_by(const struct ptable *t, const struct slab *s, uint32_t line,
			  uint32_t hole)
{
	uint32_t full = ~line_empty(&t->slot[line]) & ((1u << LINE_SLOTS) - 1);
	uint32_t back = (line - line_of(hole)) & t->mask;
	for (; full != 0; full &= full - 1) {
		uint32_t at = line + lowest(full);
		uint32_t home = home_of(t, hash_of(t, s, id_of(t, t->slot[at])));
		if (((line - home) & t->mask) >= back) {
			return at;
		}
	}
	return UINT32_MAX;
}

void ptable_remove(struct ptable *t, const struct slab *s, entry_id_t id)
{
	uint32_t hole = slot_of(t, s, id);
	uint32_t line = line_of(hole);
	while (line_empty(&t->slot[line]) == 0) { /* Then (a) is at stake. */
		line = line_after(t, line);
		uint32_t at = passer_by(t, s, line, hole);
		if (at != UINT32_MAX) {
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
