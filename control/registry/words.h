/* Small things about texts. */
#pragma once

#include <string.h>

/* Take a character of UTF-8 that was cut in two off the end. */
static inline void words_cut(char *text)
{
	size_t len = strlen(text), at = len;
	while (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0x80) {
		at--;
	}
	if (at == 0) {
		return;
	}
	unsigned char first = (unsigned char)text[at - 1];
	size_t wanted = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (len - (at - 1) < wanted) {
		text[at - 1] = '\0';
	}
}
