/* RFC 9293 §3.6, §3.10.4, §3.10.5: closing and aborting in every state. */
#include <criterion/criterion.h>

#include "tests/unit/tcp/bench.h"

#define RTO_TEST_US (1100 * USEC_PER_MSEC)

#define MY_FIN	 0 /* We close; our FIN leaves. */
#define MY_ACK	 1 /* The peer acknowledges it. */
#define PEER_FIN 2
#define BOTH	 3 /* FIN and the acknowledgement of ours in one segment. */

static void expect_out(struct bench *b, uint8_t flags)
{
	cr_assert(bench_tx(b));
	cr_expect_eq(b->out.flags, flags);
	cr_expect_not(bench_tx(b));
}

static void peer_fin(struct bench *b)
{
	bench_rx(b, bench_seg(b, TCP_FIN | TCP_ACK, NULL, 0));
	b->seq++;
	expect_out(b, TCP_ACK);
	cr_expect_eq(b->out.ack, b->seq);
}

static void play(struct bench *b, int step)
{
	switch (step) {
	case MY_FIN:
		tcp_close(b->c);
		expect_out(b, TCP_FIN | TCP_ACK);
		break;
	case MY_ACK:
		bench_ack(b, b->ack + 1);
		break;
	case PEER_FIN:
		peer_fin(b);
		break;
	default:
		b->ack++;
		peer_fin(b);
	}
}

Test(tcp, closing_in_every_order_passes_the_right_states)
{
	static const struct {
		int step[3];
		enum tcp_state state[3];
	} rows[] = {
		{{MY_FIN, MY_ACK, PEER_FIN}, {TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_TIME_WAIT}},
		{{MY_FIN, PEER_FIN, MY_ACK}, {TCP_FIN_WAIT_1, TCP_CLOSING, TCP_TIME_WAIT}},
		{{PEER_FIN, MY_FIN, MY_ACK}, {TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSED}},
		{{MY_FIN, BOTH, -1}, {TCP_FIN_WAIT_1, TCP_TIME_WAIT, TCP_TIME_WAIT}},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bench b;

		bench_open(&b,
			   &(struct bench_opts){.iss = UINT32_MAX - 1, .peer_iss = UINT32_MAX - 1});
		for (int j = 0; j < 3 && rows[i].step[j] >= 0; j++) {
			play(&b, rows[i].step[j]);
			cr_expect_eq(tcp_state(b.c), rows[i].state[j], "row %zu step %d", i, j);
		}
		cr_expect(tcp_is_eof(b.c));
		bench_wait(&b, TCP_TIME_WAIT_US - 1);
		cr_expect_eq(tcp_state(b.c), rows[i].state[2], "row %zu", i);
		bench_wait(&b, 1);
		cr_expect_eq(tcp_state(b.c), TCP_CLOSED, "row %zu", i);
		cr_expect_eq(tcp_reason(b.c), TCP_REASON_CLOSED, "row %zu", i);
		cr_expect_eq(tcp_due(b.c), USEC_NEVER);
		bench_close(&b);
	}
}

Test(tcp, fin_follows_queued_data_and_rides_on_its_last_segment)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.window = 3000});
	bench_push(&b, 4000);
	tcp_close(b.c);
	cr_expect_not(sendq_push_copy(tcp_sendq(b.c), span_of("x", 1)), "the queue is shut");
	cr_expect_eq(bench_drain(&b), 2); /* 2920 bytes; 80 bytes of window are silly. */
	cr_expect_eq(tcp_state(b.c), TCP_ESTABLISHED);
	bench_ack(&b, b.ack + 2920);
	expect_out(&b, TCP_FIN | TCP_ACK | TCP_PSH);
	cr_expect_eq(b.out.payload.len, 1080);
	cr_expect_eq(tcp_state(b.c), TCP_FIN_WAIT_1);
	/* Lost: data and FIN come again. */
	bench_wait(&b, RTO_TEST_US);
	expect_out(&b, TCP_FIN | TCP_ACK | TCP_PSH);
	bench_ack(&b, b.ack + 1080); /* The data only. */
	cr_expect_eq(tcp_state(b.c), TCP_FIN_WAIT_1);
	bench_wait(&b, 10 * USEC_PER_SEC);
	expect_out(&b, TCP_FIN | TCP_ACK);
	bench_ack(&b, b.ack + 1);
	cr_expect_eq(tcp_state(b.c), TCP_FIN_WAIT_2);
	bench_close(&b);
}

