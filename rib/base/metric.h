/* Counters with one writer and any number of readers.
 *
 * The writer adds without a locked instruction; a reader sees some recent value.  For anything
 * that is written by two threads use one counter for each and sum when reading. */
#pragma once

#include "rib/base/units.h"

typedef uint64_t metric_t;

static inline void metric_add(metric_t *m, uint64_t n)
{
	__atomic_store_n(m, *m + n, __ATOMIC_RELAXED);
}

static inline void metric_set(metric_t *m, uint64_t v)
{
	__atomic_store_n(m, v, __ATOMIC_RELAXED);
}

static inline uint64_t metric_get(const metric_t *m)
{
	return __atomic_load_n(m, __ATOMIC_RELAXED);
}
