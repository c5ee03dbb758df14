/* Why the bound holds: a write needs begin + need <= cap, need <= bytes_max.  With cap at its
 * largest, 2 · bytes_max, a shortage means begin > bytes_max >= extent, so moving to the front is
 * both possible and cheap, and the buffer never grows past that. */
#include "dataplane/tcp/rbuf.h"

#include <stdlib.h>

#include "rib/base/check.h"

#define RBUF_MIN 2048 /* One full Ethernet segment, or a few dozen KEEPALIVEs. */

void rbuf_init(struct rbuf *b, uint32_t bytes_max)
{
	ASSERT(bytes_max > 0 && bytes_max <= UINT32_C(1) << 30);
	*b = (struct rbuf){.bytes_max = bytes_max};
}

static void release(struct rbuf *b)
{
	free(b->data);
	rbuf_init(b, b->bytes_max);
}

void rbuf_fini(struct rbuf *b)
{
	free(b->data);
	*b = (struct rbuf){0};
}

static bool grow(struct rbuf *b, uint32_t need)
{
	uint64_t cap = max_u64(RBUF_MIN, 2 * (uint64_t)b->cap);

	while (cap < need) {
		cap *= 2;
	}
	cap = min_u64(cap, 2 * (uint64_t)b->bytes_max);
	ASSERT(cap >= need);
	uint8_t *data = malloc(cap);

	if (data == NULL) {
		return false;
	}
	if (b->extent > 0) {
		memcpy(data, b->data + b->begin, b->extent);
	}
	free(b->data);
	b->data = data;
	b->cap = (uint32_t)cap;
	b->begin = 0;
	return true;
}

/* Room for `need` bytes from the first unread one. */
static bool reserve(struct rbuf *b, uint32_t need)
{
	ASSERT(need <= b->bytes_max);
	if (b->begin + need <= b->cap) {
		return true;
	}
	if (need > b->cap || b->extent > b->begin) {
		return grow(b, need);
	}
	memmove(b->data, b->data + b->begin, b->extent);
	b->begin = 0;
	return true;
}

bool rbuf_write(struct rbuf *b, uint32_t offset, struct span s)
{
	uint64_t need = offset + (uint64_t)s.len;

	ASSERT(offset >= b->len);
	ASSERT(need <= b->bytes_max);
	if (!reserve(b, (uint32_t)need)) {
		return false;
	}
	if (s.len > 0) {
		memcpy(b->data + b->begin + offset, s.data, s.len);
	}
	b->extent = (uint32_t)max_u64(b->extent, need);
	return true;
}

void rbuf_commit(struct rbuf *b, uint32_t n)
{
	ASSERT(n <= b->extent - b->len);
	b->len += n;
}

struct span rbuf_peek(const struct rbuf *b)
{
	if (b->len == 0) {
		return span_of(NULL, 0);
	}
	return span_of(b->data + b->begin, b->len);
}

void rbuf_consume(struct rbuf *b, uint32_t n)
{
	ASSERT(n <= b->len);
	b->begin += n;
	b->len -= n;
	b->extent -= n;
	if (b->extent == 0) {
		release(b);
	}
}

void rbuf_check(const struct rbuf *b)
{
	ASSERT(b->len <= b->extent);
	ASSERT(b->extent <= b->bytes_max);
	ASSERT((uint64_t)b->begin + b->extent <= b->cap);
	ASSERT((b->data == NULL) == (b->cap == 0));
	ASSERT(b->cap <= 2 * (uint64_t)b->bytes_max);
}
