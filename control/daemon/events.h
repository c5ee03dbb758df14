/* Sessions' events as log lines. */
#pragma once

#include "control/config/roster.h"
#include "dataplane/core/core.h"

struct events;

/* `roster` is borrowed. */
struct events *events_new(const struct roster *roster);
void events_free(struct events *e);
/* Log everything that waits.  Failures and faults of one neighbour: one line in ten seconds, with
 * the number of those left out. */
void events_drain(struct events *e, struct server *s);
