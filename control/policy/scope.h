/* What of the routes the difference between two generations may touch. */
#pragma once

#include "rib/policy/scope.h"

/* What is known of the ROAs' difference, gathered over several changes. */
struct policy_roa_change {
	struct prefix_set *touched; /* NULL: nothing, or not known. */
	bool is_unknown;	    /* It is to be found out. */
};

/* Takes `touched`; NULL with `is_changed` is a change that nobody knows. */
void policy_roa_change_add(struct policy_roa_change *c, struct prefix_set *touched,
			   bool is_changed);
void policy_roa_change_fini(struct policy_roa_change *c);

/* False: both say the same of every route, and *out is empty.  `old` NULL: there were no rules.
 * `roas` NULL: the difference of theirs is to be found out.  The caller gives *out back.  Control
 * thread. */
bool policy_scope_between(const struct policy *old, const struct policy *fresh,
			  const struct policy_roa_change *roas, struct policy_scope *out);
void policy_scope_fini(struct policy_scope *s);
