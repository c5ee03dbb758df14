/* The walk goes shard by shard, family by family, id by id.
 *
 * An entry that appears behind the walk is not seen and one that goes before it is reached is not
 * either: the answer is that of no single moment, which for a looking glass is fine and is said in
 * the guide.  What is seen of one entry is consistent, because its array is published whole.
 */
#include "control/api/scan.h"

#include "rib/base/check.h"

struct scan scan_of(const struct server *server, bool wants_v4, bool wants_v6)
{
	return (struct scan){.server = server,
			     .families = {[FAMILY_IPV4] = wants_v4, [FAMILY_IPV6] = wants_v6}};
}

bool scan_is_done(const struct scan *s)
{
	return s->shard >= server_core_count(s->server);
}

static void next_table(struct scan *s)
{
	s->id = 0;
	s->family++;
	if (s->family == FAMILY_COUNT) {
		s->family = 0;
		s->shard++;
	}
}

bool scan_next(struct scan *s, unsigned *budget, struct scan_hit *out)
{
	while (!scan_is_done(s)) {
		const struct shard *shard = server_shard(s->server, (core_id_t)s->shard);
		const struct slab *slab = shard_slab(shard, (enum family)s->family);
		if (!s->families[s->family] || s->id >= epoch_read(slab->count)) {
			next_table(s);
			continue;
		}
		if (*budget == 0) {
			return false;
		}
		(*budget)--;
		entry_id_t id = s->id++;
		out->paths = entry_paths(slab_at(slab, id), &out->one);
		if (out->paths != NULL) {
			out->shard = s->shard;
			out->family = (enum family)s->family;
			out->prefix = slab_prefix(slab, id);
			return true;
		}
	}
	return false;
}
