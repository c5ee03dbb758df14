/* How busy the workers were in the last second or two. */
#pragma once

#include "dataplane/core/core.h"

struct busy_meter {
	struct busy_sample {
		usec_t at;
		uint64_t busy_us[CORE_COUNT_MAX];
	} sample[2]; /* [0] is the older one, one to two seconds ago. */
};

/* Take a sample when the last is a second old; called often. */
void busy_tick(struct busy_meter *m, const struct server *s, usec_t now);
/* Percent of the time since the older sample that the worker spent in turns that did something. */
double busy_percent(const struct busy_meter *m, const struct server *s, core_id_t core, usec_t now);
