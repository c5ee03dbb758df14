/* What the store's thread does: see store.h. */
#pragma once

#include "control/store/queue.h"

struct keeper;

/* `db` and `copy` (NULL: none is kept) are taken; `queue` is borrowed.  `is_open`: `db` is. */
struct keeper *keeper_new(struct queue *queue, struct database *db, struct database *copy,
			  bool is_open);
/* Until the queue is stopped. */
void keeper_run(struct keeper *k);
void keeper_free(struct keeper *k);
