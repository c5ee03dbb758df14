/* One TCP connection: a pure machine.  RFC 9293, 6298, 7323, 2018, 8985, 9438.
 *
 * Segments and `now` go in, segments and the next deadline come out; no clock, no I/O, no globals.
 * Bytes to send are pushed into the send queue (whole BGP messages), received bytes are peeked and
 * consumed.  All sequence arithmetic is wrap-safe (seq.h); the stream offsets of the send queue
 * are 64 bit and map to sequence numbers by their low 32 bits.
 *
 * A connection that has reached TCP_CLOSED says why in `tcp_reason`.  The owner creates one only
 * for a configured neighbour, so there is no state for strangers.
 */
#pragma once

#include "dataplane/tcp/cc.h"
#include "dataplane/tcp/drop.h"
#include "dataplane/tcp/seg.h"
#include "dataplane/tcp/sendq.h"
#include "dataplane/tcp/seq.h"
#include "rib/base/metric.h"

enum tcp_state {
	TCP_CLOSED,
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
	TCP_STATE_COUNT
};

enum tcp_reason {
	TCP_REASON_NONE,
	TCP_REASON_CLOSED,  /* Both sides closed in order. */
	TCP_REASON_RESET,   /* The peer sent RST. */
	TCP_REASON_REFUSED, /* RST answered our SYN. */
	TCP_REASON_TIMEOUT, /* Retransmissions gave up. */
	TCP_REASON_ABORTED, /* Our own tcp_abort. */
};

const char *tcp_state_text(enum tcp_state s);
const char *tcp_reason_text(enum tcp_reason r);

/* Data, or a FIN, is sent for so long before the peer is given up (RFC 9293 §3.8.3: at least
 * 100 s); BGP's hold timer is normally faster. */
#define TCP_GIVE_UP_US (120 * USEC_PER_SEC)
/* Our SYN; RFC 9293 §3.8.3 wants 3 minutes at least. */
#define TCP_CONNECT_US (180 * USEC_PER_SEC)
/* Deviates: 2 MSL is 10 s, not 4 minutes.  Neighbours are configured and one hop away, so an old
 * segment lives for milliseconds; and a neighbour that restarts must not wait. */
#define TCP_TIME_WAIT_US (10 * USEC_PER_SEC)
/* Deviates: RFC 9293 waits for the peer's FIN for ever; a BGP connection that we have closed has
 * nothing more to say, and a dead peer must not keep it. */
#define TCP_FIN_WAIT_2_US (60 * USEC_PER_SEC)
/* The smallest payload per segment that a peer can make us send; less would be a flood. */
#define TCP_MSS_MIN	   88
#define TCP_DELAYED_ACK_US (40 * USEC_PER_MSEC) /* RFC 9293 §3.8.6.3: below 500 ms. */

struct tcp_conf {
	struct endpoint local, remote;
	uint16_t mss; /* What our link takes: MTU − IP header − 20; at least TCP_MSS_MIN. */
	uint32_t rcv_buf_max; /* Receive window bound in bytes: 1..2³⁰. */
	uint64_t snd_buf_max; /* Send queue bound in bytes. */
	uint32_t iss;	      /* Initial sequence number, from the caller's keyed generator. */
	uint32_t ts_offset;   /* Added to the timestamp clock, RFC 7323 §5.4. */
	/* Every segment carries this option, which the caller signs and has verified (auth.h). */
	uint8_t auth;	  /* enum seg_auth */
	uint8_t mac_len;  /* Of the option. */
	uint8_t cc;	  /* enum cc_kind */
	bool has_no_sack; /* Neither offer nor accept SACK. */
};

struct tcp;

/* A connection in TCP_CLOSED; NULL when memory is short. */
struct tcp *tcp_new(void);
void tcp_free(struct tcp *c);

/* Active open: SYN goes out with the next tcp_tx. */
void tcp_connect(struct tcp *c, const struct tcp_conf *conf, usec_t now);
/* Passive open from a received SYN (no ACK, no RST): SYN+ACK goes out with the next tcp_tx. */
void tcp_accept(struct tcp *c, const struct tcp_conf *conf, const struct seg *syn, usec_t now);

/* A segment for this connection arrived.  Spans from tcp_peek are void afterwards. */
void tcp_rx(struct tcp *c, const struct seg *in, usec_t now);
/* Timers that are due at `now` act: retransmission, persist, delayed ACK, FIN-WAIT-2, TIME-WAIT. */
void tcp_tick(struct tcp *c, usec_t now);
/* The next segment to send now: true and *out, whose payload is out->payload.len bytes to be
 * fetched with tcp_payload; false when there is none. */
