/* The bounded text builder. */
#include "rib/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rib/base/check.h"

#define ELLIPSIS     "..."
#define ELLIPSIS_LEN 3
#define PIECE_MAX    96

struct text text_of(char *buf, size_t size)
{
	ASSERT(size >= 1);
	buf[0] = '\0';
	return (struct text){.buf = buf, .size = size};
}

static void text_cut(struct text *t)
{
	size_t room = t->size - 1 - t->cut_len;
	size_t len = min_u64(room, ELLIPSIS_LEN);

	memcpy(t->buf + t->cut_len, ELLIPSIS, len);
	t->len = t->cut_len + len;
	t->buf[t->len] = '\0';
	t->is_cut = true;
}

void text_put(struct text *t, const char *piece)
{
	size_t len = strlen(piece);

	if (t->is_cut) {
		return;
	}
	if (len > t->size - 1 - t->len) {
		text_cut(t);
		return;
	}
	memcpy(t->buf + t->len, piece, len + 1);
	t->len += len;
	if (t->len + ELLIPSIS_LEN < t->size) {
		t->cut_len = t->len;
	}
	ASSERT(t->len < t->size);
}

void text_printf(struct text *t, const char *format, ...)
{
	char piece[PIECE_MAX];
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	ASSERT(len >= 0 && len < PIECE_MAX);
	text_put(t, piece);
}
