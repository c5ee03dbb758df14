/* A pool of equal-sized objects with a bound, for things whose number is limited by
 * configuration: pool_get() returns NULL when the bound is reached, and that is pressure, not an
 * error.  One owner thread.  Memory is taken in slabs as it is needed and given back by
 * pool_free().  pool_put() poisons nothing; an object returns zeroed from pool_get(). */
#pragma once

#include "rib/base/units.h"

struct pool;

/* `object_bytes` >= 8, `count_max` >= 1.  NULL when memory is short. */
struct pool *pool_new(size_t object_bytes, size_t count_max);
/* Every object must have been put back; NULL is allowed. */
void pool_free(struct pool *p);
void *pool_get(struct pool *p);
void pool_put(struct pool *p, void *object);
size_t pool_used(const struct pool *p);
