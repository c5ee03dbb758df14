/* Routes and attributes as JSON. */
#pragma once

#include <jansson.h>

#include "control/api/job.h"

/* Path `index` of a prefix's array, with the attributes `attr`: its set's, or as it is sent; `rank`
 * from 1, 0 for a rejected path, which has the communities that say why, where policy tags.  The
 * caller owns it. */
json_t *route_json(const struct api_env *env, const struct prefix *prefix,
		   const struct paths *paths, unsigned index, const struct attr *attr);
/* Add the attributes to an object. */
void attr_json(const struct attr *a, json_t *to);
