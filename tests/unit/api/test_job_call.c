/* A call by the control socket: its line, and its answer as lines. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/job_call.h"

static struct config config;
static const struct api_env env = {.config = &config};

/* The n-th line that the job answered. */
static json_t *answer_of(const char *line, unsigned n)
{
	char why[256];
	struct reply r = {.form = REPLY_LINES};
	struct job *j = job_call(line, strlen(line), &env, false, why, sizeof(why));
	cr_assert_not_null(j, "%s", why);
	for (unsigned i = 0; i < 3 && !j->step(j, &env, &r, 7); i++) {
	}
	const char *at = r.data;
	for (unsigned i = 0; i < n; i++) {
		at = strchr(at, '\n') + 1;
	}
	json_t *answer = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
	cr_assert_not_null(answer);
	job_free(j);
	reply_fini(&r);
	return answer;
}

static long long number(const json_t *line, const char *kind, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(line, kind), name));
}

static const char *text(const json_t *line, const char *kind, const char *name)
{
	return json_string_value(json_object_get(json_object_get(line, kind), name));
}

Test(job_call, an_answer_is_head_row_and_end)
{
	static const char line[] =
		"{\"command\": \"call\", \"method\": \"GET\", \"path\": \"/api/v1/health\"}";
	json_t *head = answer_of(line, 0), *row = answer_of(line, 1), *end = answer_of(line, 2);
	cr_expect_eq(number(head, "head", "status"), 200);
	cr_expect_str_eq(text(row, "row", "status"), "ok");
	cr_expect_str_eq(text(end, "end", "status"), "done");
	json_decref(head);
	json_decref(row);
	json_decref(end);
}

Test(job_call, a_problem_is_a_row_and_a_bad_end)
{
	static const struct {
		const char *line;
		int status;
		const char *end;
	} cases[] = {
		{"{\"command\":\"call\",\"method\":\"GET\",\"path\":\"/api/v1/no\"}", 404,
		 "not_found"},
		{"{\"command\":\"call\",\"method\":\"POST\",\"path\":\"/api/v1/health\"}", 405,
		 "usage"},
		{"{\"command\":\"call\",\"method\":\"GET\",\"path\":\"/api/v1/health\","
		 "\"query\":{\"x\":true}}",
		 400, "usage"},
		{"{\"command\":\"call\",\"method\":\"GET\",\"path\":\"/api/v1/health\","
		 "\"body\":{\"x\":1}}",
		 400, "usage"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		json_t *head = answer_of(cases[i].line, 0), *row = answer_of(cases[i].line, 1);
		json_t *end = answer_of(cases[i].line, 2);
		cr_expect_eq(number(head, "head", "status"), cases[i].status);
		cr_expect_eq(number(row, "row", "status"), cases[i].status);
		cr_expect_str_eq(text(end, "end", "status"), cases[i].end);
		cr_expect_str_eq(text(end, "end", "text"), text(row, "row", "detail"));
		json_decref(head);
		json_decref(row);
		json_decref(end);
	}
}

Test(job_call, other_lines_are_other_commands)
{
	char why[256] = "untouched";
	static const char *const lines[] = {"{\"command\": \"status\"}", "\"call\"", "[]", "{",
					    "{\"as_set\": \"call\", \"command\": \"irr\"}"};
	for (unsigned i = 0; i < ARRAY_COUNT(lines); i++) {
		cr_expect_null(job_call(lines[i], strlen(lines[i]), &env, false, why, sizeof(why)));
		cr_expect_str_eq(why, "", "%s", lines[i]);
	}
	cr_expect(!line_may_be_call("{\"command\": \"status\"}", 21));
}

Test(job_call, a_line_that_is_no_call_says_why)
{
	static const char *const rests[] = {
		"}",
		",\"method\":\"GET\"}",
		",\"method\":\"PUT\",\"path\":\"/api/v1/health\"}",
		",\"method\":\"GET\",\"path\":7}",
		",\"method\":\"GET\",\"path\":\"/\",\"quarry\":{}}",
		",\"method\":\"GET\",\"path\":\"/\",\"query\":[]}",
		",\"method\":\"GET\",\"path\":\"/\",\"query\":{\"a\":null}}",
		",\"method\":\"GET\",\"path\":\"/\",\"if_match\":\"7\"}",
		",\"method\":\"GET\",\"path\":\"/\",\"key\":\"\"}",
	};
	for (unsigned i = 0; i < ARRAY_COUNT(rests); i++) {
		char why[256] = "", line[256];
		int len = snprintf(line, sizeof(line), "{\"command\":\"call\"%s", rests[i]);
		cr_expect_null(job_call(line, (size_t)len, &env, false, why, sizeof(why)), "%s",
			       line);
		cr_expect_neq(why[0], '\0', "%s", line);
	}
}
