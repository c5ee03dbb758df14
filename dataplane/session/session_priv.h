/* What the files of the session share.  Private to this folder. */
#pragma once

#include "dataplane/session/session.h"

/* Run one event through the table and do what its cell says; returns the actions.  `why` is the
 * NOTIFICATION of a stop, an expired timer or a faulty message; NULL makes it an FSM error. */
unsigned session_event(struct session *s, enum fsm_event event, const struct notify *why,
		       usec_t now);

/* Hold a decoded OPEN against the configuration.  True: `*out_opts` and `*out_hold_s` are what both
 * sides agree on.  False: `*out_why` refuses it.  RFC 4271 §6.2, RFC 5492 §5. */
bool session_negotiate(const struct session_conf *conf, const struct open *peer,
		       struct update_opts *out_opts, uint16_t *out_hold_s, struct notify *out_why);
