/* Damping of a session that oscillates: how long it rests after a failure.
 * RFC 4271 §8.1.1 (DampPeerOscillations, IdleHoldTimer).
 *
 * A session that comes up and fails again and again costs every other member a withdrawal and an
 * announcement of its routes each time.  The first failure is free, so that a router that reboots
 * is back at once; from the second on the session rests for 1, 2, 4 ... 64 seconds.  One that has
 * stood for a minute has a clean slate.  The RFC leaves the method open.  Pure. */
#pragma once

#include "rib/base/units.h"

#define DAMPING_STABLE_US (60 * USEC_PER_SEC)
#define DAMPING_MAX_S	  64

struct damping {
	unsigned failures; /* In a row. */
	usec_t due;	   /* Until then it rests; 0: it need not. */
};

/* The session failed after it was established for `stood_us` (0: never was). */
void damping_failed(struct damping *d, usec_t stood_us, usec_t now);
/* Whether it has to rest still. */
static inline bool damping_holds(const struct damping *d, usec_t now)
{
	return now < d->due;
}
