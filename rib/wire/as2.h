/* AS numbers of 2 octets: how paths and aggregators pass between old and new speakers.
 * RFC 6793 §4.2; private to this folder.  Every path handed in is valid (aspath_is_valid). */
#pragma once

#include "rib/attr/aspath.h"

struct as_seg {
	uint8_t type;	     /* enum as_segment */
	uint8_t count;	     /* AS numbers. */
	const uint8_t *asns; /* `count` times 2 or 4 octets. */
};

/* The next segment of a path of `asn_bytes`-octet numbers; false at the end. */
bool as_seg_next(struct rd *r, unsigned asn_bytes, struct as_seg *out);

/* Write the 4-octet path that an old speaker's AS_PATH and AS4_PATH (may be empty) stand for.
 * RFC 6793 §4.2.3. */
void as2_path_merge(struct wr *w, struct span path2, struct span path4);
/* Whether every AS number of a 4-octet path fits into 2 octets. */
bool as2_path_is_mappable(struct span path);
/* The length of a 4-octet path in its 2-octet form. */
size_t as2_path_len(struct span path);
/* Write a 4-octet path with 2-octet numbers, AS_TRANS for those that do not fit (§4.2.2). */
void as2_path_encode(struct wr *w, struct span path);
