/* `explain`: what an operator and a customer are told of a route. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "rib/policy/own.h"
#include "rib/policy/policy.h"
#include "rib/policy/prefix_set.h"
#include "tests/unit/control/answers.h"

Test(explain, names_the_rule_and_the_fate_of_each_path)
{
	struct fake f;
	fake_init(&f, 3, NULL);
	fake_fill(&f);
	json_t *lines = fake_ask(&f, "{\"command\":\"explain\",\"prefix\":\"192.0.2.0/24\",\"to\":"
				     "\"198.18.1.1\"}");
	cr_assert(answer_number(answer_end(lines), "rows") == 3);
	const json_t *own = answer_row(lines, 0), *other = answer_row(lines, 1),
		     *out = answer_row(lines, 2);
	cr_expect_str_eq(answer_text(own, "fate"), "its own route");
	cr_expect_str_eq(answer_text(own, "rule"), rule_text(RULE_PATH_LEN));
	cr_expect_str_eq(answer_text(other, "fate"), "chosen");
	cr_expect_str_eq(answer_text(other, "rule"), rule_text(RULE_ONLY));
	cr_expect_str_eq(answer_text(out, "fate"), "rejected");
	cr_expect_str_eq(answer_text(answer_end(lines), "text"),
			 "198.18.1.1 gets the path from 198.18.1.2, rank 2");
	json_decref(lines);

	lines = fake_ask(&f, "{\"command\":\"explain\",\"prefix\":\"192.0.2.0/24\",\"to\":"
			     "\"198.18.1.4\"}");
	cr_expect(strstr(answer_text(answer_end(lines), "text"), "would get") != NULL);
	cr_expect(strstr(answer_text(answer_end(lines), "text"), "Idle") != NULL);
	json_decref(lines);

	lines = fake_ask(&f, "{\"command\":\"explain\",\"prefix\":\"192.0.2.128/25\",\"to\":"
			     "\"198.18.1.1\"}");
	cr_expect(strstr(answer_text(answer_end(lines), "text"), "gets nothing") != NULL);
	json_decref(lines);

	lines = fake_ask(&f, "{\"command\":\"explain\",\"prefix\":\"203.0.113.0/24\",\"to\":"
			     "\"198.18.1.1\"}");
	cr_expect_str_eq(answer_text(answer_end(lines), "status"), "not_found");
	json_decref(lines);
	fake_fini(&f);
}

/* A policy for the fake's members: it has bogons and black lists, and tags what it rejects. */
static struct policy *make_policy(void)
{
	struct policy *p = policy_new(FAKE_MEMBERS);
	struct prefix_rule bogon = {.ge = 8, .le = 32};
	cr_assert(prefix_parse("10.0.0.0/8", &bogon.prefix, NULL) == 0);
	p->generation = 1;
	p->rs_as = 64500;
	p->bogon = prefix_set_new(&bogon, 1);
	p->pattern[COMMUNITY_REJECT_CAUSE][COMMUNITY_LRG] = (struct community_pattern){
		.is_set = true, .has_dyn_val = true, .field = {64500, 65520}};
	p->pattern[COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER][COMMUNITY_STD] =
		(struct community_pattern){.is_set = true, .has_peer_as = true, .field = {64500}};
	for (unsigned i = 0; i < FAKE_MEMBERS; i++) {
		p->peer[i] = peer_policy_new();
		p->peer[i]->asn = 64501 + i;
		p->peer[i]->path_len_max = 2;
		p->peer[i]->reject_policy = REJECT_POLICY_TAG_AND_REJECT;
	}
	cr_assert(policy_finish(p));
	return p;
}

