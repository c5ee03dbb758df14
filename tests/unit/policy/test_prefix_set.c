/* Prefix sets: matching, equality and difference against a look at every rule. */
#include "rib/policy/prefix_set.h"

#include <criterion/criterion.h>

#include "tests/unit/policy/prefixes.h"

#define RULES_MAX 200

static bool rule_has(const struct prefix_rule *r, const struct prefix *p, asn_t origin)
{
	return prefix_contains(&r->prefix, p) && r->ge <= p->len && p->len <= r->le &&
	       (r->origin == 0 || r->origin == origin);
}

static struct prefix_rule rule_by_chance(struct prng *chance)
{
	struct prefix_rule r = {.prefix = prefix_by_chance(chance)};
	unsigned bits = family_bits(r.prefix.family);

	r.ge = (uint8_t)(r.prefix.len + prng_below(chance, bits - r.prefix.len + 1));
	r.le = (uint8_t)(r.ge + prng_below(chance, bits - r.ge + 1));
	r.origin = prng_chance(chance, 1, 2) ? (asn_t)prng_below(chance, 3) : 4200000000u;
	return r;
}

/* The longest prefix of the rules that have p; -1: none has. */
static int look(const struct prefix_rule *rules, size_t count, const struct prefix *p, asn_t origin)
{
	int len = -1;
	for (size_t i = 0; i < count; i++) {
		if (rule_has(&rules[i], p, origin) && rules[i].prefix.len > len) {
			len = rules[i].prefix.len;
		}
	}
	return len;
}

static bool look_covers(const struct prefix_rule *rules, size_t count, const struct prefix *p)
{
	bool covers = false;
	for (size_t i = 0; i < count; i++) {
		covers = covers || prefix_contains(&rules[i].prefix, p);
	}
	return covers;
}

static bool look_bounds(const struct prefix_rule *rules, size_t count, const struct prefix *p)
{
	bool bounds = false;
	for (size_t i = 0; i < count; i++) {
		bounds = bounds || (prefix_contains(&rules[i].prefix, p) && p->len >= rules[i].ge &&
				    p->len <= rules[i].le);
	}
	return bounds;
}

static void expect_same(const struct prefix_set *s, const struct prefix_rule *rules, size_t count,
			const struct prefix *p, asn_t origin)
{
	struct prefix_rule r;
	int len = look(rules, count, p, origin);

	cr_assert_eq(prefix_set_covers(s, p), look_covers(rules, count, p));
	cr_assert_eq(prefix_set_bounds(s, p), look_bounds(rules, count, p));
	cr_assert_eq(prefix_set_match(s, p, origin, NULL), len >= 0);
	if (prefix_set_match(s, p, origin, &r)) {
		cr_assert_eq(r.prefix.len, len, "the most specific one");
		cr_assert(rule_has(&r, p, origin));
	}
}

Test(prefix_set, matches_as_a_look_at_every_rule_does)
{
	struct prefix_rule rules[RULES_MAX];
	struct prng chance;

	prng_init(&chance, 1);
	for (unsigned round = 0; round < 200; round++) {
		size_t count = prng_below(&chance, RULES_MAX);
		for (size_t i = 0; i < count; i++) {
			rules[i] = rule_by_chance(&chance);
		}
		struct prefix_set *s = prefix_set_new(rules, count);
		for (unsigned i = 0; i < 300; i++) {
			struct prefix p = prefix_by_chance(&chance);
			expect_same(s, rules, count, &p, (asn_t)prng_below(&chance, 4));
			expect_same(s, rules, count, &p, 4200000000u);
		}
		prefix_set_put(s);
	}
}

Test(prefix_set, bounds_are_inclusive)
{
	const struct prefix_rule rule = {prefix_of("198.18.0.0/15"), 17, 24, 0};
	struct prefix_set *s = prefix_set_new(&rule, 1);
	static const struct {
		const char *prefix;
		bool matches, covers;
	} cases[] = {
		{"198.18.0.0/14", false, false}, {"198.18.0.0/15", false, true},
		{"198.18.0.0/16", false, true},	 {"198.18.0.0/17", true, true},
		{"198.19.255.0/24", true, true}, {"198.19.255.128/25", false, true},
		{"198.20.0.0/24", false, false}, {"198.17.255.0/24", false, false},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		struct addr a;
		struct prefix p;
		cr_assert_eq(prefix_parse(cases[i].prefix, &p, NULL), 0);
		a = addr_make(FAMILY_IPV4, p.bytes);
		p = prefix_make(&a, p.len);
		cr_expect_eq(prefix_set_match(s, &p, 0, NULL), cases[i].matches, "%s",
			     cases[i].prefix);
		cr_expect_eq(prefix_set_covers(s, &p), cases[i].covers, "%s", cases[i].prefix);
	}
	prefix_set_put(s);
}

Test(prefix_set, a_rule_with_an_origin_is_for_that_origin_alone)
{
	const struct prefix p = prefix_of("2001:db8::/32");
	const struct prefix_rule rules[] = {{p, 32, 48, 64500}, {p, 32, 32, 64501}};
	struct prefix_set *s = prefix_set_new(rules, 2);
	struct prefix inside = prefix_of("2001:db8:1::/48");
	struct prefix_rule r = {0};

	cr_expect(prefix_set_match(s, &p, 64501, &r));
	cr_expect_eq(r.origin, 64501);
	cr_expect_eq(r.le, 32);
	cr_expect(prefix_set_match(s, &inside, 64500, &r));
	cr_expect(prefix_equal(&r.prefix, &p));
	cr_expect(!prefix_set_match(s, &inside, 64501, NULL));
	cr_expect(!prefix_set_match(s, &p, 0, NULL), "no origin is known");
	prefix_set_put(s);
}

