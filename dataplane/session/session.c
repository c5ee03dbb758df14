/* The session: a table-driven machine around one connection.
 *
 * Every input (an operator's wish, the transport, a timer, a message; the latter in session_in.c)
 * becomes one event of fsm.c's table.  session_event() does what the cell says, in the order of
 * enum fsm_action.  Messages to send gather in a small buffer that the caller empties; it holds all
 * that can ever wait, because a KEEPALIVE or a ROUTE-REFRESH that still waits is not queued again.
 *
 * Ending takes two steps.  The event leads to Idle at once and session_take_down() reports a loss;
 * the connection lives on under the wish CLOSE (or ABORT) until session_transport_down(), and only
 * then does the session start again.  After a failure it starts passively: a member that connects
 * is welcome at once, our own next attempt waits for ConnectRetryTimer.  A passive member's timer
 * never runs.
 *
 * RFC 4271 §4.4, §6.5, §8, §10; RFC 2918; RFC 4724; RFC 8538; RFC 9003; RFC 9234;
 * RFC 9687. */
#include "dataplane/session/collision.h"
#include "dataplane/session/session_priv.h"

#include <stdio.h>

#include "rib/base/check.h"
#include "rib/wire/role.h"

#define HOLD_LARGE_US	   (240 * USEC_PER_SEC) /* RFC 4271 §8.2.2 suggests 4 minutes. */
#define RETRY_DEFAULT_S	   120			/* RFC 4271 §10. */
#define KEEPALIVE_MIN_US   USEC_PER_SEC		/* RFC 4271 §4.4: not more than one per second. */
#define HOLD_PUT_OFF_US	   USEC_PER_SEC
#define SEND_HOLD_MIN_S	   480 /* RFC 9687 §6: 8 minutes, or twice the hold time. */
#define REFRESH_LEN	   23
#define NOTIFICATION_MAX   (BGP_HEADER_LEN + 2 + NOTIFY_DATA_MAX)
#define HOLD_MIN_ALLOWED_S 3 /* RFC 4271 §4.2: zero, or at least this. */

static_assert(SESSION_OPEN_MAX + BGP_HEADER_LEN + FAMILY_COUNT * REFRESH_LEN + NOTIFICATION_MAX <=
		      SESSION_TX_MAX,
	      "all that can wait at a time has room");

/* RFC 4271 §10: jitter is a factor of 0.75 to 1. */
static usec_t jittered(struct session *s, usec_t us)
{
	return us - prng_below(&s->prng, us / 4 + 1);
}

/* Whether an equal message waits already. */
static bool is_waiting(const struct session *s, const uint8_t *message, size_t len)
{
	struct frame f;
	struct notify why;
	struct span rest = span_of(s->tx, s->tx_len);
	while (frame_next(rest, BGP_MESSAGE_MAX, &f, &why) == FRAME_OK) {
		if (f.len == len && memcmp(rest.data, message, len) == 0) {
			return true;
		}
		rest = span_of(rest.data + f.len, rest.len - f.len);
	}
	ASSERT(rest.len == 0);
	return false;
}

static void queue(struct session *s, enum bgp_type type, const uint8_t *message, size_t len)
{
	ASSERT(len >= BGP_HEADER_LEN);
	if (is_waiting(s, message, len)) {
		return;
	}
	ASSERT(len <= SESSION_TX_MAX - (size_t)s->tx_len);
	memcpy(s->tx + s->tx_len, message, len);
	s->tx_len = (uint16_t)(s->tx_len + len);
	metric_add(&s->stats.messages_out[type], 1);
}

size_t session_open(const struct session *s, uint8_t *buf, size_t len)
{
	struct open o = session_offer(&s->conf);
	return open_encode(&o, buf, len);
}

static void send_open(struct session *s)
{
	uint8_t message[SESSION_OPEN_MAX];
	queue(s, BGP_OPEN, message, session_open(s, message, sizeof(message)));
}

static void send_keepalive(struct session *s)
{
	uint8_t message[BGP_HEADER_LEN];
	struct wr w = wr_of(message, sizeof(message));
	frame_begin(&w, BGP_KEEPALIVE);
	frame_end(&w, 0);
	queue(s, BGP_KEEPALIVE, message, wr_len(&w));
}

