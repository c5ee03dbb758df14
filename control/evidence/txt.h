/* Proof by DNS: a TXT record with the object's token in the prefix's reverse zone (reverse.h).
 *
 * Who can write there was given the zone by the holder of the addresses.  A machine: it says which
 * name to ask for, takes the answer, and asks for the next until it knows; the asking is
 * resolver.h's.  First the enclosing zone, then, one after the other, the zones that the prefix is
 * made of: at the first of them that has no token it is over.  Pure. */
#pragma once

#include "control/evidence/claim.h"
#include "control/evidence/finding.h"
#include "control/evidence/reverse.h"

#define TXT_TOKEN_MAX 80 /* Ours are shorter. */

enum txt_status {
	TXT_ANSWERED, /* With `count` records. */
	TXT_NOTHING,  /* No such name, or no TXT at it. */
	TXT_BOGUS,    /* DNSSEC says that the answer was tampered with.  RFC 4035 §4.3. */
	TXT_FAILED,
};

struct txt_reply {
	enum txt_status status;
	bool is_secure;		   /* DNSSEC vouches for it. */
	const char *why;	   /* BOGUS and FAILED, in words. */
	const struct span *record; /* The RDATA of each. */
	unsigned count;
};

struct txt {
	struct prefix prefix;
	char token[TXT_TOKEN_MAX];
	unsigned asked; /* 0: the enclosing zone; then the parts. */
	bool is_secure; /* All that was found so far. */
	bool is_complete;
	struct finding finding;
};

void txt_init(struct txt *t, const struct prefix *p, const char *token);
/* The name to ask for now; not complete. */
char *txt_name(const struct txt *t, char out[REVERSE_NAME_MAX]);
/* The answer to it.  True when the finding is complete. */
bool txt_take(struct txt *t, const struct txt_reply *reply);
