/* The policy keys when all files are read: defaults, inheritance, and what only the whole shows.
 *
 * A client's unset keys take cfg's value, cfg's the default, which is arouteserver's. */
#include <stdlib.h>
#include <string.h>

#include "control/config/bogons.h"
#include "control/config/loader.h"
#include "rib/base/check.h"

#define PATH_LEN_DEFAULT    32
#define RESTART_DEFAULT_MIN 15
#define INCREMENT_DEFAULT   100
#define INCREMENT_PERCENT   15
#define ROAS_AGE_DEFAULT_S  21600
#define REGISTROBR_DEFAULT  "ftp://ftp.registro.br/pub/numeracao/origin/nicbr-asn-blk-latest.txt"

static const uint8_t len_min_default[FAMILY_COUNT] = {[FAMILY_IPV4] = 8, [FAMILY_IPV6] = 12};
static const uint8_t len_max_default[FAMILY_COUNT] = {[FAMILY_IPV4] = 24, [FAMILY_IPV6] = 48};
static const uint32_t limit_default[FAMILY_COUNT] = {[FAMILY_IPV4] = 170000, [FAMILY_IPV6] = 12000};
static const uint16_t rtt_default_ms[] = {5, 10, 15, 20, 30, 50, 100, 200, 500};
static const char *const urls_default[] = {
	"https://console.rpki-client.org/vrps.json",
	"https://rpki.gin.ntt.net/api/export.json",
	"https://rpki-validator.ripe.net/api/export.json",
};
static const char *const anchors_default[] = {
	"APNIC RPKI Root", "AfriNIC RPKI Root", "LACNIC RPKI Root", "RIPE NCC RPKI Root",
	"apnic",	   "afrinic",		"lacnic",	    "ripe",
};

static bool is_on(struct set_number n, bool otherwise)
{
	return n.is_set ? n.value != 0 : otherwise;
}

static char *copy_text(const char *text)
{
	char *copy = strdup(text);
	ASSERT(copy != NULL);
	return copy;
}

static void finish_roas(const struct draft_general *g, struct policy_conf *p)
{
	p->roas.is_rtr = g->roas_source.value != 0;
	p->roas.age_max_s = g->roas_age_s.is_set ? g->roas_age_s.value : ROAS_AGE_DEFAULT_S;
	p->roas.urls = g->roas_urls != NULL ? names_hold(g->roas_urls)
					    : names_new(urls_default, ARRAY_COUNT(urls_default));
	p->roas.trust_anchors = g->roas_anchors != NULL
					? names_hold(g->roas_anchors)
					: names_new(anchors_default, ARRAY_COUNT(anchors_default));
}

static int order_by_asn(const void *a, const void *b)
{
	const struct draft_asn *x = a, *y = b;
	if (x->asn != y->asn) {
		return x->asn > y->asn ? 1 : -1;
	}
	return x->at.line != y->at.line ? x->at.line - y->at.line : x->at.column - y->at.column;
}

static void finish_irr(struct loader *l, struct policy_conf *p)
{
	struct draft_general *g = &l->general;
	p->irr.allows_longer = g->allows_longer.value != 0;
	p->irr.tags_as_set = is_on(g->tags_as_set, true);
	p->irr.asks_peeringdb = g->asks_peeringdb.value != 0;
	p->irr.uses_roas = g->uses_roas.value != 0;
	p->irr.uses_registrobr = g->uses_registrobr.value != 0;
	p->irr.registrobr_source =
		copy_text(g->registrobr_source != NULL ? g->registrobr_source : REGISTROBR_DEFAULT);
	p->irr.asn = calloc(g->asn_count + 1, sizeof(*p->irr.asn));
	ASSERT(p->irr.asn != NULL);
	if (g->asn_count > 0) {
		qsort(g->asn, g->asn_count, sizeof(*g->asn), order_by_asn);
	}
	for (unsigned i = 0; i < g->asn_count; i++) {
		if (i > 0 && g->asn[i].asn == g->asn[i - 1].asn) {
			loader_fail(l, &g->asn[i].at, "AS%u was set before, at %s:%d:%d; keep one",
				    g->asn[i].asn, g->asn[i - 1].at.file, g->asn[i - 1].at.line,
				    g->asn[i - 1].at.column);
			continue;
		}
		p->irr.asn[p->irr.asn_count++] = (struct asn_as_sets){
			.asn = g->asn[i].asn, .as_sets = names_hold(g->asn[i].as_sets)};
	}
}