Test(explain, from_makes_every_check_and_says_what_to_do)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	struct policy *policy = make_policy();
	f.env.policy = policy;
	fake_announce(&f, 0, "10.1.0.0/16", (const asn_t[4]){64501, 1, 2}, 0, REJECT_PATH_LEN);
	fake_announce(&f, 1, "10.1.0.0/16", (const asn_t[4]){64502}, 0, REJECT_NONE);
	fake_settle(&f);
	json_t *lines = fake_ask(&f, "{\"command\":\"explain\",\"prefix\":\"10.1.0.0/16\","
				     "\"from\":\"198.18.1.1\"}");
	cr_assert(answer_number(answer_end(lines), "rows") == 1);
	const json_t *row = answer_row(lines, 0);
	cr_expect_str_eq(answer_text(row, "reject_reason"), "path_len");
	cr_expect(answer_number(row, "reject_code") == 1);
	cr_expect(strstr(answer_text(row, "remedy"), "fewer") != NULL);
	const json_t *tags = json_object_get(row, "large_communities");
	cr_assert(json_array_size(tags) >= 1);
	cr_expect_str_eq(json_string_value(json_array_get(tags, 0)), "64500:65520:0");
	unsigned failed = 0;
	size_t i;
	const json_t *note;
	json_array_foreach(json_object_get(row, "checks"), i, note)
	{
		bool is_one = strcmp(answer_text(note, "check"), "path_len") == 0 ||
			      strcmp(answer_text(note, "check"), "bogon") == 0;
		bool fails = strcmp(answer_text(note, "verdict"), "fail") == 0;
		cr_expect(is_one == fails, "%s: %s", answer_text(note, "check"),
			  answer_text(note, "verdict"));
		cr_expect(!fails || answer_text(note, "detail")[0] != '\0');
		failed += fails;
	}
	cr_expect_eq(failed, 2, "both, though one decides");
	cr_expect(strstr(answer_text(answer_end(lines), "text"), "AS_PATH is too long") != NULL);
	json_decref(lines);
	lines = fake_ask(&f, "{\"command\":\"explain\",\"prefix\":\"10.1.0.0/16\","
			     "\"from\":\"198.18.1.3\"}");
	cr_expect_str_eq(answer_text(answer_end(lines), "status"), "not_found");
	json_decref(lines);
	fake_fini(&f);
	policy_free(policy);
}

/* RFC 8950, RFC 9234 §5: why a path is not sent is said. */
Test(explain, says_what_does_not_suit_the_members_session)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	fake_announce(&f, 0, "203.0.113.0/24", (const asn_t[4]){64501}, 0, REJECT_NONE);
	fake_settle(&f);
	const struct slab *slab = shard_slab(f.server.shard[0], FAMILY_IPV4);
	struct paths_one one;
	const struct attr *base = entry_paths(slab_at(slab, 0), &one)->path[0].attr;
	struct attr_draft draft = {.wire_len = base->wire_len};
	memcpy(draft.wire, base->wire, base->wire_len);
	attr_facts_compute(draft.wire, draft.wire_len, &draft.facts);
	struct next_hop hop = {.len = 16, .bytes = {0x20, 1}};
	struct op op = {.kind = OP_ANNOUNCE, .peer = 1, .incarnation = 1};
	op.prefix = slab_prefix(slab, 0);
	op.attr = intern_get(f.server.intern, &draft, &hop, 1);
	shard_apply(f.server.shard[0], &op);
	const uint8_t otc[] = {0xc0, ATTR_OTC, 4, 0, 0, 0xfb, 0xf0};
	memcpy(draft.wire + draft.wire_len, otc, sizeof(otc));
	draft.wire_len = (uint16_t)(draft.wire_len + sizeof(otc));
	attr_facts_compute(draft.wire, draft.wire_len, &draft.facts);
	const struct next_hop own = attr_next_hop(base);
	op.attr = intern_get(f.server.intern, &draft, &own, 1);
	op.peer = 3;
	f.server.status[2].class_idx[FAMILY_IPV4] = WIRE_CLASS_OTC_DENY;
	shard_apply(f.server.shard[0], &(struct op){.kind = OP_UP, .peer = 3, .incarnation = 1});
	shard_apply(f.server.shard[0], &op);
	fake_settle(&f);
	json_t *lines = fake_ask(&f, "{\"command\":\"explain\",\"prefix\":\"203.0.113.0/24\","
				     "\"to\":\"198.18.1.3\"}");
	const json_t *six = answer_row_with(lines, "from", "198.18.1.2");
	const json_t *denied = answer_row_with(lines, "from", "198.18.1.4");
	cr_expect_str_eq(answer_text(six, "fate"), "its next hop is IPv6: not negotiated");
	cr_expect_str_eq(answer_text(denied, "fate"), "has OTC: only for customers");
	json_decref(lines);
	fake_fini(&f);
}

