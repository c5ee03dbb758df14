/* Answers of operations: what is good, what a dry run says, and each refusal that can come, judged
 * by what the table of routes says of the operation. */
#include <stdio.h>
#include <string.h>

#include "control/api/form.h"
#include "control/api/handlers.h"
#include "control/api/openapi.h"
#include "control/api/problem.h"
#include "rib/base/check.h"

/* --- What can come --- */

bool openapi_is_registry(const struct route *r)
{
	enum registry_kind kind;
	return openapi_kind_of(r, &kind) || strncmp(r->path, "/changes", 8) == 0 ||
	       strcmp(r->path, "/import") == 0;
}

static bool is_change(const struct route *r)
{
	return route_list_has(r->query, "dry_run");
}

static bool has_hole(const struct route *r)
{
	return strchr(r->path, '{') != NULL;
}

/* Jobs that may find nothing, or that what is asked for cannot be done now. */
static bool may_find_nothing(const struct route *r)
{
	return r->handle == serve_routes || r->handle == serve_explain || r->handle == serve_irr ||
	       r->handle == serve_events;
}

static bool may_refuse(const struct route *r)
{
	return r->handle == serve_routes || r->handle == serve_rpki || r->handle == serve_irr ||
	       r->handle == serve_configuration || r->method == CALL_POST;
}

static bool can_come(const struct route *r, int status)
{
	switch (status) {
	case 400:
	case 401: /* A token that is not known is refused everywhere. */
	case 429:
		return true;
	case 403:
		return r->access >= ACCESS_CHANGE;
	case 404:
		return has_hole(r) || openapi_is_registry(r) || may_find_nothing(r);
	case 409:
		return is_change(r) || may_refuse(r);
	case 412:
		return is_change(r) && has_hole(r);
	case 413:
		return r->in[0] != '\0' || is_change(r);
	case 415:
		return r->in[0] != '\0';
	case 422:
		return is_change(r);
	case 503:
		return openapi_is_registry(r);
	default: /* Of any request, and no answer to it: `default`. */
		return false;
	}
}

static_assert(ACCESS_CHANGE < ACCESS_VIEW && ACCESS_READ < ACCESS_CHANGE, "who has to have a role");

/* --- What is good --- */

static json_t *with_schema(const char *media_type, json_t *schema)
{
	return json_pack("{s:{s:o}}", media_type, "schema", schema);
}

json_t *openapi_content(const char *form)
{
	if (strcmp(form, "text/event-stream") == 0) {
		return json_pack("{s:{s:{s:s, s:s}, s:o}}", form, "schema", "type", "string",
				 "description",
				 "Server-sent events: `id`, `event` (its type), and `data`, which "
				 "is one JSON object of the schema Event on one line.",
				 "x-event-schema", form_reference("Event"));
	}
	if (strchr(form, '/') != NULL) {
		bool is_text = strncmp(form, "text/", 5) == 0 || strstr(form, "text") != NULL;
		json_t *schema = json_pack("{s:s}", "type", "string");
		if (!is_text) {
			json_object_set_new(schema, "contentMediaType", json_string(form));
		}
		return with_schema(form, schema);
	}
	return with_schema("application/json", form_reference(form));
}

static json_t *header(const char *name)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "#/components/headers/%s", name);
	return json_pack("{s:s}", "$ref", path);
}

/* `content` is taken; NULL: there is none. */
static json_t *response(const char *text, json_t *content)
{
	json_t *out = json_pack("{s:s}", "description", text);
	if (content != NULL) {
		json_object_set_new(out, "content", content);
	}
	return out;
}

static void put_good(json_t *out, const struct route *r, bool is_made)
{
	bool is_gone = r->out[0] == '\0';
	const char *status = is_made ? "201" : is_gone ? "204" : "200";
	json_t *good = response(r->text, is_gone ? NULL : openapi_content(r->out));
	json_t *headers = json_object();
	if (openapi_is_tagged(r) ||
	    (is_change(r) && !is_gone && strcmp(r->out, "ChangeDone") != 0)) {
		json_object_set_new(headers, "ETag", header("ETag"));
	}
	if (is_made) {
		json_object_set_new(headers, "Location", header("Location"));
	}
	if (json_object_size(headers) > 0) {
		json_object_set(good, "headers", headers);
	}
	json_decref(headers);
	json_object_set_new(out, status, good);
}

