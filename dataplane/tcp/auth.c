/* Which key: of the few that a neighbour may have at a time, the one that a segment was signed
 * with, and the one that the next is signed with.
 *
 * Keys stand in slots: the configured ones first, the one that we prefer foremost, then the
 * retired ones.  Receiving tries every key that fits, for MD5 has no key id, and an AO secret may
 * have been changed under its old id (Deviates: RFC 5925 §3.1 has ids unique among all keys; here
 * they are so among the configured ones).  Sending uses `current`.
 *
 *   MD5  current is the key of the peer's last good segment.
 *   AO   current is the key that the peer asks for (RNextKeyID), RFC 5925 §7.5; we ask for ours in
 *        slot 0.  A key of a connection never changes what its positions mean: the sequence number
 *        extension (§6.2) is the upper half of a 64-bit position, kept here for both directions.
 *
 * A handshake without state (cookie.h) needs none here either: a SYN, our answer to it and the ACK
 * that completes it bring both initial sequence numbers along, and with them their traffic keys.
 *
 * (a) A retired key lives until the peer has used a configured one (and asks for one), at most
 *     AUTH_OVERLAP_US.
 * (b) SYNs of ours go through the keys in turn, for nothing is known of the peer yet.
 * (c) A segment moves keys or positions only after its digest was found right.
 */
#include "dataplane/tcp/auth.h"

#include <limits.h>
#include <stdlib.h>

#include <nettle/memops.h>

#include "dataplane/tcp/auth_mac.h"
#include "dataplane/tcp/seq.h"
#include "dataplane/tcp/signer_enter.h"
#include "rib/base/check.h"

#define SLOT_NONE UINT_MAX
#define MD5_SLOTS (2 * AUTH_MD5_KEYS_MAX) /* And those before. */
#define AO_SLOTS  (2 * AUTH_KEYS_MAX)

struct slot {
	struct auth_key key;
	bool is_retired;
	bool has_traffic[AUTH_CONNECTIONS_MAX]; /* AO: of that connection. */
	struct ao_traffic send[AUTH_CONNECTIONS_MAX], recv[AUTH_CONNECTIONS_MAX];
};

struct connection {
	bool is_open;
	bool knows_peer;  /* irs and rcv_at are known. */
	unsigned current; /* Signs what we send. */
	unsigned syns;	  /* That we sent. */
	uint32_t iss, irs;
	uint64_t snd_at, rcv_at; /* The furthest segments' positions, seq.h. */
	struct endpoint local, remote;
};

struct auth {
	uint8_t kind; /* enum seg_auth */
	unsigned count, room;
	unsigned used;	      /* Had signed the good segment that came last. */
	usec_t overlap_until; /* The retired keys go; USEC_NEVER when there are none. */
	struct connection connection[AUTH_CONNECTIONS_MAX];
	struct slot slot[];
};

static_assert(TCP_DROP_AUTH_NO_CONNECTION - TCP_DROP_AUTH_MISSING + 1 == AUTH_VERDICT_COUNT - 1,
	      "each verdict has its drop");
static_assert(TCP_DROP_AUTH_BAD - TCP_DROP_AUTH_MISSING == AUTH_BAD - AUTH_MISSING,
	      "in the same order");

enum tcp_drop auth_drop(enum auth_verdict v)
{
	ASSERT(v > AUTH_OK && v < AUTH_VERDICT_COUNT);
	return (enum tcp_drop)(TCP_DROP_AUTH_MISSING + v - AUTH_MISSING);
}

bool auth_key_equal(const struct auth_key *a, const struct auth_key *b)
{
	return a->algorithm == b->algorithm && a->send_id == b->send_id &&
	       a->recv_id == b->recv_id && a->excludes_options == b->excludes_options &&
	       a->secret_len == b->secret_len && memeql_sec(a->secret, b->secret, a->secret_len);
}

bool auth_keys_equal(const struct auth_keys *a, const struct auth_keys *b)
{
	bool is_equal = a->count == b->count;

	for (unsigned i = 0; is_equal && i < a->count; i++) {
		is_equal = auth_key_equal(&a->key[i], &b->key[i]);
	}
	return is_equal;
}

enum seg_auth auth_keys_kind(const struct auth_keys *k)
{
	if (k == NULL || k->count == 0) {
		return SEG_AUTH_NONE;
	}
	return k->key[0].algorithm == AUTH_MD5 ? SEG_AUTH_MD5 : SEG_AUTH_AO;
}

static size_t auth_size(unsigned room)
{
	return sizeof(struct auth) + room * sizeof(struct slot);
}

