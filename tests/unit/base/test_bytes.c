/* Cursors: read or write everything, ask once. */
#include "rib/base/bytes.h"

#include <criterion/criterion.h>

Test(bytes, reads_are_big_endian_and_in_order)
{
	static const uint8_t in[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	struct rd r = rd_of(span_of(in, sizeof(in)));
	uint8_t tail[2] = {0};

	cr_expect_eq(rd_u8(&r), 1);
	cr_expect_eq(rd_u16(&r), 0x0203);
	cr_expect_eq(rd_u32(&r), 0x04050607U);
	struct span s = rd_span(&r, 3);
	cr_expect_eq(s.len, 3);
	cr_expect_eq(s.data[0], 8);
	rd_copy(&r, tail, 2);
	cr_expect_eq(tail[1], 12);
	cr_expect_eq(rd_left(&r), 0);
	cr_expect(rd_is_ok(&r));
}

Test(bytes, read_past_the_end_is_sticky_and_zero)
{
	static const uint8_t in[] = {0xff, 0xff, 0xff};
	struct rd r = rd_of(span_of(in, sizeof(in)));

	cr_expect_eq(rd_u32(&r), 0);
	cr_expect_not(rd_is_ok(&r));
	/* Three bytes were there, but the cursor is empty for good. */
	cr_expect_eq(rd_u8(&r), 0);
	cr_expect_eq(rd_left(&r), 0);
	cr_expect_eq(rd_span(&r, 1).len, 0);
	cr_expect_not(rd_is_ok(&r));
}

Test(bytes, empty_span_reads_nothing_and_stays_good)
{
	struct rd r = rd_of(span_of("", 0));

	cr_expect_eq(rd_span(&r, 0).len, 0);
	cr_expect(rd_is_ok(&r));
	cr_expect_eq(rd_u8(&r), 0);
	cr_expect_not(rd_is_ok(&r));
}

Test(bytes, writes_read_back)
{
	uint8_t buf[16];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_u8(&w, 0xab);
	wr_u16(&w, 0);
	wr_u32(&w, 0xdeadbeef);
	wr_copy(&w, "xyz", 3);
	wr_patch_u16(&w, 1, 0x1234);
	cr_expect(wr_is_ok(&w));
	cr_expect_eq(wr_len(&w), 10);
	cr_expect_eq(wr_left(&w), 6);
	struct rd r = rd_of(span_of(buf, wr_len(&w)));
	cr_expect_eq(rd_u8(&r), 0xab);
	cr_expect_eq(rd_u16(&r), 0x1234);
	cr_expect_eq(rd_u32(&r), 0xdeadbeef);
	cr_expect_eq(memcmp(rd_span(&r, 3).data, "xyz", 3), 0);
}

Test(bytes, write_past_the_end_is_dropped_and_sticky)
{
	uint8_t buf[4] = {9, 9, 9, 9};
	struct wr w = wr_of(buf, 3);

	wr_u32(&w, 0);
	cr_expect_not(wr_is_ok(&w));
	wr_u8(&w, 0);
	cr_expect_eq(wr_len(&w), 0, "nothing more is written after the first miss");
	cr_expect_eq(memcmp(buf, "\x09\x09\x09\x09", 4), 0);
}
