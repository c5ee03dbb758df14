/* How many prefixes a member may announce. */
#pragma once

#include "control/config/policy_conf.h"
#include "control/irr/peeringdb.h"

/* The member's own limit; else PeeringDB's with the increments, where that is asked and has a
 * number; else the general one.  0: none. */
uint32_t policy_limit(const struct max_prefix_conf *c, asn_t asn, enum family family,
		      const struct peeringdb *dump);
