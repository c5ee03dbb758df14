/* Departing segments: one plan, made by looking only, then carried out.
 *
 * plan_next() decides what the next segment is; tcp_wants_tx() asks it, tcp_tx() does it, so the
 * two cannot differ.  The order: the end (RST), the handshake, what was lost, new data and FIN,
 * window probes, bare ACKs.  Data never waits for company (no Nagle): a route server pushes whole
 * messages, and has its own batching before us.
 *
 * RFC 9293 §3.8.6 (windows), §3.10.3 (send), RFC 7323 §3.2 (timestamps), RFC 5681 §4.1 (idle),
 * RFC 3042 (limited transmit).
 */
#include "dataplane/tcp/tcp_steps.h"

#define WINDOW_FIELD_MAX 65535
#define BULK_PIECES_MAX	 64 /* Segments of a super-segment, however small they are. */

enum out_kind {
	OUT_NONE,
	OUT_RESET,   /* tcp_abort */
	OUT_REFUSAL, /* RST for a wrong ACK in the handshake; the connection goes on. */
	OUT_SYN,
	OUT_RESEND, /* From `from`; len 0: a FIN alone. */
	OUT_DATA,   /* From snd_nxt; len 0: a FIN alone. */
	OUT_PROBE,
	OUT_ACK,
};

struct out_plan {
	enum out_kind kind;
	uint64_t from;
	uint64_t upto;	 /* What may be sent together with it ends here. */
	uint32_t len;	 /* Payload. */
	uint32_t cut;	 /* Of a super-segment; see struct seg. */
	bool is_limited; /* The congestion window holds data back. */
	bool is_raise;	 /* Larger than the path is known to take. */
	bool is_tail;	 /* Tail loss probe. */
};

/* SACK blocks that the next ACK carries. */
static unsigned block_count(const struct tcp *c)
{
	return (unsigned)min_u64(c->reasm.count + c->is_dsack_due, c->sack_max);
}

/* The payload of a full segment beside them. */
static uint32_t segment_room(const struct tcp *c)
{
	unsigned count = block_count(c);

	return count == 0 ? c->snd_mss : c->snd_mss - 4 - 8 * count;
}

uint64_t tcp_window_edge(const struct tcp *c)
{
	uint64_t free = c->rcv_max > c->rbuf.len ? c->rcv_max - c->rbuf.len : 0;
	uint64_t scaled = free >> c->rcv_wscale << c->rcv_wscale;
	uint64_t edge = c->rcv_nxt + scaled;

	/* RFC 9293 §3.8.6.2.2: the edge moves in steps worth a segment, and never back. */
	if (edge < c->rcv_adv + min_u64(c->rcv_mss, c->rcv_max / 2 + 1)) {
		return c->rcv_adv;
	}
	return edge;
}

/* The window field of a segment that is not a SYN.  With a scale the last few bytes of a window
 * cannot be said; what was offered is accepted all the same, because rcv_adv remembers it (RFC 7323
 * §2.4). */
static uint16_t offer_window(struct tcp *c)
{
	c->rcv_adv = tcp_window_edge(c);
	if (c->rcv_nxt >= c->rcv_adv) {
		return 0;
	}
	return (uint16_t)min_u64((c->rcv_adv - c->rcv_nxt) >> c->rcv_wscale, WINDOW_FIELD_MAX);
}

static bool can_send_data(const struct tcp *c)
{
	switch (c->state) {
	case TCP_ESTABLISHED:
	case TCP_CLOSE_WAIT:
	case TCP_FIN_WAIT_1:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
		return true;
	default:
		return false;
	}
}

/* How much of the `waiting` bytes the next segment may take into the peer's window. */
static uint64_t fit_window(const struct tcp *c, uint64_t waiting)
{
	uint64_t out = c->snd_nxt - c->snd_una;
	uint64_t usable = c->snd_wnd > out ? c->snd_wnd - out : 0;
	uint64_t len = min_u64(waiting, segment_room(c));

	if (len <= usable) {
		return len;
	}
	/* RFC 9293 §3.8.6.2.1; the probe timer is its override timeout. */
	bool is_override = c->is_probe_due && usable > 0;

	return tcp_is_window_silly(c, usable) && !is_override ? 0 : usable;
}

