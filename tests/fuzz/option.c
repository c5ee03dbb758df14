/* TCP header and options: what seg_decode accepts must survive seg_encode and seg_decode.
 *
 * Input: a byte (bit 0: IPv6; bit 1: the checksum as it is, else made good; bit 2: the device says
 * that it is good), then the segment. */
#include "dataplane/tcp/seg.h"
#include "rib/base/check.h"
#include "rib/base/csum.h"
#include "tests/fuzz/fuzz.h"

#define PROTO_TCP 6

static const enum family families[2] = {FAMILY_IPV4, FAMILY_IPV6};

/* Encode `s` with its payload; returns the length, 0 when its options do not fit as we lay them
 * out (a sender may pack them tighter), or its MAC is longer than any that we make. */
static size_t encode(const struct seg *s, const struct endpoint *from, const struct endpoint *to,
		     uint8_t *out)
{
	size_t header_len = seg_header_len(s);

	ASSERT(header_len >= TCP_HEADER_MIN && header_len % 4 == 0);
	if (header_len > TCP_HEADER_MAX ||
	    (s->auth == SEG_AUTH_AO && s->mac_len > SEG_AO_MAC_MAX)) {
		return 0;
	}
	if (s->payload.len > 0) {
		memcpy(out + header_len, s->payload.data, s->payload.len);
	}
	seg_encode(s, from, to, out);
	seg_seal(s, from, to, out, csum_add(0, s->payload.data, s->payload.len));
	return header_len + s->payload.len;
}

static void check_round_trip(const struct seg *first, struct endpoint from, struct endpoint to)
{
	static uint8_t once[GUARD_MAX + TCP_HEADER_MAX], twice[GUARD_MAX + TCP_HEADER_MAX];
	size_t len = encode(first, &from, &to, once);
	uint16_t src_port, dst_port;
	struct seg second;

	if (len == 0) {
		return;
	}
	/* The checksum is verified: that of the encoder must be right. */
	ASSERT(seg_decode(span_of(once, len), &from.addr, &to.addr, false, &src_port, &dst_port,
			  &second) == SEG_OK);
	ASSERT(src_port == from.port && dst_port == to.port);
	ASSERT(second.seq == first->seq && second.ack == first->ack);
	ASSERT(second.flags == first->flags && second.window == first->window);
	ASSERT(second.payload.len == first->payload.len);
	/* Every other field, whatever there will be: the same value has the same bytes. */
	ASSERT(encode(&second, &from, &to, twice) == len);
	ASSERT(memcmp(once, twice, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t segment[GUARD_MAX];
	struct endpoint from, to;
	struct seg out, untouched;

	if (len < 1) {
		return 0;
	}
	uint8_t how = data[0];
	size_t segment_len = min_u64(len - 1, sizeof(segment));

	from.addr = lan_addr(families[how & 1], 2);
	to.addr = lan_addr(families[how & 1], 1);
	memcpy(segment, data + 1, segment_len);
	if ((how & 2) == 0) {
		wire_fix_l4(segment, segment_len, &from.addr, &to.addr, PROTO_TCP);
	}
	memset(&out, 0xa5, sizeof(out));
	memcpy(&untouched, &out, sizeof(out));
	struct span in = guarded(span_of(segment, segment_len));
	enum seg_verdict verdict =
		seg_decode(in, &from.addr, &to.addr, (how & 4) != 0, &from.port, &to.port, &out);
	if (verdict != SEG_OK) {
		ASSERT(memcmp(&out, &untouched, sizeof(out)) == 0);
		return 0;
	}
	ASSERT(out.payload.data >= in.data + TCP_HEADER_MIN);
	ASSERT(out.payload.data + out.payload.len == in.data + in.len);
	ASSERT(out.payload.data == in.data + out.header_len);
	ASSERT(out.sack_count <= SEG_SACK_MAX);
	ASSERT(out.auth == SEG_AUTH_NONE || out.mac_at + out.mac_len <= out.header_len);
	check_round_trip(&out, from, to);
	return 0;
}
