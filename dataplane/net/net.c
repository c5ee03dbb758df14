/* Frames out: which port and neighbour, headers, and the frames of our own.
 *
 * Routing is that of a host on a few LANs (RFC 1122 §3.3.1): on-link goes to the neighbour itself,
 * anything else to the first gateway of its family that answers; a link-local destination goes out
 * where its source lives.  Own frames leave in the order of how much somebody waits for them:
 * answers, echo replies, questions, announcements. */
#include "dataplane/net/net.h"

#include <stdlib.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/ip.h"
#include "dataplane/net/nd.h"
#include "dataplane/net/state.h"
#include "rib/base/check.h"

/* CS6, "internetwork control" (RFC 4594 §3.1), as routers mark their routing protocols. */
#define TRAFFIC_CLASS_CONTROL 0xc0
/* 255 is what a neighbour with GTSM expects (RFC 5082 §3) and harms nobody else. */
#define TCP_HOP_LIMIT 255

struct net *net_new(const struct net_port_conf *ports, unsigned port_count, uint64_t seed)
{
	struct net *n = calloc(1, sizeof(*n));
	size_t mtu_max = 0;

	ASSERT(port_count > 0);
	if (n == NULL) {
		return NULL;
	}
	n->ports = calloc(port_count, sizeof(*n->ports));
	n->port_count = port_count;
	for (unsigned i = 0; n->ports != NULL && i < port_count; i++) {
		iface_init(&n->ports[i], &ports[i]);
		mtu_max = max_u64(mtu_max, ports[i].mtu);
	}
	n->neighbours = neigh_new(seed);
	n->replyq = replyq_new(ETH_HEADER_LEN + mtu_max);
	if (n->ports == NULL || n->neighbours == NULL || n->replyq == NULL) {
		net_free(n);
		return NULL;
	}
	return n;
}

void net_free(struct net *n)
{
	if (n == NULL) {
		return;
	}
	replyq_free(n->replyq);
	neigh_free(n->neighbours);
	free(n->ports);
	free(n);
}

/* The port where `dst` is on-link; one that owns `src` goes before the others. */
static bool port_onlink(const struct net *n, const struct addr *src, const struct addr *dst,
			unsigned *out_port)
{
	bool is_found = false;

	for (unsigned i = 0; i < n->port_count; i++) {
		if (iface_onlink(&n->ports[i], dst) == NULL) {
			continue;
		}
		bool is_source = iface_own(&n->ports[i], src) != NULL;
		if (is_source || !is_found) {
			*out_port = i;
			is_found = true;
		}
		if (is_source) {
			break;
		}
	}
	return is_found;
}

/* Resolve the next hop of `out->dst` and fill in the rest of the route. */
static enum net_route_verdict route_via(struct net *n, unsigned port, const struct addr *hop,
					usec_t now, struct net_route *out)
{
	struct mac mac;

	switch (neigh_use(n->neighbours, port, hop, now, &mac)) {
	case NEIGH_WAIT:
		return ROUTE_WAIT;
	case NEIGH_FAILED:
		return ROUTE_UNREACHABLE;
	case NEIGH_OK:
		break;
	}
	out->port = port;
	out->dst_mac = mac;
	out->header_len = (uint8_t)(ETH_HEADER_LEN + eth_tag_len(n->ports[port].vlan) +
				    ip_header_len(hop->family));
	out->mtu = n->ports[port].mtu;
	return ROUTE_OK;
}

enum net_route_verdict net_route(struct net *n, const struct addr *src, const struct addr *dst,
				 usec_t now, struct net_route *out)
{
	enum net_route_verdict verdict = ROUTE_UNREACHABLE;
	struct net_route route = {.src = *src, .dst = *dst};
	unsigned port;

	n->now = max_u64(n->now, now);
	if (src->family != dst->family || ip_is_no_station(dst) || net_is_ours(n, dst)) {
		return ROUTE_UNREACHABLE;
	}
	if (port_onlink(n, src, dst, &port)) {
		if (!iface_is_broadcast(&n->ports[port], dst)) {
			verdict = route_via(n, port, dst, now, &route);
		}
	} else {
		for (port = 0; port < n->port_count && verdict == ROUTE_UNREACHABLE; port++) {
			const struct iface *f = &n->ports[port];

			for (unsigned i = 0; i < f->gateway_count && verdict == ROUTE_UNREACHABLE;
			     i++) {
				if (f->gateway[i].family == dst->family) {
					verdict = route_via(n, port, &f->gateway[i], now, &route);
				}
			}
		}
	}
	if (verdict == ROUTE_OK) {
		*out = route;
	}
	return verdict;
}

