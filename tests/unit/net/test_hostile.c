/* Somebody on the LAN who means harm: floods, spoofed claims, races for our questions, and stations
 * that have or want our addresses.  RFC 5227 §2.4, RFC 4861 §7.2.5 and §11.1, RFC 4862 §5.4. */
#include <criterion/criterion.h>

#include "dataplane/net/neigh.h"
#include "rib/base/prng.h"
#include "tests/unit/net/frames.h"

static const usec_t second = USEC_PER_SEC;
static const usec_t later = 20 * USEC_PER_SEC;

static const char *const peers[2] = {"198.18.0.2", "2001:db8::2"};
static const char *const ours[2] = {"198.18.0.1", "2001:db8::1"};

/* A claim of the attacker's at ...:66 about the peer: to everybody or, `is_answer`, to us. */
static struct eth_frame claim(bool is6, bool is_answer)
{
	struct eth_frame f = frame_make(is6 ? FRAME_NA : FRAME_ARP_REPLY);
	static const uint8_t all[16] = {0xff, 2, [15] = 1};

	f.bytes[11] = 0x66;
	f.bytes[is6 ? 85 : 27] = 0x66;
	if (!is_answer && is6) {
		memcpy(f.bytes, mac_of("33:33:00:00:00:01").bytes, 6);
		memcpy(f.bytes + 38, all, 16);
		f.bytes[58] = 0x20; /* Override, not solicited. */
	} else if (!is_answer) {
		memset(f.bytes, 0xff, 6);
		memcpy(f.bytes + 38, f.bytes + 28, 4); /* Gratuitous: target = sender. */
	}
	frame_fix(&f);
	return f;
}

/* The peer answers what we asked. */
static void answer(struct net *n, bool is6, usec_t now)
{
	struct eth_frame f = frame_make(is6 ? FRAME_NA : FRAME_ARP_REPLY);
	struct net_rx rx;

	(void)frame_rx_guarded(n, &f, now, &rx);
}

static enum net_route_verdict use(struct net *n, bool is6, usec_t now, struct net_route *route)
{
	struct addr src = addr_of(ours[is6]), dst = addr_of(peers[is6]);

	return net_route(n, &src, &dst, now, route);
}

static struct net *net_in_use(bool is6)
{
	struct net *n = quiet_net();
	struct net_route route;

	cr_assert_eq(use(n, is6, later, &route), ROUTE_WAIT);
	cr_assert_eq(drain(n, later), 1u);
	answer(n, is6, later);
	cr_assert_eq(use(n, is6, later, &route), ROUTE_OK);
	return n;
}

static bool is_peer(const struct net_route *r)
{
	return r->dst_mac.bytes[5] == 0x02;
}

/* A thousand false claims a second, of both kinds, for a minute: never believed, never without a
 * route, and no more than one question a second comes of it. */
Test(hostile, a_flood_of_claims_moves_nobody_and_asks_once_a_second)
{
	for (int is6 = 0; is6 < 2; is6++) {
		struct net *n = net_in_use(is6);
		struct eth_frame f[2] = {claim(is6, false), claim(is6, true)};
		unsigned questions = 0;

		for (usec_t now = later; now < later + 60 * second; now += 1000) {
			struct net_rx rx;
			struct net_route route;
			struct frame_buf in = {.data = f[now / 1000 % 2].bytes,
					       .len = (uint16_t)f[now / 1000 % 2].len};

			cr_assert_eq(net_rx(n, 0, &in, now, &rx), NET_DROPPED);
			cr_assert_eq(use(n, is6, now, &route), ROUTE_OK);
			cr_assert(is_peer(&route));
			unsigned asked = drain(n, now);
			questions += asked;
			if (asked > 0) {
				answer(n, is6, now);
			}
		}
		cr_expect_leq(questions, 61u);
		cr_expect_geq(questions, 30u); /* It does verify. */
		net_free(n);
	}
}

