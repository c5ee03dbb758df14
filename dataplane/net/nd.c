/* Neighbour discovery messages, RFC 4861.  The hop limit of 255 proves that a message was born on
 * this link (§7.1); an option of length zero would loop a careless parser (§4.6); other options
 * than the one link-layer address that belongs to the message are skipped. */
#include "dataplane/net/nd.h"

#include "rib/base/csum.h"
#include "rib/base/check.h"

#define OPTION_SOURCE_MAC 1
#define OPTION_TARGET_MAC 2

#define FLAG_SOLICITED UINT32_C(0x40000000)
#define FLAG_OVERRIDE  UINT32_C(0x20000000)

/* Find the link-layer address option of kind `wanted`. */
static enum net_drop options_decode(struct rd *r, uint8_t wanted, struct nd *out)
{
	while (rd_left(r) > 0) {
		uint8_t kind = rd_u8(r);
		size_t len = (size_t)rd_u8(r) * 8;

		if (!rd_is_ok(r) || len == 0) {
			return NET_DROP_ND_OPTION;
		}
		struct span body = rd_span(r, len - 2);
		if (!rd_is_ok(r)) {
			return NET_DROP_ND_OPTION;
		}
		if (kind != wanted || out->has_mac) {
			continue;
		}
		memcpy(out->mac.bytes, body.data, sizeof(out->mac.bytes));
		out->has_mac = true;
		if (!mac_is_station(&out->mac)) {
			return NET_DROP_ND_LINK_ADDRESS;
		}
	}
	return NET_DROP_NONE;
}

/* What RFC 4861 §7.1 asks of the addresses. */
static enum net_drop addresses_check(const struct ip_packet *p, const struct nd *m)
{
	bool is_to_group = addr_is_multicast(&p->dst);

	if (addr_is_multicast(&m->target)) {
		return NET_DROP_ND_TARGET;
	}
	if (m->is_advertisement) {
		return is_to_group && m->is_solicited ? NET_DROP_ND_SOLICITED : NET_DROP_NONE;
	}
	if (addr_is_zero(&p->src)) { /* Duplicate address detection, RFC 4862 §5.4. */
		struct addr group = ip6_solicited_node(&m->target);

		return m->has_mac || !addr_equal(&p->dst, &group) ? NET_DROP_ND_SOURCE
								  : NET_DROP_NONE;
	}
	return NET_DROP_NONE;
}

enum net_drop nd_decode(const struct ip_packet *p, struct nd *out)
{
	struct rd r = rd_of(p->l4);
	struct nd m = {0};

	ASSERT(p->src.family == FAMILY_IPV6);
	if (p->hop_limit != 255) {
		return NET_DROP_ND_HOP_LIMIT;
	}
	uint8_t type = rd_u8(&r);
	uint8_t code = rd_u8(&r);
	(void)rd_u16(&r);
	uint32_t flags = rd_u32(&r);
	struct span target = rd_span(&r, 16);
	if (!rd_is_ok(&r) || code != 0) {
		return NET_DROP_ND_SHORT;
	}
	ASSERT(type == ICMP6_NEIGHBOUR_SOLICITATION || type == ICMP6_NEIGHBOUR_ADVERTISEMENT);
	m.is_advertisement = type == ICMP6_NEIGHBOUR_ADVERTISEMENT;
	m.is_solicited = m.is_advertisement && (flags & FLAG_SOLICITED) != 0;
	m.is_override = m.is_advertisement && (flags & FLAG_OVERRIDE) != 0;
	m.target = addr_make(FAMILY_IPV6, target.data);
	enum net_drop drop =
		options_decode(&r, m.is_advertisement ? OPTION_TARGET_MAC : OPTION_SOURCE_MAC, &m);
	if (drop == NET_DROP_NONE) {
		drop = addresses_check(p, &m);
	}
	if (drop == NET_DROP_NONE) {
		*out = m;
	}
	return drop;
}

size_t nd_encode(const struct nd *m, const struct ip_packet *p, const struct mac *src_mac,
		 const struct mac *dst_mac, uint8_t *to)
{
	uint8_t *l4 = to + ETH_HEADER_LEN + IP6_HEADER_LEN;
	struct wr w = wr_of(l4, ND_FRAME_LEN - ETH_HEADER_LEN - IP6_HEADER_LEN);
	uint32_t flags =
		(m->is_solicited ? FLAG_SOLICITED : 0) | (m->is_override ? FLAG_OVERRIDE : 0);
	struct ip_packet out = *p;

	wr_u8(&w,
	      m->is_advertisement ? ICMP6_NEIGHBOUR_ADVERTISEMENT : ICMP6_NEIGHBOUR_SOLICITATION);
	wr_u8(&w, 0);
	wr_u16(&w, 0);
	wr_u32(&w, flags);
	wr_copy(&w, m->target.bytes, 16);
	if (m->has_mac) {
		wr_u8(&w, m->is_advertisement ? OPTION_TARGET_MAC : OPTION_SOURCE_MAC);
		wr_u8(&w, 1);
		wr_copy(&w, m->mac.bytes, sizeof(m->mac.bytes));
	}
	ASSERT(wr_is_ok(&w));
	out.proto = IP_PROTO_ICMP6;
	out.hop_limit = 255;
	out.l4 = span_of(l4, wr_len(&w));
	uint64_t sum = csum_add_pseudo(0, &out.src, &out.dst, IP_PROTO_ICMP6, out.l4.len);
	csum_store(csum_add(sum, l4, out.l4.len), l4 + 2);
	ip_encode(&out, to + ETH_HEADER_LEN);
	eth_encode(dst_mac, src_mac, ETHERTYPE_IPV6, to);
	return ETH_HEADER_LEN + IP6_HEADER_LEN + out.l4.len;
}
