/* Answers, announcements, routes and headers of struct net, and two of them over the in-memory
 * wire.  RFC 826, 5227, 792, 4443 §4.2, 4861 §7.2, 1122 §3.3.1, 6864. */
#include <criterion/criterion.h>

#include "dataplane/nic/nic_mem.h"
#include "tests/unit/net/frames.h"

static const usec_t later = 20 * USEC_PER_SEC;

static size_t next_frame(struct net *n, uint8_t *out, usec_t now)
{
	unsigned port = 99;
	size_t len = net_tx(n, out, FRAME_MAX, &port, now);

	cr_assert(len == 0 || port == 0);
	return len;
}

/* RFC 826 "packet reception": the reply swaps the roles and fills in our address. */
Test(net, an_arp_request_is_answered_and_its_sender_learned)
{
	struct net *n = quiet_net();
	struct eth_frame f = frame_make(FRAME_ARP_REQUEST);
	struct net_rx rx;
	uint8_t out[FRAME_MAX];
	static const uint8_t expected[42] = {2,	  0,  0, 0, 0, 2, 2, 0, 0, 0, 0,   1,  8, 6,
					     0,	  1,  8, 0, 6, 4, 0, 2, 2, 0, 0,   0,  0, 1,
					     198, 18, 0, 1, 2, 0, 0, 0, 0, 2, 198, 18, 0, 2};

	cr_assert_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
	cr_expect(net_wants_tx(n));
	cr_assert_eq(next_frame(n, out, later), sizeof(expected));
	cr_expect_arr_eq(out, expected, sizeof(expected));
	cr_expect_eq(next_frame(n, out, later), 0u);
	cr_expect_not(net_wants_tx(n));
	cr_expect(rx.has_learned);
	struct addr src = addr_of("198.18.0.1"), dst = addr_of("198.18.0.2");
	struct net_route route;
	cr_expect(addr_equal(&rx.learned_addr, &dst));
	cr_expect_eq(net_route(n, &src, &dst, later, &route), ROUTE_OK);
	net_free(n);
}

/* RFC 5227 §2.1.1: a probe (sender 0.0.0.0) is answered and teaches nothing. */
Test(net, an_arp_probe_for_our_address_is_answered)
{
	struct net *n = quiet_net();
	struct eth_frame f = frame_make(FRAME_ARP_REQUEST);
	struct net_rx rx;
	uint8_t out[FRAME_MAX];

	memset(f.bytes + 28, 0, 4);
	cr_assert_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
	cr_expect_not(rx.has_learned);
	cr_expect_eq(next_frame(n, out, later), 42u);
	cr_expect_eq(out[21], 2);
	net_free(n);
}

static size_t ones_sum_ok6(const uint8_t *ip)
{
	size_t len = (size_t)ip[4] << 8 | ip[5];
	uint32_t sum = 58 + (uint32_t)len;

	for (size_t i = 8; i < 40 + len; i++) {
		sum += (i & 1) != 0 ? ip[i] : (uint32_t)ip[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum == 0xffff;
}

/* RFC 4861 §7.2.4: solicited, override, with our link-layer address, from the target. */
Test(net, a_solicitation_is_answered_by_a_solicited_advertisement)
{
	struct net *n = quiet_net();
	struct eth_frame f = frame_make(FRAME_NS);
	struct net_rx rx;
	uint8_t out[FRAME_MAX];
	struct addr ours = addr_of("2001:db8::1"), peer = addr_of("2001:db8::2");
	static const uint8_t option[8] = {2, 1, 2, 0, 0, 0, 0, 1};

	cr_assert_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
	cr_expect(rx.has_learned);
	cr_assert_eq(next_frame(n, out, later), 86u);
	cr_expect_eq(out[5], 2);
	cr_expect_eq(out[21], 255);
	cr_expect_arr_eq(out + 22, ours.bytes, 16);
	cr_expect_arr_eq(out + 38, peer.bytes, 16);
	cr_expect_eq(out[54], 136);
	cr_expect_eq(out[58], 0x60);
	cr_expect_arr_eq(out + 62, ours.bytes, 16);
	cr_expect_arr_eq(out + 78, option, 8);
	cr_expect(ones_sum_ok6(out + 14));
	net_free(n);
}

/* RFC 4861 §7.2.4: an advertisement for a solicitation from :: goes to all nodes, unsolicited. */
Test(net, address_detection_of_our_address_is_answered_to_all)
{
	struct net *n = quiet_net();
	struct eth_frame f = frame_make(FRAME_DAD);
	struct net_rx rx;
	uint8_t out[FRAME_MAX];
	struct addr all = addr_of("ff02::1");

	cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), NET_DROPPED);
	cr_expect_eq(only_drop(n), NET_DROP_ADDR_CONFLICT);
	cr_assert_eq(next_frame(n, out, later), 86u);
	cr_expect_arr_eq(out, mac_of("33:33:00:00:00:01").bytes, 6);
	cr_expect_arr_eq(out + 38, all.bytes, 16);
	cr_expect_eq(out[58], 0x20);
	cr_expect(ones_sum_ok6(out + 14));
	net_free(n);
}

