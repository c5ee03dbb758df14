/* Grace periods: who may still read, and when the owner gets things back. */
#include "rib/base/epoch.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/base/dies.h"

static struct retired item_of(uint64_t weight)
{
	return (struct retired){.weight = weight};
}

static void expect_pop(struct retire *r, uint64_t weight)
{
	struct retired item;

	cr_assert(retire_pop(r, &item));
	cr_assert_eq(item.weight, weight);
}

static void expect_none(struct retire *r)
{
	struct retired item;

	cr_assert_not(retire_pop(r, &item));
}

Test(epoch, items_come_back_in_order_after_their_flush)
{
	struct retire *r = retire_new();
	int object;

	epoch_thread_begin();
	retire_push(r, (struct retired){.object = &object, .weight = 1, .kind = 7});
	retire_push(r, item_of(2));
	retire_flush(r);
	retire_push(r, item_of(3));
	cr_expect_eq(retire_count(r), 3);
	epoch_barrier();
	struct retired first;
	cr_assert(retire_pop(r, &first));
	cr_expect(first.object == &object && first.weight == 1 && first.kind == 7);
	expect_pop(r, 2);
	expect_none(r);
	retire_flush(r);
	retire_flush(r);
	epoch_barrier();
	expect_pop(r, 3);
	expect_none(r);
	cr_expect_eq(retire_count(r), 0);
	retire_free(r);
	retire_free(NULL);
	epoch_thread_end();
}

/* More than a chunk, than a batch of chunks, and than the spare list keeps. */
Test(epoch, long_lists_keep_their_order)
{
	struct retire *r = retire_new();

	epoch_thread_begin();
	for (unsigned round = 0; round < 3; round++) {
		uint64_t next = 0;
		for (unsigned batch = 0; batch < 10; batch++) {
			for (unsigned i = 0; i < 1 + 200 * batch; i++) {
				retire_push(r, item_of(next++));
			}
			retire_flush(r);
			epoch_quiescent();
		}
		epoch_barrier();
		for (uint64_t i = 0; i < next; i++) {
			expect_pop(r, i);
		}
		expect_none(r);
	}
	retire_free(r);
	epoch_thread_end();
}

/* A thread that steps several owners in turn, as tests do with several workers. */
Test(epoch, one_thread_serves_several_lists)
{
	struct retire *lists[3];

	epoch_thread_begin();
	for (unsigned i = 0; i < ARRAY_COUNT(lists); i++) {
		lists[i] = retire_new();
		retire_push(lists[i], item_of(i));
		retire_flush(lists[i]);
	}
	epoch_barrier();
	for (unsigned i = 0; i < ARRAY_COUNT(lists); i++) {
		expect_pop(lists[i], i);
		retire_free(lists[i]);
	}
	epoch_thread_end();
}

enum reader_step { READER_START, READER_HOLDS, READER_MAY_GO, READER_DONE };

struct reader {
	int *published;
	int step;
	int seen_late;
};

static void step_set(struct reader *reader, int step)
{
	__atomic_store_n(&reader->step, step, __ATOMIC_RELEASE);
}

static void step_await(struct reader *reader, int step)
{
	while (__atomic_load_n(&reader->step, __ATOMIC_ACQUIRE) < step) {
		sched_yield();
	}
}

static void *reader_hold(void *argument)
{
	struct reader *reader = argument;

	epoch_thread_begin();
	int *held = epoch_read(reader->published);
	step_set(reader, READER_HOLDS);
	step_await(reader, READER_MAY_GO);
	reader->seen_late = *held;
	epoch_quiescent();
	epoch_thread_end();
	step_set(reader, READER_DONE);
	return NULL;
}

/* Guarantee (b). */
Test(epoch, batch_waits_for_the_reader_that_holds_the_object, .timeout = 60)
{
	int old = 41, new = 42;
	struct reader reader = {.published = &old};
	struct retire *r = retire_new();
	pthread_t thread;

	epoch_thread_begin();
	cr_assert_eq(pthread_create(&thread, NULL, reader_hold, &reader), 0);
	step_await(&reader, READER_HOLDS);
	epoch_publish(reader.published, &new);
	retire_push(r, (struct retired){.object = &old});
	retire_flush(r);
	/* Many polls of the grace-period worker: it must not give up waiting. */
	for (unsigned i = 0; i < 20; i++) {
		epoch_quiescent();
		usleep(5000);
		expect_none(r);
	}
	step_set(&reader, READER_MAY_GO);
	epoch_barrier();
	struct retired item;
	cr_assert(retire_pop(r, &item));
	cr_expect_eq(item.object, &old);
	pthread_join(thread, NULL);
	cr_expect_eq(reader.seen_late, 41);
	retire_free(r);
	epoch_thread_end();
}

static void *reader_offline(void *argument)
{
	struct reader *reader = argument;

	epoch_thread_begin();
	epoch_offline();
	step_set(reader, READER_HOLDS);
	step_await(reader, READER_MAY_GO);
	epoch_online();
	reader->seen_late = *epoch_read(reader->published);
	epoch_thread_end();
	return NULL;
}

