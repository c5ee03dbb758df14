/* Sorted sets of VRPs against the plainest way to do the same; and sources: plausible, chosen. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/rpki/source.h"
#include "control/rpki/vrp_set.h"
#include "rib/base/prng.h"

static struct vrp vrp_of(uint32_t n)
{
	struct addr a = addr_v4(0xC6120000U | (n & 7) << 8);
	struct vrp v = {.len_max = (uint8_t)(24 + (n >> 3 & 1)), .asn = 64500 + (n >> 4 & 1)};
	if ((n >> 5 & 1) != 0) {
		a = (struct addr){.bytes = {0x20, 1, 0xd, 0xb8, (uint8_t)(n & 7)},
				  .family = FAMILY_IPV6};
		v.len_max += 16;
		v.prefix = prefix_make(&a, 40);
	} else {
		v.prefix = prefix_make(&a, 24);
	}
	return v;
}

#define UNIVERSE 64

static struct vrp_set *set_of(const bool has[UNIVERSE], struct prng *p)
{
	struct vrp item[UNIVERSE * 2];
	size_t count = 0;
	for (uint32_t n = 0; n < UNIVERSE; n++) {
		for (unsigned twice = 0; has[n] && twice < 1 + prng_below(p, 2); twice++) {
			item[count++] = vrp_of(n);
		}
	}
	for (size_t i = count; i > 1; i--) {
		size_t j = prng_below(p, i);
		struct vrp swap = item[i - 1];
		item[i - 1] = item[j];
		item[j] = swap;
	}
	return vrp_set_new(item, count);
}

static void check(const struct vrp_set *s, const bool has[UNIVERSE])
{
	size_t count = 0, v4 = 0;
	for (uint32_t n = 0; n < UNIVERSE; n++) {
		struct vrp v = vrp_of(n);
		bool is_there = false;
		for (size_t i = 0; i < s->count; i++) {
			is_there |= vrp_cmp(&s->item[i], &v) == 0;
		}
		cr_assert(is_there == has[n], "%u", n);
		count += has[n] ? 1 : 0;
		v4 += has[n] && v.prefix.family == FAMILY_IPV4 ? 1 : 0;
	}
	cr_assert(s->count == count && s->count_v4 == v4);
	for (size_t i = 1; i < s->count; i++) {
		cr_assert(vrp_cmp(&s->item[i - 1], &s->item[i]) < 0);
	}
}

Test(vrp_set, changes_in_their_order_make_the_set_that_they_describe)
{
	struct prng p;
	prng_init(&p, 1);
	for (unsigned round = 0; round < 300; round++) {
		bool has[UNIVERSE];
		struct vrp_change change[40];
		for (unsigned n = 0; n < UNIVERSE; n++) {
			has[n] = round % 5 != 0 && prng_below(&p, 3) == 0;
		}
		struct vrp_set *old = set_of(has, &p);
		check(old, has);
		size_t count = prng_below(&p, ARRAY_COUNT(change));
		for (size_t i = 0; i < count; i++) {
			uint32_t n = (uint32_t)prng_below(&p, UNIVERSE);
			change[i] = (struct vrp_change){.vrp = vrp_of(n),
							.is_added = round % 10 == 0 ||
								    prng_below(&p, 2) == 0};
			has[n] = change[i].is_added;
		}
		struct vrp_set *now = vrp_set_apply(old, change, count);
		check(now, has);
		vrp_set_put(old);
		vrp_set_put(now);
	}
}

Test(vrp_set, the_union_of_sources_has_what_any_has)
{
	struct prng p;
	prng_init(&p, 2);
	for (unsigned round = 0; round < 100; round++) {
		bool all[UNIVERSE] = {false};
		struct vrp_set *sets[4];
		unsigned count = 1 + (unsigned)prng_below(&p, 4);
		for (unsigned i = 0; i < count; i++) {
			bool has[UNIVERSE];
			for (unsigned n = 0; n < UNIVERSE; n++) {
				has[n] = prng_below(&p, 4) == 0;
				all[n] |= has[n];
			}
			sets[i] = set_of(has, &p);
		}
		struct vrp_set *u = vrp_set_union(sets, count);
		check(u, all);
		cr_expect((count == 1) == (u == sets[0]));
		vrp_set_put(u);
		for (unsigned i = 0; i < count; i++) {
			vrp_set_put(sets[i]);
		}
	}
}

/* So many that they are sorted by digits; among them many with the same first half. */
Test(vrp_set, many_are_sorted_as_few_are)
{
	enum { MANY = 20000 };
	static struct vrp item[MANY], sorted[MANY];
	struct prng p;
	prng_init(&p, 5);
	for (unsigned i = 0; i < MANY; i++) {
		struct addr a = addr_v4((uint32_t)prng_u64(&p));
		if (prng_below(&p, 2) == 0) {
			a = (struct addr){.family = FAMILY_IPV6, .bytes = {0x20, 1}};
			a.bytes[prng_below(&p, 16)] = (uint8_t)prng_u64(&p);
		}
		unsigned bits = family_bits(a.family);
		struct vrp v = {.asn = (asn_t)prng_below(&p, 3)};
		v.prefix = prefix_make(&a, (unsigned)prng_below(&p, bits + 1));
		v.len_max = (uint8_t)bits;
		item[i] = v;
	}
	memcpy(sorted, item, sizeof(item));
	struct vrp_set *s = vrp_set_new(item, MANY);
	cr_assert(s->count > MANY / 2);
	for (size_t i = 1; i < s->count; i++) {
		cr_assert(vrp_cmp(&s->item[i - 1], &s->item[i]) < 0);
	}
	for (unsigned i = 0; i < MANY; i++) {
		size_t low = 0, high = s->count;
		while (high - low > 1) {
			size_t middle = (low + high) / 2;
			bool is_right = vrp_cmp(&s->item[middle], &sorted[i]) <= 0;
			low = is_right ? middle : low;
			high = is_right ? high : middle;
		}
		cr_assert(vrp_cmp(&s->item[low], &sorted[i]) == 0, "%u", i);
	}
	vrp_set_put(s);
}

