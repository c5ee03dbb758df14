/* Garbage of every kind is dropped under its right name, and nothing else happens.
 * RFC 894, 826, 5227, 791, 1122 §3.2.1, 792, 8200 §4, 4443 §2, 4861 §7.1. */
#include <criterion/criterion.h>

#include "tests/unit/net/frames.h"

/* One fault in an otherwise good frame: bytes set at offsets, then perhaps cut and summed anew. */
struct fault {
	enum net_drop drop;
	enum frame_kind kind;
	struct {
		uint16_t at;
		uint8_t value;
	} set[6];      /* at == 0 ends (the first byte of a frame is set by none but via `dst`). */
	size_t len;    /* 0 = whole. */
	bool is_fixed; /* Recompute checksums. */
	const char *dst; /* Destination MAC, or NULL. */
};

#define L2(i)	(i)
#define L3(i)	((uint16_t)(14 + (i)))
#define L4_4(i) ((uint16_t)(34 + (i)))
#define L4_6(i) ((uint16_t)(54 + (i)))

static const struct fault faults[] = {
	/* Ethernet. */
	{NET_DROP_ETH_SHORT, FRAME_TCP4, .len = 13},
	{NET_DROP_ETH_SHORT, FRAME_TCP4, .len = 1},
	{NET_DROP_ETH_OWN, FRAME_TCP4, .set = {{L2(11), 1}}},
	{NET_DROP_ETH_SOURCE, FRAME_TCP4, .set = {{L2(6), 3}}},
	{NET_DROP_ETH_SOURCE, FRAME_TCP4, .set = {{L2(6), 0}, {L2(11), 0}}},
	{NET_DROP_ETH_NOT_OURS, FRAME_TCP4, .dst = "02:00:00:00:00:03"},
	{NET_DROP_ETH_MULTICAST, FRAME_TCP4, .dst = "01:00:5e:00:00:01"},
	{NET_DROP_ETH_MULTICAST, FRAME_TCP6, .dst = "ff:ff:ff:ff:ff:ff"},
	{NET_DROP_ETH_MULTICAST, FRAME_ARP_REQUEST, .dst = "33:33:00:00:00:01"},
	{NET_DROP_ETH_VLAN, FRAME_TCP4, .set = {{L2(12), 0x81}, {L2(13), 0x00}}},
	{NET_DROP_ETH_STACKED, FRAME_TCP4, .set = {{L2(12), 0x88}, {L2(13), 0xa8}}},
	{NET_DROP_ETH_STACKED, FRAME_TCP4, .set = {{L2(12), 0x91}, {L2(13), 0x00}}},
	{NET_DROP_ETH_SHORT, FRAME_TCP4, .set = {{L2(12), 0x81}, {L2(13), 0x00}}, .len = 17},
	{NET_DROP_ETH_LLC, FRAME_TCP4, .set = {{L2(12), 0x00}, {L2(13), 0x26}}},
	{NET_DROP_ETH_TYPE, FRAME_TCP4, .set = {{L2(12), 0x88}, {L2(13), 0xcc}}},
	/* ARP, RFC 826 and RFC 5227. */
	{NET_DROP_ARP_SHORT, FRAME_ARP_REQUEST, .len = 41},
	{NET_DROP_ARP_SHORT, FRAME_ARP_REQUEST, .len = 14},
	{NET_DROP_ARP_FORMAT, FRAME_ARP_REQUEST, .set = {{L3(1), 6}}},
	{NET_DROP_ARP_FORMAT, FRAME_ARP_REQUEST, .set = {{L3(2), 0x86}, {L3(3), 0xdd}}},
	{NET_DROP_ARP_FORMAT, FRAME_ARP_REQUEST, .set = {{L3(4), 8}}},
	{NET_DROP_ARP_FORMAT, FRAME_ARP_REQUEST, .set = {{L3(5), 16}}},
	{NET_DROP_ARP_OPERATION, FRAME_ARP_REQUEST, .set = {{L3(7), 3}}},
	{NET_DROP_ARP_OPERATION, FRAME_ARP_REQUEST, .set = {{L3(7), 0}}},
	{NET_DROP_ARP_SENDER, FRAME_ARP_REQUEST, .set = {{L3(8), 1}}},
	{NET_DROP_ARP_SENDER, FRAME_ARP_REQUEST, .set = {{L3(14), 224}}},
	{NET_DROP_ARP_SENDER, FRAME_ARP_REQUEST, .set = {{L3(14), 127}}},
	{NET_DROP_ARP_SENDER, FRAME_ARP_REPLY, .set = {{L3(15), 19}}}, /* Not on-link. */
	{NET_DROP_ARP_SENDER, FRAME_ARP_REPLY,
	 .set = {{L3(17), 255}}}, /* The subnet's broadcast. */
	{NET_DROP_ARP_NOT_OURS, FRAME_ARP_REQUEST, .set = {{L3(27), 9}}},
	{NET_DROP_ARP_NOT_OURS, FRAME_ARP_REPLY, .set = {{L3(27), 9}}},
	{NET_DROP_ARP_NOT_OURS, FRAME_ARP_REPLY, .dst = "ff:ff:ff:ff:ff:ff"},
	{NET_DROP_ARP_UNSOLICITED, FRAME_ARP_REPLY, .set = {{0, 0}}},
	{NET_DROP_ADDR_CONFLICT, FRAME_ARP_REQUEST, .set = {{L3(17), 1}}},
	{NET_DROP_ADDR_CONFLICT, FRAME_ARP_REPLY, .set = {{L3(17), 1}}},
	/* IPv4, RFC 791 and RFC 1122. */
	{NET_DROP_IP4_SHORT, FRAME_TCP4, .len = 33},
	{NET_DROP_IP4_VERSION, FRAME_TCP4, .set = {{L3(0), 0x65}}},
	{NET_DROP_IP4_HEADER_LENGTH, FRAME_TCP4, .set = {{L3(0), 0x44}}},
	{NET_DROP_IP4_HEADER_LENGTH, FRAME_TCP4, .set = {{L3(0), 0x4f}}, .len = 14 + 59},
	{NET_DROP_IP4_CHECKSUM, FRAME_TCP4, .set = {{L3(10), 0xaa}}},
	{NET_DROP_IP4_CHECKSUM, FRAME_TCP4, .set = {{L3(8), 63}}},
	{NET_DROP_IP4_TOTAL_LENGTH, FRAME_TCP4, .set = {{L3(3), 41}}, .is_fixed = true},
	{NET_DROP_IP4_TOTAL_LENGTH, FRAME_TCP4, .set = {{L3(3), 19}}, .is_fixed = true},
	{NET_DROP_IP4_TOTAL_LENGTH, FRAME_TCP4, .len = 53},
	{NET_DROP_IP4_FRAGMENT, FRAME_TCP4, .set = {{L3(6), 0x20}}, .is_fixed = true},
	{NET_DROP_IP4_FRAGMENT, FRAME_TCP4, .set = {{L3(7), 0x01}}, .is_fixed = true},
	{NET_DROP_IP4_FRAGMENT, FRAME_TCP4, .set = {{L3(6), 0x1f}}, .is_fixed = true},
	{NET_DROP_IP_NOT_OURS, FRAME_TCP4, .set = {{L3(19), 3}}, .is_fixed = true},
	{NET_DROP_IP_NOT_OURS, FRAME_TCP4, .set = {{L3(19), 255}}, .is_fixed = true},
	{NET_DROP_IP_NOT_OURS, FRAME_TCP4, .set = {{L3(16), 224}}, .is_fixed = true},
	{NET_DROP_IP_FRAME_DESTINATION, FRAME_TCP4, .dst = "ff:ff:ff:ff:ff:ff"},
	{NET_DROP_IP_SOURCE, FRAME_TCP4, .set = {{L3(12), 224}}, .is_fixed = true},
	{NET_DROP_IP_SOURCE, FRAME_TCP4, .set = {{L3(12), 127}}, .is_fixed = true},
	{NET_DROP_IP_SOURCE, FRAME_TCP4, .set = {{L3(12), 255}}, .is_fixed = true},
	{NET_DROP_IP_SOURCE, FRAME_TCP4, .set = {{L3(15), 1}}, .is_fixed = true},
	{NET_DROP_IP_SOURCE, FRAME_TCP4, .set = {{L3(15), 255}}, .is_fixed = true},
	{NET_DROP_IP_PROTOCOL, FRAME_TCP4, .set = {{L3(9), 17}}, .is_fixed = true},
	{NET_DROP_IP_PROTOCOL, FRAME_TCP4, .set = {{L3(9), 58}}, .is_fixed = true},
	/* ICMP, RFC 792. */
	{NET_DROP_ICMP_SHORT, FRAME_ECHO4, .set = {{L3(3), 27}}, .len = 41, .is_fixed = true},
	{NET_DROP_ICMP_CHECKSUM, FRAME_ECHO4, .set = {{L4_4(9), 0x77}}},
	{NET_DROP_ICMP_QUOTE, FRAME_ECHO4, .set = {{L4_4(0), 3}, {L4_4(1), 4}}, .is_fixed = true},
	{NET_DROP_ICMP_QUOTE, FRAME_ECHO4, .set = {{L4_4(0), 11}}, .is_fixed = true},
	{NET_DROP_ICMP_QUOTE, FRAME_ECHO4, .set = {{L4_4(0), 5}}, .is_fixed = true},
	{NET_DROP_ICMP_TYPE, FRAME_ECHO4, .set = {{L4_4(0), 13}}, .is_fixed = true},
	{NET_DROP_ICMP_TYPE, FRAME_ECHO4, .set = {{L4_4(0), 0}, {L4_4(1), 1}}, .is_fixed = true},
	{NET_DROP_ICMP_TYPE, FRAME_ECHO4, .set = {{L4_4(1), 1}}, .is_fixed = true},
	/* IPv6, RFC 8200. */
	{NET_DROP_IP6_SHORT, FRAME_TCP6, .len = 53},
	{NET_DROP_IP6_VERSION, FRAME_TCP6, .set = {{L3(0), 0x40}}},
	{NET_DROP_IP6_PAYLOAD_LENGTH, FRAME_TCP6, .set = {{L3(5), 21}}},
	{NET_DROP_IP6_PAYLOAD_LENGTH, FRAME_TCP6, .len = 73},
	{NET_DROP_IP6_FRAGMENT, FRAME_TCP6, .set = {{L3(6), 44}}},
	{NET_DROP_IP6_EXTENSION, FRAME_TCP6, .set = {{L3(6), 0}, {L4_6(1), 2}}}, /* Past the end. */
	{NET_DROP_IP6_EXTENSION, FRAME_TCP6, .set = {{L3(6), 60}, {L3(5), 1}}},
	{NET_DROP_IP_PROTOCOL, FRAME_TCP6, .set = {{L3(6), 43}}}, /* Routing header. */
	{NET_DROP_IP_PROTOCOL, FRAME_TCP6, .set = {{L3(6), 59}}}, /* No next header. */
	{NET_DROP_IP_PROTOCOL, FRAME_TCP6, .set = {{L3(6), 1}}},  /* ICMP of the other family. */
	{NET_DROP_IP_NOT_OURS, FRAME_TCP6, .set = {{L3(39), 3}}},
	{NET_DROP_IP_NOT_OURS, FRAME_NS, .set = {{L3(39), 2}, {L2(5), 2}}, .is_fixed = true},
	{NET_DROP_IP_FRAME_DESTINATION, FRAME_TCP6, .dst = "33:33:00:00:00:01"},
	{NET_DROP_IP_FRAME_DESTINATION, FRAME_NS, .dst = "33:33:ff:00:00:02"},
	{NET_DROP_IP_SOURCE, FRAME_TCP6, .set = {{L3(8), 0xff}}},
	{NET_DROP_IP_SOURCE, FRAME_TCP6, .set = {{L3(23), 1}}},
	/* ICMPv6 and neighbour discovery, RFC 4443 and RFC 4861 §7.1. */
	{NET_DROP_ICMP_SHORT, FRAME_ECHO6, .set = {{L3(5), 7}}, .len = 61, .is_fixed = true},
	{NET_DROP_ICMP_CHECKSUM, FRAME_ECHO6, .set = {{L4_6(9), 0x77}}},
	{NET_DROP_ICMP_CHECKSUM, FRAME_NS, .set = {{L4_6(3), 0x77}}},
	{NET_DROP_ICMP_QUOTE, FRAME_ECHO6, .set = {{L4_6(0), 2}}, .is_fixed = true},
	{NET_DROP_ICMP_QUOTE, FRAME_ECHO6, .set = {{L4_6(0), 1}}, .is_fixed = true},
	{NET_DROP_ICMP_TYPE, FRAME_ECHO6, .set = {{L4_6(0), 129}}, .is_fixed = true},
	{NET_DROP_ICMP_TYPE, FRAME_ECHO6, .set = {{L4_6(0), 134}}, .is_fixed = true},
	{NET_DROP_ND_HOP_LIMIT, FRAME_NS, .set = {{L3(7), 254}}},
	{NET_DROP_ND_HOP_LIMIT, FRAME_NA, .set = {{L3(7), 64}}},
	{NET_DROP_ND_SHORT, FRAME_DAD, .set = {{L3(5), 23}}, .len = 77, .is_fixed = true},
	{NET_DROP_ND_SHORT, FRAME_NS, .set = {{L4_6(1), 1}}, .is_fixed = true},
	{NET_DROP_ND_OPTION, FRAME_NS, .set = {{L4_6(25), 0}}, .is_fixed = true},
	{NET_DROP_ND_OPTION, FRAME_NS, .set = {{L4_6(25), 2}}, .is_fixed = true},
	{NET_DROP_ND_OPTION, FRAME_NA, .set = {{L4_6(25), 0}}, .is_fixed = true},
	{NET_DROP_ND_OPTION, FRAME_NS, .set = {{L3(5), 25}}, .len = 79, .is_fixed = true},
	{NET_DROP_ND_TARGET, FRAME_NS, .set = {{L4_6(8), 0xff}}, .is_fixed = true},
	{NET_DROP_ND_TARGET, FRAME_NA, .set = {{L4_6(8), 0xff}}, .is_fixed = true},
	{NET_DROP_ND_SOURCE, FRAME_NS, .set = {{L3(11), 0xb9}},
	 .is_fixed = true}, /* Not on-link. */
	{NET_DROP_ND_SOURCE, FRAME_DAD, .set = {{L4_6(23), 2}},
	 .is_fixed = true}, /* Another's group. */
	{NET_DROP_ND_LINK_ADDRESS, FRAME_NS, .set = {{L4_6(26), 0x03}}, .is_fixed = true},
	{NET_DROP_ND_LINK_ADDRESS, FRAME_NA, .set = {{L4_6(26), 0xff}}, .is_fixed = true},
	{NET_DROP_ND_NOT_OURS, FRAME_NS, .set = {{L4_6(20), 7}}, .is_fixed = true},
	{NET_DROP_ND_NOT_OURS, FRAME_NA, .set = {{L4_6(11), 0xb9}}, .is_fixed = true},
	{NET_DROP_ND_UNSOLICITED, FRAME_NA, .set = {{0, 0}}},
	{NET_DROP_ND_UNSOLICITED, FRAME_NA, .set = {{L4_6(4), 0x20}}, .is_fixed = true},
	{NET_DROP_ADDR_CONFLICT, FRAME_NA, .set = {{L4_6(23), 1}}, .is_fixed = true},
	{NET_DROP_ADDR_CONFLICT, FRAME_DAD, .set = {{0, 0}}},
	{NET_DROP_ETH_OWN, FRAME_NS, .set = {{L4_6(31), 1}}, .is_fixed = true},
};

