/* Whether a source of evidence fails, as an alarm that does not flip.
 *
 * The alarm ends when the look that failed last is answered, or when another is and none has failed
 * for a while.  Registries are one source each: what one look finds, the next one would, but for an
 * answer that was on its way, or kept, when the registry went: a few seconds.  Names are looked up
 * with as many sources as there are customers: one whose name server is out of order fails each
 * time between answers for others, so of names it is an hour.  Pure. */
#pragma once

#include "control/evidence/finding.h"
#include "control/registry/object.h"

struct asked_source {
	bool is_failing;
	registry_id_t last; /* What was looked at when it failed. */
	usec_t failed;
	char why[400];
};

/* Takes in what a look at `id` found; true when the alarm has begun or ended with it. */
bool asked_source_take(struct asked_source *s, enum evidence_type type, const registry_id_t *id,
		       const struct finding *f, usec_t now);
