/* The timers of a connection: retransmission (with giving up), tail loss probe, reordering window,
 * persist, delayed ACK, and the two waits at the end.
 *
 * A timer only marks what is owed; tcp_tx sends it.  Giving up is a matter of time, not of a count
 * (RFC 9293 §3.8.3, R2): `progress_at` is when the peer last took something.  A peer that keeps its
 * window shut but answers is alive, for as long as BGP's own timers accept that (§3.8.6.1); once we
 * are closing there are no such timers any more, and only acknowledged bytes count.
 *
 * RFC 6298 §5, RFC 9293 §3.8.3, §3.8.6.1, §3.10.8.
 */
#include "dataplane/tcp/tcp_steps.h"

#define PERSIST_BACKOFF_MAX 9

void tcp_rto_restart(struct tcp *c, usec_t now)
{
	c->rto_at = tcp_flight(c) > 0 ? now + rtt_rto(&c->rtt) : USEC_NEVER;
}

void tcp_persist_update(struct tcp *c, usec_t now)
{
	if (c->snd_una != c->snd_max || !tcp_is_window_silly(c, c->snd_wnd)) {
		c->persist_at = USEC_NEVER;
		c->persist_backoff = 0;
		c->is_probe_due = false;
	} else if (c->persist_at == USEC_NEVER) {
		c->persist_at = now + rtt_rto(&c->rtt);
		c->persist_backoff = 0;
	}
}

static bool has_given_up(const struct tcp *c, usec_t now)
{
	switch (c->state) {
	case TCP_SYN_SENT:
		return now - c->progress_at >= TCP_CONNECT_US;
	case TCP_SYN_RECEIVED:
		return c->syn_tries >= TCP_SYN_TRIES_MAX;
	default:
		/* RFC 9293 §3.8.3: R1 is three retransmissions, whatever the round trip. */
		return now - c->progress_at >= TCP_GIVE_UP_US && c->rtt.backoff >= 3;
	}
}

/* Nothing came back: all that is in flight counts as lost, and is sent again as the window of one
 * segment grows. */
static void lose_all(struct tcp *c, usec_t now)
{
	if (c->timeouts++ == 0) {
		c->undo_ts = tcp_ts_now(c, now);
	}
	tcp_path_suspect(c, now);
	cc_timeout(&c->cc, c->snd_una, c->snd_max, c->timeouts == 1);
	if (c->has_sack) {
		tcp_recover_timeout(c);
	} else {
		c->snd_nxt = c->snd_una;
		c->is_resend_due = true;
		c->dups = 0;
	}
}

static void retransmit_expired(struct tcp *c, usec_t now)
{
	ASSERT(tcp_flight(c) > 0);
	if (has_given_up(c, now)) {
		tcp_end(c, TCP_REASON_TIMEOUT);
		return;
	}
	metric_add(&c->stats.timeouts, 1);
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED) {
		c->syn_tries++;
		c->snd_nxt = c->snd_iss;
	} else {
		lose_all(c, now);
	}
	c->mark = 0;
	rtt_backoff(&c->rtt);
	tcp_rto_restart(c, now);
	tcp_show(c);
}

static void persist_expired(struct tcp *c, usec_t now)
{
	if (c->persist_backoff == 0) {
		/* Data may have waited for less long than the window has been shut. */
		c->progress_at = now;
	} else if (now - c->progress_at >= TCP_GIVE_UP_US) {
		tcp_end(c, TCP_REASON_TIMEOUT);
		return;
	}
	if (c->persist_backoff < PERSIST_BACKOFF_MAX) {
		c->persist_backoff++;
	}
	c->is_probe_due = true;
	c->persist_at = now + min_u64(rtt_rto(&c->rtt) << c->persist_backoff, RTO_MAX_US);
}

void tcp_tick(struct tcp *c, usec_t now)
{
	if (c->delayed_ack_at <= now) {
		c->delayed_ack_at = USEC_NEVER;
		c->is_ack_due = true;
	}
	if (c->tail_at <= now) {
		/* RFC 8985 §7.3: the probe, and only then the timeout. */
		c->tail_at = USEC_NEVER;
		c->is_tail_due = true;
		tcp_rto_restart(c, now);
	}
	if (c->rto_at <= now) {
		retransmit_expired(c, now);
	}
	if (c->reorder_at <= now) {
		tcp_reorder_expired(c, now);
	}
	if (tcp_is_persisting(c) && c->persist_at <= now) {
		persist_expired(c, now);
	}
	if (c->linger_at <= now) {
		tcp_end(c, c->state == TCP_TIME_WAIT ? TCP_REASON_CLOSED : TCP_REASON_TIMEOUT);
	}
}

usec_t tcp_due(const struct tcp *c)
{
	usec_t due = min_u64(c->rto_at, c->delayed_ack_at);

	due = min_u64(due, min_u64(c->linger_at, min_u64(c->tail_at, c->reorder_at)));
	return tcp_is_persisting(c) ? min_u64(due, c->persist_at) : due;
}
