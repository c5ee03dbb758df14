/* Frames in: Ethernet → ARP | IPv4 | IPv6 → TCP | ICMP | neighbour discovery.
 *
 * Each stage is a function that returns the drop's name or NET_DROP_NONE; net_rx() counts at one
 * place, so nothing can vanish without a name.  Rules for hosts: RFC 1122 §3.2.1, RFC 8200,
 * RFC 826, RFC 5227, RFC 4861 §7.2.  We are a host with the strong end-system model (RFC 1122
 * §3.3.4.2): a packet must be for an address of the port where it arrived. */
#include "dataplane/net/net.h"

#include "dataplane/net/arp.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/ip.h"
#include "dataplane/net/nd.h"
#include "dataplane/net/state.h"
#include "rib/base/check.h"

/* One frame on its way in. */
struct arrival {
	struct net *net;
	struct iface *port;
	struct eth eth;
	bool is_csum_good;
	usec_t now;
	struct net_rx *out;
	bool is_heard;		  /* It was for a station like us. */
	uint8_t proto;		  /* Of IP. */
	enum net_verdict verdict; /* Unless it is dropped. */
};

static void note_learned(struct arrival *a, const struct addr *addr, const struct mac *mac)
{
	a->out->has_learned = true;
	a->out->learned_addr = *addr;
	a->out->learned_mac = *mac;
}

/* Queue "`own` is here" for the one who asked. */
static enum net_drop answer_push(struct arrival *a, const struct addr *own, const struct addr *to,
				 const struct mac *to_mac)
{
	if (a->port->has_kernel) {
		return NET_DROP_NONE; /* It answers. */
	}
	struct answer answer = {.port = a->out->port, .own = *own, .to = *to, .to_mac = *to_mac};

	return replyq_push_answer(a->net->replyq, &answer) ? NET_DROP_NONE : NET_DROP_REPLY_FULL;
}

/* Another station at `mac` claims `own`.  The operator is told of the first claim, and then at
 * most once in a while. */
static void note_conflict(struct arrival *a, struct iface_addr *own, const struct mac *mac)
{
	if (iface_report(own, a->now)) {
		a->out->has_conflict = true;
		a->out->conflict_addr = own->addr;
		a->out->conflict_mac = *mac;
	}
}

/* `from` asked for us, so it is about to be spoken to: remember it, if it can be a neighbour. */
static void hear(struct arrival *a, const struct addr *from, const struct mac *mac)
{
	if (iface_is_neighbour(a->port, from) &&
	    neigh_heard(a->net->neighbours, a->out->port, from, mac, a->now)) {
		note_learned(a, from, mac);
	}
}

static enum net_drop rx_arp_reply(struct arrival *a, const struct arp *m)
{
	if (!iface_is_neighbour(a->port, &m->sender)) {
		return NET_DROP_ARP_SENDER;
	}
	if (iface_own(a->port, &m->target) == NULL || !mac_equal(&a->eth.dst, &a->port->mac)) {
		neigh_claimed(a->net->neighbours, a->out->port, &m->sender, &m->sender_mac, a->now);
		return NET_DROP_ARP_NOT_OURS;
	}
	/* Another worker may have asked: it is told in any case. */
	note_learned(a, &m->sender, &m->sender_mac);
	return neigh_answered(a->net->neighbours, a->out->port, &m->sender, &m->sender_mac, true,
			      a->now)
		       ? NET_DROP_NONE
		       : NET_DROP_ARP_UNSOLICITED;
}

static enum net_drop rx_arp(struct arrival *a)
{
	struct arp m;
	enum net_drop drop = arp_decode(a->eth.payload, &m);

