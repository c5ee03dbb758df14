/* The API's description (OpenAPI 3.1): made of the table of routes, of the registry's fields, of
 * the forms, the queries and the refusals, each of which says it once. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/form.h"
#include "control/api/handlers.h"
#include "control/api/openapi.h"
#include "control/registry/field.h"
#include "rib/base/check.h"

static const struct {
	enum registry_kind kind;
	const char *one, *many;
} kinds[] = {
	{REGISTRY_TENANT, "Tenant", "Tenants"},
	{REGISTRY_ASN, "Asn", "Asns"},
	{REGISTRY_PREFIX, "Prefix", "Prefixes"},
	{REGISTRY_EVIDENCE, "Evidence", "EvidenceList"},
	{REGISTRY_SITE, "Site", "Sites"},
	{REGISTRY_TEMPLATE, "Template", "Templates"},
	{REGISTRY_SESSION, "Session", "Sessions"},
	{REGISTRY_TOKEN, "Token", "Tokens"},
	{REGISTRY_DOCUMENT, "Document", "Documents"},
};

static json_t *list_schema(const char *one)
{
	return json_pack("{s:s, s:s, s:[s,s,s], s:{s:{s:s, s:o}, s:{s:[s,s], s:s}, s:{s:s, s:i, "
			 "s:s}}}",
			 "type", "object", "description", "A page of a list.", "required", "items",
			 "next_cursor", "revision", "properties", "items", "type", "array", "items",
			 form_reference(one), "next_cursor", "type", "string", "null",
			 "description", "`cursor` of the next page; null: that was all.",
			 "revision", "type", "integer", "minimum", 0, "description",
			 "The registry's revision.");
}

static void put_kinds(json_t *out)
{
	char name[64];
	for (unsigned i = 0; i < ARRAY_COUNT(kinds); i++) {
		json_object_set_new(out, kinds[i].one, registry_schema(kinds[i].kind));
		json_object_set_new(out, kinds[i].many, list_schema(kinds[i].one));
		(void)snprintf(name, sizeof(name), "New%s", kinds[i].one);
		json_object_set_new(out, name, registry_schema_input(kinds[i].kind, true));
		(void)snprintf(name, sizeof(name), "%sPatch", kinds[i].one);
		json_object_set_new(out, name, registry_schema_input(kinds[i].kind, false));
	}
}

static json_t *schemas_json(void)
{
	json_t *out = json_object();
	put_kinds(out);
	json_object_set_new(out, "Check", registry_schema_check());
	form_put_all(out);
	form_put_examples(out);
	return out;
}

/* [] for everybody; {} beside a token where it may be left out. */
static json_t *security_json(const struct route *r)
{
	switch (r->access) {
	case ACCESS_ANY:
		return json_array();
	case ACCESS_GLASS:
		return json_pack("[{}, {s:[]}]", "token");
	default:
		return json_pack("[{s:[]}]", "token");
	}
}

static const char *access_text(enum route_access access)
{
	static const char *const texts[] = {
		[ACCESS_ANY] = "any",	  [ACCESS_GLASS] = "looking-glass",
		[ACCESS_READ] = "read",	  [ACCESS_CHANGE] = "change",
		[ACCESS_VIEW] = "viewer", [ACCESS_OPERATOR] = "operator",
	};
	ASSERT(access < ARRAY_COUNT(texts));
	return texts[access];
}

/* "post_prefixes_id_announce": what generated clients call their functions. */
static void operation_id(const struct route *r, char *out, size_t size)
{
	(void)snprintf(out, size, "%s%s", call_method_text(r->method), r->path);
	char *to = out;
	for (const char *at = out; *at != '\0'; at++) {
		if (*at != '{' && *at != '}') {
			*to++ = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at)
							    : '_';
		}
	}
	*to = '\0';
}

static json_t *operation(const struct route *r)
{
	char tag[32], id[96];
	operation_id(r, id, sizeof(id));
	(void)snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(r->path + 1, "/"), r->path + 1);
	json_t *out = json_pack("{s:s, s:s, s:[s], s:s, s:o, s:o, s:o}", "operationId", id,
				"summary", r->text, "tags", tag, "x-access", access_text(r->access),
				"security", security_json(r), "parameters", openapi_parameters(r),
				"responses", openapi_responses(r));
	bool is_optional = r->in[0] == '?';
	if (r->in[0] != '\0') {
		json_object_set_new(out, "requestBody",
				    json_pack("{s:b, s:o}", "required", !is_optional, "content",
					      openapi_content(r->in + is_optional)));
	}
	return out;
}

