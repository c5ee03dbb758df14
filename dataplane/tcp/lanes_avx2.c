/* Digests with eight words in a vector.  Compiled for AVX2; lanes.c asks the machine first. */
#include <stdint.h>

typedef uint32_t vec __attribute__((vector_size(32)));

static inline vec interleave_low(vec a, vec b)
{
	return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

static inline vec interleave_high(vec a, vec b)
{
	return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

#include "dataplane/tcp/md5_kernel.h"
#include "dataplane/tcp/sha1_kernel.h"

void md5_avx2_8(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	md5_run(state, in, blocks, 1);
}

void md5_avx2_16(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	md5_run(state, in, blocks, 2);
}

void sha1_avx2_8(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	sha1_run(state, in, blocks);
}
