/* A member that announces a family again, from Begin to End of its refresh.  RFC 7313 §4.
 *
 * What it has announced before stays live; what it has not announced again by the end goes.  The
 * machine only says when; the paths are the shards' (rib/table/restart.c).  A refresh that begins
 * again starts anew, and so does its time: when that is over, what is missing goes without an end.
 * Where graceful restart is agreed, a refresh before the family's End-of-RIB is passed over.
 *
 * Sets of families are numbers with a bit for each.  Pure; owner: the session's worker. */
#pragma once

#include "rib/base/metric.h"
#include "rib/base/units.h"
#include "rib/wire/open.h"

/* Fixed: RFC 7313 §4's "upper bound"; as long as the default of a member that restarts. */
#define RENEW_MAX_US (360 * USEC_PER_SEC)

struct renew_stats {
	metric_t begun;	    /* Again and again counts each time. */
	metric_t ended;	    /* By the member. */
	metric_t timed_out; /* By us. */
	metric_t ignored;   /* Begins before the End-of-RIB, Ends without a Begin. */
};

struct renew {
	unsigned under_way;
	unsigned awaits_end_of_rib;
	usec_t due[FAMILY_COUNT]; /* Of those under way. */
	struct renew_stats stats;
};

/* The session is up; `is_graceful`: both sides sent the Graceful Restart Capability. */
void renew_up(struct renew *r, bool is_graceful);
void renew_down(struct renew *r);
/* Begin and End of refresh: whether the shards hear of it. */
bool renew_begin(struct renew *r, enum family family, usec_t now);
bool renew_end(struct renew *r, enum family family);
void renew_end_of_rib(struct renew *r, enum family family);
/* No refresh of the family is under way any more. */
void renew_forget(struct renew *r, enum family family);
/* Those that have taken too long and are over. */
unsigned renew_tick(struct renew *r, usec_t now);
usec_t renew_due(const struct renew *r);
