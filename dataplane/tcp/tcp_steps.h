/* What the files of the machine ask of each other: tcp.c (life), tcp_in.c (arriving segments),
 * tcp_ack.c (their ACKs), tcp_recover.c (loss, with SACK), tcp_mtu.c (the path), tcp_out.c
 * (departing segments), tcp_timer.c.  Nobody else includes this. */
#pragma once

#include "dataplane/tcp/tcp_conn.h"

/* An arriving segment with its numbers widened; trimmed step by step. */
struct arrival {
	const struct seg *seg;
	uint64_t from;	   /* Position of the first payload byte. */
	struct span bytes; /* Payload that is still of interest. */
	uint64_t ack;
	uint32_t window; /* Scaled. */
	bool has_fin;
	usec_t now;
};

static inline void tcp_drop(struct tcp *c, enum tcp_drop why)
{
	metric_add(&c->stats.drop[why], 1);
}

/* Answer with an ACK, but not too often (RFC 5961 §7). */
static inline void tcp_challenge(struct tcp *c, usec_t now)
{
	if (now >= c->challenge_at) {
		c->challenge_at = now + TCP_CHALLENGE_US;
		c->is_ack_due = true;
	}
}

static inline void tcp_time_wait(struct tcp *c, usec_t now)
{
	c->state = TCP_TIME_WAIT;
	c->linger_at = now + TCP_TIME_WAIT_US;
}

/* tcp.c */
/* The end.  All timers stop; what is buffered stays for the owner. */
void tcp_end(struct tcp *c, enum tcp_reason reason);
/* Bring the live numbers up to date. */
void tcp_show(struct tcp *c);
/* What the peer's SYN offers. */
void tcp_negotiate(struct tcp *c, const struct seg *syn, usec_t now);

/* tcp_ack.c */
/* An ACK that fits no handshake of ours: RST. */
void tcp_refuse(struct tcp *c, seq_t seq);
/* The handshake is complete. */
void tcp_establish(struct tcp *c, const struct arrival *a);
/* The fifth check of RFC 9293 §3.10.7.4.  False: drop the rest. */
bool tcp_rx_ack(struct tcp *c, const struct arrival *a);

/* tcp_recover.c; with SACK only. */
/* What an ACK says about what is in flight; snd_una has moved by `acked` already. */
void tcp_recover(struct tcp *c, const struct arrival *a, uint64_t acked, bool is_limited);
/* The reordering window has passed. */
void tcp_reorder_expired(struct tcp *c, usec_t now);
/* The retransmission timer expired. */
void tcp_recover_timeout(struct tcp *c);
/* (Re)start the timer of the tail loss probe, or stop it. */
void tcp_tail_restart(struct tcp *c, usec_t now);

/* tcp_mtu.c */
/* The handshake has agreed upon `mss`. */
void tcp_path_init(struct tcp *c, uint32_t mss);
/* Payload of a segment as large as was agreed. */
uint32_t tcp_path_full(const struct tcp *c);
/* The timer has expired again: perhaps the path swallows what is large (RFC 4821 §7.7). */
void tcp_path_suspect(struct tcp *c, usec_t now);
/* An ACK moved snd_una: an attempt may have succeeded, a new one be due. */
void tcp_path_ack(struct tcp *c, usec_t now);
/* The attempt was lost. */
void tcp_path_failed(struct tcp *c, usec_t now);

/* tcp_timer.c */
/* (Re)start the retransmission timer, or stop it when nothing is in flight. */
void tcp_rto_restart(struct tcp *c, usec_t now);
/* Run the persist timer while the peer's window keeps us from sending. */
void tcp_persist_update(struct tcp *c, usec_t now);

/* tcp_out.c */
/* Bytes wait and the congestion window alone holds them back. */
bool tcp_is_cwnd_limited(const struct tcp *c);
/* Assert that what is at rest has nothing to send. */
void tcp_check_out(const struct tcp *c);
/* The right edge that we may offer now, by the receiver's side of silly-window avoidance. */
uint64_t tcp_window_edge(const struct tcp *c);
