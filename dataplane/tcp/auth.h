/* Who may speak on a connection: TCP-MD5 and TCP-AO for one neighbour.
 *
 * A `struct auth` holds a neighbour's keys and what its connections need of them; a pure machine.
 * Every arriving segment goes through auth_rx before any state is touched, every departing one
 * through auth_sign, between seg_encode and seg_seal; a signer does the sums (signer.h).
 *
 * Changing keys: a new auth adopts the old one's connection and, for AUTH_OVERLAP_US, its keys,
 * which are then *retired*: still accepted, and used for sending as long as the peer uses them.
 * They go as soon as the peer has moved on, so either side may change first, and no segment is
 * ever signed with a key that the peer has not shown to have (but for SYNs, which try all).
 *
 * RFC 2385 (MD5); RFC 5925 (AO), its algorithms RFC 5926, vectors RFC 9235.
 */
#pragma once

#include "dataplane/tcp/drop.h"
#include "dataplane/tcp/seg.h"

#define AUTH_SECRET_MAX	     80 /* As Linux has it, for MD5 and AO. */
#define AUTH_KEYS_MAX	     8	/* Of one neighbour. */
#define AUTH_MD5_KEYS_MAX    2	/* A password, and one that is taken beside it. */
#define AUTH_OVERLAP_US	     (300 * USEC_PER_SEC)
#define AUTH_CONNECTIONS_MAX 2	/* Of one neighbour at a time. */
#define AUTH_AO_MAC_LEN	     12 /* 96 bits, RFC 5926 §3.2. */

enum auth_algorithm { AUTH_MD5, AUTH_HMAC_SHA_1_96, AUTH_AES_128_CMAC_96 };

/* A key as a value.  Of MD5 only the secret counts. */
struct auth_key {
	uint8_t algorithm;	  /* enum auth_algorithm */
	uint8_t send_id, recv_id; /* AO: RFC 5925 §3.1. */
	bool excludes_options;	  /* AO: only the AO option itself is covered. */
	uint8_t secret_len;	  /* 1..AUTH_SECRET_MAX */
	uint8_t secret[AUTH_SECRET_MAX];
};

/* The keys of one neighbour, the one that we prefer first: of MD5's the peer chooses. */
struct auth_keys {
	unsigned count;
	struct auth_key key[AUTH_KEYS_MAX];
};

enum auth_verdict {
	AUTH_OK,
	AUTH_MISSING,	    /* No signature. */
	AUTH_UNEXPECTED,    /* A signature, and there is no key. */
	AUTH_KIND,	    /* MD5 for AO, or the other way round. */
	AUTH_BAD,	    /* The digest is wrong. */
	AUTH_KEY_UNKNOWN,   /* AO: no key with this id. */
	AUTH_NO_CONNECTION, /* AO: no connection, hence no traffic key to tell. */
	AUTH_VERDICT_COUNT
};

/* The drop that a verdict other than AUTH_OK is counted as. */
enum tcp_drop auth_drop(enum auth_verdict v);

/* A segment between two ends, with its bytes: the TCP header and the payload after it. */
struct auth_packet {
	const struct seg *seg;
	const struct endpoint *from, *to;
	struct span bytes;
};

bool auth_key_equal(const struct auth_key *a, const struct auth_key *b);
bool auth_keys_equal(const struct auth_keys *a, const struct auth_keys *b);
enum seg_auth auth_keys_kind(const struct auth_keys *k);

struct auth;

/* `keys` has at least one; copied.  NULL when memory is short. */
struct auth *auth_new(const struct auth_keys *keys);
/* Wipes what it holds; NULL is allowed. */
void auth_free(struct auth *a);
/* Go on where `old`, of the same kind, was; its keys are retired.  `old` can then be freed. */
void auth_adopt(struct auth *a, const struct auth *old, usec_t now);

/* NULL is SEG_AUTH_NONE. */
enum seg_auth auth_kind(const struct auth *a);
/* Of the option: for tcp_conf. */
uint8_t auth_mac_len(const struct auth *a);

/* A connection begins: with the segment that completed the peer's handshake, which auth_rx has just
 * passed, or with a SYN of ours. */
void auth_accept(struct auth *a, const struct endpoint *local, const struct endpoint *remote,
		 const struct seg *ack);
void auth_connect(struct auth *a, const struct endpoint *local, const struct endpoint *remote,
		  uint32_t iss);
/* It ended; its traffic keys are wiped.  Nothing if there is none. */
void auth_end(struct auth *a, const struct endpoint *local, const struct endpoint *remote);

/* May this segment be looked at?  NULL has no key and wants none. */
enum auth_verdict auth_rx(struct auth *a, const struct auth_packet *in, usec_t now);
/* The `key_id` of the segment that answers `in`, which auth_rx has just passed, without a
 * connection: not the id on the wire, but what auth_sign needs to find the key again. */
uint8_t auth_answer_key(const struct auth *a, const struct seg *in);
/* Put the ids into the header that seg_encode wrote at `header`, out->bytes starts there, and enter
 * the segment at the signer.  Without a connection AO signs a SYN+ACK, no RST (RFC 5925 §7.7). */
struct signer;
void auth_sign(struct auth *a, const struct auth_packet *out, uint8_t *header, usec_t now,
	       struct signer *signer);

/* What may be shown; there are no secrets in it. */
struct auth_status {
	uint8_t kind;	    /* enum seg_auth */
	uint8_t key_count;  /* Configured. */
	uint8_t retired;    /* Former keys that still count. */
	bool has_current;   /* AO: the next two are known. */
	uint8_t send_id;    /* The key that signs what we send. */
	uint8_t want_id;    /* The recv_id of the key that we ask the peer to use. */
	bool is_on_retired; /* We sign with a former key, because the peer does. */
	uint8_t padding;
};
struct auth_status auth_status(struct auth *a, usec_t now);

/* Assert the invariants; prints no key.  NULL is allowed. */
void auth_check(const struct auth *a);
