/* The sweep: a walk over all entries that removes the paths of dead generations, gives those that
 * become long-lived stale their set, and accepts what a prefix limit has room for again.
 *
 * One sweep at a time, in slices.  A member that dies while it runs only moves its end: from there
 * once around, so every entry is looked at after every death.  A path that the member has announced
 * again meanwhile is of a newer generation and stays.
 */
#include "rib/base/check.h"
#include "rib/table/table.h"

#define SLICE_IDS 4096u
#define DRESS_IDS 16u /* A new set costs as much as looking at so many entries. */

/* The set that was dressed last: neighbours mostly have the same.  Valid within a slice, in which
 * no reference leaves. */
struct dresser {
	const struct attr *from;
	const struct attr *to; /* NULL: there is none. */
	unsigned cost;
};

void sweep_begin(struct table *t)
{
	t->is_sweeping = true;
	t->sweep_end = t->sweep;
}

/* The set with LLGR_STALE, one reference of it; NULL when there is no room for one. */
static const struct attr *dress(struct table *t, struct dresser *d, const struct attr *attr)
{
	if (d->from == attr) {
		if (d->to != NULL) {
			intern_adjust(t->intern, d->to, 1);
		}
		return d->to;
	}
	struct attr_draft draft;
	ASSERT(t->intern != NULL);
	d->cost += DRESS_IDS;
	d->from = attr;
	d->to = NULL;
	if (attr_add_community(attr, COMMUNITY_LLGR_STALE, &draft)) {
		const struct next_hop hop = attr_next_hop(attr);
		d->to = t->reach != NULL ? reach_intern(t->reach, &draft, &hop, 1)
					 : intern_get(t->intern, &draft, &hop, 1);
	}
	return d->to;
}

/* RFC 9494 §4.2: a route with NO_LLGR goes, the others get LLGR_STALE. */
static void make_long_lived(struct table *t, struct dresser *d, entry_id_t id, unsigned i)
{
	struct paths_one one;
	const struct path *p = &table_working(t, id, &one)->path[i];
	if (p->attr->facts.is_no_llgr) {
		working_remove(t, id, i);
		return;
	}
	if (p->attr->facts.is_llgr_stale) {
		return; /* It came so, or was visited before. */
	}
	const struct attr *attr = dress(t, d, p->attr);
	if (attr != NULL) {
		table_dress_path(t, id, i, attr);
	} else {
		metric_add(&t->peer_stats[p->peer].refused_llgr, 1);
		working_remove(t, id, i);
	}
}

/* What the prefix limit kept out is accepted while the member's grant lasts. */
static void unblock(struct table *t, entry_id_t id, unsigned i)
{
	struct paths_one one;
	struct path fresh = table_working(t, id, &one)->path[i];
	struct member *m = &t->member[fresh.peer];
	if (fresh.reason != REJECT_MAX_PREFIX || m->unblock == 0) {
		return;
	}
	m->unblock--;
	fresh.reason = REJECT_NONE;
	outbox_adjust(t->outbox, fresh.attr, 1); /* For the path that takes its place. */
	working_put(t, id, (int)i, &fresh);
}

/* A grant is for what was blocked when it came. */
static void end_grants(struct table *t)
{
	for (unsigned i = 0; i < t->peer_count; i++) {
		t->member[i].unblock = 0;
	}
}

static void sweep_entry(struct table *t, struct dresser *d, entry_id_t id)
{
	struct paths_one one;
	const struct paths *w = table_working(t, id, &one);
	for (unsigned i = w == NULL ? 0 : w->count; i-- > 0; w = table_working(t, id, &one)) {
		switch (path_life(t, &w->path[i])) {
		case PATH_LIVE:
		case PATH_OLD:
		case PATH_STALE:
			unblock(t, id, i);
			break;
		case PATH_STALE_LONG:
			make_long_lived(t, d, id, i);
			break;
		case PATH_GONE:
			working_remove(t, id, i);
			break;
		}
	}
}

void sweep_turn(struct table *t)
{
	if (!t->is_sweeping) {
		return;
	}
	struct dresser d = {0};
	for (; d.cost < SLICE_IDS; d.cost++) {
		if (circle_is_done(&t->sweep, &t->sweep_end)) {
			t->is_sweeping = false;
			end_grants(t);
			return;
		}
		if (t->sweep.at < t->slab.slab.count) {
			sweep_entry(t, &d, t->sweep.at++);
		} else {
			t->sweep = (struct circle){.lap = t->sweep.lap + 1};
		}
	}
}
