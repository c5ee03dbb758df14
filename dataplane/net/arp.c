/* ARP, RFC 826: the packet is read field by field and every constant of "IPv4 over Ethernet" must
 * be there.  A sender address of 0.0.0.0 is an ARP probe (RFC 5227 §1.1) and allowed. */
#include "dataplane/net/arp.h"

#include "dataplane/net/ip.h"
#include "rib/base/check.h"

#define ARP_HARDWARE_ETHERNET 1

enum net_drop arp_decode(struct span in, struct arp *out)
{
	struct rd r = rd_of(in);
	struct arp a;

	if (in.len < ARP_FRAME_LEN - ETH_HEADER_LEN) {
		return NET_DROP_ARP_SHORT;
	}
	uint16_t hardware = rd_u16(&r);
	uint16_t protocol = rd_u16(&r);
	uint16_t lengths = rd_u16(&r);
	uint16_t operation = rd_u16(&r);
	if (hardware != ARP_HARDWARE_ETHERNET || protocol != ETHERTYPE_IPV4 || lengths != 0x0604) {
		return NET_DROP_ARP_FORMAT;
	}
	if (operation != ARP_REQUEST && operation != ARP_REPLY) {
		return NET_DROP_ARP_OPERATION;
	}
	a.operation = (enum arp_operation)operation;
	rd_copy(&r, a.sender_mac.bytes, sizeof(a.sender_mac.bytes));
	a.sender = addr_make(FAMILY_IPV4, rd_span(&r, 4).data);
	rd_copy(&r, a.target_mac.bytes, sizeof(a.target_mac.bytes));
	a.target = addr_make(FAMILY_IPV4, rd_span(&r, 4).data);
	ASSERT(rd_is_ok(&r));
	bool is_probe = operation == ARP_REQUEST && addr_is_zero(&a.sender);
	if (!mac_is_station(&a.sender_mac) || (!is_probe && ip_is_no_station(&a.sender))) {
		return NET_DROP_ARP_SENDER;
	}
	*out = a;
	return NET_DROP_NONE;
}

void arp_encode(const struct arp *a, const struct mac *dst, uint8_t *to)
{
	struct wr w = wr_of(to + ETH_HEADER_LEN, ARP_FRAME_LEN - ETH_HEADER_LEN);

	eth_encode(dst, &a->sender_mac, ETHERTYPE_ARP, to);
	wr_u16(&w, ARP_HARDWARE_ETHERNET);
	wr_u16(&w, ETHERTYPE_IPV4);
	wr_u16(&w, 0x0604);
	wr_u16(&w, (uint16_t)a->operation);
	wr_copy(&w, a->sender_mac.bytes, sizeof(a->sender_mac.bytes));
	wr_copy(&w, a->sender.bytes, 4);
	wr_copy(&w, a->target_mac.bytes, sizeof(a->target_mac.bytes));
	wr_copy(&w, a->target.bytes, 4);
	ASSERT(wr_is_ok(&w));
}
