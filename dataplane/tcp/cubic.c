/* RFC 9438 §4.  C = 0.4 segments/s³ and β = 0.7; times in milliseconds, so that
 *
 *     C · t³ · mss = t_ms³ · mss · 4 / 10¹⁰        K_ms³ = (w_max − cwnd) / mss · 2.5 · 10⁹
 *
 * Times are bounded at 50 s from K, where the curve is beyond any window: t_ms³ is 1.25 · 10¹⁴ and
 * everything stays within 63 bits for every size of segment. */
#include "dataplane/tcp/cubic.h"

#include "rib/base/check.h"

#define BETA_10THS	 7
#define CONVERGE_20THS	 17 /* (1 + β) / 2 */
#define RENO_ALPHA_17THS 9  /* 3 (1 − β) / (1 + β) = 9/17 */
#define DISTANCE_MAX_MS	 50000

/* ⌊∛x⌋, bit by bit from the top. */
static uint32_t cube_root(uint64_t x)
{
	uint64_t root = 0;

	for (int bit = 20; bit >= 0; bit--) {
		uint64_t next = root | UINT64_C(1) << bit;

		if (next * next * next <= x) {
			root = next;
		}
	}
	return (uint32_t)root;
}

static void begin_epoch(struct cubic *c, const struct cubic_ack *ack)
{
	c->epoch_at = max_u64(ack->now, 1);
	c->reno_1024ths = (uint64_t)ack->cwnd << 10;
	if (ack->cwnd >= c->w_max) {
		c->w_max = ack->cwnd;
		c->k_ms = 0;
	} else {
		c->k_ms = cube_root((c->w_max - ack->cwnd) * UINT64_C(2500000000) / ack->mss);
	}
}

/* §4.2: the curve at `at`. */
static uint64_t curve(const struct cubic *c, uint32_t mss, usec_t at)
{
	uint64_t t_ms = (at - c->epoch_at) / USEC_PER_MSEC;
	bool is_below = t_ms < c->k_ms;
	uint64_t distance = min_u64(is_below ? c->k_ms - t_ms : t_ms - c->k_ms, DISTANCE_MAX_MS);
	uint64_t rise = distance * distance * distance / 1000 * mss * 4 / 10000000;

	if (is_below) {
		return rise < c->w_max ? c->w_max - rise : 0;
	}
	return c->w_max + rise;
}

/* §4.3: what Reno with this β would have; its own pace once it has passed the last loss. */
static uint64_t reno_line(struct cubic *c, const struct cubic_ack *ack)
{
	uint64_t step = min_u64(ack->acked, ack->cwnd) * ack->mss * 1024 / ack->cwnd;

	if (c->reno_1024ths >> 10 < c->w_max) {
		step = step * RENO_ALPHA_17THS / 17;
	}
	c->reno_1024ths += step;
	return c->reno_1024ths >> 10;
}

uint64_t cubic_grow(struct cubic *c, const struct cubic_ack *ack)
{
	uint64_t cwnd = ack->cwnd;

	ASSERT(ack->cwnd >= ack->mss && ack->mss > 0);
	if (c->epoch_at == 0) {
		begin_epoch(c, ack);
	}
	uint64_t reno = reno_line(c, ack);

	if (curve(c, ack->mss, ack->now) < reno) {
		return max_u64(cwnd, reno);
	}
	/* §4.4 and §4.5: in one round trip to where the curve will be then, half as much again at
	 * most. */
	uint64_t target = min_u64(curve(c, ack->mss, ack->now + ack->rtt_us), cwnd + cwnd / 2);

	if (target <= cwnd) {
		return cwnd;
	}
	return cwnd + (target - cwnd) * min_u64(ack->acked, cwnd) / cwnd;
}

uint64_t cubic_reduce(struct cubic *c, uint32_t cwnd, uint64_t flight)
{
	/* §4.7: lost before the old window was reached: someone new is here, leave more. */
	c->w_max = cwnd < c->w_max ? (uint32_t)((uint64_t)cwnd * CONVERGE_20THS / 20) : cwnd;
	c->epoch_at = 0;
	return min_u64(flight, cwnd) * BETA_10THS / 10;
}

void cubic_pause(struct cubic *c)
{
	c->epoch_at = 0;
}

void cubic_reset(struct cubic *c)
{
	*c = (struct cubic){0};
}
