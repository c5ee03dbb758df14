/* The log: marking against a search of everything, growth, floors, and who is asked to leave. */
#include "tests/unit/table/make.h"

#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "rib/table/lag.h"
#include "rib/table/shard.h"

#define IDS 40

struct rig {
	struct slab_own slab;
	struct runlog *log;
	struct retire *retire;
	struct audience_table *audiences;
	struct audience *everyone;
};

static void rig_init(struct rig *r, size_t bytes_max)
{
	epoch_thread_begin();
	slab_init(&r->slab, FAMILY_IPV4);
	for (unsigned i = 0; i < IDS; i++) {
		struct prefix p = make_prefix(FAMILY_IPV4, i);
		slab_take(&r->slab, &p);
	}
	r->log = runlog_new(&r->slab.slab, 2, bytes_max);
	r->retire = retire_new();
	r->audiences = audience_table_new(1, 1);
	uint64_t word = 7;
	r->everyone = audience_get(r->audiences, &word);
}

static void rig_drop(struct rig *r)
{
	const struct run *run = runlog_oldest(r->log);
	for (uint32_t i = 0; i < run->count; i++) {
		slab_at(&r->slab.slab, run->ids[i])->names--;
	}
	runlog_drop(r->log);
}

static void rig_fini(struct rig *r)
{
	struct retired item;
	retire_flush(r->retire);
	epoch_barrier();
	while (retire_pop(r->retire, &item)) {
		free(item.object);
	}
	retire_free(r->retire);
	runlog_free(r->log);
	audience_table_free(r->audiences);
	slab_fini(&r->slab);
	epoch_thread_end();
}

static void append(struct rig *r, const entry_id_t *ids, uint32_t count, uint32_t bytes_len)
{
	static const uint8_t bytes[65536];
	runlog_append(r->log,
		      &(struct runlog_content){.kind = RUN_WITHDRAW,
					       .audience = r->everyone,
					       .ids = ids,
					       .count = count,
					       .bytes = bytes,
					       .bytes_len = bytes_len},
		      r->retire);
}

static bool names_id(const struct run *run, entry_id_t id)
{
	for (uint32_t i = 0; i < run->count; i++) {
		if (run->ids[i] == id) {
			return true;
		}
	}
	return false;
}

Test(table, a_mark_reaches_every_live_run_that_names_the_entry_and_no_other)
{
	/* runlog.h, guarantee (b): against a search of all runs that one of those hears whom the
	 * news concern. */
	static struct rig r;
	static bool dirty[40000];
	struct audience *sets[8] = {0};
	unsigned spared = 0;
	struct prng p;
	uint32_t names[IDS] = {0};
	prng_init(&p, 5);
	rig_init(&r, 1 << 20);
	for (uint64_t word = 1; word < ARRAY_COUNT(sets); word++) {
		sets[word] = audience_get(r.audiences, &word);
	}
	for (unsigned step = 0; step < 30000; step++) {
		struct runlog_stats st;
		runlog_stats(r.log, &st);
		uint64_t live_max = step < 20000 ? 600 : 20;
		if (st.end - st.begin > prng_below(&p, live_max) + 1) {
			rig_drop(&r);
			continue;
		}
		if (prng_chance(&p, 1, 2)) {
			entry_id_t id = (entry_id_t)prng_below(&p, IDS);
			struct audience *hears = sets[1 + prng_below(&p, 7)];
			runlog_mark(r.log, id, hears);
			for (uint64_t i = st.begin; i < st.end; i++) {
				const struct run *run = runlog_at(r.log, i);
				bool is_news = (run->audience->word[0] & hears->word[0]) != 0;
				dirty[i] |= names_id(run, id) && is_news;
				spared += names_id(run, id) && !is_news;
			}
		}
		entry_id_t ids[8];
		uint32_t count = 1 + (uint32_t)prng_below(&p, 8),
			 first = (uint32_t)prng_below(&p, IDS);
		for (uint32_t i = 0; i < count; i++) {
			ids[i] = (first + i) % IDS;
		}
		r.everyone = sets[1 + prng_below(&p, 7)];
		append(&r, ids, count, 23);
		if (step % 64 == 0) {
			uint32_t scratch[IDS] = {0};
			runlog_check(r.log, scratch); /* Rows, too. */
			for (uint64_t i = st.begin; i < st.end; i++) {
				const struct run *run = runlog_at(r.log, i);
				cr_assert_eq(run->position, i);
				cr_assert_eq(run_is_dirty(run), dirty[i]);
			}
		}
	}
	cr_expect_gt(spared, 1000);
	runlog_check(r.log, names);
	for (unsigned i = 0; i < IDS; i++) {
		cr_assert_eq(names[i], slab_at(&r.slab.slab, i)->names);
	}
	while (runlog_oldest(r.log) != NULL) {
		rig_drop(&r);
	}
	cr_expect_eq(runlog_bytes(r.log), 0);
	rig_fini(&r);
}

