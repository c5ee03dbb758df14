/* RFC 5961, RFC 7323 §5: what blind attackers and old duplicates may not do. */
#include <criterion/criterion.h>

#include "tests/unit/tcp/bench.h"

static void expect_challenge(struct bench *b, size_t row)
{
	cr_assert(bench_tx(b), "row %zu", row);
	cr_expect_eq(b->out.flags, TCP_ACK, "row %zu", row);
	cr_expect_eq(b->out.ack, b->seq, "row %zu", row);
	cr_expect_not(bench_tx(b), "row %zu", row);
}

/* RFC 5961 §3.2. */
Test(tcp, a_reset_counts_only_at_the_left_edge)
{
	static const struct {
		uint32_t off;
		enum tcp_state state;
		bool is_challenged;
	} rows[] = {
		{0, TCP_CLOSED, false},
		{1, TCP_ESTABLISHED, true},
		{65534, TCP_ESTABLISHED, true},
		{65535, TCP_ESTABLISHED, false},
		{0x7fffffff, TCP_ESTABLISHED, false},
		{UINT32_MAX, TCP_ESTABLISHED, false},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bench b;
		struct seg rst;

		bench_open(&b,
			   &(struct bench_opts){.peer_iss = UINT32_MAX - 10, .has_ts = i % 2 != 0});
		rst = bench_seg(&b, TCP_RST, NULL, 0);
		rst.has_ts = false;
		rst.seq += rows[i].off;
		bench_rx(&b, rst);
		cr_expect_eq(tcp_state(b.c), rows[i].state, "row %zu", i);
		if (rows[i].is_challenged) {
			expect_challenge(&b, i);
			cr_expect_eq(bench_drops(&b, TCP_DROP_RST_CHALLENGED), 1);
		} else if (rows[i].state == TCP_ESTABLISHED) {
			cr_expect_not(bench_tx(&b));
			cr_expect_eq(bench_drops(&b, TCP_DROP_RST_OUTSIDE), 1);
		} else {
			cr_expect_eq(tcp_reason(b.c), TCP_REASON_RESET);
		}
		bench_close(&b);
	}
}

/* RFC 5961 §4.2, §7: wherever the SYN stands; answered at a bounded rate. */
Test(tcp, a_syn_on_an_established_connection_draws_a_challenge)
{
	static const uint32_t offs[] = {0, 1, UINT32_MAX, 70000, 0x80000000};
	struct bench b;

	bench_open(&b, &(struct bench_opts){0});
	for (size_t i = 0; i < ARRAY_COUNT(offs); i++) {
		struct seg syn = bench_seg(&b, TCP_SYN, NULL, 0);

		syn.seq += offs[i];
		bench_rx(&b, syn);
		expect_challenge(&b, i);
		bench_rx(&b, syn);
		cr_expect_not(bench_tx(&b), "the second within 100 ms");
		bench_wait(&b, 100000);
	}
	cr_expect_eq(tcp_state(b.c), TCP_ESTABLISHED);
	cr_expect_eq(bench_drops(&b, TCP_DROP_SYN_CHALLENGED), 2 * ARRAY_COUNT(offs));
	bench_close(&b);
}

/* RFC 5961 §5.2. */
Test(tcp, an_ack_of_something_never_sent_drops_its_segment)
{
	struct bench b;
	struct seg s;

	bench_open(&b, &(struct bench_opts){.iss = UINT32_MAX - 5, .window = 1000});
	bench_push(&b, 500);
	bench_drain(&b);
	s = bench_seg(&b, TCP_ACK, "data", 4);
	s.ack += 501;
	bench_rx(&b, s);
	cr_expect_eq(bench_drops(&b, TCP_DROP_ACK_BEYOND), 1);
	expect_challenge(&b, 0);
	bench_wait(&b, 100000);
	s.ack = b.ack - 1001; /* Older than any window we were given. */
	bench_rx(&b, s);
	cr_expect_eq(bench_drops(&b, TCP_DROP_ACK_OLD), 1);
	expect_challenge(&b, 1);
	cr_expect_eq(tcp_peek(b.c).len, 0);
	s.ack = b.ack - 1000; /* Merely old: the payload counts. */
	bench_rx(&b, s);
	cr_expect_eq(tcp_peek(b.c).len, 4);
	s.flags = 0;
	bench_rx(&b, s);
	cr_expect_eq(bench_drops(&b, TCP_DROP_SEQ_OLD), 1);
	s.seq += 4;
	bench_rx(&b, s);
	cr_expect_eq(bench_drops(&b, TCP_DROP_ACK_MISSING), 1);
	bench_close(&b);
}

/* RFC 5961 §5.2, RFC 7323 §5.3: who cannot name an ACK that fits must not move TS.Recent either, or
 * one segment in the window would shut out everything that the true peer sends from then on. */
