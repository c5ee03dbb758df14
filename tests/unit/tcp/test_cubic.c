/* RFC 9438: the growth of the window by time; RFC 9937: its way down. */
#include <criterion/criterion.h>

#include "dataplane/tcp/cc.h"

#define MSS 1000

/* Whole windows acknowledged once per round trip, for `us`. */
static uint64_t grow(struct cubic *c, uint64_t cwnd, usec_t *now, usec_t us, usec_t rtt_us)
{
	for (usec_t end = *now + us; *now < end; *now += rtt_us) {
		for (uint64_t acked = 0, window = cwnd; acked < window; acked += 2 * MSS) {
			cwnd = cubic_grow(c, &(struct cubic_ack){.cwnd = (uint32_t)cwnd,
								 .mss = MSS,
								 .acked = 2 * MSS,
								 .now = *now,
								 .rtt_us = rtt_us});
		}
	}
	return cwnd;
}

/* §4.2: K = ∛(W_max (1 − β) / C); 1,000 segments: ∛(300 / 0.4) s = 9.086 s. */
Test(tcp, cubic_is_back_at_the_old_window_after_k)
{
	struct cubic c = {0};
	usec_t now = USEC_PER_SEC;
	uint64_t cwnd = cubic_reduce(&c, 1000 * MSS, 1000 * MSS);

	cr_expect_eq(cwnd, 700 * MSS);
	cwnd = grow(&c, cwnd, &now, 100000, 100000);
	cr_expect_eq(c.k_ms, 9085);
	/* Steep at first, flat at the old window, steep again (concave, then convex). */
	uint64_t at_third = grow(&c, cwnd, &now, 3 * USEC_PER_SEC, 100000);
	uint64_t at_k = grow(&c, at_third, &now, 6 * USEC_PER_SEC, 100000);

	cr_expect_gt(at_third, 900 * MSS);
	cr_expect_geq(at_k, 995 * MSS);
	cr_expect_leq(at_k, 1005 * MSS);
	cr_expect_gt(grow(&c, at_k, &now, 9 * USEC_PER_SEC, 100000), 1200 * MSS);
}

/* §4.3: at 1 ms Reno would be far ahead of the curve: it is followed. */
Test(tcp, cubic_is_no_slower_than_reno_on_short_paths)
{
	struct cubic c = {0};
	usec_t now = USEC_PER_SEC;
	uint64_t cwnd = cubic_reduce(&c, 20 * MSS, 20 * MSS);

	cr_expect_eq(cwnd, 14 * MSS);
	cwnd = grow(&c, cwnd, &now, 100 * 1000, 1000); /* 100 round trips. */
	/* 6 segments at 9/17 each, then one each: (100 − 11) + 20 = 109; counted in byte steps. */
	cr_expect_geq(cwnd, 100 * MSS);
	cr_expect_leq(cwnd, 115 * MSS);
}

/* §4.7. */
Test(tcp, cubic_leaves_room_when_losses_come_early)
{
	struct cubic c = {0};

	cubic_reduce(&c, 100 * MSS, 100 * MSS);
	cr_expect_eq(c.w_max, 100 * MSS);
	cubic_reduce(&c, 80 * MSS, 80 * MSS);
	cr_expect_eq(c.w_max, 68 * MSS, "(1 + 0.7) / 2");
	cubic_reduce(&c, 90 * MSS, 90 * MSS);
	cr_expect_eq(c.w_max, 90 * MSS);
}

/* §4.4: at most half as much again in a round trip, whatever has passed meanwhile. */
Test(tcp, cubic_never_leaps)
{
	struct cubic c = {0};
	usec_t now = USEC_PER_SEC;

	cubic_reduce(&c, 20 * MSS, 20 * MSS);
	uint64_t cwnd = grow(&c, 14 * MSS, &now, 100000, 100000);

	now += 86400 * USEC_PER_SEC;
	cr_expect_leq(grow(&c, cwnd, &now, 100000, 100000), cwnd * 17 / 10);
}

/* §5.8: time in which the window was not the limit does not count. */
Test(tcp, cubic_does_not_grow_by_idle_time)
{
	struct cubic c = {0};
	usec_t now = USEC_PER_SEC;

	cubic_reduce(&c, 100 * MSS, 100 * MSS);
	uint64_t cwnd = grow(&c, 70 * MSS, &now, 20 * USEC_PER_SEC, 100000);

	cr_expect_gt(cwnd, 100 * MSS);
	cubic_pause(&c);
	now += 3600 * USEC_PER_SEC;
	cr_expect_leq(grow(&c, cwnd, &now, 100000, 100000), cwnd + 2 * MSS);
	/* A new epoch begins with each loss, too. */
	cwnd = cubic_reduce(&c, (uint32_t)cwnd, cwnd);
	cr_expect_leq(grow(&c, cwnd, &now, 100000, 100000), cwnd * 11 / 10);
}

