/* Error reports about our segments: what is handed up, what is refused, and that nothing is read
 * past their end.  RFC 792, RFC 1191 §3 and §4, RFC 4443 §3, RFC 8201 §4, RFC 5927 §7.2. */
#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "tests/unit/net/frames.h"

enum { QUOTED_LEN = 1500, OUR_PORT = 179, PEER_PORT = 40000, ICMP4 = 34, ICMP6 = 54 };

static const uint32_t quoted_seq = 0xfedcba98;

/* What a report says; zero fields take what a router would truthfully say. */
struct report {
	uint8_t type, code;
	uint32_t mtu;
	const char *quoted_src, *quoted_dst;
	uint8_t version_words; /* First byte of the quoted packet. */
	uint8_t proto;
	uint16_t fragment; /* IPv4. */
	uint16_t len;	   /* Quoted total length. */
	size_t l4_len;	   /* Of TCP quoted; 0 = 8 bytes. */
	size_t options_len;
};

static void put_quote4(struct wr *w, const struct report *r)
{
	struct addr src = addr_of(r->quoted_src != NULL ? r->quoted_src : "198.18.0.1");
	struct addr dst = addr_of(r->quoted_dst != NULL ? r->quoted_dst : "198.18.0.2");

	wr_u8(w, r->version_words != 0 ? r->version_words : (uint8_t)(0x45 + r->options_len / 4));
	wr_u8(w, 0xc0);
	wr_u16(w, r->len != 0 ? r->len : QUOTED_LEN);
	wr_u16(w, 0);
	wr_u16(w, (uint16_t)(0x4000 | r->fragment));
	wr_u8(w, 1);
	wr_u8(w, r->proto != 0 ? r->proto : 6);
	wr_u16(w, 0);
	wr_copy(w, src.bytes, 4);
	wr_copy(w, dst.bytes, 4);
	for (size_t i = 0; i < r->options_len; i++) {
		wr_u8(w, 1);
	}
}

static void put_quote6(struct wr *w, const struct report *r)
{
	struct addr src = addr_of(r->quoted_src != NULL ? r->quoted_src : "2001:db8::1");
	struct addr dst = addr_of(r->quoted_dst != NULL ? r->quoted_dst : "2001:db8::2");

	wr_u32(w, (uint32_t)(r->version_words != 0 ? r->version_words : 0x6c) << 24);
	wr_u16(w, (uint16_t)((r->len != 0 ? r->len : QUOTED_LEN) - 40));
	wr_u8(w, r->proto != 0 ? r->proto : 6);
	wr_u8(w, 1);
	wr_copy(w, src.bytes, 16);
	wr_copy(w, dst.bytes, 16);
}

static struct eth_frame make(bool is6, const struct report *r)
{
	struct eth_frame f = frame_make(is6 ? FRAME_ECHO6 : FRAME_ECHO4);
	size_t at = is6 ? ICMP6 : ICMP4;
	struct wr w = wr_of(f.bytes + at, FRAME_MAX - at);
	uint8_t tcp[64] = {OUR_PORT >> 8, OUR_PORT & 255, PEER_PORT >> 8, PEER_PORT & 255,
			   0xfe,	  0xdc,		  0xba,		  0x98};

	wr_u8(&w, r->type);
	wr_u8(&w, r->code);
	wr_u16(&w, 0);
	wr_u32(&w, r->mtu);
	if (is6) {
		put_quote6(&w, r);
	} else {
		put_quote4(&w, r);
	}
	wr_copy(&w, tcp, r->l4_len != 0 ? r->l4_len : 8);
	f.len = at + wr_len(&w);
	size_t ip_len = f.len - 14 - (is6 ? 40 : 0);
	f.bytes[is6 ? 18 : 16] = (uint8_t)(ip_len >> 8);
	f.bytes[is6 ? 19 : 17] = (uint8_t)ip_len;
	frame_fix(&f);
	return f;
}

