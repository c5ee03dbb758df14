/* SipHash-2-4 (Aumasson and Bernstein, 2012), over whole words; the content hash of rib/base is
 * faster but gives its key away. */
#include "dataplane/tcp/prf.h"

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
uint64_t tcp_prf(const uint64_t *word, size_t count, uint64_t key)
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
