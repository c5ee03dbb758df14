/* What goes: retired arrays, acknowledged runs, and slots that may serve another prefix.
 *
 * A published array that is replaced, and the references that only it held, wait for a grace
 * period.  A slot without paths waits for more (entry_own.h draws it).  What table_reclaim may
 * rely on: names counts runs that are still there, and runs go only after table_free_runs read the
 * floors (acquire); a worker raises its count of pending sets before it raises its floor.  So once
 * names is 0, a pending set that could hold the id is already counted.
 */
#include "rib/table/table.h"

#include "rib/table/mem.h"

#define EXPIRE_BUDGET 8192u  /* Expired things freed in a turn: under 1 ms. */
#define FREE_BUDGET   32768u /* Entry ids in runs freed in a turn. */
#define TOMB_BUDGET   4096u
#define REST_US	      USEC_PER_SEC /* An empty log rests after this. */

static void retire_paths(struct table *t, paths_word_t was, paths_word_t is)
{
	struct paths_one one, other;
	struct paths *array = word_array(was);
	const struct paths *old = word_paths(was, 0, &one), *now = word_paths(is, 0, &other);
	if (array != NULL) {
		retire_push(t->retire, (struct retired){.object = array,
							.weight = paths_bytes(array->count),
							.kind = RETIRED_PATHS});
	}
	for (unsigned i = 0; old != NULL && i < old->count; i++) {
		const struct path *p = &old->path[i];
		if (!paths_has_attr(now, path_key(p), p->attr)) {
			retire_push(t->retire,
				    (struct retired){.object = (void *)(uintptr_t)p->attr,
						     .weight = 1,
						     .kind = RETIRED_ATTR});
		}
	}
}

static void tomb_push(struct table *t, entry_id_t id)
{
	struct entry *e = slab_at(&t->slab.slab, id);
	ASSERT(e->names == 0);
	e->state = ENTRY_QUEUED;
	if (t->tomb_tail - t->tomb_head > t->tomb_mask) {
		uint32_t mask = t->tomb_mask * 2 + 1, count = 0;
		entry_id_t *tomb = mem_new(((size_t)mask + 1) * sizeof(*tomb));
		while (t->tomb_head != t->tomb_tail) {
			tomb[count++] = t->tomb[t->tomb_head++ & t->tomb_mask];
		}
		free(t->tomb);
		t->tomb = tomb;
		t->tomb_mask = mask;
		t->tomb_head = 0;
		t->tomb_tail = count;
	}
	t->tomb[t->tomb_tail++ & t->tomb_mask] = id;
}

/* Where an entry that waits in no queue stands now. */
static void settle(struct table *t, entry_id_t id)
{
	struct entry *e = slab_at(&t->slab.slab, id);
	bool is_alive = e->published != 0 || e->is_dirty;
	e->state = is_alive ? ENTRY_LIVE : ENTRY_TOMB;
	if (!is_alive && e->names == 0) {
		tomb_push(t, id);
	}
}

void table_publish(struct table *t)
{
	const struct dirty_item item = *dirty_at(&t->dirty, t->dirty.head);
	struct entry *e = slab_at(&t->slab.slab, item.id);
	paths_word_t old = e->published;
	ASSERT(e->is_dirty && !e->is_paced && e->place == t->dirty.head);
	e->is_dirty = false;
	e->generation = item.generation;
	dirty_pop(&t->dirty);
	if (old != item.working) {
		epoch_publish(e->published, item.working);
	}
	if (old != item.working && old != 0) {
		retire_paths(t, old, item.working);
	}
	if (e->state == ENTRY_LIVE || e->state == ENTRY_TOMB) {
		settle(t, item.id);
	}
}

static void expire_one(struct table *t, const struct retired *r)
{
	switch ((enum retired_kind)r->kind) {
	case RETIRED_MEMORY:
		free(r->object);
		return;
	case RETIRED_PATHS:
		table_count_bytes(t, r->weight, 0);
		free(r->object);
		return;
	case RETIRED_ATTR:
		outbox_adjust(t->outbox, r->object, -(int64_t)r->weight);
		return;
	case RETIRED_ENTRY: {
		entry_id_t id = (entry_id_t)r->weight;
		if (slab_at(&t->slab.slab, id)->state == ENTRY_RETIRED) {
			ptable_remove(&t->ptable, &t->slab.slab, id);
			slab_give(&t->slab, id);
		} else {
			settle(t, id);
		}
		return;
	}
	case RETIRED_NUMBERS:
		forget_end(t);
		return;
	}
}