/* The same when the attacker answers our verification faster than the neighbour. */
Test(hostile, a_faster_answer_to_a_verification_is_not_believed)
{
	for (int is6 = 0; is6 < 2; is6++) {
		struct net *n = net_in_use(is6);
		struct eth_frame f = claim(is6, true);
		struct net_rx rx;
		struct net_route route;

		for (usec_t now = later; now < later + 120 * second; now += second / 4) {
			cr_assert_eq(use(n, is6, now, &route), ROUTE_OK);
			cr_assert(is_peer(&route));
			if (drain(n, now) > 0) {
				(void)frame_rx_guarded(n, &f, now, &rx);
				answer(n, is6, now);
			}
		}
		net_free(n);
	}
}

/* Guarantee (d): of two answers to a question to everybody the first counts, and the second makes
 * us ask the first again.  Nothing better can be known: neither protocol has a proof. */
Test(hostile, the_first_answer_to_an_open_question_counts)
{
	for (int is6 = 0; is6 < 2; is6++) {
		for (int is_late = 0; is_late < 2; is_late++) {
			struct net *n = quiet_net();
			struct eth_frame f = claim(is6, true);
			struct net_rx rx;
			struct net_route route;

			/* Before there is a question an answer is worth nothing. */
			for (unsigned i = 0; i < 100; i++) {
				cr_expect_eq(frame_rx_guarded(n, &f, later, &rx), NET_DROPPED);
			}
			cr_assert_eq(use(n, is6, later, &route), ROUTE_WAIT);
			cr_assert_eq(drain(n, later), 1u);
			if (is_late) {
				answer(n, is6, later);
			}
			(void)frame_rx_guarded(n, &f, later, &rx);
			cr_assert_eq(use(n, is6, later, &route), ROUTE_OK);
			cr_expect_eq(is_peer(&route), is_late != 0);
			answer(n, is6, later);
			cr_assert_eq(use(n, is6, later, &route), ROUTE_OK);
			cr_expect_eq(is_peer(&route), is_late != 0);
			/* One question, to the first alone, a second later; not where it has
			 * spoken up again. */
			cr_expect_eq(drain(n, later + second - 1), 0u);
			cr_expect_eq(drain(n, later + second), is_late ? 0u : 1u);
			net_free(n);
		}
	}
}

/* Every station of a /16 asks for us, for ever, with new MACs: who is in use stays, is never
 * waited for, and a new neighbour is still resolved. */
Test(hostile, a_whole_subnet_of_strangers_delays_nobody, .timeout = 60)
{
	struct net_port_conf c = port_conf();
	c.addr[0].prefix_len = 16;
	struct net *n = net_new(&c, 1, 1);
	struct eth_frame f = frame_make(FRAME_ARP_REQUEST);
	struct net_route route;
	struct net_rx rx;
	struct addr src = addr_of(ours[0]), fresh = addr_of("198.18.200.7");
	struct mac mac = mac_of("02:00:00:00:00:77");
	usec_t now = later;

	settle(n);
	cr_assert_eq(use(n, false, now, &route), ROUTE_WAIT);
	drain(n, now);
	answer(n, false, now);
	for (uint32_t i = 0; i < 3 * 65536; i++) {
		struct frame_buf in = {.data = f.bytes, .len = (uint16_t)f.len};
		uint32_t host = i & 0xffff;

		now += 100;
		f.bytes[30] = (uint8_t)(host >> 8);
		f.bytes[31] = (uint8_t)host;
		f.bytes[24] = (uint8_t)(i >> 16);
		if (host != 1 && host != 2) {
			(void)net_rx(n, 0, &in, now, &rx);
		}
		if (i % 64 == 0) {
			cr_assert_eq(use(n, false, now, &route), ROUTE_OK);
			cr_assert(is_peer(&route));
		}
		drain(n, now);
		answer(n, false, now);
	}
	cr_assert_neq(net_route(n, &src, &fresh, now, &route), ROUTE_UNREACHABLE);
	drain(n, now + second);
	net_learn(n, 0, &fresh, &mac, now + second);
	cr_expect_eq(net_route(n, &src, &fresh, now + second, &route), ROUTE_OK);
	net_free(n);
}

