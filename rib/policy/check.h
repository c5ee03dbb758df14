/* The checks of what members announce: check.def is their table.
 *
 * What needs no prefix is checked once for a set of attributes (check_begin); the rest for each
 * route (check_route), which gives the first check that fails, in the order of the table, as the
 * reason.  IRR data and ROAs are looked up once for a route, for all that ask for them: the checks,
 * the escapes (a ROA as a route object), the informational communities.
 *
 * All is pure, and reads policy alone.  RFC 6811; arouteserver's order. */
#pragma once

#include "rib/policy/index.h"
#include "rib/policy/own.h"
#include "rib/policy/roa.h"

/* A set of attributes, decoded or interned.  Borrowed. */
struct set_view {
	const struct attr_facts *facts;
	const uint8_t *wire; /* What the facts' slices are of. */
	size_t wire_len;
	struct span next_hop; /* Octets. */
};

struct set_view set_view_of(const struct attr *a);
static inline struct span set_view_path(const struct set_view *v)
{
	return span_of(v->wire + v->facts->as_path.offset, v->facts->as_path.len);
}

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

/* A set being checked, and of its routes one after the other. */
struct check {
	const struct policy *policy;
	const struct peer_policy *peer; /* NULL: there are no rules. */
	const struct set_view *view;
	bool is_nobodys; /* There are none because the number is nobody's, */
	bool is_own;	 /* or because its routes are our own. */
	/* Of the set. */
	uint32_t failed;	   /* Bits of enum reject. */
	bool is_origin_registered; /* By AS-SETs or the white list. */
	bool asks_blackhole;	   /* By RFC 7999's community or the exchange's. */
	bool is_path_unsent;	   /* Invalid by ASPAs, which for this member is no reason. */
	struct path_look path;
	/* Of the route. */
	const struct prefix *prefix;
	bool is_blackhole;
	bool is_suspect; /* Some black list or bogon may have it. */
	bool has_rov;
	enum rov_state rov;
	struct irr_look irr;
};

/* Check what needs no prefix.  `meanings` of the set's communities are bits (index.h); all is
 * borrowed. */
void check_begin(struct check *c, const struct policy *p, peer_id_t peer, const struct set_view *v,
		 uint64_t meanings);

struct route_verdict {
	const struct own_route *own; /* One of ours; with rules that know it. */
	enum reject reason;
	bool is_blackhole;
	bool is_unsent; /* Invalid by RPKI, which for this member is no reason to reject; or
			 * nobody's. */
	/* By its authorisation: it is for some alone, and is about to go (RFC 8326). */
	bool is_limited, is_draining;
	uint32_t tags; /* Outbound communities that it gets: bits of enum community_name. */
};

void check_route(struct check *c, const struct prefix *prefix, struct route_verdict *out);
