/* OPEN: who the neighbour is and what it can do.
 *
 * The optional parameters come in two shapes: RFC 4271's with one-octet lengths, and RFC 9072's
 * with two-octet lengths, told by a first parameter type of 255.  Inside there are capabilities
 * (RFC 5492), one to a parameter or many.  A parameter of another type is refused; a capability
 * that is not known is passed over; one that is known but of a wrong length makes the OPEN
 * malformed (RFC 4271 §6.2: subcode 0).
 *
 * RFC 4271 §4.2, §6.2; RFC 4760 §8; RFC 6793 §4.1; RFC 2918 §2; RFC 7607; RFC 9072. */
#include "rib/wire/open.h"

#include "rib/attr/aspath.h"
#include "rib/base/check.h"

#define OPEN_VERSION	 4
#define PARAM_CAPABILITY 2
#define PARAM_EXTENDED	 255 /* RFC 9072 §2 */
#define HOLD_MIN_S	 3
#define SAFI_UNICAST	 1

enum { CAP_MULTIPROTOCOL = 1, CAP_REFRESH = 2, CAP_AS4 = 65 };
enum { OPEN_UNSPECIFIC = 0 };

static const uint16_t afi_of[FAMILY_COUNT] = {[FAMILY_IPV4] = 1, [FAMILY_IPV6] = 2};

static bool fail(struct notify *out_why, uint8_t subcode, struct span data)
{
	*out_why = notify_with(NOTIFY_OPEN, subcode, data);
	return false;
}

/* RFC 4760 §8: AFI, reserved octet, SAFI. */
static bool take_multiprotocol(struct span value, struct open *o)
{
	struct rd r = rd_of(value);
	uint16_t afi = rd_u16(&r);
	rd_u8(&r);
	uint8_t safi = rd_u8(&r);
	if (!rd_is_ok(&r) || rd_left(&r) > 0) {
		return false;
	}
	if (!o->has_multiprotocol) {
		/* From here on only what is said counts. */
		o->has_multiprotocol = true;
		o->families[FAMILY_IPV4] = false;
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (afi == afi_of[f] && safi == SAFI_UNICAST) {
			o->families[f] = true;
		}
	}
	return true;
}

static bool take_as4(struct span value, struct open *o)
{
	struct rd r = rd_of(value);
	asn_t asn = rd_u32(&r);
	if (!rd_is_ok(&r) || rd_left(&r) > 0) {
		return false;
	}
	o->has_as4 = true;
	o->asn = asn;
	return true;
}

/* False when a capability that we know is malformed. */
static bool take_capability(uint8_t code, struct span value, struct open *o)
{
	switch (code) {
	case CAP_MULTIPROTOCOL:
		return take_multiprotocol(value, o);
	case CAP_REFRESH:
		o->has_refresh = true;
		return value.len == 0;
	case CAP_AS4:
		return take_as4(value, o);
	default:
		return true; /* RFC 5492 §3: not known, not used. */
	}
}

static bool take_capabilities(struct span value, struct open *o, struct notify *out_why)
{
	struct rd r = rd_of(value);
	while (rd_left(&r) > 0) {
		const uint8_t *start = r.at;
		uint8_t code = rd_u8(&r);
		uint8_t len = rd_u8(&r);
		struct span content = rd_span(&r, len);
		if (!rd_is_ok(&r) || !take_capability(code, content, o)) {
			return fail(out_why, OPEN_UNSPECIFIC,
				    span_of(start, (size_t)(r.at - start)));
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

static void put_capabilities(struct wr *w, const struct open *o)
{
	/* Whoever wants IPv6 must say so; then IPv4 has to be said as well. */
	bool is_said = o->has_multiprotocol || o->families[FAMILY_IPV6];
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (is_said && o->families[f]) {
			wr_u8(w, CAP_MULTIPROTOCOL);
			wr_u8(w, 4);
			wr_u16(w, afi_of[f]);
			wr_u8(w, 0);
			wr_u8(w, SAFI_UNICAST);
		}
	}
	if (o->has_refresh) {
		wr_u8(w, CAP_REFRESH);
		wr_u8(w, 0);
	}
	if (o->has_as4) {
		wr_u8(w, CAP_AS4);
		wr_u8(w, 4);
		wr_u32(w, o->asn);
	}
}

size_t open_encode(const struct open *o, uint8_t *buf, size_t len)
{
	ASSERT(o->asn != 0);
	ASSERT(o->router_id != 0);
	struct wr w = wr_of(buf, len);
	frame_begin(&w, BGP_OPEN);
	wr_u8(&w, OPEN_VERSION);
	wr_u16(&w, o->asn > UINT16_MAX ? AS_TRANS : (uint16_t)o->asn); /* RFC 6793 §4.2.1 */
	wr_u16(&w, o->hold_s);
	wr_u32(&w, o->router_id);
	size_t lengths_at = wr_len(&w);
	wr_u8(&w, 0);
	wr_u8(&w, PARAM_CAPABILITY);
	wr_u8(&w, 0);
	put_capabilities(&w, o);
	if (!wr_is_ok(&w)) {
		return 0;
	}
	size_t caps_len = wr_len(&w) - lengths_at - 3;
	ASSERT(caps_len <= UINT8_MAX - 2);
	if (caps_len == 0) {
		w.at -= 2; /* No parameter at all: some old speakers dislike an empty one. */
	} else {
		buf[lengths_at] = (uint8_t)(caps_len + 2);
		buf[lengths_at + 2] = (uint8_t)caps_len;
	}
	frame_end(&w, 0);
	return wr_len(&w);
}
