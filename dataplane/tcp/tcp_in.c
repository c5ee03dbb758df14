/* Arriving segments, in the order that RFC 9293 §3.10.7 prescribes: timestamp, sequence number,
 * RST, SYN, ACK, payload, FIN.  Each step is one function that says whether to go on; each drop
 * has a name.
 *
 * Blind attackers: an RST counts only exactly at rcv_nxt, a SYN on a synchronized connection never
 * counts, an ACK only within what was ever in flight; the rest is answered with a challenge ACK,
 * at most ten a second (RFC 5961 §3, §4, §5, §7).  The same limit keeps two peers that disagree
 * from answering each other's ACKs for ever.
 */
#include "dataplane/tcp/tcp_steps.h"

#define TS_OPTION_LEN	  12					/* Padded: RFC 7323, appendix A. */
#define TS_RECENT_LIFE_US (24 * UINT64_C(86400) * USEC_PER_SEC) /* RFC 7323 §5.5. */

/* RFC 9293 §3.10.7.3. */
static void rx_syn_sent(struct tcp *c, struct arrival *a)
{
	const struct seg *seg = a->seg;
	bool has_ack = (seg->flags & TCP_ACK) != 0;

	if (has_ack && (a->ack != c->snd_base || c->snd_max != c->snd_base)) {
		if ((seg->flags & TCP_RST) != 0) {
			tcp_drop(c, TCP_DROP_HANDSHAKE_ACK);
		} else {
			tcp_refuse(c, seg->ack);
		}
		return;
	}
	if ((seg->flags & TCP_RST) != 0) {
		if (has_ack) {
			tcp_end(c, TCP_REASON_REFUSED);
		} else {
			tcp_drop(c, TCP_DROP_RST_OUTSIDE);
		}
		return;
	}
	if ((seg->flags & TCP_SYN) == 0) {
		tcp_drop(c, TCP_DROP_HANDSHAKE_FLAGS);
		return;
	}
	if ((seg->flags & TCP_FIN) != 0) {
		tcp_drop(c, TCP_DROP_SYN_FLAGS);
		return;
	}
	if (seg->payload.len > 0) {
		tcp_drop(c, TCP_DROP_SYN_PAYLOAD); /* It will be sent again. */
	}
	tcp_negotiate(c, seg, a->now);
	if (has_ack) {
		tcp_establish(c, a);
		c->snd_wl2 = a->ack;
		c->is_ack_due = true;
	} else { /* Simultaneous open: our SYN again, now with an ACK. */
		c->state = TCP_SYN_RECEIVED;
		c->snd_nxt = c->snd_iss;
	}
	tcp_persist_update(c, a->now);
}

/* RFC 7323 §5.3 R1.  RSTs are exempt; so is a SYN from its missing timestamp, because a peer that
 * has restarted must get its challenge ACK. */
static bool check_timestamp(struct tcp *c, const struct arrival *a)
{
	const struct seg *seg = a->seg;

	if (!c->has_ts || (seg->flags & TCP_RST) != 0) {
		return true;
	}
	if (!seg->has_ts) {
		if ((seg->flags & TCP_SYN) != 0) {
			return true;
		}
		tcp_drop(c, TCP_DROP_TS_MISSING);
		return false;
	}
	if (seq_is_before(seg->ts_val, c->ts_recent) &&
	    a->now - c->ts_recent_at < TS_RECENT_LIFE_US) {
		tcp_drop(c, TCP_DROP_PAWS);
		tcp_challenge(c, a->now);
		return false;
	}
	return true;
}

/* [from, to) came twice: the next ACK says so (RFC 2883 §4). */
static void note_duplicate(struct tcp *c, uint64_t from, uint64_t to)
{
	if (from < to) {
		c->dsack = (struct sack_block){.from = (seq_t)from, .to = (seq_t)to};
		c->is_dsack_due = c->sack_max > 0;
	}
}

/* Outside the window: answer, so that a peer whose ACK was lost goes on; bytes always, bare ACKs
 * (keepalives, probes, or a quarrel) at a bounded rate. */
static void answer_outside(struct tcp *c, const struct arrival *a)
{
	bool has_text = a->bytes.len > 0 || a->has_fin;

	tcp_drop(c, a->from < c->rcv_nxt ? TCP_DROP_SEQ_OLD : TCP_DROP_SEQ_BEYOND);
	if (has_text) {
		note_duplicate(c, a->from, min_u64(a->from + a->bytes.len, c->rcv_nxt));
		c->is_ack_due = true;
	} else {
		tcp_challenge(c, a->now);
	}
	/* That very FIN: who makes one up would keep the connection for ever. */
	if (c->state == TCP_TIME_WAIT && a->has_fin && a->from + a->bytes.len == c->rcv_fin) {
		c->linger_at = a->now + TCP_TIME_WAIT_US;
	}
}

/* First check, RFC 9293 §3.10.7.4.  More liberal at the right edge: a bare ACK, an RST or a FIN may
 * stand exactly there, because a full or shut window must not keep an ACK out. */