static void send_notification(struct session *s, const struct notify *why)
{
	uint8_t message[NOTIFICATION_MAX];
	size_t len = notify_encode(why, message, sizeof(message));
	queue(s, BGP_NOTIFICATION, message, len);
	s->last_notify = *why;
	s->cause = SESSION_CAUSE_NOTIFICATION_SENT;
}

static void restart_hold(struct session *s, usec_t now)
{
	s->hold_due = s->terms.hold_s == 0 ? USEC_NEVER : now + s->terms.hold_s * USEC_PER_SEC;
}

static void restart_keepalive(struct session *s, usec_t now)
{
	usec_t interval = s->terms.hold_s * USEC_PER_SEC / 3;
	s->keepalive_due =
		interval == 0 ? USEC_NEVER : now + max_u64(jittered(s, interval), KEEPALIVE_MIN_US);
}

static void restart_retry(struct session *s, usec_t now)
{
	usec_t retry_s = s->conf.retry_s != 0 ? s->conf.retry_s : RETRY_DEFAULT_S;
	s->retry_due = s->conf.is_passive ? USEC_NEVER : now + jittered(s, retry_s * USEC_PER_SEC);
}

static void go_up(struct session *s, usec_t now)
{
	ASSERT(!s->was_up); /* The caller asked session_take_down since the last loss. */
	s->was_up = true;
	s->since = now;
	s->incarnation++;
	if (s->incarnation == 0) {
		s->incarnation = 1; /* 0 is "never". */
	}
	metric_add(&s->stats.established, 1);
}

static void do_send(struct session *s, const struct fsm_cell *cell, const struct notify *why)
{
	if (cell->actions & FSM_ACT_SEND_OPEN) {
		send_open(s);
	}
	if (cell->actions & FSM_ACT_SEND_KEEPALIVE) {
		send_keepalive(s);
	}
	if (cell->actions & FSM_ACT_SEND_NOTIFICATION) {
		struct notify error = notify_make(NOTIFY_FSM, cell->fsm_error_subcode);
		send_notification(s, why != NULL ? why : &error);
	}
}

static void do_timers(struct session *s, const struct fsm_cell *cell, usec_t now)
{
	if (cell->next != FSM_CONNECT && cell->next != FSM_ACTIVE) {
		s->retry_due = USEC_NEVER;
	}
	if (cell->next < FSM_OPEN_CONFIRM) {
		s->send_hold_due = USEC_NEVER;
	}
	if (cell->next != FSM_OPEN_DELAYED) {
		s->delay_due = USEC_NEVER;
	}
	if (cell->actions & FSM_ACT_DELAY_TIMER) {
		s->delay_due = now + s->conf.delay_open_s * USEC_PER_SEC;
	}
	if (cell->next < FSM_OPEN_SENT) {
		s->hold_due = USEC_NEVER;
		s->keepalive_due = USEC_NEVER;
	}
	if (cell->actions & FSM_ACT_HOLD_LARGE) {
		s->hold_due = now + HOLD_LARGE_US;
	}
	if (cell->actions & FSM_ACT_HOLD) {
		restart_hold(s, now);
	}
	if (cell->actions & FSM_ACT_KEEPALIVE_TIMER) {
		restart_keepalive(s, now);
	}
	if (cell->actions & FSM_ACT_RETRY_TIMER) {
		restart_retry(s, now);
	}
}

/* The wish that goes with the new state; NOTHING in Idle is for session_rest to replace. */
static enum session_want want_after(const struct session *s, const struct fsm_cell *cell)
{
	switch ((enum fsm_state)cell->next) {
	case FSM_CONNECT:
		return SESSION_WANT_CONNECT;
	case FSM_ACTIVE:
		return SESSION_WANT_LISTEN;
	case FSM_IDLE:
		if (cell->actions & FSM_ACT_CLOSE) {
			return SESSION_WANT_CLOSE;
		}
		if (s->state != FSM_IDLE) {
			return SESSION_WANT_NOTHING; /* ABORT: only an attempt is dropped. */
		}
		return cell->actions & FSM_ACT_ABORT ? SESSION_WANT_ABORT : s->want;
	default:
		return SESSION_WANT_KEEP;
	}
}

/* Both sides sent the N bit: a NOTIFICATION that is no Hard Reset leaves routes.  RFC 8538 §4. */
static bool has_soft_notifications(const struct session *s)
{
	return s->conf.stale_s != 0 && s->peer.graceful.has_notification;
}

