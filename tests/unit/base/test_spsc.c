/* The ring: one thread (letter of the header's guarantees), and two. */
#include "rib/base/spsc.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>

#include "rib/base/prng.h"

static bool push_u64(struct spsc *r, uint64_t value)
{
	uint64_t *cell = spsc_push(r);

	if (cell == NULL) {
		return false;
	}
	*cell = value;
	return true;
}

Test(spsc, batch_appears_whole_at_publish)
{
	struct spsc *r = spsc_new(8, 8);

	cr_assert(push_u64(r, 1) && push_u64(r, 2));
	cr_expect(spsc_is_empty(r));
	cr_expect_null(spsc_pop(r));
	spsc_publish(r);
	cr_expect_not(spsc_is_empty(r));
	cr_expect_eq(*(const uint64_t *)spsc_pop(r), 1);
	cr_expect_eq(*(const uint64_t *)spsc_pop(r), 2);
	cr_expect_null(spsc_pop(r));
	spsc_free(r);
	spsc_free(NULL);
}

/* Guarantee (c): a popped cell is not overwritten before spsc_release. */
Test(spsc, popped_cells_are_room_only_after_release)
{
	struct spsc *r = spsc_new(4, 8);

	for (uint64_t i = 0; i < 4; i++) {
		cr_assert(push_u64(r, i));
	}
	cr_expect_not(push_u64(r, 9), "full");
	spsc_publish(r);
	const uint64_t *first = spsc_pop(r);
	cr_expect_eq(spsc_room(r), 0);
	cr_expect_not(push_u64(r, 9));
	cr_expect_eq(*first, 0);
	spsc_release(r);
	cr_expect_eq(spsc_room(r), 1);
	cr_expect(push_u64(r, 9));
	cr_expect_not(push_u64(r, 10));
	spsc_free(r);
}

Test(spsc, count_is_rounded_up_to_a_power_of_two)
{
	static const struct {
		size_t asked, made;
	} cases[] = {{1, 1}, {2, 2}, {3, 4}, {5, 8}, {1000, 1024}};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct spsc *r = spsc_new(cases[i].asked, 3);
		cr_expect_eq(spsc_room(r), cases[i].made);
		spsc_free(r);
	}
}

Test(spsc, random_steps_agree_with_counting)
{
	struct spsc *r = spsc_new(16, 8);
	uint64_t pushed = 0, published = 0, popped = 0, released = 0;
	struct prng chance;

	prng_init(&chance, 3);
	for (unsigned step = 0; step < 50000; step++) {
		switch (prng_below(&chance, 6)) {
		case 0:
		case 1:
			cr_assert_eq(push_u64(r, pushed), pushed - released < 16);
			pushed += pushed - released < 16;
			break;
		case 2:
			spsc_publish(r);
			published = pushed;
			break;
		case 3:
		case 4: {
			const uint64_t *cell = spsc_pop(r);
			cr_assert_eq(cell != NULL, popped < published);
			if (cell != NULL) {
				cr_assert_eq(*cell, popped++);
			}
			break;
		}
		default:
			spsc_release(r);
			released = popped;
			break;
		}
		cr_assert_eq(spsc_room(r), 16 - (pushed - released));
		cr_assert_eq(spsc_is_empty(r), popped == published);
	}
	spsc_free(r);
}

enum { CELLS = 200000 };

/* 24 bytes: a torn or stale cell does not add up. */
struct cell {
	uint64_t number, inverse, square;
};

static void *producer(void *argument)
{
	struct spsc *r = argument;
	struct prng chance;

	prng_init(&chance, 5);
	for (uint64_t i = 0; i < CELLS;) {
		uint64_t burst = 1 + prng_below(&chance, 20);
		struct cell *c;

		while (burst-- > 0 && i < CELLS && (c = spsc_push(r)) != NULL) {
			*c = (struct cell){.number = i, .inverse = ~i, .square = i * i};
			i++;
		}
		spsc_publish(r);
		if (spsc_room(r) == 0) {
			sched_yield();
		}
	}
	return NULL;
}

/* Guarantees (a), (b) and (c) between threads. */
Test(spsc, two_threads_see_every_cell_once_in_order, .timeout = 60)
{
	struct spsc *r = spsc_new(64, sizeof(struct cell));
	pthread_t thread;
	uint64_t next = 0;
	uint64_t wrong = 0;
	struct prng chance;

	prng_init(&chance, 6);
	cr_assert_eq(pthread_create(&thread, NULL, producer, r), 0);
	while (next < CELLS) {
		uint64_t burst = 1 + prng_below(&chance, 30);
		const struct cell *c;

		while (burst-- > 0 && (c = spsc_pop(r)) != NULL) {
			wrong += c->number != next || c->inverse != ~next ||
				 c->square != next * next;
			next++;
		}
		spsc_release(r);
		if (spsc_is_empty(r)) {
			sched_yield();
		}
	}
	pthread_join(thread, NULL);
	cr_expect_eq(wrong, 0);
	cr_expect(spsc_is_empty(r));
	spsc_free(r);
}