/* Whether a segment of the agreed size can try whether the path takes it by now. */
static bool can_raise(const struct tcp *c, uint64_t waiting, uint64_t cwnd)
{
	uint64_t full = tcp_path_full(c), out = c->snd_nxt - c->snd_una;

	return c->snd_nxt == c->snd_max && waiting >= full && out + full <= c->snd_wnd &&
	       tcp_pipe(c) + full <= cwnd && block_count(c) == 0 && !c->cc.is_recovering;
}

/* Data, or the FIN, at snd_nxt, as far as both windows allow; a tail loss probe may exceed one. */
static struct out_plan plan_data(const struct tcp *c, bool is_tail)
{
	struct out_plan none = {.kind = OUT_NONE};
	uint64_t end = tcp_data_end(c);

	if (c->snd_nxt >= end) {
		/* A FIN needs no window: it takes no buffer. */
		bool has_fin = c->is_closing && c->snd_nxt == end;

		return has_fin ? (struct out_plan){.kind = OUT_DATA} : none;
	}
	uint64_t len = fit_window(c, end - c->snd_nxt);
	uint64_t cwnd = cc_window(&c->cc, c->snd_una, c->has_sack ? 0 : c->dups);

	if (len == 0) {
		return none;
	}
	if (tcp_pipe(c) + len > cwnd && !is_tail) {
		none.is_limited = true;
		return none;
	}
	struct out_plan plan = {
		.kind = OUT_DATA, .from = c->snd_nxt, .upto = end, .len = (uint32_t)len};

	if (c->is_raise_due && can_raise(c, end - c->snd_nxt, cwnd)) {
		plan.len = tcp_path_full(c);
		plan.is_raise = true;
	}
	return plan;
}

/* [from, to) once more, as much as a segment takes. */
static struct out_plan resend(const struct tcp *c, uint64_t from, uint64_t to)
{
	uint64_t end = min_u64(to, tcp_data_end(c));
	uint64_t len = end > from ? end - from : 0;

	ASSERT(from < to);
	return (struct out_plan){.kind = OUT_RESEND,
				 .from = from,
				 .upto = end,
				 .len = (uint32_t)min_u64(len, segment_room(c))};
}

/* What the scoreboard has lost comes before new data (RFC 6675 §5). */
static struct out_plan plan_bytes(const struct tcp *c)
{
	uint64_t from, to;

	if (!c->has_sack || !sack_first_lost(&c->sack, &from, &to)) {
		return plan_data(c, false);
	}
	struct out_plan plan = resend(c, from, to);

	if (sack_pipe(&c->sack) + plan.len > c->cc.cwnd) {
		return (struct out_plan){.kind = OUT_NONE, .is_limited = true};
	}
	return plan;
}

/* RFC 8985 §7.3: new data if there is any and the peer takes it, else the last segment. */
static struct out_plan plan_tail(const struct tcp *c)
{
	struct out_plan plan = plan_data(c, true);

	ASSERT(tcp_flight(c) > 0);
	if (plan.kind == OUT_NONE) {
		uint64_t room = segment_room(c);
		uint64_t from = tcp_flight(c) > room ? c->snd_max - room : c->snd_una;

		plan = resend(c, from, c->snd_max);
	}
	plan.is_tail = true;
	return plan;
}

bool tcp_is_cwnd_limited(const struct tcp *c)
{
	return can_send_data(c) && plan_bytes(c).is_limited;
}

static struct out_plan plan_next(const struct tcp *c)
{
	struct out_plan plan = {.kind = OUT_NONE};

	if (c->state == TCP_CLOSED) {
		return plan;
	}
	if (c->is_aborting) {
		return (struct out_plan){.kind = OUT_RESET};
	}
	if (c->is_refusal_due) {
		return (struct out_plan){.kind = OUT_REFUSAL};
	}
	if (c->snd_nxt == c->snd_iss) {
		return (struct out_plan){.kind = OUT_SYN};
	}
	if (c->state == TCP_SYN_SENT) {
		return plan;
	}
	if (can_send_data(c)) {
		if (c->is_resend_due) {
			return resend(c, c->snd_una, c->snd_max);
		}
		plan = c->is_tail_due ? plan_tail(c) : plan_bytes(c);
		if (plan.kind != OUT_NONE) {
			return plan;
		}
	}
	if (c->is_probe_due) {
		plan.kind = OUT_PROBE;
	} else if (c->is_ack_due || c->dups_owed > 0) {
		plan.kind = OUT_ACK;
	}
	return plan;
}

