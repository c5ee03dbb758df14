/* RFC 9293 §3.5, §3.10.7.3, §3.10.7.4: opening; RFC 7323 §2.2, §3.2: what is negotiated. */
#include <criterion/criterion.h>

#include "tests/unit/tcp/bench.h"
#include "tests/unit/tcp/link.h"

static void begin_connect(struct bench *b, uint32_t iss)
{
	struct tcp_conf conf = bench_conf(&(struct bench_opts){.iss = iss});

	*b = (struct bench){
		.c = tcp_new(), .now = 1000, .seq = 5000, .ack = iss + 1, .window = 8000};
	tcp_connect(b->c, &conf, b->now);
	cr_assert(bench_tx(b));
}

static void begin_accept(struct bench *b, uint32_t iss)
{
	struct tcp_conf conf = bench_conf(&(struct bench_opts){.iss = iss});
	struct seg syn = {
		.seq = 5000, .flags = TCP_SYN, .window = 8000, .mss = 1460, .wscale = 0xff};

	*b = (struct bench){
		.c = tcp_new(), .now = 1000, .seq = 5001, .ack = iss + 1, .window = 8000};
	tcp_accept(b->c, &conf, &syn, b->now);
	cr_assert(bench_tx(b));
	cr_assert_eq(b->out.flags, TCP_SYN | TCP_ACK);
}

Test(tcp, both_ways_of_opening_reach_established_at_any_iss)
{
	static const uint32_t iss[] = {0, 1, 0x7fffffff, 0x80000000, UINT32_MAX - 1, UINT32_MAX};

	for (size_t i = 0; i < ARRAY_COUNT(iss); i++) {
		for (unsigned passive = 0; passive < 2; passive++) {
			struct bench b;

			bench_open(&b, &(struct bench_opts){.iss = iss[i],
							    .peer_iss = ~iss[i],
							    .is_passive = passive != 0});
			bench_data(&b, "hello", 5);
			cr_expect_eq(tcp_peek(b.c).len, 5);
			bench_push(&b, 10);
			cr_assert(bench_tx(&b));
			cr_expect_eq(b.out.seq, iss[i] + 1);
			cr_expect_eq(b.out.ack, ~iss[i] + 6);
			bench_close(&b);
		}
	}
}

Test(tcp, syn_offers_all_options_and_the_answer_only_those_offered)
{
	struct bench b;

	begin_connect(&b, 100);
	cr_expect_eq(b.out.mss, BENCH_MSS);
	cr_expect_eq(b.out.wscale, 0); /* 64 kB need no shift, but the peer's may be used. */
	cr_expect(b.out.has_ts);
	cr_expect_eq(b.out.ts_ecr, 0);
	bench_close(&b);

	for (unsigned bits = 0; bits < 4; bits++) {
		struct seg syn = {.flags = TCP_SYN, .window = 1000, .mss = 1460, .wscale = 0xff};
		struct tcp_conf conf = bench_conf(&(struct bench_opts){.rcv_buf_max = 1 << 20});

		syn.wscale = (bits & 1) != 0 ? 3 : 0xff;
		syn.has_ts = (bits & 2) != 0;
		syn.ts_val = 77;
		b = (struct bench){.c = tcp_new(), .now = 1000};
		tcp_accept(b.c, &conf, &syn, b.now);
		cr_assert(bench_tx(&b));
		cr_expect_eq(b.out.wscale, (bits & 1) != 0 ? 5 : 0xff); /* 2²⁰ ≤ 65535 · 2⁵ */
		cr_expect_eq(b.out.has_ts, (bits & 2) != 0);
		cr_expect_eq(b.out.ts_ecr, (bits & 2) != 0 ? 77U : 0U);
		cr_expect_eq(b.out.window, 65535); /* Never scaled on a SYN. */
		bench_close(&b);
	}
}

Test(tcp, window_scale_applies_after_the_handshake)
{
	struct bench b;

	bench_open(&b, &(struct bench_opts){.rcv_buf_max = 1 << 20,
					    .has_wscale = true,
					    .peer_wscale = 4,
					    .window = 6000});
	/* Out: 1 MB in units of 2⁵. */
	bench_data(&b, "x", 1);
	bench_wait(&b, 50000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.window, ((1 << 20) - 1) >> 5);
	/* In: 100 means 1600 bytes. */
	b.window = 100;
	bench_ack(&b, b.ack);
	bench_push(&b, 5000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 1460);
	cr_expect_not(bench_tx(&b)); /* 140 bytes of window are left: silly. */
	bench_close(&b);
}