Test(prefix_set, null_is_the_empty_set)
{
	struct prefix_set *empty = prefix_set_new(NULL, 0);
	struct prefix p = prefix_of("198.18.0.0/15");
	struct prefix_rule rule = {p, 15, 15, 0};
	struct prefix_set *one = prefix_set_new(&rule, 1);

	cr_expect(!prefix_set_match(NULL, &p, 1, NULL));
	cr_expect(!prefix_set_covers(NULL, &p));
	cr_expect_eq(prefix_set_count(NULL), 0);
	cr_expect_eq(prefix_set_bytes(NULL), 0);
	cr_expect(prefix_set_equal(NULL, empty));
	cr_expect(prefix_set_equal(empty, NULL));
	cr_expect(!prefix_set_equal(NULL, one));
	struct prefix_set *d = prefix_set_difference(NULL, one);
	cr_expect(prefix_set_equal(d, one));
	prefix_set_hold(NULL);
	prefix_set_put(NULL);
	prefix_set_put(d);
	prefix_set_put(one);
	prefix_set_put(empty);
}

Test(prefix_set, counts_its_holders)
{
	struct prefix_rule rule = {prefix_of("198.18.0.0/15"), 15, 15, 0};
	struct prefix_set *s = prefix_set_new(&rule, 1);

	prefix_set_hold(s);
	prefix_set_put(s);
	cr_expect(prefix_set_covers(s, &rule.prefix), "one holder is left");
	prefix_set_put(s);
}

static bool rule_equal(const struct prefix_rule *a, const struct prefix_rule *b)
{
	return prefix_equal(&a->prefix, &b->prefix) && a->ge == b->ge && a->le == b->le &&
	       a->origin == b->origin;
}

static bool rules_have(const struct prefix_rule *rules, size_t count, const struct prefix_rule *r)
{
	bool have = false;
	for (size_t i = 0; i < count; i++) {
		have = have || rule_equal(&rules[i], r);
	}
	return have;
}

struct list {
	struct prefix_rule rule[2 * RULES_MAX];
	size_t count;
};

static void list_add(void *context, const struct prefix_rule *r)
{
	struct list *l = context;
	cr_assert(l->count == 0 || prefix_cmp(&l->rule[l->count - 1].prefix, &r->prefix) <= 0);
	l->rule[l->count++] = *r;
}

/* Each rule of `a` is in the difference exactly when it is not in `b`. */
static void expect_split(const struct list *difference, const struct prefix_rule *a, size_t count_a,
			 const struct prefix_rule *b, size_t count_b)
{
	for (size_t i = 0; i < count_a; i++) {
		cr_assert_neq(rules_have(difference->rule, difference->count, &a[i]),
			      rules_have(b, count_b, &a[i]));
	}
}

Test(prefix_set, difference_is_what_one_has_and_the_other_has_not)
{
	struct prefix_rule all[RULES_MAX];
	struct prng chance;

	prng_init(&chance, 2);
	for (unsigned round = 0; round < 200; round++) {
		size_t count = prng_below(&chance, RULES_MAX);
		for (size_t i = 0; i < count; i++) {
			all[i] = rule_by_chance(&chance);
		}
		/* Two overlapping parts of them. */
		size_t to = prng_below(&chance, count + 1), from = prng_below(&chance, to + 1);
		struct prefix_set *a = prefix_set_new(all, to);
		struct prefix_set *b = prefix_set_new(all + from, count - from);
		struct prefix_set *d = prefix_set_difference(a, b);
		static struct list list;
		list.count = 0;
		prefix_set_each(d, list_add, &list);
		cr_assert_eq(list.count, prefix_set_count(d));
		expect_split(&list, all, to, all + from, count - from);
		expect_split(&list, all + from, count - from, all, to);
		cr_assert_eq(prefix_set_count(d) == 0, prefix_set_equal(a, b));
		prefix_set_put(a);
		prefix_set_put(b);
		prefix_set_put(d);
	}
}

Test(prefix_set, is_equal_whatever_the_order_and_repeats)
{
	struct prefix_rule rules[RULES_MAX], shuffled[RULES_MAX + 10];
	struct prng chance;

	prng_init(&chance, 3);
	for (unsigned i = 0; i < RULES_MAX; i++) {
		rules[i] = rule_by_chance(&chance);
		shuffled[i] = rules[i];
	}
	for (unsigned i = RULES_MAX - 1; i > 0; i--) {
		unsigned k = (unsigned)prng_below(&chance, i + 1);
		struct prefix_rule r = shuffled[i];
		shuffled[i] = shuffled[k];
		shuffled[k] = r;
	}
	memcpy(shuffled + RULES_MAX, rules, 10 * sizeof(*rules));
	struct prefix_set *a = prefix_set_new(rules, RULES_MAX);
	struct prefix_set *b = prefix_set_new(shuffled, RULES_MAX + 10);
	cr_expect(prefix_set_equal(a, b));
	/* One bound of one rule. */
	shuffled[0].origin++;
	struct prefix_set *c = prefix_set_new(shuffled, RULES_MAX);
	cr_expect(!prefix_set_equal(a, c));
	prefix_set_put(a);
	prefix_set_put(b);
	prefix_set_put(c);
}
