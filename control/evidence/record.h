/* Findings on their way into the registry, and what is there already. */
#pragma once

#include "control/evidence/claim.h"
#include "control/evidence/finding.h"
#include "control/registry/registry.h"

/* The evidence of a subject and type; NULL: there is none. */
const struct registry_evidence *record_find(const struct registry *r, const char *subject,
					    enum evidence_type type);
/* The body of a VERB_EVIDENCE; the caller's. */
json_t *record_body(enum evidence_type type, const struct finding *f);
/* Whether the finding has to be written: it says something else than what is there (NULL: nothing).
 * A source that fails is written only where nothing is proved yet, so that its customer sees why;
 * where something is, it changes nothing, and a failed source would else write a revision for
 * every prefix that there is. */
bool record_is_news(const struct registry_evidence *e, const struct finding *f);
/* What a prefix claims; borrows of it. */
struct claim record_claim(const struct registry_prefix *p);
/* Whether proofs of a prefix in this state are looked at. */
bool record_is_checked(const struct registry_prefix *p);
const char *record_type_text(enum evidence_type type); /* "roa" */
