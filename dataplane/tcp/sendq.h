/* The send queue: references to bytes that are sent, kept until they are acknowledged.
 *
 * Positions are 64-bit stream offsets that never wrap: [acked, end).  An element either borrows its
 * bytes (a run of the log: they stay valid until acknowledged, because the session's floor holds
 * the run) or owns a copy.  Retransmission reads the same bytes again.  The bound is in bytes and
 * in elements; a push that does not fit changes nothing and returns false.
 */
#pragma once

#include "rib/base/bytes.h"

struct sendq_item {
	const uint8_t *data; /* Borrowed, or equal to `owned`. */
	uint8_t *owned;	     /* Our copy; NULL when borrowed. */
	uint64_t begin;	     /* Stream offset of data[0]. */
	uint64_t len;
};

/* Elements that need no memory of their own: a connection that is told one change now and then. */
#define SENDQ_ITEMS_NEAR 2

struct sendq {
	struct sendq_item near[SENDQ_ITEMS_NEAR]; /* The ring while `item` is NULL. */
	struct sendq_item *item;		  /* A larger one. */
	uint32_t item_cap;			  /* Elements of the ring, a power of two. */
	uint32_t head, tail;			  /* Free-running indices. */
	uint64_t acked, end;			  /* Stream offsets. */
	uint64_t bytes_max;
	uint32_t hint; /* Element of the last sendq_read, so that sending on is O(1). */
	bool is_shut;  /* Refuses every push. */
};

#define SENDQ_ITEMS_MAX 1024 /* A power of two. */

void sendq_init(struct sendq *q, uint64_t bytes_max);
void sendq_fini(struct sendq *q);
/* Append: false when it does not fit, the queue is shut, or memory is short (nothing changed). */
/* Borrowed until acknowledged.  What stands in memory right behind the last reference becomes one
 * element with it. */
bool sendq_push_ref(struct sendq *q, struct span s);
bool sendq_push_copy(struct sendq *q, struct span s); /* Copied. */
/* Refuse all further pushes; what is queued stays. */
void sendq_shut(struct sendq *q);
static inline uint64_t sendq_bytes(const struct sendq *q)
{
	return q->end - q->acked;
}
/* Bytes and elements that still fit: whether a push of `len` would succeed (memory permitting). */
bool sendq_has_room(const struct sendq *q, uint64_t len);
/* The longest push that fits; 0 when none does. */
uint64_t sendq_room(const struct sendq *q);
/* Copy `len` bytes from stream offset `from` (acked <= from, from + len <= end) and return their
 * sum (csum.h).  O(1) where the last read ended, else O(log elements). */
uint64_t sendq_read(struct sendq *q, uint64_t from, uint8_t *to, size_t len);
/* The same bytes where they lie: *out_count pieces, at most `max`, in out[] (NULL: only counted);
 * returns how many bytes they are, fewer than `len` when there are more pieces.  Void once they are
 * acknowledged or the queue is privatized. */
size_t sendq_spans(const struct sendq *q, uint64_t from, size_t len, struct span *out, unsigned max,
		   unsigned *out_count);
/* Everything below `upto` is acknowledged: drop whole elements, free copies. */
void sendq_ack(struct sendq *q, uint64_t upto);
/* Copy every borrowed element: afterwards the queue borrows nothing.  False when memory is short
 * (nothing changed). */
bool sendq_privatize(struct sendq *q);
/* Assert the invariants; O(elements). */
void sendq_check(const struct sendq *q);