struct auth *auth_new(const struct auth_keys *keys)
{
	enum seg_auth kind = auth_keys_kind(keys);
	unsigned room = kind == SEG_AUTH_MD5 ? MD5_SLOTS : AO_SLOTS;

	ASSERT(keys->count >= 1 && keys->count <= AUTH_KEYS_MAX);
	ASSERT(kind != SEG_AUTH_MD5 || keys->count <= AUTH_MD5_KEYS_MAX);
	struct auth *a = calloc(1, auth_size(room));

	if (a == NULL) {
		return NULL;
	}
	a->kind = (uint8_t)kind;
	a->room = room;
	a->count = keys->count;
	a->overlap_until = USEC_NEVER;
	for (unsigned i = 0; i < a->count; i++) {
		a->slot[i].key = keys->key[i];
	}
	return a;
}

void auth_free(struct auth *a)
{
	if (a != NULL) {
		explicit_bzero(a, auth_size(a->room));
		free(a);
	}
}

enum seg_auth auth_kind(const struct auth *a)
{
	return a == NULL ? SEG_AUTH_NONE : (enum seg_auth)a->kind;
}

uint8_t auth_mac_len(const struct auth *a)
{
	switch (auth_kind(a)) {
	case SEG_AUTH_MD5:
		return SEG_MD5_LEN;
	case SEG_AUTH_AO:
		return AUTH_AO_MAC_LEN;
	default:
		return 0;
	}
}

static unsigned configured_count(const struct auth *a)
{
	unsigned n = 0;

	while (n < a->count && !a->slot[n].is_retired) {
		n++;
	}
	return n;
}

/* The connections stay in their places; the retired slots are the last ones. */
static void forget_retired(struct auth *a)
{
	unsigned kept = configured_count(a);

	explicit_bzero(&a->slot[kept], (a->count - kept) * sizeof(struct slot));
	a->count = kept;
	a->overlap_until = USEC_NEVER;
	a->used = a->used < kept ? a->used : 0;
	for (unsigned i = 0; i < AUTH_CONNECTIONS_MAX; i++) {
		struct connection *c = &a->connection[i];

		c->current = c->current < kept ? c->current : 0;
	}
}

static void forget_expired(struct auth *a, usec_t now)
{
	if (a->overlap_until <= now) {
		forget_retired(a);
	}
}

static unsigned find_key(const struct auth *a, const struct auth_key *key)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (auth_key_equal(&a->slot[i].key, key)) {
			return i;
		}
	}
	return SLOT_NONE;
}

/* A key of `old` lives on here, with its traffic keys: as configured, or retired if there is room.
 * Returns its slot. */
static unsigned take_slot(struct auth *a, const struct slot *old)
{
	unsigned i = find_key(a, &old->key);
	bool is_retired = i == SLOT_NONE ? true : a->slot[i].is_retired;

	if (i == SLOT_NONE && a->count == a->room) {
		return SLOT_NONE;
	}
	if (i == SLOT_NONE) {
		i = a->count++;
	}
	a->slot[i] = *old;
	a->slot[i].is_retired = is_retired;
	return i;
}

void auth_adopt(struct auth *a, const struct auth *old, usec_t now)
{
	ASSERT(a->kind == old->kind);
	ASSERT(configured_count(a) == a->count);
	unsigned kept = a->count;

	/* Those in use first, for they must not be the ones without room. */
	for (unsigned i = 0; i < AUTH_CONNECTIONS_MAX; i++) {
		const struct connection *c = &old->connection[i];

		a->connection[i] = *c;
		if (c->is_open) {
			unsigned current = take_slot(a, &old->slot[c->current]);

			a->connection[i].current = current == SLOT_NONE ? 0 : current;
		}
	}
	for (unsigned i = 0; i < old->count; i++) {
		take_slot(a, &old->slot[i]);
	}
	a->overlap_until = a->count > kept ? now + AUTH_OVERLAP_US : USEC_NEVER;
}

static bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

static struct connection *find_connection(struct auth *a, const struct endpoint *local,
					  const struct endpoint *remote)
{
	for (unsigned i = 0; i < AUTH_CONNECTIONS_MAX; i++) {
		struct connection *c = &a->connection[i];

		if (c->is_open && endpoint_equal(&c->local, local) &&
		    endpoint_equal(&c->remote, remote)) {
			return c;
		}
	}
	return NULL;
}

/* The slot of the key that the peer asks us to send with, RFC 5925 §7.5.  `used` is that of its
 * segment: under one id it goes before others.  SLOT_NONE when we have no such key. */
