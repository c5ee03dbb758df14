/* Segments between bytes and values.
 *
 * Decoding proves every bound before it reads (a sticky cursor over exactly the option bytes) and
 * rejects options whose length cannot be right, so no later code meets half an option.  Encoding
 * writes the options in the order that keeps timestamps on a 4-byte boundary, and sums header,
 * payload and pseudo-header in one go.
 *
 * RFC 9293 §3.1 (header, checksum), RFC 7323 §2.2 and §3.2 (options), RFC 8200 §8.1 (pseudo-header
 * of IPv6), RFC 1071 (the sum).
 */
#include "dataplane/tcp/seg.h"

#include "rib/base/check.h"

#define OPTION_END	 0
#define OPTION_NOP	 1
#define OPTION_MSS	 2
#define OPTION_WSCALE	 3
#define OPTION_TIMESTAMP 8

#define WSCALE_MAX   14
#define PROTOCOL_TCP 6
#define CHECKSUM_AT  16

static_assert(TCP_HEADER_MIN + 4 + 4 + 12 <= TCP_HEADER_MAX, "a SYN with all options fits");

/* Add `len` bytes to a ones'-complement sum, 8 at a time, in the host's byte order: the sum does
 * not care about the order as long as it is swapped once at the end (RFC 1071 §2 B).  Two 32-bit
 * halves go into a 64-bit sum: no carry is lost below 2³² words. */
static uint64_t sum_add(uint64_t sum, const uint8_t *at, size_t len)
{
	while (len >= 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		sum += (word & UINT32_MAX) + (word >> 32);
		at += 8;
		len -= 8;
	}
	if (len > 0) {
		uint64_t word = 0;

		memcpy(&word, at, len);
		sum += (word & UINT32_MAX) + (word >> 32);
	}
	return sum;
}

/* Fold to 16 bits; the result is in the byte order of the summed bytes. */
static uint16_t sum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

/* The sum over the pseudo-header.  Both families: addresses, length, protocol; the zero bytes that
 * tell the layouts apart do not count. */
static uint64_t sum_pseudo(const struct addr *src, const struct addr *dst, size_t len)
{
	uint8_t tail[8] = {(uint8_t)(len >> 24),
			   (uint8_t)(len >> 16),
			   (uint8_t)(len >> 8),
			   (uint8_t)len,
			   0,
			   0,
			   0,
			   PROTOCOL_TCP};
	uint64_t sum = sum_add(0, src->bytes, family_bytes(src->family));

	sum = sum_add(sum, dst->bytes, family_bytes(dst->family));
	return sum_add(sum, tail, sizeof(tail));
}

/* One option whose kind was read; its value is the next bytes of `r`. */
static bool decode_option(struct rd *r, uint8_t kind, struct seg *out)
{
	uint8_t len = rd_u8(r);

	if (!rd_is_ok(r) || len < 2 || rd_left(r) < (size_t)len - 2) {
		return false;
	}
	switch (kind) {
	case OPTION_MSS:
		out->mss = rd_u16(r);
		return len == 4;
	case OPTION_WSCALE:
		/* RFC 7323 §2.3: a larger shift is taken as 14. */
		out->wscale = (uint8_t)min_u64(rd_u8(r), WSCALE_MAX);
		return len == 3;
	case OPTION_TIMESTAMP:
		out->ts_val = rd_u32(r);
		out->ts_ecr = rd_u32(r);
		out->has_ts = true;
		return len == 10;
	default:
		rd_span(r, (size_t)len - 2);
		return true;
	}
}

static bool decode_options(struct span options, struct seg *out)
{
	struct rd r = rd_of(options);

	while (rd_left(&r) > 0) {
		uint8_t kind = rd_u8(&r);

		if (kind == OPTION_END) {
			return true;
		}
		if (kind == OPTION_NOP) {
			continue;
		}
		if (!decode_option(&r, kind, out) || !rd_is_ok(&r)) {
			return false;
		}
	}
	return true;
}

