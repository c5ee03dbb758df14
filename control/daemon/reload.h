/* A reload of the running server: new keys of neighbours take effect, and what else the file says
 * differently is named in the log, for the next start.  Control thread. */
#pragma once

#include "control/config/config.h"
#include "dataplane/core/core.h"

struct reload;

/* `running` is what the server was made of, and follows the keys; both are borrowed. */
struct reload *reload_new(struct server *server, struct config *running);
void reload_free(struct reload *r);
/* Read FILE and begin; a faulty file changes nothing.  Every finding is logged. */
void reload_begin(struct reload *r, const char *file);
/* Hand on what the workers' rings take; called in every turn of the control loop. */
void reload_step(struct reload *r);
