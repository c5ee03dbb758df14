/* A table: see table.h.  Its life, and the ops about routes. */
#include "rib/table/table.h"

#include <string.h>

#include "rib/base/hash.h"
#include "rib/policy/judge.h"
#include "rib/table/mem.h"
#include "rib/table/walk.h"

#define TOMBS_MIN	  64u
#define VIEW_MAX_DEFAULT  8
#define LOG_BYTES_DEFAULT ((size_t)64 << 20)

void table_need_class(struct table *t, unsigned class_idx)
{
	ASSERT(class_idx < WIRE_CLASS_COUNT);
	if (t->wire[class_idx] != NULL) {
		return;
	}
	struct wire_class *w = mem_new(sizeof(*w));
	w->log = runlog_new(&t->slab.slab, t->core_count, t->log_bytes_max);
	w->members = audience_cache_new(t->audiences, t->peer_count);
	w->riders = audience_cache_new(t->audiences, t->peer_count);
	w->guards = w->ride = (struct member_list){PEER_NONE, PEER_NONE};
	lag_init(&w->flush_lag);
	lag_init(&w->scan_lag);
	w->rest_due = USEC_NEVER;
	t->wire[class_idx] = w;
	epoch_publish(t->log[class_idx], w->log);
	class_set_add(&t->made, class_idx);
}

static_assert(PATHS_MAX_LIMIT == PATHID_SLOTS_MAX, "a slot for each path");

void table_init(struct table *t, const struct table_opts *opts)
{
	const struct shard_opts *o = opts->shard;
	*t = (struct table){
		.family = opts->family,
		.core_count = o->core_count,
		.peer_count = o->peer_count,
		.gather_us = o->gather_us,
		.local_as = o->local_as,
		.log_bytes_max = o->log_bytes_max != 0 ? o->log_bytes_max : LOG_BYTES_DEFAULT,
		.rank = opts->rank,
		.peer = opts->peer,
		.audiences = opts->audiences,
		.outbox = opts->outbox,
		.intern = o->intern,
		.judge = o->judge,
		.paths_max = o->paths_max != 0 ? o->paths_max : PATHS_MAX_DEFAULT,
		.view_max = o->view_max != 0 ? o->view_max : VIEW_MAX_DEFAULT,
		.dirty_since = USEC_NEVER,
		.paced_due = USEC_NEVER,
		.tomb_mask = TOMBS_MIN - 1,
	};
	slab_init(&t->slab, opts->family);
	dirty_init(&t->dirty);
	dirty_init(&t->paced);
	pace_init(&t->pace, o->pace_us, o->pace_burst != 0 ? o->pace_burst : PACE_BURST_DEFAULT);
	ptable_init(&t->ptable, hash_mix(o->key, (uint64_t)opts->family + 1));
	pathids_init(&t->pathids, hash_mix(o->key, (uint64_t)opts->family + 11));
	ASSERT(t->paths_max <= PATHID_SLOTS_MAX && t->view_max <= VIEW_MAX);
	t->retire = retire_new();
	ASSERT(t->retire != NULL);
	t->batch = batch_new();
	t->walk = walk_new(t->peer_count);
	t->member = mem_new(t->peer_count * sizeof(*t->member));
	t->peer_stats = mem_new(t->peer_count * sizeof(*t->peer_stats));
	t->scratch = mem_new((t->peer_count + 63u) / 64 * sizeof(uint64_t));
	t->awaited = mem_new((t->peer_count + 63u) / 64 * sizeof(uint64_t));
	unsigned deferred = o->deferred_count != 0 ? o->deferred_count : t->peer_count;
	for (unsigned i = 0; o->is_deferred && i < deferred; i++) {
		bits_set(t->awaited, i);
		t->awaited_count++;
	}
	forget_init(t);
	t->waiting = (struct member_list){PEER_NONE, PEER_NONE};
	t->replies = mem_new(t->core_count * sizeof(*t->replies));
	t->pending = mem_new_aligned(CACHE_LINE, t->core_count * sizeof(*t->pending));
	memset(t->pending, 0, t->core_count * sizeof(*t->pending));
	t->tomb = mem_new(TOMBS_MIN * sizeof(*t->tomb));
	for (unsigned i = 0; i < t->core_count; i++) {
		t->replies[i] = (struct member_list){PEER_NONE, PEER_NONE};
	}
}

static void free_retired(struct table *t)
{
	struct retired r;
	retire_flush(t->retire);
	epoch_barrier();
	while (retire_pop(t->retire, &r)) {
		if (r.kind == RETIRED_MEMORY || r.kind == RETIRED_PATHS) {
			free(r.object);
		}
	}
	retire_free(t->retire);
}

