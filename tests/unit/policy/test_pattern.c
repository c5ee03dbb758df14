/* Names, patterns and reasons: the tables that configuration and looking glasses speak of. */
#include <criterion/criterion.h>

#include "rib/policy/pattern.h"
#include "rib/policy/reject.h"

Test(policy, every_reason_says_what_is_wrong_and_what_to_do)
{
	bool is_seen[REJECT_CODE_COUNT] = {false};
	for (unsigned i = 0; i < REJECT_COUNT; i++) {
		enum reject reason = (enum reject)i;
		cr_expect_gt(strlen(reject_name(reason)), 0);
		cr_expect_gt(strlen(reject_text(reason)), 0);
		size_t len = strlen(reject_remedy(reason));
		cr_expect(i == REJECT_NONE ? len == 0 : reject_remedy(reason)[len - 1] == '.');
		cr_assert_lt(reject_code(reason), REJECT_CODE_COUNT);
		is_seen[reject_code(reason)] = true;
	}
	for (unsigned code = 0; code < REJECT_CODE_COUNT; code++) {
		cr_expect(is_seen[code] || code == 4, "code %u: we have no other families", code);
	}
	cr_expect(reject_is_of_session(REJECT_AS_LOOP) && reject_is_of_session(REJECT_MAX_PREFIX));
	cr_expect(!reject_is_of_session(REJECT_NONE) && !reject_is_of_session(REJECT_NEXT_HOP));
}

Test(policy, names_of_communities_are_found)
{
	for (unsigned i = 0; i < COMMUNITY_NAME_COUNT; i++) {
		const struct community_info *info = &community_info[i];
		cr_expect_eq(community_by_name(info->name), i);
		cr_expect(!info->has_peer_as || !info->has_dyn_val);
		cr_expect(!info->is_rtt || info->has_dyn_val);
	}
	cr_expect_eq(community_by_name("announce"), COMMUNITY_NAME_COUNT);
}

/* RFC 1997, RFC 4360 §3.1, RFC 5668 §2, RFC 8092 §3 */
Test(policy, what_a_pattern_makes_is_what_it_matches)
{
	static const struct {
		enum community_form form;
		struct community_pattern pattern;
		const char *text; /* With 65010 for the macro. */
		bool is_any;	  /* Matches with another last number, too. */
	} rows[] = {
		{COMMUNITY_STD, {.is_set = true, .field = {0, 64496}}, "0:64496", false},
		{COMMUNITY_STD,
		 {.is_set = true, .has_peer_as = true, .field = {64496}},
		 "64496:65010",
		 true},
		{COMMUNITY_STD,
		 {.is_set = true, .has_dyn_val = true, .field = {65520}},
		 "65520:65010",
		 true},
		{COMMUNITY_EXT,
		 {.is_set = true, .has_peer_as = true, .field = {64496}},
		 "rt:64496:65010",
		 true},
		{COMMUNITY_EXT,
		 {.is_set = true, .is_origin = true, .field = {4200000000, 7}},
		 "ro:4200000000:7",
		 false},
		{COMMUNITY_LRG,
		 {.is_set = true, .has_peer_as = true, .field = {64496, 1}},
		 "64496:1:65010",
		 true},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t octets[COMMUNITY_LEN_MAX];
		char text[COMMUNITY_TEXT_MAX];
		struct wr w = wr_of(octets, sizeof(octets));
		struct community_value v = pattern_value(&rows[i].pattern, rows[i].form, 65010);
		community_value_write(&w, &v);
		cr_assert_eq(wr_len(&w), community_len(rows[i].form));
		cr_expect_str_eq(community_octets_text(rows[i].form, octets, text), rows[i].text);
		struct rd r = rd_of(span_of(octets, wr_len(&w)));
		struct community c = community_read(&r, rows[i].form);
		cr_expect(pattern_matches(&rows[i].pattern, rows[i].form, &c));
		c.field[community_last(rows[i].form)]++;
		cr_expect_eq(pattern_matches(&rows[i].pattern, rows[i].form, &c), rows[i].is_any);
		c.field[0]++;
		cr_expect(!pattern_matches(&rows[i].pattern, rows[i].form, &c));
	}
}

/* RFC 4360 §3, RFC 5668 §2: only targets and origins of an AS have numbers that a pattern can have,
 * in either of two forms; what looks like one in another form is something else. */
Test(policy, other_extended_communities_match_nothing)
{
	static const struct {
		uint8_t octets[8];
		bool is_match;
	} rows[] = {
		{{0x00, 0x02, 0xfb, 0xf0, 0, 0, 0, 7}, true},
		{{0x02, 0x02, 0, 0, 0xfb, 0xf0, 0, 7}, true},
		{{0x00, 0x03, 0xfb, 0xf0, 0, 0, 0, 7}, false},
		{{0x01, 0x02, 0, 0, 0xfb, 0xf0, 0, 7}, false},
		{{0x40, 0x02, 0xfb, 0xf0, 0, 0, 0, 7}, false},
		{{0x43, 0x00, 0xfb, 0xf0, 0, 0, 0, 7}, false},
		{{0x00, 0x04, 0xfb, 0xf0, 0, 0, 0, 7}, false},
	};
	const struct community_pattern p = {.is_set = true, .has_peer_as = true, .field = {64496}};
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct rd r = rd_of(span_of(rows[i].octets, 8));
		struct community c = community_read(&r, COMMUNITY_EXT);
		cr_expect_eq(pattern_matches(&p, COMMUNITY_EXT, &c), rows[i].is_match, "%u", i);
		cr_expect(!rows[i].is_match || c.field[1] == 7);
	}
}
