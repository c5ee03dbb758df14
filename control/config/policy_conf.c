/* Policy as configured: comparing and giving back.  See policy_conf.h. */
#include "control/config/policy_conf.h"

#include <stdlib.h>
#include <string.h>

#include "control/config/loader.h"

const char *const route_view_names[] = {
	[ROUTE_VIEW_FULL] = "full",
	[ROUTE_VIEW_CUSTOMERS_PEERS] = "customers+peers",
	[ROUTE_VIEW_OWN_TENANT] = "own-tenant",
	[ROUTE_VIEW_DEFAULT] = "default",
	[ROUTE_VIEW_NONE] = "none",
	NULL,
};

static void export_fini(struct export_rules *r)
{
	asn_set_put(r->asns);
	addrs_put(r->addrs);
	prefix_set_put(r->prefixes);
}

void client_policy_fini(struct client_policy *p)
{
	addrs_put(p->authorized);
	names_put(p->irr.as_sets);
	prefix_set_put(p->irr.white_prefix);
	prefix_set_put(p->irr.white_route);
	asn_set_put(p->irr.white_asn);
	prefix_set_put(p->black);
	names_put(p->attach);
	free(p->tenant);
	export_fini(&p->export_deny);
	export_fini(&p->export_allow);
	*p = (struct client_policy){.asn_alias = 0};
}

void policy_conf_fini(struct policy_conf *p)
{
	for (unsigned i = 0; i < p->custom_count; i++) {
		free(p->custom[i].name);
	}
	free(p->custom);
	asn_set_put(p->transit_free);
	asn_set_put(p->never_via);
	prefix_set_put(p->global_black);
	prefix_set_put(p->bogons);
	for (unsigned i = 0; i < p->irr.asn_count; i++) {
		names_put(p->irr.asn[i].as_sets);
	}
	free(p->irr.asn);
	free(p->irr.registrobr_source);
	names_put(p->roas.urls);
	names_put(p->roas.trust_anchors);
	*p = (struct policy_conf){.custom_count = 0};
}

static bool is_same_export(const struct export_rules *a, const struct export_rules *b)
{
	return a->has_peers == b->has_peers && asn_set_equal(a->asns, b->asns) &&
	       addrs_equal(a->addrs, b->addrs) && (a->prefixes == NULL) == (b->prefixes == NULL) &&
	       prefix_set_equal(a->prefixes, b->prefixes);
}

static bool is_same_max_prefix(const struct max_prefix_conf *a, const struct max_prefix_conf *b)
{
	return a->action == b->action && a->restart_min == b->restart_min &&
	       a->counts_rejected == b->counts_rejected && a->asks_peeringdb == b->asks_peeringdb &&
	       a->increment == b->increment && a->increment_percent == b->increment_percent &&
	       a->warning_percent == b->warning_percent &&
	       memcmp(a->is_own, b->is_own, sizeof(a->is_own)) == 0 &&
	       memcmp(a->limit, b->limit, sizeof(a->limit)) == 0;
}

static bool is_same_irr(const struct client_policy *a, const struct client_policy *b)
{
	return a->irr.enforces_origin == b->irr.enforces_origin &&
	       a->irr.enforces_prefix == b->irr.enforces_prefix &&
	       names_equal(a->irr.as_sets, b->irr.as_sets) &&
	       prefix_set_equal(a->irr.white_prefix, b->irr.white_prefix) &&
	       prefix_set_equal(a->irr.white_route, b->irr.white_route) &&
	       asn_set_equal(a->irr.white_asn, b->irr.white_asn);
}

static bool is_same_tenant(const struct client_policy *a, const struct client_policy *b)
{
	return a->tenant == NULL || b->tenant == NULL ? a->tenant == b->tenant
						      : strcmp(a->tenant, b->tenant) == 0;
}

bool client_policy_equal(const struct client_policy *a, const struct client_policy *b)
{
	return a->asn_alias == b->asn_alias && a->next_hop == b->next_hop &&
	       addrs_equal(a->authorized, b->authorized) &&
	       memcmp(a->len, b->len, sizeof(a->len)) == 0 && a->path_len_max == b->path_len_max &&
	       a->enforces_first_as == b->enforces_first_as &&
	       a->rejects_invalid_as == b->rejects_invalid_as && is_same_irr(a, b) &&
	       a->has_rov == b->has_rov && a->rejects_rov_invalid == b->rejects_rov_invalid &&
	       a->has_aspa == b->has_aspa && a->rejects_aspa_invalid == b->rejects_aspa_invalid &&
	       prefix_set_equal(a->black, b->black) &&
	       is_same_max_prefix(&a->max_prefix, &b->max_prefix) &&
	       a->reject_policy == b->reject_policy && a->communities_max == b->communities_max &&
	       a->has_blackhole_to == b->has_blackhole_to && names_equal(a->attach, b->attach) &&
	       is_same_tenant(a, b) && a->route_view == b->route_view &&
	       is_same_export(&a->export_deny, &b->export_deny) &&
	       is_same_export(&a->export_allow, &b->export_allow);
}

bool community_pattern_equal(const struct community_pattern *a, const struct community_pattern *b)
{
	return a->is_set == b->is_set && a->has_peer_as == b->has_peer_as &&
	       a->has_dyn_val == b->has_dyn_val && a->is_origin == b->is_origin &&
	       memcmp(a->field, b->field, sizeof(a->field)) == 0;
}

