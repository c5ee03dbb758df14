/* Handshakes without state: what comes back in the last ACK is all that there is.
 * RFC 4987 §3.6, RFC 7323, RFC 9293 §3.10.7. */
#include <criterion/criterion.h>

#include "dataplane/tcp/cookie.h"
#include "rib/base/prng.h"

#define KEY UINT64_C(0x1234567890abcdef)
#define NOW (1000 * USEC_PER_SEC + 7)

static struct tcp_conf conf_of(enum family family)
{
	const uint8_t v6[2][16] = {{0x20, 1, 0xd, 0xb8, [15] = 1}, {0x20, 1, 0xd, 0xb8, [15] = 2}};
	struct tcp_conf conf = {
		.local = {.addr = addr_v4(0xc6120001), .port = 179},
		.remote = {.addr = addr_v4(0xc6120002), .port = 40000},
		.mss = 1460,
		.rcv_buf_max = 128 * 1024,
		.snd_buf_max = 256 * 1024,
		.ts_offset = 0xfffffff0,
	};
	if (family == FAMILY_IPV6) {
		conf.local.addr = addr_make(FAMILY_IPV6, v6[0]);
		conf.remote.addr = addr_make(FAMILY_IPV6, v6[1]);
	}
	return conf;
}

static struct seg syn_with(bool has_ts, uint16_t mss, uint8_t wscale, bool has_sack)
{
	return (struct seg){.seq = 0xfffffffe,
			    .flags = TCP_SYN,
			    .window = 64240,
			    .mss = mss,
			    .wscale = wscale,
			    .has_ts = has_ts,
			    .ts_val = 5000,
			    .has_sack_permitted = has_sack};
}

/* The ACK with which a client completes the handshake. */
static struct seg answer_to(const struct seg *syn, const struct seg *syn_ack)
{
	return (struct seg){.seq = syn->seq + 1,
			    .ack = syn_ack->seq + 1,
			    .flags = TCP_ACK,
			    .window = 500,
			    .wscale = 0xff,
			    .has_ts = syn->has_ts,
			    .ts_val = 5003,
			    .ts_ecr = syn_ack->ts_val};
}

struct shake {
	struct tcp_conf conf;
	struct seg syn, syn_ack, ack;
};

static struct shake shake_of(bool has_ts)
{
	struct shake s = {.conf = conf_of(FAMILY_IPV4), .syn = syn_with(has_ts, 1460, 7, true)};
	cr_assert(tcp_cookie_answer(&s.conf, &s.syn, KEY, NOW, &s.syn_ack));
	s.ack = answer_to(&s.syn, &s.syn_ack);
	return s;
}

static bool opens(const struct tcp_conf *conf, const struct seg *ack, uint64_t key, usec_t now)
{
	struct tcp *c = tcp_cookie_open(conf, ack, key, now);
	bool is_open = c != NULL && tcp_state(c) == TCP_ESTABLISHED;
	cr_assert(c == NULL || is_open, "a connection in %s", tcp_state_text(tcp_state(c)));
	if (c != NULL) {
		tcp_check(c);
	}
	tcp_free(c);
	return is_open;
}

Test(cookie, every_offer_comes_back_from_the_last_ack)
{
	static const uint16_t mss[] = {0, 88, 536, 1220, 1400, 1440, 1460, 8960, 65535};
	static const uint8_t wscale[] = {0xff, 0, 1, 7, 14, 200};
	unsigned count = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct tcp_conf conf = conf_of((enum family)f);
		for (size_t i = 0; i < ARRAY_COUNT(mss) * ARRAY_COUNT(wscale) * 4; i++) {
			struct seg syn_ack, syn = syn_with(i % 2 != 0, mss[i / 4 % 9],
							   wscale[i / 36], i / 2 % 2 != 0);
			cr_assert(tcp_cookie_answer(&conf, &syn, KEY, NOW, &syn_ack));
			cr_assert_eq(syn_ack.flags, TCP_SYN | TCP_ACK);
			cr_assert_eq(syn_ack.ack, syn.seq + 1);
			cr_assert_eq(syn_ack.has_ts, syn.has_ts);
			cr_assert_eq(syn_ack.wscale != 0xff, syn.has_ts && syn.wscale != 0xff);
			struct seg ack = answer_to(&syn, &syn_ack);
			cr_assert(opens(&conf, &ack, KEY, NOW + 3000), "case %zu", i);
			count++;
		}
	}
	cr_assert_eq(count, 2u * 9 * 6 * 4);
}

/* RFC 7323 §2.2: the peer's window of 500 counts as 500 · 2⁷ when both sides scale. */
Test(cookie, the_connection_knows_what_was_negotiated)
{
	for (unsigned has_ts = 0; has_ts < 2; has_ts++) {
		struct shake s = shake_of(has_ts != 0);
		static const uint8_t bytes[3000];
		struct seg out;
		struct tcp *c = tcp_cookie_open(&s.conf, &s.ack, KEY, NOW + 3000);
		cr_assert(c != NULL);
		cr_assert(sendq_push_ref(tcp_sendq(c), span_of(bytes, sizeof(bytes))));
		cr_assert(tcp_tx(c, &out, NOW + 3000));
		cr_expect_eq(out.has_ts, has_ts != 0);
		/* Without a scale a window of 500 is 500; the MSS is less the option's 12. */
		cr_expect_eq(out.payload.len, has_ts ? 1448u : 500u);
		cr_expect_eq(out.seq, s.syn_ack.seq + 1);
		cr_expect_eq(out.ack, s.syn.seq + 1);
		tcp_check(c);
		tcp_free(c);
	}
}

