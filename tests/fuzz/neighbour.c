/* ARP and neighbour discovery: the parsers, and the cache behind them, over a sequence of messages.
 *
 * Input: steps.  Each is a byte for the time that passes (10 ms each), a byte for what happens, and
 * what the step reads itself.  Messages are bytes of the input, or made of parts that fit. */
#include "dataplane/net/arp.h"
#include "dataplane/net/nd.h"
#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 64
#define BODY_MAX  400

enum step { STEP_ARP, STEP_ND, STEP_RAW, STEP_USE, STEP_LEARN, STEP_TICK, STEP_COUNT };

static const enum family families[2] = {FAMILY_IPV4, FAMILY_IPV6};

/* A body of a length that the input says, as far as there is any. */
static struct span take(struct rd *in)
{
	size_t len = (size_t)rd_u8(in) * 2;

	return rd_span(in, min_u64(min_u64(len, BODY_MAX), rd_left(in)));
}

/* A whole ARP packet between stations of the LAN. */
static struct span make_arp(struct rd *in, uint8_t *to)
{
	struct wr w = wr_of(to, 28);
	uint8_t how = rd_u8(in), sender = rd_u8(in);
	struct addr from = lan_addr(FAMILY_IPV4, sender & 7);
	struct addr target = lan_addr(FAMILY_IPV4, (how & 2) != 0 ? 1 : sender >> 4);

	wr_u32(&w, 0x00010800);
	wr_u32(&w, (how & 1) != 0 ? 0x06040002 : 0x06040001);
	wr_copy(&w, lan_mac(how >> 4).bytes, 6);
	wr_copy(&w, from.bytes, 4);
	wr_copy(&w, lan_mac((how & 4) != 0 ? 1 : 0).bytes, 6);
	wr_copy(&w, target.bytes, 4);
	ASSERT(wr_is_ok(&w));
	return span_of(to, wr_len(&w));
}

/* A solicitation or advertisement about a station of the LAN, and options of the input behind. */
static struct span make_nd(struct rd *in, uint8_t *to)
{
	struct wr w = wr_of(to, 24 + BODY_MAX);
	uint8_t how = rd_u8(in), station = rd_u8(in);
	struct addr target = lan_addr(FAMILY_IPV6, station & 7);

	wr_u8(&w, (how & 1) != 0 ? ICMP6_NEIGHBOUR_ADVERTISEMENT : ICMP6_NEIGHBOUR_SOLICITATION);
	wr_u8(&w, 0);
	wr_u16(&w, 0);
	wr_u32(&w, (uint32_t)(how & 0xe0) << 24);
	wr_copy(&w, target.bytes, 16);
	if ((how & 2) != 0) {
		wr_u8(&w, (how & 1) != 0 ? 2 : 1);
		wr_u8(&w, 1);
		wr_copy(&w, lan_mac(station >> 4).bytes, 6);
	}
	struct span options = (how & 4) != 0 ? take(in) : (struct span){.data = to};

	wr_copy(&w, options.data, min_u64(options.len, wr_left(&w)));
	return span_of(to, wr_len(&w));
}

static void check_arp(struct span packet)
{
	uint8_t frame[ARP_FRAME_LEN];
	struct arp first, second;

	if (arp_decode(guarded(packet), &first) != NET_DROP_NONE) {
		return;
	}
	arp_encode(&first, &first.target_mac, frame);
	ASSERT(arp_decode(span_of(frame + ETH_HEADER_LEN, sizeof(frame) - ETH_HEADER_LEN),
			  &second) == NET_DROP_NONE);
	ASSERT(second.operation == first.operation);
	ASSERT(mac_equal(&second.sender_mac, &first.sender_mac));
	ASSERT(mac_equal(&second.target_mac, &first.target_mac));
	ASSERT(addr_equal(&second.sender, &first.sender));
	ASSERT(addr_equal(&second.target, &first.target));
}

static void check_nd(const struct ip_packet *p)
{
	uint8_t frame[ND_FRAME_LEN];
	struct mac mac = lan_mac(3);
	struct ip_packet again;
	struct nd first, second;

	if (p->l4.len < 1 || (p->l4.data[0] != ICMP6_NEIGHBOUR_SOLICITATION &&
			      p->l4.data[0] != ICMP6_NEIGHBOUR_ADVERTISEMENT)) {
		return; /* Not what nd_decode may be given. */
	}
	if (nd_decode(p, &first) != NET_DROP_NONE) {
		return;
	}
	size_t len = nd_encode(&first, p, &mac, &mac, frame);

	ASSERT(len <= sizeof(frame));
	ASSERT(ip6_decode(span_of(frame + ETH_HEADER_LEN, len - ETH_HEADER_LEN), &again) ==
	       NET_DROP_NONE);
	ASSERT(nd_decode(&again, &second) == NET_DROP_NONE);
	ASSERT(second.is_advertisement == first.is_advertisement);
	ASSERT(second.is_solicited == first.is_solicited);
	ASSERT(second.is_override == first.is_override);
	ASSERT(second.has_mac == first.has_mac);
	ASSERT(!first.has_mac || mac_equal(&second.mac, &first.mac));
	ASSERT(addr_equal(&second.target, &first.target));
}

