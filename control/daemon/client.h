/* A configured client as the server wants it. */
#pragma once

#include "control/config/config.h"
#include "control/irr/peeringdb.h"
#include "control/state/state.h"
#include "dataplane/core/core.h"

/* Its keys are borrowed; whether it is awaited after a restart is the caller's to say.  `dump` is
 * for its limits; NULL: none. */
struct member_conf client_member(const struct config_client *client, const struct state *state,
				 const struct peeringdb *dump);
