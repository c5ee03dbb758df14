/* Scope: see scope.h. */
#include "rib/policy/scope.h"

#include "rib/attr/audience.h"
#include "rib/policy/prefix_set.h"

bool policy_scope_has_prefix(const struct policy_scope *scope, const struct prefix *prefix)
{
	return scope->is_all || prefix_set_covers(scope->prefixes, prefix) ||
	       prefix_set_bounds(scope->bounded, prefix);
}

bool policy_scope_has_own(const struct policy_scope *scope, peer_id_t announcer,
			  const struct prefix *prefix)
{
	return (scope->announcers != NULL && bits_has(scope->announcers, announcer)) ||
	       (announcer < scope->own_count && prefix_set_covers(scope->own[announcer], prefix));
}
