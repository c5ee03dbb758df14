/* The working side of an entry: see working.h. */
#include "rib/table/working.h"

#include "rib/table/mem.h"
#include "rib/table/table.h"

const struct paths *table_working(const struct table *t, entry_id_t id, struct paths_one *one)
{
	const struct entry *e = slab_at(&t->slab.slab, id);
	if (!e->is_dirty) {
		return word_paths(e->published, e->generation, one);
	}
	const struct dirty_item *d = table_item(t, e);
	return word_paths(d->working, d->generation, one);
}

struct paths *working_array(paths_word_t working, paths_word_t published)
{
	return working != published ? word_array(working) : NULL;
}

/* The entry's item; it is dirty from now on. */
static struct dirty_item *touch(struct table *t, struct entry *e, entry_id_t id)
{
	if (!e->is_dirty) {
		e->place = dirty_push(&t->dirty, (struct dirty_item){.working = e->published,
								     .id = id,
								     .generation = e->generation});
		e->is_dirty = true;
	}
	return table_item(t, e);
}

/* Work on `word` from now on: an array that is ours and that it is not goes. */
static void change(struct table *t, const struct entry *e, struct dirty_item *d, paths_word_t word)
{
	struct paths *own = working_array(d->working, e->published);
	if (own != NULL) {
		table_count_bytes(t, paths_bytes(own->count), 0);
		free(own);
	}
	d->working = word;
}

/* An array of `count` paths that is ours to change: the first of them as they are. */
static struct paths *resize(struct table *t, const struct entry *e, struct dirty_item *d,
			    unsigned count)
{
	struct paths *own = working_array(d->working, e->published);
	if (own != NULL && own->count == count) {
		return own;
	}
	if (own != NULL) {
		table_count_bytes(t, paths_bytes(own->count), paths_bytes(count));
		own = mem_grow(own, sizeof(*own) + count * sizeof(struct path));
		own->count = (uint16_t)count;
	} else {
		struct paths_one one;
		const struct paths *old = word_paths(d->working, d->generation, &one);
		unsigned kept = old == NULL ? 0 : old->count;
		own = paths_new(count);
		if (kept > 0) {
			memcpy(own->path, old->path,
			       (kept < count ? kept : count) * sizeof(own->path[0]));
		}
		table_count_bytes(t, 0, paths_bytes(count));
	}
	d->working = word_of_array(own);
	return own;
}

/* `only` is from now on the only path. */
static void set_only(struct table *t, const struct entry *e, struct dirty_item *d, struct path only)
{
	if (path_fits_word(&only)) {
		change(t, e, d, word_of_path(&only));
		d->generation = only.generation;
	} else {
		resize(t, e, d, 1)->path[0] = only;
	}
}

/* Whether the entry's published paths hold a reference of it. */
static bool is_published(const struct entry *e, const struct path *p)
{
	struct paths_one one;
	const struct paths *published = word_paths(e->published, e->generation, &one);
	return paths_has_attr(published, path_key(p), p->attr);
}

static void metric_drop(metric_t *m)
{
	ASSERT(*m > 0);
	metric_set(m, *m - 1);
}

static void count_path(struct table *t, const struct path *p, bool is_added)
{
	struct shard_peer_stats *s = &t->peer_stats[p->peer];
	enum path_life life = path_life(t, p);
	if (life == PATH_LIVE) {
		t->member[p->peer].fresh_count += is_added ? 1 : -1u;
	} else if (life != PATH_OLD) {
		metric_set(&s->stale, is_added ? s->stale + 1 : s->stale - 1);
	}
	if (is_added) {
		metric_add(&t->stats.paths, 1);
		metric_add(&s->received, 1);
		metric_add(p->reason == 0 ? &s->accepted : &s->rejected[p->reason], 1);
		metric_add(&s->blocked, p->reason == REJECT_MAX_PREFIX);
		return;
	}
	metric_drop(&t->stats.paths);
	metric_drop(&s->received);
	metric_drop(p->reason == 0 ? &s->accepted : &s->rejected[p->reason]);
	if (p->reason == REJECT_MAX_PREFIX) {
		metric_drop(&s->blocked);
	}
}

