/* Proof by remarks of the registered object, read from RDAP's JSON.  RFC 9083 §5.4, §5.5, §4.3.
 *
 * Who can write the remarks of an "ip network" that covers the prefix, or of the "autnum" that is
 * the AS number, is its holder.  Two things may stand there: the object's token, which proves it by
 * itself, and a certificate in PEM, which is what a signed message is held against.
 *
 * The JSON is *given* to us: nothing here asks a registry, so it proves no more than who gave it is
 * trusted.  That is the caller's to know (given.h).  Pure; any bytes may come. */
#pragma once

#include "control/evidence/claim.h"
#include "control/evidence/finding.h"

#define RDAP_BYTES_MAX ((size_t)256 << 10)

struct rdap_subject {
	const struct prefix *prefix; /* NULL: an AS number. */
	asn_t asn;
	const char *token;
};

/* out->certificate tells of the certificate, whatever the result. */
void rdap_check(const char *text, size_t len, const struct rdap_subject *s, struct finding *out);
