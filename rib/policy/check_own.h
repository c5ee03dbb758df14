/* What check.c and check_explain.c share. */
#pragma once

#include "rib/policy/check.h"

/* What is looked at of a route's IRR data. */
struct irr_look {
	bool is_done;
	bool is_prefix_registered;
	bool is_by_roa;	       /* A ROA stands for the route object, */
	bool is_by_registrobr; /* a record of registro.br does, */
	bool is_by_white_list; /* or the member's own list of routes. */
};

/* The first ASN of the path that each of three checks does not want to see. */
struct path_look {
	bool is_done;
	bool has_invalid, has_transit_free, has_never;
	asn_t invalid, transit_free, never;
};

/* A route being checked. */
struct check {
	const struct policy *policy;
	const struct peer_policy *peer;
	const struct set_view *view;
	const struct set_verdict *set; /* For checks of a set: not yet there. */
	const struct prefix *prefix;   /* The same. */
	bool is_blackhole;
	bool has_rov;
	enum rov_state rov;
	struct irr_look irr;
	struct path_look path;
};

struct check_row {
	enum reject reason;
	bool is_of_set;
	bool is_for_blackhole;
	const char *key;
	bool (*is_on)(const struct check *c);
	bool (*fails)(struct check *c);
};

extern const struct check_row check_rows[];
extern const unsigned check_row_count;

struct check check_of(const struct policy *p, peer_id_t peer, const struct set_view *v,
		      const struct set_verdict *s, const struct prefix *prefix);
enum rov_state check_rov(struct check *c);
const struct irr_look *check_irr(struct check *c);
const struct path_look *check_path(struct check *c);
unsigned check_community_count(const struct attr_facts *facts); /* Of all forms. */
