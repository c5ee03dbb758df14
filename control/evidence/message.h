/* Proof by a signed message: the text, and what a certificate and a signature are worth.
 *
 *     causeway|1|<tenant>|<prefix>|<origins>|<YYYYMMDD>|<nonce>
 *
 * tenant is the tenant's id, prefix the prefix as the API writes it, origins the AS numbers in
 * decimal, ascending, with commas, YYYYMMDD the last day (UTC) on which it counts, nonce the prefix
 * object's proof token.  ASCII, one line, no line end (one at the end is forgiven).  Every member
 * is in it so that a signature is worth nothing for another prefix, origin, customer or object.
 *
 * A signature proves that somebody has the key.  That the key is the holder's is decided by where
 * its certificate was found (given.h).  Pure. */
#pragma once

#include "control/evidence/cert.h"
#include "control/evidence/claim.h"

#define MESSAGE_MAX	  1024
#define MESSAGE_YEARS_MAX 3 /* It may count no longer. */
#define MESSAGE_BYTES_MAX ((size_t)2 << 10)

/* YYYYMMDD as a number.  By default the end of the month, a year from now: all month the same. */
unsigned message_default_day(int64_t now_s);
/* The text; `out` of MESSAGE_MAX bytes.  Returns its length. */
size_t message_write(const struct claim *c, unsigned day, char out[MESSAGE_MAX]);

struct message_given {
	const char *certificate; /* PEM. */
	size_t certificate_len;
	const char *signature; /* Base64. */
	size_t signature_len;
	const char *text; /* What was signed; NULL: our text of this month's default, or last's. */
	size_t text_len;
};

/* VALID: the signature is good, until out->expires_s, for the key of out->certificate. */
void message_check(const struct claim *c, const struct message_given *g, int64_t now_s,
		   struct finding *out);
