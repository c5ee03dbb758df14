/* Loss with SACK: RFC 2018, 2883, 6675, 8985, 3522. */
#include <criterion/criterion.h>

#include "dataplane/tcp/tcp_conn.h"
#include "tests/unit/tcp/bench.h"
#include "tests/unit/tcp/link.h"

#define MSS BENCH_MSS

static uint64_t stat(const struct bench *b, size_t offset)
{
	const uint8_t *at = (const uint8_t *)tcp_stats(b->c) + offset;
	metric_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}
#define STAT(b, field) stat(b, offsetof(struct tcp_stats, field))

/* Ten segments leave; the first round trip of 10 ms is measured before. */
static uint32_t open_with_flight(struct bench *b, struct bench_opts o)
{
	o.has_sack = true;
	bench_open(b, &o);
	bench_push(b, 19);
	bench_drain(b);
	b->now += 10000;
	bench_ack(b, b->ack + 19);
	bench_push(b, 100 * MSS);
	cr_assert_eq(bench_drain(b), 10);
	b->now += 10000;
	return b->ack;
}

/* RFC 2018 §2: offered by us; accepted only when the peer did. */
Test(tcp, sack_is_used_only_when_both_permit_it)
{
	for (int mode = 0; mode < 4; mode++) {
		struct bench_opts o = {.has_sack = mode % 2 != 0, .is_passive = mode >= 2};
		struct bench b;

		bench_open(&b, &o);
		b.seq += 100;
		bench_data(&b, "behind a gap", 12);
		cr_assert(bench_tx(&b));
		cr_expect_eq(b.out.sack_count, mode % 2);
		bench_close(&b);
	}
}

/* RFC 2018 §4: the newest first, then the others by age. */
Test(tcp, sack_blocks_come_newest_first)
{
	struct bench b;
	uint32_t base;

	bench_open(&b, &(struct bench_opts){.has_sack = true});
	base = b.seq;
	static const uint32_t at[] = {1000, 5000, 3000, 7000, 9000};

	for (size_t i = 0; i < ARRAY_COUNT(at); i++) {
		b.seq = base + at[i];
		bench_data(&b, bench_pattern(), 100);
		cr_assert(bench_tx(&b));
	}
	cr_expect_eq(b.out.ack, base);
	cr_expect_eq(b.out.sack_count, 4);
	for (unsigned i = 0; i < 4; i++) {
		cr_expect_eq(b.out.sack[i].from, base + at[4 - i]);
		cr_expect_eq(b.out.sack[i].to, base + at[4 - i] + 100);
	}
	/* What joins an old range makes that the newest. */
	b.seq = base + 1100;
	bench_data(&b, bench_pattern(), 100);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.sack[0].from, base + 1000);
	cr_expect_eq(b.out.sack[0].to, base + 1200);
	bench_close(&b);
}

/* RFC 2883 §4: below the ACK, and within a block; told once. */
Test(tcp, what_comes_twice_is_told_once)
{
	struct bench b;
	uint32_t base;

	bench_open(&b, &(struct bench_opts){.has_sack = true, .has_ts = true});
	base = b.seq;
	bench_data(&b, bench_pattern(), 1000);
	bench_wait(&b, 50000);
	bench_drain(&b);
	b.seq = base + 200;
	bench_data(&b, bench_pattern() + 200, 300);
	cr_assert(bench_tx(&b));
	cr_assert_eq(b.out.sack_count, 1);
	cr_expect_eq(b.out.sack[0].from, base + 200);
	cr_expect_eq(b.out.sack[0].to, base + 500);
	b.seq = base + 5000;
	bench_data(&b, bench_pattern(), 1000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.sack_count, 1);
	b.seq = base + 5900;
	bench_data(&b, bench_pattern() + 900, 300);
	cr_assert(bench_tx(&b));
	cr_assert_eq(b.out.sack_count, 2);
	cr_expect_eq(b.out.sack[0].from, base + 5900);
	cr_expect_eq(b.out.sack[0].to, base + 6000);
	cr_expect_eq(b.out.sack[1].from, base + 5000);
	cr_expect_eq(b.out.sack[1].to, base + 6200);
	bench_close(&b);
}

