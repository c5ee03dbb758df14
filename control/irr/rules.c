/* Sums about time and counts. */
#include "control/irr/rules.h"

#include "rib/base/check.h"

#define DOUBLINGS_MAX 16

usec_t irr_due_after_answer(const struct irr_timing *t, struct prng *p, usec_t now)
{
	ASSERT(t->refresh_us > 0);
	return now + t->refresh_us - t->refresh_us / 10 + prng_below(p, t->refresh_us / 5 + 1);
}

usec_t irr_due_after_failure(const struct irr_timing *t, struct prng *p, unsigned failures,
			     usec_t now)
{
	ASSERT(failures >= 1);
	usec_t wait = IRR_RETRY_US << min_u64(failures - 1, DOUBLINGS_MAX);
	wait = min_u64(wait, t->refresh_us);
	return now + wait + prng_below(p, wait / 2 + 1);
}

usec_t irr_due_at_start(const struct irr_timing *t, struct prng *p, usec_t age_us, usec_t now)
{
	usec_t fresh_for = irr_due_after_answer(t, p, 0);
	return age_us < fresh_for ? now + fresh_for - age_us : now;
}

enum irr_belief irr_believe(size_t before_count, size_t now_count, unsigned percent)
{
	ASSERT(percent <= 100);
	if (now_count == 0 && before_count > 0) {
		return IRR_EMPTY;
	}
	if (before_count >= IRR_SHRINK_MIN && now_count * 100 < before_count * percent) {
		return IRR_SHRUNK;
	}
	return IRR_BELIEVED;
}
