/* Addresses and prefixes.  RFC 4291 §2.2 (read), RFC 5952 §4, §5 (written). */
#include "rib/base/addr.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct addr addr_of(const char *text)
{
	struct addr a;

	cr_assert_eq(addr_parse(text, &a), 0, "%s", text);
	return a;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	cr_assert_eq(prefix_parse(text, &p, NULL), 0, "%s", text);
	return p;
}

Test(addr, format_is_canonical_and_reads_back)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"198.18.0.1", "198.18.0.1"},
		{"10.9.100.99", "10.9.100.99"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		/* RFC 5952 §4.1: no leading zeros; §4.3: lower case. */
		{"2001:0DB8:0000:0001:0ABC:0001:0020:0300", "2001:db8:0:1:abc:1:20:300"},
		/* §4.2.1: as short as possible; §4.2.2: not for one group. */
		{"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		/* §4.2.3: the longest run, the first of equals. */
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"0:0:1:2:3:4:0:0", "::1:2:3:4:0:0"},
		{"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
		{"fe80::FFFF:1", "fe80::ffff:1"},
		/* §5: mixed only where an IPv4 address is known to be inside. */
		{"::ffff:c000:201", "::ffff:192.0.2.1"},
		{"::ffff:0.0.0.0", "::ffff:0.0.0.0"},
		{"::1:2", "::1:2"},
		{"::192.0.2.1", "::c000:201"},
		{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct addr a = addr_of(cases[i].in), again;
		char text[ADDR_TEXT_MAX];

		cr_expect_str_eq(addr_format(&a, text), cases[i].out);
		cr_assert_eq(addr_parse(text, &again), 0);
		cr_expect(addr_equal(&a, &again), "%s", cases[i].in);
	}
}

Test(addr, text_that_is_no_address_is_refused)
{
	static const char *const bad[] = {
		"",
		" ",
		"1.2.3",
		"1.2.3.4.5",
		"256.1.1.1",
		"1.2.3.4 ",
		" 1.2.3.4",
		"01.2.3.4",
		"1.2.3.04",
		"1..2.3",
		"1.2.3.-4",
		"a.b.c.d",
		":",
		":::",
		"1:2",
		"1::2::3",
		"12345::",
		"g::",
		"::1/64",
		"fe80::1%eth0",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7::8:9",
		"[::1]",
		"0x7f.1",
		"1.2.3.4/8",
	};

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct addr a, before;

		memset(&a, 0xa5, sizeof(a));
		before = a;
		cr_expect_eq(addr_parse(bad[i], &a), -EINVAL, "\"%s\"", bad[i]);
		cr_expect_eq(memcmp(&a, &before, sizeof(a)), 0, "untouched on failure");
	}
}

Test(addr, kinds_are_recognised)
{
	static const struct {
		const char *text;
		bool zero, multicast, loopback, link_local;
	} cases[] = {
		{"0.0.0.0", true, false, false, false},
		{"::", true, false, false, false},
		{"223.255.255.255", false, false, false, false},
		{"224.0.0.0", false, true, false, false},
		{"239.255.255.255", false, true, false, false},
		{"240.0.0.0", false, false, false, false},
		{"ff02::1", false, true, false, false},
		{"fe00::", false, false, false, false},
		{"127.0.0.1", false, false, true, false},
		{"127.255.0.1", false, false, true, false},
		{"128.0.0.1", false, false, false, false},
		{"::1", false, false, true, false},
		{"::2", false, false, false, false},
		{"1::1", false, false, false, false},
		{"169.254.0.1", false, false, false, true},
		{"169.253.0.1", false, false, false, false},
		{"fe80::1", false, false, false, true},
		{"febf::1", false, false, false, true},
		{"fec0::1", false, false, false, false},
		{"2001:db8::1", false, false, false, false},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct addr a = addr_of(cases[i].text);

		cr_expect_eq(addr_is_zero(&a), cases[i].zero, "%s", cases[i].text);
		cr_expect_eq(addr_is_multicast(&a), cases[i].multicast, "%s", cases[i].text);
		cr_expect_eq(addr_is_loopback(&a), cases[i].loopback, "%s", cases[i].text);
		cr_expect_eq(addr_is_link_local(&a), cases[i].link_local, "%s", cases[i].text);
	}
}

