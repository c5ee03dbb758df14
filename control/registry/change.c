/* Changes as JSON: in the store all of them, in answers without secrets. */
#include "control/registry/change.h"

#include <inttypes.h>
#include <stdio.h>

#include "control/registry/field.h"
#include "control/registry/memory.h"

static const char *const author_kinds[] = {"token", "socket", "system"};
static const char *const author_roles[] = {"nobody", "tenant", "viewer", "operator", "system"};

void registry_change_free(struct registry_change *c)
{
	if (c == NULL) {
		return;
	}
	for (size_t i = 0; i < c->count; i++) {
		json_decref(c->item[i].before);
		json_decref(c->item[i].after);
	}
	free(c->item);
	json_decref(c->secrets);
	free(c);
}

static json_t *side_json(const struct registry_item *it, json_t *side, enum registry_view view)
{
	if (side == NULL) {
		return json_null();
	}
	return view == REGISTRY_VIEW_STORE ? json_incref(side)
					   : registry_json_public(it->kind, side);
}

static json_t *items_json(const struct registry_change *c, enum registry_view view)
{
	json_t *items = json_array();
	for (size_t i = 0; i < c->count; i++) {
		const struct registry_item *it = &c->item[i];
		json_t *json = json_object();
		json_object_set_new(json, "kind", json_string(registry_kind_text(it->kind)));
		json_object_set_new(json, "id", json_string(it->id.text));
		json_object_set_new(json, "before", side_json(it, it->before, view));
		json_object_set_new(json, "after", side_json(it, it->after, view));
		json_array_append_new(items, json);
	}
	return items;
}

json_t *registry_change_json(const struct registry_change *c, enum registry_view view)
{
	char at[REGISTRY_TIME_MAX], hash[20];
	const char *tenant = c->author.tenant.text;
	json_t *author = json_pack("{s:s,s:s,s:s,s:s?}", "kind", author_kinds[c->author.kind],
				   "role", author_roles[c->author.role], "name", c->author.name,
				   "tenant", tenant[0] == '\0' ? NULL : tenant);
	/* A name that is not UTF-8 is none. */
	author = author != NULL ? author : json_object();
	json_t *json = json_pack(
		"{s:I,s:s,s:o,s:s,s:s?,s:o,s:o}", "revision", (json_int_t)c->revision, "at",
		registry_time_format(c->at_s, at), "author", author, "summary", c->summary,
		"request_key", c->request_key[0] == '\0' ? NULL : c->request_key, "undo_of",
		c->undo_of == 0 ? json_null() : json_integer((json_int_t)c->undo_of), "items",
		items_json(c, view));
	ASSERT(json != NULL);
	if (view == REGISTRY_VIEW_STORE) {
		snprintf(hash, sizeof(hash), "%016" PRIx64, c->request_hash);
		json_object_set_new(json, "request_hash", json_string(hash));
	}
	return json;
}

/* The place of a member's text in a list; false: it has none. */
static bool word_of(const json_t *json, const char *name, const char *const *words, unsigned count,
		    unsigned *out)
{
	const char *text = json_string_value(json_object_get(json, name));
	for (unsigned i = 0; text != NULL && i < count; i++) {
		if (strcmp(words[i], text) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static void copy_text(char *to, size_t size, const json_t *v)
{
	snprintf(to, size, "%s", json_is_string(v) ? json_string_value(v) : "");
}

static bool author_of(const json_t *json, struct registry_author *out)
{
	unsigned kind, role;
	if (!word_of(json, "kind", author_kinds, ARRAY_COUNT(author_kinds), &kind) ||
	    !word_of(json, "role", author_roles, ARRAY_COUNT(author_roles), &role)) {
		return false;
	}
	out->kind = (enum registry_author_kind)kind;
	out->role = (enum registry_role)role;
	copy_text(out->name, sizeof(out->name), json_object_get(json, "name"));
	copy_text(out->tenant.text, REGISTRY_ID_LEN + 1, json_object_get(json, "tenant"));
	return true;
}

static bool item_of(const json_t *json, struct registry_item *out)
{
	const char *kind = json_string_value(json_object_get(json, "kind"));
	const char *id = json_string_value(json_object_get(json, "id"));
	json_t *before = json_object_get(json, "before"), *after = json_object_get(json, "after");
	enum registry_kind of_id;
	if (kind == NULL || !registry_kind_parse(kind, &out->kind) || id == NULL ||
	    !registry_kind_of_id(id, &of_id) || of_id != out->kind) {
		return false;
	}
	memcpy(out->id.text, id, REGISTRY_ID_LEN);
	out->before = json_is_object(before) ? json_incref(before) : NULL;
	out->after = json_is_object(after) ? json_incref(after) : NULL;
	return true;
}

static bool items_of(const json_t *items, struct registry_change *c)
{
	size_t i;
	json_t *json;
	if (!json_is_array(items)) {
		return false;
	}
	c->item = registry_alloc(json_array_size(items), sizeof(*c->item));
	json_array_foreach(items, i, json)
	{
		if (!item_of(json, &c->item[i])) {
			return false;
		}
		c->count++;
	}
	return true;
}

struct registry_change *registry_change_from_json(const json_t *j)
{
	struct registry_change *c = registry_alloc(1, sizeof(*c));
	const char *at = json_string_value(json_object_get(j, "at"));
	const char *hash = json_string_value(json_object_get(j, "request_hash"));
	json_int_t revision = json_integer_value(json_object_get(j, "revision"));
	if (revision <= 0 || at == NULL || !registry_time_parse(at, &c->at_s) ||
	    !author_of(json_object_get(j, "author"), &c->author) ||
	    !items_of(json_object_get(j, "items"), c)) {
		registry_change_free(c);
		return NULL;
	}
	c->revision = (uint64_t)revision;
	c->undo_of = (uint64_t)json_integer_value(json_object_get(j, "undo_of"));
	c->request_hash = hash == NULL ? 0 : strtoull(hash, NULL, 16);
	copy_text(c->summary, sizeof(c->summary), json_object_get(j, "summary"));
	copy_text(c->request_key, sizeof(c->request_key), json_object_get(j, "request_key"));
	return c;
}

static bool side_has_tenant(const json_t *side, enum registry_kind kind, const char *tenant)
{
	const char *member = kind == REGISTRY_TENANT ? "id" : "tenant";
	const char *text = json_string_value(json_object_get(side, member));
	return text != NULL && strcmp(text, tenant) == 0;
}

bool registry_change_has_tenant(const struct registry_change *c, const char *tenant)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct registry_item *it = &c->item[i];
		if (side_has_tenant(it->before, it->kind, tenant) ||
		    side_has_tenant(it->after, it->kind, tenant)) {
			return true;
		}
	}
	return false;
}
