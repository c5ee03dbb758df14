/* Routes of our own: see own.h. */
#include "rib/policy/own.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

struct own_routes {
	uint32_t refs;
	unsigned count, words;
	uint64_t *bits;
	struct own_route route[];
};

static int order(const void *a, const void *b)
{
	const struct own_route *x = a, *y = b;
	return prefix_cmp(&x->prefix, &y->prefix);
}

struct own_routes *own_routes_new(const struct own_route *route, unsigned count,
				  const uint64_t *bits, unsigned audience_count, unsigned words)
{
	struct own_routes *o = malloc(sizeof(*o) + count * sizeof(*route));
	uint64_t *copy = malloc(((size_t)audience_count * words + 1) * sizeof(*copy));
	if (o == NULL || copy == NULL) {
		free(o);
		free(copy);
		return NULL;
	}
	*o = (struct own_routes){.refs = 1, .count = count, .words = words, .bits = copy};
	memcpy(copy, bits, (size_t)audience_count * words * sizeof(*copy));
	memcpy(o->route, route, count * sizeof(*route));
	qsort(o->route, count, sizeof(*route), order);
	for (unsigned i = 0; i < count; i++) {
		ASSERT(o->route[i].audience < audience_count);
		ASSERT(i == 0 || order(&o->route[i - 1], &o->route[i]) < 0);
	}
	return o;
}

void own_routes_hold(struct own_routes *o)
{
	if (o != NULL) {
		ASSERT(o->refs > 0);
		o->refs++;
	}
}

void own_routes_put(struct own_routes *o)
{
	if (o != NULL) {
		ASSERT(o->refs > 0);
		if (--o->refs == 0) {
			free(o->bits);
			free(o);
		}
	}
}

unsigned own_routes_count(const struct own_routes *o)
{
	return o != NULL ? o->count : 0;
}

const struct own_route *own_routes_at(const struct own_routes *o, unsigned i)
{
	ASSERT(i < own_routes_count(o));
	return &o->route[i];
}

const struct own_route *own_routes_find(const struct own_routes *o, const struct prefix *prefix)
{
	const struct own_route key = {.prefix = *prefix};
	return o != NULL ? bsearch(&key, o->route, o->count, sizeof(key), order) : NULL;
}

const uint64_t *own_hearers(const struct own_routes *o, const struct own_route *route)
{
	return o->bits + (size_t)route->audience * o->words;
}

bool own_route_equal(const struct own_routes *a, const struct own_route *of_a,
		     const struct own_routes *b, const struct own_route *of_b)
{
	return prefix_equal(&of_a->prefix, &of_b->prefix) &&
	       of_a->is_draining == of_b->is_draining && a->words == b->words &&
	       memcmp(own_hearers(a, of_a), own_hearers(b, of_b), a->words * sizeof(uint64_t)) == 0;
}