/* Payload that the windows let go at once, of which the plan is the first segment. */
static uint64_t bulk_room(const struct tcp *c, const struct out_plan *plan)
{
	uint64_t pipe = tcp_pipe(c), cwnd = c->cc.cwnd, len = plan->upto - plan->from;

	if (plan->kind == OUT_DATA) {
		cwnd = cc_window(&c->cc, c->snd_una, c->has_sack ? 0 : c->dups);
		len = min_u64(len, c->snd_una + c->snd_wnd - plan->from);
		if (plan->from < c->snd_max) { /* Old and new are measured differently. */
			len = min_u64(len, c->snd_max - plan->from);
		}
	}
	len = min_u64(len, cwnd - pipe);
	return min_u64(len, min_u64(c->bulk_max, BULK_PIECES_MAX * (uint64_t)plan->len));
}

/* A full segment takes along what may follow it, as a super-segment.  What tries something out, or
 * tells something that the pieces would repeat, goes alone; so does the FIN with what it ends. */
static void widen(const struct tcp *c, struct out_plan *plan)
{
	bool is_data = plan->kind == OUT_DATA || plan->kind == OUT_RESEND;
	bool is_alone = plan->is_raise || plan->is_tail || c->is_resend_due || c->is_probe_due ||
			block_count(c) > 0 || c->conf.auth != SEG_AUTH_NONE;

	if (c->bulk_max == 0 || !is_data || is_alone || plan->len < c->snd_mss) {
		return;
	}
	ASSERT(plan->len == c->snd_mss && plan->upto <= tcp_data_end(c));
	uint64_t whole = plan->upto - plan->from, len = bulk_room(c, plan);
	bool has_fin = c->is_closing && plan->upto == tcp_data_end(c);
	unsigned count;

	if (len > plan->len) {
		len = sendq_spans(&c->sendq, plan->from - c->snd_base, len, NULL, c->bulk_spans,
				  &count);
	}
	if (len < whole) {
		len -= len % plan->len;
	} else if (has_fin) {
		len = (len - 1) / plan->len * plan->len;
	}
	if (len > plan->len) {
		plan->cut = plan->len;
		plan->len = (uint32_t)len;
	}
}

/* RFC 2018 §4: the range that the last segment went to first, then others, newest first; before
 * them what came twice (RFC 2883 §4). */
static void put_blocks(struct tcp *c, struct seg *s)
{
	struct reasm_range recent[SEG_SACK_MAX];

	if (c->is_dsack_due) {
		s->sack[s->sack_count++] = c->dsack;
		c->is_dsack_due = false;
	}
	unsigned count = reasm_recent(&c->reasm, recent, c->sack_max - s->sack_count);

	for (unsigned i = 0; i < count; i++) {
		s->sack[s->sack_count++] = (struct sack_block){.from = (seq_t)recent[i].from,
							       .to = (seq_t)recent[i].to};
	}
}

/* Everything of a segment but its payload. */
static void make(struct tcp *c, uint64_t position, uint8_t flags, struct seg *s, usec_t now)
{
	seg_clear(s);
	s->seq = (seq_t)position;
	s->flags = flags;
	s->auth = c->conf.auth;
	s->mac_len = c->conf.mac_len;
	if (c->has_ts) {
		s->has_ts = true;
		s->ts_val = tcp_ts_now(c, now);
		s->ts_ecr = c->ts_recent;
	}
	if ((flags & TCP_SYN) != 0) {
		s->window = (uint16_t)min_u64(c->rcv_max, WINDOW_FIELD_MAX); /* Never scaled. */
	} else {
		s->window = offer_window(c);
	}
	if ((flags & TCP_ACK) != 0) {
		if (block_count(c) > 0 && (flags & TCP_SYN) == 0) {
			put_blocks(c, s);
		}
		s->ack = (seq_t)c->rcv_nxt;
		c->rcv_ack_sent = c->rcv_nxt;
		c->is_ack_due = false;
		c->delayed_ack_at = USEC_NEVER;
	}
}

