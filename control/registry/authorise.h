/* What a session may announce now, and why it may not announce something. */
#pragma once

#include "control/registry/registry.h"

struct registry_grant { /* One reference each is the holder's; NULL is the empty set. */
	struct prefix_set *authorised; /* All three; origins in the rules. */
	struct prefix_set *limited, *draining;
	uint32_t max_prefix[FAMILY_COUNT];
};

/* `before` (may be NULL) is what the session, or another of the tenant's, had: sets that are equal
 * are the same objects again.  O(prefixes of the tenant). */
void registry_grant(const struct registry *r, const struct registry_rules *rules,
		    const struct registry_session *s, int64_t now_s,
		    const struct registry_grant *before, struct registry_grant *out);
/* What `s` has, when `kin` at the same moment has `of_kin`.  False: it is to be looked for. */
bool registry_grant_of_kin(const struct registry_session *s, const struct registry_session *kin,
			   const struct registry_grant *of_kin, struct registry_grant *out);
void registry_grant_put(struct registry_grant *g);
/* How many prefixes are announced in the registry though their time is over: until that can be
 * written down.  `*out_next_s` is when that of the next one ends; INT64_MAX: of none.
 * O(prefixes). */
unsigned registry_overdue(const struct registry *r, int64_t now_s, int64_t *out_next_s);

/* The sessions that a change touches, once it is applied: those that it is about (also one that is
 * gone: `s` is then NULL), and those whose grants may be others. */
void registry_touched(const struct registry *r, const struct registry_change *change,
		      void (*fn)(void *context, const char *id, const struct registry_session *s),
		      void *context);

struct registry_why {
	const char *reason; /* Of reason.def; static. */
	char text[320], remedy[320];
};

/* Whether a session is to run: it and its tenant are enabled, and its AS number is proven. */
bool registry_session_runs(const struct registry *r, const struct registry_session *s,
			   struct registry_why *out_why); /* NULL: nobody asks why not. */
/* Why this session's announcement is not authorised, and what to do.  False: it is. */
bool registry_why(const struct registry *r, const struct registry_rules *rules,
		  const struct registry_session *s, const struct prefix *p, asn_t origin,
		  int64_t now_s, struct registry_why *out);
