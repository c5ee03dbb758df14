/* A member's keys, between its segments and its connections.  Private to dataplane/core.
 *
 * auth (dataplane/tcp) judges and signs; here it is joined: what is refused is counted under its
 * name for the member, connection or not, and told as an event now and then.  A refused segment
 * touches no other state and is answered with nothing. */
#pragma once

#include "dataplane/core/core.h"

struct member;

/* What a member holds of it. */
struct member_auth {
	struct auth *now;  /* NULL: no key. */
	struct auth *next; /* Waits until the connections, of another kind, are gone. */
	bool has_next;
	usec_t refused_at[AUTH_VERDICT_COUNT];
	usec_t told_due; /* No event before this. */
};

/* Whether the segment may go on. */
bool keys_admit(struct member *m, const struct auth_packet *in);
/* Prepare `out`, which answers `in` without a connection, for being signed.  False when it cannot
 * be, and is not to be sent. */
bool keys_answer(const struct member *m, const struct seg *in, struct seg *out);
/* A connection begins: with the segment that completed the member's handshake, or with our SYN. */
void keys_accept(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		 const struct seg *ack);
void keys_connect(struct member *m, const struct tcp_conf *conf);
void keys_close(struct member *m, const struct endpoint *local, const struct endpoint *remote);
/* Enter what seg_encode wrote at `header` at the worker's signer, if it carries a signature. */
void keys_sign(struct member *m, const struct auth_packet *out, uint8_t *header);
/* REQUEST_KEYS: `next` (NULL: none) is taken.  Ends the session only when its kind changes. */
void keys_change(struct member *m, struct auth *next);
/* Keys that waited for the end of all connections take effect, if that is now. */
void keys_settle(struct member *m);
void keys_publish(struct member *m, struct member_status *out);
void keys_fini(struct member *m);