enum seg_verdict seg_decode(struct span in, const struct addr *src, const struct addr *dst,
			    bool is_csum_good, uint16_t *out_src_port, uint16_t *out_dst_port,
			    struct seg *out)
{
	struct rd r = rd_of(in);
	struct seg s = {.wscale = 0xff};

	if (in.len < TCP_HEADER_MIN) {
		return SEG_SHORT;
	}
	uint16_t src_port = rd_u16(&r);
	uint16_t dst_port = rd_u16(&r);

	s.seq = rd_u32(&r);
	s.ack = rd_u32(&r);
	size_t header_len = (size_t)(rd_u8(&r) >> 4) * 4;

	s.flags = rd_u8(&r) & 0x3f; /* The two ECN bits mean nothing to us. */
	s.window = rd_u16(&r);
	rd_u32(&r); /* Checksum and urgent pointer. */
	if (header_len < TCP_HEADER_MIN || header_len > in.len) {
		return SEG_OFFSET;
	}
	if (!is_csum_good &&
	    sum_fold(sum_add(sum_pseudo(src, dst, in.len), in.data, in.len)) != UINT16_MAX) {
		return SEG_CHECKSUM;
	}
	if (!decode_options(rd_span(&r, header_len - TCP_HEADER_MIN), &s)) {
		return SEG_OPTIONS;
	}
	s.payload = rd_span(&r, rd_left(&r));
	*out_src_port = src_port;
	*out_dst_port = dst_port;
	*out = s;
	return SEG_OK;
}

size_t seg_header_len(const struct seg *s)
{
	size_t len = TCP_HEADER_MIN;

	len += s->mss != 0 ? 4 : 0;
	len += s->wscale != 0xff ? 4 : 0;
	len += s->has_ts ? 12 : 0;
	return len;
}

/* Each option with the padding before it that keeps the header a multiple of 4. */
static void encode_options(struct wr *w, const struct seg *s)
{
	if (s->mss != 0) {
		wr_u8(w, OPTION_MSS);
		wr_u8(w, 4);
		wr_u16(w, s->mss);
	}
	if (s->wscale != 0xff) {
		wr_u8(w, OPTION_NOP);
		wr_u8(w, OPTION_WSCALE);
		wr_u8(w, 3);
		wr_u8(w, s->wscale);
	}
	if (s->has_ts) {
		wr_u8(w, OPTION_NOP);
		wr_u8(w, OPTION_NOP);
		wr_u8(w, OPTION_TIMESTAMP);
		wr_u8(w, 10);
		wr_u32(w, s->ts_val);
		wr_u32(w, s->ts_ecr);
	}
}

void seg_encode(const struct seg *s, const struct endpoint *from, const struct endpoint *to_end,
		uint8_t *to)
{
	size_t header_len = seg_header_len(s);
	size_t total_len = header_len + s->payload.len;
	struct wr w = wr_of(to, header_len);

	ASSERT(header_len <= TCP_HEADER_MAX);
	ASSERT(from->addr.family == to_end->addr.family);
	wr_u16(&w, from->port);
	wr_u16(&w, to_end->port);
	wr_u32(&w, s->seq);
	wr_u32(&w, s->ack);
	wr_u8(&w, (uint8_t)(header_len / 4 << 4));
	wr_u8(&w, s->flags);
	wr_u16(&w, s->window);
	wr_u32(&w, 0); /* Checksum, to be filled in; no urgent data. */
	encode_options(&w, s);
	ASSERT(wr_is_ok(&w) && wr_left(&w) == 0);

	uint16_t sum = (uint16_t)~sum_fold(
		sum_add(sum_pseudo(&from->addr, &to_end->addr, total_len), to, total_len));

	memcpy(to + CHECKSUM_AT, &sum, sizeof(sum)); /* Already in wire order, see sum_add. */
}