	if (drop != NET_DROP_NONE) {
		return drop;
	}
	if (mac_equal(&m.sender_mac, &a->port->mac)) {
		return NET_DROP_ETH_OWN;
	}
	struct iface_addr *conflict = iface_own(a->port, &m.sender);
	if (conflict != NULL) { /* RFC 5227 §2.4. */
		iface_defend(conflict, a->now);
		note_conflict(a, conflict, &m.sender_mac);
		return NET_DROP_ADDR_CONFLICT;
	}
	if (m.operation == ARP_REPLY) {
		return rx_arp_reply(a, &m);
	}
	struct iface_addr *own = iface_own(a->port, &m.target);
	if (own == NULL) {
		if (iface_is_neighbour(a->port, &m.sender)) {
			neigh_claimed(a->net->neighbours, a->out->port, &m.sender, &m.sender_mac,
				      a->now);
		}
		return NET_DROP_ARP_NOT_OURS;
	}
	if (addr_is_zero(&m.sender)) { /* RFC 5227 §2.1.1: it is about to take our address. */
		note_conflict(a, own, &m.sender_mac);
	}
	hear(a, &m.sender, &m.sender_mac);
	return answer_push(a, &m.target, &m.sender, &m.sender_mac);
}

static enum net_drop rx_solicitation(struct arrival *a, const struct ip_packet *p,
				     const struct nd *m)
{
	struct iface_addr *own = iface_own(a->port, &m->target);
	/* Deviates from RFC 4861 §7.2.4, which would look the neighbour up: without the option
	 * (allowed in unicast) the frame's source is as good, and takes no state. */
	const struct mac *to_mac = m->has_mac ? &m->mac : &a->eth.src;

	if (own == NULL) {
		return NET_DROP_ND_NOT_OURS;
	}
	if (addr_is_zero(&p->src)) {
		/* Another station is about to take our address: RFC 4862 §5.4.3.  To all nodes, as
		 * RFC 4861 §7.2.4 says. */
		note_conflict(a, own, to_mac);
		struct addr all = ip6_all_nodes();
		struct mac all_mac = mac_of_group6(&all);
		enum net_drop drop = answer_push(a, &own->addr, &all, &all_mac);

		return drop == NET_DROP_NONE ? NET_DROP_ADDR_CONFLICT : drop;
	}
	if (!iface_is_neighbour(a->port, &p->src)) {
		return NET_DROP_ND_SOURCE;
	}
	if (m->has_mac) {
		hear(a, &p->src, &m->mac);
	}
	return answer_push(a, &own->addr, &p->src, to_mac);
}

static enum net_drop rx_advertisement(struct arrival *a, const struct nd *m)
{
	const struct mac *mac = m->has_mac ? &m->mac : &a->eth.src;
	struct iface_addr *conflict = iface_own(a->port, &m->target);

	if (conflict != NULL) {
		iface_defend(conflict, a->now);
		note_conflict(a, conflict, mac);
		return NET_DROP_ADDR_CONFLICT;
	}
	if (!iface_is_neighbour(a->port, &m->target)) {
		return NET_DROP_ND_NOT_OURS;
	}
	if (!m->is_solicited) {
		neigh_claimed(a->net->neighbours, a->out->port, &m->target, mac, a->now);
		return NET_DROP_ND_UNSOLICITED;
	}
	note_learned(a, &m->target, mac);
	return neigh_answered(a->net->neighbours, a->out->port, &m->target, mac, m->has_mac, a->now)
		       ? NET_DROP_NONE
		       : NET_DROP_ND_UNSOLICITED;
}

static enum net_drop rx_nd(struct arrival *a, const struct ip_packet *p)
{
	struct nd m;
	enum net_drop drop = nd_decode(p, &m);

	if (drop != NET_DROP_NONE) {
		return drop;
	}
	if (m.has_mac && mac_equal(&m.mac, &a->port->mac)) {
		return NET_DROP_ETH_OWN;
	}
	/* Who has our address speaks from it, above all when it answers our detection. */
	struct iface_addr *conflict = iface_own(a->port, &p->src);
	if (conflict != NULL) {
		iface_defend(conflict, a->now);
		note_conflict(a, conflict, m.has_mac ? &m.mac : &a->eth.src);
		return NET_DROP_ADDR_CONFLICT;
	}
	return m.is_advertisement ? rx_advertisement(a, &m) : rx_solicitation(a, p, &m);
}

