/* UTF-8 as far as foreign text needs it: where a character ends, and whether it may be shown.
 * RFC 3629 §3, §4; private to this folder. */
#pragma once

#include "rib/base/bytes.h"

/* The length of the well-formed character at the front of `s` (not empty), and its code point;
 * 0 when there is none: overlong, surrogate, cut off or stray octets. */
size_t utf8_next(struct span s, uint32_t *out_point);
/* The largest length <= `max` that does not split a character of `s`. */
size_t utf8_cut(struct span s, size_t max);
/* Whether a character is harmless in a line of text: neither control nor one that reorders or
 * breaks the line (Unicode TR 36 §2). */
bool utf8_is_plain(uint32_t point);