Test(tcp, data_after_our_fin_is_still_delivered)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	play(&b, MY_FIN);
	bench_data(&b, "late", 4);
	play(&b, MY_ACK);
	bench_data(&b, "news", 4);
	cr_expect_eq(memcmp(tcp_peek(b.c).data, "latenews", 8), 0);
	bench_drain(&b);
	play(&b, PEER_FIN);
	cr_expect_not(tcp_is_eof(b.c));
	tcp_consume(b.c, 8);
	cr_expect(tcp_is_eof(b.c));
	bench_close(&b);
}

Test(tcp, a_fin_ahead_of_its_data_waits_for_it)
{
	struct bench b;
	struct seg fin, data;

	bench_open(&b, &(struct bench_opts){.peer_iss = UINT32_MAX - 2});
	data = bench_seg(&b, TCP_ACK, "abcd", 4);
	fin = bench_seg(&b, TCP_ACK | TCP_FIN, "ef", 2);
	fin.seq += 4;
	bench_rx(&b, fin);
	cr_expect_eq(tcp_state(b.c), TCP_ESTABLISHED);
	expect_out(&b, TCP_ACK);
	cr_expect_eq(b.out.ack, data.seq);
	/* Nothing may stand behind the FIN. */
	struct seg mad = fin;

	mad.seq += 2;
	mad.flags = TCP_ACK;
	bench_rx(&b, mad);
	cr_expect_eq(bench_drops(&b, TCP_DROP_AFTER_FIN), 1);
	bench_drain(&b);
	bench_rx(&b, data);
	cr_expect_eq(tcp_state(b.c), TCP_CLOSE_WAIT);
	expect_out(&b, TCP_ACK);
	cr_expect_eq(b.out.ack, data.seq + 7);
	cr_expect_eq(tcp_peek(b.c).len, 6);
	bench_close(&b);
}

Test(tcp, a_fin_counts_though_its_data_is_old)
{
	struct bench b;
	struct seg again;

	bench_open(&b, &(struct bench_opts){.peer_iss = UINT32_MAX - 2});
	again = bench_seg(&b, TCP_ACK | TCP_FIN, "abcd", 4);
	bench_data(&b, "abcd", 4);
	bench_rx(&b, again); /* The peer joined its lost FIN to what it sent before. */
	cr_expect_eq(tcp_state(b.c), TCP_CLOSE_WAIT);
	expect_out(&b, TCP_ACK);
	cr_expect_eq(b.out.ack, again.seq + 5);
	cr_expect_eq(tcp_peek(b.c).len, 4);
	bench_close(&b);
}

Test(tcp, a_fin_below_bytes_already_held_does_not_count)
{
	struct bench b;
	struct seg beyond, fin, data;

	bench_open(&b, &(struct bench_opts){0});
	data = bench_seg(&b, TCP_ACK, "abcd", 4);
	beyond = bench_seg(&b, TCP_ACK, "zzzz", 4);
	beyond.seq += 6;
	fin = bench_seg(&b, TCP_ACK | TCP_FIN, "ef", 2);
	fin.seq += 4;
	bench_rx(&b, beyond);
	bench_rx(&b, fin);
	cr_expect_eq(bench_drops(&b, TCP_DROP_AFTER_FIN), 1);
	bench_rx(&b, data);
	cr_expect_eq(tcp_state(b.c), TCP_ESTABLISHED);
	cr_expect_eq(tcp_peek(b.c).len, 10);
	bench_close(&b);
}

