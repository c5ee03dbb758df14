/* What must be true of a registry whatever has been asked of it. */
#pragma once

#include "control/registry/registry.h"

struct whole {
	struct registry *registry; /* Tried on, and given back as it was. */
	const struct registry_rules *rules;
	int64_t now_s;
};

/* Nothing is half there: what an object names is there, and of the same tenant where it has to be.
 * A number has one verified holder, addresses one tenant but for delegations.  Every state is what
 * evidence, clock and neighbours say: to look again changes nothing. */
void whole_check(const struct whole *w);
/* No tenant has more of anything than its quota, unless it had already (`before`: all objects by
 * id): a quota that is lowered takes nothing away. */
void whole_check_quota(const struct whole *w, const json_t *before);
