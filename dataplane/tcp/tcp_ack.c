/* What an arriving ACK does to the sender's side: the handshake's end, bytes that need not be kept
 * any longer, round-trip samples, the congestion and the peer's window, and the states that our
 * own FIN passes.  Loss with SACK is in tcp_recover.c; without it, NewReno's duplicates are counted
 * here.
 *
 * RFC 9293 §3.10.7.4 (fifth check), RFC 5961 §5, RFC 6298, RFC 7323 §4, RFC 5681 §3.2, RFC 6582,
 * RFC 3522 (Eifel).
 */
#include "dataplane/tcp/tcp_steps.h"

void tcp_refuse(struct tcp *c, seq_t seq)
{
	tcp_drop(c, TCP_DROP_HANDSHAKE_ACK);
	c->is_refusal_due = true;
	c->refusal_seq = seq;
}

/* The ACK covers the measured segment: one sample.  Our own clock is finer; where a retransmission
 * makes it ambiguous, the echoed timestamp tells which one was answered (RFC 7323 §4).  An echo
 * older than the last transmission says that an earlier ACK was lost: no sample then (Karn), else
 * each such loss would feed a whole timeout back into the next one.  But when it came just one
 * round trip after that transmission, the estimate holds and back-off has done its work. */
static void measure(struct tcp *c, const struct arrival *a, bool is_prompt)
{
	if (c->mark == 0 || a->ack < c->mark) {
		return;
	}
	usec_t round = a->now - c->mark_at;

	c->mark = 0;
	if (c->is_mark_clean) {
		rtt_sample(&c->rtt, round);
		rtt_min_sample(&c->rtt_min, round, is_prompt, a->now);
	} else if (!a->seg->has_ts) {
		return;
	} else if (seq_is_before(a->seg->ts_ecr, tcp_ts_now(c, c->mark_at))) {
		rtt_confirm(&c->rtt, round);
	} else {
		int32_t ticks = seq_diff(tcp_ts_now(c, a->now), a->seg->ts_ecr);

		if (ticks >= 0) {
			rtt_sample(&c->rtt, max_u64((uint32_t)ticks, 1) * USEC_PER_MSEC);
		}
	}
}

/* The handshake is complete. */
void tcp_establish(struct tcp *c, const struct arrival *a)
{
	ASSERT(a->ack == c->snd_base);
	c->state = TCP_ESTABLISHED;
	c->snd_una = c->snd_base;
	c->snd_nxt = max_u64(c->snd_nxt, c->snd_una);
	c->progress_at = a->now;
	measure(c, a, true);
	if (c->syn_tries > 0) {
		rtt_distrust(&c->rtt);
	}
	cc_init(&c->cc, c->conf.cc, c->snd_mss, c->snd_iss, c->syn_tries > 0);
	tcp_rto_restart(c, a->now);
	tcp_show(c);
}

/* RFC 9293 §3.10.7.4, fifth check in SYN-RECEIVED. */
static bool rx_handshake_ack(struct tcp *c, const struct arrival *a)
{
	if (a->ack != c->snd_base || c->snd_max != c->snd_base) {
		tcp_refuse(c, a->seg->ack);
		return false;
	}
	tcp_establish(c, a);
	c->snd_wnd = a->window;
	c->snd_wnd_max = (uint32_t)max_u64(c->snd_wnd_max, a->window);
	c->snd_wl1 = a->from;
	c->snd_wl2 = a->ack;
	return true;
}

/* The first ACK after a reduction proves it (RFC 3522 §3.2): if it echoes a clock from before the
 * retransmission, it answers the original, and nothing was lost. */
static void judge_reduction(struct tcp *c, const struct arrival *a)
{
	bool is_spurious = c->has_ts && a->seg->has_ts && seq_is_before(a->seg->ts_ecr, c->undo_ts);

	if (!c->cc.can_undo || !is_spurious) {
		c->cc.can_undo = false;
		return;
	}
	metric_add(&c->stats.spurious, 1);
	cc_undo(&c->cc);
	if (c->has_sack) {
		sack_unlose(&c->sack);
		rack_overtaken(&c->rack);
	} else {
		c->snd_nxt = c->snd_max;
	}
}

/* NewReno: a partial ACK shows the next hole. */
static void ack_without_sack(struct tcp *c, const struct arrival *a, uint64_t acked,
			     bool is_limited)
{
	enum cc_action action = cc_ack(&c->cc, &(struct cc_ack){.una = a->ack,
								.acked = acked,
								.flight = tcp_flight(c),
								.now = a->now,
								.rtt_us = c->rtt.srtt_us,
								.is_limited = is_limited});

	c->is_resend_due = action != CC_NONE && tcp_flight(c) > 0;
	if (action != CC_RESEND) {
		tcp_rto_restart(c, a->now); /* RFC 6298 §5.2, §5.3; RFC 6582 §3.2 step 3. */
	}
}