Test(addr, order_is_family_then_number)
{
	static const char *const sorted[] = {
		"0.0.0.0", "0.0.0.1", "1.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255",
		"::",	   "::1",     "1::",	 "7fff::",	    "8000::",	 "ffff::1",
	};

	for (size_t i = 0; i < ARRAY_COUNT(sorted); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(sorted); j++) {
			struct addr a = addr_of(sorted[i]), b = addr_of(sorted[j]);
			int order = addr_cmp(&a, &b);

			cr_expect_eq((order > 0) - (order < 0), (i > j) - (i < j));
			cr_expect_eq(addr_equal(&a, &b), i == j);
		}
	}
}

Test(addr, v4_number_round_trips)
{
	struct addr a = addr_v4(0xc0000201U);
	char text[ADDR_TEXT_MAX];

	cr_expect_str_eq(addr_format(&a, text), "192.0.2.1");
	cr_expect_eq(addr_v4_host_order(&a), 0xc0000201U);
	struct addr b = addr_make(FAMILY_IPV4, "\xc0\x00\x02\x01");
	cr_expect(addr_equal(&a, &b));
}

Test(prefix, parse_clears_host_bits_and_says_so)
{
	static const struct {
		const char *in, *out;
		bool host_bits;
	} cases[] = {
		{"0.0.0.0/0", "0.0.0.0/0", false},
		{"1.2.3.4/0", "0.0.0.0/0", true},
		{"10.0.0.0/8", "10.0.0.0/8", false},
		{"10.1.0.0/8", "10.0.0.0/8", true},
		{"192.0.2.129/25", "192.0.2.128/25", true},
		{"192.0.2.128/25", "192.0.2.128/25", false},
		{"192.0.2.1/31", "192.0.2.0/31", true},
		{"192.0.2.1/32", "192.0.2.1/32", false},
		{"192.0.2.1", "192.0.2.1/32", false},
		{"::/0", "::/0", false},
		{"2001:db8::1", "2001:db8::1/128", false},
		{"2001:db8::/32", "2001:db8::/32", false},
		{"2001:db8:ffff::/33", "2001:db8:8000::/33", true},
		{"2001:db8::1/127", "2001:db8::/127", true},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", false},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct prefix p;
		bool host_bits = !cases[i].host_bits;
		char text[PREFIX_TEXT_MAX];

		cr_assert_eq(prefix_parse(cases[i].in, &p, &host_bits), 0, "%s", cases[i].in);
		cr_expect_str_eq(prefix_format(&p, text), cases[i].out);
		cr_expect_eq(host_bits, cases[i].host_bits, "%s", cases[i].in);
	}
}

Test(prefix, text_that_is_no_prefix_is_refused)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/08",
		"10.0.0.0/8 ",
		"10.0.0.0/ 8",
		"10.0.0.0/8/8",
		"10.0.0.0/999",
		"10.0.0.0/4294967304",
		"10/8",
		"::/129",
		"::/0128",
		"::/0x40",
		"::/1a",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64",
	};

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct prefix p, before;
		bool host_bits = true;

		memset(&p, 0xa5, sizeof(p));
		before = p;
		cr_expect_eq(prefix_parse(bad[i], &p, &host_bits), -EINVAL, "\"%s\"", bad[i]);
		cr_expect_eq(memcmp(&p, &before, sizeof(p)), 0, "untouched on failure");
		cr_expect(host_bits, "untouched on failure");
	}
}

Test(prefix, make_clears_every_bit_past_every_length)
{
	struct addr ones[FAMILY_COUNT];

	memset(ones, 0xff, sizeof(ones));
	ones[FAMILY_IPV4] = addr_v4(UINT32_MAX);
	ones[FAMILY_IPV6].family = FAMILY_IPV6;
	for (unsigned family = 0; family < FAMILY_COUNT; family++) {
		for (unsigned len = 0; len <= family_bits((uint8_t)family); len++) {
			struct prefix p = prefix_make(&ones[family], len);

			for (unsigned bit = 0; bit < 128; bit++) {
				unsigned is_set = p.bytes[bit / 8] >> (7 - bit % 8) & 1;
				cr_assert_eq(is_set, bit < len, "/%u bit %u", len, bit);
			}
		}
	}
}