static void finish_blackhole(struct loader *l, struct policy_conf *p)
{
	const struct draft_general *g = &l->general;
	p->blackhole.adds_noexport = is_on(g->adds_noexport, true);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		unsigned version = f == FAMILY_IPV4 ? 4 : 6;
		p->blackhole.rule[f] = (enum blackhole_rule)g->blackhole[f].value;
		p->blackhole.next_hop[f] = g->blackhole_next_hop[f];
		if (p->blackhole.rule[f] == BLACKHOLE_REWRITE && !g->has_blackhole_next_hop[f]) {
			loader_fail(l, &g->blackhole_at[f],
				    "'policy_ipv%u: rewrite-next-hop' needs an address; add "
				    "'rewrite_next_hop_ipv%u'",
				    version, version);
		}
	}
}

static void finish_default(struct loader *l, struct policy_conf *p)
{
	const struct draft_general *g = &l->general;
	memcpy(p->has_default, g->has_default, sizeof(p->has_default));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		p->default_next_hop[f] =
			g->has_default[f] ? g->default_next_hop[f] : (struct addr){0};
	}
	if (policy_conf_has_default(p) && config_capacity(l->config, 0) <= l->client_count) {
		loader_fail(l, &g->default_at,
			    "'default_route' needs room for one more than there are clients; let "
			    "'dataplane.members_max' be larger than %u",
			    l->client_count);
	}
}

static bool uses_rtt(const struct draft_general *g)
{
	for (unsigned i = 0; i < COMMUNITY_NAME_COUNT; i++) {
		for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
			if (community_info[i].is_rtt && g->community[i][f].value.is_set) {
				return true;
			}
		}
	}
	return false;
}

static void finish_rtt(struct loader *l, struct policy_conf *p)
{
	const struct draft_general *g = &l->general;
	if (!g->has_rtt) {
		p->rtt_threshold_count = ARRAY_COUNT(rtt_default_ms);
		memcpy(p->rtt_threshold_ms, rtt_default_ms, sizeof(rtt_default_ms));
		return;
	}
	p->rtt_threshold_count = g->rtt_count;
	memcpy(p->rtt_threshold_ms, g->rtt_ms, sizeof(g->rtt_ms));
	if (g->rtt_count == 0 && uses_rtt(g)) {
		loader_fail(l, &g->rtt_at,
			    "communities depend on the RTT, but 'rtt_thresholds' is empty; give "
			    "milliseconds such as [5, 10, 20]");
	}
}

/* Both make little sense alone. */
static void check_general(struct loader *l)
{
	const struct draft_general *g = &l->general;
	const struct draft_policy *p = &l->session.policy;
	if (g->uses_roas.value != 0 &&
	    (!is_on(p->enforces_origin, true) || !is_on(p->enforces_prefix, true))) {
		loader_warn(l, &g->uses_roas_at,
			    "without 'enforce_origin_in_as_set' and 'enforce_prefix_in_as_set' "
			    "ROAs only tag routes and let in nothing more");
	}
	if (p->authorized != NULL || p->next_hop.value == NEXT_HOP_AUTHORIZED) {
		loader_fail(l, &l->start,
			    "'next_hop.policy: authorized_addresses' is one client's; set it with "
			    "its 'authorized_addresses_list' in clients[].cfg.filtering.next_hop");
	}
}

void finish_policy(struct loader *l)
{
	struct draft_general *g = &l->general;
	struct policy_conf *p = &l->config->policy;
	p->obeys_well_known = g->obeys_well_known.value != 0;
	p->rejects_not_global = is_on(g->rejects_not_global, true);
	p->has_transit_rule = g->transit_free != NULL;
	p->transit_is_warning = g->transit_action.value != 0;
	p->transit_free = g->transit_free;
	p->never_via = g->never_via;
	p->never_via_peeringdb = is_on(g->never_via_peeringdb, true);
	p->global_black = g->global_black;
	p->bogons = g->bogons != NULL ? g->bogons : bogons_new();
	/* Taken. */
	g->transit_free = g->never_via = NULL;
	g->global_black = g->bogons = NULL;
	finish_roas(g, p);
	finish_irr(l, p);
	finish_blackhole(l, p);
	finish_default(l, p);
	finish_communities(l);
	finish_rtt(l, p);
	check_general(l);
}

