/* The API's description: every route is in it, and every schema that it names. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/call.h"
#include "control/api/problem.h"
#include "control/registry/reason.h"

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

static const json_t *operation_of(const struct call *c, const char *path, const char *method)
{
	const json_t *operation =
		json_object_get(json_object_get(json_object_get(c->json, "paths"), path), method);
	cr_assert_not_null(operation, "%s %s", method, path);
	return operation;
}

static const json_t *parameter_of(const json_t *operation, const char *name)
{
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(operation, "parameters"), i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0) {
			return one;
		}
	}
	cr_assert_fail("%s", name);
	return NULL;
}

static const char *first_word(const json_t *parameter)
{
	const json_t *schema = json_object_get(parameter, "schema");
	return json_string_value(json_array_get(json_object_get(schema, "enum"), 0));
}

Test(openapi, a_filter_knows_the_values_of_its_kind)
{
	struct call *c = described();
	const json_t *prefixes = operation_of(c, "/prefixes", "get");
	const json_t *asns = operation_of(c, "/asns", "get");
	cr_expect_str_eq(first_word(parameter_of(prefixes, "state")), "draft");
	cr_expect_str_eq(first_word(parameter_of(asns, "state")), "pending");
	cr_expect_str_eq(first_word(parameter_of(operation_of(c, "/routes", "get"), "match")),
			 "exact");
	cr_expect(json_is_true(json_object_get(
		parameter_of(operation_of(c, "/explain", "get"), "prefix"), "required")));
	call_free(c);
}

static bool has_answer(const struct call *c, const char *path, const char *method,
		       const char *status)
{
	return json_object_get(json_object_get(operation_of(c, path, method), "responses"),
			       status) != NULL;
}

Test(openapi, refusals_stand_where_they_can_come)
{
	struct call *c = described();
	cr_expect(has_answer(c, "/prefixes/{id}", "patch", "412"));
	cr_expect(!has_answer(c, "/prefixes", "post", "412"), "nothing is there that was seen");
	cr_expect(has_answer(c, "/prefixes", "post", "422"));
	cr_expect(!has_answer(c, "/prefixes", "get", "422"));
	cr_expect(has_answer(c, "/prefixes", "get", "503"));
	cr_expect(!has_answer(c, "/neighbors", "get", "503"));
	cr_expect(!has_answer(c, "/health", "get", "403"));
	cr_expect(has_answer(c, "/health", "get", "429"));
	call_free(c);
}

/* What a dry run says is no object: a client must be able to tell. */
Test(openapi, a_dry_run_has_an_answer_of_its_own)
{
	struct call *c = described();
	cr_expect(has_answer(c, "/prefixes", "post", "200"));
	cr_expect(has_answer(c, "/prefixes", "post", "201"));
	cr_expect(has_answer(c, "/prefixes/{id}", "delete", "200"));
	cr_expect(has_answer(c, "/prefixes/{id}", "delete", "204"));
	call_free(c);
}

Test(openapi, each_reason_of_a_refusal_is_one_of_ours)
{
	const struct problem_row *p;
	for (unsigned i = 0; (p = problem_at(i)) != NULL; i++) {
		char words[128];
		(void)snprintf(words, sizeof(words), "%s", p->reasons);
		for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL;) {
			cr_expect(word[0] == '\0' || registry_reason_text(word)[0] != '\0',
				  "%d: %s", p->status, word);
		}
		cr_expect_str_eq(problem_title(p->status), p->title);
	}
}

/* Making it is dear: who asks without a token must not be able to make the server do it twice. */
Test(openapi, it_is_made_once)
{
	struct api_description kept = {.json = NULL};
	const struct api_env keeping = {.config = &config, .description = &kept};
	const void *seen[2][2];
	for (unsigned i = 0; i < 2; i++) {
		struct call *c = call_new(&keeping, CALL_GET);
		cr_assert(call_find(c, "/api/v1/openapi.json"));
		call_run(c, 7, 7);
		seen[i][0] = c->json;
		seen[i][1] = c->text;
		cr_assert_gt(c->text_len, 1000);
		cr_expect_eq(c->text[c->text_len - 1], '\n');
		call_free(c);
	}
	cr_expect_eq(seen[0][0], seen[1][0]);
	cr_expect_eq(seen[0][1], seen[1][1]);
	json_t *read = json_loadb(kept.text, kept.text_len, 0, NULL);
	cr_expect(json_equal(read, kept.json), "the text says the same");
	json_decref(read);
	api_description_fini(&kept);
}
