/* Proof of an AS number by its aut-num object in an IRR: the object has the number's token.
 *
 * Who can write the object of a registry that hands out numbers is its holder.  Other databases let
 * anybody register an aut-num, so which sources count is said by the operator apart from those of
 * route objects (irr.aut_num_sources).  RFC 2622 §2, §6.  Pure; any bytes may come. */
#pragma once

#include "control/evidence/claim.h"
#include "control/evidence/finding.h"

#define AUT_NUM_BYTES_MAX ((size_t)1 << 20)

struct aut_num_claim {
	asn_t asn;
	const char *token;
	const char *sources; /* Those that count: "RIPE,APNIC". */
};

/* `text`: what a whois server answered to the question for the object, from all of its sources. */
void aut_num_check(const char *text, size_t len, const struct aut_num_claim *c,
		   struct finding *out);