static struct eth_frame faulty(const struct fault *fault)
{
	struct eth_frame f = frame_make(fault->kind);

	if (fault->dst != NULL) {
		memcpy(f.bytes, mac_of(fault->dst).bytes, 6);
	}
	for (size_t i = 0; i < ARRAY_COUNT(fault->set) && fault->set[i].at != 0; i++) {
		f.bytes[fault->set[i].at] = fault->set[i].value;
	}
	if (fault->len != 0) {
		f.len = fault->len;
	}
	if (fault->is_fixed) {
		frame_fix(&f);
	}
	return f;
}

Test(net, every_fault_is_dropped_under_its_name)
{
	for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = faulty(&faults[i]);
		struct net_rx rx;

		cr_expect_eq(frame_rx_guarded(n, &f, 20 * USEC_PER_SEC, &rx), NET_DROPPED,
			     "row %zu, %s", i, net_drop_name(faults[i].drop));
		enum net_drop got = only_drop(n);
		cr_expect_eq(got, faults[i].drop, "row %zu: %s instead of %s", i,
			     got == NET_DROP_NONE ? "none" : net_drop_name(got),
			     net_drop_name(faults[i].drop));
		net_free(n);
	}
}

/* Every name is either in the table above or in a test of its own. */
Test(net, no_drop_is_without_a_test)
{
	bool is_seen[NET_DROP_COUNT] = {
		[NET_DROP_IP6_OPTION] = true,	   /* extension_headers_are_skipped_or_dropped */
		[NET_DROP_ICMP_ERROR] = true,	   /* test_icmp.c */
		[NET_DROP_ICMP_MTU] = true,	   /* test_icmp.c */
		[NET_DROP_ETH_UNTAGGED] = true,	   /* test_vlan.c */
		[NET_DROP_ND_SOLICITED] = true,	   /* group_rules_of_discovery_hold */
		[NET_DROP_ICMP_ECHO_GROUP] = true, /* group_rules_of_discovery_hold */
		[NET_DROP_ICMP_ECHO_SIZE] = true,  /* echo_beyond_the_mtu_is_dropped */
		[NET_DROP_REPLY_FULL] = true,	   /* a_flood_fills_the_replyq_and_no_more */
	};

	for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
		is_seen[faults[i].drop] = true;
	}
	for (unsigned i = 0; i < NET_DROP_COUNT; i++) {
		cr_expect(is_seen[i], "%s", net_drop_name((enum net_drop)i));
		cr_expect_gt(strlen(net_drop_text((enum net_drop)i)), 10u);
	}
}

