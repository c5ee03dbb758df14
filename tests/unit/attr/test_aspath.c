/* AS_PATH.  RFC 4271 §4.3 b, §9.1.2.2 a; RFC 5065 §5.3; RFC 6793; RFC 7606 §7.2. */
#include "rib/attr/aspath.h"

#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "tests/unit/attr/build.h"
#include "tests/unit/attr/guard.h"

Test(aspath, validity_is_rfc_7606)
{
	static const struct {
		const char *why;
		uint8_t bytes[12];
		size_t len;
		unsigned asn_bytes;
		bool valid;
	} cases[] = {
		{"empty", {0}, 0, 4, true},
		{"one number", {2, 1, 0, 0, 251, 244}, 6, 4, true},
		{"one number, 2 octets", {2, 1, 251, 244}, 4, 2, true},
		{"4-octet read as 2-octet", {2, 1, 0, 0, 251, 244}, 6, 2, false},
		{"2-octet read as 4-octet", {2, 1, 251, 244}, 4, 4, false},
		{"two segments", {2, 1, 0, 1, 1, 2, 0, 2, 0, 3}, 10, 2, true},
		{"type 0", {0, 1, 0, 1}, 4, 2, false},
		{"set", {1, 1, 0, 1}, 4, 2, true},
		{"confederation sequence", {3, 1, 0, 1}, 4, 2, true},
		{"confederation set", {4, 1, 0, 1}, 4, 2, true},
		{"type 5", {5, 1, 0, 1}, 4, 2, false},
		{"segment of length zero", {2, 0}, 2, 4, false},
		{"zero after a good one", {2, 1, 0, 1, 2, 0}, 6, 2, false},
		{"overrun", {2, 3, 0, 1, 0, 2}, 6, 2, false},
		{"underrun: one octet left", {2, 1, 0, 1, 2}, 5, 2, false},
		{"header alone", {2, 255}, 2, 4, false},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct guard g = guard_of(cases[i].bytes, cases[i].len);
		cr_expect_eq(aspath_is_valid(g.bytes, cases[i].asn_bytes), cases[i].valid, "%s",
			     cases[i].why);
		guard_free(&g);
	}
}

Test(aspath, hops_and_text_follow_segments)
{
	static const struct {
		uint32_t segments[16];
		unsigned hops;
		const char *text;
	} cases[] = {
		{{0}, 0, ""},
		{{AS_SEQUENCE, 1, 64500}, 1, "64500"},
		{{AS_SEQUENCE, 3, 64500, 4200000000, 1}, 3, "64500 4200000000 1"},
		{{AS_SET, 3, 1, 2, 3}, 1, "{1,2,3}"},
		{{AS_SEQUENCE, 2, 64500, 64501, AS_SET, 2, 64502, 64503},
		 3,
		 "64500 64501 {64502,64503}"},
		{{AS_SEQUENCE, 1, 1, AS_SEQUENCE, 2, 2, 3}, 3, "1 2 3"},
		{{AS_CONFED_SEQUENCE, 2, 64504, 64505, AS_SEQUENCE, 1, 1}, 1, "(64504 64505) 1"},
		{{AS_CONFED_SET, 2, 64506, 64507}, 0, "[64506,64507]"},
		{{AS_SET, 1, 9, AS_SET, 1, 8}, 2, "{9} {8}"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint8_t bytes[64];
		char text[128];
		size_t len = path_encode(cases[i].segments, 4, bytes, sizeof(bytes));
		struct guard g = guard_of(bytes, len);

		cr_expect(aspath_is_valid(g.bytes, 4));
		cr_expect_eq(aspath_hops(g.bytes), cases[i].hops, "%s", cases[i].text);
		cr_expect_str_eq(aspath_format(g.bytes, text, sizeof(text)), cases[i].text);
		guard_free(&g);
	}
}

Test(aspath, text_is_cut_between_numbers)
{
	uint8_t bytes[64];
	char text[64];
	size_t len = path_encode((const uint32_t[]){AS_SEQUENCE, 3, 64500, 64501, 64502, 0}, 4,
				 bytes, sizeof(bytes));
	struct span path = span_of(bytes, len);

	cr_expect_str_eq(aspath_format(path, text, 18), "64500 64501 64502");
	cr_expect_str_eq(aspath_format(path, text, 17), "64500 64501...");
	cr_expect_str_eq(aspath_format(path, text, 15), "64500 64501...");
	cr_expect_str_eq(aspath_format(path, text, 14), "64500...");
	cr_expect_str_eq(aspath_format(path, text, 4), "...");
	cr_expect_str_eq(aspath_format(path, text, 1), "");
}

Test(aspath, contains_looks_into_every_segment)
{
	uint8_t bytes[64];
	size_t len = path_encode((const uint32_t[]){AS_CONFED_SEQUENCE, 1, 7, AS_SEQUENCE, 2, 64500,
						    0x10000, AS_SET, 2, 5, 6, 0},
				 4, bytes, sizeof(bytes));
	struct span path = span_of(bytes, len);
	static const asn_t inside[] = {7, 64500, 0x10000, 5, 6},
			   outside[] = {0, 1, 2, 64501, 65536 * 5};

	for (size_t i = 0; i < ARRAY_COUNT(inside); i++) {
		cr_expect(aspath_contains(path, inside[i]), "%u", inside[i]);
		cr_expect_not(aspath_contains(path, outside[i]), "%u", outside[i]);
	}
	cr_expect_not(aspath_contains(span_of(bytes, 0), 0));
}

Test(aspath, any_bytes_are_walked_within_bounds)
{
	struct prng chance;

	prng_init(&chance, 21);
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t bytes[40];
		size_t len = prng_below(&chance, sizeof(bytes) + 1);
		char text[32];

		for (size_t i = 0; i < len; i++) {
			bytes[i] =
				(uint8_t)prng_below(&chance, prng_chance(&chance, 1, 2) ? 6 : 256);
		}
		struct guard g = guard_of(bytes, len);
		unsigned hops = aspath_hops(g.bytes);
		cr_assert_leq(hops, len);
		aspath_contains(g.bytes, 1);
		cr_assert_lt(strlen(aspath_format(g.bytes, text, sizeof(text))), sizeof(text));
		aspath_is_valid(g.bytes, 2);
		aspath_is_valid(g.bytes, 4);
		guard_free(&g);
	}
}
