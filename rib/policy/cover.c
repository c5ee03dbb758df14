/* Cover: see cover.h.
 *
 * The layout.  Each family is a plane of parallel arrays in one block of memory:
 *
 *     key    the top 64 bits of the address, ascending    8 B an item
 *     low    the other 64, where a prefix needs them      8 B, only with one longer than /64
 *     link   value, next that covers, length             16 B
 *     index  first item of each block of the top bits     4 B a block, 1 to 2 blocks an item
 *
 * 28 to 32 B an item in all (8 more where there are long ones): 3.2 * 10⁶ rules in 100 MB.
 *
 * (a) Items ascend by key, low, len, value.  A prefix is before all that it covers.
 * (b) `up` of an item is the last item before it that covers or equals it, so a chain goes from
 *     long to short through everything that covers its start.
 * (c) Let n be the last item whose address is not above p's.  Whatever covers p is on n's chain:
 *     such an m is at or before n, and n's address is between m's and p's, so m covers it.
 * (d) An ancestor of n covers p exactly when it is no longer than p and than what n and p have in
 *     common, so the chain is climbed by comparing lengths; keys are not looked at again.
 *
 * The index leaves out the bits that all keys share.  Blocks are as many as items, so that the
 * search in one is a few steps even where address space is crowded.
 *
 * Sorting is by radix, a byte at a time, leaving out the bytes that are the same in all items: a
 * comparing sort of 500,000 items takes longer than all the rest together. */
#include "rib/policy/cover.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define INDEX_BITS_MAX 22

struct plane {
	uint64_t *key;
	uint64_t *low; /* NULL: all zero. */
	struct cover_link *link;
	uint32_t *index;
	uint64_t key_first, key_last;
	uint32_t count;
	uint8_t common; /* Leading bits that all keys share. */
	uint8_t index_bits;
};

struct cover {
	struct plane plane[FAMILY_COUNT];
	size_t bytes;
	uint64_t memory[];
};

/* An item as it is sorted. */
struct item {
	uint64_t key, low, value;
	uint8_t len;
};

/* A family's items before they have their place. */
struct draft {
	struct item *item;
	size_t count;
	bool has_low;
};

static uint64_t load(const uint8_t *bytes)
{
	uint64_t v;
	memcpy(&v, bytes, sizeof(v));
	return be64toh(v);
}

static int item_cmp(const struct item *a, const struct item *b)
{
	if (a->key != b->key) {
		return a->key < b->key ? -1 : 1;
	}
	if (a->low != b->low) {
		return a->low < b->low ? -1 : 1;
	}
	if (a->len != b->len) {
		return a->len < b->len ? -1 : 1;
	}
	return a->value == b->value ? 0 : a->value < b->value ? -1 : 1;
}

/* The digits of an item from the least significant on: value, length, low, key. */
#define DIGITS 25

static inline uint8_t digit(const struct item *it, unsigned d)
{
	if (d < 8) {
		return (uint8_t)(it->value >> 8 * d);
	}
	if (d == 8) {
		return it->len;
	}
	return (uint8_t)(d < 17 ? it->low >> 8 * (d - 9) : it->key >> 8 * (d - 17));
}

/* One stable pass. */
static void sort_by_digit(const struct item *from, struct item *to, size_t count, unsigned d)
{
	size_t at[256] = {0};
	size_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		at[digit(&from[i], d)]++;
	}
	for (unsigned b = 0; b < 256; b++) {
		size_t n = at[b];
		at[b] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++) {
		to[at[digit(&from[i], d)]++] = from[i];
	}
}

/* Sort; `spare` is as large.  The result lies in either. */
static struct item *sort_items(struct item *item, struct item *spare, size_t count)
{
	struct item differs = {0};
	bool is_sorted = true;

	for (size_t i = 1; i < count; i++) {
		is_sorted = is_sorted && item_cmp(&item[i - 1], &item[i]) <= 0;
		differs.key |= item[i].key ^ item[0].key;
		differs.low |= item[i].low ^ item[0].low;
		differs.value |= item[i].value ^ item[0].value;
		differs.len |= item[i].len ^ item[0].len;
	}
	for (unsigned d = 0; d < DIGITS && !is_sorted; d++) {
		if (digit(&differs, d) != 0) {
			sort_by_digit(item, spare, count, d);
			struct item *sorted = spare;
			spare = item;
			item = sorted;
		}
	}
	return item;
}

static size_t drop_equal(struct item *item, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || item_cmp(&item[kept - 1], &item[i]) != 0) {
			item[kept++] = item[i];
		}
	}
	return kept;
}

/* The items of one family, in order, in `memory`, which has room for them twice. */
static struct draft draft_of(const struct cover_item *items, size_t count, uint8_t family,
			     struct item *memory)
{
	struct draft d = {0};

	for (size_t i = 0; i < count; i++) {
		const struct prefix *p = &items[i].prefix;
		if (p->family == family) {
			ASSERT(p->len <= family_bits(family));
			memory[d.count++] = (struct item){.key = load(p->bytes),
							  .low = load(p->bytes + 8),
							  .value = items[i].value,
							  .len = p->len};
			d.has_low |= p->len > 64;
		}
	}
	d.item = sort_items(memory, memory + d.count, d.count);
	d.count = drop_equal(d.item, d.count);
	ASSERT(d.count < COVER_END);
	return d;
}