Test(tcp, time_wait_answers_a_repeated_fin_and_starts_again)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	play(&b, MY_FIN);
	play(&b, MY_ACK);
	play(&b, PEER_FIN);
	bench_wait(&b, TCP_TIME_WAIT_US - 1);
	struct seg again = bench_seg(&b, TCP_FIN | TCP_ACK, NULL, 0);

	again.seq--;
	bench_rx(&b, again);
	expect_out(&b, TCP_ACK);
	bench_wait(&b, TCP_TIME_WAIT_US - 1);
	cr_expect_eq(tcp_state(b.c), TCP_TIME_WAIT);
	/* RFC 6191: a SYN above everything may take the place; an older one may not. */
	struct seg syn = {.seq = b.seq + 1, .flags = TCP_SYN, .wscale = 0xff};

	cr_expect(tcp_can_reuse(b.c, &syn));
	syn.seq = b.seq - 5;
	cr_expect_not(tcp_can_reuse(b.c, &syn));
	bench_wait(&b, 1);
	cr_expect_eq(tcp_state(b.c), TCP_CLOSED);
	bench_close(&b);
}

/* RFC 9293 §3.10.7.4: only the FIN that we know can come again; anybody could send another one, and
 * hold the connection for ever. */
Test(tcp, time_wait_does_not_start_again_for_a_fin_elsewhere)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	play(&b, MY_FIN);
	play(&b, MY_ACK);
	play(&b, PEER_FIN);
	for (unsigned i = 0; i < 4; i++) {
		struct seg wrong = bench_seg(&b, TCP_FIN | TCP_ACK, NULL, 0);

		wrong.seq += i % 2 != 0 ? 1000000 : UINT32_MAX - 1000000;
		bench_wait(&b, TCP_TIME_WAIT_US / 4 - 1);
		bench_rx(&b, wrong);
	}
	bench_wait(&b, 4);
	cr_expect_eq(tcp_state(b.c), TCP_CLOSED);
	bench_close(&b);
}

Test(tcp, fin_wait_2_does_not_wait_for_ever)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	play(&b, MY_FIN);
	play(&b, MY_ACK);
	bench_wait(&b, TCP_FIN_WAIT_2_US);
	cr_expect_eq(tcp_state(b.c), TCP_CLOSED);
	cr_expect_eq(tcp_reason(b.c), TCP_REASON_TIMEOUT);
	bench_close(&b);
}

Test(tcp, abort_sends_one_reset_and_ends)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.iss = 50});
	bench_push(&b, 100);
	cr_assert(bench_tx(&b));
	tcp_abort(b.c);
	cr_expect_eq(tcp_due(b.c), USEC_NEVER);
	bench_data(&b, "ignored", 7);
	expect_out(&b, TCP_RST | TCP_ACK);
	cr_expect_eq(b.out.seq, 151);
	cr_expect_eq(tcp_state(b.c), TCP_CLOSED);
	cr_expect_eq(tcp_reason(b.c), TCP_REASON_ABORTED);
	cr_expect_eq(bench_drops(&b, TCP_DROP_CLOSED), 1);
	bench_close(&b);
}

Test(tcp, abort_and_close_before_an_answer_just_end)
{
	for (int i = 0; i < 2; i++) {
		struct tcp_conf conf = bench_conf(&(struct bench_opts){0});
		struct bench b = {.c = tcp_new()};

		tcp_connect(b.c, &conf, b.now);
		cr_assert(bench_tx(&b));
		i == 0 ? tcp_abort(b.c) : tcp_close(b.c);
		cr_expect_eq(tcp_state(b.c), TCP_CLOSED);
		cr_expect_not(bench_tx(&b));
		bench_close(&b);
	}
}

Test(tcp, a_closing_side_does_not_wait_for_ever_behind_a_shut_window)
{
	struct bench b;
	usec_t start;

	bench_open(&b, &(struct bench_opts){0});
	b.window = 0;
	bench_ack(&b, b.ack);
	bench_push(&b, 100);
	tcp_close(b.c);
	start = b.now;
	while (tcp_due(b.c) != USEC_NEVER) {
		bench_wait(&b, tcp_due(b.c) - b.now);
		if (bench_tx(&b)) {
			bench_ack(&b, b.ack); /* Alive, but shut. */
		}
	}
	cr_expect_eq(tcp_reason(b.c), TCP_REASON_TIMEOUT);
	cr_expect_leq(b.now - start, TCP_GIVE_UP_US + 62 * USEC_PER_SEC);
	bench_close(&b);
}
