#include "tests/unit/policy/prefixes.h"

#include <criterion/criterion.h>

struct prefix prefix_of(const char *text)
{
	struct prefix p;
	bool has_host_bits;

	cr_assert_eq(prefix_parse(text, &p, &has_host_bits), 0, "%s", text);
	cr_assert(!has_host_bits, "%s", text);
	return p;
}

struct prefix prefix_by_chance(struct prng *chance)
{
	static const uint8_t bits_v4[] = {0, 1, 7, 8, 9, 15, 16, 22, 23, 24, 30, 31};
	static const uint8_t bits_v6[] = {0,  1,  8,  31, 32, 47,  48, 62,
					  63, 64, 65, 66, 96, 126, 127};
	struct addr a = {.family = prng_chance(chance, 1, 2) ? FAMILY_IPV4 : FAMILY_IPV6};
	bool is_v4 = a.family == FAMILY_IPV4;
	const uint8_t *bits = is_v4 ? bits_v4 : bits_v6;
	unsigned count = is_v4 ? ARRAY_COUNT(bits_v4) : ARRAY_COUNT(bits_v6);
	unsigned len = (unsigned)prng_below(chance, family_bits(a.family) + 1);

	for (unsigned i = 0; i < count; i++) {
		if (prng_chance(chance, 1, 3)) {
			a.bytes[bits[i] / 8] |= (uint8_t)(0x80 >> bits[i] % 8);
		}
	}
	return prefix_make(&a, len);
}
