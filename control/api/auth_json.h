/* A neighbour's authentication as JSON: what is configured and in use, and what was refused, in
 * words.  No secret is in it, for none is in the status. */
#pragma once

#include <jansson.h>

#include "dataplane/core/core.h"

json_t *auth_json(const struct member_status *st, usec_t now);
