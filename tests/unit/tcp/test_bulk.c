/* Super-segments: what leaves in one piece of work is what would have left in many. */
#include <criterion/criterion.h>

#include "rib/base/csum.h"
#include "tests/unit/tcp/bench.h"
#include "tests/unit/tcp/link.h"

#define MSS	 BENCH_MSS
#define KILOBYTE UINT64_C(1024)
#define HOUR	 (3600 * USEC_PER_SEC)

static struct link_conf random_conf(uint64_t seed)
{
	struct prng prng;

	prng_init(&prng, seed ^ 0xb01c);
	return (struct link_conf){
		.seed = seed,
		.loss_permille = (unsigned)(seed % 3 == 0 ? 0 : prng_below(&prng, 101)),
		.dup_permille = (unsigned)(seed % 4 == 0 ? prng_below(&prng, 50) : 0),
		.delay_us = prng_below(&prng, 20000),
		.jitter_us = seed % 2 == 0 ? 0 : prng_below(&prng, 20000),
		.iss = {UINT32_MAX - (uint32_t)prng_below(&prng, 256 * KILOBYTE),
			UINT32_MAX - (uint32_t)prng_below(&prng, 256 * KILOBYTE)},
		.rcv_buf_max = {3000 + (uint32_t)prng_below(&prng, 200000),
				3000 + (uint32_t)prng_below(&prng, 200000)},
		.total = {256 * KILOBYTE, seed % 5 == 0 ? 0 : 256 * KILOBYTE},
		.closes = seed % 4 == 1,
		.has_slow_reader = seed % 7 == 0,
		.has_no_sack = {seed % 8 == 0, seed % 8 == 0},
		.cc = seed % 6 == 0 ? CC_RENO : CC_CUBIC,
	};
}

static struct link run(const struct link_conf *conf)
{
	struct link l;

	link_open(&l, conf);
	cr_assert(link_run(&l, 24 * HOUR), "seed %lu", conf->seed);
	for (unsigned i = 0; i < 2; i++) {
		l.window_max += metric_get(&tcp_stats(l.side[i].c)->segs_out) +
				1000 * metric_get(&tcp_stats(l.side[i].c)->retransmits);
	}
	link_close(&l);
	return l;
}

/* Over any link, the pieces are, byte for byte and instant for instant, the segments that would
 * have been sent without: nothing of loss recovery, windows, timers or the end is touched. */
Test(tcp, pieces_are_the_segments_that_would_have_been_sent)
{
	uint64_t cut = 0, sent = 0;

	for (uint64_t seed = 0; seed < 120; seed++) {
		struct link_conf conf = random_conf(seed);
		struct link plain = run(&conf);

		conf.bulk_bytes = seed % 3 == 0 ? 65000 : 5000 + (uint32_t)seed * 100;
		conf.bulk_spans = seed % 2 == 0 ? 256 : 1 + (uint16_t)(seed % 8);
		struct link bulk = run(&conf);

		cr_assert_eq(bulk.trace, plain.trace, "seed %lu", seed);
		cr_assert_eq(bulk.sent, plain.sent, "seed %lu", seed);
		cr_assert_eq(bulk.window_max, plain.window_max, "seed %lu: counted otherwise",
			     seed);
		cut += bulk.cut;
		sent += bulk.sent;
	}
	cr_expect_gt(cut, 1000); /* It was tried. */
	cr_expect_gt(sent, 50000);
}

static void open_wide(struct bench *b, uint32_t bulk, uint16_t spans)
{
	bench_open(b, &(struct bench_opts){.has_sack = true});
	tcp_set_bulk(b->c, bulk, spans);
}

Test(tcp, a_super_segment_takes_all_that_the_congestion_window_lets_go)
{
	struct bench b;

	open_wide(&b, 65000, 64);
	bench_push(&b, 100000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 10 * MSS);
	cr_expect_eq(b.out.cut, MSS);
	cr_expect_eq(seg_pieces(&b.out), 10);
	cr_expect_eq(b.out.flags, TCP_ACK);
	cr_expect_not(bench_tx(&b));
	cr_expect_eq(metric_get(&tcp_stats(b.c)->segs_out), 12); /* SYN, ACK. */
	/* An ACK in the middle of it. */
	bench_ack(&b, b.ack + 2 * MSS);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 4 * MSS);
	bench_close(&b);
}

Test(tcp, a_short_end_goes_along_and_pushes)
{
	struct bench b;

	open_wide(&b, 65000, 64);
	bench_push(&b, 3 * MSS + 7);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 3 * MSS + 7);
	cr_expect_eq(b.out.cut, MSS);
	cr_expect_eq(seg_pieces(&b.out), 4);
	cr_expect_eq(b.out.flags, TCP_ACK | TCP_PSH);
	bench_close(&b);
}

