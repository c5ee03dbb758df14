/* Changing the registry: commands to its writer, and the log of changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "control/api/handlers.h"
#include "control/api/resource.h"
#include "control/evidence/evidence.h"
#include "rib/base/check.h"

/* --- What a change looks like --- */

static bool is_own_item(const struct call *c, const struct registry_item *item)
{
	const json_t *state = item->after != NULL ? item->after : item->before;
	const char *tenant = item->kind == REGISTRY_TENANT
				     ? item->id.text
				     : json_string_value(json_object_get(state, "tenant"));
	return tenant != NULL && strcmp(tenant, c->who.tenant.text) == 0;
}

/* A tenant sees its own part of a change, and of others who made it no more than their role.  What
 * it does not see is not made for it: an import has 10,000 objects. */
static json_t *own_part(const struct call *c, const struct registry_change *change)
{
	struct registry_change own = *change;
	own.item = calloc(change->count + 1, sizeof(*own.item));
	own.count = 0;
	ASSERT(own.item != NULL);
	for (size_t i = 0; i < change->count; i++) {
		if (is_own_item(c, &change->item[i])) {
			own.item[own.count++] = change->item[i];
		}
	}
	if (own.count < change->count) { /* Its words may name what was taken out. */
		(void)snprintf(own.summary, sizeof(own.summary), "changed with objects of others");
	}
	if (strcmp(change->author.tenant.text, c->who.tenant.text) != 0) {
		own.author.name[0] = '\0';
		own.request_key[0] = '\0';
	}
	json_t *json = registry_change_json(&own, REGISTRY_VIEW_API);
	free(own.item);
	return json;
}

json_t *resource_change_json(const struct call *c, const struct registry_change *change)
{
	return c->who.role == ROLE_TENANT ? own_part(c, change)
					  : registry_change_json(change, REGISTRY_VIEW_API);
}

/* --- Commands --- */

/* What a request asks for, as a number: the same key with another request is a mistake.  The body
 * is the one that was sent: what is made of a proof depends on when it is looked at. */
