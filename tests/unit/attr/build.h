/* Canonical attributes for tests, written by hand and not by the codec. */
#pragma once

#include "rib/attr/attr.h"

struct draft_text {
	struct attr_draft draft;
	struct wr w;
};

void draft_begin(struct draft_text *d);
/* One attribute in its shortest length form. */
void draft_put(struct draft_text *d, uint8_t flags, uint8_t type, const void *value, size_t len);
/* ORIGIN, or any other one-byte value. */
void draft_u8(struct draft_text *d, uint8_t flags, uint8_t type, uint8_t value);
void draft_u32(struct draft_text *d, uint8_t flags, uint8_t type, uint32_t value);
/* AS_PATH from segments: type, count, numbers; 0 ends. */
void draft_path(struct draft_text *d, const uint32_t *segments);
const struct attr_draft *draft_end(struct draft_text *d);
/* Segments as above as a value of `asn_bytes` octet numbers; returns its length. */
size_t path_encode(const uint32_t *segments, unsigned asn_bytes, uint8_t *out, size_t size);