static unsigned index_bits(size_t count)
{
	unsigned bits = 0;
	while (bits < INDEX_BITS_MAX && (size_t)1 << bits < count) {
		bits++;
	}
	return bits;
}

/* In words of memory[]. */
static size_t words_of_index(size_t count)
{
	return (((size_t)1 << index_bits(count)) + 2) / 2;
}

static size_t words_of_draft(const struct draft *d)
{
	size_t words = 1 + (size_t)d->has_low + sizeof(struct cover_link) / sizeof(uint64_t);
	return d->count * words + words_of_index(d->count);
}

/* Two shifts, for the index of a plane may have no bits. */
static inline size_t block_of(const struct plane *pl, uint64_t key)
{
	return (size_t)(key << pl->common >> 1 >> (63 - pl->index_bits));
}

static bool link_covers(const struct plane *pl, uint32_t at, const struct item *it)
{
	unsigned len = pl->link[at].len;

	if (len > it->len) {
		return false;
	}
	uint64_t key = pl->key[at] ^ it->key;
	uint64_t low = pl->low != NULL ? pl->low[at] ^ it->low : 0;
	if (len > 64) {
		return key == 0 && low >> (128 - len) == 0;
	}
	return len == 0 || key >> (64 - len) == 0;
}

static void plane_fill(struct plane *pl, const struct draft *d)
{
	for (uint32_t i = 0; i < pl->count; i++) {
		const struct item *it = &d->item[i];
		uint32_t up = i - 1; /* COVER_END before the first. */
		while (up != COVER_END && !link_covers(pl, up, it)) {
			up = pl->link[up].up;
		}
		pl->key[i] = it->key;
		pl->link[i] = (struct cover_link){.value = it->value, .up = up, .len = it->len};
		if (pl->low != NULL) {
			pl->low[i] = it->low;
		}
	}
}

static void plane_index(struct plane *pl)
{
	uint64_t differs = pl->key_first ^ pl->key_last;
	size_t blocks = (size_t)1 << pl->index_bits;
	size_t block = 0;

	pl->common = (uint8_t)(differs == 0 ? 63 : __builtin_clzll(differs));
	for (uint32_t i = 0; i < pl->count; i++) {
		for (size_t of = block_of(pl, pl->key[i]); block <= of; block++) {
			pl->index[block] = i;
		}
	}
	for (; block <= blocks; block++) {
		pl->index[block] = pl->count;
	}
}

/* Returns where the memory goes on. */
static uint64_t *plane_make(struct plane *pl, const struct draft *d, uint64_t *memory)
{
	size_t n = d->count;

	pl->count = (uint32_t)n;
	pl->index_bits = (uint8_t)index_bits(n);
	pl->key = memory;
	memory += n;
	pl->low = d->has_low ? memory : NULL;
	memory += d->has_low ? n : 0;
	pl->link = (struct cover_link *)memory;
	memory += n * sizeof(struct cover_link) / sizeof(uint64_t);
	pl->index = (uint32_t *)memory;
	memory += words_of_index(n);
	if (n > 0) {
		pl->key_first = d->item[0].key;
		pl->key_last = d->item[n - 1].key;
		plane_fill(pl, d);
	}
	plane_index(pl);
	return memory;
}

struct cover *cover_new(const struct cover_item *items, size_t count)
{
	struct cover *c = NULL;
	struct item *room = malloc((2 * count + 1) * sizeof(*room));
	struct draft d[FAMILY_COUNT];

	if (room == NULL) {
		return NULL;
	}
	/* IPv6 begins behind the IPv4 items and their spare. */
	d[FAMILY_IPV4] = draft_of(items, count, FAMILY_IPV4, room);
	size_t v4 = 0;
	for (size_t i = 0; i < count; i++) {
		v4 += items[i].prefix.family == FAMILY_IPV4;
	}
	d[FAMILY_IPV6] = draft_of(items, count, FAMILY_IPV6, room + 2 * v4);
	size_t words = words_of_draft(&d[FAMILY_IPV4]) + words_of_draft(&d[FAMILY_IPV6]);
	c = malloc(sizeof(*c) + words * sizeof(uint64_t));
	if (c != NULL) {
		memset(c, 0, sizeof(*c));
		c->bytes = sizeof(*c) + words * sizeof(uint64_t);
		uint64_t *at = plane_make(&c->plane[FAMILY_IPV4], &d[FAMILY_IPV4], c->memory);
		at = plane_make(&c->plane[FAMILY_IPV6], &d[FAMILY_IPV6], at);
		ASSERT(at == c->memory + words);
	}
	free(room);
	return c;
}

void cover_free(struct cover *c)
{
	free(c);
}

size_t cover_bytes(const struct cover *c)
{
	return c == NULL ? 0 : c->bytes;
}

