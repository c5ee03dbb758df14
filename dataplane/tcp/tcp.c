/* The life of a connection: begin, read, close, abort, and what it says about itself.
 *
 * Closing sets flags only; tcp_out.c sends the FIN or RST when its turn comes, because a pure
 * machine sends nothing on its own.  RFC 9293 §3.10.1 to §3.10.6 (the user calls).
 */
#include "dataplane/tcp/tcp_steps.h"

#include <stdlib.h>

#define MSS_DEFAULT_IPV4 536 /* RFC 9293 §3.7.1. */
#define MSS_DEFAULT_IPV6 1220
#define WINDOW_FIELD_MAX 65535
#define WSCALE_MAX	 14
#define RCV_MSS_FLOOR	 536

static const char *const state_texts[] = {
	[TCP_CLOSED] = "CLOSED",
	[TCP_SYN_SENT] = "SYN-SENT",
	[TCP_SYN_RECEIVED] = "SYN-RECEIVED",
	[TCP_ESTABLISHED] = "ESTABLISHED",
	[TCP_FIN_WAIT_1] = "FIN-WAIT-1",
	[TCP_FIN_WAIT_2] = "FIN-WAIT-2",
	[TCP_CLOSE_WAIT] = "CLOSE-WAIT",
	[TCP_CLOSING] = "CLOSING",
	[TCP_LAST_ACK] = "LAST-ACK",
	[TCP_TIME_WAIT] = "TIME-WAIT",
};

static const char *const reason_texts[] = {
	[TCP_REASON_NONE] = "open",
	[TCP_REASON_CLOSED] = "closed by both sides",
	[TCP_REASON_RESET] = "reset by the peer",
	[TCP_REASON_REFUSED] = "refused by the peer",
	[TCP_REASON_TIMEOUT] = "the peer does not answer",
	[TCP_REASON_ABORTED] = "aborted by us",
};

static_assert(ARRAY_COUNT(state_texts) == TCP_STATE_COUNT, "each state has a text");
static_assert(ARRAY_COUNT(reason_texts) == TCP_REASON_ABORTED + 1, "each reason has a text");

const char *tcp_state_text(enum tcp_state s)
{
	ASSERT(s < TCP_STATE_COUNT);
	return state_texts[s];
}

const char *tcp_reason_text(enum tcp_reason r)
{
	ASSERT(r < ARRAY_COUNT(reason_texts));
	return reason_texts[r];
}

static void stop_timers(struct tcp *c)
{
	c->rto_at = c->persist_at = c->delayed_ack_at = c->linger_at = USEC_NEVER;
	c->reorder_at = c->tail_at = USEC_NEVER;
}

struct tcp *tcp_new(void)
{
	struct tcp *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		return NULL;
	}
	c->state = TCP_CLOSED;
	stop_timers(c);
	return c;
}

void tcp_free(struct tcp *c)
{
	if (c == NULL) {
		return;
	}
	sendq_fini(&c->sendq);
	rbuf_fini(&c->rbuf);
	reasm_fini(&c->reasm);
	sack_fini(&c->sack);
	free(c);
}

void tcp_end(struct tcp *c, enum tcp_reason reason)
{
	ASSERT(c->state != TCP_CLOSED);
	ASSERT(reason != TCP_REASON_NONE);
	stop_timers(c);
	c->state = TCP_CLOSED;
	c->reason = reason;
	c->is_aborting = false;
}

void tcp_show(struct tcp *c)
{
	c->stats.srtt_us = c->rtt.srtt_us;
	c->stats.rtt_min_us = rtt_min_us(&c->rtt_min);
	c->stats.rto_us = (uint32_t)rtt_rto(&c->rtt);
	c->stats.cwnd = c->cc.cwnd;
	c->stats.path_mss = c->mss_path;
}

/* The smallest shift with which the window field can say all of `bytes`. */
static uint8_t window_shift(uint32_t bytes)
{
	uint8_t shift = 0;

	while (shift < WSCALE_MAX && (uint64_t)WINDOW_FIELD_MAX << shift < bytes) {
		shift++;
	}
	return shift;
}

/* What both ways of opening share. */
static void begin(struct tcp *c, const struct tcp_conf *conf, enum tcp_state state, usec_t now)
{
	ASSERT(c->state == TCP_CLOSED && c->reason == TCP_REASON_NONE);
	ASSERT(conf->mss >= TCP_MSS_MIN);
	c->conf = *conf;
	c->state = state;
	c->snd_iss = seq_start(conf->iss);
	c->snd_una = c->snd_nxt = c->snd_max = c->snd_iss;
	c->snd_base = c->snd_iss + 1;
	c->rcv_wscale = window_shift(conf->rcv_buf_max);
	c->rcv_max = conf->rcv_buf_max;
	c->rcv_mss = RCV_MSS_FLOOR;
	c->snd_mss = TCP_MSS_MIN;
	c->progress_at = now;
	sendq_init(&c->sendq, conf->snd_buf_max);
	rbuf_init(&c->rbuf, conf->rcv_buf_max);
	rtt_init(&c->rtt);
	rack_init(&c->rack);
	sack_init(&c->sack, c->snd_base);
	tcp_show(c);
}

