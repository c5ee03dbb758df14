/* The sweep: a walk over all entries that removes the paths of dead incarnations.
 *
 * One sweep at a time, in slices.  A member that dies while it runs only moves its end: from there
 * once around, so every entry is looked at after every death.  A path that the member's next
 * session has announced meanwhile carries the new incarnation and stays.
 */
#include "rib/base/check.h"
#include "rib/table/table.h"

#define SLICE_IDS 4096u

void sweep_begin(struct table *t)
{
	t->is_sweeping = true;
	t->sweep_end = t->sweep;
}

static bool is_stale(const struct table *t, const struct path *p)
{
	const struct peer *peer = &t->peer[p->peer];
	return !peer->is_up || (uint16_t)peer->incarnation != p->incarnation;
}

static void sweep_entry(struct table *t, entry_id_t id)
{
	const struct entry *e = slab_at(&t->slab.slab, id);
	for (unsigned i = e->working == NULL ? 0 : e->working->count; i-- > 0;) {
		if (is_stale(t, &e->working->path[i])) {
			table_remove_path(t, id, i);
		}
	}
}

void sweep_turn(struct table *t)
{
	if (!t->is_sweeping) {
		return;
	}
	for (unsigned i = 0; i < SLICE_IDS; i++) {
		if (circle_is_done(&t->sweep, &t->sweep_end)) {
			t->is_sweeping = false;
			return;
		}
		if (t->sweep.at < t->slab.slab.count) {
			sweep_entry(t, t->sweep.at++);
		} else {
			t->sweep = (struct circle){.lap = t->sweep.lap + 1};
		}
	}
}
