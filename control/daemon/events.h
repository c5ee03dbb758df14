/* Sessions' events as log lines, and for those who subscribe. */
#pragma once

#include "control/api/feed.h"
#include "control/config/roster.h"
#include "control/state/state.h"
#include "dataplane/core/core.h"

struct events;

/* Both are borrowed.  In `state` (NULL: nowhere) members are kept that a prefix limit disabled. */
struct events *events_new(const struct roster *roster, struct state *state);
void events_free(struct events *e);
/* From now on what is logged is told there, too; borrowed. */
void events_tell(struct events *e, struct feed *feed);
/* [peer]: when its session was established last, microseconds since 1970; 0: not that we saw. */
const usec_t *events_established(const struct events *e);
/* Log everything that waits.  Failures and faults of one neighbour: one line in ten seconds, with
 * the number of those left out. */
void events_drain(struct events *e, struct server *s);
