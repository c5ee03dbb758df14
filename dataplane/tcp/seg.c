/* Segments between bytes and values.
 *
 * Decoding proves every bound before it reads (a sticky cursor over exactly the option bytes) and
 * rejects options whose length cannot be right, so no later code meets half an option.  Encoding
 * writes the options in the order that keeps timestamps on a 4-byte boundary, and the MAC last.
 *
 * RFC 9293 §3.1 (header, checksum), RFC 7323 §2.2 and §3.2, RFC 2018 §2 and §3, RFC 2385 §3.0,
 * RFC 5925 §2.2 (options).
 */
#include "dataplane/tcp/seg.h"

#include "rib/base/check.h"
#include "rib/base/csum.h"

#define OPTION_END	      0
#define OPTION_NOP	      1
#define OPTION_MSS	      2
#define OPTION_WSCALE	      3
#define OPTION_SACK_PERMITTED 4
#define OPTION_SACK	      5
#define OPTION_TIMESTAMP      8
#define OPTION_MD5	      19
#define OPTION_AO	      29

#define SACK_BLOCK_LEN 8
#define TS_LEN	       12 /* With the padding before it: RFC 7323, appendix A. */
#define TS_HEAD	       (OPTION_NOP << 24 | OPTION_NOP << 16 | OPTION_TIMESTAMP << 8 | 10)

#define WSCALE_MAX   14
#define PROTOCOL_TCP 6
#define CHECKSUM_AT  16

static_assert(TCP_HEADER_MIN + 4 + 4 + 12 + 20 <= TCP_HEADER_MAX, "a signed SYN with all fits");

static bool decode_sack(struct rd *r, uint8_t len, struct seg *out)
{
	unsigned count = (len - 2u) / SACK_BLOCK_LEN;

	if (len != 2 + count * SACK_BLOCK_LEN || count == 0 || count > SEG_SACK_MAX) {
		return false;
	}
	out->sack_count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		out->sack[i].from = rd_u32(r);
		out->sack[i].to = rd_u32(r);
	}
	return true;
}

