/* Framing and ROUTE-REFRESH. */
#include "tests/unit/wire/vector.h"
#include "rib/wire/refresh.h"

#include <criterion/criterion.h>

#define MARK "ffffffffffffffffffffffffffffffff"

struct row {
	const char *name;
	const char *hex; /* Followed by zeros as far as the length says. */
	enum frame_verdict verdict;
	uint8_t subcode;
	uint8_t data_len;
};

static const struct row rows[] = {
	{"keepalive", MARK "001304", FRAME_OK, 0, 0},
	{"open, shortest", MARK "001d01", FRAME_OK, 0, 0},
	{"update, shortest", MARK "001702", FRAME_OK, 0, 0},
	{"update, longest", MARK "100002", FRAME_OK, 0, 0},
	{"notification, shortest", MARK "001503", FRAME_OK, 0, 0},
	{"refresh", MARK "001705", FRAME_OK, 0, 0},
	{"marker is not all ones", "ffffffffffffffffffffffffffffff7f001304", FRAME_BAD,
	 NOTIFY_HEADER_SYNC, 0},
	{"length 18", MARK "001204", FRAME_BAD, NOTIFY_HEADER_LENGTH, 2},
	{"length 0", MARK "000004", FRAME_BAD, NOTIFY_HEADER_LENGTH, 2},
	{"length 4097", MARK "100102", FRAME_BAD, NOTIFY_HEADER_LENGTH, 2},
	{"keepalive of 20", MARK "001404", FRAME_BAD, NOTIFY_HEADER_LENGTH, 2},
	{"open of 28", MARK "001c01", FRAME_BAD, NOTIFY_HEADER_LENGTH, 2},
	{"update of 22", MARK "001602", FRAME_BAD, NOTIFY_HEADER_LENGTH, 2},
	{"notification of 20", MARK "001403", FRAME_BAD, NOTIFY_HEADER_LENGTH, 2},
	{"type 0", MARK "001300", FRAME_BAD, NOTIFY_HEADER_TYPE, 1},
	{"type 6", MARK "001306", FRAME_BAD, NOTIFY_HEADER_TYPE, 1},
	{"type 255", MARK "0013ff", FRAME_BAD, NOTIFY_HEADER_TYPE, 1},
};

/* RFC 4271 §6.1. */
Test(wire, frame_judges_marker_length_and_type)
{
	struct guard g;
	guard_init(&g);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		static uint8_t bytes[VECTOR_MAX];
		size_t len = hex_bytes(rows[i].hex, bytes, sizeof(bytes));
		cr_assert_eq(len, BGP_HEADER_LEN);
		size_t whole = (size_t)bytes[16] << 8 | bytes[17];
		struct frame f = {0};
		struct notify why = {0};
		struct span in = guard_put(&g, bytes, whole > len ? whole : len);
		cr_expect_eq(frame_next(in, BGP_MESSAGE_MAX, &f, &why), rows[i].verdict, "%s",
			     rows[i].name);
		if (rows[i].verdict == FRAME_OK) {
			cr_expect_eq(f.len, whole, "%s", rows[i].name);
			cr_expect_eq(f.body.len, whole - BGP_HEADER_LEN, "%s", rows[i].name);
			cr_expect_eq(f.body.data, in.data + BGP_HEADER_LEN, "%s", rows[i].name);
			continue;
		}
		cr_expect_eq(why.code, NOTIFY_HEADER, "%s", rows[i].name);
		cr_expect_eq(why.subcode, rows[i].subcode, "%s", rows[i].name);
		cr_expect_eq(why.data_len, rows[i].data_len, "%s", rows[i].name);
		/* A bad header is answered before the rest of the message is there. */
		in = guard_put(&g, bytes, BGP_HEADER_LEN);
		cr_expect_eq(frame_next(in, BGP_MESSAGE_MAX, &f, &why), FRAME_BAD, "%s",
			     rows[i].name);
	}
	guard_fini(&g);
}

/* RFC 4271 §4.1: any cut of a good message waits for more. */
Test(wire, frame_waits_for_the_whole_message)
{
	struct guard g;
	guard_init(&g);
	uint8_t bytes[64] = {0};
	hex_bytes(MARK "002002", bytes, sizeof(bytes));
	for (size_t len = 0; len < 32; len++) {
		struct frame f;
		struct notify why;
		cr_expect_eq(frame_next(guard_put(&g, bytes, len), BGP_MESSAGE_MAX, &f, &why),
			     FRAME_MORE, "%zu octets", len);
	}
	struct frame f;
	struct notify why;
	cr_assert_eq(frame_next(guard_put(&g, bytes, 40), BGP_MESSAGE_MAX, &f, &why), FRAME_OK);
	cr_assert_eq(f.len, 32);
	guard_fini(&g);
}

/* RFC 8654 §4: the longer limit is not for OPEN. */
Test(wire, extended_messages_exclude_open)
{
	static uint8_t bytes[VECTOR_MAX];
	struct frame f;
	struct notify why;
	hex_bytes(MARK "200002", bytes, sizeof(bytes));
	cr_assert_eq(frame_next(span_of(bytes, 0x2000), UINT16_MAX, &f, &why), FRAME_OK);
	hex_bytes(MARK "200001", bytes, sizeof(bytes));
	cr_assert_eq(frame_next(span_of(bytes, 0x2000), UINT16_MAX, &f, &why), FRAME_BAD);
	cr_assert_eq(why.subcode, NOTIFY_HEADER_LENGTH);
}

