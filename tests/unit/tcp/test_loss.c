/* RFC 5681, 6582, 6298 §5, 6928, 3042: loss and what follows. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/tcp/bench.h"
#include "tests/unit/tcp/link.h"

static uint32_t cwnd(const struct bench *b)
{
	return tcp_stats(b->c)->cwnd;
}

/* RFC 6928 §2; RFC 5681 §3.1 for a lost SYN. */
Test(tcp, the_first_window_is_ten_segments)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	bench_push(&b, 100000);
	cr_expect_eq(bench_drain(&b), 10);
	cr_expect_eq(cwnd(&b), 14600);
	/* Slow start: two segments acknowledged, two more than that may leave. */
	bench_ack(&b, b.ack + 2920);
	cr_expect_eq(cwnd(&b), 17520);
	cr_expect_eq(bench_drain(&b), 4);
	bench_close(&b);
}

Test(tcp, an_idle_sender_does_not_grow_its_window)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	for (int i = 0; i < 1000; i++) { /* Keepalives for hours. */
		bench_push(&b, 19);
		cr_assert(bench_tx(&b));
		b.now += 30 * USEC_PER_SEC;
		bench_ack(&b, b.ack + 19);
	}
	cr_expect_eq(cwnd(&b), 14600);
	bench_close(&b);
}

/* RFC 5681 §3.2, RFC 3042, RFC 6582 §3.2, step by step. */
Test(tcp, three_duplicate_acks_resend_and_recover)
{
	struct bench b;
	uint32_t first;

	bench_open(&b, &(struct bench_opts){.iss = UINT32_MAX - 4000});
	bench_push(&b, 100000);
	first = b.ack;
	cr_expect_eq(bench_drain(&b), 10);
	for (int i = 1; i <= 2; i++) { /* Limited transmit: one new segment each. */
		bench_ack(&b, first);
		cr_assert(bench_tx(&b));
		cr_expect_eq(b.out.seq, first + (uint32_t)(9 + i) * 1460);
		cr_expect_not(bench_tx(&b));
	}
	bench_ack(&b, first);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, first);
	cr_expect_eq(b.out.payload.len, 1460);
	cr_expect_not(bench_tx(&b));
	cr_expect_eq(metric_get(&tcp_stats(b.c)->fast_retransmits), 1);
	cr_expect_eq(cwnd(&b), 7300 + 3 * 1460); /* Half of 10 segments, and 3 that left. */
	for (int i = 0; i < 4; i++) {
		bench_ack(&b, first);
		cr_expect_eq(bench_drain(&b), 0); /* 12 are out, fewer may be. */
	}
	bench_ack(&b, first);
	cr_expect_eq(bench_drain(&b), 1);
	/* A partial ACK: the next hole at once. */
	bench_ack(&b, first + 3 * 1460);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, first + 3 * 1460);
	bench_drain(&b);
	/* A full ACK: back to half. */
	bench_ack(&b, first + 13 * 1460);
	cr_expect_leq(cwnd(&b), 7300U);
	cr_expect_geq(cwnd(&b), 2920U);
	cr_expect_eq(metric_get(&tcp_stats(b.c)->timeouts), 0);
	bench_close(&b);
}

/* RFC 5681 §2's definition, row by row: what is no duplicate ACK. */
Test(tcp, only_true_duplicates_count)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	bench_ack(&b, b.ack);
	cr_expect_eq(metric_get(&tcp_stats(b.c)->dup_acks_in), 0, "nothing in flight");
	bench_push(&b, 5000);
	bench_drain(&b);
	bench_data(&b, "x", 1);
	cr_expect_eq(metric_get(&tcp_stats(b.c)->dup_acks_in), 0, "payload");
	b.window--;
	bench_ack(&b, b.ack);
	cr_expect_eq(metric_get(&tcp_stats(b.c)->dup_acks_in), 0, "another window");
	bench_ack(&b, b.ack);
	cr_expect_eq(metric_get(&tcp_stats(b.c)->dup_acks_in), 1);
	bench_close(&b);
}

/* RFC 6298 §5.4 to §5.7, and go-back-N. */
Test(tcp, a_timeout_resends_with_one_segment_and_backs_off)
{
	static const struct {
		usec_t ms;
		size_t len;
	} want[] = {
		{200, 1460},
		{600, 1460},
		/* Three in a row: perhaps a black hole (RFC 4821 §7.7). */
		{1400, 1240},
		{3000, 536},
		{6200, 536},
		{12600, 536},
		{25400, 536},
		{51000, 536},
		{102200, 536},
	};
	struct bench b;
	usec_t start;

	bench_open(&b, &(struct bench_opts){0});
	bench_push(&b, 19); /* One clean sample: 1 ms. */
	bench_drain(&b);
	b.now += 1000;
	bench_ack(&b, b.ack + 19);
	bench_push(&b, 100000);
	bench_drain(&b);
	start = b.now;
	for (size_t i = 0; i < ARRAY_COUNT(want); i++) {
		bench_wait(&b, tcp_due(b.c) - b.now);
		cr_assert(bench_tx(&b));
		cr_expect_eq((b.now - start) / 1000, want[i].ms, "row %zu", i);
		cr_expect_eq(b.out.seq, b.ack);
		cr_expect_eq(b.out.payload.len, want[i].len, "row %zu", i);
		cr_expect_not(bench_tx(&b));
		cr_expect_eq(tcp_state(b.c), TCP_ESTABLISHED);
	}
	bench_wait(&b, tcp_due(b.c) - b.now);
	cr_expect_eq(tcp_state(b.c), TCP_CLOSED);
	cr_expect_eq(tcp_reason(b.c), TCP_REASON_TIMEOUT);
	bench_close(&b);
}

