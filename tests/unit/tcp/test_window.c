/* RFC 9293 §3.8.6: windows, probes, delayed ACKs, silly windows; RFC 5681 §4.2. */
#include <criterion/criterion.h>

#include "tests/unit/tcp/bench.h"

static const uint8_t full[BENCH_MSS];

/* RFC 9293 §3.8.6.3. */
Test(tcp, an_ack_is_delayed_40_ms_or_until_the_second_full_segment)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	bench_data(&b, "hello", 5);
	cr_expect_not(bench_tx(&b));
	cr_expect_eq(tcp_due(b.c), b.now + 40000);
	bench_wait(&b, 39999);
	cr_expect_not(bench_tx(&b));
	bench_wait(&b, 1);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.flags, TCP_ACK);
	cr_expect_eq(tcp_due(b.c), USEC_NEVER);

	bench_data(&b, full, sizeof(full));
	cr_expect_not(bench_tx(&b));
	bench_data(&b, full, sizeof(full));
	cr_assert(bench_tx(&b));
	cr_expect_not(bench_tx(&b));
	cr_expect_eq(tcp_due(b.c), USEC_NEVER);
	bench_close(&b);
}

Test(tcp, our_own_data_carries_the_ack)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	bench_data(&b, "hello", 5);
	bench_push(&b, 19);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.ack, b.seq);
	cr_expect_eq(b.out.flags, TCP_ACK | TCP_PSH);
	cr_expect_not(bench_tx(&b));
	bench_ack(&b, b.ack + 19);
	cr_expect_eq(tcp_due(b.c), USEC_NEVER);
	bench_close(&b);
}

/* RFC 5681 §4.2: one ACK for each segment behind a gap, and one at once when it closes. */
Test(tcp, gaps_are_acknowledged_at_once_one_for_one)
{
	struct bench b;
	struct seg hole;

	bench_open(&b, &(struct bench_opts){.peer_iss = UINT32_MAX - 2000});
	hole = bench_seg(&b, TCP_ACK, full, 1000);
	b.seq += 1000;
	for (int i = 0; i < 5; i++) {
		bench_data(&b, full, 1000);
	}
	for (int i = 0; i < 5; i++) {
		cr_assert(bench_tx(&b));
		cr_expect_eq(b.out.ack, hole.seq);
	}
	cr_expect_not(bench_tx(&b));
	bench_rx(&b, hole);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.ack, b.seq);
	cr_expect_not(bench_tx(&b));
	cr_expect_eq(tcp_peek(b.c).len, 6000);
	cr_expect_eq(metric_get(&tcp_stats(b.c)->ooo_in), 5);
	bench_close(&b);
}

Test(tcp, a_gap_closed_in_the_same_turn_needs_one_ack)
{
	struct bench b;
	struct seg hole;

	bench_open(&b, &(struct bench_opts){0});
	hole = bench_seg(&b, TCP_ACK, full, 1000);
	b.seq += 1000;
	for (int i = 0; i < 3; i++) {
		bench_data(&b, full, 1000);
	}
	bench_rx(&b, hole); /* Merely reordered: three duplicates would look like a loss. */
	cr_expect_eq(bench_drain(&b), 1);
	cr_expect_eq(b.out.ack, b.seq);
	bench_close(&b);
}

Test(tcp, more_gaps_than_the_bound_are_dropped_by_name)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	for (int i = 0; i < 40; i++) {
		b.seq += 100;
		bench_data(&b, full, 100);
	}
	cr_expect_eq(bench_drops(&b, TCP_DROP_GAPS), 8);
	bench_close(&b);
}

/* RFC 9293 §3.8.6.2.2: no update below two segments or half the buffer; never a smaller edge. */
Test(tcp, the_window_closes_with_unread_bytes_and_opens_in_steps)
{
	struct bench b;
	uint32_t edge;

	bench_open(&b, &(struct bench_opts){.rcv_buf_max = 8 * BENCH_MSS});
	edge = b.seq + 8 * BENCH_MSS;
	for (int i = 0; i < 8; i++) {
		bench_data(&b, full, sizeof(full));
		while (bench_tx(&b)) {
			cr_expect_eq(b.out.ack + b.out.window, edge);
		}
	}
	cr_expect_eq(b.out.window, 0);
	/* Full: a byte more is refused and answered. */
	struct seg s = bench_seg(&b, TCP_ACK, "x", 1);

	bench_rx(&b, s);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.window, 0);
	cr_expect_eq(bench_drops(&b, TCP_DROP_SEQ_BEYOND), 1);
	/* Reading a little says nothing; two segments do. */
	tcp_consume(b.c, 2 * BENCH_MSS - 1);
	cr_expect_not(bench_tx(&b));
	tcp_consume(b.c, 1);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.window, 2 * BENCH_MSS);
	cr_expect_not(bench_tx(&b));
	bench_close(&b);
}

