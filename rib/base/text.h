/* Text into a bounded buffer, piece by piece.
 *
 * The buffer always holds a terminated string.  Pieces go in whole; from the first that does not
 * fit, nothing more goes in and the text ends in "..." after the last piece that leaves room for
 * it.  So a number is never shown in part. */
#pragma once

#include "rib/base/units.h"

struct text {
	char *buf;
	size_t size; /* Of `buf`, with the terminator. */
	size_t len;
	size_t cut_len; /* Where "..." would go: the end of a piece. */
	bool is_cut;
};

/* `size` >= 1; `buf` is borrowed. */
struct text text_of(char *buf, size_t size);
void text_put(struct text *t, const char *piece);
/* One piece of at most 95 characters. */
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
