/* A command becomes a change, or is refused with a reason and a remedy.
 *
 * Everything is checked here: form, quota, overlap, delegation, isolation between tenants, states.
 * A plan changes nothing; a dry run is a plan that nobody applies. */
#pragma once

#include "control/registry/change.h"
#include "control/registry/error.h"
#include "control/registry/registry.h"

enum registry_verb {
	VERB_CREATE,
	VERB_UPDATE, /* A merge patch. */
	VERB_DELETE,
	VERB_IMPORT,   /* Body: an array of objects with "kind", and "id" for one that is there. */
	VERB_UNDO,     /* Of `undo`. */
	VERB_ACTION,   /* "announce", "approve", … */
	VERB_EVIDENCE, /* Body: {type, result, reason, detail, expires_at, origins, document}. */
	VERB_TICK,     /* What is due (registry_due_s), or this one alone. */
	VERB_COUNT
};

#define REGISTRY_IMPORT_MAX 10000

struct registry_command {
	enum registry_verb verb;
	enum registry_kind kind;
	const char *id, *action;
	const json_t *body;   /* Borrowed until it is planned for the last time. */
	uint64_t if_revision; /* 0: any. */
	const struct registry_change
		*undo;		 /* Borrowed: the store knows changes, the registry none. */
	const char *request_key; /* Idempotency-Key, or NULL; */
	uint64_t request_hash;	 /* with the hash of the request. */
	struct registry_author author;
	int64_t now_s;
};

/* Nothing is changed: `r` is tried on and given back as it was.  True and *out_change (the
 * caller's), or false and *out_error.  A command that changes nothing gives a change without items.
 */
bool registry_plan(struct registry *r, const struct registry_rules *rules,
		   const struct registry_command *c, struct registry_change **out_change,
		   struct registry_error *out_error);
/* Whether an author may see an object: its own, what is delegated out of its own, sites and
 * templates; operators and viewers all. */
bool registry_may_see(const struct registry *r, const struct registry_author *author,
		      const struct registry_object *o);
