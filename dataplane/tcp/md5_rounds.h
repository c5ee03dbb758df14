/* MD5's rounds over vectors.
 *
 * Up to two groups of lanes go through the steps side by side, for a step waits for the one before
 * it and one group alone does not fill the machine.  RFC 1321 §3.4. */
#pragma once

#include "dataplane/tcp/lanes_vector.h"

struct quad {
	vec a, b, c, d;
};

typedef vec mixer(vec x, vec y, vec z);

INLINE vec mix_f(vec x, vec y, vec z)
{
	return z ^ (x & (y ^ z));
}

INLINE vec mix_g(vec x, vec y, vec z)
{
	return y ^ (z & (x ^ y));
}

INLINE vec mix_h(vec x, vec y, vec z)
{
	return x ^ y ^ z;
}

INLINE vec mix_i(vec x, vec y, vec z)
{
	return y ^ (x | ~z);
}

/* What differs from round to round: step i takes word first + i * stride. */
struct round {
	unsigned first, stride;
	unsigned by[4]; /* Rotations, in turn. */
	const uint32_t *sine;
	mixer *mix;
};

/* 2³² |sin(i + 1)|, i in radians. */
static const uint32_t md5_sine[4][16] = {
	{0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
	 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
	 0xa679438e, 0x49b40821},
	{0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681,
	 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
	 0x676f02d9, 0x8d2a4c8a},
	{0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60,
	 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5,
	 0x1fa27cf8, 0xc4ac5665},
	{0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
	 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235,
	 0x2ad7d2bb, 0xeb86d391},
};

INLINE vec step(vec a, vec b, vec mixed, vec addend, unsigned by)
{
	return b + rotate(a + addend + mixed, by);
}

/* Four steps, from step i of the round on. */
INLINE void md5_four(struct quad *q, const struct block *in, unsigned groups, const struct round *r,
		     unsigned i)
{
	const unsigned at = r->first + i * r->stride;

	for (unsigned g = 0; g < groups; g++) {
		vec add = in[g].word[at % WORDS] + r->sine[i];
		q[g].a = step(q[g].a, q[g].b, r->mix(q[g].b, q[g].c, q[g].d), add, r->by[0]);
	}
	for (unsigned g = 0; g < groups; g++) {
		vec add = in[g].word[(at + r->stride) % WORDS] + r->sine[i + 1];
		q[g].d = step(q[g].d, q[g].a, r->mix(q[g].a, q[g].b, q[g].c), add, r->by[1]);
	}
	for (unsigned g = 0; g < groups; g++) {
		vec add = in[g].word[(at + 2 * r->stride) % WORDS] + r->sine[i + 2];
		q[g].c = step(q[g].c, q[g].d, r->mix(q[g].d, q[g].a, q[g].b), add, r->by[2]);
	}
	for (unsigned g = 0; g < groups; g++) {
		vec add = in[g].word[(at + 3 * r->stride) % WORDS] + r->sine[i + 3];
		q[g].b = step(q[g].b, q[g].c, r->mix(q[g].c, q[g].d, q[g].a), add, r->by[3]);
	}
}

/* Written out rather than looped, so that all but the state is constant. */
INLINE void md5_round(struct quad *q, const struct block *in, unsigned groups,
		      const struct round *r)
{
	md5_four(q, in, groups, r, 0);
	md5_four(q, in, groups, r, 4);
	md5_four(q, in, groups, r, 8);
	md5_four(q, in, groups, r, 12);
}

INLINE void md5_block(struct quad *q, const struct block *in, unsigned groups)
{
	const struct round f = {0, 1, {7, 12, 17, 22}, md5_sine[0], mix_f},
			   g = {1, 5, {5, 9, 14, 20}, md5_sine[1], mix_g},
			   h = {5, 3, {4, 11, 16, 23}, md5_sine[2], mix_h},
			   i = {0, 7, {6, 10, 15, 21}, md5_sine[3], mix_i};

	md5_round(q, in, groups, &f);
	md5_round(q, in, groups, &g);
	md5_round(q, in, groups, &h);
	md5_round(q, in, groups, &i);
}
