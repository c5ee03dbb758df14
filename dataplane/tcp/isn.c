/* Initial sequence numbers that grow with time and cannot be guessed.
 *
 * RFC 6528 §3: ISN = M + F(4-tuple, key), M a clock that ticks every 4 µs.  So a connection that
 * comes again within minutes starts above its predecessor, while two different 4-tuples tell
 * nothing about each other.  F must be a keyed pseudo-random function: one whose output, seen for
 * one's own 4-tuple, does not give the key away.  That is SipHash-2-4 (Aumasson and Bernstein,
 * 2012), here over five fixed words; the content hash of rib/base is fast but not that.
 */
#include "dataplane/tcp/tcp.h"

#include "dataplane/tcp/seq.h"

#define ISN_TICK_US 4

struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_rounds(struct sip *s, unsigned rounds)
{
	uint64_t *v = s->v;

	while (rounds-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_rounds(s, 2);
	s->v[0] ^= word;
}

/* The 64-bit key serves as both halves: its strength stays 64 bits. */
static uint64_t sip_words(const uint64_t *word, size_t count, uint64_t key)
{
	struct sip s = {
		.v = {key ^ UINT64_C(0x736f6d6570736575), key ^ UINT64_C(0x646f72616e646f6d),
		      key ^ UINT64_C(0x6c7967656e657261), key ^ UINT64_C(0x7465646279746573)}};

	for (size_t i = 0; i < count; i++) {
		sip_word(&s, word[i]);
	}
	sip_word(&s, (uint64_t)(count * 8) << 56);
	s.v[2] ^= 0xff;
	sip_rounds(&s, 4);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

uint32_t tcp_isn(const struct endpoint *local, const struct endpoint *remote, uint64_t key,
		 usec_t now)
{
	uint64_t word[5];

	memcpy(word, local->addr.bytes, 16);
	memcpy(word + 2, remote->addr.bytes, 16);
	word[4] = (uint64_t)local->addr.family << 32 | (uint64_t)local->port << 16 | remote->port;
	return (seq_t)(now / ISN_TICK_US) + (seq_t)sip_words(word, ARRAY_COUNT(word), key);
}
