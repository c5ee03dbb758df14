/* What policy makes of a route, said plainly: see oracle.h. */
#include "tests/unit/policy/oracle.h"

#include "rib/policy/aspa.h"

static const struct peer_policy *rules_of(const struct said_policy *s, const struct said_route *r)
{
	return s->policy->peer[r->from];
}

static bool list_has(const struct said_list *l, const struct prefix *p, asn_t origin)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct prefix_rule *rule = &l->rule[i];
		if (prefix_contains(&rule->prefix, p) && p->len >= rule->ge && p->len <= rule->le &&
		    (rule->origin == 0 || rule->origin == origin)) {
			return true;
		}
	}
	return false;
}

/* A rule of just this prefix. */
static bool list_names(const struct said_list *l, const struct prefix *p, asn_t origin)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct said_list one = {.count = 1, .rule = {l->rule[i]}};
		if (l->rule[i].prefix.len == p->len && list_has(&one, p, origin)) {
			return true;
		}
	}
	return false;
}

static bool list_covers(const struct said_list *l, const struct prefix *p)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (prefix_contains(&l->rule[i].prefix, p)) {
			return true;
		}
	}
	return false;
}

static bool numbers_have(const struct said_numbers *n, asn_t asn)
{
	for (unsigned i = 0; i < n->count; i++) {
		if (n->asn[i] == asn) {
			return true;
		}
	}
	return false;
}

/* Every AS number of the path, in turn; false at the end. */
static bool path_next(const struct said_route *r, unsigned *i, asn_t *out)
{
	unsigned at = (*i)++;
	if (at < r->path_count) {
		*out = r->path[at];
		return true;
	}
	*out = r->path_set;
	return at == r->path_count && r->path_set != 0;
}

static bool has_invalid_as(const struct said_route *r)
{
	asn_t asn;
	for (unsigned i = 0; path_next(r, &i, &asn);) {
		if (asn == 0 || asn == 23456 || (asn >= 64496 && asn <= 65535) ||
		    (asn >= 65536 && asn <= 131071) || asn >= 4200000000u) {
			return true;
		}
	}
	return false;
}

static bool has_one_of(const struct said_route *r, const struct said_numbers *n, asn_t except)
{
	asn_t asn;
	for (unsigned i = 0; path_next(r, &i, &asn);) {
		if (asn != except && numbers_have(n, asn)) {
			return true;
		}
	}
	return false;
}

static bool is_next_hop_wrong(const struct said_policy *s, const struct said_route *r)
{
	const struct peer_policy *rules = rules_of(s, r);
	struct addr hop = addr_make(FAMILY_IPV4, r->next_hop.bytes);
	if (rules->next_hop == NEXT_HOP_ANY) {
		return false;
	}
	if (rules->next_hop == NEXT_HOP_STRICT) {
		return !addr_equal(&hop, &rules->addr);
	}
	if (rules->next_hop == NEXT_HOP_AUTHORIZED) {
		return !addr_equal(&hop, &rules->authorized[0]) &&
		       !addr_equal(&hop, &rules->authorized[1]);
	}
	for (unsigned i = 0; i < SAID_MEMBERS; i++) {
		const struct peer_policy *other = s->policy->peer[i];
		if (other != NULL && other->asn == rules->asn && addr_equal(&hop, &other->addr)) {
			return false;
		}
	}
	return true;
}

/* RFC 6811 §2 */
static enum rov_state rov(const struct said_policy *s, const struct said_route *r)
{
	bool is_covered = false;
	asn_t origin = said_origin(r);
	for (unsigned i = 0; i < s->vrp_count; i++) {
		if (!prefix_contains(&s->vrp[i].prefix, &r->prefix)) {
			continue;
		}
		is_covered = true;
		if (r->prefix.len <= s->vrp[i].len_max && s->vrp[i].asn == origin && origin != 0) {
			return ROV_VALID;
		}
	}
	return is_covered ? ROV_INVALID : ROV_NOT_FOUND;
}

