/* In which class of round-trip times a member is: what communities with RTT thresholds go by.
 *
 * Members must not move to and fro between classes with every hiccup of a line, for each move
 * sends routes to, or takes them from, others.  So a class is left only when the time is 10 %
 * beyond its bound, and at most once a minute.  Pure. */
#pragma once

#include "rib/base/units.h"

#define RTT_CLASS_HOLD_US (60 * USEC_PER_SEC)
#define RTT_CLASS_PERCENT 10

struct rtt_class {
	/* What rules go by: the least threshold that the time does not exceed; one more than the
	 * last where it exceeds all.  0: never measured. */
	uint16_t ms;
	usec_t since; /* When that last changed. */
};

/* `rtt_us` is the least round trip lately (member_status.rtt_min_us); 0: not known now, and the
 * class stays.  Thresholds ascend.  True when the class is another. */
bool rtt_class_step(struct rtt_class *c, const uint16_t *threshold_ms, unsigned count,
		    uint32_t rtt_us, usec_t now);
