/* Scopes: see scope.h.
 *
 * What a rule of one announcer says touches its routes; a difference of sets of prefixes touches
 * what they cover, of one announcer where they are its authorisations; a member's view touches the
 * routes of those that it begins or ceases to hear.  Everything else touches all routes: it costs a
 * walk, in which a route whose verdict stays is not even written.
 *
 * Who comes or goes: bit sets of receivers say something of every number, whether or not it is
 * somebody's, so one that begins to be differs from what it was in that communities name it, its
 * address is a next hop of its AS, and by its own rules.  As who receives it is compared with what
 * its number was kept as (struct vacancy). */
#include "control/policy/scope.h"

#include <stdlib.h>
#include <string.h>

#include "control/config/policy_conf.h"
#include "control/policy/same.h"
#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/policy/asks.h"
#include "rib/policy/aspa.h"
#include "rib/policy/own.h"
#include "rib/policy/roa.h"

struct rules {
	struct prefix_rule *item;
	size_t count;
};

static void add_rule(void *context, const struct prefix_rule *rule)
{
	struct rules *r = context;
	r->item[r->count++] = *rule;
}

/* Add prefixes to a set; takes `more`. */
static void add_prefixes(struct prefix_set **to, struct prefix_set *more)
{
	if (prefix_set_count(more) == 0 || *to == NULL) {
		if (prefix_set_count(more) == 0) {
			prefix_set_put(more);
		} else {
			*to = more;
		}
		return;
	}
	size_t all = prefix_set_count(*to) + prefix_set_count(more);
	struct rules rules = {.item = calloc(all, sizeof(struct prefix_rule))};
	ASSERT(rules.item != NULL);
	prefix_set_each(*to, add_rule, &rules);
	prefix_set_each(more, add_rule, &rules);
	prefix_set_put(*to);
	prefix_set_put(more);
	*to = prefix_set_new(rules.item, rules.count);
	ASSERT(*to != NULL);
	free(rules.item);
}

static void add_difference(struct prefix_set **to, const struct prefix_set *a,
			   const struct prefix_set *b)
{
	if (!same_prefixes(a, b)) {
		struct prefix_set *difference = prefix_set_difference(a, b);
		ASSERT(difference != NULL);
		add_prefixes(to, difference);
	}
}

static uint64_t *announcers_of(struct policy_scope *s, unsigned peer_count)
{
	if (s->announcers == NULL) {
		s->announcers = calloc((peer_count + 63) / 64, sizeof(uint64_t));
		ASSERT(s->announcers != NULL);
	}
	return s->announcers;
}

static bool does_hear(const uint64_t *hears, unsigned announcer)
{
	return hears == NULL || bits_has(hears, announcer);
}

/* Whose routes the number begins or ceases to hear. */
static void compare_hears(const struct policy *p, const uint64_t *was, const uint64_t *now,
			  struct policy_scope *s)
{
	for (unsigned i = 0; was != now && i < p->peer_count; i++) {
		if (does_hear(was, i) != does_hear(now, i)) {
			bits_set(announcers_of(s, p->peer_count), i);
		}
	}
}

/* Our own routes go nowhere until their number is known, and nowhere again afterwards. */
static void compare_origin(const struct policy *old, const struct policy *fresh,
			   struct policy_scope *s)
{
	const peer_id_t origin[] = {old->origin, fresh->origin};
	for (unsigned i = 0; old->origin != fresh->origin && i < ARRAY_COUNT(origin); i++) {
		if (origin[i] < fresh->peer_count) {
			bits_set(announcers_of(s, fresh->peer_count), origin[i]);
		}
	}
}

static struct prefix_set **own_of(struct policy_scope *s, unsigned peer_count, unsigned peer)
{
	if (s->own == NULL) {
		s->own = calloc(peer_count, sizeof(struct prefix_set *));
		ASSERT(s->own != NULL);
		s->own_count = peer_count;
	}
	return &s->own[peer];
}

/* What the registry lets a member announce: no other prefixes of its change than those of the
 * authorisations that differ, and with another audience those that are limited. */
