/* Cover: whatever is asked, the answer is that of a look at every item. */
#include "rib/policy/cover.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/policy/prefixes.h"

#define ITEMS_MAX 3000

/* The length and value of every item that covers p, as a sum that does not depend on order but on
 * how often each comes. */
struct answer {
	unsigned count;
	uint64_t sum;
};

static uint64_t weight(unsigned len, uint64_t value)
{
	return (value + 1) * 131 * (len + 1);
}

static struct answer ask(const struct cover *c, const struct prefix *p)
{
	struct cover_walk w = cover_find(c, p);
	struct answer a = {0};
	unsigned last = p->len;
	uint8_t len;
	uint64_t value;

	while (cover_next(&w, &len, &value)) {
		cr_assert_leq(len, last, "the most specific first");
		last = len;
		a.count++;
		a.sum += weight(len, value);
	}
	return a;
}

static struct answer look(const struct cover_item *items, size_t count, const struct prefix *p)
{
	struct answer a = {0};

	for (size_t i = 0; i < count; i++) {
		if (prefix_contains(&items[i].prefix, p)) {
			a.count++;
			a.sum += weight(items[i].prefix.len, items[i].value);
		}
	}
	return a;
}

static void expect_same(const struct cover *c, const struct cover_item *items, size_t count,
			const struct prefix *p)
{
	struct answer is = ask(c, p), should = look(items, count, p);
	char text[PREFIX_TEXT_MAX];

	cr_assert_eq(is.count, should.count, "%s: %u of %u", prefix_format(p, text), is.count,
		     should.count);
	cr_assert_eq(is.sum, should.sum, "%s", prefix_format(p, text));
}

Test(cover, answers_as_a_look_at_every_item_does)
{
	static struct cover_item items[ITEMS_MAX];
	struct prng chance;

	prng_init(&chance, 6);
	for (unsigned round = 0; round < 300; round++) {
		size_t count = prng_below(&chance, round < 250 ? 40 : ITEMS_MAX);
		for (size_t i = 0; i < count; i++) {
			/* The value tells the item, so that no two are equal. */
			items[i] = (struct cover_item){prefix_by_chance(&chance), i * 7919};
		}
		struct cover *c = cover_new(items, count);
		cr_assert_not_null(c);
		cr_assert_eq(cover_count(c), count);
		for (size_t i = 0; i < count; i++) {
			expect_same(c, items, count, &items[i].prefix);
		}
		for (unsigned i = 0; i < 100; i++) {
			struct prefix p = prefix_by_chance(&chance);
			expect_same(c, items, count, &p);
		}
		cover_free(c);
	}
}

Test(cover, ranks_ascend_and_are_all_there)
{
	static struct cover_item items[ITEMS_MAX];
	struct prng chance;
	uint64_t sum = 0;

	prng_init(&chance, 7);
	for (unsigned i = 0; i < ITEMS_MAX; i++) {
		items[i] = (struct cover_item){prefix_by_chance(&chance), prng_u64(&chance)};
		sum += prefix_hash(&items[i].prefix, items[i].value);
	}
	struct cover *c = cover_new(items, ITEMS_MAX);
	struct cover_item last = cover_at(c, 0);
	for (size_t i = 0; i < cover_count(c); i++) {
		struct cover_item it = cover_at(c, i);
		int order = prefix_cmp(&last.prefix, &it.prefix);
		cr_assert(i == 0 || order < 0 || (order == 0 && last.value < it.value));
		sum -= prefix_hash(&it.prefix, it.value);
		last = it;
	}
	cr_assert_eq(cover_count(c), ITEMS_MAX);
	cr_assert_eq(sum, 0);
	cover_free(c);
}

Test(cover, keeps_equal_items_once_and_unequal_ones_of_a_prefix_all)
{
	const struct prefix p = prefix_of("2001:db8::/32");
	const struct cover_item items[] = {{p, 2}, {p, 1}, {p, 2}, {p, 1}, {p, UINT64_MAX}};
	struct cover *c = cover_new(items, ARRAY_COUNT(items));

	cr_expect_eq(cover_count(c), 3);
	cr_expect_eq(ask(c, &p).count, 3);
	cover_free(c);
}

