/* The bogons that arouteserver ships: prefixes that nobody may announce. */
#pragma once

#include "rib/policy/prefix_set.h"

/* One reference is the caller's. */
struct prefix_set *bogons_new(void);
