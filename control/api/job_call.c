/* The control socket's way to a call: the same route, checks and handler as over HTTP. */
#include "control/api/job_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>

#include "control/api/call.h"
#include "control/api/who.h"
#include "rib/base/check.h"

struct call_job {
	struct job job;
	struct call *call;
	bool is_read_only, has_begun;
	char *raw; /* Of a body that is not JSON. */
};

bool line_may_be_call(const char *line, size_t len)
{
	return memmem(line, len, "\"call\"", 6) != NULL;
}

/* --- The request --- */

static bool fail(char *why, size_t why_len, const char *text)
{
	(void)snprintf(why, why_len, "%s", text);
	return false;
}

static bool take_query(struct call *c, const json_t *query, char *why, size_t why_len)
{
	const char *name, *text;
	json_t *value;
	char number[24];
	if (query != NULL && !json_is_object(query)) {
		return fail(why, why_len, "'query' must be an object");
	}
	/* json_object_foreach wants to be able to write. */
	json_object_foreach((json_t *)(uintptr_t)query, name, value)
	{
		text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false")
					      : json_string_value(value);
		if (json_is_integer(value)) {
			(void)snprintf(number, sizeof(number), "%lld",
				       (long long)json_integer_value(value));
			text = number;
		}
		if (text == NULL || !call_add_query(c, name, text)) {
			return fail(why, why_len,
				    "'query' must have at most 16 texts, numbers or booleans");
		}
	}
	return true;
}

/* {"media_type", "data"} for a route that takes bytes. */
static bool take_bytes(struct call_job *j, const json_t *body)
{
	struct call *c = j->call;
	const char *type = json_string_value(json_object_get(body, "media_type"));
	const char *data = json_string_value(json_object_get(body, "data"));
	gnutls_datum_t in = {.data = NULL}, out = {.data = NULL};
	if (type == NULL || data == NULL || json_object_size(body) != 2) {
		call_fail(c, 415, "media-type",
			  "the body must be {\"media_type\": \"%s\", "
			  "\"data\": BASE64}",
			  c->route->in);
		return false;
	}
	j->raw = strdup(data);
	ASSERT(j->raw != NULL);
	in.data = (unsigned char *)j->raw;
	in.size = (unsigned)strlen(j->raw);
	if (gnutls_base64_decode2(&in, &out) != 0) {
		call_fail(c, 400, "form", "'data' is no base64");
		return false;
	}
	free(j->raw);
	j->raw = malloc(out.size + 1);
	ASSERT(j->raw != NULL);
	memcpy(j->raw, out.data, out.size);
	size_t len = out.size;
	gnutls_free(out.data);
	return call_take_body(c, type, span_of(j->raw, len));
}

/* What goes wrong from here on is the call's answer. */
static void take_body(struct call_job *j, json_t *body)
{
	if (body == NULL || json_is_null(body)) {
		return;
	}
	if (strchr(j->call->route->in, '/') != NULL) {
		(void)take_bytes(j, body);
	} else {
		j->call->body = json_incref(body);
	}
}

static bool take_rest(struct call *c, const json_t *root, char *why, size_t why_len)
{
	const json_t *match = json_object_get(root, "if_match"),
		     *key = json_object_get(root, "key");
	const json_t *last = json_object_get(root, "last_event");
	const char *text = json_string_value(key);
	if ((match != NULL && !json_is_integer(match)) ||
	    (last != NULL && !json_is_integer(last))) {
		return fail(why, why_len, "'if_match' and 'last_event' must be numbers");
	}
	if (key != NULL &&
	    (text == NULL || text[0] == '\0' || strlen(text) >= sizeof(c->request_key))) {
		return fail(why, why_len, "'key' must be a text of 1 to 79 octets");
	}
	c->if_revision = (uint64_t)json_integer_value(match);
	c->last_event = (uint64_t)json_integer_value(last);
	(void)snprintf(c->request_key, sizeof(c->request_key), "%s", text != NULL ? text : "");
	return true;
}

static bool are_members_known(const json_t *root, char *why, size_t why_len)
{
	static const char *const known = "command method path query body if_match key last_event";
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)root, name, value)
	{
		if (!route_list_has(known, name)) {
			(void)snprintf(why, why_len, "'call' has no member '%.64s'", name);
			return false;
		}
	}
	return true;
}

