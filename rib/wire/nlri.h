/* NLRI: prefixes as they stand in UPDATE messages.  RFC 4271 §4.3, RFC 4760 §5; with a path
 * identifier in front of each where both sides agreed on it (RFC 7911 §3). */
#pragma once

#include "rib/base/addr.h"
#include "rib/wire/notify.h"

#define PATH_ID_LEN 4

/* How the prefixes of a field are written. */
struct nlri_form {
	enum family family;
	bool has_path_ids;
};

/* How many octets from the front of `value` are well-formed prefixes: lengths within the family's
 * and within the bytes (RFC 7606 §5.3).  All of them: the field is valid; else what is left begins
 * with the one at fault.  `*out_count` (may be NULL) = how many.  Trailing bits past a length are
 * ignored (RFC 4271 §4.3), not an error. */
size_t nlri_valid_len(struct span value, struct nlri_form form, uint32_t *out_count);
static inline bool nlri_is_valid(struct span value, struct nlri_form form, uint32_t *out_count)
{
	return nlri_valid_len(value, form, out_count) == value.len;
}
/* Octets of a prefix without path identifier. */
static inline size_t nlri_len(const struct prefix *p)
{
	return 1 + (p->len + 7u) / 8;
}
/* The next prefix of a valid sequence, canonical; false at the end.  `*out_path_id` (may be NULL
 * without identifiers) is 0 where there are none. */
bool nlri_next(struct rd *r, struct nlri_form form, struct prefix *out, uint32_t *out_path_id);
/* The next ones, `max` at most, each with its identifier; returns how many there were. */
uint32_t nlri_take(struct rd *r, struct nlri_form form, struct prefix *out, uint32_t *out_path_id,
		   uint32_t max);

void nlri_encode(struct wr *w, const struct prefix *p);
void nlri_encode_path(struct wr *w, const struct prefix *p, uint32_t path_id);
