/* The working side of an entry: what ops have made of its paths and no reader sees yet.
 *
 * A clean entry works on what is published.  The first change gives it an item in the dirty ring;
 * changes up to the flush go there.  An only path is changed in place, as a word; of several, the
 * first change copies the array.  The working array is not ranked before the flush: many changes,
 * one sort.
 *
 * References: an entry holds one reference of each (path key, attribute set) that stands in its
 * published or its working paths.  What leaves the working paths while the published ones still
 * have it is given back after their grace period.  Private to rib/table. */
#pragma once

#include "rib/table/entry_own.h"

struct table;

/* What the owner works on; NULL when the prefix has no path.  Valid as long as `one` is, and until
 * the entry is changed or flushed. */
const struct paths *table_working(const struct table *t, entry_id_t id, struct paths_one *one);
/* Whether the entry is clean and has no path. */
bool working_is_none(const struct table *t, entry_id_t id);
/* The first path of such an entry, as a word; what is counted of such paths is counted for all of
 * an op together, with one of them to say what they are. */
void working_put_first(struct table *t, entry_id_t id, paths_word_t word, uint16_t generation);
void working_count_firsts(struct table *t, const struct path *fresh, uint32_t count);
/* Replace working path `i` by `fresh`, or add it (i < 0).  Takes the reference that came with
 * `fresh`. */
void working_put(struct table *t, entry_id_t id, int i, const struct path *fresh);
/* Remove working path `i`. */
void working_remove(struct table *t, entry_id_t id, unsigned i);
/* Put the working paths of a dirty entry in rank order.  Whether readers will see a change. */
bool working_rank(struct table *t, entry_id_t id);
/* A word's array, if it has one and it is not that of `published`. */
struct paths *working_array(paths_word_t working, paths_word_t published);
