/* The table of routes: what it finds, and that each row is whole. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/call.h"

static const char *const parameters[] = {
#define QUERY(name, type, limits, text) #name,
#include "control/api/query.def"
#undef QUERY
};

static bool is_parameter(const char *name, size_t len)
{
	for (unsigned i = 0; i < ARRAY_COUNT(parameters); i++) {
		if (strlen(parameters[i]) == len && memcmp(parameters[i], name, len) == 0) {
			return true;
		}
	}
	return false;
}

Test(route, each_is_found_by_its_own_path)
{
	for (unsigned i = 0; i < route_count(); i++) {
		const struct route *r = route_at(i);
		const char *arg[ROUTE_ARGS_MAX] = {NULL};
		unsigned allowed = 0;
		char *path = strdup(r->path);
		cr_expect(route_find(r->method, path, arg, &allowed) == r, "%s %s",
			  call_method_text(r->method), r->path);
		free(path);
	}
}

Test(route, each_row_is_whole)
{
	for (unsigned i = 0; i < route_count(); i++) {
		const struct route *r = route_at(i);
		cr_expect(r->handle != NULL && r->path[0] == '/' && r->text[0] != '\0', "%s",
			  r->path);
		cr_expect_eq(r->text[strlen(r->text) - 1], '.', "%s", r->text);
		for (const char *at = r->query; *at != '\0'; at += strspn(at, " ")) {
			size_t len = strcspn(at, " !");
			cr_expect(is_parameter(at, len), "%s: %s", r->path, at);
			at += len + (at[len] == '!');
		}
	}
}

Test(route, an_unknown_path_allows_nothing)
{
	static const char *const paths[] = {"",		"/",	  "//",		  "/healthy",
					    "/health/", "/healt", "/health/more", "health"};
	for (unsigned i = 0; i < ARRAY_COUNT(paths); i++) {
		const char *arg[ROUTE_ARGS_MAX] = {NULL};
		unsigned allowed = 77;
		char *path = strdup(paths[i]);
		cr_expect_null(route_find(CALL_GET, path, arg, &allowed), "%s", paths[i]);
		cr_expect_eq(allowed, 0);
		free(path);
	}
}

Test(route, another_method_tells_what_is_allowed)
{
	const char *arg[ROUTE_ARGS_MAX] = {NULL};
	unsigned allowed = 0;
	char path[] = "/health";
	cr_expect_null(route_find(CALL_DELETE, path, arg, &allowed));
	cr_expect_eq(allowed, 1U << CALL_GET);
}

Test(route, lists_have_whole_words_only)
{
	cr_expect(route_list_has("limit cursor", "limit"));
	cr_expect(route_list_has("limit cursor", "cursor"));
	cr_expect(route_list_has("limits limit", "limit"));
	cr_expect(!route_list_has("limits", "limit"));
	cr_expect(!route_list_has("limit", "imit"));
	cr_expect(!route_list_has("limit", ""));
	cr_expect(!route_list_has("", "limit"));
}
