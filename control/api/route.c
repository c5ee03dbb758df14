/* Routing: segments of the path against segments of each row.
 *
 * The table is short, so it is walked; a literal segment goes before {…} because its row stands
 * first.  A path that some row knows under another method is 405's, not 404's.
 */
#include "control/api/route.h"

#include <string.h>

#include "control/api/handlers.h"
#include "rib/base/check.h"

static const struct route routes[] = {
#define ROUTE(method, path, access, query, in, out, handle, text)                                  \
	{CALL_##method, ACCESS_##access, path, query, in, out, handle, text},
#include "control/api/routes.def"
#undef ROUTE
};

unsigned route_count(void)
{
	return (unsigned)ARRAY_COUNT(routes);
}

const struct route *route_at(unsigned i)
{
	ASSERT(i < ARRAY_COUNT(routes));
	return &routes[i];
}

static size_t segment_len(const char *path)
{
	return strcspn(path, "/");
}

/* `pattern` and `path` begin with '/', or both are at their end. */
static bool is_match(const char *pattern, const char *path)
{
	while (*pattern == '/' && *path == '/') {
		size_t pattern_len = segment_len(++pattern), path_len = segment_len(++path);
		bool is_any = *pattern == '{';
		if (path_len == 0 || (!is_any && (pattern_len != path_len ||
						  memcmp(pattern, path, path_len) != 0))) {
			return false;
		}
		pattern += pattern_len;
		path += path_len;
	}
	return *pattern == '\0' && *path == '\0';
}

/* End each segment where the next begins, so that arguments stand alone. */
static void cut(const char *pattern, char *path, const char **arg)
{
	unsigned count = 0;
	while (*pattern == '/') {
		*path++ = '\0';
		if (*++pattern == '{') {
			ASSERT(count < ROUTE_ARGS_MAX);
			arg[count++] = path;
		}
		pattern += segment_len(pattern);
		path += segment_len(path);
	}
}

const struct route *route_find(enum call_method method, char *path, const char **arg,
			       unsigned *out_allowed)
{
	unsigned allowed = 0;
	for (unsigned i = 0; i < ARRAY_COUNT(routes); i++) {
		if (!is_match(routes[i].path, path)) {
			continue;
		}
		if (routes[i].method == method) {
			cut(routes[i].path, path, arg);
			return &routes[i];
		}
		/* {…} of a later row is not what an earlier row's literal is. */
		allowed |= 1U << routes[i].method;
	}
	*out_allowed = allowed;
	return NULL;
}

/* Where the word ends in the list; NULL: it is none of it. */
static const char *end_in_list(const char *list, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = list; len > 0 && (at = strstr(at, name)) != NULL; at += len) {
		bool begins = at == list || at[-1] == ' ';
		if (begins && (at[len] == ' ' || at[len] == '!' || at[len] == '\0')) {
			return at + len;
		}
	}
	return NULL;
}

bool route_list_has(const char *list, const char *name)
{
	return end_in_list(list, name) != NULL;
}

bool route_list_needs(const char *list, const char *name)
{
	const char *end = end_in_list(list, name);
	return end != NULL && *end == '!';
}

void route_list_text(const char *list, char *out, size_t size)
{
	size_t len = 0;
	for (; *list != '\0' && len < size - 1; list++) {
		if (*list != '!') {
			out[len++] = *list;
		}
	}
	out[len] = '\0';
}

static const char *const methods[CALL_METHOD_COUNT] = {
	[CALL_GET] = "GET", [CALL_POST] = "POST", [CALL_PATCH] = "PATCH", [CALL_DELETE] = "DELETE"};

const char *call_method_text(enum call_method method)
{
	ASSERT(method < CALL_METHOD_COUNT);
	return methods[method];
}

bool call_method_parse(const char *text, enum call_method *out)
{
	for (unsigned i = 0; i < CALL_METHOD_COUNT; i++) {
		if (strcmp(text, methods[i]) == 0) {
			*out = (enum call_method)i;
			return true;
		}
	}
	return false;
}