Test(tcp, a_segment_with_a_wrong_ack_does_not_move_the_newest_timestamp)
{
	static const uint32_t acks[] = {1, 0x80000000}; /* Beyond; older than any window. */

	for (size_t i = 0; i < ARRAY_COUNT(acks); i++) {
		struct bench b;

		bench_open(&b, &(struct bench_opts){.has_ts = true});
		struct seg forged = bench_seg(&b, TCP_ACK, "forged", 6);
		forged.ack += acks[i];
		forged.ts_val += 0x40000000;
		bench_rx(&b, forged);
		cr_expect_eq(tcp_peek(b.c).len, 0);
		bench_data(&b, "true", 4);
		cr_expect_eq(tcp_peek(b.c).len, 4, "row %zu", i);
		cr_expect_eq(bench_drops(&b, TCP_DROP_PAWS), 0);
		bench_close(&b);
	}
}

/* RFC 7323 §5.3: also across the wrap of the timestamp clock. */
Test(tcp, paws_drops_an_old_timestamp_and_answers)
{
	static const uint32_t clocks[] = {5000, UINT32_MAX, 0, 0x80000000};

	for (size_t i = 0; i < ARRAY_COUNT(clocks); i++) {
		struct bench b;
		struct seg s;

		bench_open(&b, &(struct bench_opts){.has_ts = true});
		s = bench_seg(&b, TCP_ACK, "new", 3);
		uint32_t skew = clocks[i] - s.ts_val;

		if (skew >= 0x80000000) {
			bench_close(&b);
			continue; /* Would itself be old; the wrap is tried from below. */
		}
		b.ts_val = s.ts_val = clocks[i];
		bench_rx(&b, s);
		cr_expect_eq(tcp_peek(b.c).len, 3, "row %zu", i);
		b.seq += 3;
		bench_wait(&b, 50000);
		bench_drain(&b); /* TS.Recent counts from what was acknowledged. */
		s = bench_seg(&b, TCP_ACK, "old", 3);
		s.ts_val--;
		bench_rx(&b, s);
		cr_expect_eq(tcp_peek(b.c).len, 3, "row %zu", i);
		cr_expect_eq(bench_drops(&b, TCP_DROP_PAWS), 1);
		expect_challenge(&b, i);
		s.ts_val += 2;
		bench_rx(&b, s);
		cr_expect_eq(tcp_peek(b.c).len, 6, "row %zu", i);
		bench_close(&b);
	}
}

/* RFC 7323 §5.5. */
Test(tcp, paws_forgets_after_24_days_of_silence)
{
	struct bench b;
	struct seg s;

	bench_open(&b, &(struct bench_opts){.has_ts = true});
	s = bench_seg(&b, TCP_ACK, "x", 1);
	s.ts_val -= 100;
	b.now += 24 * UINT64_C(86400) * USEC_PER_SEC - 1;
	bench_rx(&b, s);
	cr_expect_eq(tcp_peek(b.c).len, 0);
	b.now += 1;
	bench_rx(&b, s);
	cr_expect_eq(tcp_peek(b.c).len, 1);
	bench_close(&b);
}

/* RFC 7323 §3.2. */
Test(tcp, a_segment_without_its_timestamp_is_dropped)
{
	struct bench b;
	struct seg s;

	bench_open(&b, &(struct bench_opts){.has_ts = true});
	s = bench_seg(&b, TCP_ACK, "x", 1);
	s.has_ts = false;
	bench_rx(&b, s);
	cr_expect_eq(bench_drops(&b, TCP_DROP_TS_MISSING), 1);
	cr_expect_eq(tcp_peek(b.c).len, 0);
	cr_expect_not(bench_tx(&b));
	bench_close(&b);
}

/* RFC 7323 §4.3: an ACK for two segments echoes the first, a duplicate ACK the last in order. */
Test(tcp, the_echo_is_that_of_the_oldest_unacknowledged_segment)
{
	struct bench b;
	uint32_t first;
	static const uint8_t full[1448];

	bench_open(&b, &(struct bench_opts){.has_ts = true});
	first = ++b.ts_val;
	bench_data(&b, full, sizeof(full));
	b.ts_val += 30;
	bench_data(&b, full, sizeof(full));
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.ts_ecr, first);
	b.seq += 100;
	b.ts_val += 5;
	bench_data(&b, full, sizeof(full)); /* Behind a gap: does not count. */
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.ts_ecr, first);
	bench_close(&b);
}

