/* Validated ROA payloads as sorted arrays: what a source has, and what all in use have together.
 *
 * A set never changes once it is made, so that the thread of an RTR session can hand it to the
 * control thread and go on using it; the count of references is the only thing that both write.
 * Sorted arrays make each step linear: a change of a few payloads is one merge, and so is the union
 * of several sources. */
#pragma once

#include "rib/policy/roa.h"

struct vrp_set {
	_Atomic unsigned refs;
	size_t count, count_v4; /* IPv4's come first. */
	struct vrp item[];	/* By vrp_cmp; each once. */
};

struct vrp_change {
	struct vrp vrp;
	bool is_added; /* Else removed. */
};

/* By prefix, AS number, maximum length: the order in which roa_new() has nothing to sort. */
int vrp_cmp(const struct vrp *a, const struct vrp *b);
/* Any order, duplicates are kept once; `items` is sorted in place.  NULL when memory is short. */
struct vrp_set *vrp_set_new(struct vrp *items, size_t count);
/* `old` (NULL: nothing) after the changes in their order; `changes` is reordered.  Adding what is
 * there or removing what is not changes nothing.  NULL when memory is short. */
struct vrp_set *vrp_set_apply(const struct vrp_set *old, struct vrp_change *changes, size_t count);
/* What is in any of the sets (none NULL): one reference, to the set itself when there is one. */
struct vrp_set *vrp_set_union(struct vrp_set *const *sets, unsigned count);
/* What a change from one to the other (NULL: nothing) touches: every prefix under one of which the
 * payloads differ.  The caller's; NULL when memory is short.  Control thread. */
struct prefix_set *vrp_set_difference(const struct vrp_set *a, const struct vrp_set *b);
bool vrp_set_equal(const struct vrp_set *a, const struct vrp_set *b); /* NULL is only itself. */
/* Any thread; NULL does nothing. */
struct vrp_set *vrp_set_hold(struct vrp_set *s);
void vrp_set_put(struct vrp_set *s);
