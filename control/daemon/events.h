/* Sessions' events as log lines. */
#pragma once

#include "control/config/config.h"
#include "dataplane/core/core.h"

struct events;

struct events *events_new(const struct config *config);
void events_free(struct events *e);
/* Log everything that waits.  Failures and faults of one neighbour: one line in ten seconds, with
 * the number of those left out. */
void events_drain(struct events *e, struct server *s);
