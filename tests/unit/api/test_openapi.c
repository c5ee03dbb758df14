/* The API's description: every route is in it, and every schema that it names. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/call.h"

static struct config config;
static const struct api_env env = {.config = &config};

static struct call *described(void)
{
	struct call *c = call_new(&env, CALL_GET);
	cr_assert(call_find(c, "/api/v1/openapi.json"));
	call_run(c, 7, 7);
	cr_assert_eq(c->status, 200);
	return c;
}

Test(openapi, every_route_is_in_it)
{
	struct call *c = described();
	const json_t *paths = json_object_get(c->json, "paths");
	unsigned count = 0;
	const char *name, *method;
	json_t *path, *operation;
	json_object_foreach((json_t *)(uintptr_t)paths, name, path)
	{
		json_object_foreach(path, method, operation)
		{
			count += json_object_get(operation, "responses") != NULL;
		}
	}
	cr_expect_eq(count, route_count());
	call_free(c);
}

static void check(const json_t *schemas, const json_t *value)
{
	static const char at[] = "#/components/schemas/";
	const char *name;
	json_t *member;
	size_t i;
	json_array_foreach(value, i, member)
	{
		check(schemas, member);
	}
	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	{
		const char *text = json_string_value(member);
		if (strcmp(name, "$ref") == 0 && text != NULL &&
		    strncmp(text, at, sizeof(at) - 1) == 0) {
			cr_expect_not_null(json_object_get(schemas, text + sizeof(at) - 1), "%s",
					   text);
		}
		check(schemas, member);
	}
}

Test(openapi, every_schema_that_is_named_is_there)
{
	struct call *c = described();
	const json_t *components = json_object_get(c->json, "components");
	check(json_object_get(components, "schemas"), c->json);
	call_free(c);
}

/* Client generators name functions by it. */
Test(openapi, every_operation_has_a_name_of_its_own)
{
	struct call *c = described();
	json_t *seen = json_object();
	const char *name, *method;
	json_t *path, *operation;
	json_object_foreach(json_object_get(c->json, "paths"), name, path)
	{
		json_object_foreach(path, method, operation)
		{
			const char *id =
				json_string_value(json_object_get(operation, "operationId"));
			if (json_object_get(operation, "responses") == NULL) {
				continue; /* Where it is served. */
			}
			cr_assert_not_null(id, "%s %s", method, name);
			cr_expect_eq(strspn(id, "abcdefghijklmnopqrstuvwxyz_"), strlen(id), "%s",
				     id);
			cr_expect_null(json_object_get(seen, id), "twice: %s", id);
			json_object_set_new(seen, id, json_true());
		}
	}
	cr_expect_eq(json_object_size(seen), route_count());
	cr_expect_not_null(json_object_get(seen, "post_prefixes_id_announce"));
	json_decref(seen);
	call_free(c);
}