static void compare_grants(const struct policy *p, unsigned peer, const struct peer_policy *a,
			   const struct peer_policy *b, struct policy_scope *s)
{
	if (same_grants(a, b, p->peer_count)) {
		return;
	}
	struct prefix_set **own = own_of(s, p->peer_count, peer);
	add_difference(own, a->authorised, b->authorised);
	add_difference(own, a->limited, b->limited);
	add_difference(own, a->draining, b->draining);
	if (!same_bits(a->limited_to, b->limited_to, p->peer_count)) {
		prefix_set_hold(b->limited);
		add_prefixes(own, b->limited);
	}
}

/* Whether some route is a blackhole request. */
static bool uses_blackholes(const struct policy *p)
{
	return p->blackhole[FAMILY_IPV4] != BLACKHOLE_OFF ||
	       p->blackhole[FAMILY_IPV6] != BLACKHOLE_OFF;
}

/* All routes of those whom the member hears before and after. */
static void add_heard(const struct policy *p, const uint64_t *was, const uint64_t *now,
		      struct policy_scope *s)
{
	s->is_all |= was == NULL && now == NULL;
	for (unsigned i = 0; !s->is_all && i < p->peer_count; i++) {
		if (does_hear(was, i) && does_hear(now, i)) {
			bits_set(announcers_of(s, p->peer_count), i);
		}
	}
}

/* Of those whom only one of the two hears, what that one may have. */
static void compare_heard(const struct policy *p, const struct peer_policy *a,
			  const struct peer_policy *b, struct policy_scope *s)
{
	bool is_listed = false;
	for (unsigned i = 0; a->hears != b->hears && i < p->peer_count; i++) {
		bool did = does_hear(a->hears, i), does = does_hear(b->hears, i);
		if (did != does && (does ? b : a)->export_allow != NULL) {
			is_listed = true;
		} else if (did != does) {
			bits_set(announcers_of(s, p->peer_count), i);
		}
	}
	if (is_listed) {
		add_difference(&s->bounded, a->export_allow, NULL);
		add_difference(&s->bounded, b->export_allow, NULL);
	}
}

static struct prefix_rule rule_of(const struct prefix *p)
{
	return (struct prefix_rule){.prefix = *p, .ge = p->len, .le = p->len};
}

/* Our own routes that another audience hears, or in another way. */
static void compare_own(const struct policy *old, const struct policy *fresh,
			struct policy_scope *s)
{
	const struct own_routes *a = old->own, *b = fresh->own;
	unsigned a_count = own_routes_count(a), b_count = own_routes_count(b), i = 0, j = 0;
	if (a == b || fresh->origin >= fresh->peer_count) {
		return; /* compare_origin() */
	}
	struct rules rules = {.item = calloc(a_count + b_count + 1, sizeof(*rules.item))};
	ASSERT(rules.item != NULL);
	while (i < a_count || j < b_count) {
		const struct own_route *x = i < a_count ? own_routes_at(a, i) : NULL;
		const struct own_route *y = j < b_count ? own_routes_at(b, j) : NULL;
		int order = x == NULL ? 1 : y == NULL ? -1 : prefix_cmp(&x->prefix, &y->prefix);
		if (order != 0 || !own_route_equal(a, x, b, y)) {
			rules.item[rules.count++] = rule_of(order <= 0 ? &x->prefix : &y->prefix);
		}
		i += order <= 0;
		j += order >= 0;
	}
	if (rules.count > 0) {
		struct prefix_set *set = prefix_set_new(rules.item, rules.count);
		ASSERT(set != NULL);
		add_prefixes(own_of(s, fresh->peer_count, fresh->origin), set);
	}
	free(rules.item);
}

/* As who receives. */
static void compare_receiver(const struct policy *p, const struct peer_policy *a,
			     const struct peer_policy *b, struct policy_scope *s)
{
	if (a->has_blackhole_to != b->has_blackhole_to && uses_blackholes(p)) {
		s->meanings |= MEANING_BIT(MEANING_BLACKHOLE) | MEANING_BIT(COMMUNITY_BLACKHOLING);
	}
	/* No rule is another thing than a rule without a prefix. */
	if ((a->export_allow == NULL) != (b->export_allow == NULL)) {
		add_heard(p, a->hears, b->hears, s);
	}
	add_difference(&s->bounded, a->export_deny, b->export_deny);
	add_difference(&s->bounded, a->export_allow, b->export_allow);
	compare_heard(p, a, b, s);
}