static bool has_word(const struct said_route *r, const struct community_value *v)
{
	for (unsigned i = 0; i < r->count; i++) {
		if (community_value_equal(&r->community[i], v)) {
			return true;
		}
	}
	return false;
}

/* Whether the route says this, with this as the last number where that is open. */
static bool says(const struct said_policy *s, const struct said_route *r, unsigned name,
		 uint32_t last)
{
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		const struct community_pattern *p = &s->policy->pattern[name][form];
		if (!p->is_set) {
			continue;
		}
		struct community_value v = pattern_value(p, (enum community_form)form, last);
		if (has_word(r, &v)) {
			return true;
		}
	}
	return false;
}

static bool says_well_known(const struct said_route *r, uint32_t community)
{
	struct community_value v = {.form = COMMUNITY_STD,
				    .field = {community >> 16, community & 0xffff}};
	return has_word(r, &v);
}

static bool is_blackhole(const struct said_policy *s, const struct said_route *r)
{
	return s->policy->blackhole[r->prefix.family] != BLACKHOLE_OFF &&
	       (says_well_known(r, COMMUNITY_BLACKHOLE) || says(s, r, COMMUNITY_BLACKHOLING, 0));
}

struct irr {
	bool is_origin_good, is_prefix_good, by_roa, by_registrobr, by_white_list;
};

static struct irr irr_of(const struct said_policy *s, const struct said_route *r)
{
	const struct said_member *m = &s->member[r->from];
	asn_t origin = said_origin(r);
	struct irr irr = {0};
	irr.is_origin_good = origin != 0 && (numbers_have(&m->as_set, origin) ||
					     numbers_have(&m->white_asn, origin));
	irr.is_prefix_good =
		list_has(&m->as_set_prefix, &r->prefix, origin) ||
		(rules_of(s, r)->allows_longer && list_covers(&m->as_set_prefix, &r->prefix)) ||
		list_has(&m->white_prefix, &r->prefix, origin);
	if (irr.is_origin_good) {
		irr.by_roa = s->policy->uses_roas_as_route_objects && rov(s, r) == ROV_VALID;
		irr.by_registrobr = rules_of(s, r)->allows_longer
					    ? list_has(&s->registrobr, &r->prefix, origin)
					    : list_names(&s->registrobr, &r->prefix, origin);
	}
	irr.by_white_list =
		!irr.by_roa && !irr.by_registrobr && list_has(&m->white_route, &r->prefix, origin);
	return irr;
}

static enum reject reject_path(const struct said_policy *s, const struct said_route *r)
{
	const struct policy *p = s->policy;
	const struct peer_policy *rules = rules_of(s, r);
	unsigned hops = r->path_count + (r->path_set != 0 ? 1 : 0);
	if (is_next_hop_wrong(s, r)) {
		return REJECT_NEXT_HOP;
	}
	if (rules->path_len_max != 0 && hops > rules->path_len_max) {
		return REJECT_PATH_LEN;
	}
	if (rules->enforces_first_as && (r->path_count == 0 || r->path[0] != rules->asn)) {
		return REJECT_FIRST_AS;
	}
	if (rules->rejects_invalid_as && has_invalid_as(r)) {
		return REJECT_INVALID_AS;
	}
	if (p->has_transit_rule && !p->transit_is_warning &&
	    has_one_of(r, &s->transit_free, rules->asn)) {
		return REJECT_TRANSIT_FREE;
	}
	/* No number is left out. */
	return has_one_of(r, &s->never_via_rs, UINT32_MAX) ? REJECT_NEVER_VIA_RS : REJECT_NONE;
}