/* SACK blocks that fit beside the options of every segment. */
static uint8_t sack_room(const struct tcp *c)
{
	return (uint8_t)min_u64(SEG_SACK_MAX,
				seg_sack_room(&(struct seg){.wscale = WSCALE_NONE,
							    .has_ts = c->has_ts,
							    .auth = c->conf.auth,
							    .mac_len = c->conf.mac_len}));
}

void tcp_negotiate(struct tcp *c, const struct seg *syn, usec_t now)
{
	uint32_t mss = syn->mss;

	ASSERT((syn->flags & TCP_SYN) != 0);
	if (mss == 0) {
		mss = c->conf.remote.addr.family == FAMILY_IPV4 ? MSS_DEFAULT_IPV4
								: MSS_DEFAULT_IPV6;
	}
	c->has_ts = syn->has_ts;
	c->has_sack = syn->has_sack_permitted && !c->conf.has_no_sack;
	/* Beside MD5's 20 bytes there is no room for timestamps and a SACK block.  The side that
	 * answers chooses; like Linux we prefer SACK, because it serves at every loss. */
	if (c->state == TCP_SYN_RECEIVED && c->conf.auth == SEG_AUTH_MD5 && c->has_sack) {
		c->has_ts = false;
	}
	c->sack_max = c->has_sack ? sack_room(c) : 0;
	/* RFC 6691: the option does not count TCP options, the payload must. */
	tcp_path_init(c, (uint32_t)min_u64(max_u64(mss, TCP_MSS_MIN), c->conf.mss));
	if (c->has_ts) {
		c->ts_recent = syn->ts_val;
		c->ts_recent_at = now;
	}
	c->has_wscale = syn->wscale != WSCALE_NONE;
	if (c->has_wscale) {
		c->snd_wscale = (uint8_t)min_u64(syn->wscale, WSCALE_MAX);
	} else {
		c->snd_wscale = c->rcv_wscale = 0;
		c->rcv_max = (uint32_t)min_u64(c->rcv_max, WINDOW_FIELD_MAX);
	}
	c->rcv_irs = seq_start(syn->seq);
	c->rcv_nxt = c->rcv_ack_sent = c->rcv_irs + 1;
	/* The window of a SYN is never scaled. */
	c->rcv_adv = c->rcv_nxt + min_u64(c->rcv_max, WINDOW_FIELD_MAX);
	c->snd_wnd = c->snd_wnd_max = syn->window;
	c->snd_wl1 = c->rcv_irs;
	c->snd_wl2 = c->snd_iss;
}

void tcp_connect(struct tcp *c, const struct tcp_conf *conf, usec_t now)
{
	begin(c, conf, TCP_SYN_SENT, now);
}

