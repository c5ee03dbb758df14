/* What decides for one member, tried rule by rule; what tags a rejected route: see explain.h. */
#include "rib/policy/explain.h"

#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/policy/aspa.h"
#include "rib/policy/check_own.h"

/* A route, and one member. */
struct question {
	const struct policy *policy;
	const struct peer_policy *from, *to; /* NULL: there are no rules. */
	peer_id_t from_id, to_id;
	const struct attr *attr;
	const struct prefix *prefix;
};

/* What a community's last number has to be. */
struct wanted {
	bool is_any;
	uint32_t last[2];
	unsigned count;
};

static bool is_wanted(const struct wanted *w, uint32_t last)
{
	return w->is_any || (w->count > 0 && w->last[0] == last) ||
	       (w->count > 1 && w->last[1] == last);
}

/* Whether a community of the route is of that name, with a last number that is wanted; its text. */
static bool says(const struct question *q, enum community_name name, const struct wanted *w,
		 char text[COMMUNITY_TEXT_MAX])
{
	for (unsigned i = 0; i < COMMUNITY_FORM_COUNT; i++) {
		enum community_form form = (enum community_form)i;
		const struct community_pattern *p = &q->policy->pattern[name][form];
		const struct attr_slice *slice = community_slice(&q->attr->facts, form);
		struct rd rd = rd_of(span_of(q->attr->wire + slice->offset, slice->len));
		while (p->is_set && rd_left(&rd) >= community_len(form)) {
			const uint8_t *at = rd.at;
			struct community c = community_read(&rd, form);
			if (pattern_matches(p, form, &c) &&
			    is_wanted(w, c.field[community_last(form)])) {
				community_octets_text(form, at, text);
				return true;
			}
		}
	}
	return false;
}

static bool says_any(const struct question *q, enum community_name name, char *text)
{
	return says(q, name, &(struct wanted){.is_any = true}, text);
}

static bool says_to(const struct question *q, enum community_name name, char *text)
{
	const struct wanted w = {
		.last = {q->to != NULL ? q->to->asn : 0, q->to != NULL ? q->to->asn_alias : 0},
		.count = q->to == NULL		 ? 0
			 : q->to->asn_alias == 0 ? 1
						 : 2};
	return says(q, name, &w, text);
}

/* Of one threshold. */
static bool says_rtt(const struct question *q, enum community_name name, bool is_higher,
		     unsigned threshold, char *text)
{
	unsigned rtt = q->policy->rtt_ms != NULL ? q->policy->rtt_ms[q->to_id] : 0;
	const struct wanted w = {.last = {threshold}, .count = 1};
	return rtt != 0 && (is_higher ? rtt > threshold : rtt <= threshold) &&
	       says(q, name, &w, text);
}

static bool says_some_rtt(const struct question *q, enum community_name name, bool is_higher,
			  char *text)
{
	for (unsigned i = 0; i < q->policy->rtt_threshold_count; i++) {
		if (says_rtt(q, name, is_higher, q->policy->rtt_threshold_ms[i], text)) {
			return true;
		}
	}
	return false;
}

/* arouteserver's rules of who is announced a route, in their order. */
static const struct {
	enum community_name name;
	bool is_denied;
} announce_rules[] = {
	{COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER, true},    {COMMUNITY_ANNOUNCE_TO_PEER, false},
	{COMMUNITY_DO_NOT_ANNOUNCE_RTT_HIGHER, true}, {COMMUNITY_DO_NOT_ANNOUNCE_RTT_LOWER, true},
	{COMMUNITY_ANNOUNCE_RTT_HIGHER, false},	      {COMMUNITY_ANNOUNCE_RTT_LOWER, false},
	{COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY, true},
};

static bool says_rule(const struct question *q, enum community_name name, char *text)
{
	if (community_info[name].has_peer_as) {
		return says_to(q, name, text);
	}
	bool is_higher = name == COMMUNITY_DO_NOT_ANNOUNCE_RTT_HIGHER ||
			 name == COMMUNITY_ANNOUNCE_RTT_HIGHER;
	return community_info[name].is_rtt ? says_some_rtt(q, name, is_higher, text)
					   : says_any(q, name, text);
}

static void explain_communities(const struct question *q, struct to_note *n)
{
	for (unsigned i = 0; i < ARRAY_COUNT(announce_rules); i++) {
		if (says_rule(q, announce_rules[i].name, n->community)) {
			n->rule = TO_COMMUNITY;
			n->name = announce_rules[i].name;
			n->is_denied = announce_rules[i].is_denied;
			return;
		}
	}
}

static bool says_well_known(const struct question *q, uint32_t community, char *text)
{
	const struct attr_slice *slice = &q->attr->facts.communities;
	struct rd rd = rd_of(span_of(q->attr->wire + slice->offset, slice->len));
	while (rd_left(&rd) >= 4) {
		const uint8_t *at = rd.at;
		if (rd_u32(&rd) == community) {
			community_octets_text(COMMUNITY_STD, at, text);
			return true;
		}
	}
	return false;
}

