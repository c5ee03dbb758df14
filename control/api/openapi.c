/* The API's description (OpenAPI 3.1): made of the table of routes, of the registry's fields, and
 * of schema.def, so that none can say what another does not. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/registry/field.h"
#include "rib/base/check.h"

static const struct {
	const char *name, *text;
} schemas[] = {
#define SCHEMA(name, text) {#name, text},
#include "control/api/schema.def"
#undef SCHEMA
};

static const struct {
	const char *name, *type, *text;
} parameters[] = {
#define QUERY(name, type, text) {#name, type, text},
#include "control/api/query.def"
#undef QUERY
};

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

static json_t *reference(const char *name)
{
	char path[96];
	(void)snprintf(path, sizeof(path), "#/components/schemas/%s", name);
	return json_pack("{s:s}", "$ref", path);
}

static json_t *list_schema(const char *one)
{
	return json_pack("{s:s, s:[s,s,s], s:{s:{s:s, s:o}, s:{s:[s,s]}, s:{s:s}}}", "type",
			 "object", "required", "items", "next_cursor", "revision", "properties",
			 "items", "type", "array", "items", reference(one), "next_cursor", "type",
			 "string", "null", "revision", "type", "integer");
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
	for (unsigned i = 0; i < ARRAY_COUNT(schemas); i++) {
		json_t *schema = json_loads(schemas[i].text, 0, NULL);
		ASSERT(schema != NULL);
		json_object_set_new(out, schemas[i].name, schema);
	}
	return out;
}

/* A body or answer: of a schema, or bytes of a media type. */
static json_t *content(const char *form)
{
	if (strchr(form, '/') != NULL) {
		return json_pack("{s:{s:{s:s}}}", form, "schema", "type", "string");
	}
	return json_pack("{s:{s:o}}", "application/json", "schema", reference(form));
}

static json_t *parameter(const char *name, const char *in, const char *type, const char *text)
{
	return json_pack("{s:s, s:s, s:b, s:s, s:{s:s}}", "name", name, "in", in, "required",
			 strcmp(in, "path") == 0, "description", text, "schema", "type", type);
}

static json_t *parameters_json(const struct route *r)
{
	json_t *out = json_array();
	char name[32];
	for (const char *at = r->path; (at = strchr(at, '{')) != NULL; at++) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
		json_array_append_new(out, parameter(name, "path", "string", "Which one."));
	}
	for (unsigned i = 0; i < ARRAY_COUNT(parameters); i++) {
		if (route_list_has(r->query, parameters[i].name)) {
			json_array_append_new(out,
					      parameter(parameters[i].name, "query",
							parameters[i].type, parameters[i].text));
		}
	}
	if (route_list_has(r->query, "dry_run")) {
		json_array_append_new(out, parameter("Idempotency-Key", "header", "string",
						     "The same key with the same request has the "
						     "same answer, and is done once."));
		json_array_append_new(out, parameter("If-Match", "header", "string",
						     "The ETag that the object must have."));
	}
	return out;
}

static json_t *responses_json(const struct route *r)
{
	json_t *out = json_object();
	bool is_made = r->method == CALL_POST && strncmp(r->in, "New", 3) == 0;
	const char *status = is_made ? "201" : r->out[0] == '\0' ? "204" : "200";
	json_t *good = json_pack("{s:s}", "description", r->text);
	if (r->out[0] != '\0') {
		json_object_set_new(good, "content", content(r->out));
	}
	json_object_set_new(out, status, good);
	if (is_made || r->out[0] == '\0') {
		json_object_set_new(out, "200",
				    json_pack("{s:s, s:o}", "description", "A dry run.", "content",
					      content("ChangeDone")));
	}
	json_object_set_new(out, "default",
			    json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
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
				"security", security_json(r), "parameters", parameters_json(r),
				"responses", responses_json(r));
	bool is_optional = r->in[0] == '?';
	if (r->in[0] != '\0') {
		json_object_set_new(out, "requestBody",
				    json_pack("{s:b, s:o}", "required", !is_optional, "content",
					      content(r->in + is_optional)));
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

void serve_openapi(struct call *c)
{
	json_t *components = json_pack(
		"{s:o, s:{s:{s:s, s:s}}, s:{s:{s:s, s:{s:{s:o}}}}}", "schemas", schemas_json(),
		"securitySchemes", "token", "type", "http", "scheme", "bearer", "responses",
		"Problem", "description", "What is wrong, and what to do (RFC 9457).", "content",
		"application/problem+json", "schema", reference("Problem"));
	call_answer(c, 200,
		    json_pack("{s:s, s:{s:s, s:s}, s:[{s:s}], s:o, s:o}", "openapi", "3.1.0",
			      "info", "title", "Causeway", "version", CAUSEWAY_VERSION, "servers",
			      "url", ROUTE_ROOT, "paths", paths_json(), "components", components));
}
