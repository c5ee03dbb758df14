/* Comparing rules: see same.h.  Every field of struct peer_policy and struct policy is here, or in
 * scope.c. */
#include "control/policy/same.h"

#include <string.h>

#include "control/config/policy_conf.h"
#include "control/policy/build.h"

bool same_prefixes(const struct prefix_set *a, const struct prefix_set *b)
{
	return a == b || prefix_set_equal(a, b);
}

static bool same_asns(const struct asn_set *a, const struct asn_set *b)
{
	return a == b || asn_set_equal(a, b);
}

static bool same_values(const struct community_value *a, unsigned a_count,
			const struct community_value *b, unsigned b_count)
{
	for (unsigned i = 0; i < a_count && i < b_count; i++) {
		if (!community_value_equal(&a[i], &b[i])) {
			return false;
		}
	}
	return a_count == b_count;
}

static bool same_authorized(const struct peer_policy *a, const struct peer_policy *b)
{
	for (unsigned i = 0; i < a->authorized_count && i < b->authorized_count; i++) {
		if (!addr_equal(&a->authorized[i], &b->authorized[i])) {
			return false;
		}
	}
	return a->authorized_count == b->authorized_count;
}

static bool same_lists(const struct peer_policy *a, const struct peer_policy *b)
{
	return same_asns(a->as_set, b->as_set) &&
	       same_prefixes(a->as_set_prefix, b->as_set_prefix) &&
	       same_asns(a->white_asn, b->white_asn) &&
	       same_prefixes(a->white_prefix, b->white_prefix) &&
	       same_prefixes(a->white_route, b->white_route) && same_prefixes(a->black, b->black) &&
	       a->is_restricted == b->is_restricted;
}

static bool same_lengths(const struct peer_policy *a, const struct peer_policy *b)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (a->len[f].min != b->len[f].min || a->len[f].max != b->len[f].max) {
			return false;
		}
	}
	return a->path_len_max == b->path_len_max;
}

bool same_import(const struct peer_policy *a, const struct peer_policy *b)
{
	return a->next_hop == b->next_hop && same_authorized(a, b) && same_lengths(a, b) &&
	       a->enforces_first_as == b->enforces_first_as &&
	       a->rejects_invalid_as == b->rejects_invalid_as &&
	       a->enforces_origin == b->enforces_origin &&
	       a->enforces_prefix == b->enforces_prefix && a->allows_longer == b->allows_longer &&
	       a->has_rov == b->has_rov && a->rejects_rov_invalid == b->rejects_rov_invalid &&
	       a->has_aspa == b->has_aspa && a->rejects_aspa_invalid == b->rejects_aspa_invalid &&
	       a->has_graceful_shutdown == b->has_graceful_shutdown &&
	       a->reject_policy == b->reject_policy && a->communities_max == b->communities_max &&
	       a->graceful_shutdown_pref == b->graceful_shutdown_pref &&
	       same_values(a->attach, a->attach_count, b->attach, b->attach_count) &&
	       same_lists(a, b);
}

bool same_bits(const uint64_t *a, const uint64_t *b, unsigned count)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	return memcmp(a, b, (count + 63) / 64 * sizeof(*a)) == 0;
}

bool same_grants(const struct peer_policy *a, const struct peer_policy *b, unsigned peer_count)
{
	return same_prefixes(a->authorised, b->authorised) &&
	       same_prefixes(a->limited, b->limited) && same_prefixes(a->draining, b->draining) &&
	       same_bits(a->limited_to, b->limited_to, peer_count);
}

bool peer_policy_equal(const struct peer_policy *a, const struct peer_policy *b,
		       unsigned peer_count)
{
	return a->asn == b->asn && a->asn_alias == b->asn_alias && addr_equal(&a->addr, &b->addr) &&
	       same_import(a, b) && same_grants(a, b, peer_count) &&
	       a->has_blackhole_to == b->has_blackhole_to &&
	       (a->export_allow == NULL) == (b->export_allow == NULL) &&
	       same_prefixes(a->export_deny, b->export_deny) &&
	       same_prefixes(a->export_allow, b->export_allow) &&
	       same_bits(a->hears, b->hears, peer_count);
}

static bool same_patterns(const struct policy *a, const struct policy *b)
{
	return community_patterns_equal(a->pattern, b->pattern, COMMUNITY_NAME_COUNT) &&
	       community_patterns_equal(a->cause_map, b->cause_map, REJECT_CODE_COUNT) &&
	       same_values(a->custom, a->custom_count, b->custom, b->custom_count);
}

static bool same_blackhole(const struct policy *a, const struct policy *b)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (a->blackhole[f] != b->blackhole[f] ||
		    !addr_equal(&a->blackhole_next_hop[f], &b->blackhole_next_hop[f])) {
			return false;
		}
	}
	return a->blackhole_adds_noexport == b->blackhole_adds_noexport;
}

bool same_general(const struct policy *a, const struct policy *b)
{
	return a->rs_as == b->rs_as && a->obeys_well_known == b->obeys_well_known &&
	       a->rejects_not_global == b->rejects_not_global &&
	       a->has_transit_rule == b->has_transit_rule &&
	       a->transit_is_warning == b->transit_is_warning &&
	       a->uses_roas_as_route_objects == b->uses_roas_as_route_objects &&
	       a->tags_as_set == b->tags_as_set && same_asns(a->transit_free, b->transit_free) &&
	       same_asns(a->never_via_rs, b->never_via_rs) &&
	       a->rtt_threshold_count == b->rtt_threshold_count &&
	       (a->rtt_threshold_count == 0 ||
		memcmp(a->rtt_threshold_ms, b->rtt_threshold_ms,
		       a->rtt_threshold_count * sizeof(a->rtt_threshold_ms[0])) == 0) &&
	       same_blackhole(a, b) && same_patterns(a, b);
}