static bool is_kept_back(const struct question *q, char *text)
{
	return q->policy->obeys_well_known &&
	       (says_well_known(q, COMMUNITY_NO_EXPORT, text) ||
		says_well_known(q, COMMUNITY_NO_EXPORT_SUBCONFED, text) ||
		says_well_known(q, COMMUNITY_NO_ADVERTISE, text));
}

/* Whether the route's authorisation is among these. */
static bool is_among(const struct question *q, bool is_blackhole, const struct prefix_set *some)
{
	const struct set_view v = set_view_of(q->attr);
	const struct check c = {
		.peer = q->from, .view = &v, .prefix = q->prefix, .is_blackhole = is_blackhole};
	return check_is_among(&c, some);
}

static bool is_own(const struct question *q)
{
	return q->from == NULL && q->policy->knows_members && q->from_id == q->policy->origin;
}

/* Of a route of our own; NULL: the rules know of none. */
static const struct own_route *own_of(const struct question *q)
{
	return is_own(q) ? own_routes_find(q->policy->own, q->prefix) : NULL;
}

/* The member's own rules, and the exchange's about it; TO_EVERYONE when none is against it. */
static enum to_rule against(const struct question *q, struct to_note *n)
{
	asn_t origin = q->attr->facts.origin_as;
	const struct own_route *own = own_of(q);
	if (is_own(q) && (own == NULL || !bits_has(own_hearers(q->policy->own, own), q->to_id))) {
		return TO_OWN;
	}
	if (q->from != NULL && is_among(q, n->is_blackhole, q->from->limited) &&
	    (q->from->limited_to == NULL || !bits_has(q->from->limited_to, q->to_id))) {
		return TO_LIMITED;
	}
	if (q->to == NULL) {
		return TO_EVERYONE;
	}
	if (n->is_blackhole && !q->to->has_blackhole_to) {
		return TO_BLACKHOLE;
	}
	if (q->to->hears != NULL && !bits_has(q->to->hears, q->from_id)) {
		return TO_VIEW;
	}
	if (prefix_set_match(q->to->export_deny, q->prefix, origin, &n->prefix_rule)) {
		return TO_EXPORT_DENY;
	}
	if (q->to->export_allow != NULL &&
	    !prefix_set_match(q->to->export_allow, q->prefix, origin, NULL)) {
		return TO_EXPORT_ALLOW;
	}
	return TO_EVERYONE;
}

/* Ascending, or descending. */
static unsigned threshold_at(const struct policy *p, unsigned rank, bool is_descending)
{
	unsigned at = is_descending ? p->rtt_threshold_count - 1 - rank : rank;
	return index_rtt_ms(p->index, at);
}

static unsigned rtt_prepends(const struct question *q, bool is_higher, char *text)
{
	unsigned first =
		is_higher ? COMMUNITY_PREPEND_ONCE_RTT_HIGHER : COMMUNITY_PREPEND_ONCE_RTT_LOWER;
	for (unsigned i = 0; i < q->policy->rtt_threshold_count; i++) {
		unsigned threshold = threshold_at(q->policy, i, is_higher);
		for (unsigned times = 0; times < PREPEND_MAX; times++) {
			if (says_rtt(q, (enum community_name)(first + times), is_higher, threshold,
				     text)) {
				return times + 1;
			}
		}
	}
	return 0;
}

static unsigned prepends(const struct question *q, char *text)
{
	for (unsigned times = 0; times < PREPEND_MAX; times++) {
		if (says_to(q, (enum community_name)(COMMUNITY_PREPEND_ONCE_TO_PEER + times),
			    text)) {
			return times + 1;
		}
	}
	unsigned by_rtt = rtt_prepends(q, true, text);
	by_rtt = by_rtt != 0 ? by_rtt : rtt_prepends(q, false, text);
	for (unsigned times = 0; by_rtt == 0 && times < PREPEND_MAX; times++) {
		if (says_any(q, (enum community_name)(COMMUNITY_PREPEND_ONCE_TO_ANY + times),
			     text)) {
			return times + 1;
		}
	}
	return by_rtt;
}

static void explain_dress(const struct question *q, struct to_note *n)
{
	char text[COMMUNITY_TEXT_MAX];
	n->prepends = prepends(q, n->prepend_community);
	const struct own_route *own = own_of(q);
	n->is_draining = own != NULL ? own->is_draining
				     : q->from != NULL && !n->is_blackhole &&
					       is_among(q, false, q->from->draining);
	n->adds_no_export = (n->is_blackhole && q->policy->blackhole_adds_noexport) ||
			    says_any(q, COMMUNITY_ADD_NOEXPORT_TO_ANY, text) ||
			    says_to(q, COMMUNITY_ADD_NOEXPORT_TO_PEER, text);
	n->adds_no_advertise = says_any(q, COMMUNITY_ADD_NOADVERTISE_TO_ANY, text) ||
			       says_to(q, COMMUNITY_ADD_NOADVERTISE_TO_PEER, text);
}

static bool is_blackhole(const struct question *q)
{
	char text[COMMUNITY_TEXT_MAX];
	return q->from != NULL && q->policy->blackhole[q->prefix->family] != BLACKHOLE_OFF &&
	       (says_well_known(q, COMMUNITY_BLACKHOLE, text) ||
		says_any(q, COMMUNITY_BLACKHOLING, text));
}

