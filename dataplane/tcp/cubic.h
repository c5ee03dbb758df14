/* The growth of the congestion window as CUBIC has it, RFC 9438, in integers.
 *
 * After a loss the window rises steeply, rests near the size at which the loss came (w_max) and
 * then feels its way beyond; how far depends on the time since the loss, not on the round trip.
 * Where Reno would be faster (short paths, small windows) its line is followed instead.
 * Knows only sizes in bytes and instants; cc.h asks.
 */
#pragma once

#include "rib/base/units.h"

struct cubic {
	usec_t epoch_at;       /* Congestion avoidance began; 0: it has not. */
	uint32_t w_max;	       /* The window at the last loss. */
	uint32_t k_ms;	       /* From the epoch until w_max is reached again. */
	uint64_t reno_1024ths; /* Reno's window, in 1/1024 bytes (W_est). */
};

struct cubic_ack {
	uint32_t cwnd, mss;
	uint64_t acked;
	usec_t now, rtt_us;
};

/* The window after an ACK in congestion avoidance. */
uint64_t cubic_grow(struct cubic *c, const struct cubic_ack *ack);
/* A loss at `cwnd`: remember it, and what is left of `flight` (RFC 9438 §4.6, §4.7). */
uint64_t cubic_reduce(struct cubic *c, uint32_t cwnd, uint64_t flight);
/* The time until the next ACK does not count (RFC 9438 §5.8: nothing limited us). */
void cubic_pause(struct cubic *c);
/* A timeout: the old window tells nothing (RFC 9438 §4.8). */
void cubic_reset(struct cubic *c);
