/* IPv4 (RFC 791; RFC 1122 §3.2.1 on what to discard) and IPv6 (RFC 8200) headers.
 *
 * IPv6 extension headers are a chain that a sender can make long and costly, so at most
 * IP6_EXTENSIONS_MAX of the two kinds that may stand before TCP or ICMP and mean nothing to us are
 * stepped over: hop-by-hop options (only first) and destination options.  Their options are walked
 * because the upper bits of an option's type can forbid to skip it (RFC 8200 §4.2).  Deviates: such
 * a packet is dropped and counted without the ICMP Parameter Problem that §4.2 asks for. */
#include "dataplane/net/ip.h"

#include "rib/base/csum.h"
#include "rib/base/check.h"

#define IP4_MORE_FRAGMENTS 0x2000
#define IP4_DONT_FRAGMENT  0x4000

#define IP6_HOP_BY_HOP	0
#define IP6_FRAGMENT	44
#define IP6_DESTINATION 60
#define IP6_OPTION_PAD1 0

enum net_drop ip4_decode(struct span in, bool is_csum_good, struct ip_packet *out)
{
	if (in.len < IP4_HEADER_LEN) {
		return NET_DROP_IP4_SHORT;
	}
	size_t header_len = (size_t)(in.data[0] & 0x0f) * 4;

	if (in.data[0] >> 4 != 4) {
		return NET_DROP_IP4_VERSION;
	}
	if (header_len < IP4_HEADER_LEN || header_len > in.len) {
		return NET_DROP_IP4_HEADER_LENGTH;
	}
	if (!is_csum_good && !csum_is_good(csum_add(0, in.data, header_len))) {
		return NET_DROP_IP4_CHECKSUM;
	}
	struct rd r = rd_of(in);
	struct ip_packet p = {0};

	(void)rd_u8(&r);
	p.traffic_class = rd_u8(&r);
	size_t total_len = rd_u16(&r);
	(void)rd_u16(&r); /* Identification: means nothing without fragments, RFC 6864 §4.1. */
	uint16_t fragment = rd_u16(&r);
	p.hop_limit = rd_u8(&r);
	p.proto = rd_u8(&r);
	(void)rd_u16(&r);
	p.src = addr_make(FAMILY_IPV4, rd_span(&r, 4).data);
	p.dst = addr_make(FAMILY_IPV4, rd_span(&r, 4).data);
	ASSERT(rd_is_ok(&r));
	if (total_len < header_len || total_len > in.len) {
		return NET_DROP_IP4_TOTAL_LENGTH;
	}
	if ((fragment & (IP4_MORE_FRAGMENTS | IP4_OFFSET_MASK)) != 0) {
		return NET_DROP_IP4_FRAGMENT;
	}
	p.l4 = span_of(in.data + header_len, total_len - header_len);
	*out = p;
	return NET_DROP_NONE;
}

/* Walk the options of one extension header: are all of them such that may be skipped? */
static enum net_drop options_check(struct span options)
{
	struct rd r = rd_of(options);

	while (rd_left(&r) > 0) {
		uint8_t type = rd_u8(&r);

		if (type == IP6_OPTION_PAD1) {
			continue;
		}
		(void)rd_span(&r, rd_u8(&r));
		if (!rd_is_ok(&r)) {
			return NET_DROP_IP6_EXTENSION;
		}
		if ((type & 0xc0) != 0) { /* RFC 8200 §4.2: 00 = skip over this option. */
			return NET_DROP_IP6_OPTION;
		}
	}
	return NET_DROP_NONE;
}

/* Step over the extension headers from *proto on; both are moved to what follows. */
static enum net_drop extensions_skip(struct rd *r, uint8_t *proto)
{
	for (unsigned i = 0; i <= IP6_EXTENSIONS_MAX; i++) {
		if (*proto == IP6_FRAGMENT) {
			return NET_DROP_IP6_FRAGMENT;
		}
		if (*proto != IP6_HOP_BY_HOP && *proto != IP6_DESTINATION) {
			return NET_DROP_NONE;
		}
		if (*proto == IP6_HOP_BY_HOP && i > 0) {
			return NET_DROP_IP6_EXTENSION; /* RFC 8200 §4.1: only first. */
		}
		uint8_t next = rd_u8(r);
		size_t len = (size_t)rd_u8(r) * 8 + 6;
		struct span options = rd_span(r, len);

		if (!rd_is_ok(r)) {
			return NET_DROP_IP6_EXTENSION;
		}
		enum net_drop drop = options_check(options);
		if (drop != NET_DROP_NONE) {
			return drop;
		}
		*proto = next;
	}
	return NET_DROP_IP6_EXTENSION;
}