/* Guarantee (b): with everybody in use there is no room for a stranger. */
Test(hostile, strangers_take_no_place_of_somebody_in_use)
{
	struct neigh_cache *c = neigh_new(1);
	struct mac mac = mac_of(PEER_MAC_TEXT), got;
	struct neigh_question q;

	for (uint32_t i = 0; i < NEIGH_COUNT_MAX; i++) {
		struct addr a = addr_v4(0x0a000000 + i);

		(void)neigh_use(c, 0, &a, 0, &got);
		cr_assert(neigh_tx(c, 0, &q));
		cr_assert(neigh_answered(c, 0, &a, &mac, true, 0));
	}
	for (uint32_t i = 0; i < 1000; i++) {
		struct addr a = addr_v4(0x0b000000 + i);

		cr_expect_not(neigh_heard(c, 0, &a, &mac, 1));
	}
	neigh_check(c);
	for (uint32_t i = 0; i < NEIGH_COUNT_MAX; i++) {
		struct addr a = addr_v4(0x0a000000 + i);

		cr_assert_eq(neigh_state_of(c, 0, &a), NEIGH_REACHABLE);
	}
	/* Whom we want to speak to gets one, of the one that was not used for longest. */
	struct addr fresh = addr_v4(0x0c000000), oldest = addr_v4(0x0a000000);
	cr_expect_eq(neigh_use(c, 0, &fresh, 2, &got), NEIGH_WAIT);
	cr_expect_eq(neigh_state_of(c, 0, &oldest), NEIGH_NONE);
	neigh_check(c);
	neigh_free(c);
}

/* Claims about stations that we never spoke to make us ask nothing. */
Test(hostile, claims_about_strangers_cost_no_question)
{
	struct neigh_cache *c = neigh_new(1);
	struct mac m1 = mac_of(PEER_MAC_TEXT), m2 = mac_of("02:00:00:00:00:66");
	struct neigh_question q;

	for (uint32_t i = 0; i < 1000; i++) {
		struct addr a = addr_v4(0x0a000000 + i);

		cr_assert(neigh_heard(c, 0, &a, &m1, 0));
		cr_expect_not(neigh_heard(c, 0, &a, &m2, 0));
		neigh_claimed(c, 0, &a, &m2, 0);
	}
	cr_expect_not(neigh_tx(c, 10 * second, &q));
	neigh_check(c);
	neigh_free(c);
}

/* Whatever happens, nobody is asked twice within a second. */
Test(hostile, no_history_makes_us_ask_twice_in_a_second, .timeout = 60)
{
	enum { HOSTS = 8 };
	struct neigh_cache *c = neigh_new(9);
	struct mac m[2] = {mac_of(PEER_MAC_TEXT), mac_of("02:00:00:00:00:66")}, got;
	usec_t asked[HOSTS] = {0}, now = 10 * second;
	struct prng p;

	prng_init(&p, 11);
	for (unsigned i = 0; i < 300000; i++) {
		uint32_t host = (uint32_t)prng_below(&p, HOSTS);
		struct addr a = addr_v4(0x0a000000 + host);
		const struct mac *mac = &m[prng_below(&p, 2)];
		struct neigh_question q;

		now += prng_below(&p, 20000);
		switch (prng_below(&p, 5)) {
		case 0:
			(void)neigh_use(c, 0, &a, now, &got);
			break;
		case 1:
			(void)neigh_answered(c, 0, &a, mac, true, now);
			break;
		case 2:
			(void)neigh_heard(c, 0, &a, mac, now);
			break;
		default:
			neigh_claimed(c, 0, &a, mac, now);
			break;
		}
		while (neigh_tx(c, now, &q)) {
			uint32_t h = addr_v4_host_order(&q.addr) & 0xff;
			cr_assert(asked[h] == 0 || now - asked[h] >= second, "at step %u", i);
			asked[h] = now;
		}
	}
	neigh_check(c);
	neigh_free(c);
}

/* A station that has our address, or wants it: reported with its MAC at once, then at most once in
 * ten seconds, and the address is defended. */
