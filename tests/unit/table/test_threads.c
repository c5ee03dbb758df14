/* The log's protocol with a real second thread: publication before append, mark before append,
 * floors before freeing.  Meant for ASan and TSan; what is compared at the end is the outcome. */
#include "tests/unit/table/make.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>

#include "rib/base/prng.h"
#include "rib/table/shard.h"

#define NUMBERS 300
#define READER	5 /* A member of worker 1. */
#define CHANGES 30000
#define IDS	4
#define HELD	(3 * (IDS + 1)) /* Paths of three members, by slot. */

struct reader {
	struct shard *shard;
	struct runlog *log;
	unsigned class_idx;
	uint64_t position;
	uint32_t held[NUMBERS][HELD]; /* The first alone where it gets one path. */
	bool is_over;		      /* Atomic: nothing more will be appended. */
	bool has_floor;		      /* Atomic. */
	bool is_bad;
};

static bool has_paths(const struct reader *r)
{
	return (r->class_idx & WIRE_CLASS_PATHS) != 0;
}

/* Where the path of a path id is held: 13 bits of member, then its slot. */
static unsigned held_at(uint32_t path_id)
{
	uint32_t n = path_id - 1;
	return path_id == 0 ? 0 : ((n & 8191) - (READER - 2)) * (IDS + 1) + (n >> 13);
}

static void hear(void *context, const struct prefix *p, uint32_t path_id, uint32_t id)
{
	struct reader *r = context;
	unsigned number = (unsigned)p->bytes[1] << 8 | p->bytes[2];
	unsigned at = held_at(path_id);
	r->is_bad |= number >= NUMBERS || (id != 0 && ATTR_MEMBER(id) == READER) || at >= HELD;
	r->held[number % NUMBERS][at % HELD] = id;
}

static unsigned views(const struct reader *r, entry_id_t id, struct paths_one *one,
		      const struct path **out)
{
	const struct entry *e = slab_at(shard_slab(r->shard, FAMILY_IPV4), id);
	struct update_form form = shard_form(r->shard, FAMILY_IPV4, r->class_idx);
	return view_n(entry_paths(e, one), READER, &form,
		      has_paths(r) ? shard_view_max(r->shard) : 1, out);
}

static const struct attr *now_of(const struct reader *r, entry_id_t id, uint32_t path_id)
{
	struct paths_one one;
	const struct path *path[VIEW_MAX];
	unsigned count = views(r, id, &one, path);
	for (unsigned i = 0; i < count; i++) {
		if (!has_paths(r) || path_id_sent(path[i]) == path_id) {
			return path[i]->attr;
		}
	}
	return NULL;
}

static void read_run(struct reader *r, const struct run *run)
{
	if (!run_is_dirty(run)) {
		r->is_bad |= !naive_decode(run->bytes, run->bytes_len, r->class_idx, hear, r);
		return;
	}
	for (uint32_t i = 0; i < run->count; i++) {
		struct prefix p = slab_prefix(shard_slab(r->shard, FAMILY_IPV4), run->ids[i]);
		uint32_t path_id = run->path_ids != NULL ? run->path_ids[i] : 0;
		if (now_of(r, run->ids[i], path_id) == run->attr) {
			hear(r, &p, path_id, run->attr != NULL ? attr_id(run->attr) : 0);
		}
	}
}

/* The class is made while we look; what is seen of it must be whole. */
static void wait_for_log(struct reader *r)
{
	unsigned c = WIRE_CLASS_COUNT;
	while (c == WIRE_CLASS_COUNT) {
		c = shard_class_next(r->shard, FAMILY_IPV4, 0);
		epoch_quiescent();
	}
	r->log = shard_log(r->shard, FAMILY_IPV4, c);
	r->is_bad |= c != r->class_idx || r->log == NULL || runlog_evict_below(r->log) != 0;
	runlog_set_floor(r->log, 1, 0);
	__atomic_store_n(&r->has_floor, true, __ATOMIC_RELEASE);
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	epoch_thread_begin();
	wait_for_log(r);
	for (bool is_over = false; !is_over; epoch_quiescent()) {
		is_over = __atomic_load_n(&r->is_over, __ATOMIC_ACQUIRE);
		for (uint64_t end = runlog_end(r->log); r->position < end; r->position++) {
			const struct run *run = runlog_at(r->log, r->position);
			if (audience_has(run->audience, READER)) {
				read_run(r, run);
			}
		}
		runlog_set_floor(r->log, 1, r->position);
	}
	runlog_set_floor(r->log, 1, UINT64_MAX);
	epoch_thread_end();
	return NULL;
}