/* Which reports become values, and of which kind. */
Test(icmp, reports_about_our_segments_become_values)
{
	static const struct {
		bool is6;
		struct report r;
		enum icmp_kind kind;
		uint16_t mtu;
	} rows[] = {
		{false, {.type = 3, .code = 4, .mtu = 1400}, ICMP_TOO_BIG, 1400},
		{false, {.type = 3, .code = 4, .mtu = 68}, ICMP_TOO_BIG, 68},
		{false, {.type = 3, .code = 4, .mtu = 1499}, ICMP_TOO_BIG, 1499},
		{false, {.type = 3, .code = 4, .mtu = 0}, ICMP_TOO_BIG, 0},
		/* RFC 1191 §4: the upper half of the word is not the MTU. */
		{false, {.type = 3, .code = 4, .mtu = 0x12340578}, ICMP_TOO_BIG, 1400},
		{false, {.type = 3, .code = 4, .mtu = 1400, .options_len = 40}, ICMP_TOO_BIG, 1400},
		{false, {.type = 3, .code = 4, .mtu = 1400, .l4_len = 60}, ICMP_TOO_BIG, 1400},
		{false, {.type = 3, .code = 2}, ICMP_HARD, 0},
		{false, {.type = 3, .code = 3}, ICMP_HARD, 0},
		{false, {.type = 3, .code = 0}, ICMP_SOFT, 0},
		{false, {.type = 3, .code = 1}, ICMP_SOFT, 0},
		{false, {.type = 3, .code = 13}, ICMP_SOFT, 0},
		{false, {.type = 4}, ICMP_SOFT, 0}, /* RFC 6633. */
		{false, {.type = 5, .mtu = 0xc61200fe}, ICMP_SOFT, 0},
		{false, {.type = 11}, ICMP_SOFT, 0},
		{false, {.type = 12}, ICMP_SOFT, 0},
		{true, {.type = 2, .mtu = 1280}, ICMP_TOO_BIG, 1280},
		{true, {.type = 2, .mtu = 1499}, ICMP_TOO_BIG, 1499},
		{true, {.type = 2, .code = 9, .mtu = 1400}, ICMP_TOO_BIG, 1400},
		{true, {.type = 1, .code = 1}, ICMP_HARD, 0},
		{true, {.type = 1, .code = 4}, ICMP_HARD, 0},
		{true, {.type = 1, .code = 0}, ICMP_SOFT, 0},
		{true, {.type = 3}, ICMP_SOFT, 0},
		{true, {.type = 4}, ICMP_SOFT, 0},
		{true, {.type = 127}, ICMP_SOFT, 0},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = make(rows[i].is6, &rows[i].r);
		struct addr local = addr_of(rows[i].is6 ? "2001:db8::1" : "198.18.0.1");
		struct addr remote = addr_of(rows[i].is6 ? "2001:db8::2" : "198.18.0.2");
		struct net_rx rx;

		cr_assert_eq(frame_rx_guarded(n, &f, 0, &rx), NET_ICMP_ERROR, "row %zu", i);
		cr_expect_eq(only_drop(n), NET_DROP_NONE, "row %zu", i);
		cr_expect_eq(rx.icmp.kind, rows[i].kind, "row %zu", i);
		cr_expect_eq(rx.icmp.mtu, rows[i].mtu, "row %zu: %u", i, rx.icmp.mtu);
		cr_expect(addr_equal(&rx.icmp.local, &local) &&
			  addr_equal(&rx.icmp.remote, &remote));
		cr_expect_eq(rx.icmp.local_port, OUR_PORT);
		cr_expect_eq(rx.icmp.remote_port, PEER_PORT);
		cr_expect_eq(rx.icmp.seq, quoted_seq);
		cr_expect_not(net_wants_tx(n));
		net_free(n);
	}
}

