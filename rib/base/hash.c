/* Content hashing: XXH3 for bytes, a multiply-and-fold for words.
 *
 * XXH3 is inlined here because most inputs are short (a prefix is 18 bytes) and the call into the
 * shared library would cost as much as the hash.  The key is XXH3's seed; it makes collisions
 * unpredictable from outside, not impossible: tables stay correct under any collision. */
#include "rib/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *data, size_t len, uint64_t key)
{
	return XXH3_64bits_withSeed(data, len, key);
}

uint64_t hash_mix(uint64_t h, uint64_t v)
{
	uint64_t x = (h << 23 | h >> 41) ^ v;

	/* Two rounds of multiply and fold: every input bit reaches every output bit. */
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}
