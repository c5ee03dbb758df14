/* The path's size: RFC 1191, 8201, 5927 §7, 4821. */
#include <criterion/criterion.h>

#include "tests/unit/tcp/bench.h"

static uint32_t open_with_flight(struct bench *b, bool has_sack)
{
	bench_open(b, &(struct bench_opts){.has_sack = has_sack, .iss = UINT32_MAX - 3000});
	bench_push(b, 100000);
	cr_assert_eq(bench_drain(b), 10);
	return b->ack;
}

/* RFC 5927 §7.1: only what is in flight. */
Test(tcp, too_big_is_believed_only_for_what_is_in_flight)
{
	static const struct {
		uint32_t off;
		uint16_t mtu;
		uint32_t mss; /* Afterwards. */
		enum tcp_drop drop;
	} rows[] = {
		{UINT32_MAX, 1400, 1460, TCP_DROP_TOO_BIG_OUTSIDE},
		{14600, 1400, 1460, TCP_DROP_TOO_BIG_OUTSIDE},
		{0x80000000, 1400, 1460, TCP_DROP_TOO_BIG_OUTSIDE},
		{0, 1500, 1460, TCP_DROP_TOO_BIG_IGNORED}, /* RFC 1191 §6.3: never up. */
		{0, 65535, 1460, TCP_DROP_TOO_BIG_IGNORED},
		{0, 1400, 1360, TCP_DROP_COUNT},
		{14599, 1400, 1360, TCP_DROP_COUNT},
		{0, 0, 1452, TCP_DROP_COUNT}, /* RFC 1191 §7: the next plateau, 1,492. */
		{0, 68, TCP_MSS_MIN, TCP_DROP_COUNT},
		{0, 1, TCP_MSS_MIN, TCP_DROP_COUNT},
	};

	for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
		size_t row = i / 2;
		struct bench b;
		uint32_t base = open_with_flight(&b, i % 2 != 0);

		tcp_too_big(b.c, base + rows[row].off, rows[row].mtu, b.now);
		tcp_check(b.c);
		cr_expect_eq(tcp_stats(b.c)->path_mss, rows[row].mss, "row %zu", row);
		if (rows[row].drop != TCP_DROP_COUNT) {
			cr_expect_eq(bench_drops(&b, rows[row].drop), 1, "row %zu", row);
			cr_expect_not(bench_tx(&b), "row %zu", row);
		}
		bench_close(&b);
	}
}

/* RFC 1191 §6.4: at once, in smaller pieces, and without blaming congestion. */
Test(tcp, what_was_too_big_goes_again_at_once_in_smaller_pieces)
{
	for (int has_sack = 0; has_sack < 2; has_sack++) {
		struct bench b;
		uint32_t base = open_with_flight(&b, has_sack != 0), next = base;
		uint32_t cwnd = tcp_stats(b.c)->cwnd;

		tcp_too_big(b.c, base, 1000, b.now);
		while (bench_tx(&b)) {
			cr_expect_eq(b.out.seq, next);
			cr_expect_leq(b.out.payload.len, 960);
			next += (uint32_t)b.out.payload.len;
		}
		cr_expect_geq(next - base, 14600 - 960);
		cr_expect_eq(tcp_stats(b.c)->cwnd, cwnd);
		bench_ack(&b, next);
		bench_drain(&b);
		cr_expect_leq(b.out.payload.len, 960);
		bench_close(&b);
	}
}

/* RFC 8201 §4. */
Test(tcp, an_ipv6_path_is_never_smaller_than_1280)
{
	struct bench_opts o = {0};
	struct tcp_conf conf = bench_conf(&o);
	struct bench b = {.c = tcp_new(), .now = USEC_PER_SEC, .window = 65535};

	conf.local.addr.family = conf.remote.addr.family = FAMILY_IPV6;
	conf.mss = 1440;
	tcp_accept(b.c, &conf, &(struct seg){.flags = TCP_SYN, .mss = 1440, .wscale = 0xff}, b.now);
	cr_assert(bench_tx(&b));
	b.seq = 1;
	bench_ack(&b, b.out.seq + 1);
	bench_push(&b, 10000);
	bench_drain(&b);
	tcp_too_big(b.c, b.ack, 600, b.now);
	cr_expect_eq(tcp_stats(b.c)->path_mss, 1220);
	bench_close(&b);
}

