/* MD5 of as many messages as there are words in a vector or two.
 *
 * A file that is compiled for one width of vectors says what `vec` is, a vector of 32-bit words,
 * and how two of them are interleaved, and includes this. */
#pragma once

#include "dataplane/tcp/md5_rounds.h"

#define WIDTH	   (sizeof(vec) / sizeof(uint32_t))
#define GROUPS_MAX 2

/* Rows become columns: interleaving the halves of the rows log2(WIDTH) times does it. */
INLINE void transpose(vec *row)
{
	for (unsigned stage = 1; stage < WIDTH; stage *= 2) {
		vec next[WIDTH];

		for (unsigned i = 0; i < WIDTH / 2; i++) {
			next[2 * i] = interleave_low(row[i], row[i + WIDTH / 2]);
			next[2 * i + 1] = interleave_high(row[i], row[i + WIDTH / 2]);
		}
		memcpy(row, next, sizeof(next));
	}
}

/* A block of each of a group's lanes; a vector's width of bytes at a time. */
INLINE void block_load(struct block *to, const uint8_t *const *lane, size_t at)
{
	for (size_t done = 0; done < LANES_BLOCK_HASH; done += sizeof(vec)) {
		vec row[WIDTH];

		for (unsigned i = 0; i < WIDTH; i++) {
			memcpy(&row[i], lane[i] + at + done, sizeof(vec));
		}
		transpose(row);
		memcpy(&to->word[done / sizeof(uint32_t)], row, sizeof(row));
	}
}

/* The words of a group's lanes, to and fro. */
INLINE struct quad quad_load(const struct lanes_state *s, unsigned g)
{
	struct quad q;

	memcpy(&q.a, &s->word[0][g * WIDTH], sizeof(vec));
	memcpy(&q.b, &s->word[1][g * WIDTH], sizeof(vec));
	memcpy(&q.c, &s->word[2][g * WIDTH], sizeof(vec));
	memcpy(&q.d, &s->word[3][g * WIDTH], sizeof(vec));
	return q;
}

INLINE void quad_store(struct lanes_state *s, unsigned g, const struct quad *q)
{
	memcpy(&s->word[0][g * WIDTH], &q->a, sizeof(vec));
	memcpy(&s->word[1][g * WIDTH], &q->b, sizeof(vec));
	memcpy(&s->word[2][g * WIDTH], &q->c, sizeof(vec));
	memcpy(&s->word[3][g * WIDTH], &q->d, sizeof(vec));
}

INLINE void md5_run(struct lanes_state *state, const struct lanes_input *in, size_t blocks,
		    unsigned groups)
{
	struct quad q[GROUPS_MAX];
	struct block block[GROUPS_MAX];

	for (unsigned g = 0; g < groups; g++) {
		q[g] = quad_load(state, g);
	}
	for (size_t at = 0; at < blocks * LANES_BLOCK_HASH; at += LANES_BLOCK_HASH) {
		struct quad was[GROUPS_MAX];

		for (unsigned g = 0; g < groups; g++) {
			was[g] = q[g];
			block_load(&block[g], in->at + g * WIDTH, at);
		}
		md5_block(q, block, groups);
		for (unsigned g = 0; g < groups; g++) {
			q[g].a += was[g].a;
			q[g].b += was[g].b;
			q[g].c += was[g].c;
			q[g].d += was[g].d;
		}
	}
	for (unsigned g = 0; g < groups; g++) {
		quad_store(state, g, &q[g]);
	}
	explicit_bzero(block, groups * sizeof(block[0])); /* The last block has a key in it. */
}