/* RFC 4291 App. A: our link-local address follows from the MAC, and is ours like the others. */
Test(net, the_link_local_address_is_ours)
{
	struct net *n = quiet_net();
	struct addr local = addr_of("fe80::ff:fe00:1"), peer = addr_of("fe80::1234"), got;
	struct eth_frame f = frame_make(FRAME_NS);
	struct net_rx rx;

	cr_expect(net_is_ours(n, &local));
	cr_expect(net_source_for(n, &peer, &got));
	cr_expect(addr_equal(&got, &local));
	/* A neighbour asks for our global address from its link-local one. */
	memcpy(f.bytes + 22, peer.bytes, 16);
	frame_fix(&f);
	cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
	cr_expect(rx.has_learned);
	/* And for the link-local one itself. */
	memcpy(f.bytes + 62, local.bytes, 16);
	frame_fix(&f);
	cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
	cr_expect_eq(drain(n, later), 2u);
	net_free(n);
}

Test(net, a_port_without_ipv6_has_no_link_local_address)
{
	struct net_port_conf c = port_conf();
	struct addr local = addr_of("fe80::ff:fe00:1"), got;

	c.addr_count = 1;
	struct net *n = net_new(&c, 1, 1);
	cr_expect_not(net_is_ours(n, &local));
	cr_expect_not(net_source_for(n, &local, &got));
	net_free(n);
}

/* RFC 5227 §2.1.1 and §2.3, RFC 4862 §5.4.2, RFC 4861 §7.2.6: we ask three times, a second apart,
 * who else has each address, and announce it twice, two seconds apart. */
Test(net, addresses_are_asked_for_and_announced_at_the_start)
{
	struct net_port_conf c = port_conf();
	struct net *n = net_new(&c, 1, 1);
	uint8_t out[FRAME_MAX];
	static const uint8_t none[16];
	usec_t start = 7 * USEC_PER_SEC;

	cr_expect(net_wants_tx(n));
	cr_assert_eq(next_frame(n, out, start), 42u);
	cr_expect_arr_eq(out, mac_of("ff:ff:ff:ff:ff:ff").bytes, 6);
	cr_expect_eq(out[21], 1);
	cr_expect_arr_eq(out + 28, none, 4);
	cr_expect_arr_eq(out + 38, c.addr[0].addr.bytes, 4);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(next_frame(n, out, start), 78u);
		cr_expect_arr_eq(out, mac_of("33:33:ff:00:00:01").bytes, 6);
		cr_expect_arr_eq(out + 22, none, 16);
		cr_expect_eq(out[54], 135);
		cr_expect_eq(out[62], i == 0 ? 0x20 : 0xfe); /* Global, link-local. */
		cr_expect(ones_sum_ok6(out + 14));
	}
	cr_assert_eq(next_frame(n, out, start), 42u);
	cr_expect_arr_eq(out, mac_of("ff:ff:ff:ff:ff:ff").bytes, 6);
	cr_expect_eq(out[21], 1);
	cr_expect_arr_eq(out + 28, out + 38, 4);
	cr_assert_eq(next_frame(n, out, start), 86u);
	cr_expect_eq(out[54], 136);
	cr_expect_eq(out[58], 0x20);
	cr_assert_eq(next_frame(n, out, start), 86u); /* Link-local. */
	cr_expect_eq(next_frame(n, out, start), 0u);
	cr_expect_eq(net_due(n), start + USEC_PER_SEC);
	cr_expect_eq(drain(n, start + USEC_PER_SEC - 1), 0u);
	cr_expect_eq(drain(n, start + USEC_PER_SEC), 3u);
	cr_expect_eq(drain(n, start + 2 * USEC_PER_SEC - 1), 0u);
	net_tick(n, start + 2 * USEC_PER_SEC);
	cr_expect(net_wants_tx(n));
	cr_expect_eq(drain(n, start + 2 * USEC_PER_SEC), 6u);
	cr_expect_eq(net_due(n), USEC_NEVER);
	net_free(n);
}

