/* ASPA: single hops, the upstream verification of whole paths, and every path of a small world
 * against the draft's own words.  draft-ietf-sidrops-aspa-verification-28 §5. */
#include "rib/policy/aspa.h"

#include <criterion/criterion.h>
#include <string.h>

#include "rib/attr/aspath.h"
#include "rib/base/prng.h"
#include "tests/unit/attr/build.h"

#define HOPS_MAX 8

/* The examples' world: C buys from F; D from F and G; A from C and D; B from E; G from nobody.  C,
 * D and E are peers, and so are F and G.  E and F have no records. */
enum { A = 65000, B = 65010, C = 65020, D = 65030, E = 65040, F = 65050, G = 65060 };

static const asn_t of_a[] = {D, C}, of_b[] = {E}, of_c[] = {F}, of_d[] = {G, F}, of_g[] = {0};
static const struct aspa_record world[] = {
	{G, of_g, 1}, {A, of_a, 2}, {B, of_b, 1}, {D, of_d, 2}, {C, of_c, 1},
};

static enum aspa_state verify(const struct aspa *a, const uint32_t *segments, asn_t neighbor)
{
	uint8_t path[512];
	size_t len = path_encode(segments, 4, path, sizeof(path));
	return aspa_verify_upstream(a, span_of(path, len), neighbor);
}

Test(aspa, verifies_the_examples_of_the_draft)
{
	static const struct {
		const uint32_t path[HOPS_MAX]; /* Segments; 0 ends. */
		enum aspa_state state;
	} cases[] = {
		{{AS_SEQUENCE, 3, F, C, A}, ASPA_VALID},
		{{AS_SEQUENCE, 3, D, C, A}, ASPA_INVALID},
		{{AS_SEQUENCE, 4, D, F, C, A}, ASPA_UNKNOWN},
		{{AS_SEQUENCE, 3, D, E, B}, ASPA_UNKNOWN},
		{{AS_SEQUENCE, 4, A, D, E, B}, ASPA_INVALID},
		{{AS_SEQUENCE, 5, A, D, G, E, B}, ASPA_INVALID},
		{{AS_SEQUENCE, 3, A, C, F}, ASPA_INVALID},
		{{AS_SEQUENCE, 4, A, C, F, G}, ASPA_INVALID},
		{{AS_SEQUENCE, 2, E, B}, ASPA_VALID},
	};
	struct aspa *a = aspa_new(world, ARRAY_COUNT(world));

	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		cr_expect_eq(verify(a, cases[i].path, cases[i].path[2]), cases[i].state, "case %u",
			     i);
	}
	aspa_put(a);
}

Test(aspa, looks_at_the_form_of_the_path_first)
{
	static const uint32_t empty[] = {0};
	static const uint32_t one[] = {AS_SEQUENCE, 1, A, 0};
	static const uint32_t prepended[] = {AS_SEQUENCE, 5, F, F, C, A, A, 0};
	static const uint32_t in_two[] = {AS_SEQUENCE, 1, F, AS_SEQUENCE, 2, C, A, 0};
	static const uint32_t with_set[] = {AS_SEQUENCE, 2, F, C, AS_SET, 1, A, 0};
	struct aspa *a = aspa_new(world, ARRAY_COUNT(world));

	cr_expect_eq(verify(a, empty, A), ASPA_INVALID, "step 1: empty");
	cr_expect_eq(verify(a, one, B), ASPA_INVALID, "step 2: not the neighbor's");
	cr_expect_eq(verify(a, with_set, F), ASPA_INVALID, "step 3: a set, though of one");
	cr_expect_eq(verify(a, one, A), ASPA_VALID, "one hop");
	cr_expect_eq(verify(a, prepended, F), ASPA_VALID, "prepends are one");
	cr_expect_eq(verify(a, in_two, F), ASPA_VALID, "a hop between segments");
	aspa_put(a);
}

Test(aspa, a_path_cut_short_is_invalid)
{
	static const uint32_t path[] = {AS_SEQUENCE, 3, F, C, A, 0};
	uint8_t bytes[64];
	size_t len = path_encode(path, 4, bytes, sizeof(bytes));
	struct aspa *a = aspa_new(world, ARRAY_COUNT(world));

	for (size_t cut = 0; cut < len; cut++) {
		cr_expect_eq(aspa_verify_upstream(a, span_of(bytes, cut), F), ASPA_INVALID);
	}
	aspa_put(a);
}

