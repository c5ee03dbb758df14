/* ADD-PATH as two OPENs agree on it: each direction and each family by itself.
 * RFC 7911 §4. */
#include <criterion/criterion.h>

#include "dataplane/session/session_priv.h"
#include "rib/table/shard.h"
#include "tests/unit/session/link.h"

#define BOTH (ADD_PATH_SEND | ADD_PATH_RECEIVE)

static struct open peer_open(void)
{
	return (struct open){.asn = 64501,
			     .hold_s = 90,
			     .router_id = 0xc6120002,
			     .has_as4 = true,
			     .has_multiprotocol = true,
			     .families = {true, true}};
}

static struct session_conf conf_with(uint8_t v4, uint8_t v6)
{
	struct session_conf conf = link_conf(0);
	conf.peer_as = 64501;
	conf.families[FAMILY_IPV4] = conf.families[FAMILY_IPV6] = true;
	conf.add_path[FAMILY_IPV4] = v4;
	conf.add_path[FAMILY_IPV6] = v6;
	return conf;
}

static struct session_terms agree(const struct session_conf *conf, const struct open *peer)
{
	struct session_terms terms;
	struct notify why;
	cr_assert(session_negotiate(conf, peer, &terms, &why));
	return terms;
}

static bool is_sent(const struct session_terms *t, unsigned family)
{
	return (t->class_idx[family] & WIRE_CLASS_PATHS) != 0;
}

/* All 4 x 4 combinations of the one family beside all of the other. */
Test(negotiate, paths_go_only_where_one_sends_and_the_other_receives)
{
	for (unsigned i = 0; i < 256; i++) {
		const uint8_t ours[] = {i & 3, i >> 2 & 3}, theirs[] = {i >> 4 & 3, i >> 6 & 3};
		struct session_conf conf = conf_with(ours[0], ours[1]);
		struct open peer = peer_open();
		memcpy(peer.add_path, theirs, sizeof(theirs));
		struct session_terms t = agree(&conf, &peer);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			/* The values' names are those of RFC 7911 §4: 1 receive, 2 send. */
			cr_expect_eq(is_sent(&t, f), (ours[f] & 2) != 0 && (theirs[f] & 1) != 0,
				     "case %u family %u", i, f);
			cr_expect_eq(t.opts.has_path_ids[f],
				     (ours[f] & 1) != 0 && (theirs[f] & 2) != 0,
				     "case %u family %u", i, f);
		}
	}
}

Test(negotiate, the_offer_says_what_is_configured_for_families_that_are_offered)
{
	struct session_conf conf = conf_with(ADD_PATH_SEND, BOTH);
	struct open o = session_offer(&conf);
	cr_expect(o.add_path[FAMILY_IPV4] == ADD_PATH_SEND && o.add_path[FAMILY_IPV6] == BOTH);
	conf.families[FAMILY_IPV6] = false;
	o = session_offer(&conf);
	cr_expect(o.add_path[FAMILY_IPV4] == ADD_PATH_SEND && o.add_path[FAMILY_IPV6] == 0);
}

/* An OPEN with one ADD-PATH capability for each of `values` (their lengths in front). */
static struct open heard(const uint8_t *values)
{
	uint8_t m[256], out[4096];
	struct open peer = peer_open(), got;
	struct notify why;
	size_t len = open_encode(&peer, m, sizeof(m));
	memcpy(out, m, len);
	while (*values != 0) {
		const uint8_t head[] = {2, values[0] + 2, 69, values[0]};
		memcpy(out + len, head, sizeof(head));
		memcpy(out + len + sizeof(head), values + 1, values[0]);
		out[28] = (uint8_t)(out[28] + sizeof(head) + values[0]);
		len += sizeof(head) + values[0];
		values += 1 + values[0];
	}
	cr_assert(open_decode(span_of(out + 19, len - 19), &got, &why), "%u/%u", why.code,
		  why.subcode);
	return got;
}

struct value_case {
	const char *name;
	uint8_t values[40];
	uint8_t expected[FAMILY_COUNT];
};

/* §4: a value that is not 1, 2 or 3 makes the capability as if it were not there; the session comes
 * up.  Of several instances the later one speaks for the families that it names. */
Test(negotiate, odd_values_of_the_capability_are_ignored)
{
	static const struct value_case cases[] = {
		{"both families", {8, 0, 1, 1, 3, 0, 2, 1, 1}, {BOTH, ADD_PATH_RECEIVE}},
		{"value 0", {4, 0, 1, 1, 0}, {0, 0}},
		{"value 4", {4, 0, 1, 1, 4}, {0, 0}},
		{"value 255", {4, 0, 1, 1, 255}, {0, 0}},
		{"an odd one beside a good one", {8, 0, 1, 1, 3, 0, 2, 1, 7}, {0, 0}},
		{"cut short", {3, 0, 1, 1}, {0, 0}},
		{"cut short after a good one", {7, 0, 1, 1, 3, 0, 2, 1}, {0, 0}},
		{"families that we do not speak",
		 {12, 0, 1, 2, 3, 0, 25, 70, 3, 0, 2, 1, 2},
		 {0, ADD_PATH_SEND}},
		{"a family twice in one", {8, 0, 1, 1, 1, 0, 1, 1, 2}, {ADD_PATH_SEND, 0}},
		{"two instances", {4, 0, 1, 1, 1, 4, 0, 2, 1, 3}, {ADD_PATH_RECEIVE, BOTH}},
		{"two instances for one family",
		 {4, 0, 1, 1, 1, 4, 0, 1, 1, 2},
		 {ADD_PATH_SEND, 0}},
		{"a good instance, then an odd one", {4, 0, 1, 1, 1, 4, 0, 1, 1, 9}, {1, 0}},
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct open o = heard(cases[i].values);
		struct session_conf conf = conf_with(BOTH, BOTH);
		struct session_terms t = agree(&conf, &o);
		cr_expect_arr_eq(o.add_path, cases[i].expected, FAMILY_COUNT, "%s", cases[i].name);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			cr_expect_eq(is_sent(&t, f), (cases[i].expected[f] & 1) != 0, "%s",
				     cases[i].name);
		}
	}
}

/* RFC 7911 §4 with RFC 4760: a family that is not agreed on has no paths. */
Test(negotiate, paths_of_a_family_that_the_member_has_not_mean_nothing)
{
	struct session_conf conf = conf_with(BOTH, BOTH);
	struct open peer = peer_open();
	peer.add_path[FAMILY_IPV4] = peer.add_path[FAMILY_IPV6] = BOTH;
	peer.families[FAMILY_IPV6] = false;
	struct session_terms t = agree(&conf, &peer);
	cr_expect(is_sent(&t, FAMILY_IPV4) && t.opts.has_path_ids[FAMILY_IPV4]);
	cr_expect(!t.opts.families[FAMILY_IPV6]);
}