/* Answer an echo request to where its frame came from: no neighbour state is needed. */
static enum net_drop rx_echo(struct arrival *a, const struct ip_packet *p)
{
	size_t header_len = ip_header_len(p->src.family);
	struct ip_packet reply = {
		.src = p->dst, .dst = p->src, .proto = p->proto, .hop_limit = 64, .l4 = p->l4};

	if (a->port->has_kernel) {
		return NET_DROP_NONE; /* It answers. */
	}
	if (header_len + p->l4.len > a->port->mtu) {
		return NET_DROP_ICMP_ECHO_SIZE;
	}
	uint8_t *to = replyq_push_frame(a->net->replyq, a->out->port,
					ETH_HEADER_LEN + header_len + p->l4.len);
	if (to == NULL) {
		return NET_DROP_REPLY_FULL;
	}
	eth_encode(&a->eth.src, &a->port->mac, (enum ethertype)a->eth.type, to);
	ip_encode(&reply, to + ETH_HEADER_LEN);
	icmp_echo_reply(p, to + ETH_HEADER_LEN + header_len);
	return NET_DROP_NONE;
}

static bool is_discovery(const struct ip_packet *p)
{
	return p->proto == IP_PROTO_ICMP6 && p->src.family == FAMILY_IPV6 && p->l4.len > 0 &&
	       (p->l4.data[0] == ICMP6_NEIGHBOUR_SOLICITATION ||
		p->l4.data[0] == ICMP6_NEIGHBOUR_ADVERTISEMENT);
}

static enum net_drop rx_icmp(struct arrival *a, const struct ip_packet *p)
{
	enum net_drop drop = icmp_check(p);

	if (drop != NET_DROP_NONE) {
		return drop;
	}
	if (is_discovery(p)) {
		return rx_nd(a, p);
	}
	if (icmp_is_error(p)) {
		drop = icmp_error_decode(p, &a->out->icmp);
		a->verdict = drop == NET_DROP_NONE ? NET_ICMP_ERROR : NET_HANDLED;
		return drop;
	}
	drop = icmp_is_echo(p);
	if (drop != NET_DROP_NONE) {
		return drop;
	}
	if (addr_is_multicast(&p->dst)) {
		return NET_DROP_ICMP_ECHO_GROUP;
	}
	return ip_is_no_station(&p->src) ? NET_DROP_IP_SOURCE : rx_echo(a, p);
}

/* Is the packet for us, from a possible station, and in a fitting frame? */
static enum net_drop addresses_check(struct arrival *a, const struct ip_packet *p)
{
	bool is_group = p->dst.family == FAMILY_IPV6 && addr_is_multicast(&p->dst);
	bool is_dad =
		p->src.family == FAMILY_IPV6 && addr_is_zero(&p->src) && p->proto == IP_PROTO_ICMP6;

	if (is_group) {
		struct mac mac = mac_of_group6(&p->dst);

		if (mac_is_group(&a->eth.dst) && !mac_equal(&a->eth.dst, &mac)) {
			return NET_DROP_IP_FRAME_DESTINATION;
		}
	}
	if (is_group ? !iface_in_group(a->port, &p->dst) : iface_own(a->port, &p->dst) == NULL) {
		return NET_DROP_IP_NOT_OURS;
	}
	/* RFC 1122 §3.3.6: a unicast packet does not come in a link-layer broadcast. */
	if (!is_group && mac_is_group(&a->eth.dst)) {
		return NET_DROP_IP_FRAME_DESTINATION;
	}
	bool is_own = iface_own(a->port, &p->src) != NULL;
	if ((ip_is_no_station(&p->src) && !is_dad) || (is_own && !is_discovery(p)) ||
	    iface_is_broadcast(a->port, &p->src)) {
		return NET_DROP_IP_SOURCE;
	}
	return NET_DROP_NONE;
}

static enum net_drop rx_ip(struct arrival *a)
{
	bool is4 = a->eth.type == ETHERTYPE_IPV4;
	struct ip_packet p;
	enum net_drop drop = is4 ? ip4_decode(a->eth.payload, a->is_csum_good, &p)
				 : ip6_decode(a->eth.payload, &p);

