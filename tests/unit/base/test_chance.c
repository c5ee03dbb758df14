/* The generator and the hash against published values, and their use of the seed. */
#include <criterion/criterion.h>

#include "rib/base/hash.h"
#include "rib/base/prng.h"

Test(prng, output_is_xoshiro256_starstar)
{
	static const uint64_t expected[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240),
					    UINT64_C(1216172134540287360)};
	struct prng p = {.state = {1, 2, 3, 4}};

	for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
		cr_expect_eq(prng_u64(&p), expected[i], "%zu", i);
	}
}

Test(prng, seed_is_spread_by_splitmix64)
{
	struct prng p;

	prng_init(&p, 1234567);
	cr_expect_eq(p.state[0], UINT64_C(6457827717110365317));
	cr_expect_eq(p.state[1], UINT64_C(3203168211198807973));
	cr_expect_eq(p.state[2], UINT64_C(9817491932198370423));
	cr_expect_eq(p.state[3], UINT64_C(4593380528125082431));
}

Test(prng, below_stays_below_and_reaches_all)
{
	struct prng p;
	unsigned count[7] = {0};

	prng_init(&p, 1);
	for (unsigned i = 0; i < 7000; i++) {
		uint64_t x = prng_below(&p, 7);
		cr_assert_lt(x, 7);
		count[x]++;
	}
	for (size_t i = 0; i < ARRAY_COUNT(count); i++) {
		cr_expect(count[i] > 850 && count[i] < 1150, "%zu: %u", i, count[i]);
	}
	for (unsigned i = 0; i < 100; i++) {
		cr_assert_eq(prng_below(&p, 1), 0);
		cr_assert_lt(prng_below(&p, UINT64_MAX), UINT64_MAX);
		cr_assert(prng_chance(&p, 5, 5));
		cr_assert_not(prng_chance(&p, 0, 5));
	}
}

/* Values of the XXH3 specification. */
Test(hash, bytes_are_xxh3)
{
	cr_expect_eq(hash_bytes("", 0, 0), UINT64_C(0x2d06800538d394c2));
	cr_expect_neq(hash_bytes("", 0, 1), hash_bytes("", 0, 0));
	cr_expect_neq(hash_bytes("a", 1, 0), hash_bytes("b", 1, 0));
	cr_expect_neq(hash_bytes("a\0", 2, 0), hash_bytes("a", 1, 0));
}

Test(hash, mix_depends_on_order_and_on_every_bit)
{
	cr_expect_neq(hash_mix(hash_mix(0, 1), 2), hash_mix(hash_mix(0, 2), 1));
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t difference = hash_mix(7, 0) ^ hash_mix(7, UINT64_C(1) << bit);
		int flipped = __builtin_popcountll(difference);
		cr_expect(flipped > 12 && flipped < 52, "bit %u flips %d", bit, flipped);
	}
}