/* Whether the end that `cause` and `last_notify` tell of may leave routes. */
static bool is_end_soft(const struct session *s)
{
	const struct notify *n = &s->last_notify;
	if (s->conf.stale_s == 0 || !s->peer.graceful.is_present) {
		return false;
	}
	if (s->cause == SESSION_CAUSE_TRANSPORT) {
		return true;
	}
	bool is_hard = n->code == NOTIFY_CEASE && n->subcode == NOTIFY_CEASE_HARD_RESET;
	return has_soft_notifications(s) && !is_hard;
}

/* Whether an event that ends a connection is a failure, and no one's wish. */
static bool is_failure(const struct session *s, enum fsm_event event)
{
	if (event == FSM_EV_NOTIFICATION) {
		return s->last_notify.code != NOTIFY_CEASE;
	}
	return event != FSM_EV_STOP && event != FSM_EV_LEAVE;
}

static void note_failure(struct session *s, enum fsm_event event, const struct fsm_cell *cell,
			 usec_t now)
{
	if (s->conf.is_damped && s->state >= FSM_OPEN_DELAYED && cell->next == FSM_IDLE &&
	    is_failure(s, event)) {
		usec_t stood = s->state == FSM_ESTABLISHED ? now - s->since : 0;
		damping_failed(&s->damping, stood, now);
	}
}

unsigned session_event(struct session *s, enum fsm_event event, const struct notify *why,
		       usec_t now)
{
	const struct fsm_cell *cell = fsm_cell(s->state, event);
	note_failure(s, event, cell, now);
	do_send(s, cell, why);
	do_timers(s, cell, now);
	s->want = want_after(s, cell);
	s->state = (enum fsm_state)cell->next;
	if (cell->actions & FSM_ACT_UP) {
		go_up(s, now);
	}
	if (cell->actions & FSM_ACT_DOWN) {
		s->since = now;
		s->is_soft_end = is_end_soft(s);
	}
	if (s->state < FSM_OPEN_SENT) {
		s->terms = (struct session_terms){0};
	}
	return cell->actions;
}

static bool is_resting(const struct session *s)
{
	return s->state == FSM_IDLE && s->is_enabled && s->want == SESSION_WANT_REFUSE;
}

/* Idle without a connection is left at once, unless the operator wants it. */
static void session_rest(struct session *s, enum fsm_event start, usec_t now)
{
	if (s->state != FSM_IDLE || s->want != SESSION_WANT_NOTHING) {
		return;
	}
	if (!s->is_enabled) {
		s->want = SESSION_WANT_REFUSE;
		return;
	}
	if (damping_holds(&s->damping, now)) {
		s->want = SESSION_WANT_REFUSE;
		return;
	}
	session_event(s, s->conf.is_passive ? FSM_EV_START_PASSIVE : start, NULL, now);
	ASSERT(s->state == FSM_CONNECT || s->state == FSM_ACTIVE);
}

void session_init(struct session *s, const struct session_conf *conf, uint64_t seed, usec_t now)
{
	ASSERT(conf->hold_s == 0 || conf->hold_s >= HOLD_MIN_ALLOWED_S);
	ASSERT(conf->local_as != 0 && conf->peer_as != 0);
	*s = (struct session){
		.conf = *conf,
		.state = FSM_IDLE,
		.want = SESSION_WANT_REFUSE,
		.hold_due = USEC_NEVER,
		.keepalive_due = USEC_NEVER,
		.retry_due = USEC_NEVER,
		.send_hold_due = USEC_NEVER,
		.delay_due = USEC_NEVER,
		.since = now,
		.cause = SESSION_CAUSE_DISABLED,
	};
	prng_init(&s->prng, seed);
}

void session_enable(struct session *s, usec_t now)
{
	if (s->is_enabled) {
		return;
	}
	s->is_enabled = true;
	s->damping = (struct damping){0};
	if (s->cause == SESSION_CAUSE_DISABLED) {
		s->cause = SESSION_CAUSE_NONE;
	}
	if (s->want == SESSION_WANT_REFUSE) {
		s->want = SESSION_WANT_NOTHING;
	}
	session_rest(s, FSM_EV_START, now); /* Or when the old connection has ended. */
}

/* RFC 8538 §3.1, §5.1: who ends a session for good says so, where a NOTIFICATION would leave
 * routes. */