Test(prefix, contains_follows_bits_and_family)
{
	static const struct {
		const char *outer, *inner;
		bool contains;
	} cases[] = {
		{"0.0.0.0/0", "255.255.255.255/32", true},
		{"0.0.0.0/0", "::/0", false},
		{"::/0", "0.0.0.0/0", false},
		{"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.0.0.0/8", "10.255.0.0/16", true},
		{"10.0.0.0/8", "11.0.0.0/16", false},
		{"10.0.0.0/16", "10.0.0.0/8", false},
		{"10.128.0.0/9", "10.127.0.0/16", false},
		{"10.128.0.0/9", "10.200.0.0/16", true},
		{"192.0.2.0/31", "192.0.2.1/32", true},
		{"192.0.2.0/31", "192.0.2.2/32", false},
		{"2001:db8::/32", "2001:db8:1::/48", true},
		{"2001:db8::/32", "2001:db9::/48", false},
		{"2001:db8::/127", "2001:db8::1/128", true},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct prefix outer = prefix_of(cases[i].outer), inner = prefix_of(cases[i].inner);
		struct addr a = addr_make((enum family)inner.family, inner.bytes);

		cr_expect_eq(prefix_contains(&outer, &inner), cases[i].contains, "%s %s",
			     cases[i].outer, cases[i].inner);
		if (inner.len == family_bits(inner.family)) {
			cr_expect_eq(prefix_has_addr(&outer, &a), cases[i].contains);
		}
	}
}

Test(prefix, order_is_address_then_length)
{
	static const char *const sorted[] = {
		"0.0.0.0/0",   "10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/32",
		"10.1.0.0/16", "::/0",	     "::/128",	   "2001:db8::/32",
	};

	for (size_t i = 0; i < ARRAY_COUNT(sorted); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(sorted); j++) {
			struct prefix a = prefix_of(sorted[i]), b = prefix_of(sorted[j]);
			int order = prefix_cmp(&a, &b);

			cr_expect_eq((order > 0) - (order < 0), (i > j) - (i < j));
			cr_expect_eq(prefix_equal(&a, &b), i == j);
		}
	}
}

Test(prefix, hash_tells_length_family_and_key_apart)
{
	struct prefix a = prefix_of("10.0.0.0/8"), b = prefix_of("10.0.0.0/9");
	struct prefix zero4 = prefix_of("0.0.0.0/0"), zero6 = prefix_of("::/0");

	cr_expect_eq(prefix_hash(&a, 1), prefix_hash(&a, 1));
	cr_expect_neq(prefix_hash(&a, 1), prefix_hash(&b, 1));
	cr_expect_neq(prefix_hash(&a, 1), prefix_hash(&a, 2));
	cr_expect_neq(prefix_hash(&zero4, 1), prefix_hash(&zero6, 1));
}

Test(prefix, shard_keeps_neighbours_together_and_spreads_the_rest)
{
	struct prefix a = prefix_of("10.1.0.0/24"), b = prefix_of("10.1.255.0/24");
	struct prefix c = prefix_of("2001:db8:1::/48"), d = prefix_of("2001:db8:ffff::/48");
	unsigned count[3] = {0};

	for (uint64_t key = 0; key < 50; key++) {
		cr_expect_eq(prefix_shard(&a, 64, key), prefix_shard(&b, 64, key));
		cr_expect_eq(prefix_shard(&c, 64, key), prefix_shard(&d, 64, key));
		cr_expect_eq(prefix_shard(&a, 1, key), 0);
	}
	for (uint32_t top = 0; top < 3000; top++) {
		struct addr at = addr_v4(top << 16);
		struct prefix p = prefix_make(&at, 24);
		count[prefix_shard(&p, 3, 42)]++;
	}
	for (unsigned shard = 0; shard < 3; shard++) {
		cr_expect(count[shard] > 850 && count[shard] < 1150, "%u", count[shard]);
	}
}
