/* Two connections with one member, until one is left.  RFC 4271 §6.8, §8.2.1; RFC 6286 §2.3.
 *
 * When both sides open at the same moment there are two connections.  The RFC gives each a machine
 * of its own; here the session follows the one that is furthest (its machine is the session's), and
 * the other, the rival, is at most in OpenSent: its owner sends our OPEN on it and waits for the
 * member's.  These functions judge that OPEN, say who stays, and move the session over.  They are
 * pure; the connections themselves are the caller's (core/rival.c).
 */
#pragma once

#include "dataplane/session/session.h"

#define SESSION_OPEN_MAX 128

/* Our OPEN as the session would send it; its length.  `len` >= SESSION_OPEN_MAX. */
size_t session_open(const struct session *s, uint8_t *buf, size_t len);

enum rival_verdict {
	RIVAL_MORE,  /* No whole message yet. */
	RIVAL_OPEN,  /* The session could live with this OPEN: `*out_open`. */
	RIVAL_BAD,   /* To be refused with `*out_why`. */
	RIVAL_ENDED, /* The member sent a NOTIFICATION. */
};

/* What stands at the front of the rival's bytes.  Nothing is consumed: a session that moves over
 * reads it again. */
enum rival_verdict session_judge(const struct session *s, struct span in, struct open *out_open,
				 struct notify *out_why);
/* The rival has heard `open`: whether the session leaves its connection for it.  `is_ours` and
 * `is_rival_ours` tell which of the two we have opened, `is_rival_new` that the rival was opened
 * after the session had been established: a member with graceful restart has then lost the old
 * connection and not said so (RFC 4724 §4.2, §5). */
bool session_yields(const struct session *s, const struct open *open, bool is_ours,
		    bool is_rival_ours, bool is_rival_new);
/* Go on with a connection on which our OPEN was sent and none was read.  Called in OpenSent or
 * OpenConfirm. */
void session_switch(struct session *s, usec_t now);
/* session_transport_up for a connection on which our OPEN has been sent already. */
void session_transport_opened(struct session *s, usec_t now);
