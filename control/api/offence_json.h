/* The last UPDATE of a member's that was not accepted whole, as JSON.  RFC 7606 §6. */
#pragma once

#include <jansson.h>

#include "dataplane/core/core.h"

/* NULL: there was none.  The caller owns it. */
json_t *offence_json(const struct server *s, peer_id_t peer, usec_t now);
