/* The judge against an oracle that knows no bits, no sets and no cache; and what it must not do:
 * change what has not changed, keep what is gone. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "rib/attr/aspath.h"
#include "rib/attr/reach.h"
#include "rib/policy/explain.h"
#include "rib/policy/judge.h"
#include "tests/unit/policy/oracle.h"

#define KEY 77

struct bench {
	struct intern *intern;
	struct judge *judge;
};

static struct bench bench_new(core_id_t worker, size_t sets_max)
{
	struct bench b = {.intern = intern_new(worker, KEY + worker, sets_max)};
	b.judge = judge_new(
		&(struct judge_opts){.intern = b.intern, .peer_count = SAID_MEMBERS, .key = KEY});
	return b;
}

static void bench_free(struct bench *b)
{
	cr_expect_eq(intern_count(b->intern), 0);
	cr_expect_eq(judge_audiences(b->judge), 0);
	intern_free(b->intern);
	judge_free(b->judge);
}

static struct judged judge_once(struct bench *b, const struct said_route *r)
{
	struct attr_draft draft;
	said_draft(r, &draft);
	judge_begin(b->judge, r->from, &draft, &r->next_hop, REJECT_NONE);
	struct judged judged = judge_route(b->judge, &r->prefix);
	judge_end(b->judge);
	return judged;
}

/* All communities of a set. */
static unsigned communities_of(const struct attr *a, struct community_value *out)
{
	unsigned count = 0;
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		const struct attr_slice *slice =
			community_slice(&a->facts, (enum community_form)form);
		struct rd rd = rd_of(span_of(a->wire + slice->offset, slice->len));
		while (rd_left(&rd) >= community_len((enum community_form)form)) {
			struct community c = community_read(&rd, (enum community_form)form);
			out[count] = (struct community_value){.form = (uint8_t)form,
							      .is_origin = form == COMMUNITY_EXT &&
									   c.is_origin};
			memcpy(out[count++].field, c.field, sizeof(c.field));
		}
	}
	return count;
}

static bool is_among(const struct community_value *v, const struct community_value *all,
		     unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (community_value_equal(v, &all[i])) {
			return true;
		}
	}
	return false;
}

static void expect_path(const struct attr *a, const struct said_route *r, unsigned prepends)
{
	struct said_route longer = *r;
	struct attr_draft draft;
	cr_assert_leq(r->path_count + prepends, ARRAY_COUNT(longer.path) + 1);
	for (unsigned i = 0; i < prepends; i++) {
		longer.path[i] = r->path[0];
	}
	memcpy(longer.path + prepends, r->path, (8 - prepends) * sizeof(asn_t));
	longer.path_count += prepends;
	said_draft(&longer, &draft);
	cr_expect_eq(a->facts.as_path.len, draft.facts.as_path.len);
	cr_expect_arr_eq(a->wire + a->facts.as_path.offset, draft.wire + draft.facts.as_path.offset,
			 draft.facts.as_path.len);
}

static void expect_sent(const struct attr *a, const struct said_route *r,
			const struct oracle_sent *want, const char *when)
{
	struct community_value got[64];
	uint8_t last_type = 0, flags, type;
	struct span value;
	size_t pos = 0;
	unsigned count = communities_of(a, got);
	cr_expect_eq(count, want->count, "%s: %u communities, not %u", when, count, want->count);
	for (unsigned i = 0; i < count; i++) {
		cr_expect(is_among(&got[i], want->community, want->count), "%s: %u:%u:%u (%u)",
			  when, got[i].field[0], got[i].field[1], got[i].field[2], got[i].form);
	}
	expect_path(a, r, want->prepends);
	cr_expect_eq(a->next_hop_len, want->next_hop.len);
	cr_expect_arr_eq(attr_next_hop_octets(a).data, want->next_hop.bytes, want->next_hop.len);
	/* Canonical, and whole: what is no business of ours is as it was. */
	while (attr_next(a, &pos, &flags, &type, &value)) {
		cr_expect_gt(type, last_type, "%s", when);
		last_type = type;
	}
	cr_expect_eq(attr_find(a, 20).len, 4);
	cr_expect_eq(a->facts.otc, 5);
	cr_expect_eq(a->facts.med, 7);
}

