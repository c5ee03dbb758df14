/* Whole transfers over bad links: complete and exact, whatever the link does.
 * RFC 9293 §3.8, RFC 6298, RFC 5681, RFC 6582. */
#include <criterion/criterion.h>

#include "tests/unit/tcp/link.h"

#define MEGABYTE (UINT64_C(1) << 20)
#define HOUR	 (3600 * USEC_PER_SEC)

static struct link_conf random_conf(uint64_t seed)
{
	struct prng prng;

	prng_init(&prng, seed ^ 0x5eed);
	return (struct link_conf){
		.seed = seed,
		.loss_permille = (unsigned)(seed % 5 == 0 ? 0 : prng_below(&prng, 201)),
		.dup_permille = (unsigned)(seed % 3 == 0 ? 0 : prng_below(&prng, 100)),
		.corrupt_permille = seed % 4 == 0 ? 10 : 0,
		.delay_us = prng_below(&prng, 20000),
		.jitter_us = seed % 2 == 0 ? 0 : prng_below(&prng, 20000),
		/* Both sequence spaces wrap during the transfer. */
		.iss = {UINT32_MAX - (uint32_t)prng_below(&prng, MEGABYTE),
			UINT32_MAX - (uint32_t)prng_below(&prng, MEGABYTE)},
		.rcv_buf_max = {3000 + (uint32_t)prng_below(&prng, 200000),
				3000 + (uint32_t)prng_below(&prng, 200000)},
		.total = {MEGABYTE, MEGABYTE},
		.has_slow_reader = seed % 7 == 0,
		.has_no_sack = {seed % 8 == 0, seed % 8 == 0 && seed % 16 == 0},
		.cc = seed % 6 == 0 ? CC_RENO : CC_CUBIC,
	};
}

static void transfer(uint64_t from, uint64_t to)
{
	for (uint64_t seed = from; seed < to; seed++) {
		struct link_conf conf = random_conf(seed);
		struct link l;

		link_open(&l, &conf);
		cr_assert(link_run(&l, 24 * HOUR),
			  "seed %lu: stuck at %lu/%lu bytes after %lu s, %s (%s), %s (%s)", seed,
			  l.side[0].read, l.side[1].read, l.now / USEC_PER_SEC,
			  tcp_state_text(tcp_state(l.side[0].c)),
			  tcp_reason_text(tcp_reason(l.side[0].c)),
			  tcp_state_text(tcp_state(l.side[1].c)),
			  tcp_reason_text(tcp_reason(l.side[1].c)));
		for (unsigned i = 0; i < 2; i++) {
			cr_assert_eq(metric_get(&tcp_stats(l.side[i].c)->bytes_in), MEGABYTE);
			cr_assert_eq(metric_get(&tcp_stats(l.side[i].c)->bytes_out), MEGABYTE);
			cr_assert_null(tcp_peek(l.side[i].c).data);
		}
		link_close(&l);
	}
}

/* Split so that Criterion runs them side by side. */
Test(tcp, transfers_are_exact_over_bad_links_seeds_0_to_99)
{
	transfer(0, 100);
}

Test(tcp, transfers_are_exact_over_bad_links_seeds_100_to_199)
{
	transfer(100, 200);
}

Test(tcp, transfers_are_exact_over_bad_links_seeds_200_to_249)
{
	transfer(200, 250);
}

/* Both sides say all they have and close; every byte arrives and both ends see the end. */
Test(tcp, closing_after_data_loses_nothing)
{
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct link_conf conf = random_conf(seed);
		struct link l;

		conf.closes = true;
		conf.is_simultaneous = seed % 2 != 0;
		conf.total[0] = 30000;
		conf.total[1] = seed % 3 == 0 ? 0 : 1000;
		conf.loss_permille /= 2;
		link_open(&l, &conf);
		cr_assert(link_run(&l, HOUR), "seed %lu", seed);
		while (link_step(&l)) {
			cr_assert_lt(l.now, 2 * HOUR, "seed %lu", seed);
		}
		for (unsigned i = 0; i < 2; i++) {
			cr_assert_eq(tcp_state(l.side[i].c), TCP_CLOSED, "seed %lu", seed);
			cr_assert(tcp_is_eof(l.side[i].c), "seed %lu", seed);
		}
		link_close(&l);
	}
}

/* A link that carries nothing any more: both sides give up, in bounded time. */
Test(tcp, a_dead_link_ends_both_sides_by_timeout)
{
	struct link_conf conf = {
		.seed = 9, .delay_us = 1000, .total = {100 * MEGABYTE, 100 * MEGABYTE}};
	struct link l;

	link_open(&l, &conf);
	for (int i = 0; i < 50; i++) {
		cr_assert(link_step(&l));
	}
	l.conf.loss_permille = 1000;
	usec_t cut_at = l.now;

	while (link_step(&l)) {
	}
	for (unsigned i = 0; i < 2; i++) {
		cr_expect_eq(tcp_state(l.side[i].c), TCP_CLOSED);
		cr_expect_eq(tcp_reason(l.side[i].c), TCP_REASON_TIMEOUT);
	}
	cr_expect_geq(l.now - cut_at, TCP_GIVE_UP_US);
	cr_expect_leq(l.now - cut_at, TCP_GIVE_UP_US + 61 * USEC_PER_SEC);
	link_close(&l);
}
