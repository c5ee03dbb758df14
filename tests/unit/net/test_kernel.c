/* Ports that the host's kernel shares: what it gets, what we still learn, and that only one of the
 * two answers. */
#include <criterion/criterion.h>

#include "tests/unit/net/frames.h"

static const usec_t later = 20 * USEC_PER_SEC;

static struct net *shared_net(void)
{
	struct net_port_conf c = port_conf();

	c.has_kernel = true;
	struct net *n = net_new(&c, 1, 1);
	cr_assert_not_null(n);
	settle(n);
	return n;
}

struct row {
	const char *what;
	enum frame_kind kind;
	struct {
		uint8_t at, value;
	} set[4];
	const char *dst; /* Destination MAC, or NULL. */
	size_t len;	 /* 0: whole. */
	enum net_verdict verdict;
	bool is_for_kernel;
	enum net_drop drop; /* Counted. */
};

#define NONE NET_DROP_NONE

static const struct row rows[] = {
	{"a question for us", FRAME_ARP_REQUEST, .verdict = NET_HANDLED, .is_for_kernel = true,
	 .drop = NONE},
	{"a question for another", FRAME_ARP_REQUEST, .set = {{41, 9}}, .verdict = NET_HANDLED,
	 .is_for_kernel = true, .drop = NONE},
	{"an answer, perhaps to the kernel", FRAME_ARP_REPLY, .verdict = NET_HANDLED,
	 .is_for_kernel = true, .drop = NONE},
	{"an address of ours in other hands", FRAME_ARP_REPLY, .set = {{31, 1}},
	 .verdict = NET_HANDLED, .is_for_kernel = true, .drop = NET_DROP_ADDR_CONFLICT},
	{"a solicitation", FRAME_NS, .verdict = NET_HANDLED, .is_for_kernel = true, .drop = NONE},
	{"address detection", FRAME_DAD, .verdict = NET_HANDLED, .is_for_kernel = true,
	 .drop = NET_DROP_ADDR_CONFLICT},
	{"an advertisement", FRAME_NA, .verdict = NET_HANDLED, .is_for_kernel = true, .drop = NONE},
	{"ping", FRAME_ECHO4, .verdict = NET_HANDLED, .is_for_kernel = true, .drop = NONE},
	{"ping by IPv6", FRAME_ECHO6, .verdict = NET_HANDLED, .is_for_kernel = true, .drop = NONE},
	{"another address of the host's", FRAME_ECHO4, .set = {{33, 7}}, .verdict = NET_HANDLED,
	 .is_for_kernel = true, .drop = NONE},
	{"a protocol that we do not speak", FRAME_ECHO4, .set = {{23, 17}}, .verdict = NET_HANDLED,
	 .is_for_kernel = true, .drop = NONE},
	{"LLDP", FRAME_TCP4, .set = {{12, 0x88}, {13, 0xcc}}, .dst = "01:80:c2:00:00:0e",
	 .verdict = NET_HANDLED, .is_for_kernel = true, .drop = NONE},
	{"spanning tree", FRAME_TCP4, .set = {{12, 0}, {13, 0x26}}, .dst = "01:80:c2:00:00:00",
	 .verdict = NET_HANDLED, .is_for_kernel = true, .drop = NONE},
	{"an IPv4 group", FRAME_ECHO4, .dst = "01:00:5e:00:00:01", .verdict = NET_HANDLED,
	 .is_for_kernel = true, .drop = NONE},
	/* For the caller to decide. */
	{"TCP", FRAME_TCP4, .verdict = NET_TCP, .drop = NONE},
	{"TCP by IPv6", FRAME_TCP6, .verdict = NET_TCP, .drop = NONE},
	/* For nobody. */
	{"another station's", FRAME_ECHO4, .dst = "02:00:00:00:00:09", .verdict = NET_DROPPED,
	 .drop = NET_DROP_ETH_NOT_OURS},
	{"our own", FRAME_ECHO4, .set = {{11, 1}}, .verdict = NET_DROPPED,
	 .drop = NET_DROP_ETH_OWN},
	{"a fragment", FRAME_TCP4, .set = {{20, 0x20}}, .verdict = NET_DROPPED,
	 .drop = NET_DROP_IP4_FRAGMENT},
	{"a fragment of IPv6", FRAME_TCP6, .set = {{20, 44}}, .verdict = NET_DROPPED,
	 .drop = NET_DROP_IP6_FRAGMENT},
	{"a routing header", FRAME_TCP6, .set = {{20, 43}}, .verdict = NET_DROPPED,
	 .drop = NET_DROP_IP_PROTOCOL},
	{"TCP in a broadcast", FRAME_TCP4, .dst = "ff:ff:ff:ff:ff:ff", .verdict = NET_DROPPED,
	 .drop = NET_DROP_IP_FRAME_DESTINATION},
	{"half a frame", FRAME_TCP4, .len = 13, .verdict = NET_DROPPED, .drop = NET_DROP_ETH_SHORT},
};

