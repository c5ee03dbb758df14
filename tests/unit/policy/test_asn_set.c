/* AS number sets. */
#include "rib/policy/asn_set.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/prng.h"

#define NUMBERS 4096

Test(asn_set, has_what_it_was_given_and_nothing_else)
{
	static bool given[4 * NUMBERS];
	static asn_t asns[NUMBERS];
	struct prng chance;

	prng_init(&chance, 4);
	for (unsigned round = 0; round < 50; round++) {
		size_t count = prng_below(&chance, round < 40 ? 20 : NUMBERS);
		memset(given, 0, sizeof(given));
		for (size_t i = 0; i < count; i++) {
			asns[i] = (asn_t)prng_below(&chance, ARRAY_COUNT(given));
			given[asns[i]] = true;
		}
		struct asn_set *s = asn_set_new(asns, count);
		size_t different = 0;
		for (asn_t asn = 0; asn < ARRAY_COUNT(given); asn++) {
			cr_assert_eq(asn_set_has(s, asn), given[asn], "%u", asn);
			different += given[asn];
		}
		cr_assert_eq(asn_set_count(s), different);
		asn_set_put(s);
	}
}

Test(asn_set, has_the_first_and_the_last_number)
{
	static const asn_t ends[] = {0, UINT32_MAX};
	struct asn_set *s = asn_set_new(ends, 2);

	cr_expect(asn_set_has(s, 0));
	cr_expect(asn_set_has(s, UINT32_MAX));
	cr_expect(!asn_set_has(s, 1));
	cr_expect(!asn_set_has(s, UINT32_MAX - 1));
	cr_expect_eq(asn_set_count(s), 2);
	asn_set_put(s);
	s = asn_set_new(&ends[1], 1);
	cr_expect(!asn_set_has(s, 0));
	asn_set_put(s);
}

static void expect_ascending(void *context, asn_t asn)
{
	uint64_t *next = context;
	cr_expect_geq(asn, *next);
	*next = (uint64_t)asn + 1;
}

Test(asn_set, null_is_the_empty_set)
{
	struct asn_set *empty = asn_set_new(NULL, 0);
	struct asn_set *one = asn_set_new(&(asn_t){64500}, 1);

	cr_expect(!asn_set_has(NULL, 0));
	cr_expect(!asn_set_has(NULL, 64500));
	cr_expect(!asn_set_has(empty, 0));
	cr_expect_eq(asn_set_count(NULL), 0);
	cr_expect(asn_set_equal(NULL, empty));
	cr_expect(!asn_set_equal(NULL, one));
	asn_set_hold(NULL);
	asn_set_put(NULL);
	asn_set_put(empty);
	asn_set_put(one);
}

Test(asn_set, is_equal_whatever_the_order_and_repeats)
{
	static const asn_t some[] = {3, 1, 2, 3, 0}, same[] = {0, 0, 1, 2, 3},
			   other[] = {1, 2, 3, 4};
	struct asn_set *a = asn_set_new(some, ARRAY_COUNT(some));
	struct asn_set *b = asn_set_new(same, ARRAY_COUNT(same));
	struct asn_set *c = asn_set_new(other, ARRAY_COUNT(other));
	uint64_t next = 0;

	cr_expect(asn_set_equal(a, b));
	cr_expect(!asn_set_equal(a, c));
	asn_set_each(a, expect_ascending, &next);
	cr_expect_eq(next, 4);
	asn_set_hold(a);
	asn_set_put(a);
	cr_expect(asn_set_has(a, 3), "one holder is left");
	asn_set_put(a);
	asn_set_put(b);
	asn_set_put(c);
}

/* Neighbouring numbers, as registries hand them out, and multiples of a power of two, as a hash
 * that only shifts would have them all in one slot. */
Test(asn_set, takes_numbers_of_any_pattern)
{
	static asn_t asns[NUMBERS];

	for (unsigned shift = 0; shift <= 16; shift += 4) {
		for (asn_t i = 0; i < NUMBERS; i++) {
			asns[i] = (i + 1) << shift;
		}
		struct asn_set *s = asn_set_new(asns, NUMBERS);
		cr_assert_not_null(s);
		for (unsigned i = 0; i < NUMBERS; i++) {
			cr_assert(asn_set_has(s, asns[i]));
		}
		cr_assert(!asn_set_has(s, (NUMBERS + 1u) << shift));
		asn_set_put(s);
	}
}
