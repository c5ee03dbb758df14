/* CBC-MAC with four lanes in a vector.  Compiled for AVX-512 with VAES; lanes.c asks the machine
 * first. */
#include <immintrin.h>
#include <stdint.h>

typedef __m512i vec;

static inline __m128i quarter(const uint8_t *lane, size_t at)
{
	return _mm_loadu_si128((const __m128i_u *)(lane + at));
}

static inline vec gather(const uint8_t *const *lane, size_t at)
{
	__m512i x = _mm512_castsi128_si512(quarter(lane[0], at));

	x = _mm512_inserti32x4(x, quarter(lane[1], at), 1);
	x = _mm512_inserti32x4(x, quarter(lane[2], at), 2);
	return _mm512_inserti32x4(x, quarter(lane[3], at), 3);
}

static inline vec aes_round(vec x, vec key)
{
	return _mm512_aesenc_epi128(x, key);
}

static inline vec aes_last_round(vec x, vec key)
{
	return _mm512_aesenclast_epi128(x, key);
}

#include "dataplane/tcp/cbc_mac_kernel.h"

void cbc_mac_vaes_16(struct lanes_state *state, const struct lanes_input *in, size_t blocks)
{
	cbc_mac_run(state, in, blocks, 4);
}
