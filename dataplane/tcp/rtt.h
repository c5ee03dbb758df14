/* Round-trip time and retransmission timeout of one connection.  RFC 6298.
 *
 * One sample per round trip goes in; the timeout comes out.  Back-off doubles it until a sample
 * arrives that is not ambiguous (Karn's rule, §3, §5.5).
 * Deviates: the floor is 200 ms, not the 1 s of §2.4, as Linux has done for twenty years: a route
 * server's neighbours are milliseconds away, and a lost last segment would hold up a table for a
 * whole second.  The delayed-ACK time of common peers (40 ms to 200 ms) stays below it.
 */
#pragma once

#include "rib/base/units.h"

#define RTO_INITIAL_US	(1 * USEC_PER_SEC)
#define RTO_MIN_US	(200 * USEC_PER_MSEC)
#define RTO_MAX_US	(60 * USEC_PER_SEC)
#define RTT_GRANULARITY USEC_PER_MSEC /* G: a tick of the timestamp clock. */

struct rtt {
	uint32_t srtt_us, rttvar_us;
	uint32_t base_us; /* The timeout without back-off. */
	uint8_t backoff;  /* Doublings. */
	bool has_sample;
};

void rtt_init(struct rtt *r);
/* A measured round trip; ends back-off. */
void rtt_sample(struct rtt *r, usec_t sample_us);
/* A round trip that may be another's: when it is what was to be expected, back-off ends. */
void rtt_confirm(struct rtt *r, usec_t round_us);
/* The timer expired: double. */
void rtt_backoff(struct rtt *r);
/* RFC 6298 §5.7: the SYN had to be sent again and no sample exists: begin data with 3 s. */
void rtt_distrust(struct rtt *r);
/* The timeout now, with back-off: RTO_MIN_US..RTO_MAX_US. */
usec_t rtt_rto(const struct rtt *r);
