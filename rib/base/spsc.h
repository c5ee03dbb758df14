/* A bounded single-producer single-consumer ring of fixed-size cells.
 *
 * One thread pushes, one other (or the same) thread pops; nothing else is shared.  Producer and
 * consumer indices live on their own cache lines and each side caches the other's, so a burst
 * costs one shared read.  Cells become visible to the consumer only at spsc_publish(), so a batch
 * appears whole.  Guarantees: (a) FIFO; (b) what was written before publish is seen after pop;
 * (c) a cell is not overwritten before spsc_release() of the consumer.
 */
#pragma once

#include "rib/base/units.h"

struct spsc;

/* `count` cells (rounded up to a power of two) of `cell_bytes` each.  NULL when memory is short. */
struct spsc *spsc_new(size_t count, size_t cell_bytes);
void spsc_free(struct spsc *r);

/* Producer: free cells right now. */
size_t spsc_room(struct spsc *r);
/* Producer: the next cell to fill, or NULL when full; it counts as pushed at the next publish. */
void *spsc_push(struct spsc *r);
/* Producer: make all pushed cells visible. */
void spsc_publish(struct spsc *r);

/* Consumer: the next visible cell, or NULL; it stays valid until spsc_release(). */
const void *spsc_pop(struct spsc *r);
/* Consumer: hand all popped cells back to the producer. */
void spsc_release(struct spsc *r);
/* Consumer: whether a cell is waiting. */
bool spsc_is_empty(struct spsc *r);
