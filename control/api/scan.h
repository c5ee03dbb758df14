/* A walk over all entries of all shards, in slices, as a reader under RCU. */
#pragma once

#include "dataplane/core/core.h"

/* Between calls it keeps numbers only; families that are not wanted are passed over. */
struct scan {
	const struct server *server;
	unsigned shard;
	unsigned family;
	entry_id_t id;
	bool families[FAMILY_COUNT];
};

struct scan_hit {
	unsigned shard;
	enum family family;
	struct prefix prefix;
	const struct paths *paths; /* Never NULL; valid until the caller is quiescent. */
	struct paths_one one;	   /* `paths` may lie in it: a hit is not copied. */
};

struct scan scan_of(const struct server *server, bool wants_v4, bool wants_v6);
/* The next entry with paths; counts *budget down for each id looked at.  False at the end
 * (scan_is_done) or when the budget is spent. */
bool scan_next(struct scan *s, unsigned *budget, struct scan_hit *out);
bool scan_is_done(const struct scan *s);
