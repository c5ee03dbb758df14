/* The single-producer single-consumer ring.
 *
 * Indices run freely and are masked on use, so full (pushed - released == count) and empty
 * (popped == published) never look alike.  Four counters move; each has one writer:
 *
 *     released <= popped <= published <= pushed <= released + count
 *     consumer    consumer  producer     producer
 *
 * Only `published` and `released` are shared.  Each side keeps a copy of the other's and reads the
 * original again only when the copy says there is nothing left, so a burst costs the transfer of
 * one cache line. */
#include "rib/base/spsc.h"

#include <stdlib.h>

#include "rib/base/check.h"

struct spsc {
	/* Read by both, written by none. */
	uint8_t *cells;
	size_t mask;
	size_t stride;

	/* The producer's line. */
	_Alignas(CACHE_LINE) size_t pushed;
	size_t released_seen;
	/* Written by the producer, read by the consumer. */
	_Alignas(CACHE_LINE) size_t published;

	/* The consumer's line. */
	_Alignas(CACHE_LINE) size_t popped;
	size_t published_seen;
	/* Written by the consumer, read by the producer. */
	_Alignas(CACHE_LINE) size_t released;
};

static_assert(offsetof(struct spsc, pushed) % CACHE_LINE == 0, "own line");
static_assert(offsetof(struct spsc, published) % CACHE_LINE == 0, "own line");
static_assert(offsetof(struct spsc, popped) % CACHE_LINE == 0, "own line");
static_assert(offsetof(struct spsc, released) % CACHE_LINE == 0, "own line");

static size_t round_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

struct spsc *spsc_new(size_t count, size_t cell_bytes)
{
	ASSERT(count >= 1);
	ASSERT(cell_bytes >= 1);
	size_t cells = 1;

	while (cells < count) {
		cells *= 2;
	}
	struct spsc *r = aligned_alloc(CACHE_LINE, sizeof(*r));
	if (r == NULL) {
		return NULL;
	}
	*r = (struct spsc){.mask = cells - 1, .stride = round_up(cell_bytes, 8)};
	r->cells = aligned_alloc(CACHE_LINE, round_up(cells * r->stride, CACHE_LINE));
	if (r->cells == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

void spsc_free(struct spsc *r)
{
	if (r != NULL) {
		free(r->cells);
		free(r);
	}
}

static size_t room_seen(const struct spsc *r)
{
	return r->mask + 1 - (r->pushed - r->released_seen);
}

size_t spsc_room(struct spsc *r)
{
	/* (c) Acquire pairs with spsc_release: the consumer has finished with what we reuse. */
	r->released_seen = __atomic_load_n(&r->released, __ATOMIC_ACQUIRE);
	ASSERT(r->pushed - r->released_seen <= r->mask + 1);
	return room_seen(r);
}

void *spsc_push(struct spsc *r)
{
	if (room_seen(r) == 0 && spsc_room(r) == 0) {
		return NULL;
	}
	return r->cells + (r->pushed++ & r->mask) * r->stride;
}

void spsc_publish(struct spsc *r)
{
	/* (b) Release: the cells' contents come before the index that shows them.  Only we write
	 * `published`, so a plain read of it is safe; an idle turn then dirties no line. */
	if (r->published != r->pushed) {
		__atomic_store_n(&r->published, r->pushed, __ATOMIC_RELEASE);
	}
}

bool spsc_is_empty(struct spsc *r)
{
	if (r->popped != r->published_seen) {
		return false;
	}
	r->published_seen = __atomic_load_n(&r->published, __ATOMIC_ACQUIRE);
	ASSERT(r->published_seen - r->released <= r->mask + 1);
	return r->popped == r->published_seen;
}

const void *spsc_pop(struct spsc *r)
{
	if (spsc_is_empty(r)) {
		return NULL;
	}
	return r->cells + (r->popped++ & r->mask) * r->stride;
}

void spsc_release(struct spsc *r)
{
	if (r->released != r->popped) {
		__atomic_store_n(&r->released, r->popped, __ATOMIC_RELEASE);
	}
}
