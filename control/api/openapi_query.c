/* Parameters of operations, from the table of routes, query.def, and the registry's fields. */
#include <stdio.h>
#include <string.h>

#include "control/api/call.h"
#include "control/api/form.h"
#include "control/api/handlers.h"
#include "control/api/openapi.h"
#include "control/api/request.h"
#include "control/registry/field.h"
#include "control/snippet/snippet.h"
#include "rib/base/check.h"

static const char *router_word(unsigned n)
{
	return n < SNIPPET_ROUTER_COUNT ? snippet_router_name((enum snippet_router)n) : NULL;
}

static const struct query_row {
	const char *name, *type;
	const char *format; /* NULL: none. */
	const char *(*word)(unsigned n);
	int64_t min, max; /* Both 0: any. */
	const char *text;
} queries[] = {
#define PLAIN	       .format = NULL
#define FORMAT(form)   .format = (form)
#define BY(give)       .word = (give)
#define RANGE(low, up) .min = (low), .max = (up)
#define QUERY(word, form, limits, sentence)                                                        \
	{.name = #word, .type = (form), limits, .text = (sentence)},
#include "control/api/query.def"
#undef PLAIN
#undef FORMAT
#undef BY
#undef RANGE
#undef QUERY
};

bool openapi_kind_of(const struct route *r, enum registry_kind *out)
{
	char first[32];
	(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(r->path + 1, "/"), r->path + 1);
	return registry_kind_parse(first, out);
}

bool openapi_is_tagged(const struct route *r)
{
	return r->handle == serve_get || r->handle == serve_list || r->handle == serve_document;
}

/* `schema` is taken. */
static json_t *parameter(const char *name, const char *in, const char *text, bool is_needed,
			 json_t *schema)
{
	json_t *out = json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", name, "in", in, "required",
				is_needed, "description", text, "schema", schema);
	json_t *example = form_example(NULL, name, schema);
	if (example != NULL && !json_equal(example, json_object_get(schema, "default"))) {
		json_object_set(out, "example", example);
	}
	json_decref(example);
	return out;
}

static json_t *query_schema(const struct query_row *q)
{
	json_t *schema = json_pack("{s:s}", "type", q->type);
	if (q->format != NULL) {
		json_object_set_new(schema, "format", json_string(q->format));
	}
	if (q->word != NULL) {
		json_object_set_new(schema, "enum", form_words(q->word));
	}
	if (q->max != 0) {
		json_object_set_new(schema, "minimum", json_integer(q->min));
		json_object_set_new(schema, "maximum", json_integer(q->max));
	}
	if (strcmp(q->name, "limit") == 0) {
		json_object_set_new(schema, "default", json_integer(CALL_LIMIT_DEFAULT));
	}
	if (strcmp(q->type, "boolean") == 0) {
		json_object_set_new(schema, "default", json_false());
	}
	return schema;
}

/* A filter has the schema of the member that it looks at; it says itself what it is for. */
static json_t *filter_schema(const struct route *r, const char *name)
{
	enum registry_kind kind;
	if (r->handle != serve_list || !openapi_kind_of(r, &kind)) {
		return NULL;
	}
	json_t *schema = registry_schema_member(kind, name);
	const json_t *type = json_object_get(schema, "type");
	if (json_is_array(type)) { /* Nobody can ask for null. */
		json_object_set(schema, "type", json_array_get(type, 0));
	}
	json_object_del(schema, "description");
	return schema;
}

static void put_queries(json_t *out, const struct route *r)
{
	for (unsigned i = 0; i < ARRAY_COUNT(queries); i++) {
		const struct query_row *q = &queries[i];
		if (route_list_has(r->query, q->name)) {
			json_t *schema = filter_schema(r, q->name);
			schema = schema != NULL ? schema : query_schema(q);
			json_array_append_new(out, parameter(q->name, "query", q->text,
							     route_list_needs(r->query, q->name),
							     schema));
		}
	}
}

static json_t *path_parameter(const struct route *r, const char *name)
{
	enum registry_kind kind;
	char pattern[] = "^p-[0-9a-z]{13}$", text[48];
	if (strcmp(name, "revision") == 0) {
		return parameter(name, "path", "The change's number.", true,
				 json_pack("{s:s, s:i}", "type", "integer", "minimum", 1));
	}
	if (!openapi_kind_of(r, &kind)) {
		return parameter(name, "path", "The neighbour's address.", true,
				 json_pack("{s:s, s:s}", "type", "string", "format", "ip-address"));
	}
	pattern[1] = registry_kind_letter(kind);
	(void)snprintf(text, sizeof(text), "Id of the %s.", registry_kind_text(kind));
	return parameter(name, "path", text, true,
			 json_pack("{s:s, s:s}", "type", "string", "pattern", pattern));
}

static void put_headers(json_t *out, const struct route *r)
{
	json_t *schema;
	if (route_list_has(r->query, "dry_run")) {
		schema = json_pack("{s:s, s:i, s:i}", "type", "string", "minLength", 1, "maxLength",
				   CALL_KEY_MAX - 1);
		json_array_append_new(out, parameter("Idempotency-Key", "header",
						     "The same key with the same request has the "
						     "same answer, and is done once.",
						     false, schema));
		json_array_append_new(out, parameter("If-Match", "header",
						     "The ETag that the object must have.", false,
						     json_pack("{s:s}", "type", "string")));
	}
	if (openapi_is_tagged(r)) {
		json_array_append_new(out, parameter("If-None-Match", "header",
						     "The ETag that is known: the answer is 304 "
						     "while it is the same.",
						     false, json_pack("{s:s}", "type", "string")));
	}
	if (r->handle == serve_events) {
		schema = json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
		json_array_append_new(out, parameter("Last-Event-ID", "header",
						     "Number of the last event that was seen.",
						     false, schema));
	}
}

json_t *openapi_parameters(const struct route *r)
{
	json_t *out = json_array();
	char name[32];
	for (const char *at = r->path; (at = strchr(at, '{')) != NULL; at++) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
		json_array_append_new(out, path_parameter(r, name));
	}
	put_queries(out, r);
	put_headers(out, r);
	return out;
}
