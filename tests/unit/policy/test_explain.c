/* What explain says, in the words that a customer reads. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/attr/intern.h"
#include "rib/policy/asn_set.h"
#include "rib/policy/explain.h"
#include "tests/unit/policy/prefixes.h"
#include "tests/unit/policy/said.h"

/* AS 65001 of 198.18.0.1 with an AS-SET of 65001 and 198.18.0.0/16 le 24, and a ROA. */
static struct policy *exchange(void)
{
	const asn_t asns[] = {65001}, free_of_transit[] = {174};
	const struct prefix_rule rule = {.prefix = prefix_of("198.18.0.0/16"), .ge = 16, .le = 24};
	const struct prefix_rule bogon = {.prefix = prefix_of("10.0.0.0/8"), .ge = 8, .le = 32};
	const struct vrp vrp = {.prefix = prefix_of("198.18.4.0/22"), .len_max = 22, .asn = 65009};
	struct policy *p = policy_new(2);
	p->rs_as = 64500;
	p->bogon = prefix_set_new(&bogon, 1);
	p->transit_free = asn_set_new(free_of_transit, 1);
	p->has_transit_rule = p->transit_is_warning = true;
	p->roa = roa_new(&vrp, 1);
	p->blackhole[FAMILY_IPV4] = BLACKHOLE_UNCHANGED;
	p->pattern[COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER][COMMUNITY_LRG] = (struct community_pattern){
		.is_set = true, .has_peer_as = true, .field = {64500, 0}};
	p->pattern[COMMUNITY_REJECT_CAUSE][COMMUNITY_STD] =
		(struct community_pattern){.is_set = true, .has_dyn_val = true, .field = {65520}};
	p->pattern[COMMUNITY_REJECTED_ROUTE_ANNOUNCED_BY][COMMUNITY_STD] =
		(struct community_pattern){.is_set = true, .has_dyn_val = true, .field = {65521}};
	p->cause_map[14][COMMUNITY_LRG] =
		(struct community_pattern){.is_set = true, .field = {64500, 1101, 13}};
	for (unsigned i = 0; i < 2; i++) {
		struct peer_policy *peer = p->peer[i] = peer_policy_new();
		peer->asn = 65001 + i;
		peer->addr = addr_v4(0xc6120001u + i);
		peer->next_hop = NEXT_HOP_STRICT;
		peer->enforces_first_as = peer->enforces_origin = peer->enforces_prefix = true;
		peer->path_len_max = 32;
		peer->has_rov = peer->rejects_rov_invalid = true;
		peer->len[FAMILY_IPV4].min = 8;
		peer->len[FAMILY_IPV4].max = 24;
		peer->reject_policy = i == 0 ? REJECT_POLICY_TAG : REJECT_POLICY_REJECT;
	}
	p->peer[0]->as_set = asn_set_new(asns, 1);
	p->peer[0]->as_set_prefix = prefix_set_new(&rule, 1);
	cr_assert(policy_finish(p));
	return p;
}

static struct said_route route(const char *prefix)
{
	return (struct said_route){.prefix = prefix_of(prefix),
				   .next_hop = {.len = 4, .bytes = {198, 18, 0, 1}},
				   .path_count = 3,
				   .path = {65001, 174, 65001}};
}

static const struct attr *interned(struct intern *in, const struct said_route *r)
{
	struct attr_draft draft;
	said_draft(r, &draft);
	return intern_get(in, &draft, &r->next_hop, 1);
}

static void expect_note(const struct check_note *notes, unsigned count, enum reject reason,
			enum check_verdict verdict, const char *detail)
{
	for (unsigned i = 0; i < count; i++) {
		if (notes[i].reason == reason) {
			cr_expect_str_eq(check_verdict_name(notes[i].verdict),
					 check_verdict_name(verdict));
			cr_expect_str_eq(notes[i].detail, detail);
			cr_expect_gt(strlen(notes[i].key), 0);
			return;
		}
	}
	cr_expect_fail("no note for %s", reject_name(reason));
}