void table_expire(struct table *t)
{
	struct retired r;
	t->has_more_expired = true;
	for (unsigned i = 0; i < EXPIRE_BUDGET; i++) {
		if (!retire_pop(t->retire, &r)) {
			t->has_more_expired = false;
			return;
		}
		expire_one(t, &r);
	}
}

static void free_run(struct table *t, struct runlog *log, const struct run *run)
{
	for (uint32_t i = 0; i < run->count; i++) {
		struct entry *e = slab_at(&t->slab.slab, run->ids[i]);
		ASSERT(e->names > 0);
		if (--e->names == 0 && e->state == ENTRY_TOMB) {
			tomb_push(t, run->ids[i]);
		}
	}
	if (run->attr != NULL) {
		outbox_adjust(t->outbox, run->attr, -1);
	}
	audience_put(t->audiences, run->audience);
	if (run->gone != NULL) {
		audience_put(t->audiences, run->gone);
	}
	runlog_drop(log);
}

void table_free_runs(struct table *t)
{
	unsigned budget = FREE_BUDGET;
	t->has_more_frees = false;
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		struct runlog *log = t->wire[c]->log;
		uint64_t floor = min_u64(runlog_floor(log), member_guard(t, c));
		const struct run *run;
		while ((run = runlog_oldest(log)) != NULL && run->position < floor) {
			if (budget == 0) {
				t->has_more_frees = true;
				return;
			}
			budget -= run->count < budget ? run->count : budget;
			free_run(t, log, run);
		}
	}
}

int64_t table_pending(const struct table *t)
{
	int64_t sum = 0;
	for (unsigned i = 0; i < t->core_count; i++) {
		sum += __atomic_load_n(&t->pending[i].count, __ATOMIC_ACQUIRE);
	}
	ASSERT(sum >= 0);
	return sum;
}

bool table_can_reclaim(const struct table *t)
{
	return t->tomb_head != t->tomb_tail && table_pending(t) == 0;
}

void table_reclaim(struct table *t)
{
	if (!table_can_reclaim(t)) {
		return;
	}
	for (unsigned i = 0; i < TOMB_BUDGET && t->tomb_head != t->tomb_tail; i++) {
		entry_id_t id = t->tomb[t->tomb_head++ & t->tomb_mask];
		struct entry *e = slab_at(&t->slab.slab, id);
		ASSERT(e->state == ENTRY_QUEUED);
		bool is_alive = e->published != 0 || e->is_dirty;
		if (is_alive || e->names > 0) {
			e->state = is_alive ? ENTRY_LIVE : ENTRY_TOMB;
			continue;
		}
		e->state = ENTRY_RETIRED;
		retire_push(t->retire, (struct retired){.weight = id, .kind = RETIRED_ENTRY});
	}
}

static void watch_rest(struct table *t, struct wire_class *w, usec_t now)
{
	if (!runlog_can_rest(w->log)) {
		w->rest_due = USEC_NEVER;
	} else if (w->rest_due == USEC_NEVER) {
		w->rest_due = now + REST_US;
	} else if (now >= w->rest_due) {
		runlog_rest(w->log, t->retire);
		w->rest_due = USEC_NEVER;
	}
}

void table_watch(struct table *t, usec_t now)
{
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		struct wire_class *w = t->wire[c];
		uint64_t floor = min_u64(runlog_floor(w->log), member_guard(t, c));
		uint64_t limit = runlog_bytes_max(w->log);
		lag_watch(&w->flush_lag, w->log, floor, dirty_count(&t->dirty) > 0, limit, LAG_US,
			  now);
		lag_watch(&w->scan_lag, w->log, floor, w->ride.head != PEER_NONE, limit / 2,
			  10 * LAG_US, now);
		runlog_set_evict_below(w->log, max_u64(w->flush_lag.evict, w->scan_lag.evict));
		watch_rest(t, w, now);
	}
}

void table_count(struct table *t)
{
	size_t bytes = slab_bytes(&t->slab) + ptable_bytes(&t->ptable) + pathids_bytes(&t->pathids);
	bytes += dirty_bytes(&t->dirty) + dirty_bytes(&t->paced);
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		bytes += runlog_table_bytes(t->wire[c]->log);
	}
	metric_set(&t->stats.table_bytes, bytes);
	metric_set(&t->stats.tombstones, t->slab.used - t->stats.entries);
	metric_set(&t->stats.retired, retire_count(t->retire));
}
