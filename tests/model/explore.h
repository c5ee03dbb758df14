/* All interleavings of two programs, but for those that differ in nothing.
 *
 * The programs stand for two workers.  Each is a function that runs on a stack of its own.  Before
 * everything that the other could see or change it says what that is (explore_step), and may be
 * overtaken there.  explore_all runs both to their ends once for each order of their steps: depth
 * first, each time in a world made anew, repeating the choices of the run before up to the last one
 * that has an alternative.
 *
 * Two steps next to each other that touch nothing in common can change places without any effect.
 * Of orders that differ in such exchanges alone one is played: another order is tried only where
 * two steps race (Flanagan and Godefroid, Dynamic Partial-Order Reduction, 2005), and not when a
 * step sleeps (Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, ch. 5).
 * One thread; everything else in the process must be deterministic. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define EXPLORE_WORKERS 2

/* What a step reads and writes: sets of things (bits) that are for the user to name. */
struct explore_touch {
	uint32_t reads, writes;
};

struct explore_plan {
	void *context;
	/* Make the world; judge it when both programs have ended, and take it down. */
	void (*begin)(void *context);
	void (*end)(void *context);
	void (*program[EXPLORE_WORKERS])(void *context);
};

struct explore_count {
	uint64_t runs;
	uint64_t equal; /* Of these, those found to be like another one on the way. */
	unsigned depth; /* Steps of the longest run. */
};

/* Every order; `runs_max` of them at most (0: no bound).  Whether it was all. */
bool explore_all(const struct explore_plan *plan, uint64_t runs_max, struct explore_count *out);
/* In a program: what follows, up to the next call, touches this, and the other may go first.
 * Anywhere else: nothing. */
void explore_step(struct explore_touch touch);
/* In a program: not before `is_ready` (which must not change anything, and reads what `touch`
 * names). */
void explore_wait(bool (*is_ready)(void *context), struct explore_touch touch);
/* The worker that runs; outside of programs what explore_as says. */
unsigned explore_worker(void);
void explore_as(unsigned worker);
/* The order of this run, a digit for each step: for whoever looks into a failure. */
void explore_print_order(void);