void table_fini(struct table *t)
{
	free_retired(t);
	for (entry_id_t id = 0; id < t->slab.slab.count; id++) {
		const struct entry *e = slab_at(&t->slab.slab, id);
		if (e->is_dirty) {
			free(working_array(table_item(t, e)->working, e->published));
		}
		free(word_array(e->published));
	}
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		runlog_free(t->wire[c]->log);
		audience_cache_free(t->wire[c]->members);
		audience_cache_free(t->wire[c]->riders);
		free(t->wire[c]);
	}
	batch_free(t->batch);
	walk_free(t->walk);
	slab_fini(&t->slab);
	dirty_fini(&t->dirty);
	dirty_fini(&t->paced);
	ptable_fini(&t->ptable);
	pathids_fini(&t->pathids);
	forget_fini(t);
	free(t->awaited);
	free(t->member);
	free(t->peer_stats);
	free(t->scratch);
	free(t->replies);
	free(t->pending);
	free(t->tomb);
}

void table_count_bytes(struct table *t, size_t before, size_t after)
{
	metric_set(&t->stats.path_bytes, t->stats.path_bytes - before + after);
}

/* The entry of a prefix; a new one if there is none. */
static entry_id_t entry_get(struct table *t, const struct prefix *prefix)
{
	uint64_t hash = ptable_hash(&t->ptable, prefix);
	uint32_t place;
	entry_id_t id = ptable_find(&t->ptable, &t->slab.slab, prefix, hash, &place);
	if (id == ENTRY_NONE) {
		id = slab_take(&t->slab, prefix);
		ptable_add(&t->ptable, &t->slab.slab, id, hash, place);
	}
	return id;
}

/* The same; a path is about to come, so it stays. */
static entry_id_t entry_revive(struct table *t, const struct prefix *prefix)
{
	entry_id_t id = entry_get(t, prefix);
	struct entry *e = slab_at(&t->slab.slab, id);
	if (e->state == ENTRY_RETIRED) {
		e->state = ENTRY_REVIVED;
	}
	return id;
}

/* A path of no live session, or one that a refresh has not renewed yet, gives way when the prefix
 * has as many of the member's as it may: the same paths may come with other ids.  One that the
 * sweep will take goes first, then the one with the lowest id.  Returns whether there was one. */
static bool make_way(struct table *t, entry_id_t id, peer_id_t peer)
{
	struct paths_one one;
	const struct paths *w = table_working(t, id, &one);
	const struct pathid *p;
	uint64_t at = PATHID_BEGIN;
	uint64_t lowest = UINT64_MAX;
	int found = -1;
	while ((p = pathids_next(&t->pathids, id, peer, &at)) != NULL) {
		int i = paths_find(w, path_key_of(peer, p->slot));
		ASSERT(i >= 0);
		enum path_life life = path_life(t, &w->path[i]);
		uint64_t turn = life == PATH_GONE ? 0 : 1 + (uint64_t)p->id;
		if (life != PATH_LIVE && turn < lowest) {
			lowest = turn;
			found = i;
		}
	}
	if (found >= 0) {
		working_remove(t, id, (unsigned)found);
	}
	return found >= 0;
}

/* The slot for a path id; 0 when the member has as many of the prefix as it may, or the entry is
 * full. */
static uint16_t take_slot(struct table *t, entry_id_t id, peer_id_t peer, uint32_t path_id)
{
	uint16_t slot = pathids_find(&t->pathids, id, peer, path_id);
	struct paths_one one;
	const struct paths *w = table_working(t, id, &one);
	if (slot != 0 || (w != NULL && w->count == UINT16_MAX)) {
		return slot;
	}
	uint16_t own_max = t->peer[peer].paths_max;
	uint16_t slots_max = own_max != 0 ? own_max : t->paths_max;
	slot = pathids_take(&t->pathids, id, peer, path_id, slots_max);
	if (slot == 0 && make_way(t, id, peer)) {
		slot = pathids_take(&t->pathids, id, peer, path_id, slots_max);
	}
	return slot;
}

/* Why the path is not ranked.  `had` is what the member had there, or NULL.  Over the prefix limit
 * what it has stays and may change; what is new is kept out. */
static uint8_t capped_reason(const struct table *t, const struct path *had, uint8_t reason)
{
	bool has_it = had != NULL && had->reason == REJECT_NONE && path_life(t, had) != PATH_GONE;
	return reason == REJECT_NONE && !has_it ? REJECT_MAX_PREFIX : reason;
}

/* What a worker with other rules than ours has judged; an op is on its way while they change.
 * False: there is no room for the set, and the op's reference is given back. */
static bool judge_again(struct table *t, struct path *fresh, const struct prefix *prefix)
{
	enum reject known = reject_is_of_session(fresh->reason) ? fresh->reason : REJECT_NONE;
	judge_begin_attr(t->judge, fresh->peer, fresh->attr, known);
	struct judged v = judge_route(t->judge, prefix);
	judge_end(t->judge);
	if (v.attr != fresh->attr) {
		outbox_adjust(t->outbox, fresh->attr, -1);
	}
	fresh->attr = v.attr;
	fresh->reason = (uint8_t)v.reason;
	return v.attr != NULL;
}