Test(tcp, segment_size_obeys_the_peer_within_reason)
{
	static const struct {
		uint16_t offered;
		bool has_ts;
		size_t want;
	} rows[] = {{1460, false, 1460}, {9000, false, 1460},	   {1460, true, 1448},
		    {536, false, 536},	 {10, false, TCP_MSS_MIN}, {10, true, TCP_MSS_MIN - 12}};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bench b;

		bench_open(&b, &(struct bench_opts){.peer_mss = rows[i].offered,
						    .has_ts = rows[i].has_ts});
		bench_push(&b, 5000);
		cr_assert(bench_tx(&b));
		cr_expect_eq(b.out.payload.len, rows[i].want, "row %zu", i);
		bench_close(&b);
	}
}

Test(tcp, syn_without_mss_means_536)
{
	struct bench b;
	struct seg s;

	begin_connect(&b, 100);
	s = bench_seg(&b, TCP_SYN | TCP_ACK, NULL, 0);
	bench_rx(&b, s);
	b.seq++;
	bench_drain(&b);
	bench_push(&b, 2000);
	cr_assert(bench_tx(&b));
	cr_expect_eq(b.out.payload.len, 536);
	bench_close(&b);
}

/* The times at which tcp_tx gives a SYN, in ms since the first. */
static unsigned syn_times(struct bench *b, uint8_t flags, usec_t *out_ms, unsigned max)
{
	usec_t start = b->now;
	unsigned count = 0;

	while (tcp_due(b->c) != USEC_NEVER) {
		bench_wait(b, tcp_due(b->c) - b->now);
		if (bench_tx(b)) {
			cr_assert_eq(b->out.flags, flags);
			cr_assert_lt(count, max);
			out_ms[count++] = (b->now - start) / 1000;
		}
	}
	return count;
}

Test(tcp, an_unanswered_syn_backs_off_for_three_minutes)
{
	static const usec_t want[] = {1000, 3000, 7000, 15000, 31000, 63000, 123000};
	struct bench b;
	usec_t got[16];

	begin_connect(&b, 7);
	cr_assert_eq(syn_times(&b, TCP_SYN, got, 16), ARRAY_COUNT(want));
	cr_expect_eq(memcmp(got, want, sizeof(want)), 0);
	cr_expect_eq(tcp_state(b.c), TCP_CLOSED);
	cr_expect_eq(tcp_reason(b.c), TCP_REASON_TIMEOUT);
	cr_expect_geq(b.now, TCP_CONNECT_US);
	bench_close(&b);
}

Test(tcp, an_unanswered_syn_ack_is_given_up_after_five_more)
{
	static const usec_t want[] = {1000, 3000, 7000, 15000, 31000};
	struct bench b;
	usec_t got[16];

	begin_accept(&b, 7);
	cr_assert_eq(syn_times(&b, TCP_SYN | TCP_ACK, got, 16), ARRAY_COUNT(want));
	cr_expect_eq(memcmp(got, want, sizeof(want)), 0);
	cr_expect_eq(tcp_reason(b.c), TCP_REASON_TIMEOUT);
	bench_close(&b);
}

/* RFC 9293 §3.10.7.3: what may arrive in SYN-SENT, one row each. */
Test(tcp, syn_sent_answers_by_the_book)
{
	static const struct {
		uint8_t flags;
		int32_t ack_off; /* From the right one. */
		enum tcp_state state;
		enum tcp_reason reason;
		int reply; /* Flags of the answer; -1 none. */
	} rows[] = {
		{TCP_SYN | TCP_ACK, 0, TCP_ESTABLISHED, TCP_REASON_NONE, TCP_ACK},
		{TCP_SYN | TCP_ACK, 1, TCP_SYN_SENT, TCP_REASON_NONE, TCP_RST},
		{TCP_SYN | TCP_ACK, -1, TCP_SYN_SENT, TCP_REASON_NONE, TCP_RST},
		{TCP_ACK, 0, TCP_SYN_SENT, TCP_REASON_NONE, -1},
		{TCP_ACK, 5, TCP_SYN_SENT, TCP_REASON_NONE, TCP_RST},
		{TCP_RST | TCP_ACK, 0, TCP_CLOSED, TCP_REASON_REFUSED, -1},
		{TCP_RST | TCP_ACK, 1, TCP_SYN_SENT, TCP_REASON_NONE, -1},
		{TCP_RST, 0, TCP_SYN_SENT, TCP_REASON_NONE, -1},
		{TCP_SYN, 0, TCP_SYN_RECEIVED, TCP_REASON_NONE, TCP_SYN | TCP_ACK},
		{TCP_SYN | TCP_FIN, 0, TCP_SYN_SENT, TCP_REASON_NONE, -1},
		{TCP_FIN, 0, TCP_SYN_SENT, TCP_REASON_NONE, -1},
		{0, 0, TCP_SYN_SENT, TCP_REASON_NONE, -1},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bench b;
		struct seg s;

		begin_connect(&b, UINT32_MAX);
		s = bench_seg(&b, rows[i].flags, NULL, 0);
		s.ack += (uint32_t)rows[i].ack_off;
		bench_rx(&b, s);
		bool has_reply = bench_tx(&b);

		cr_expect_eq(tcp_state(b.c), rows[i].state, "row %zu", i);
		cr_expect_eq(tcp_reason(b.c), rows[i].reason, "row %zu", i);
		cr_expect_eq(has_reply ? b.out.flags : -1, rows[i].reply, "row %zu", i);
		if (has_reply && b.out.flags == TCP_RST) {
			cr_expect_eq(b.out.seq, s.ack, "row %zu", i);
		}
		cr_expect_not(bench_tx(&b));
		bench_close(&b);
	}
}