/* RFC 2018 §3: blocks ride on data, which leaves them their room. */
Test(tcp, segments_with_blocks_are_no_larger_than_others)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.has_sack = true, .has_ts = true});
	b.seq += 1000;
	bench_data(&b, bench_pattern(), 100);
	bench_push(&b, 5000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.sack_count, 1);
	cr_expect_eq(seg_header_len(&b.out) + b.out.payload.len, 20 + 1460);
	bench_close(&b);
}

/* A SYN with MD5: SACK and timestamps do not both fit beside the MAC. */
Test(tcp, beside_md5_the_answer_prefers_sack_to_timestamps)
{
	struct bench_opts o = {.has_sack = true, .has_ts = true, .auth = SEG_AUTH_MD5};
	struct bench b = {.c = tcp_new(), .now = USEC_PER_SEC};
	struct tcp_conf conf = bench_conf(&o);
	struct seg syn = {.flags = TCP_SYN,
			  .window = 1000,
			  .mss = 1460,
			  .wscale = 7,
			  .has_ts = true,
			  .has_sack_permitted = true};

	tcp_accept(b.c, &conf, &syn, b.now);
	cr_assert(bench_tx(&b));
	cr_expect(b.out.has_sack_permitted);
	cr_expect_not(b.out.has_ts);
	cr_expect_leq(seg_header_len(&b.out), TCP_HEADER_MAX);
	bench_close(&b);
	/* Our own offer has both, and what the peer chooses counts. */
	o.has_sack = false;
	bench_open(&b, &o);
	bench_push(&b, 5000);
	cr_assert(bench_tx(&b));
	cr_expect(b.out.has_ts);
	cr_expect_eq(b.out.payload.len, 1460 - 12 - 20);
	bench_close(&b);
}

/* RFC 9293 and 3168: ECE and CWR on a SYN ask for ECN, which we do not answer. */
Test(tcp, ecn_is_not_negotiated)
{
	struct endpoint a = {.addr = addr_v4(1), .port = 179}, z = {.addr = addr_v4(2), .port = 9};
	struct seg syn = {.flags = TCP_SYN, .window = 1000, .mss = 1460, .wscale = 0xff}, in;
	struct bench_opts o = {0};
	struct bench b = {.c = tcp_new(), .now = USEC_PER_SEC};
	struct tcp_conf conf = bench_conf(&o);
	uint8_t bytes[TCP_HEADER_MAX];
	uint16_t src, dst;

	seg_encode(&syn, &a, &z, bytes);
	bytes[13] |= 0xc0;
	seg_seal(&syn, &a, &z, bytes, 0);
	cr_assert_eq(seg_decode(span_of(bytes, seg_header_len(&syn)), &a.addr, &z.addr, false, &src,
				&dst, &in),
		     SEG_OK);
	tcp_accept(b.c, &conf, &in, b.now);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.flags, TCP_SYN | TCP_ACK);
	bench_close(&b);
}

/* RFC 6675 §5, RFC 8985 §6.2: three segments above the hole, and only the hole goes again. */
Test(tcp, only_what_is_lost_is_sent_again)
{
	struct bench b;
	uint32_t base = open_with_flight(&b, (struct bench_opts){.iss = UINT32_MAX - 5000});
	static const uint32_t one[][2] = {{MSS, 2 * MSS}};
	static const uint32_t two[][2] = {{4 * MSS, 5 * MSS}, {MSS, 3 * MSS}};

	bench_sack(&b, base, base, 1, one);
	cr_assert(bench_tx(&b), "one has left the network, one may enter");
	cr_expect_eq(b.out.seq, base + 10 * MSS);
	cr_expect_not(bench_tx(&b));
	bench_sack(&b, base, base, 2, two);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, base);
	cr_expect_eq(b.out.payload.len, MSS);
	while (bench_tx(&b)) {
		cr_expect(b.out.seq == base + 3 * MSS || b.out.seq - base >= 11 * MSS);
	}
	cr_expect_eq(STAT(&b, fast_retransmits), 1);
	cr_expect_eq(STAT(&b, timeouts), 0);
	bench_close(&b);
}

