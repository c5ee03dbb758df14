/* Policies and routes as plain lists: what the oracle reads, and what policies and sets of
 * attributes are made of.  By chance, in a world so small that everything meets everything. */
#pragma once

#include "rib/attr/attr.h"
#include "rib/base/prng.h"
#include "rib/policy/policy.h"
#include "rib/policy/prefix_set.h"
#include "rib/policy/roa.h"

#define SAID_MEMBERS 70 /* More than a word's bits. */
#define SAID_RS	     64999
#define SAID_LIST    5
#define SAID_VRPS    8
#define SAID_WORDS   32 /* Communities of a route. */

/* NULL sets and empty ones are different things to some rules. */
struct said_list {
	bool is_there;
	unsigned count;
	struct prefix_rule rule[SAID_LIST];
};

struct said_numbers {
	bool is_there;
	unsigned count;
	asn_t asn[SAID_LIST];
};

struct said_member {
	struct said_list as_set_prefix, white_prefix, white_route, black, authorised;
	struct said_list export_deny, export_allow;
	struct said_numbers as_set, white_asn;
	bool has_hears;
	bool hears[SAID_MEMBERS];
	struct said_list limited, draining;
	bool limited_to[SAID_MEMBERS];
};

/* The scalars of rules stand in `policy` itself. */
struct said_policy {
	struct policy *policy; /* Finished; made of the rest. */
	struct said_member member[SAID_MEMBERS];
	struct said_list global_black, bogon, registrobr;
	struct said_numbers transit_free, never_via_rs;
	unsigned vrp_count;
	struct vrp vrp[SAID_VRPS];
};

struct said_route {
	peer_id_t from;
	struct prefix prefix;
	struct next_hop next_hop;
	unsigned path_count;
	asn_t path[8];
	asn_t path_set; /* An AS_SET of one behind the sequence; 0: none. */
	unsigned count;
	struct community_value community[SAID_WORDS];
};

/* A policy in which a rule of each kind is there with a chance of 1 in `rarity`. */
struct said_policy *said_policy_by_chance(struct prng *chance, unsigned rarity);
void said_policy_free(struct said_policy *s);
struct said_route said_route_by_chance(struct prng *chance, const struct said_policy *s);
struct prefix said_prefix_by_chance(struct prng *chance);
/* The AS number of a member. */
asn_t said_asn(unsigned member);
void said_draft(const struct said_route *r, struct attr_draft *out);
asn_t said_origin(const struct said_route *r);