Test(tcp, after_a_timeout_what_was_received_is_not_sent_again)
{
	struct bench b;
	uint32_t first;

	bench_open(&b, &(struct bench_opts){0});
	bench_push(&b, 14600);
	first = b.ack;
	bench_drain(&b);
	bench_wait(&b, 2 * USEC_PER_SEC);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, first);
	bench_ack(&b, first + 5 * 1460); /* Only the first had been lost, up to here. */
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.seq, first + 5 * 1460);
	cr_expect_eq(cwnd(&b), 2920);
	/* Duplicates that the resending causes start no fast retransmission (RFC 6582 §4). */
	for (int i = 0; i < 5; i++) {
		bench_ack(&b, b.ack);
	}
	cr_expect_eq(metric_get(&tcp_stats(b.c)->fast_retransmits), 0);
	bench_close(&b);
}

/* Karn: without timestamps an ACK of something sent twice gives no sample; with them it does, if
 * it echoes the last transmission. */
Test(tcp, ambiguous_round_trips_are_not_measured)
{
	for (int mode = 0; mode < 3; mode++) {
		struct bench b;
		uint32_t first_ts;

		bench_open(&b, &(struct bench_opts){.has_ts = mode > 0});
		uint32_t before = tcp_stats(b.c)->srtt_us;

		bench_push(&b, 100);
		bench_drain(&b);
		first_ts = b.ts_in;
		bench_wait(&b, 5 * USEC_PER_SEC);
		cr_assert(bench_tx(&b));
		b.now += 7000;
		b.ts_in = mode == 1 ? first_ts : b.ts_in;
		bench_ack(&b, b.ack + 100);
		if (mode < 2) {
			cr_expect_eq(tcp_stats(b.c)->srtt_us, before, "mode %d", mode);
		} else {
			cr_expect_eq(tcp_stats(b.c)->srtt_us, before / 8 * 7 + 7000 / 8);
		}
		bench_close(&b);
	}
}

/* The golden table: 4 MB over a link of 20 ms round trip, by loss and by the length of its queue.
 * Deterministic: a change of any number is a change of behaviour and wants a reason in the
 * commit. */
struct golden {
	unsigned loss_permille, queue_max;
	uint64_t time_ms, segments, retransmits, timeouts, fast;
};

static struct golden measure(unsigned loss_permille, unsigned queue_max)
{
	struct link_conf conf = {.seed = 11,
				 .loss_permille = loss_permille,
				 .delay_us = 10000,
				 .queue_max = queue_max,
				 .rcv_buf_max = {1 << 20, 1 << 20},
				 .has_no_sack = {true, true},
				 .cc = CC_RENO,
				 .total = {4 << 20, 0}};
	struct golden g = {.loss_permille = loss_permille, .queue_max = queue_max};
	struct link l;
	usec_t start;

	link_open(&l, &conf);
	start = l.now;
	cr_assert(link_run(&l, 100000 * USEC_PER_SEC));
	const struct tcp_stats *s = tcp_stats(l.side[0].c);

	g.time_ms = (l.now - start) / 1000;
	g.segments = metric_get(&s->segs_out);
	g.retransmits = metric_get(&s->retransmits);
	g.timeouts = metric_get(&s->timeouts);
	g.fast = metric_get(&s->fast_retransmits);
	link_close(&l);
	return g;
}

Test(tcp, throughput_by_loss_is_as_recorded)
{
	static const struct golden rows[] = {
#include "tests/unit/tcp/golden_loss.def"
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct golden *w = &rows[i];
		struct golden g = measure(w->loss_permille, w->queue_max);

		cr_expect(g.time_ms == w->time_ms && g.segments == w->segments &&
				  g.retransmits == w->retransmits && g.timeouts == w->timeouts &&
				  g.fast == w->fast,
			  "row %zu is now {%u, %u, %lu, %lu, %lu, %lu, %lu},", i, g.loss_permille,
			  g.queue_max, g.time_ms, g.segments, g.retransmits, g.timeouts, g.fast);
	}
}

/* The window round by round without loss, then one loss: a table to read. */
Test(tcp, congestion_window_evolves_as_recorded)
{
	static const uint32_t want[] = {
#include "tests/unit/tcp/golden_cwnd.def"
	};
	struct bench b;

	bench_open(&b, &(struct bench_opts){
			       .snd_buf_max = 4 << 20, .has_wscale = true, .peer_wscale = 7});
	bench_push(&b, 2 << 20);
	for (size_t round = 0; round < ARRAY_COUNT(want); round++) {
		uint32_t from = b.ack, count = bench_drain(&b);
		bool is_lossy = round == 4;

		b.now += 10000;
		for (uint32_t i = 1; i <= count; i++) { /* One ACK for every second segment. */
			if (is_lossy) {
				bench_ack(&b, from); /* The first was lost. */
			} else if (i % 2 == 0 || i == count) {
				bench_ack(&b, from + i * 1460);
			}
		}
		if (is_lossy) {
			bench_drain(&b);
			bench_ack(&b, from + count * 1460);
			bench_drain(&b);
			bench_ack(&b, b.out.seq + (uint32_t)b.out.payload.len);
		}
		cr_expect_eq(cwnd(&b) / 1460, want[round], "round %zu is now %u", round,
			     cwnd(&b) / 1460);
	}
	bench_close(&b);
}
