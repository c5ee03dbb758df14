/* Canonical attributes for tests. */
#include "tests/unit/attr/build.h"

#include <criterion/criterion.h>

void draft_begin(struct draft_text *d)
{
	memset(&d->draft, 0, sizeof(d->draft));
	d->w = wr_of(d->draft.wire, sizeof(d->draft.wire));
}

void draft_put(struct draft_text *d, uint8_t flags, uint8_t type, const void *value, size_t len)
{
	bool is_long = len > UINT8_MAX;

	wr_u8(&d->w, is_long ? flags | ATTR_FLAG_EXT_LEN : flags);
	wr_u8(&d->w, type);
	if (is_long) {
		wr_u16(&d->w, (uint16_t)len);
	} else {
		wr_u8(&d->w, (uint8_t)len);
	}
	wr_copy(&d->w, value, len);
}

void draft_u8(struct draft_text *d, uint8_t flags, uint8_t type, uint8_t value)
{
	draft_put(d, flags, type, &value, 1);
}

void draft_u32(struct draft_text *d, uint8_t flags, uint8_t type, uint32_t value)
{
	uint8_t be[4];
	struct wr w = wr_of(be, sizeof(be));

	wr_u32(&w, value);
	draft_put(d, flags, type, be, sizeof(be));
}

size_t path_encode(const uint32_t *segments, unsigned asn_bytes, uint8_t *out, size_t size)
{
	struct wr w = wr_of(out, size);

	while (*segments != 0) {
		wr_u8(&w, (uint8_t)*segments++);
		uint32_t count = *segments++;
		wr_u8(&w, (uint8_t)count);
		for (; count > 0; count--, segments++) {
			if (asn_bytes == 4) {
				wr_u32(&w, *segments);
			} else {
				wr_u16(&w, (uint16_t)*segments);
			}
		}
	}
	cr_assert(wr_is_ok(&w));
	return wr_len(&w);
}

void draft_path(struct draft_text *d, const uint32_t *segments)
{
	uint8_t value[4096];
	size_t len = path_encode(segments, 4, value, sizeof(value));

	draft_put(d, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, value, len);
}

const struct attr_draft *draft_end(struct draft_text *d)
{
	cr_assert(wr_is_ok(&d->w));
	d->draft.wire_len = (uint16_t)wr_len(&d->w);
	attr_facts_compute(d->draft.wire, d->draft.wire_len, &d->draft.facts);
	return &d->draft;
}