static enum reject reject_prefix(const struct said_policy *s, const struct said_route *r)
{
	static const struct prefix global = {.family = FAMILY_IPV6, .bytes = {0x20}, .len = 3};
	const struct said_member *m = &s->member[r->from];
	const struct prefix *prefix = &r->prefix;
	if (s->policy->rejects_not_global && prefix->family == FAMILY_IPV6 &&
	    !prefix_contains(&global, prefix)) {
		return REJECT_NOT_GLOBAL;
	}
	if (list_has(&s->global_black, prefix, 0)) {
		return REJECT_GLOBAL_BLACK_LIST;
	}
	if (list_has(&m->black, prefix, 0)) {
		return REJECT_CLIENT_BLACK_LIST;
	}
	if (list_has(&s->bogon, prefix, 0)) {
		return REJECT_BOGON;
	}
	return REJECT_NONE;
}

static enum reject reject_registered(const struct said_policy *s, const struct said_route *r)
{
	const struct said_member *m = &s->member[r->from];
	const struct peer_policy *rules = rules_of(s, r);
	struct irr irr = irr_of(s, r);
	bool is_escaped = irr.by_roa || irr.by_registrobr || irr.by_white_list;
	if (rules->enforces_origin && !irr.is_origin_good && !is_escaped) {
		return REJECT_IRR_ORIGIN;
	}
	if (rules->enforces_prefix && !irr.is_prefix_good && !is_escaped) {
		return REJECT_IRR_PREFIX;
	}
	if (rules->is_restricted && is_blackhole(s, r) &&
	    !list_covers(&m->authorised, &r->prefix)) {
		return REJECT_BLACKHOLE;
	}
	return REJECT_NONE;
}

/* The verification itself has a test of its own. */
static bool is_aspa_invalid(const struct said_policy *s, const struct said_route *r)
{
	static struct attr_draft draft;
	const struct peer_policy *rules = rules_of(s, r);
	said_draft(r, &draft);
	struct span path =
		span_of(draft.wire + draft.facts.as_path.offset, draft.facts.as_path.len);
	return rules->has_aspa && s->policy->aspa != NULL &&
	       aspa_verify_upstream(s->policy->aspa, path, rules->asn) == ASPA_INVALID;
}

enum reject oracle_reject(const struct said_policy *s, const struct said_route *r)
{
	const struct peer_policy *rules = rules_of(s, r);
	enum reject reason = reject_path(s, r);
	reason = reason == REJECT_NONE ? reject_prefix(s, r) : reason;
	reason = reason == REJECT_NONE ? reject_registered(s, r) : reason;
	if (reason != REJECT_NONE || is_blackhole(s, r)) {
		return reason;
	}
	if (rules->has_rov && rules->rejects_rov_invalid && rov(s, r) == ROV_INVALID) {
		return REJECT_RPKI_INVALID;
	}
	if (rules->is_restricted &&
	    !list_has(&s->member[r->from].authorised, &r->prefix, said_origin(r))) {
		return REJECT_UNAUTHORISED;
	}
	if (rules->rejects_aspa_invalid && is_aspa_invalid(s, r)) {
		return REJECT_ASPA_INVALID;
	}
	if (rules->len[r->prefix.family].max != 0 &&
	    (r->prefix.len < rules->len[r->prefix.family].min ||
	     r->prefix.len > rules->len[r->prefix.family].max)) {
		return REJECT_PREFIX_LEN;
	}
	return rules->communities_max != 0 && r->count > rules->communities_max ? REJECT_COMMUNITIES
										: REJECT_NONE;
}

/* The longest prefix of a rule that has the route, or a blackholed host inside. */
static int longest(const struct said_policy *s, const struct said_route *r,
		   const struct said_list *l)
{
	int len = -1;
	for (unsigned i = 0; i < l->count; i++) {
		const struct said_list one = {.count = 1, .rule = {l->rule[i]}};
		bool has = is_blackhole(s, r) ? list_covers(&one, &r->prefix)
					      : list_has(&one, &r->prefix, said_origin(r));
		len = has && l->rule[i].prefix.len > len ? l->rule[i].prefix.len : len;
	}
	return len;
}

