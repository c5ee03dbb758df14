/* What the handlers of the registry's resources share. */
#pragma once

#include "control/api/call.h"
#include "control/registry/plan.h"
#include "control/store/registrar.h"

/* The registry to look at; NULL after a problem: there is none, or it is not loaded. */
const struct registry *resource_registry(struct call *c);
/* The kind that the path begins with. */
enum registry_kind resource_kind(const struct call *c);
/* The object of the path (`arg[0]`), for somebody who may see it; NULL after a problem.  Others'
 * objects are not there. */
const struct registry_object *resource_object(struct call *c);
/* The same, for somebody who may write it: its tenant, or operators. */
const struct registry_object *resource_own_object(struct call *c);
/* Answer with an object as it is now. */
void resource_answer(struct call *c, int status, const struct registry_object *o);

/* Submit a command on `kind` and `id` (NULL: none) with `body` (borrowed; NULL: none) in the
 * caller's name, and answer with the object, or the change. */
struct resource_command {
	enum registry_verb verb;
	enum registry_kind kind;
	const char *id, *action;
	const json_t *body;
	uint64_t undo_of;
	struct registry_author author;
};
void resource_submit(struct call *c, const struct resource_command *command);
/* A change as the caller may see it: a tenant sees items of its own. */
json_t *resource_change_json(const struct call *c, const struct registry_change *change);