/* RFC 5227 §2.4 (c): an address is defended, at most every ten seconds, and the thief is not
 * learned. */
Test(net, a_conflict_is_answered_at_a_bounded_rate)
{
	static const enum frame_kind kinds[] = {FRAME_ARP_REQUEST, FRAME_NA};

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = frame_make(kinds[i]);
		struct net_rx rx;
		unsigned sent = 0;

		f.bytes[kinds[i] == FRAME_NA ? 77 : 31] = 1;
		frame_fix(&f);
		for (usec_t now = later; now < later + 30 * USEC_PER_SEC; now += 100000) {
			cr_expect_eq(frame_rx_guarded(n, &f, now, &rx), NET_DROPPED);
			cr_expect_not(rx.has_learned);
			sent += drain(n, now);
		}
		cr_expect_eq(net_drops(n)[NET_DROP_ADDR_CONFLICT], 300u);
		cr_expect_eq(sent, 3u);
		net_free(n);
	}
}

/* RFC 792, RFC 4443 §4.2: same identifier, sequence and data; good sums; from us. */
Test(net, echo_is_answered_in_both_families)
{
	for (int is6 = 0; is6 < 2; is6++) {
		struct net *n = quiet_net();
		struct eth_frame f = frame_make(is6 ? FRAME_ECHO6 : FRAME_ECHO4);
		size_t l4 = is6 ? 54 : 34, addr_at = is6 ? 22 : 26, addr_len = is6 ? 16 : 4;
		struct net_rx rx;
		uint8_t out[FRAME_MAX];

		cr_assert_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
		cr_expect_not(rx.has_learned);
		cr_assert_eq(next_frame(n, out, later), f.len);
		cr_expect_arr_eq(out, f.bytes + 6, 6);
		cr_expect_arr_eq(out + 6, f.bytes, 6);
		cr_expect_arr_eq(out + addr_at, f.bytes + addr_at + addr_len, addr_len);
		cr_expect_arr_eq(out + addr_at + addr_len, f.bytes + addr_at, addr_len);
		cr_expect_eq(out[l4], is6 ? 129 : 0);
		cr_expect_arr_eq(out + l4 + 4, f.bytes + l4 + 4, 20);
		/* The reply is what the test's own sums would make of it. */
		struct eth_frame again = {.len = f.len};
		memcpy(again.bytes, out, f.len);
		frame_fix(&again);
		cr_expect_arr_eq(out, again.bytes, f.len);
		net_free(n);
	}
}

Test(net, echo_beyond_the_mtu_is_dropped)
{
	struct net_port_conf c = port_conf();
	struct eth_frame f = frame_make(FRAME_ECHO4);
	struct net_rx rx;

	c.mtu = 43;
	struct net *n = net_new(&c, 1, 1);
	cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), NET_DROPPED);
	cr_expect_eq(only_drop(n), NET_DROP_ICMP_ECHO_SIZE);
	net_free(n);
	c.mtu = 44;
	n = net_new(&c, 1, 1);
	cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
	net_free(n);
}

