/* Scopes against the plain truth: whatever one field of the rules is changed to, a route whose
 * verdict or dress becomes another is in the scope of the change. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "control/policy/scope.h"
#include "rib/attr/audience.h"
#include "rib/attr/intern.h"
#include "rib/policy/index.h"
#include "rib/policy/judge.h"
#include "tests/unit/policy/said.h"

#define SEEDS	   120
#define ROUTES	   80
#define FIELDS_MAX 2 /* What belongs together. */

struct place {
	size_t at, len;
};

static const struct field {
	const char *name;
	bool is_members;
	bool is_shown; /* It changes what is shown of a route, and no verdict. */
	struct place place[FIELDS_MAX];
} fields[] = {
#define PLACE(type, f)                                                                             \
	{                                                                                          \
		offsetof(struct type, f), sizeof(((struct type *)0)->f)                            \
	}
#define OF_ALL(f)                                                                                  \
	{                                                                                          \
		.name = #f, .place = { PLACE(policy, f) }                                          \
	}
#define OF_MEMBER(f)                                                                               \
	{                                                                                          \
		.name = #f, .is_members = true, .place = { PLACE(peer_policy, f) }                 \
	}
#define PAIR(type, f, g)                                                                           \
	{                                                                                          \
		PLACE(type, f), PLACE(type, g)                                                     \
	}
	OF_ALL(pattern),
	{.name = "cause_map", .is_shown = true, .place = {PLACE(policy, cause_map)}},
	OF_ALL(obeys_well_known),
	OF_ALL(rejects_not_global),
	OF_ALL(has_transit_rule),
	OF_ALL(transit_is_warning),
	OF_ALL(uses_roas_as_route_objects),
	OF_ALL(tags_as_set),
	OF_ALL(has_graceful_shutdown),
	OF_ALL(blackhole_adds_noexport),
	OF_ALL(blackhole),
	OF_ALL(transit_free),
	OF_ALL(never_via_rs),
	OF_ALL(global_black),
	OF_ALL(bogon),
	OF_ALL(registrobr),
	OF_ALL(roa),
	OF_ALL(aspa),
	OF_ALL(rtt_ms),
	OF_MEMBER(next_hop),
	{.name = "authorized",
	 .is_members = true,
	 .place = PAIR(peer_policy, authorized, authorized_count)},
	OF_MEMBER(len),
	OF_MEMBER(path_len_max),
	OF_MEMBER(enforces_first_as),
	OF_MEMBER(rejects_invalid_as),
	OF_MEMBER(enforces_origin),
	OF_MEMBER(enforces_prefix),
	OF_MEMBER(allows_longer),
	OF_MEMBER(has_rov),
	OF_MEMBER(rejects_rov_invalid),
	OF_MEMBER(has_aspa),
	OF_MEMBER(rejects_aspa_invalid),
	OF_MEMBER(has_graceful_shutdown),
	OF_MEMBER(communities_max),
	OF_MEMBER(graceful_shutdown_pref),
	OF_MEMBER(as_set),
	OF_MEMBER(as_set_prefix),
	OF_MEMBER(white_asn),
	OF_MEMBER(white_prefix),
	OF_MEMBER(white_route),
	OF_MEMBER(black),
	{.name = "attach", .is_members = true, .place = PAIR(peer_policy, attach, attach_count)},
	OF_MEMBER(is_restricted),
	OF_MEMBER(authorised),
	OF_MEMBER(limited),
	OF_MEMBER(draining),
	OF_MEMBER(limited_to),
	OF_MEMBER(has_blackhole_to),
	OF_MEMBER(export_deny),
	OF_MEMBER(export_allow),
	OF_MEMBER(hears),
};

static void swap(void *a, void *b, const struct place *p)
{
	char kept[sizeof(struct policy)];
	memcpy(kept, (char *)a + p->at, p->len);
	memcpy((char *)a + p->at, (char *)b + p->at, p->len);
	memcpy((char *)b + p->at, kept, p->len);
}