/* RFC 791 §3.1: options are stepped over, the frame's padding is not part of the packet. */
Test(net, ipv4_options_and_padding_do_not_reach_tcp)
{
	struct net *n = quiet_net();
	struct eth_frame f = frame_make(FRAME_TCP4);
	struct net_rx rx;

	memmove(f.bytes + 42, f.bytes + 34, 20); /* Eight bytes of options: NOPs. */
	memset(f.bytes + 34, 1, 8);
	f.len = 62;
	f.bytes[14] = 0x47;
	f.bytes[17] = 48;
	frame_fix(&f);
	f.len = 100;
	cr_assert_eq(frame_rx_guarded(n, &f, 0, &rx), NET_TCP);
	cr_expect_eq(rx.l4.len, 20u);
	cr_expect_eq(rx.hop_limit, 64);
	cr_expect_eq(rx.port, 0u);
	cr_expect_not(rx.has_learned);
	struct addr src = addr_of("198.18.0.2"), dst = addr_of("198.18.0.1");
	cr_expect(addr_equal(&rx.src, &src));
	cr_expect(addr_equal(&rx.dst, &dst));
	net_free(n);
}

/* RFC 8200 §5: the payload length rules, not the frame's. */
Test(net, ipv6_padding_does_not_reach_tcp)
{
	struct net *n = quiet_net();
	struct eth_frame f = frame_make(FRAME_TCP6);
	struct net_rx rx;

	f.len += 30;
	cr_assert_eq(frame_rx_guarded(n, &f, 0, &rx), NET_TCP);
	cr_expect_eq(rx.l4.len, 20u);
	cr_expect_eq(rx.hop_limit, 255);
	net_free(n);
}

