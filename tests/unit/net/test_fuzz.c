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
static void check_sent(const uint8_t *out, size_t len)
{
	struct mac own = mac_of(OUR_MAC_TEXT);
	unsigned type = (unsigned)out[12] << 8 | out[13];

	cr_assert_geq(len, 42u);
	cr_assert_leq(len, 1514u);
	cr_assert_eq(memcmp(out + 6, own.bytes, 6), 0);
	cr_assert(type == 0x0806 || type == 0x0800 || type == 0x86dd);
}

static void run(uint64_t seed, unsigned rounds)
{
	struct net *n = quiet_net();
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
		now += prng_below(&p, 100000);
		enum net_verdict verdict = frame_rx_guarded(n, &f, now, &rx);
		dropped += verdict == NET_DROPPED;
		handled += verdict == NET_HANDLED;
		tcp += verdict == NET_TCP;
		while ((len = net_tx(n, out, sizeof(out), &port, now)) > 0) {
			check_sent(out, len);
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