/* RFC 9293 §3.10.7.4: "special allowance should be made to accept valid ACKs". */
Test(tcp, a_shut_window_does_not_keep_an_ack_out)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.rcv_buf_max = BENCH_MSS});
	bench_data(&b, full, BENCH_MSS);
	bench_push(&b, 500);
	bench_drain(&b);
	b.ack += 500;
	bench_rx(&b, bench_seg(&b, TCP_ACK, "probe", 5));
	cr_expect_eq(sendq_bytes(tcp_sendq(b.c)), 0);
	cr_expect_eq(tcp_peek(b.c).len, BENCH_MSS);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.ack, b.seq);
	cr_expect_eq(b.out.window, 0);
	bench_close(&b);
}

Test(tcp, bytes_beyond_the_window_are_cut_off)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.rcv_buf_max = 1000});
	bench_data(&b, full, 1400);
	cr_expect_eq(tcp_peek(b.c).len, 1000);
	cr_expect_eq(bench_drops(&b, TCP_DROP_SEQ_TRIMMED), 1);
	bench_close(&b);
}

/* RFC 9293 §3.8.6.1: probes back off to a minute and never end while the peer answers. */
Test(tcp, a_shut_window_is_probed_for_as_long_as_the_peer_answers)
{
	struct bench b;
	usec_t last = 0;

	bench_open(&b, &(struct bench_opts){.iss = UINT32_MAX - 50, .has_ts = true});
	bench_push(&b, 100);
	bench_drain(&b);
	b.window = 0;
	bench_ack(&b, b.ack + 100);
	cr_expect_eq(metric_get(&tcp_stats(b.c)->zero_windows), 1);
	cr_expect_eq(tcp_due(b.c), USEC_NEVER, "nothing to send, nothing to probe for");
	bench_push(&b, 100);
	cr_expect_not(bench_tx(&b));
	for (int i = 0; i < 200; i++) {
		usec_t wait = tcp_due(b.c) - b.now;

		cr_assert(wait <= 60 * USEC_PER_SEC);
		cr_expect(i < 1 || wait >= min_u64(last, 60 * USEC_PER_SEC));
		last = wait;
		bench_wait(&b, wait);
		cr_assert(bench_tx(&b));
		cr_expect_eq(b.out.payload.len, 0);
		cr_expect_eq(b.out.seq, b.ack - 1);
		b.ts_val++;
		bench_ack(&b, b.ack);
		cr_expect_not(bench_tx(&b));
	}
	cr_expect_eq(last, 60 * USEC_PER_SEC);
	b.window = 1000;
	bench_ack(&b, b.ack);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 100);
	bench_close(&b);
}

Test(tcp, probes_that_nobody_answers_end_the_connection)
{
	struct bench b;
	usec_t start;

	bench_open(&b, &(struct bench_opts){0});
	b.window = 0;
	bench_ack(&b, b.ack);
	bench_wait(&b, 1000 * USEC_PER_SEC); /* Long shut, but nobody asked. */
	bench_push(&b, 100);
	start = b.now;
	while (tcp_due(b.c) != USEC_NEVER) {
		bench_wait(&b, tcp_due(b.c) > b.now ? tcp_due(b.c) - b.now : 0);
		bench_drain(&b);
	}
	cr_expect_eq(tcp_reason(b.c), TCP_REASON_TIMEOUT);
	cr_expect_geq(b.now - start, TCP_GIVE_UP_US);
	bench_close(&b);
}

/* RFC 9293 §3.8.6.2.1. */
Test(tcp, a_silly_window_is_not_filled_until_the_override)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.window = 10000});
	b.window = 200;
	bench_ack(&b, b.ack);
	bench_push(&b, 5000);
	cr_expect_not(bench_tx(&b));
	bench_wait(&b, USEC_PER_SEC);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 200);
	cr_expect_not(bench_tx(&b));
	bench_close(&b);
	/* What fits whole goes at once, and so does half of the largest window ever. */
	bench_open(&b, &(struct bench_opts){.window = 400});
	b.window = 200;
	bench_ack(&b, b.ack);
	bench_push(&b, 5000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 200);
	bench_close(&b);
	bench_open(&b, &(struct bench_opts){.window = 10000});
	b.window = 200;
	bench_ack(&b, b.ack);
	bench_push(&b, 200);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 200);
	bench_close(&b);
}

