/* A bounded pool over slabs.
 *
 * Free objects form a list through their own first word, last in first out, so the object handed
 * out is the one most likely still in cache.  A new slab is taken only when the list is empty; a
 * slab is never given back before the pool, so an object's memory stays an object's memory. */
#include "rib/base/pool.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define SLAB_BYTES_MIN (UINT64_C(32) * 1024)

/* Slab header; the objects begin one cache line further. */
struct slab {
	struct slab *next;
};

struct free_object {
	struct free_object *next;
};

struct pool {
	struct free_object *free_list;
	uint8_t *fresh;	    /* Objects of the newest slab that were never handed out ... */
	size_t fresh_count; /* ... and how many of them are left. */
	size_t used;
	size_t made; /* Objects in all slabs. */
	size_t count_max;
	size_t stride;
	size_t slab_objects;
	struct slab *slabs;
};

struct pool *pool_new(size_t object_bytes, size_t count_max)
{
	ASSERT(object_bytes >= sizeof(struct free_object));
	ASSERT(count_max >= 1);
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		return NULL;
	}
	/* 16 keeps every type aligned; a multiple of a cache line keeps its alignment too. */
	p->stride = (object_bytes + 15) & ~(size_t)15;
	p->slab_objects = max_u64(1, SLAB_BYTES_MIN / p->stride);
	p->count_max = count_max;
	return p;
}

void pool_free(struct pool *p)
{
	if (p == NULL) {
		return;
	}
	ASSERT(p->used == 0);
	while (p->slabs != NULL) {
		struct slab *next = p->slabs->next;
		free(p->slabs);
		p->slabs = next;
	}
	free(p);
}

static bool slab_add(struct pool *p)
{
	size_t count = min_u64(p->slab_objects, p->count_max - p->made);

	if (count == 0) {
		return false;
	}
	size_t bytes = CACHE_LINE + count * p->stride;
	struct slab *s =
		aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
	if (s == NULL) {
		return false;
	}
	s->next = p->slabs;
	p->slabs = s;
	p->fresh = (uint8_t *)s + CACHE_LINE;
	p->fresh_count = count;
	p->made += count;
	return true;
}

void *pool_get(struct pool *p)
{
	void *object = p->free_list;

	if (object != NULL) {
		p->free_list = p->free_list->next;
	} else if (p->fresh_count > 0 || slab_add(p)) {
		object = p->fresh;
		p->fresh += p->stride;
		p->fresh_count--;
	} else {
		return NULL;
	}
	p->used++;
	ASSERT(p->used <= p->count_max);
	return memset(object, 0, p->stride);
}

void pool_put(struct pool *p, void *object)
{
	struct free_object *f = object;

	ASSERT(object != NULL);
	ASSERT(p->used > 0);
	f->next = p->free_list;
	p->free_list = f;
	p->used--;
}

size_t pool_used(const struct pool *p)
{
	return p->used;
}