/* A row is there when its runs are: who hears them all may take them at once, until one of them is
 * marked; who hears none may pass them. */
Test(table, a_row_is_for_those_who_hear_every_run_of_it)
{
	static struct rig r;
	rig_init(&r, 1 << 20);
	uint64_t two = 3;
	struct audience *all = r.everyone, *some = audience_get(r.audiences, &two);
	for (entry_id_t id = 0; id < 33; id++) {
		r.everyone = id == 5 ? some : all;
		append(&r, &id, 1, 23);
		cr_expect_eq(runlog_at(r.log, 0)->row == NULL, id < 32, "until it is full");
	}
	const struct run *first = runlog_at(r.log, 0);
	const struct run_row *row = run_row_for(first, 0);
	cr_assert_not_null(row);
	cr_expect_eq(row->count, 32);
	cr_expect_eq(row->bytes_len, 32 * 23);
	cr_expect_eq(row->withdrawn, 32);
	cr_expect_eq(row->announced, 0);
	cr_expect_eq(run_row_for(first, 1), row);
	cr_expect_null(run_row_for(first, 2), "it does not hear run 5");
	cr_expect_null(run_row_past(first, 2), "but the others");
	cr_expect_eq(run_row_past(first, 3), row, "it hears nothing");
	for (entry_id_t id = 1; id < 32; id++) {
		cr_expect_null(runlog_at(r.log, id)->row, "a row is with its first run");
	}
	uint64_t nobody = 8;
	runlog_mark(r.log, 17, audience_get(r.audiences, &nobody));
	cr_expect_eq(run_row_for(first, 0), row, "no news for who hears it");
	runlog_mark(r.log, 17, some);
	cr_expect_null(run_row_for(first, 0));
	cr_expect_null(run_row_for(first, 2));
	while (runlog_oldest(r.log) != NULL) {
		rig_drop(&r);
	}
	cr_expect_eq(runlog_bytes(r.log), 0);
	rig_fini(&r);
}

/* Who hears other news of all that is in a run need not ask what of it holds. */
Test(table, a_run_is_gone_for_those_to_whom_everything_in_it_is_superseded)
{
	static struct rig r;
	static const entry_id_t ids[] = {3, 4, 5};
	rig_init(&r, 1 << 20);
	uint64_t two = 3, one = 1;
	struct audience *some = audience_get(r.audiences, &two);
	struct audience *only = audience_get(r.audiences, &one);
	append(&r, ids, 3, 23);
	append(&r, ids, 3, 23);
	const struct run *old = runlog_at(r.log, 0), *run = runlog_at(r.log, 1);
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_not(run_is_gone(run, 0));
		runlog_mark(r.log, ids[i], some);
		cr_expect(run_is_dirty(run) && run_is_dirty(old));
	}
	for (peer_id_t peer = 0; peer < 4; peer++) {
		cr_expect_eq(run_is_gone(run, peer), peer < 2, "nobody else is told");
		cr_expect_eq(run_is_gone(old, peer), peer < 2);
	}
	append(&r, ids, 3, 23); /* News of one for others than of the rest. */
	run = runlog_at(r.log, 2);
	for (unsigned i = 0; i < 3; i++) {
		runlog_mark(r.log, ids[i], i == 1 ? only : some);
	}
	cr_expect(run_is_dirty(run));
	cr_expect_not(run_is_gone(run, 0));
	append(&r, ids, 3, 23); /* One twice is not all. */
	run = runlog_at(r.log, 3);
	for (unsigned i = 0; i < 3; i++) {
		runlog_mark(r.log, 4, some);
	}
	cr_expect_not(run_is_gone(run, 0));
	while (runlog_oldest(r.log) != NULL) {
		rig_drop(&r);
	}
	rig_fini(&r);
}