/* Whether no authorisation of the route is more specific than the best of these. */
static bool is_best_of(const struct said_policy *s, const struct said_route *r,
		       const struct said_list *some)
{
	int len = longest(s, r, some);
	return len >= 0 && len >= longest(s, r, &s->member[r->from].authorised);
}

bool oracle_is_limited(const struct said_policy *s, const struct said_route *r)
{
	return is_best_of(s, r, &s->member[r->from].limited);
}

bool oracle_is_draining(const struct said_policy *s, const struct said_route *r)
{
	return !is_blackhole(s, r) && is_best_of(s, r, &s->member[r->from].draining);
}

uint32_t oracle_local_pref(const struct said_policy *s, const struct said_route *r)
{
	const struct peer_policy *rules = rules_of(s, r);
	if (oracle_is_draining(s, r)) {
		return 0;
	}
	return rules->has_graceful_shutdown && !is_blackhole(s, r) &&
			       says_well_known(r, COMMUNITY_GRACEFUL_SHUTDOWN)
		       ? rules->graceful_shutdown_pref
		       : 100;
}

/* By number or by alias. */
static bool says_to(const struct said_policy *s, const struct said_route *r, unsigned name,
		    peer_id_t to)
{
	const struct peer_policy *receiver = s->policy->peer[to];
	return receiver != NULL &&
	       (says(s, r, name, receiver->asn) ||
		(receiver->asn_alias != 0 && says(s, r, name, receiver->asn_alias)));
}

/* Some threshold that the route names has the member on that side. */
static bool says_by_rtt(const struct said_policy *s, const struct said_route *r, unsigned name,
			bool is_higher, peer_id_t to)
{
	unsigned rtt = s->policy->rtt_ms[to];
	for (unsigned i = 0; rtt != 0 && i < s->policy->rtt_threshold_count; i++) {
		unsigned t = s->policy->rtt_threshold_ms[i];
		if ((is_higher ? rtt > t : rtt <= t) && says(s, r, name, t)) {
			return true;
		}
	}
	return false;
}

static bool communities_let(const struct said_policy *s, const struct said_route *r, peer_id_t to)
{
	if (says_to(s, r, COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER, to)) {
		return false;
	}
	if (says_to(s, r, COMMUNITY_ANNOUNCE_TO_PEER, to)) {
		return true;
	}
	if (says_by_rtt(s, r, COMMUNITY_DO_NOT_ANNOUNCE_RTT_HIGHER, true, to) ||
	    says_by_rtt(s, r, COMMUNITY_DO_NOT_ANNOUNCE_RTT_LOWER, false, to)) {
		return false;
	}
	if (says_by_rtt(s, r, COMMUNITY_ANNOUNCE_RTT_HIGHER, true, to) ||
	    says_by_rtt(s, r, COMMUNITY_ANNOUNCE_RTT_LOWER, false, to)) {
		return true;
	}
	return !says(s, r, COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY, 0);
}

static bool member_lets(const struct said_policy *s, const struct said_route *r, peer_id_t to)
{
	const struct said_member *m = &s->member[to];
	asn_t origin = said_origin(r);
	return (!m->has_hears || m->hears[r->from]) &&
	       !list_has(&m->export_deny, &r->prefix, origin) &&
	       (!m->export_allow.is_there || list_has(&m->export_allow, &r->prefix, origin));
}

