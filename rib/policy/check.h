/* The checks of what members announce: check.def is their table.
 *
 * What needs no prefix is checked once for a set of attributes (check_set); the rest for each route
 * (check_route), which gives the first check that fails, in the order of the table, as the reason.
 * Looks at IRR data and ROAs are taken once for a route and shared by all that ask for them: the
 * checks, the escapes (a ROA as a route object), the informational communities.
 *
 * All is pure, and reads policy alone.  RFC 6811; arouteserver's order. */
#pragma once

#include "rib/policy/index.h"
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

struct set_verdict {
	uint32_t failed;	   /* Bits of enum reject. */
	bool is_origin_registered; /* By AS-SETs or the white list. */
	bool asks_blackhole;	   /* By RFC 7999's community or the exchange's. */
};

/* `meanings` of its communities are bits (index.h). */
void check_set(const struct policy *p, peer_id_t peer, const struct set_view *v, uint64_t meanings,
	       struct set_verdict *out);

struct route_verdict {
	enum reject reason;
	bool is_blackhole;
	bool is_unsent; /* Invalid by RPKI, which for this member is no reason to reject. */
	uint32_t tags;	/* Outbound communities that it gets: bits of enum community_name. */
};

void check_route(const struct policy *p, peer_id_t peer, const struct set_view *v,
		 const struct set_verdict *s, const struct prefix *prefix,
		 struct route_verdict *out);