static void pull(struct shard *s, struct intern *in)
{
	struct op op;
	for (core_id_t core = 0; core < 2; core++) {
		while (shard_pull(s, core, &op)) {
			if (op.kind == OP_ADJUST) {
				intern_adjust(in, op.attr, op.delta);
			}
		}
	}
}

static void change(struct shard *s, struct intern *in, struct prng *p)
{
	struct op op = {.kind = OP_ANNOUNCE, .incarnation = 1};
	op.peer = (peer_id_t)(READER - 2 + prng_below(p, 3)); /* The reader announces, too. */
	op.prefix = make_prefix(FAMILY_IPV4, (unsigned)prng_below(p, NUMBERS));
	op.has_path_id = op.peer == READER - 1;
	op.path_id = op.has_path_id ? (uint32_t)prng_below(p, IDS) : 0;
	if (prng_chance(p, 1, 3)) {
		op.kind = OP_WITHDRAW;
	} else {
		op.attr = make_attr(in, op.peer, (unsigned)prng_below(p, 24), FAMILY_IPV4);
	}
	shard_apply(s, &op);
}

static void compare(const struct reader *r)
{
	static uint32_t want[NUMBERS][HELD];
	const struct slab *slab = shard_slab(r->shard, FAMILY_IPV4);
	memset(want, 0, sizeof(want));
	for (entry_id_t id = 0; id < slab->count; id++) {
		struct prefix p = slab_prefix(slab, id);
		struct paths_one one;
		const struct path *path[VIEW_MAX];
		unsigned count = views(r, id, &one, path);
		for (unsigned i = 0; i < count; i++) {
			unsigned at = has_paths(r) ? held_at(path_id_sent(path[i])) : 0;
			want[(unsigned)p.bytes[1] << 8 | p.bytes[2]][at] = attr_id(path[i]->attr);
		}
	}
	cr_expect_eq(memcmp(want, r->held, sizeof(want)), 0);
}

static void read_beside(unsigned class_idx)
{
	epoch_thread_begin();
	struct intern *in = intern_new(0, 1, 4096);
	struct shard *s = shard_new(&(struct shard_opts){.core_count = 2,
							 .peer_count = 16,
							 .key = 3,
							 .local_as = MAKE_LOCAL_AS,
							 .view_max = 3});
	struct prng p;
	prng_init(&p, 99);
	for (peer_id_t peer = READER - 2; peer <= READER; peer++) {
		struct op op = {.kind = OP_UP, .peer = peer, .from = 1, .incarnation = 1};
		op.router_id = peer;
		shard_apply(s, &op);
	}
	static struct reader r;
	r = (struct reader){.shard = s, .class_idx = class_idx};
	cr_assert_null(shard_log(s, FAMILY_IPV4, class_idx));
	pthread_t thread;
	cr_assert_eq(pthread_create(&thread, NULL, reader_main, &r), 0);
	struct op join = {.kind = OP_JOIN, .peer = READER, .from = 1, .incarnation = 1};
	join.class_idx = (uint8_t)class_idx;
	shard_apply(s, &join);
	while (!__atomic_load_n(&r.has_floor, __ATOMIC_ACQUIRE)) {
		sched_yield();
	}
	join.kind = OP_JOIN_ACK;
	shard_apply(s, &join);
	usec_t now = 0;
	for (unsigned i = 0; i < CHANGES; i++) {
		change(s, in, &p);
		if (prng_chance(&p, 1, 20)) {
			shard_turn(s, now += 10, false);
			pull(s, in);
			epoch_quiescent();
		}
	}
	do {
		shard_turn(s, now += 10, false);
		epoch_quiescent();
	} while (shard_due(s) == 0);
	__atomic_store_n(&r.is_over, true, __ATOMIC_RELEASE);
	epoch_offline();
	pthread_join(thread, NULL);
	epoch_online();
	cr_expect_not(r.is_bad);
	compare(&r);
	shard_check(s);
	pull(s, in);
	shard_free(s);
	intern_free(in);
	epoch_thread_end();
}

Test(table, a_reader_on_another_thread_ends_with_its_view, .timeout = 120)
{
	read_beside(0);
}

Test(table, a_reader_of_several_paths_on_another_thread_ends_with_its_view, .timeout = 120)
{
	read_beside(WIRE_CLASS_PATHS);
}

Test(table, a_reader_of_the_highest_class_on_another_thread_ends_with_its_view, .timeout = 120)
{
	read_beside(WIRE_CLASS_COUNT - 1);
}