/* The path leaves the working paths: its reference goes back, unless readers may still see it. */
static void give_back(struct table *t, const struct entry *e, const struct path *p)
{
	if (!is_published(e, p)) {
		outbox_adjust(t->outbox, p->attr, -1);
	}
}

bool working_is_none(const struct table *t, entry_id_t id)
{
	const struct entry *e = slab_at(&t->slab.slab, id);
	return !e->is_dirty && e->published == 0;
}

void working_put_first(struct table *t, entry_id_t id, paths_word_t word, uint16_t generation)
{
	ASSERT(working_is_none(t, id));
	struct dirty_item item = {.working = word, .id = id, .generation = generation};
	struct entry *e = slab_at(&t->slab.slab, id);
	e->place = dirty_push(&t->dirty, item);
	e->is_dirty = true;
}

void working_count_firsts(struct table *t, const struct path *fresh, uint32_t count)
{
	struct shard_peer_stats *s = &t->peer_stats[fresh->peer];
	ASSERT(path_life(t, fresh) == PATH_LIVE);
	t->member[fresh->peer].fresh_count += count;
	metric_add(&t->stats.entries, count);
	metric_add(&t->stats.paths, count);
	metric_add(&s->received, count);
	metric_add(fresh->reason == 0 ? &s->accepted : &s->rejected[fresh->reason], count);
	metric_add(&s->blocked, fresh->reason == REJECT_MAX_PREFIX ? count : 0);
}

void working_put(struct table *t, entry_id_t id, int i, const struct path *fresh)
{
	struct entry *e = slab_at(&t->slab.slab, id);
	struct dirty_item *d = touch(t, e, id);
	struct paths_one one;
	const struct paths *old = word_paths(d->working, d->generation, &one);
	unsigned kept = old == NULL ? 0 : old->count;
	bool is_same_attr = false;
	if (i >= 0) {
		const struct path *p = &old->path[i];
		is_same_attr = p->attr == fresh->attr;
		count_path(t, p, false);
		if (!is_same_attr) {
			give_back(t, e, p);
		}
	}
	if (is_same_attr || is_published(e, fresh)) {
		outbox_adjust(t->outbox, fresh->attr, -1); /* The entry holds one already. */
	}
	if (kept + (i < 0) == 1) {
		set_only(t, e, d, *fresh);
	} else {
		resize(t, e, d, i < 0 ? kept + 1 : kept)->path[i < 0 ? (int)kept : i] = *fresh;
	}
	count_path(t, fresh, true);
	if (kept == 0) {
		metric_add(&t->stats.entries, 1);
	}
}

void working_remove(struct table *t, entry_id_t id, unsigned i)
{
	struct entry *e = slab_at(&t->slab.slab, id);
	struct dirty_item *d = touch(t, e, id);
	struct paths_one one;
	const struct paths *old = word_paths(d->working, d->generation, &one);
	unsigned count = old->count;
	ASSERT(i < count);
	struct path gone = old->path[i];
	count_path(t, &gone, false);
	give_back(t, e, &gone);
	if (gone.slot != 0) {
		pathids_drop(&t->pathids, id, gone.peer, gone.slot);
	}
	if (count == 1) {
		change(t, e, d, 0);
		metric_drop(&t->stats.entries);
	} else if (count == 2) {
		set_only(t, e, d, old->path[1 - i]);
	} else {
		struct paths *own = resize(t, e, d, count);
		memmove(&own->path[i], &own->path[i + 1], (count - 1 - i) * sizeof(struct path));
		resize(t, e, d, count - 1);
	}
}

bool working_rank(struct table *t, entry_id_t id)
{
	const struct entry *e = slab_at(&t->slab.slab, id);
	struct dirty_item *d = table_item(t, e);
	struct paths *own = working_array(d->working, e->published);
	if (own != NULL) {
		struct paths_one one;
		decide_rank(own, t->rank);
		if (paths_equal(own, word_paths(e->published, e->generation, &one))) {
			change(t, e, d, e->published);
		}
	}
	return d->working != e->published;
}
