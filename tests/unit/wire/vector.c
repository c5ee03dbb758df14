/* Guard pages and hex: what the tests of this room share. */
#include "tests/unit/wire/vector.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rib/base/check.h"

void guard_init(struct guard *g)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t usable = (VECTOR_MAX + page - 1) / page * page;
	g->map_len = usable + page;
	g->map = mmap(NULL, g->map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(g->map != MAP_FAILED);
	g->end = g->map + usable;
	int rc = mprotect(g->end, page, PROT_NONE);
	ASSERT(rc == 0);
}

void guard_fini(struct guard *g)
{
	munmap(g->map, g->map_len);
}

struct span guard_put(const struct guard *g, const void *data, size_t len)
{
	ASSERT(len <= VECTOR_MAX);
	if (len > 0) {
		memcpy(g->end - len, data, len);
	}
	return span_of(g->end - len, len);
}

static unsigned digit(char c)
{
	ASSERT(isxdigit((unsigned char)c));
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(tolower((unsigned char)c) - 'a' + 10);
}

size_t hex_bytes(const char *hex, uint8_t *out, size_t max)
{
	size_t len = 0;
	for (const char *p = hex; *p != '\0';) {
		if (*p == ' ') {
			p++;
			continue;
		}
		ASSERT(len < max);
		out[len++] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
		p += 2;
	}
	return len;
}

static size_t put_field(const char *hex, uint8_t *out, bool has_length)
{
	size_t at = has_length ? 2 : 0;
	size_t len = hex_bytes(hex, out + at, VECTOR_MAX / 4);
	if (has_length) {
		out[0] = (uint8_t)(len >> 8);
		out[1] = (uint8_t)len;
	}
	return at + len;
}

size_t hex_update(const char *withdrawn, const char *attrs, const char *nlri, uint8_t *out)
{
	size_t len = put_field(withdrawn, out, true);
	len += put_field(attrs, out + len, true);
	len += put_field(nlri, out + len, false);
	return len;
}

struct attr *attr_of_draft(const struct attr_draft *draft, const struct next_hop *next_hop)
{
	struct attr *a = malloc(attr_bytes(draft->wire_len, next_hop->len));
	ASSERT(a != NULL);
	attr_write(a, draft, next_hop);
	return a;
}