/* RFC 8985 §1: what RFC 6675 cannot see without a timeout. */
Test(tcp, a_lost_retransmission_is_found_without_a_timeout)
{
	struct bench b;
	uint32_t base = open_with_flight(&b, (struct bench_opts){0});
	static const uint32_t rest[][2] = {{MSS, 10 * MSS}};
	static const uint32_t more[][2] = {{MSS, 11 * MSS}};

	bench_sack(&b, base, base, 1, rest);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, base);
	b.now += 100;
	bench_drain(&b); /* New data behind it. */
	b.now += 10000;
	bench_sack(&b, base, base, 1, more); /* That has arrived, the repetition has not. */
	cr_expect_not(b.out.seq == base);
	b.now += 1;
	while (bench_tx(&b) && b.out.seq != base) {
	}
	if (b.out.seq != base) { /* They left at the same instant: the order decides. */
		bench_sack(&b, base, base, 1, (const uint32_t[][2]){{MSS, 12 * MSS}});
		while (bench_tx(&b) && b.out.seq != base) {
		}
	}
	cr_expect_eq(STAT(&b, timeouts), 0);
	bench_close(&b);
}

/* RFC 8985 §6.2 step 2: an echo from before the repetition answers the original, however late, and
 * tells nothing about what left between the two. */
Test(tcp, a_late_original_does_not_make_the_rest_look_lost)
{
	struct bench b;
	uint32_t base, echo;

	bench_open(&b, &(struct bench_opts){.has_sack = true, .has_ts = true});
	bench_push(&b, 19);
	bench_drain(&b);
	b.now += 10000;
	bench_ack(&b, b.ack + 19);
	bench_push(&b, 100 * MSS);
	bench_drain(&b);
	base = b.ack;
	echo = b.ts_in;
	b.now += 10000;
	bench_sack(&b, base, base, 1, (const uint32_t[][2]){{1448, 4 * 1448}});
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, base);
	bench_drain(&b);
	b.now += 12000;
	b.ts_in = echo;
	bench_ack(&b, base + 4 * 1448);
	while (bench_tx(&b)) {
		cr_expect_geq(b.out.seq - base, 10U * 1448);
	}
	bench_close(&b);
}

/* RFC 8985 §6.2 step 4: with reordering seen, a quarter of a round trip is waited. */
Test(tcp, reordering_that_was_seen_is_waited_for)
{
	struct bench b;
	uint32_t base = open_with_flight(&b, (struct bench_opts){0});
	static const uint32_t late[][2] = {{MSS, 2 * MSS}};
	static const uint32_t rest[][2] = {{3 * MSS, 8 * MSS}};

	bench_sack(&b, base, base, 1, late);
	bench_ack(&b, base + 2 * MSS); /* The first was only late. */
	bench_drain(&b);
	bench_sack(&b, base + 2 * MSS, base, 1, rest);
	while (bench_tx(&b)) {
		cr_expect_neq(b.out.seq, base + 2 * MSS, "not yet");
	}
	usec_t at = tcp_due(b.c);

	cr_expect_leq(at, b.now + 10000 / 4 + 1);
	bench_wait(&b, at - b.now);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, base + 2 * MSS);
	bench_close(&b);
}

/* RFC 8985 §7: a lost tail is probed after two round trips, long before the timeout. */
Test(tcp, a_lost_tail_is_probed_before_the_timeout)
{
	struct bench b;
	uint32_t base = open_with_flight(&b, (struct bench_opts){.snd_buf_max = 100 * MSS});

	/* Nothing new: the window is full; so the last segment goes again. */
	b.window = 10 * MSS;
	bench_ack(&b, base);
	usec_t due = tcp_due(b.c);

	cr_expect_leq(due, b.now + 2 * 10000 + 2000);
	bench_wait(&b, due - b.now);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, base + 9 * MSS);
	cr_expect_eq(STAT(&b, probes_out), 1);
	cr_expect_eq(STAT(&b, timeouts), 0);
	cr_expect_geq(tcp_due(b.c), b.now + 190000, "one probe, then the timeout");
	/* The answer tells what was lost: all below the probe. */
	b.now += 10000;
	bench_sack(&b, base, base, 1, (const uint32_t[][2]){{9 * MSS, 10 * MSS}});
	bench_wait(&b, 3000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, base);
	cr_expect_eq(STAT(&b, timeouts), 0);
	bench_close(&b);
}

/* RFC 8985 §7.3: new data, when there is any, is the better probe. */
Test(tcp, new_data_is_the_probe_when_there_is_any)
{
	struct bench b;
	uint32_t base = open_with_flight(&b, (struct bench_opts){0});

	bench_wait(&b, tcp_due(b.c) - b.now);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, base + 10 * MSS, "beyond the congestion window");
	cr_expect_not(bench_tx(&b));
	bench_close(&b);
}

