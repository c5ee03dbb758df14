/* Grace periods over liburcu's QSBR flavour.
 *
 * A retire list is a FIFO of chunks.  Items are pushed into the last chunk; retire_flush() closes
 * all chunks filled since the last flush into one batch and hands the batch's last chunk to
 * call_rcu().  The callback does one thing: it sets that chunk's `is_expired`.
 *
 *     first                                   last
 *     [chunk][chunk][chunk] [chunk] | [chunk][chunk]
 *      closer ------^        closer    open: pushed since the last flush
 *      one batch            the next
 *
 * (d) A chunk belongs to its retire list all its life; liburcu touches it between call_rcu() and
 *     the store of `is_expired` and never after: its loop reads the next callback beforehand.
 * (e) The closer is the last of its batch to be emptied, so `closer` never dangles.
 *
 * A thread that retires gets a call_rcu worker of its own with the first flush (URCU_CALL_RCU_RT):
 * queueing then costs a few ns and never a futex wake, because that worker polls every 10 ms.
 * liburcu keeps the worker in the thread's own storage.
 *
 * A thread that declared itself alone needs none of this: a batch expires at its own next quiescent
 * point, so what a simulation does never depends on another thread's pace. */
#include "rib/base/epoch.h"

#define URCU_API_MAP
#include <urcu/urcu-qsbr.h>

#include <stdlib.h>

#include "rib/base/check.h"

/* liburcu orders with barriers that ThreadSanitizer does not see: what a thread did before it was
 * quiescent comes before the callback, and what an owner retired does too. */
#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif

#ifdef HAS_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define TELL_BEFORE(address) __tsan_release(address)
#define TELL_AFTER(address)  __tsan_acquire(address)
#else
#define TELL_BEFORE(address) ((void)(address))
#define TELL_AFTER(address)  ((void)(address))
#endif

#define CHUNK_ITEMS	 125 /* 125 × 24 B + the head: 3 KiB. */
#define SPARE_CHUNKS_MAX 64  /* 192 KiB kept for the next burst. */

struct chunk {
	struct rcu_head head;
	struct chunk *next;
	struct chunk *closer; /* The batch's last chunk; NULL while the batch is open. */
	bool is_expired;      /* Of a closer: set by the callback. */
	uint64_t alone_at;    /* Of a closer of a thread alone: expires at this quiescent point. */
	uint16_t begin;	      /* Items [begin, end) wait. */
	uint16_t end;
	struct retired items[CHUNK_ITEMS];
};

struct retire {
	struct chunk *first;
	struct chunk *last;
	struct chunk *open; /* The first chunk of the open batch; NULL when nothing was pushed. */
	struct chunk *spare;
	size_t spare_count;
	size_t count;
};

/* Of the calling thread: 0 = not alone; else 1 + the quiescent points it has passed. */
static _Thread_local uint64_t alone_clock;

/* Stands for all grace periods; only its address is used. */
static char grace;

static bool is_online(void)
{
	return rcu_read_ongoing() != 0;
}

void epoch_thread_begin(void)
{
	ASSERT(!is_online());
	rcu_register_thread();
	ASSERT(is_online());
}

void epoch_thread_begin_alone(void)
{
	epoch_thread_begin();
	alone_clock = 1;
}

void epoch_thread_end(void)
{
	alone_clock = 0;
	struct call_rcu_data *worker = get_thread_call_rcu_data();

	/* First: the worker may be waiting for us to be quiescent. */
	TELL_BEFORE(&grace);
	rcu_unregister_thread();
	if (worker != NULL) {
		set_thread_call_rcu_data(NULL);
		/* What it still holds goes to liburcu's default worker. */
		call_rcu_data_free(worker);
	}
}

void epoch_quiescent(void)
{
	ASSERT(is_online());
	TELL_BEFORE(&grace);
	rcu_quiescent_state();
	if (alone_clock != 0) {
		alone_clock++;
	}
}

void epoch_offline(void)
{
	ASSERT(is_online());
	TELL_BEFORE(&grace);
	rcu_thread_offline();
}

void epoch_online(void)
{
	ASSERT(!is_online());
	rcu_thread_online();
}