static bool take_request(struct call_job *j, const struct api_env *env, json_t *root, char *why,
			 size_t why_len)
{
	const char *path = json_string_value(json_object_get(root, "path"));
	const char *name = json_string_value(json_object_get(root, "method"));
	enum call_method method;
	if (!are_members_known(root, why, why_len)) {
		return false;
	}
	if (path == NULL || name == NULL || !call_method_parse(name, &method)) {
		return fail(why, why_len,
			    "'call' needs 'method' (GET, POST, PATCH, DELETE) and 'path'");
	}
	j->call = call_new(env, method);
	if (!take_query(j->call, json_object_get(root, "query"), why, why_len) ||
	    !take_rest(j->call, root, why, why_len)) {
		return false;
	}
	if (call_find(j->call, path)) {
		take_body(j, json_object_get(root, "body"));
	}
	return true;
}

/* --- The answer --- */

static json_t *head_of(const struct call *c)
{
	json_t *head = json_pack("{s:s, s:i}", "command", "call", "status", c->status);
	if (c->revision != 0) {
		json_object_set_new(head, "revision", json_integer((json_int_t)c->revision));
	}
	if (c->location != NULL) {
		json_object_set_new(head, "location", json_string(c->location));
	}
	return head;
}

static void end_problem(const struct call *c, struct reply *out)
{
	const char *status = c->status == 404 ? "not_found"
			     : c->status == 400 || c->status == 405 || c->status == 415 ? "usage"
											: "refused";
	reply_end(out, status, json_string_value(json_object_get(c->json, "detail")));
}

static bool put_document(struct call *c, struct reply *out)
{
	reply_head(out, head_of(c));
	if (c->json != NULL) {
		reply_row(out, json_incref(c->json));
	}
	if (c->status >= 400) {
		end_problem(c, out);
	} else {
		reply_end(out, "done", NULL);
	}
	return true;
}

/* Text as it is; anything else in base64. */
static bool put_bytes(struct call *c, struct reply *out)
{
	json_t *row = json_pack("{s:s}", "media_type", c->answer_type);
	json_t *text = json_stringn(c->bytes, c->bytes_len);
	if (text == NULL) {
		const gnutls_datum_t in = {.data = (unsigned char *)c->bytes,
					   .size = (unsigned)c->bytes_len};
		gnutls_datum_t base64 = {.data = NULL};
		int err = gnutls_base64_encode2(&in, &base64);
		ASSERT(err == 0);
		json_object_set_new(row, "data",
				    json_stringn((const char *)base64.data, base64.size));
		gnutls_free(base64.data);
	} else {
		json_object_set_new(row, "text", text);
	}
	reply_head(out, head_of(c));
	reply_row(out, row);
	reply_end(out, "done", NULL);
	return true;
}

/* Rows without end; the socket's owner ends it. */
static bool put_events(struct call_job *j, struct reply *out)
{
	struct call_feed *f = j->call->feed;
	struct call_event event;
	if (!j->has_begun) {
		reply_head(out, head_of(j->call));
		j->has_begun = true;
	}
	j->job.is_waiting = true;
	while (reply_has_room(out) && f->next(f, &event)) {
		reply_row(out, event.data);
	}
	return false;
}

static bool step_call(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	struct call_job *j = (struct call_job *)job;
	struct call *c = j->call;
	if (c->answer == ANSWER_NONE && !job->is_waiting) {
		c->uid = job->uid;
		c->who = who_of_socket(j->is_read_only, job->uid);
		call_run(c, now, (int64_t)time(NULL));
		job->is_waiting = true;
	}
	switch (c->answer) {
	case ANSWER_NONE:
		return false;
	case ANSWER_JSON:
		return put_document(c, out);
	case ANSWER_BYTES:
		return put_bytes(c, out);
	case ANSWER_JOB: {
		bool is_done = c->job->step(c->job, env, out, now);
		job->is_waiting = c->job->is_waiting;
		return is_done;
	}
	default:
		return put_events(j, out);
	}
}

static void free_call(struct job *job)
{
	struct call_job *j = (struct call_job *)job;
	call_free(j->call);
	free(j->raw);
	free(j);
}

struct job *job_call(const char *line, size_t len, const struct api_env *env, bool is_read_only,
		     char *why, size_t why_len)
{
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *command = json_string_value(json_object_get(root, "command"));
	why[0] = '\0';
	if (command == NULL || strcmp(command, "call") != 0) {
		json_decref(root);
		return NULL;
	}
	struct call_job *j = calloc(1, sizeof(*j));
	ASSERT(j != NULL);
	j->job = (struct job){.step = step_call, .free = free_call};
	j->is_read_only = is_read_only;
	bool is_good = take_request(j, env, root, why, why_len);
	json_decref(root);
	if (!is_good) {
		free_call(&j->job);
		return NULL;
	}
	return &j->job;
}