Test(tcp, syn_received_answers_by_the_book)
{
	static const struct {
		uint8_t flags;
		int32_t seq_off, ack_off;
		enum tcp_state state;
		int reply;
	} rows[] = {
		{TCP_ACK, 0, 0, TCP_ESTABLISHED, -1},
		{TCP_ACK, 0, 1, TCP_SYN_RECEIVED, TCP_RST},
		{TCP_ACK, 0, -1, TCP_SYN_RECEIVED, TCP_RST},
		{TCP_SYN, -1, 0, TCP_SYN_RECEIVED, TCP_SYN | TCP_ACK}, /* Our answer was lost. */
		{TCP_SYN, 100, 0, TCP_SYN_RECEIVED, TCP_ACK},	       /* RFC 5961 §4. */
		{TCP_RST, 0, 0, TCP_CLOSED, -1},
		{TCP_RST, 1, 0, TCP_SYN_RECEIVED, TCP_ACK},
		{TCP_RST, -1, 0, TCP_SYN_RECEIVED, -1},
		{TCP_ACK | TCP_FIN, 0, 0, TCP_CLOSE_WAIT, TCP_ACK},
		{TCP_ACK, 100000, 0, TCP_SYN_RECEIVED, TCP_ACK},
		{0, 0, 0, TCP_SYN_RECEIVED, -1},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bench b;
		struct seg s;

		begin_accept(&b, UINT32_MAX);
		s = bench_seg(&b, rows[i].flags, NULL, 0);
		s.seq += (uint32_t)rows[i].seq_off;
		s.ack += (uint32_t)rows[i].ack_off;
		bench_rx(&b, s);
		bool has_reply = bench_tx(&b);

		cr_expect_eq(tcp_state(b.c), rows[i].state, "row %zu", i);
		cr_expect_eq(has_reply ? b.out.flags : -1, rows[i].reply, "row %zu", i);
		cr_expect_not(bench_tx(&b));
		bench_close(&b);
	}
}

/* RFC 9293 §3.5, figure 8. */
Test(tcp, simultaneous_open_establishes_both_sides)
{
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct link_conf conf = {.seed = seed,
					 .loss_permille = (unsigned)(seed % 4) * 100,
					 .delay_us = 3000,
					 .jitter_us = seed % 3 == 0 ? 0 : 2000,
					 .iss = {UINT32_MAX, 17},
					 .total = {5000, 5000},
					 .is_simultaneous = true};
		struct link l;

		link_open(&l, &conf);
		cr_assert(link_run(&l, 1000 * USEC_PER_SEC), "seed %lu", seed);
		link_close(&l);
	}
}

/* RFC 9293 §3.5, figure 9: an old SYN reaches the listener; the real peer resets what came of
 * it. */
Test(tcp, an_old_duplicate_syn_is_undone_by_the_peers_reset)
{
	struct bench listener, peer;
	struct seg in;

	begin_accept(&listener, 300); /* The old SYN has seq 5000. */
	begin_connect(&peer, 9000);   /* The real one has seq 9000. */
	in = listener.out;
	bench_rx(&peer, in);
	cr_assert(bench_tx(&peer));
	cr_expect_eq(peer.out.flags, TCP_RST);
	cr_expect_eq(tcp_state(peer.c), TCP_SYN_SENT);
	bench_rx(&listener, peer.out);
	cr_expect_eq(tcp_state(listener.c), TCP_CLOSED);
	cr_expect_eq(tcp_reason(listener.c), TCP_REASON_RESET);
	bench_close(&listener);
	bench_close(&peer);
}