Test(icmp, reports_that_cannot_be_right_are_dropped_by_name)
{
	static const struct {
		bool is6;
		struct report r;
		enum net_drop drop;
	} rows[] = {
		{false, {.type = 3, .code = 4, .mtu = 1}, NET_DROP_ICMP_MTU},
		{false, {.type = 3, .code = 4, .mtu = 67}, NET_DROP_ICMP_MTU},
		{false, {.type = 3, .code = 4, .mtu = 1500}, NET_DROP_ICMP_MTU},
		{false, {.type = 3, .code = 4, .mtu = 65535}, NET_DROP_ICMP_MTU},
		{true, {.type = 2, .mtu = 0}, NET_DROP_ICMP_MTU},
		{true, {.type = 2, .mtu = 1279}, NET_DROP_ICMP_MTU},
		{true, {.type = 2, .mtu = 1500}, NET_DROP_ICMP_MTU},
		{true, {.type = 2, .mtu = 0x00010578}, NET_DROP_ICMP_MTU},
		{true, {.type = 2, .mtu = UINT32_MAX}, NET_DROP_ICMP_MTU},
		{false, {.type = 3, .code = 4, .mtu = 1400, .proto = 17}, NET_DROP_ICMP_ERROR},
		{true, {.type = 2, .mtu = 1400, .proto = 17}, NET_DROP_ICMP_ERROR},
		/* Not what we sent: another's, another version, a later fragment. */
		{false,
		 {.type = 3, .code = 4, .mtu = 1400, .quoted_src = "198.18.0.3"},
		 NET_DROP_ICMP_QUOTE},
		{true, {.type = 2, .mtu = 1400, .quoted_src = "2001:db8::3"}, NET_DROP_ICMP_QUOTE},
		{true,
		 {.type = 2, .mtu = 1400, .quoted_src = "fe80::ff:fe00:1"},
		 NET_DROP_ICMP_QUOTE},
		{false,
		 {.type = 3, .code = 4, .mtu = 1400, .version_words = 0x65},
		 NET_DROP_ICMP_QUOTE},
		{false,
		 {.type = 3, .code = 4, .mtu = 1400, .version_words = 0x44},
		 NET_DROP_ICMP_QUOTE},
		{false,
		 {.type = 3, .code = 4, .mtu = 1400, .version_words = 0x4f},
		 NET_DROP_ICMP_QUOTE},
		{true, {.type = 2, .mtu = 1400, .version_words = 0x45}, NET_DROP_ICMP_QUOTE},
		{false, {.type = 3, .code = 4, .mtu = 1400, .fragment = 1}, NET_DROP_ICMP_QUOTE},
		{false, {.type = 3, .code = 4, .mtu = 1400, .l4_len = 7}, NET_DROP_ICMP_QUOTE},
		{true, {.type = 2, .mtu = 1400, .l4_len = 7}, NET_DROP_ICMP_QUOTE},
		{false, {.type = 3, .code = 3, .l4_len = 7}, NET_DROP_ICMP_QUOTE},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct net *n = quiet_net();
		struct eth_frame f = make(rows[i].is6, &rows[i].r);
		struct net_rx rx;

		cr_expect_eq(frame_rx_guarded(n, &f, 0, &rx), NET_DROPPED, "row %zu", i);
		enum net_drop got = only_drop(n);
		cr_expect_eq(got, rows[i].drop, "row %zu: %s", i,
			     got == NET_DROP_NONE ? "none" : net_drop_name(got));
		net_free(n);
	}
}

/* Cut at every length, with a good sum: a short quote, in memory that ends there. */
Test(icmp, a_report_cut_anywhere_is_a_short_quote)
{
	for (int is6 = 0; is6 < 2; is6++) {
		struct report r = {.type = is6 ? 2 : 3, .code = is6 ? 0 : 4, .mtu = 1400};
		size_t at = is6 ? ICMP6 : ICMP4;
		struct eth_frame whole = make(is6, &r);

		for (size_t len = at + 8; len < whole.len; len++) {
			struct net *n = quiet_net();
			struct eth_frame f = whole;
			struct net_rx rx;
			size_t ip_len = len - 14 - (is6 ? 40 : 0);

			f.len = len;
			f.bytes[is6 ? 18 : 16] = (uint8_t)(ip_len >> 8);
			f.bytes[is6 ? 19 : 17] = (uint8_t)ip_len;
			frame_fix(&f);
			cr_assert_eq(frame_rx_guarded(n, &f, 0, &rx), NET_DROPPED, "%zu", len);
			cr_expect_eq(only_drop(n), NET_DROP_ICMP_QUOTE, "%zu", len);
			net_free(n);
		}
	}
}

/* Reports full of noise: whatever comes out is about an address of ours and in bounds. */
Test(icmp, mutated_reports_do_no_harm, .timeout = 60)
{
	struct net *n = quiet_net();
	struct prng p;
	unsigned values = 0;

	prng_init(&p, 5);
	for (unsigned i = 0; i < 20000; i++) {
		bool is6 = prng_chance(&p, 1, 2);
		struct report r = {.type = is6 ? 2 : 3,
				   .code = is6 ? 0 : 4,
				   .mtu = (uint32_t)prng_below(&p, 1600)};
		struct eth_frame f = make(is6, &r);
		struct net_rx rx;

		for (uint64_t k = prng_below(&p, 4); k > 0; k--) {
			size_t at = (is6 ? ICMP6 : ICMP4) + prng_below(&p, 36);
			f.bytes[at] = (uint8_t)prng_u64(&p);
		}
		frame_fix(&f);
		if (frame_rx_guarded(n, &f, 0, &rx) == NET_ICMP_ERROR) {
			values++;
			cr_assert(net_is_ours(n, &rx.icmp.local));
			cr_assert(rx.icmp.mtu == 0 ||
				  rx.icmp.mtu >= (is6 ? ICMP6_MTU_MIN : ICMP4_MTU_MIN));
		}
	}
	cr_expect_gt(values, 5000u);
	net_free(n);
}
