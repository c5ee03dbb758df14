/* The canonical bytes and the facts.  RFC 4271 §5, §9.1.2.2; RFC 6793 §4.2.2. */
#include "rib/attr/attr.h"

#include <criterion/criterion.h>

#include "rib/attr/aspath.h"
#include "rib/attr/intern.h"
#include "rib/base/prng.h"
#include "tests/unit/attr/build.h"
#include "tests/unit/attr/guard.h"

#define WELL_KNOWN ATTR_FLAG_TRANSITIVE
#define OPTIONAL   (ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE)

static const struct next_hop no_hop = {.len = 0};

static void put_everything(struct draft_text *d)
{
	static const uint8_t longs[300];

	draft_begin(d);
	draft_u8(d, WELL_KNOWN, ATTR_ORIGIN, ORIGIN_EGP);
	draft_path(d, (const uint32_t[]){AS_SEQUENCE, 2, 64500, 64501, AS_SET, 2, 1, 2, AS_SEQUENCE,
					 2, 64502, 64503, 0});
	draft_u32(d, ATTR_FLAG_OPTIONAL, ATTR_MED, 77);
	draft_put(d, WELL_KNOWN, ATTR_ATOMIC_AGGREGATE, "", 0);
	draft_put(d, OPTIONAL, ATTR_COMMUNITIES, "\0\1\0\2\0\3\0\4", 8);
	draft_put(d, OPTIONAL, ATTR_EXT_COMMUNITIES, "\0\2\0\1\0\0\0\1", 8);
	draft_put(d, OPTIONAL, ATTR_LARGE_COMMUNITIES, "\0\0\0\1\0\0\0\2\0\0\0\3", 12);
	draft_put(d, OPTIONAL | ATTR_FLAG_PARTIAL, 99, longs, sizeof(longs));
	draft_end(d);
}

Test(attr, facts_name_the_ends_of_the_path_and_the_values)
{
	struct draft_text d;

	put_everything(&d);
	const struct attr_facts *f = &d.draft.facts;
	const uint8_t *wire = d.draft.wire;
	cr_expect_eq(f->origin, ORIGIN_EGP);
	cr_expect(f->has_med && f->med == 77);
	cr_expect_eq(f->local_pref, 100);
	cr_expect_eq(f->neighbor_as, 64500);
	cr_expect_eq(f->origin_as, 64503);
	cr_expect_eq(f->path_len, 5, "the set counts one");
	cr_expect_eq(f->as_path.len, 3 * 2 + 6 * 4);
	cr_expect_eq(wire[f->as_path.offset], AS_SEQUENCE);
	cr_expect_eq(f->communities.len, 8);
	cr_expect_eq(memcmp(wire + f->communities.offset, "\0\1\0\2", 4), 0);
	cr_expect_eq(f->ext_communities.len, 8);
	cr_expect_eq(f->large_communities.len, 12);
	cr_expect_eq(wire[f->large_communities.offset + 11], 3);
	cr_expect_eq(f->wire2_extra, 0, "nothing needs four octets");
}

Test(attr, facts_of_nothing_are_the_defaults)
{
	struct attr_facts f;

	memset(&f, 0xff, sizeof(f));
	attr_facts_compute((const uint8_t *)"", 0, &f);
	cr_expect_eq(f.local_pref, 100);
	cr_expect(!f.has_med && f.med == 0);
	cr_expect(f.neighbor_as == 0 && f.origin_as == 0 && f.path_len == 0);
	cr_expect(f.as_path.len == 0 && f.communities.len == 0 && f.wire2_extra == 0);
	cr_expect_eq(f.origin, ORIGIN_INCOMPLETE);
}

Test(attr, local_pref_among_the_bytes_is_taken)
{
	struct draft_text d;

	draft_begin(&d);
	draft_u32(&d, WELL_KNOWN, ATTR_LOCAL_PREF, 250);
	cr_expect_eq(draft_end(&d)->facts.local_pref, 250);
}

