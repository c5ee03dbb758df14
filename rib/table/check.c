/* The invariants of a table, in one place.  The simulator calls this after every step. */
#include "rib/table/table.h"

#include "rib/table/mem.h"

/* What a walk over all entries finds, to be compared with what is counted on the way. */
struct census {
	uint64_t entries;
	uint64_t paths;
	uint64_t path_bytes; /* Working, and published where it is another array. */
	uint64_t used;
	uint64_t dirty;
	uint64_t *received; /* [peer] */
	uint64_t *accepted;
	uint64_t *blocked;
	uint64_t *rejected; /* [peer][reason] */
	uint64_t *stale;
	uint64_t *fresh;
	uint64_t slots; /* Paths with a path id. */
};

static void census_paths(const struct table *t, struct census *c, const struct paths *p)
{
	for (unsigned i = 0; p != NULL && i < p->count; i++) {
		c->received[p->path[i].peer]++;
		c->accepted[p->path[i].peer] += p->path[i].reason == 0;
		c->blocked[p->path[i].peer] += p->path[i].reason == REJECT_MAX_PREFIX;
		c->rejected[p->path[i].peer * REJECT_COUNT + p->path[i].reason]++;
		enum path_life life = path_life(t, &p->path[i]);
		c->stale[p->path[i].peer] += life != PATH_LIVE && life != PATH_OLD;
		c->fresh[p->path[i].peer] += life == PATH_LIVE;
		c->slots += p->path[i].slot != 0;
		for (unsigned j = i + 1; j < p->count; j++) {
			ASSERT(path_key(&p->path[i]) != path_key(&p->path[j]));
		}
	}
	c->paths += p != NULL ? p->count : 0;
}

static void check_published(const struct table *t, const struct paths *p)
{
	ASSERT(p->count > 0 && p->ranked_count <= p->count);
	for (unsigned i = 0; i < p->count; i++) {
		ASSERT((p->path[i].reason == 0) == (i < p->ranked_count));
		ASSERT(p->path[i].attr != NULL && p->path[i].peer < t->peer_count);
	}
}

/* An array is only where a word would not do. */
static size_t array_bytes(const struct paths *array)
{
	if (array == NULL) {
		return 0;
	}
	ASSERT(array->count > 1 || !path_fits_word(&array->path[0]));
	return paths_bytes(array->count);
}

static void check_state(const struct entry *e)
{
	bool is_alive = e->published != 0 || e->is_dirty;
	ASSERT(e->state <= ENTRY_REVIVED);
	switch ((enum entry_state)e->state) {
	case ENTRY_FREE:
		ASSERT(!is_alive && e->names == 0);
		return;
	case ENTRY_LIVE:
		ASSERT(is_alive);
		return;
	case ENTRY_TOMB:
		ASSERT(e->published == 0 && (is_alive || e->names > 0));
		return;
	case ENTRY_RETIRED:
		ASSERT(!is_alive && e->names == 0);
		return;
	case ENTRY_QUEUED:
	case ENTRY_REVIVED:
		return;
	}
}

static void check_entry(const struct table *t, entry_id_t id, uint32_t names, struct census *c)
{
	const struct entry *e = slab_at(&t->slab.slab, id);
	ASSERT(e->names == names);
	if (e->state == ENTRY_FREE) {
		ASSERT(e->published == 0 && !e->is_dirty && names == 0);
		return;
	}
	check_state(e);
	const struct prefix prefix = slab_prefix(&t->slab.slab, id);
	uint64_t hash = ptable_hash(&t->ptable, &prefix);
	uint32_t place;
	ASSERT(ptable_find(&t->ptable, &t->slab.slab, &prefix, hash, &place) == id);
	struct paths_one one;
	const struct paths *published = entry_paths(e, &one);
	if (published != NULL) {
		check_published(t, published);
		c->path_bytes += array_bytes(word_array(e->published));
	}
	if (e->is_dirty) {
		const struct dirty_item *d = table_item(t, e);
		ASSERT(d->id == id);
		c->path_bytes += array_bytes(working_array(d->working, e->published));
		c->dirty++;
	}
	const struct paths *working = table_working(t, id, &one);
	census_paths(t, c, working);
	c->entries += working != NULL;
	c->used++;
}