static void step_arp(struct net *n, struct rd *in, usec_t now)
{
	uint8_t frame[ETH_HEADER_LEN + BODY_MAX];
	struct mac all = mac_broadcast(), own = lan_mac(1), from = lan_mac(2);
	uint8_t how = rd_u8(in), packet[28];
	bool is_broadcast = (how & 1) != 0;
	struct span body = (how & 2) != 0 ? make_arp(in, packet) : take(in);
	struct net_rx out;

	check_arp(body);
	eth_encode(is_broadcast ? &all : &own, &from, ETHERTYPE_ARP, frame);
	memcpy(frame + ETH_HEADER_LEN, body.data, body.len);
	lan_rx(n, span_of(frame, ETH_HEADER_LEN + body.len), now, &out);
}

/* An ICMPv6 message with a good checksum, from and to what the input says. */
static void step_nd(struct net *n, struct rd *in, usec_t now)
{
	uint8_t frame[ETH_HEADER_LEN + IP6_HEADER_LEN + 24 + BODY_MAX], message[24 + BODY_MAX];
	uint8_t how = rd_u8(in);
	struct addr own = lan_addr(FAMILY_IPV6, 1);
	struct ip_packet p = {
		.src = lan_addr(FAMILY_IPV6, how >> 5), /* 0: the subnet's anycast address. */
		.dst = (how & 1) != 0	? ip6_solicited_node(&own)
		       : (how & 2) != 0 ? ip6_all_nodes()
					: own,
		.proto = IP_PROTO_ICMP6,
		.hop_limit = (how & 4) != 0 ? 254 : 255,
	};
	struct mac to = (how & 3) != 0 ? mac_of_group6(&p.dst) : lan_mac(1), from = lan_mac(2);
	struct net_rx out;

	if ((how & 8) != 0) {
		memset(p.src.bytes, 0, sizeof(p.src.bytes));
	}
	p.l4 = guarded((how & 16) != 0 ? make_nd(in, message) : take(in));
	size_t header_len = ETH_HEADER_LEN + IP6_HEADER_LEN, len = header_len + p.l4.len;

	check_nd(&p);
	eth_encode(&to, &from, ETHERTYPE_IPV6, frame);
	ip_encode(&p, frame + ETH_HEADER_LEN);
	memcpy(frame + header_len, p.l4.data, p.l4.len);
	wire_fix(frame, len);
	lan_rx(n, span_of(frame, len), now, &out);
}

static void step_use(struct net *n, struct rd *in, usec_t now)
{
	enum family family = families[rd_u8(in) & 1];
	struct addr dst = lan_addr(family, rd_u8(in)), src = lan_addr(family, 1);
	struct net_route route;
	enum net_route_verdict verdict = net_route(n, &src, &dst, now, &route);

	ASSERT(verdict == ROUTE_OK || verdict == ROUTE_WAIT || verdict == ROUTE_UNREACHABLE);
	ASSERT(verdict != ROUTE_OK || mac_is_station(&route.dst_mac));
}

static void step_learn(struct net *n, struct rd *in, usec_t now)
{
	enum family family = families[rd_u8(in) & 1];
	struct addr a = lan_addr(family, rd_u8(in));
	struct mac mac = lan_mac(rd_u8(in));

	net_learn(n, 0, &a, &mac, now);
}

static void step(struct net *n, struct rd *in, usec_t now)
{
	struct net_rx out;

	switch ((enum step)(rd_u8(in) % STEP_COUNT)) {
	case STEP_ARP:
		step_arp(n, in, now);
		break;
	case STEP_ND:
		step_nd(n, in, now);
		break;
	case STEP_RAW:
		lan_rx(n, take(in), now, &out);
		break;
	case STEP_USE:
		step_use(n, in, now);
		break;
	case STEP_LEARN:
		step_learn(n, in, now);
		break;
	default:
		net_tick(n, now);
		lan_drain(n, now);
		ASSERT(net_due(n) > now); /* Everything that was due is done. */
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd in = rd_of(span_of(data, len));
	struct net *n = lan_net();
	usec_t now = 20 * USEC_PER_SEC;

	for (unsigned i = 0; i < STEPS_MAX && rd_left(&in) > 0; i++) {
		now += rd_u8(&in) * 10 * USEC_PER_MSEC;
		step(n, &in, now);
	}
	lan_check(n);
	net_free(n);
	return 0;
}
