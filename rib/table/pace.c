/* Pace: see pace.h. */
#include "rib/table/pace.h"

#include "rib/base/check.h"

void pace_init(struct pace *p, usec_t interval, unsigned burst)
{
	ASSERT(burst > 0 && burst * interval < USEC_PER_SEC * 60);
	p->interval_ms = (uint32_t)(interval / USEC_PER_MSEC);
	p->burst = burst;
	for (unsigned i = 0; i < PACE_SLOTS; i++) {
		p->slot[i] = (struct pace_slot){.id = ENTRY_NONE};
	}
}