/* The registry's: an authorisation that is limited, one that drains, a route of our own. */
Test(explain, names_what_the_registry_says_of_a_route)
{
	static const struct {
		const char *prefix, *to, *fate, *originated;
		bool is_draining;
	} row[] = {
		{"192.0.2.0/24", "198.18.1.2", "chosen", NULL, false},
		{"192.0.2.0/24", "198.18.1.3",
		 "policy forbids it: its authorisation is limited, and the member takes no part in "
		 "that",
		 NULL, false},
		{"198.51.100.0/24", "198.18.1.3", "chosen", NULL, true},
		{"203.0.113.0/24", "198.18.1.2", "chosen", "by the server for AS64999", false},
		{"203.0.113.0/24", "198.18.1.3",
		 "policy forbids it: the server originates it for others",
		 "by the server for AS64999", false},
	};
	const uint64_t second = 0x2;
	struct fake f;
	struct prefix_rule rule[2] = {{.ge = 24, .le = 24}, {.ge = 24, .le = 24}};
	struct own_route own = {.asn = 64999};
	struct policy *p = policy_new(FAKE_MEMBERS);
	cr_assert(prefix_parse(row[0].prefix, &rule[0].prefix, NULL) == 0);
	cr_assert(prefix_parse(row[2].prefix, &rule[1].prefix, NULL) == 0);
	cr_assert(prefix_parse(row[3].prefix, &own.prefix, NULL) == 0);
	p->generation = 1;
	p->rs_as = 64500;
	p->knows_members = true;
	p->origin = 3;
	p->own = own_routes_new(&own, 1, &second, 1, 1);
	for (unsigned i = 0; i < 3; i++) {
		p->peer[i] = peer_policy_new();
		p->peer[i]->asn = 64501 + i;
		p->peer[i]->has_blackhole_to = true;
	}
	p->peer[0]->is_restricted = true;
	p->peer[0]->authorised = prefix_set_new(rule, 2);
	p->peer[0]->limited = prefix_set_new(rule, 1);
	p->peer[0]->draining = prefix_set_new(rule + 1, 1);
	p->peer[0]->limited_to = calloc(1, sizeof(uint64_t));
	p->peer[0]->limited_to[0] = second;
	cr_assert(policy_finish(p));
	fake_init(&f, 1, NULL);
	f.env.policy = p;
	f.judge = judge_new(&(struct judge_opts){f.server.intern, FAKE_MEMBERS, 7});
	cr_assert(judge_adopt(f.judge, p));
	fake_announce(&f, 0, row[0].prefix, (const asn_t[4]){64501}, 0, REJECT_NONE);
	fake_announce(&f, 0, row[2].prefix, (const asn_t[4]){64501}, 0, REJECT_NONE);
	fake_announce(&f, 3, row[3].prefix, (const asn_t[4]){64999}, 0, REJECT_NONE);
	fake_settle(&f);
	for (unsigned i = 0; i < ARRAY_COUNT(row); i++) {
		char request[128];
		snprintf(request, sizeof(request),
			 "{\"command\":\"explain\",\"prefix\":\"%s\",\"to\":\"%s\"}", row[i].prefix,
			 row[i].to);
		json_t *lines = fake_ask(&f, request);
		const json_t *r = answer_row(lines, 0);
		const char *originated = json_string_value(json_object_get(r, "originated"));
		cr_expect_str_eq(answer_text(r, "fate"), row[i].fate);
		cr_expect_eq(json_is_true(json_object_get(r, "draining")), row[i].is_draining);
		cr_expect_eq(originated != NULL, row[i].originated != NULL);
		cr_expect(originated == NULL || strcmp(originated, row[i].originated) == 0);
		json_decref(lines);
	}
	fake_fini(&f);
	judge_free(f.judge);
	policy_free(p);
}