static struct notify harden(const struct session *s, const struct notify *why)
{
	if (s->state != FSM_ESTABLISHED || !has_soft_notifications(s)) {
		return *why;
	}
	uint8_t inner[2 + NOTIFY_DATA_MAX] = {why->code, why->subcode};
	memcpy(inner + 2, why->data, why->data_len);
	return notify_with(NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET,
			   span_of(inner, 2 + (size_t)why->data_len));
}

void session_disable(struct session *s, const struct notify *why, usec_t now)
{
	if (!s->is_enabled) {
		return;
	}
	struct notify hard = harden(s, why);
	s->is_enabled = false;
	s->last_notify = notify_make(NOTIFY_NONE, 0);
	session_event(s, FSM_EV_STOP, &hard, now);
	s->cause = SESSION_CAUSE_DISABLED;
	session_rest(s, FSM_EV_START, now);
}

void session_leave(struct session *s, usec_t now)
{
	if (!s->is_enabled) {
		return;
	}
	s->is_enabled = false;
	s->last_notify = notify_make(NOTIFY_NONE, 0);
	session_event(s, FSM_EV_LEAVE, NULL, now);
	s->cause = SESSION_CAUSE_DISABLED;
	session_rest(s, FSM_EV_START, now);
}

void session_reset(struct session *s, const struct notify *why, usec_t now)
{
	s->damping = (struct damping){0};
	if (s->is_enabled && s->want == SESSION_WANT_REFUSE) {
		s->want = SESSION_WANT_NOTHING; /* It was resting. */
	}
	session_event(s, FSM_EV_STOP, why, now);
	session_rest(s, FSM_EV_START, now);
}

void session_pause(struct session *s, const struct notify *why, usec_t until, usec_t now)
{
	struct notify hard = harden(s, why);
	s->damping = (struct damping){.due = until};
	session_event(s, FSM_EV_STOP, &hard, now);
	session_rest(s, FSM_EV_START, now);
}

bool session_is_open(const struct session *s, usec_t now)
{
	return s->is_enabled && !damping_holds(&s->damping, now);
}

static void forget_connection(struct session *s)
{
	s->tx_len = 0;
	s->partial_len = 0;
	s->sent_seen = 0;
}

void session_begin(struct session *s, enum fsm_event event, usec_t now)
{
	if (s->state == FSM_CONNECT || s->state == FSM_ACTIVE) {
		forget_connection(s);
		s->peer = (struct open){0};
	}
	session_event(s, event, NULL, now);
}

void session_transport_up(struct session *s, usec_t now)
{
	bool is_delayed = s->conf.delay_open_s != 0;
	session_begin(s, is_delayed ? FSM_EV_TRANSPORT_UP_DELAYED : FSM_EV_TRANSPORT_UP, now);
}

void session_transport_down(struct session *s, const char *why, usec_t now)
{
	forget_connection(s);
	if (s->state == FSM_IDLE) {
		s->want = SESSION_WANT_NOTHING; /* As we wished: the cause stays what it was. */
	} else {
		s->cause = SESSION_CAUSE_TRANSPORT;
		s->transport_reason = why;
		s->last_notify = notify_make(NOTIFY_NONE, 0);
		session_event(s, FSM_EV_TRANSPORT_DOWN, NULL, now);
	}
	session_rest(s, FSM_EV_START_PASSIVE, now);
}

void session_update_failed(struct session *s, const struct notify *why, usec_t now)
{
	if (s->state == FSM_ESTABLISHED) {
		metric_add(&s->stats.messages_in[0], 1);
		session_event(s, FSM_EV_MESSAGE_ERROR, why, now);
	}
}

void session_give_up(struct session *s, enum family family)
{
	struct update_opts *opts = &s->terms.opts;
	unsigned left = 0;
	ASSERT(opts->can_disable && opts->families[family]);
	opts->families[family] = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		left += opts->families[f];
	}
	opts->can_disable = left > 1;
}

static void tick_hold(struct session *s, size_t unread_len, usec_t now)
{
	if (now < s->hold_due) {
		return;
	}
	if (unread_len > s->partial_len) {
		s->hold_due = now + HOLD_PUT_OFF_US;
		return;
	}
	struct notify why = notify_make(NOTIFY_HOLD_TIMER, 0);
	session_event(s, FSM_EV_HOLD_EXPIRES, &why, now);
}

static void tick_send_hold(struct session *s, usec_t now)
{
	if (now >= s->send_hold_due) {
		struct notify why = notify_make(NOTIFY_SEND_HOLD_TIMER, 0);
		session_event(s, FSM_EV_SEND_HOLD_EXPIRES, &why, now);
	}
}