Test(table, an_outgrown_ring_goes_through_a_grace_period)
{
	/* Readers on other workers may be in it. */
	static struct rig r;
	entry_id_t id = 3;
	rig_init(&r, 1 << 20);
	while (retire_count(r.retire) == 0 && runlog_end(r.log) < 10000) {
		append(&r, &id, 1, 23);
	}
	cr_assert_eq(retire_count(r.retire), 1, "grown without retiring");
	struct retired item;
	cr_expect_not(retire_pop(r.retire, &item));
	for (uint64_t i = 0; i < runlog_end(r.log); i++) {
		cr_assert_eq(runlog_at(r.log, i)->position, i);
	}
	rig_fini(&r);
}

Test(table, the_floor_is_the_lowest_of_all_workers)
{
	static struct rig r;
	rig_init(&r, 1 << 20);
	cr_expect_eq(runlog_floor(r.log), UINT64_MAX);
	runlog_set_floor(r.log, 0, 12);
	cr_expect_eq(runlog_floor(r.log), 12);
	runlog_set_floor(r.log, 1, 5);
	cr_expect_eq(runlog_floor(r.log), 5);
	runlog_set_floor(r.log, 1, UINT64_MAX);
	cr_expect_eq(runlog_floor(r.log), 12);
	rig_fini(&r);
}

Test(table, a_position_keeps_at_most_the_bytes_asked_for)
{
	static struct rig r;
	rig_init(&r, 1 << 20);
	entry_id_t id = 3;
	for (unsigned i = 0; i < 100; i++) {
		append(&r, &id, 1, 1000);
	}
	uint64_t each = runlog_bytes(r.log) / 100;
	cr_expect_eq(runlog_position_keeping(r.log, 100 * each), 0);
	cr_expect_eq(runlog_position_keeping(r.log, 100 * each - 1), 1);
	cr_expect_eq(runlog_position_keeping(r.log, 30 * each), 70);
	cr_expect_eq(runlog_position_keeping(r.log, 0), 100);
	rig_fini(&r);
}

Test(table, who_stands_still_is_asked_after_a_second_and_who_crawls_later)
{
	static struct rig r;
	struct lag lag;
	entry_id_t id = 3;
	rig_init(&r, 100000);
	lag_init(&lag);
	for (unsigned i = 0; i < 110; i++) {
		append(&r, &id, 1, 1000);
	}
	cr_assert_gt(runlog_bytes(r.log), 100000);
	lag_watch(&lag, r.log, 0, false, 100000, 5 * LAG_US, 1000);
	cr_expect_eq(lag.since, USEC_NEVER, "nothing wants in");
	/* The floor moves every half second: patience ends it after five. */
	usec_t now = 1000;
	for (unsigned i = 0; i < 10; i++, now += LAG_US / 2) {
		lag_watch(&lag, r.log, i, true, 100000, 5 * LAG_US, now);
		cr_expect_eq(lag.evict, 0);
	}
	lag_watch(&lag, r.log, 10, true, 100000, 5 * LAG_US, now);
	cr_expect_eq(lag.evict, runlog_position_keeping(r.log, 75000));
	/* Stands still. */
	lag_init(&lag);
	lag_watch(&lag, r.log, 60, true, 100000, 5 * LAG_US, 1000);
	lag_watch(&lag, r.log, 60, true, 100000, 5 * LAG_US, 1000 + LAG_US - 1);
	cr_expect_eq(lag.evict, 0);
	lag_watch(&lag, r.log, 60, true, 100000, 5 * LAG_US, 1000 + LAG_US);
	cr_expect_eq(lag.evict, 61, "at least who is at the floor");
	/* Room again: nobody is asked. */
	while (runlog_bytes(r.log) > 75000) {
		rig_drop(&r);
	}
	lag_watch(&lag, r.log, 61, true, 100000, 5 * LAG_US, 1002 + LAG_US);
	cr_expect_eq(lag.evict, 0);
	rig_fini(&r);
}