/* What explain says of the same. */
static void expect_explained(const struct said_policy *s, const struct said_route *r,
			     struct judged judged, const char *when)
{
	struct check_note notes[CHECK_NOTES_MAX];
	enum reject first = REJECT_NONE;
	unsigned count =
		check_explain(s->policy, r->from, judged.attr, REJECT_NONE, &r->prefix, notes);
	for (unsigned i = 0; i < count; i++) {
		cr_expect(i == 0 || notes[i].reason > notes[i - 1].reason, "in their order");
		cr_expect(notes[i].verdict == CHECK_OFF || i < 4 || notes[i].detail[0] != '\0');
		if (notes[i].verdict == CHECK_FAIL && first == REJECT_NONE) {
			first = notes[i].reason;
		}
	}
	cr_expect_eq(first, judged.reason, "%s: explained as %s", when, reject_name(first));
}

static void expect_explained_to(const struct said_policy *s, const struct said_route *r,
				struct judged judged, peer_id_t to, const struct oracle_sent *want)
{
	struct to_note n = judge_explain_to(s->policy, r->from, judged.attr, &r->prefix, to);
	cr_expect_eq(n.is_denied, !want->is_sent, "to %u: %s", to, to_note_text(&n));
	bool has_text = n.rule == TO_COMMUNITY || n.rule == TO_WELL_KNOWN;
	cr_expect_eq(n.community[0] != '\0', has_text);
	if (want->is_sent && r->path_count > 0 && r->path[0] != 0) {
		cr_expect_eq(n.prepends, want->prepends);
		cr_expect_eq(n.prepend_community[0] != '\0', want->prepends > 0);
	}
	cr_expect_eq(n.is_draining, oracle_is_draining(s, r));
	cr_expect_eq(n.adds_no_export, want->adds_no_export);
	cr_expect_eq(n.adds_no_advertise, want->adds_no_advertise);
}

static void expect_judged(const struct said_policy *s, const struct said_route *r,
			  struct judged judged, uint64_t seed)
{
	char when[64];
	enum reject want = oracle_reject(s, r);
	cr_assert_not_null(judged.attr);
	cr_assert_eq(judged.reason, want, "seed %llu: %s, not %s", (unsigned long long)seed,
		     reject_name(judged.reason), reject_name(want));
	snprintf(when, sizeof(when), "seed %llu", (unsigned long long)seed);
	expect_explained(s, r, judged, when);
	if (want != REJECT_NONE) {
		cr_expect(judged.attr->reach == NULL && judged.attr->sent == NULL);
		cr_expect_eq(judged.attr->facts.local_pref, 100);
		return;
	}
	cr_expect_eq(judged.attr->facts.local_pref, oracle_local_pref(s, r));
	for (unsigned to = 0; to < SAID_MEMBERS; to++) {
		const struct attr *sent = attr_sent_to(judged.attr, (peer_id_t)to);
		struct oracle_sent wanted = oracle_sent(s, r, (peer_id_t)to);
		snprintf(when, sizeof(when), "seed %llu to %u", (unsigned long long)seed, to);
		cr_assert_eq(sent != NULL, wanted.is_sent, "%s", when);
		expect_explained_to(s, r, judged, (peer_id_t)to, &wanted);
		if (sent != NULL) {
			expect_sent(sent, r, &wanted, when);
		}
	}
}

/* What the worlds have met: reasons, and meanings of communities of accepted routes. */
struct seen {
	unsigned reason[REJECT_COUNT];
	unsigned meaning[MEANING_COUNT];
	unsigned limited, draining;
};

static void note_seen(struct seen *seen, const struct said_policy *s, const struct said_route *r,
		      struct judged judged)
{
	uint64_t meanings = asks_read(s->policy->index, &judged.attr->facts, judged.attr->wire);
	seen->reason[judged.reason]++;
	seen->limited += judged.reason == REJECT_NONE && oracle_is_limited(s, r);
	seen->draining += judged.reason == REJECT_NONE && oracle_is_draining(s, r);
	for (unsigned m = 0; judged.reason == REJECT_NONE && m < MEANING_COUNT; m++) {
		seen->meaning[m] += (meanings & MEANING_BIT(m)) != 0;
	}
}

static void judge_some(uint64_t seed, unsigned rarity, struct seen *seen)
{
	struct prng chance;
	prng_init(&chance, seed);
	struct bench b = bench_new(1, 1000);
	struct said_policy *s = said_policy_by_chance(&chance, rarity);
	cr_assert(judge_adopt(b.judge, s->policy));
	for (unsigned i = 0; i < 40; i++) {
		struct said_route r = said_route_by_chance(&chance, s);
		struct judged judged = judge_once(&b, &r);
		expect_judged(s, &r, judged, seed);
		note_seen(seen, s, &r, judged);
		intern_adjust(b.intern, judged.attr, -1);
	}
	said_policy_free(s);
	bench_free(&b);
}

