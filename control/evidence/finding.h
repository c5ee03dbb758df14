/* What one look at one kind of proof says.
 *
 * The words of `result` and `reason` are the API's own (INTERCONNECT's reason codes), so that what
 * an engine finds is what the customer reads.  `detail` says what was found and, where something is
 * wrong, what to do about it.
 *
 * An engine never says less than it knows: a source that could not be asked is ERROR, which takes
 * nothing away from what an earlier look has found. */
#pragma once

#include "rib/base/units.h"

enum finding_result {
	FINDING_PENDING,  /* Good as far as we can tell, but somebody has to vouch for it. */
	FINDING_VALID,	  /* Proved. */
	FINDING_MISSING,  /* Nothing there. */
	FINDING_MISMATCH, /* Something else is there. */
	FINDING_INVALID,  /* What is there says no. */
	FINDING_EXPIRED,  /* It was a proof, once. */
	FINDING_ERROR,	  /* Its source could not be asked. */
	FINDING_RESULT_COUNT
};

#define FINDING_ORIGINS_MAX 64

struct finding {
	enum finding_result result;
	const char *reason; /* A code; "" when there is nothing to mend.  Static. */
	char detail[400];
	int64_t expires_s;    /* Seconds since 1970; 0: it does not expire. */
	char certificate[65]; /* SHA-256 of the certificate it rests on, in hexadecimal; "". */
	asn_t origins[FINDING_ORIGINS_MAX]; /* Those that are proved; none: it is not about them. */
	unsigned origin_count;
};

const char *finding_result_text(enum finding_result r); /* "valid" */
/* The rest of `f` stays; what is not printable ASCII is shown as '?'. */
void finding_say(struct finding *f, enum finding_result result, const char *reason,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Proofs of origins are of each by itself: `whole` begins as VALID without words, takes each one in
 * and is then settled.  It is VALID when one origin is, and `origins` are those; its words are the
 * worst one's, and "" when all are good. */
void finding_take_origin(struct finding *whole, asn_t origin, const struct finding *one);
void finding_settle_origins(struct finding *whole);
/* It is about these, all of them. */
void finding_prove_origins(struct finding *f, const asn_t *origins, unsigned count);