size_t cover_count(const struct cover *c)
{
	return c == NULL ? 0 : (size_t)c->plane[FAMILY_IPV4].count + c->plane[FAMILY_IPV6].count;
}

struct cover_item cover_at(const struct cover *c, size_t rank)
{
	enum family family = rank < c->plane[FAMILY_IPV4].count ? FAMILY_IPV4 : FAMILY_IPV6;
	const struct plane *pl = &c->plane[family];
	size_t i = family == FAMILY_IPV4 ? rank : rank - c->plane[FAMILY_IPV4].count;

	ASSERT(i < pl->count);
	struct cover_item it = {.prefix = {.family = (uint8_t)family, .len = pl->link[i].len},
				.value = pl->link[i].value};
	uint64_t key = htobe64(pl->key[i]);
	uint64_t low = pl->low != NULL ? htobe64(pl->low[i]) : 0;
	memcpy(it.prefix.bytes, &key, sizeof(key));
	memcpy(it.prefix.bytes + 8, &low, sizeof(low));
	return it;
}

/* The same within a family; whether they have low halves is told apart outside the loop. */
static size_t plane_same(const struct plane *a, size_t i, const struct plane *b, size_t j)
{
	size_t left_a = a->count - i, left_b = b->count - j;
	size_t max = left_a < left_b ? left_a : left_b, n = 0;
	while (n < max && a->key[i + n] == b->key[j + n] &&
	       a->link[i + n].value == b->link[j + n].value &&
	       a->link[i + n].len == b->link[j + n].len) {
		n++;
	}
	for (size_t k = 0; (a->low != NULL || b->low != NULL) && k < n; k++) {
		uint64_t low_a = a->low != NULL ? a->low[i + k] : 0;
		uint64_t low_b = b->low != NULL ? b->low[j + k] : 0;
		n = low_a == low_b ? n : k;
	}
	return n;
}

size_t cover_same(const struct cover *a, size_t rank_a, const struct cover *b, size_t rank_b)
{
	size_t same = 0;
	for (unsigned f = 0; a != NULL && b != NULL && f < FAMILY_COUNT; f++) {
		const struct plane *x = &a->plane[f], *y = &b->plane[f];
		if (rank_a >= x->count && rank_b >= y->count) {
			rank_a -= x->count;
			rank_b -= y->count;
			continue;
		}
		if (rank_a >= x->count || rank_b >= y->count) {
			break; /* Of different families. */
		}
		size_t n = plane_same(x, rank_a, y, rank_b);
		same += n;
		if (rank_a + n < x->count || rank_b + n < y->count) {
			break;
		}
		rank_a = rank_b = 0;
	}
	return same;
}

/* The first of [from, to) that is above `x`; `to` when none is.  Without branches that depend on
 * the keys: a guess would be wrong every other time. */
static uint32_t first_above(const uint64_t *key, uint32_t from, uint32_t to, uint64_t x)
{
	uint32_t left = to - from;

	while (left > 0) {
		uint32_t half = (left + 1) / 2;
		from += half & -(uint32_t)(key[from + half - 1] <= x);
		left -= half;
	}
	return from;
}

/* The last item whose address is not above; COVER_END when all are. */
static uint32_t last_not_above(const struct plane *pl, uint64_t key, uint64_t low)
{
	uint32_t end = pl->count;

	if (end == 0 || key < pl->key_first) {
		return COVER_END;
	}
	if (key < pl->key_last) {
		size_t block = block_of(pl, key);
		end = first_above(pl->key, pl->index[block], pl->index[block + 1], key);
	}
	/* Of the items with this key the last has the greatest low half and length: unless that is
	 * long, none needs the low half. */
	if (pl->low != NULL && pl->key[end - 1] == key && pl->link[end - 1].len > 64) {
		uint32_t first = key == 0 ? 0 : first_above(pl->key, 0, end, key - 1);
		end = first_above(pl->low, first, end, low);
	}
	return end == 0 ? COVER_END : end - 1;
}

static unsigned bits_in_common(const struct plane *pl, uint32_t at, uint64_t key, uint64_t low)
{
	uint64_t differs = pl->key[at] ^ key;

	if (differs != 0) {
		return (unsigned)__builtin_clzll(differs);
	}
	differs = pl->low != NULL ? pl->low[at] ^ low : 0;
	return differs != 0 ? 64 + (unsigned)__builtin_clzll(differs) : 128;
}

struct cover_walk cover_find(const struct cover *c, const struct prefix *p)
{
	if (c == NULL) {
		return (struct cover_walk){.at = COVER_END};
	}
	ASSERT(p->family < FAMILY_COUNT);
	const struct plane *pl = &c->plane[p->family];
	uint64_t key = load(p->bytes);
	uint64_t low = load(p->bytes + 8);
	uint32_t at = last_not_above(pl, key, low);
	if (at != COVER_END) {
		unsigned common = bits_in_common(pl, at, key, low);
		unsigned len = common < p->len ? common : p->len;
		while (at != COVER_END && pl->link[at].len > len) {
			at = pl->link[at].up;
		}
	}
	return (struct cover_walk){.link = pl->link, .at = at};
}
