/* Lag: see lag.h. */
#include "rib/table/lag.h"

#include "rib/base/check.h"
#include "rib/table/shard.h"

void lag_init(struct lag *l)
{
	*l = (struct lag){.since = USEC_NEVER};
}

void lag_watch(struct lag *l, const struct runlog *log, uint64_t floor, bool is_wanted,
	       uint64_t limit, usec_t patience, usec_t now)
{
	uint64_t bytes = runlog_bytes(log);
	uint64_t relief = limit / 4 * 3;
	if (!is_wanted || bytes <= relief) {
		lag_init(l);
		return;
	}
	if (l->since == USEC_NEVER) {
		if (bytes > limit) {
			*l = (struct lag){.since = now, .moved = now, .asked = now, .floor = floor};
		}
		return;
	}
	ASSERT(now >= l->since && now >= l->moved && now >= l->asked);
	bool is_impatient = now - l->asked >= patience;
	if (floor != l->floor && !is_impatient) {
		l->floor = floor;
		l->moved = now;
		return;
	}
	if (now - l->moved >= LAG_US || is_impatient) {
		l->evict = max_u64(runlog_position_keeping(log, relief),
				   floor == UINT64_MAX ? 0 : floor + 1);
		l->floor = floor;
		l->moved = now;
		l->asked = now;
	}
}
