/* Adaptive idling: poll while there is work, sleep on the queues' descriptors when there is none.
 *
 * After EMPTY_TURNS turns that found nothing a worker waits in ppoll(2) until a frame or a wake-up
 * arrives or the next timer is due, but never long: a sleep is bounded, so that the watchdog sees
 * turns and a missed wake-up costs little.  A worker that waits for room in its ports' rings does
 * not poll before: the longer it leaves them alone, the more it can give them at once.  Where a NIC
 * queue has no descriptor the naps are as short as a frame may wait.  While it sleeps the worker is
 * offline for RCU: nobody's grace period waits for it.
 */
#include "control/daemon/worker.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "rib/base/check.h"

#define EMPTY_TURNS 200
#define SLEEP_US    (50 * USEC_PER_MSEC) /* All queues have a descriptor. */
#define NAP_US	    (1 * USEC_PER_MSEC)	 /* Some queue must be polled. */
#define FDS_MAX	    64

struct worker {
	struct core *core;
	unsigned empty_turns;
	bool has_begun;
	metric_t turns;
	uint64_t turns_seen; /* By workers_have_moved. */
} __attribute__((aligned(CACHE_LINE)));

struct workers {
	bool is_busy;
	bool is_stopping; /* Atomic. */
	usec_t (*now)(void);
	unsigned count;
	struct worker worker[CORE_COUNT_MAX];
};

struct workers *workers_new(struct server *s, bool is_busy, usec_t (*now)(void))
{
	struct workers *w = aligned_alloc(CACHE_LINE, sizeof(*w));
	ASSERT(w != NULL);
	*w = (struct workers){.is_busy = is_busy, .now = now, .count = server_core_count(s)};
	ASSERT(w->count <= CORE_COUNT_MAX);
	for (unsigned i = 0; i < w->count; i++) {
		w->worker[i].core = server_core(s, (core_id_t)i);
	}
	return w;
}

void workers_free(struct workers *w)
{
	free(w);
}

static void sleep_until(struct worker *w, usec_t now, usec_t due)
{
	int fd[FDS_MAX];
	struct pollfd wait[FDS_MAX];
	bool covers_nics = false;
	unsigned count = core_wait_fds(w->core, fd, FDS_MAX, &covers_nics);
	for (unsigned i = 0; i < count; i++) {
		wait[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
	}
	usec_t us = min_u64(due - now, covers_nics ? SLEEP_US : NAP_US);
	const struct timespec ts = {.tv_sec = (time_t)(us / USEC_PER_SEC),
				    .tv_nsec = (long)(us % USEC_PER_SEC) * 1000};
	int ready = 0;
	if (core_sleep_begin(w->core)) {
		epoch_offline();
		ready = ppoll(wait, count, &ts, NULL);
		epoch_online();
	}
	core_sleep_end(w->core);
	/* After a wake-up more is likely to come; after a time-out one turn is enough. */
	w->empty_turns = ready > 0 ? 0 : EMPTY_TURNS - 1;
}

bool workers_turn(void *workers, unsigned core)
{
	struct workers *all = workers;
	ASSERT(core < all->count);
	struct worker *w = &all->worker[core];
	if (!w->has_begun) {
		w->has_begun = true;
		(void)prctl(PR_SET_TIMERSLACK, 1); /* Naps are short: 50 us more are too much. */
		core_begin(w->core);
	}
	if (__atomic_load_n(&all->is_stopping, __ATOMIC_ACQUIRE)) {
		core_end(w->core);
		return false;
	}
	usec_t now = all->now();
	usec_t due = core_step(w->core, now);
	metric_add(&w->turns, 1);
	if (due <= now) {
		w->empty_turns = 0;
	} else if (!all->is_busy &&
		   (core_awaits_room(w->core) || ++w->empty_turns >= EMPTY_TURNS)) {
		sleep_until(w, now, due);
	}
	return true;
}

void workers_stop(struct workers *w)
{
	__atomic_store_n(&w->is_stopping, true, __ATOMIC_RELEASE);
}

bool workers_have_moved(struct workers *w)
{
	bool have_all = true;
	for (unsigned i = 0; i < w->count; i++) {
		uint64_t turns = metric_get(&w->worker[i].turns);
		have_all = have_all && turns != w->worker[i].turns_seen;
		w->worker[i].turns_seen = turns;
	}
	return have_all;
}