Test(policy, explain_shows_every_check_with_the_data_behind_it)
{
	struct policy *p = exchange();
	struct intern *in = intern_new(0, 1, 10);
	struct said_route r = route("198.18.4.0/23");
	const struct attr *a = interned(in, &r);
	struct check_note n[CHECK_NOTES_MAX];
	unsigned count = check_explain(p, 0, a, REJECT_NONE, &r.prefix, n);
	expect_note(n, count, REJECT_AS_LOOP, CHECK_PASS, "");
	expect_note(n, count, REJECT_NEXT_HOP, CHECK_PASS, "next hop 198.18.0.1; only 198.18.0.1");
	expect_note(n, count, REJECT_PATH_LEN, CHECK_PASS, "3 hops, at most 32");
	expect_note(n, count, REJECT_FIRST_AS, CHECK_PASS,
		    "left-most is AS65001, the member is AS65001");
	expect_note(n, count, REJECT_INVALID_AS, CHECK_OFF, "");
	expect_note(n, count, REJECT_TRANSIT_FREE, CHECK_WARN,
		    "AS174 is on the list of transit-free networks");
	expect_note(n, count, REJECT_BOGON, CHECK_PASS, "none of 1 rules");
	expect_note(n, count, REJECT_IRR_ORIGIN, CHECK_PASS,
		    "origin AS65001 is in the AS-SETs (1 ASNs)");
	expect_note(n, count, REJECT_IRR_PREFIX, CHECK_PASS, "by 198.18.0.0/16 le 24");
	expect_note(n, count, REJECT_RPKI_INVALID, CHECK_FAIL,
		    "invalid, origin AS65001; 198.18.4.0/22 max 22 AS65009");
	expect_note(n, count, REJECT_PREFIX_LEN, CHECK_PASS, "/23; from /8 to /24");
	count = check_explain(p, 0, a, REJECT_LEAK, &r.prefix, n);
	expect_note(n, count, REJECT_LEAK, CHECK_FAIL, "");
	expect_note(n, count, REJECT_MAX_PREFIX, CHECK_SKIPPED, "");
	cr_expect_eq(check_explain(NULL, 0, a, REJECT_NONE, &r.prefix, n), 4);
	/* Whose AS-SETs have nothing: it is our data that is missing. */
	count = check_explain(p, 1, a, REJECT_NONE, &r.prefix, n);
	expect_note(n, count, REJECT_IRR_ORIGIN, CHECK_FAIL,
		    "origin AS65001 is not in the AS-SETs (without data: see causeway irr)");
	intern_adjust(in, a, -1);
	intern_free(in);
	policy_free(p);
}

/* A blackhole request skips what comes behind the IRR. */
Test(policy, explain_says_what_is_not_checked_of_a_blackhole_request)
{
	struct policy *p = exchange();
	struct intern *in = intern_new(0, 1, 10);
	struct said_route r = route("198.18.4.1/32");
	r.community[r.count++] =
		(struct community_value){.form = COMMUNITY_STD, .field = {65535, 666}};
	const struct attr *a = interned(in, &r);
	struct check_note n[CHECK_NOTES_MAX];
	unsigned count = check_explain(p, 0, a, REJECT_NONE, &r.prefix, n);
	expect_note(n, count, REJECT_IRR_PREFIX, CHECK_FAIL, "none of 1 rules");
	expect_note(n, count, REJECT_RPKI_INVALID, CHECK_SKIPPED, "a blackhole request");
	expect_note(n, count, REJECT_PREFIX_LEN, CHECK_SKIPPED, "a blackhole request");
	struct to_note to = judge_explain_to(p, 0, a, &r.prefix, 1);
	cr_expect(to.is_denied && to.rule == TO_BLACKHOLE);
	intern_adjust(in, a, -1);
	intern_free(in);
	policy_free(p);
}