/* Account for [from, to) having left: marks, timer, round-trip measurement of its first `piece`. */
static void note_sent(struct tcp *c, uint64_t from, uint64_t to, uint64_t piece, usec_t now)
{
	bool is_again = from < c->snd_max;

	ASSERT(from < to);
	if (c->snd_una == c->snd_max) {
		c->progress_at = now; /* The first in flight: patience begins here. */
	}
	c->is_mark_clean = c->is_mark_clean && !is_again;
	if (c->has_sack && from >= c->snd_base) {
		sack_sent(&c->sack, from, to, now);
		cc_sent(&c->cc, to - from);
	}
	c->snd_nxt = max_u64(c->snd_nxt, to);
	c->snd_max = max_u64(c->snd_max, to);
	/* One measurement per round trip; a segment sent twice serves only with timestamps, which a
	 * SYN always offers. */
	if (c->mark == 0 && (!is_again || c->has_ts || c->state == TCP_SYN_SENT)) {
		c->mark = from + piece;
		c->mark_at = now;
		c->is_mark_clean = !is_again;
	}
	c->sent_at = now;
	if (c->rto_at == USEC_NEVER) {
		tcp_rto_restart(c, now); /* RFC 6298 §5.1 */
	}
	if (c->has_sack) {
		tcp_tail_restart(c, now);
	}
}

static void send_syn(struct tcp *c, struct seg *out, usec_t now)
{
	uint8_t flags = c->state == TCP_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK;

	make(c, c->snd_iss, flags, out, now);
	out->mss = c->conf.mss;
	/* RFC 7323 §1.3: an answer carries only the options that the peer offered. */
	out->wscale = c->state == TCP_SYN_SENT || c->has_wscale ? c->rcv_wscale : WSCALE_NONE;
	out->has_sack_permitted = c->has_sack;
	if (c->state == TCP_SYN_SENT) {
		out->has_ts = true;
		out->ts_val = tcp_ts_now(c, now);
		out->has_sack_permitted = !c->conf.has_no_sack;
	}
	metric_add(&c->stats.retransmits, c->snd_max > c->snd_iss);
	note_sent(c, c->snd_iss, c->snd_iss + 1, 1, now);
}

/* Our FIN leaves for the first time. */
static void enter_closing(struct tcp *c)
{
	if (c->state == TCP_ESTABLISHED) {
		c->state = TCP_FIN_WAIT_1;
	} else if (c->state == TCP_CLOSE_WAIT) {
		c->state = TCP_LAST_ACK;
	}
}

/* The plan's bytes from `from`, and the FIN when it is next. */
static void send_bytes(struct tcp *c, uint64_t from, const struct out_plan *plan, struct seg *out,
		       usec_t now)
{
	uint32_t len = plan->len;
	uint64_t end = from + len;
	bool is_again = from < c->snd_max;
	uint8_t flags = TCP_ACK;

	if (end == tcp_data_end(c)) {
		flags |= len > 0 ? TCP_PSH : 0;
		if (c->is_closing) {
			flags |= TCP_FIN;
			end++;
		}
	}
	if (from + len > c->snd_max) { /* What is sent again may have been cut otherwise. */
		metric_add(&c->stats.bytes_out, from + len - max_u64(from, c->snd_max));
	}
	make(c, from, flags, out, now);
	out->payload = span_of(NULL, len);
	out->cut = (uint16_t)plan->cut;
	if (is_again) {
		metric_add(&c->stats.retransmits, seg_pieces(out));
	}
	note_sent(c, from, end, plan->cut == 0 ? end - from : plan->cut, now);
	if ((flags & TCP_FIN) != 0) {
		enter_closing(c);
	}
}

static void send_data(struct tcp *c, const struct out_plan *plan, struct seg *out, usec_t now)
{
	c->is_probe_due = false;
	send_bytes(c, c->snd_nxt, plan, out, now);
}

/* An old sequence number and no payload: by RFC 9293 §3.10.7.4 the peer must answer with its
 * current window.
 * Deviates: §3.8.6.1 asks for an octet of new data; that would lie in flight behind a shut window.
 * Linux probes the same way. */
static void send_probe(struct tcp *c, struct seg *out, usec_t now)
{
	c->is_probe_due = false;
	make(c, c->snd_una - 1, TCP_ACK, out, now);
}

/* Before the probe leaves; its end is that of what is then in flight. */
static void begin_tail(struct tcp *c, struct out_plan plan)
{
	metric_add(&c->stats.probes_out, 1);
	c->is_tail_due = false;
	c->is_tail_again = plan.kind == OUT_RESEND;
	c->tail_end = c->is_tail_again ? c->snd_max : c->snd_nxt + plan.len;
}