static unsigned wanted_slot(const struct auth *a, unsigned used, uint8_t rnext_id)
{
	if (a->slot[used].key.send_id == rnext_id) {
		return used;
	}
	for (unsigned i = 0; i < a->count; i++) {
		if (a->slot[i].key.send_id == rnext_id) {
			return i;
		}
	}
	return SLOT_NONE;
}

uint8_t auth_answer_key(const struct auth *a, const struct seg *in)
{
	unsigned wanted = a->kind == SEG_AUTH_AO ? wanted_slot(a, a->used, in->rnext_id) : a->used;

	return (uint8_t)(wanted == SLOT_NONE ? a->used : wanted);
}

/* Both initial sequence numbers are known now. */
static void learn_peer(const struct auth *a, struct connection *c, uint32_t irs,
		       const struct seg *in)
{
	c->knows_peer = true;
	c->irs = irs;
	c->rcv_at = seq_start(irs);
	c->current = auth_answer_key(a, in);
}

static struct connection *open_connection(struct auth *a, const struct endpoint *local,
					  const struct endpoint *remote, uint32_t iss)
{
	struct connection *c = a->connection;

	ASSERT(find_connection(a, local, remote) == NULL);
	while (c->is_open) {
		c++;
		ASSERT(c < a->connection + AUTH_CONNECTIONS_MAX);
	}
	*c = (struct connection){.is_open = true,
				 .iss = iss,
				 .snd_at = seq_start(iss),
				 .local = *local,
				 .remote = *remote};
	return c;
}

void auth_accept(struct auth *a, const struct endpoint *local, const struct endpoint *remote,
		 const struct seg *ack)
{
	struct connection *c = open_connection(a, local, remote, ack->ack - 1);

	learn_peer(a, c, ack->seq - 1, ack);
}

void auth_connect(struct auth *a, const struct endpoint *local, const struct endpoint *remote,
		  uint32_t iss)
{
	open_connection(a, local, remote, iss);
}

void auth_end(struct auth *a, const struct endpoint *local, const struct endpoint *remote)
{
	struct connection *c = find_connection(a, local, remote);

	if (c == NULL) {
		return;
	}
	unsigned at = (unsigned)(c - a->connection);

	c->is_open = c->knows_peer = false;
	c->current = 0;
	for (unsigned i = 0; i < a->count; i++) {
		struct slot *s = &a->slot[i];

		s->has_traffic[at] = false;
		explicit_bzero(&s->send[at], sizeof(s->send[at]));
		explicit_bzero(&s->recv[at], sizeof(s->recv[at]));
	}
}

static bool uses_retired(const struct auth *a)
{
	for (unsigned i = 0; i < AUTH_CONNECTIONS_MAX; i++) {
		const struct connection *c = &a->connection[i];

		if (c->is_open && a->slot[c->current].is_retired) {
			return true;
		}
	}
	return false;
}

/* A good segment came, of connection `c` or of none (NULL), signed with the key of slot `used`. */
static void settle(struct auth *a, struct connection *c, unsigned used, unsigned wanted)
{
	a->used = used;
	if (c != NULL) {
		c->current = wanted;
	}
	if (!a->slot[used].is_retired && !uses_retired(a)) {
		forget_retired(a); /* (a) */
	}
}

static enum auth_verdict md5_rx(struct auth *a, const struct auth_packet *in)
{
	uint8_t digest[SEG_MD5_LEN];
	const uint8_t *seen = in->bytes.data + in->seg->mac_at;

	for (unsigned i = 0; i < a->count; i++) {
		auth_md5(&a->slot[i].key, in, digest);
		if (memeql_sec(digest, seen, SEG_MD5_LEN)) {
			settle(a, find_connection(a, in->to, in->from), i, i);
			return AUTH_OK;
		}
	}
	return AUTH_BAD;
}

static uint32_t extension_of(uint64_t position)
{
	return (uint32_t)((position >> 32) - 1); /* Positions start above 2³². */
}

static bool has_mac(struct ao_traffic *t, uint32_t extension, const struct auth_packet *in)
{
	uint8_t mac[AUTH_AO_MAC_LEN];

	ao_mac(t, extension, in, in->seg->mac_at, mac);
	return memeql_sec(mac, in->bytes.data + in->seg->mac_at, AUTH_AO_MAC_LEN);
}

/* RFC 5925 §5.2: both directions' keys, from both initial sequence numbers. */
static void derive_traffic(const struct auth *a, const struct connection *c, struct slot *s)
{
	const struct ao_context send = {&c->local, &c->remote, c->iss, c->irs};
	const struct ao_context recv = {&c->remote, &c->local, c->irs, c->iss};
	unsigned at = (unsigned)(c - a->connection);

	if (!s->has_traffic[at]) {
		ao_derive(&s->send[at], &s->key, &send);
		ao_derive(&s->recv[at], &s->key, &recv);
		s->has_traffic[at] = true;
	}
}