bool tcp_tx(struct tcp *c, struct seg *out, usec_t now);
/* Let tcp_tx give super-segments, of up to `bytes` of payload in at most `spans` pieces of memory;
 * 0: none.  They are made of whole segments as the path takes them (seg.cut), the last one perhaps
 * short, and only of data that has nothing to find out and carries no signature. */
void tcp_set_bulk(struct tcp *c, uint32_t bytes, uint16_t spans);
/* The payload of the segment that tcp_tx just returned, where it lies; the number of pieces.  Void
 * with the next touch of the connection or its send queue. */
unsigned tcp_spans(const struct tcp *c, const struct seg *s, struct span *out, unsigned max);
/* Copy the payload of the segment that tcp_tx just returned, and return its sum (csum.h). */
uint64_t tcp_payload(struct tcp *c, const struct seg *s, uint8_t *to);
/* An ICMP message says that a segment of ours, with sequence number `quoted`, was too big for a
 * path of `mtu` bytes (0: it does not say).  Believed only for what is in flight; never makes
 * segments larger.  RFC 1191, 8201, 5927 §7. */
void tcp_too_big(struct tcp *c, seq_t quoted, uint16_t mtu, usec_t now);
/* When tcp_tick is wanted next; USEC_NEVER if never.  Pushing to the queue can bring it forward. */
usec_t tcp_due(const struct tcp *c);
/* Whether tcp_tx would give a segment.  A few comparisons. */
bool tcp_wants_tx(const struct tcp *c, usec_t now);

/* In-order received bytes, contiguous; they stay until consumed. */
struct span tcp_peek(const struct tcp *c);
/* Consume from the front (len <= what is there); spans from tcp_peek are void.  The window opens
 * (an update goes out by RFC 9293 §3.8.6.2.2's rule). */
void tcp_consume(struct tcp *c, size_t len);
/* The peer has sent FIN and everything before it was consumed. */
bool tcp_is_eof(const struct tcp *c);

struct sendq *tcp_sendq(struct tcp *c);
/* Send FIN once the queue is empty; later pushes are refused.  Before the SYN was answered there is
 * nothing to finish: TCP_CLOSED at once.  From then on a peer that takes no data within
 * TCP_GIVE_UP_US, or sends no FIN within TCP_FIN_WAIT_2_US, ends as TCP_REASON_TIMEOUT. */
void tcp_close(struct tcp *c);
/* Send RST (if synchronized and not already closed by both sides) and forget; state is TCP_CLOSED
 * once tcp_tx gave the RST out.  What arrives in between is ignored. */
void tcp_abort(struct tcp *c);

/* Ask whether the peer still knows the connection: an ACK goes out, which a host that has restarted
 * answers with RST (RFC 9293 §3.5.1) and any other takes in silence. */
void tcp_probe(struct tcp *c);

enum tcp_state tcp_state(const struct tcp *c);
enum tcp_reason tcp_reason(const struct tcp *c);
const struct endpoint *tcp_local(const struct tcp *c);
const struct endpoint *tcp_remote(const struct tcp *c);

struct tcp_stats {
	metric_t segs_in, segs_out, bytes_in, bytes_out;
	metric_t retransmits, timeouts, fast_retransmits, dup_acks_in, ooo_in, zero_windows;
	metric_t dsacks_in, probes_out, spurious,
		path_lowered; /* Tail probes; reductions undone. */
	metric_t drop[TCP_DROP_COUNT];
	uint32_t srtt_us, rto_us, cwnd;
	uint32_t rtt_min_us; /* The least of the last minute (rtt_min.h); 0: not known. */
	uint32_t path_mss;   /* Payload and options that a segment may carry now. */
};
/* Live numbers; valid while the connection lives. */
const struct tcp_stats *tcp_stats(const struct tcp *c);

/* In TIME-WAIT: whether `syn` is certainly newer than everything of this connection (RFC 6191), so
 * that the owner may free it and accept the SYN with a new one. */
bool tcp_can_reuse(const struct tcp *c, const struct seg *syn);

/* The reply that RFC 9293 §3.10.7.1 wants for a segment without a connection: an RST, or false
 * when the segment is itself an RST. */
bool tcp_reset_for(const struct seg *in, struct seg *out);
/* RFC 6528: keyed ISN that grows with time for one 4-tuple. */
uint32_t tcp_isn(const struct endpoint *local, const struct endpoint *remote, uint64_t key,
		 usec_t now);
/* RFC 7323 §7.1: the same for one 4-tuple, unrelated for two. */
uint32_t tcp_ts_offset(const struct endpoint *local, const struct endpoint *remote, uint64_t key);

/* Assert the invariants. */
void tcp_check(const struct tcp *c);