static bool touches(const struct prefix_set *touched, const struct prefix *p)
{
	return prefix_set_match(touched, p, 0, NULL);
}

/* RFC 6811: a route's state depends on the VRPs that cover it; so it is those that are touched. */
Test(vrp_set, a_difference_touches_all_routes_whose_state_changes)
{
	struct prng p;
	prng_init(&p, 3);
	for (unsigned round = 0; round < 200; round++) {
		bool a_has[UNIVERSE], b_has[UNIVERSE];
		for (unsigned n = 0; n < UNIVERSE; n++) {
			a_has[n] = prng_below(&p, 2) == 0;
			b_has[n] = prng_below(&p, 8) == 0 ? !a_has[n] : a_has[n];
		}
		struct vrp_set *a = set_of(a_has, &p), *b = set_of(b_has, &p);
		struct roa *ra = roa_new(a->item, a->count), *rb = roa_new(b->item, b->count);
		struct prefix_set *touched = vrp_set_difference(a, b);
		struct prefix_set *same = roa_difference(ra, rb);
		cr_expect(prefix_set_equal(touched, same));
		for (uint32_t n = 0; n < UNIVERSE; n++) {
			struct prefix route = vrp_of(n).prefix;
			for (asn_t origin = 64500; origin < 64502; origin++) {
				cr_expect(roa_validate(ra, &route, origin) ==
						  roa_validate(rb, &route, origin) ||
					  touches(touched, &route));
			}
			/* And what has no change above it is left alone. */
			bool differs = false;
			for (uint32_t m = 0; m < UNIVERSE; m++) {
				struct prefix other = vrp_of(m).prefix;
				differs |= a_has[m] != b_has[m] && prefix_equal(&other, &route);
			}
			cr_expect(touches(touched, &route) == differs);
		}
		prefix_set_put(touched);
		prefix_set_put(same);
		roa_put(ra);
		roa_put(rb);
		vrp_set_put(a);
		vrp_set_put(b);
	}
}

Test(vrp_set, equal_sets_are_equal_whoever_made_them)
{
	bool has[UNIVERSE] = {[1] = true, [9] = true, [40] = true};
	struct prng p;
	prng_init(&p, 4);
	struct vrp_set *a = set_of(has, &p), *b = set_of(has, &p);
	has[40] = false;
	has[41] = true;
	struct vrp_set *c = set_of(has, &p);
	cr_expect(vrp_set_equal(a, b) && !vrp_set_equal(a, c));
	cr_expect(!vrp_set_equal(a, NULL) && vrp_set_equal(NULL, NULL));
	struct prefix_set *none = vrp_set_difference(a, b);
	cr_expect(none != NULL && prefix_set_count(none) == 0);
	prefix_set_put(none);
	vrp_set_put(a);
	vrp_set_put(b);
	vrp_set_put(c);
}

