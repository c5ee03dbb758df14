/* How a server is told to understand what naive.h asks. */
#pragma once

#include "rib/policy/policy.h"

/* Rules of generation 1 for members with these AS numbers, where nothing but asks means anything.
 * Freed with policy_free. */
struct policy *asks_policy(const asn_t *asn, unsigned count);
