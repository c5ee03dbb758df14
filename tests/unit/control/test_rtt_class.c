/* Classes of round-trip times: bounds, and that they are not left for a hiccup. */
#include "control/daemon/rtt_class.h"

#include <criterion/criterion.h>

#include "rib/base/prng.h"

static const uint16_t bound[] = {5, 10, 15, 20, 30, 50, 100, 200, 500}; /* arouteserver's. */

#define COUNT	   ARRAY_COUNT(bound)
#define A_MINUTE   (60 * USEC_PER_SEC)
#define MS(number) ((uint32_t)((number)*1000))

static bool step(struct rtt_class *c, uint32_t us, usec_t now)
{
	return rtt_class_step(c, bound, COUNT, us, now);
}

Test(rtt_class, the_first_measurement_decides_at_once)
{
	static const struct {
		uint32_t us;
		uint16_t ms;
	} cases[] = {
		{1, 5},		  {MS(5), 5},	  {MS(5) + 1, 10},    {MS(17.3), 20},
		{MS(123.1), 200}, {MS(500), 500}, {MS(500) + 1, 501}, {UINT32_MAX, 501},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		struct rtt_class c = {0};
		cr_expect(step(&c, cases[i].us, 7));
		cr_expect_eq(c.ms, cases[i].ms, "%u us: %u", cases[i].us, c.ms);
	}
}

Test(rtt_class, is_not_known_before_anything_was_measured)
{
	struct rtt_class c = {0};

	cr_expect(!step(&c, 0, 7));
	cr_expect(!rtt_class_step(&c, NULL, 0, MS(5), 7), "nobody asks");
	cr_expect_eq(c.ms, 0);
}

Test(rtt_class, stays_while_the_time_is_within_a_tenth_of_its_bounds)
{
	struct rtt_class c = {0};
	usec_t now = A_MINUTE;

	cr_assert(step(&c, MS(12), now)); /* 10 to 15. */
	cr_expect(!step(&c, MS(16.5), now += A_MINUTE));
	cr_expect(!step(&c, MS(9) + 1, now += A_MINUTE));
	cr_expect(step(&c, MS(16.5) + 1, now += A_MINUTE));
	cr_expect_eq(c.ms, 20);
	cr_expect(!step(&c, MS(13.5) + 1, now += A_MINUTE));
	cr_expect(step(&c, MS(13.5), now += A_MINUTE));
	cr_expect_eq(c.ms, 15);
	cr_expect(!step(&c, 0, now += A_MINUTE), "nothing is known now");
	cr_expect_eq(c.ms, 15);
}

Test(rtt_class, passes_over_classes_in_between)
{
	struct rtt_class c = {0};

	step(&c, MS(1), 1);
	cr_expect(step(&c, MS(300), A_MINUTE + 1));
	cr_expect_eq(c.ms, 500);
	/* 19 ms are below 20, but not by a tenth. */
	cr_expect(step(&c, MS(19), 2 * A_MINUTE + 1));
	cr_expect_eq(c.ms, 30);
	cr_expect(step(&c, MS(9000), 3 * A_MINUTE + 1));
	cr_expect_eq(c.ms, 501);
	cr_expect(step(&c, MS(1), 4 * A_MINUTE + 1));
	cr_expect_eq(c.ms, 5);
}

Test(rtt_class, changes_at_most_once_a_minute)
{
	struct rtt_class c = {0};
	struct prng chance;
	usec_t last = 0;
	unsigned changes = 0;

	prng_init(&chance, 3);
	for (usec_t now = USEC_PER_SEC; now < 100 * A_MINUTE; now += USEC_PER_SEC) {
		if (step(&c, 1 + (uint32_t)prng_below(&chance, MS(700)), now)) {
			cr_assert(changes == 0 || now - last >= A_MINUTE);
			last = now;
			changes++;
		}
	}
	cr_expect_gt(changes, 50);
}

Test(rtt_class, follows_when_the_thresholds_are_others)
{
	static const uint16_t others[] = {8, 40};
	struct rtt_class c = {0};

	step(&c, MS(12), 1);
	cr_expect_eq(c.ms, 15);
	cr_expect(rtt_class_step(&c, others, 2, MS(12), A_MINUTE + 1));
	cr_expect_eq(c.ms, 40);
}