Test(tcp, bytes_and_spans_and_the_peers_window_bound_a_super_segment)
{
	struct bench b;

	open_wide(&b, 3 * MSS + 100, 64);
	bench_push(&b, 50000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 3 * MSS);
	bench_close(&b);

	open_wide(&b, 65000, 3);
	for (int i = 0; i < 20; i++) {
		cr_assert(sendq_push_copy(tcp_sendq(b.c), span_of(bench_pattern(), 1000)));
	}
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 2 * MSS); /* 3,000 bytes in three pieces. */
	cr_assert(bench_tx(&b));
	struct span span[3];
	cr_expect_eq(tcp_spans(b.c, &b.out, span, 3), 3); /* From 2,920: 80, 1000, 1000. */
	cr_expect_eq(span[0].len, 80);
	cr_expect_eq(b.out.payload.len, MSS);
	bench_close(&b);

	open_wide(&b, 65000, 64);
	b.window = 4 * MSS + 5;
	bench_ack(&b, b.ack);
	bench_push(&b, 50000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 4 * MSS);
	bench_close(&b);
}

Test(tcp, what_signs_repeats_or_probes_goes_in_plain_segments)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.auth = SEG_AUTH_MD5});
	tcp_set_bulk(b.c, 65000, 64);
	bench_push(&b, 5 * MSS);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.cut, 0);
	bench_close(&b);

	/* SACK blocks are told once. */
	open_wide(&b, 65000, 64);
	b.seq += 100;
	bench_data(&b, "late", 4);
	bench_push(&b, 5 * MSS);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.sack_count, 1);
	cr_expect_eq(b.out.cut, 0);
	bench_close(&b);

	/* The retransmission timer tries one segment. */
	open_wide(&b, 65000, 64);
	bench_push(&b, 5 * MSS);
	bench_drain(&b);
	bench_wait(&b, 10 * USEC_PER_SEC); /* Tail loss probe. */
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.cut, 0);
	bench_wait(&b, 10 * USEC_PER_SEC);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.cut, 0);
	cr_expect_eq(b.out.payload.len, MSS);
	bench_close(&b);
}

Test(tcp, the_fin_leaves_with_a_plain_segment)
{
	struct bench b;

	open_wide(&b, 65000, 64);
	bench_push(&b, 4 * MSS);
	tcp_close(b.c);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 3 * MSS);
	cr_expect_eq(b.out.flags, TCP_ACK);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, MSS);
	cr_expect_eq(b.out.flags, TCP_ACK | TCP_PSH | TCP_FIN);
	cr_expect_not(bench_tx(&b));
	bench_close(&b);
}

/* RFC 6675 §5: a lost range goes again as one, as far as the window lets it. */
Test(tcp, a_lost_range_goes_again_as_a_super_segment)
{
	struct bench b;

	open_wide(&b, 65000, 64);
	bench_push(&b, 60 * MSS);
	for (int i = 0; i < 30; i++) { /* A wider window. */
		bench_drain(&b);
		bench_ack(&b, b.ack + 2 * MSS);
	}
	bench_push(&b, 60 * MSS);
	uint32_t base = b.ack;
	bench_drain(&b);
	bench_wait(&b, 100);
	bench_sack(&b, base, base, 1, (const uint32_t[][2]){{20 * MSS, 30 * MSS}});
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, base);
	cr_expect_eq(b.out.cut, MSS);
	cr_expect_geq(b.out.payload.len, 2 * MSS);
	cr_expect_eq(b.out.payload.len % MSS, 0);
	cr_expect_eq(metric_get(&tcp_stats(b.c)->retransmits), seg_pieces(&b.out));
	bench_close(&b);
}

/* RFC 1191: the path takes less from now on, and so are the pieces. */
Test(tcp, pieces_shrink_with_the_path)
{
	struct bench b;

	open_wide(&b, 65000, 64);
	bench_push(&b, 100000);
	cr_assert(bench_tx(&b));
	tcp_too_big(b.c, b.out.seq + 3 * MSS, 1000, b.now); /* One of the pieces. */
	tcp_check(b.c);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.cut, 960);
	cr_expect_eq(b.out.seq, b.ack);
	bench_close(&b);
}

Test(tcp, a_window_after_idleness_is_not_sent_at_once)
{
	struct bench b;

	open_wide(&b, 65000, 64);
	bench_push(&b, 40 * MSS);
	for (int i = 0; i < 20; i++) {
		bench_drain(&b);
		bench_ack(&b, b.ack + 2 * MSS);
	}
	bench_wait(&b, 60 * USEC_PER_SEC);
	bench_push(&b, 40 * MSS);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 10 * MSS); /* RFC 5681 §4.1, RFC 6928. */
	bench_close(&b);
}

/* A pending sender's segment for the same bytes as a sum over them: the port adds the rest. */
Test(tcp, an_open_checksum_is_completed_by_adding_all_bytes)
{
	struct endpoint a = {.addr = addr_v4(0xc6120001), .port = 179},
			b = {.addr = addr_v4(0xc6120002), .port = 4000};
	struct seg s = {.seq = 7, .flags = TCP_ACK, .wscale = 0xff, .payload = span_of(NULL, 9)};
	uint8_t whole[TCP_HEADER_MIN + 9] = {0}, open[sizeof(whole)] = {0};

	memcpy(whole + TCP_HEADER_MIN, "some text", 9);
	memcpy(open + TCP_HEADER_MIN, "some text", 9);
	seg_encode(&s, &a, &b, whole);
	seg_seal(&s, &a, &b, whole, csum_add(0, whole + TCP_HEADER_MIN, 9));
	seg_encode(&s, &a, &b, open);
	seg_seal_open(&s, &a, &b, open);
	csum_store(csum_add(0, open, sizeof(open)), open + 16);
	cr_expect_arr_eq(open, whole, sizeof(whole));
}
