/* The hierarchical timing wheel.
 *
 * Time is counted in ticks; a timer's tick is its due instant rounded up, so it never fires early.
 * There are seven levels of 256 slots: 56 bits of ticks hold every usec_t, so nothing overflows.
 * A timer sits at the level of the highest byte in which its tick differs from the wheel's, in the
 * slot that this byte names:
 *
 *     wheel tick 00 00 01 f0        timer 00 00 01 f7 -> level 0, slot f7
 *                                   timer 00 00 02 10 -> level 1, slot 02
 *                                   timer 00 03 00 00 -> level 2, slot 03
 *
 * (a) Its place is thus a function of the two ticks; cancelling needs no search and no extra field.
 * (b) All of a level's timers come before all of a higher level's, and slots of a level before
 *     later slots: the next timer is in the first occupied slot of the lowest occupied level.
 * (c) When the wheel's tick enters a slot of level n > 0, the slot's timers spread over the levels
 *     below, in order.  Those levels' slots for that stretch are empty at that moment, and timers
 *     armed later queue up behind: order within a tick is the order of arming.
 *
 * A timer moves at most six times in its life.  Bitmaps of occupied slots let the wheel jump over
 * idle hours at once. */
#include "rib/base/wheel.h"

#include <stdlib.h>

#include "rib/base/check.h"

#define LEVEL_COUNT 7
#define LEVEL_BITS  8
#define SLOT_COUNT  256

struct slot {
	struct wheel_timer *first;
	struct wheel_timer **tail; /* The NULL at the end of the list. */
};

struct level {
	uint64_t occupied[SLOT_COUNT / 64];
	struct slot slots[SLOT_COUNT];
};

struct wheel {
	uint64_t tick;	   /* No armed timer's tick is before it. */
	unsigned occupied; /* Bit n: level n has timers. */
	struct level levels[LEVEL_COUNT];
};

static_assert(UINT64_MAX / WHEEL_TICK_US <= UINT64_C(1) << (LEVEL_COUNT * LEVEL_BITS),
	      "the levels cover every instant");

/* Where a timer belongs. */
struct place {
	unsigned level;
	unsigned slot;
};

static struct place place_of(const struct wheel *w, usec_t due)
{
	uint64_t rounded = due / WHEEL_TICK_US + (due % WHEEL_TICK_US != 0);
	/* What is overdue fires in the current tick. */
	uint64_t tick = max_u64(rounded, w->tick);
	uint64_t differ = tick ^ w->tick;
	unsigned level = differ == 0 ? 0 : (unsigned)(63 - __builtin_clzll(differ)) / LEVEL_BITS;

	ASSERT(level < LEVEL_COUNT);
	return (struct place){
		.level = level,
		.slot = (unsigned)(tick >> (level * LEVEL_BITS)) & (SLOT_COUNT - 1),
	};
}

static void slot_clear(struct wheel *w, struct place p)
{
	struct level *l = &w->levels[p.level];

	l->slots[p.slot].first = NULL;
	l->slots[p.slot].tail = &l->slots[p.slot].first;
	l->occupied[p.slot / 64] &= ~(UINT64_C(1) << p.slot % 64);
	if ((l->occupied[0] | l->occupied[1] | l->occupied[2] | l->occupied[3]) == 0) {
		w->occupied &= ~(1U << p.level);
	}
}

static void timer_link(struct wheel *w, struct wheel_timer *t)
{
	struct place p = place_of(w, t->due);
	struct level *l = &w->levels[p.level];
	struct slot *s = &l->slots[p.slot];

	t->next = NULL;
	t->link = s->tail;
	*s->tail = t;
	s->tail = &t->next;
	l->occupied[p.slot / 64] |= UINT64_C(1) << p.slot % 64;
	w->occupied |= 1U << p.level;
}

static void timer_unlink(struct wheel *w, struct wheel_timer *t)
{
	struct place p = place_of(w, t->due);
	struct slot *s = &w->levels[p.level].slots[p.slot];

	ASSERT(*t->link == t);
	*t->link = t->next;
	if (t->next != NULL) {
		t->next->link = t->link;
	} else {
		ASSERT(s->tail == &t->next);
		s->tail = t->link;
	}
	t->next = NULL;
	t->link = NULL;
	if (s->first == NULL) {
		slot_clear(w, p);
	}
}

struct wheel *wheel_new(usec_t now)
{
	struct wheel *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		return NULL;
	}
	w->tick = now / WHEEL_TICK_US;
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
			slot_clear(w, (struct place){.level = level, .slot = slot});
		}
	}
	return w;
}

void wheel_free(struct wheel *w)
{
	free(w);
}

void wheel_arm(struct wheel *w, struct wheel_timer *t, usec_t due)
{
	wheel_cancel(w, t);
	if (due != USEC_NEVER) {
		t->due = due;
		timer_link(w, t);
	}
}

void wheel_cancel(struct wheel *w, struct wheel_timer *t)
{
	if (wheel_is_armed(t)) {
		timer_unlink(w, t);
	}
}

/* The first occupied slot of the lowest occupied level, and the tick at which it begins; false
 * when the wheel is empty. */
static bool place_next(const struct wheel *w, struct place *out, uint64_t *out_tick)
{
	if (w->occupied == 0) {
		return false;
	}
	unsigned level = (unsigned)__builtin_ctz(w->occupied);
	const uint64_t *words = w->levels[level].occupied;
	unsigned word = 0;

	while (words[word] == 0) {
		word++;
		ASSERT(word < SLOT_COUNT / 64);
	}
	unsigned slot = word * 64 + (unsigned)__builtin_ctzll(words[word]);
	unsigned shift = level * LEVEL_BITS;
	uint64_t above = w->tick >> shift >> LEVEL_BITS << LEVEL_BITS << shift;

	*out = (struct place){.level = level, .slot = slot};
	*out_tick = above | (uint64_t)slot << shift;
	ASSERT(*out_tick >= w->tick);
	return true;
}

/* The wheel's tick has entered the slot: its timers go to the levels below, in order.  (c) */
static void slot_spread(struct wheel *w, struct place p)
{
	struct wheel_timer *t = w->levels[p.level].slots[p.slot].first;

	ASSERT(p.level > 0);
	slot_clear(w, p);
	while (t != NULL) {
		struct wheel_timer *next = t->next;
		timer_link(w, t);
		t = next;
	}
}

struct wheel_timer *wheel_pop(struct wheel *w, usec_t now)
{
	uint64_t now_tick = now / WHEEL_TICK_US;
	struct place p;
	uint64_t tick;

	while (place_next(w, &p, &tick) && tick <= now_tick) {
		w->tick = tick;
		if (p.level == 0) {
			struct wheel_timer *t = w->levels[0].slots[p.slot].first;
			timer_unlink(w, t);
			return t;
		}
		slot_spread(w, p);
	}
	/* Nothing begins up to now, so no timer's place changes by this step. */
	w->tick = max_u64(w->tick, now_tick);
	return NULL;
}

usec_t wheel_due(const struct wheel *w)
{
	struct place p;
	uint64_t tick;

	/* The tick after the last instant is beyond any `now`. */
	if (!place_next(w, &p, &tick) || tick > USEC_NEVER / WHEEL_TICK_US) {
		return USEC_NEVER;
	}
	return tick * WHEEL_TICK_US;
}
