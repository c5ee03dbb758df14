/* The arithmetic of RFC 6298 §2, in integer microseconds: rounding is below the clock's tick. */
#include "dataplane/tcp/rtt.h"

#include "rib/base/check.h"

#define BACKOFF_MAX	9		     /* 200 ms · 2⁹ > RTO_MAX_US. */
#define SAMPLE_MAX_US	(600 * USEC_PER_SEC) /* Keeps 32 bits safe whatever a peer echoes. */
#define RTO_DISTRUST_US (3 * USEC_PER_SEC)

static_assert(RTO_MIN_US << BACKOFF_MAX > RTO_MAX_US, "back-off reaches the ceiling");

void rtt_init(struct rtt *r)
{
	*r = (struct rtt){.base_us = RTO_INITIAL_US};
}

static uint32_t abs_diff(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

void rtt_sample(struct rtt *r, usec_t sample_us)
{
	uint32_t sample = (uint32_t)min_u64(sample_us, SAMPLE_MAX_US);

	if (!r->has_sample) { /* §2.2 */
		r->srtt_us = sample;
		r->rttvar_us = sample / 2;
		r->has_sample = true;
	} else { /* §2.3: variance first, it wants the old mean. */
		uint64_t var = (uint64_t)r->rttvar_us * 3 + abs_diff(r->srtt_us, sample);
		uint64_t mean = (uint64_t)r->srtt_us * 7 + sample;

		r->rttvar_us = (uint32_t)(var / 4);
		r->srtt_us = (uint32_t)(mean / 8);
	}
	uint64_t rto = r->srtt_us + max_u64(RTT_GRANULARITY, 4 * (uint64_t)r->rttvar_us);

	r->base_us = (uint32_t)min_u64(max_u64(rto, RTO_MIN_US), RTO_MAX_US);
	r->backoff = 0;
}

void rtt_confirm(struct rtt *r, usec_t round_us)
{
	uint64_t spread = max_u64(RTT_GRANULARITY, 4 * (uint64_t)r->rttvar_us);

	if (r->has_sample && round_us + spread >= r->srtt_us && round_us <= r->srtt_us + spread) {
		r->backoff = 0;
	}
}

void rtt_backoff(struct rtt *r)
{
	if (r->backoff < BACKOFF_MAX) {
		r->backoff++;
	}
}

void rtt_distrust(struct rtt *r)
{
	if (!r->has_sample) {
		r->base_us = RTO_DISTRUST_US;
		r->backoff = 0;
	}
}

usec_t rtt_rto(const struct rtt *r)
{
	ASSERT(r->backoff <= BACKOFF_MAX);
	ASSERT(r->base_us >= RTO_MIN_US);
	return min_u64((usec_t)r->base_us << r->backoff, RTO_MAX_US);
}