uint16_t net_mtu_to(const struct net *n, const struct addr *src, const struct addr *dst)
{
	uint16_t mtu = UINT16_MAX;
	unsigned port;

	if (port_onlink(n, src, dst, &port)) {
		return n->ports[port].mtu;
	}
	/* Another gateway, by another port, may have to take over at any time. */
	for (port = 0; port < n->port_count; port++) {
		const struct iface *f = &n->ports[port];

		for (unsigned i = 0; i < f->gateway_count; i++) {
			if (f->gateway[i].family == dst->family) {
				mtu = (uint16_t)min_u64(mtu, f->mtu);
			}
		}
	}
	return mtu;
}

void net_encap(struct net *n, const struct net_route *route, uint16_t l4_len, uint8_t *to)
{
	struct ip_packet p = {
		.src = route->src,
		.dst = route->dst,
		.proto = IP_PROTO_TCP,
		.hop_limit = TCP_HOP_LIMIT,
		.traffic_class = TRAFFIC_CLASS_CONTROL,
		.l4 = span_of(NULL, l4_len),
	};
	bool is4 = route->dst.family == FAMILY_IPV4;
	size_t ip_len = ip_header_len(route->dst.family);

	ASSERT(route->port < n->port_count);
	ASSERT(ip_len + l4_len <= UINT16_MAX);
	const struct iface *f = &n->ports[route->port];
	eth_encode(&route->dst_mac, &f->mac, is4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, to);
	size_t eth_len = eth_tag(to, ETH_HEADER_LEN, f->vlan);
	ASSERT(route->header_len == eth_len + ip_len);
	ip_encode(&p, to + eth_len);
}

void net_learn(struct net *n, unsigned port, const struct addr *addr, const struct mac *mac,
	       usec_t now)
{
	ASSERT(port < n->port_count);
	n->now = max_u64(n->now, now);
	(void)neigh_answered(n->neighbours, port, addr, mac, true, now);
}

static size_t write_answer(const struct net *n, const struct answer *a, uint8_t *to)
{
	const struct iface *f = &n->ports[a->port];

	if (a->own.family == FAMILY_IPV4) {
		struct arp m = {.operation = ARP_REPLY,
				.sender_mac = f->mac,
				.target_mac = a->to_mac,
				.sender = a->own,
				.target = a->to};

		arp_encode(&m, &a->to_mac, to);
		return ARP_FRAME_LEN;
	}
	struct ip_packet p = {.src = a->own, .dst = a->to};
	struct nd m = {.is_advertisement = true,
		       .is_solicited = !addr_is_multicast(&a->to),
		       .is_override = true,
		       .has_mac = true,
		       .mac = f->mac,
		       .target = a->own};

	return nd_encode(&m, &p, &f->mac, &a->to_mac, to);
}

/* ARP request or neighbour solicitation.  0: we have no address to ask from. */
static size_t write_question(const struct net *n, const struct neigh_question *q, uint8_t *to)
{
	const struct iface *f = &n->ports[q->port];
	const struct iface_addr *own = iface_source(f, &q->addr);

	if (own == NULL) {
		return 0;
	}
	if (q->addr.family == FAMILY_IPV4) {
		struct arp m = {.operation = ARP_REQUEST,
				.sender_mac = f->mac,
				.sender = own->addr,
				.target = q->addr};
		struct mac dst = q->is_unicast ? q->mac : mac_broadcast();

		arp_encode(&m, &dst, to);
		return ARP_FRAME_LEN;
	}
	struct ip_packet p = {.src = own->addr,
			      .dst = q->is_unicast ? q->addr : ip6_solicited_node(&q->addr)};
	struct mac dst = q->is_unicast ? q->mac : mac_of_group6(&p.dst);
	struct nd m = {.has_mac = true, .mac = f->mac, .target = q->addr};

	return nd_encode(&m, &p, &f->mac, &dst, to);
}

static size_t write_announcement(const struct iface *f, const struct addr *own, uint8_t *to)
{
	if (own->family == FAMILY_IPV4) {
		/* RFC 5227 §2.3: a request for our own address. */
		struct arp m = {.operation = ARP_REQUEST,
				.sender_mac = f->mac,
				.sender = *own,
				.target = *own};
		struct mac dst = mac_broadcast();

		arp_encode(&m, &dst, to);
		return ARP_FRAME_LEN;
	}
	struct ip_packet p = {.src = *own, .dst = ip6_all_nodes()};
	struct mac dst = mac_of_group6(&p.dst);
	struct nd m = {.is_advertisement = true,
		       .is_override = true,
		       .has_mac = true,
		       .mac = f->mac,
		       .target = *own};

	return nd_encode(&m, &p, &f->mac, &dst, to);
}

