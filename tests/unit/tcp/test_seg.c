/* RFC 9293 §3.1, RFC 7323 §2 and §3, RFC 2018 §3, RFC 5925 §2.2: segments on the wire. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/tcp/seg.h"
#include "rib/base/csum.h"
#include "rib/base/prng.h"

static struct endpoint end_v4(uint32_t host, uint16_t port)
{
	return (struct endpoint){.addr = addr_v4(host), .port = port};
}

static struct endpoint end_v6(uint8_t last, uint16_t port)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = last};

	return (struct endpoint){.addr = addr_make(FAMILY_IPV6, bytes), .port = port};
}

/* The checksum as RFC 1071 §4.1 writes it: one 16-bit word at a time. */
static uint16_t naive_sum(const struct endpoint *a, const struct endpoint *b, const uint8_t *seg,
			  size_t len)
{
	uint8_t buf[64 + 2048] = {0};
	size_t n = 0, width = family_bytes(a->addr.family);
	uint32_t sum = 0;

	memcpy(buf, a->addr.bytes, width);
	memcpy(buf + width, b->addr.bytes, width);
	n = 2 * width;
	buf[n + 1] = 6;
	buf[n + 2] = (uint8_t)(len >> 8);
	buf[n + 3] = (uint8_t)len;
	n += 4;
	memcpy(buf + n, seg, len);
	n += len;
	for (size_t i = 0; i < n; i += 2) {
		sum += (uint32_t)buf[i] << 8 | buf[i + 1];
	}
	while (sum >> 16 != 0) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static void expect_same(const struct seg *a, const struct seg *b)
{
	cr_expect_eq(a->seq, b->seq);
	cr_expect_eq(a->ack, b->ack);
	cr_expect_eq(a->window, b->window);
	cr_expect_eq(a->flags, b->flags);
	cr_expect_eq(a->mss, b->mss);
	cr_expect_eq(a->wscale, b->wscale);
	cr_expect_eq(a->has_ts, b->has_ts);
	cr_expect_eq(a->ts_val, b->ts_val);
	cr_expect_eq(a->ts_ecr, b->ts_ecr);
	cr_expect_eq(a->has_sack_permitted, b->has_sack_permitted);
	cr_assert_eq(a->sack_count, b->sack_count);
	for (unsigned i = 0; i < a->sack_count; i++) {
		cr_expect_eq(a->sack[i].from, b->sack[i].from);
		cr_expect_eq(a->sack[i].to, b->sack[i].to);
	}
	cr_expect_eq(a->auth, b->auth);
	cr_expect_eq(a->mac_len, b->mac_len);
	cr_expect_eq(a->key_id, b->key_id);
	cr_expect_eq(a->rnext_id, b->rnext_id);
	cr_expect_eq(a->payload.len, b->payload.len);
}

static void random_auth(struct prng *prng, struct seg *s)
{
	if (prng_chance(prng, 1, 3)) {
		s->auth = SEG_AUTH_MD5;
		s->mac_len = SEG_MD5_LEN;
	} else if (prng_chance(prng, 1, 2)) {
		s->auth = SEG_AUTH_AO;
		s->mac_len = (uint8_t)(10 + prng_below(prng, 4));
		s->key_id = (uint8_t)prng_u64(prng);
		s->rnext_id = (uint8_t)prng_u64(prng);
	}
}

static struct seg random_seg(struct prng *prng)
{
	struct seg s = {.seq = (uint32_t)prng_u64(prng),
			.ack = (uint32_t)prng_u64(prng),
			.window = (uint16_t)prng_u64(prng),
			.flags = (uint8_t)prng_below(prng, 64),
			.wscale = 0xff};

	if (prng_chance(prng, 1, 2)) {
		s.mss = (uint16_t)(1 + prng_below(prng, 65535));
	}
	if (prng_chance(prng, 1, 2)) {
		s.wscale = (uint8_t)prng_below(prng, 15);
	}
	if (prng_chance(prng, 1, 2)) {
		s.has_ts = true;
		s.ts_val = (uint32_t)prng_u64(prng);
		s.ts_ecr = (uint32_t)prng_u64(prng);
	}
	s.has_sack_permitted = prng_chance(prng, 1, 4);
	random_auth(prng, &s);
	s.sack_count = (uint8_t)prng_below(prng, seg_sack_room(&s) + 1);
	for (unsigned i = 0; i < s.sack_count; i++) {
		s.sack[i] = (struct sack_block){(uint32_t)prng_u64(prng), (uint32_t)prng_u64(prng)};
	}
	return s;
}

Test(tcp, segments_survive_a_round_trip)
{
	struct prng prng;
	uint8_t buf[2048];

	prng_init(&prng, 42);
	for (int i = 0; i < 2000; i++) {
		bool is_v6 = i % 2 != 0;
		struct endpoint a = is_v6 ? end_v6(1, 179) : end_v4(0xc6120001, 179);
		struct endpoint b = is_v6 ? end_v6(2, 50000) : end_v4(0xc6120002, 50000);
		struct seg s = random_seg(&prng), back;
		uint16_t src, dst;
		size_t header = seg_header_len(&s);

		s.payload.len = prng_below(&prng, 1500);
		for (size_t j = 0; j < s.payload.len; j++) {
			buf[header + j] = (uint8_t)prng_u64(&prng);
		}
		seg_encode(&s, &a, &b, buf);
		seg_seal(&s, &a, &b, buf, csum_add(0, buf + header, s.payload.len));
		size_t len = header + s.payload.len;

		cr_assert_eq(naive_sum(&a, &b, buf, len), 0xffff);
		cr_assert_eq(
			seg_decode(span_of(buf, len), &a.addr, &b.addr, false, &src, &dst, &back),
			SEG_OK);
		cr_expect_eq(src, 179);
		cr_expect_eq(dst, 50000);
		expect_same(&s, &back);
		cr_expect_eq(back.header_len, header);
		cr_expect(s.auth == SEG_AUTH_NONE || back.mac_at == header - s.mac_len);
		cr_expect(back.payload.len == 0 || back.payload.data == buf + header);
	}
}

Test(tcp, any_single_wrong_bit_fails_the_checksum)
{
	struct endpoint a = end_v4(1, 1), b = end_v4(2, 2);
	struct seg s = {.seq = 7, .flags = TCP_ACK, .wscale = 0xff, .payload = {NULL, 13}}, back;
	uint8_t buf[64] = {0};
	uint16_t src, dst;

	memcpy(buf + 20, "thirteen byte", 13);
	seg_encode(&s, &a, &b, buf);
	seg_seal(&s, &a, &b, buf, csum_add(0, buf + 20, 13));
	for (unsigned bit = 0; bit < 33 * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1U << bit % 8);
		enum seg_verdict v =
			seg_decode(span_of(buf, 33), &a.addr, &b.addr, false, &src, &dst, &back);

		cr_expect_neq(v, SEG_OK, "bit %u", bit);
		if (bit / 8 != 12) { /* The data offset fails first, or the options do. */
			cr_expect_eq(v, SEG_CHECKSUM, "bit %u", bit);
			cr_expect_eq(seg_decode(span_of(buf, 33), &a.addr, &b.addr, true, &src,
						&dst, &back),
				     SEG_OK);
		}
		buf[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

/* Decode `options` in a header that is just long enough (padded with END). */
static enum seg_verdict decode_options(const uint8_t *options, size_t len, struct seg *out)
{
	uint8_t buf[60] = {0};
	size_t padded = (len + 3) / 4 * 4;
	struct addr a = addr_v4(1), b = addr_v4(2);
	uint16_t src, dst;

	buf[12] = (uint8_t)((20 + padded) / 4 << 4);
	memcpy(buf + 20, options, len);
	return seg_decode(span_of(buf, 20 + padded), &a, &b, true, &src, &dst, out);
}

Test(tcp, malformed_options_are_refused)
{
	static const struct {
		uint8_t bytes[12];
		size_t len;
		enum seg_verdict want;
	} rows[] = {
		{{1, 1, 1, 1}, 4, SEG_OK},
		{{0, 9, 9, 9}, 4, SEG_OK}, /* Nothing behind END counts. */
		{{2, 4, 5, 180}, 4, SEG_OK},
		{{2, 3, 5, 1}, 4, SEG_OPTIONS},
		{{2, 4, 5}, 3, SEG_OK}, /* The padding is its last byte. */
		{{1, 1, 2, 4}, 4, SEG_OPTIONS},
		{{3, 3, 7, 1}, 4, SEG_OK},
		{{3, 4, 7, 1}, 4, SEG_OPTIONS},
		{{8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1}, 12, SEG_OK},
		{{8, 8, 0, 0, 0, 1, 0, 0}, 8, SEG_OPTIONS},
		{{8, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0}, 12, SEG_OPTIONS},
		{{1, 1, 1, 254}, 4, SEG_OPTIONS}, /* No length. */
		{{254, 0, 1, 1}, 4, SEG_OPTIONS}, /* A length that stands still. */
		{{254, 1, 1, 1}, 4, SEG_OPTIONS},
		{{254, 4, 1, 1}, 4, SEG_OK},
		{{254, 5, 1, 1}, 4, SEG_OPTIONS}, /* Past the header. */
		{{254, 255, 1, 1}, 4, SEG_OPTIONS},
	};
	struct seg s;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cr_expect_eq(decode_options(rows[i].bytes, rows[i].len, &s), rows[i].want,
			     "row %zu", i);
	}
	/* RFC 7323 §2.3: a larger shift counts as 14. */
	cr_expect_eq(decode_options((const uint8_t[]){3, 3, 200, 1}, 4, &s), SEG_OK);
	cr_expect_eq(s.wscale, 14);
}

Test(tcp, malformed_sack_and_authentication_are_refused)
{
	static const struct {
		uint8_t kind, len;
		enum seg_verdict want;
	} rows[] = {
		{4, 2, SEG_OK},	       {4, 3, SEG_OPTIONS},  {5, 10, SEG_OK},	   {5, 34, SEG_OK},
		{5, 2, SEG_OPTIONS},   {5, 9, SEG_OPTIONS},  {5, 17, SEG_OPTIONS}, {19, 18, SEG_OK},
		{19, 17, SEG_OPTIONS}, {19, 2, SEG_OPTIONS}, {29, 4, SEG_OK},	   {29, 16, SEG_OK},
		{29, 3, SEG_OPTIONS},  {29, 2, SEG_OPTIONS}, {29, 40, SEG_OK},
	};
	uint8_t options[40];
	struct seg s;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		memset(options, 1, sizeof(options));
		options[0] = rows[i].kind;
		options[1] = rows[i].len;
		cr_expect_eq(decode_options(options, sizeof(options), &s), rows[i].want, "row %zu",
			     i);
	}
	/* RFC 5925 §2.2: two of them, of one kind or both. */
	for (unsigned both = 0; both < 4; both++) {
		memset(options, 1, sizeof(options));
		options[0] = (both & 1) != 0 ? 19 : 29;
		options[1] = 18;
		options[18] = (both & 2) != 0 ? 19 : 29;
		options[19] = 18;
		cr_expect_eq(decode_options(options, sizeof(options), &s), SEG_OPTIONS);
	}
}

Test(tcp, sack_blocks_fit_beside_the_other_options)
{
	struct seg s = {.flags = TCP_ACK, .wscale = 0xff};

	cr_expect_eq(seg_sack_room(&s), 4);
	s.has_ts = true;
	cr_expect_eq(seg_sack_room(&s), 3);
	s.auth = SEG_AUTH_AO;
	s.mac_len = 12;
	cr_expect_eq(seg_sack_room(&s), 1);
	s.auth = SEG_AUTH_MD5;
	s.mac_len = SEG_MD5_LEN;
	cr_expect_eq(seg_sack_room(&s), 0);
	s.has_ts = false;
	cr_expect_eq(seg_sack_room(&s), 2);
}

Test(tcp, wrong_lengths_are_named_and_outputs_untouched)
{
	uint8_t buf[40] = {0};
	struct addr a = addr_v4(1), b = addr_v4(2);
	uint16_t src = 11, dst = 12;
	struct seg s = {.seq = 99};

	buf[12] = 5 << 4;
	cr_expect_eq(seg_decode(span_of(buf, 19), &a, &b, true, &src, &dst, &s), SEG_SHORT);
	buf[12] = 4 << 4;
	cr_expect_eq(seg_decode(span_of(buf, 40), &a, &b, true, &src, &dst, &s), SEG_OFFSET);
	buf[12] = 11 << 4;
	cr_expect_eq(seg_decode(span_of(buf, 40), &a, &b, true, &src, &dst, &s), SEG_OFFSET);
	cr_expect_eq(src, 11);
	cr_expect_eq(dst, 12);
	cr_expect_eq(s.seq, 99);
}

Test(tcp, garbage_never_reads_past_the_segment)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct addr a = addr_v4(1), b = addr_v4(2);
	struct prng prng;

	cr_assert_neq(map, MAP_FAILED);
	cr_assert_eq(mprotect(map + page, page, PROT_NONE), 0);
	prng_init(&prng, 7);
	for (int i = 0; i < 100000; i++) {
		size_t len = prng_below(&prng, 100);
		uint8_t *at = map + page - len;
		uint16_t src, dst;
		struct seg s;

		for (size_t j = 0; j < len; j++) {
			at[j] = (uint8_t)prng_u64(&prng);
		}
		if (len > 40 && prng_chance(&prng, 3, 4)) {
			at[12] = (uint8_t)((prng_below(&prng, 6) + 5) << 4);
			at[20] = (uint8_t)(prng_below(&prng, 31));
			at[21] = (uint8_t)(prng_below(&prng, 12));
		}
		if (seg_decode(span_of(at, len), &a, &b, i % 8 != 0, &src, &dst, &s) == SEG_OK) {
			cr_assert(s.payload.data >= at &&
				  s.payload.data + s.payload.len == at + len);
		}
	}
	munmap(map, 2 * page);
}