/* The field of `p`, or of some of its members, becomes that of `other`. */
static void change(struct policy *p, struct policy *other, const struct field *f,
		   struct prng *chance)
{
	for (unsigned i = 0; i < FIELDS_MAX; i++) {
		if (!f->is_members) {
			swap(p, other, &f->place[i]);
		}
	}
	unsigned one = (unsigned)prng_below(chance, SAID_MEMBERS);
	bool are_many = prng_chance(chance, 1, 2);
	for (unsigned k = 0; f->is_members && k < SAID_MEMBERS; k++) {
		bool is_it = are_many ? k % 4 == one % 4 : k == one;
		for (unsigned i = 0; is_it && p->peer[k] != NULL && i < FIELDS_MAX; i++) {
			swap(p->peer[k], other->peer[k], &f->place[i]);
		}
	}
	index_free((struct policy_index *)(uintptr_t)p->index);
	p->index = NULL;
	cr_assert(policy_finish(p));
}

struct bench {
	struct intern *intern;
	struct judge *judge;
};

static struct judged judge_fresh(struct bench *b, const struct said_route *r)
{
	struct attr_draft draft;
	said_draft(r, &draft);
	judge_begin(b->judge, r->from, &draft, &r->next_hop, REJECT_NONE);
	struct judged judged = judge_route(b->judge, &r->prefix);
	judge_end(b->judge);
	return judged;
}

/* Whether the route's verdict is another by `fresh`; then it must be in the scope. */
static bool compare(struct bench *b, const struct policy *old, const struct policy *fresh,
		    const struct policy_scope *scope, const struct said_route *r, const char *name)
{
	cr_assert(judge_adopt(b->judge, old));
	struct judged was = judge_fresh(b, r);
	cr_assert(judge_adopt(b->judge, fresh));
	judge_begin_attr(b->judge, r->from, was.attr, REJECT_NONE);
	struct judged now = judge_route(b->judge, &r->prefix);
	judge_end(b->judge);
	bool is_changed = now.attr != was.attr || now.reason != was.reason;
	bool is_in = policy_scope_has_prefix(scope, &r->prefix) ||
		     policy_scope_has_own(scope, r->from, &r->prefix) ||
		     judge_is_said(b->judge, scope, was.attr, was.reason);
	cr_expect(is_in || !is_changed, "%s: from %u, %s, then %s", name, r->from,
		  reject_name(was.reason), reject_name(now.reason));
	if (now.attr != was.attr) {
		intern_adjust(b->intern, now.attr, -1);
	}
	intern_adjust(b->intern, was.attr, -1);
	return is_changed;
}

/* Where much is rejected by one rule the others show nothing. */
static unsigned rarity_of(uint64_t seed)
{
	return 2 + (unsigned)(seed % 5) * 3;
}

/* What is changed, of two policies that say the same. */
typedef void change_fn(struct policy *old, struct policy *fresh, const void *what,
		       struct prng *chance);

static void change_field(struct policy *old, struct policy *fresh, const void *what,
			 struct prng *chance)
{
	(void)old;
	struct said_policy *other = said_policy_by_chance(chance, 2);
	change(fresh, other->policy, what, chance);
	said_policy_free(other);
}

static unsigned try(change_fn *change_some, const void *what, const char *name, uint64_t seed)
{
	struct prng chance, same, others;
	struct policy_scope scope;
	unsigned changed = 0;
	prng_init(&chance, seed);
	same = chance;
	prng_init(&others, seed + 1000);
	struct said_policy *old = said_policy_by_chance(&chance, rarity_of(seed));
	struct said_policy *fresh = said_policy_by_chance(&same, rarity_of(seed));
	struct bench b = {.intern = intern_new(1, seed, 1000)};
	b.judge = judge_new(&(struct judge_opts){b.intern, SAID_MEMBERS, seed});
	struct said_route r[ROUTES];
	for (unsigned i = 0; i < ROUTES; i++) {
		r[i] = said_route_by_chance(&chance, old);
	}
	change_some(old->policy, fresh->policy, what, &others);
	(void)policy_scope_between(old->policy, fresh->policy, NULL, &scope);
	for (unsigned i = 0; i < ROUTES; i++) {
		changed += compare(&b, old->policy, fresh->policy, &scope, &r[i], name);
	}
	policy_scope_fini(&scope);
	said_policy_free(old);
	said_policy_free(fresh);
	intern_free(b.intern);
	judge_free(b.judge);
	return changed;
}