/* `count` VRPs. */
static struct vrp_set *many(unsigned count)
{
	struct vrp *item = calloc(count + 1, sizeof(*item));
	for (unsigned i = 0; i < count; i++) {
		struct addr a = addr_v4(0xC6120000U | i << 8);
		item[i] = (struct vrp){.prefix = prefix_make(&a, 24), .len_max = 24, .asn = 64500};
	}
	struct vrp_set *s = count > 0 ? vrp_set_new(item, count) : NULL;
	free(item);
	return s;
}

static bool offer(struct source *s, unsigned count, unsigned shrink_max)
{
	char why[128] = "";
	struct aspa_list none = {0};
	bool is_taken = source_offer(s, many(count), &none, shrink_max, why, sizeof(why));
	cr_expect(is_taken == (why[0] == '\0'), "%s", why);
	return is_taken;
}

Test(source, implausibly_few_records_change_nothing)
{
	struct source s = {0};
	cr_expect(offer(&s, 100, 50) && s.version == 1);
	cr_expect(!offer(&s, 49, 50) && s.vrps->count == 100 && s.version == 1);
	cr_expect(!offer(&s, 0, 50) && s.vrps->count == 100);
	cr_expect(offer(&s, 50, 50) && s.vrps->count == 50 && s.version == 2);
	cr_expect(!offer(&s, 44, 10) && offer(&s, 45, 10));
	cr_expect(offer(&s, 1, 100), "100 percent: everything is plausible");
	/* Few records come and go for good reasons; to nothing they do not. */
	cr_expect(offer(&s, 19, 50) && offer(&s, 1, 50) && !offer(&s, 0, 50));
	cr_expect(offer(&s, 0, 100) && s.vrps == NULL);
	source_fini(&s);
}

Test(source, implausibly_few_aspas_change_nothing)
{
	struct source s = {0};
	char why[128];
	struct aspa_list list = {0};
	for (asn_t customer = 1; customer <= 40; customer++) {
		cr_assert(aspa_list_begin(&list, customer) && aspa_list_provider(&list, 64500));
	}
	cr_expect(source_offer(&s, many(10), &list, 50, why, sizeof(why)));
	cr_expect(s.aspas.count == 40 && list.row == NULL);
	cr_expect(!source_offer(&s, many(10), &list, 50, why, sizeof(why)));
	cr_expect(strcmp(why, "0 ASPAs, where 40 are in use") == 0, "%s", why);
	source_fini(&s);
}

/* Three sources: what each is, and which are used. */
static uint32_t choose(const char *states, const uint8_t preference[3], uint32_t before)
{
	struct source s[3] = {{0}};
	for (unsigned i = 0; i < 3; i++) {
		s[i].preference = preference[i];
		s[i].is_current = states[i] == 'c';
		s[i].vrps = states[i] != '-' ? many(1) : NULL;
	}
	uint32_t chosen = source_choose(s, 3, false, before);
	for (unsigned i = 0; i < 3; i++) {
		source_fini(&s[i]);
	}
	return chosen;
}

/* c: current, s: stale, -: without data.  Bits: source 0 is 1, 1 is 2, 2 is 4. */
Test(source, the_best_that_are_current_are_used_and_else_those_used_before)
{
	static const uint8_t pref[3] = {1, 1, 2};
	cr_expect(choose("---", pref, 0) == 0);
	cr_expect(choose("ccc", pref, 0) == 3, "all of the best group");
	cr_expect(choose("-cc", pref, 0) == 2);
	cr_expect(choose("--c", pref, 0) == 4, "before the better ones are there");
	cr_expect(choose("scc", pref, 3) == 2, "its neighbour in the group is current");
	cr_expect(choose("ssc", pref, 3) == 4, "the next group takes over");
	cr_expect(choose("sss", pref, 4) == 4, "all are lost: what was used stays");
	cr_expect(choose("sss", pref, 3) == 3);
	cr_expect(choose("ss-", pref, 4) == 3, "what was used has gone");
	cr_expect(choose("csc", pref, 4) == 1, "the better one is back");
	cr_expect(choose("s--", pref, 0) == 1, "an old file is better than none");
	static const uint8_t backwards[3] = {3, 2, 1};
	cr_expect(choose("ccc", backwards, 0) == 4 && choose("ccs", backwards, 4) == 2);
}

Test(source, sources_without_aspas_are_not_asked_for_them)
{
	struct source s[2] = {{.preference = 1, .is_current = true, .vrps = many(1)},
			      {.preference = 9, .is_current = true}};
	cr_assert(aspa_list_begin(&s[1].aspas, 64500) && aspa_list_provider(&s[1].aspas, 0));
	cr_expect(source_choose(s, 2, false, 0) == 1 && source_choose(s, 2, true, 0) == 2);
	source_fini(&s[0]);
	source_fini(&s[1]);
}
