/* Internet checksum (RFC 1071): the ones' complement sum is the same in either byte order (§2 B)
 * and may be taken in wider words and folded at the end (§2 C).  Eight bytes are read at a time and
 * added as two halves, so carries pile up in the upper half of 64 bits: no overflow below 2³²
 * words. */
#include "rib/base/csum.h"

#include "rib/base/bytes.h"
#include "rib/base/check.h"

static uint64_t halves(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

uint64_t csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += halves(word);
	}
	if (len > 0) {
		word = 0; /* RFC 1071 §1: an odd byte is padded with zero. */
		memcpy(&word, at, len);
		sum += halves(word);
	}
	return sum;
}

uint64_t csum_copy(void *to, const void *from, size_t len)
{
	const uint8_t *in = from;
	uint8_t *out = to;
	uint64_t sum = 0, word;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		memcpy(&word, in, sizeof(word));
		memcpy(out, &word, sizeof(word));
		sum += halves(word);
		in += sizeof(word);
		out += sizeof(word);
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, in, len);
		memcpy(out, &word, len);
		sum += halves(word);
	}
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16 != 0) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	ASSERT(sum <= 0xffff);
	return (uint16_t)sum;
}

uint64_t csum_join(uint64_t sum, uint64_t piece, size_t at)
{
	return sum + (at % 2 == 0 ? piece : __builtin_bswap16(fold(piece)));
}

uint64_t csum_add_pseudo(uint64_t sum, const struct addr *src, const struct addr *dst,
			 uint8_t protocol, size_t len)
{
	/* The zero bytes that tell the layouts of the two families apart do not count. */
	uint8_t tail[8];
	struct wr w = wr_of(tail, sizeof(tail));

	ASSERT(src->family == dst->family);
	wr_u32(&w, (uint32_t)len);
	wr_u32(&w, protocol);
	sum = csum_add(sum, src->bytes, family_bytes(src->family));
	sum = csum_add(sum, dst->bytes, family_bytes(dst->family));
	return csum_add(sum, tail, sizeof(tail));
}

void csum_store(uint64_t sum, uint8_t *to)
{
	uint16_t value = (uint16_t)~fold(sum);

	memcpy(to, &value, sizeof(value));
}

bool csum_is_good(uint64_t sum)
{
	return fold(sum) == 0xffff;
}
