/* Ethernet II frames, untagged or with one IEEE 802.1Q tag: the header as a value, and MAC
 * addresses.  RFC 894, RFC 2464.
 *
 * A tag with VLAN identifier 0 carries a priority only, and the frame counts as untagged (802.1Q
 * §9.6).  Stacked tags are a named drop, and so is an IEEE 802.3 length field. */
#pragma once

#include "dataplane/net/net_drop.h"
#include "dataplane/nic/nic.h"
#include "rib/base/addr.h"

#define ETH_HEADER_LEN 14 /* Without a tag. */
#define ETH_TAG_LEN    4

enum ethertype {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,
};

struct eth {
	struct mac dst, src;
	uint16_t type;	     /* enum ethertype, another, or a length. */
	uint16_t vlan;	     /* 0: untagged. */
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
/* Whether a station with address `own` takes such a frame off the wire: to it or to a group. */
enum net_drop eth_hear(const struct eth *e, const struct mac *own);
/* Whether what was heard is of a type that we speak, to a group that may carry it. */
enum net_drop eth_accept(const struct eth *e);
/* Write a header of ETH_HEADER_LEN bytes. */
void eth_encode(const struct mac *dst, const struct mac *src, enum ethertype type, uint8_t *to);
/* Bytes that a tag for `vlan` takes: none for 0. */
size_t eth_tag_len(uint16_t vlan);
/* Put the tag for `vlan` (none for 0) into a frame of `len` bytes, at least a header; returns the
 * new length.  There must be room for ETH_TAG_LEN more. */
size_t eth_tag(uint8_t *frame, size_t len, uint16_t vlan);
/* Copy a whole frame without its tag, if it has one; returns the bytes written. */
size_t eth_copy_untagged(struct span frame, uint8_t *to);
