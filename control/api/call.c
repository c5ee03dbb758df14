/* What carriers and handlers share: the route, who may, the query's and the body's form.
 *
 * What a route does not know is refused with its name, as everywhere: a misspelled filter must not
 * answer with everything.
 */
#include "control/api/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/api/problem.h"
#include "control/registry/reason.h"
#include "rib/base/check.h"

/* --- The answer --- */

/* Exactly one: the second would be a bug of ours. */
static void finish(struct call *c, enum answer_kind kind, int status)
{
	ASSERT(c->answer == ANSWER_NONE);
	c->answer = kind;
	c->status = status;
	c->gone = NULL;
	if (c->answered != NULL) {
		c->answered(c);
	}
}

bool call_is_known(const struct call *c)
{
	ASSERT(c->revision != 0);
	return c->is_known != NULL && c->is_known(c);
}

void call_answer(struct call *c, int status, json_t *body)
{
	c->json = body;
	finish(c, ANSWER_JSON, status);
}

void call_answer_bytes(struct call *c, const char *media_type, char *bytes, size_t len)
{
	c->bytes = bytes;
	c->bytes_len = len;
	c->answer_type = media_type;
	finish(c, ANSWER_BYTES, 200);
}

void call_stream(struct call *c, struct job *j)
{
	j->uid = c->uid;
	c->job = j;
	finish(c, ANSWER_JOB, 200);
}

void call_stream_text(struct call *c, const char *media_type, struct job *j)
{
	c->answer_type = media_type;
	call_stream(c, j);
}

void call_subscribe(struct call *c, struct call_feed *f)
{
	c->feed = f;
	finish(c, ANSWER_FEED, 200);
}

static void put_text(json_t *o, const char *name, const char *text)
{
	if (text[0] != '\0') {
		/* What was quoted of a request need not be UTF-8. */
		json_t *value = json_string(text);
		json_object_set_new(o, name, value != NULL ? value : json_string("(not text)"));
	}
}

void call_problem(struct call *c, const struct registry_error *e)
{
	int status = e->status >= 400 && e->status < 600 ? e->status : 500;
	json_t *o = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title",
			      problem_title(status), "status", status);
	ASSERT(o != NULL);
	put_text(o, "detail", e->text);
	put_text(o, "reason", e->reason);
	put_text(o, "remedy", e->remedy);
	put_text(o, "pointer", e->pointer);
	c->answer_type = "application/problem+json";
	if (status == 429 || status == 503) {
		c->retry_after_s = c->retry_after_s != 0 ? c->retry_after_s : 1;
	}
	call_answer(c, status, o);
}

void call_fail(struct call *c, int status, const char *reason, const char *format, ...)
{
	struct registry_error e = {.status = status};
	va_list args;
	va_start(args, format);
	(void)vsnprintf(e.text, sizeof(e.text), format, args);
	va_end(args);
	(void)snprintf(e.reason, sizeof(e.reason), "%s", reason);
	(void)snprintf(e.remedy, sizeof(e.remedy), "%s", registry_reason_remedy(reason));
	call_problem(c, &e);
}

/* --- Life --- */

struct call *call_new(const struct api_env *env, enum call_method method)
{
	struct call *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	c->env = env;
	c->method = method;
	return c;
}

void call_free(struct call *c)
{
	if (c == NULL) {
		return;
	}
	if (c->gone != NULL) {
		c->gone(c);
	}
	for (unsigned i = 0; i < c->query_count; i++) {
		free(c->query[i].name);
		free(c->query[i].value);
	}
	if (c->feed != NULL) {
		c->feed->free(c->feed);
	}
	job_free(c->job);
	json_decref(c->json);
	json_decref(c->body);
	free(c->bytes);
	free(c->location);
	free(c->path);
	free(c);
}

/* --- The route --- */

