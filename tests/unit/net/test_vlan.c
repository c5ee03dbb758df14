/* Ports in VLANs: one NIC, several LANs.  IEEE 802.1Q §9.6 (tag format, priority tags). */
#include <criterion/criterion.h>

#include "dataplane/net/eth.h"
#include "tests/unit/net/frames.h"

static const usec_t later = 20 * USEC_PER_SEC;

/* Port 0 untagged and port 1 in VLAN 100 on NIC 0, port 2 in VLAN 100 on NIC 1; each its subnet. */
static struct net *three_ports(void)
{
	struct net_port_conf c[3] = {port_conf(), port_conf(), port_conf()};

	c[1].vlan = c[2].vlan = 100;
	c[2].nic = 1;
	c[1].addr[0].addr = addr_of("198.19.0.1");
	c[1].addr[1].addr = addr_of("2001:db8:1::1");
	c[2].addr[0].addr = addr_of("198.19.1.1");
	c[2].addr[1].addr = addr_of("2001:db8:2::1");
	c[1].gateway_count = c[2].gateway_count = 0;
	struct net *n = net_new(c, 3, 1);
	cr_assert_not_null(n);
	settle(n);
	return n;
}

static enum net_verdict rx_on(struct net *n, unsigned nic, struct eth_frame *f, struct net_rx *rx)
{
	struct frame_buf in = {.data = f->bytes, .len = (uint16_t)f->len};

	return net_rx(n, nic, &in, later, rx);
}

/* Which port a frame belongs to follows from the NIC and the tag. */
Test(vlan, a_frame_finds_the_port_of_its_tag)
{
	static const struct {
		unsigned nic;
		int tci; /* -1: untagged. */
		uint8_t subnet[2];
		enum net_verdict verdict;
		unsigned port;
		enum net_drop drop;
	} rows[] = {
		{0, -1, {18, 0}, NET_TCP, 0, NET_DROP_NONE},
		{0, 100, {19, 0}, NET_TCP, 1, NET_DROP_NONE},
		{0, 0xe000 | 100, {19, 0}, NET_TCP, 1, NET_DROP_NONE},
		{0, 0x1000 | 100, {19, 0}, NET_TCP, 1, NET_DROP_NONE}, /* Drop eligible. */
		{1, 100, {19, 1}, NET_TCP, 2, NET_DROP_NONE},
		{0, 0xc000, {18, 0}, NET_TCP, 0, NET_DROP_NONE}, /* Only a priority. */
		/* The strong host model holds between VLANs of one NIC, too. */
		{0, 100, {18, 0}, NET_DROPPED, 1, NET_DROP_IP_NOT_OURS},
		{0, -1, {19, 0}, NET_DROPPED, 0, NET_DROP_IP_NOT_OURS},
		{0, 101, {19, 0}, NET_DROPPED, 0, NET_DROP_ETH_VLAN},
		{0, 4095, {19, 0}, NET_DROPPED, 0, NET_DROP_ETH_VLAN},
		{1, -1, {19, 1}, NET_DROPPED, 0, NET_DROP_ETH_UNTAGGED},
		{1, 0x2000, {19, 1}, NET_DROPPED, 0, NET_DROP_ETH_UNTAGGED},
		{2, 100, {19, 1}, NET_DROPPED, 0, NET_DROP_ETH_VLAN},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = three_ports();
		struct eth_frame f = frame_make(FRAME_TCP4);
		struct net_rx rx;

		memcpy(f.bytes + 27, rows[i].subnet, 2); /* Source and destination of the LAN. */
		memcpy(f.bytes + 31, rows[i].subnet, 2);
		frame_fix(&f);
		if (rows[i].tci >= 0) {
			frame_tag(&f, (uint16_t)rows[i].tci);
		}
		cr_expect_eq(rx_on(n, rows[i].nic, &f, &rx), rows[i].verdict, "row %zu", i);
		cr_expect_eq(only_drop(n), rows[i].drop, "row %zu", i);
		cr_expect_eq(rx.port, rows[i].port, "row %zu", i);
		cr_expect(rows[i].verdict != NET_TCP || rx.l4.len == 20, "row %zu", i);
		net_free(n);
	}
}

Test(vlan, a_second_tag_is_dropped)
{
	struct net *n = three_ports();
	struct eth_frame f = frame_make(FRAME_TCP4);
	struct net_rx rx;

	frame_tag(&f, 7);
	frame_tag(&f, 100);
	cr_expect_eq(rx_on(n, 0, &f, &rx), NET_DROPPED);
	cr_expect_eq(only_drop(n), NET_DROP_ETH_STACKED);
	net_free(n);
}

