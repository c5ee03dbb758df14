/* The session's receiving side: one message at the front of the bytes, judged and answered.
 *
 * A message is first taken out of the stream, then turned into an event of the table.  Only an OPEN
 * in OpenSent and a ROUTE-REFRESH in Established are looked into here: a message that the state
 * does not expect is an FSM error whatever it holds, and UPDATE bodies are the caller's.
 *
 * RFC 4271 §6.1, §6.2, §6.4, §6.6; RFC 2918 §4; RFC 6608 §4;
 * RFC 7313 §4, §5. */
#include "dataplane/session/session_priv.h"

#include "rib/base/check.h"

static void fail(struct session *s, const struct notify *why, usec_t now)
{
	metric_add(&s->stats.messages_in[0], 1);
	session_event(s, FSM_EV_MESSAGE_ERROR, why, now);
}

/* The event of a whole message; one that the state does not expect is named in the NOTIFICATION by
 * its type.  RFC 6608 §4. */
static unsigned message_event(struct session *s, enum fsm_event event, enum bgp_type message,
			      usec_t now)
{
	uint8_t subcode = fsm_cell(s->state, event)->fsm_error_subcode;
	uint8_t type = (uint8_t)message;
	struct notify why = notify_with(NOTIFY_FSM, subcode, span_of(&type, 1));
	return session_event(s, event, subcode != 0 ? &why : NULL, now);
}

static void rx_open(struct session *s, struct span body, usec_t now)
{
	struct notify why;
	if ((s->state == FSM_OPEN_SENT || s->state == FSM_OPEN_DELAYED) &&
	    (!open_decode(body, &s->peer, &why) ||
	     !session_negotiate(&s->conf, &s->peer, &s->terms, &why))) {
		fail(s, &why, now);
		return;
	}
	message_event(s, FSM_EV_OPEN, BGP_OPEN, now);
}

static void rx_notification(struct session *s, struct span body, usec_t now)
{
	if (!notify_decode(body, &s->last_notify)) {
		s->last_notify = notify_make(NOTIFY_NONE, 0);
	}
	s->cause = SESSION_CAUSE_NOTIFICATION_RECEIVED;
	session_event(s, FSM_EV_NOTIFICATION, NULL, now);
}

static enum session_rx_kind rx_refresh(struct session *s, struct span body, enum family *out_family,
				       usec_t now)
{
	static const enum session_rx_kind told[] = {[REFRESH_REQUEST] = SESSION_RX_REFRESH,
						    [REFRESH_BEGIN] = SESSION_RX_RENEW,
						    [REFRESH_END] = SESSION_RX_RENEWED};
	struct refresh m = {.kind = REFRESH_REQUEST};
	struct notify why;
	enum refresh_verdict verdict =
		refresh_decode(body, s->terms.has_enhanced_refresh, &m, &why);
	if (s->state == FSM_ESTABLISHED && verdict == REFRESH_BAD) {
		fail(s, &why, now);
		return SESSION_RX_DONE;
	}
	unsigned actions = message_event(s, FSM_EV_UPDATE, BGP_ROUTE_REFRESH, now);
	/* RFC 2918 §4: a family that we did not offer is passed over.  Whether the member offered
	 * the capability does not matter: it is ours, always offered, that lets it ask. */
	if (!(actions & FSM_ACT_DELIVER)) {
		return SESSION_RX_DONE;
	}
	if (verdict != REFRESH_OK || !s->terms.families[m.family]) {
		metric_add(&s->stats.refresh_ignored, 1); /* Also a kind unknown, RFC 7313 §5. */
		return SESSION_RX_DONE;
	}
	if (m.kind == REFRESH_REQUEST) {
		metric_add(&s->stats.refresh_heard, 1);
	}
	*out_family = m.family;
	return told[m.kind];
}

/* Deal with a whole message; `out` is DONE unless the caller has something to do. */
static void rx_message(struct session *s, const struct frame *f, struct session_rx *out, usec_t now)
{
	unsigned actions;
	switch (f->type) {
	case BGP_OPEN:
		rx_open(s, f->body, now);
		break;
	case BGP_NOTIFICATION:
		rx_notification(s, f->body, now);
		break;
	case BGP_KEEPALIVE:
		actions = message_event(s, FSM_EV_KEEPALIVE, BGP_KEEPALIVE, now);
		if (actions & FSM_ACT_UP) {
			out->kind = SESSION_RX_UP;
		}
		break;
	case BGP_UPDATE:
		actions = message_event(s, FSM_EV_UPDATE, BGP_UPDATE, now);
		if (actions & FSM_ACT_DELIVER) {
			out->kind = SESSION_RX_UPDATE;
			out->body = f->body;
		}
		break;
	case BGP_ROUTE_REFRESH:
		out->kind = rx_refresh(s, f->body, &out->family, now);
		break;
	}
}

/* RFC 8654 §4: from the member's OPEN on; an OPEN itself is never longer. */
static size_t message_max(const struct session *s)
{
	return s->terms.message_max != 0 ? s->terms.message_max : BGP_MESSAGE_MAX;
}

struct session_rx session_rx(struct session *s, struct span in, usec_t now)
{
	struct session_rx out = {.kind = SESSION_RX_DONE};
	struct frame f;
	struct notify why;
	if (s->state >= FSM_OPEN_DELAYED) {
		switch (frame_next(in, message_max(s), &f, &why)) {
		case FRAME_MORE:
			s->partial_len = in.len;
			return (struct session_rx){.kind = SESSION_RX_MORE};
		case FRAME_BAD:
			fail(s, &why, now);
			break;
		case FRAME_OK:
			ASSERT(f.len <= in.len);
			metric_add(&s->stats.messages_in[f.type], 1);
			rx_message(s, &f, &out, now);
			out.consumed = f.len;
			break;
		}
	} else if (in.len == 0) {
		return (struct session_rx){.kind = SESSION_RX_MORE};
	}
	s->partial_len = 0;
	if (s->state < FSM_OPEN_DELAYED) {
		/* Whatever else the member sent is not heard any more. */
		return (struct session_rx){.kind = SESSION_RX_DOWN, .consumed = in.len};
	}
	return out;
}
