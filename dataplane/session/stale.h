/* What stays of a member whose session has ended: graceful restart as the receiving speaker.
 * RFC 4724 §4.2, RFC 8538 §4.
 *
 * A family's routes stay when the member had listed it in its capability and the session ended in a
 * way that allows it (session.is_soft_end).  They wait for the member's return for its restart
 * time, then for its End-of-RIB for the operator's stale time.  The machine only says which
 * families; the paths are the shards' (rib/table/restart.c).
 *
 * Sets of families are numbers with a bit for each.  Pure; owner: the session's worker. */
#pragma once

#include "rib/wire/open.h"

struct stale {
	usec_t stale_us;    /* The operator's; 0: nothing ever stays. */
	unsigned kept;	    /* Of these, paths of an earlier session are in the shards. */
	usec_t due;	    /* Then they go; USEC_NEVER while nothing is kept. */
	unsigned keepable;  /* Of the session that is up: what its end may leave. */
	usec_t restart_us;  /* The member's restart time. */
	uint32_t router_id; /* Of the session that is, or was last, up. */
};

void stale_init(struct stale *st, usec_t stale_us);
/* The session is up with `families`, as agreed; the families whose stale routes go at once. */
unsigned stale_up(struct stale *st, const struct open *peer, const bool families[FAMILY_COUNT],
		  usec_t now);
/* The session has ended; the families whose routes stay.  Of all others nothing is left. */
unsigned stale_down(struct stale *st, bool is_soft_end, usec_t now);
/* The member's End-of-RIB: whether stale routes of the family go now. */
bool stale_end_of_rib(struct stale *st, enum family family);
/* What has waited for too long and goes. */
unsigned stale_tick(struct stale *st, usec_t now);
/* Nothing is to stay: what goes. */
unsigned stale_drop(struct stale *st);
usec_t stale_due(const struct stale *st);
