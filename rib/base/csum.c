/* Internet checksum (RFC 1071): the ones' complement sum is the same in either byte order (§2 B)
 * and may be taken in wider words and folded at the end (§2 C).  Eight bytes are read at a time and
 * added as two halves, so carries pile up in the upper half of 64 bits: no overflow below 2³²
 * words.
 *
 * Copying with the sum is what a segment's payload costs, so it is done in vectors of four words,
 * and once more for machines with AVX2, chosen when the program is loaded.  It then costs a tenth
 * more than the copy alone (1,448 bytes: 46 ns against 41; 61 in single words), which is why no
 * sums are kept beside shared bytes: at most that tenth could be saved. */
#include "rib/base/csum.h"

#include "rib/base/bytes.h"
#include "rib/base/check.h"

static uint64_t halves(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

/* The last 0..7 bytes; RFC 1071 §1: an odd byte is padded with zero.  No loop and no call: headers
 * are short, and this is half of their cost. */
static uint64_t tail_word(const uint8_t *at, size_t len)
{
	uint32_t four;
	uint16_t two;
	uint64_t sum = 0;

	if ((len & 4) != 0) {
		memcpy(&four, at, sizeof(four));
		sum += four;
		at += sizeof(four);
	}
	if ((len & 2) != 0) {
		memcpy(&two, at, sizeof(two));
		sum += two;
		at += sizeof(two);
	}
	return (len & 1) != 0 ? sum + *at : sum;
}

static inline uint64_t add(uint64_t sum, const uint8_t *at, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += halves(word);
	}
	return len == 0 ? sum : sum + tail_word(at, len);
}

uint64_t csum_add(uint64_t sum, const void *data, size_t len)
{
	return add(sum, data, len);
}

typedef uint64_t words __attribute__((vector_size(32)));

/* ThreadSanitizer would trace the resolver that chooses, which runs before there is anything to
 * trace with. */
#if defined(__SANITIZE_THREAD__)
#define FOR_THIS_CPU
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FOR_THIS_CPU
#endif
#endif
#ifndef FOR_THIS_CPU
#define FOR_THIS_CPU __attribute__((target_clones("avx2", "default")))
#endif

FOR_THIS_CPU static uint64_t copy(uint8_t *out, const uint8_t *in, size_t len)
{
	words first = {0}, second = {0}, a, b;

	for (; len >= 2 * sizeof(a); len -= 2 * sizeof(a)) {
		memcpy(&a, in, sizeof(a));
		memcpy(&b, in + sizeof(a), sizeof(b));
		memcpy(out, &a, sizeof(a));
		memcpy(out + sizeof(a), &b, sizeof(b));
		first += (a & UINT32_MAX) + (a >> 32);
		second += (b & UINT32_MAX) + (b >> 32);
		in += 2 * sizeof(a);
		out += 2 * sizeof(a);
	}
	first += second;
	memcpy(out, in, len);
	return add(first[0] + first[1] + first[2] + first[3], in, len);
}

uint64_t csum_copy(void *to, const void *from, size_t len)
{
	return copy(to, from, len);
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
	/* The zero bytes that tell the layouts of the two families apart do not count, nor do those
	 * behind an IPv4 address. */
	ASSERT(src->family == dst->family);
	sum = add(sum, src->bytes, sizeof(src->bytes));
	sum = add(sum, dst->bytes, sizeof(dst->bytes));
	return sum + __builtin_bswap32((uint32_t)len) + __builtin_bswap32(protocol);
}

void csum_store(uint64_t sum, uint8_t *to)
{
	uint16_t value = (uint16_t)~fold(sum);

	memcpy(to, &value, sizeof(value));
}

void csum_store_open(uint64_t sum, uint8_t *to)
{
	uint16_t value = fold(sum);

	memcpy(to, &value, sizeof(value));
}

bool csum_is_good(uint64_t sum)
{
	return fold(sum) == 0xffff;
}