/* A segment that brings the initial sequence numbers along: its traffic key is made for it alone.
 * Returns the slot whose key it was signed with. */
static unsigned ao_rx_alone(struct auth *a, const struct auth_packet *in, uint32_t from_isn,
			    uint32_t to_isn)
{
	const struct ao_context context = {in->from, in->to, from_isn, to_isn};
	uint64_t position = seq_widen(seq_start(from_isn), in->seg->seq);
	struct ao_traffic t;
	unsigned used = SLOT_NONE;

	for (unsigned i = 0; i < a->count && used == SLOT_NONE; i++) {
		if (a->slot[i].key.recv_id == in->seg->key_id) {
			ao_derive(&t, &a->slot[i].key, &context);
			used = has_mac(&t, extension_of(position), in) ? i : SLOT_NONE;
		}
	}
	explicit_bzero(&t, sizeof(t));
	if (used != SLOT_NONE) {
		a->used = used;
	}
	return used;
}

/* A segment of a synchronized connection. */
static enum auth_verdict ao_rx_known(struct auth *a, struct connection *c,
				     const struct auth_packet *in)
{
	uint64_t position = seq_widen(c->rcv_at, in->seg->seq);
	unsigned at = (unsigned)(c - a->connection);

	for (unsigned i = 0; i < a->count; i++) {
		struct slot *s = &a->slot[i];

		if (s->key.recv_id != in->seg->key_id) {
			continue;
		}
		derive_traffic(a, c, s);
		if (!has_mac(&s->recv[at], extension_of(position), in)) {
			continue;
		}
		/* A segment that was overtaken, or is replayed, asks for nothing.  (RFC 5925 §6.1
		 * lets it put the key back for a moment.) */
		if (position >= c->rcv_at) {
			unsigned wanted = wanted_slot(a, i, in->seg->rnext_id);

			c->rcv_at = position;
			settle(a, c, i, wanted == SLOT_NONE ? c->current : wanted);
		}
		return AUTH_OK;
	}
	return AUTH_BAD;
}

static bool has_recv_id(const struct auth *a, uint8_t key_id)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (a->slot[i].key.recv_id == key_id) {
			return true;
		}
	}
	return false;
}

/* A SYN, with or without ACK; `c` is the connection that waits for it, or NULL. */
static enum auth_verdict ao_rx_syn(struct auth *a, struct connection *c,
				   const struct auth_packet *in)
{
	bool is_first = (in->seg->flags & TCP_ACK) == 0;

	if (ao_rx_alone(a, in, in->seg->seq, is_first ? 0 : c->iss) == SLOT_NONE) {
		return AUTH_BAD;
	}
	if (c != NULL && !c->knows_peer) {
		learn_peer(a, c, in->seg->seq, in->seg);
	}
	return AUTH_OK;
}

/* A segment of no connection: it may be the third of a handshake.  The rest proves nothing, and
 * after a restart of ours that is all that the old connection sends. */
static enum auth_verdict ao_rx_stray(struct auth *a, const struct auth_packet *in)
{
	bool may_open = (in->seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK;

	return may_open && ao_rx_alone(a, in, in->seg->seq - 1, in->seg->ack - 1) != SLOT_NONE
		       ? AUTH_OK
		       : AUTH_NO_CONNECTION;
}

static enum auth_verdict ao_rx(struct auth *a, const struct auth_packet *in)
{
	struct connection *c = find_connection(a, in->to, in->from);
	bool is_syn = (in->seg->flags & TCP_SYN) != 0;
	bool is_first = is_syn && (in->seg->flags & TCP_ACK) == 0;

	if (!has_recv_id(a, in->seg->key_id)) {
		return AUTH_KEY_UNKNOWN;
	}
	if (in->seg->mac_len != AUTH_AO_MAC_LEN) {
		return AUTH_BAD;
	}
	if (is_first || (is_syn && c != NULL && !c->knows_peer)) {
		return ao_rx_syn(a, c, in);
	}
	if (c == NULL) {
		return ao_rx_stray(a, in);
	}
	return c->knows_peer ? ao_rx_known(a, c, in) : AUTH_NO_CONNECTION;
}

enum auth_verdict auth_rx(struct auth *a, const struct auth_packet *in, usec_t now)
{
	enum seg_auth kind = auth_kind(a);