static enum rov_state rov_of(const struct question *q)
{
	return roa_validate(q->policy->roa, q->prefix, q->attr->facts.origin_as);
}

static bool is_rov_invalid(const struct question *q)
{
	return q->from != NULL && q->from->has_rov && rov_of(q) == ROV_INVALID;
}

static bool is_aspa_invalid(const struct question *q)
{
	const struct set_view v = set_view_of(q->attr);
	return q->from != NULL && q->from->has_aspa && q->policy->aspa != NULL &&
	       aspa_verify_upstream(q->policy->aspa, set_view_path(&v), q->from->asn) ==
		       ASPA_INVALID;
}

struct to_note judge_explain_to(const struct policy *p, peer_id_t from, const struct attr *a,
				const struct prefix *prefix, peer_id_t to)
{
	struct to_note n = {.rule = TO_EVERYONE, .name = COMMUNITY_NAME_COUNT};
	if (p == NULL) {
		return n;
	}
	const struct question q = {.policy = p,
				   .from = p->peer[from],
				   .to = p->peer[to],
				   .from_id = from,
				   .to_id = to,
				   .attr = a,
				   .prefix = prefix};
	n.is_blackhole = is_blackhole(&q);
	explain_dress(&q, &n);
	if (is_kept_back(&q, n.community)) {
		n.rule = TO_WELL_KNOWN;
	} else if (!n.is_blackhole && (is_rov_invalid(&q) || is_aspa_invalid(&q))) {
		n.rule = TO_RPKI_INVALID;
	} else {
		n.rule = against(&q, &n);
	}
	n.is_denied = n.rule != TO_EVERYONE;
	if (!n.is_denied) {
		explain_communities(&q, &n);
	}
	return n;
}

const char *to_note_text(const struct to_note *n)
{
	static const char *const text[TO_RULE_COUNT] = {
		[TO_EVERYONE] = "nothing is said against it",
		[TO_WELL_KNOWN] = "not to be announced to another AS (RFC 1997)",
		[TO_RPKI_INVALID] = "invalid by RPKI: sent to nobody",
		[TO_BLACKHOLE] = "the member takes no blackhole routes",
		[TO_OWN] = "the server originates it for others",
		[TO_LIMITED] = "its authorisation is limited, and the member takes no part in that",
		[TO_VIEW] = "the member is not given this announcer's routes",
		[TO_EXPORT_DENY] = "a rule of the member's refuses the prefix",
		[TO_EXPORT_ALLOW] = "the member wants other prefixes alone",
	};
	ASSERT(n->rule < TO_RULE_COUNT);
	return n->rule == TO_COMMUNITY ? community_info[n->name].name : text[n->rule];
}

struct tags {
	struct community_value *out;
	unsigned count, max;
};

static void tag(struct tags *t, const struct community_pattern p[COMMUNITY_FORM_COUNT],
		uint32_t last)
{
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		/* A number of 32 bits has no place in a community of 16. */
		bool fits = form != COMMUNITY_STD || last <= UINT16_MAX || !p[form].has_dyn_val;
		if (p[form].is_set && fits && t->count < t->max) {
			t->out[t->count++] =
				pattern_value(&p[form], (enum community_form)form, last);
		}
	}
}

unsigned reject_communities(const struct policy *p, peer_id_t peer, enum reject reason,
			    struct community_value *out, unsigned max)
{
	const struct peer_policy *rules = p != NULL ? p->peer[peer] : NULL;
	struct tags t = {.out = out, .max = max};
	if (reason == REJECT_NONE || rules == NULL ||
	    rules->reject_policy == REJECT_POLICY_REJECT) {
		return 0;
	}
	unsigned code = reject_code(reason);
	tag(&t, p->pattern[COMMUNITY_REJECT_CAUSE], 0);
	if (code != 0) {
		tag(&t, p->pattern[COMMUNITY_REJECT_CAUSE], code);
	}
	tag(&t, p->cause_map[code], 0);
	tag(&t, p->pattern[COMMUNITY_REJECTED_ROUTE_ANNOUNCED_BY], rules->asn);
	return t.count;
}

/* A blackhole request is not validated. */
unsigned state_communities(const struct policy *p, peer_id_t peer, const struct attr *a,
			   const struct prefix *prefix, struct community_value *out, unsigned max)
{
	static const enum community_name name[] = {[ROV_NOT_FOUND] = COMMUNITY_ROV_UNKNOWN,
						   [ROV_VALID] = COMMUNITY_ROV_VALID,
						   [ROV_INVALID] = COMMUNITY_ROV_INVALID};
	const struct question q = {.policy = p,
				   .from = p != NULL ? p->peer[peer] : NULL,
				   .from_id = peer,
				   .attr = a,
				   .prefix = prefix};
	struct tags t = {.out = out, .max = max};
	if (q.from != NULL && q.from->has_rov && !is_blackhole(&q)) {
		tag(&t, p->pattern[name[rov_of(&q)]], 0);
	}
	return t.count;
}
