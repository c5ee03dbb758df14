/* See loading.h.  The JSON of all objects at once would take far more memory than the registry. */
#include "control/store/loading.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "control/registry/registry.h"
#include "rib/base/check.h"

#define CHUNK 500 /* Objects. */

struct loading {
	struct load_sink sink;
	struct registry *registry;
	struct database *copy;
	bool is_copied, is_faulty;
	json_t *objects;
	char why[STORE_TEXT_MAX];
};

static bool put_objects(struct loading *l)
{
	l->is_faulty = !registry_load_some(l->registry, l->objects, l->why, sizeof(l->why));
	json_array_clear(l->objects);
	return !l->is_faulty;
}

static bool take_object(void *context, enum registry_kind kind, const char *id, uint64_t revision,
			const char *body)
{
	struct loading *l = context;
	json_t *object = json_loads(body, 0, NULL);
	if (object == NULL) {
		snprintf(l->why, sizeof(l->why), "%s is no JSON", id);
		l->is_faulty = true;
		return false;
	}
	if (l->is_copied && !sqlite_copy_object(l->copy, kind, id, revision, body)) {
		(void)sqlite_copy_end(l->copy, NULL, NULL);
		l->is_copied = false;
	}
	json_array_append_new(l->objects, object);
	return json_array_size(l->objects) < CHUNK || put_objects(l);
}

struct loading *loading_new(struct database *copy)
{
	char why[STORE_TEXT_MAX];
	struct loading *l = calloc(1, sizeof(*l));
	ASSERT(l != NULL);
	l->sink = (struct load_sink){.object = take_object, .context = l};
	l->registry = registry_new();
	l->objects = json_array();
	ASSERT(l->registry != NULL && l->objects != NULL);
	l->copy = copy;
	l->is_copied = copy != NULL && sqlite_copy_begin(copy, why) == DATABASE_OK;
	return l;
}

void loading_free(struct loading *l)
{
	if (l->copy != NULL && l->is_copied) {
		(void)sqlite_copy_end(l->copy, NULL, NULL);
	}
	json_decref(l->objects);
	registry_free(l->registry);
	free(l);
}

const struct load_sink *loading_sink(struct loading *l)
{
	return &l->sink;
}

bool loading_is_faulty(const struct loading *l)
{
	return l->is_faulty;
}

bool loading_is_copied(const struct loading *l)
{
	return l->is_copied;
}

struct registry *loading_finish(struct loading *l, const struct head *head, char *why)
{
	char unused[STORE_TEXT_MAX];
	if (l->is_faulty || !put_objects(l)) {
		snprintf(why, STORE_TEXT_MAX,
			 "the registry's database has an object that is none (%.200s); restore a "
			 "backup, or run the version that wrote it",
			 l->why);
		return NULL;
	}
	if (l->is_copied) {
		l->is_copied = sqlite_copy_end(l->copy, head, unused) == DATABASE_OK;
		l->copy = NULL;
	}
	registry_load_end(l->registry, head->revision);
	struct registry *r = l->registry;
	l->registry = NULL;
	return r;
}

struct registry_change *loading_change(const char *body)
{
	json_t *json = json_loads(body, 0, NULL);
	struct registry_change *change = json != NULL ? registry_change_from_json(json) : NULL;
	json_decref(json);
	return change;
}
