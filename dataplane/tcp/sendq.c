/* A ring of elements, each with the stream offset where it begins.
 *
 * The offset in the element makes a read at any place a binary search, and `hint` makes the usual
 * one, where the last ended, a comparison.  Indices run freely and are masked on use, so that full
 * and empty differ.  An element is dropped only when its last byte is acknowledged: what it
 * borrows then is never read again.
 */
#include "dataplane/tcp/sendq.h"

#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/base/csum.h"

#define ITEMS_MIN 8

static_assert((SENDQ_ITEMS_MAX & (SENDQ_ITEMS_MAX - 1)) == 0, "indices are masked");
static_assert((ITEMS_MIN & (ITEMS_MIN - 1)) == 0, "indices are masked");
static_assert((SENDQ_ITEMS_NEAR & (SENDQ_ITEMS_NEAR - 1)) == 0, "indices are masked");

static struct sendq_item *item_at(struct sendq *q, uint32_t index)
{
	return &(q->item != NULL ? q->item : q->near)[index & (q->item_cap - 1)];
}

static const struct sendq_item *item_seen(const struct sendq *q, uint32_t index)
{
	return &(q->item != NULL ? q->item : q->near)[index & (q->item_cap - 1)];
}

static uint32_t item_count(const struct sendq *q)
{
	return q->tail - q->head;
}

void sendq_init(struct sendq *q, uint64_t bytes_max)
{
	*q = (struct sendq){.bytes_max = bytes_max, .item_cap = SENDQ_ITEMS_NEAR};
}

void sendq_fini(struct sendq *q)
{
	for (uint32_t i = q->head; i != q->tail; i++) {
		free(item_at(q, i)->owned);
	}
	free(q->item);
	*q = (struct sendq){0};
}

bool sendq_has_room(const struct sendq *q, uint64_t len)
{
	return !q->is_shut && item_count(q) < SENDQ_ITEMS_MAX &&
	       len <= q->bytes_max - sendq_bytes(q);
}

uint64_t sendq_room(const struct sendq *q)
{
	return sendq_has_room(q, 0) ? q->bytes_max - sendq_bytes(q) : 0;
}

/* Make room for one more element; false when memory is short. */
static bool grow_ring(struct sendq *q)
{
	if (item_count(q) < q->item_cap) {
		return true;
	}
	uint32_t cap = q->item == NULL ? ITEMS_MIN : q->item_cap * 2;
	struct sendq_item *item = malloc(cap * sizeof(*item));

	ASSERT(cap <= SENDQ_ITEMS_MAX);
	if (item == NULL) {
		return false;
	}
	for (uint32_t i = q->head; i != q->tail; i++) {
		item[i & (cap - 1)] = *item_at(q, i);
	}
	free(q->item);
	q->item = item;
	q->item_cap = cap;
	return true;
}

static void append(struct sendq *q, struct span s, uint8_t *owned)
{
	*item_at(q, q->tail) =
		(struct sendq_item){.data = s.data, .owned = owned, .begin = q->end, .len = s.len};
	q->tail++;
	q->end += s.len;
}

/* A reference to the bytes behind those of the last one: the same element, longer. */
static bool extend(struct sendq *q, struct span s)
{
	struct sendq_item *last = q->head != q->tail ? item_at(q, q->tail - 1) : NULL;

	if (last == NULL || last->owned != NULL || last->data + last->len != s.data) {
		return false;
	}
	last->len += s.len;
	q->end += s.len;
	return true;
}

bool sendq_push_ref(struct sendq *q, struct span s)
{
	if (!sendq_has_room(q, s.len)) {
		return false;
	}
	if (s.len == 0) {
		return true;
	}
	if (extend(q, s)) {
		return true;
	}
	if (!grow_ring(q)) {
		return false;
	}
	append(q, s, NULL);
	return true;
}

bool sendq_push_copy(struct sendq *q, struct span s)
{
	if (!sendq_has_room(q, s.len)) {
		return false;
	}
	if (s.len == 0) {
		return true;
	}
	uint8_t *owned = malloc(s.len);

	if (owned == NULL || !grow_ring(q)) {
		free(owned);
		return false;
	}
	memcpy(owned, s.data, s.len);
	append(q, span_of(owned, s.len), owned);
	return true;
}

void sendq_shut(struct sendq *q)
{
	q->is_shut = true;
}

static bool item_has(const struct sendq_item *item, uint64_t offset)
{
	return offset >= item->begin && offset - item->begin < item->len;
}