/* RFC 4271 §4.1: messages written back to back are found again. */
Test(wire, frames_written_are_frames_read)
{
	uint8_t buf[128];
	struct wr w = wr_of(buf, sizeof(buf));
	frame_begin(&w, BGP_KEEPALIVE);
	frame_end(&w, 0);
	size_t start = wr_len(&w);
	frame_begin(&w, BGP_UPDATE);
	wr_u32(&w, 0);
	frame_end(&w, start);
	struct frame f;
	struct notify why;
	cr_assert_eq(frame_next(span_of(buf, wr_len(&w)), BGP_MESSAGE_MAX, &f, &why), FRAME_OK);
	cr_assert_eq(f.type, BGP_KEEPALIVE);
	cr_assert_eq(f.len, 19);
	struct span rest = span_of(buf + f.len, wr_len(&w) - f.len);
	cr_assert_eq(frame_next(rest, BGP_MESSAGE_MAX, &f, &why), FRAME_OK);
	cr_assert_eq(f.type, BGP_UPDATE);
	cr_assert_eq(f.body.len, 4);
}

/* RFC 2918 §3, RFC 7313 §3.2, §4: Begin and End are known where both sides agreed. */
Test(wire, refresh_is_read_and_written)
{
	static const struct {
		const char *hex;
		enum refresh_verdict plain, enhanced;
		struct refresh want;
	} cases[] = {
		{"00010001", REFRESH_OK, REFRESH_OK, {FAMILY_IPV4, REFRESH_REQUEST}},
		{"00020001", REFRESH_OK, REFRESH_OK, {FAMILY_IPV6, REFRESH_REQUEST}},
		{"00010101", REFRESH_IGNORED, REFRESH_OK, {FAMILY_IPV4, REFRESH_BEGIN}},
		{"00020201", REFRESH_IGNORED, REFRESH_OK, {FAMILY_IPV6, REFRESH_END}},
		{"00010301", REFRESH_IGNORED, REFRESH_IGNORED, {0}},
		{"0001ff01", REFRESH_IGNORED, REFRESH_IGNORED, {0}},
		{"00010002", REFRESH_IGNORED, REFRESH_IGNORED, {0}}, /* Multicast. */
		{"00190041", REFRESH_IGNORED, REFRESH_IGNORED, {0}},
		{"000100", REFRESH_BAD, REFRESH_BAD, {0}},
		{"0001000100", REFRESH_BAD, REFRESH_BAD, {0}},
		{"", REFRESH_BAD, REFRESH_BAD, {0}},
	};
	for (size_t i = 0; i < 2 * ARRAY_COUNT(cases); i++) {
		bool is_enhanced = i % 2 != 0;
		enum refresh_verdict want =
			is_enhanced ? cases[i / 2].enhanced : cases[i / 2].plain;
		uint8_t body[8];
		size_t len = hex_bytes(cases[i / 2].hex, body, sizeof(body));
		struct refresh m = {FAMILY_COUNT, REFRESH_REQUEST};
		struct notify why = {0};
		enum refresh_verdict v = refresh_decode(span_of(body, len), is_enhanced, &m, &why);
		cr_expect_eq(v, want, "%s", cases[i / 2].hex);
		cr_expect_eq(m.family, v == REFRESH_OK ? cases[i / 2].want.family : FAMILY_COUNT);
		cr_expect_eq(m.kind, v == REFRESH_OK ? cases[i / 2].want.kind : REFRESH_REQUEST);
		cr_expect_eq(why.code, v == REFRESH_BAD ? NOTIFY_HEADER : NOTIFY_NONE);
	}
	uint8_t buf[23];
	struct refresh end6 = {FAMILY_IPV6, REFRESH_END};
	cr_assert_eq(refresh_encode(&end6, buf, sizeof(buf)), 23);
	static const uint8_t tail[] = {0x00, 0x17, 0x05, 0x00, 0x02, 0x02, 0x01};
	cr_assert_arr_eq(buf + 16, tail, sizeof(tail));
	cr_assert_eq(refresh_encode(&end6, buf, 22), 0);
}

/* RFC 7313 §5: Begin or End of another length; the whole message is the data. */
Test(wire, enhanced_refresh_of_a_wrong_length_has_its_own_error)
{
	static const char *const cases[] = {"000101", "0001020100", "00010101ffffffff"};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint8_t body[8];
		size_t len = hex_bytes(cases[i], body, sizeof(body));
		struct refresh m;
		struct notify why = {0};
		cr_expect_eq(refresh_decode(span_of(body, len), true, &m, &why), REFRESH_BAD);
		cr_expect_eq(why.code, NOTIFY_REFRESH);
		cr_expect_eq(why.subcode, NOTIFY_REFRESH_LENGTH);
		cr_assert_eq(why.data_len, BGP_HEADER_LEN + len);
		cr_expect_eq(why.data[17], BGP_HEADER_LEN + len);
		cr_expect_eq(why.data[18], BGP_ROUTE_REFRESH);
		cr_expect_arr_eq(why.data + BGP_HEADER_LEN, body, len);
		cr_expect_eq(refresh_decode(span_of(body, len), false, &m, &why), REFRESH_BAD);
		cr_expect_eq(why.code, NOTIFY_HEADER);
	}
	static uint8_t long_body[4000] = {0, 1, 1, 1};
	struct refresh m;
	struct notify why = {0};
	struct span body = span_of(long_body, sizeof(long_body));
	cr_expect_eq(refresh_decode(body, true, &m, &why), REFRESH_BAD);
	cr_expect_eq(why.data_len, NOTIFY_DATA_MAX);
}
