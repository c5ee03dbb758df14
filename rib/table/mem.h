/* Memory of the table: an allocation that fails ends the process.
 *
 * The table is the product; there is no smaller one to fall back to.  What members may make it
 * hold is bounded where it enters (max-prefix, log_bytes_max), so running out is a wrong size of
 * machine and is said at once.  Private to rib/table. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "rib/base/units.h"

static inline void *mem_new(size_t bytes)
{
	void *p = calloc(1, bytes);
	ASSERT(p != NULL);
	return p;
}

/* `bytes` is a multiple of CACHE_LINE; not zeroed. */
static inline void *mem_new_aligned(size_t alignment, size_t bytes)
{
	void *p = aligned_alloc(alignment, bytes);
	ASSERT(p != NULL);
	return p;
}

/* Zeroed by writing: for what is read before it is written.  Fresh memory that is only read is a
 * page of zeros that all share, and its first write makes a page for the second time. */
static inline void *mem_new_written(size_t bytes)
{
	void *p = mem_new_aligned(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
	return memset(p, 0, bytes);
}

static inline void *mem_grow(void *old, size_t bytes)
{
	void *p = realloc(old, bytes);
	ASSERT(p != NULL);
	return p;
}