Test(tcp, too_big_before_the_handshake_or_after_the_end_is_dropped)
{
	struct bench_opts o = {0};
	struct tcp_conf conf = bench_conf(&o);
	struct bench b = {.c = tcp_new(), .now = USEC_PER_SEC};

	tcp_too_big(b.c, 0, 1000, b.now);
	tcp_connect(b.c, &conf, b.now);
	cr_assert(bench_tx(&b));
	tcp_too_big(b.c, b.out.seq, 1000, b.now);
	cr_expect_eq(bench_drops(&b, TCP_DROP_TOO_BIG_OUTSIDE), 2);
	bench_close(&b);
}

/* Frames above `limit` vanish without a word; all others arrive and are acknowledged. */
static void pass(struct bench *b, uint32_t *got, size_t limit)
{
	while (bench_tx(b)) {
		size_t len = 40 + b->out.payload.len;

		b->now += 1000;
		if (len <= limit && b->out.seq == *got) {
			*got += (uint32_t)b->out.payload.len;
		}
		if (len <= limit) {
			bench_ack(b, *got);
		}
	}
}

/* RFC 4821 §7.7, §7.6: a black hole is left by smaller segments, and what was mere bad luck is
 * corrected at once by a larger one. */
Test(tcp, a_black_hole_is_found_and_left)
{
	static const struct {
		size_t limit;
		uint32_t mss;
	} rows[] = {{1499, 1240}, {1280, 1240}, {1279, 536}, {576, 536}};

	for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
		size_t row = i / 2;
		struct bench b;
		uint32_t got, end;
		usec_t start;

		bench_open(&b, &(struct bench_opts){.has_sack = i % 2 != 0});
		bench_push(&b, 50000);
		got = b.ack;
		end = got + 50000;
		start = b.now;
		while (got != end && b.now - start < 60 * USEC_PER_SEC) {
			pass(&b, &got, rows[row].limit);
			bench_wait(&b, min_u64(tcp_due(b.c) - b.now, USEC_PER_SEC));
		}
		cr_expect_eq(got, end, "row %zu", row);
		cr_expect_eq(tcp_stats(b.c)->path_mss, rows[row].mss, "row %zu", row);
		cr_expect_leq(b.now - start, 20 * USEC_PER_SEC, "row %zu", row);
		bench_close(&b);
	}
}

/* RFC 1191 §6.3: ten minutes after an ICMP the agreed size is tried with one segment. */
Test(tcp, the_size_is_raised_again_by_a_real_segment)
{
	for (int mode = 0; mode < 4; mode++) {
		bool has_sack = mode % 2 != 0, is_open = mode >= 2;
		struct bench b;
		uint32_t base = open_with_flight(&b, has_sack), got = base;

		tcp_too_big(b.c, base, 1000, b.now);
		pass(&b, &got, 1000);
		cr_expect_eq(got, base + 100000);
		b.now += 599 * USEC_PER_SEC;
		bench_push(&b, 20000);
		pass(&b, &got, 1000);
		cr_expect_eq(tcp_stats(b.c)->path_mss, 960);
		b.now += USEC_PER_SEC;
		bench_push(&b, 20000);
		for (int i = 0; i < 100 && got != base + 140000; i++) {
			pass(&b, &got, is_open ? 1500 : 1000);
			bench_wait(&b, min_u64(tcp_due(b.c) - b.now, USEC_PER_SEC));
		}
		cr_expect_eq(got, base + 140000, "mode %d", mode);
		cr_expect_eq(tcp_stats(b.c)->path_mss, is_open ? 1460 : 960, "mode %d", mode);
		bench_close(&b);
	}
}
