/* The checks of what members announce: see check.h.
 *
 * Each row of check.def has two functions here: whether it is configured, and whether the route
 * fails it.  The hot path is the table written out, so that all of it is inlined; explain walks the
 * same rows as pointers. */
#include "rib/policy/check_own.h"

#include "rib/attr/aspath.h"
#include "rib/base/check.h"
#include "rib/policy/aspa.h"
#include "rib/policy/asn_set.h"
#include "rib/policy/prefix_set.h"

struct set_view set_view_of(const struct attr *a)
{
	return (struct set_view){.facts = &a->facts,
				 .wire = a->wire,
				 .wire_len = a->wire_len,
				 .next_hop = attr_next_hop_octets(a)};
}

void check_next(struct check *c, const struct prefix *prefix)
{
	c->prefix = prefix;
	c->is_blackhole =
		c->asks_blackhole && c->policy->blackhole[prefix->family] != BLACKHOLE_OFF;
	c->is_suspect = index_may_be_listed(c->policy->index, prefix);
	c->has_rov = false;
	c->irr.is_done = false;
}

/* Reserved for documentation (RFC 5398), private use (RFC 6996), last of their size (RFC 7300), not
 * yet assigned; AS_TRANS (RFC 6793); 0 (RFC 7607). */
static bool asn_is_invalid(asn_t asn)
{
	return asn == 0 || asn == AS_TRANS || (asn >= 64496 && asn <= 131071) ||
	       asn >= UINT32_C(4200000000);
}

static void look_at_asn(const struct check *c, asn_t asn, struct path_look *l)
{
	if (!l->has_invalid && asn_is_invalid(asn)) {
		l->has_invalid = true;
		l->invalid = asn;
	}
	if (!index_may_be_unwanted(c->policy->index, asn)) {
		return;
	}
	/* A transit-free network may be a member itself. */
	if (!l->has_transit_free && asn != c->peer->asn &&
	    asn_set_has(c->policy->transit_free, asn)) {
		l->has_transit_free = true;
		l->transit_free = asn;
	}
	if (!l->has_never && asn_set_has(c->policy->never_via_rs, asn)) {
		l->has_never = true;
		l->never = asn;
	}
}

const struct path_look *check_path(struct check *c)
{
	struct rd r = rd_of(set_view_path(c->view));
	uint8_t type;
	struct span asns;
	if (c->path.is_done) {
		return &c->path;
	}
	c->path.is_done = true;
	while (aspath_next(&r, 4, &type, &asns)) {
		struct rd each = rd_of(asns);
		while (rd_left(&each) >= 4) {
			look_at_asn(c, rd_u32(&each), &c->path);
		}
	}
	return &c->path;
}

enum rov_state check_rov(struct check *c)
{
	if (!c->has_rov) {
		c->has_rov = true;
		c->rov = roa_validate(c->policy->roa, c->prefix, c->view->facts->origin_as);
	}
	return c->rov;
}

/* Most lists are empty. */
static inline bool is_listed(const struct check *c, const struct prefix_set *set)
{
	return set != NULL && prefix_set_match(set, c->prefix, c->view->facts->origin_as, NULL);
}

static bool is_prefix_registered(const struct check *c)
{
	const struct peer_policy *peer = c->peer;
	return is_listed(c, peer->as_set_prefix) ||
	       (peer->allows_longer && prefix_set_covers(peer->as_set_prefix, c->prefix)) ||
	       is_listed(c, peer->white_prefix);
}

/* Longer prefixes than recorded count where longer ones do. */
static bool is_recorded(const struct check *c)
{
	struct prefix_rule rule;
	return c->policy->registrobr != NULL &&
	       prefix_set_match(c->policy->registrobr, c->prefix, c->view->facts->origin_as,
				&rule) &&
	       (c->peer->allows_longer || rule.prefix.len == c->prefix->len);
}

/* arouteserver's escapes: a ROA or a record of registro.br stands for the route object that is
 * missing when the origin is registered; the member's list of routes stands for everything. */
