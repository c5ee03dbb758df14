/* The server's own restarts: what is written down while it runs, what the next start makes of it.
 * RFC 4724 §4.1.
 *
 * Every second the established neighbours are compared with what was written; it is written again
 * when they differ, and every ten seconds for the time's sake.  A neighbour that the selection
 * still waits for counts as established: it was before the restart that is under way. */
#pragma once

#include "control/config/roster.h"
#include "control/state/run.h"
#include "dataplane/core/core.h"

struct restart {
	const struct state *state;
	struct run_record last;	   /* Of the run before. */
	struct run_record written; /* Of this one. */
	bool is_restart;
	bool is_deferred; /* Nothing is selected yet. */
	usec_t look_due, write_due;
};

/* At a start, with these members. */
void restart_begin(struct restart *r, const struct state *state,
		   const struct config_client *const *client, unsigned count, int64_t now_s);
void restart_fini(struct restart *r);
/* Whether the selection is to wait for this neighbour. */
bool restart_awaits(const struct restart *r, const struct addr *addr);
/* While the server runs.  Control thread. */
void restart_tick(struct restart *r, const struct server *server, const struct roster *roster,
		  usec_t now);
/* It is going to end, RUN_RESTART or RUN_SHUTDOWN. */
void restart_end(struct restart *r, enum run_end end);
