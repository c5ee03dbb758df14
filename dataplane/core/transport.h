/* A member's connections: at most two, one of which the session follows.  Private to
 * dataplane/core.
 *
 * `member.tcp` is the one that the session knows; `member.rival` is a second one that waits for the
 * member's OPEN, or for its own end.  The rival takes nothing but its struct tcp: no session, no
 * export.  A handshake that the member began is no connection until it is complete (tcp/cookie.h),
 * so what strangers send in its name takes no place.  RFC 4271 §6.8, §8.2.1; RFC 4987; RFC 9293.
 */
#pragma once

#include "dataplane/core/core_priv.h"

/* transport.c: open, accept, follow, close, give up. */

/* Everything of a connection between these two but its sequence number; `mtu` is that of the port
 * where the neighbour was heard. */
struct tcp_conf transport_conf(const struct member *m, const struct endpoint *local,
			       const struct endpoint *remote, uint16_t mtu);
/* Of the cookies in our SYN+ACKs. */
uint64_t transport_cookie_key(const struct member *m);
/* The connection that a segment belongs to, or NULL. */
struct tcp *transport_find(const struct member *m, const struct endpoint *local,
			   const struct endpoint *remote);
/* A SYN (of no connection, or of one in TIME-WAIT that may be reused). */
void transport_syn(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		   const struct seg *syn, uint16_t mtu);
/* Any other segment of no connection: it completes a handshake, or is answered with a reset. */
void transport_stray(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		     const struct seg *seg, uint16_t mtu);
/* Add up what a connection has counted, and free it. */
void transport_free(struct member *m, struct tcp *tcp);
/* Free the session's connection, which must exist; the session is not told. */
void transport_disconnect(struct member *m);
/* The same if there is one, and the session is told when it has known it. */
void transport_drop(struct member *m, const char *why);
/* The session follows `tcp` from now on; there is no other. */
void transport_take(struct member *m, struct tcp *tcp, bool is_ours);
/* What became of the connection, to the session... */
void transport_follow(struct member *m);
/* ... and what the session says and wishes, to the connection. */
void transport_obey(struct member *m);
void transport_tick(struct member *m);
/* When transport_tick is wanted; USEC_NEVER when there is no connection. */
usec_t transport_due(const struct member *m);
bool transport_wants_tx(const struct member *m);
/* Nothing more is to be sent for an orderly end. */
bool transport_is_quiet(const struct member *m);
void transport_check(const struct member *m);

/* rival.c: the second connection. */

/* An established connection besides the session's; an older rival is forgotten. */
void rival_set(struct member *m, struct tcp *tcp);
/* Bring it forward: OPEN, the decision, its end. */
void rival_sync(struct member *m);
void rival_tick(struct member *m);
void rival_free(struct member *m);

/* answer.c: segments without a connection; see there for what is bounded. */

/* There is no route yet: keep it for answer_tick. */
void answer_wait(const struct answer *a);
/* Try again what waits, if it is time. */
void answer_tick(struct member *m);
void answer_syn(struct member *m, const struct tcp_conf *conf, const struct seg *syn);
void answer_reset(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		  const struct seg *in);
