/* What must be true of a registry whatever has been asked of it. */
#pragma once

#include "tests/unit/registry/fix.h"

/* Nothing is half there: what an object names is there, and of the same tenant where it has to be.
 * A number has one verified holder, addresses one tenant but for delegations.  Every state is what
 * evidence, clock and neighbours say: to look again changes nothing. */
void whole_check(const struct fix *f);
/* No tenant has more of anything than its quota, unless it had already (`before`: of fix_dump):
 * a quota that is lowered takes nothing away. */
void whole_check_quota(const struct fix *f, const json_t *before);
