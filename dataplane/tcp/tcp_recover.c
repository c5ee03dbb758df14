/* Loss and its repair with SACK: RACK-TLP (RFC 8985) on the scoreboard.
 *
 * Each ACK tells what has arrived.  What left earlier and has not, is lost once the reordering
 * window is over; it is marked, and tcp_out.c sends marked bytes before new ones, as the
 * congestion window allows.  The first loss of a flight reduces the window (once), which then
 * follows what is delivered (RFC 9937).  A flight without an answer is probed after two round
 * trips with its last segment, so that the ACK of the probe tells what was lost before it and the
 * retransmission timer is left for when nothing comes back at all.
 *
 * RFC 6675's rule (three segments' worth held above a gap) is RACK's with a window of zero, which
 * it has until reordering was seen; but by times a retransmission that is lost itself, and the end
 * of a flight, are found without a timeout.
 */
#include "dataplane/tcp/tcp_steps.h"

/* A single segment may be acknowledged late: RFC 8985 §7.2 adds the longest delay known. */
#define TAIL_ACK_DELAY_US (200 * USEC_PER_MSEC)
#define TAIL_MIN_US	  (2 * USEC_PER_MSEC) /* Below this two ticks of clocks meet. */

/* Of what was sent more than once, what may this ACK answer?  Not what left later than the echoed
 * clock says (RFC 8985 §6.2 step 2). */
static usec_t resent_upto(const struct tcp *c, const struct arrival *a)
{
	usec_t upto = rack_resent_upto(&c->rack, a->now);

	if (c->has_ts && a->seg->has_ts) {
		int32_t age = seq_diff(tcp_ts_now(c, a->now), a->seg->ts_ecr);
		usec_t tick = a->now / USEC_PER_MSEC;

		if (age >= 0 && (usec_t)age <= tick) {
			upto = min_u64(upto, (tick - (usec_t)age + 1) * USEC_PER_MSEC - 1);
		}
	}
	return upto;
}

struct held {
	uint64_t from, to;
};

static struct held widen(const struct tcp *c, const struct sack_block *block)
{
	return (struct held){.from = seq_widen(c->snd_una, block->from),
			     .to = seq_widen(c->snd_una, block->to)};
}

/* RFC 2883 §4: the first block tells of a duplicate when it lies below the ACK (at most a window,
 * else it is absurd) or within the second. */
static bool is_dsack(const struct tcp *c, const struct seg *seg)
{
	struct held first = widen(c, &seg->sack[0]), second = widen(c, &seg->sack[1]);

	if (first.from >= first.to) {
		return false;
	}
	if (first.to <= c->snd_una) {
		return first.from + c->snd_wnd_max >= c->snd_una && first.from >= c->snd_base;
	}
	return seg->sack_count > 1 && first.from >= second.from && first.to <= second.to;
}

/* Note the blocks.  True: one of them tells of a duplicate. */
static bool take_blocks(struct tcp *c, const struct seg *seg, struct sack_news *news)
{
	bool has_dsack = seg->sack_count > 0 && is_dsack(c, seg);

	for (unsigned i = has_dsack; i < seg->sack_count; i++) {
		struct held block = widen(c, &seg->sack[i]);

		if (block.from < c->snd_una || block.from >= block.to || block.to > c->snd_max) {
			tcp_drop(c, TCP_DROP_SACK_OUTSIDE);
		} else if (!sack_hold(&c->sack, block.from, block.to, news)) {
			tcp_drop(c, TCP_DROP_SACK_FULL);
		}
	}
	if (has_dsack) {
		metric_add(&c->stats.dsacks_in, 1);
		rack_dsack(&c->rack, c->snd_una, c->snd_max);
	}
	return has_dsack;
}

/* RFC 2018 §8: what was held would be acknowledged now, if it were still there. */
static void notice_reneging(struct tcp *c)
{
	if (c->sack.held > 0 && sack_at(&c->sack, c->snd_una) == SACK_HELD) {
		tcp_drop(c, TCP_DROP_SACK_RENEGED);
		sack_forget(&c->sack);
	}
}

/* Nothing has been lost or overtaken, and nothing is being repaired. */
static bool is_quiet(const struct tcp *c)
{
	return c->sack.held == 0 && !c->cc.is_recovering && c->snd_una >= c->cc.recover;
}

/* Mark what is late.  True: something new is lost. */
static bool find_losses(struct tcp *c, usec_t now)
{
	c->reorder_at = USEC_NEVER;
	if (is_quiet(c)) {
		return false;
	}
	/* RFC 8985 §6.2 step 4: what RFC 6675 would call lost waits for nothing. */
	bool is_sure = c->cc.is_recovering || c->snd_una < c->cc.recover ||
		       c->sack.held > (CC_DUP_THRESHOLD - 1) * (uint64_t)c->snd_mss;
	usec_t wait = c->rack.rtt_us + rack_window(&c->rack, c->rtt.srtt_us, is_sure);
	uint64_t lost = c->sack.lost;
	usec_t rest =
		sack_lose_before(&c->sack, c->rack.sent_at, c->rack.end, now - min_u64(now, wait));

	if (rest != 0) {
		c->reorder_at = rest + wait;
	}
	return c->sack.lost > lost;
}

