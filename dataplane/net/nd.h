/* Neighbour solicitations and advertisements as values.  RFC 4861 §4.3, §4.4, §7.1. */
#pragma once

#include "dataplane/net/eth.h"
#include "dataplane/net/ip.h"

#define ICMP6_NEIGHBOUR_SOLICITATION  135
#define ICMP6_NEIGHBOUR_ADVERTISEMENT 136

/* Ethernet, IPv6, the message, and one link-layer address option. */
#define ND_FRAME_LEN (ETH_HEADER_LEN + IP6_HEADER_LEN + 24 + 8)

struct nd {
	bool is_advertisement;
	bool is_solicited, is_override; /* Of an advertisement. */
	bool has_mac;
	struct mac mac; /* The source's of a solicitation, the target's of an advertisement. */
	struct addr target;
};

/* Decode an ICMPv6 message of type 135 or 136 whose checksum is good, with every check of RFC 4861
 * §7.1.1 and §7.1.2.  NET_DROP_NONE, or the drop with *out untouched. */
enum net_drop nd_decode(const struct ip_packet *p, struct nd *out);
/* Write a whole frame of at most ND_FRAME_LEN bytes from `src_mac` to `dst_mac`, between the
 * addresses in `p`; returns its length. */
size_t nd_encode(const struct nd *m, const struct ip_packet *p, const struct mac *src_mac,
		 const struct mac *dst_mac, uint8_t *to);
