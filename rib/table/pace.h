/* Pace: how often a prefix that keeps changing is sent.
 *
 * The first changes of a prefix leave at once.  One that goes on changing is paced: after a burst,
 * at most one change in an interval is sent, and what comes meanwhile is worked out in silence, so
 * that a route which flaps a thousand times a second costs the others a few deliveries a second
 * instead of a thousand for each member (RFC 4271 §9.2.1.1 asks for such an interval for each
 * destination; but there it delays first changes, too).
 *
 * The generic cell rate algorithm (ITU-T I.371): an entry's slot holds the time at which its next
 * change would arrive if changes came in the interval; one that comes earlier than a burst before
 * that time has to wait.  Slots are few and are taken over by whoever comes: an entry that loses
 * its slot begins anew, so with many entries at once some change more often than they should, and
 * none is held wrongly for long.  Times are in milliseconds and go round after 49 days: a slot that
 * old says at worst once that its entry has to wait.  Pure; private to rib/table. */
#pragma once

#include "rib/base/units.h"

#define PACE_SLOTS 4096u

struct pace_slot {
	entry_id_t id; /* Whoever came last; ENTRY_NONE: nobody. */
	uint32_t next_ms;
};

struct pace {
	uint32_t interval_ms; /* 0: everything may go. */
	uint32_t burst;
	struct pace_slot slot[PACE_SLOTS];
};

void pace_init(struct pace *p, usec_t interval, unsigned burst);

/* Whether a change of the entry may be sent now; if so, it counts. */
static inline bool pace_admit(struct pace *p, entry_id_t id, uint32_t now_ms)
{
	struct pace_slot *s = &p->slot[id % PACE_SLOTS];
	uint32_t ahead = s->next_ms - now_ms; /* Of what is past: more than any that counts. */
	if (s->id != id || ahead > p->burst * p->interval_ms) {
		*s = (struct pace_slot){id, now_ms};
		ahead = 0;
	}
	if (ahead > (p->burst - 1) * p->interval_ms) {
		return false;
	}
	s->next_ms += p->interval_ms;
	return true;
}
