/* See damping.h. */
#include "dataplane/session/damping.h"

void damping_failed(struct damping *d, usec_t stood_us, usec_t now)
{
	if (stood_us >= DAMPING_STABLE_US) {
		d->failures = 0;
	}
	usec_t rest_s = 0;
	if (d->failures > 0) {
		unsigned doublings = d->failures - 1;
		rest_s = doublings < 6 ? 1u << doublings : DAMPING_MAX_S;
	}
	d->failures++;
	d->due = rest_s == 0 ? 0 : now + rest_s * USEC_PER_SEC;
}
