/* Digests with sixteen words in a vector.  Compiled for AVX-512; lanes.c asks the machine first. */
#include <stdint.h>

typedef uint32_t vec __attribute__((vector_size(64)));

static inline vec interleave_low(vec a, vec b)
{
	return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7,
				       23);
}

static inline vec interleave_high(vec a, vec b)
{
	return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30,
				       15, 31);
}

#include "dataplane/tcp/md5_kernel.h"
#include "dataplane/tcp/sha1_kernel.h"

void md5_avx512_16(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	md5_run(state, in, blocks, 1);
}

void md5_avx512_32(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	md5_run(state, in, blocks, 2);
}

void sha1_avx512_16(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	sha1_run(state, in, blocks);
}
