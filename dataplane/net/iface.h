/* Our own side of a port: its addresses, what is on-link there, and their announcement.
 *
 * An address is announced twice, two seconds apart, when the worker starts (RFC 5227 §2.3, RFC 4861
 * §7.2.6), and once more when another station claims it, at most every ten seconds (RFC 5227 §2.4
 * c: we are a server whose addresses were given to it, so it defends them for ever).  At the start
 * we also ask three times, a second apart, whether somebody has it already: by ARP probe (RFC 5227
 * §2.1.1) and duplicate address detection (RFC 4862 §5.4).  Deviates: the address is used before
 * the answers are in and whatever they say, because members depend on it; a conflict is reported
 * to the operator, and the address defended.
 * A port with an IPv6 address has a link-local one as well: routers ask from theirs.  On a port
 * that is shared with the kernel that one is the kernel's, which chooses it in its own way. */
#pragma once

#include "dataplane/net/net.h"

#define IFACE_ADDR_MAX	       17 /* Those of net_port_conf and the link-local one. */
#define IFACE_ANNOUNCE_COUNT   2
#define IFACE_DETECT_COUNT     3		  /* RFC 5227 §1.1: PROBE_NUM. */
#define IFACE_DETECT_WAIT_US   (1 * USEC_PER_SEC) /* PROBE_MIN; RFC 4861 §10: RETRANS_TIMER. */
#define IFACE_ANNOUNCE_WAIT_US (2 * USEC_PER_SEC) /* RFC 5227 §1.1: ANNOUNCE_INTERVAL. */
#define IFACE_REPORT_WAIT_US   (10 * USEC_PER_SEC)
#define IFACE_DEFEND_WAIT_US   (10 * USEC_PER_SEC) /* RFC 5227 §1.1: DEFEND_INTERVAL. */

struct iface_addr {
	struct addr addr;
	struct prefix subnet;
	unsigned announces_left;
	usec_t announce_due;
	unsigned detects_left; /* Questions whether somebody else has it. */
	usec_t detect_due;
	usec_t defend_from; /* Not before. */
	usec_t report_from;
};

struct iface {
	struct mac mac;
	uint16_t mtu;
	uint16_t nic, vlan; /* As net_port_conf has them. */
	bool has_kernel;
	unsigned addr_count; /* Configured ones first. */
	unsigned gateway_count;
	struct iface_addr addr[IFACE_ADDR_MAX];
	struct addr gateway[ARRAY_COUNT(((struct net_port_conf *)0)->gateway)];
};

void iface_init(struct iface *f, const struct net_port_conf *conf);
/* Our address that equals `a`, or NULL. */
struct iface_addr *iface_own(struct iface *f, const struct addr *a);
/* Whether `a` is the solicited-node group of an address of ours, or all nodes. */
bool iface_in_group(const struct iface *f, const struct addr *a);
/* Our address in the subnet of `a`; NULL when `a` is not on-link here. */
const struct iface_addr *iface_onlink(const struct iface *f, const struct addr *a);
/* The address to speak from to the neighbour `a`: on-link, or else the first of its family. */
const struct iface_addr *iface_source(const struct iface *f, const struct addr *a);
/* May a station have address `a` on this link: on-link or a gateway, no broadcast, not ours? */
bool iface_is_neighbour(struct iface *f, const struct addr *a);
/* Whether `a` is one of the port's gateways. */
bool iface_is_gateway(const struct iface *f, const struct addr *a);
/* Whether `a` is the network or the broadcast address of an IPv4 subnet here, RFC 1122 §3.2.1.3. */
bool iface_is_broadcast(const struct iface *f, const struct addr *a);
/* Another station claimed `own`: announce it again, unless that was done just now. */
void iface_defend(struct iface_addr *own, usec_t now);
/* The address to be announced now, which counts as done; NULL when none is due. */
struct iface_addr *iface_announce(struct iface *f, usec_t now);
/* The address for which to ask now whether somebody else has it, which counts as done; NULL when
 * there is none. */
struct iface_addr *iface_detect(struct iface *f, usec_t now);
/* Whether the operator is to be told now that another station claimed `own`. */
bool iface_report(struct iface_addr *own, usec_t now);
usec_t iface_due(const struct iface *f);