/* Does anybody have our address?  From no address: an ARP probe (RFC 5227 §2.1.1), or a
 * solicitation to the address's solicited nodes (RFC 4862 §5.4.2). */
static size_t write_detection(const struct iface *f, const struct addr *own, uint8_t *to)
{
	static const uint8_t none[16];
	if (own->family == FAMILY_IPV4) {
		struct arp probe = {.operation = ARP_REQUEST,
				    .sender_mac = f->mac,
				    .sender = addr_make(FAMILY_IPV4, none),
				    .target = *own};
		struct mac all = mac_broadcast();

		arp_encode(&probe, &all, to);
		return ARP_FRAME_LEN;
	}
	struct ip_packet p = {.src = addr_make(FAMILY_IPV6, none), .dst = ip6_solicited_node(own)};
	struct mac dst = mac_of_group6(&p.dst);
	struct nd m = {.target = *own};

	return nd_encode(&m, &p, &f->mac, &dst, to);
}

static size_t tx_own(struct iface *f, uint8_t *to, usec_t now)
{
	struct iface_addr *own = iface_detect(f, now);

	if (own != NULL) {
		return write_detection(f, &own->addr, to);
	}
	own = iface_announce(f, now);
	return own == NULL ? 0 : write_announcement(f, &own->addr, to);
}

static size_t tx_frame(struct net *n, uint8_t *to, size_t room, unsigned *out_port)
{
	struct span frame;

	while ((frame = replyq_pop_frame(n->replyq, out_port)).len > 0) {
		if (frame.len <= room) {
			memcpy(to, frame.data, frame.len);
			return frame.len;
		}
		metric_add(&n->drops[NET_DROP_REPLY_FULL], 1);
	}
	return 0;
}

static size_t tx_question(struct net *n, uint8_t *to, unsigned *out_port, usec_t now)
{
	struct neigh_question q;

	while (neigh_tx(n->neighbours, now, &q)) {
		size_t len = write_question(n, &q, to);

		if (len > 0) {
			*out_port = q.port;
			return len;
		}
	}
	return 0;
}

/* The next frame, untagged. */
static size_t tx_next(struct net *n, uint8_t *to, size_t room, unsigned *out_port, usec_t now)
{
	struct answer answer;
	size_t len;

	if (replyq_pop_answer(n->replyq, &answer)) {
		*out_port = answer.port;
		return write_answer(n, &answer, to);
	}
	len = tx_frame(n, to, room, out_port);
	if (len == 0) {
		len = tx_question(n, to, out_port, now);
	}
	for (unsigned i = 0; len == 0 && i < n->port_count; i++) {
		*out_port = i;
		len = tx_own(&n->ports[i], to, now);
	}
	return len;
}

size_t net_tx(struct net *n, uint8_t *to, size_t room, unsigned *out_port, usec_t now)
{
	ASSERT(room >= 1514 + ETH_TAG_LEN);
	n->now = max_u64(n->now, now);
	size_t len = tx_next(n, to, room - ETH_TAG_LEN, out_port, now);

	return len == 0 ? 0 : eth_tag(to, len, n->ports[*out_port].vlan);
}

usec_t net_due(const struct net *n)
{
	usec_t due = replyq_is_empty(n->replyq) ? neigh_due(n->neighbours) : n->now;

	for (unsigned i = 0; i < n->port_count; i++) {
		due = min_u64(due, iface_due(&n->ports[i]));
	}
	return due;
}

bool net_wants_tx(const struct net *n)
{
	return net_due(n) <= n->now;
}

void net_tick(struct net *n, usec_t now)
{
	n->now = max_u64(n->now, now);
}

bool net_source_for(const struct net *n, const struct addr *dst, struct addr *out)
{
	const struct iface_addr *own = NULL;

	for (unsigned i = 0; own == NULL && i < n->port_count; i++) {
		own = iface_onlink(&n->ports[i], dst);
	}
	for (unsigned i = 0; own == NULL && i < n->port_count; i++) {
		own = iface_source(&n->ports[i], dst);
	}
	if (own == NULL) {
		return false;
	}
	*out = own->addr;
	return true;
}

bool net_is_ours(const struct net *n, const struct addr *a)
{
	for (unsigned i = 0; i < n->port_count; i++) {
		if (iface_own(&n->ports[i], a) != NULL) {
			return true;
		}
	}
	return false;
}

bool net_is_gateway(const struct net *n, unsigned port, const struct addr *a)
{
	ASSERT(port < n->port_count);
	return iface_is_gateway(&n->ports[port], a);
}

const metric_t *net_drops(const struct net *n)
{
	return n->drops;
}