bool call_find(struct call *c, const char *path)
{
	size_t root = strlen(ROUTE_ROOT);
	bool is_below = strncmp(path, ROUTE_ROOT, root) == 0 && path[root] == '/';
	c->path = strdup(is_below ? path + root : path);
	ASSERT(c->path != NULL);
	/* What scrapes metrics looks at the root. */
	bool is_ours = is_below != (strcmp(c->path, ROUTE_AT_ROOT) == 0);
	c->route = is_ours ? route_find(c->method, c->path, c->arg, &c->allowed) : NULL;
	if (c->route != NULL) {
		return true;
	}
	if (c->allowed != 0) {
		call_fail(c, 405, "method", "this method is not for this path");
	} else {
		call_fail(c, 404, "not-found",
			  "there is no such path; see " ROUTE_ROOT "/openapi.json");
	}
	return false;
}

/* --- The query --- */

bool call_add_query(struct call *c, const char *name, const char *value)
{
	if (c->query_count == CALL_QUERY_MAX) {
		return false;
	}
	c->query[c->query_count].name = strdup(name);
	c->query[c->query_count].value = strdup(value);
	c->query_count++;
	return true;
}

const char *call_query(const struct call *c, const char *name)
{
	for (unsigned i = 0; i < c->query_count; i++) {
		if (strcmp(c->query[i].name, name) == 0) {
			return c->query[i].value;
		}
	}
	return NULL;
}

bool call_query_is(const struct call *c, const char *name)
{
	const char *value = call_query(c, name);
	return value != NULL && strcmp(value, "true") == 0;
}

static bool number_of(const char *text, uint64_t *out)
{
	size_t len = strlen(text);
	if (len == 0 || len > 18 || strspn(text, "0123456789") != len) {
		return false;
	}
	*out = strtoull(text, NULL, 10);
	return true;
}

bool call_query_number(struct call *c, const char *name, struct call_range range, uint64_t *out)
{
	const char *text = call_query(c, name);
	uint64_t value = range.otherwise;
	if (text != NULL && (!number_of(text, &value) || value < range.min || value > range.max)) {
		call_fail(c, 400, "form", "'%s' must be a number from %llu to %llu", name,
			  (unsigned long long)range.min, (unsigned long long)range.max);
		return false;
	}
	*out = value;
	return true;
}

static const struct {
	const char *name, *type;
} parameters[] = {
#define QUERY(name, type, limits, text) {#name, type},
#include "control/api/query.def"
#undef QUERY
};

static bool is_boolean(const char *name)
{
	for (unsigned i = 0; i < ARRAY_COUNT(parameters); i++) {
		if (strcmp(parameters[i].name, name) == 0) {
			return strcmp(parameters[i].type, "boolean") == 0;
		}
	}
	return false;
}

static bool check_query(struct call *c)
{
	char known[160];
	for (unsigned i = 0; i < c->query_count; i++) {
		const char *name = c->query[i].name, *value = c->query[i].value;
		if (!route_list_has(c->route->query, name)) {
			route_list_text(c->route->query, known, sizeof(known));
			call_fail(c, 400, "form", "'%.64s' is not a parameter of this path%s%s",
				  name, known[0] != '\0' ? "; known are: " : "", known);
			return false;
		}
		if (call_query(c, name) != value) {
			call_fail(c, 400, "form", "'%s' is given twice", name);
			return false;
		}
		if (is_boolean(name) && strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
			call_fail(c, 400, "form", "'%s' must be true or false", name);
			return false;
		}
	}
	c->is_dry_run = call_query_is(c, "dry_run");
	return true;
}

/* --- The body --- */

/* Whether a Content-Type, without its parameters, is `wanted`.  RFC 9110 §8.3.1: in any case. */
static bool is_type(const char *media_type, const char *wanted)
{
	size_t len = strlen(wanted);
	return strncasecmp(media_type, wanted, len) == 0 &&
	       (media_type[len] == '\0' || media_type[len] == ';' || media_type[len] == ' ');
}

static bool is_json(const struct call *c, const char *media_type)
{
	return is_type(media_type, "application/json") ||
	       (c->method == CALL_PATCH && is_type(media_type, "application/merge-patch+json"));
}

static bool take_json(struct call *c, struct span raw)
{
	json_error_t error;
	c->body = json_loadb((const char *)raw.data, raw.len, JSON_REJECT_DUPLICATES, &error);
	if (c->body == NULL) {
		call_fail(c, 400, "form", "the body is no JSON: line %d, column %d: %s", error.line,
			  error.column, error.text);
	}
	return c->body != NULL;
}

