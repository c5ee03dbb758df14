/* OPEN: who the neighbour is and what it can do.
 *
 * The optional parameters come in two shapes: RFC 4271's with one-octet lengths, and RFC 9072's
 * with two-octet lengths, told by a first parameter type of 255.  Inside there are capabilities
 * (RFC 5492), one to a parameter or many: capability.c.  A parameter of another type is refused.
 * We write the second shape only when asked to: what we say fits into the first.
 *
 * RFC 4271 §4.2, §6.2; RFC 4760 §8; RFC 5492 §4; RFC 6286 §2.2; RFC 6793 §4.1; RFC 7607;
 * RFC 9072. */
#include "rib/wire/open.h"

#include "rib/attr/aspath.h"
#include "rib/base/check.h"
#include "rib/wire/capability.h"

#define OPEN_VERSION	 4
#define PARAM_CAPABILITY 2
#define PARAM_EXTENDED	 255 /* RFC 9072 §2 */
#define HOLD_MIN_S	 3

enum { OPEN_UNSPECIFIC = 0 };

static bool fail(struct notify *out_why, uint8_t subcode, struct span data)
{
	*out_why = notify_with(NOTIFY_OPEN, subcode, data);
	return false;
}

static bool take_capabilities(struct span value, struct open *o, struct notify *out_why)
{
	struct rd r = rd_of(value);
	while (rd_left(&r) > 0) {
		const uint8_t *start = r.at;
		uint8_t code = rd_u8(&r);
		uint8_t len = rd_u8(&r);
		struct span content = rd_span(&r, len);
		uint8_t subcode = OPEN_UNSPECIFIC;
		enum cap_verdict verdict =
			rd_is_ok(&r) ? cap_take(code, content, o, &subcode) : CAP_BAD;
		if (verdict != CAP_OK) {
			return fail(out_why, subcode, span_of(start, (size_t)(r.at - start)));
		}
	}
	return true;
}

/* `length_bytes` is 1, or 2 in the form of RFC 9072. */
static bool take_parameters(struct span params, unsigned length_bytes, struct open *o,
			    struct notify *out_why)
{
	struct rd r = rd_of(params);
	while (rd_left(&r) > 0) {
		uint8_t type = rd_u8(&r);
		size_t len = length_bytes == 2 ? rd_u16(&r) : rd_u8(&r);
		struct span value = rd_span(&r, len);
		if (!rd_is_ok(&r)) {
			return fail(out_why, OPEN_UNSPECIFIC, span_of(NULL, 0));
		}
		if (type != PARAM_CAPABILITY) {
			return fail(out_why, NOTIFY_OPEN_OPTIONAL, span_of(NULL, 0));
		}
		if (!take_capabilities(value, o, out_why)) {
			return false;
		}
	}
	return true;
}

/* What follows the BGP Identifier: find which shape it has, then take it apart. */
static bool decode_optional(struct rd *r, struct open *o, struct notify *out_why)
{
	size_t len = rd_u8(r);
	unsigned length_bytes = 1;
	if (rd_is_ok(r) && len > 0 && rd_left(r) > 0 && r->at[0] == PARAM_EXTENDED) {
		/* RFC 9072 §2: the one-octet length is then ignored, whatever it says. */
		rd_u8(r);
		len = rd_u16(r);
		length_bytes = 2;
		o->has_extended_parameters = true;
	}
	struct span params = rd_span(r, len);
	if (!rd_is_ok(r) || rd_left(r) > 0) {
		return fail(out_why, OPEN_UNSPECIFIC, span_of(NULL, 0));
	}
	return take_parameters(params, length_bytes, o, out_why);
}

bool open_decode(struct span body, struct open *out, struct notify *out_why)
{
	static const uint8_t version_ours[2] = {0, OPEN_VERSION};
	struct rd r = rd_of(body);
	/* RFC 4760 §8: without any capability 1 a neighbour speaks IPv4 unicast. */
	struct open o = {.families = {[FAMILY_IPV4] = true}};
	uint8_t version = rd_u8(&r);
	uint16_t as2 = rd_u16(&r);
	o.asn = as2;
	o.hold_s = rd_u16(&r);
	o.router_id = rd_u32(&r);
	if (!rd_is_ok(&r)) {
		return fail(out_why, OPEN_UNSPECIFIC, span_of(NULL, 0));
	}
	if (version != OPEN_VERSION) {
		return fail(out_why, NOTIFY_OPEN_VERSION, span_of(version_ours, 2));
	}
	if (!decode_optional(&r, &o, out_why)) {
		return false;
	}
	cap_finish(&o);
	if (as2 == 0 || o.asn == 0) { /* RFC 7607 §2. */
		return fail(out_why, NOTIFY_OPEN_PEER_AS, span_of(NULL, 0));
	}
	if (o.hold_s != 0 && o.hold_s < HOLD_MIN_S) {
		return fail(out_why, NOTIFY_OPEN_HOLD_TIME, span_of(body.data + 3, 2));
	}
	if (o.router_id == 0) { /* RFC 6286 §2.2: unsigned, non-zero. */
		return fail(out_why, NOTIFY_OPEN_BGP_ID, span_of(body.data + 5, 4));
	}
	*out = o;
	return true;
}

/* All capabilities in one parameter, or none at all: some old speakers dislike an empty one. */
static void put_parameters(struct wr *w, const struct open *o, struct span caps)
{
	if (o->has_extended_parameters) {
		/* RFC 9072 §2: the one-octet length is 255, "MUST NOT be set to 0". */
		wr_u8(w, UINT8_MAX);
		wr_u8(w, PARAM_EXTENDED);
		wr_u16(w, (uint16_t)(caps.len == 0 ? 0 : caps.len + 3));
	} else {
		wr_u8(w, (uint8_t)(caps.len == 0 ? 0 : caps.len + 2));
	}
	if (caps.len == 0) {
		return;
	}
	wr_u8(w, PARAM_CAPABILITY);
	if (o->has_extended_parameters) {
		wr_u16(w, (uint16_t)caps.len);
	} else {
		wr_u8(w, (uint8_t)caps.len);
	}
	wr_copy(w, caps.data, caps.len);
}

size_t open_encode(const struct open *o, uint8_t *buf, size_t len)
{
	ASSERT(o->asn != 0);
	ASSERT(o->router_id != 0);
	uint8_t caps[OPEN_ENCODED_MAX];
	struct wr c = wr_of(caps, sizeof(caps));
	cap_put_all(&c, o);
	ASSERT(wr_is_ok(&c));
	struct wr w = wr_of(buf, len);
	frame_begin(&w, BGP_OPEN);
	wr_u8(&w, OPEN_VERSION);
	wr_u16(&w, o->asn > UINT16_MAX ? AS_TRANS : (uint16_t)o->asn); /* RFC 6793 §4.2.1 */
	wr_u16(&w, o->hold_s);
	wr_u32(&w, o->router_id);
	put_parameters(&w, o, span_of(caps, wr_len(&c)));
	frame_end(&w, 0);
	return wr_is_ok(&w) ? wr_len(&w) : 0;
}
