/* Read-copy-update: immutable snapshots and grace periods (liburcu, QSBR flavour).
 *
 * The only user of liburcu.  A reader thread registers, reads published pointers without any cost,
 * and says "quiescent" once per turn: from then on it holds no pointer that it read before.  An
 * owner publishes a new object, and retires the old one; when every registered, online thread has
 * been quiescent since, the retired batch is expired and the *owner* frees it (a callback only
 * sets the flag, so memory is never freed by a foreign thread).
 *
 * (a) epoch_publish orders every earlier write before the pointer.
 * (b) A batch expires only after each online reader was quiescent after retire_flush.
 * (c) A thread that may sleep goes offline first; an offline thread holds no published pointer.
 */
#pragma once

#include "rib/base/units.h"

/* Once for each thread that reads or retires; the thread begins online. */
void epoch_thread_begin(void);
/* The same, for a program in which no other thread reads or retires (a simulation): a batch expires
 * at the thread's own next quiescent point, at once and on every run alike. */
void epoch_thread_begin_alone(void);
/* May wait some 10 ms for the thread's own grace-period worker, if it retired anything. */
void epoch_thread_end(void);
/* The calling thread holds no published pointer now.  ~4 ns. */
void epoch_quiescent(void);
/* Around a wait: no grace period waits for this thread in between. */
void epoch_offline(void);
void epoch_online(void);
/* Wait until everything retired and flushed so far, by any thread, has expired.  Control and tests
 * only: blocks until every other online thread was quiescent, and for some 10 ms.  Quiescent. */
void epoch_barrier(void);

#define epoch_publish(pointer, value) __atomic_store_n(&(pointer), (value), __ATOMIC_RELEASE)
/* Acquire, not consume: compilers do not implement consume, and on x86 it costs nothing. */
#define epoch_read(pointer) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)

/* A FIFO of retired things of one owner thread.  Items are (object, weight, kind): the owner gets
 * them back, in order, from retire_pop() once their grace period is over. */
struct retire;

struct retired {
	void *object;
	uint64_t weight; /* Whatever the owner wants to remember. */
	uint32_t kind;
};

struct retire *retire_new(void); /* NULL when memory is short. */
/* The list must be empty (see epoch_barrier); NULL is allowed. */
void retire_free(struct retire *r);
void retire_push(struct retire *r, struct retired item);
/* End of turn: start one grace period for everything pushed since the last call.  The calling
 * thread is online; it need not be quiescent yet. */
void retire_flush(struct retire *r);
/* The next expired item; false when none has expired yet. */
bool retire_pop(struct retire *r, struct retired *out);
size_t retire_count(const struct retire *r);