/* RFC 9293 §3.5.1, figure 10: we have crashed and come again; the peer still believes. */
Test(tcp, a_half_open_connection_is_found_by_a_new_syn)
{
	struct bench old, fresh;

	bench_open(&old, &(struct bench_opts){.iss = 300, .peer_iss = 99, .has_ts = true});
	begin_connect(&fresh, 400);
	bench_rx(&old, fresh.out);
	cr_expect_eq(tcp_state(old.c), TCP_ESTABLISHED);
	cr_assert(bench_tx(&old)); /* The challenge ACK. */
	cr_expect_eq(old.out.flags, TCP_ACK);
	bench_rx(&fresh, old.out);
	cr_assert(bench_tx(&fresh));
	cr_expect_eq(fresh.out.flags, TCP_RST);
	bench_rx(&old, fresh.out);
	cr_expect_eq(tcp_state(old.c), TCP_CLOSED);
	cr_expect_eq(tcp_reason(old.c), TCP_REASON_RESET);
	bench_close(&old);
	bench_close(&fresh);
}

/* Random segments near the edges, before anything is established. */
Test(tcp, no_segment_can_break_a_handshake)
{
	for (uint64_t seed = 0; seed < 4000; seed++) {
		struct prng prng;
		struct bench b;

		prng_init(&prng, seed);
		(seed % 2 == 0 ? begin_connect : begin_accept)(&b, (uint32_t)prng_u64(&prng));
		for (int step = 0; step < 20 && tcp_state(b.c) != TCP_CLOSED; step++) {
			struct seg s = bench_seg(&b, (uint8_t)prng_below(&prng, 64), "payload",
						 (size_t)prng_below(&prng, 8));

			s.flags &= prng_chance(&prng, 3, 4) ? (uint8_t)~TCP_RST : 0xff;
			s.seq += (uint32_t)prng_below(&prng, 4) - 2;
			s.ack += (uint32_t)prng_below(&prng, 4) - 2;
			s.window = (uint16_t)prng_u64(&prng);
			s.wscale = prng_chance(&prng, 1, 2) ? 0xff : (uint8_t)prng_below(&prng, 15);
			s.has_ts = prng_chance(&prng, 1, 2);
			s.mss = (uint16_t)prng_below(&prng, 3000);
			bench_rx(&b, s);
			if (prng_chance(&prng, 1, 10)) {
				tcp_close(b.c);
			}
			b.now += prng_below(&prng, 2000000);
			tcp_tick(b.c, b.now);
			tcp_check(b.c);
			bench_drain(&b);
		}
		bench_close(&b);
	}
}

/* RFC 9293 §3.10.7.1. */
Test(tcp, a_segment_for_no_connection_draws_the_right_reset)
{
	struct seg in = {.seq = 10, .ack = 99, .flags = TCP_ACK, .payload = {NULL, 7}}, out;

	cr_assert(tcp_reset_for(&in, &out));
	cr_expect_eq(out.flags, TCP_RST);
	cr_expect_eq(out.seq, 99);
	in.flags = TCP_SYN | TCP_FIN;
	cr_assert(tcp_reset_for(&in, &out));
	cr_expect_eq(out.flags, TCP_RST | TCP_ACK);
	cr_expect_eq(out.seq, 0);
	cr_expect_eq(out.ack, 10 + 7 + 2);
	cr_expect_eq(seg_header_len(&out), TCP_HEADER_MIN);
	in.flags = TCP_RST;
	cr_expect_not(tcp_reset_for(&in, &out));
}

/* RFC 6528 §3. */
Test(tcp, isn_grows_with_time_and_differs_by_tuple_and_key)
{
	struct endpoint a = {.addr = addr_v4(1), .port = 179},
			b = {.addr = addr_v4(2), .port = 1000};
	uint32_t first = tcp_isn(&a, &b, 1, 0);

	cr_expect_eq(tcp_isn(&a, &b, 1, 4000000), first + 1000000);
	cr_expect_eq(tcp_isn(&a, &b, 1, 0), first);
	cr_expect_neq(tcp_isn(&b, &a, 1, 0), first);
	cr_expect_neq(tcp_isn(&a, &b, 2, 0), first);
	b.port++;
	cr_expect_neq(tcp_isn(&a, &b, 1, 0), first);
}

/* RFC 7323 §7.1. */
Test(tcp, timestamp_offsets_differ_by_tuple_and_key_and_from_the_isn)
{
	struct endpoint a = {.addr = addr_v4(1), .port = 179},
			b = {.addr = addr_v4(2), .port = 1000};
	uint32_t first = tcp_ts_offset(&a, &b, 1);

	cr_expect_eq(tcp_ts_offset(&a, &b, 1), first);
	cr_expect_neq(tcp_isn(&a, &b, 1, 0), first);
	cr_expect_neq(tcp_ts_offset(&a, &b, 2), first);
	b.port++;
	cr_expect_neq(tcp_ts_offset(&a, &b, 1), first);
}