static void check_census(const struct table *t, const struct census *c)
{
	ASSERT(c->entries == t->stats.entries);
	ASSERT(c->paths == t->stats.paths);
	ASSERT(c->slots == t->pathids.count);
	ASSERT(c->dirty == dirty_count(&t->dirty) + dirty_count(&t->paced));
	ASSERT(dirty_count(&t->paced) == 0 || t->paced_due != USEC_NEVER);
	ASSERT(c->used == t->slab.used && c->used == t->ptable.count);
	/* The rest is retired. */
	ASSERT(c->path_bytes <= t->stats.path_bytes);
	ASSERT(c->path_bytes == t->stats.path_bytes || retire_count(t->retire) > 0);
	for (unsigned i = 0; i < t->peer_count; i++) {
		ASSERT(c->received[i] == t->peer_stats[i].received);
		ASSERT(c->accepted[i] == t->peer_stats[i].accepted);
		ASSERT(c->blocked[i] == t->peer_stats[i].blocked);
		for (unsigned r = 1; r < REJECT_COUNT; r++) {
			ASSERT(c->rejected[i * REJECT_COUNT + r] == t->peer_stats[i].rejected[r]);
		}
		ASSERT(c->stale[i] == t->peer_stats[i].stale);
		ASSERT(c->fresh[i] == t->member[i].fresh_count);
	}
}

/* A member is in the sets of its own class; and the sets are no bigger, so in no others. */
static void check_members(const struct table *t)
{
	unsigned joined[WIRE_CLASS_COUNT] = {0}, riding[WIRE_CLASS_COUNT] = {0};
	for (unsigned i = 0; i < t->peer_count; i++) {
		const struct member *m = &t->member[i];
		ASSERT(m->is_joined || (!m->is_riding && !m->is_guarded));
		if (m->is_joined) {
			const struct wire_class *w = t->wire[m->class_idx];
			ASSERT(t->peer[i].is_up);
			ASSERT(audience_cache_has(w->members, (peer_id_t)i));
			ASSERT(audience_cache_has(w->riders, (peer_id_t)i) == m->is_riding);
			joined[m->class_idx]++;
			riding[m->class_idx] += m->is_riding;
		}
	}
	for (unsigned c = 0; c < WIRE_CLASS_COUNT; c++) {
		const struct wire_class *w = t->wire[c];
		ASSERT((joined[c] > 0) == class_set_has(&t->joined, c));
		ASSERT((w != NULL) == class_set_has(&t->made, c));
		if (w == NULL) {
			ASSERT(joined[c] == 0);
			continue;
		}
		ASSERT(t->log[c] == w->log);
		ASSERT(joined[c] == audience_cache_members(w->members));
		ASSERT(riding[c] == audience_cache_members(w->riders));
		uint64_t last = 0;
		for (peer_id_t p = w->guards.head; p != PEER_NONE; p = t->member[p].guard_next) {
			ASSERT(t->member[p].is_guarded && t->member[p].position >= last);
			last = t->member[p].position;
		}
	}
}

void table_check(const struct table *t)
{
	uint32_t *names = mem_new((t->slab.slab.count + 1u) * sizeof(*names));
	struct census census = {.received = mem_new(t->peer_count * sizeof(uint64_t)),
				.accepted = mem_new(t->peer_count * sizeof(uint64_t)),
				.blocked = mem_new(t->peer_count * sizeof(uint64_t)),
				.rejected =
					mem_new(t->peer_count * REJECT_COUNT * sizeof(uint64_t)),
				.stale = mem_new(t->peer_count * sizeof(uint64_t)),
				.fresh = mem_new(t->peer_count * sizeof(uint64_t))};
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		runlog_check(t->wire[c]->log, names);
	}
	for (entry_id_t id = 0; id < t->slab.slab.count; id++) {
		check_entry(t, id, names[id], &census);
	}
	check_census(t, &census);
	check_members(t);
	ASSERT(bits_count(t->awaited, (t->peer_count + 63u) / 64) == t->awaited_count);
	free(names);
	free(census.received);
	free(census.accepted);
	free(census.blocked);
	free(census.rejected);
	free(census.stale);
	free(census.fresh);
}

bool table_is_empty(const struct table *t)
{
	bool is_empty = t->slab.used == 0 && t->stats.paths == 0;
	is_empty &= dirty_count(&t->dirty) == 0 && dirty_count(&t->paced) == 0;
	is_empty &= t->pathids.count == 0 && !forget_is_under_way(t);
	is_empty &= t->stats.path_bytes == 0 && retire_count(t->retire) == 0;
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		is_empty &= runlog_oldest(t->wire[c]->log) == NULL;
		is_empty &= runlog_bytes(t->wire[c]->log) == 0;
	}
	return is_empty;
}
