/* References that go back to their owners: what waits in a shard until it is pulled.
 *
 * One FIFO of (set, delta) for each worker; a delta for the set that stands last is added to it.
 * So a session's thousand routes with one set cost one op.  Bounded by the references that the
 * shard holds.  Never reads a set beyond its owner.  Private to rib/table. */
#pragma once

#include "rib/table/op.h"

struct outbox;

struct outbox *outbox_new(unsigned core_count);
void outbox_free(struct outbox *o);
/* Tell the set's owner to add `delta`.  The set must be alive now. */
void outbox_adjust(struct outbox *o, const struct attr *attr, int64_t delta);
/* The next ADJUST for `core`; false when none waits. */
bool outbox_pull(struct outbox *o, core_id_t core, struct op *out);
/* Ops that wait for `core`; those that cancelled out count too. */
size_t outbox_count(const struct outbox *o, core_id_t core);
