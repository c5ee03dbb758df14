/* What the shards count of one member's routes, together. */
#pragma once

#include "dataplane/core/core.h"

struct peer_counts {
	uint64_t received, accepted, stale, blocked, refused_paths, refused_llgr;
};

/* `accepted` is never more than `received`. */
struct peer_counts peer_counts(const struct server *s, enum family family, peer_id_t peer);
/* Of those received and not accepted, those with this reason. */
uint64_t peer_rejected(const struct server *s, enum family family, peer_id_t peer,
		       enum reject reason);
