/* Reassembly and the receive buffer against a naive byte map. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dataplane/tcp/rbuf.h"
#include "dataplane/tcp/reasm.h"
#include "rib/base/prng.h"

#define SPACE 4000

/* How many separate runs of set bytes the map has. */
static unsigned runs(const bool *map)
{
	unsigned count = 0;

	for (int i = 0; i < SPACE; i++) {
		count += map[i] && (i == 0 || !map[i - 1]);
	}
	return count;
}

Test(tcp, reasm_agrees_with_a_byte_map)
{
	for (uint64_t seed = 0; seed < 300; seed++) {
		bool map[SPACE + 1] = {false}, trial[SPACE + 1];
		struct reasm r = {0};
		struct prng prng;
		const uint64_t base = (UINT64_C(1) << 32) - 2000; /* Across the low wrap. */
		uint64_t next = base;

		prng_init(&prng, seed);
		uint64_t len_max = 1 + prng_below(&prng, 200);

		for (int step = 0; step < 150; step++) {
			uint64_t from = next + 1 + prng_below(&prng, SPACE);
			uint64_t to = min_u64(from + 1 + prng_below(&prng, len_max), base + SPACE);

			if (from >= to) {
				continue;
			}
			memcpy(trial, map, sizeof(map));
			memset(trial + (from - base), 1, to - from);
			enum reasm_verdict v = reasm_add(&r, from, to);

			cr_assert_eq(v == REASM_OK, runs(trial) <= REASM_RANGES_MAX);
			if (v == REASM_OK) {
				memcpy(map, trial, sizeof(map));
			}
			if (prng_chance(&prng, 1, 4)) { /* In-order bytes arrive. */
				uint64_t at = min_u64(next + prng_below(&prng, 100), base + SPACE);

				memset(map, 1, at - base);
				while (map[at - base]) {
					at++;
				}
				next = reasm_take(&r, min_u64(next + (at - next), at));
				memset(map, 0, sizeof(bool) * (next - base));
				cr_assert_eq(next, at);
			}
			cr_assert_eq(r.count, runs(map));
			reasm_check(&r, next, base + SPACE);
		}
		reasm_fini(&r);
	}
}

Test(tcp, reasm_holds_no_memory_without_gaps)
{
	struct reasm r = {0};

	cr_assert_eq(reasm_add(&r, 10, 20), REASM_OK);
	cr_assert_eq(reasm_add(&r, 20, 30), REASM_OK);
	cr_expect_eq(r.count, 1);
	cr_expect_eq(reasm_take(&r, 9), 9);
	cr_expect_eq(reasm_take(&r, 10), 30);
	cr_expect_null(r.range);
}

/* Bytes go in at random places, come out in order; the naive side is two flat arrays. */
static void rbuf_history(uint64_t seed, uint32_t bytes_max)
{
	uint8_t *stream = malloc(1 << 18);
	struct prng prng;
	struct rbuf b;
	uint64_t read = 0, next = 0;

	prng_init(&prng, seed);
	for (size_t i = 0; i < 1 << 18; i++) {
		stream[i] = (uint8_t)prng_u64(&prng);
	}
	rbuf_init(&b, bytes_max);
	while (next < (1 << 18) - 4 * (uint64_t)bytes_max) {
		uint32_t room = bytes_max - b.len;
		uint32_t skip =
			prng_chance(&prng, 1, 2) ? 0 : (uint32_t)prng_below(&prng, room + 1);
		uint32_t n = (uint32_t)prng_below(&prng, min_u64(room - skip, 3000) + 1);

		cr_assert(rbuf_write(&b, b.len + skip, span_of(stream + next + skip, n)));
		if (skip == 0) {
			rbuf_commit(&b, n);
			next += n;
		}
		rbuf_check(&b);
		if (prng_chance(&prng, 1, 2)) {
			struct span s = rbuf_peek(&b);
			uint32_t eat = (uint32_t)prng_below(&prng, s.len + 1);

			cr_assert_eq(s.len, next - read);
			cr_assert(s.len == 0 || memcmp(s.data, stream + read, s.len) == 0);
			rbuf_consume(&b, eat);
			read += eat;
			rbuf_check(&b);
		}
	}
	rbuf_consume(&b, b.len);
	rbuf_fini(&b);
	free(stream);
}

Test(tcp, receive_buffer_gives_back_the_stream)
{
	static const uint32_t sizes[] = {1, 100, 2048, 5000, 16384};

	for (uint64_t seed = 0; seed < 10; seed++) {
		for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
			rbuf_history(seed, sizes[i]);
		}
	}
}

Test(tcp, receive_buffer_holds_no_memory_when_empty)
{
	struct rbuf b;

	rbuf_init(&b, 65535);
	cr_expect_null(b.data);
	cr_assert(rbuf_write(&b, 0, span_of("abc", 3)));
	rbuf_commit(&b, 3);
	cr_expect_leq(b.cap, 2048U);
	rbuf_consume(&b, 2);
	cr_expect_eq(rbuf_peek(&b).data[0], 'c');
	rbuf_consume(&b, 1);
	cr_expect_null(b.data);
	rbuf_fini(&b);
}
