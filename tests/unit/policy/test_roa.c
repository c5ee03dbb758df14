/* ROAs: RFC 6811's validation against a look at every payload, and the cases of RFC 6907. */
#include "rib/policy/roa.h"

#include <criterion/criterion.h>

#include "tests/unit/policy/prefixes.h"

#define VRPS_MAX 300
#define NO_AS	 0 /* An AS_SET, or a path without an end. */

struct text_vrp {
	const char *prefix;
	uint8_t len_max;
	asn_t asn;
};

static struct roa *roa_of(const struct text_vrp *text, size_t count)
{
	struct vrp vrp[8];
	for (size_t i = 0; i < count; i++) {
		vrp[i] = (struct vrp){prefix_of(text[i].prefix), text[i].len_max, text[i].asn};
	}
	return roa_new(vrp, count);
}

/* A payload or more, and what they make of a route. */
struct text_case {
	const char *section;
	struct text_vrp vrp[5]; /* Up to the first without a prefix. */
	const char *route;
	asn_t origin;
	enum rov_state state;
};

static void expect_state(const struct text_case *c)
{
	size_t count = 0;
	while (c->vrp[count].prefix != NULL) {
		count++;
	}
	struct roa *r = roa_of(c->vrp, count);
	struct prefix p = prefix_of(c->route);
	cr_expect_eq(roa_validate(r, &p, c->origin), c->state, "%s %s AS%u", c->section, c->route,
		     c->origin);
	roa_put(r);
}

#define ONE(prefix, len_max, asn)                                                                  \
	{                                                                                          \
		{                                                                                  \
			prefix, len_max, asn                                                       \
		}                                                                                  \
	}
#define TWO                                                                                        \
	{                                                                                          \
		{"10.1.0.0/16", 16, 64496},                                                        \
		{                                                                                  \
			"10.1.0.0/20", 22, 64497                                                   \
		}                                                                                  \
	}

Test(roa, says_what_rfc_6907_says)
{
	static const struct text_case cases[] = {
		{"7.1.1", ONE("10.1.0.0/16", 20, 64496), "10.1.0.0/17", 64496, ROV_VALID},
		{"7.1.1", ONE("2001:db8::/32", 48, 64496), "2001:db8::/33", 64496, ROV_VALID},
		{"7.1.2", ONE("10.1.0.0/16", 20, 64496), "10.1.0.0/21", 64496, ROV_INVALID},
		{"7.1.3", ONE("10.1.0.0/16", 20, 64496), "10.1.0.0/17", 64511, ROV_INVALID},
		{"7.1.4", ONE("10.1.0.0/16", 20, 64496), "10.1.0.0/22", 64511, ROV_INVALID},
		{"7.1.5", ONE("10.1.0.0/16", 20, 64496), "10.0.0.0/15", 64496, ROV_NOT_FOUND},
		/* An AS 0 ROA is matched by nobody. */
		{"7.1.6", ONE("10.1.0.0/16", 32, 0), "10.1.0.0/17", 64511, ROV_INVALID},
		{"7.1.6", ONE("10.1.0.0/16", 32, 0), "10.1.0.0/17", NO_AS, ROV_INVALID},
		{"7.1.8", ONE("10.1.0.0/16", 24, 64496), "10.2.0.0/16", NO_AS, ROV_NOT_FOUND},
		/* A set at the end of the path is no origin, though it may have one number. */
		{"7.1.9", ONE("10.1.0.0/16", 24, 64496), "10.1.0.0/24", NO_AS, ROV_INVALID},
		{"7.1.11", ONE("10.1.0.0/22", 24, 64496), "10.1.0.0/24", NO_AS, ROV_INVALID},
		/* Two owners: each of its own, and a greatest length holds for its own payload. */
		{"7.2", TWO, "10.1.0.0/16", 64496, ROV_VALID},
		{"7.2", TWO, "10.1.4.0/22", 64497, ROV_VALID},
		{"7.2", TWO, "10.1.4.0/22", 64496, ROV_INVALID},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		expect_state(&cases[i]);
	}
}

/* RFC 6907 §7.1.7, §7.1.12: payloads for all of it, but only in parts, cover nothing. */
Test(roa, parts_do_not_cover_the_whole)
{
	struct text_case c = {"7.1.7",
			      {{"10.1.0.0/18", 20, 64496},
			       {"10.1.64.0/18", 20, 64496},
			       {"10.1.128.0/18", 20, 64496},
			       {"10.1.192.0/18", 20, 64496}},
			      "10.1.0.0/16",
			      64496,
			      ROV_NOT_FOUND};

	expect_state(&c);
	c.section = "7.1.12";
	c.origin = NO_AS;
	expect_state(&c);
}

/* RFC 6811 §2: any of the payloads that cover a route may match it, be it the widest. */
Test(roa, one_match_of_several_is_enough)
{
	static const struct text_case c = {
		"RFC 6811 §2",
		{{"10.0.0.0/8", 24, 64499}, {"10.1.0.0/16", 16, 64496}, {"10.1.0.0/16", 24, 64497}},
		"10.1.4.0/24",
		64499,
		ROV_VALID};

	expect_state(&c);
}

static struct vrp vrp_by_chance(struct prng *chance)
{
	struct vrp v = {.prefix = prefix_by_chance(chance)};
	unsigned spare = family_bits(v.prefix.family) - v.prefix.len;

	v.len_max = (uint8_t)(v.prefix.len + prng_below(chance, spare + 1));
	v.asn = prng_chance(chance, 3, 4) ? (asn_t)prng_below(chance, 4) : UINT32_MAX;
	return v;
}

