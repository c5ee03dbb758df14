/* See rtt_class.h. */
#include "control/daemon/rtt_class.h"

#include "rib/base/check.h"

static uint64_t us_of(uint16_t ms, unsigned percent)
{
	return (uint64_t)ms * USEC_PER_MSEC * percent / 100;
}

/* How many thresholds the time exceeds when each counts as `percent` of it. */
static unsigned exceeded(const uint16_t *threshold_ms, unsigned count, uint32_t rtt_us,
			 unsigned percent)
{
	unsigned n = 0;
	while (n < count && rtt_us > us_of(threshold_ms[n], percent)) {
		n++;
	}
	return n;
}

/* Those below a class. */
static unsigned rank_of(const uint16_t *threshold_ms, unsigned count, uint16_t ms)
{
	unsigned n = 0;
	while (n < count && threshold_ms[n] < ms) {
		n++;
	}
	return n;
}

bool rtt_class_step(struct rtt_class *c, const uint16_t *threshold_ms, unsigned count,
		    uint32_t rtt_us, usec_t now)
{
	if (rtt_us == 0 || count == 0 || (c->ms != 0 && now - c->since < RTT_CLASS_HOLD_US)) {
		return false;
	}
	unsigned rank = exceeded(threshold_ms, count, rtt_us, 100);
	if (c->ms != 0) {
		/* Up past bounds that are exceeded by far, down past those it is far below. */
		unsigned old = rank_of(threshold_ms, count, c->ms);
		unsigned least = exceeded(threshold_ms, count, rtt_us, 100 + RTT_CLASS_PERCENT);
		unsigned most = exceeded(threshold_ms, count, rtt_us, 100 - RTT_CLASS_PERCENT);
		ASSERT(least <= rank && rank <= most);
		rank = old < least ? least : old > most ? most : old;
	}
	uint16_t above = (uint16_t)min_u64(threshold_ms[count - 1] + UINT64_C(1), UINT16_MAX);
	uint16_t ms = rank < count ? threshold_ms[rank] : above;
	if (ms == c->ms) {
		return false;
	}
	*c = (struct rtt_class){.ms = ms, .since = now};
	return true;
}