static void add_name(struct policy_scope *s, asn_t asn)
{
	for (unsigned i = 0; i < s->named_count; i++) {
		if (s->named[i] == asn) {
			return;
		}
	}
	s->named = realloc(s->named, (s->named_count + 1) * sizeof(*s->named));
	ASSERT(s->named != NULL);
	s->named[s->named_count++] = asn;
}

/* Routes that ask something about the member, and those whose next hop it may be (same-as). */
static void add_naming(const struct policy *old, const struct policy *fresh,
		       const struct peer_policy *member, struct policy_scope *s)
{
	if (member == NULL) {
		return;
	}
	add_name(s, member->asn);
	if (member->asn_alias != 0) {
		add_name(s, member->asn_alias);
	}
	for (unsigned i = 0; i < fresh->peer_count; i++) {
		const struct peer_policy *a = old->peer[i], *b = fresh->peer[i];
		if (a != NULL && b != NULL && b->next_hop == NEXT_HOP_SAME_AS &&
		    b->asn == member->asn) {
			bits_set(announcers_of(s, fresh->peer_count), i);
		}
	}
}

/* The vacancy that the number is in, or VACANCIES. */
static unsigned vacancy_of(const struct policy *p, unsigned number)
{
	unsigned i = 0;
	while (i < VACANCIES &&
	       (p->vacant[i].numbers == NULL || !bits_has(p->vacant[i].numbers, number))) {
		i++;
	}
	return i;
}

static uint64_t *heard_in(const struct policy *p, unsigned vacancy)
{
	return vacancy < VACANCIES ? p->vacant[vacancy].hears : NULL;
}

/* A number without a member is like one of whom nothing is said, and who says nothing. */
static struct peer_policy nobody(const struct policy *p, unsigned number)
{
	return (struct peer_policy){.has_blackhole_to = true,
				    .hears = heard_in(p, vacancy_of(p, number))};
}

/* Numbers that nobody had, and nobody has. */
static void compare_vacant(const struct policy *old, const struct policy *fresh,
			   struct policy_scope *s)
{
	bool is_met[VACANCIES + 1][VACANCIES + 1] = {{false}};
	for (unsigned i = 0; i < fresh->peer_count; i++) {
		if (old->peer[i] == NULL && fresh->peer[i] == NULL) {
			is_met[vacancy_of(old, i)][vacancy_of(fresh, i)] = true;
		}
	}
	for (unsigned a = 0; a <= VACANCIES; a++) {
		for (unsigned b = 0; b <= VACANCIES; b++) {
			if (is_met[a][b]) {
				compare_hears(fresh, heard_in(old, a), heard_in(fresh, b), s);
			}
		}
	}
}

static bool is_same_member(const struct peer_policy *a, const struct peer_policy *b)
{
	return a != NULL && b != NULL && a->asn == b->asn && a->asn_alias == b->asn_alias &&
	       addr_equal(&a->addr, &b->addr);
}

static void compare_peer(const struct policy *old, const struct policy *fresh, unsigned peer,
			 struct policy_scope *s)
{
	const struct peer_policy *a = old->peer[peer], *b = fresh->peer[peer];
	if (a == b) {
		return;
	}
	bool is_same = is_same_member(a, b);
	if (!is_same) {
		add_naming(old, fresh, a, s);
		add_naming(old, fresh, b, s);
	}
	if (!is_same || !same_import(a, b)) {
		bits_set(announcers_of(s, fresh->peer_count), peer);
	} else {
		compare_grants(fresh, peer, a, b, s);
	}
	const struct peer_policy before = nobody(old, peer), after = nobody(fresh, peer);
	compare_receiver(fresh, a != NULL ? a : &before, b != NULL ? b : &after, s);
}

static bool uses_roas(const struct policy *p)
{
	bool uses = p->uses_roas_as_route_objects;
	for (unsigned i = 0; i < p->peer_count; i++) {
		uses |= p->peer[i] != NULL && p->peer[i]->has_rov;
	}
	return uses;
}

static bool uses_aspas(const struct policy *p)
{
	bool uses = false;
	for (unsigned i = 0; i < p->peer_count; i++) {
		uses |= p->peer[i] != NULL && p->peer[i]->has_aspa;
	}
	return uses;
}

