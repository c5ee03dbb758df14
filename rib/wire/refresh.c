/* ROUTE-REFRESH: please say it all again.  RFC 2918 §3, RFC 7313 §3.2.
 *
 * Four octets: AFI, what kind of message, SAFI.  The kind was a reserved octet in RFC 2918; without
 * RFC 7313's capability anything but a request is passed over.  A wrong length is answered with
 * RFC 7313's own error only where that was agreed and it is about its own kinds of message;
 * otherwise as a header error, which every speaker understands.
 *
 * RFC 2918 §3–4; RFC 7313 §3.2, §4, §5. */
#include "rib/wire/refresh.h"

#include "rib/base/check.h"
#include "rib/wire/family.h"

#define REFRESH_BODY_LEN 4
#define KIND_AT		 2

/* RFC 7313 §5: "the complete ROUTE-REFRESH message".  Deviates: as far as a NOTIFICATION of ours
 * keeps data. */
static struct notify bad_enhanced(struct span body)
{
	uint8_t message[NOTIFY_DATA_MAX];
	struct wr w = wr_of(message, sizeof(message));
	frame_begin(&w, BGP_ROUTE_REFRESH);
	wr_patch_u16(&w, BGP_HEADER_LEN - 3, (uint16_t)(BGP_HEADER_LEN + body.len));
	wr_copy(&w, body.data, (size_t)min_u64(body.len, wr_left(&w)));
	return notify_with(NOTIFY_REFRESH, NOTIFY_REFRESH_LENGTH, span_of(message, wr_len(&w)));
}

static struct notify bad_length(struct span body, bool is_enhanced)
{
	bool is_border = body.len > KIND_AT &&
			 (body.data[KIND_AT] == REFRESH_BEGIN || body.data[KIND_AT] == REFRESH_END);
	if (is_enhanced && is_border) {
		return bad_enhanced(body);
	}
	size_t len = BGP_HEADER_LEN + body.len;
	uint8_t field[2] = {(uint8_t)(len >> 8), (uint8_t)len};
	return notify_with(NOTIFY_HEADER, NOTIFY_HEADER_LENGTH, span_of(field, 2));
}

enum refresh_verdict refresh_decode(struct span body, bool is_enhanced, struct refresh *out,
				    struct notify *out_why)
{
	if (body.len != REFRESH_BODY_LEN) {
		*out_why = bad_length(body, is_enhanced);
		return REFRESH_BAD;
	}
	struct rd r = rd_of(body);
	uint16_t afi = rd_u16(&r);
	uint8_t kind = rd_u8(&r);
	uint8_t safi = rd_u8(&r);
	ASSERT(rd_is_ok(&r));
	enum family family;
	bool is_known = kind <= (is_enhanced ? REFRESH_END : REFRESH_REQUEST);
	if (!is_known || !family_of_afi(afi, safi, &family)) {
		return REFRESH_IGNORED;
	}
	*out = (struct refresh){.family = family, .kind = (enum refresh_kind)kind};
	return REFRESH_OK;
}

size_t refresh_encode(const struct refresh *m, uint8_t *buf, size_t len)
{
	ASSERT(m->family < FAMILY_COUNT);
	ASSERT(m->kind <= REFRESH_END);
	struct wr w = wr_of(buf, len);
	frame_begin(&w, BGP_ROUTE_REFRESH);
	wr_u16(&w, family_afi(m->family));
	wr_u8(&w, (uint8_t)m->kind);
	wr_u8(&w, SAFI_UNICAST);
	frame_end(&w, 0);
	return wr_is_ok(&w) ? wr_len(&w) : 0;
}
