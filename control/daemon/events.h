/* Sessions' events as log lines. */
#pragma once

#include "control/config/roster.h"
#include "control/state/state.h"
#include "dataplane/core/core.h"

struct events;

/* Both are borrowed.  In `state` (NULL: nowhere) members are kept that a prefix limit disabled. */
struct events *events_new(const struct roster *roster, struct state *state);
void events_free(struct events *e);
/* Log everything that waits.  Failures and faults of one neighbour: one line in ten seconds, with
 * the number of those left out. */
void events_drain(struct events *e, struct server *s);