Test(attr, ends_of_the_path_are_those_of_sequences)
{
	static const struct {
		uint32_t segments[12];
		asn_t neighbor, origin;
	} cases[] = {
		{{0}, 0, 0},
		{{AS_SEQUENCE, 1, 5}, 5, 5},
		{{AS_SET, 2, 5, 6}, 0, 0},
		{{AS_SEQUENCE, 2, 5, 6, AS_SET, 1, 7}, 5, 0},
		{{AS_SET, 1, 7, AS_SEQUENCE, 2, 5, 6}, 0, 6},
		{{AS_CONFED_SEQUENCE, 1, 7, AS_SEQUENCE, 2, 5, 6}, 0, 6},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct draft_text d;

		draft_begin(&d);
		draft_path(&d, cases[i].segments);
		draft_end(&d);
		cr_expect_eq(d.draft.facts.neighbor_as, cases[i].neighbor, "%zu", i);
		cr_expect_eq(d.draft.facts.origin_as, cases[i].origin, "%zu", i);
	}
}

static size_t put_len(size_t value_len)
{
	return value_len + (value_len > 255 ? 4 : 3);
}

/* The 2-octet form written out, and measured: a second way to the same number. */
static size_t as2_len(const uint32_t *segments, asn_t aggregator)
{
	uint8_t bytes[4096];
	size_t len4 = path_encode(segments, 4, bytes, sizeof(bytes));
	size_t total = put_len(path_encode(segments, 2, bytes, sizeof(bytes)));
	bool has_big = false;

	for (const uint32_t *at = segments; *at != 0;) {
		uint32_t count = at[1];
		for (at += 2; count > 0; count--, at++) {
			has_big = has_big || *at > 65535;
		}
	}
	total += has_big ? put_len(len4) : 0;
	if (aggregator != 0) {
		total += put_len(6) + (aggregator > 65535 ? put_len(8) : 0);
	}
	return total;
}

Test(attr, wire2_extra_is_what_the_two_octet_form_needs)
{
	struct prng chance;
	unsigned positive = 0, zero = 0;

	prng_init(&chance, 8);
	for (unsigned round = 0; round < 2000; round++) {
		static const unsigned longest[] = {3, 40, 200};
		uint32_t segments[512] = {0};
		size_t at = 0;
		struct draft_text d;
		asn_t aggregator = 0;
		bool may_big = prng_chance(&chance, 1, 2);

		for (uint64_t left = prng_below(&chance, 3); left > 0; left--) {
			uint32_t count = (uint32_t)(1 + prng_below(&chance, longest[round % 3]));
			segments[at++] = (uint32_t)(1 + prng_below(&chance, 2));
			segments[at++] = count;
			while (count-- > 0) {
				bool is_big = may_big && prng_chance(&chance, 1, 8);
				segments[at++] =
					(uint32_t)(is_big ? 65536 : 1 + prng_below(&chance, 65535));
			}
		}
		draft_begin(&d);
		draft_path(&d, segments);
		if (prng_chance(&chance, 1, 2)) {
			uint8_t value[8] = {0, prng_chance(&chance, 1, 2), 0, 1, 192, 0, 2, 1};
			aggregator = value[1] != 0 ? 0x10001 : 1;
			draft_put(&d, OPTIONAL, ATTR_AGGREGATOR, value, sizeof(value));
		}
		draft_end(&d);
		size_t len2 = as2_len(segments, aggregator);
		size_t extra = len2 > d.draft.wire_len ? len2 - d.draft.wire_len : 0;
		cr_assert_eq(d.draft.facts.wire2_extra, extra, "round %u", round);
		*(extra > 0 ? &positive : &zero) += 1;
	}
	cr_expect(positive > 500 && zero > 500, "both kinds were seen: %u, %u", positive, zero);
}