bool community_patterns_equal(const struct community_pattern (*a)[COMMUNITY_FORM_COUNT],
			      const struct community_pattern (*b)[COMMUNITY_FORM_COUNT],
			      unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
			if (!community_pattern_equal(&a[i][f], &b[i][f])) {
				return false;
			}
		}
	}
	return true;
}

static bool are_same_patterns(const struct policy_conf *a, const struct policy_conf *b)
{
	return community_patterns_equal(a->pattern, b->pattern, COMMUNITY_NAME_COUNT) &&
	       community_patterns_equal(a->cause_map, b->cause_map, REJECT_CODE_COUNT);
}

static bool is_same_custom(const struct custom_community *a, const struct custom_community *b)
{
	for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
		if (a->is_set[f] != b->is_set[f] ||
		    (a->is_set[f] && !community_value_equal(&a->value[f], &b->value[f]))) {
			return false;
		}
	}
	return strcmp(a->name, b->name) == 0;
}

static bool are_same_customs(const struct policy_conf *a, const struct policy_conf *b)
{
	for (unsigned i = 0; i < a->custom_count && i < b->custom_count; i++) {
		if (!is_same_custom(&a->custom[i], &b->custom[i])) {
			return false;
		}
	}
	return a->custom_count == b->custom_count;
}

static bool is_same_general_irr(const struct policy_conf *a, const struct policy_conf *b)
{
	/* `asns` is in the clients' AS-SETs. */
	return a->irr.allows_longer == b->irr.allows_longer &&
	       a->irr.tags_as_set == b->irr.tags_as_set &&
	       a->irr.asks_peeringdb == b->irr.asks_peeringdb &&
	       a->irr.uses_roas == b->irr.uses_roas &&
	       a->irr.uses_registrobr == b->irr.uses_registrobr &&
	       strcmp(a->irr.registrobr_source, b->irr.registrobr_source) == 0 &&
	       a->roas.is_rtr == b->roas.is_rtr && a->roas.age_max_s == b->roas.age_max_s &&
	       names_equal(a->roas.urls, b->roas.urls) &&
	       names_equal(a->roas.trust_anchors, b->roas.trust_anchors);
}

static bool is_same_blackhole(const struct policy_conf *a, const struct policy_conf *b)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (a->blackhole.rule[f] != b->blackhole.rule[f] ||
		    !addr_equal(&a->blackhole.next_hop[f], &b->blackhole.next_hop[f])) {
			return false;
		}
	}
	return a->blackhole.adds_noexport == b->blackhole.adds_noexport;
}

static bool is_same_default(const struct policy_conf *a, const struct policy_conf *b)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (a->has_default[f] != b->has_default[f] ||
		    !addr_equal(&a->default_next_hop[f], &b->default_next_hop[f])) {
			return false;
		}
	}
	return true;
}

bool policy_conf_equal(const struct policy_conf *a, const struct policy_conf *b)
{
	return is_same_default(a, b) && a->obeys_well_known == b->obeys_well_known &&
	       a->rejects_not_global == b->rejects_not_global &&
	       a->has_transit_rule == b->has_transit_rule &&
	       a->transit_is_warning == b->transit_is_warning &&
	       asn_set_equal(a->transit_free, b->transit_free) &&
	       asn_set_equal(a->never_via, b->never_via) &&
	       a->never_via_peeringdb == b->never_via_peeringdb &&
	       prefix_set_equal(a->global_black, b->global_black) &&
	       prefix_set_equal(a->bogons, b->bogons) && is_same_general_irr(a, b) &&
	       is_same_blackhole(a, b) && a->rtt_threshold_count == b->rtt_threshold_count &&
	       memcmp(a->rtt_threshold_ms, b->rtt_threshold_ms, sizeof(a->rtt_threshold_ms)) == 0 &&
	       are_same_patterns(a, b) && are_same_customs(a, b);
}

void draft_policy_hold(struct draft_policy *d)
{
	addrs_hold(d->authorized);
	names_hold(d->as_sets);
	names_hold(d->attach);
	prefix_set_hold(d->white_prefix);
	prefix_set_hold(d->white_route);
	prefix_set_hold(d->black);
	asn_set_hold(d->white_asn);
	d->tenant = d->tenant != NULL ? strdup(d->tenant) : NULL;
	for (unsigned i = 0; i < 2; i++) {
		const struct export_rules *r =
			i == 0 ? &d->export_deny.rules : &d->export_allow.rules;
		asn_set_hold(r->asns);
		addrs_hold(r->addrs);
		prefix_set_hold(r->prefixes);
	}
}

void draft_policy_fini(struct draft_policy *d)
{
	addrs_put(d->authorized);
	names_put(d->as_sets);
	names_put(d->attach);
	prefix_set_put(d->white_prefix);
	prefix_set_put(d->white_route);
	prefix_set_put(d->black);
	asn_set_put(d->white_asn);
	free(d->tenant);
	export_fini(&d->export_deny.rules);
	export_fini(&d->export_allow.rules);
}

void draft_general_fini(struct draft_general *g)
{
	for (unsigned i = 0; i < g->data_count; i++) {
		free(g->data[i].path);
	}
	free(g->data);
	asn_set_put(g->transit_free);
	asn_set_put(g->never_via);
	prefix_set_put(g->global_black);
	prefix_set_put(g->bogons);
	free(g->registrobr_source);
	names_put(g->roas_urls);
	names_put(g->roas_anchors);
	for (unsigned i = 0; i < g->custom_count; i++) {
		free(g->custom[i].name);
	}
	free(g->custom);
	for (unsigned i = 0; i < g->asn_count; i++) {
		names_put(g->asn[i].as_sets);
	}
	free(g->asn);
}
