/* A batch: statements "this entry is now so, for these members", grouped, packed and appended.
 *
 * The group of a statement is (wire class, attribute set or none, audience).  Groups with the same
 * audience follow each other, before those that only a minority of the class hears; else groups
 * keep the order of their first statement and ids keep theirs, so the same input makes the same
 * runs.  Any order is right, for a member is told of a route once in a batch.  A run's
 * messages are packed to at most RUN_BYTES_MAX, because a reader takes it whole; only where one
 * message must be longer (RFC 8654), it is the run.
 * Private to rib/table. */
#pragma once

#include "rib/table/runlog_own.h"

#define RUN_BYTES_MAX 16384
#define BATCH_IDS_MAX 8192 /* Entries in one batch. */

struct table;
struct batch;

struct batch *batch_new(void);
void batch_free(struct batch *b);
/* The first path in rank order that suits the class, and the first of another member: all that any
 * member's view can be, unless a path before them has parts (then they are not looked for). */
struct heads {
	const struct path *first, *second;
	bool has_reach;
};

static inline const struct path *heads_view(const struct heads *h, peer_id_t peer)
{
	return h->first != NULL && h->first->peer == peer ? h->second : h->first;
}

struct heads batch_heads(struct batch *b, const struct table *t, const struct paths *paths,
			 unsigned class_idx);

/* Whether a set that is sent suits the members of a class, remembered for the batch. */
bool batch_suits(struct batch *b, const struct table *t, const struct attr *sent,
		 unsigned class_idx);
/* `audience` hears that `id` has `attr` (NULL: is withdrawn).  Takes the audience's count; a NULL
 * audience says nothing. */
void batch_add(struct batch *b, struct table *t, unsigned class_idx, const struct attr *attr,
	       struct audience *audience, entry_id_t id);
/* The same of one path of the entry, in a class with path ids. */
void batch_add_path(struct batch *b, struct table *t, unsigned class_idx, const struct attr *attr,
		    struct audience *audience, entry_id_t id, uint32_t path_id);
/* What is said from here on is about one entry, */
void batch_tell(struct batch *b);
/* and the same is true of `id`: nothing else was said since, but of others like it. */
void batch_repeat(struct batch *b, entry_id_t id);
/* Mark every run that a statement of this batch supersedes. */
void batch_mark(const struct batch *b, struct table *t);
/* Append the runs; the batch is empty again. */
void batch_append(struct batch *b, struct table *t);
