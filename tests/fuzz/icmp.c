/* ICMP and ICMPv6: whole frames, among them errors that quote a packet of ours.
 *
 * Input: steps.  Each is a byte for how, a byte for the time that passes (10 ms each), type, code,
 * 4 bytes that follow the checksum, and a body behind them.  How: bit 0: IPv6; bit 1: checksums as
 * they are; bit 2: what was quoted stands before the body; bit 3: cut the frame short by a byte of
 * the input; bit 4: VLAN-tagged. */
#include "dataplane/net/icmp.h"
#include "dataplane/net/eth.h"
#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 32
#define BODY_MAX  1400
#define HEADERS	  (ETH_HEADER_LEN + IP6_HEADER_LEN)

/* What we sent, as a router quotes it: an IP header to the neighbour and a TCP header. */
static void put_quote(struct wr *w, enum family family, struct rd *in)
{
	uint8_t header[IP6_HEADER_LEN];
	struct ip_packet p = {.src = lan_addr(family, 1),
			      .dst = lan_addr(family, 2),
			      .proto = IP_PROTO_TCP,
			      .hop_limit = 64};

	p.l4.len = rd_u16(in) & 0x7ff;
	ip_encode(&p, header);
	wr_copy(w, header, ip_header_len(p.src.family));
	wr_u16(w, 179);
	wr_u16(w, 40000);
	wr_u32(w, rd_u32(in));
}

static size_t make_message(struct rd *in, uint8_t how, enum family family, uint8_t *to)
{
	struct wr w = wr_of(to, BODY_MAX);

	wr_u8(&w, rd_u8(in));
	wr_u8(&w, rd_u8(in));
	wr_u16(&w, rd_u16(in)); /* The checksum; mostly written anew. */
	wr_u32(&w, rd_u32(in));
	if ((how & 4) != 0) {
		put_quote(&w, family, in);
	}
	struct span body = rd_span(in, min_u64(rd_u16(in) & 0x7ff, rd_left(in)));

	wr_copy(&w, body.data, min_u64(body.len, wr_left(&w)));
	return wr_len(&w);
}

static size_t make_frame(struct rd *in, uint8_t how, uint8_t *frame)
{
	static uint8_t message[BODY_MAX];
	enum family family = (how & 1) != 0 ? FAMILY_IPV6 : FAMILY_IPV4;
	size_t message_len = make_message(in, how, family, message);
	size_t header_len =
		lan_headers(family, family == FAMILY_IPV4 ? IP_PROTO_ICMP4 : IP_PROTO_ICMP6,
			    message_len, frame);
	size_t len = header_len + message_len;

	memcpy(frame + header_len, message, message_len);
	if ((how & 2) == 0 || family == FAMILY_IPV4) {
		uint8_t kept[2] = {frame[header_len + 2], frame[header_len + 3]};

		wire_fix(frame, len);
		if ((how & 2) != 0) { /* The header's sum is good all the same. */
			memcpy(frame + header_len + 2, kept, sizeof(kept));
		}
	}
	if ((how & 16) != 0) {
		memmove(frame + 16, frame + 12, len - 12);
		memcpy(frame + 12, (uint8_t[4]){0x81, 0, 0, 10}, 4);
		len += 4;
	}
	return (how & 8) != 0 ? len - min_u64(rd_u8(in), len) : len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t frame[HEADERS + 4 + BODY_MAX];
	struct rd in = rd_of(span_of(data, len));
	struct net *n = lan_net();
	usec_t now = 20 * USEC_PER_SEC;

	for (unsigned i = 0; i < STEPS_MAX && rd_left(&in) > 0; i++) {
		uint8_t how = rd_u8(&in);
		struct net_rx out;

		now += rd_u8(&in) * 10 * USEC_PER_MSEC;
		size_t frame_len = make_frame(&in, how, frame);

		ASSERT(lan_rx(n, span_of(frame, frame_len), now, &out) != NET_TCP);
		if ((how & 32) != 0) {
			lan_drain(n, now);
		}
	}
	lan_drain(n, now);
	net_free(n);
	return 0;
}