static json_t *paths_json(void)
{
	json_t *out = json_object();
	for (unsigned i = 0; i < route_count(); i++) {
		const struct route *r = route_at(i);
		json_t *path = json_object_get(out, r->path);
		char method[8] = "";
		const char *upper = call_method_text(r->method);
		for (unsigned n = 0; upper[n] != '\0'; n++) {
			method[n] = (char)tolower((unsigned char)upper[n]);
		}
		if (path == NULL) {
			path = json_object();
			json_object_set_new(out, r->path, path);
		}
		json_object_set_new(path, method, operation(r));
		if (strcmp(r->path, ROUTE_AT_ROOT) == 0) {
			json_object_set_new(path, "servers", json_pack("[{s:s}]", "url", "/"));
		}
	}
	return out;
}

/* --- The head --- */

static const char about[] =
	"The route server's API.  Give a token as `Authorization: Bearer cwy_…`; `x-access` says "
	"who "
	"may use an operation: any, looking-glass (everybody where it is public), read (tenants, "
	"viewers, operators), change (tenants, operators), viewer, operator.  A refusal is "
	"application/problem+json (RFC 9457) with a `reason` for programs and a `remedy` for "
	"people. "
	"Changes know `dry_run`, `If-Match` (with an ETag) and `Idempotency-Key`.  Lists come in "
	"pages: `cursor` takes `next_cursor`.  Members may be added to answers; those that are "
	"given "
	"have to be known.";

/* Of the first segments that are no kind of object. */
static const struct {
	const char *name, *text;
} tags[] = {
	{"health", "Whether the server works."},
	{"openapi.json", "This description."},
	{"whoami", "Whose token it is."},
	{"changes", "What was changed, by whom, and how to undo it."},
	{"import", "Many objects at once."},
	{"status", "The server."},
	{"neighbors", "Sessions as they run."},
	{"routes", "Routes as they are ranked and sent."},
	{"explain", "Why a route is, or is not, where it is."},
	{"rpki", "Data of the RPKI."},
	{"irr", "Data of the IRR."},
	{"events", "What happens, as it happens."},
	{"metrics", "Numbers for monitoring."},
};

static json_t *tags_json(void)
{
	json_t *out = json_array();
	for (unsigned k = 0; k < REGISTRY_KIND_COUNT; k++) {
		json_array_append_new(out, json_pack("{s:s, s:s}", "name",
						     registry_kind_plural((enum registry_kind)k),
						     "description",
						     registry_fields((enum registry_kind)k)->text));
	}
	for (unsigned i = 0; i < ARRAY_COUNT(tags); i++) {
		json_array_append_new(out, json_pack("{s:s, s:s}", "name", tags[i].name,
						     "description", tags[i].text));
	}
	return out;
}

static json_t *components_json(void)
{
	return json_pack("{s:o, s:o, s:o, s:{s:{s:s, s:s, s:s}}}", "schemas", schemas_json(),
			 "responses", openapi_shared_responses(), "headers",
			 openapi_shared_headers(), "securitySchemes", "token", "type", "http",
			 "scheme", "bearer", "description",
			 "What POST /tokens answered as `secret`.");
}

static json_t *description_json(void)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:o, s:o}", "openapi", "3.1.0",
			 "info", "title", "Causeway", "version", CAUSEWAY_VERSION, "description",
			 about, "servers", "url", ROUTE_ROOT, "tags", tags_json(), "paths",
			 paths_json(), "components", components_json());
}

void api_description_fini(struct api_description *d)
{
	json_decref(d->json);
	free(d->text);
	*d = (struct api_description){.json = NULL};
}

/* The text ends as those that are made when they are sent. */
static void keep(struct api_description *d)
{
	d->json = description_json();
	d->text = json_dumps(d->json, JSON_COMPACT);
	ASSERT(d->text != NULL);
	d->text_len = strlen(d->text) + 1;
	d->text[d->text_len - 1] = '\n'; /* In place of the terminator. */
}

/* Making it takes tens of milliseconds, and its text some, which nobody without a token may cost us
 * twice. */
void serve_openapi(struct call *c)
{
	struct api_description *d = c->env->description;
	if (d == NULL) {
		call_answer(c, 200, description_json());
		return;
	}
	if (d->json == NULL) {
		keep(d);
	}
	c->text = d->text;
	c->text_len = d->text_len;
	call_answer(c, 200, json_incref(d->json)); /* Nobody changes an answer. */
}
