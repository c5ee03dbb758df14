/* Many chains of blocks at once, one lane of a vector each: MD5, SHA-1 and AES-128's CBC-MAC.
 *
 * A digest is one long chain of dependent steps, so a core that computes one at a time is mostly
 * waiting.  Many chains side by side fill it: a turn's segments for many neighbours do not cost
 * much more than a few of them would one after another.
 *
 * A message is up to three pieces of whole blocks, padded by the caller, and the state that it
 * begins with.  Messages may be of any lengths: a lane that has ended takes the next one.  Nothing
 * outside the pieces is read.
 *
 * Private to dataplane/tcp and its tests.  RFC 1321, RFC 3174, RFC 4493. */
#pragma once

#include <stdalign.h>

#include "rib/base/bytes.h"

/* What this machine's vectors can do: who has a level has those before it, too. */
enum lanes_level {
	LANES_SCALAR,
	LANES_AVX2, /* And AES-NI. */
	LANES_AVX512,
	LANES_VAES, /* AES four blocks at a time. */
	LANES_LEVEL_COUNT
};
enum lanes_kind { LANES_MD5, LANES_SHA_1, LANES_CBC_MAC, LANES_KIND_COUNT };

enum lanes_level lanes_best(void);
size_t lanes_block_len(enum lanes_kind kind);

#define LANES_MAX	 32
#define LANES_PIECES	 3
#define LANES_WORDS_MAX	 5
#define LANES_BLOCK_MAX	 64
#define LANES_BLOCK_HASH 64 /* Of MD5 and SHA-1. */
#define LANES_BLOCK_AES	 16
#define LANES_AES_KEY	 44 /* Words: the round keys, as FIPS 197 §5.2 has their bytes. */

struct lanes_piece {
	const uint8_t *data;
	size_t blocks;
};

struct lanes_message {
	struct lanes_piece piece[LANES_PIECES]; /* Some may be empty, not all. */
	uint32_t state[LANES_WORDS_MAX];	/* As many words as the kind has. */
	const uint32_t *key;			/* CBC-MAC: LANES_AES_KEY words. */
};

/* Bring the states of `message` forward.  `level` is at most lanes_best(). */
void lanes_run(enum lanes_kind kind, enum lanes_level level, struct lanes_message *message,
	       size_t count);

/* The states of the lanes, word by word. */
struct lanes_state {
	alignas(64) uint32_t word[LANES_WORDS_MAX][LANES_MAX];
};

/* Where they read, and their keys. */
struct lanes_input {
	const uint8_t *at[LANES_MAX];
	const uint32_t *key[LANES_MAX];
};

/* Take in `blocks` blocks of each lane: as many lanes as the name says. */
typedef void lanes_kernel(struct lanes_state *state, const struct lanes_input *in, size_t blocks);

lanes_kernel md5_avx2_8, md5_avx2_16, md5_avx512_16, md5_avx512_32;
lanes_kernel sha1_avx2_8, sha1_avx512_16;
lanes_kernel cbc_mac_aesni_8, cbc_mac_vaes_16;
