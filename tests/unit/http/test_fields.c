/* Header fields: each form, and what looks like it. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/http/fields.h"

Test(fields, tags_are_read_as_they_are_written)
{
	char tag[TAG_MAX];
	uint64_t revision = 0;
	cr_expect_str_eq(tag_format(7, 0, tag), "\"7\"");
	cr_expect(tag_match_parse(tag, &revision) && revision == 7);
	cr_expect_str_eq(tag_format(7, 9, tag), "\"7-9\"");
	cr_expect(tag_match_parse(tag, &revision) && revision == 7);
	cr_expect(tag_match_parse("*", &revision) && revision == 0);
}

/* RFC 9110 §13.1.1: If-Match takes strong tags only. */
Test(fields, if_match_refuses_what_is_no_tag_of_ours)
{
	static const char *const texts[] = {"",	       "7",
					    "\"7",     "7\"",
					    "W/\"7\"", "\"0\"",
					    "\"\"",    "\"7-\"",
					    "\"-7\"",  "\"7\" ",
					    "\"x\"",   "\"7\",\"8\"",
					    "\"-1\"",  "\"1234567890123456789\""};
	for (unsigned i = 0; i < ARRAY_COUNT(texts); i++) {
		uint64_t revision = 77;
		cr_expect(!tag_match_parse(texts[i], &revision), "%s", texts[i]);
		cr_expect_eq(revision, 77);
	}
}

Test(fields, if_none_match_takes_lists_and_weak_tags)
{
	cr_expect(tag_none_match("\"7\"", "\"7\""));
	cr_expect(tag_none_match("W/\"7\"", "\"7\""));
	cr_expect(tag_none_match("\"5\", W/\"7\" , \"9\"", "\"7\""));
	cr_expect(tag_none_match("*", "\"7\""));
	cr_expect(!tag_none_match("", "\"7\""));
	cr_expect(!tag_none_match("\"77\"", "\"7\""));
	cr_expect(!tag_none_match("\"7\"x", "\"7\""));
	cr_expect(!tag_none_match(",,,", "\"7\""));
	cr_expect(!tag_none_match("W/", "\"7\""));
}

Test(fields, bearer_tokens_have_their_scheme)
{
	cr_expect_str_eq(bearer_of("Bearer abc"), "abc");
	cr_expect_str_eq(bearer_of("bearer  abc"), "abc");
	cr_expect_null(bearer_of("Bearer "));
	cr_expect_null(bearer_of("Bearer"));
	cr_expect_null(bearer_of("Basic abc"));
	cr_expect_null(bearer_of(""));
}

Test(fields, request_keys_are_visible_and_short)
{
	char key[8];
	cr_expect(request_key_parse("a-1", key, sizeof(key)));
	cr_expect_str_eq(key, "a-1");
	cr_expect(request_key_parse("1234567", key, sizeof(key)));
	cr_expect(!request_key_parse("12345678", key, sizeof(key)));
	cr_expect(!request_key_parse("", key, sizeof(key)));
	cr_expect(!request_key_parse("a b", key, sizeof(key)));
	cr_expect(!request_key_parse("a\x7f", key, sizeof(key)));
	cr_expect(!request_key_parse("\xc3\xa4", key, sizeof(key)));
	cr_expect_str_eq(key, "1234567", "untouched on failure");
}

Test(fields, numbers_are_digits)
{
	uint64_t n = 5;
	cr_expect(number_parse("0", &n) && n == 0);
	cr_expect(number_parse("123456789012345678", &n) && n == 123456789012345678U);
	cr_expect(!number_parse("1234567890123456789", &n));
	cr_expect(!number_parse("", &n) && !number_parse("-1", &n) && !number_parse("1 ", &n));
}

/* RFC 3986 §2.1; and a text never ends in its middle. */
Test(fields, escapes_are_decoded_but_the_end_of_text)
{
	static const char *const pairs[][2] = {
		{"a%2Fb", "a/b"},   {"%41%62", "Ab"}, {"%2f%2F", "//"},
		{"a%00b", "a%00b"}, {"%", "%"},	      {"%4", "%4"},
		{"%4g", "%4g"},	    {"%%41", "%A"},   {"%e4%bd%a0", "\xe4\xbd\xa0"},
		{"", ""},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(pairs); i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "%s", pairs[i][0]);
		cr_expect_eq(unescape(text), strlen(pairs[i][1]), "%s", pairs[i][0]);
		cr_expect_str_eq(text, pairs[i][1]);
	}
}
