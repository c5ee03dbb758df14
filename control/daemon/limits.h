/* PeeringDB's limits on prefixes, while the server runs: another dump is another limit for some.
 * Control thread. */
#pragma once

#include "control/config/roster.h"
#include "control/irr/irr.h"
#include "control/state/state.h"
#include "dataplane/core/core.h"

struct limits;

struct limits_opts {
	struct server *server;
	const struct roster *roster;
	const struct state *state;
	const struct irr *irr;
};

/* Everything is borrowed.  The server's members have the limits of the dump as it is now. */
struct limits *limits_new(const struct limits_opts *opts);
void limits_free(struct limits *l);
/* Tell the workers of limits that are others; called in every turn of the control loop. */
void limits_step(struct limits *l);
