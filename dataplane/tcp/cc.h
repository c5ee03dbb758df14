/* Congestion control of one connection: how much may be in flight.
 *
 * Everything is in bytes and positions (seq.h); it knows no segments.  The window grows as CUBIC
 * (RFC 9438, cubic.h) or Reno (RFC 5681) has it, and shrinks by their measure.  During recovery
 * there are two ways, by what the peer can tell: with SACK the window follows what was delivered
 * (RFC 9937, cc_loss and cc_delivered); without, it is inflated by duplicates and the first
 * unacknowledged segment goes again (NewReno, RFC 6582, cc_dup_ack).
 * Invariants: cwnd >= mss; while recovering, `recover` is the end of what was in flight when the
 * loss was seen.  RFC 6928, 3042, 3465 for the rest.
 */
#pragma once

#include "dataplane/tcp/cubic.h"

#define CC_DUP_THRESHOLD 3

enum cc_kind { CC_CUBIC, CC_RENO };

struct cc {
	uint64_t recover; /* No new recovery before an ACK beyond this (RFC 6582 §3.2). */
	uint32_t mss, cwnd, ssthresh;
	uint32_t credit;    /* Reno: bytes acknowledged in congestion avoidance, towards one mss. */
	bool is_recovering; /* Fast recovery. */
	bool has_partial;   /* Its first partial ACK has been seen. */
	bool can_undo;	    /* The reduction is not yet proved. */
	uint8_t kind;	    /* enum cc_kind */
	struct cubic cubic;
	uint64_t delivered, sent;	 /* Since recovery began (RFC 9937 §6). */
	uint64_t loss_flight;		 /* In flight when it did. */
	uint32_t old_cwnd, old_ssthresh; /* Before the reduction. */
	struct cubic old_cubic;
};

/* An ACK moved snd_una to `una` by `acked` bytes; `flight` is what is still out. */
struct cc_ack {
	uint64_t una, acked, flight;
	usec_t now, rtt_us;
	bool is_limited; /* The window was the limit; else it does not grow. */
};

enum cc_action {
	CC_NONE,
	CC_RESEND_FIRST, /* First partial ACK: resend and restart the timer. */
	CC_RESEND,	 /* A later one: resend, the timer runs on (RFC 6582's "impatient"). */
};

/* Begin; `is_syn_lost`: the handshake was retransmitted, so begin with one segment. */
void cc_init(struct cc *cc, enum cc_kind kind, uint32_t mss, uint64_t start, bool is_syn_lost);
/* Segments have another size from now on; the window in bytes stays. */
void cc_set_mss(struct cc *cc, uint32_t mss);
/* Outside of SACK's recovery. */
enum cc_action cc_ack(struct cc *cc, const struct cc_ack *ack);
/* The `dups`-th duplicate ACK in a row; true: resend the first segment now. */
bool cc_dup_ack(struct cc *cc, uint64_t una, uint64_t snd_max, uint32_t dups);
/* SACK: something in flight, up to `snd_max`, is lost.  False: within what is being repaired. */
bool cc_loss(struct cc *cc, uint64_t una, uint64_t snd_max, uint64_t flight);
/* SACK, while recovering: `bytes` more have arrived, `pipe` are out, and `is_safe`: snd_una moved
 * and nothing more was lost. */
void cc_delivered(struct cc *cc, uint64_t bytes, uint64_t pipe, bool is_safe);
/* `bytes` left, while recovering. */
void cc_sent(struct cc *cc, uint64_t bytes);
/* SACK: all that was in flight when the loss was seen is acknowledged. */
void cc_recovered(struct cc *cc);
/* The retransmission timer expired; `is_first`: not yet for this segment. */
void cc_timeout(struct cc *cc, uint64_t una, uint64_t snd_max, bool is_first);
/* The last reduction was for nothing (RFC 4015 §3.2): as before.  Once, and only while can_undo. */
void cc_undo(struct cc *cc);
/* Nothing was sent for more than a timeout: the window is no longer known (RFC 5681 §4.1). */
void cc_idle(struct cc *cc);
/* Bytes that may be in flight now; the first two duplicates let one new segment out each. */
uint64_t cc_window(const struct cc *cc, uint64_t una, uint32_t dups);
