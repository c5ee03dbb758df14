/* Examples, made of the schemas: a member is what example.def says of its name, or the plainest
 * value that its schema allows. */
#include <string.h>

#include "control/api/form.h"
#include "rib/base/check.h"

#define DEPTH_MAX 8 /* Of objects in objects; no schema is in itself. */

static const struct {
	const char *name, *json;
} examples[] = {
#define EXAMPLE(name, json) {#name, json},
#include "control/api/example.def"
#undef EXAMPLE
};

static json_t *value_of(const json_t *schemas, const char *name, const json_t *schema,
			unsigned depth);

/* The first of its types: a value is a better example than null. */
static const char *type_of(const json_t *schema)
{
	const json_t *type = json_object_get(schema, "type");
	const char *text = json_string_value(json_is_array(type) ? json_array_get(type, 0) : type);
	return text != NULL ? text : "";
}

static bool is_of(const json_t *value, const char *type)
{
	return (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value));
}

/* NULL: the name says nothing. */
static json_t *value_of_name(const char *name, const char *type)
{
	for (unsigned i = 0; i < ARRAY_COUNT(examples); i++) {
		if (strcmp(examples[i].name, name) == 0) {
			json_t *value = json_loads(examples[i].json, JSON_DECODE_ANY, NULL);
			ASSERT(value != NULL);
			if (is_of(value, type)) {
				return value;
			}
			json_decref(value);
		}
	}
	return NULL;
}

static json_t *string_of(const json_t *schema)
{
	const char *format = json_string_value(json_object_get(schema, "format"));
	const char *pattern = json_string_value(json_object_get(schema, "pattern"));
	char id[] = "p-0c4n9v2k7qx1m";
	if (format != NULL && strcmp(format, "date-time") == 0) {
		return json_string("2026-12-01T12:00:00Z");
	}
	if (format != NULL) {
		return json_string(strcmp(format, "ip-prefix") == 0 ? "192.0.2.0/24"
								    : "192.0.2.10");
	}
	if (pattern != NULL && pattern[0] == '^') { /* Of ids: "^p-[…". */
		id[0] = pattern[1] != '[' ? pattern[1] : id[0];
		return json_string(id);
	}
	return json_string(json_integer_value(json_object_get(schema, "minLength")) > 0 ? "text"
											: "");
}

static json_t *object_of(const json_t *schemas, const json_t *schema, unsigned depth)
{
	const char *name;
	json_t *member, *out = json_object();
	json_object_foreach(json_object_get(schema, "properties"), name, member)
	{
		json_object_set_new(out, name, value_of(schemas, name, member, depth + 1));
	}
	return out;
}

static json_t *array_of(const json_t *schemas, const char *name, const json_t *schema,
			unsigned depth)
{
	json_t *out = json_array();
	const json_t *items = json_object_get(schema, "items");
	if (items != NULL) {
		json_array_append_new(out, value_of(schemas, name, items, depth + 1));
	}
	return out;
}

static json_t *value_of_type(const json_t *schemas, const char *name, const json_t *schema,
			     unsigned depth)
{
	const char *type = type_of(schema);
	if (strcmp(type, "object") == 0) {
		return object_of(schemas, schema, depth);
	}
	if (strcmp(type, "array") == 0) {
		return array_of(schemas, name, schema, depth);
	}
	if (strcmp(type, "string") == 0) {
		return string_of(schema);
	}
	if (strcmp(type, "boolean") == 0) {
		return json_true();
	}
	json_int_t least = json_integer_value(json_object_get(schema, "minimum"));
	return json_integer(least);
}

static json_t *value_of(const json_t *schemas, const char *name, const json_t *schema,
			unsigned depth)
{
	const char *at = json_string_value(json_object_get(schema, "$ref"));
	const json_t *choices = json_object_get(schema, "enum");
	ASSERT(depth < DEPTH_MAX);
	if (at != NULL) {
		schema = json_object_get(schemas, strrchr(at, '/') + 1);
		ASSERT(schema != NULL);
		return value_of(schemas, name, schema, depth);
	}
	if (choices != NULL) {
		return json_incref(json_array_get(choices, 0));
	}
	json_t *known = value_of_name(name, type_of(schema));
	return known != NULL ? known : value_of_type(schemas, name, schema, depth);
}

json_t *form_example(const json_t *schemas, const char *name, const json_t *schema)
{
	return value_of(schemas, name, schema, 0);
}

void form_put_examples(json_t *schemas)
{
	const char *name;
	json_t *schema;
	json_object_foreach(schemas, name, schema)
	{
		/* What is of any form has none that would say anything. */
		if (json_object_get(schema, "properties") != NULL ||
		    json_object_get(schema, "items") != NULL) {
			json_object_set_new(schema, "examples",
					    json_pack("[o]", value_of(schemas, name, schema, 0)));
		}
	}
}
