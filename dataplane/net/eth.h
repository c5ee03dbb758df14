/* Ethernet II frames: the header as a value, and MAC addresses.  RFC 894, RFC 2464.
 *
 * Only untagged Ethernet II is spoken: a VLAN tag or an IEEE 802.3 length field is a named drop. */
#pragma once

#include "dataplane/net/net_drop.h"
#include "dataplane/nic/nic.h"
#include "rib/base/addr.h"

#define ETH_HEADER_LEN 14

enum ethertype {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,
};

struct eth {
	struct mac dst, src;
	uint16_t type;	     /* enum ethertype */
	struct span payload; /* With the padding of short frames, if any. */
};

/* The broadcast address. */
struct mac mac_broadcast(void);
bool mac_equal(const struct mac *a, const struct mac *b);
bool mac_is_broadcast(const struct mac *m);
bool mac_is_group(const struct mac *m);	  /* Multicast or broadcast. */
bool mac_is_station(const struct mac *m); /* Neither a group nor zero. */
/* Where packets to an IPv6 group go, RFC 2464 §7. */
struct mac mac_of_group6(const struct addr *group);
/* fe80::/64 with the modified EUI-64 of `m`, RFC 2464 §5. */
struct addr mac_link_local(const struct mac *m);

/* Split a received frame.  NET_DROP_NONE, or the drop with *out untouched.  Says nothing about
 * whose frame it is. */
enum net_drop eth_decode(struct span in, struct eth *out);
/* Whether a station with address `own` listens to a frame of that type and destination. */
enum net_drop eth_accept(const struct eth *e, const struct mac *own);
/* Write a header of ETH_HEADER_LEN bytes. */
void eth_encode(const struct mac *dst, const struct mac *src, enum ethertype type, uint8_t *to);