/* RFC 8985 §7.4.2: a probe that repaired a loss reduces the window; with a DSACK it did not. */
Test(tcp, a_probe_that_repaired_a_loss_counts_as_one)
{
	for (int mode = 0; mode < 2; mode++) {
		struct bench b;

		bench_open(&b, &(struct bench_opts){.has_sack = true});
		bench_push(&b, 100);
		bench_drain(&b);
		b.now += 10000;
		bench_ack(&b, b.ack + 100);
		bench_push(&b, 100);
		bench_drain(&b);
		bench_wait(&b, tcp_due(b.c) - b.now);
		cr_assert(bench_tx(&b));
		cr_expect_eq(STAT(&b, probes_out), 1);
		uint32_t before = tcp_stats(b.c)->cwnd, end = b.ack + 100;

		b.now += 10000;
		bench_ack(&b, end);
		if (mode == 1) {
			bench_sack(&b, end, end, 1, (const uint32_t[][2]){{UINT32_MAX - 99, 0}});
		}
		bench_push(&b, 100);
		bench_drain(&b);
		bench_ack(&b, end + 100);
		cr_expect(mode == 1 ? tcp_stats(b.c)->cwnd == before
				    : tcp_stats(b.c)->cwnd < before);
		bench_close(&b);
	}
}

/* RFC 2018 §8: what is acknowledged up to the edge of a held range is no longer held. */
Test(tcp, a_peer_that_reneges_gets_everything_again)
{
	struct bench b;
	uint32_t base = open_with_flight(&b, (struct bench_opts){0});
	unsigned again = 0;

	bench_sack(&b, base, base, 1, (const uint32_t[][2]){{MSS, 10 * MSS}});
	bench_drain(&b);
	b.now += 10000;
	bench_ack(&b, base + MSS); /* And not base + 10 MSS. */
	cr_expect_eq(bench_drops(&b, TCP_DROP_SACK_RENEGED), 1);
	for (int i = 0; i < 20 && again < 9; i++) {
		while (bench_tx(&b)) {
			again += b.out.seq - base < 10 * MSS;
			b.now += 1000;
			bench_ack(&b, b.out.seq - base < 10 * MSS ? b.out.seq + MSS : b.ack);
		}
		bench_wait(&b, tcp_due(b.c) - b.now);
	}
	cr_expect_geq(again, 9);
	bench_close(&b);
}

/* RFC 2018 §8: a timeout with the first segment held believes no block any more. */
Test(tcp, after_reneging_a_timeout_begins_at_the_front)
{
	struct bench b;
	uint32_t base = open_with_flight(&b, (struct bench_opts){0});

	bench_sack(&b, base, base, 1,
		   (const uint32_t[][2]){{0, 10 * MSS}}); /* Absurd, but in flight. */
	cr_expect_eq(bench_drops(&b, TCP_DROP_SACK_RENEGED), 1);
	bench_drain(&b);
	for (int i = 0; i < 3 && STAT(&b, timeouts) == 0; i++) {
		bench_wait(&b, tcp_due(b.c) - b.now);
		bench_tx(&b);
	}
	cr_expect_eq(STAT(&b, timeouts), 1);
	cr_expect_eq(b.out.seq, base);
	bench_close(&b);
}

/* Forged or broken blocks: harmless, and counted. */
Test(tcp, absurd_blocks_are_counted_and_change_nothing)
{
	static const uint32_t rows[][2] = {
		{2 * MSS, MSS},		  /* Inverted. */
		{MSS, MSS},		  /* Empty. */
		{5 * MSS, 11 * MSS},	  /* Beyond what was sent. */
		{20 * MSS, 21 * MSS},	  /* Wholly beyond. */
		{UINT32_MAX - 10, MSS},	  /* From below the ACK. */
		{0x7fffff00, 0x80000100}, /* Half the space away. */
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bench b;
		uint32_t base = open_with_flight(&b, (struct bench_opts){0});

		bench_sack(&b, base, base, 1, rows + i);
		cr_expect_eq(bench_drops(&b, TCP_DROP_SACK_OUTSIDE), 1, "row %zu", i);
		cr_expect_not(bench_tx(&b), "row %zu", i);
		bench_close(&b);
	}
}

