/* SHA-1 of as many messages as there are words in a vector.
 *
 * Its steps have enough side work (the schedule) to fill the machine; one group of lanes is enough.
 * RFC 3174 §6.1. */
#pragma once

#include "dataplane/tcp/lanes_vector.h"

#define SHA1_STEPS 20 /* Of a round. */

struct quint {
	vec a, b, c, d, e;
};

typedef vec choice(vec x, vec y, vec z);

INLINE vec choose(vec x, vec y, vec z)
{
	return z ^ (x & (y ^ z));
}

INLINE vec parity(vec x, vec y, vec z)
{
	return x ^ y ^ z;
}

INLINE vec majority(vec x, vec y, vec z)
{
	return (x & y) | (z & (x | y));
}

/* The word of step `t`: from the 17th on made of earlier ones, in the place of the oldest. */
INLINE vec schedule(struct block *w, unsigned t)
{
	vec *word = &w->word[t % WORDS];

	if (t >= WORDS) {
		*word = rotate(w->word[(t + 13) % WORDS] ^ w->word[(t + 8) % WORDS] ^
				       w->word[(t + 2) % WORDS] ^ *word,
			       1);
	}
	return *word;
}

/* Step t: what was e becomes the new a. */
INLINE void sha1_step(vec a, vec *b, vec mixed, vec *e, vec addend)
{
	*e += rotate(a, 5) + mixed + addend;
	*b = rotate(*b, 30);
}

INLINE void sha1_five(struct quint *q, struct block *w, unsigned t, uint32_t k, choice *mix)
{
	sha1_step(q->a, &q->b, mix(q->b, q->c, q->d), &q->e, schedule(w, t) + k);
	sha1_step(q->e, &q->a, mix(q->a, q->b, q->c), &q->d, schedule(w, t + 1) + k);
	sha1_step(q->d, &q->e, mix(q->e, q->a, q->b), &q->c, schedule(w, t + 2) + k);
	sha1_step(q->c, &q->d, mix(q->d, q->e, q->a), &q->b, schedule(w, t + 3) + k);
	sha1_step(q->b, &q->c, mix(q->c, q->d, q->e), &q->a, schedule(w, t + 4) + k);
}

/* Written out rather than looped, so that the words stay in registers. */
INLINE void sha1_round(struct quint *q, struct block *w, unsigned from, uint32_t k, choice *mix)
{
	sha1_five(q, w, from, k, mix);
	sha1_five(q, w, from + 5, k, mix);
	sha1_five(q, w, from + 10, k, mix);
	sha1_five(q, w, from + 15, k, mix);
}

/* Words are big-endian. */
INLINE void swap_bytes(struct block *w)
{
	for (unsigned i = 0; i < WORDS; i++) {
		vec x = w->word[i];

		w->word[i] = (rotate(x, 8) & 0x00ff00ff) | (rotate(x, 24) & 0xff00ff00);
	}
}

INLINE void sha1_block(struct quint *q, struct block *w)
{
	struct quint was = *q;

	swap_bytes(w);
	sha1_round(q, w, 0, 0x5a827999, choose);
	sha1_round(q, w, SHA1_STEPS, 0x6ed9eba1, parity);
	sha1_round(q, w, 2 * SHA1_STEPS, 0x8f1bbcdc, majority);
	sha1_round(q, w, 3 * SHA1_STEPS, 0xca62c1d6, parity);
	q->a += was.a;
	q->b += was.b;
	q->c += was.c;
	q->d += was.d;
	q->e += was.e;
}

INLINE void sha1_run(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	struct quint q = {word_load(state, 0, 0), word_load(state, 1, 0), word_load(state, 2, 0),
			  word_load(state, 3, 0), word_load(state, 4, 0)};

	for (size_t at = 0; at < blocks * LANES_BLOCK_HASH; at += LANES_BLOCK_HASH) {
		struct block w;

		block_load(&w, in->at, at);
		sha1_block(&q, &w);
	}
	word_store(state, 0, 0, q.a);
	word_store(state, 1, 0, q.b);
	word_store(state, 2, 0, q.c);
	word_store(state, 3, 0, q.d);
	word_store(state, 4, 0, q.e);
}