/* With dry_run: 200, and what would be; where 200 is the object's, too, it is one of both. */
static void put_dry_run(json_t *out)
{
	json_t *dry = form_reference("DryRun"), *good = json_object_get(out, "200");
	if (good == NULL) {
		json_object_set_new(out, "200",
				    response("With dry_run: what would change; nothing did.",
					     with_schema("application/json", dry)));
		return;
	}
	json_t *media = json_object_get(json_object_get(good, "content"), "application/json");
	json_t *real = json_incref(json_object_get(media, "schema"));
	json_object_set_new(media, "schema", json_pack("{s:[o, o]}", "anyOf", real, dry));
}

json_t *openapi_responses(const struct route *r)
{
	json_t *out = json_object();
	char path[64], status[8];
	const struct problem_row *p;
	bool is_made = r->handle == serve_create;
	put_good(out, r, is_made);
	if (is_change(r) && strcmp(r->out, "ChangeDone") != 0) {
		put_dry_run(out);
	}
	if (openapi_is_tagged(r)) {
		json_object_set_new(out, "304", response("It is what If-None-Match says.", NULL));
	}
	for (unsigned i = 0; (p = problem_at(i)) != NULL; i++) {
		if (can_come(r, p->status)) {
			(void)snprintf(status, sizeof(status), "%d", p->status);
			(void)snprintf(path, sizeof(path), "#/components/responses/%s", p->name);
			json_object_set_new(out, status, json_pack("{s:s}", "$ref", path));
		}
	}
	json_object_set_new(out, "default",
			    json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
	return out;
}

/* --- What they share --- */

static json_t *problem_content(const char *status_text, const struct problem_row *p)
{
	char first[40];
	json_t *content = with_schema("application/problem+json", form_reference("Problem"));
	if (p == NULL) {
		return content;
	}
	(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(p->reasons, " "), p->reasons);
	json_t *example = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
				    status_text, "status", p->status, "detail", p->text);
	if (first[0] != '\0') {
		json_object_set_new(example, "reason", json_string(first));
	}
	json_object_set_new(json_object_get(content, "application/problem+json"), "example",
			    example);
	return content;
}

static json_t *reasons_json(const char *reasons)
{
	json_t *list = json_array();
	while (*reasons != '\0') {
		size_t len = strcspn(reasons, " ");
		json_array_append_new(list, json_stringn(reasons, len));
		reasons += len + strspn(reasons + len, " ");
	}
	return list;
}

static json_t *shared_response(const struct problem_row *p)
{
	json_t *out = response(p->text, problem_content(p->title, p));
	if (p->reasons[0] != '\0') {
		json_object_set_new(out, "x-reasons", reasons_json(p->reasons));
	}
	if (p->status == 401) {
		json_object_set_new(
			out, "headers",
			json_pack("{s:o}", "WWW-Authenticate", header("WWW-Authenticate")));
	}
	if (p->status == 429 || p->status == 503) {
		json_object_set_new(out, "headers",
				    json_pack("{s:o}", "Retry-After", header("Retry-After")));
	}
	return out;
}

json_t *openapi_shared_responses(void)
{
	json_t *out = json_object();
	const struct problem_row *p;
	for (unsigned i = 0; (p = problem_at(i)) != NULL; i++) {
		json_object_set_new(out, p->name, shared_response(p));
	}
	json_object_set_new(out, "Problem",
			    response("Any other refusal: of the method, the size of the header, "
				     "or a fault of the server's.",
				     problem_content("", NULL)));
	return out;
}

json_t *openapi_shared_headers(void)
{
	static const struct {
		const char *name, *type, *text;
	} headers[] = {
		{"ETag", "string", "What If-Match and If-None-Match take."},
		{"Location", "string", "The path of what was made."},
		{"Retry-After", "integer", "Seconds to wait."},
		{"WWW-Authenticate", "string", "Bearer: a token is asked for."},
	};
	json_t *out = json_object();
	for (unsigned i = 0; i < ARRAY_COUNT(headers); i++) {
		json_object_set_new(out, headers[i].name,
				    json_pack("{s:s, s:{s:s}}", "description", headers[i].text,
					      "schema", "type", headers[i].type));
	}
	return out;
}
