/* Vectors of any width that have a word of each lane: what the digests' kernels share.
 *
 * A file that is compiled for one width says what `vec` is, a vector of 32-bit words, and how two
 * of them are interleaved, and includes the kernels. */
#pragma once

#include "dataplane/tcp/lanes.h"

#define INLINE static inline __attribute__((always_inline))
#define WIDTH  (sizeof(vec) / sizeof(uint32_t))
#define WORDS  (LANES_BLOCK_HASH / sizeof(uint32_t))

/* A block's words. */
struct block {
	vec word[WORDS];
};

INLINE vec rotate(vec x, unsigned by)
{
	return x << by | x >> (32 - by);
}

/* The words of a group's lanes, to and fro. */
INLINE vec word_load(const struct lanes_state *s, unsigned word, unsigned group)
{
	vec x;

	memcpy(&x, &s->word[word][group * WIDTH], sizeof(x));
	return x;
}

INLINE void word_store(struct lanes_state *s, unsigned word, unsigned group, vec x)
{
	memcpy(&s->word[word][group * WIDTH], &x, sizeof(x));
}

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
			/* More streams than the machine follows by itself.  Harmless at an end. */
			__builtin_prefetch(lane[i] + at + done + 2 * LANES_BLOCK_HASH);
		}
		transpose(row);
		memcpy(&to->word[done / sizeof(uint32_t)], row, sizeof(row));
	}
}