static bool uses_rtt(const struct policy *p)
{
	bool uses = false;
	for (unsigned i = 0; i < COMMUNITY_NAME_COUNT; i++) {
		for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
			uses |= community_info[i].is_rtt && p->pattern[i][f].is_set;
		}
	}
	return uses;
}

static bool is_same_rtt(const struct policy *a, const struct policy *b)
{
	for (unsigned i = 0; i < b->peer_count; i++) {
		uint16_t was = a->rtt_ms != NULL && i < a->peer_count ? a->rtt_ms[i] : 0;
		uint16_t now = b->rtt_ms != NULL ? b->rtt_ms[i] : 0;
		if (was != now) {
			return false;
		}
	}
	return true;
}

void policy_roa_change_add(struct policy_roa_change *c, struct prefix_set *touched, bool is_changed)
{
	c->is_unknown |= touched == NULL && is_changed;
	if (touched != NULL) {
		add_prefixes(&c->touched, touched);
	}
}

void policy_roa_change_fini(struct policy_roa_change *c)
{
	prefix_set_put(c->touched);
	*c = (struct policy_roa_change){.touched = NULL};
}

static void compare_roas(const struct policy *a, const struct policy *b,
			 const struct policy_roa_change *known, struct policy_scope *s)
{
	struct prefix_set *difference;
	if (known != NULL && !known->is_unknown) {
		difference = known->touched;
		prefix_set_hold(difference);
	} else {
		difference = roa_difference(a->roa, b->roa);
		ASSERT(difference != NULL);
	}
	add_prefixes(&s->prefixes, difference);
	/* Without any no route is validated, which is another thing than not found. */
	s->is_all |= (a->roa == NULL) != (b->roa == NULL);
}

static void compare_data(const struct policy *a, const struct policy *b,
			 const struct policy_roa_change *roas, struct policy_scope *s)
{
	add_difference(&s->prefixes, a->global_black, b->global_black);
	add_difference(&s->prefixes, a->bogon, b->bogon);
	add_difference(&s->prefixes, a->registrobr, b->registrobr);
	if (a->roa != b->roa && (uses_roas(a) || uses_roas(b))) {
		compare_roas(a, b, roas, s);
	}
	s->is_all |= a->aspa != b->aspa && (uses_aspas(a) || uses_aspas(b)) &&
		     !aspa_equal(a->aspa, b->aspa);
	if ((uses_rtt(a) || uses_rtt(b)) && !is_same_rtt(a, b)) {
		s->meanings |= MEANINGS_THAT_ASK;
	}
	/* Some member takes part, or none does any more: what the others announce loses it. */
	if (a->has_graceful_shutdown != b->has_graceful_shutdown) {
		s->meanings |= MEANING_BIT(MEANING_GRACEFUL_SHUTDOWN);
	}
}

bool policy_scope_between(const struct policy *old, const struct policy *fresh,
			  const struct policy_roa_change *roas, struct policy_scope *out)
{
	struct policy_scope s = {.is_all = old == NULL};
	if (old != NULL) {
		s.is_all = old->peer_count != fresh->peer_count || !same_general(old, fresh);
		for (unsigned i = 0; i < fresh->peer_count && !s.is_all; i++) {
			compare_peer(old, fresh, i, &s);
		}
		if (!s.is_all) {
			compare_vacant(old, fresh, &s);
			compare_origin(old, fresh, &s);
			compare_own(old, fresh, &s);
			compare_data(old, fresh, roas, &s);
		}
	}
	if (s.is_all) {
		policy_scope_fini(&s);
		s.is_all = true;
	}
	*out = s;
	return s.is_all || s.meanings != 0 || s.named_count > 0 || s.announcers != NULL ||
	       s.prefixes != NULL || s.bounded != NULL || s.own != NULL;
}

void policy_scope_fini(struct policy_scope *s)
{
	free(s->announcers);
	prefix_set_put(s->prefixes);
	prefix_set_put(s->bounded);
	for (unsigned i = 0; i < s->own_count; i++) {
		prefix_set_put(s->own[i]);
	}
	free(s->own);
	free(s->named);
	*s = (struct policy_scope){.is_all = false};
}
