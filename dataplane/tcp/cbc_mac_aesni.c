/* CBC-MAC with a lane in a vector.  Compiled for AES-NI; lanes.c asks the machine first. */
#include <immintrin.h>
#include <stdint.h>

typedef __m128i vec;

static inline vec gather(const uint8_t *const *lane, size_t at)
{
	return _mm_loadu_si128((const __m128i_u *)(lane[0] + at));
}

static inline vec aes_round(vec x, vec key)
{
	return _mm_aesenc_si128(x, key);
}

static inline vec aes_last_round(vec x, vec key)
{
	return _mm_aesenclast_si128(x, key);
}

#include "dataplane/tcp/cbc_mac_kernel.h"

void cbc_mac_aesni_8(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	cbc_mac_run(state, in, blocks, 8);
}