static bool is_of_other_rules(const struct table *t, const struct op *op)
{
	return t->judge != NULL && op->policy != (uint16_t)judge_generation(t->judge);
}

/* The same path again. */
static bool is_known(const struct path *p, const struct path *fresh)
{
	return p->reason == fresh->reason && p->generation == fresh->generation &&
	       attr_equal(p->attr, fresh->attr);
}

/* Put the path at an entry that may have others. */
static void announce_at(struct table *t, entry_id_t id, const struct op *op, uint32_t path_id,
			struct path fresh)
{
	if (op->has_path_id) {
		fresh.slot = take_slot(t, id, op->peer, path_id);
		if (fresh.slot == 0) {
			metric_add(&t->peer_stats[op->peer].refused_paths, 1);
			outbox_adjust(t->outbox, fresh.attr, -1);
			return;
		}
	}
	struct paths_one one;
	const struct paths *w = table_working(t, id, &one);
	int i = paths_find(w, path_key(&fresh));
	if (op->is_capped) {
		fresh.reason = capped_reason(t, i >= 0 ? &w->path[i] : NULL, fresh.reason);
	}
	if (i >= 0 && is_known(&w->path[i], &fresh)) {
		outbox_adjust(t->outbox, fresh.attr, -1);
		return;
	}
	working_put(t, id, i, &fresh);
}

static void withdraw_one(struct table *t, const struct op *op, const struct prefix *prefix,
			 uint32_t path_id)
{
	ASSERT(prefix->family == t->family);
	uint64_t hash = ptable_hash(&t->ptable, prefix);
	uint32_t place;
	entry_id_t id = ptable_find(&t->ptable, &t->slab.slab, prefix, hash, &place);
	if (id == ENTRY_NONE) {
		return;
	}
	uint16_t slot = 0;
	if (op->has_path_id) {
		slot = pathids_find(&t->pathids, id, op->peer, path_id);
		if (slot == 0) {
			return;
		}
	}
	struct paths_one one;
	int i = paths_find(table_working(t, id, &one), path_key_of(op->peer, slot));
	if (i >= 0) {
		working_remove(t, id, (unsigned)i);
	}
}

/* Of an op that was judged by other rules: each prefix is, by ours. */
static void announce_judged(struct table *t, const struct op *op, const struct op_run *run,
			    struct path fresh)
{
	for (uint32_t i = 0; i < run->count; i++) {
		struct path judged = fresh;
		if (judge_again(t, &judged, &run->prefix[i])) {
			entry_id_t id = entry_revive(t, &run->prefix[i]);
			announce_at(t, id, op, run->path_id[i], judged);
		} else {
			metric_add(&t->peer_stats[op->peer].refused_sets, 1);
			withdraw_one(t, op, &run->prefix[i], run->path_id[i]);
		}
	}
}

void table_announce(struct table *t, const struct op *op, const struct op_run *run)
{
	struct path fresh = {.attr = op->attr,
			     .peer = op->peer,
			     .generation = t->member[op->peer].generation,
			     .reason = op->reason};
	if (is_of_other_rules(t, op)) {
		announce_judged(t, op, run, fresh);
		return;
	}
	bool can_be_first = !op->has_path_id && !op->is_capped && path_fits_word(&fresh);
	paths_word_t word = can_be_first ? word_of_path(&fresh) : 0;
	uint32_t firsts = 0;
	for (uint32_t i = 0; i < run->count; i++) {
		ASSERT(run->prefix[i].family == t->family);
		entry_id_t id = entry_revive(t, &run->prefix[i]);
		if (can_be_first && working_is_none(t, id)) {
			working_put_first(t, id, word, fresh.generation);
			firsts++;
		} else {
			working_count_firsts(t, &fresh, firsts); /* It may be one of them. */
			firsts = 0;
			announce_at(t, id, op, run->path_id[i], fresh);
		}
	}
	working_count_firsts(t, &fresh, firsts);
}

void table_dress_path(struct table *t, entry_id_t id, unsigned i, const struct attr *attr,
		      enum reject reason)
{
	struct paths_one one;
	struct path fresh = table_working(t, id, &one)->path[i];
	fresh.attr = attr;
	fresh.reason = (uint8_t)reason;
	working_put(t, id, (int)i, &fresh);
}

void table_withdraw(struct table *t, const struct op *op, const struct op_run *run)
{
	for (uint32_t i = 0; i < run->count; i++) {
		withdraw_one(t, op, &run->prefix[i], run->path_id[i]);
	}
}
