/* IPv4 and IPv6 headers as values.  RFC 791, RFC 6864, RFC 8200.
 *
 * Decoding proves every length, trims the padding of the frame, verifies the IPv4 header checksum
 * and steps over options and a few harmless extension headers; fragments are dropped.  Encoding
 * writes the plain header: no options, don't fragment, identification 0 (an atomic datagram). */
#pragma once

#include "dataplane/net/net_drop.h"
#include "rib/base/addr.h"

#define IP4_HEADER_LEN 20
#define IP6_HEADER_LEN 40

#define IP4_OFFSET_MASK 0x1fff /* Of the word with the fragment's offset. */

#define IP6_EXTENSIONS_MAX 4 /* Headers that are stepped over. */

enum ip_proto {
	IP_PROTO_ICMP4 = 1,
	IP_PROTO_TCP = 6,
	IP_PROTO_ROUTING = 43, /* An extension header of IPv6 that is not stepped over. */
	IP_PROTO_ICMP6 = 58,
};

struct ip_packet {
	struct addr src, dst;
	uint8_t proto; /* enum ip_proto, or another. */
	uint8_t hop_limit;
	uint8_t traffic_class;
	struct span l4;
};

/* Split a packet; NET_DROP_NONE or the drop with *out untouched.  `is_csum_good`: the device has
 * verified the header checksum. */
enum net_drop ip4_decode(struct span in, bool is_csum_good, struct ip_packet *out);
enum net_drop ip6_decode(struct span in, struct ip_packet *out);
/* Bytes of the header that ip_encode writes. */
size_t ip_header_len(uint8_t family);
/* Write the header of `p` (of l4 only the length counts) at `to`. */
void ip_encode(const struct ip_packet *p, uint8_t *to);
/* Whether no station can have this address: zero, loopback, a group, reserved. */
bool ip_is_no_station(const struct addr *a);
/* ff02::1:ffXX:XXXX of an address, RFC 4291 §2.7.1. */
struct addr ip6_solicited_node(const struct addr *a);
struct addr ip6_all_nodes(void); /* ff02::1 */
