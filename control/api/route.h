/* The table of routes: each path and method with who may use it, its query, forms, and handler.
 *
 * One row says all: the carriers route by it, the OpenAPI document is made of it, tests walk it.
 * Paths are behind /api/v1; {…} stands for one segment. */
#pragma once

#include "rib/base/bytes.h"

#define ROUTE_ARGS_MAX 3
#define ROUTE_ROOT     "/api/v1"
#define ROUTE_AT_ROOT  "/metrics" /* The one path that is not below ROUTE_ROOT. */

enum call_method { CALL_GET, CALL_POST, CALL_PATCH, CALL_DELETE, CALL_METHOD_COUNT };

/* Who may use a route; what they see there is the handler's to limit. */
enum route_access {
	ACCESS_ANY,	 /* Everybody, without a token. */
	ACCESS_GLASS,	 /* The looking glass: everybody when it is public, else as READ. */
	ACCESS_READ,	 /* Tenants, viewers, operators. */
	ACCESS_CHANGE,	 /* Tenants and operators. */
	ACCESS_VIEW,	 /* Viewers and operators. */
	ACCESS_OPERATOR, /* Operators. */
};

struct call;

struct route {
	enum call_method method;
	enum route_access access;
	const char *path;
	/* Names that it knows, of query.def, with spaces between; "!" is behind one that it cannot
	 * do without.  "" for none. */
	const char *query;
	const char *in;	 /* Form of the body: a schema's name, a media type, or ""; */
	const char *out; /* of the answer. */
	void (*handle)(struct call *c);
	const char *text; /* A sentence. */
};

struct call_range {
	uint64_t min, max, otherwise;
};

unsigned route_count(void);
const struct route *route_at(unsigned i);
/* The route of `path` (behind /api/v1), which is cut at its segments: `arg` points into it.  NULL:
 * there is none; *out_allowed then has the methods (bits) that the path knows, 0 for an unknown
 * path. */
const struct route *route_find(enum call_method method, char *path, const char **arg,
			       unsigned *out_allowed);
/* Whether `name` is one of the words of `list`. */
bool route_list_has(const char *list, const char *name);
/* Whether it is, and has a "!" behind it. */
bool route_list_needs(const char *list, const char *name);
/* The list without these, cut where `out` ends. */
void route_list_text(const char *list, char *out, size_t size);
const char *call_method_text(enum call_method method); /* "GET" */
bool call_method_parse(const char *text, enum call_method *out);