Test(tcp, the_override_does_not_back_off_while_bytes_are_taken)
{
	struct bench b;
	usec_t wait = 0;

	bench_open(&b, &(struct bench_opts){.window = 10000});
	b.window = 200;
	bench_ack(&b, b.ack);
	bench_push(&b, 5000);
	for (int i = 0; i < 20; i++) {
		wait = tcp_due(b.c) - b.now;
		cr_expect_leq(wait, USEC_PER_SEC);
		bench_wait(&b, wait);
		cr_assert(bench_tx(&b));
		cr_expect_eq(b.out.payload.len, 200);
		bench_ack(&b, b.ack + 200);
	}
	bench_close(&b);
}

/* RFC 9293 §3.10.7.4: SND.WL1 and SND.WL2. */
Test(tcp, an_older_segment_cannot_set_the_window)
{
	struct bench b;
	struct seg old, s;

	bench_open(&b, &(struct bench_opts){.window = 2000});
	old = bench_seg(&b, TCP_ACK, NULL, 0);
	old.window = 60000;
	bench_data(&b, "x", 1); /* Newer, window 2000. */
	bench_rx(&b, old);	/* Late. */
	bench_push(&b, 10000);
	cr_expect_eq(bench_drain(&b), 1);
	bench_ack(&b, b.ack + 1460);
	s = bench_seg(&b, TCP_ACK, NULL, 0);
	s.ack -= 1; /* Same place, older ACK. */
	s.window = 60000;
	bench_rx(&b, s);
	cr_expect_eq(bench_drain(&b), 1);
	bench_close(&b);
}

/* No Nagle: whole segments, and the last partial one at once, PSH on it alone. */
Test(tcp, data_leaves_at_once_in_full_segments)
{
	static const size_t want[] = {1460, 1460, 1080};
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	bench_push(&b, 1000);
	bench_push(&b, 3000);
	for (size_t i = 0; i < ARRAY_COUNT(want); i++) {
		cr_assert(bench_tx(&b));
		cr_expect_eq(b.out.payload.len, want[i]);
		cr_expect_eq((b.out.flags & TCP_PSH) != 0, i == 2);
	}
	bench_push(&b, 19);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 19);
	bench_close(&b);
}

/* Figure for sizing: what an idle established session costs here. */
Test(tcp, an_idle_connection_holds_no_buffers)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.rcv_buf_max = 1 << 20});
	bench_data(&b, full, 1000);
	tcp_consume(b.c, 1000);
	bench_push(&b, 100);
	bench_drain(&b);
	bench_ack(&b, b.ack + 100);
	cr_expect_null(tcp_sendq(b.c)->item);
	cr_expect_null(tcp_peek(b.c).data);
	bench_close(&b);
}

/* RFC 9293 §3.10.7.4 takes the window of the newest sequence number only.  Deviates: an ACK that
 * advances is newest by itself; it may ride on a retransmission, which has an old number. */
Test(tcp, the_window_follows_an_ack_that_rides_on_a_retransmission)
{
	struct bench b;
	struct seg ahead, again;

	bench_open(&b, &(struct bench_opts){.window = 1000});
	bench_push(&b, 1000);
	cr_assert_eq(bench_drain(&b), 1);
	ahead = bench_seg(&b, TCP_ACK, "behind a gap", 12);
	ahead.seq += 4;
	bench_rx(&b, ahead);
	bench_drain(&b);
	again = bench_seg(&b, TCP_ACK, "gap.", 4);
	again.ack += 600;
	again.window = 400; /* The same right edge as before. */
	bench_rx(&b, again);
	bench_drain(&b);
	bench_push(&b, 500);
	cr_expect_not(bench_tx(&b), "sent beyond the window");
	bench_close(&b);
}

/* What the port has joined (GRO) arrives as one: it counts as the segments that it was. */
Test(tcp, a_joined_segment_is_acknowledged_at_once_and_is_no_measure_of_a_full_one)
{
	static const uint8_t joined[40000];
	struct bench b;

	bench_open(&b, &(struct bench_opts){.has_ts = true, .rcv_buf_max = 200000});
	bench_data(&b, joined, sizeof(joined));
	cr_expect_eq(tcp_peek(b.c).len, sizeof(joined));
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.ack, b.seq);
	tcp_consume(b.c, sizeof(joined));
	bench_drain(&b);
	bench_data(&b, joined, BENCH_MSS - 12);
	cr_expect_not(bench_tx(&b));
	bench_data(&b, joined, BENCH_MSS - 12);
	cr_expect(bench_tx(&b)); /* RFC 5681 §4.2: each second full segment. */
	bench_close(&b);
}
