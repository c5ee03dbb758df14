/* Internet checksum (RFC 1071): the one's complement sum is the same in either byte order (§1.2 B)
 * and may be taken in wider words and folded at the end (§1.2 C), so four bytes are added at a time
 * and carries pile up in the upper half of 64 bits: 2³² words before it could overflow. */
#include "dataplane/net/csum.h"

#include "rib/base/check.h"

uint64_t csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	if (len > 0) {
		word = 0; /* RFC 1071 §1: an odd byte is padded with zero. */
		memcpy(&word, at, len);
		sum += word;
	}
	return sum;
}

uint64_t csum_add_pseudo6(uint64_t sum, const struct addr *src, const struct addr *dst,
			  uint8_t next_header, size_t len)
{
	uint8_t tail[8];
	struct wr w = wr_of(tail, sizeof(tail));

	wr_u32(&w, (uint32_t)len);
	wr_u32(&w, next_header);
	sum = csum_add(sum, src->bytes, sizeof(src->bytes));
	sum = csum_add(sum, dst->bytes, sizeof(dst->bytes));
	return csum_add(sum, tail, sizeof(tail));
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16 != 0) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	ASSERT(sum <= 0xffff);
	return (uint16_t)sum;
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
