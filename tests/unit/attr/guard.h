/* A copy of some bytes that ends where readable memory ends: one byte too far is a crash, in every
 * build. */
#pragma once

#include "rib/base/bytes.h"

struct guard {
	uint8_t *pages;
	struct span bytes;
};

/* At most one page of bytes. */
struct guard guard_of(const void *data, size_t len);
void guard_free(struct guard *g);