/* RFC 8200 §4: which chains of extension headers are stepped over. */
Test(net, extension_headers_are_skipped_or_dropped)
{
	static const uint8_t padn[8] = {0, 0, 1, 4, 0, 0, 0, 0};
	static const uint8_t router_alert[8] = {0, 0, 5, 2, 0, 0, 0, 0};
	static const uint8_t must_drop[8] = {0, 0, 0x41, 4, 0, 0, 0, 0};
	static const uint8_t long_option[8] = {0, 0, 1, 5, 0, 0, 0, 0};
	static const uint8_t jumbo[8] = {0, 0, 0xc2, 4, 0, 1, 0, 0};
	static const struct {
		uint8_t kinds[6]; /* From the innermost out; 0xff ends. */
		const uint8_t *header;
		enum net_drop drop;
	} rows[] = {
		{{60, 0xff}, padn, NET_DROP_NONE},
		{{0, 0xff}, router_alert, NET_DROP_NONE},
		{{60, 0, 0xff}, padn, NET_DROP_NONE},
		{{60, 60, 60, 0, 0xff}, padn, NET_DROP_NONE},
		{{60, 60, 60, 60, 0, 0xff}, padn, NET_DROP_IP6_EXTENSION},
		{{0, 60, 0xff}, padn, NET_DROP_IP6_EXTENSION},
		{{0, 0, 0xff}, padn, NET_DROP_IP6_EXTENSION},
		{{60, 0xff}, must_drop, NET_DROP_IP6_OPTION},
		{{0, 0xff}, jumbo, NET_DROP_IP6_OPTION},
		{{60, 0xff}, long_option, NET_DROP_IP6_EXTENSION},
		{{44, 0xff}, padn, NET_DROP_IP6_FRAGMENT},
		{{44, 60, 0xff}, padn, NET_DROP_IP6_FRAGMENT},
		{{43, 0xff}, padn, NET_DROP_IP_PROTOCOL},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = frame_make(FRAME_TCP6);
		struct net_rx rx;

		for (size_t k = 0; rows[i].kinds[k] != 0xff; k++) {
			frame_extend6(&f, rows[i].kinds[k], rows[i].header, 8);
		}
		enum net_verdict verdict = frame_rx_guarded(n, &f, 0, &rx);
		cr_expect_eq(verdict, rows[i].drop == NET_DROP_NONE ? NET_TCP : NET_DROPPED,
			     "row %zu", i);
		cr_expect_eq(only_drop(n), rows[i].drop, "row %zu", i);
		if (verdict == NET_TCP) {
			cr_expect_eq(rx.l4.len, 20u, "row %zu", i);
		}
		net_free(n);
	}
}

