/* Which AS-SETs a client's routes are held against: arouteserver's rule. */
#pragma once

#include "control/irr/peeringdb.h"
#include "control/irr/name.h"

struct irr_choice {
	asn_t asn;
	const char *const *as_sets; /* The client's own, else its AS number's in `asns`. */
	unsigned as_set_count;
	bool asks_peeringdb;	      /* `irrdb.peering_db` */
	const struct peeringdb *dump; /* NULL: none. */
};

/* Its AS-SETs; without any, PeeringDB's when that is to be asked and has one; else the AS itself.
 * At least one name; past IRR_NAMES_MAX the rest is left out.  Pure. */
void irr_choose(const struct irr_choice *c, struct irr_names *out);