static bool is_sent(const struct said_policy *s, const struct said_route *r, peer_id_t to)
{
	const struct peer_policy *rules = rules_of(s, r), *receiver = s->policy->peer[to];
	if (s->policy->obeys_well_known && (says_well_known(r, COMMUNITY_NO_EXPORT) ||
					    says_well_known(r, COMMUNITY_NO_EXPORT_SUBCONFED) ||
					    says_well_known(r, COMMUNITY_NO_ADVERTISE))) {
		return false;
	}
	if (is_blackhole(s, r) && receiver != NULL && !receiver->has_blackhole_to) {
		return false;
	}
	/* An invalid route that was not rejected is nobody's all the same. */
	if (!is_blackhole(s, r) &&
	    ((rules->has_rov && rov(s, r) == ROV_INVALID) || is_aspa_invalid(s, r))) {
		return false;
	}
	if (oracle_is_limited(s, r) && !s->member[r->from].limited_to[to]) {
		return false;
	}
	return communities_let(s, r, to) && member_lets(s, r, to);
}

static unsigned prepends(const struct said_policy *s, const struct said_route *r, peer_id_t to)
{
	static const unsigned descending[] = {20, 10, 5}, ascending[] = {5, 10, 20};
	unsigned rtt = s->policy->rtt_ms[to];
	for (unsigned n = 0; n < 3; n++) {
		if (says_to(s, r, COMMUNITY_PREPEND_ONCE_TO_PEER + n, to)) {
			return n + 1;
		}
	}
	for (unsigned i = 0; rtt != 0 && i < 3; i++) {
		for (unsigned n = 0; n < 3; n++) {
			if (says(s, r, COMMUNITY_PREPEND_ONCE_RTT_HIGHER + n, descending[i]) &&
			    rtt > descending[i]) {
				return n + 1;
			}
		}
	}
	for (unsigned i = 0; rtt != 0 && i < 3; i++) {
		for (unsigned n = 0; n < 3; n++) {
			if (says(s, r, COMMUNITY_PREPEND_ONCE_RTT_LOWER + n, ascending[i]) &&
			    rtt <= ascending[i]) {
				return n + 1;
			}
		}
	}
	for (unsigned n = 0; n < 3; n++) {
		if (says(s, r, COMMUNITY_PREPEND_ONCE_TO_ANY + n, 0)) {
			return n + 1;
		}
	}
	return 0;
}

static bool is_pattern_of(const struct community_pattern *p, unsigned form,
			  const struct community_value *v)
{
	return p->is_set && v->form == form && p->is_origin == v->is_origin &&
	       p->field[0] == v->field[0] &&
	       (form != COMMUNITY_LRG || p->field[1] == v->field[1]) &&
	       (p->has_peer_as || p->has_dyn_val ||
		p->field[community_last((enum community_form)form)] ==
			v->field[community_last((enum community_form)form)]);
}

/* Communities with a meaning here are ours: nobody is sent those that came. */
static bool is_ours(const struct said_policy *s, const struct community_value *v)
{
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		for (unsigned name = 0; name < COMMUNITY_NAME_COUNT; name++) {
			if (is_pattern_of(&s->policy->pattern[name][form], form, v)) {
				return true;
			}
		}
		for (unsigned code = 0; code < REJECT_CODE_COUNT; code++) {
			if (is_pattern_of(&s->policy->cause_map[code][form], form, v)) {
				return true;
			}
		}
	}
	for (unsigned i = 0; i < s->policy->custom_count; i++) {
		if (community_value_equal(&s->policy->custom[i], v)) {
			return true;
		}
	}
	return false;
}

static void put(struct oracle_sent *out, const struct community_value *v)
{
	for (unsigned i = 0; i < out->count; i++) {
		if (community_value_equal(&out->community[i], v)) {
			return;
		}
	}
	out->community[out->count++] = *v;
}

static void put_well_known(struct oracle_sent *out, bool is_put, uint32_t community)
{
	struct community_value v = {.form = COMMUNITY_STD,
				    .field = {community >> 16, community & 0xffff}};
	if (is_put) {
		put(out, &v);
	}
}

static void put_name(struct oracle_sent *out, const struct said_policy *s, bool is_put,
		     unsigned name)
{
	for (unsigned form = 0; is_put && form < COMMUNITY_FORM_COUNT; form++) {
		const struct community_pattern *p = &s->policy->pattern[name][form];
		if (p->is_set) {
			struct community_value v = pattern_value(p, (enum community_form)form, 0);
			put(out, &v);
		}
	}
}