Test(policy, explain_names_the_community_that_decides)
{
	struct policy *p = exchange();
	struct intern *in = intern_new(0, 1, 10);
	struct said_route r = route("198.18.16.0/24");
	r.community[r.count++] =
		(struct community_value){.form = COMMUNITY_LRG, .field = {64500, 0, 65002}};
	const struct attr *a = interned(in, &r);
	struct to_note n = judge_explain_to(p, 0, a, &r.prefix, 1);
	cr_expect(n.is_denied && n.rule == TO_COMMUNITY);
	cr_expect_str_eq(n.community, "64500:0:65002");
	cr_expect_str_eq(to_note_text(&n), "do_not_announce_to_peer");
	n = judge_explain_to(NULL, 0, a, &r.prefix, 1);
	cr_expect(!n.is_denied && n.rule == TO_EVERYONE);
	intern_adjust(in, a, -1);
	intern_free(in);
	policy_free(p);
}

/* Members are not sent it, so only our own view can show it. */
Test(policy, what_validation_found_is_a_community_of_our_own_view)
{
	static const struct {
		const char *prefix;
		asn_t origin;
		bool is_blackhole;
		unsigned count;
		uint32_t value;
	} row[] = {{"198.18.4.0/22", 65009, false, 1, 1},
		   {"198.18.4.0/23", 65009, false, 1, 2},
		   {"198.18.8.0/22", 65009, false, 1, 3},
		   {"198.18.4.0/22", 65008, false, 1, 2},
		   {"198.18.4.1/32", 65009, true, 0, 0}};
	struct policy *p = exchange();
	for (unsigned i = 0; i < 3; i++) {
		static const enum community_name name[] = {
			COMMUNITY_ROV_VALID, COMMUNITY_ROV_INVALID, COMMUNITY_ROV_UNKNOWN};
		p->pattern[name[i]][COMMUNITY_STD] =
			(struct community_pattern){.is_set = true, .field = {64512, i + 1}};
	}
	struct intern *in = intern_new(0, 1, 10);
	for (unsigned i = 0; i < ARRAY_COUNT(row); i++) {
		struct community_value v[3];
		struct said_route r = route(row[i].prefix);
		r.path[2] = row[i].origin;
		r.community[r.count++] = (struct community_value){
			.form = COMMUNITY_STD, .field = {65535, row[i].is_blackhole ? 666 : 1}};
		const struct attr *a = interned(in, &r);
		cr_expect_eq(state_communities(p, 0, a, &r.prefix, v, 3), row[i].count, "%u", i);
		cr_expect(row[i].count == 0 || v[0].field[1] == row[i].value, "%u", i);
		intern_adjust(in, a, -1);
	}
	intern_free(in);
	policy_free(p);
}

/* arouteserver's `tag`: cause 0, the cause, what the exchange makes of it, who announced it. */
Test(policy, a_rejected_route_is_tagged_as_its_member_is_configured)
{
	struct policy *p = exchange();
	struct community_value v[8];
	cr_assert_eq(reject_communities(p, 0, REJECT_RPKI_INVALID, v, 8), 4);
	cr_expect(v[0].field[0] == 65520 && v[0].field[1] == 0);
	cr_expect(v[1].field[0] == 65520 && v[1].field[1] == 14);
	cr_expect(v[2].form == COMMUNITY_LRG && v[2].field[1] == 1101 && v[2].field[2] == 13);
	cr_expect(v[3].field[0] == 65521 && v[3].field[1] == 65001);
	cr_expect_eq(reject_communities(p, 0, REJECT_COMMUNITIES, v, 8), 2, "it has no code");
	cr_expect_eq(reject_communities(p, 0, REJECT_RPKI_INVALID, v, 3), 3);
	cr_expect_eq(reject_communities(p, 0, REJECT_NONE, v, 8), 0);
	cr_expect_eq(reject_communities(p, 1, REJECT_RPKI_INVALID, v, 8), 0, "it is not tagged");
	policy_free(p);
}
