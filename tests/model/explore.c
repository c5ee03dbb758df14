#include "tests/model/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "rib/base/check.h"

#define STACK_BYTES (256u * 1024)
#define STEPS_MAX   4096u

struct program {
	ucontext_t context;
	uint8_t *stack;
	bool is_over;
	bool (*is_ready)(void *context); /* NULL: it can go on. */
	struct explore_touch touch;	 /* Of its next step. */
};

/* A choice of this run. */
struct choice {
	uint8_t taken;
	bool has_other; /* To be tried still: a later step of the other's races with this one. */
	bool is_second; /* The other was tried before. */
	bool could_other;
	struct explore_touch touch; /* Of the step taken. */
};

static struct {
	const struct explore_plan *plan;
	ucontext_t scheduler;
	struct program program[EXPLORE_WORKERS];
	bool is_inside; /* A program runs. */
	unsigned worker;
	struct choice choice[STEPS_MAX];
	/* This worker's next step was played from here before, or comes to the same (sleep set). */
	bool is_asleep[EXPLORE_WORKERS];
	bool is_equal; /* Whatever comes, an equal run was or will be played. */
	/* One more than the last step of the other's that this worker's steps come after. */
	unsigned seen[EXPLORE_WORKERS];
	unsigned repeat; /* The first so many are given. */
	unsigned count;
} now;

static void enter(void)
{
	now.plan->program[now.worker](now.plan->context);
	now.program[now.worker].is_over = true;
}

static void prepare(struct program *p)
{
	p->is_over = false;
	p->is_ready = NULL;
	p->touch = (struct explore_touch){UINT32_MAX, UINT32_MAX};
	ASSERT(getcontext(&p->context) == 0);
	p->context.uc_stack.ss_sp = p->stack;
	p->context.uc_stack.ss_size = STACK_BYTES;
	p->context.uc_link = &now.scheduler;
	makecontext(&p->context, enter, 0);
}

static bool can_run(unsigned worker)
{
	const struct program *p = &now.program[worker];
	return !p->is_over && (p->is_ready == NULL || p->is_ready(now.plan->context));
}

static bool is_dependent(const struct explore_touch *a, const struct explore_touch *b)
{
	return (a->writes & (b->reads | b->writes)) != 0 || (b->writes & a->reads) != 0;
}

/* A new choice among those that can run and are not asleep. */
static struct choice choose_new(const bool can[EXPLORE_WORKERS])
{
	bool is_open[EXPLORE_WORKERS] = {can[0] && !now.is_asleep[0], can[1] && !now.is_asleep[1]};
	bool is_equal = !is_open[0] && !is_open[1];
	now.is_equal = now.is_equal || is_equal;
	unsigned taken = is_open[0] || (is_equal && can[0]) ? 0 : 1;
	return (struct choice){.taken = (uint8_t)taken, .could_other = is_open[1 - taken]};
}

/* Step `j` is taken: the last step of the other's with which it could change places, and does not
 * commute, is where the other order begins. */
static void find_race(unsigned j)
{
	const struct choice *c = &now.choice[j];
	for (unsigned i = j; i > now.seen[c->taken]; i--) {
		struct choice *before = &now.choice[i - 1];
		if (before->taken != c->taken && is_dependent(&before->touch, &c->touch)) {
			before->has_other = before->could_other && !before->is_second;
			now.seen[c->taken] = i;
			return;
		}
	}
}

/* The worker whose step is next; EXPLORE_WORKERS when both are over. */
static unsigned choose(void)
{
	bool can[EXPLORE_WORKERS] = {can_run(0), can_run(1)};
	if (!can[0] && !can[1]) {
		ASSERT(now.program[0].is_over && now.program[1].is_over); /* Else: they wait. */
		return EXPLORE_WORKERS;
	}
	ASSERT(now.count < STEPS_MAX);
	unsigned i = now.count++;
	if (i >= now.repeat) {
		now.choice[i] = choose_new(can);
	}
	struct choice *c = &now.choice[i];
	ASSERT(can[c->taken]); /* Else the world is not deterministic. */
	unsigned other = 1u - c->taken;
	c->touch = now.program[c->taken].touch;
	now.is_asleep[other] = (now.is_asleep[other] || c->is_second) &&
			       !is_dependent(&c->touch, &now.program[other].touch);
	now.is_asleep[c->taken] = false;
	find_race(i);
	return c->taken;
}

static void run_once(void)
{
	now.count = 0;
	now.plan->begin(now.plan->context);
	for (unsigned i = 0; i < EXPLORE_WORKERS; i++) {
		prepare(&now.program[i]);
		now.is_asleep[i] = false;
		now.seen[i] = 0;
	}
	now.is_equal = false;
	unsigned worker;
	while ((worker = choose()) < EXPLORE_WORKERS) {
		now.worker = worker;
		now.is_inside = true;
		ASSERT(swapcontext(&now.scheduler, &now.program[worker].context) == 0);
		now.is_inside = false;
	}
	now.plan->end(now.plan->context);
}

/* The choices of the next run; false when there is none. */
static bool go_back(void)
{
	for (unsigned i = now.count; i > 0; i--) {
		if (now.choice[i - 1].has_other) {
			now.choice[i - 1] = (struct choice){.taken = 1 - now.choice[i - 1].taken,
							    .is_second = true};
			now.repeat = i;
			return true;
		}
	}
	return false;
}

bool explore_all(const struct explore_plan *plan, uint64_t runs_max, struct explore_count *out)
{
	*out = (struct explore_count){0};
	now.plan = plan;
	now.repeat = 0;
	for (unsigned i = 0; i < EXPLORE_WORKERS; i++) {
		now.program[i].stack = malloc(STACK_BYTES);
		ASSERT(now.program[i].stack != NULL);
	}
	bool has_more = true;
	while (has_more && (runs_max == 0 || out->runs < runs_max)) {
		run_once();
		out->runs++;
		out->equal += now.is_equal;
		out->depth = now.count > out->depth ? now.count : out->depth;
		has_more = go_back();
	}
	for (unsigned i = 0; i < EXPLORE_WORKERS; i++) {
		free(now.program[i].stack);
	}
	return !has_more;
}

void explore_step(struct explore_touch touch)
{
	if (now.is_inside) {
		now.program[now.worker].touch = touch;
		ASSERT(swapcontext(&now.program[now.worker].context, &now.scheduler) == 0);
	}
}

void explore_wait(bool (*is_ready)(void *context), struct explore_touch touch)
{
	ASSERT(now.is_inside);
	struct program *p = &now.program[now.worker];
	p->is_ready = is_ready;
	explore_step(touch);
	p->is_ready = NULL;
}

unsigned explore_worker(void)
{
	return now.worker;
}

void explore_as(unsigned worker)
{
	ASSERT(!now.is_inside);
	now.worker = worker;
}

void explore_print_order(void)
{
	for (unsigned i = 0; i < now.count; i++) {
		fputc('0' + now.choice[i].taken, stderr);
	}
	fputc('\n', stderr);
}
