/* Which message is in which lane.
 *
 * The lanes in use are always the first ones, so that fewer messages can take a narrower kernel.
 * All run until the first of them is through with its piece; for equal segments that is three runs,
 * whose middle one has nearly all blocks.
 */
#include "dataplane/tcp/lanes.h"

#include <cpuid.h>
#include <nettle/aes.h>
#include <nettle/md5.h>
#include <nettle/memxor.h>
#include <nettle/sha1.h>

#include "rib/base/check.h"

struct lane {
	struct lanes_message *message;
	unsigned piece;
	size_t left; /* Blocks of the piece. */
};

struct lanes {
	struct lanes_state state;
	struct lanes_input in;
	struct lane lane[LANES_MAX];
	unsigned count; /* In use. */
	unsigned words;
	size_t block_len;
	const struct kernel_row *kernel;
};

/* Not every compiler knows this one by name. */
static bool has_vaes(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & bit_VAES) != 0;
}

enum lanes_level lanes_best(void)
{
	bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("aes");
	bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
			  __builtin_cpu_supports("avx512bw") &&
			  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");

	if (has_avx512) {
		return has_vaes() ? LANES_VAES : LANES_AVX512;
	}
	return has_avx2 ? LANES_AVX2 : LANES_SCALAR;
}

/* The first lane's words, to and fro. */
static void word_load(uint32_t word[static LANES_WORDS_MAX], const struct lanes_state *state)
{
	for (unsigned w = 0; w < LANES_WORDS_MAX; w++) {
		word[w] = state->word[w][0];
	}
}

static void word_store(struct lanes_state *state, const uint32_t word[static LANES_WORDS_MAX])
{
	for (unsigned w = 0; w < LANES_WORDS_MAX; w++) {
		state->word[w][0] = word[w];
	}
}

static void md5_single(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	uint32_t word[LANES_WORDS_MAX];

	word_load(word, state);
	for (size_t i = 0; i < blocks; i++) {
		nettle_md5_compress(word, in->at[0] + i * LANES_BLOCK_HASH);
	}
	word_store(state, word);
}

static void sha1_single(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	uint32_t word[LANES_WORDS_MAX];

	word_load(word, state);
	for (size_t i = 0; i < blocks; i++) {
		nettle_sha1_compress(word, in->at[0] + i * LANES_BLOCK_HASH);
	}
	word_store(state, word);
}

static_assert(sizeof(struct aes128_ctx) == LANES_AES_KEY * sizeof(uint32_t), "the same keys");

static void cbc_mac_single(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	uint32_t word[LANES_WORDS_MAX];
	struct aes128_ctx aes;

	memcpy(&aes, in->key[0], sizeof(aes));
	word_load(word, state);
	for (size_t i = 0; i < blocks; i++) {
		memxor(word, in->at[0] + i * LANES_BLOCK_AES, LANES_BLOCK_AES);
		aes128_encrypt(&aes, LANES_BLOCK_AES, (uint8_t *)word, (uint8_t *)word);
	}
	word_store(state, word);
	explicit_bzero(&aes, sizeof(aes));
}

#define KERNELS 2 /* Of a level. */

struct kernel_row {
	unsigned lanes;
	lanes_kernel *run;
};

struct kind {
	unsigned words;
	size_t block_len;
	unsigned worth; /* Messages: fewer are quicker one by one. */
	/* Narrowest first. */
	struct kernel_row kernel[LANES_LEVEL_COUNT][KERNELS];
};

static const struct kind md5_kind = {
	.words = 4,
	.block_len = LANES_BLOCK_HASH,
	.worth = 2,
	.kernel = {
		[LANES_SCALAR] = {{1, md5_single}},
		[LANES_AVX2] = {{8, md5_avx2_8}, {16, md5_avx2_16}},
		[LANES_AVX512] = {{16, md5_avx512_16}, {32, md5_avx512_32}},
		[LANES_VAES] = {{16, md5_avx512_16}, {32, md5_avx512_32}},
	}};

static const struct kind sha1_kind = {
	.words = 5,
	.block_len = LANES_BLOCK_HASH,
	.worth = 5, /* Many machines have instructions for a single one. */
	.kernel = {
		[LANES_SCALAR] = {{1, sha1_single}},
		[LANES_AVX2] = {{8, sha1_avx2_8}},
		[LANES_AVX512] = {{16, sha1_avx512_16}},
		[LANES_VAES] = {{16, sha1_avx512_16}},
	}};

