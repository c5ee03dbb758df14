/* Digests over segments: what the bytes are that RFC 2385 and RFC 5925 sign, and the two key
 * derivations of RFC 5926.  Shared by md5.c, ao.c, ao_kdf.c and auth.c; nobody else sees it.
 *
 * An AO traffic key is kept in the form that its use needs: HMAC's inner and outer state, or AES's
 * expanded key, so that signing a segment costs only its own bytes. */
#pragma once

#include <nettle/cmac.h>
#include <nettle/hmac.h>

#include "dataplane/tcp/auth.h"

#define AO_TRAFFIC_KEY_MAX 20 /* RFC 5926 §3.1: 160 or 128 bits. */
#define AO_FRONT_MAX	   (4 + 40 + TCP_HEADER_MAX)

#define MD5_FRONT_MAX (40 + TCP_HEADER_MIN)

/* RFC 2385 §2.0. */
void auth_md5(const struct auth_key *key, const struct auth_packet *p,
	      uint8_t out[static SEG_MD5_LEN]);
/* Everything signed before the data, at `to`; returns its length. */
size_t auth_md5_front(const struct auth_packet *p, uint8_t to[static MD5_FRONT_MAX]);

/* The connection block of RFC 5925 §5.2, as seen by the sender of the segments. */
struct ao_context {
	const struct endpoint *from, *to;
	uint32_t from_isn, to_isn; /* to_isn is 0 for a SYN without ACK. */
};

/* The raw traffic key; returns its length.  RFC 5926 §3.1.1. */
size_t ao_kdf(const struct auth_key *key, const struct ao_context *context,
	      uint8_t out[static AO_TRAFFIC_KEY_MAX]);

/* A traffic key, ready for use. */
struct ao_traffic {
	uint8_t algorithm; /* enum auth_algorithm */
	bool excludes_options;
	union {
		struct hmac_sha1_ctx sha1;
		struct cmac_aes128_ctx aes;
	};
};

void ao_derive(struct ao_traffic *t, const struct auth_key *key, const struct ao_context *context);
/* Everything signed before the data, at `to` (AO_FRONT_MAX bytes are enough); returns its length.
 * `extension` is the sequence number extension, RFC 5925 §6.2; the MAC stands `mac_at` bytes into
 * the header. */
size_t ao_front(const struct ao_traffic *t, uint32_t extension, const struct auth_packet *p,
		size_t mac_at, uint8_t *to);
/* The MAC of a segment.  `t` is as before afterwards. */
void ao_mac(struct ao_traffic *t, uint32_t extension, const struct auth_packet *p, size_t mac_at,
	    uint8_t out[static AUTH_AO_MAC_LEN]);

/* The pseudo-header at `to` (40 bytes are enough); returns its length. */
size_t auth_pseudo_header(const struct auth_packet *p, uint8_t *to);
/* The header's length: the data offset of its bytes. */
size_t auth_header_len(const struct auth_packet *p);
/* What stands behind the header. */
struct span auth_data(const struct auth_packet *p);