/* RFC 9293 §3.10.7.4: outside the window nothing is taken, but bytes are answered at once. */
Test(tcp, segments_outside_the_window_are_answered_not_taken)
{
	struct bench b;
	struct seg s;

	bench_open(&b, &(struct bench_opts){.peer_iss = UINT32_MAX - 3});
	bench_data(&b, "0123456789", 10);
	bench_wait(&b, 50000);
	bench_drain(&b);
	for (int i = 0; i < 3; i++) {
		s = bench_seg(&b, TCP_ACK, "56789", 5);
		s.seq -= 5;
		bench_rx(&b, s);
		expect_challenge(&b, 0);
	}
	cr_expect_eq(bench_drops(&b, TCP_DROP_SEQ_OLD), 3);
	s = bench_seg(&b, TCP_ACK, "far", 3);
	s.seq += 65535;
	bench_rx(&b, s);
	cr_expect_eq(bench_drops(&b, TCP_DROP_SEQ_BEYOND), 1);
	expect_challenge(&b, 1);
	/* Half old, half new: the new half counts. */
	s = bench_seg(&b, TCP_ACK, "89abc", 5);
	s.seq -= 2;
	bench_rx(&b, s);
	cr_expect_eq(memcmp(tcp_peek(b.c).data, "0123456789abc", 13), 0);
	bench_close(&b);
}

/* A keepalive or window probe (an old number, no payload) is answered, but two peers that disagree
 * cannot answer each other for ever. */
Test(tcp, bare_acks_outside_the_window_are_answered_at_a_bounded_rate)
{
	struct bench b;
	unsigned answers = 0;

	bench_open(&b, &(struct bench_opts){0});
	for (int i = 0; i < 1000; i++) {
		struct seg s = bench_seg(&b, TCP_ACK, NULL, 0);

		s.seq--;
		bench_rx(&b, s);
		answers += bench_drain(&b);
		b.now += 1000;
	}
	cr_expect_eq(answers, 10); /* In one second. */
	bench_close(&b);
}

/* Random segments near every edge: nothing may trip an invariant. */
Test(tcp, no_segment_can_break_an_invariant)
{
	for (uint64_t seed = 0; seed < 400; seed++) {
		struct prng prng;
		struct bench b;

		prng_init(&prng, seed);
		bench_open(&b, &(struct bench_opts){.iss = (uint32_t)prng_u64(&prng),
						    .peer_iss = (uint32_t)prng_u64(&prng),
						    .rcv_buf_max =
							    1 + (uint32_t)prng_below(&prng, 9000),
						    .has_ts = prng_chance(&prng, 1, 2),
						    .has_wscale = prng_chance(&prng, 1, 2),
						    .has_sack = prng_chance(&prng, 2, 3),
						    .has_cubic = prng_chance(&prng, 1, 2),
						    .peer_wscale = (uint8_t)prng_below(&prng, 15),
						    .is_passive = prng_chance(&prng, 1, 2)});
		for (int step = 0; step < 300 && tcp_state(b.c) != TCP_CLOSED; step++) {
			uint8_t flags =
				prng_chance(&prng, 1, 8) ? (uint8_t)prng_below(&prng, 64) : TCP_ACK;
			struct seg s =
				bench_seg(&b, flags, bench_pattern(),
					  (size_t)prng_below(&prng, 3000) * prng_below(&prng, 2));

			flags &= prng_chance(&prng, 7, 8) ? (uint8_t)~TCP_RST : 0xff;
			s.flags = flags;
			s.seq += (uint32_t)prng_below(&prng, 6000) - 3000;
			s.ack += (uint32_t)prng_below(&prng, 6000) - 1000;
			s.window = prng_chance(&prng, 1, 4) ? 0 : (uint16_t)prng_u64(&prng);
			s.ts_val += (uint32_t)prng_below(&prng, 4);
			if (prng_chance(&prng, 1, 2)) {
				s.seq = b.out.ack; /* Exactly where we are. */
			}
			s.sack_count = (uint8_t)prng_below(&prng, 5);
			for (unsigned i = 0; i < s.sack_count; i++) {
				s.sack[i].from = s.ack + (uint32_t)prng_below(&prng, 6000) - 1000;
				s.sack[i].to =
					s.sack[i].from + (uint32_t)prng_below(&prng, 2000) - 100;
			}
			bench_rx(&b, s);
			if (prng_chance(&prng, 1, 50)) {
				tcp_too_big(b.c, s.ack, (uint16_t)prng_u64(&prng), b.now);
				tcp_check(b.c);
			}
			b.now += prng_below(&prng, 300000);
			tcp_tick(b.c, b.now);
			tcp_check(b.c);
			if (prng_chance(&prng, 1, 2)) {
				sendq_push_ref(tcp_sendq(b.c), span_of(bench_pattern(), 700));
			}
			tcp_consume(b.c, prng_below(&prng, tcp_peek(b.c).len + 1));
			if (prng_chance(&prng, 1, 100)) {
				tcp_close(b.c);
			}
			while (bench_tx(&b)) {
				b.ack = b.out.seq;
			}
		}
		bench_close(&b);
	}
}