/* Only the attempt at a larger segment is lost: that says nothing about congestion (RFC 4821
 * §7.5). */
static bool is_attempt_alone(struct tcp *c, usec_t now)
{
	uint64_t from = max_u64(c->raise_from, c->snd_una);

	if (c->raise_to == 0 || sack_at(&c->sack, from) != SACK_LOST) {
		return false;
	}
	bool is_alone = c->sack.lost == c->raise_to - from;

	tcp_path_failed(c, now);
	return is_alone;
}

/* Something is lost; `arrived` came with the ACK that told. */
static void reduce(struct tcp *c, uint64_t arrived, usec_t now)
{
	if (is_attempt_alone(c, now)) {
		return;
	}
	uint64_t flight = sack_pipe(&c->sack) + c->sack.lost + arrived;

	if (cc_loss(&c->cc, c->snd_una, c->snd_max, flight)) {
		metric_add(&c->stats.fast_retransmits, 1);
		c->undo_ts = tcp_ts_now(c, now);
		c->tail_end = 0;
		cc_delivered(&c->cc, arrived, sack_pipe(&c->sack), false);
	}
}

/* RFC 8985 §7.4.2: whether the tail loss probe has repaired a loss, which then counts as one. */
static void settle_tail(struct tcp *c, const struct arrival *a, uint64_t acked, bool has_dsack)
{
	if (c->tail_end == 0 || c->snd_una < c->tail_end) {
		return;
	}
	if (!c->is_tail_again || has_dsack) {
		c->tail_end = 0;
	} else if (c->snd_una > c->tail_end) {
		c->tail_end = 0;
		if (cc_loss(&c->cc, c->snd_una, c->snd_max, tcp_flight(c) + acked)) {
			cc_recovered(&c->cc);
			c->cc.can_undo = false;
		}
	} else if (acked == 0 && a->bytes.len == 0 && a->seg->sack_count == 0) {
		c->tail_end = 0; /* A duplicate: both have arrived. */
	}
}

void tcp_recover(struct tcp *c, const struct arrival *a, uint64_t acked, bool is_limited)
{
	struct sack_news news = {.resent_upto = resent_upto(c, a)};

	sack_ack(&c->sack, c->snd_una, &news);
	bool has_dsack = take_blocks(c, a->seg, &news);

	rack_note(&c->rack, &news, a->now);
	if (c->rtt.backoff > 0 && news.newest_end != 0 && !news.is_newest_again) {
		rtt_sample(&c->rtt, a->now - news.newest_at); /* Not ambiguous: RFC 6298 §5.7. */
	}
	notice_reneging(c);
	if (acked > 0) {
		c->is_tail_due = false;
	}
	settle_tail(c, a, acked, has_dsack);
	bool has_loss = find_losses(c, a->now);

	if (c->cc.is_recovering && c->snd_una >= c->cc.recover) {
		cc_recovered(&c->cc);
		rack_recovered(&c->rack);
	}
	if (c->cc.is_recovering) {
		cc_delivered(&c->cc, news.bytes, sack_pipe(&c->sack), acked > 0 && !has_loss);
	} else if (acked > 0) {
		cc_ack(&c->cc, &(struct cc_ack){.una = c->snd_una,
						.acked = acked,
						.flight = tcp_flight(c),
						.now = a->now,
						.rtt_us = c->rtt.srtt_us,
						.is_limited = is_limited});
	}
	if (has_loss) {
		reduce(c, news.bytes, a->now);
	}
	if (acked > 0 || c->sack.held > 0) {
		tcp_tail_restart(c, a->now);
	}
}

void tcp_reorder_expired(struct tcp *c, usec_t now)
{
	if (find_losses(c, now)) {
		reduce(c, 0, now);
		tcp_tail_restart(c, now);
		tcp_show(c);
	}
}

void tcp_recover_timeout(struct tcp *c)
{
	notice_reneging(c);
	sack_lose_all(&c->sack, c->snd_una);
	c->reorder_at = c->tail_at = USEC_NEVER;
	c->tail_end = 0;
	c->is_tail_due = false;
}

/* RFC 8985 §7.2. */
void tcp_tail_restart(struct tcp *c, usec_t now)
{
	c->tail_at = USEC_NEVER;
	if (!is_quiet(c) || c->sack.lost > 0 || c->tail_end != 0 || tcp_flight(c) == 0 ||
	    !c->rtt.has_sample) {
		return;
	}
	usec_t wait = max_u64(2 * (usec_t)c->rtt.srtt_us, TAIL_MIN_US);

	if (tcp_flight(c) <= c->snd_mss) {
		wait += TAIL_ACK_DELAY_US;
	}
	c->tail_at = min_u64(now + wait, c->rto_at);
}
