/* Paths that were refused: a member has more of one prefix than it may (RFC 7911).
 *
 * It is the shards that refuse and count them, some time after the member's worker has read the
 * UPDATE.  So a second after one that may have had too many the worker adds the counts up and
 * tells control what is new.  The session stays: what was refused is only missing.
 */
#include "dataplane/core/core_priv.h"

#include <stdio.h>

#include "rib/base/check.h"

#define LOOK_US USEC_PER_SEC

void paths_expect(struct member *m)
{
	const bool *has_path_ids = m->session.terms.opts.has_path_ids;
	if (m->paths_due == USEC_NEVER &&
	    (has_path_ids[FAMILY_IPV4] || has_path_ids[FAMILY_IPV6])) {
		m->paths_due = m->core->now + LOOK_US;
	}
}

static uint64_t refused(const struct member *m)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < m->core->server->opts.core_count; i++) {
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			sum += metric_get(
				&shard_peer_stats(m->core->server->shard[i], (enum family)f, m->id)
					 ->refused_paths);
		}
	}
	return sum;
}

void paths_tick(struct member *m)
{
	if (m->core->now < m->paths_due) {
		return;
	}
	m->paths_due = USEC_NEVER;
	uint64_t sum = refused(m);
	ASSERT(sum >= m->refused_seen);
	if (sum > m->refused_seen) {
		char text[NOTIFY_TEXT_MAX];
		snprintf(text, sizeof(text), "%llu paths refused: more than %u of one prefix",
			 (unsigned long long)(sum - m->refused_seen),
			 m->conf->paths_max != 0 ? m->conf->paths_max : PATHS_MAX_DEFAULT);
		m->refused_seen = sum;
		member_tell(m, EVENT_PATHS, text);
	}
}