/* Guarantee (c). */
Test(epoch, offline_thread_delays_nobody, .timeout = 60)
{
	int value = 5;
	struct reader reader = {.published = &value};
	struct retire *r = retire_new();
	pthread_t thread;

	epoch_thread_begin();
	cr_assert_eq(pthread_create(&thread, NULL, reader_offline, &reader), 0);
	step_await(&reader, READER_HOLDS);
	retire_push(r, item_of(1));
	retire_flush(r);
	epoch_barrier();
	expect_pop(r, 1);
	step_set(&reader, READER_MAY_GO);
	pthread_join(thread, NULL);
	cr_expect_eq(reader.seen_late, 5);
	retire_free(r);
	epoch_thread_end();
}

static void *retire_and_leave(void *argument)
{
	epoch_thread_begin();
	for (unsigned i = 0; i < 300; i++) {
		retire_push(argument, item_of(i));
	}
	retire_flush(argument);
	epoch_thread_end();
	return NULL;
}

Test(epoch, batch_outlives_the_thread_that_retired_it, .timeout = 60)
{
	struct retire *r = retire_new();
	pthread_t thread;

	epoch_thread_begin();
	cr_assert_eq(pthread_create(&thread, NULL, retire_and_leave, r), 0);
	epoch_offline();
	pthread_join(thread, NULL);
	epoch_online();
	epoch_barrier();
	for (unsigned i = 0; i < 300; i++) {
		expect_pop(r, i);
	}
	retire_free(r);
	epoch_thread_end();
}

enum { TURNS = 3000, READERS = 2, LIVE = 0x11fe, DEAD = 0xdead };

struct object {
	uint64_t number;
	unsigned mark;
	unsigned again; /* Equal to `mark`. */
};

struct world {
	struct object *published;
	bool is_over;
	uint64_t wrong;
	uint64_t reads;
};

static void *reader_run(void *argument)
{
	struct world *world = argument;
	uint64_t wrong = 0, reads = 0, last = 0;

	epoch_thread_begin();
	while (!__atomic_load_n(&world->is_over, __ATOMIC_ACQUIRE)) {
		struct object *o = epoch_read(world->published);
		sched_yield();
		wrong += o->mark != LIVE || o->again != LIVE || o->number < last;
		last = o->number;
		reads++;
		epoch_quiescent();
	}
	epoch_thread_end();
	__atomic_add_fetch(&world->wrong, wrong, __ATOMIC_RELAXED);
	__atomic_add_fetch(&world->reads, reads, __ATOMIC_RELAXED);
	return NULL;
}

static struct object *object_new(uint64_t number)
{
	struct object *o = malloc(sizeof(*o));

	cr_assert_not_null(o);
	*o = (struct object){.number = number, .mark = LIVE, .again = LIVE};
	return o;
}

static void retired_free_all(struct retire *r)
{
	struct retired item;

	while (retire_pop(r, &item)) {
		struct object *o = item.object;
		o->mark = DEAD;
		o->again = DEAD;
		free(o);
	}
}

/* Guarantees (a) and (b) under load: nobody ever sees an object that its owner has freed. */
Test(epoch, readers_never_see_a_freed_object, .timeout = 60)
{
	struct world world = {.published = object_new(0)};
	struct retire *r = retire_new();
	pthread_t threads[READERS];

	epoch_thread_begin();
	for (unsigned i = 0; i < READERS; i++) {
		cr_assert_eq(pthread_create(&threads[i], NULL, reader_run, &world), 0);
	}
	for (uint64_t turn = 1; turn <= TURNS; turn++) {
		struct object *old = world.published;
		epoch_publish(world.published, object_new(turn));
		retire_push(r, (struct retired){.object = old});
		retire_flush(r);
		retired_free_all(r);
		epoch_quiescent();
		if (turn % 100 == 0) {
			usleep(1000);
		}
	}
	epoch_barrier();
	retired_free_all(r);
	cr_expect_eq(retire_count(r), 0);
	__atomic_store_n(&world.is_over, true, __ATOMIC_RELEASE);
	epoch_offline();
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
	}
	epoch_online();
	cr_expect_eq(world.wrong, 0);
	cr_expect_gt(world.reads, 0);
	free(world.published);
	retire_free(r);
	epoch_thread_end();
}

static void push_unregistered(void)
{
	retire_push(retire_new(), item_of(1));
}

static void push_offline(void)
{
	epoch_thread_begin();
	epoch_offline();
	retire_push(retire_new(), item_of(1));
}

static void free_full_list(void)
{
	struct retire *r = retire_new();

	epoch_thread_begin();
	retire_push(r, item_of(1));
	retire_free(r);
}

static void begin_twice(void)
{
	epoch_thread_begin();
	epoch_thread_begin();
}

static void quiescent_unregistered(void)
{
	epoch_quiescent();
}

Test(epoch, misuse_is_a_bug)
{
	cr_expect(dies(push_unregistered, NULL, 0));
	cr_expect(dies(push_offline, NULL, 0));
	cr_expect(dies(free_full_list, NULL, 0));
	cr_expect(dies(begin_twice, NULL, 0));
	cr_expect(dies(quiescent_unregistered, NULL, 0));
}
