/* The policy keys of cfg and of a client as they were read: which are there, and where.  See
 * policy_conf.h for what becomes of them. */
#pragma once

#include "control/config/errors.h"
#include "control/config/policy_conf.h"

/* A value that may be set once. */
struct set_number {
	bool is_set;
	uint32_t value;
};

struct draft_limits {
	struct set_number action, restart_min, counts_rejected, asks_peeringdb, increment,
		increment_percent, limit[FAMILY_COUNT], warning_percent;
};

struct draft_export {
	bool is_set;
	struct export_rules rules;
};

/* Keys of cfg that a client's own go before; and keys that only a client has. */
struct draft_policy {
	struct set_number next_hop, len_min[FAMILY_COUNT], len_max[FAMILY_COUNT], path_len_max,
		rejects_invalid_as, enforces_origin, enforces_prefix, has_rov, rejects_rov_invalid,
		has_aspa, rejects_aspa_invalid, reject_policy, communities_max, has_blackhole_to,
		prepends_rs_as, route_view;
	struct draft_limits limits;
	struct addrs *authorized;
	struct names *as_sets, *attach;
	struct prefix_set *white_prefix, *white_route, *black;
	struct asn_set *white_asn;
	char *tenant;
	struct draft_export export_deny, export_allow;
	struct place authorized_at, attach_at, next_hop_at;
};

/* Holds what it has once more; gives it back. */
void draft_policy_hold(struct draft_policy *d);
void draft_policy_fini(struct draft_policy *d);

/* A community's pattern; which numbers are `rs_as`. */
struct draft_pattern {
	struct community_pattern value;
	bool is_rs_as[3];
	struct place at;
};

struct draft_custom {
	char *name;
	struct draft_pattern form[COMMUNITY_FORM_COUNT];
};

/* `registry`'s numbers. */
struct draft_registry {
	struct set_number drain_s, recheck_s, grace_s[REGISTRY_PROOF_COUNT], len_min[FAMILY_COUNT],
		len_max[FAMILY_COUNT], asns, prefixes, sessions, routes_ipv4, routes_ipv6;
	struct place len_at;
};

/* Keys that only cfg and the root have. */
struct draft_general {
	struct set_number transit_action, never_via_peeringdb, allows_longer, tags_as_set,
		asks_peeringdb, uses_roas, uses_registrobr, obeys_well_known, roas_source,
		roas_age_s, adds_noexport, blackhole[FAMILY_COUNT], rejects_not_global, preset;
	struct asn_set *transit_free, *never_via;
	struct prefix_set *global_black, *bogons;
	bool has_bogons_file;
	struct place bogons_at, uses_roas_at, blackhole_at[FAMILY_COUNT], rtt_at, preset_at;
	bool has_blackhole_next_hop[FAMILY_COUNT];
	struct addr blackhole_next_hop[FAMILY_COUNT];
	bool has_default[FAMILY_COUNT];
	struct addr default_next_hop[FAMILY_COUNT];
	struct place default_at;
	bool has_rtt;
	unsigned rtt_count;
	uint16_t rtt_ms[RTT_THRESHOLDS_MAX];
	char *registrobr_source;
	struct names *roas_urls, *roas_anchors;
	struct place roas_urls_at, irr_files_at;
	struct draft_data {
		char *path;
		struct place at;
	} * data; /* Files that the filters' data come from. */
	unsigned data_count;
	bool is_named[COMMUNITY_NAME_COUNT]; /* The file has it: the preset's does not count. */
	struct draft_pattern community[COMMUNITY_NAME_COUNT][COMMUNITY_FORM_COUNT];
	struct draft_pattern cause[REJECT_CODE_COUNT][COMMUNITY_FORM_COUNT];
	bool has_causes;
	struct draft_custom *custom;
	unsigned custom_count;
	struct draft_asn {
		asn_t asn;
		struct names *as_sets;
		struct place at;
	} * asn;
	unsigned asn_count;
	struct draft_registry registry;
};

void draft_general_fini(struct draft_general *d);