/* Whatever is missing behind the tag, nothing is read past the end. */
Test(vlan, a_tag_cut_short_is_a_short_frame)
{
	for (size_t len = 14; len < 18; len++) {
		struct net *n = three_ports();
		struct eth_frame f = frame_make(FRAME_TCP4);
		struct net_rx rx;

		frame_tag(&f, 100);
		f.len = len;
		cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), NET_DROPPED);
		cr_expect_eq(only_drop(n), NET_DROP_ETH_SHORT);
		net_free(n);
	}
}

static void expect_tagged(const uint8_t *out, unsigned port)
{
	static const uint8_t tag[4] = {0x81, 0x00, 0xc0, 100}; /* Priority 6. */

	cr_expect(port == 0 ? out[12] != 0x81 : memcmp(out + 12, tag, 4) == 0);
}

/* What we send of our own carries the tag of its port: announcements, answers, questions. */
Test(vlan, own_frames_carry_the_tag)
{
	struct net_port_conf c[2] = {port_conf(), port_conf()};
	uint8_t out[FRAME_MAX];
	unsigned port, count[2] = {0, 0};
	size_t len;

	c[1].vlan = 100;
	c[1].addr[0].addr = addr_of("198.19.0.1");
	c[1].addr[1].addr = addr_of("2001:db8:1::1");
	struct net *n = net_new(c, 2, 1);
	while ((len = net_tx(n, out, sizeof(out), &port, 0)) > 0) {
		expect_tagged(out, port);
		count[port]++;
	}
	cr_expect(count[0] >= 3 && count[1] == count[0]);
	drain(n, 10 * USEC_PER_SEC);
	/* An answer, byte by byte. */
	struct eth_frame f = frame_make(FRAME_ARP_REQUEST);
	struct net_rx rx;
	f.bytes[29] = f.bytes[39] = 19;
	frame_tag(&f, 100);
	cr_assert_eq(rx_on(n, 0, &f, &rx), NET_HANDLED);
	cr_expect(rx.has_learned && rx.port == 1);
	cr_assert_eq(net_tx(n, out, sizeof(out), &port, later), 46u);
	static const uint8_t expected[46] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0,	0,  1, 0x81, 0, 0xc0, 100, 8, 6, 0, 1,	 8,  0, 6,
		4, 0, 2, 2, 0, 0, 0, 0, 1, 198, 19, 0, 1,    2, 0,    0,   0, 0, 2, 198, 19, 0, 2};
	cr_expect_arr_eq(out, expected, sizeof(expected));
	net_free(n);
}

/* Headers before our segments: four bytes more, the MTU is the same. */
Test(vlan, a_route_counts_the_tag_into_the_header_and_not_into_the_mtu)
{
	static const char *const peers[][2] = {{"198.19.0.1", "198.19.0.2"},
					       {"2001:db8:1::1", "2001:db8:1::2"}};

	for (size_t i = 0; i < 2; i++) {
		struct net *n = three_ports();
		struct addr src = addr_of(peers[i][0]), dst = addr_of(peers[i][1]);
		struct mac mac = mac_of(PEER_MAC_TEXT);
		struct net_route route;
		struct eth_frame f = {.len = 0};

		cr_assert_eq(net_route(n, &src, &dst, later, &route), ROUTE_WAIT);
		net_learn(n, 1, &dst, &mac, later);
		cr_assert_eq(net_route(n, &src, &dst, later, &route), ROUTE_OK);
		cr_expect_eq(route.port, 1u);
		cr_expect_eq(route.mtu, 1500);
		cr_expect_eq(route.header_len, 18 + (i == 0 ? 20 : 40));
		net_encap(n, &route, 20, f.bytes);
		f.len = route.header_len + 20u;
		expect_tagged(f.bytes, 1);
		cr_expect_eq(f.bytes[16], i == 0 ? 0x08 : 0x86);
		cr_expect_eq(f.bytes[18] >> 4, i == 0 ? 4 : 6);
		net_free(n);
	}
}

Test(vlan, a_copy_loses_the_tag_and_nothing_else)
{
	struct eth_frame f = frame_make(FRAME_TCP4), tagged = f;
	uint8_t out[FRAME_MAX];

	frame_tag(&tagged, 0x6064);
	cr_assert_eq(eth_copy_untagged(span_of(tagged.bytes, tagged.len), out), f.len);
	cr_expect_arr_eq(out, f.bytes, f.len);
	cr_assert_eq(eth_copy_untagged(span_of(f.bytes, f.len), out), f.len);
	cr_expect_arr_eq(out, f.bytes, f.len);
}
