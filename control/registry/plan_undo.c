/* Undo: a change backwards, as a change of its own.
 *
 * A member goes back to what it was if it still is what the change made of it; if somebody has
 * changed it since, the undo is refused.  What follows from evidence and time (state, reason, …) is
 * no reason to refuse: it is settled anew.  All checks are made again, so an undo cannot bring back
 * what could not be made now. */
#include <stdio.h>

#include "control/registry/plan_own.h"

/* Members that the registry itself moves. */
static const char *const settled[] = {"state",	"reason",	  "since",
				      "due_at", "active_origins", "verified_at"};

static bool is_settled(const char *name)
{
	for (unsigned i = 0; i < ARRAY_COUNT(settled); i++) {
		if (strcmp(settled[i], name) == 0) {
			return true;
		}
	}
	return strcmp(name, "revision") == 0 || strcmp(name, "updated_at") == 0;
}

static bool changed_since(struct tx *t, const struct registry_item *it, const char *member)
{
	char pointer[64] = "";
	if (member != NULL) {
		snprintf(pointer, sizeof(pointer), "/%.60s", member);
	}
	return registry_fail(t->error, 409, "changed-since", pointer,
			     "%s%s%s has been changed since revision %llu.", it->id.text,
			     member == NULL ? "" : ": ", member == NULL ? "" : member,
			     (unsigned long long)t->command->undo->revision);
}

/* Whether what was made still is what it was made. */
static bool is_as_made(struct tx *t, const struct registry_item *it, const json_t *now)
{
	const char *name;
	json_t *v, *walk = it->after;
	json_object_foreach(walk, name, v)
	{
		const json_t *current = json_object_get(now, name);
		if (!is_settled(name) && current != NULL && !json_equal(current, v) &&
		    strcmp(name, "data") != 0) {
			return changed_since(t, it, name);
		}
	}
	return true;
}

static bool may_undo(struct tx *t, const struct registry_object *o)
{
	const struct registry_author *author = &t->command->author;
	const char *tenant = registry_tenant_of(o);
	if (author->role == ROLE_OPERATOR) {
		return true;
	}
	if (tenant == NULL || strcmp(tenant, author->tenant.text) != 0) {
		return check_not_found(t, "", o->id.text);
	}
	return true;
}

/* It was made: it goes. */
static bool undo_made(struct tx *t, const struct registry_item *it)
{
	const struct registry_object *o = tx_get(t, it->kind, it->id.text);
	if (o == NULL) {
		return true; /* It went with something else. */
	}
	json_t *now = registry_object_json(o, REGISTRY_VIEW_STORE);
	bool is_good = may_undo(t, o) && is_as_made(t, it, now);
	json_decref(now);
	if (!is_good) {
		return false;
	}
	if (it->kind == REGISTRY_EVIDENCE) {
		tx_delete(t, it->kind, it->id.text); /* Its subject is settled at the end. */
		return true;
	}
	return plan_delete(t, it->kind, it->id.text);
}

/* It went: it comes back, if there is room for it. */
static bool undo_deleted(struct tx *t, const struct registry_item *it)
{
	if (tx_get(t, it->kind, it->id.text) != NULL) {
		return changed_since(t, it, NULL);
	}
	struct registry_object *o = registry_object_from_json(it->kind, it->before, t->error);
	if (o == NULL) {
		return false;
	}
	if (!may_undo(t, o) || !check_object(t, o, NULL)) {
		registry_object_free(o);
		return false;
	}
	tx_put(t, o);
	return true;
}

/* Whether a member is what the change made of it.  What the undo itself has moved so far (a number
 * that has become free has another holder) is not somebody's change. */
static bool is_still(const json_t *now, const json_t *start, const char *name, const json_t *made)
{
	const json_t *current = json_object_get(is_settled(name) ? start : now, name);
	return made != NULL && json_equal(current, made);
}

/* The object's JSON with what the change changed as it was before; NULL with error. */
static json_t *merged(struct tx *t, const struct registry_item *it, const struct registry_object *o)
{
	const struct registry_object *first = tx_before(t, it->kind, it->id.text);
	json_t *now = registry_object_json(o, REGISTRY_VIEW_STORE);
	json_t *start = registry_object_json(first == NULL ? o : first, REGISTRY_VIEW_STORE);
	const char *name;
	json_t *was, *walk = it->before;
	json_object_foreach(walk, name, was)
	{
		const json_t *made = json_object_get(it->after, name);
		const json_t *current = json_object_get(now, name);
		if (current == NULL || (made != NULL && json_equal(made, was)) ||
		    json_equal(current, was)) {
			continue;
		}
		if (is_still(now, start, name, made)) {
			if (strcmp(name, "revision") != 0) {
				json_object_set(now, name, was);
			}
		} else if (!is_settled(name)) {
			changed_since(t, it, name);
			json_decref(start);
			json_decref(now);
			return NULL;
		}
	}
	json_decref(start);
	return now;
}

static bool undo_changed(struct tx *t, const struct registry_item *it)
{
	const struct registry_object *o = tx_get(t, it->kind, it->id.text);
	if (o == NULL) {
		return changed_since(t, it, NULL);
	}
	json_t *json = may_undo(t, o) ? merged(t, it, o) : NULL;
	if (json == NULL) {
		return false;
	}
	struct registry_object *back = registry_object_from_json(it->kind, json, t->error);
	json_decref(json);
	if (back == NULL) {
		return false;
	}
	if (!check_object(t, back, o)) {
		registry_object_free(back);
		return false;
	}
	tx_put(t, back);
	return true;
}

static bool undo_item(struct tx *t, const struct registry_item *it)
{
	if (it->before == NULL) {
		return undo_made(t, it);
	}
	return it->after == NULL ? undo_deleted(t, it) : undo_changed(t, it);
}

/* What an item is about: itself, or the subject of evidence. */
static void settle_item(struct tx *t, const struct registry_item *it)
{
	const json_t *side = it->before != NULL ? it->before : it->after;
	const char *subject = json_string_value(json_object_get(side, "subject"));
	settle(t, it->kind == REGISTRY_EVIDENCE && subject != NULL ? subject : it->id.text);
}

bool plan_undo(struct tx *t)
{
	const struct registry_change *c = t->command->undo;
	if (c == NULL || c->count == 0) {
		return registry_fail(t->error, 404, "not-found", "",
				     "There is no change to be undone.");
	}
	if (c->author.role == ROLE_SYSTEM) {
		return registry_fail(t->error, 409, "irreversible", "",
				     "Revision %llu is what checks and time have said.",
				     (unsigned long long)c->revision);
	}
	const struct registry_author *author = &t->command->author;
	bool is_own = c->author.role == ROLE_TENANT &&
		      strcmp(c->author.tenant.text, author->tenant.text) == 0;
	if (author->role == ROLE_TENANT && !is_own) {
		return registry_fail(t->error, 403, "not-allowed", "",
				     "Only an operator may undo what others have done.");
	}
	tx_say(t, "undid revision %llu: %.110s", (unsigned long long)c->revision, c->summary);
	for (size_t i = c->count; i-- > 0;) {
		if (!undo_item(t, &c->item[i])) {
			return false;
		}
	}
	for (size_t i = 0; i < c->count; i++) {
		settle_item(t, &c->item[i]);
	}
	return true;
}