void tcp_accept(struct tcp *c, const struct tcp_conf *conf, const struct seg *syn, usec_t now)
{
	ASSERT((syn->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN);
	begin(c, conf, TCP_SYN_RECEIVED, now);
	tcp_negotiate(c, syn, now);
	metric_add(&c->stats.segs_in, 1);
	if (syn->payload.len > 0) {
		metric_add(&c->stats.drop[TCP_DROP_SYN_PAYLOAD], 1); /* It will be sent again. */
	}
}

struct span tcp_peek(const struct tcp *c)
{
	return rbuf_peek(&c->rbuf);
}

void tcp_consume(struct tcp *c, size_t len)
{
	ASSERT(len <= c->rbuf.len);
	if (len == 0) {
		return;
	}
	rbuf_consume(&c->rbuf, (uint32_t)len);
	if (c->state == TCP_CLOSED || c->is_aborting || c->rcv_fin != 0) {
		return;
	}
	/* An update on its own is worth it for two segments or half of the buffer; smaller steps
	 * ride on the next ACK. */
	uint64_t edge = tcp_window_edge(c);

	if (edge - c->rcv_adv >= min_u64(2 * (uint64_t)c->rcv_mss, c->rcv_max / 2 + 1) &&
	    edge > c->rcv_adv) {
		c->is_ack_due = true;
	}
}

bool tcp_is_eof(const struct tcp *c)
{
	return c->rcv_fin != 0 && c->rcv_nxt > c->rcv_fin && c->rbuf.len == 0;
}

struct sendq *tcp_sendq(struct tcp *c)
{
	return &c->sendq;
}

void tcp_close(struct tcp *c)
{
	if (c->state == TCP_CLOSED || c->is_closing || c->is_aborting) {
		return;
	}
	sendq_shut(&c->sendq);
	if (c->state == TCP_SYN_SENT) {
		tcp_end(c, TCP_REASON_CLOSED); /* RFC 9293 §3.10.4. */
		return;
	}
	c->is_closing = true;
}

void tcp_abort(struct tcp *c)
{
	if (c->state == TCP_CLOSED || c->is_aborting) {
		return;
	}
	sendq_shut(&c->sendq);
	switch (c->state) {
	case TCP_SYN_SENT:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT: /* RFC 9293 §3.10.5: no RST from these. */
		tcp_end(c, TCP_REASON_ABORTED);
		return;
	default:
		stop_timers(c);
		c->is_aborting = true;
	}
}

void tcp_probe(struct tcp *c)
{
	if (c->state >= TCP_ESTABLISHED && !c->is_aborting) {
		c->is_ack_due = true;
	}
}

enum tcp_state tcp_state(const struct tcp *c)
{
	return c->state;
}

enum tcp_reason tcp_reason(const struct tcp *c)
{
	return c->reason;
}

const struct endpoint *tcp_local(const struct tcp *c)
{
	return &c->conf.local;
}

const struct endpoint *tcp_remote(const struct tcp *c)
{
	return &c->conf.remote;
}

const struct tcp_stats *tcp_stats(const struct tcp *c)
{
	return &c->stats;
}

bool tcp_can_reuse(const struct tcp *c, const struct seg *syn)
{
	if (c->state != TCP_TIME_WAIT || (syn->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN) {
		return false;
	}
	if (c->has_ts && syn->has_ts && seq_is_before(c->ts_recent, syn->ts_val)) {
		return true;
	}
	return seq_widen(c->rcv_nxt, syn->seq) > c->rcv_nxt;
}

static void check_send(const struct tcp *c)
{
	ASSERT(c->snd_iss <= c->snd_una);
	ASSERT(c->snd_una <= c->snd_nxt);
	ASSERT(c->snd_nxt <= c->snd_max);
	ASSERT(c->snd_max <= tcp_data_end(c) + 1);
	ASSERT(!tcp_has_sent_fin(c) || c->is_closing);
	ASSERT(c->snd_base + c->sendq.acked ==
	       min_u64(max_u64(c->snd_una, c->snd_base), tcp_data_end(c)));
	ASSERT(c->snd_wnd <= c->snd_wnd_max);
	ASSERT(c->cc.mss == 0 || c->cc.cwnd >= c->cc.mss);
	ASSERT(c->cc.mss == 0 || c->cc.mss == c->snd_mss);
	ASSERT(c->mss_path <= c->mss_agreed);
	sendq_check(&c->sendq);
	if (c->has_sack && c->state >= TCP_ESTABLISHED) {
		ASSERT(c->snd_nxt == c->snd_max);
		sack_check(&c->sack, c->snd_una, c->snd_max);
	}
}

static void check_receive(const struct tcp *c)
{
	ASSERT(c->rcv_irs < c->rcv_nxt);
	ASSERT(c->rcv_ack_sent <= c->rcv_nxt);
	ASSERT(c->rcv_fin == 0 || c->rcv_nxt <= c->rcv_fin + 1);
	/* The offered window always has its place in the buffer. */
	ASSERT(c->rcv_nxt > c->rcv_adv || c->rcv_adv - c->rcv_nxt + c->rbuf.len <= c->rcv_max);
	ASSERT(c->rcv_nxt <= c->rcv_adv + 1);
	rbuf_check(&c->rbuf);
	reasm_check(&c->reasm, c->rcv_nxt, c->rcv_adv);
}

void tcp_check(const struct tcp *c)
{
	ASSERT(c->state < TCP_STATE_COUNT);
	ASSERT((c->state == TCP_CLOSED) || c->reason == TCP_REASON_NONE);
	if (c->state == TCP_CLOSED) {
		ASSERT(tcp_due(c) == USEC_NEVER);
		return;
	}
	check_send(c);
	tcp_check_out(c);
	if (c->state != TCP_SYN_SENT) {
		check_receive(c);
	}
	bool is_fin_out = tcp_has_sent_fin(c);
	bool is_fin_in = c->rcv_fin != 0 && c->rcv_nxt > c->rcv_fin;

	switch (c->state) {
	case TCP_ESTABLISHED:
		ASSERT(!is_fin_out && !is_fin_in);
		break;
	case TCP_CLOSE_WAIT:
		ASSERT(!is_fin_out && is_fin_in);
		break;
	case TCP_FIN_WAIT_1:
	case TCP_FIN_WAIT_2:
		ASSERT(is_fin_out && !is_fin_in);
		ASSERT((c->state == TCP_FIN_WAIT_2) == (tcp_flight(c) == 0));
		break;
	case TCP_CLOSING:
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT:
		ASSERT(is_fin_out && is_fin_in);
		ASSERT((c->state == TCP_TIME_WAIT) == (tcp_flight(c) == 0));
		break;
	default:
		break;
	}
	ASSERT(c->is_aborting || (c->rto_at != USEC_NEVER) == (tcp_flight(c) > 0));
	ASSERT(c->tail_at == USEC_NEVER || (c->has_sack && c->tail_at <= c->rto_at));
}
