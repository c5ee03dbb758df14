/* Routes and attributes as JSON. */
#pragma once

#include <jansson.h>

#include "control/config/roster.h"
#include "rib/table/entry.h"

/* Path `index` of a prefix's array, with the attributes `attr`: its set's, or as it is sent; `rank`
 * from 1, 0 for a rejected path.  The caller owns it. */
json_t *route_json(const struct roster *roster, const struct prefix *prefix,
		   const struct paths *paths, unsigned index, const struct attr *attr);
/* Add the attributes to an object. */
void attr_json(const struct attr *a, json_t *to);
