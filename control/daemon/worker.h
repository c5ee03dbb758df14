/* The loop around core_step: turns without end, and sleep when there is nothing to do. */
#pragma once

#include "dataplane/core/core.h"

struct workers;

/* One worker for each core of `s`; `is_busy`: never sleep.  `now` is launch_now. */
struct workers *workers_new(struct server *s, bool is_busy, usec_t (*now)(void));
void workers_free(struct workers *w);
/* One turn of worker `core`, for launch_workers; false once workers_stop was called. */
bool workers_turn(void *workers, unsigned core);
/* Every worker leaves at its next turn.  Any thread. */
void workers_stop(struct workers *w);
/* Whether every worker has made a turn since the last call.  One thread. */
bool workers_have_moved(struct workers *w);
