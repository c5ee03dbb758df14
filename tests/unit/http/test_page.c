/* Embedded pages: found by path, sorted, and whole. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/http/page.h"

Test(page, each_is_found_by_its_path)
{
	cr_assert_gt(page_count, 0);
	for (unsigned i = 0; i < page_count; i++) {
		cr_expect(page_find(pages[i].path) == &pages[i], "%s", pages[i].path);
		cr_expect(i == 0 || strcmp(pages[i - 1].path, pages[i].path) < 0);
		cr_expect(pages[i].tag[0] == '"' && pages[i].len > 0);
	}
}

Test(page, the_root_is_a_page_and_others_are_not)
{
	const struct page *root = page_find("/");
	cr_assert_not_null(root);
	cr_expect_str_eq(root->media_type, "text/html; charset=utf-8");
	cr_expect(memcmp(root->data, "<!doctype html>", 15) == 0);
	cr_expect_null(page_find("/index.html"), "one content, one path");
	cr_expect_null(page_find("/../etc/passwd"));
	cr_expect_null(page_find(""));
}

Test(page, a_folder_without_its_slash_is_told_where_its_page_is)
{
	for (unsigned i = 0; i < page_count; i++) {
		char path[256];
		size_t len = strlen(pages[i].path);
		if (len > 1 && pages[i].path[len - 1] == '/') {
			memcpy(path, pages[i].path, len - 1);
			path[len - 1] = '\0';
			cr_expect_str_eq(page_folder(path), pages[i].path);
		}
	}
	cr_expect_null(page_folder(""));
	cr_expect_null(page_folder("/"));
	cr_expect_null(page_folder("/lib"));
}

/* No page may run what is not its own. */
Test(page, the_policy_allows_nothing_from_elsewhere)
{
	cr_expect(strstr(page_policy, "default-src 'none'") != NULL);
	cr_expect(strstr(page_policy, "unsafe") == NULL && strstr(page_policy, "http") == NULL);
	cr_expect(strstr(page_policy, "frame-ancestors 'none'") != NULL);
}
