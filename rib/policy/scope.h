/* Scope: what of the routes a change of rules may touch.
 *
 * Control finds it (control/policy/scope.h), shards sweep it.  It may say too much, never too
 * little: what it leaves out is not judged again. */
#pragma once

#include "rib/policy/policy.h"

/* All routes, or those of `announcers`, those of covered `prefixes`, an announcer's `own` ones,
 * those whose communities mean something, or name a member. */
struct policy_scope {
	bool is_all;
	uint64_t meanings; /* Bits of enum meaning. */
	asn_t *named;	   /* AS numbers and aliases. */
	unsigned named_count;
	uint64_t *announcers;	     /* Bits; NULL: none. */
	struct prefix_set *prefixes; /* Covers them; NULL: none. */
	struct prefix_set *bounded;  /* The same, and their lengths are within its bounds. */
	struct prefix_set **own;     /* [own_count] by announcer, NULL: none of its prefixes. */
	unsigned own_count;
};

/* Whether it has a prefix whoever announces it. */
bool policy_scope_has_prefix(const struct policy_scope *scope, const struct prefix *prefix);
/* Whether it has an announcer's routes, or those of the prefix.  A route is in the scope by either,
 * or by what communities say, which is a matter of the set: judge_is_said(). */
bool policy_scope_has_own(const struct policy_scope *scope, peer_id_t announcer,
			  const struct prefix *prefix);