	if (drop != NET_DROP_NONE) {
		return drop;
	}
	a->proto = p.proto;
	drop = addresses_check(a, &p);
	if (drop != NET_DROP_NONE) {
		return drop;
	}
	if (p.proto == (is4 ? IP_PROTO_ICMP4 : IP_PROTO_ICMP6)) {
		return rx_icmp(a, &p);
	}
	if (p.proto != IP_PROTO_TCP) {
		return NET_DROP_IP_PROTOCOL;
	}
	if (addr_is_multicast(&p.dst)) {
		return NET_DROP_IP_FRAME_DESTINATION;
	}
	a->out->src = p.src;
	a->out->dst = p.dst;
	a->out->l4 = p.l4;
	a->out->hop_limit = p.hop_limit;
	a->verdict = NET_TCP;
	return NET_DROP_NONE;
}

/* The port of a NIC in a VLAN. */
static enum net_drop port_find(struct arrival *a, unsigned nic)
{
	for (unsigned i = 0; i < a->net->port_count; i++) {
		struct iface *f = &a->net->ports[i];

		if (f->nic == nic && f->vlan == a->eth.vlan) {
			a->port = f;
			a->out->port = i;
			return NET_DROP_NONE;
		}
	}
	return a->eth.vlan == 0 ? NET_DROP_ETH_UNTAGGED : NET_DROP_ETH_VLAN;
}

static enum net_drop rx_frame(struct arrival *a, unsigned nic, struct span in)
{
	enum net_drop drop = eth_decode(in, &a->eth);

	if (drop == NET_DROP_NONE) {
		drop = port_find(a, nic);
	}
	if (drop == NET_DROP_NONE) {
		drop = eth_hear(&a->eth, &a->port->mac);
	}
	if (drop == NET_DROP_NONE) {
		a->is_heard = true;
		drop = eth_accept(&a->eth);
	}
	if (drop != NET_DROP_NONE) {
		return drop;
	}
	return a->eth.type == ETHERTYPE_ARP ? rx_arp(a) : rx_ip(a);
}

/* Whether what we drop under that name is for the kernel of a port that it shares. */
static bool is_kernels(const struct arrival *a, enum net_drop drop)
{
	if (a->eth.type == ETHERTYPE_ARP) {
		return true;
	}
	switch (drop) {
	case NET_DROP_ETH_LLC:
	case NET_DROP_ETH_TYPE: /* LLDP, for one. */
	case NET_DROP_ETH_MULTICAST:
	case NET_DROP_IP_NOT_OURS:
		return true;
	case NET_DROP_IP_PROTOCOL:
		return a->proto != IP_PROTO_ROUTING; /* TCP may stand behind it. */
	default:
		return a->proto == IP_PROTO_ICMP4 || a->proto == IP_PROTO_ICMP6;
	}
}

enum net_verdict net_rx(struct net *n, unsigned nic, const struct frame_buf *in, usec_t now,
			struct net_rx *out)
{
	struct arrival a = {.net = n,
			    .is_csum_good = in->is_csum_good,
			    .now = now,
			    .out = out,
			    .verdict = NET_HANDLED};

	n->now = max_u64(n->now, now);
	out->port = 0;
	out->has_learned = out->has_conflict = out->is_for_kernel = false;
	enum net_drop drop = rx_frame(&a, nic, span_of(in->data, in->len));
	bool is_dropped = drop != NET_DROP_NONE;
	if (a.is_heard && a.port->has_kernel) {
		out->is_for_kernel = is_dropped ? is_kernels(&a, drop) : a.verdict == NET_HANDLED;
	}
	/* What the kernel gets is its to judge. */
	if (is_dropped && (!out->is_for_kernel || drop == NET_DROP_ADDR_CONFLICT)) {
		metric_add(&n->drops[drop], 1);
	}
	if (is_dropped) {
		return out->is_for_kernel ? NET_HANDLED : NET_DROPPED;
	}
	return a.verdict;
}
