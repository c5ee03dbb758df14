/* The arithmetic of the window.
 *
 * Slow start counts bytes with the limit of RFC 3465 §2.2: two segments per ACK, one while a
 * timeout is being repaired, so that delayed and stretched ACKs do not halve the growth.
 * Reno's congestion avoidance adds one segment for each window acknowledged (RFC 5681 §3.1, byte
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

static void grow(struct cc *cc, uint64_t bytes)
{
	cc->cwnd = (uint32_t)min_u64(cc->cwnd + bytes, CWND_MAX);
}

/* RFC 5681 §3.1 (4), RFC 9438 §4.6.  `flight` may exceed cwnd by limited transmit, which must not
 * count. */
static void reduce(struct cc *cc, uint64_t flight)
{
	uint64_t left = min_u64(flight, cc->cwnd) / 2;

	cc->old_cwnd = cc->cwnd;
	cc->old_ssthresh = cc->ssthresh;
	cc->old_cubic = cc->cubic;
	cc->can_undo = true;
	if (cc->kind == CC_CUBIC) {
		left = cubic_reduce(&cc->cubic, cc->cwnd, flight);
	}
	cc->ssthresh = (uint32_t)max_u64(left, 2 * (uint64_t)cc->mss);
	cc->credit = 0;
}

void cc_init(struct cc *cc, enum cc_kind kind, uint32_t mss, uint64_t start, bool is_syn_lost)
{
	ASSERT(mss > 0);
	*cc = (struct cc){.recover = start,
			  .mss = mss,
			  .cwnd = is_syn_lost ? mss : initial_window(mss),
			  .ssthresh = CWND_MAX,
			  .kind = (uint8_t)kind};
}

void cc_set_mss(struct cc *cc, uint32_t mss)
{
	ASSERT(mss > 0);
	cc->mss = mss;
	cc->cwnd = (uint32_t)max_u64(cc->cwnd, mss);
}

/* RFC 6582 §3.2 step 3. */
static enum cc_action ack_recovering(struct cc *cc, const struct cc_ack *ack)
{
	if (ack->una >= cc->recover) {
		cc->cwnd = (uint32_t)min_u64(cc->ssthresh, max_u64(ack->flight, cc->mss) + cc->mss);
		cc->is_recovering = false;
		return CC_NONE;
	}
	enum cc_action action = cc->has_partial ? CC_RESEND : CC_RESEND_FIRST;

	cc->has_partial = true;
	cc->cwnd -= (uint32_t)min_u64(ack->acked, cc->cwnd - cc->mss);
	if (ack->acked >= cc->mss) {
		grow(cc, cc->mss);
	}
	return action;
}

static void avoid_congestion(struct cc *cc, const struct cc_ack *ack)
{
	if (cc->kind == CC_CUBIC) {
		struct cubic_ack in = {.cwnd = cc->cwnd,
				       .mss = cc->mss,
				       .acked = ack->acked,
				       .now = ack->now,
				       .rtt_us = ack->rtt_us};

		cc->cwnd = (uint32_t)min_u64(cubic_grow(&cc->cubic, &in), CWND_MAX);
		return;
	}
	cc->credit = (uint32_t)min_u64(cc->credit + ack->acked, CWND_MAX);
	if (cc->credit >= cc->cwnd) {
		cc->credit -= cc->cwnd;
		grow(cc, cc->mss);
	}
}

enum cc_action cc_ack(struct cc *cc, const struct cc_ack *ack)
{
	ASSERT(cc->cwnd >= cc->mss);
	if (cc->is_recovering) {
		return ack_recovering(cc, ack);
	}
	if (!ack->is_limited) {
		cubic_pause(&cc->cubic); /* So that idle years do not inflate it. */
		return CC_NONE;
	}
	if (cc->cwnd < cc->ssthresh) {
		unsigned segments = ack->una < cc->recover ? 1 : 2;

		grow(cc, min_u64(ack->acked, segments * (uint64_t)cc->mss));
	} else {
		avoid_congestion(cc, ack);
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
	reduce(cc, snd_max - una);
	cc->cwnd = cc->ssthresh + CC_DUP_THRESHOLD * cc->mss;
	cc->recover = snd_max;
	cc->is_recovering = true;
	cc->has_partial = false;
	return true;
}

bool cc_loss(struct cc *cc, uint64_t una, uint64_t snd_max, uint64_t flight)
{
	ASSERT(snd_max >= una);
	if (cc->is_recovering || una < cc->recover) {
		return false;
	}
	reduce(cc, flight);
	cc->recover = snd_max;
	cc->is_recovering = true;
	cc->delivered = cc->sent = 0;
	cc->loss_flight = max_u64(flight, 1);
	return true;
}

/* RFC 9937 §6.2. */
void cc_delivered(struct cc *cc, uint64_t bytes, uint64_t pipe, bool is_safe)
{
	uint64_t may_send;

	ASSERT(cc->is_recovering);
	cc->delivered += bytes;
	if (pipe > cc->ssthresh) {
		uint64_t due =
			(cc->delivered * cc->ssthresh + cc->loss_flight - 1) / cc->loss_flight;

		may_send = due > cc->sent ? due - cc->sent : 0;
	} else {
		uint64_t due = cc->delivered > cc->sent ? cc->delivered - cc->sent : 0;

		due = max_u64(due, bytes) + (is_safe ? cc->mss : 0);
		may_send = min_u64(cc->ssthresh - pipe, due);
	}
	if (cc->sent == 0) {
		may_send = max_u64(may_send, cc->mss); /* The fast retransmission itself. */
	}
	cc->cwnd = (uint32_t)min_u64(max_u64(pipe + may_send, cc->mss), CWND_MAX);
}

void cc_sent(struct cc *cc, uint64_t bytes)
{
	cc->sent += bytes;
}

void cc_recovered(struct cc *cc)
{
	ASSERT(cc->is_recovering);
	cc->cwnd = (uint32_t)max_u64(cc->ssthresh, cc->mss);
	cc->is_recovering = false;
}

void cc_timeout(struct cc *cc, uint64_t una, uint64_t snd_max, bool is_first)
{
	ASSERT(snd_max > una);
	if (is_first) {
		reduce(cc, snd_max - una);
	}
	cubic_reset(&cc->cubic);
	cc->cwnd = cc->mss;
	cc->credit = 0;
	cc->recover = snd_max; /* RFC 6582 §3.2 step 6. */
	cc->is_recovering = false;
}

void cc_undo(struct cc *cc)
{
	ASSERT(cc->can_undo);
	cc->cwnd = (uint32_t)max_u64(cc->cwnd, cc->old_cwnd);
	cc->ssthresh = cc->old_ssthresh;
	cc->cubic = cc->old_cubic;
	cubic_pause(&cc->cubic);
	cc->can_undo = false;
	cc->is_recovering = false;
}

void cc_idle(struct cc *cc)
{
	cc->cwnd = (uint32_t)min_u64(cc->cwnd, initial_window(cc->mss));
	cubic_pause(&cc->cubic);
}

uint64_t cc_window(const struct cc *cc, uint64_t una, uint32_t dups)
{
	if (cc->is_recovering || una <= cc->recover) {
		return cc->cwnd;
	}
	return cc->cwnd + min_u64(dups, CC_DUP_THRESHOLD - 1) * cc->mss; /* RFC 3042. */
}