static const struct kind cbc_mac_kind = {.words = 4,
					 .block_len = LANES_BLOCK_AES,
					 .worth = 2,
					 .kernel = {
						 [LANES_SCALAR] = {{1, cbc_mac_single}},
						 [LANES_AVX2] = {{8, cbc_mac_aesni_8}},
						 [LANES_AVX512] = {{8, cbc_mac_aesni_8}},
						 [LANES_VAES] = {{16, cbc_mac_vaes_16}},
					 }};

static const struct kind *const kinds[LANES_KIND_COUNT] = {
	[LANES_MD5] = &md5_kind, [LANES_SHA_1] = &sha1_kind, [LANES_CBC_MAC] = &cbc_mac_kind};

size_t lanes_block_len(enum lanes_kind kind)
{
	ASSERT(kind < LANES_KIND_COUNT);
	return kinds[kind]->block_len;
}

static unsigned width_of(const struct kernel_row *kernel)
{
	unsigned width = 0;

	for (unsigned i = 0; i < KERNELS; i++) {
		width = kernel[i].lanes > width ? kernel[i].lanes : width;
	}
	return width;
}

/* Stand at the front of the next piece that has blocks; false when there is none. */
static bool next_piece(struct lanes *l, unsigned i)
{
	struct lane *lane = &l->lane[i];

	while (lane->left == 0 && lane->piece + 1 < LANES_PIECES) {
		const struct lanes_piece *piece = &lane->message->piece[++lane->piece];

		l->in.at[i] = piece->data;
		lane->left = piece->blocks;
	}
	return lane->left > 0;
}

static void lane_begin(struct lanes *l, struct lanes_message *message)
{
	unsigned i = l->count++;

	for (unsigned w = 0; w < l->words; w++) {
		l->state.word[w][i] = message->state[w];
	}
	l->lane[i] = (struct lane){message, 0, message->piece[0].blocks};
	l->in.at[i] = message->piece[0].data;
	l->in.key[i] = message->key;
	bool has_blocks = next_piece(l, i);

	ASSERT(has_blocks);
}

/* The last lane takes its place. */
static void lane_end(struct lanes *l, unsigned i)
{
	struct lanes_message *message = l->lane[i].message;
	unsigned last = --l->count;

	for (unsigned w = 0; w < l->words; w++) {
		message->state[w] = l->state.word[w][i];
		l->state.word[w][i] = l->state.word[w][last];
	}
	l->lane[i] = l->lane[last];
	l->in.at[i] = l->in.at[last];
	l->in.key[i] = l->in.key[last];
}

/* All lanes take in as many blocks as the shortest piece has left. */
static void lanes_advance(struct lanes *l)
{
	const struct kernel_row *kernel = l->kernel;
	size_t blocks = l->lane[0].left;

	for (unsigned i = 1; i < l->count; i++) {
		blocks = l->lane[i].left < blocks ? l->lane[i].left : blocks;
	}
	while (kernel->lanes < l->count) {
		kernel++;
	}
	/* Idle lanes repeat the first one, and nobody looks. */
	for (unsigned i = l->count; i < kernel->lanes; i++) {
		l->in.at[i] = l->in.at[0];
		l->in.key[i] = l->in.key[0];
	}
	kernel->run(&l->state, &l->in, blocks);
	for (unsigned i = l->count; i-- > 0;) {
		l->lane[i].left -= blocks;
		l->in.at[i] += blocks * l->block_len;
		if (!next_piece(l, i)) {
			lane_end(l, i);
		}
	}
}

static void run_at(const struct kind *kind, enum lanes_level level, struct lanes_message *message,
		   size_t count)
{
	struct lanes l; /* A lane is written when it begins. */

	l.words = kind->words;
	l.block_len = kind->block_len;
	l.kernel = kind->kernel[level];
	l.count = 0;
	unsigned width = width_of(l.kernel);
	size_t next = 0;

	while (next < count || l.count > 0) {
		while (l.count < width && next < count) {
			lane_begin(&l, &message[next++]);
		}
		lanes_advance(&l);
	}
}

void lanes_run(enum lanes_kind kind, enum lanes_level level, struct lanes_message *message,
	       size_t count)
{
	ASSERT(kind < LANES_KIND_COUNT && level < LANES_LEVEL_COUNT);
	const struct kind *k = kinds[kind];
	/* What does not fill the lanes, and is not worth having some of them idle. */
	size_t rest = count % width_of(k->kernel[level]);

	if (rest >= k->worth) {
		rest = 0;
	}
	run_at(k, level, message, count - rest);
	run_at(k, LANES_SCALAR, message + count - rest, rest);
}