enum net_drop ip6_decode(struct span in, struct ip_packet *out)
{
	if (in.len < IP6_HEADER_LEN) {
		return NET_DROP_IP6_SHORT;
	}
	struct rd r = rd_of(in);
	struct ip_packet p = {0};
	uint32_t word = rd_u32(&r);

	if (word >> 28 != 6) {
		return NET_DROP_IP6_VERSION;
	}
	p.traffic_class = (uint8_t)(word >> 20);
	size_t payload_len = rd_u16(&r);
	p.proto = rd_u8(&r);
	p.hop_limit = rd_u8(&r);
	p.src = addr_make(FAMILY_IPV6, rd_span(&r, 16).data);
	p.dst = addr_make(FAMILY_IPV6, rd_span(&r, 16).data);
	ASSERT(rd_is_ok(&r));
	if (payload_len > rd_left(&r)) {
		return NET_DROP_IP6_PAYLOAD_LENGTH;
	}
	struct rd payload = rd_of(span_of(r.at, payload_len));
	enum net_drop drop = extensions_skip(&payload, &p.proto);

	if (drop != NET_DROP_NONE) {
		return drop;
	}
	p.l4 = rd_span(&payload, rd_left(&payload));
	*out = p;
	return NET_DROP_NONE;
}

size_t ip_header_len(uint8_t family)
{
	return family == FAMILY_IPV4 ? IP4_HEADER_LEN : IP6_HEADER_LEN;
}

static void encode4(const struct ip_packet *p, uint8_t *to)
{
	struct wr w = wr_of(to, IP4_HEADER_LEN);

	wr_u8(&w, 0x45);
	wr_u8(&w, p->traffic_class);
	wr_u16(&w, (uint16_t)(IP4_HEADER_LEN + p->l4.len));
	wr_u16(&w, 0); /* RFC 6864 §4.1: any value will do for an atomic datagram. */
	wr_u16(&w, IP4_DONT_FRAGMENT);
	wr_u8(&w, p->hop_limit);
	wr_u8(&w, p->proto);
	wr_u16(&w, 0);
	wr_copy(&w, p->src.bytes, 4);
	wr_copy(&w, p->dst.bytes, 4);
	ASSERT(wr_is_ok(&w));
	csum_store(csum_add(0, to, IP4_HEADER_LEN), to + 10);
}

static void encode6(const struct ip_packet *p, uint8_t *to)
{
	struct wr w = wr_of(to, IP6_HEADER_LEN);

	wr_u32(&w, (uint32_t)6 << 28 | (uint32_t)p->traffic_class << 20);
	wr_u16(&w, (uint16_t)p->l4.len);
	wr_u8(&w, p->proto);
	wr_u8(&w, p->hop_limit);
	wr_copy(&w, p->src.bytes, 16);
	wr_copy(&w, p->dst.bytes, 16);
	ASSERT(wr_is_ok(&w));
}

void ip_encode(const struct ip_packet *p, uint8_t *to)
{
	ASSERT(p->src.family == p->dst.family);
	ASSERT(p->l4.len <= UINT16_MAX - IP4_HEADER_LEN);
	if (p->src.family == FAMILY_IPV4) {
		encode4(p, to);
	} else {
		encode6(p, to);
	}
}

bool ip_is_no_station(const struct addr *a)
{
	if (addr_is_zero(a) || addr_is_loopback(a) || addr_is_multicast(a)) {
		return true;
	}
	/* RFC 1112 §4: 240/4 is reserved; it ends with the limited broadcast. */
	return a->family == FAMILY_IPV4 && a->bytes[0] >= 240;
}

struct addr ip6_solicited_node(const struct addr *a)
{
	uint8_t bytes[16] = {0xff, 0x02, [11] = 0x01, [12] = 0xff};

	ASSERT(a->family == FAMILY_IPV6);
	memcpy(bytes + 13, a->bytes + 13, 3);
	return addr_make(FAMILY_IPV6, bytes);
}

struct addr ip6_all_nodes(void)
{
	static const uint8_t bytes[16] = {0xff, 0x02, [15] = 0x01};

	return addr_make(FAMILY_IPV6, bytes);
}
