/* What of the routes the difference between two generations may touch. */
#pragma once

#include "rib/policy/policy.h"

/* False: both say the same of every route, and *out is empty.  `old` NULL: there were no rules.
 * The caller gives *out back.  Control thread. */
bool policy_scope_between(const struct policy *old, const struct policy *fresh,
			  struct policy_scope *out);
/* What touches the one or the other, into `s`; takes what is in `other`. */
void policy_scope_add(struct policy_scope *s, struct policy_scope *other, unsigned peer_count);
void policy_scope_fini(struct policy_scope *s);