static bool is_in_window(const struct tcp *c, const struct arrival *a)
{
	uint64_t end = a->from + a->bytes.len;

	if (a->bytes.len == 0) {
		return a->from >= c->rcv_nxt && a->from <= max_u64(c->rcv_adv, c->rcv_nxt);
	}
	if (c->rcv_adv <= c->rcv_nxt) {
		return false;
	}
	/* A FIN counts: it may be all that is new. */
	return a->from < c->rcv_adv && end + a->has_fin > c->rcv_nxt;
}

/* Second check, RFC 5961 §3.2. */
static void rx_reset(struct tcp *c, const struct arrival *a)
{
	if (a->from == c->rcv_nxt) {
		tcp_end(c, TCP_REASON_RESET);
	} else if (a->from > c->rcv_nxt && a->from < c->rcv_adv) {
		tcp_drop(c, TCP_DROP_RST_CHALLENGED);
		tcp_challenge(c, a->now);
	} else {
		tcp_drop(c, TCP_DROP_RST_OUTSIDE);
	}
}

/* The peer's SYN again while we answer it: our SYN+ACK was lost, or (with an ACK) both sides have
 * opened at once.  True: go on with what is behind the SYN. */
static bool rx_syn_again(struct tcp *c, struct arrival *a)
{
	if ((a->seg->flags & TCP_ACK) != 0) {
		c->is_ack_due = true;
		return true;
	}
	tcp_drop(c, TCP_DROP_SEQ_OLD);
	if (a->now >= c->challenge_at) {
		c->challenge_at = a->now + TCP_CHALLENGE_US;
		c->snd_nxt = c->snd_iss;
	}
	return false;
}

/* Cut off what is already there and what lies beyond the window. */
static void trim(struct tcp *c, struct arrival *a)
{
	if (a->from < c->rcv_nxt) {
		uint64_t old = min_u64(c->rcv_nxt - a->from, a->bytes.len);

		note_duplicate(c, a->from, a->from + old);
		a->bytes = span_of(a->bytes.data + old, a->bytes.len - old);
		a->from += old;
		c->is_ack_due = true; /* Sent twice: our ACK was lost. */
	}
	uint64_t room = c->rcv_adv > a->from ? c->rcv_adv - a->from : 0;

	if (a->bytes.len > room) {
		tcp_drop(c, TCP_DROP_SEQ_TRIMMED);
		a->bytes.len = room;
		a->has_fin = false;
	}
}

static bool store(struct tcp *c, const struct arrival *a)
{
	uint64_t unread_at = c->rcv_nxt - c->rbuf.len;
	uint32_t offset = (uint32_t)(a->from - unread_at);

	if (!rbuf_write(&c->rbuf, offset, a->bytes)) {
		tcp_drop(c, TCP_DROP_NO_MEMORY);
		return false;
	}
	return true;
}

/* A longer one was joined by the port from several; it must not pass for what the peer sends, or
 * ACKs and window updates would wait for two of that size. */
static uint64_t full_segment_max(const struct tcp *c)
{
	return c->conf.mss - (c->has_ts ? TS_OPTION_LEN : 0u);
}

/* Payload at the left edge: it, and what was waiting behind it, is in order now. */
static bool take_in_order(struct tcp *c, const struct arrival *a)
{
	bool had_gap = c->reasm.count > 0;

	if (!store(c, a)) {
		return false;
	}
	uint64_t next = reasm_take(&c->reasm, c->rcv_nxt + a->bytes.len);

	rbuf_commit(&c->rbuf, (uint32_t)(next - c->rcv_nxt));
	metric_add(&c->stats.bytes_in, next - c->rcv_nxt);
	c->rcv_nxt = next;
	c->rcv_mss = (uint32_t)max_u64(c->rcv_mss, min_u64(a->bytes.len, full_segment_max(c)));
	c->dups_owed = 0;
	/* RFC 5681 §4.2: at once when a gap closes, and for each second full segment. */
	if (had_gap || c->rcv_nxt - c->rcv_ack_sent >= 2 * (uint64_t)c->rcv_mss) {
		c->is_ack_due = true;
	} else if (c->delayed_ack_at == USEC_NEVER) {
		c->delayed_ack_at = a->now + TCP_DELAYED_ACK_US;
	}
	return true;
}

/* Payload behind a gap.  Each is answered at once, one for one: three of them start the peer's
 * fast retransmission, so a burst must not melt them into one. */
static bool take_out_of_order(struct tcp *c, const struct arrival *a)
{
	if (c->dups_owed < TCP_DUPS_OWED_MAX) {
		c->dups_owed++;
	}
	if (a->bytes.len == 0) {
		return true;
	}
	struct reasm_range twice;

	if (reasm_overlap(&c->reasm, a->from, a->from + a->bytes.len, &twice)) {
		note_duplicate(c, twice.from, twice.to);
	}
	metric_add(&c->stats.ooo_in, 1);
	if (!store(c, a)) {
		return false;
	}
	switch (reasm_add(&c->reasm, a->from, a->from + a->bytes.len)) {
	case REASM_FULL:
		tcp_drop(c, TCP_DROP_GAPS);
		return false;
	case REASM_NO_MEMORY:
		tcp_drop(c, TCP_DROP_NO_MEMORY);
		return false;
	default:
		return true;
	}
}

