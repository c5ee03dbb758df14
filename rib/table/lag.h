/* Lag: when a log is too full for what wants to be appended, and who is asked to leave.
 *
 * A watch runs for each kind of work that a full log holds back (flush, scan).  It starts when the
 * work is held, and ends when the log is back at 3/4 of the limit or nothing wants in any more;
 * the gap keeps a reader that frees one run at a time from ending it.  Readers at the floor are
 * asked to leave when the floor stands still for LAG_US, or when the watch lasts longer than the
 * work's patience: so one that crawls cannot hold the others for ever either.  The position asked
 * for is the one that brings the log back to 3/4.  Private to rib/table. */
#pragma once

#include "rib/table/runlog_own.h"

struct lag {
	usec_t since;	/* The work is held since; USEC_NEVER when it is not. */
	usec_t moved;	/* The floor moved last, or we asked last. */
	usec_t asked;	/* We asked last, or started. */
	uint64_t floor; /* Lowest position at `moved`. */
	uint64_t evict; /* Asked for; 0 = nobody. */
};

void lag_init(struct lag *l);
/* Look again.  `floor` is the lowest position that keeps a run; `is_wanted`: there is work for the
 * log; `limit` in bytes.  Afterwards l->evict is what to ask for. */
void lag_watch(struct lag *l, const struct runlog *log, uint64_t floor, bool is_wanted,
	       uint64_t limit, usec_t patience, usec_t now);
