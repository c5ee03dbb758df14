/* What a customer says of a prefix, as far as proofs are about it: what the engines are asked.
 *
 * The registry's object is wider and belongs to the registry; this is the part that a proof has to
 * agree with.  Strings and origins are borrowed. */
#pragma once

#include "rib/base/addr.h"

struct claim {
	const char *tenant; /* Its id. */
	struct prefix prefix;
	uint8_t len_max;
	const asn_t *origins;
	unsigned origin_count;
	const char *token; /* The object's proof token. */
};

/* The word before the token wherever one is looked for: TXT records, remarks, descriptions. */
#define CLAIM_TOKEN_KEY "causeway-validation="

enum claim_token { CLAIM_TOKEN_NONE, CLAIM_TOKEN_OTHER, CLAIM_TOKEN_FOUND };

/* Look for `causeway-validation=<token>` in a text: OTHER when one stands there, but not this. */
enum claim_token claim_find_token(const char *text, size_t len, const char *token);
/* "AS64500, AS64501": `out` of CLAIM_ORIGINS_MAX bytes; what does not fit ends in "...". */
#define CLAIM_ORIGINS_MAX 400
char *claim_origins(const struct claim *c, char out[CLAIM_ORIGINS_MAX]);
