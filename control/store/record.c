/* Changes as texts: see record.h. */
#include "control/store/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "rib/base/check.h"

uint64_t record_mark(uint64_t before, const char *body)
{
	return XXH3_64bits_withSeed(body, strlen(body), before);
}

/* Whose keys they are: two authors may use the same key. */
char *record_request(const struct registry_author *author, const char *key)
{
	char *text = NULL;
	int len = asprintf(&text, "%u %s %s\n%s", (unsigned)author->kind, author->tenant.text,
			   author->name, key);
	ASSERT(len > 0);
	return text;
}

/* Take the data out of a document's JSON, which may be another's, too. */
static json_t *without_data(json_t *object, const char *id, json_t *documents)
{
	json_t *data = json_object_get(object, "data");
	json_t *copy = json_copy(object);
	ASSERT(copy != NULL);
	if (json_is_string(data)) {
		json_object_set(documents, id, data);
	}
	json_object_del(copy, "data");
	return copy;
}

static void take_documents(json_t *change, json_t *documents)
{
	static const char *const sides[] = {"before", "after"};
	const char *kind = registry_kind_text(REGISTRY_DOCUMENT);
	json_t *items = json_object_get(change, "items"), *item;
	size_t i;
	json_array_foreach(items, i, item)
	{
		const char *of = json_string_value(json_object_get(item, "kind"));
		const char *id = json_string_value(json_object_get(item, "id"));
		if (of == NULL || id == NULL || strcmp(of, kind) != 0) {
			continue;
		}
		json_t *copy = json_copy(item);
		for (unsigned s = 0; s < 2; s++) {
			json_t *object = json_object_get(item, sides[s]);
			if (json_is_object(object)) {
				json_object_set_new(copy, sides[s],
						    without_data(object, id, documents));
			}
		}
		json_array_set_new(items, i, copy);
	}
}

struct record *record_new(const struct registry_change *c)
{
	struct record *r = calloc(1, sizeof(*r));
	json_t *change = registry_change_json(c, REGISTRY_VIEW_STORE);
	json_t *documents = json_object();
	ASSERT(r != NULL && change != NULL && documents != NULL);
	take_documents(change, documents);
	r->revision = c->revision;
	r->at_s = c->at_s;
	r->request_hash = c->request_hash;
	r->request = c->request_key[0] != '\0' ? record_request(&c->author, c->request_key) : NULL;
	r->body = json_dumps(change, JSON_COMPACT);
	ASSERT(r->body != NULL);
	if (json_object_size(documents) > 0) {
		r->documents = json_dumps(documents, JSON_COMPACT);
		ASSERT(r->documents != NULL);
	}
	json_decref(documents);
	json_decref(change);
	return r;
}

void record_free(struct record *r)
{
	if (r != NULL) {
		free(r->request);
		free(r->body);
		free(r->documents);
		free(r);
	}
}
