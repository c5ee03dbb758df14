/* AS_PATH: segments of 4-octet AS numbers (RFC 4271 §4.3 b, RFC 6793), walked and shown. */
#pragma once

#include "rib/attr/attr.h"

enum as_segment { AS_SET = 1, AS_SEQUENCE = 2, AS_CONFED_SEQUENCE = 3, AS_CONFED_SET = 4 };

#define AS_TRANS 23456 /* RFC 6793 §4.2.1 */

/* The next segment of a path of `asn_bytes` (2 or 4) octet numbers: its type and the bytes of the
 * numbers.  False at the end, and where a segment would run past it (then the cursor is bad). */
bool aspath_next(struct rd *r, unsigned asn_bytes, uint8_t *out_type, struct span *out_asns);
/* What one look at a path tells. */
struct aspath_view {
	bool is_valid;	/* A whole number of well-formed, non-empty segments of known types. */
	bool has_zero;	/* AS 0 is in it. */
	unsigned types; /* Bit set of segment types. */
};

/* A path of `asn_bytes` (2 or 4) octet numbers; all zero when it is malformed.  RFC 7606 §7.2. */
struct aspath_view aspath_view(struct span value, unsigned asn_bytes);
static inline bool aspath_is_valid(struct span value, unsigned asn_bytes)
{
	return aspath_view(value, asn_bytes).is_valid;
}
/* What one segment of 4-octet numbers counts for, RFC 4271 §9.1.2.2 a: an AS_SET one, however many
 * are in it; a confederation's none (RFC 5065 §5.3). */
static inline unsigned aspath_segment_hops(uint8_t type, struct span asns)
{
	if (type == AS_SEQUENCE) {
		return (unsigned)(asns.len / 4);
	}
	return type == AS_SET ? 1 : 0;
}
/* The sum over a valid path of 4-octet numbers. */
unsigned aspath_hops(struct span value);
bool aspath_contains(struct span value, asn_t asn);
/* "64500 64501 {64502,64503}", confederations "(64504 64505)" and "[64506,64507]"; truncated with
 * "..." when `len` is short.  Returns `buf`. */
char *aspath_format(struct span value, char *buf, size_t len);