/* New data is acknowledged. */
static void ack_advances(struct tcp *c, const struct arrival *a)
{
	uint64_t acked = a->ack - c->snd_una;

	if (tcp_is_cwnd_limited(c)) {
		c->limited_upto = c->snd_max;
	}
	bool is_limited = c->snd_una < c->limited_upto;

	c->snd_una = a->ack;
	c->snd_nxt = max_u64(c->snd_nxt, a->ack);
	c->is_resend_due = false;
	c->dups = 0;
	c->timeouts = 0;
	c->progress_at = a->now;
	c->persist_at = USEC_NEVER;
	/* RFC 5681 §4.2: every second full segment is acknowledged at once. */
	measure(c, a, acked >= 2 * (uint64_t)c->snd_mss);
	sendq_ack(&c->sendq, min_u64(a->ack, tcp_data_end(c)) - c->snd_base);
	judge_reduction(c, a);
	if (c->mss_path != c->mss_agreed) {
		tcp_path_ack(c, a->now);
	}
	if (c->has_sack) {
		tcp_rto_restart(c, a->now); /* RFC 6298 §5.2, §5.3. */
		tcp_recover(c, a, acked, is_limited);
	} else {
		ack_without_sack(c, a, acked, is_limited);
	}
	tcp_show(c);
}

/* RFC 5681 §2's definition.  Answers to window probes are none: nothing may be sent then. */
static void ack_repeats(struct tcp *c, const struct arrival *a)
{
	bool is_duplicate = tcp_flight(c) > 0 && a->bytes.len == 0 && !a->has_fin &&
			    a->window == c->snd_wnd && c->snd_wnd != 0;

	if (is_duplicate) {
		metric_add(&c->stats.dup_acks_in, 1);
	}
	if (c->has_sack) {
		tcp_recover(c, a, 0, false);
	} else if (is_duplicate) {
		c->dups++;
		if (cc_dup_ack(&c->cc, c->snd_una, c->snd_max, c->dups)) {
			metric_add(&c->stats.fast_retransmits, 1);
			c->undo_ts = tcp_ts_now(c, a->now);
			c->is_resend_due = true;
			tcp_path_failed(c, a->now);
		}
	}
	tcp_show(c);
}

/* RFC 9293 §3.10.7.4: only a segment newer than the last one that set the window.
 * Deviates: an ACK that advances is the newest by itself, though it may ride on a retransmission,
 * whose number is old; its window kept out, the edge would move on with the ACK alone. */
static void update_window(struct tcp *c, const struct arrival *a, bool has_advanced)
{
	if (!has_advanced &&
	    (a->from < c->snd_wl1 || (a->from == c->snd_wl1 && a->ack < c->snd_wl2))) {
		return;
	}
	if (a->window == 0 && c->snd_wnd != 0) {
		metric_add(&c->stats.zero_windows, 1);
	}
	c->snd_wnd = a->window;
	c->snd_wnd_max = (uint32_t)max_u64(c->snd_wnd_max, a->window);
	c->snd_wl1 = a->from;
	c->snd_wl2 = a->ack;
}

/* Our FIN is acknowledged. */
static void fin_acked(struct tcp *c, usec_t now)
{
	switch (c->state) {
	case TCP_FIN_WAIT_1:
		c->state = TCP_FIN_WAIT_2;
		c->linger_at = now + TCP_FIN_WAIT_2_US;
		break;
	case TCP_CLOSING:
		tcp_time_wait(c, now);
		break;
	case TCP_LAST_ACK:
		tcp_end(c, TCP_REASON_CLOSED);
		break;
	default:
		break;
	}
}

/* RFC 7323 §4.3 (2): only a segment at the left edge may move TS.Recent, so that a delayed ACK
 * echoes the oldest segment that it covers. */
static void keep_timestamp(struct tcp *c, const struct arrival *a)
{
	if (c->has_ts && a->seg->has_ts && a->from <= c->rcv_ack_sent) {
		c->ts_recent = a->seg->ts_val;
		c->ts_recent_at = a->now;
	}
}

/* Fifth check.  False: drop the rest. */
bool tcp_rx_ack(struct tcp *c, const struct arrival *a)
{
	if (c->state == TCP_SYN_RECEIVED && !rx_handshake_ack(c, a)) {
		return false;
	}
	if (a->ack > c->snd_max) {
		tcp_drop(c, TCP_DROP_ACK_BEYOND);
		tcp_challenge(c, a->now);
		return false;
	}
	if (a->ack + c->snd_wnd_max < c->snd_una) { /* RFC 5961 §5.2. */
		tcp_drop(c, TCP_DROP_ACK_OLD);
		tcp_challenge(c, a->now);
		return false;
	}
	/* Not before: what RFC 5961 refuses must not shut out the peer by its timestamp. */
	keep_timestamp(c, a);
	if (a->seg->sack_count > 0 && !c->has_sack) {
		tcp_drop(c, TCP_DROP_SACK_UNASKED);
	}
	bool has_advanced = a->ack > c->snd_una;

	if (has_advanced) {
		ack_advances(c, a);
	} else if (a->ack == c->snd_una) {
		ack_repeats(c, a);
	}
	if (a->ack == c->snd_una) {
		update_window(c, a, has_advanced);
		if (c->snd_wnd == 0 && !c->is_closing) {
			c->progress_at = a->now; /* Shut, but alive. */
		}
		tcp_persist_update(c, a->now);
	}
	if (tcp_has_sent_fin(c) && c->snd_una == c->snd_max) {
		fin_acked(c, a->now);
	}
	return c->state != TCP_CLOSED;
}
