/* Frames by hand: what a neighbour sends, byte by byte, with an Internet checksum of their own.
 *
 * We are 198.18.0.1 and 2001:db8::1 at OUR_MAC; the neighbour is 198.18.0.2 and 2001:db8::2 at
 * PEER_MAC.  Nothing here uses the encoders under test. */
#pragma once

#include "dataplane/net/net.h"

#define OUR_MAC_TEXT  "02:00:00:00:00:01"
#define PEER_MAC_TEXT "02:00:00:00:00:02"

enum { FRAME_MAX = 1600 };

struct eth_frame {
	uint8_t bytes[FRAME_MAX];
	size_t len;
};

struct mac mac_of(const char *text);
struct addr addr_of(const char *text);

/* One port with our two addresses, a gateway of each family and MTU 1500. */
struct net_port_conf port_conf(void);
/* Let ten seconds pass and throw away what is sent at the start. */
void settle(struct net *n);
/* A net of that port whose announcements are already sent. */
struct net *quiet_net(void);
/* Throw away everything that waits to be sent; returns how many frames that were. */
unsigned drain(struct net *n, usec_t now);

enum frame_kind {
	FRAME_ARP_REQUEST, /* For 198.18.0.1, broadcast. */
	FRAME_ARP_REPLY,   /* 198.18.0.2 is at PEER_MAC, to us. */
	FRAME_ECHO4,	   /* 8 + 16 bytes. */
	FRAME_ECHO6,
	FRAME_TCP4, /* 20 bytes of TCP. */
	FRAME_TCP6,
	FRAME_NS,  /* For 2001:db8::1, to its solicited-node group, with our lladdr option. */
	FRAME_DAD, /* From ::, to the group, no option. */
	FRAME_NA,  /* Solicited, 2001:db8::2 is at PEER_MAC, to us. */
	FRAME_KIND_COUNT
};

struct eth_frame frame_make(enum frame_kind kind);
/* Recompute the checksums of an IP frame with a plain header: IPv4 header, ICMP. */
void frame_fix(struct eth_frame *f);
/* Put an 802.1Q tag with these sixteen bits of control information in. */
void frame_tag(struct eth_frame *f, uint16_t tci);
/* Insert an extension header (`len` bytes, its first byte is set) before the payload of IPv6. */
void frame_extend6(struct eth_frame *f, uint8_t kind, const uint8_t *header, size_t len);
/* Give `f` to net_rx in memory that ends at an unreadable page. */
enum net_verdict frame_rx_guarded(struct net *n, const struct eth_frame *f, usec_t now,
				  struct net_rx *out);
/* The drop that was counted since the counters were all zero; NET_DROP_NONE when none was, and a
 * failed test when there are several. */
enum net_drop only_drop(const struct net *n);
