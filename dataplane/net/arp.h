/* ARP packets for IPv4 over Ethernet as values.  RFC 826. */
#pragma once

#include "dataplane/net/eth.h"

#define ARP_FRAME_LEN (ETH_HEADER_LEN + 28)

enum arp_operation { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp {
	enum arp_operation operation;
	struct mac sender_mac, target_mac;
	struct addr sender, target;
};

/* NET_DROP_NONE, or the drop with *out untouched. */
enum net_drop arp_decode(struct span in, struct arp *out);
/* Write a whole frame of ARP_FRAME_LEN bytes to `dst`, from the sender. */
void arp_encode(const struct arp *a, const struct mac *dst, uint8_t *to);