Test(attr, walk_and_find_see_each_attribute_once)
{
	static const uint8_t types[] = {ATTR_ORIGIN,
					ATTR_AS_PATH,
					ATTR_MED,
					ATTR_ATOMIC_AGGREGATE,
					ATTR_COMMUNITIES,
					ATTR_EXT_COMMUNITIES,
					ATTR_LARGE_COMMUNITIES,
					99};
	struct draft_text d;
	struct intern *in = intern_new(0, 1, 10);
	size_t pos = 0, count = 0;
	uint8_t flags, type;
	struct span value;

	put_everything(&d);
	const struct attr *a = intern_get(in, &d.draft, &no_hop, 1);
	while (attr_next(a, &pos, &flags, &type, &value)) {
		cr_assert_lt(count, ARRAY_COUNT(types));
		cr_expect_eq(type, types[count++]);
		struct span found = attr_find(a, type);
		cr_expect(found.data == value.data && found.len == value.len);
	}
	cr_expect_eq(count, ARRAY_COUNT(types));
	cr_expect_eq(pos, a->wire_len);
	cr_expect_eq(value.len, 300);
	cr_expect_eq(flags, OPTIONAL | ATTR_FLAG_PARTIAL | ATTR_FLAG_EXT_LEN);
	cr_expect_eq(attr_find(a, ATTR_ATOMIC_AGGREGATE).len, 0);
	cr_expect_not_null(attr_find(a, ATTR_ATOMIC_AGGREGATE).data, "there, though empty");
	cr_expect_null(attr_find(a, ATTR_LOCAL_PREF).data);
	cr_expect_null(attr_find(a, 200).data);
	intern_free(in);
}

Test(attr, facts_of_any_bytes_stay_within_them)
{
	struct prng chance;

	prng_init(&chance, 4);
	for (unsigned round = 0; round < 3000; round++) {
		static const uint8_t types[] = {1, 2, 4, 5, 7, 8, 16, 32};
		uint8_t bytes[64];
		size_t len = prng_below(&chance, sizeof(bytes) + 1);
		struct attr_facts f;

		for (size_t i = 0; i < len; i++) {
			bytes[i] =
				(uint8_t)prng_below(&chance, prng_chance(&chance, 1, 3) ? 256 : 5);
		}
		if (len > 2) {
			bytes[1] = types[prng_below(&chance, ARRAY_COUNT(types))];
			bytes[0] &= (uint8_t)~ATTR_FLAG_EXT_LEN;
		}
		struct guard g = guard_of(bytes, len);
		attr_facts_compute(g.bytes.data, g.bytes.len, &f);
		cr_assert_leq(f.as_path.offset + f.as_path.len, len);
		cr_assert_leq(f.communities.offset + f.communities.len, len);
		cr_assert_leq(f.large_communities.offset + f.large_communities.len, len);
		guard_free(&g);
	}
}

static const struct attr *intern_text(struct intern *in, struct draft_text *d)
{
	const struct attr *a = intern_get(in, draft_end(d), &no_hop, 1);
	cr_assert_not_null(a);
	return a;
}

Test(attr, well_known_communities_of_long_lived_restart_are_facts)
{
	/* RFC 9494 §4.2, §4.3 */
	struct draft_text d;
	struct attr_facts f;

	draft_begin(&d);
	draft_put(&d, OPTIONAL, ATTR_COMMUNITIES, "\0\1\0\2\xff\xff\0\6", 8);
	draft_end(&d);
	attr_facts_compute(d.draft.wire, d.draft.wire_len, &f);
	cr_expect(f.is_llgr_stale && !f.is_no_llgr);
	draft_begin(&d);
	draft_put(&d, OPTIONAL, ATTR_COMMUNITIES, "\xff\xff\0\7\0\6\xff\xff", 8);
	draft_end(&d);
	attr_facts_compute(d.draft.wire, d.draft.wire_len, &f);
	cr_expect(!f.is_llgr_stale && f.is_no_llgr);
}

