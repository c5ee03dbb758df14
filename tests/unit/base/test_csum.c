/* The Internet checksum.  RFC 1071 §3 (its example), RFC 8200 §8.1. */
#include <criterion/criterion.h>

#include "rib/base/csum.h"
#include "rib/base/prng.h"

static uint16_t csum_of(const void *data, size_t len)
{
	uint8_t out[2];

	csum_store(csum_add(0, data, len), out);
	return (uint16_t)((unsigned)out[0] << 8 | out[1]);
}

Test(base, checksum_vectors)
{
	static const struct {
		uint8_t bytes[20];
		size_t len;
		uint16_t sum;
	} rows[] = {
		{{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7},
		 8,
		 0x220d}, /* ~ddf2, RFC 1071 §3 */
		{{0}, 0, 0xffff},
		{{0}, 20, 0xffff},
		{{0xff, 0xff}, 2, 0x0000},
		{{0x01}, 1, 0xfeff}, /* An odd byte is the upper one. */
		{{0x00, 0x01, 0x02}, 3, 0xfdfe},
		{{0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
		  0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7},
		 20,
		 0xb861},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cr_expect_eq(csum_of(rows[i].bytes, rows[i].len), rows[i].sum, "row %zu", i);
	}
}

/* RFC 1071 §2 (A): the sum does not depend on how the data is cut, at even places. */
Test(base, checksum_may_be_taken_in_pieces)
{
	struct prng p;
	uint8_t data[1500];

	prng_init(&p, 7);
	for (unsigned round = 0; round < 500; round++) {
		size_t len = 1 + prng_below(&p, sizeof(data));
		size_t cut = prng_below(&p, len + 1) & ~(size_t)1;
		uint8_t out[2];
		uint32_t plain = 0;

		for (size_t i = 0; i < len; i++) {
			data[i] = (uint8_t)prng_u64(&p);
			plain += (i & 1) != 0 ? data[i] : (uint32_t)data[i] << 8;
			plain = (plain & 0xffff) + (plain >> 16);
		}
		csum_store(csum_add(csum_add(0, data, cut), data + cut, len - cut), out);
		cr_assert_eq((uint16_t)~plain, (unsigned)out[0] << 8 | out[1]);
	}
}

Test(base, a_stored_checksum_verifies_and_a_flipped_bit_does_not)
{
	uint8_t data[40] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 13};

	csum_store(csum_add(0, data, sizeof(data)), data + 10);
	cr_assert(csum_is_good(csum_add(0, data, sizeof(data))));
	for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_expect_not(csum_is_good(csum_add(0, data, sizeof(data))));
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

Test(base, checksum_of_a_copy_and_of_pieces_at_odd_places)
{
	struct prng p;
	uint8_t data[1500], copy[1500];

	prng_init(&p, 11);
	for (unsigned round = 0; round < 500; round++) {
		size_t len = 1 + prng_below(&p, sizeof(data));
		size_t cut = prng_below(&p, len + 1);
		uint8_t whole[2], joined[2];

		for (size_t i = 0; i < len; i++) {
			data[i] = (uint8_t)prng_u64(&p);
		}
		csum_store(csum_add(0, data, len), whole);
		uint64_t sum = csum_copy(copy, data, cut);
		sum = csum_join(sum, csum_copy(copy + cut, data + cut, len - cut), cut);
		csum_store(sum, joined);
		cr_assert_eq(memcmp(whole, joined, 2), 0, "length %zu cut at %zu", len, cut);
		cr_assert_eq(memcmp(data, copy, len), 0);
	}
}