/* The element that holds `offset` (acked <= offset < end). */
static uint32_t find(const struct sendq *q, uint64_t offset)
{
	/* The hint may be stale: it counts only while it lies in the ring. */
	for (uint32_t i = q->hint; i - q->head < item_count(q) && i - q->hint < 2; i++) {
		if (item_has(item_seen(q, i), offset)) {
			return i;
		}
	}
	uint32_t low = 0, high = item_count(q); /* Relative to head. */

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (item_seen(q, q->head + middle)->begin <= offset) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return q->head + low;
}

uint64_t sendq_read(struct sendq *q, uint64_t from, uint8_t *to, size_t len)
{
	uint64_t sum = 0;
	size_t done = 0;

	ASSERT(from >= q->acked);
	ASSERT(from <= q->end && len <= q->end - from);
	if (len == 0) {
		return 0;
	}
	uint32_t i = find(q, from);

	while (done < len) {
		const struct sendq_item *item = item_seen(q, i);

		ASSERT(item_has(item, from));
		uint64_t skip = from - item->begin;
		size_t n = (size_t)min_u64(len - done, item->len - skip);

		sum = csum_join(sum, csum_copy(to + done, item->data + skip, n), done);
		from += n;
		done += n;
		q->hint = i++;
	}
	return sum;
}

size_t sendq_spans(const struct sendq *q, uint64_t from, size_t len, struct span *out, unsigned max,
		   unsigned *out_count)
{
	size_t done = 0;
	unsigned count = 0;

	ASSERT(from >= q->acked);
	ASSERT(len > 0 && len <= q->end - from);
	for (uint32_t i = find(q, from); done < len && count < max; i++) {
		const struct sendq_item *item = item_seen(q, i);

		ASSERT(item_has(item, from + done));
		uint64_t skip = from + done - item->begin;
		size_t n = (size_t)min_u64(len - done, item->len - skip);

		if (out != NULL) {
			out[count] = span_of(item->data + skip, n);
		}
		count++;
		done += n;
	}
	*out_count = count;
	return done;
}

void sendq_ack(struct sendq *q, uint64_t upto)
{
	ASSERT(upto >= q->acked);
	ASSERT(upto <= q->end);
	q->acked = upto;
	while (q->head != q->tail) {
		struct sendq_item *item = item_at(q, q->head);

		if (item->begin + item->len > upto) {
			return;
		}
		free(item->owned);
		q->head++;
	}
	free(q->item);
	q->item = NULL;
	q->item_cap = SENDQ_ITEMS_NEAR;
	q->head = q->tail = q->hint = 0;
}

/* Allocate (not yet fill) one copy for each borrowed element, into copy[]; all or nothing. */
static bool allocate_copies(const struct sendq *q, uint8_t **copy)
{
	for (uint32_t i = 0; i < item_count(q); i++) {
		const struct sendq_item *item = item_seen(q, q->head + i);

		if (item->owned != NULL) {
			continue;
		}
		copy[i] = malloc(item->len);
		if (copy[i] == NULL) {
			while (i-- > 0) {
				free(copy[i]);
			}
			return false;
		}
	}
	return true;
}

bool sendq_privatize(struct sendq *q)
{
	if (item_count(q) == 0) {
		return true;
	}
	uint8_t **copy = calloc(item_count(q), sizeof(*copy));

	if (copy == NULL || !allocate_copies(q, copy)) {
		free(copy);
		return false;
	}
	for (uint32_t i = 0; i < item_count(q); i++) {
		struct sendq_item *item = item_at(q, q->head + i);

		if (copy[i] == NULL) {
			continue;
		}
		/* Only what is not acknowledged is promised to be still readable. */
		uint64_t skip = max_u64(item->begin, q->acked) - item->begin;

		memcpy(copy[i], item->data + skip, item->len - skip);
		*item = (struct sendq_item){.data = copy[i],
					    .owned = copy[i],
					    .begin = item->begin + skip,
					    .len = item->len - skip};
	}
	free(copy);
	return true;
}

void sendq_check(const struct sendq *q)
{
	uint64_t at = q->acked;

	ASSERT(q->acked <= q->end);
	ASSERT(sendq_bytes(q) <= q->bytes_max);
	ASSERT(item_count(q) <= q->item_cap);
	ASSERT(q->item_cap <= SENDQ_ITEMS_MAX);
	ASSERT((q->item == NULL) == (q->item_cap == SENDQ_ITEMS_NEAR));
	ASSERT(q->item == NULL || item_count(q) > 0);
	for (uint32_t i = q->head; i != q->tail; i++) {
		const struct sendq_item *item = item_seen(q, i);

		ASSERT(i == q->head ? item_has(item, at) : item->begin == at);
		ASSERT(item->owned == NULL || item->owned == item->data);
		at = item->begin + item->len;
	}
	ASSERT(at == q->end);
}
