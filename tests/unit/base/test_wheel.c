/* The timing wheel against a list that is searched from end to end. */
#include "rib/base/wheel.h"

#include <criterion/criterion.h>

#include "rib/base/prng.h"

#define HOUR_US (3600 * USEC_PER_SEC)

/* What the header promises, without slots: the earliest tick first, then the order of arming. */
struct naive {
	struct wheel_timer timer;
	uint64_t tick;
	uint64_t order;
	bool is_armed;
};

struct model {
	struct wheel *wheel;
	struct naive timers[200];
	struct prng chance;
	uint64_t tick; /* Where the wheel stands. */
	uint64_t order;
	usec_t now;
};

static uint64_t tick_up(usec_t due)
{
	return due / WHEEL_TICK_US + (due % WHEEL_TICK_US != 0);
}

static struct naive *model_first(struct model *m)
{
	struct naive *first = NULL;

	for (size_t i = 0; i < ARRAY_COUNT(m->timers); i++) {
		struct naive *n = &m->timers[i];
		if (n->is_armed && (first == NULL || n->tick < first->tick ||
				    (n->tick == first->tick && n->order < first->order))) {
			first = n;
		}
	}
	return first;
}

/* Seconds, hours, the past, this very tick: every level sees traffic. */
static usec_t random_due(struct model *m)
{
	static const usec_t spans[] = {
		1, 500, 3000, 300000, 70000000, HOUR_US * 30, HOUR_US * 24 * 400};
	usec_t due =
		m->now + prng_below(&m->chance, spans[prng_below(&m->chance, ARRAY_COUNT(spans))]);

	if (prng_chance(&m->chance, 1, 10)) {
		due = m->now - min_u64(m->now, prng_below(&m->chance, 5000));
	}
	return due;
}

static void model_arm(struct model *m, struct naive *n)
{
	usec_t due = random_due(m);

	wheel_arm(m->wheel, &n->timer, due);
	n->is_armed = true;
	n->tick = max_u64(tick_up(due), m->tick);
	n->order = m->order++;
}

static void model_cancel(struct model *m, struct naive *n)
{
	if (prng_chance(&m->chance, 1, 2)) {
		wheel_cancel(m->wheel, &n->timer);
	} else {
		wheel_arm(m->wheel, &n->timer, USEC_NEVER);
	}
	n->is_armed = false;
}

static void model_expire(struct model *m)
{
	for (;;) {
		struct naive *first = model_first(m);
		struct wheel_timer *got = wheel_pop(m->wheel, m->now);

		if (first == NULL || first->tick > m->now / WHEEL_TICK_US) {
			cr_assert_null(got, "early");
			m->tick = m->now / WHEEL_TICK_US;
			return;
		}
		cr_assert_eq(got, &first->timer, "order");
		cr_assert_not(wheel_is_armed(got));
		cr_assert_geq(m->now, got->due, "never early");
		first->is_armed = false;
		m->tick = first->tick;
		/* Arming from an expiry, the usual case of a periodic timer. */
		if (prng_chance(&m->chance, 1, 3)) {
			model_arm(m, first);
		}
	}
}

static void model_check_due(struct model *m)
{
	struct naive *first = model_first(m);
	usec_t due = wheel_due(m->wheel);

	if (first == NULL) {
		cr_assert_eq(due, USEC_NEVER);
		return;
	}
	cr_assert_leq(due, first->tick * WHEEL_TICK_US, "a lower bound");
	if (first->tick >> 8 == m->tick >> 8) {
		cr_assert_eq(due, first->tick * WHEEL_TICK_US, "exact within the block");
	}
}

static void model_run(uint64_t seed, unsigned steps)
{
	struct model m = {.now = HOUR_US * 5 + 123456};

	prng_init(&m.chance, seed);
	m.tick = m.now / WHEEL_TICK_US;
	m.wheel = wheel_new(m.now);
	for (unsigned step = 0; step < steps; step++) {
		struct naive *n = &m.timers[prng_below(&m.chance, ARRAY_COUNT(m.timers))];
		uint64_t what = prng_below(&m.chance, 10);

		if (what < 6) {
			model_arm(&m, n);
		} else if (what < 8) {
			model_cancel(&m, n);
		} else {
			static const usec_t leaps[] = {700, 5000, 300000, 90000000, HOUR_US * 50};
			usec_t leap = leaps[prng_below(&m.chance, ARRAY_COUNT(leaps))];
			m.now += prng_below(&m.chance, leap);
			model_expire(&m);
		}
		cr_assert_eq(wheel_is_armed(&n->timer), n->is_armed);
		model_check_due(&m);
	}
	m.now += HOUR_US * 24 * 1000;
	model_expire(&m);
	wheel_free(m.wheel);
}

Test(wheel, agrees_with_a_sorted_list)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		model_run(seed, 1000);
	}
}

Test(wheel, fires_at_its_tick_and_not_before)
{
	struct wheel *w = wheel_new(0);
	struct wheel_timer t = {0};

	wheel_arm(w, &t, 10001);
	cr_expect_eq(wheel_due(w), 11000);
	cr_expect_null(wheel_pop(w, 10999));
	cr_expect(wheel_is_armed(&t));
	cr_expect_eq(wheel_pop(w, 11000), &t);
	cr_expect_null(wheel_pop(w, 11000));
	cr_expect_eq(wheel_due(w), USEC_NEVER);
	wheel_free(w);
}

Test(wheel, due_leads_to_the_timer_in_few_calls)
{
	static const usec_t dues[] = {1,	255999,		256000,	       256001,
				      65536001, HOUR_US * 1000, UINT64_MAX / 2};

	for (size_t i = 0; i < ARRAY_COUNT(dues); i++) {
		struct wheel *w = wheel_new(0);
		struct wheel_timer t = {0};
		unsigned calls = 1;

		wheel_arm(w, &t, dues[i]);
		while (wheel_pop(w, wheel_due(w)) == NULL) {
			cr_assert_leq(++calls, 7, "due %lu", dues[i]);
		}
		wheel_free(w);
	}
}

Test(wheel, instants_near_the_end_of_time_neither_fire_nor_wrap)
{
	struct wheel *w = wheel_new(0);
	struct wheel_timer a = {0}, b = {0};

	wheel_arm(w, &a, USEC_NEVER - 1);
	cr_expect_eq(wheel_due(w) > HOUR_US, true);
	cr_expect_null(wheel_pop(w, UINT64_MAX / 2));
	wheel_arm(w, &b, UINT64_MAX / 2 + 1);
	cr_expect_eq(wheel_pop(w, UINT64_MAX / 2 + 1000), &b);
	cr_expect(wheel_is_armed(&a));
	wheel_cancel(w, &a);
	wheel_cancel(w, &a);
	cr_expect_eq(wheel_due(w), USEC_NEVER);
	wheel_free(w);
}

Test(wheel, time_that_goes_back_fires_nothing)
{
	struct wheel *w = wheel_new(5000000);
	struct wheel_timer t = {0};

	wheel_arm(w, &t, 5001000);
	cr_expect_null(wheel_pop(w, 4000000));
	cr_expect_eq(wheel_pop(w, 5001000), &t);
	wheel_free(w);
}
