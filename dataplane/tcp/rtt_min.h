/* The least round trip of the last minute: how far away the peer is, whatever queues say.
 *
 * A minimum over a window without keeping the window (Kathleen Nichols): the best three samples,
 * each later than the one before, so that when the first is too old another is at hand.  What it
 * tells is at most the least sample since the window began, and never one from before it.
 *
 * A receiver may sit on an ACK for up to 500 ms (RFC 5681 §4.2), and a member that hears a
 * KEEPALIVE twice a minute does.  So only samples that were acknowledged promptly
 * replace an old minimum; any sample may lower it.  While there are none of them the last minimum
 * stays. */
#pragma once

#include "rib/base/units.h"

#define RTT_MIN_WINDOW_US (60 * USEC_PER_SEC)

struct rtt_min {
	struct {
		usec_t at;
		uint32_t us;
	} best[3]; /* Ascending in both; us 0: there is none yet. */
};

/* `is_prompt`: the ACK has not waited for a timer.  `now` never goes back. */
void rtt_min_sample(struct rtt_min *m, usec_t sample_us, bool is_prompt, usec_t now);
/* 0: not known. */
static inline uint32_t rtt_min_us(const struct rtt_min *m)
{
	return m->best[0].us;
}