/* RFC 4271 §8.1.3, event 13: IdleHoldTimer. */
static void tick_rest(struct session *s, usec_t now)
{
	if (is_resting(s) && !damping_holds(&s->damping, now)) {
		s->want = SESSION_WANT_NOTHING;
		session_rest(s, FSM_EV_START, now);
	}
}

void session_tick(struct session *s, size_t unread_len, usec_t now)
{
	tick_rest(s, now);
	tick_hold(s, unread_len, now);
	tick_send_hold(s, now);
	if (now >= s->delay_due) {
		session_event(s, FSM_EV_DELAY_OPEN_EXPIRES, NULL, now);
	}
	if (now >= s->keepalive_due) {
		session_event(s, FSM_EV_KEEPALIVE_TIMER, NULL, now);
	}
	if (now >= s->retry_due) {
		session_event(s, FSM_EV_CONNECT_RETRY, NULL, now);
	}
}

usec_t session_due(const struct session *s)
{
	usec_t hold = min_u64(s->hold_due, s->send_hold_due);
	hold = is_resting(s) ? min_u64(hold, s->damping.due) : hold;
	hold = min_u64(hold, s->delay_due);
	return min_u64(hold, min_u64(s->keepalive_due, s->retry_due));
}

static usec_t send_hold_us(const struct session *s)
{
	if (s->conf.send_hold_s != 0) {
		return s->conf.send_hold_s * USEC_PER_SEC;
	}
	return max_u64(SEND_HOLD_MIN_S, 2u * s->terms.hold_s) * USEC_PER_SEC;
}

void session_sending(struct session *s, uint64_t taken, bool is_waiting, usec_t now)
{
	if (s->state < FSM_OPEN_CONFIRM) {
		return;
	}
	if (!is_waiting) {
		s->send_hold_due = USEC_NEVER;
	} else if (s->send_hold_due == USEC_NEVER || taken != s->sent_seen) {
		s->send_hold_due = now + send_hold_us(s);
	}
	s->sent_seen = taken;
}

bool session_take_down(struct session *s)
{
	bool is_lost = s->was_up && s->state != FSM_ESTABLISHED;
	if (is_lost) {
		s->was_up = false;
	}
	return is_lost;
}

struct span session_tx(const struct session *s)
{
	return span_of(s->tx, s->tx_len);
}

void session_sent(struct session *s, usec_t now)
{
	s->tx_len = 0;
	session_update_sent(s, now);
}

void session_update_sent(struct session *s, usec_t now)
{
	if (s->keepalive_due != USEC_NEVER) {
		restart_keepalive(s, now);
	}
}

bool session_send_refresh(struct session *s, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	if (s->state != FSM_ESTABLISHED || !s->peer.has_refresh || !s->terms.families[family]) {
		return false;
	}
	uint8_t message[REFRESH_LEN];
	struct refresh m = {.family = family, .kind = REFRESH_REQUEST};
	queue(s, BGP_ROUTE_REFRESH, message, refresh_encode(&m, message, sizeof(message)));
	metric_add(&s->stats.refresh_asked, 1);
	return true;
}

/* Both roles in words: "peer says it is our provider, we are configured as its rs". */
static void format_roles(const struct session *s, char *buf, size_t len)
{
	char number[16];
	const char *ours = s->conf.has_role ? role_text(s->conf.role) : NULL;
	const char *theirs = role_text(s->peer.role);
	if (theirs == NULL) {
		snprintf(number, sizeof(number), "role %u", s->peer.role);
		theirs = number;
	}
	if (s->peer.asn == 0 && s->cause == SESSION_CAUSE_NOTIFICATION_SENT) {
		/* What open_decode refused for its roles had several. */
		snprintf(buf, len, " (peer says several roles, which differ)");
	} else if (ours == NULL) {
		snprintf(buf, len, " (no role is configured for it)");
	} else if (s->peer.asn == 0) {
		snprintf(buf, len, " (we are configured as its %s)", ours);
	} else if (!s->peer.has_role) {
		snprintf(buf, len, " (peer says no role, we are configured as its %s)", ours);
	} else {
		snprintf(buf, len, " (peer says it is our %s, we are configured as its %s)", theirs,
			 ours);
	}
}