Test(aspa, a_hop_is_what_the_records_say)
{
	struct aspa *a = aspa_new(world, ARRAY_COUNT(world));

	cr_expect_eq(aspa_hop(a, D, F), ASPA_VALID);
	cr_expect_eq(aspa_hop(a, D, G), ASPA_VALID);
	cr_expect_eq(aspa_hop(a, D, E), ASPA_INVALID);
	cr_expect_eq(aspa_hop(a, E, D), ASPA_UNKNOWN, "no record");
	cr_expect_eq(aspa_hop(a, G, 0), ASPA_INVALID, "nobody is AS 0");
	cr_expect_eq(aspa_hop(a, G, F), ASPA_INVALID);
	cr_expect_eq(aspa_hop(NULL, D, F), ASPA_UNKNOWN);
	aspa_put(a);
}

Test(aspa, records_of_one_customer_are_one)
{
	static const asn_t more[] = {E, D, E};
	const struct aspa_record split[] = {
		{A, of_a, 1}, {B, NULL, 0}, {A, more, 3}, {A, &of_a[1], 1}};
	static const asn_t all[] = {C, D, E};
	const struct aspa_record whole[] = {{B, of_g, 1}, {A, all, 3}};
	struct aspa *a = aspa_new(split, ARRAY_COUNT(split));
	struct aspa *b = aspa_new(whole, ARRAY_COUNT(whole));
	struct aspa *c = aspa_new(world, ARRAY_COUNT(world));

	cr_expect_eq(aspa_count(a), 2);
	cr_expect_eq(aspa_hop(a, A, C), ASPA_VALID);
	cr_expect_eq(aspa_hop(a, A, D), ASPA_VALID);
	cr_expect_eq(aspa_hop(a, A, E), ASPA_VALID);
	cr_expect_eq(aspa_hop(a, B, E), ASPA_INVALID, "a customer of nobody");
	cr_expect(aspa_equal(a, b), "no providers, or AS 0 alone");
	cr_expect(!aspa_equal(a, c));
	aspa_put(a);
	aspa_put(b);
	aspa_put(c);
}

Test(aspa, null_has_no_records)
{
	static const uint32_t path[] = {AS_SEQUENCE, 2, F, C, 0};
	struct aspa *empty = aspa_new(NULL, 0);

	cr_expect_eq(verify(NULL, path, F), ASPA_UNKNOWN);
	cr_expect_eq(verify(empty, path, F), ASPA_UNKNOWN);
	cr_expect_eq(aspa_count(NULL), 0);
	cr_expect_eq(aspa_bytes(NULL), 0);
	cr_expect(aspa_equal(NULL, empty));
	aspa_hold(NULL);
	aspa_put(NULL);
	aspa_hold(empty);
	aspa_put(empty);
	aspa_put(empty);
}

/* §5.4 and §5.5 word by word: AS(1) is the origin, AS(N) the neighbor. */
static enum aspa_state by_ramps(const struct aspa *a, const asn_t *as, unsigned n)
{
	unsigned max_up_ramp = n, min_up_ramp = n;
	for (unsigned i = n - 1; i >= 1; i--) {
		enum aspa_state hop = aspa_hop(a, as[i], as[i + 1]);
		max_up_ramp = hop == ASPA_INVALID ? i : max_up_ramp;
		min_up_ramp = hop != ASPA_VALID ? i : min_up_ramp;
	}
	if (max_up_ramp < n) {
		return ASPA_INVALID;
	}
	return min_up_ramp < n ? ASPA_UNKNOWN : ASPA_VALID;
}

Test(aspa, verifies_as_the_ramps_of_the_draft_do)
{
	static const asn_t who[] = {A, B, C, D, E, F, G};
	struct aspa *a = aspa_new(world, ARRAY_COUNT(world));
	struct prng chance;
	unsigned seen[3] = {0};

	prng_init(&chance, 5);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned n = 1 + (unsigned)prng_below(&chance, 5);
		asn_t as[HOPS_MAX] = {0};
		uint32_t path[HOPS_MAX + 2] = {AS_SEQUENCE, n};
		for (unsigned i = 1; i <= n; i++) {
			do {
				as[i] = who[prng_below(&chance, ARRAY_COUNT(who))];
			} while (as[i] == as[i - 1]);
			path[2 + n - i] = as[i];
		}
		enum aspa_state state = verify(a, path, as[n]);
		cr_assert_eq(state, by_ramps(a, as, n));
		seen[state]++;
	}
	cr_expect(seen[ASPA_VALID] > 0 && seen[ASPA_UNKNOWN] > 0 && seen[ASPA_INVALID] > 0);
	aspa_put(a);
}
