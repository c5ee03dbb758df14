/* The body of a connection, shared by the files of the machine (tcp_steps.h); nobody else sees it.
 *
 * All positions are 64 bit (seq.h).  The send side in one line (each mark <= the next):
 *
 *     snd_iss(SYN)  snd_base ... snd_una ... snd_nxt ... snd_max ... data_end(FIN)
 *
 * snd_max is the end of what was ever sent; snd_nxt is what is sent next.  With SACK the scoreboard
 * says what is sent again, and snd_nxt is snd_max; without, snd_nxt falls back to snd_una when the
 * timer expires (everything after it is then sent again, as the window allows).
 * snd_base is stream offset 0 of the send queue; a FIN occupies the position tcp_data_end().
 */
#pragma once

#include "dataplane/tcp/rbuf.h"
#include "dataplane/tcp/rack.h"
#include "dataplane/tcp/reasm.h"
#include "dataplane/tcp/rtt.h"
#include "dataplane/tcp/rtt_min.h"
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
	uint16_t bulk_spans;
	uint32_t bulk_max; /* Payload of a super-segment; 0: none. */
	struct sendq sendq;

	/* The path, RFC 1191, 4821: what a segment may carry, options included. */
	uint32_t mss_agreed, mss_path; /* By the handshake; as far as the path is known. */
	usec_t raise_at, raise_us;     /* When a larger segment is tried again; the wait. */
	uint64_t raise_from, raise_to; /* The segment that tries; raise_to 0: none is out. */
	bool is_raise_due;

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
	struct sack_block dsack; /* To be told: what came twice, RFC 2883. */
	bool is_dsack_due;

	/* Timestamps, RFC 7323. */
	usec_t ts_recent_at;
	uint32_t ts_recent;
	bool has_ts;

	/* Congestion and time. */
	bool has_sack;	  /* Both sides: the scoreboard is kept. */
	uint8_t sack_max; /* Blocks that fit beside the other options. */
	struct sack sack;
	struct rack rack;
	uint64_t tail_end;  /* The end of a tail loss probe that is out; 0: none. */
	bool is_tail_again; /* It repeated old bytes. */
	uint32_t undo_ts;   /* Our clock when the last reduction's first segment went again. */
	uint32_t timeouts;  /* In a row. */
	struct cc cc;
	struct rtt rtt;
	struct rtt_min rtt_min;
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
	bool is_tail_due;    /* Tail loss probe. */
	bool is_probe_due;   /* Window probe. */
	bool is_ack_due;     /* ACK at once. */
	bool is_refusal_due; /* RST for an ACK that fits no handshake of ours. */
	uint8_t dups_owed;   /* One ACK for each out-of-order segment. */
	uint8_t persist_backoff;
	seq_t refusal_seq;

	/* Deadlines; USEC_NEVER when idle. */
	usec_t rto_at, persist_at, delayed_ack_at;
	usec_t reorder_at;   /* What is late by then is lost (RACK). */
	usec_t tail_at;	     /* The tail loss probe. */
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

/* Bytes believed to be in the network. */
static inline uint64_t tcp_pipe(const struct tcp *c)
{
	return c->has_sack ? sack_pipe(&c->sack) : c->snd_nxt - c->snd_una;
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
