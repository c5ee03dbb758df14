/* Everything between the NIC and TCP: Ethernet, ARP, IPv4, ICMP, IPv6, neighbour discovery.
 *
 * One `struct net` per worker: its own addresses (same on all workers), its own neighbour cache.
 * Pure: frames and `now` go in, frames come out through the transmit list that the caller drains.
 * Requests for our addresses are answered by the worker that receives them; what one worker learns
 * about a neighbour reaches the others as net_learn (core carries it).  Garbage of any shape is
 * dropped under a name (drop.def of this folder) and counted.  Fragments are dropped: BGP's TCP
 * never needs them.  RFC 826, 894, 791, 792, 1191, 5227, 8200, 8201, 4443, 4861, 4862, 4291, 6864.
 */
#pragma once

#include "dataplane/nic/nic.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/net_drop.h"
#include "rib/base/addr.h"
#include "rib/base/metric.h"

/* A port as routing knows it: a LAN with our addresses on it.  Several ports may share a NIC, each
 * in a VLAN of its own and at most one untagged (vlan 0). */
struct net_port_conf {
	uint16_t nic; /* Index; frames of this NIC with this tag are the port's. */
	uint16_t vlan;
	bool has_kernel; /* The host's kernel shares the port, see below. */
	struct mac mac;
	uint16_t mtu; /* L3 bytes. */
	unsigned addr_count;
	struct {
		struct addr addr;
		uint8_t prefix_len;
	} addr[16];
	unsigned gateway_count; /* Next hops for what is not on-link. */
	struct addr gateway[8];
};

/* A port that is shared with the host's kernel has its addresses twice: here for TCP, there for all
 * else.  The kernel then answers ARP, neighbour discovery and echo, and we do not; both sides
 * listen to what neighbours say, each needs it.  Whatever is heard on such a port and is not TCP
 * is for the kernel as well; for TCP and reports about it the caller decides.  Fragments and what
 * hides behind unknown extension headers are for nobody: the kernel would answer a segment of a
 * member's that it puts together with a reset. */
enum net_verdict {
	NET_TCP,	/* A TCP segment for one of our addresses: out->l4 and friends are set. */
	NET_HANDLED,	/* ARP, ND, ICMP: done, perhaps with a reply queued. */
	NET_ICMP_ERROR, /* A report about a TCP segment of ours, not yet believed: out->icmp. */
	NET_DROPPED,	/* Counted under its name. */
};

struct net_rx {
	unsigned port;
	struct addr src, dst;
	struct span l4;	   /* Points into the frame. */
	uint8_t hop_limit; /* TTL or hop limit: for GTSM. */
	bool has_learned;  /* A neighbour's address was learned: tell the other workers. */
	struct addr learned_addr;
	struct mac learned_mac;
	bool is_for_kernel; /* Give the host's kernel a copy. */
	struct icmp_error icmp;
	bool has_conflict; /* Another station claims an address of ours: tell the operator. */
	struct addr conflict_addr;
	struct mac conflict_mac;
};

/* A packet to be sent: where, and how long its L4 part is. */
struct net_route {
	unsigned port;
	struct addr src, dst;
	struct mac dst_mac;
	uint8_t header_len; /* Ethernet (with the port's tag) + IP header. */
	uint16_t mtu;
};

enum net_route_verdict {
	ROUTE_OK,
	ROUTE_WAIT,	   /* Resolution is under way; try again later. */
	ROUTE_UNREACHABLE, /* No port, no gateway, or the neighbour does not answer. */
};

struct net;

struct net *net_new(const struct net_port_conf *ports, unsigned port_count, uint64_t seed);
void net_free(struct net *n);

/* One frame that NIC number `nic` received.  What a verdict or a flag of `*out` promises is filled
 * in. */
enum net_verdict net_rx(struct net *n, unsigned nic, const struct frame_buf *in, usec_t now,
			struct net_rx *out);
/* How to send from `src` to `dst`.  Starts resolution when needed. */
enum net_route_verdict net_route(struct net *n, const struct addr *src, const struct addr *dst,
				 usec_t now, struct net_route *out);
/* The largest packet that fits every port by which net_route may ever send from `src` to `dst`;
 * UINT16_MAX when there is none. */
uint16_t net_mtu_to(const struct net *n, const struct addr *src, const struct addr *dst);
/* Write Ethernet and IP headers for `l4_len` bytes of TCP at `to` (route->header_len bytes);
 * the IPv4 header checksum is filled in.  More than the route's MTU is for the port to cut. */
void net_encap(struct net *n, const struct net_route *route, uint16_t l4_len, uint8_t *to);
/* Another worker learned a neighbour. */
void net_learn(struct net *n, unsigned port, const struct addr *addr, const struct mac *mac,
	       usec_t now);

/* Frames of our own (replies, solicitations, announcements): the next one is written to `to`
 * (`room` >= 1518), its port to *out_port; 0 when none waits. */
size_t net_tx(struct net *n, uint8_t *to, size_t room, unsigned *out_port, usec_t now);
bool net_wants_tx(const struct net *n);
void net_tick(struct net *n, usec_t now);
usec_t net_due(const struct net *n);

/* The address of ours that a neighbour `dst` would be reached from: same family and subnet first,
 * then the first of the family.  False when we have none. */
bool net_source_for(const struct net *n, const struct addr *dst, struct addr *out);
bool net_is_ours(const struct net *n, const struct addr *a);
/* Whether `a` is a gateway of that port. */
bool net_is_gateway(const struct net *n, unsigned port, const struct addr *a);

const metric_t *net_drops(const struct net *n); /* [NET_DROP_COUNT] */