Test(cover, a_default_covers_its_family_and_no_other)
{
	const struct cover_item items[] = {{prefix_of("0.0.0.0/0"), 4}};
	struct cover *c = cover_new(items, 1);
	static const char *const inside[] = {"0.0.0.0/0", "0.0.0.0/32", "255.255.255.255/32"};

	for (unsigned i = 0; i < ARRAY_COUNT(inside); i++) {
		struct prefix p = prefix_of(inside[i]);
		cr_expect_eq(ask(c, &p).count, 1, "%s", inside[i]);
	}
	struct prefix p = prefix_of("::/0");
	cr_expect_eq(ask(c, &p).count, 0);
	cover_free(c);
}

Test(cover, a_host_covers_itself_alone)
{
	static const struct {
		const char *host, *other, *wider;
	} cases[] = {
		{"198.18.0.1/32", "198.18.0.2/32", "198.18.0.0/31"},
		{"0.0.0.0/32", "0.0.0.1/32", "0.0.0.0/31"},
		{"255.255.255.255/32", "255.255.255.254/32", "255.255.255.254/31"},
		{"2001:db8::1/128", "2001:db8::2/128", "2001:db8::/127"},
		{"::/128", "::1/128", "::/0"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128", "ffff:ffff:ffff:ffff::/64"},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		struct prefix host = prefix_of(cases[i].host), other = prefix_of(cases[i].other);
		struct prefix wider = prefix_of(cases[i].wider);
		struct cover *c = cover_new(&(struct cover_item){host, 0}, 1);
		cr_expect_eq(ask(c, &host).count, 1, "%s", cases[i].host);
		cr_expect_eq(ask(c, &other).count, 0, "%s", cases[i].other);
		cr_expect_eq(ask(c, &wider).count, 0, "%s", cases[i].wider);
		cover_free(c);
	}
}

Test(cover, nothing_covers_anything)
{
	struct cover *c = cover_new(NULL, 0);
	struct prefix v4 = prefix_of("198.18.0.0/15"), v6 = prefix_of("::/0");

	cr_expect_eq(cover_count(c), 0);
	cr_expect_eq(ask(c, &v4).count + ask(c, &v6).count, 0);
	cr_expect_eq(ask(NULL, &v4).count, 0);
	cr_expect_eq(cover_count(NULL), 0);
	cr_expect_eq(cover_bytes(NULL), 0);
	cover_free(c);
	cover_free(NULL);
}

/* cover.c: 28 to 32 B an item while none is longer than /64, 8 more else; 1,000 items or more. */
Test(cover, takes_at_most_40_bytes_an_item)
{
	static const unsigned counts[] = {1000, 1024, 1025, 65536, 65537};
	struct prng chance;

	prng_init(&chance, 8);
	for (unsigned i = 0; i < ARRAY_COUNT(counts); i++) {
		struct cover_item *items = malloc(counts[i] * sizeof(*items));
		for (unsigned k = 0; k < counts[i]; k++) {
			struct addr a = {.family = k % 2 == 0 ? FAMILY_IPV4 : FAMILY_IPV6};
			uint64_t bits = prng_u64(&chance);
			memcpy(a.bytes, &bits, k % 2 == 0 ? 3 : 6);
			items[k] = (struct cover_item){prefix_make(&a, k % 2 == 0 ? 24 : 48), 0};
		}
		struct cover *c = cover_new(items, counts[i]);
		size_t small = cover_bytes(c);
		cr_expect_leq(small, 32 * (size_t)counts[i] + 256, "%zu", small);
		cover_free(c);
		struct addr a = {.family = FAMILY_IPV6};
		items[0].prefix = prefix_make(&a, 128);
		c = cover_new(items, counts[i]);
		cr_expect_leq(cover_bytes(c), 40 * (size_t)counts[i] + 256);
		cover_free(c);
		free(items);
	}
}
