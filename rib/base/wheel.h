/* A hierarchical timing wheel: O(1) arm, cancel and expiry for tens of thousands of timers.
 *
 * A timer never fires early; it may fire up to one tick (WHEEL_TICK_US) late plus the time until
 * the owner turns the wheel.  Timers live in their owners' structs; the wheel only links them.
 * Expiry order within a tick is the order of arming, so runs repeat exactly.  One owner thread.
 */
#pragma once

#include "rib/base/units.h"

#define WHEEL_TICK_US 1000

struct wheel_timer {
	struct wheel_timer *next;
	struct wheel_timer **link; /* The pointer that points at us; NULL when idle. */
	usec_t due;
};

struct wheel;

struct wheel *wheel_new(usec_t now); /* NULL when memory is short. */
void wheel_free(struct wheel *w);    /* Timers still armed are forgotten. */
/* Arm (or re-arm) `t` for instant `due`; USEC_NEVER cancels. */
void wheel_arm(struct wheel *w, struct wheel_timer *t, usec_t due);
void wheel_cancel(struct wheel *w, struct wheel_timer *t);
static inline bool wheel_is_armed(const struct wheel_timer *t)
{
	return t->link != NULL;
}
/* The next expired timer, now disarmed; NULL when none is left that is due at `now`. */
struct wheel_timer *wheel_pop(struct wheel *w, usec_t now);
/* A lower bound of the next expiry; USEC_NEVER when empty.  Exact for a timer in the aligned block
 * of 256 ticks that holds the last wheel_pop()'s `now`; for a later one it may be the beginning of
 * the timer's block (of 256, 256² ... ticks), where wheel_pop() finds nothing yet and moves the
 * bound on: at most six empty calls in a timer's life. */
usec_t wheel_due(const struct wheel *w);