static void finish_lengths(struct loader *l, const struct draft_client *client,
			   struct client_policy *p)
{
	const struct draft_policy *own = &client->session.policy, *general = &l->session.policy;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		p->len[f].min = (uint8_t)draft_inherit(own->len_min[f], general->len_min[f],
						       len_min_default[f]);
		p->len[f].max = (uint8_t)draft_inherit(own->len_max[f], general->len_max[f],
						       len_max_default[f]);
		if (p->len[f].min > p->len[f].max) {
			char text[ADDR_TEXT_MAX];
			loader_fail(l, &client->ip_at,
				    "for the neighbour %s 'ipv%u_pref_len' has a 'min' of %u above "
				    "its 'max' of %u; lower the one or raise the other",
				    addr_format(&client->value.ip, text), f == FAMILY_IPV4 ? 4 : 6,
				    p->len[f].min, p->len[f].max);
		}
	}
}

static void finish_limits(const struct draft_limits *own, const struct draft_limits *general,
			  struct max_prefix_conf *out)
{
	out->action = (enum max_prefix_action)draft_inherit(own->action, general->action,
							    MAX_PREFIX_ACTION_SHUTDOWN);
	out->restart_min =
		draft_inherit(own->restart_min, general->restart_min, RESTART_DEFAULT_MIN);
	out->counts_rejected =
		draft_inherit(own->counts_rejected, general->counts_rejected, true) != 0;
	out->asks_peeringdb =
		draft_inherit(own->asks_peeringdb, general->asks_peeringdb, true) != 0;
	out->increment = draft_inherit(own->increment, general->increment, INCREMENT_DEFAULT);
	out->increment_percent = draft_inherit(own->increment_percent, general->increment_percent,
					       INCREMENT_PERCENT);
	out->warning_percent =
		(uint8_t)draft_inherit(own->warning_percent, general->warning_percent, 90);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		out->is_own[f] = own->limit[f].is_set;
		out->limit[f] = draft_inherit(own->limit[f], general->limit[f], limit_default[f]);
	}
}

static void finish_next_hop(struct loader *l, const struct draft_client *client,
			    struct client_policy *p)
{
	const struct draft_policy *own = &client->session.policy, *general = &l->session.policy;
	p->next_hop = (enum next_hop_rule)draft_inherit(own->next_hop, general->next_hop,
							NEXT_HOP_STRICT);
	p->authorized = addrs_hold(own->authorized);
	bool has_list = own->authorized != NULL && own->authorized->count > 0;
	if (p->next_hop == NEXT_HOP_AUTHORIZED && own->next_hop.is_set && !has_list) {
		loader_fail(l, &client->ip_at,
			    "the next_hop.policy of this client is 'authorized_addresses', but it "
			    "has no 'authorized_addresses_list'; add one");
	} else if (p->next_hop != NEXT_HOP_AUTHORIZED && own->authorized != NULL) {
		loader_fail(l, &own->authorized_at,
			    "'authorized_addresses_list' counts only with 'policy: "
			    "authorized_addresses'; set that, or remove the list");
	}
}

static const struct custom_community *find_custom(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->policy.custom_count; i++) {
		if (strcmp(c->policy.custom[i].name, name) == 0) {
			return &c->policy.custom[i];
		}
	}
	return NULL;
}

static void check_attach(struct loader *l, const struct draft_policy *own)
{
	unsigned forms[COMMUNITY_FORM_COUNT] = {0};
	for (unsigned i = 0; own->attach != NULL && i < own->attach->count; i++) {
		const struct custom_community *c = find_custom(l->config, own->attach->name[i]);
		for (unsigned f = 0; c != NULL && f < COMMUNITY_FORM_COUNT; f++) {
			if (c->is_set[f] && ++forms[f] == ATTACH_MAX + 1) {
				loader_fail(l, &own->attach_at,
					    "at most %d communities of a form can be attached",
					    ATTACH_MAX);
			}
		}
		if (c == NULL) {
			loader_fail(l, &own->attach_at,
				    "there is no custom community '%s'; define it in "
				    "cfg.custom_communities",
				    own->attach->name[i]);
		}
	}
}

