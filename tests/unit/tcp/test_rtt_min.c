/* The windowed minimum of round trips: against a look at every sample of the window. */
#include <criterion/criterion.h>

#include "dataplane/tcp/rtt_min.h"
#include "rib/base/prng.h"
#include "tests/unit/tcp/link.h"

#define SAMPLES 4000

static struct {
	usec_t at;
	uint32_t us;
} sample[SAMPLES];

/* The least of the samples taken after `since`, of the first `count`. */
static uint32_t look(unsigned count, usec_t since)
{
	uint32_t least = UINT32_MAX;
	for (unsigned i = 0; i < count; i++) {
		if (sample[i].at >= since && sample[i].us < least) {
			least = sample[i].us;
		}
	}
	return least;
}

static usec_t ago(usec_t now, usec_t us)
{
	return now > us ? now - us : 0;
}

Test(rtt_min, is_of_the_window_and_no_less_than_its_least)
{
	struct prng chance;

	prng_init(&chance, 12);
	for (unsigned round = 0; round < 20; round++) {
		struct rtt_min m = {0};
		usec_t now = 0;
		for (unsigned i = 0; i < SAMPLES; i++) {
			now += prng_below(&chance, 3 * USEC_PER_SEC);
			sample[i].at = now;
			sample[i].us = 1 + (uint32_t)prng_below(&chance, 1000000);
			rtt_min_sample(&m, sample[i].us, true, now);
			uint32_t least = look(i + 1, ago(now, RTT_MIN_WINDOW_US));
			cr_assert_geq(rtt_min_us(&m), least, "nothing lower was measured");
			/* A quarter of a window is what the second choice may have missed. */
			least = look(i + 1, ago(now, RTT_MIN_WINDOW_US / 4));
			cr_assert_leq(rtt_min_us(&m), least, "nothing recent is missed");
		}
	}
}

Test(rtt_min, a_shorter_way_shows_at_once)
{
	struct rtt_min m = {0};

	cr_expect_eq(rtt_min_us(&m), 0, "not known");
	rtt_min_sample(&m, 30000, true, 1);
	cr_expect_eq(rtt_min_us(&m), 30000);
	rtt_min_sample(&m, 200, false, 2);
	cr_expect_eq(rtt_min_us(&m), 200);
	rtt_min_sample(&m, 0, true, 3);
	cr_expect_eq(rtt_min_us(&m), 1, "known");
}

Test(rtt_min, a_longer_way_shows_after_the_window)
{
	struct rtt_min m = {0};
	usec_t now = USEC_PER_SEC, changed = 100 * USEC_PER_SEC;

	for (; now < changed; now += USEC_PER_SEC) {
		rtt_min_sample(&m, 5000, true, now);
	}
	for (; now <= changed + RTT_MIN_WINDOW_US; now += USEC_PER_SEC) {
		cr_expect_eq(rtt_min_us(&m), 5000);
		rtt_min_sample(&m, 20000, true, now);
	}
	cr_expect_eq(rtt_min_us(&m), 20000);
}

Test(rtt_min, an_ack_that_waited_does_not_replace_an_old_minimum)
{
	struct rtt_min m = {0};
	usec_t now = 1;

	rtt_min_sample(&m, 300, true, now);
	for (unsigned i = 0; i < 20; i++) {
		now += 30 * USEC_PER_SEC;
		rtt_min_sample(&m, 40300, false, now);
		cr_expect_eq(rtt_min_us(&m), 300);
	}
	rtt_min_sample(&m, 900, true, now);
	cr_expect_eq(rtt_min_us(&m), 900, "the first prompt one does");
}

Test(rtt_min, of_a_connection_is_what_its_line_takes)
{
	static const usec_t delays_us[] = {200, 4000, 60000};

	for (unsigned i = 0; i < ARRAY_COUNT(delays_us); i++) {
		const struct link_conf conf = {.seed = 3,
					       .delay_us = delays_us[i],
					       .jitter_us = 10 * delays_us[i],
					       .rcv_buf_max = {65536, 65536},
					       .total = {1 << 20, 1 << 20}};
		struct link l;
		link_open(&l, &conf);
		cr_assert(link_run(&l, 3600 * USEC_PER_SEC));
		for (unsigned side = 0; side < 2; side++) {
			uint32_t us = tcp_stats(l.side[side].c)->rtt_min_us;
			cr_expect_geq(us, 2 * delays_us[i]);
			cr_expect_leq(us, 12 * delays_us[i], "%u us", us);
		}
		link_close(&l);
	}
}
