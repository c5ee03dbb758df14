/* What the files of the session share.  Private to this folder. */
#pragma once

#include "dataplane/session/session.h"

/* Run one event through the table and do what its cell says; returns the actions.  `why` is the
 * NOTIFICATION of a stop, an expired timer or a faulty message; NULL makes it an FSM error. */
unsigned session_event(struct session *s, enum fsm_event event, const struct notify *why,
		       usec_t now);

/* There is a connection: TRANSPORT_UP or TRANSPORT_UP_DELAYED. */
void session_begin(struct session *s, enum fsm_event event, usec_t now);
/* The OPEN that offers what is configured. */
struct open session_offer(const struct session_conf *conf);
/* Hold a decoded OPEN against the configuration.  True: `*out` is what both sides agree on.  False:
 * `*out_why` refuses it.  `*out` points into `conf`.  RFC 4271 §6.2, RFC 5492 §5. */
bool session_negotiate(const struct session_conf *conf, const struct open *peer,
		       struct session_terms *out, struct notify *out_why);
