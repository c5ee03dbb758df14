/* Who is given which path of an entry: view_n() for all members at once, by bit sets.
 *
 *     remaining = the members asked about
 *     for each path in rank order, and each of its parts whose set suits the class:
 *             its share = remaining & members(part) & ~the path's own member
 *             whoever has n paths now leaves remaining; stop when nobody is left
 *
 * Without parts that is what flush.c and several.h say with a few comparisons; this is for entries
 * where a path does not go to everyone, or not in one form.  A word of members costs an operation
 * for each part that is looked at.  Private to rib/table. */
#pragma once

#include "rib/table/table.h"

struct walk *walk_new(unsigned peer_count);
void walk_free(struct walk *w);

/* Say what changed from `was` to `now` for the base set of `members`, who get one path. */
void walk_diff(struct table *t, unsigned class_idx, struct audience_cache *members, entry_id_t id,
	       const struct paths *was, const struct paths *now);
/* The same where they get several, with path ids. */
void walk_diff_several(struct table *t, unsigned class_idx, struct audience_cache *members,
		       entry_id_t id, const struct paths *was, const struct paths *now);