Test(tcp, blocks_that_were_not_negotiated_are_counted)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	bench_push(&b, 10000);
	bench_drain(&b);
	bench_sack(&b, b.ack, b.ack, 1, (const uint32_t[][2]){{MSS, 2 * MSS}});
	cr_expect_eq(bench_drops(&b, TCP_DROP_SACK_UNASKED), 1);
	bench_close(&b);
}

/* RFC 3522, RFC 4015: an echo from before the retransmission tells that nothing was lost. */
Test(tcp, a_spurious_timeout_is_undone)
{
	for (int mode = 0; mode < 2; mode++) { /* Without and with SACK. */
		struct bench b;
		uint32_t echo, base, cwnd;

		bench_open(&b, &(struct bench_opts){.has_ts = true, .has_sack = mode == 1});
		bench_push(&b, 19);
		bench_drain(&b);
		b.now += 10000;
		bench_ack(&b, b.ack + 19);
		bench_push(&b, 10 * 1448);
		base = b.ack;
		bench_drain(&b);
		echo = b.ts_in;
		cwnd = tcp_stats(b.c)->cwnd;
		while (STAT(&b, timeouts) == 0) {
			bench_wait(&b, tcp_due(b.c) - b.now);
			cr_assert(bench_tx(&b));
		}
		cr_expect_lt(tcp_stats(b.c)->cwnd, cwnd);
		b.now += 5000;
		b.ts_in = echo;
		bench_ack(&b, base + 2 * 1448);
		cr_expect_eq(STAT(&b, spurious), 1);
		cr_expect_geq(tcp_stats(b.c)->cwnd, cwnd);
		cr_expect_eq(bench_drain(&b), 0, "all of it is still in flight");
		bench_close(&b);
	}
}

/* RFC 5681 §4.1: after silence the window is that of a beginner. */
Test(tcp, an_idle_sender_begins_anew)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.has_sack = true, .has_cubic = true});
	for (int i = 0; i < 5; i++) {
		bench_push(&b, 60000);
		while (bench_tx(&b)) {
			bench_ack(&b, b.out.seq + (uint32_t)b.out.payload.len);
		}
	}
	bench_push(&b, 60000);
	bench_drain(&b);
	bench_ack(&b, b.out.seq + (uint32_t)b.out.payload.len);
	cr_assert_gt(tcp_stats(b.c)->cwnd, 14600);
	b.now += 60 * USEC_PER_SEC;
	bench_push(&b, 100);
	cr_assert(bench_tx(&b));
	cr_expect_eq(tcp_stats(b.c)->cwnd, 14600);
	bench_close(&b);
}

/* RFC 6675 §5: what the peer holds is not sent again; but a tail loss probe (RFC 8985 §7.3) repeats
 * the last segment, whatever is known of it. */
static void expect_nothing_held(const struct tcp *c, const struct seg *s)
{
	uint64_t from = seq_widen(c->snd_una, s->seq);

	if (s->payload.len == 0 || !c->has_sack ||
	    (c->is_tail_again && c->tail_end == c->snd_max)) {
		return;
	}
	for (uint64_t i = from; i < from + s->payload.len; i++) {
		cr_assert_neq(sack_at(&c->sack, i), SACK_HELD);
	}
}

Test(tcp, nothing_held_is_sent_again_and_the_stream_arrives_at_30_percent_loss)
{
	for (uint64_t seed = 0; seed < 12; seed++) {
		struct link_conf conf = {
			.seed = seed,
			.loss_permille = 300,
			.dup_permille = seed % 2 == 0 ? 0 : 50,
			.delay_us = 5000,
			.jitter_us = seed % 3 == 0 ? 8000 : 0,
			.iss = {UINT32_MAX - 100000, UINT32_MAX - 50000},
			.total = {100000, seed % 4 == 0 ? 100000 : 0},
			.cc = seed % 2 == 0 ? CC_CUBIC : CC_RENO,
			.on_tx = expect_nothing_held,
		};
		struct link l;

		link_open(&l, &conf);
		cr_assert(link_run(&l, 24 * 3600 * USEC_PER_SEC), "seed %lu: %s after %lu s", seed,
			  tcp_reason_text(tcp_reason(l.side[0].c)), l.now / USEC_PER_SEC);
		link_close(&l);
	}
}
