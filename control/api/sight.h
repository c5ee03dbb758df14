/* What one may see of members that are others': the looking glass, and a tenant's own.
 *
 * Operators, viewers and the control socket see everything.  Everybody else sees the members of
 * their tenant like an operator, and of the others what the looking glass shows when it is public:
 * address, ASN, description, state, counts and best routes; never keys, errors, rejected routes, or
 * why a route goes where it goes.  Where the looking glass is private the others are not there. */
#pragma once

#include "control/registry/object.h"
#include "rib/base/units.h"

struct api_env;

struct sight {
	bool is_limited;	      /* Not everything is seen, but: */
	bool sees_glass;	      /* what is public, */
	char tenant[REGISTRY_ID_MAX]; /* and what is this tenant's; "": nobody's. */
};

enum sight_degree { SIGHT_NONE, SIGHT_GLASS, SIGHT_ALL };

/* Of a member; SIGHT_GLASS for a number that nobody has, and routes of our own. */
enum sight_degree sight_of_peer(const struct sight *s, const struct api_env *env, peer_id_t peer);
