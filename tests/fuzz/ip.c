/* IPv4 with options, IPv6 with extension headers: bounds, and what was accepted survives a round
 * trip.
 *
 * Input: a byte (bit 0: IPv6; bit 1: the header checksum as it is, else made good; bit 2: the
 * device says that it is good), then the packet. */
#include "dataplane/net/ip.h"
#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

#define ETH_LEN 14

static enum net_drop decode(struct span in, bool is6, bool is_csum_good, struct ip_packet *out)
{
	return is6 ? ip6_decode(in, out) : ip4_decode(in, is_csum_good, out);
}

static void check_round_trip(const struct ip_packet *first, bool is6)
{
	static uint8_t packet[IP6_HEADER_LEN + GUARD_MAX];
	size_t header_len = ip_header_len(first->src.family);
	struct ip_packet second;

	ip_encode(first, packet);
	if (first->l4.len > 0) {
		memcpy(packet + header_len, first->l4.data, first->l4.len);
	}
	ASSERT(decode(span_of(packet, header_len + first->l4.len), is6, false, &second) ==
	       NET_DROP_NONE);
	ASSERT(addr_equal(&second.src, &first->src) && addr_equal(&second.dst, &first->dst));
	ASSERT(second.proto == first->proto && second.hop_limit == first->hop_limit);
	ASSERT(second.traffic_class == first->traffic_class);
	ASSERT(second.l4.len == first->l4.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* Behind an Ethernet header, for wire_fix. */
	static uint8_t frame[ETH_LEN + GUARD_MAX];
	struct ip_packet out = {.proto = 0xa5};

	if (len < 1) {
		return 0;
	}
	bool is6 = (data[0] & 1) != 0, is_csum_good = (data[0] & 4) != 0;
	size_t packet_len = min_u64(len - 1, GUARD_MAX);

	frame[12] = is6 ? 0x86 : 0x08;
	frame[13] = is6 ? 0xdd : 0x00;
	memcpy(frame + ETH_LEN, data + 1, packet_len);
	if ((data[0] & 2) == 0) {
		wire_fix(frame, ETH_LEN + packet_len);
	}
	struct span in = guarded(span_of(frame + ETH_LEN, packet_len));
	enum net_drop drop = decode(in, is6, is_csum_good, &out);

	if (drop != NET_DROP_NONE) {
		ASSERT(out.proto == 0xa5 && out.l4.data == NULL);
		return 0;
	}
	ASSERT(out.src.family == (is6 ? FAMILY_IPV6 : FAMILY_IPV4));
	ASSERT(out.l4.data >= in.data + ip_header_len(out.src.family));
	ASSERT(out.l4.data + out.l4.len <= in.data + in.len);
	/* Nothing that we step over is left for the next layer to meet. */
	ASSERT(!is6 || (out.proto != 0 && out.proto != 44 && out.proto != 60));
	check_round_trip(&out, is6);
	return 0;
}