static uint64_t hash_of(const struct call *c, const struct resource_command *command)
{
	const char *id = command->id != NULL ? command->id : "";
	char *body = c->body != NULL ? json_dumps(c->body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	uint64_t hash = XXH3_64bits_withSeed(c->route->path, strlen(c->route->path),
					     (uint64_t)c->route->method);
	hash = XXH3_64bits_withSeed(id, strlen(id), hash);
	if (body != NULL) {
		hash = XXH3_64bits_withSeed(body, strlen(body), hash);
	} else if (c->raw.len > 0) {
		hash = XXH3_64bits_withSeed(c->raw.data, c->raw.len, hash);
	}
	hash ^= command->undo_of;
	free(body);
	return hash;
}

/* The id of the object that a change made: the first of the kind that there was not before. */
static const char *made_id(const struct registry_change *change, enum registry_kind kind)
{
	for (size_t i = 0; i < change->count; i++) {
		if (change->item[i].kind == kind && change->item[i].before == NULL) {
			return change->item[i].id.text;
		}
	}
	return NULL;
}

static void answer_object(struct call *c, const struct registry_change *change, const char *id)
{
	char location[128];
	bool is_made = id == NULL;
	enum registry_kind kind = resource_kind(c);
	id = is_made ? made_id(change, kind) : id;
	const struct registry_object *o =
		id != NULL ? registry_get(registrar_registry(c->env->registrar), kind, id) : NULL;
	if (o == NULL) {
		call_fail(c, 404, "not-found", "it is not there any more");
		return;
	}
	if (is_made) {
		(void)snprintf(location, sizeof(location), ROUTE_ROOT "/%s/%s",
			       registry_kind_plural(kind), id);
		c->location = strdup(location);
	}
	json_t *secrets = json_object_get(change->secrets, id);
	if (secrets == NULL) {
		resource_answer(c, is_made ? 201 : 200, o);
		return;
	}
	json_t *json = registry_show(registrar_registry(c->env->registrar),
				     registrar_rules(c->env->registrar), o, c->now_s);
	json_object_update(json, secrets);
	c->revision = o->revision;
	call_answer(c, is_made ? 201 : 200, json);
}

static void answer_change(struct call *c, const struct registry_change *change)
{
	json_t *json = json_pack("{s:o}", "change", resource_change_json(c, change));
	if (c->is_dry_run) {
		json_object_set_new(json, "dry_run", json_true());
	} else if (change->secrets != NULL) {
		json_object_set(json, "secrets", change->secrets);
	}
	call_answer(c, 200, json);
}

/* What asks keeps the verb's answer. */
enum answer_form { FORM_MADE, FORM_OBJECT, FORM_GONE, FORM_CHANGE };

static enum answer_form form_of(enum registry_verb verb)
{
	switch (verb) {
	case VERB_CREATE:
		return FORM_MADE;
	case VERB_DELETE:
		return FORM_GONE;
	case VERB_IMPORT:
	case VERB_UNDO:
		return FORM_CHANGE;
	default:
		return FORM_OBJECT;
	}
}

/* Whether what is granted is a look at proofs: it begins only for those who may ask for it. */
static bool is_check(const struct call *c)
{
	return c->env->evidence != NULL && !c->is_dry_run &&
	       strcmp(strrchr(c->route->path, '/'), "/check") == 0;
}

static void on_done(void *context, const struct registry_change *change,
		    const struct registry_error *error)
{
	struct call *c = context;
	enum answer_form form = (enum answer_form)(uintptr_t)c->context;
	if (error == NULL && is_check(c)) {
		evidence_check_now(c->env->evidence, c->arg[0]);
	}
	if (error != NULL) {
		call_problem(c, error);
	} else if (c->is_dry_run || form == FORM_CHANGE) {
		answer_change(c, change);
	} else if (form == FORM_GONE) {
		call_answer(c, 204, NULL);
	} else {
		answer_object(c, change, form == FORM_MADE ? NULL : c->arg[0]);
	}
}

static void forget(struct call *c)
{
	registrar_forget(c->env->registrar, c);
}

void resource_submit(struct call *c, const struct resource_command *command)
{
	const struct registrar_command wanted = {
		.command = {.verb = command->verb,
			    .kind = command->kind,
			    .id = command->id,
			    .action = command->action,
			    .body = command->body,
			    .if_revision = c->if_revision,
			    .request_key = c->request_key[0] != '\0' ? c->request_key : NULL,
			    .request_hash = hash_of(c, command),
			    .author = command->author,
			    .now_s = c->now_s},
		.undo_of = command->undo_of,
		.is_dry_run = c->is_dry_run,
	};
	c->context = (void *)(uintptr_t)form_of(command->verb);
	c->gone = forget;
	registrar_submit(c->env->registrar, &wanted, on_done, c);
}

static void submit(struct call *c, enum registry_verb verb, const char *action)
{
	const struct resource_command command = {.verb = verb,
						 .kind = resource_kind(c),
						 .id = c->arg[0],
						 .action = action,
						 .body = c->body,
						 .author = c->who};
	resource_submit(c, &command);
}

void serve_create(struct call *c)
{
	if (resource_registry(c) != NULL) {
		submit(c, VERB_CREATE, NULL);
	}
}

void serve_update(struct call *c)
{
	if (resource_object(c) != NULL) {
		submit(c, VERB_UPDATE, NULL);
	}
}

void serve_delete(struct call *c)
{
	if (resource_object(c) != NULL) {
		submit(c, VERB_DELETE, NULL);
	}
}

/* The action is the last segment of the route. */
void serve_action(struct call *c)
{
	const char *action = strrchr(c->route->path, '/') + 1;
	if (resource_object(c) != NULL) {
		submit(c, VERB_ACTION, action);
	}
}

void serve_import(struct call *c)
{
	if (resource_registry(c) == NULL) {
		return;
	}
	const struct resource_command command = {.verb = VERB_IMPORT,
						 .kind = REGISTRY_KIND_COUNT,
						 .body = c->body,
						 .author = c->who};
	resource_submit(c, &command);
}

/* --- The log of changes --- */

static bool take_revision(struct call *c, uint64_t *out)
{
	char *end;
	const char *text = c->arg[0];
	size_t len = strlen(text);
	*out = strtoull(text, &end, 10);
	if (len > 18 || strspn(text, "0123456789") != len || *out == 0) {
		call_fail(c, 404, "not-found", "there is no such change");
		return false;
	}
	return true;
}

static void on_found(void *context, struct registry_change *const *change, size_t count,
		     uint64_t next, const struct registry_error *error)
{
	struct call *c = context;
	char cursor[24];
	if (error != NULL) {
		call_problem(c, error);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(items, resource_change_json(c, change[i]));
	}
	(void)snprintf(cursor, sizeof(cursor), "%llu", (unsigned long long)next);
	call_answer(
		c, 200,
		json_pack("{s:o, s:o, s:I}", "items", items, "next_cursor",
			  next != 0 ? json_string(cursor) : json_null(), "revision",
			  (json_int_t)registry_revision(registrar_registry(c->env->registrar))));
}

static void on_found_one(void *context, struct registry_change *const *change, size_t count,
			 uint64_t next, const struct registry_error *error)
{
	struct call *c = context;
	(void)next;
	if (error != NULL) {
		call_problem(c, error);
	} else if (count == 0 || (c->who.role == ROLE_TENANT &&
				  !registry_change_has_tenant(change[0], c->who.tenant.text))) {
		call_fail(c, 404, "not-found", "there is no such change");
	} else {
		call_answer(c, 200, resource_change_json(c, change[0]));
	}
}

void serve_changes(struct call *c)
{
	struct store_question q = {.object = call_query(c, "object"),
				   .tenant = call_query(c, "tenant")};
	const struct call_range range = {1, CALL_LIMIT_MAX, CALL_LIMIT_DEFAULT};
	const struct call_range cursors = {1, INT64_MAX, 0};
	uint64_t limit;
	if (resource_registry(c) == NULL || !call_query_number(c, "limit", range, &limit) ||
	    !call_query_number(c, "cursor", cursors, &q.before)) {
		return;
	}
	q.limit = (unsigned)limit;
	if (c->who.role == ROLE_TENANT) {
		q.tenant = c->who.tenant.text;
	}
	c->gone = forget;
	registrar_changes(c->env->registrar, &q, on_found, c);
}

void serve_change(struct call *c)
{
	struct store_question q = {.limit = 1};
	if (resource_registry(c) == NULL || !take_revision(c, &q.revision)) {
		return;
	}
	c->gone = forget;
	registrar_changes(c->env->registrar, &q, on_found_one, c);
}

void serve_undo(struct call *c)
{
	struct resource_command command = {
		.verb = VERB_UNDO, .kind = REGISTRY_KIND_COUNT, .author = c->who};
	if (resource_registry(c) != NULL && take_revision(c, &command.undo_of)) {
		resource_submit(c, &command);
	}
}
