/* Proof by ROA: the holder has told the RPKI which AS may originate the prefix.  RFC 6811, 9582.
 *
 * It proves that the *origins* are wanted by the holder, each for itself; that the customer is
 * these origins is the ASN's proof.  An origin's ROA has to reach to the longest prefix that may be
 * announced: what is longer would be invalid at every network that validates.  Pure. */
#pragma once

#include "control/evidence/claim.h"
#include "control/evidence/finding.h"
#include "rib/policy/roa.h"

/* `stale` NULL: the data are current; else why they are not, and the finding is an ERROR. */
void roa_check(const struct roa *vrps, const char *stale, const struct claim *c,
	       struct finding *out);