static struct eth_frame frame_of(const struct row *row)
{
	struct eth_frame f = frame_make(row->kind);

	for (size_t i = 0; i < ARRAY_COUNT(row->set) && row->set[i].at != 0; i++) {
		f.bytes[row->set[i].at] = row->set[i].value;
	}
	if (row->dst != NULL) {
		memcpy(f.bytes, mac_of(row->dst).bytes, 6);
	}
	frame_fix(&f);
	f.len = row->len != 0 ? row->len : f.len;
	return f;
}

Test(kernel, it_gets_what_is_not_ours_and_nothing_of_it_is_answered_twice)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = shared_net();
		struct eth_frame f = frame_of(&rows[i]);
		struct net_rx rx;

		cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), rows[i].verdict, "%s",
			     rows[i].what);
		cr_expect_eq(rx.is_for_kernel, rows[i].is_for_kernel, "%s", rows[i].what);
		cr_expect_eq(only_drop(n), rows[i].drop, "%s", rows[i].what);
		/* A conflict is defended all the same, with what the kernel would say, too. */
		cr_expect_eq(drain(n, later),
			     rows[i].drop == NET_DROP_ADDR_CONFLICT && rows[i].kind != FRAME_DAD,
			     "%s", rows[i].what);
		net_free(n);
	}
}

Test(kernel, a_port_of_our_own_gives_it_nothing)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = frame_of(&rows[i]);
		struct net_rx rx;

		(void)frame_rx_guarded(n, &f, later, &rx);
		cr_expect_not(rx.is_for_kernel, "%s", rows[i].what);
		net_free(n);
	}
}

/* Both sides live from what neighbours say: ours is asked and learned as ever. */
Test(kernel, neighbours_are_resolved_beside_it)
{
	static const char *const pairs[][2] = {{"198.18.0.1", "198.18.0.2"},
					       {"2001:db8::1", "2001:db8::2"}};

	for (int is6 = 0; is6 < 2; is6++) {
		struct net *n = shared_net();
		struct addr src = addr_of(pairs[is6][0]), dst = addr_of(pairs[is6][1]);
		struct eth_frame f = frame_make(is6 ? FRAME_NA : FRAME_ARP_REPLY);
		struct net_route route;
		struct net_rx rx;

		cr_assert_eq(net_route(n, &src, &dst, later, &route), ROUTE_WAIT);
		cr_assert_eq(drain(n, later), 1u);
		cr_assert_eq(frame_rx_guarded(n, &f, later, &rx), NET_HANDLED);
		cr_expect(rx.is_for_kernel);
		cr_expect(rx.has_learned);
		cr_expect_eq(net_route(n, &src, &dst, later, &route), ROUTE_OK);
		net_free(n);
	}
}

/* The link-local address is chosen by the kernel, in its own way. */
Test(kernel, we_invent_no_link_local_address_beside_its_own)
{
	struct net *n = shared_net();
	struct addr local = addr_of("fe80::ff:fe00:1");

	cr_expect_not(net_is_ours(n, &local));
	net_free(n);
}
