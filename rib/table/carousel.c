/* The carousel: one circular scan over the entry ids of a wire class, for all that are joining.
 *
 * A member boards wherever the scan is, and its turn is complete when the scan has come around to
 * that place again; then a mark is appended for it.  Everyone on board hears every scan run, so a
 * thousand members that join at the same moment cost one scan.  Scan runs say what is *published*;
 * changes after boarding are in the flush's runs, which members hear from JOIN on, so nothing
 * falls between, and entries made during the scan need no scan.
 *
 *       0 ......... start ....... at ......... limit        (lap, at) only grows;
 *                    └ boarded      └ next slice            done: lap > start's lap, at >= start
 *
 * Riders board in the order of (lap, start), so the head of the list always completes first.
 */
#include <string.h>

#include "rib/base/check.h"
#include "rib/table/several.h"
#include "rib/table/walk.h"

#define SLICE_IDS 2048u

static struct member *rider_at(struct table *t, peer_id_t peer)
{
	ASSERT(peer < t->peer_count);
	return &t->member[peer];
}

void carousel_board(struct table *t, peer_id_t peer)
{
	struct member *m = rider_at(t, peer);
	struct wire_class *w = t->wire[m->class_idx];
	ASSERT(m->is_joined && !m->is_riding);
	m->is_riding = true;
	m->rider_start = w->scan.at;
	m->rider_lap = w->scan.lap;
	m->rider_count = t->slab.slab.count;
	m->rider_next = PEER_NONE;
	m->rider_prev = w->ride.tail;
	if (w->ride.tail != PEER_NONE) {
		rider_at(t, w->ride.tail)->rider_next = peer;
	} else {
		w->ride.head = peer;
	}
	w->ride.tail = peer;
	audience_cache_add(w->riders, peer);
}

void carousel_leave(struct table *t, peer_id_t peer)
{
	struct member *m = rider_at(t, peer);
	if (!m->is_riding) {
		return;
	}
	struct wire_class *w = t->wire[m->class_idx];
	if (m->rider_prev != PEER_NONE) {
		rider_at(t, m->rider_prev)->rider_next = m->rider_next;
	} else {
		w->ride.head = m->rider_next;
	}
	if (m->rider_next != PEER_NONE) {
		rider_at(t, m->rider_next)->rider_prev = m->rider_prev;
	} else {
		w->ride.tail = m->rider_prev;
	}
	m->is_riding = false;
	audience_cache_remove(w->riders, peer);
}

/* Where the scan turns back: what the newest rider found.  Entries made since are in the flush's
 * runs for everyone on board. */
static entry_id_t scan_limit(const struct table *t, const struct wire_class *w)
{
	return w->ride.tail == PEER_NONE ? 0 : t->member[w->ride.tail].rider_count;
}

static bool has_completed(const struct table *t, const struct wire_class *w)
{
	if (w->ride.head == PEER_NONE) {
		return false;
	}
	const struct member *m = &t->member[w->ride.head];
	return circle_is_done(&w->scan, &(struct circle){m->rider_start, m->rider_lap});
}

/* One mark for everyone whose turn ends here. */
static void complete(struct table *t, struct wire_class *w)
{
	if (!has_completed(t, w)) {
		return;
	}
	memset(t->scratch, 0, (t->peer_count + 63u) / 64 * sizeof(*t->scratch));
	while (has_completed(t, w)) {
		bits_set(t->scratch, w->ride.head);
		carousel_leave(t, w->ride.head);
	}
	struct audience *done = audience_get(t->audiences, t->scratch);
	runlog_append(w->log, &(struct runlog_content){.kind = RUN_MARK, .audience = done},
		      t->retire);
}

static void scan_entry(struct table *t, unsigned class_idx, entry_id_t id)
{
	struct audience_cache *riders = t->wire[class_idx]->riders;
	struct paths_one one;
	const struct paths *paths = entry_paths(slab_at(&t->slab.slab, id), &one);
	struct heads h = batch_heads(t->batch, t, paths, class_idx);
	if (h.has_reach) {
		walk_diff(t, class_idx, riders, id, NULL, paths);
		return;
	}
	if (h.first == NULL) {
		return;
	}
	batch_add(t->batch, t, class_idx, attr_sent(h.first->attr),
		  audience_cache_but(riders, h.first->peer), id);
	if (h.second != NULL && audience_cache_has(riders, h.first->peer)) {
		batch_add(t->batch, t, class_idx, attr_sent(h.second->attr),
			  audience_cache_only(riders, h.first->peer), id);
	}
}

/* Where this slice ends: a turn that completes, the end of the ids, or enough. */
static entry_id_t slice_end(const struct table *t, const struct wire_class *w)
{
	const struct member *m = &t->member[w->ride.head];
	entry_id_t end = w->scan.at + SLICE_IDS;
	end = end < scan_limit(t, w) ? end : scan_limit(t, w);
	return w->scan.lap > m->rider_lap && m->rider_start < end ? m->rider_start : end;
}

static void come_around(const struct table *t, struct wire_class *w)
{
	if (w->scan.at >= scan_limit(t, w)) {
		w->scan.at = 0;
		w->scan.lap++;
	}
}

bool carousel_is_held(const struct table *t, unsigned class_idx)
{
	const struct runlog *log = t->wire[class_idx]->log;
	return runlog_bytes(log) > runlog_bytes_max(log) / 2;
}

void carousel_turn(struct table *t, unsigned class_idx)
{
	struct wire_class *w = t->wire[class_idx];
	if (w->ride.head == PEER_NONE || carousel_is_held(t, class_idx)) {
		return;
	}
	come_around(t, w);
	complete(t, w);
	if (w->ride.head == PEER_NONE) {
		return;
	}
	entry_id_t end = slice_end(t, w);
	for (entry_id_t id = w->scan.at; id < end; id++) {
		if ((class_idx & WIRE_CLASS_PATHS) != 0) {
			several_scan(t, class_idx, id);
		} else {
			scan_entry(t, class_idx, id);
		}
	}
	batch_append(t->batch, t);
	w->scan.at = end;
	come_around(t, w);
	complete(t, w);
}
