/* Seeded mutations of good frames: nothing crashes, reads past the frame, grows, or answers with
 * anything but well-formed frames.  RFC 1122 §1.2.2 in spirit. */
#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "tests/unit/net/frames.h"

static void mutate(struct eth_frame *f, struct prng *p)
{
	for (uint64_t i = prng_below(p, 4); i > 0; i--) {
		f->bytes[prng_below(p, f->len)] = (uint8_t)prng_u64(p);
	}
	if (prng_chance(p, 1, 3)) {
		f->bytes[prng_below(p, f->len)] ^= (uint8_t)(1u << prng_below(p, 8));
	}
	if (prng_chance(p, 1, 4)) {
		f->len = prng_below(p, f->len + 1);
	} else if (prng_chance(p, 1, 8)) {
		f->len += prng_below(p, 64);
	}
	/* With good sums the deeper layers are reached. */
	if (f->len >= 54 + 4 && (f->bytes[14] & 15) >= 5 && (f->bytes[14] & 15) <= 10 &&
	    prng_chance(p, 3, 4)) {
		frame_fix(f);
	}
}

/* What we send is from us, of a known type, and long enough for its type. */
static void check_sent(const uint8_t *out, size_t len, unsigned port)
{
	struct mac own = mac_of(OUR_MAC_TEXT);
	bool is_tagged = out[12] == 0x81 && out[13] == 0;
	unsigned at = is_tagged ? 16 : 12;
	unsigned type = (unsigned)out[at] << 8 | out[at + 1];

	cr_assert_geq(len, at + 30u);
	cr_assert_leq(len, at + 1502u);
	cr_assert_eq(is_tagged, port == 1);
	cr_assert_eq(memcmp(out + 6, own.bytes, 6), 0);
	cr_assert(type == 0x0806 || type == 0x0800 || type == 0x86dd);
}

/* An untagged port and one in VLAN 100 with the same addresses: a frame is good for both. */
static struct net *two_ports(bool has_kernel)
{
	struct net_port_conf c[2] = {port_conf(), port_conf()};

	c[1].vlan = 100;
	c[1].has_kernel = has_kernel;
	struct net *n = net_new(c, 2, 1);
	cr_assert_not_null(n);
	settle(n);
	return n;
}

static void run(uint64_t seed, unsigned rounds)
{
	struct net *n = two_ports(seed % 2 == 0);
	struct prng p;
	uint64_t drops = 0, dropped = 0, tcp = 0, handled = 0;
	usec_t now = 20 * USEC_PER_SEC;

	prng_init(&p, seed);
	for (unsigned i = 0; i < rounds; i++) {
		struct eth_frame f = frame_make((enum frame_kind)prng_below(&p, FRAME_KIND_COUNT));
		struct net_rx rx;
		uint8_t out[FRAME_MAX];
		unsigned port;
		size_t len;

		mutate(&f, &p);
		if (f.len >= 14 && prng_chance(&p, 1, 2)) {
			frame_tag(&f, prng_chance(&p, 1, 8) ? (uint16_t)prng_u64(&p) : 100);
		}
		now += prng_below(&p, 100000);
		enum net_verdict verdict = frame_rx_guarded(n, &f, now, &rx);
		dropped += verdict == NET_DROPPED;
		handled += verdict == NET_HANDLED;
		tcp += verdict == NET_TCP;
		cr_assert(!rx.is_for_kernel || (rx.port == 1 && verdict == NET_HANDLED));
		while ((len = net_tx(n, out, sizeof(out), &port, now)) > 0) {
			check_sent(out, len, port);
		}
	}
	for (unsigned i = 0; i < NET_DROP_COUNT; i++) {
		drops += net_drops(n)[i];
	}
	cr_expect_geq(drops,
		      dropped); /* A conflict's answer counts once, a reply too many twice. */
	cr_expect_gt(dropped, rounds / 10);
	cr_expect_gt(handled, rounds / 20);
	cr_expect_gt(tcp, rounds / 20);
	net_free(n);
}

Test(net, mutated_frames_do_no_harm, .timeout = 60)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		run(seed, 5000);
	}
}
