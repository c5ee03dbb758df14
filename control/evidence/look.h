/* Looks under way: questions to name servers and to the IRR that take their time.
 *
 * A look has its own copy of what the prefix claimed when it began, asks, and ends with a finding.
 * How many there are at a time is bounded; one more has to wait.  Control thread. */
#pragma once

#include "control/evidence/finding.h"
#include "control/evidence/irr_ask.h"
#include "control/evidence/resolver.h"
#include "control/registry/object.h"

#define LOOKS_MAX RESOLVER_ASKED_MAX

struct looks;

struct look_done {
	registry_id_t id;
	enum evidence_type type;
	uint8_t failures; /* As it began. */
	struct finding finding;
};

/* `resolver` NULL: every look at DNS fails with `why`.  Both are borrowed. */
struct looks *looks_new(struct resolver *resolver, const char *why, struct irr_ask *irr);
/* Before the resolver goes. */
void looks_free(struct looks *l);
/* DNS or IRR.  False: there are as many as may be. */
bool looks_begin(struct looks *l, const struct registry_prefix *p, enum evidence_type type,
		 uint8_t failures, usec_t age_us);
bool looks_has(const struct looks *l, const char *id);
/* Go on with all; `sources`: the trusted ones. */
void looks_step(struct looks *l, const char *sources, usec_t now);
/* One that has ended; false: none. */
bool looks_take(struct looks *l, struct look_done *out);
