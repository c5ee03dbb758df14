/* What a segment's signature is made of, cut into pieces for lanes.h: the data stays in the segment
 * but for its ends, which share blocks with what is signed before and after it.
 *
 * Private to dataplane/tcp and its tests.  RFC 2385 §2.0, RFC 5925 §5.1. */
#pragma once

#include "dataplane/tcp/auth_mac.h"
#include "dataplane/tcp/lanes.h"

/* The blocks that are not the segment's own.  In the tail there is at most: a front that data does
 * not fill up to a block, a secret, and padding. */
struct message_ends {
	uint8_t head[AO_FRONT_MAX + LANES_BLOCK_MAX];
	uint8_t tail[AO_FRONT_MAX + AUTH_SECRET_MAX + 2 * LANES_BLOCK_MAX];
};

/* `out` points into `ends`, the segment, and `t`; the state is the digest, when all is done. */
void message_md5(const struct auth_key *key, const struct auth_packet *p, struct message_ends *ends,
		 struct lanes_message *out);
/* HMAC is two digests, one after the other: the state of `out` becomes the inner one, and then the
 * second message's begins with it. */
void message_hmac_inner(const struct ao_traffic *t, uint32_t extension, const struct auth_packet *p,
			struct message_ends *ends, struct lanes_message *out);
void message_hmac_outer(const struct sha1_ctx *outer, struct message_ends *ends,
			struct lanes_message *message);
void message_cmac(const struct ao_traffic *t, uint32_t extension, const struct auth_packet *p,
		  struct message_ends *ends, struct lanes_message *out);
/* The bytes of a SHA-1 state. */
void message_sha1_bytes(const uint32_t *state, uint8_t out[static SHA1_DIGEST_SIZE]);