	if (in->seg->auth == SEG_AUTH_NONE) {
		return kind == SEG_AUTH_NONE ? AUTH_OK : AUTH_MISSING;
	}
	if (kind == SEG_AUTH_NONE) {
		/* As Linux does, for both.  RFC 5925 §7.3 would let AO pass by default, and allows
		 * this. */
		return AUTH_UNEXPECTED;
	}
	if (in->seg->auth != kind) {
		return AUTH_KIND;
	}
	forget_expired(a, now);
	return kind == SEG_AUTH_MD5 ? md5_rx(a, in) : ao_rx(a, in);
}

/* A SYN of ours or the answer to one: its key is made for it alone. */
static void ao_sign_alone(const struct slot *s, const struct auth_packet *out, uint8_t *header,
			  struct signer *signer)
{
	bool is_first = (out->seg->flags & TCP_ACK) == 0;
	const struct ao_context context = {out->from, out->to, out->seg->seq,
					   is_first ? 0 : out->seg->ack - 1};
	struct ao_traffic t;

	ao_derive(&t, &s->key, &context);
	signer_enter_ao(signer, &t, 0, out, header);
	explicit_bzero(&t, sizeof(t));
}

static void ao_sign(struct auth *a, struct connection *c, unsigned slot,
		    const struct auth_packet *out, uint8_t *header, struct signer *signer)
{
	struct slot *s = &a->slot[slot];
	size_t mac_at = auth_header_len(out) - AUTH_AO_MAC_LEN;

	header[mac_at - 2] = s->key.send_id;
	header[mac_at - 1] = a->slot[0].key.recv_id; /* What we ask for: RFC 5925 §2.2. */
	if ((out->seg->flags & TCP_SYN) != 0) {
		ao_sign_alone(s, out, header, signer);
	} else if (c != NULL && c->knows_peer) {
		uint64_t position = seq_widen(c->snd_at, out->seg->seq);

		c->snd_at = max_u64(c->snd_at, position);
		derive_traffic(a, c, s);
		signer_enter_ao(signer, &s->send[c - a->connection], extension_of(position), out,
				header);
	}
	/* Else nothing signs it (RFC 5925 §7.7), and the peer will not look at it. */
}

void auth_sign(struct auth *a, const struct auth_packet *out, uint8_t *header, usec_t now,
	       struct signer *signer)
{
	struct connection *c = find_connection(a, out->from, out->to);
	bool is_first = (out->seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	unsigned slot;

	ASSERT(out->seg->auth == a->kind && out->bytes.data == header);
	forget_expired(a, now);
	if (c == NULL) {
		slot = out->seg->key_id < a->count ? out->seg->key_id : 0; /* auth_answer_key */
	} else {
		slot = is_first ? c->syns++ % a->count : c->current; /* (b) */
	}
	if (a->kind == SEG_AUTH_MD5) {
		signer_enter_md5(signer, &a->slot[slot].key, out, header);
	} else {
		ao_sign(a, c, slot, out, header, signer);
	}
}

struct auth_status auth_status(struct auth *a, usec_t now)
{
	if (a == NULL) {
		return (struct auth_status){.kind = SEG_AUTH_NONE};
	}
	forget_expired(a, now);
	unsigned configured = configured_count(a);
	const struct connection *c = &a->connection[0];

	for (unsigned i = 1; i < AUTH_CONNECTIONS_MAX && !c->knows_peer; i++) {
		c = &a->connection[i];
	}
	return (struct auth_status){
		.kind = a->kind,
		.key_count = (uint8_t)configured,
		.retired = (uint8_t)(a->count - configured),
		.has_current = a->kind == SEG_AUTH_AO && c->knows_peer,
		.send_id = a->slot[c->current].key.send_id,
		.want_id = a->slot[0].key.recv_id,
		.is_on_retired = uses_retired(a),
	};
}

void auth_check(const struct auth *a)
{
	if (a == NULL) {
		return;
	}
	unsigned configured = configured_count(a);

	ASSERT(a->kind == SEG_AUTH_MD5 || a->kind == SEG_AUTH_AO);
	ASSERT(configured >= 1 && a->count <= a->room);
	ASSERT(a->used < a->count);
	ASSERT((a->count > configured) == (a->overlap_until != USEC_NEVER));
	for (unsigned i = 0; i < AUTH_CONNECTIONS_MAX; i++) {
		ASSERT(a->connection[i].current < a->count);
		ASSERT(a->connection[i].is_open || !a->connection[i].knows_peer);
	}
	for (unsigned i = 0; i < a->count; i++) {
		ASSERT(a->slot[i].is_retired == (i >= configured));
		ASSERT(a->slot[i].key.secret_len >= 1);
		ASSERT((a->slot[i].key.algorithm == AUTH_MD5) == (a->kind == SEG_AUTH_MD5));
	}
}
