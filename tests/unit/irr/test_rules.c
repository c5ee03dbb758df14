/* When an AS-SET is asked again, and which answers are believed. */
#include <criterion/criterion.h>

#include "control/irr/rules.h"

#define HOUR_US (3600 * USEC_PER_SEC)

static const struct irr_timing TIMING = {.refresh_us = 12 * HOUR_US};

Test(irr, a_good_answer_is_due_again_about_an_interval_later)
{
	struct prng r;
	prng_init(&r, 1);
	usec_t least = USEC_NEVER, most = 0;
	for (unsigned i = 0; i < 1000; i++) {
		usec_t due = irr_due_after_answer(&TIMING, &r, 5) - 5;
		least = min_u64(least, due);
		most = max_u64(most, due);
	}
	cr_expect(least >= TIMING.refresh_us * 9 / 10 && least < TIMING.refresh_us * 92 / 100);
	cr_expect(most <= TIMING.refresh_us * 11 / 10 && most > TIMING.refresh_us * 108 / 100);
}

Test(irr, failures_are_tried_again_soon_then_seldom)
{
	struct prng r;
	prng_init(&r, 1);
	for (unsigned failures = 1; failures < 80; failures++) {
		usec_t wait = IRR_RETRY_US << (failures < 20 ? failures - 1 : 20);
		wait = min_u64(wait, TIMING.refresh_us);
		usec_t due = irr_due_after_failure(&TIMING, &r, failures, 0);
		cr_expect(due >= wait && due <= wait + wait / 2, "%u", failures);
	}
	/* A short interval bounds the wait, too. */
	const struct irr_timing often = {.refresh_us = 10 * USEC_PER_SEC};
	cr_expect(irr_due_after_failure(&often, &r, 1, 0) <= 15 * USEC_PER_SEC);
}

Test(irr, a_start_asks_for_what_is_old_and_spreads_the_rest)
{
	struct prng r;
	prng_init(&r, 1);
	const usec_t now = 77 * USEC_PER_SEC;
	cr_expect(irr_due_at_start(&TIMING, &r, 14 * HOUR_US, now) == now);
	usec_t due = irr_due_at_start(&TIMING, &r, 6 * HOUR_US, now) - now;
	cr_expect(due >= 4 * HOUR_US && due <= 8 * HOUR_US);
	usec_t other = irr_due_at_start(&TIMING, &r, 6 * HOUR_US, now) - now;
	cr_expect(due != other);
}

Test(irr, implausible_counts_are_not_believed)
{
	static const struct {
		size_t before, now;
		unsigned percent;
		enum irr_belief belief;
	} table[] = {
		{0, 0, 50, IRR_BELIEVED},      {0, 5, 50, IRR_BELIEVED},
		{1, 0, 50, IRR_EMPTY},	       {1000, 0, 50, IRR_EMPTY},
		{1000, 0, 0, IRR_EMPTY},       {19, 1, 50, IRR_BELIEVED},
		{20, 10, 50, IRR_BELIEVED},    {20, 9, 50, IRR_SHRUNK},
		{1000, 499, 50, IRR_SHRUNK},   {1000, 500, 50, IRR_BELIEVED},
		{1000, 499, 10, IRR_BELIEVED}, {1000, 1, 0, IRR_BELIEVED},
		{1000, 999, 100, IRR_SHRUNK},  {1000, 100000, 50, IRR_BELIEVED},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		cr_expect(irr_believe(table[i].before, table[i].now, table[i].percent) ==
				  table[i].belief,
			  "row %u", i);
	}
}
