/* The make-believe transport; see link.h. */
#include "tests/unit/session/link.h"

#include <criterion/criterion.h>

struct session_conf link_conf(unsigned idx)
{
	return (struct session_conf){
		.local_as = 64500 + idx,
		.peer_as = 64501 - idx,
		.router_id = 0xc6120001 + idx,
		.hold_s = 90,
		.retry_s = 10,
		.is_passive = idx == 1,
		.families = {true, true},
	};
}

void link_init(struct link *l, const struct session_conf *a, const struct session_conf *b)
{
	*l = (struct link){.now = ALONE_NOW};
	session_init(&l->side[0].session, a, 1, l->now);
	session_init(&l->side[1].session, b, 2, l->now);
}

void link_enable(struct link *l)
{
	session_enable(&l->side[0].session, l->now);
	session_enable(&l->side[1].session, l->now);
}

static void note_loss(struct side *s)
{
	if (session_take_down(&s->session)) {
		s->downs++;
	}
	session_check(&s->session);
}

static void side_close(struct side *s, const char *why, usec_t now)
{
	s->is_open = false;
	s->rx_len = s->visible = 0;
	session_transport_down(&s->session, why, now);
	note_loss(s);
}

static void side_put(struct side *s, struct span bytes)
{
	cr_assert(bytes.len <= LINK_BYTES_MAX - s->rx_len, "the reader is too slow");
	memcpy(s->rx + s->rx_len, bytes.data, bytes.len);
	s->rx_len += bytes.len;
}

static bool side_write(struct link *l, unsigned idx)
{
	struct side *from = &l->side[idx], *to = &l->side[1 - idx];
	struct span bytes = session_tx(&from->session);
	if (bytes.len == 0 || !from->is_open) {
		return false;
	}
	cr_assert(from->tx_count < ARRAY_COUNT(from->tx_at));
	from->tx_at[from->tx_count++] = l->now;
	if (!l->is_cut && to->is_open) {
		side_put(to, bytes);
	}
	session_sent(&from->session, l->now);
	return true;
}

static bool side_read(struct link *l, unsigned idx)
{
	struct side *s = &l->side[idx];
	if (s->is_frozen || s->rx_len == 0 || !s->is_open || s->session.want != SESSION_WANT_KEEP) {
		return false;
	}
	size_t more = s->chunk == 0 ? s->rx_len : s->visible + s->chunk;
	s->visible = (size_t)min_u64(more, s->rx_len);
	struct session_rx rx = session_rx(&s->session, span_of(s->rx, s->visible), l->now);
	cr_assert(rx.consumed <= s->visible);
	s->ups += rx.kind == SESSION_RX_UP;
	s->updates += rx.kind == SESSION_RX_UPDATE;
	s->refreshes += rx.kind == SESSION_RX_REFRESH;
	if (rx.kind == SESSION_RX_REFRESH) {
		s->refreshed = rx.family;
	}
	memmove(s->rx, s->rx + rx.consumed, s->rx_len - rx.consumed);
	s->rx_len -= rx.consumed;
	s->visible -= rx.consumed;
	note_loss(s);
	return rx.kind != SESSION_RX_MORE || s->visible < s->rx_len;
}

static bool side_wish(struct link *l, unsigned idx)
{
	struct side *s = &l->side[idx], *peer = &l->side[1 - idx];
	enum session_want want = s->session.want;
	bool is_leaving = want == SESSION_WANT_CLOSE || want == SESSION_WANT_ABORT;
	if (is_leaving && session_tx(&s->session).len == 0) {
		side_close(s, "closed", l->now);
		return true;
	}
	if (s->is_open && !peer->is_open && !l->is_cut && s->rx_len == 0) {
		side_close(s, "peer closed the connection", l->now);
		return true;
	}
	if (want != SESSION_WANT_CONNECT || s->is_open || peer->is_open || l->is_cut) {
		return false;
	}
	if (peer->session.want != SESSION_WANT_LISTEN) {
		side_close(s, "connection refused", l->now);
		return true;
	}
	s->is_open = peer->is_open = true;
	session_transport_up(&s->session, l->now);
	session_transport_up(&peer->session, l->now);
	return true;
}