const struct irr_look *check_irr(struct check *c)
{
	struct irr_look *l = &c->irr;
	if (l->is_done) {
		return l;
	}
	*l = (struct irr_look){.is_done = true};
	l->is_prefix_registered = is_prefix_registered(c);
	if (c->is_origin_registered) {
		l->is_by_roa = c->policy->uses_roas_as_route_objects && check_rov(c) == ROV_VALID;
		l->is_by_registrobr = is_recorded(c);
	}
	l->is_by_white_list =
		!l->is_by_roa && !l->is_by_registrobr && is_listed(c, c->peer->white_route);
	return l;
}

static bool is_validated(struct check *c)
{
	const struct irr_look *l = check_irr(c);
	return l->is_by_roa || l->is_by_registrobr || l->is_by_white_list;
}

static bool is_on_next_hop(const struct check *c)
{
	return c->peer->next_hop != NEXT_HOP_ANY;
}

/* A link-local address behind the global one is not looked at. */
static bool fails_next_hop(struct check *c)
{
	struct span octets = c->view->next_hop;
	enum family family = octets.len == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
	if (octets.len < family_bytes((uint8_t)family)) {
		return true;
	}
	struct addr hop = addr_make(family, octets.data);
	if (c->peer->next_hop == NEXT_HOP_SAME_AS) {
		return !index_has_addr(c->policy, c->peer->asn, &hop);
	}
	if (c->peer->next_hop == NEXT_HOP_STRICT) {
		return !addr_equal(&c->peer->addr, &hop);
	}
	for (unsigned i = 0; i < c->peer->authorized_count; i++) {
		if (addr_equal(&c->peer->authorized[i], &hop)) {
			return false;
		}
	}
	return true;
}

static bool is_on_path_len(const struct check *c)
{
	return c->peer->path_len_max != 0;
}

static bool fails_path_len(struct check *c)
{
	return c->view->facts->path_len > c->peer->path_len_max;
}

static bool is_on_first_as(const struct check *c)
{
	return c->peer->enforces_first_as;
}

static bool fails_first_as(struct check *c)
{
	return c->view->facts->neighbor_as != c->peer->asn;
}

static bool is_on_invalid_as(const struct check *c)
{
	return c->peer->rejects_invalid_as;
}

static bool fails_invalid_as(struct check *c)
{
	return check_path(c)->has_invalid;
}

static bool is_on_transit_free(const struct check *c)
{
	return c->policy->has_transit_rule && c->policy->transit_free != NULL;
}

static bool fails_transit_free(struct check *c)
{
	return check_path(c)->has_transit_free;
}

static bool is_on_never_via_rs(const struct check *c)
{
	return c->policy->never_via_rs != NULL;
}

static bool fails_never_via_rs(struct check *c)
{
	return check_path(c)->has_never;
}

static bool is_on_not_global(const struct check *c)
{
	return c->policy->rejects_not_global && c->prefix->family == FAMILY_IPV6;
}

static bool fails_not_global(struct check *c)
{
	return c->prefix->len < 3 || (c->prefix->bytes[0] & 0xe0) != 0x20;
}

static bool is_on_global_black_list(const struct check *c)
{
	return c->policy->global_black != NULL;
}

static bool fails_global_black_list(struct check *c)
{
	return c->is_suspect && prefix_set_match(c->policy->global_black, c->prefix, 0, NULL);
}

static bool is_on_client_black_list(const struct check *c)
{
	return c->peer->black != NULL;
}

static bool fails_client_black_list(struct check *c)
{
	return c->is_suspect && prefix_set_match(c->peer->black, c->prefix, 0, NULL);
}

static bool is_on_bogon(const struct check *c)
{
	return c->policy->bogon != NULL;
}

static bool fails_bogon(struct check *c)
{
	return c->is_suspect && prefix_set_match(c->policy->bogon, c->prefix, 0, NULL);
}

static bool is_on_unauthorised(const struct check *c)
{
	return c->peer->is_restricted && !c->is_blackhole;
}

static bool fails_unauthorised(struct check *c)
{
	return !is_listed(c, c->peer->authorised);
}

/* Of a blackholed host, which has no rule of its own: by the prefix that it lies in. */
static int rule_len(const struct check *c, const struct prefix_set *set)
{
	struct prefix_rule rule;
	if (c->is_blackhole) {
		return prefix_set_cover_len(set, c->prefix);
	}
	return prefix_set_match(set, c->prefix, c->view->facts->origin_as, &rule) ? rule.prefix.len
										  : -1;
}

