/* Imports: many objects in one change, all or none. */
#include <stdio.h>

#include "control/registry/plan_own.h"

static const char *const head[] = {"id", "kind", "revision", "created_at", "updated_at"};

static bool import_one(struct tx *t, const json_t *given)
{
	const char *kind_text = json_string_value(json_object_get(given, "kind"));
	const char *id = json_string_value(json_object_get(given, "id"));
	enum registry_kind kind, of_id;
	if (kind_text == NULL || !registry_kind_parse(kind_text, &kind)) {
		return registry_fail(t->error, 422, "form", "/kind",
				     "kind has to be one of the registry's kinds of objects.");
	}
	if (id != NULL && (!registry_kind_of_id(id, &of_id) || of_id != kind)) {
		return registry_fail(t->error, 422, "form", "/id", "%.40s is no id of a %s.", id,
				     kind_text);
	}
	json_t *body = json_copy((json_t *)(uintptr_t)given);
	for (unsigned i = 0; i < ARRAY_COUNT(head); i++) {
		json_object_del(body, head[i]);
	}
	bool is_there = id != NULL && tx_get(t, kind, id) != NULL;
	bool is_good =
		is_there ? plan_update(t, kind, id, body) : plan_create(t, kind, body, id, NULL);
	json_decref(body);
	return is_good;
}

bool plan_import(struct tx *t)
{
	const json_t *list = t->command->body;
	size_t count = json_array_size(list);
	char pointer[sizeof(t->error->pointer)];
	if (t->command->author.role != ROLE_OPERATOR) {
		return registry_fail(t->error, 403, "not-allowed", "",
				     "Only an operator may import.");
	}
	if (!json_is_array(list) || count > REGISTRY_IMPORT_MAX) {
		return registry_fail(t->error, 422, "import", "",
				     "An import is an array of at most %u objects.",
				     REGISTRY_IMPORT_MAX);
	}
	tx_say(t, "imported %zu objects", count);
	for (size_t i = 0; i < count; i++) {
		if (!import_one(t, json_array_get(list, i))) {
			snprintf(pointer, sizeof(pointer), "/%zu%.80s", i, t->error->pointer);
			memcpy(t->error->pointer, pointer, sizeof(pointer));
			/* 404 would be about the import itself. */
			t->error->status = t->error->status == 404 ? 422 : t->error->status;
			return false;
		}
	}
	return true;
}
