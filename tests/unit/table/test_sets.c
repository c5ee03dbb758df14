/* Audiences against plain sets; the prefix table against a list; what goes back to owners. */
#include "tests/unit/table/make.h"

#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "rib/table/audience_cache.h"
#include "rib/table/outbox.h"
#include "rib/table/ptable.h"

Test(table, equal_audiences_are_one_object_until_the_last_count)
{
	struct audience_table *t = audience_table_new(3, 9);
	struct audience *kept[400];
	struct prng p;
	prng_init(&p, 3);
	for (unsigned i = 0; i < 400; i++) {
		/* 200 contents, each twice. */
		uint64_t word[3] = {i % 200 + 1, 0, UINT64_C(1) << (i % 200 % 64)};
		kept[i] = audience_get(t, word);
		cr_assert_eq(kept[i]->count, bits_count(word, 3));
		cr_assert(i < 200 || kept[i] == kept[i - 200]);
	}
	cr_expect_eq(audience_count(t), 200);
	for (unsigned left = 400; left > 0; left--) {
		unsigned i = (unsigned)prng_below(&p, left);
		uint64_t word[3] = {kept[i]->word[0], kept[i]->word[1], kept[i]->word[2]};
		struct audience *again = audience_get(t, word);
		cr_assert_eq(again, kept[i]);
		audience_put(t, again);
		audience_put(t, kept[i]);
		kept[i] = kept[left - 1];
	}
	cr_expect_eq(audience_count(t), 0);
	uint64_t none[3] = {0};
	cr_expect_null(audience_get(t, none));
	audience_table_free(t);
}

Test(table, all_but_one_follows_the_membership)
{
	struct audience_table *t = audience_table_new(2, 9);
	struct audience_cache *c = audience_cache_new(t, 100);
	cr_expect_null(audience_cache_but(c, PEER_NONE));
	audience_cache_add(c, 7);
	cr_expect_null(audience_cache_but(c, 7));
	audience_cache_add(c, 70);
	audience_cache_add(c, 99);
	struct audience *a = audience_cache_but(c, 70), *b = audience_cache_but(c, 70);
	cr_expect_eq(a, b);
	cr_expect(a->count == 2 && audience_has(a, 7) && !audience_has(a, 70) &&
		  audience_has(a, 99));
	struct audience *all = audience_cache_but(c, 50); /* No member: everyone. */
	cr_expect_eq(all->count, 3);
	struct audience *two = audience_cache_but_two(c, 7, 99);
	cr_expect(two->count == 1 && audience_has(two, 70));
	struct audience *one = audience_cache_only(c, 70);
	cr_expect_eq(one, two);
	audience_cache_remove(c, 99);
	cr_expect_eq(audience_cache_members(c), 2);
	struct audience *after = audience_cache_but(c, 70);
	cr_expect(after->count == 1 && audience_has(after, 7));
	cr_expect(audience_has(a, 99), "an audience never changes");
	struct audience *held[] = {a, b, all, two, one, after};
	for (size_t i = 0; i < ARRAY_COUNT(held); i++) {
		audience_put(t, held[i]);
	}
	audience_cache_free(c);
	cr_expect_eq(audience_count(t), 0);
	audience_table_free(t);
}

#define NUMBERS 6000

/* All prefixes that a block has, and two levels below it that are hashed each by itself. */
static struct prefix neighbour(enum family family, unsigned n)
{
	unsigned which = 1 + n % 31, depth = 0; /* As in a heap, five levels of it. */
	unsigned block_len = family == FAMILY_IPV4 ? 21 : 45;
	while (which >> (depth + 1) != 0) {
		depth++;
	}
	struct prefix p = {.family = (uint8_t)family, .len = (uint8_t)(block_len + depth)};
	uint64_t address = (uint64_t)(n / 31 + 1) << (64 - block_len);
	address |= (uint64_t)(which - (1u << depth)) << (64 - p.len);
	for (unsigned i = 0; i < 8; i++) {
		p.bytes[i] = (uint8_t)(address >> (56 - 8 * i));
	}
	return p;
}

static void fill_and_empty(enum family family, struct prefix (*make)(enum family, unsigned))
{
	static struct slab_own s;
	static entry_id_t id_of[NUMBERS];
	struct ptable t;
	struct prng p;
	uint32_t place;
	prng_init(&p, 11);
	slab_init(&s, family);
	ptable_init(&t, 5);
	for (unsigned i = 0; i < NUMBERS; i++) {
		id_of[i] = ENTRY_NONE;
	}
	for (unsigned step = 0; step < 60000; step++) {
		unsigned n = (unsigned)prng_below(&p, step < 30000 ? NUMBERS : NUMBERS / 8);
		struct prefix prefix = make(family, n);
		uint64_t hash = ptable_hash(&t, &prefix);
		cr_assert_eq(ptable_find(&t, &s.slab, &prefix, hash, &place), id_of[n]);
		if (id_of[n] == ENTRY_NONE) {
			id_of[n] = slab_take(&s, &prefix);
			ptable_add(&t, &s.slab, id_of[n], hash, place);
		} else if (prng_chance(&p, 1, 3)) {
			ptable_remove(&t, &s.slab, id_of[n]);
			slab_give(&s, id_of[n]);
			id_of[n] = ENTRY_NONE;
		}
	}
	unsigned used = 0;
	for (unsigned i = 0; i < NUMBERS; i++) {
		struct prefix prefix = make(family, i);
		uint64_t hash = ptable_hash(&t, &prefix);
		cr_assert_eq(ptable_find(&t, &s.slab, &prefix, hash, &place), id_of[i]);
		used += id_of[i] != ENTRY_NONE;
	}
	cr_expect_eq(t.count, used);
	cr_expect_eq(s.used, used);
	ptable_fini(&t);
	slab_fini(&s);
}

Test(table, prefix_table_finds_what_was_added_and_not_removed)
{
	fill_and_empty(FAMILY_IPV6, make_prefix);
}

Test(table, prefix_table_finds_neighbours_that_begin_in_one_line)
{
	fill_and_empty(FAMILY_IPV4, neighbour);
	fill_and_empty(FAMILY_IPV6, neighbour);
}

Test(table, references_go_back_in_order_and_summed)
{
	struct outbox *o = outbox_new(2);
	struct attr a = {.owner = 0}, b = {.owner = 0}, c = {.owner = 1};
	struct op op;
	cr_expect_not(outbox_pull(o, 0, &op));
	outbox_adjust(o, &a, 1);
	outbox_adjust(o, &a, -3);
	outbox_adjust(o, &c, -1);
	outbox_adjust(o, &b, 1);
	outbox_adjust(o, &b, -1);
	outbox_adjust(o, &a, -1);
	cr_assert(outbox_pull(o, 0, &op));
	cr_expect(op.kind == OP_ADJUST && op.attr == &a && op.delta == -2);
	cr_assert(outbox_pull(o, 0, &op));
	cr_expect(op.attr == &a && op.delta == -1, "what cancelled out is not sent");
	cr_expect_not(outbox_pull(o, 0, &op));
	for (unsigned i = 0; i < 1000; i++) {
		outbox_adjust(o, i % 2 ? &a : &b, (int64_t)i + 1);
	}
	for (unsigned i = 0; i < 1000; i++) {
		cr_assert(outbox_pull(o, 0, &op));
		cr_assert(op.attr == (i % 2 ? &a : &b) && op.delta == (int64_t)i + 1);
	}
	cr_assert(outbox_pull(o, 1, &op));
	cr_expect(op.attr == &c && op.delta == -1);
	outbox_free(o);
}
