/* Which filter each member has: the choice of its AS-SETs, kept up.  Control thread. */
#pragma once

#include "control/irr/choose.h"
#include "control/irr/irr.h"

struct irr_use;

struct irr_use *irr_use_new(struct irr *i, unsigned peer_count);
/* Gives back every filter; before irr_free. */
void irr_use_free(struct irr_use *u);
/* The member's choice (its `dump` is filled in here); NULL: it needs none.  The same choice keeps
 * the same filter, so all can be set again whenever anything has changed.  A filter of which an
 * AS-SET was not answered for yet takes the place of one with data only when it is: set again. */
void irr_use_set(struct irr_use *u, peer_id_t peer, const struct irr_choice *c, usec_t now);
/* NULL: none.  Its sets are borrowed until the next irr_serve. */
const struct irr_filter *irr_use_of(const struct irr_use *u, peer_id_t peer);