/* RFC 4861 §7.1.2: no solicited advertisement to a group; RFC 4443 §4.2: echo to one is
 * optional. */
Test(net, group_rules_of_discovery_hold)
{
	static const struct {
		enum frame_kind kind;
		enum net_drop drop;
	} rows[] = {
		{FRAME_NA, NET_DROP_ND_SOLICITED},
		{FRAME_ECHO6, NET_DROP_ICMP_ECHO_GROUP},
		{FRAME_TCP6, NET_DROP_IP_FRAME_DESTINATION},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = frame_make(rows[i].kind);
		struct addr all = addr_of("ff02::1");
		struct net_rx rx;

		memcpy(f.bytes, mac_of("33:33:00:00:00:01").bytes, 6);
		memcpy(f.bytes + 38, all.bytes, 16);
		frame_fix(&f);
		cr_expect_eq(frame_rx_guarded(n, &f, 0, &rx), NET_DROPPED);
		cr_expect_eq(only_drop(n), rows[i].drop, "row %zu", i);
		net_free(n);
	}
}

/* The device's word on checksums replaces our own look at the IPv4 header, not at ICMP. */
Test(net, a_verified_checksum_is_believed)
{
	struct net *n = quiet_net();
	struct eth_frame f = frame_make(FRAME_TCP4);
	struct net_rx rx;
	struct frame_buf in = {.data = f.bytes, .len = (uint16_t)f.len, .is_csum_good = true};

	f.bytes[24] ^= 1;
	cr_expect_eq(net_rx(n, 0, &in, 0, &rx), NET_TCP);
	in.is_csum_good = false;
	cr_expect_eq(net_rx(n, 0, &in, 0, &rx), NET_DROPPED);
	cr_expect_eq(only_drop(n), NET_DROP_IP4_CHECKSUM);
	net_free(n);
}
