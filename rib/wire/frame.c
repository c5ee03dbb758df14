/* Framing: where one BGP message ends and the next begins.
 *
 * A connection carries messages back to back, each behind a header of 16 marker octets, a length
 * and a type.  Whoever loses step with the stream can never find it again, so every fault here ends
 * the session.  What a length may be depends on the type; the table below holds each type's bounds,
 * and a bad length is answered as soon as the header is there instead of waiting for bytes that
 * may never come.
 *
 * RFC 4271 §4.1 (header), §6.1 (errors); RFC 2918 (ROUTE-REFRESH); RFC 8654 §4 (longer messages,
 * but never OPEN and KEEPALIVE). */
#include "rib/wire/frame.h"

#include "rib/base/check.h"

#define MARKER_LEN 16
#define LENGTH_AT  16
#define TYPE_AT	   18

struct type_bounds {
	uint16_t min;
	uint16_t max; /* 0: whatever the session's limit is. */
};

static const struct type_bounds bounds[] = {
	[BGP_OPEN] = {.min = 29, .max = BGP_MESSAGE_MAX}, /* RFC 8654 §4: never longer. */
	[BGP_UPDATE] = {.min = 23},
	[BGP_NOTIFICATION] = {.min = 21},
	[BGP_KEEPALIVE] = {.min = BGP_HEADER_LEN, .max = BGP_HEADER_LEN},
	/* RFC 4271 does not know it; refresh_decode judges the body. */
	[BGP_ROUTE_REFRESH] = {.min = BGP_HEADER_LEN},
};

static const uint8_t marker[MARKER_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static enum frame_verdict bad(struct notify *out_why, uint8_t subcode, const uint8_t *data,
			      size_t len)
{
	*out_why = notify_with(NOTIFY_HEADER, subcode, span_of(data, len));
	return FRAME_BAD;
}

enum frame_verdict frame_next(struct span in, size_t len_max, struct frame *out,
			      struct notify *out_why)
{
	ASSERT(len_max >= BGP_MESSAGE_MAX);
	if (in.len < BGP_HEADER_LEN) {
		return FRAME_MORE;
	}
	if (memcmp(in.data, marker, MARKER_LEN) != 0) {
		return bad(out_why, NOTIFY_HEADER_SYNC, NULL, 0);
	}
	size_t len = (size_t)in.data[LENGTH_AT] << 8 | in.data[LENGTH_AT + 1];
	if (len < BGP_HEADER_LEN || len > len_max) {
		return bad(out_why, NOTIFY_HEADER_LENGTH, in.data + LENGTH_AT, 2);
	}
	uint8_t type = in.data[TYPE_AT];
	if (type >= ARRAY_COUNT(bounds) || bounds[type].min == 0) {
		return bad(out_why, NOTIFY_HEADER_TYPE, in.data + TYPE_AT, 1);
	}
	if (len < bounds[type].min || (bounds[type].max != 0 && len > bounds[type].max)) {
		return bad(out_why, NOTIFY_HEADER_LENGTH, in.data + LENGTH_AT, 2);
	}
	if (in.len < len) {
		return FRAME_MORE;
	}
	*out = (struct frame){
		.type = (enum bgp_type)type,
		.len = len,
		.body = span_of(in.data + BGP_HEADER_LEN, len - BGP_HEADER_LEN),
	};
	return FRAME_OK;
}

void frame_begin(struct wr *w, enum bgp_type type)
{
	wr_copy(w, marker, MARKER_LEN);
	wr_u16(w, 0);
	wr_u8(w, (uint8_t)type);
}

void frame_end(struct wr *w, size_t start)
{
	size_t len = wr_len(w) - start;
	ASSERT(!wr_is_ok(w) || (len >= BGP_HEADER_LEN && len <= UINT16_MAX));
	wr_patch_u16(w, start + LENGTH_AT, (uint16_t)len);
}
