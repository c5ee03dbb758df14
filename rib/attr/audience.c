/* Audiences: see audience.h.
 *
 * The table is flat and open-addressed with linear probing; a set that loses its last count leaves
 * at once, and the slots behind it move up, so there are no tombstones.  Contents are hashed,
 * never addresses.
 */
#include "rib/attr/audience.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"

#define SLOTS_MIN 64

struct audience_table {
	struct audience **slot; /* NULL is empty. */
	size_t mask;
	size_t count;
	uint64_t key;
	unsigned words;
};

/* As in rib/table: there is no smaller product to fall back to. */
static void *fresh(size_t bytes)
{
	void *p = calloc(1, bytes);
	ASSERT(p != NULL);
	return p;
}

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
	struct audience_table *t = fresh(sizeof(*t));
	t->slot = fresh(SLOTS_MIN * sizeof(*t->slot));
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
	struct audience **slot = fresh((mask + 1) * sizeof(*slot));
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
	struct audience *a = fresh(sizeof(*a) + t->words * sizeof(uint64_t));
	a->hash = hash;
	a->refs = 1;
	a->words = t->words;
	a->count = bits_count(word, t->words);
	memcpy(a->word, word, t->words * sizeof(uint64_t));
	return a;
}

unsigned audience_table_words(const struct audience_table *t)
{
	return t->words;
}

struct audience *audience_get(struct audience_table *t, const uint64_t *word)
{
	return bits_is_empty(word, t->words) ? NULL : audience_get_any(t, word);
}

struct audience *audience_get_any(struct audience_table *t, const uint64_t *word)
{
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
