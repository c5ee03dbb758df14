/* ROUTE-REFRESH.  RFC 2918; with RFC 7313 it also says where the answer begins and ends. */
#pragma once

#include "rib/wire/frame.h"

enum refresh_verdict { REFRESH_OK, REFRESH_IGNORED, REFRESH_BAD };

enum refresh_kind { /* RFC 7313 §3.2 */
		    REFRESH_REQUEST = 0,
		    REFRESH_BEGIN = 1,
		    REFRESH_END = 2,
};

struct refresh {
	enum family family;
	enum refresh_kind kind;
};

/* The body of a received message.  `is_enhanced`: both sides sent capability 70.  IGNORED: a
 * family we do not carry, or a kind that is not known (without capability 70: any but a request).
 * BAD: wrong length, `*out_why` set. */
enum refresh_verdict refresh_decode(struct span body, bool is_enhanced, struct refresh *out,
				    struct notify *out_why);
size_t refresh_encode(const struct refresh *m, uint8_t *buf, size_t len); /* 23, or 0. */
