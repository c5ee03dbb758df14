/* The second connection of a member, until one is left.
 *
 * The RFC gives every connection a machine and lets the machines meet when an OPEN arrives.  Here
 * the session is the machine of the connection that is furthest; the rival's is these few lines: it
 * sends our OPEN, waits for the member's, and then either takes the session over or is refused with
 * Cease/Connection Collision Resolution.  The loser, whichever it is, stays in the rival's place
 * until its NOTIFICATION has been delivered.  A rival costs one struct tcp, and a member has at
 * most one: a newer one takes its place, for whoever completes another handshake has given it up.
 *
 * RFC 4271 §6.8, §8.2.1; RFC 6286 §2.3.
 */
#include "dataplane/core/transport.h"

#include "dataplane/session/collision.h"
#include "rib/base/check.h"

/* For the member's OPEN.  Deviates: RFC 4271 §8.2.2 suggests 4 minutes for OpenSent; a connection
 * besides another one that lives is worth less patience. */
#define RIVAL_OPEN_US (30 * USEC_PER_SEC)

void rival_free(struct member *m)
{
	if (m->rival.tcp != NULL) {
		transport_free(m, m->rival.tcp);
		m->rival = (struct rival){.tcp = NULL};
		keys_settle(m);
	}
}

void rival_set(struct member *m, struct tcp *tcp)
{
	rival_free(m);
	m->rival = (struct rival){.tcp = tcp,
				  .is_new = m->session.state == FSM_ESTABLISHED,
				  .due = m->core->now + RIVAL_OPEN_US};
}

static void rival_close(struct member *m)
{
	m->rival.is_closing = true;
	m->rival.due = m->core->now + CLOSE_GRACE_US;
	tcp_close(m->rival.tcp);
}

static void rival_refuse(struct member *m, const struct notify *why)
{
	uint8_t message[BGP_HEADER_LEN + 2 + NOTIFY_DATA_MAX];
	size_t len = notify_encode(why, message, sizeof(message));
	/* Without memory it closes without a word. */
	(void)sendq_push_copy(tcp_sendq(m->rival.tcp), span_of(message, len));
	rival_close(m);
}

static bool send_open(struct member *m)
{
	uint8_t message[SESSION_OPEN_MAX];
	struct rival *r = &m->rival;
	if (!r->has_sent_open) {
		size_t len = session_open(&m->session, message, sizeof(message));
		r->has_sent_open = sendq_push_copy(tcp_sendq(r->tcp), span_of(message, len));
	}
	return r->has_sent_open;
}

/* The session follows the rival, and what it has followed until now is the rival. */
static void change_places(struct member *m)
{
	struct rival old = {.tcp = m->tcp,
			    .is_ours = m->is_ours,
			    .has_sent_open = true,
			    .due = m->core->now + RIVAL_OPEN_US};
	struct rival new = m->rival;
	m->tcp = NULL;
	transport_take(m, new.tcp, new.is_ours);
	m->is_told_up = true;
	m->rival = old;
	session_switch(&m->session, m->core->now);
}

/* The session waits for a connection, and the rival is one; or the one that it has is past use. */
static void take_place(struct member *m)
{
	struct rival r = m->rival;
	transport_drop(m, "replaced by a new connection");
	m->rival = (struct rival){.tcp = NULL};
	transport_take(m, r.tcp, r.is_ours);
	m->is_told_up = true;
	session_transport_opened(&m->session, m->core->now);
}

/* RFC 4271 §6.8: both connections are there, and the rival has heard an OPEN. */
static void decide(struct member *m, const struct open *open)
{
	struct notify cease = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_COLLISION);
	bool has_heard = m->session.state >= FSM_OPEN_CONFIRM;
	if (m->session.state < FSM_OPEN_SENT) {
		return; /* The old one is closing. */
	}
	if (!has_heard &&
	    (session_tx(&m->session).len > 0 || tcp_peek(m->tcp).len > m->partial_len)) {
		return; /* Our OPEN is not out, or the session's OPEN may be there, too. */
	}
	bool has_to_yield =
		session_yields(&m->session, open, m->is_ours, m->rival.is_ours, m->rival.is_new);
	if (has_to_yield && m->session.state == FSM_ESTABLISHED) {
		take_place(m); /* RFC 4724 §5: it has restarted, and no NOTIFICATION is sent. */
		return;
	}
	if (has_to_yield) {
		change_places(m);
	}
	if (has_heard) {
		m->collisions++;
		rival_refuse(m, &cease);
	}
}

static bool is_awaited(const struct member *m)
{
	enum fsm_state state = m->session.state;
	return state == FSM_CONNECT || state == FSM_ACTIVE;
}

static void hear_open(struct member *m)
{
	struct open open;
	struct notify why;
	switch (session_judge(&m->session, tcp_peek(m->rival.tcp), &open, &why)) {
	case RIVAL_MORE:
		if (tcp_state(m->rival.tcp) == TCP_CLOSE_WAIT) {
			rival_close(m);
		}
		break;
	case RIVAL_OPEN:
		decide(m, &open);
		break;
	case RIVAL_BAD:
		rival_refuse(m, &why);
		break;
	case RIVAL_ENDED:
		rival_close(m);
		break;
	}
}

void rival_sync(struct member *m)
{
	struct rival *r = &m->rival;
	if (r->tcp == NULL) {
		return;
	}
	enum tcp_state state = tcp_state(r->tcp);
	if (state == TCP_CLOSED || state == TCP_TIME_WAIT) {
		rival_free(m); /* A late FIN is answered with a reset, which does no harm. */
		return;
	}
	if (r->is_closing) {
		return;
	}
	if (m->core->is_leaving) {
		rival_close(m);
		return;
	}
	if (!session_is_open(&m->session, m->core->now)) {
		struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN);
		rival_refuse(m, &why);
		return;
	}
	if (m->session.state == FSM_OPEN_DELAYED) {
		return; /* Whose OPEN comes first decides; until then it waits as well. */
	}
	if (!send_open(m)) {
		return;
	}
	if (is_awaited(m)) {
		take_place(m);
	} else {
		hear_open(m);
	}
}

void rival_tick(struct member *m)
{
	struct rival *r = &m->rival;
	usec_t now = m->core->now;
	if (r->tcp == NULL) {
		return;
	}
	tcp_tick(r->tcp, now);
	if (now < r->due) {
		return;
	}
	if (m->session.state == FSM_OPEN_DELAYED && !r->is_closing) {
		r->due = now + RIVAL_OPEN_US; /* It is we who wait. */
	} else if (r->is_closing) {
		rival_free(m); /* What it still sends is answered with resets. */
	} else {
		struct notify why = notify_make(NOTIFY_HOLD_TIMER, 0);
		rival_refuse(m, &why);
	}
}