/* The first segment may be the OPEN when the bare ACK was lost. */
Test(cookie, payload_on_the_last_ack_is_taken_in)
{
	struct shake s = shake_of(true);
	s.ack.payload = span_of("hello", 5);
	struct tcp *c = tcp_cookie_open(&s.conf, &s.ack, KEY, NOW + 3000);
	cr_assert(c != NULL);
	cr_assert_eq(tcp_peek(c).len, 5u);
	cr_assert_arr_eq(tcp_peek(c).data, "hello", 5);
	tcp_free(c);
}

/* RFC 6298 §2: nothing tells when our SYN+ACK left unless the ACK echoes its timestamp; so there is
 * no sample, and the first timeout is a second. */
Test(cookie, without_timestamps_no_round_trip_is_measured)
{
	for (unsigned has_ts = 0; has_ts < 2; has_ts++) {
		struct shake s = shake_of(has_ts != 0);
		struct tcp *c = tcp_cookie_open(&s.conf, &s.ack, KEY, NOW + 300 * USEC_PER_MSEC);
		cr_assert(c != NULL);
		cr_expect_eq(tcp_stats(c)->srtt_us, has_ts ? 300 * USEC_PER_MSEC : 0);
		cr_expect_eq(tcp_stats(c)->rto_us, has_ts ? 900 * USEC_PER_MSEC : USEC_PER_SEC,
			     "%u", tcp_stats(c)->rto_us);
		tcp_check(c);
		tcp_free(c);
	}
}

Test(cookie, it_is_good_for_its_time_and_no_longer)
{
	for (unsigned has_ts = 0; has_ts < 2; has_ts++) {
		struct shake s = shake_of(has_ts != 0);
		cr_expect(opens(&s.conf, &s.ack, KEY, NOW));
		cr_expect(opens(&s.conf, &s.ack, KEY, NOW + TCP_COOKIE_US));
		cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW + 2 * TCP_COOKIE_US + 1));
	}
	struct shake s = shake_of(true);
	cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW + TCP_COOKIE_US + 2 * USEC_PER_MSEC));
	cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW - 2 * USEC_PER_MSEC), "from the future");
}

Test(cookie, nothing_of_it_can_be_changed)
{
	for (unsigned has_ts = 0; has_ts < 2; has_ts++) {
		struct shake good = shake_of(has_ts != 0), s = good;
		for (unsigned bit = 0; bit < 32; bit++) {
			s = good;
			s.ack.ack ^= 1u << bit;
			cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW), "ack, bit %u", bit);
			s = good;
			s.ack.seq ^= 1u << bit;
			cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW), "seq, bit %u", bit);
		}
		s = good;
		s.conf.remote.port++;
		cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW));
		s = good;
		s.conf.remote.addr = addr_v4(0xc6120003);
		cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW));
		s = good;
		s.conf.local.addr = addr_v4(0xc6120003);
		cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW));
		cr_expect_not(opens(&good.conf, &good.ack, KEY + 1, NOW));
		s = good;
		s.ack.has_ts = !s.ack.has_ts;
		cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW));
		static const uint8_t flags[] = {0, TCP_SYN | TCP_ACK, TCP_RST | TCP_ACK, TCP_FIN};
		for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
			s = good;
			s.ack.flags = flags[i];
			cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW));
		}
	}
}

Test(cookie, guesses_do_not_open)
{
	struct shake s = shake_of(false);
	struct prng prng;
	prng_init(&prng, 1);
	for (unsigned i = 0; i < 200000; i++) {
		s.ack.ack = (uint32_t)prng_u64(&prng);
		s.ack.has_ts = i % 2 != 0;
		s.ack.ts_ecr = (uint32_t)prng_u64(&prng);
		cr_assert_not(opens(&s.conf, &s.ack, KEY, NOW));
	}
}

/* Linux leaves timestamps out of a SYN beside MD5, others may not; with SACK we do without them.
 * The MAC proves the ACK, so window scale and SACK are kept. */
Test(tcp, beside_md5_a_cookie_keeps_window_scale_and_sack)
{
	for (unsigned mode = 0; mode < 4; mode++) {
		bool has_ts = mode % 2 != 0, has_sack = mode >= 2;
		struct shake s = {.conf = conf_of(FAMILY_IPV4),
				  .syn = syn_with(has_ts, 1460, 7, has_sack)};

		s.conf.auth = s.syn.auth = SEG_AUTH_MD5;
		s.conf.mac_len = s.syn.mac_len = SEG_MD5_LEN;
		cr_assert(tcp_cookie_answer(&s.conf, &s.syn, KEY, NOW, &s.syn_ack));
		cr_expect_eq(s.syn_ack.has_ts, has_ts && !has_sack, "mode %u", mode);
		cr_expect_eq(s.syn_ack.has_sack_permitted, has_sack, "mode %u", mode);
		cr_expect_neq(s.syn_ack.wscale, 0xff, "mode %u", mode);
		s.ack = answer_to(&s.syn, &s.syn_ack);
		s.ack.has_ts = s.syn_ack.has_ts;
		s.ack.auth = SEG_AUTH_MD5;
		cr_expect(opens(&s.conf, &s.ack, KEY, NOW + 5000), "mode %u", mode);
		s.ack.ack++;
		cr_expect_not(opens(&s.conf, &s.ack, KEY, NOW + 5000), "mode %u", mode);
	}
}
