/* Where a worker may be overtaken, and by what that matters: see world.h for the things touched.
 * `__wrap_f` stands for f everywhere (the linker's --wrap), `__real_f` is f. */
#include "rib/table/runlog_own.h"
#include "rib/table/table.h"
#include "tests/model/world.h"

#define CUT(name) __typeof__(name) __real_##name, __wrap_##name

static int pending_sets; /* What a reader does next may be to ask for views. */

CUT(table_publish);

void __wrap_table_publish(struct table *t)
{
	step_write(TOUCH_ENTRY(dirty_at(&t->dirty, t->dirty.head)->id));
	__real_table_publish(t);
}

CUT(table_expire);

void __wrap_table_expire(struct table *t)
{
	if (retire_count(t->retire) > 0) {
		explore_step((struct explore_touch){.reads = TOUCH_QUIET,
						    .writes = TOUCH_ATTR | TOUCH_ENTRIES});
	}
	__real_table_expire(t);
}

CUT(table_reclaim);

void __wrap_table_reclaim(struct table *t)
{
	if (t->tomb_head != t->tomb_tail) {
		step_read(TOUCH_PENDING);
	}
	__real_table_reclaim(t);
}

CUT(runlog_append);

void __wrap_runlog_append(struct runlog *l, const struct runlog_content *content,
			  struct retire *retire)
{
	step_write(TOUCH_END);
	__real_runlog_append(l, content, retire);
}

CUT(runlog_mark);

void __wrap_runlog_mark(struct runlog *l, entry_id_t id, struct audience *hears)
{
	step_write(TOUCH_DIRTY);
	__real_runlog_mark(l, id, hears);
}

CUT(runlog_drop);

void __wrap_runlog_drop(struct runlog *l)
{
	step_write(TOUCH_RUN);
	__real_runlog_drop(l);
}

CUT(runlog_floor);

uint64_t __wrap_runlog_floor(const struct runlog *l)
{
	step_read(TOUCH_FLOOR);
	return __real_runlog_floor(l);
}

CUT(runlog_end);

uint64_t __wrap_runlog_end(const struct runlog *l)
{
	step_read(TOUCH_END | (pending_sets > 0 ? TOUCH_ENTRIES : 0));
	return __real_runlog_end(l);
}

CUT(runlog_at);

const struct run *__wrap_runlog_at(const struct runlog *l, uint64_t position)
{
	step_read(TOUCH_RUN | TOUCH_DIRTY | TOUCH_ENTRIES); /* Dirty: its entries are next. */
	return __real_runlog_at(l, position);
}

CUT(runlog_set_floor);

void __wrap_runlog_set_floor(struct runlog *l, core_id_t core, uint64_t position)
{
	step_write(TOUCH_FLOOR);
	__real_runlog_set_floor(l, core, position);
}

CUT(runlog_set_evict_below);

void __wrap_runlog_set_evict_below(struct runlog *l, uint64_t position)
{
	step_write(TOUCH_EVICT);
	__real_runlog_set_evict_below(l, position);
}

CUT(runlog_evict_below);

uint64_t __wrap_runlog_evict_below(const struct runlog *l)
{
	step_read(TOUCH_EVICT);
	return __real_runlog_evict_below(l);
}

CUT(shard_pending_add);

void __wrap_shard_pending_add(struct shard *s, enum family family, core_id_t core, int delta)
{
	step_write(TOUCH_PENDING);
	pending_sets += delta;
	__real_shard_pending_add(s, family, core, delta);
}

CUT(view_n);

/* The sets that it finds are read next, and then the next entry. */
unsigned __wrap_view_n(const struct paths *paths, peer_id_t peer, const struct update_form *form,
		       unsigned n, const struct path **out)
{
	unsigned count = __real_view_n(paths, peer, form, n, out);
	uint32_t id = count > 0 ? attr_id(out[0]->attr) : 0;
	step_read(TOUCH_ATTR | TOUCH_ENTRIES);
	ASSERT(count == 0 || attr_id(out[0]->attr) == id); /* As long as we are not quiescent. */
	return count;
}
