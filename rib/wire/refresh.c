/* ROUTE-REFRESH: please say it all again.  RFC 2918 §3.
 *
 * Four octets: AFI, a reserved octet, SAFI.  RFC 7313 reuses the reserved one as a subtype; we do
 * not offer that capability, so its Begin and End of refresh are passed over.  A wrong length is
 * answered as a header error, which every speaker understands, not with RFC 7313's own code. */
#include "rib/wire/refresh.h"

#include "rib/base/check.h"

#define REFRESH_BODY_LEN 4
#define SAFI_UNICAST	 1

static const uint16_t afi_of[FAMILY_COUNT] = {[FAMILY_IPV4] = 1, [FAMILY_IPV6] = 2};

enum refresh_verdict refresh_decode(struct span body, enum family *out_family,
				    struct notify *out_why)
{
	if (body.len != REFRESH_BODY_LEN) {
		size_t len = BGP_HEADER_LEN + body.len;
		uint8_t field[2] = {(uint8_t)(len >> 8), (uint8_t)len};
		*out_why = notify_with(NOTIFY_HEADER, NOTIFY_HEADER_LENGTH, span_of(field, 2));
		return REFRESH_BAD;
	}
	struct rd r = rd_of(body);
	uint16_t afi = rd_u16(&r);
	uint8_t subtype = rd_u8(&r);
	uint8_t safi = rd_u8(&r);
	ASSERT(rd_is_ok(&r));
	if (subtype != 0 || safi != SAFI_UNICAST) {
		return REFRESH_IGNORED;
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (afi == afi_of[f]) {
			*out_family = (enum family)f;
			return REFRESH_OK;
		}
	}
	return REFRESH_IGNORED;
}

size_t refresh_encode(enum family family, uint8_t *buf, size_t len)
{
	ASSERT(family < FAMILY_COUNT);
	struct wr w = wr_of(buf, len);
	frame_begin(&w, BGP_ROUTE_REFRESH);
	wr_u16(&w, afi_of[family]);
	wr_u8(&w, 0);
	wr_u8(&w, SAFI_UNICAST);
	frame_end(&w, 0);
	return wr_is_ok(&w) ? wr_len(&w) : 0;
}
