/* AES-128's CBC-MAC over vectors of one or more lanes: a block, and a round key, of each.
 *
 * A file that is compiled for one width says what `vec` is, how it is gathered from 16 bytes of
 * each lane, and what AES's rounds over it are, and includes this.  RFC 4493 §2.4. */
#pragma once

#include "dataplane/tcp/lanes.h"

#define INLINE static inline __attribute__((always_inline))
#define WIDTH  (sizeof(vec) / LANES_BLOCK_AES) /* Lanes of a vector. */
#define ROUNDS 10

struct schedule {
	vec round[ROUNDS + 1];
};

INLINE void schedule_load(struct schedule *to, const uint32_t *const *key)
{
	const uint8_t *at[WIDTH];

	for (unsigned i = 0; i < WIDTH; i++) {
		at[i] = (const uint8_t *)key[i];
	}
	for (unsigned r = 0; r <= ROUNDS; r++) {
		to->round[r] = gather(at, r * LANES_BLOCK_AES);
	}
}

/* The states' words stand lane by lane here. */
INLINE void chain_load(vec *chain, unsigned groups, const struct lanes_state *state)
{
	uint32_t word[LANES_MAX][4];

	for (unsigned i = 0; i < groups * WIDTH; i++) {
		for (unsigned w = 0; w < 4; w++) {
			word[i][w] = state->word[w][i];
		}
	}
	memcpy(chain, word, groups * sizeof(vec));
}

INLINE void chain_store(struct lanes_state *state, const vec *chain, unsigned groups)
{
	uint32_t word[LANES_MAX][4];

	memcpy(word, chain, groups * sizeof(vec));
	for (unsigned i = 0; i < groups * WIDTH; i++) {
		for (unsigned w = 0; w < 4; w++) {
			state->word[w][i] = word[i][w];
		}
	}
}

INLINE void cbc_mac_block(vec *chain, const struct schedule *key, unsigned groups,
			  const uint8_t *const *lane, size_t at)
{
	for (unsigned g = 0; g < groups; g++) {
		chain[g] ^= gather(lane + g * WIDTH, at) ^ key[g].round[0];
	}
	for (unsigned r = 1; r < ROUNDS; r++) {
		for (unsigned g = 0; g < groups; g++) {
			chain[g] = aes_round(chain[g], key[g].round[r]);
		}
	}
	for (unsigned g = 0; g < groups; g++) {
		chain[g] = aes_last_round(chain[g], key[g].round[ROUNDS]);
	}
}

#define GROUPS_MAX 8

INLINE void cbc_mac_run(struct lanes_state *state, const struct lanes_input *in, size_t blocks,
			unsigned groups)
{
	struct schedule key[GROUPS_MAX];
	vec chain[GROUPS_MAX];

	for (unsigned g = 0; g < groups; g++) {
		schedule_load(&key[g], in->key + g * WIDTH);
	}
	chain_load(chain, groups, state);
	for (size_t i = 0; i < blocks; i++) {
		cbc_mac_block(chain, key, groups, in->at, i * LANES_BLOCK_AES);
	}
	chain_store(state, chain, groups);
	explicit_bzero(key, groups * sizeof(key[0]));
}
