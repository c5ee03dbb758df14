/* Congestion control of one connection: Reno with NewReno recovery.  RFC 5681, 6582, 6928, 3042.
 *
 * Everything is in bytes and positions (seq.h); it knows no segments and no clock.  It says how
 * much may be in flight and when the first unacknowledged segment is to be sent again.
 * Invariants: cwnd >= mss; while recovering, `recover` is the end of what was in flight when the
 * loss was seen.  CUBIC and SACK recovery take this place later with the same calls.
 */
#pragma once

#include "rib/base/units.h"

#define CC_DUP_THRESHOLD 3

struct cc {
	uint64_t recover; /* No new recovery before an ACK beyond this (RFC 6582 §3.2). */
	uint32_t mss, cwnd, ssthresh;
	uint32_t credit;    /* Bytes acknowledged in congestion avoidance, towards one mss. */
	bool is_recovering; /* Fast recovery. */
	bool has_partial;   /* Its first partial ACK has been seen. */
};

enum cc_action {
	CC_NONE,
	CC_RESEND_FIRST, /* First partial ACK: resend and restart the timer. */
	CC_RESEND,	 /* A later one: resend, the timer runs on (RFC 6582's "impatient"). */
};

/* Begin; `is_syn_lost`: the handshake was retransmitted, so begin with one segment. */
void cc_init(struct cc *cc, uint32_t mss, uint64_t start, bool is_syn_lost);
/* An ACK moved snd_una to `una` by `acked` bytes; `flight` is what is still out.  Grows only if
 * the window was the limit (`is_limited`), so that idle years do not inflate it. */
enum cc_action cc_ack(struct cc *cc, uint64_t una, uint64_t acked, uint64_t flight,
		      bool is_limited);
/* The `dups`-th duplicate ACK in a row; true: resend the first segment now. */
bool cc_dup_ack(struct cc *cc, uint64_t una, uint64_t snd_max, uint32_t dups);
/* The retransmission timer expired; `is_first`: not yet for this segment. */
void cc_timeout(struct cc *cc, uint64_t una, uint64_t snd_max, bool is_first);
/* Nothing was sent for more than a timeout: the window is no longer known (RFC 5681 §4.1). */
void cc_idle(struct cc *cc);
/* Bytes that may be in flight now; the first two duplicates let one new segment out each. */
uint64_t cc_window(const struct cc *cc, uint64_t una, uint32_t dups);