void link_settle(struct link *l)
{
	bool is_busy;
	do {
		is_busy = false;
		for (unsigned i = 0; i < 2; i++) {
			is_busy |= side_write(l, i);
			is_busy |= side_read(l, i);
			is_busy |= side_wish(l, i);
			note_loss(&l->side[i]);
		}
	} while (is_busy);
}

void link_run(struct link *l, usec_t us)
{
	usec_t end = l->now + us;
	link_settle(l);
	for (;;) {
		usec_t due =
			min_u64(session_due(&l->side[0].session), session_due(&l->side[1].session));
		if (due > end) {
			break;
		}
		l->now = max_u64(due, l->now);
		for (unsigned i = 0; i < 2; i++) {
			struct side *s = &l->side[i];
			session_tick(&s->session, s->rx_len, l->now);
			cr_assert(session_due(&s->session) > l->now, "a timer is stuck");
			note_loss(s);
		}
		link_settle(l);
	}
	l->now = end;
}

void link_up(struct link *l)
{
	link_settle(l);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(l->side[i].session.state == FSM_ESTABLISHED, "side %u is %s", i,
			  fsm_state_text(l->side[i].session.state));
	}
}

void link_inject(struct link *l, unsigned idx, const void *bytes, size_t len)
{
	side_put(&l->side[idx], span_of(bytes, len));
	link_settle(l);
}

size_t message_make(enum bgp_type type, const void *body, size_t len, uint8_t *out)
{
	memset(out, 0xff, 16);
	out[16] = (uint8_t)((BGP_HEADER_LEN + len) >> 8);
	out[17] = (uint8_t)(BGP_HEADER_LEN + len);
	out[18] = (uint8_t)type;
	if (len > 0) {
		memcpy(out + BGP_HEADER_LEN, body, len);
	}
	return BGP_HEADER_LEN + len;
}

struct open open_good(void)
{
	return (struct open){
		.asn = 64501,
		.hold_s = 90,
		.router_id = 0xc6120002,
		.has_as4 = true,
		.has_refresh = true,
		.has_multiprotocol = true,
		.families = {true, true},
	};
}

static void alone_hear(struct session *s, const uint8_t *message, size_t len)
{
	struct session_rx rx = session_rx(s, span_of(message, len), ALONE_NOW);
	cr_assert(rx.consumed == len);
	session_sent(s, ALONE_NOW);
}

void alone_init(struct session *s, const struct session_conf *conf, enum fsm_state state)
{
	uint8_t message[128];
	session_init(s, conf, 7, ALONE_NOW);
	if (state == FSM_IDLE) {
		return;
	}
	session_enable(s, ALONE_NOW);
	if (state == FSM_ACTIVE && s->state == FSM_CONNECT) {
		session_transport_down(s, "connection refused", ALONE_NOW);
	}
	if (state >= FSM_OPEN_SENT) {
		session_transport_up(s, ALONE_NOW);
		session_sent(s, ALONE_NOW);
	}
	if (state >= FSM_OPEN_CONFIRM) {
		struct open o = open_good();
		alone_hear(s, message, open_encode(&o, message, sizeof(message)));
	}
	if (state == FSM_ESTABLISHED) {
		alone_hear(s, message, message_make(BGP_KEEPALIVE, NULL, 0, message));
	}
	cr_assert(s->state == state, "%s", fsm_state_text(s->state));
	session_check(s);
}

struct notify sent_notify(const struct session *s)
{
	struct span rest = session_tx(s);
	struct frame f = {.type = 0};
	struct notify n;
	while (rest.len > 0) {
		cr_assert(frame_next(rest, BGP_MESSAGE_MAX, &f, &n) == FRAME_OK);
		rest = span_of(rest.data + f.len, rest.len - f.len);
	}
	cr_assert(f.type == BGP_NOTIFICATION, "nothing or type %u waits", (unsigned)f.type);
	cr_assert(notify_decode(f.body, &n));
	return n;
}
