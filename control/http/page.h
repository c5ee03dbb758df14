/* Pages: the files of control/web, embedded in the program when it is built. */
#pragma once

#include "rib/base/bytes.h"

struct page {
	const char *path; /* "/portal/" */
	const char *media_type;
	const char *tag; /* Strong, of its content. */
	const unsigned char *data;
	size_t len;
};

/* Sorted by path; made by scripts/embed. */
extern const struct page pages[];
extern const unsigned page_count;

/* NULL: there is none. */
const struct page *page_find(const char *path);
/* The path of the page that `path` is without its last '/'; NULL: of none. */
const char *page_folder(const char *path);
/* What browsers may do with a page: nothing that comes from elsewhere. */
extern const char page_policy[];
