/* Proof by route or route6 object in a trusted IRR: for each origin, an object of just this prefix.
 *
 * What the registry's server answers for an AS number are the prefixes of its route objects.  An
 * object of a covering prefix is no proof, for that is not what other networks' filters are made
 * of; but it is said, since it is the usual reason.  Pure; the asking is irr_ask.h's. */
#pragma once

#include "control/evidence/claim.h"
#include "control/evidence/finding.h"
#include "control/irr/list.h"

/* The route objects of one origin. */
struct route_answer {
	asn_t origin;
	const char *failed;	     /* Why there is no answer; NULL. */
	const struct irr_list *list; /* The family's, in the trusted sources. */
	const struct irr_list *any;  /* In any source that the server has; NULL: not asked. */
};

/* Whether the list has an object of just this prefix. */
bool route_object_has(const struct irr_list *l, const struct prefix *p);
/* One answer for each origin of the claim, in its order.  `sources`: the trusted ones, for words.
 */
void route_object_check(const struct claim *c, const struct route_answer *answer,
			const char *sources, struct finding *out);