Test(policy, the_judge_says_what_the_oracle_says)
{
	struct seen seen = {.reason = {0}};
	for (uint64_t seed = 1; seed <= 250; seed++) {
		judge_some(seed, 2, &seen);
		judge_some(seed + 1000000, 6, &seen);
	}
	for (unsigned reason = 0; reason < REJECT_COUNT; reason++) {
		bool is_met = !reject_is_of_session((enum reject)reason);
		cr_expect(seen.reason[reason] > 5 || !is_met, "%s: %u",
			  reject_name((enum reject)reason), seen.reason[reason]);
	}
	cr_expect(seen.limited > 100 && seen.draining > 100, "%u, %u", seen.limited, seen.draining);
	for (unsigned m = 0; m < MEANING_COUNT; m++) {
		cr_expect(seen.meaning[m] > 20 || m == MEANING_CAUSE, "meaning %u: %u", m,
			  seen.meaning[m]);
	}
}

/* As an UPDATE has them: more prefixes than a batch of references, more answers than are kept. */
Test(policy, routes_of_one_set_are_judged_as_if_each_were_alone)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct prng chance;
		prng_init(&chance, seed);
		struct bench b = bench_new(1, 1000);
		struct said_policy *s = said_policy_by_chance(&chance, 3);
		struct said_route r = said_route_by_chance(&chance, s);
		struct attr_draft draft;
		const struct attr *held[300];
		cr_assert(judge_adopt(b.judge, s->policy));
		said_draft(&r, &draft);
		judge_begin(b.judge, r.from, &draft, &r.next_hop, REJECT_NONE);
		for (unsigned i = 0; i < ARRAY_COUNT(held); i++) {
			r.prefix = said_prefix_by_chance(&chance);
			struct judged judged = judge_route(b.judge, &r.prefix);
			expect_judged(s, &r, judged, seed);
			held[i] = judged.attr;
		}
		judge_end(b.judge);
		for (unsigned i = 0; i < ARRAY_COUNT(held); i++) {
			intern_adjust(b.intern, held[i], -1);
		}
		said_policy_free(s);
		bench_free(&b);
	}
}

static struct judged judge_kept(struct bench *b, const struct said_route *r, const struct attr *a,
				enum reject known)
{
	judge_begin_attr(b->judge, r->from, a, known);
	struct judged judged = judge_route(b->judge, &r->prefix);
	judge_end(b->judge);
	return judged;
}

/* What a sweep does: sets are kept by the worker of the session, and judged by the shard's. */
Test(policy, a_kept_route_changes_exactly_when_policy_has_changed_its_mind)
{
	unsigned kept = 0, changed = 0;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct prng chance;
		prng_init(&chance, seed);
		struct bench here = bench_new(1, 1000), there = bench_new(2, 1000);
		struct said_policy *old = said_policy_by_chance(&chance, 4);
		struct said_policy *new = said_policy_by_chance(&chance, 4);
		struct said_route r = said_route_by_chance(&chance, old);
		cr_assert(judge_adopt(here.judge, old->policy));
		struct judged first = judge_once(&here, &r);
		cr_expect_eq(judge_kept(&here, &r, first.attr, REJECT_NONE).attr, first.attr);
		cr_assert(judge_adopt(there.judge, old->policy));
		struct judged again = judge_kept(&there, &r, first.attr, REJECT_NONE);
		cr_expect(again.attr == first.attr && again.reason == first.reason);
		cr_expect_eq(intern_count(there.intern), 0);
		cr_assert(judge_adopt(there.judge, new->policy));
		struct judged next = judge_kept(&there, &r, first.attr, REJECT_NONE);
		expect_judged(new, &r, next, seed);
		if (next.attr == first.attr) {
			kept++;
		} else {
			changed++;
			intern_adjust(there.intern, next.attr, -1);
		}
		intern_adjust(here.intern, first.attr, -1);
		said_policy_free(old);
		said_policy_free(new);
		bench_free(&here);
		bench_free(&there);
	}
	cr_expect(kept > 20 && changed > 20, "%u kept, %u changed", kept, changed);
}