/* Guarantee of DESIGN §7.5: a flood grows nothing beyond its bound, and what is left works. */
Test(net, a_flood_fills_the_replyq_and_no_more)
{
	static const enum frame_kind kinds[] = {FRAME_ARP_REQUEST, FRAME_NS, FRAME_ECHO4,
						FRAME_ECHO6};
	static const unsigned bounds[] = {512, 512, 64, 64};

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = frame_make(kinds[i]);
		struct net_rx rx;

		for (unsigned k = 0; k < 1000; k++) {
			(void)frame_rx_guarded(n, &f, later, &rx);
		}
		cr_expect_eq(net_drops(n)[NET_DROP_REPLY_FULL], 1000 - bounds[i], "row %zu", i);
		cr_expect_eq(drain(n, later), bounds[i], "row %zu", i);
		cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
		cr_expect_eq(drain(n, later), 1u);
		net_free(n);
	}
}

/* RFC 1122 §3.3.1: which next hop is asked for; read from the question that is sent. */
Test(net, the_next_hop_is_the_neighbour_or_the_gateway)
{
	static const struct {
		const char *src, *dst, *hop; /* hop NULL: unreachable. */
	} rows[] = {
		{"198.18.0.1", "198.18.0.77", "198.18.0.77"},
		{"198.18.0.1", "203.0.113.9", "198.18.0.254"},
		{"198.18.0.1", "198.18.0.255", NULL},
		{"198.18.0.1", "198.18.0.0", NULL},
		{"198.18.0.1", "198.18.0.1", NULL},
		{"198.18.0.1", "224.0.0.5", NULL},
		{"198.18.0.1", "255.255.255.255", NULL},
		{"198.18.0.1", "0.0.0.0", NULL},
		{"198.18.0.1", "2001:db8::2", NULL},
		{"2001:db8::1", "2001:db8::77", "2001:db8::77"},
		{"2001:db8::1", "2001:db8:1::77", "2001:db8::fffe"},
		{"2001:db8::1", "ff02::1", NULL},
		{"2001:db8::1", "::", NULL},
		{"fe80::ff:fe00:1", "fe80::9", "fe80::9"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = quiet_net();
		struct addr src = addr_of(rows[i].src), dst = addr_of(rows[i].dst);
		struct net_route route;
		uint8_t out[FRAME_MAX];
		enum net_route_verdict verdict = net_route(n, &src, &dst, later, &route);

		cr_expect_eq(verdict, rows[i].hop == NULL ? ROUTE_UNREACHABLE : ROUTE_WAIT,
			     "row %zu", i);
		size_t len = next_frame(n, out, later);
		cr_assert_eq(len > 0, rows[i].hop != NULL, "row %zu", i);
		if (len > 0) {
			struct addr hop = addr_of(rows[i].hop);
			bool is4 = hop.family == FAMILY_IPV4;

			cr_expect_arr_eq(out + (is4 ? 38 : 62), hop.bytes, is4 ? 4 : 16, "row %zu",
					 i);
		}
		net_free(n);
	}
}

/* RFC 4861 §4.3: the solicitation goes to the group of its target, with our address. */
Test(net, a_solicitation_is_well_formed)
{
	struct net *n = quiet_net();
	struct addr src = addr_of("2001:db8::1"), dst = addr_of("2001:db8::ab:cdef");
	struct addr group = addr_of("ff02::1:ffab:cdef");
	struct net_route route;
	uint8_t out[FRAME_MAX];

	cr_assert_eq(net_route(n, &src, &dst, later, &route), ROUTE_WAIT);
	cr_assert_eq(next_frame(n, out, later), 86u);
	cr_expect_arr_eq(out, mac_of("33:33:ff:ab:cd:ef").bytes, 6);
	cr_expect_arr_eq(out + 22, src.bytes, 16);
	cr_expect_arr_eq(out + 38, group.bytes, 16);
	cr_expect_eq(out[21], 255);
	cr_expect_eq(out[54], 135);
	cr_expect_eq(out[78], 1);
	cr_expect(ones_sum_ok6(out + 14));
	net_free(n);
}

/* A dead gateway makes way for the next one of its family. */
Test(net, the_second_gateway_serves_when_the_first_is_dead)
{
	struct net_port_conf c = port_conf();
	struct net_route route;
	struct addr src = addr_of("198.18.0.1"), dst = addr_of("203.0.113.9");
	struct mac mac = mac_of(PEER_MAC_TEXT);

	c.gateway[1] = addr_of("198.18.0.253");
	struct net *n = net_new(&c, 1, 1);
	for (usec_t now = 0; now < 4 * USEC_PER_SEC; now += USEC_PER_SEC) {
		cr_expect_eq(net_route(n, &src, &dst, now, &route), ROUTE_WAIT);
		drain(n, now);
	}
	net_learn(n, 0, &c.gateway[1], &mac, 4 * USEC_PER_SEC); /* Not asked yet: no effect. */
	cr_expect_eq(net_route(n, &src, &dst, 4 * USEC_PER_SEC, &route), ROUTE_WAIT);
	net_learn(n, 0, &c.gateway[1], &mac, 4 * USEC_PER_SEC);
	cr_expect_eq(net_route(n, &src, &dst, 4 * USEC_PER_SEC, &route), ROUTE_OK);
	cr_expect_arr_eq(route.dst_mac.bytes, mac.bytes, 6);
	net_free(n);
}

/* Any gateway may have to take over, so the smallest port of all of them counts. */
Test(net, the_largest_packet_fits_every_port_it_may_leave_by)
{
	struct net_port_conf c[2] = {port_conf(), port_conf()};
	struct addr ours = addr_of("198.18.0.1"),
		    near[2] = {addr_of("198.18.0.9"), addr_of("198.19.0.9")};
	struct addr far = addr_of("203.0.113.1"), far6 = addr_of("2001:db8:ffff::1");

	c[0].mtu = 9000;
	c[0].gateway_count = 1; /* Of IPv4. */
	c[1].addr[0].addr = addr_of("198.19.0.1");
	c[1].addr[1].addr = addr_of("2001:db8:1::1");
	for (unsigned gateways = 0; gateways < 3; gateways++) {
		c[1].gateway_count = (uint8_t)gateways;
		struct net *n = net_new(c, 2, 1);

		cr_expect_eq(net_mtu_to(n, &ours, &near[0]), 9000);
		cr_expect_eq(net_mtu_to(n, &ours, &near[1]), 1500);
		cr_expect_eq(net_mtu_to(n, &ours, &far), gateways == 0 ? 9000 : 1500);
		cr_expect_eq(net_mtu_to(n, &ours, &far6), gateways == 2 ? 1500 : UINT16_MAX);
		net_free(n);
	}
}

/* A reply that reaches another worker than the asking one is news for that one. */
Test(net, what_one_worker_hears_another_learns)
{
	struct net *asks = quiet_net(), *hears = quiet_net();
	struct addr src = addr_of("198.18.0.1"), dst = addr_of("198.18.0.2");
	struct eth_frame f = frame_make(FRAME_ARP_REPLY);
	struct net_route route;
	struct net_rx rx;

	cr_assert_eq(net_route(asks, &src, &dst, later, &route), ROUTE_WAIT);
	cr_assert_eq(frame_rx_guarded(hears, &f, later, &rx), NET_DROPPED);
	cr_assert(rx.has_learned);
	net_learn(asks, rx.port, &rx.learned_addr, &rx.learned_mac, later);
	cr_expect_eq(net_route(asks, &src, &dst, later, &route), ROUTE_OK);
	cr_expect_eq(net_route(hears, &src, &dst, later, &route), ROUTE_WAIT);
	net_free(asks);
	net_free(hears);
}

/* Several ports: each knows its own subnet; the source follows. */
Test(net, ports_are_chosen_by_subnet)
{
	struct net_port_conf c[2] = {port_conf(), port_conf()};
	struct addr got, dst = addr_of("198.19.3.4"), far = addr_of("192.0.2.1");
	struct addr first = addr_of("198.18.0.1");
	struct net_route route;
	unsigned port;
	uint8_t out[FRAME_MAX];

	c[1].nic = 1;
	c[1].mac.bytes[5] = 9;
	c[1].addr[0].addr = addr_of("198.19.0.1");
	c[1].addr[0].prefix_len = 16;
	c[1].addr[1].addr = addr_of("2001:db8:1::1");
	c[1].gateway_count = 0;
	struct net *n = net_new(c, 2, 1);
	drain(n, 0);
	cr_assert(net_source_for(n, &dst, &got));
	cr_expect(addr_equal(&got, &c[1].addr[0].addr));
	cr_assert(net_source_for(n, &far, &got));
	cr_expect(addr_equal(&got, &first));
	cr_assert_eq(net_route(n, &c[1].addr[0].addr, &dst, 1, &route), ROUTE_WAIT);
	cr_assert_gt(net_tx(n, out, sizeof(out), &port, 1), 0u);
	cr_expect_eq(port, 1u);
	cr_expect_eq(out[11], 9);
	/* The strong host model: an address of the other port is not answered for. */
	struct eth_frame f = frame_make(FRAME_TCP4);
	struct frame_buf in = {.data = f.bytes, .len = (uint16_t)f.len};
	struct net_rx rx;
	f.bytes[5] = 9;
	cr_expect_eq(net_rx(n, 1, &in, 1, &rx), NET_DROPPED);
	cr_expect_eq(only_drop(n), NET_DROP_IP_NOT_OURS);
	net_free(n);
}

/* Of what the port has joined, up to what IP can say. */
Test(net, a_frame_of_any_length_that_ip_can_say_is_taken)
{
	static uint8_t bytes[14 + 65535];
	struct net *n = quiet_net();
	struct net_rx rx;

	for (unsigned i = 0; i < 2; i++) {
		struct eth_frame f = frame_make(i == 0 ? FRAME_TCP4 : FRAME_TCP6);
		struct frame_buf in = {.data = bytes, .len = sizeof(bytes), .is_csum_good = true};
		uint16_t len = i == 0 ? 65535 : 65535 - 40;

		memcpy(bytes, f.bytes, f.len);
		bytes[i == 0 ? 16 : 18] = (uint8_t)(len >> 8);
		bytes[i == 0 ? 17 : 19] = (uint8_t)len;
		cr_expect_eq(net_rx(n, 0, &in, 0, &rx), NET_TCP);
		cr_expect_eq(rx.l4.len, i == 0 ? 65535 - 20 : 65535 - 40);
	}
	net_free(n);
}

/* RFC 791, RFC 6864 §4.1, RFC 8200 §3, RFC 5082 §3: the headers before our segments. */
Test(net, encap_writes_headers_that_decode)
{
	static const char *const peers[] = {"198.18.0.2", "2001:db8::2"};

	for (size_t i = 0; i < 2; i++) {
		struct net *n = quiet_net();
		struct addr dst = addr_of(peers[i]), src;
		struct mac mac = mac_of(PEER_MAC_TEXT);
		struct net_route route;
		struct eth_frame f = {.len = 0};

		cr_assert(net_source_for(n, &dst, &src));
		(void)net_route(n, &src, &dst, later, &route);
		net_learn(n, 0, &dst, &mac, later);
		cr_assert_eq(net_route(n, &src, &dst, later, &route), ROUTE_OK);
		cr_expect_eq(route.mtu, 1500);
		cr_expect_eq(route.header_len, i == 0 ? 34 : 54);
		net_encap(n, &route, 20, f.bytes);
		f.len = route.header_len + 20u;
		cr_expect_arr_eq(f.bytes, mac.bytes, 6);
		cr_expect_eq(f.bytes[i == 0 ? 22 : 21], 255);
		cr_expect(i == 1 || (f.bytes[20] == 0x40 && f.bytes[21] == 0));
		/* The neighbour's own stack takes it. */
		struct net_port_conf c = port_conf();
		c.mac = mac;
		c.addr[0].addr = addr_of(peers[0]);
		c.addr[1].addr = addr_of(peers[1]);
		struct net *peer = net_new(&c, 1, 2);
		struct net_rx rx;
		cr_assert_eq(frame_rx_guarded(peer, &f, later, &rx), NET_TCP);
		cr_expect(addr_equal(&rx.src, &src));
		cr_expect(addr_equal(&rx.dst, &dst));
		cr_expect_eq(rx.l4.len, 20u);
		net_free(peer);
		net_free(n);
	}
}

/* Two hosts on the in-memory wire. */
struct host {
	struct net *net;
	struct nic *nic;
	unsigned tcp_count;
};

static struct host host_new(struct nic_hub *hub, const struct net_port_conf *c, uint64_t seed)
{
	struct host h = {.net = net_new(c, 1, seed), .nic = nic_mem_open(hub, c->mac, c->mtu, 2)};

	cr_assert(h.net != NULL && h.nic != NULL);
	return h;
}

static void host_step(struct host *h, usec_t now)
{
	struct frame_buf in[NIC_BURST_MAX], out;
	unsigned port;

	for (unsigned q = 0; q < h->nic->queue_count; q++) {
		unsigned count = nic_rx(h->nic, q, in, NIC_BURST_MAX);

		for (unsigned i = 0; i < count; i++) {
			struct net_rx rx;

			h->tcp_count += net_rx(h->net, 0, &in[i], now, &rx) == NET_TCP;
		}
		nic_release(h->nic, q, in, count);
	}
	net_tick(h->net, now);
	while (net_wants_tx(h->net) && nic_alloc(h->nic, 0, &out, 1) == 1) {
		out.len = (uint16_t)net_tx(h->net, out.data, out.room, &port, now);
		if (out.len == 0) {
			nic_release(h->nic, 0, &out, 1);
			break;
		}
		cr_assert_eq(nic_tx(h->nic, 0, &out, 1), 1u);
	}
}

static bool lose_all(void *context, const struct frame_buf *frame)
{
	(void)frame;
	return !*(const bool *)context;
}

/* Route, resolve, use for minutes with verification, lose the wire, and find each other again. */
Test(net, two_hosts_resolve_verify_and_recover)
{
	static const char *const pairs[][2] = {{"198.18.0.1", "198.18.0.2"},
					       {"2001:db8::1", "2001:db8::2"}};

	for (size_t i = 0; i < 2; i++) {
		struct nic_hub *hub = nic_hub_new(2, 64);
		struct net_port_conf c = port_conf();
		struct host a = host_new(hub, &c, 1);
		struct addr src = addr_of(pairs[i][0]), dst = addr_of(pairs[i][1]);
		struct net_route route;
		bool is_cut = false;
		unsigned waits = 0, unreachable = 0;

		c.mac = mac_of(PEER_MAC_TEXT);
		c.addr[0].addr = addr_of("198.18.0.2");
		c.addr[1].addr = addr_of("2001:db8::2");
		struct host b = host_new(hub, &c, 2);
		nic_hub_set_filter(hub, lose_all, &is_cut);
		for (usec_t now = 0; now < 200 * USEC_PER_SEC; now += 50 * USEC_PER_MSEC) {
			nic_hub_set_time(hub, now, 10 * USEC_PER_MSEC);
			is_cut = now >= 100 * USEC_PER_SEC && now < 150 * USEC_PER_SEC;
			enum net_route_verdict v = net_route(a.net, &src, &dst, now, &route);
			if (now < 100 * USEC_PER_SEC) {
				waits += v == ROUTE_WAIT;
				cr_assert_neq(v, ROUTE_UNREACHABLE);
			}
			unreachable += v == ROUTE_UNREACHABLE;
			cr_assert(now < 160 * USEC_PER_SEC || v == ROUTE_OK);
			host_step(&a, now);
			host_step(&b, now);
		}
		cr_expect_leq(waits, 3u); /* Only at the start: verification never stops use. */
		cr_expect_gt(unreachable, 0u);
		cr_expect_eq(net_drops(b.net)[NET_DROP_ARP_UNSOLICITED], 0u);
		a.nic->ops->close(a.nic);
		b.nic->ops->close(b.nic);
		net_free(a.net);
		net_free(b.net);
		nic_hub_free(hub);
	}
}
