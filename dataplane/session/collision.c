/* The rules of RFC 4271 §6.8 without the connections; see collision.h. */
#include "dataplane/session/collision.h"

#include "dataplane/session/session_priv.h"
#include "rib/base/check.h"

/* RFC 6608 §3, §4. */
enum { UNEXPECTED_IN_OPEN_SENT = 1 };

enum rival_verdict session_judge(const struct session *s, struct span in, struct open *out_open,
				 struct notify *out_why)
{
	struct frame f;
	struct notify why;
	struct open open;
	struct session_terms terms;
	switch (frame_next(in, BGP_MESSAGE_MAX, &f, &why)) {
	case FRAME_MORE:
		return RIVAL_MORE;
	case FRAME_BAD:
		*out_why = why;
		return RIVAL_BAD;
	case FRAME_OK:
		break;
	}
	if (f.type == BGP_NOTIFICATION) {
		return RIVAL_ENDED;
	}
	if (f.type != BGP_OPEN) {
		uint8_t type = (uint8_t)f.type;
		*out_why = notify_with(NOTIFY_FSM, UNEXPECTED_IN_OPEN_SENT, span_of(&type, 1));
		return RIVAL_BAD;
	}
	if (!open_decode(f.body, &open, &why) ||
	    !session_negotiate(&s->conf, &open, &terms, &why)) {
		*out_why = why;
		return RIVAL_BAD;
	}
	*out_open = open;
	return RIVAL_OPEN;
}

/* Whether graceful restart is agreed for any family. */
static bool may_restart(const struct session *s)
{
	bool has_any = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		has_any |= s->peer.graceful.families[f] && s->terms.families[f];
	}
	return has_any && s->peer.graceful.is_present && s->conf.stale_s != 0;
}

bool session_yields(const struct session *s, const struct open *open, bool is_ours,
		    bool is_rival_ours, bool is_rival_new)
{
	if (s->state == FSM_ESTABLISHED) {
		/* "Unless allowed via configuration": it is not, but RFC 4724 §5 has the new one
		 * stay "if the Graceful Restart Capability with one or more AFIs/SAFIs has been
		 * received".  A handshake that nobody answers does not come here, only an OPEN
		 * that the session could live with. */
		return is_rival_new && !is_rival_ours && may_restart(s);
	}
	if (s->state != FSM_OPEN_CONFIRM) {
		/* §6.8 looks at connections in OpenConfirm alone.  The first to hear an OPEN
		 * becomes one, and the decision falls with the OPEN of the other. */
		return true;
	}
	if (is_ours == is_rival_ours) {
		return true; /* Whoever opened both has given up the first. */
	}
	/* The connection that the larger identifier has opened stays; of equal identifiers, which
	 * two AS may have, the larger AS number's (RFC 6286 §2.3). */
	uint32_t mine = s->conf.router_id, theirs = open->router_id;
	bool is_ours_to_stay = mine == theirs ? s->conf.local_as > open->asn : mine > theirs;
	return is_rival_ours == is_ours_to_stay;
}

static void forget_what_was_agreed(struct session *s)
{
	s->tx_len = 0; /* For the connection that goes. */
	s->partial_len = 0;
	s->peer = (struct open){0};
	s->terms = (struct session_terms){0};
	s->keepalive_due = USEC_NEVER;
}

void session_switch(struct session *s, usec_t now)
{
	ASSERT(s->state == FSM_OPEN_SENT || s->state == FSM_OPEN_CONFIRM);
	forget_what_was_agreed(s);
	session_event(s, FSM_EV_COLLISION_DUMP, NULL, now);
	ASSERT(s->state == FSM_OPEN_SENT);
}

void session_transport_opened(struct session *s, usec_t now)
{
	session_begin(s, FSM_EV_TRANSPORT_UP, now);
	if (s->state == FSM_OPEN_SENT) {
		s->tx_len = 0;
	}
}
