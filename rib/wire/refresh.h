/* ROUTE-REFRESH.  RFC 2918; the subtype octet of RFC 7313 is read and only 0 acted on. */
#pragma once

#include "rib/wire/frame.h"

enum refresh_verdict { REFRESH_OK, REFRESH_IGNORED, REFRESH_BAD };

/* The body of a received message.  IGNORED: a family we do not carry, or a subtype other than 0.
 * BAD: wrong length, `*out_why` set. */
enum refresh_verdict refresh_decode(struct span body, enum family *out_family,
				    struct notify *out_why);
size_t refresh_encode(enum family family, uint8_t *buf, size_t len); /* 23, or 0. */
