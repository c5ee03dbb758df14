/* Old and new speakers: RFC 6793. */
#include "tests/unit/wire/vector.h"
#include "rib/attr/aspath.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define ORIGIN	 "400101 00"
#define NEXT_HOP "400304 c6120001"

struct row {
	const char *name;
	const char *attrs; /* From an old speaker, without ORIGIN and NEXT_HOP. */
	const char *path;
	const char *aggregator; /* Value in hex; "" for none. */
};

/* 23456 is 5ba0, 70000 is 00011170, 80000 is 00013880. */
static const struct row rows[] = {
	{"no AS4_PATH", "400206 0202 fbf4 fbf5", "64500 64501", ""},
	{"empty AS_PATH", "400200", "", ""},
	{"same length: AS4_PATH wins", "400206 0202 5ba0 fbf5 c0110a 0202 00011170 0000fbf5",
	 "70000 64501", ""},
	{"old speakers in front", "40020a 0204 0064 00c8 5ba0 5ba0 c0110a 0202 00011170 00013880",
	 "100 200 70000 80000", ""},
	{"AS4_PATH longer than AS_PATH is ignored",
	 "400204 0201 5ba0 c0110a 0202 00011170 00013880", "23456", ""},
	{"an AS_SET counts one",
	 "40020e 0202 0064 5ba0 0103 00c8 00c9 5ba0"
	 "c01114 0201 00011170 0103 000000c8 000000c9 00013880",
	 "100 70000 {200,201,80000}", ""},
	{"a whole AS_SET is taken from the front",
	 "40020c 0102 0064 00c8 0202 5ba0 fbf5 c0110a 0202 00011170 0000fbf5",
	 "{100,200} 70000 64501", ""},
	{"sequences of AS_PATH stay apart",
	 "40020c 0201 0064 0203 00c8 5ba0 fbf5 c0110a 0202 00011170 0000fbf5",
	 "100 200 70000 64501", ""},
	{"confederation segments of AS4_PATH are left out, §6",
	 "400206 0202 0064 5ba0 c0110c 0301 00013880 0201 00011170", "100 70000", ""},
	{"AS4_PATH of a confederation segment alone", "400204 0201 5ba0 c01106 0301 00011170",
	 "23456", ""},
	{"aggregator of an old speaker", "400204 0201 fbf4 c00706 fbf4 c6120001", "64500",
	 "0000fbf4c6120001"},
	{"AS4_AGGREGATOR behind AS_TRANS",
	 "400204 0201 5ba0 c00706 5ba0 c6120001 c01106 0201 00011170 c01208 00011170 c6120002",
	 "70000", "00011170c6120002"},
	{"another aggregator since: both AS4_ attributes are stale, §4.2.3",
	 "400204 0201 5ba0 c00706 fbf4 c6120001 c01106 0201 00011170 c01208 00011170 c6120002",
	 "23456", "0000fbf4c6120001"},
	{"AS4_AGGREGATOR alone is ignored", "400204 0201 fbf4 c01208 00011170 c6120002", "64500",
	 ""},
	{"AS_TRANS without AS4_AGGREGATOR", "400204 0201 fbf4 c00706 5ba0 c6120001", "64500",
	 "00005ba0c6120001"},
};

static void decode(const char *attrs, bool is_as4, struct attr_draft *draft,
		   struct attr_result *out)
{
	char hex[1024];
	snprintf(hex, sizeof(hex), "%s%s%s", ORIGIN, attrs, NEXT_HOP);
	uint8_t bytes[512];
	size_t len = hex_bytes(hex, bytes, sizeof(bytes));
	struct update_opts opts = {.is_as4 = is_as4, .accepts_as_set = true};
	attr_decode(span_of(bytes, len), &opts, true, draft, out);
}

/* RFC 6793 §4.2.3. */
Test(wire, old_paths_become_true_paths)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct attr_draft draft;
		struct attr_result out;
		decode(rows[i].attrs, false, &draft, &out);
		cr_expect_eq(out.verdict, VERDICT_OK, "%s: %s", rows[i].name,
			     out.reason == NULL ? "" : out.reason);
		struct attr *a = attr_of_draft(&draft, &out.next_hop);
		char text[256];
		aspath_format(attr_find(a, ATTR_AS_PATH), text, sizeof(text));
		cr_expect_str_eq(text, rows[i].path, "%s: %s", rows[i].name, text);
		uint8_t want[16];
		size_t want_len = hex_bytes(rows[i].aggregator, want, sizeof(want));
		struct span got = attr_find(a, ATTR_AGGREGATOR);
		cr_expect_eq(got.len, want_len, "%s", rows[i].name);
		if (got.len == want_len && want_len > 0) {
			cr_expect_arr_eq(got.data, want, want_len, "%s", rows[i].name);
		}
		cr_expect_eq(attr_find(a, ATTR_AS4_PATH).data, NULL, "%s", rows[i].name);
		cr_expect_eq(attr_find(a, ATTR_AS4_AGGREGATOR).data, NULL, "%s", rows[i].name);
		free(a);
	}
}

/* RFC 6793 §4.2.3: a merged path is byte for byte what a new speaker would have sent. */
Test(wire, merged_set_equals_that_of_a_new_speaker)
{
	struct attr_draft old;
	struct attr_draft new;
	struct attr_result out;
	decode("40020a 0204 0064 00c8 5ba0 5ba0 c0110a 0202 00011170 00013880", false, &old, &out);
	decode("400212 0204 00000064 000000c8 00011170 00013880", true, &new, &out);
	cr_assert_eq(old.wire_len, new.wire_len);
	cr_assert_arr_eq(old.wire, new.wire, new.wire_len);
}

/* RFC 6793 §4.2.2. */
Test(wire, old_speakers_get_as_trans_and_the_truth_beside_it)
{
	static const struct {
		const char *new;
		const char *old;
	} cases[] = {
		{"40020a 0202 0000fbf4 0000fbf5", ORIGIN "400206 0202 fbf4 fbf5" NEXT_HOP},
		{"40020a 0202 0000fbf4 00011170",
		 ORIGIN "400206 0202 fbf4 5ba0" NEXT_HOP "c0110a 0202 0000fbf4 00011170"},
		{"400206 0201 0000fbf4 c00708 00011170 c6120009 c00804 fbf40001",
		 ORIGIN "400204 0201 fbf4" NEXT_HOP "c00706 5ba0 c6120009 c00804 fbf40001"
			"c01208 00011170 c6120009"},
		{"400206 0201 00011170 e00708 0000fbf4 c6120009 c0200c 000000010000000200000003",
		 ORIGIN "400204 0201 5ba0" NEXT_HOP "e00706 fbf4 c6120009 c01106 0201 00011170"
			"c0200c 000000010000000200000003"},
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct attr_draft draft;
		struct attr_result out;
		decode(cases[i].new, true, &draft, &out);
		cr_assert_eq(out.verdict, VERDICT_OK);
		struct attr *a = attr_of_draft(&draft, &out.next_hop);
		uint8_t buf[512];
		uint8_t want[512];
		size_t want_len = hex_bytes(cases[i].old, want, sizeof(want));
		struct wr w = wr_of(buf, sizeof(buf));
		struct attr_form form = {.has_next_hop = true};
		attr_encode(&w, a, &form);
		cr_expect_eq(wr_len(&w), want_len, "case %zu", i);
		cr_expect_eq(attr_encoded_len(a, &form), want_len, "case %zu", i);
		cr_expect_arr_eq(buf, want, want_len, "case %zu", i);
		free(a);
	}
}