/* No size of segment and no time can overflow the arithmetic. */
Test(tcp, cubic_is_safe_at_every_extreme)
{
	static const uint32_t sizes[] = {56, 1448, 65495};
	static const usec_t times[] = {1, 1000, USEC_PER_SEC, 86400 * USEC_PER_SEC, UINT64_MAX / 4};

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(times); j++) {
			for (uint32_t cwnd = sizes[i]; cwnd <= 1U << 30; cwnd *= 8) {
				struct cubic c = {0};
				struct cubic_ack ack = {
					.cwnd = cwnd, .mss = sizes[i], .acked = cwnd, .now = 5};

				cubic_reduce(&c, 1U << 30, 1U << 30);
				cubic_grow(&c, &ack);
				ack.now += times[j];
				uint64_t next = cubic_grow(&c, &ack);

				cr_expect_geq(next, cwnd);
				cr_expect_leq(next, cwnd + cwnd / 2 + 2 * (uint64_t)sizes[i]);
				if (cwnd > 1U << 27) {
					break;
				}
			}
		}
	}
}

static struct cc window_of(enum cc_kind kind, uint32_t cwnd)
{
	struct cc cc;

	cc_init(&cc, kind, MSS, 1, false);
	cc.cwnd = cwnd;
	return cc;
}

/* RFC 9438 §4.6, RFC 5681 §3.1. */
Test(tcp, a_loss_leaves_seven_tenths_or_half)
{
	struct cc cubic = window_of(CC_CUBIC, 100 * MSS), reno = window_of(CC_RENO, 100 * MSS);

	cr_expect(cc_loss(&cubic, 1000, 101000, 100 * MSS));
	cr_expect_eq(cubic.ssthresh, 70 * MSS);
	cr_expect(cc_loss(&reno, 1000, 101000, 100 * MSS));
	cr_expect_eq(reno.ssthresh, 50 * MSS);
	/* Once per flight. */
	cr_expect_not(cc_loss(&reno, 2000, 200000, 100 * MSS));
	cr_expect_eq(reno.ssthresh, 50 * MSS);
}

/* RFC 9937 §6.2: of 100 segments 50 may leave while the other 99 arrive, evenly. */
Test(tcp, the_window_comes_down_in_proportion_to_what_arrives)
{
	struct cc cc = window_of(CC_RENO, 100 * MSS);
	uint64_t pipe = 99 * MSS, sent = 0;

	cr_assert(cc_loss(&cc, 1000, 101000, 100 * MSS));
	for (unsigned i = 1; i <= 99; i++) {
		pipe -= MSS;
		cc_delivered(&cc, MSS, pipe, false);
		while (pipe + MSS <= cc.cwnd) {
			pipe += MSS;
			sent += MSS;
			cc_sent(&cc, MSS);
		}
		cr_expect_leq(sent, (i / 2 + 1) * MSS);
		cr_expect_geq(sent + MSS, i / 2 * MSS);
	}
	cr_expect_leq(pipe, 51 * MSS);
	cr_expect_geq(pipe, 49 * MSS);
	cc_recovered(&cc);
	cr_expect_eq(cc.cwnd, 50 * MSS);
}

/* RFC 9937 §6.2: when more is lost than is to be given up, what arrives is replaced, and a safe
 * ACK lets one more segment out. */
Test(tcp, below_the_target_each_arrival_is_replaced)
{
	struct cc cc = window_of(CC_RENO, 100 * MSS);

	cr_assert(cc_loss(&cc, 1000, 101000, 100 * MSS));
	cc_delivered(&cc, MSS, 10 * MSS, false);
	cr_expect_eq(cc.cwnd, 11 * MSS);
	cc_sent(&cc, MSS);
	cc_delivered(&cc, MSS, 10 * MSS, true);
	cr_expect_eq(cc.cwnd, 12 * MSS);
}

/* RFC 4015 §3.2. */
Test(tcp, an_undone_reduction_leaves_no_trace)
{
	struct cc cc = window_of(CC_CUBIC, 100 * MSS);

	cc_timeout(&cc, 1000, 101000, true);
	cr_expect_eq(cc.cwnd, MSS);
	cr_expect(cc.can_undo);
	cc_undo(&cc);
	cr_expect_eq(cc.cwnd, 100 * MSS);
	cr_expect_eq(cc.cubic.w_max, 0);
	cr_expect_not(cc.can_undo);
}