Test(hostile, a_conflict_is_reported_at_a_bounded_rate_and_answered)
{
	static const struct {
		enum frame_kind kind;
		uint8_t at, value; /* Makes a claim of the frame; 0: it is one. */
		unsigned sent;	   /* Frames in 30 s of one claim each 100 ms. */
	} rows[] = {
		{FRAME_ARP_REQUEST, 31, 1, 3}, /* RFC 5227 §2.4 c. */
		{FRAME_ARP_REPLY, 31, 1, 3},	 {FRAME_NA, 77, 1, 3},
		{FRAME_DAD, 0, 0, 300}, /* RFC 4862 §5.4.3: each question is answered. */
		{FRAME_ARP_REQUEST, 28, 0, 300},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = frame_make(rows[i].kind);
		bool is6 = rows[i].kind == FRAME_NA || rows[i].kind == FRAME_DAD;
		struct addr own = addr_of(ours[is6]);
		unsigned sent = 0, reports = 0;

		if (rows[i].value != 0) {
			f.bytes[rows[i].at] = rows[i].value;
		} else if (rows[i].at != 0) {
			memset(f.bytes + 28, 0, 4); /* An ARP probe. */
		}
		frame_fix(&f);
		for (usec_t now = later; now < later + 30 * second; now += second / 10) {
			struct net_rx rx;

			(void)frame_rx_guarded(n, &f, now, &rx);
			cr_expect(now > later || rx.has_conflict, "row %zu", i);
			reports += rx.has_conflict;
			cr_expect(!rx.has_conflict || (addr_equal(&rx.conflict_addr, &own) &&
						       rx.conflict_mac.bytes[5] == 0x02),
				  "row %zu", i);
			cr_expect_not(rx.has_learned, "row %zu", i);
			sent += drain(n, now);
		}
		cr_expect_eq(reports, 3u, "row %zu: %u", i, reports);
		cr_expect_eq(sent, rows[i].sent, "row %zu: %u", i, sent);
		net_free(n);
	}
}

/* RFC 4861 §7.2.6 with the Override flag: neighbours that believed the thief come back to us. */
Test(hostile, the_defence_overrides)
{
	struct net *n = quiet_net();
	struct eth_frame f = frame_make(FRAME_NA);
	uint8_t out[FRAME_MAX];
	struct net_rx rx;
	unsigned port;

	f.bytes[77] = 1;
	frame_fix(&f);
	cr_assert_eq(frame_rx_guarded(n, &f, later, &rx), NET_DROPPED);
	cr_assert_eq(net_tx(n, out, sizeof(out), &port, later), 86u);
	cr_expect_arr_eq(out, mac_of("33:33:00:00:00:01").bytes, 6);
	cr_expect_eq(out[54], 136);
	cr_expect_eq(out[58], 0x20);
	cr_expect_eq(out[77], 1);
	net_free(n);
}

/* RFC 4862 §5.4: two of us with the same addresses on one wire notice each other when the second
 * starts, in both families and both on the old one's side and on the new one's. */
Test(hostile, a_twin_is_noticed_at_the_start)
{
	struct net *old = quiet_net();
	struct net_port_conf c = port_conf();
	struct net *twin, *from, *to;
	bool is_seen[2][2] = {{false}}; /* [who][family] */
	uint8_t out[FRAME_MAX];
	unsigned port;
	size_t len;

	c.mac = mac_of("02:00:00:00:00:99");
	twin = net_new(&c, 1, 2);
	for (unsigned round = 0; round < 8; round++) {
		from = round % 2 == 0 ? twin : old;
		to = round % 2 == 0 ? old : twin;
		while ((len = net_tx(from, out, sizeof(out), &port, later)) > 0) {
			struct frame_buf in = {.data = out, .len = (uint16_t)len};
			struct net_rx rx;

			(void)net_rx(to, 0, &in, later, &rx);
			if (rx.has_conflict) {
				is_seen[round % 2][rx.conflict_addr.family] = true;
			}
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		cr_expect(is_seen[i / 2][i % 2], "%u", i);
	}
	net_free(twin);
	net_free(old);
}
