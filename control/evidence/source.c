#include "control/evidence/source.h"

#include <stdio.h>
#include <string.h>

/* Longer than the longest wait before a look that failed is tried again (evidence.c). */
#define QUIET_NAMES_US	    (3600 * USEC_PER_SEC)
#define QUIET_REGISTRIES_US (10 * USEC_PER_SEC)

bool asked_source_take(struct asked_source *s, enum evidence_type type, const registry_id_t *id,
		       const struct finding *f, usec_t now)
{
	const bool was_failing = s->is_failing;
	const usec_t quiet = type == EVIDENCE_DNS ? QUIET_NAMES_US : QUIET_REGISTRIES_US;
	if (f->result == FINDING_ERROR) {
		s->is_failing = true;
		s->last = *id;
		s->failed = now;
		(void)snprintf(s->why, sizeof(s->why), "%s", f->detail);
	} else if (strcmp(s->last.text, id->text) == 0 || now >= s->failed + quiet) {
		s->is_failing = false;
	}
	return s->is_failing != was_failing;
}