Test(policy, what_the_session_has_found_is_the_reason_whatever_the_rules)
{
	struct prng chance;
	prng_init(&chance, 5);
	struct bench b = bench_new(1, 100);
	struct said_policy *s = said_policy_by_chance(&chance, 1);
	cr_assert(judge_adopt(b.judge, s->policy));
	struct said_route r = said_route_by_chance(&chance, s);
	struct attr_draft draft;
	said_draft(&r, &draft);
	judge_begin(b.judge, r.from, &draft, &r.next_hop, REJECT_LEAK);
	struct judged judged = judge_route(b.judge, &r.prefix);
	judge_end(b.judge);
	cr_expect_eq(judged.reason, REJECT_LEAK);
	cr_expect(judged.attr->reach == NULL && judged.attr->sent == NULL);
	struct judged again = judge_kept(&b, &r, judged.attr, REJECT_LEAK);
	cr_expect(again.attr == judged.attr && again.reason == REJECT_LEAK);
	intern_adjust(b.intern, judged.attr, -1);
	said_policy_free(s);
	bench_free(&b);
}

/* A check of the next hop is of the global address.  A link-local one behind it (RFC 2545 §3) may
 * be anybody's, and routers prefer it: it is not sent where next hops are checked. */
Test(policy, a_link_local_next_hop_that_nobody_has_checked_is_not_sent)
{
	static const uint8_t octets[32] = {
		0x20, 1, 0xd, 0xb8, [15] = 1, [16] = 0xfe, 0x80, [31] = 9};
	static const enum next_hop_rule rules[] = {NEXT_HOP_ANY, NEXT_HOP_STRICT};
	for (unsigned i = 0; i < ARRAY_COUNT(rules); i++) {
		struct bench b = bench_new(1, 100);
		struct policy *p = policy_new(SAID_MEMBERS);
		struct said_route r = {
			.from = 3, .path_count = 1, .path = {64501}, .next_hop = {.len = 32}};
		memcpy(r.next_hop.bytes, octets, sizeof(octets));
		cr_assert(prefix_parse("2001:db8::/32", &r.prefix, NULL) == 0);
		p->peer[3] = peer_policy_new();
		p->peer[3]->has_blackhole_to = true;
		p->peer[3]->addr = addr_make(FAMILY_IPV6, octets);
		p->peer[3]->next_hop = rules[i];
		cr_assert(policy_finish(p) && judge_adopt(b.judge, p));
		struct judged judged = judge_once(&b, &r);
		cr_expect(judged.reason == REJECT_NONE && judged.attr->next_hop_len == 32);
		const struct attr *sent =
			judged.attr->sent != NULL ? judged.attr->sent : judged.attr;
		cr_expect_eq(sent->next_hop_len, rules[i] == NEXT_HOP_ANY ? 32 : 16);
		cr_expect_arr_eq(attr_next_hop_octets(sent).data, octets, 16);
		struct judged again = judge_kept(&b, &r, judged.attr, REJECT_NONE);
		cr_expect_eq(again.attr, judged.attr);
		intern_adjust(b.intern, judged.attr, -1);
		cr_assert(judge_adopt(b.judge, NULL));
		policy_free(p);
		bench_free(&b);
	}
}

Test(policy, without_rules_every_route_is_for_everyone_as_it_is)
{
	struct prng chance;
	prng_init(&chance, 6);
	struct bench b = bench_new(1, 100);
	struct said_policy *s = said_policy_by_chance(&chance, 1);
	struct said_route r = said_route_by_chance(&chance, s);
	struct judged judged = judge_once(&b, &r);
	cr_expect_eq(judge_generation(b.judge), 0);
	cr_expect(judged.reason == REJECT_NONE && judged.attr->reach == NULL);
	cr_expect_null(judged.attr->sent);
	intern_adjust(b.intern, judged.attr, -1);
	said_policy_free(s);
	bench_free(&b);
}

/* A policy with no member, whose own routes have the number 3: the route's prefix is heard by the
 * members 1 and 65, and may drain. */
static struct policy *own_policy(const struct said_route *r, bool is_draining)
{
	const struct own_route own = {
		.prefix = r->prefix, .asn = 64501, .is_draining = is_draining};
	const uint64_t bits[2] = {0x2, 0x2};
	struct policy *p = policy_new(SAID_MEMBERS);
	p->generation = 1;
	p->knows_members = true;
	p->origin = 3;
	p->own = own_routes_new(&own, 1, bits, 1, 2);
	cr_assert(policy_finish(p));
	return p;
}

/* Of a former member something may still be on its way when its rules have gone; and so may a route
 * of our own that is not announced any more. */
