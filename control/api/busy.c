/* Two samples of each worker's busy time, so that a status asked for at any moment covers at least
 * a second without waiting for one. */
#include "control/api/busy.h"

void busy_tick(struct busy_meter *m, const struct server *s, usec_t now)
{
	if (m->sample[1].at != 0 && now - m->sample[1].at < USEC_PER_SEC) {
		return;
	}
	m->sample[0] = m->sample[1];
	m->sample[1].at = now;
	for (unsigned core = 0; core < server_core_count(s); core++) {
		m->sample[1].busy_us[core] =
			metric_get(&server_core_stats(s, (core_id_t)core)->busy_us);
	}
}

double busy_percent(const struct busy_meter *m, const struct server *s, core_id_t core, usec_t now)
{
	const struct busy_sample *since = m->sample[0].at != 0 ? &m->sample[0] : &m->sample[1];
	if (since->at == 0 || now <= since->at) {
		return 0;
	}
	uint64_t busy = metric_get(&server_core_stats(s, core)->busy_us) - since->busy_us[core];
	double percent = 100.0 * (double)busy / (double)(now - since->at);
	return percent < 100 ? percent : 100;
}