static enum rov_state look(const struct vrp *vrps, size_t count, const struct prefix *p,
			   asn_t origin, unsigned *out_covering)
{
	enum rov_state state = ROV_NOT_FOUND;
	*out_covering = 0;
	for (size_t i = 0; i < count; i++) {
		if (!prefix_contains(&vrps[i].prefix, p)) {
			continue;
		}
		bool matches =
			origin != NO_AS && vrps[i].asn == origin && p->len <= vrps[i].len_max;
		state = matches || state == ROV_VALID ? ROV_VALID : ROV_INVALID;
		(*out_covering)++;
	}
	return state;
}

/* Each once, as roa_new keeps them. */
static size_t make_vrps(struct vrp *vrps, struct prng *chance)
{
	size_t count = 0, wanted = prng_below(chance, VRPS_MAX);
	for (size_t i = 0; i < wanted; i++) {
		bool is_new = true;
		vrps[count] = vrp_by_chance(chance);
		for (size_t k = 0; k < count; k++) {
			is_new = is_new && (!prefix_equal(&vrps[k].prefix, &vrps[count].prefix) ||
					    vrps[k].asn != vrps[count].asn ||
					    vrps[k].len_max != vrps[count].len_max);
		}
		count += is_new;
	}
	return count;
}

Test(roa, validates_as_a_look_at_every_payload_does)
{
	static const asn_t origins[] = {0, 1, 2, 3, UINT32_MAX, 4};
	static struct vrp vrps[VRPS_MAX + 1];
	struct prng chance;

	prng_init(&chance, 9);
	for (unsigned round = 0; round < 100; round++) {
		size_t count = make_vrps(vrps, &chance);
		struct roa *r = roa_new(vrps, count);
		cr_assert_eq(roa_count(r), count);
		for (unsigned i = 0; i < 600; i++) {
			struct prefix p = prefix_by_chance(&chance);
			asn_t origin = origins[i % ARRAY_COUNT(origins)];
			unsigned covering;
			enum rov_state state = look(vrps, count, &p, origin, &covering);
			cr_assert_eq(roa_validate(r, &p, origin), state);
			struct vrp some[2] = {0};
			cr_assert_eq(roa_covering(r, &p, some, 2), covering);
			cr_assert(covering < 2 || some[0].prefix.len >= some[1].prefix.len);
			cr_assert(covering < 1 || prefix_contains(&some[0].prefix, &p));
		}
		roa_put(r);
	}
}

Test(roa, a_duplicate_is_kept_once)
{
	static const struct text_vrp text[] = {
		{"198.18.0.0/15", 24, 1}, {"198.18.0.0/15", 24, 1}, {"198.18.0.0/15", 23, 1}};
	struct roa *r = roa_of(text, 3);
	struct roa *same = roa_of(text + 1, 2);

	cr_expect_eq(roa_count(r), 2);
	cr_expect(roa_equal(r, same));
	roa_put(r);
	roa_put(same);
}

Test(roa, null_has_no_payloads)
{
	struct prefix p = prefix_of("198.18.0.0/15");
	struct vrp v;
	struct roa *empty = roa_new(NULL, 0);

	cr_expect_eq(roa_validate(NULL, &p, 1), ROV_NOT_FOUND);
	cr_expect_eq(roa_covering(NULL, &p, &v, 1), 0);
	cr_expect_eq(roa_count(NULL), 0);
	cr_expect_eq(roa_bytes(NULL), 0);
	cr_expect(roa_equal(NULL, empty));
	struct prefix_set *d = roa_difference(NULL, empty);
	cr_expect_eq(prefix_set_count(d), 0);
	prefix_set_put(d);
	roa_hold(NULL);
	roa_put(NULL);
	roa_hold(empty);
	roa_put(empty);
	roa_put(empty);
}

/* What a change touches is all that it may change, and nothing that no payload of it covers. */
Test(roa, the_difference_covers_every_route_whose_state_changes)
{
	static struct vrp vrps[VRPS_MAX + 1];
	struct prng chance;
	unsigned changed = 0;

	prng_init(&chance, 10);
	for (unsigned round = 0; round < 300; round++) {
		size_t count = make_vrps(vrps, &chance);
		size_t to = prng_below(&chance, count + 1), from = prng_below(&chance, to + 1);
		struct roa *a = roa_new(vrps, to);
		struct roa *b = roa_new(vrps + from, count - from);
		struct prefix_set *d = roa_difference(a, b);
		for (unsigned i = 0; i < 200; i++) {
			struct prefix p = prefix_by_chance(&chance);
			asn_t origin = (asn_t)prng_below(&chance, 4);
			bool is_other = roa_validate(a, &p, origin) != roa_validate(b, &p, origin);
			cr_assert(!is_other || prefix_set_match(d, &p, 0, NULL));
			changed += is_other;
		}
		cr_assert_eq(prefix_set_count(d) == 0, roa_equal(a, b));
		prefix_set_put(d);
		roa_put(a);
		roa_put(b);
	}
	cr_expect_gt(changed, 100);
}

Test(roa, the_difference_of_one_payload_is_its_prefix_and_all_under_it)
{
	static const struct text_vrp text[] = {{"198.18.0.0/15", 24, 1}, {"2001:db8::/32", 48, 1}};
	struct roa *one = roa_of(text, 1), *two = roa_of(text, 2);
	struct prefix_set *d = roa_difference(one, two);
	const struct prefix_rule rule = {prefix_of("2001:db8::/32"), 32, 128, 0};
	struct prefix_set *only = prefix_set_new(&rule, 1);

	cr_expect(prefix_set_equal(d, only));
	prefix_set_put(d);
	prefix_set_put(only);
	roa_put(one);
	roa_put(two);
}
