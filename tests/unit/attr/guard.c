/* Two pages, the second without access; the bytes end at the boundary. */
#include "tests/unit/attr/guard.h"

#include <criterion/criterion.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

struct guard guard_of(const void *data, size_t len)
{
	cr_assert_leq(len, PAGE);
	uint8_t *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(pages, MAP_FAILED);
	cr_assert_eq(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	uint8_t *begin = pages + PAGE - len;
	if (len > 0) {
		memcpy(begin, data, len);
	}
	return (struct guard){.pages = pages, .bytes = span_of(begin, len)};
}

void guard_free(struct guard *g)
{
	munmap(g->pages, 2 * PAGE);
}
