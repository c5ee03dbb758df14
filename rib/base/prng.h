/* A seeded pseudo-random generator (xoshiro256**); the only source of chance in pure code.
 * Same seed, same sequence, on every machine.  Not for secrets. */
#pragma once

#include "rib/base/units.h"

struct prng {
	uint64_t state[4];
};

void prng_init(struct prng *p, uint64_t seed);
uint64_t prng_u64(struct prng *p);
/* Uniform in [0, bound); bound > 0.  Without modulo bias. */
uint64_t prng_below(struct prng *p, uint64_t bound);
/* True with probability numerator/denominator. */
bool prng_chance(struct prng *p, uint64_t numerator, uint64_t denominator);