/* RFC 5925 §2.2: never two of them, be it of one kind or both. */
static bool decode_auth(struct rd *r, uint8_t kind, uint8_t len, struct seg *out)
{
	if (out->auth != SEG_AUTH_NONE) {
		return false;
	}
	if (kind == OPTION_MD5) {
		out->auth = SEG_AUTH_MD5;
		out->mac_len = SEG_MD5_LEN;
	} else if (len >= 4) {
		out->auth = SEG_AUTH_AO;
		out->key_id = rd_u8(r);
		out->rnext_id = rd_u8(r);
		out->mac_len = (uint8_t)(len - 4);
	}
	out->mac_at = (uint8_t)(out->header_len - rd_left(r));
	rd_span(r, out->mac_len);
	return kind == OPTION_MD5 ? len == 2 + SEG_MD5_LEN : len >= 4;
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
	case OPTION_SACK_PERMITTED:
		out->has_sack_permitted = true;
		return len == 2;
	case OPTION_SACK:
		return decode_sack(r, len, out);
	case OPTION_MD5:
	case OPTION_AO:
		return decode_auth(r, kind, len, out);
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

/* Everything but the options of a header whose length is proved. */
static void decode_fixed(struct span in, size_t header_len, struct seg *out)
{
	struct rd r = rd_of(span_of(in.data + 4, TCP_HEADER_MIN - 4));

	seg_clear(out);
	out->seq = rd_u32(&r);
	out->ack = rd_u32(&r);
	rd_u8(&r);
	/* The two ECN bits mean nothing to us: we do not negotiate it (RFC 3168 §6.1.1).
	 * Deviates: nor does the urgent pointer (RFC 9293 §3.8.5); BGP has no urgent data. */
	out->flags = rd_u8(&r) & 0x3f;
	out->window = rd_u16(&r);
	out->header_len = (uint8_t)header_len;
	out->payload = span_of(in.data + header_len, in.len - header_len);
}

/* The options of nearly all segments: none, or a timestamp padded as in RFC 7323, appendix A. */
static bool is_plain(struct span options)
{
	struct rd r = rd_of(options);

	return options.len == 0 || (options.len == TS_LEN && rd_u32(&r) == TS_HEAD);
}

static void decode_plain(struct span options, struct seg *out)
{
	struct rd r = rd_of(options);

	if (options.len > 0) {
		rd_u32(&r);
		out->ts_val = rd_u32(&r);
		out->ts_ecr = rd_u32(&r);
		out->has_ts = true;
	}
}

enum seg_verdict seg_decode(struct span in, const struct addr *src, const struct addr *dst,
			    bool is_csum_good, uint16_t *out_src_port, uint16_t *out_dst_port,
			    struct seg *out)
{
	if (in.len < TCP_HEADER_MIN) {
		return SEG_SHORT;
	}
	size_t header_len = (size_t)(in.data[12] >> 4) * 4;

	if (header_len < TCP_HEADER_MIN || header_len > in.len) {
		return SEG_OFFSET;
	}
	if (!is_csum_good &&
	    !csum_is_good(csum_add(csum_add_pseudo(0, src, dst, PROTOCOL_TCP, in.len), in.data,
				   in.len))) {
		return SEG_CHECKSUM;
	}
	struct span options = span_of(in.data + TCP_HEADER_MIN, header_len - TCP_HEADER_MIN);

	if (is_plain(options)) {
		decode_fixed(in, header_len, out);
		decode_plain(options, out);
	} else {
		struct seg s;

		decode_fixed(in, header_len, &s);
		if (!decode_options(options, &s)) {
			return SEG_OPTIONS;
		}
		*out = s;
	}
	struct rd ports = rd_of(in);

	*out_src_port = rd_u16(&ports);
	*out_dst_port = rd_u16(&ports);
	return SEG_OK;
}

static size_t sack_len(unsigned count)
{
	return count == 0 ? 0 : 4 + count * (size_t)SACK_BLOCK_LEN;
}

/* With its padding before it. */
static size_t auth_len(const struct seg *s)
{
	switch (s->auth) {
	case SEG_AUTH_MD5:
		return 4 + SEG_MD5_LEN;
	case SEG_AUTH_AO:
		return (4 + s->mac_len + 3u) & ~(size_t)3;
	default:
		return 0;
	}
}

static size_t plain_len(const struct seg *s)
{
	size_t len = TCP_HEADER_MIN;

	len += s->mss != 0 ? 4 : 0;
	len += s->wscale != 0xff ? 4 : 0;
	len += s->has_ts ? 12 : s->has_sack_permitted ? 4 : 0;
	return len + auth_len(s);
}

size_t seg_header_len(const struct seg *s)
{
	return plain_len(s) + sack_len(s->sack_count);
}

unsigned seg_sack_room(const struct seg *s)
{
	size_t room = TCP_HEADER_MAX - plain_len(s);

	return room < sack_len(1) ? 0 : (unsigned)((room - 4) / SACK_BLOCK_LEN);
}

/* "SACK permitted" takes the place of the padding before a timestamp. */
static void encode_ts_and_sack(struct wr *w, const struct seg *s)
{
	if (s->has_sack_permitted) {
		if (!s->has_ts) {
			wr_u16(w, OPTION_NOP << 8 | OPTION_NOP);
		}
		wr_u8(w, OPTION_SACK_PERMITTED);
		wr_u8(w, 2);
	} else if (s->has_ts) {
		wr_u16(w, OPTION_NOP << 8 | OPTION_NOP);
	}
	if (s->has_ts) {
		wr_u8(w, OPTION_TIMESTAMP);
		wr_u8(w, 10);
		wr_u32(w, s->ts_val);
		wr_u32(w, s->ts_ecr);
	}
	if (s->sack_count > 0) {
		wr_u16(w, OPTION_NOP << 8 | OPTION_NOP);
		wr_u8(w, OPTION_SACK);
		wr_u8(w, (uint8_t)(2 + s->sack_count * SACK_BLOCK_LEN));
	}
	for (unsigned i = 0; i < s->sack_count; i++) {
		wr_u32(w, s->sack[i].from);
		wr_u32(w, s->sack[i].to);
	}
}

/* The padding stands before the option, so that the MAC ends the header. */
static void encode_auth(struct wr *w, const struct seg *s)
{
	static const uint8_t zero[SEG_AO_MAC_MAX];
	size_t len = s->auth == SEG_AUTH_MD5 ? 2u + SEG_MD5_LEN : 4u + s->mac_len;

	if (s->auth == SEG_AUTH_NONE) {
		return;
	}
	ASSERT(s->mac_len <= SEG_AO_MAC_MAX);
	for (size_t pad = auth_len(s) - len; pad > 0; pad--) {
		wr_u8(w, OPTION_NOP);
	}
	wr_u8(w, s->auth == SEG_AUTH_MD5 ? OPTION_MD5 : OPTION_AO);
	wr_u8(w, (uint8_t)len);
	if (s->auth == SEG_AUTH_AO) {
		wr_u8(w, s->key_id);
		wr_u8(w, s->rnext_id);
	}
	wr_copy(w, zero, s->mac_len);
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
	encode_ts_and_sack(w, s);
	encode_auth(w, s);
}

typedef uint64_t pair __attribute__((vector_size(16)));

/* In pieces of 16 bytes: the checksum reads them back at once and would wait for smaller ones. */
static void put_words(uint8_t *to, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	pair words = {__builtin_bswap64((uint64_t)a << 32 | b),
		      __builtin_bswap64((uint64_t)c << 32 | d)};

	memcpy(to, &words, sizeof(words));
}

void seg_encode(const struct seg *s, const struct endpoint *from, const struct endpoint *to_end,
		uint8_t *to)
{
	size_t header_len = seg_header_len(s);

	ASSERT(header_len <= TCP_HEADER_MAX);
	ASSERT(s->auth != SEG_AUTH_MD5 || s->mac_len == SEG_MD5_LEN);
	put_words(to, (uint32_t)from->port << 16 | to_end->port, s->seq, s->ack,
		  (uint32_t)header_len / 4 << 28 | (uint32_t)s->flags << 16 | s->window);
	if (header_len == TCP_HEADER_MIN + TS_LEN && s->has_ts && !s->has_sack_permitted) {
		put_words(to + 16, 0, TS_HEAD, s->ts_val, s->ts_ecr); /* Nearly all segments. */
		return;
	}
	struct wr w = wr_of(to + 16, header_len - 16);

	wr_u32(&w, 0); /* Checksum, to be filled in; no urgent data. */
	encode_options(&w, s);
	ASSERT(wr_is_ok(&w) && wr_left(&w) == 0);
}

void seg_seal(const struct seg *s, const struct endpoint *from, const struct endpoint *to_end,
	      uint8_t *to, uint64_t payload_sum)
{
	size_t header_len = seg_header_len(s);
	uint64_t sum = csum_add_pseudo(payload_sum, &from->addr, &to_end->addr, PROTOCOL_TCP,
				       header_len + s->payload.len);

	csum_store(csum_add(sum, to, header_len), to + CHECKSUM_AT);
}

void seg_seal_open(const struct seg *s, const struct endpoint *from, const struct endpoint *to_end,
		   uint8_t *to)
{
	ASSERT(s->auth == SEG_AUTH_NONE);
	csum_store_open(csum_add_pseudo(0, &from->addr, &to_end->addr, PROTOCOL_TCP,
					seg_header_len(s) + s->payload.len),
			to + CHECKSUM_AT);
}