bool check_is_among(const struct check *c, const struct prefix_set *some)
{
	int len = some != NULL ? rule_len(c, some) : -1;
	return len >= 0 && len >= rule_len(c, c->peer->authorised);
}

static bool is_on_irr_origin(const struct check *c)
{
	return c->peer->enforces_origin;
}

static bool fails_irr_origin(struct check *c)
{
	return !c->is_origin_registered && !is_validated(c);
}

static bool is_on_irr_prefix(const struct check *c)
{
	return c->peer->enforces_prefix;
}

static bool fails_irr_prefix(struct check *c)
{
	return !check_irr(c)->is_prefix_registered && !is_validated(c);
}

/* RFC 7999 §3.3: only of what the member may announce.  A blackholed host lies inside it. */
static bool is_on_blackhole(const struct check *c)
{
	return c->is_blackhole && c->peer->is_restricted;
}

static bool fails_blackhole(struct check *c)
{
	return !prefix_set_covers(c->peer->authorised, c->prefix);
}

static bool is_on_rpki_invalid(const struct check *c)
{
	return c->peer->has_rov && c->peer->rejects_rov_invalid;
}

static bool fails_rpki_invalid(struct check *c)
{
	return check_rov(c) == ROV_INVALID;
}

static bool verifies_path(const struct check *c)
{
	return c->peer->has_aspa && c->policy->aspa != NULL;
}

static bool is_on_aspa_invalid(const struct check *c)
{
	return verifies_path(c) && c->peer->rejects_aspa_invalid;
}

static bool fails_aspa_invalid(struct check *c)
{
	return aspa_verify_upstream(c->policy->aspa, set_view_path(c->view), c->peer->asn) ==
	       ASPA_INVALID;
}

static bool is_on_prefix_len(const struct check *c)
{
	return c->peer->len[c->prefix->family].max != 0;
}

static bool fails_prefix_len(struct check *c)
{
	unsigned len = c->prefix->len, family = c->prefix->family;
	return len < c->peer->len[family].min || len > c->peer->len[family].max;
}

unsigned check_community_count(const struct attr_facts *facts)
{
	unsigned count = 0;
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		count += community_slice(facts, (enum community_form)form)->len /
			 community_len((enum community_form)form);
	}
	return count;
}

static bool is_on_communities(const struct check *c)
{
	return c->peer->communities_max != 0;
}

static bool fails_communities(struct check *c)
{
	return check_community_count(c->view->facts) > c->peer->communities_max;
}

