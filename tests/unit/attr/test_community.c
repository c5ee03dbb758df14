/* Communities as text.  RFC 1997, RFC 4360 §3, RFC 5668 §2, RFC 8092 §5. */
#include "rib/attr/community.h"

#include <criterion/criterion.h>

#include "tests/unit/attr/guard.h"

typedef char *format_t(struct span value, char *buf, size_t len);

static void expect_text(format_t *format, const void *bytes, size_t len, const char *expected)
{
	struct guard g = guard_of(bytes, len);
	char text[256];

	cr_expect_str_eq(format(g.bytes, text, sizeof(text)), expected);
	guard_free(&g);
}

Test(community, standard_is_two_halves)
{
	expect_text(community_format, "", 0, "");
	expect_text(community_format, "\xfb\xf4\x00\x01\xff\xff\x02\x9a", 8, "64500:1 65535:666");
	expect_text(community_format, "\x00\x00\x00\x00", 4, "0:0");
	expect_text(community_format, "\x00\x01\x00\x02\x00\x03", 6, "1:2");
}

Test(community, extended_names_targets_and_origins)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"\x00\x02\xfb\xf4\x00\x01\x00\x00", "rt:64500:65536"},
		{"\x00\x03\xfb\xf4\x00\x00\x00\x01", "ro:64500:1"},
		{"\x40\x02\xfb\xf4\x00\x00\x00\x01", "rt:64500:1"},
		{"\x01\x02\xc0\x00\x02\x01\x00\x07", "rt:192.0.2.1:7"},
		{"\x41\x03\xc0\x00\x02\x01\xff\xff", "ro:192.0.2.1:65535"},
		{"\x02\x02\xfa\x56\xea\x00\x00\x09", "rt:4200000000:9"},
		{"\x02\x03\x00\x01\x00\x00\x00\x09", "ro:65536:9"},
		{"\x00\x04\x00\x01\x00\x00\x00\x09", "generic:0x40001:0x9"},
		{"\x43\x00\x00\x00\x00\x00\x00\x01", "generic:0x43000000:0x1"},
		{"\x03\x02\x00\x00\x00\x00\x00\x01", "generic:0x3020000:0x1"},
		{"\x80\x02\x00\x00\x00\x00\x00\x01", "generic:0x80020000:0x1"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		expect_text(community_ext_format, cases[i].bytes, 8, cases[i].text);
	}
	expect_text(community_ext_format,
		    "\x00\x02\x00\x01\x00\x00\x00\x02\x43\x00\x00\x00\x00\x00\x00\x02", 16,
		    "rt:1:2 generic:0x43000000:0x2");
}

Test(community, large_is_three_numbers)
{
	expect_text(community_large_format,
		    "\x00\x00\xfb\xf4\x00\x00\x00\x01\xff\xff\xff\xff"
		    "\xfa\x56\xea\x00\x00\x00\x00\x00\x00\x00\x00\x02",
		    24, "64500:1:4294967295 4200000000:0:2");
}

Test(community, text_is_cut_between_communities)
{
	struct span value = span_of("\x00\x01\x00\x02\x00\x03\x00\x04", 8);
	char text[16];

	cr_expect_str_eq(community_format(value, text, 8), "1:2 3:4");
	cr_expect_str_eq(community_format(value, text, 7), "1:2...");
	cr_expect_str_eq(community_format(value, text, 6), "...");
}