static void carry_out(struct tcp *c, struct out_plan plan, struct seg *out, usec_t now)
{
	switch (plan.kind) {
	case OUT_RESET:
		make(c, c->snd_max, TCP_RST | TCP_ACK, out, now);
		tcp_end(c, TCP_REASON_ABORTED);
		break;
	case OUT_REFUSAL:
		*out = (struct seg){.seq = c->refusal_seq,
				    .flags = TCP_RST,
				    .wscale = WSCALE_NONE,
				    .auth = c->conf.auth,
				    .mac_len = c->conf.mac_len};
		c->is_refusal_due = false;
		break;
	case OUT_SYN:
		send_syn(c, out, now);
		break;
	case OUT_RESEND:
		c->is_resend_due = false;
		send_bytes(c, plan.from, &plan, out, now);
		break;
	case OUT_DATA:
		if (plan.is_raise) {
			c->is_raise_due = false;
			c->raise_from = c->snd_nxt;
			c->raise_to = c->snd_nxt + plan.len;
		}
		send_data(c, &plan, out, now);
		break;
	case OUT_PROBE:
		send_probe(c, out, now);
		break;
	default:
		ASSERT(plan.kind == OUT_ACK);
		if (c->dups_owed > 0) {
			c->dups_owed--;
		}
		make(c, c->snd_max, TCP_ACK, out, now);
	}
}

/* RFC 5681 §4.1: what was learned of the path is old. */
static void wake(struct tcp *c, usec_t now)
{
	if (tcp_flight(c) == 0 && now - c->sent_at > rtt_rto(&c->rtt)) {
		cc_idle(&c->cc);
		tcp_show(c);
	}
}

bool tcp_tx(struct tcp *c, struct seg *out, usec_t now)
{
	struct out_plan plan = plan_next(c);

	if (plan.is_limited) {
		c->limited_upto = c->snd_max;
	}
	if (plan.kind == OUT_NONE) {
		return false;
	}
	if (plan.is_tail) {
		begin_tail(c, plan);
	}
	if (plan.kind == OUT_DATA) {
		wake(c, now);
	}
	widen(c, &plan);
	carry_out(c, plan, out, now);
	metric_add(&c->stats.segs_out, seg_pieces(out));
	return true;
}

/* All is sent, nothing is lost, nothing is owed: what is asked after nearly every segment. */
static bool is_at_rest(const struct tcp *c)
{
	bool is_owed = c->is_closing | c->is_aborting | c->is_resend_due | c->is_tail_due |
		       c->is_probe_due | c->is_ack_due | c->is_refusal_due;

	return c->state == TCP_ESTABLISHED && c->has_sack && c->snd_nxt == tcp_data_end(c) &&
	       c->sack.lost == 0 && c->dups_owed == 0 && !is_owed;
}

void tcp_check_out(const struct tcp *c)
{
	ASSERT(!is_at_rest(c) || plan_next(c).kind == OUT_NONE);
}

bool tcp_wants_tx(const struct tcp *c, usec_t now)
{
	(void)now; /* Only tcp_tick turns time into something to send. */
	return !is_at_rest(c) && plan_next(c).kind != OUT_NONE;
}

uint64_t tcp_payload(struct tcp *c, const struct seg *s, uint8_t *to)
{
	if (s->payload.len == 0) {
		return 0;
	}
	uint64_t position = seq_widen(c->snd_una, s->seq);

	ASSERT(position >= c->snd_una);
	ASSERT(position + s->payload.len <= c->snd_max);
	return sendq_read(&c->sendq, position - c->snd_base, to, s->payload.len);
}

void tcp_set_bulk(struct tcp *c, uint32_t bytes, uint16_t spans)
{
	ASSERT(bytes == 0 || spans > 0);
	c->bulk_max = bytes;
	c->bulk_spans = spans;
}

unsigned tcp_spans(const struct tcp *c, const struct seg *s, struct span *out, unsigned max)
{
	uint64_t position = seq_widen(c->snd_una, s->seq);
	unsigned count;

	ASSERT(position >= c->snd_una && position + s->payload.len <= c->snd_max);
	size_t len =
		sendq_spans(&c->sendq, position - c->snd_base, s->payload.len, out, max, &count);
	ASSERT(len == s->payload.len);
	return count;
}

bool tcp_reset_for(const struct seg *in, struct seg *out)
{
	if ((in->flags & TCP_RST) != 0) {
		return false;
	}
	*out = (struct seg){.flags = TCP_RST, .wscale = WSCALE_NONE};
	if ((in->flags & TCP_ACK) != 0) {
		out->seq = in->ack;
		return true;
	}
	out->flags |= TCP_ACK;
	out->ack = in->seq + (seq_t)in->payload.len + ((in->flags & TCP_SYN) != 0) +
		   ((in->flags & TCP_FIN) != 0);
	return true;
}
