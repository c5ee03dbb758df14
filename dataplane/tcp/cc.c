/* Reno's arithmetic.
 *
 * Slow start counts bytes with the limit of RFC 3465 §2.2: two segments per ACK, one while a
 * timeout is being repaired, so that delayed and stretched ACKs do not halve the growth.
 * Congestion avoidance adds one segment for each window acknowledged (RFC 5681 §3.1, byte
 * counting).
 */
#include "dataplane/tcp/cc.h"

#include "rib/base/check.h"

#define CWND_MAX       (UINT32_C(1) << 30) /* The largest window of RFC 7323. */
#define IW_SEGMENTS    10
#define IW_BYTES       14600
#define IW_SEGMENTS_LO 2

/* RFC 6928 §2. */
static uint32_t initial_window(uint32_t mss)
{
	return (uint32_t)min_u64(IW_SEGMENTS * (uint64_t)mss,
				 max_u64(IW_SEGMENTS_LO * (uint64_t)mss, IW_BYTES));
}

/* RFC 5681 §3.1 (4).  `flight` may exceed cwnd by limited transmit, which must not count. */
static uint32_t half_flight(const struct cc *cc, uint64_t flight)
{
	return (uint32_t)max_u64(min_u64(flight, cc->cwnd) / 2, 2 * (uint64_t)cc->mss);
}

static void grow(struct cc *cc, uint64_t bytes)
{
	cc->cwnd = (uint32_t)min_u64(cc->cwnd + bytes, CWND_MAX);
}

void cc_init(struct cc *cc, uint32_t mss, uint64_t start, bool is_syn_lost)
{
	ASSERT(mss > 0);
	*cc = (struct cc){.recover = start,
			  .mss = mss,
			  .cwnd = is_syn_lost ? mss : initial_window(mss),
			  .ssthresh = CWND_MAX};
}

/* RFC 6582 §3.2 step 3. */
static enum cc_action ack_recovering(struct cc *cc, uint64_t una, uint64_t acked, uint64_t flight)
{
	if (una >= cc->recover) {
		cc->cwnd = (uint32_t)min_u64(cc->ssthresh, max_u64(flight, cc->mss) + cc->mss);
		cc->is_recovering = false;
		return CC_NONE;
	}
	enum cc_action action = cc->has_partial ? CC_RESEND : CC_RESEND_FIRST;

	cc->has_partial = true;
	cc->cwnd -= (uint32_t)min_u64(acked, cc->cwnd - cc->mss);
	if (acked >= cc->mss) {
		grow(cc, cc->mss);
	}
	return action;
}

enum cc_action cc_ack(struct cc *cc, uint64_t una, uint64_t acked, uint64_t flight, bool is_limited)
{
	ASSERT(cc->cwnd >= cc->mss);
	if (cc->is_recovering) {
		return ack_recovering(cc, una, acked, flight);
	}
	if (!is_limited) {
		return CC_NONE;
	}
	if (cc->cwnd < cc->ssthresh) {
		unsigned segments = una < cc->recover ? 1 : 2;

		grow(cc, min_u64(acked, segments * (uint64_t)cc->mss));
		return CC_NONE;
	}
	cc->credit = (uint32_t)min_u64(cc->credit + acked, CWND_MAX);
	if (cc->credit >= cc->cwnd) {
		cc->credit -= cc->cwnd;
		grow(cc, cc->mss);
	}
	return CC_NONE;
}

bool cc_dup_ack(struct cc *cc, uint64_t una, uint64_t snd_max, uint32_t dups)
{
	ASSERT(snd_max > una);
	if (cc->is_recovering) {
		/* Each duplicate says that a segment has left the network. */
		grow(cc, cc->mss);
		return false;
	}
	if (dups != CC_DUP_THRESHOLD || una <= cc->recover) {
		return false;
	}
	cc->ssthresh = half_flight(cc, snd_max - una);
	cc->cwnd = cc->ssthresh + CC_DUP_THRESHOLD * cc->mss;
	cc->recover = snd_max;
	cc->credit = 0;
	cc->is_recovering = true;
	cc->has_partial = false;
	return true;
}

void cc_timeout(struct cc *cc, uint64_t una, uint64_t snd_max, bool is_first)
{
	ASSERT(snd_max > una);
	if (is_first) {
		cc->ssthresh = half_flight(cc, snd_max - una);
	}
	cc->cwnd = cc->mss;
	cc->credit = 0;
	cc->recover = snd_max; /* RFC 6582 §3.2 step 6. */
	cc->is_recovering = false;
}

void cc_idle(struct cc *cc)
{
	cc->cwnd = (uint32_t)min_u64(cc->cwnd, initial_window(cc->mss));
}

uint64_t cc_window(const struct cc *cc, uint64_t una, uint32_t dups)
{
	if (cc->is_recovering || una <= cc->recover) {
		return cc->cwnd;
	}
	return cc->cwnd + min_u64(dups, CC_DUP_THRESHOLD - 1) * cc->mss; /* RFC 3042. */
}