static void put_tags(struct oracle_sent *out, const struct said_policy *s,
		     const struct said_route *r)
{
	struct irr irr = irr_of(s, r);
	bool tags = s->policy->tags_as_set;
	put_name(out, s, tags && irr.is_origin_good, COMMUNITY_ORIGIN_PRESENT_IN_AS_SET);
	put_name(out, s, tags && !irr.is_origin_good, COMMUNITY_ORIGIN_NOT_PRESENT_IN_AS_SET);
	put_name(out, s, tags && irr.is_prefix_good, COMMUNITY_PREFIX_PRESENT_IN_AS_SET);
	put_name(out, s, tags && !irr.is_prefix_good, COMMUNITY_PREFIX_NOT_PRESENT_IN_AS_SET);
	put_name(out, s, tags && irr.by_roa, COMMUNITY_PREFIX_VALIDATED_VIA_ROAS);
	put_name(out, s, tags && irr.by_registrobr, COMMUNITY_PREFIX_VALIDATED_VIA_REGISTROBR);
	put_name(out, s, tags && irr.by_white_list, COMMUNITY_ROUTE_VALIDATED_VIA_WHITE_LIST);
	put_name(out, s, is_blackhole(s, r) || !rules_of(s, r)->has_rov,
		 COMMUNITY_ROV_NOT_PERFORMED);
}

static struct next_hop hop_of(const struct addr *a)
{
	struct next_hop hop = {.len = (uint8_t)family_bytes(a->family)};
	memcpy(hop.bytes, a->bytes, hop.len);
	return hop;
}

struct oracle_sent oracle_sent(const struct said_policy *s, const struct said_route *r,
			       peer_id_t to)
{
	const struct policy *p = s->policy;
	const struct peer_policy *rules = rules_of(s, r);
	struct oracle_sent out = {.is_sent = is_sent(s, r, to), .next_hop = r->next_hop};
	bool black = is_blackhole(s, r);
	bool hides_shutdown = p->has_graceful_shutdown && !rules->has_graceful_shutdown && !black;
	struct community_value shutdown = {.form = COMMUNITY_STD, .field = {65535, 0}};
	for (unsigned i = 0; i < r->count; i++) {
		if (!is_ours(s, &r->community[i]) &&
		    !(hides_shutdown && community_value_equal(&r->community[i], &shutdown))) {
			put(&out, &r->community[i]);
		}
	}
	for (unsigned i = 0; i < rules->attach_count; i++) {
		put(&out, &rules->attach[i]);
	}
	put_tags(&out, s, r);
	put_well_known(&out, black, COMMUNITY_BLACKHOLE);
	out.adds_no_export = (black && p->blackhole_adds_noexport) ||
			     says(s, r, COMMUNITY_ADD_NOEXPORT_TO_ANY, 0) ||
			     says_to(s, r, COMMUNITY_ADD_NOEXPORT_TO_PEER, to);
	out.adds_no_advertise = says(s, r, COMMUNITY_ADD_NOADVERTISE_TO_ANY, 0) ||
				says_to(s, r, COMMUNITY_ADD_NOADVERTISE_TO_PEER, to);
	put_well_known(&out, oracle_is_draining(s, r), COMMUNITY_GRACEFUL_SHUTDOWN);
	put_well_known(&out, out.adds_no_export, COMMUNITY_NO_EXPORT);
	put_well_known(&out, out.adds_no_advertise, COMMUNITY_NO_ADVERTISE);
	out.prepends = r->path_count > 0 && r->path[0] != 0 ? prepends(s, r, to) : 0;
	if (black && p->blackhole[r->prefix.family] == BLACKHOLE_REWRITE) {
		out.next_hop = hop_of(&p->blackhole_next_hop[r->prefix.family]);
	}
	return out;
}
