/* NLRI: prefixes as they stand in UPDATE messages.  RFC 4271 §4.3, RFC 4760 §5. */
#pragma once

#include "rib/wire/notify.h"
#include "rib/base/addr.h"

/* Whether the whole of `value` is a sequence of well-formed prefixes of the family: lengths within
 * the family's and within the bytes (RFC 7606 §5.3).  `*out_count` (may be NULL) = how many.
 * Trailing bits past a length are ignored (RFC 4271 §4.3), not an error. */
bool nlri_is_valid(struct span value, enum family family, uint32_t *out_count);
/* The next prefix of a valid sequence, canonical; false at the end. */
bool nlri_next(struct rd *r, enum family family, struct prefix *out);
void nlri_encode(struct wr *w, const struct prefix *p);
static inline size_t nlri_len(const struct prefix *p)
{
	return 1 + (p->len + 7u) / 8;
}
