/* Looking pages up. */
#include "control/http/page.h"

#include <stdlib.h>
#include <string.h>

/* No script, style or connection but our own, no frame around us; and what becomes markup is
 * checked by the browser. */
const char page_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
			   "img-src 'self'; connect-src 'self'; base-uri 'none'; "
			   "form-action 'none'; frame-ancestors 'none'; "
			   "require-trusted-types-for 'script'";

static int compare(const void *key, const void *page)
{
	return strcmp(key, ((const struct page *)page)->path);
}

const struct page *page_find(const char *path)
{
	return page_count == 0 ? NULL : bsearch(path, pages, page_count, sizeof(pages[0]), compare);
}

const char *page_folder(const char *path)
{
	size_t len = strlen(path);
	for (unsigned i = 0; len > 1 && i < page_count; i++) {
		const char *known = pages[i].path;
		if (strncmp(known, path, len) == 0 && strcmp(known + len, "/") == 0) {
			return known;
		}
	}
	return NULL;
}
