/* When an AS-SET is asked for, and whether an answer is believed.  Pure.
 *
 * The clock is the caller's; chance comes from his generator.  Questions are spread by chance, so
 * that a thousand AS-SETs that were asked for at one start do not come due at one moment for ever
 * after. */
#pragma once

#include "rib/base/prng.h"

#define IRR_RETRY_US   (60 * USEC_PER_SEC) /* After the first failure; doubles with each. */
#define IRR_SHRINK_MIN 20		   /* Below this many items an answer may shrink. */

struct irr_timing {
	usec_t refresh_us;
};

/* Due again after an answer: the refresh interval, a tenth sooner or later. */
usec_t irr_due_after_answer(const struct irr_timing *t, struct prng *p, usec_t now);
/* Due again after `failures` (>= 1) in a row: a minute, two, four, … up to the interval, up to half
 * as much longer by chance. */
usec_t irr_due_after_failure(const struct irr_timing *t, struct prng *p, unsigned failures,
			     usec_t now);
/* Due at the start, for data of that age.  Older data than the interval: at once. */
usec_t irr_due_at_start(const struct irr_timing *t, struct prng *p, usec_t age_us, usec_t now);

enum irr_belief { IRR_BELIEVED, IRR_EMPTY, IRR_SHRUNK };

/* Whether `now_count` items may take the place of `before_count`: none instead of some is not
 * believed, nor fewer than `percent` of at least IRR_SHRINK_MIN. */
enum irr_belief irr_believe(size_t before_count, size_t now_count, unsigned percent);
