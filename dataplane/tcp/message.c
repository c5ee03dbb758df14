#include "dataplane/tcp/message.h"

#include "rib/base/check.h"

/* The front stands in ends->head.  Cut off whole blocks of front and data, and leave at least
 * `last` bytes for the tail; returns how many begin it. */
static size_t cut(struct message_ends *ends, size_t front_len, struct span data, size_t block_len,
		  size_t last, struct lanes_message *out)
{
	size_t head_blocks = (front_len + block_len - 1) / block_len;
	size_t gap = head_blocks * block_len - front_len, tail_len = 0, middle = 0;

	if (data.len < gap + last) { /* All of it is tail. */
		memcpy(ends->tail, ends->head, front_len);
		tail_len = front_len;
		head_blocks = 0;
	} else {
		memcpy(ends->head + front_len, data.data, gap);
		data = span_of(data.data + gap, data.len - gap);
		middle = (data.len - last) / block_len;
	}
	out->piece[0] = (struct lanes_piece){ends->head, head_blocks};
	out->piece[1] = (struct lanes_piece){data.data, middle};
	memcpy(ends->tail + tail_len, data.data + middle * block_len,
	       data.len - middle * block_len);
	return tail_len + data.len - middle * block_len;
}

/* The tail, of `tail_len` bytes, ends with padding and the length of all that is signed in bits:
 * 64 bits, RFC 1321 §3.1 and §3.2. */
static void pad(struct message_ends *ends, size_t tail_len, uint64_t bits,
		struct lanes_message *out)
{
	size_t blocks = (tail_len + sizeof(bits)) / LANES_BLOCK_HASH + 1;
	size_t bits_at = blocks * LANES_BLOCK_HASH - sizeof(bits);

	ASSERT(bits_at + sizeof(bits) <= sizeof(ends->tail));
	ends->tail[tail_len++] = 0x80;
	memset(ends->tail + tail_len, 0, bits_at - tail_len);
	memcpy(ends->tail + bits_at, &bits, sizeof(bits));
	out->piece[2] = (struct lanes_piece){ends->tail, blocks};
}

void message_md5(const struct auth_key *key, const struct auth_packet *p, struct message_ends *ends,
		 struct lanes_message *out)
{
	static const uint32_t initial[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
	struct span data = auth_data(p);
	size_t front_len = auth_md5_front(p, ends->head);
	size_t tail_len = cut(ends, front_len, data, LANES_BLOCK_HASH, 0, out);

	memcpy(ends->tail + tail_len, key->secret, AUTH_SECRET_MAX); /* A constant is quicker. */
	pad(ends, tail_len + key->secret_len, 8 * (front_len + data.len + key->secret_len), out);
	memcpy(out->state, initial, sizeof(initial));
}

static uint64_t big_endian(uint64_t bits)
{
	return __builtin_bswap64(bits);
}

/* RFC 2104: the inner digest follows the block of the key, which is in the state already. */
void message_hmac_inner(const struct ao_traffic *t, uint32_t extension, const struct auth_packet *p,
			struct message_ends *ends, struct lanes_message *out)
{
	struct span data = auth_data(p);
	size_t mac_at = auth_header_len(p) - AUTH_AO_MAC_LEN;
	size_t front_len = ao_front(t, extension, p, mac_at, ends->head);
	size_t tail_len = cut(ends, front_len, data, LANES_BLOCK_HASH, 0, out);

	pad(ends, tail_len, big_endian(8 * (LANES_BLOCK_HASH + front_len + data.len)), out);
	memcpy(out->state, t->sha1.inner.state, sizeof(t->sha1.inner.state));
}

void message_hmac_outer(const struct sha1_ctx *outer, struct message_ends *ends,
			struct lanes_message *message)
{
	message_sha1_bytes(message->state, ends->tail);
	message->piece[0].blocks = message->piece[1].blocks = 0;
	pad(ends, SHA1_DIGEST_SIZE, big_endian(8 * (LANES_BLOCK_HASH + SHA1_DIGEST_SIZE)), message);
	memcpy(message->state, outer->state, sizeof(outer->state));
}

void message_sha1_bytes(const uint32_t *state, uint8_t out[static SHA1_DIGEST_SIZE])
{
	for (unsigned i = 0; i < SHA1_DIGEST_SIZE / 4; i++) {
		uint32_t word = __builtin_bswap32(state[i]);

		memcpy(out + 4 * i, &word, sizeof(word));
	}
}

/* RFC 4493 §2.4: the last block, whole or padded, is mixed with one of two keys. */
void message_cmac(const struct ao_traffic *t, uint32_t extension, const struct auth_packet *p,
		  struct message_ends *ends, struct lanes_message *out)
{
	struct span data = auth_data(p);
	size_t mac_at = auth_header_len(p) - AUTH_AO_MAC_LEN;
	size_t front_len = ao_front(t, extension, p, mac_at, ends->head);
	size_t tail_len = cut(ends, front_len, data, LANES_BLOCK_AES, 1, out);
	size_t blocks = (tail_len + LANES_BLOCK_AES - 1) / LANES_BLOCK_AES;
	size_t end = blocks * LANES_BLOCK_AES;
	bool is_whole = tail_len == end;

	ASSERT(blocks > 0 && end <= sizeof(ends->tail));
	if (!is_whole) {
		ends->tail[tail_len++] = 0x80;
		memset(ends->tail + tail_len, 0, end - tail_len);
	}
	const uint8_t *mask = is_whole ? t->aes.key.K1.b : t->aes.key.K2.b;

	for (unsigned i = 0; i < LANES_BLOCK_AES; i++) {
		ends->tail[end - LANES_BLOCK_AES + i] ^= mask[i];
	}
	out->piece[2] = (struct lanes_piece){ends->tail, blocks};
	out->key = t->aes.cipher.keys;
	memset(out->state, 0, LANES_BLOCK_AES);
}
