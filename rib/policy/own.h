/* Routes of our own, by the rules: who hears each, and whether it is about to go.
 *
 * The server announces default routes for those who want nothing else, and prefixes of customers'
 * in their name.  All have one number (policy.origin), so what members' rules say of announcers is
 * found out for each route when the rules are made.  A route of ours that is not among these goes
 * nowhere: neither before rules know it, nor after.
 *
 * Never changes once made; counted by control alone. */
#pragma once

#include "rib/base/addr.h"

struct own_route {
	struct prefix prefix;
	asn_t asn; /* In whose name; 0: the server's. */
	bool is_draining;
	uint32_t audience; /* own_hearers(). */
};

struct own_routes;

/* `count` routes in any order, each prefix once; `bits` are `audience_count` sets of `words` words.
 * Both are copied.  One reference is the caller's; NULL when memory is short. */
struct own_routes *own_routes_new(const struct own_route *route, unsigned count,
				  const uint64_t *bits, unsigned audience_count, unsigned words);
void own_routes_hold(struct own_routes *o); /* Control; NULL does nothing. */
void own_routes_put(struct own_routes *o);  /* Control; NULL does nothing. */
/* NULL is the empty list in what follows.  In order of prefixes. */
unsigned own_routes_count(const struct own_routes *o);
const struct own_route *own_routes_at(const struct own_routes *o, unsigned i);
/* NULL: it is none of ours.  Any thread. */
const struct own_route *own_routes_find(const struct own_routes *o, const struct prefix *prefix);
/* Bits of the members that hear it. */
const uint64_t *own_hearers(const struct own_routes *o, const struct own_route *route);
/* Whether it goes to the same members, and in the same way. */
bool own_route_equal(const struct own_routes *a, const struct own_route *of_a,
		     const struct own_routes *b, const struct own_route *of_b);
