/* Several paths to a member (RFC 7911): what flush and carousel say in classes with path ids.
 *
 * A member gets the first n suitable paths that are not its own, each under its path id.  So of one
 * path x, a member hears
 *
 *     its set      when x is among the member's n now, and was not before or had another set
 *     withdrawn    when x was among them before, and is not now
 *
 * Members without a path of their own among the first n, before and now, all hear the same: the
 * *rest*.  The others are told apart one by one; they are at most 2 n.  Everything is said with one
 * audience for each path and statement.  Private to rib/table. */
#pragma once

#include "rib/table/table.h"

/* What changed for the members of a class with path ids. */
void several_diff(struct table *t, unsigned class_idx, entry_id_t id, const struct paths *was,
		  const struct paths *now);
/* What the riders of the class get of an entry. */
void several_scan(struct table *t, unsigned class_idx, entry_id_t id);
