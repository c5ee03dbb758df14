/* What the policy keys say, with defaults and inheritance applied: arouteserver's keys, and ours
 * beside them.
 *
 * Sets and lists are counted (control thread) and never changed; NULL is the empty one.  What comes
 * from outside, such as IRR data, ROAs and PeeringDB, is not here: control/policy/build.h puts both
 * together. */
#pragma once

#include "control/config/lists.h"
#include "rib/policy/asn_set.h"
#include "rib/policy/policy.h"
#include "rib/policy/prefix_set.h"

enum max_prefix_action {
	MAX_PREFIX_ACTION_SHUTDOWN,
	MAX_PREFIX_ACTION_RESTART,
	MAX_PREFIX_ACTION_BLOCK,
	MAX_PREFIX_ACTION_WARNING,
	MAX_PREFIX_ACTION_NONE, /* Ours: no limit is watched. */
};
enum route_view {
	ROUTE_VIEW_FULL,
	ROUTE_VIEW_CUSTOMERS_PEERS, /* Not what our providers announce. */
	ROUTE_VIEW_OWN_TENANT,	    /* Of members with the same `tenant`, or AS number. */
	ROUTE_VIEW_DEFAULT,	    /* 0.0.0.0/0 and ::/0. */
	ROUTE_VIEW_NONE,
};
extern const char *const route_view_names[]; /* NULL ends. */

/* One side of `export`.  Peers are named by AS number or by address. */
struct export_rules {
	bool has_peers; /* Some rule is about peers; */
	struct asn_set *asns;
	struct addrs *addrs;
	struct prefix_set *prefixes; /* about prefixes; NULL: none is. */
};

struct max_prefix_conf {
	enum max_prefix_action action;
	uint32_t restart_min;
	bool counts_rejected;
	bool asks_peeringdb; /* Where `limit` is not the client's own. */
	uint32_t increment, increment_percent;
	bool is_own[FAMILY_COUNT];    /* The client's own limit: goes before PeeringDB's. */
	uint32_t limit[FAMILY_COUNT]; /* Else the general one; 0: none. */
	uint8_t warning_percent;      /* Of the limit; 0: no warning before it. */
};

/* Of one client. */
struct client_policy {
	uint16_t asn_alias; /* `16bit_mapped_asn`; 0: none. */
	enum next_hop_rule next_hop;
	struct addrs *authorized;
	struct {
		uint8_t min, max;
	} len[FAMILY_COUNT];
	uint8_t path_len_max; /* 0: no rule. */
	bool enforces_first_as;
	bool rejects_invalid_as;
	struct {
		bool enforces_origin, enforces_prefix;
		struct names *as_sets; /* Its own, else its AS number's in `asns`. */
		struct prefix_set *white_prefix, *white_route;
		struct asn_set *white_asn;
	} irr;
	bool has_rov, rejects_rov_invalid;
	bool has_aspa, rejects_aspa_invalid;
	struct prefix_set *black;
	struct max_prefix_conf max_prefix;
	enum reject_policy reject_policy;
	uint16_t communities_max; /* 0: no rule. */
	bool has_blackhole_to;
	struct names *attach; /* Names in `custom_communities`. */
	char *tenant;	      /* NULL: none. */
	enum route_view route_view;
	struct export_rules export_deny, export_allow;
};

struct custom_community {
	char *name;
	bool is_set[COMMUNITY_FORM_COUNT];
	struct community_value value[COMMUNITY_FORM_COUNT];
};

#define RTT_THRESHOLDS_MAX 32

/* Of the server as a whole. */
struct policy_conf {
	struct community_pattern pattern[COMMUNITY_NAME_COUNT][COMMUNITY_FORM_COUNT];
	struct community_pattern cause_map[REJECT_CODE_COUNT][COMMUNITY_FORM_COUNT];
	struct custom_community *custom;
	unsigned custom_count;
	bool obeys_well_known;	 /* `rfc1997_wellknown_communities.policy: rfc1997` */
	bool rejects_not_global; /* `filtering.ipv6_global_unicast_only` */
	bool has_transit_rule, transit_is_warning;
	struct asn_set *transit_free;
	struct asn_set *never_via; /* `never_via_route_servers.asns`, */
	bool never_via_peeringdb;  /* and PeeringDB's. */
	struct prefix_set *global_black;
	struct prefix_set *bogons;
	struct {
		bool allows_longer, tags_as_set, asks_peeringdb, uses_roas, uses_registrobr;
		char *registrobr_source;
		uint32_t asn_count; /* The root key `asns`. */
		struct asn_as_sets {
			asn_t asn;
			struct names *as_sets;
		} * asn;
	} irr;
	struct {
		bool is_rtr; /* `rpki_roas.source` */
		struct names *urls, *trust_anchors;
		uint32_t age_max_s; /* `ignore_cache_files_older_than` */
	} roas;
	struct {
		enum blackhole_rule rule[FAMILY_COUNT];
		struct addr next_hop[FAMILY_COUNT];
		bool adds_noexport;
	} blackhole;
	/* `default_route`: ours, for members with route_view default. */
	bool has_default[FAMILY_COUNT];
	struct addr default_next_hop[FAMILY_COUNT];
	unsigned rtt_threshold_count;
	uint16_t rtt_threshold_ms[RTT_THRESHOLDS_MAX];
};

/* Whether a default route of our own is announced at all. */
static inline bool policy_conf_has_default(const struct policy_conf *p)
{
	return p->has_default[FAMILY_IPV4] || p->has_default[FAMILY_IPV6];
}

bool community_pattern_equal(const struct community_pattern *a, const struct community_pattern *b);
/* The same of `count` meanings, each in every form. */
bool community_patterns_equal(const struct community_pattern (*a)[COMMUNITY_FORM_COUNT],
			      const struct community_pattern (*b)[COMMUNITY_FORM_COUNT],
			      unsigned count);
void client_policy_fini(struct client_policy *p);
bool client_policy_equal(const struct client_policy *a, const struct client_policy *b);
void policy_conf_fini(struct policy_conf *p);
bool policy_conf_equal(const struct policy_conf *a, const struct policy_conf *b);
