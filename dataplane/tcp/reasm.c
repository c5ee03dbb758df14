/* A sorted array is enough: 32 ranges are one or two cache lines per lookup, and almost always
 * there are none. */
#include "dataplane/tcp/reasm.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

static void forget(struct reasm *r)
{
	free(r->range);
	*r = (struct reasm){0};
}

void reasm_fini(struct reasm *r)
{
	forget(r);
}

static enum reasm_verdict insert_at(struct reasm *r, unsigned at, struct reasm_range range)
{
	if (r->count == REASM_RANGES_MAX) {
		return REASM_FULL;
	}
	if (r->range == NULL) {
		r->range = malloc(REASM_RANGES_MAX * sizeof(*r->range));
		if (r->range == NULL) {
			return REASM_NO_MEMORY;
		}
	}
	memmove(r->range + at + 1, r->range + at, (r->count - at) * sizeof(*r->range));
	r->range[at] = range;
	r->count++;
	return REASM_OK;
}

enum reasm_verdict reasm_add(struct reasm *r, uint64_t from, uint64_t to)
{
	unsigned first = 0;

	ASSERT(from < to);
	while (first < r->count && r->range[first].to < from) {
		first++;
	}
	unsigned end = first; /* [first, end) are the ranges that the new one touches. */

	while (end < r->count && r->range[end].from <= to) {
		end++;
	}
	if (first == end) {
		return insert_at(r, first, (struct reasm_range){from, to, ++r->clock});
	}
	r->range[first].from = min_u64(r->range[first].from, from);
	r->range[first].to = max_u64(r->range[end - 1].to, to);
	r->range[first].stamp = ++r->clock;
	memmove(r->range + first + 1, r->range + end, (r->count - end) * sizeof(*r->range));
	r->count -= end - first - 1;
	return REASM_OK;
}

bool reasm_overlap(const struct reasm *r, uint64_t from, uint64_t to, struct reasm_range *out)
{
	for (unsigned i = 0; i < r->count; i++) {
		const struct reasm_range *range = &r->range[i];

		if (range->from < to && range->to > from) {
			out->from = max_u64(range->from, from);
			out->to = min_u64(range->to, to);
			return true;
		}
	}
	return false;
}

unsigned reasm_recent(const struct reasm *r, struct reasm_range *out, unsigned max)
{
	unsigned count = 0;

	/* An insertion into the few best. */
	for (unsigned i = 0; i < r->count; i++) {
		unsigned at = count < max ? count++ : max;

		for (; at > 0 && out[at - 1].stamp < r->range[i].stamp; at--) {
			if (at < max) {
				out[at] = out[at - 1];
			}
		}
		if (at < max) {
			out[at] = r->range[i];
		}
	}
	return count;
}

uint64_t reasm_take(struct reasm *r, uint64_t next)
{
	unsigned taken = 0;

	while (taken < r->count && r->range[taken].from <= next) {
		next = max_u64(next, r->range[taken].to);
		taken++;
	}
	if (taken == 0) {
		return next;
	}
	if (taken == r->count) {
		forget(r);
		return next;
	}
	r->count -= taken;
	memmove(r->range, r->range + taken, r->count * sizeof(*r->range));
	return next;
}

void reasm_check(const struct reasm *r, uint64_t next, uint64_t end)
{
	ASSERT(r->count <= REASM_RANGES_MAX);
	ASSERT((r->count == 0) == (r->range == NULL));
	for (unsigned i = 0; i < r->count; i++) {
		ASSERT(r->range[i].from > next);
		ASSERT(r->range[i].to > r->range[i].from);
		next = r->range[i].to;
	}
	ASSERT(r->count == 0 || next <= end);
}
