/* A call: its route, who may, its query and body, and that it has one answer. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/call.h"
#include "rib/base/check.h"

static struct config config;
static const struct api_env env = {.config = &config};

static struct call *call_of(enum call_method method, const char *path)
{
	struct call *c = call_new(&env, method);
	(void)call_find(c, path);
	return c;
}

static const char *member(const struct call *c, const char *name)
{
	const char *text = json_string_value(json_object_get(c->json, name));
	return text != NULL ? text : "";
}

Test(call, health_needs_nobody)
{
	struct call *c = call_of(CALL_GET, "/api/v1/health");
	cr_assert_not_null(c->route);
	call_run(c, 7, 7);
	cr_expect(c->answer == ANSWER_JSON && c->status == 200);
	cr_expect_str_eq(member(c, "status"), "ok");
	call_free(c);
}

Test(call, what_is_not_there_is_404_and_another_method_405)
{
	struct call *c = call_of(CALL_GET, "/api/v1/nothing");
	cr_expect_eq(c->status, 404);
	cr_expect_str_eq(c->answer_type, "application/problem+json");
	call_free(c);
	c = call_of(CALL_GET, "/api/v2/health");
	cr_expect_eq(c->status, 404);
	call_free(c);
	c = call_of(CALL_POST, "/api/v1/health");
	cr_expect_eq(c->status, 405);
	cr_expect_eq(c->allowed, 1U << CALL_GET);
	call_free(c);
}

/* A misspelled filter must not answer with everything. */
Test(call, an_unknown_parameter_is_refused)
{
	struct call *c = call_of(CALL_GET, "/api/v1/health");
	cr_expect(call_add_query(c, "verbose", "true"));
	call_run(c, 7, 7);
	cr_expect_eq(c->status, 400);
	cr_expect(strstr(member(c, "detail"), "verbose") != NULL);
	call_free(c);
}

Test(call, a_query_has_an_end)
{
	struct call *c = call_of(CALL_GET, "/api/v1/health");
	for (unsigned i = 0; i < CALL_QUERY_MAX; i++) {
		cr_expect(call_add_query(c, "a", "b"));
	}
	cr_expect(!call_add_query(c, "a", "b"));
	call_free(c);
}

Test(call, numbers_have_bounds)
{
	static const struct {
		const char *text;
		bool is_good;
	} cases[] = {{"1", true},   {"1000", true},
		     {"0", false},  {"1001", false},
		     {"", false},   {"-1", false},
		     {"1x", false}, {" 1", false},
		     {"+1", false}, {"99999999999999999999", false}};
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		uint64_t value = 0;
		struct call *c = call_of(CALL_GET, "/api/v1/health");
		(void)call_add_query(c, "limit", cases[i].text);
		bool is_good =
			call_query_number(c, "limit", (struct call_range){1, 1000, 100}, &value);
		cr_expect_eq(is_good, cases[i].is_good, "%s", cases[i].text);
		cr_expect_eq(c->status, is_good ? 0 : 400);
		call_free(c);
	}
}

Test(call, a_body_where_none_is_taken_is_refused)
{
	struct call *c = call_of(CALL_GET, "/api/v1/health");
	cr_expect(call_take_body(c, "application/json", span_of("{\"a\":1}", 7)));
	call_run(c, 7, 7);
	cr_expect_eq(c->status, 400);
	call_free(c);
}

Test(call, a_body_that_is_no_json_is_refused)
{
	static const char *const bodies[] = {"{", "{\"a\":1,\"a\":2}", "nul", "{\"a\":\"\xff\"}",
					     "[1,]"};
	for (unsigned i = 0; i < ARRAY_COUNT(bodies); i++) {
		struct call *c = call_of(CALL_GET, "/api/v1/health");
		cr_expect(!call_take_body(c, "application/json",
					  span_of(bodies[i], strlen(bodies[i]))),
			  "%s", bodies[i]);
		cr_expect_eq(c->status, 400);
		call_free(c);
	}
}

Test(call, another_media_type_is_415)
{
	static const char *const types[] = {"", "text/plain", "application/jsonx",
					    "application/x-www-form-urlencoded"};
	for (unsigned i = 0; i < ARRAY_COUNT(types); i++) {
		struct call *c = call_of(CALL_GET, "/api/v1/health");
		cr_expect(!call_take_body(c, types[i], span_of("{}", 2)));
		cr_expect_eq(c->status, 415);
		call_free(c);
	}
	struct call *c = call_of(CALL_GET, "/api/v1/health");
	cr_expect(call_take_body(c, "Application/JSON; charset=utf-8", span_of("{}", 2)));
	call_free(c);
}

static void count_gone(struct call *c)
{
	++*(unsigned *)c->context;
}

Test(call, an_asker_that_leaves_is_told_to_the_handler_once)
{
	unsigned gone = 0;
	struct call *c = call_of(CALL_GET, "/api/v1/health");
	c->context = &gone;
	c->gone = count_gone;
	call_free(c);
	cr_expect_eq(gone, 1);
	c = call_of(CALL_GET, "/api/v1/health");
	c->context = &gone;
	c->gone = count_gone;
	call_fail(c, 409, "state", "no");
	call_free(c);
	cr_expect_eq(gone, 1, "not when it was answered");
}

Test(call, a_problem_with_a_known_reason_says_what_to_do)
{
	struct call *c = call_of(CALL_POST, "/api/v1/prefixes");
	call_fail(c, 413, "too-large", "the body is larger than %d octets", 1);
	cr_assert(c->json != NULL);
	cr_expect(json_string_length(json_object_get(c->json, "remedy")) > 0);
	call_free(c);
}

static bool end_badly(struct job *j, const struct api_env *e, struct reply *out, usec_t now)
{
	(void)j;
	(void)e;
	(void)now;
	reply_head(out, json_object());
	reply_end(out, "not_found", "no such route");
	return true;
}

static void free_nothing(struct job *j)
{
	(void)j;
}

Test(call, a_job_that_finds_nothing_is_a_problem)
{
	struct job job = {.step = end_badly, .free = free_nothing};
	struct reply r = {.form = REPLY_DOCUMENT};
	struct call *c = call_of(CALL_GET, "/api/v1/health");
	call_stream(c, &job);
	cr_expect(call_begin_job(c, &r, 7));
	cr_expect(c->answer == ANSWER_JSON && c->status == 404);
	cr_expect_str_eq(member(c, "detail"), "no such route");
	reply_fini(&r);
	call_free(c);
}

Test(call, problems_quote_only_text)
{
	struct call *c = call_of(CALL_GET, "/api/v1/health");
	call_fail(c, 400, "form", "'%s'", "\xff\xfe");
	cr_expect_str_eq(member(c, "detail"), "(not text)");
	call_free(c);
}