bool call_take_body(struct call *c, const char *media_type, struct span raw)
{
	const char *in = c->route->in;
	bool is_raw = strchr(in, '/') != NULL;
	if (raw.len == 0) {
		return true; /* Whether it may be missing is call_run's to say. */
	}
	if (is_raw ? !is_type(media_type, in) : !is_json(c, media_type)) {
		call_fail(c, 415, "media-type", "the body must be %s, not '%.64s'",
			  is_raw ? in : "application/json", media_type);
		return false;
	}
	c->media_type = media_type;
	c->raw = raw;
	return is_raw || take_json(c, raw);
}

static bool check_body(struct call *c)
{
	const char *in = c->route->in;
	bool has_body = c->body != NULL || c->raw.len > 0;
	if (in[0] == '\0' && has_body && json_object_size(c->body) > 0) {
		call_fail(c, 400, "form", "this takes no body");
		return false;
	}
	/* An answer to "what of it?" may be left out: `announce` alone is to all. */
	bool is_optional = in[0] == '?';
	if (in[0] != '\0' && !is_optional && !has_body) {
		call_fail(c, 400, "form", "a body is missing: see " ROUTE_ROOT "/openapi.json");
		return false;
	}
	bool is_list = strcmp(in, "Import") == 0;
	if (c->body != NULL && !(is_list ? json_is_array(c->body) : json_is_object(c->body))) {
		call_fail(c, 400, "form", "the body must be %s", is_list ? "a list" : "an object");
		return false;
	}
	return true;
}

/* --- Who --- */

static bool is_open(const struct call *c)
{
	enum registry_role role = c->who.role;
	switch (c->route->access) {
	case ACCESS_ANY:
		return true;
	case ACCESS_GLASS:
		return role != ROLE_NOBODY || c->env->config->control.http.is_glass_public;
	case ACCESS_READ:
		return role != ROLE_NOBODY;
	case ACCESS_CHANGE:
		return role != ROLE_NOBODY && role != ROLE_VIEWER;
	case ACCESS_VIEW:
		return role == ROLE_VIEWER || role >= ROLE_OPERATOR;
	default:
		return role >= ROLE_OPERATOR;
	}
}

bool call_admit(struct call *c)
{
	if (is_open(c)) {
		return true;
	}
	if (c->who.role == ROLE_NOBODY) {
		call_fail(c, 401, "token", "this needs a token: 'Authorization: Bearer cwy_…'");
	} else {
		call_fail(c, 403, "role", "this is not for the role %s",
			  c->who.role == ROLE_TENANT ? "tenant" : "viewer");
	}
	return false;
}

void call_revoke(struct call *c)
{
	job_free(c->job);
	if (c->feed != NULL) {
		c->feed->free(c->feed);
	}
	json_decref(c->json);
	free(c->bytes);
	c->job = NULL;
	c->feed = NULL;
	c->json = NULL;
	c->text = NULL;
	c->bytes = NULL;
	c->answer = ANSWER_NONE;
	c->answered = NULL;
}

/* A job that ends before it says anything has only a status and a sentence. */
static void fail_of_job(struct call *c, const struct reply *r)
{
	static const struct {
		const char *status, *reason;
		int code;
	} ends[] = {
		{"not_found", "not-found", 404},
		{"usage", "form", 400},
		{"refused", "refused", 409},
	};
	unsigned i = 0;
	while (i < ARRAY_COUNT(ends) - 1 && strcmp(ends[i].status, r->status) != 0) {
		i++;
	}
	call_revoke(c);
	call_fail(c, ends[i].code, ends[i].reason, "%s", r->text);
}

bool call_begin_job(struct call *c, struct reply *out, usec_t now)
{
	ASSERT(c->answer == ANSWER_JOB && out->form != REPLY_LINES);
	if (c->job->step(c->job, c->env, out, now) && !out->has_begun) {
		fail_of_job(c, out);
		return true;
	}
	return out->has_begun;
}

void call_run(struct call *c, usec_t now, int64_t now_s)
{
	ASSERT(c->route != NULL && c->answer == ANSWER_NONE);
	c->now = now;
	c->now_s = now_s;
	if (call_admit(c) && check_query(c) && check_body(c)) {
		c->route->handle(c);
	}
}