/* Seventh check: the payload.  False: nothing behind it counts. */
static bool rx_text(struct tcp *c, struct arrival *a)
{
	if (c->rcv_fin != 0) {
		/* Nothing can follow a FIN; a repeated tail of what came before it can. */
		if (a->from + a->bytes.len > c->rcv_fin && a->bytes.len > 0) {
			tcp_drop(c, TCP_DROP_AFTER_FIN);
			c->is_ack_due = true;
			return false;
		}
		if (c->rcv_nxt > c->rcv_fin) {
			return false;
		}
	}
	trim(c, a);
	if (a->has_fin && reasm_end(&c->reasm) > a->from + a->bytes.len) {
		/* A FIN below bytes that we hold already is a contradiction and does not count. */
		tcp_drop(c, TCP_DROP_AFTER_FIN);
		a->has_fin = false;
	}
	if (a->bytes.len == 0 && !a->has_fin) {
		return false;
	}
	if (a->from > c->rcv_nxt) {
		return take_out_of_order(c, a);
	}
	return a->bytes.len == 0 || take_in_order(c, a);
}

/* Remember where the peer's FIN stands. */
static void note_fin(struct tcp *c, const struct arrival *a)
{
	uint64_t position = a->from + a->bytes.len;

	if (c->rcv_fin != 0) {
		return;
	}
	ASSERT(position >= c->rcv_nxt);
	c->rcv_fin = position;
}

/* The peer's FIN is next in order. */
static void fin_arrives(struct tcp *c, usec_t now)
{
	ASSERT(c->rcv_nxt == c->rcv_fin);
	c->rcv_nxt++;
	ASSERT(c->reasm.count == 0);
	c->is_ack_due = true;
	switch (c->state) {
	case TCP_ESTABLISHED:
		c->state = TCP_CLOSE_WAIT;
		break;
	case TCP_FIN_WAIT_1: /* Our FIN is not acknowledged, or we were in FIN-WAIT-2. */
		c->state = TCP_CLOSING;
		break;
	case TCP_FIN_WAIT_2:
		tcp_time_wait(c, now);
		break;
	default:
		ASSERT(false);
	}
}

static void rx_synchronized(struct tcp *c, struct arrival *a)
{
	uint8_t flags = a->seg->flags;
	bool is_syn_again = c->state == TCP_SYN_RECEIVED && (flags & TCP_SYN) != 0 &&
			    (flags & TCP_RST) == 0 && a->from == c->rcv_nxt &&
			    a->seg->seq == (seq_t)c->rcv_irs;

	if (!check_timestamp(c, a) || (is_syn_again && !rx_syn_again(c, a))) {
		return;
	}
	if ((flags & TCP_RST) != 0) {
		rx_reset(c, a);
		return;
	}
	if ((flags & TCP_SYN) != 0 && !is_syn_again) { /* RFC 5961 §4: wherever it stands. */
		tcp_drop(c, TCP_DROP_SYN_CHALLENGED);
		tcp_challenge(c, a->now);
		return;
	}
	bool is_inside = is_in_window(c, a);

	if (!is_inside) {
		answer_outside(c, a);
		/* A shut window keeps bytes out, but not the ACK that they carry. */
		if (a->from != c->rcv_nxt) {
			return;
		}
	}
	if ((flags & TCP_ACK) == 0) {
		tcp_drop(c, TCP_DROP_ACK_MISSING);
		return;
	}
	if (!tcp_rx_ack(c, a) || !is_inside) {
		return;
	}
	bool is_whole = rx_text(c, a);

	if (is_whole && a->has_fin) {
		note_fin(c, a);
	}
	if (c->rcv_fin != 0 && c->rcv_nxt == c->rcv_fin) {
		fin_arrives(c, a->now);
	}
}

void tcp_rx(struct tcp *c, const struct seg *in, usec_t now)
{
	bool has_syn = (in->flags & (TCP_SYN | TCP_RST)) == TCP_SYN;

	metric_add(&c->stats.segs_in, 1);
	if (c->state == TCP_CLOSED || c->is_aborting) {
		tcp_drop(c, TCP_DROP_CLOSED);
		return;
	}
	struct arrival a = {
		.seg = in,
		.bytes = in->payload,
		.ack = seq_widen(c->snd_una, in->ack),
		.window = has_syn ? in->window : (uint32_t)in->window << c->snd_wscale,
		.has_fin = (in->flags & TCP_FIN) != 0,
		.now = now,
	};
	if (c->state == TCP_SYN_SENT) {
		rx_syn_sent(c, &a);
		return;
	}
	a.from = seq_widen(c->rcv_nxt, in->seq) + has_syn;
	rx_synchronized(c, &a);
}