Test(scope, has_every_route_whose_verdict_a_field_changes)
{
	for (unsigned i = 0; i < ARRAY_COUNT(fields); i++) {
		unsigned changed = 0;
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			changed += try(change_field, &fields[i], fields[i].name, seed);
		}
		cr_expect(changed > 0 || fields[i].is_shown, "%s: nothing has changed",
			  fields[i].name);
	}
}

static void finish_again(struct policy *p)
{
	index_free((struct policy_index *)(uintptr_t)p->index);
	p->index = NULL;
	cr_assert(policy_finish(p));
}

static void free_rules(struct policy *p, unsigned member)
{
	peer_policy_put(p->peer[member]);
	p->peer[member] = NULL;
}

/* Some of the numbers that nobody has hear less. */
static void keep_some(struct policy *p, struct prng *chance)
{
	const unsigned words = (SAID_MEMBERS + 63) / 64;
	for (unsigned i = 0; i < VACANCIES; i++) {
		struct vacancy *v = &p->vacant[i];
		v->numbers = calloc(words, sizeof(uint64_t));
		v->hears = calloc(words, sizeof(uint64_t));
		for (unsigned w = 0; w < words; w++) {
			v->hears[w] = prng_u64(chance);
		}
	}
	for (unsigned k = 0; k < SAID_MEMBERS; k++) {
		unsigned i = (unsigned)prng_below(chance, VACANCIES + 1);
		if (p->peer[k] == NULL && i < VACANCIES) {
			bits_set(p->vacant[i].numbers, k);
		}
	}
}

/* Members come, go, and have each other's numbers. */
static void change_members(struct policy *old, struct policy *fresh, const void *what,
			   struct prng *chance)
{
	(void)what;
	old->knows_members = fresh->knows_members = true;
	old->origin = fresh->origin = prng_chance(chance, 1, 2) ? 13 : PEER_NONE;
	for (unsigned n = 1 + (unsigned)prng_below(chance, 3); n > 0; n--) {
		unsigned k = (unsigned)prng_below(chance, SAID_MEMBERS);
		unsigned m = (unsigned)prng_below(chance, SAID_MEMBERS);
		switch (prng_below(chance, 3)) {
		case 0:
			free_rules(fresh, k);
			break;
		case 1:
			free_rules(old, k);
			break;
		default: {
			struct peer_policy *kept = fresh->peer[k];
			fresh->peer[k] = fresh->peer[m];
			fresh->peer[m] = kept;
			break;
		}
		}
	}
	if (prng_chance(chance, 2, 3)) {
		keep_some(old, chance);
		keep_some(fresh, chance);
	}
	finish_again(old);
	finish_again(fresh);
}

/* The worlds are small: nearly every route of theirs names somebody. */
Test(scope, has_every_route_whose_verdict_a_member_changes, .timeout = 120)
{
	unsigned changed = 0, all = 0;
	for (uint64_t seed = 1; seed <= 20 * SEEDS; seed++) {
		changed += try(change_members, NULL, "members", seed);
		all += ROUTES;
	}
	cr_expect(changed > all / 50, "%u of %u", changed, all);
}

Test(scope, of_equal_rules_is_empty)
{
	struct prng chance, same;
	struct policy_scope scope;
	prng_init(&chance, 1);
	same = chance;
	struct said_policy *a = said_policy_by_chance(&chance, 4);
	struct said_policy *b = said_policy_by_chance(&same, 4);
	cr_expect(!policy_scope_between(a->policy, b->policy, NULL, &scope));
	policy_scope_fini(&scope);
	said_policy_free(a);
	said_policy_free(b);
}