Test(policy, what_a_number_without_a_member_announces_goes_nowhere)
{
	struct prng chance;
	prng_init(&chance, 8);
	struct bench b = bench_new(1, 100);
	struct said_policy *s = said_policy_by_chance(&chance, 1);
	struct said_route r = said_route_by_chance(&chance, s);
	struct policy *p = own_policy(&r, true);
	r.count = 0;
	r.prefix.len--;
	r.prefix = prefix_make(&(struct addr){.family = r.prefix.family}, r.prefix.len);
	cr_assert(judge_adopt(b.judge, p));
	for (peer_id_t from = 2; from <= 3; from++) {
		r.from = from;
		struct judged judged = judge_once(&b, &r);
		cr_expect_eq(judged.reason, REJECT_NONE);
		const struct reach *reach = judged.attr->reach;
		cr_expect(reach != NULL && reach->count == 0, "number %u", from);
		intern_adjust(b.intern, judged.attr, -1);
	}
	cr_assert(judge_adopt(b.judge, NULL));
	policy_free(p);
	said_policy_free(s);
	bench_free(&b);
}

/* What the customer announces itself goes before: see LOCAL_PREF_OWN. */
Test(policy, a_route_of_our_own_is_the_last_choice)
{
	struct prng chance;
	prng_init(&chance, 9);
	struct bench b = bench_new(1, 100);
	struct said_policy *s = said_policy_by_chance(&chance, 1);
	struct said_route r = said_route_by_chance(&chance, s);
	struct policy *p = own_policy(&r, false);
	r.count = 0;
	r.from = 3;
	cr_assert(judge_adopt(b.judge, p));
	struct judged judged = judge_once(&b, &r);
	cr_assert(judged.attr->reach != NULL && judged.attr->reach->count == 1);
	cr_expect_eq(judged.attr->facts.local_pref, 50, "others have 100");
	struct judged again = judge_kept(&b, &r, judged.attr, REJECT_NONE);
	cr_expect_eq(again.attr, judged.attr);
	intern_adjust(b.intern, judged.attr, -1);
	cr_assert(judge_adopt(b.judge, NULL));
	policy_free(p);
	said_policy_free(s);
	bench_free(&b);
}

/* Each by its own list, and whatever it wants of other prefixes a member is not sent it else. */
Test(policy, a_route_of_our_own_goes_to_those_whom_it_is_for)
{
	struct prng chance;
	prng_init(&chance, 9);
	struct bench b = bench_new(1, 100);
	struct said_policy *s = said_policy_by_chance(&chance, 1);
	struct said_route r = said_route_by_chance(&chance, s);
	struct policy *p = own_policy(&r, true);
	r.count = 0;
	r.from = 3;
	cr_assert(judge_adopt(b.judge, p));
	struct judged judged = judge_once(&b, &r);
	cr_assert(judged.attr->reach != NULL && judged.attr->reach->count == 1);
	cr_expect_eq(judged.attr->facts.local_pref, 0);
	for (unsigned to = 0; to < SAID_MEMBERS; to++) {
		struct to_note n = judge_explain_to(p, 3, judged.attr, &r.prefix, (peer_id_t)to);
		bool is_sent = attr_sent_to(judged.attr, (peer_id_t)to) != NULL;
		cr_expect_eq(is_sent, to == 1 || to == 65);
		cr_expect(n.is_denied == !is_sent && n.is_draining);
		cr_expect_eq(n.rule, is_sent ? TO_EVERYONE : TO_OWN);
	}
	struct community_value got[4];
	cr_assert_eq(communities_of(judged.attr->reach->part[0].sent, got), 1);
	cr_expect(got[0].field[0] == 65535 && got[0].field[1] == 0, "RFC 8326 §5");
	struct judged again = judge_kept(&b, &r, judged.attr, REJECT_NONE);
	cr_expect_eq(again.attr, judged.attr);
	intern_adjust(b.intern, judged.attr, -1);
	cr_assert(judge_adopt(b.judge, NULL));
	policy_free(p);
	said_policy_free(s);
	bench_free(&b);
}

/* Whatever place is the last, nothing is kept of a set that has none. */
Test(policy, a_full_table_is_no_set_and_no_leak)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct prng chance;
		prng_init(&chance, seed);
		struct bench b = bench_new(1, 1 + seed % 5);
		struct said_policy *s = said_policy_by_chance(&chance, 1 + (unsigned)(seed % 3));
		cr_assert(judge_adopt(b.judge, s->policy));
		for (unsigned i = 0; i < 10; i++) {
			struct said_route r = said_route_by_chance(&chance, s);
			struct judged judged = judge_once(&b, &r);
			cr_expect_eq(judged.reason, oracle_reject(s, &r));
			if (judged.attr != NULL) {
				intern_adjust(b.intern, judged.attr, -1);
			}
			cr_expect_eq(intern_count(b.intern), 0);
			cr_expect_eq(judge_audiences(b.judge), 0);
		}
		said_policy_free(s);
		bench_free(&b);
	}
}
