/* What stays of a member whose session has ended: graceful restart as the receiving speaker.
 * RFC 4724 §4.2, RFC 8538 §4, RFC 9494 §4.2.
 *
 * A family's routes stay when the member had listed it in its capability and the session ended in a
 * way that allows it (session.is_soft_end).  They wait for the member's return for its restart
 * time, then for its End-of-RIB for the operator's stale time.  Where the member and the operator
 * allow it, the restart time is followed by that of the long-lived stale:
 *
 *     session ends      restart time      long-lived stale time
 *        |── stale ──────────|── long-lived stale ──────────────|  gone
 *                       |── the member is back: stale time ──|  or End-of-RIB: gone
 *
 * A session that ends before its End-of-RIB takes along what was stale already; where both sides
 * sent the N bit, that stays with the rest (RFC 8538 §4.1).  So that members which come and go
 * cannot keep it for ever, it does so for the restart time and the stale time after its own
 * session ended.
 *
 * The second timer runs on when the member is back, and through further restarts, until an
 * End-of-RIB.  The machine only says which families; the paths are the shards'
 * (rib/table/restart.c).
 *
 * Sets of families are numbers with a bit for each.  Pure; owner: the session's worker. */
#pragma once

#include "rib/wire/open.h"

/* The operator's. */
struct stale_conf {
	usec_t stale_us;    /* 0: nothing ever stays. */
	usec_t long_max_us; /* Bound of the member's long-lived stale time; 0: there is none. */
};

struct stale_family {
	usec_t due;	  /* Of the restart time or, after the return, the stale time. */
	usec_t long_due;  /* Of the long-lived stale time, while it runs; else USEC_NEVER. */
	usec_t add_until; /* An end before then may leave what was stale already, too. */
	/* What the end of the session that is up may leave, and for how long. */
	usec_t restart_us, long_us;
};

struct stale {
	struct stale_conf conf;
	bool is_up;
	unsigned kept;	     /* Of these, paths of an earlier session are in the shards. */
	unsigned long_lived; /* Of the kept ones: their long-lived stale time runs. */
	unsigned overdue;    /* It ended after the member's return, before its End-of-RIB. */
	unsigned added;	     /* Of the last end: of these, what was stale already stayed, too. */
	bool has_soft_ends;  /* Both sides of the session sent the N bit, RFC 8538 §2. */
	unsigned keepable;   /* Of the session that is up: what its end may leave. */
	uint32_t router_id;  /* Of the session that is, or was last, up. */
	struct stale_family family[FAMILY_COUNT];
};

/* What the shards have to be told. */
struct stale_step {
	unsigned gone;	     /* STALE_END */
	unsigned long_lived; /* LLGR */
};

void stale_init(struct stale *st, const struct stale_conf *conf);
/* The session is up with `families`, as agreed; the families whose stale routes go at once. */
unsigned stale_up(struct stale *st, const struct open *peer, const bool families[FAMILY_COUNT],
		  usec_t now);
/* The family's routes of this session are gone, and nothing of it is to stay. */
void stale_forget(struct stale *st, enum family family);
/* The session has ended; the families whose routes stay.  Of all others nothing is left. */
unsigned stale_down(struct stale *st, bool is_soft_end, usec_t now);
/* The member's End-of-RIB: whether stale routes of the family go now. */
bool stale_end_of_rib(struct stale *st, enum family family);
/* Whose time has come; in no family both. */
struct stale_step stale_tick(struct stale *st, usec_t now);
/* Nothing is to stay: what goes. */
unsigned stale_drop(struct stale *st);
/* When stale_tick is wanted; USEC_NEVER while nothing is kept. */
usec_t stale_due(const struct stale *st);
/* When the last of the family's goes if nothing more is heard; USEC_NEVER if none is kept. */
usec_t stale_end(const struct stale *st, enum family family);