#define IS_OF_SET   true
#define IS_OF_ROUTE false
const struct check_row check_rows[] = {
#define X(NAME, name, WHERE, is_for_blackhole, key)                                                \
	{REJECT_##NAME, IS_OF_##WHERE, is_for_blackhole, key, is_on_##name, fails_##name},
#include "rib/policy/check.def"
#undef X
};
const unsigned check_row_count = ARRAY_COUNT(check_rows);

void check_begin(struct check *c, const struct policy *p, peer_id_t peer, const struct set_view *v,
		 uint64_t meanings)
{
	uint64_t blackhole = MEANING_BIT(MEANING_BLACKHOLE) | MEANING_BIT(COMMUNITY_BLACKHOLING);
	asn_t origin = v->facts->origin_as;
	*c = (struct check){.policy = p, .peer = p->peer[peer], .view = v};
	if (c->peer == NULL) {
		c->is_own = p->knows_members && peer == p->origin;
		c->is_nobodys = p->knows_members && !c->is_own;
		return;
	}
	c->asks_blackhole = (meanings & blackhole) != 0;
	/* An origin that is none is nobody's. */
	c->is_origin_registered = origin != 0 && (asn_set_has(c->peer->as_set, origin) ||
						  asn_set_has(c->peer->white_asn, origin));
#define FAILS_SET(name)	  (is_on_##name(c) && fails_##name(c))
#define FAILS_ROUTE(name) false
#define X(NAME, name, WHERE, is_for_blackhole, key)                                                \
	c->failed |= FAILS_##WHERE(name) ? 1u << REJECT_##NAME : 0;
#include "rib/policy/check.def"
#undef X
#undef FAILS_SET
#undef FAILS_ROUTE
	if (p->transit_is_warning) {
		c->failed &= ~(1u << REJECT_TRANSIT_FREE);
	}
	c->is_path_unsent =
		verifies_path(c) && !c->peer->rejects_aspa_invalid && fails_aspa_invalid(c);
}

static_assert(REJECT_COUNT <= 32, "reasons are bits of a word");

static enum reject first_failure(struct check *c)
{
	enum reject reason = REJECT_NONE;
#define FAILS_SET(NAME, name)	((c->failed & 1u << REJECT_##NAME) != 0)
#define FAILS_ROUTE(NAME, name) (is_on_##name(c) && fails_##name(c))
#define X(NAME, name, WHERE, is_for_blackhole, key)                                                \
	if (reason == REJECT_NONE && (is_for_blackhole || !c->is_blackhole) &&                     \
	    FAILS_##WHERE(NAME, name)) {                                                           \
		reason = REJECT_##NAME;                                                            \
	}
#include "rib/policy/check.def"
#undef X
#undef FAILS_SET
#undef FAILS_ROUTE
	return reason;
}

static uint32_t tag(enum community_name name)
{
	return UINT32_C(1) << name;
}

/* What an accepted route is told about itself. */
static uint32_t tags_of(struct check *c)
{
	uint32_t tags = 0;
	if (c->is_blackhole || !c->peer->has_rov) {
		tags |= tag(COMMUNITY_ROV_NOT_PERFORMED);
	}
	if (!c->policy->tags_as_set) {
		return tags;
	}
	const struct irr_look *l = check_irr(c);
	tags |= tag(c->is_origin_registered ? COMMUNITY_ORIGIN_PRESENT_IN_AS_SET
					    : COMMUNITY_ORIGIN_NOT_PRESENT_IN_AS_SET);
	tags |= tag(l->is_prefix_registered ? COMMUNITY_PREFIX_PRESENT_IN_AS_SET
					    : COMMUNITY_PREFIX_NOT_PRESENT_IN_AS_SET);
	tags |= l->is_by_roa ? tag(COMMUNITY_PREFIX_VALIDATED_VIA_ROAS) : 0;
	tags |= l->is_by_registrobr ? tag(COMMUNITY_PREFIX_VALIDATED_VIA_REGISTROBR) : 0;
	tags |= l->is_by_white_list ? tag(COMMUNITY_ROUTE_VALIDATED_VIA_WHITE_LIST) : 0;
	return tags;
}

#define OUTBOUND_COUNT (COMMUNITY_ROV_NOT_PERFORMED + 1)
static_assert(OUTBOUND_COUNT <= 32, "tags are bits of a word");

void check_route(struct check *c, const struct prefix *prefix, struct route_verdict *out)
{
	*out = (struct route_verdict){.reason = REJECT_NONE};
	if (c->is_own) {
		out->own = own_routes_find(c->policy->own, prefix);
		out->is_unsent = out->own == NULL;
		out->is_draining = out->own != NULL && out->own->is_draining;
		return;
	}
	if (c->peer == NULL) {
		out->is_unsent = c->is_nobodys;
		return;
	}
	check_next(c, prefix);
	out->reason = first_failure(c);
	if (out->reason != REJECT_NONE) {
		return;
	}
	out->is_blackhole = c->is_blackhole;
	/* Invalid routes of a member for whom that is no reason are kept, but go nowhere. */
	out->is_unsent = !c->is_blackhole &&
			 (c->is_path_unsent || (c->peer->has_rov && check_rov(c) == ROV_INVALID));
	out->is_limited = check_is_among(c, c->peer->limited);
	/* Who asks for blackholing needs it to the last. */
	out->is_draining = !c->is_blackhole && check_is_among(c, c->peer->draining);
	uint32_t wanted = (uint32_t)(index_names(c->policy->index) & (tag(OUTBOUND_COUNT) - 1));
	out->tags = wanted != 0 ? tags_of(c) & wanted : 0;
}