/* What is behind a refused OPEN and its NOTIFICATION does not carry. */
static void format_refusal(const struct session *s, char *buf, size_t len)
{
	const struct notify *n = &s->last_notify;
	bool is_sent = s->cause == SESSION_CAUSE_NOTIFICATION_SENT;
	if (n->code != NOTIFY_OPEN) {
		return;
	}
	if (n->subcode == NOTIFY_OPEN_ROLE) {
		format_roles(s, buf, len);
	} else if (is_sent && s->peer.asn != 0 && n->subcode == NOTIFY_OPEN_PEER_AS) {
		snprintf(buf, len, " (peer is AS %u, configured is AS %u)", s->peer.asn,
			 s->conf.peer_as);
	} else if (is_sent && s->peer.asn != 0 && n->subcode == NOTIFY_OPEN_HOLD_TIME) {
		snprintf(buf, len, " (peer offers %u s, the minimum is %u s)", s->peer.hold_s,
			 s->conf.hold_min_s);
	}
}

static void format_notify(const struct session *s, const char *lead, char *buf, size_t len)
{
	snprintf(buf, len, "%s", lead);
	size_t at = strlen(buf);
	notify_format(&s->last_notify, buf + at, len - at);
	at += strlen(buf + at);
	format_refusal(s, buf + at, len - at);
}

char *session_cause_format(const struct session *s, char *buf, size_t len)
{
	ASSERT(len >= 1);
	buf[0] = '\0';
	switch (s->cause) {
	case SESSION_CAUSE_NOTIFICATION_SENT:
		if (s->last_notify.code == NOTIFY_HOLD_TIMER) {
			snprintf(buf, len, "hold timer expired");
		} else if (s->last_notify.code == NOTIFY_SEND_HOLD_TIMER) {
			snprintf(buf, len, "send hold timer expired: peer takes nothing");
		} else {
			format_notify(s, "we sent ", buf, len);
		}
		break;
	case SESSION_CAUSE_NOTIFICATION_RECEIVED:
		format_notify(s, "peer sent ", buf, len);
		break;
	case SESSION_CAUSE_TRANSPORT:
		snprintf(buf, len, "%s", s->transport_reason);
		break;
	case SESSION_CAUSE_DISABLED:
		if (s->last_notify.code != NOTIFY_NONE) {
			format_notify(s, "disabled: we sent ", buf, len);
		} else {
			snprintf(buf, len, "disabled");
		}
		break;
	case SESSION_CAUSE_NONE:
	case SESSION_CAUSE_COUNT:
		break;
	}
	return buf;
}

static void check_wish(const struct session *s)
{
	switch (s->state) {
	case FSM_IDLE:
		ASSERT(s->want == SESSION_WANT_REFUSE || s->want == SESSION_WANT_CLOSE ||
		       s->want == SESSION_WANT_ABORT);
		ASSERT(s->want != SESSION_WANT_REFUSE || !s->is_enabled || s->damping.due != 0);
		break;
	case FSM_CONNECT:
		ASSERT(s->want == SESSION_WANT_CONNECT && !s->conf.is_passive);
		break;
	case FSM_ACTIVE:
		ASSERT(s->want == SESSION_WANT_LISTEN);
		break;
	default:
		ASSERT(s->want == SESSION_WANT_KEEP);
		break;
	}
	ASSERT(s->state == FSM_IDLE || s->is_enabled);
}

void session_check(const struct session *s)
{
	check_wish(s);
	bool is_calling = s->state == FSM_CONNECT || s->state == FSM_ACTIVE;
	ASSERT((s->retry_due != USEC_NEVER) == (is_calling && !s->conf.is_passive));
	ASSERT(s->state == FSM_OPEN_SENT || s->terms.hold_s != 0 || s->hold_due == USEC_NEVER);
	ASSERT((s->keepalive_due != USEC_NEVER) ==
	       (s->state >= FSM_OPEN_CONFIRM && s->terms.hold_s != 0));
	ASSERT(s->state >= FSM_OPEN_CONFIRM || s->send_hold_due == USEC_NEVER);
	ASSERT((s->delay_due != USEC_NEVER) == (s->state == FSM_OPEN_DELAYED));
	ASSERT(s->state != FSM_ESTABLISHED || (s->was_up && s->incarnation != 0));
	ASSERT(s->tx_len <= SESSION_TX_MAX);
	ASSERT(s->cause != SESSION_CAUSE_TRANSPORT || s->transport_reason != NULL);
}
