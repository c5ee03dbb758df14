/* xoshiro256** seeded by splitmix64 (Blackman and Vigna).
 *
 * The state is four words, never all zero: splitmix64 is a bijection of its counter, so at most one
 * of four successive outputs can be zero. */
#include "rib/base/prng.h"

#include "rib/base/check.h"

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

void prng_init(struct prng *p, uint64_t seed)
{
	for (size_t i = 0; i < ARRAY_COUNT(p->state); i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		uint64_t z = seed;
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		p->state[i] = z ^ z >> 31;
	}
}

uint64_t prng_u64(struct prng *p)
{
	uint64_t *s = p->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t prng_below(struct prng *p, uint64_t bound)
{
	ASSERT(bound > 0);
	/* Drop the first 2^64 mod bound values: what is left is a multiple of the bound. */
	uint64_t first = (0 - bound) % bound;
	uint64_t x;

	do {
		x = prng_u64(p);
	} while (x < first);
	return x % bound;
}

bool prng_chance(struct prng *p, uint64_t numerator, uint64_t denominator)
{
	return prng_below(p, denominator) < numerator;
}
