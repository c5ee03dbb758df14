/* A member's routes are spread over the shards; see counts.h. */
#include "control/api/counts.h"

#include "rib/base/check.h"

struct peer_counts peer_counts(const struct server *s, enum family family, peer_id_t peer)
{
	struct peer_counts sum = {0};
	for (unsigned i = 0; i < server_core_count(s); i++) {
		const struct shard_peer_stats *st =
			shard_peer_stats(server_shard(s, (core_id_t)i), family, peer);
		sum.received += metric_get(&st->received);
		sum.accepted += metric_get(&st->accepted);
		sum.stale += metric_get(&st->stale);
		sum.blocked += metric_get(&st->blocked);
		sum.refused_paths += metric_get(&st->refused_paths);
		sum.refused_llgr += metric_get(&st->refused_llgr);
	}
	/* Two counters that are read one after the other may be of two moments. */
	sum.accepted = min_u64(sum.accepted, sum.received);
	return sum;
}

uint64_t peer_rejected(const struct server *s, enum family family, peer_id_t peer,
		       enum reject reason)
{
	uint64_t sum = 0;
	ASSERT(reason < REJECT_COUNT);
	for (unsigned i = 0; i < server_core_count(s); i++) {
		sum += metric_get(&shard_peer_stats(server_shard(s, (core_id_t)i), family, peer)
					   ->rejected[reason]);
	}
	return sum;
}
