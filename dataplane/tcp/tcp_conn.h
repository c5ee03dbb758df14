/* The body of a connection, shared by tcp.c (life), tcp_in.c (arriving segments), tcp_out.c
 * (departing ones) and tcp_timer.c; nobody else sees it.
 *
 * All positions are 64 bit (seq.h).  The send side in one line (each mark <= the next):
 *
 *     snd_iss(SYN)  snd_base ... snd_una ... snd_nxt ... snd_max ... data_end(FIN)
 *
 * snd_max is the end of what was ever sent; snd_nxt is what is sent next and falls back to snd_una
 * when the timer expires (everything after it is then sent again, as the window allows).
 * snd_base is stream offset 0 of the send queue; a FIN occupies the position tcp_data_end().
 */
#pragma once

#include "dataplane/tcp/cc.h"
#include "dataplane/tcp/rbuf.h"
#include "dataplane/tcp/reasm.h"
#include "dataplane/tcp/rtt.h"
#include "dataplane/tcp/seq.h"
#include "dataplane/tcp/tcp.h"
#include "rib/base/check.h"

#define WSCALE_NONE	  0xff
#define TCP_SYN_TRIES_MAX 5			/* SYN+ACKs after the first one. */
#define TCP_CHALLENGE_US  (100 * USEC_PER_MSEC) /* RFC 5961 §7: at most ten a second. */
#define TCP_DUPS_OWED_MAX 64

struct tcp {
	struct tcp_conf conf;
	enum tcp_state state;
	enum tcp_reason reason;

	/* Send sequence space, RFC 9293 §3.3.1. */
	uint64_t snd_iss, snd_base;
	uint64_t snd_una, snd_nxt, snd_max;
	uint64_t snd_wl1, snd_wl2; /* Position and ACK of the last window update. */
	uint32_t snd_wnd, snd_wnd_max;
	uint32_t snd_mss; /* Payload bytes of a full segment, options taken off. */
	uint8_t snd_wscale;
	bool has_wscale; /* Both sides scale (RFC 7323 §2.2). */
	struct sendq sendq;

	/* Receive sequence space. */
	uint64_t rcv_irs, rcv_nxt;
	uint64_t rcv_adv;      /* Right edge of the widest window offered; never moves back. */
	uint64_t rcv_fin;      /* Position of the peer's FIN; 0 = not seen. */
	uint64_t rcv_ack_sent; /* Last.ACK.sent of RFC 7323. */
	uint32_t rcv_max;      /* Most unread bytes that the scaled window can offer. */
	uint32_t rcv_mss;      /* The largest payload seen: what a full segment is. */
	uint8_t rcv_wscale;
	struct rbuf rbuf;
	struct reasm reasm;

	/* Timestamps, RFC 7323. */
	usec_t ts_recent_at;
	uint32_t ts_recent;
	bool has_ts;

	/* Congestion and time. */
	struct cc cc;
	struct rtt rtt;
	uint64_t mark;	       /* An ACK of this position ends the measured round trip; 0 = none. */
	usec_t mark_at;	       /* When its segment left. */
	bool is_mark_clean;    /* Nothing was retransmitted since (Karn). */
	uint64_t limited_upto; /* The congestion window held back data when snd_max was here. */
	uint32_t dups;	       /* Duplicate ACKs in a row. */
	uint32_t syn_tries;

	/* What tcp_tx owes. */
	bool is_closing;     /* FIN after the data. */
	bool is_aborting;    /* RST, then closed. */
	bool is_resend_due;  /* The first unacknowledged segment again, whatever the windows. */
	bool is_probe_due;   /* Window probe. */
	bool is_ack_due;     /* ACK at once. */
	bool is_refusal_due; /* RST for an ACK that fits no handshake of ours. */
	uint8_t dups_owed;   /* One ACK for each out-of-order segment. */
	uint8_t persist_backoff;
	seq_t refusal_seq;

	/* Deadlines; USEC_NEVER when idle. */
	usec_t rto_at, persist_at, delayed_ack_at;
	usec_t linger_at;    /* FIN-WAIT-2, TIME-WAIT. */
	usec_t challenge_at; /* Not a timer: before this no further challenge ACK. */
	usec_t progress_at;  /* The peer last took something, or said that it lives. */
	usec_t sent_at;	     /* Data last left. */

	struct tcp_stats stats;
};

/* The end of the queued data: the FIN's position. */
static inline uint64_t tcp_data_end(const struct tcp *c)
{
	return c->snd_base + c->sendq.end;
}

static inline bool tcp_has_sent_fin(const struct tcp *c)
{
	return c->snd_max > tcp_data_end(c);
}

static inline uint64_t tcp_flight(const struct tcp *c)
{
	return c->snd_max - c->snd_una;
}

static inline uint32_t tcp_ts_now(const struct tcp *c, usec_t now)
{
	return (uint32_t)(now / USEC_PER_MSEC) + c->conf.ts_offset;
}

/* A peer's window too small to be worth a segment (RFC 9293 §3.8.6.2.1): nothing is sent into it
 * unless it takes all there is. */
static inline bool tcp_is_window_silly(const struct tcp *c, uint64_t usable)
{
	return usable == 0 || (usable < c->snd_mss && usable < (c->snd_wnd_max + 1) / 2);
}

/* Data waits, nothing is in flight, and only the persist timer can wake us. */
static inline bool tcp_is_persisting(const struct tcp *c)
{
	return c->persist_at != USEC_NEVER && c->snd_una == c->snd_max &&
	       c->snd_nxt < tcp_data_end(c);
}

/* tcp.c: the end.  All timers stop; what is buffered stays for the owner. */
void tcp_end(struct tcp *c, enum tcp_reason reason);
/* tcp.c: bring the live numbers up to date. */
void tcp_show(struct tcp *c);
/* tcp.c: what the peer's SYN offers. */
void tcp_negotiate(struct tcp *c, const struct seg *syn, usec_t now);
/* tcp_timer.c: (re)start the retransmission timer, or stop it when nothing is in flight. */
void tcp_rto_restart(struct tcp *c, usec_t now);
/* tcp_timer.c: run the persist timer while the peer's window keeps us from sending. */
void tcp_persist_update(struct tcp *c, usec_t now);
/* tcp_out.c: data waits and the congestion window alone holds it back. */
bool tcp_is_cwnd_limited(const struct tcp *c);
/* tcp_out.c: the right edge that we may offer now, by the receiver's side of silly-window
 * avoidance. */
uint64_t tcp_window_edge(const struct tcp *c);