Test(attr, a_community_is_added_as_the_last_whatever_stands_around_it)
{
	/* RFC 1997; canonical order by type. */
	struct intern *in = intern_new(0, 1, 16);
	for (unsigned shape = 0; shape < 8; shape++) {
		static const uint8_t many[252];
		size_t old_len = (shape & 4) != 0 ? 252 : 4; /* From 256 octets on: extended. */
		struct draft_text d, want;
		struct attr_draft got;
		draft_begin(&d);
		draft_begin(&want);
		if ((shape & 1) != 0) {
			draft_u8(&d, WELL_KNOWN, ATTR_ORIGIN, ORIGIN_EGP);
			draft_u8(&want, WELL_KNOWN, ATTR_ORIGIN, ORIGIN_EGP);
		}
		uint8_t value[256] = {0};
		if ((shape & 6) != 0) {
			draft_put(&d, OPTIONAL | ATTR_FLAG_PARTIAL, ATTR_COMMUNITIES, many,
				  old_len);
		} else {
			old_len = 0;
		}
		memcpy(value + old_len, "\xff\xff\0\6", 4);
		draft_put(&want, old_len > 0 ? OPTIONAL | ATTR_FLAG_PARTIAL : OPTIONAL,
			  ATTR_COMMUNITIES, value, old_len + 4);
		if ((shape & 3) != 1) {
			draft_put(&d, OPTIONAL, ATTR_LARGE_COMMUNITIES, value, 12);
			draft_put(&want, OPTIONAL, ATTR_LARGE_COMMUNITIES, value, 12);
		}
		draft_end(&want);
		cr_assert(attr_add_community(intern_text(in, &d), COMMUNITY_LLGR_STALE, &got));
		cr_assert_eq(got.wire_len, want.draft.wire_len, "shape %u", shape);
		cr_expect_eq(memcmp(got.wire, want.draft.wire, got.wire_len), 0, "shape %u", shape);
		cr_expect(got.facts.is_llgr_stale);
	}
	intern_free(in);
}

Test(attr, a_community_that_does_not_fit_is_not_added)
{
	static const uint8_t big[ATTR_WIRE_MAX - 10];
	struct intern *in = intern_new(0, 1, 16);
	struct draft_text d;
	struct attr_draft got;
	draft_begin(&d);
	draft_put(&d, OPTIONAL, 99, big, sizeof(big));
	cr_expect_not(attr_add_community(intern_text(in, &d), 1, &got));
	intern_free(in);
}

/* RFC 9234 §5: OTC takes its place among the others; all else stays where it was. */
Test(attr, otc_is_added_in_its_place)
{
	static const uint8_t before[] = {0x40, 1, 1, 0, 0x40, 2, 0, 0xc0, 8, 4, 1, 2, 3, 4};
	static const uint8_t after[] = {0xc0, 40, 2, 1, 2};
	static const uint8_t otc[] = {0xc0, 35, 4, 0, 0, 0xfb, 0xf5};
	for (unsigned bits = 0; bits < 4; bits++) {
		struct attr_draft d = {0};
		uint8_t wanted[64];
		size_t low = bits & 1 ? sizeof(before) : 0, high = bits & 2 ? sizeof(after) : 0;
		memcpy(d.wire, before, low);
		memcpy(d.wire + low, after, high);
		d.wire_len = (uint16_t)(low + high);
		attr_facts_compute(d.wire, d.wire_len, &d.facts);
		cr_assert(attr_add_otc(&d, 64501));
		memcpy(wanted, before, low);
		memcpy(wanted + low, otc, sizeof(otc));
		memcpy(wanted + low + sizeof(otc), after, high);
		cr_assert(d.wire_len == low + high + sizeof(otc));
		cr_expect(memcmp(d.wire, wanted, d.wire_len) == 0, "%u", bits);
		struct attr_facts again;
		attr_facts_compute(d.wire, d.wire_len, &again);
		cr_expect(memcmp(&again, &d.facts, sizeof(again)) == 0, "%u", bits);
	}
}

Test(attr, otc_without_room_changes_nothing)
{
	static struct attr_draft d, was;
	for (size_t len = ATTR_WIRE_MAX - 8; len <= ATTR_WIRE_MAX; len++) {
		d = (struct attr_draft){.wire_len = (uint16_t)len};
		size_t value = len - 4;
		d.wire[0] = 0xd0; /* Optional, transitive, extended length. */
		d.wire[1] = 50;
		d.wire[2] = (uint8_t)(value >> 8);
		d.wire[3] = (uint8_t)value;
		was = d;
		bool has_room = len + 7 <= ATTR_WIRE_MAX;
		cr_expect(attr_add_otc(&d, 1) == has_room, "%zu", len);
		cr_expect(has_room || memcmp(&d, &was, sizeof(d)) == 0, "%zu", len);
	}
}
