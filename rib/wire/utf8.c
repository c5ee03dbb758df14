/* UTF-8, strictly: RFC 3629.  Text from a neighbour lands on an operator's terminal and in a log,
 * so what is not well-formed, or would move the cursor or turn the line around, is told apart. */
#include "rib/wire/utf8.h"

#include "rib/base/check.h"

struct lead {
	uint8_t mask;	/* Bits that tell the lead octet ... */
	uint8_t value;	/* ... by this value. */
	uint8_t len;	/* Octets of the character. */
	uint32_t least; /* Smallest code point that needs as many; less is overlong. */
};

static const struct lead leads[] = {
	{.mask = 0x80, .value = 0x00, .len = 1, .least = 0},
	{.mask = 0xe0, .value = 0xc0, .len = 2, .least = 0x80},
	{.mask = 0xf0, .value = 0xe0, .len = 3, .least = 0x800},
	{.mask = 0xf8, .value = 0xf0, .len = 4, .least = 0x10000},
};

static const struct lead *lead_of(uint8_t octet)
{
	for (size_t i = 0; i < ARRAY_COUNT(leads); i++) {
		if ((octet & leads[i].mask) == leads[i].value) {
			return &leads[i];
		}
	}
	return NULL;
}

size_t utf8_next(struct span s, uint32_t *out_point)
{
	ASSERT(s.len > 0);
	const struct lead *lead = lead_of(s.data[0]);
	if (lead == NULL || lead->len > s.len) {
		return 0;
	}
	uint32_t point = (uint32_t)(s.data[0] & ~lead->mask & 0xff);
	for (size_t i = 1; i < lead->len; i++) {
		if ((s.data[i] & 0xc0) != 0x80) {
			return 0;
		}
		point = point << 6 | (s.data[i] & 0x3fu);
	}
	bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
	if (point < lead->least || point > 0x10ffff || is_surrogate) {
		return 0;
	}
	*out_point = point;
	return lead->len;
}

size_t utf8_cut(struct span s, size_t max)
{
	if (s.len <= max) {
		return s.len;
	}
	size_t at = max;
	/* Back to the octet that starts a character; at most 3 steps in well-formed text. */
	while (at > 0 && max - at < 3 && (s.data[at] & 0xc0) == 0x80) {
		at--;
	}
	return (s.data[at] & 0xc0) == 0x80 ? max : at;
}

bool utf8_is_plain(uint32_t point)
{
	static const uint32_t bad_ranges[][2] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	    {0x200e, 0x200f},
		{0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
	};
	for (size_t i = 0; i < ARRAY_COUNT(bad_ranges); i++) {
		if (point >= bad_ranges[i][0] && point <= bad_ranges[i][1]) {
			return false;
		}
	}
	return true;
}
