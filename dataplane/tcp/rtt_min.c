/* See rtt_min.h. */
#include "dataplane/tcp/rtt_min.h"

#include "rib/base/check.h"

static void put_from(struct rtt_min *m, unsigned first, uint32_t us, usec_t now)
{
	for (unsigned i = first; i < ARRAY_COUNT(m->best); i++) {
		m->best[i].at = now;
		m->best[i].us = us;
	}
}

/* The second and third stay apart in time, or all three would grow old together. */
static void spread(struct rtt_min *m, uint32_t us, usec_t now)
{
	usec_t age = now - m->best[0].at;

	if (m->best[1].at == m->best[0].at && age > RTT_MIN_WINDOW_US / 4) {
		put_from(m, 1, us, now);
	} else if (m->best[2].at == m->best[1].at && age > RTT_MIN_WINDOW_US / 2) {
		put_from(m, 2, us, now);
	}
}

void rtt_min_sample(struct rtt_min *m, usec_t sample_us, bool is_prompt, usec_t now)
{
	uint32_t us = (uint32_t)max_u64(min_u64(sample_us, UINT32_MAX), 1);

	ASSERT(now >= m->best[2].at);
	if (m->best[0].us == 0 || us <= m->best[0].us) {
		put_from(m, 0, us, now);
		return;
	}
	if (!is_prompt) {
		return;
	}
	if (us <= m->best[1].us) {
		put_from(m, 1, us, now);
	} else if (us <= m->best[2].us) {
		put_from(m, 2, us, now);
	}
	while (now - m->best[0].at > RTT_MIN_WINDOW_US) {
		m->best[0] = m->best[1];
		m->best[1] = m->best[2];
		put_from(m, 2, us, now);
	}
	spread(m, us, now);
}