/* Its own AS-SETs, else those of its AS number. */
static struct names *as_sets_of(const struct config *c, const struct draft_client *client)
{
	const struct draft_policy *own = &client->session.policy;
	if (own->as_sets != NULL && own->as_sets->count > 0) {
		return names_hold(own->as_sets);
	}
	size_t low = 0, high = c->policy.irr.asn_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (c->policy.irr.asn[middle].asn < client->value.asn) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	bool is_there =
		low < c->policy.irr.asn_count && c->policy.irr.asn[low].asn == client->value.asn;
	return is_there ? names_hold(c->policy.irr.asn[low].as_sets) : NULL;
}

static struct export_rules export_hold(const struct draft_export *d)
{
	struct export_rules r = d->rules;
	asn_set_hold(r.asns);
	addrs_hold(r.addrs);
	prefix_set_hold(r.prefixes);
	return r;
}

static void finish_sets(const struct loader *l, const struct draft_client *client,
			struct client_policy *p)
{
	const struct draft_policy *own = &client->session.policy;
	p->irr.as_sets = as_sets_of(l->config, client);
	p->irr.white_prefix = own->white_prefix;
	p->irr.white_route = own->white_route;
	p->irr.white_asn = own->white_asn;
	p->black = own->black;
	prefix_set_hold(p->irr.white_prefix);
	prefix_set_hold(p->irr.white_route);
	asn_set_hold(p->irr.white_asn);
	prefix_set_hold(p->black);
	p->attach = names_hold(own->attach);
	p->tenant = own->tenant != NULL ? copy_text(own->tenant) : NULL;
	p->export_deny = export_hold(&own->export_deny);
	p->export_allow = export_hold(&own->export_allow);
}

void finish_client_policy(struct loader *l, struct draft_client *client)
{
	const struct draft_policy *own = &client->session.policy, *general = &l->session.policy;
	struct client_policy *p = &client->value.policy;
	finish_lengths(l, client, p);
	finish_next_hop(l, client, p);
	finish_limits(&own->limits, &general->limits, &p->max_prefix);
	p->path_len_max =
		(uint8_t)draft_inherit(own->path_len_max, general->path_len_max, PATH_LEN_DEFAULT);
	p->enforces_first_as = draft_inherit(client->session.enforces_first_as,
					     l->session.enforces_first_as, true) != 0;
	p->rejects_invalid_as =
		draft_inherit(own->rejects_invalid_as, general->rejects_invalid_as, true) != 0;
	p->irr.enforces_origin =
		draft_inherit(own->enforces_origin, general->enforces_origin, true) != 0;
	p->irr.enforces_prefix =
		draft_inherit(own->enforces_prefix, general->enforces_prefix, true) != 0;
	p->has_rov = draft_inherit(own->has_rov, general->has_rov, false) != 0;
	p->rejects_rov_invalid =
		draft_inherit(own->rejects_rov_invalid, general->rejects_rov_invalid, true) != 0;
	p->has_aspa = draft_inherit(own->has_aspa, general->has_aspa, false) != 0;
	p->rejects_aspa_invalid =
		draft_inherit(own->rejects_aspa_invalid, general->rejects_aspa_invalid, true) != 0;
	p->reject_policy = (enum reject_policy)draft_inherit(
		own->reject_policy, general->reject_policy, REJECT_POLICY_REJECT);
	p->communities_max =
		(uint16_t)draft_inherit(own->communities_max, general->communities_max, 0);
	p->has_blackhole_to =
		draft_inherit(own->has_blackhole_to, general->has_blackhole_to, true) != 0;
	p->route_view = (enum route_view)draft_inherit(own->route_view, general->route_view,
						       ROUTE_VIEW_FULL);
	check_attach(l, own);
	finish_sets(l, client, p);
}
