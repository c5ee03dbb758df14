/* A queue for each way of signing; a full one is signed at once.
 *
 * The MAC of an entered segment is zero, in its header as well as in its checksum; adding its words
 * to the checksum afterwards is all that is left to do (RFC 1624 §3).
 */
#include "dataplane/tcp/signer.h"

#include <stdlib.h>

#include "dataplane/tcp/message.h"
#include "dataplane/tcp/signer_enter.h"
#include "rib/base/check.h"
#include "rib/base/csum.h"

#define CHECKSUM_AT 16
#define SIGNER_MAX  LANES_MAX /* Of each kind. */

/* Where a MAC goes. */
struct place {
	uint8_t *header;
	size_t mac_at, mac_len;
};

/* What a segment's signing needs of its key beside the message. */
union rest {
	struct sha1_ctx outer;
	struct aes128_ctx aes;
};

struct queue {
	unsigned count;
	struct place place[SIGNER_MAX];
	struct lanes_message message[SIGNER_MAX];
	struct message_ends ends[SIGNER_MAX];
	union rest rest[SIGNER_MAX];
};

struct signer {
	enum lanes_level level;
	struct queue queue[LANES_KIND_COUNT];
};

struct signer *signer_new(enum lanes_level level)
{
	struct signer *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->level = level;
	}
	return s;
}

void signer_free(struct signer *s)
{
	if (s != NULL) {
		ASSERT(signer_is_empty(s));
		free(s);
	}
}

bool signer_is_empty(const struct signer *s)
{
	unsigned count = 0;

	for (unsigned i = 0; i < LANES_KIND_COUNT; i++) {
		count += s->queue[i].count;
	}
	return count == 0;
}

static void mac_store(const struct place *p, const void *mac)
{
	uint16_t checksum;

	memcpy(&checksum, p->header + CHECKSUM_AT, sizeof(checksum));
	memcpy(p->header + p->mac_at, mac, p->mac_len);
	csum_store(csum_add((uint16_t)~checksum, mac, p->mac_len), p->header + CHECKSUM_AT);
}

/* HMAC's second digests. */
static void queue_run_outer(struct queue *q, enum lanes_level level)
{
	for (unsigned i = 0; i < q->count; i++) {
		message_hmac_outer(&q->rest[i].outer, &q->ends[i], &q->message[i]);
	}
	lanes_run(LANES_SHA_1, level, q->message, q->count);
	for (unsigned i = 0; i < q->count; i++) {
		uint8_t digest[SHA1_DIGEST_SIZE];

		message_sha1_bytes(q->message[i].state, digest);
		memcpy(q->message[i].state, digest, sizeof(digest));
	}
}

static void queue_run(struct queue *q, enum lanes_kind kind, enum lanes_level level)
{
	size_t block_len = lanes_block_len(kind);

	lanes_run(kind, level, q->message, q->count);
	if (kind == LANES_SHA_1) {
		queue_run_outer(q, level);
	}
	for (unsigned i = 0; i < q->count; i++) {
		mac_store(&q->place[i], q->message[i].state);
		/* MD5's key, or the last block with CMAC's. */
		explicit_bzero(q->ends[i].tail, q->message[i].piece[2].blocks * block_len);
	}
	if (kind != LANES_MD5) {
		explicit_bzero(q->rest, q->count * sizeof(q->rest[0]));
	}
	q->count = 0;
}

void signer_run(struct signer *s)
{
	for (unsigned i = 0; i < LANES_KIND_COUNT; i++) {
		if (s->queue[i].count > 0) {
			queue_run(&s->queue[i], (enum lanes_kind)i, s->level);
		}
	}
}

/* The place of the next entry of a kind. */
static unsigned queue_next(struct signer *s, enum lanes_kind kind, const struct auth_packet *p,
			   uint8_t *header, size_t mac_len)
{
	struct queue *q = &s->queue[kind];

	if (q->count == SIGNER_MAX) {
		queue_run(q, kind, s->level);
	}
	q->place[q->count] = (struct place){header, auth_header_len(p) - mac_len, mac_len};
	return q->count++;
}

void signer_enter_md5(struct signer *s, const struct auth_key *key, const struct auth_packet *p,
		      uint8_t *header)
{
	struct queue *q = &s->queue[LANES_MD5];
	unsigned i = queue_next(s, LANES_MD5, p, header, SEG_MD5_LEN);

	message_md5(key, p, &q->ends[i], &q->message[i]);
}

void signer_enter_ao(struct signer *s, const struct ao_traffic *t, uint32_t extension,
		     const struct auth_packet *p, uint8_t *header)
{
	bool is_hmac = t->algorithm == AUTH_HMAC_SHA_1_96;
	enum lanes_kind kind = is_hmac ? LANES_SHA_1 : LANES_CBC_MAC;
	struct queue *q = &s->queue[kind];
	unsigned i = queue_next(s, kind, p, header, AUTH_AO_MAC_LEN);

	if (is_hmac) {
		message_hmac_inner(t, extension, p, &q->ends[i], &q->message[i]);
		q->rest[i].outer = t->sha1.outer;
	} else {
		message_cmac(t, extension, p, &q->ends[i], &q->message[i]);
		q->rest[i].aes = t->aes.cipher;
		q->message[i].key = q->rest[i].aes.keys;
	}
}