void epoch_barrier(void)
{
	bool was_online = is_online();

	if (alone_clock != 0) {
		alone_clock++;
		return;
	}
	/* The workers' grace periods must not wait for the one who waits for them. */
	if (was_online) {
		TELL_BEFORE(&grace);
		rcu_thread_offline();
	}
	rcu_barrier();
	if (was_online) {
		rcu_thread_online();
	}
}

struct retire *retire_new(void)
{
	return calloc(1, sizeof(struct retire));
}

static void chunks_free(struct chunk *c)
{
	while (c != NULL) {
		struct chunk *next = c->next;
		free(c);
		c = next;
	}
}

void retire_free(struct retire *r)
{
	if (r == NULL) {
		return;
	}
	ASSERT(r->count == 0);
	ASSERT(r->first == NULL);
	chunks_free(r->spare);
	free(r);
}

static struct chunk *chunk_get(struct retire *r)
{
	struct chunk *c = r->spare;

	if (c != NULL) {
		r->spare = c->next;
		r->spare_count--;
	} else {
		c = malloc(sizeof(*c));
		/* An object that cannot be remembered could be neither freed nor kept. */
		ASSERT(c != NULL);
	}
	c->next = NULL;
	c->closer = NULL;
	c->is_expired = false;
	c->begin = 0;
	c->end = 0;
	return c;
}

static void chunk_put(struct retire *r, struct chunk *c)
{
	if (r->spare_count == SPARE_CHUNKS_MAX) {
		free(c);
		return;
	}
	c->next = r->spare;
	r->spare = c;
	r->spare_count++;
}

void retire_push(struct retire *r, struct retired item)
{
	ASSERT(is_online());
	if (r->open == NULL || r->last->end == CHUNK_ITEMS) {
		struct chunk *c = chunk_get(r);
		if (r->last != NULL) {
			r->last->next = c;
		} else {
			r->first = c;
		}
		r->last = c;
		if (r->open == NULL) {
			r->open = c;
		}
	}
	ASSERT(r->last->closer == NULL);
	r->last->items[r->last->end++] = item;
	r->count++;
}

/* On a call_rcu worker's thread.  The last touch of the chunk by anyone but its owner. */
static void batch_expire(struct rcu_head *head)
{
	struct chunk *closer = (struct chunk *)((uint8_t *)head - offsetof(struct chunk, head));

	TELL_AFTER(closer);
	TELL_AFTER(&grace);
	__atomic_store_n(&closer->is_expired, true, __ATOMIC_RELEASE);
}

/* The thread's own call_rcu worker, made on first need: most test threads never retire. */
static void worker_ensure(void)
{
	if (get_thread_call_rcu_data() == NULL) {
		set_thread_call_rcu_data(create_call_rcu_data(URCU_CALL_RCU_RT, -1));
	}
}

void retire_flush(struct retire *r)
{
	ASSERT(is_online());
	if (r->open == NULL) {
		return;
	}
	for (struct chunk *c = r->open; c != NULL; c = c->next) {
		c->closer = r->last;
	}
	r->open = NULL;
	if (alone_clock != 0) {
		r->last->alone_at = alone_clock + 1;
		return;
	}
	worker_ensure();
	r->last->alone_at = UINT64_MAX;
	TELL_BEFORE(r->last);
	call_rcu(&r->last->head, batch_expire);
}

static bool has_expired(const struct chunk *closer)
{
	return closer->alone_at <= alone_clock ||
	       __atomic_load_n(&closer->is_expired, __ATOMIC_ACQUIRE);
}

bool retire_pop(struct retire *r, struct retired *out)
{
	struct chunk *c = r->first;

	if (c == NULL || c->closer == NULL || !has_expired(c->closer)) {
		return false;
	}
	ASSERT(c->begin < c->end);
	*out = c->items[c->begin++];
	r->count--;
	if (c->begin == c->end) {
		r->first = c->next;
		if (r->first == NULL) {
			r->last = NULL;
		}
		chunk_put(r, c);
	}
	return true;
}

size_t retire_count(const struct retire *r)
{
	return r->count;
}
