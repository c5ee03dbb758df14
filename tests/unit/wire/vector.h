/* Test vectors: bytes written as hex, placed so that reading one byte too far is a fault. */
#pragma once

#include "rib/attr/attr.h"
#include "rib/wire/update.h"

#define VECTOR_MAX 16384

/* Bytes that end right before a page which cannot be read. */
struct guard {
	uint8_t *map;
	size_t map_len;
	uint8_t *end;
};

void guard_init(struct guard *g);
void guard_fini(struct guard *g);
/* Copy `len` bytes (at most VECTOR_MAX) to the end; the span is valid until the next call. */
struct span guard_put(const struct guard *g, const void *data, size_t len);

/* Hex digits, spaces ignored → bytes.  Returns how many. */
size_t hex_bytes(const char *hex, uint8_t *out, size_t max);
/* The body of an UPDATE from its three fields in hex.  Returns its length. */
size_t hex_update(const char *withdrawn, const char *attrs, const char *nlri, uint8_t *out);

/* A set outside any intern table, from a draft.  The caller frees it. */
struct attr *attr_of_draft(const struct attr_draft *draft, const struct next_hop *next_hop);
