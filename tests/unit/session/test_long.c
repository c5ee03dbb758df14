/* Messages of up to 65,535 octets, and IPv4 prefixes with IPv6 next hops: who may send what.
 * RFC 8654 §3–5; RFC 8950 §4. */
#include <criterion/criterion.h>

#include "dataplane/session/session_priv.h"
#include "rib/table/wire_form.h"
#include "tests/unit/session/link.h"

/* A session that has heard an OPEN, and is established. */
static void bring_up(struct session *s, const struct session_conf *conf, const struct open *o)
{
	uint8_t message[128];
	alone_init(s, conf, FSM_OPEN_SENT);
	size_t len = open_encode(o, message, sizeof(message));
	cr_assert(session_rx(s, span_of(message, len), ALONE_NOW).kind == SESSION_RX_DONE);
	len = message_make(BGP_KEEPALIVE, NULL, 0, message);
	cr_assert(session_rx(s, span_of(message, len), ALONE_NOW).kind == SESSION_RX_UP);
}

/* A message of `len` octets that is all zeros behind its header. */
static struct session_rx hear(struct session *s, enum bgp_type type, size_t len)
{
	static const uint8_t zeros[UINT16_MAX];
	static uint8_t message[UINT16_MAX];
	cr_assert(message_make(type, zeros, len - BGP_HEADER_LEN, message) == len);
	return session_rx(s, span_of(message, len), ALONE_NOW);
}

/* What we have advertised binds us; what the other has advertised allows us. */
Test(long, each_side_allows_for_itself)
{
	for (unsigned bits = 0; bits < 16; bits++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		struct open o = open_good();
		conf.has_extended_message = bits & 1;
		o.has_extended_message = bits >> 1 & 1;
		conf.has_next_hop6 = bits >> 2 & 1;
		o.has_next_hop6 = bits >> 3 & 1;
		bring_up(&s, &conf, &o);
		unsigned is_long = (bits & 3) == 3 ? WIRE_CLASS_LONG : 0;
		unsigned has_6 = bits >> 2 == 3 ? WIRE_CLASS_NEXT_HOP6 : 0;
		cr_expect(s.terms.class_idx[FAMILY_IPV4] == (is_long | has_6), "%x", bits);
		cr_expect(s.terms.class_idx[FAMILY_IPV6] == is_long, "%x", bits);
		cr_expect(s.terms.opts.has_next_hop6 == (has_6 != 0), "%x", bits);
		cr_expect(s.terms.message_max ==
				  (conf.has_extended_message ? UINT16_MAX : BGP_MESSAGE_MAX),
			  "%x", bits);
		cr_expect(session_offer(&conf).has_extended_message == conf.has_extended_message);
		cr_expect(session_offer(&conf).has_next_hop6 == conf.has_next_hop6);
	}
}

/* RFC 8654 §4, §5: exactly up to what was advertised; beyond it Bad Message Length. */
Test(long, updates_and_refreshes_may_have_any_length_where_advertised)
{
	static const enum bgp_type types[] = {BGP_UPDATE, BGP_NOTIFICATION, BGP_ROUTE_REFRESH};
	static const size_t lens[] = {BGP_MESSAGE_MAX, BGP_MESSAGE_MAX + 1, UINT16_MAX};
	for (size_t t = 0; t < ARRAY_COUNT(types); t++) {
		for (size_t i = 0; i < 2 * ARRAY_COUNT(lens); i++) {
			struct session s;
			struct session_conf conf = link_conf(0);
			struct open o = open_good();
			size_t len = lens[i / 2];
			conf.has_extended_message = i % 2;
			bring_up(&s, &conf, &o);
			struct session_rx rx = hear(&s, types[t], len);
			cr_expect(rx.consumed == len);
			bool is_heard = conf.has_extended_message || len <= BGP_MESSAGE_MAX;
			cr_expect((s.stats.messages_in[types[t]] == 1) == is_heard, "%zu %zu", t,
				  i);
			if (types[t] == BGP_UPDATE && is_heard) {
				cr_expect(rx.kind == SESSION_RX_UPDATE &&
					  rx.body.len == len - BGP_HEADER_LEN);
			}
			if (!is_heard) {
				struct notify n = sent_notify(&s);
				cr_expect(n.code == NOTIFY_HEADER &&
					  n.subcode == NOTIFY_HEADER_LENGTH && n.data_len == 2 &&
					  (n.data[0] << 8 | n.data[1]) == (int)len);
			}
		}
	}
}

/* RFC 8654 §4: OPEN and KEEPALIVE keep their limits, and are answered with the length. */
Test(long, opens_and_keepalives_are_never_longer)
{
	static const struct {
		enum bgp_type type;
		size_t len;
	} cases[] = {{BGP_OPEN, BGP_MESSAGE_MAX + 1},
		     {BGP_OPEN, UINT16_MAX},
		     {BGP_KEEPALIVE, BGP_HEADER_LEN + 1},
		     {BGP_KEEPALIVE, UINT16_MAX}};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		struct open o = open_good();
		conf.has_extended_message = o.has_extended_message = true;
		bring_up(&s, &conf, &o);
		hear(&s, cases[i].type, cases[i].len);
		struct notify n = sent_notify(&s);
		cr_expect(n.code == NOTIFY_HEADER && n.subcode == NOTIFY_HEADER_LENGTH, "%zu", i);
	}
}

/* Before the member's OPEN nothing is agreed: its OPEN may not be longer either. */
Test(long, nothing_is_longer_before_the_open)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	conf.has_extended_message = true;
	alone_init(&s, &conf, FSM_OPEN_SENT);
	hear(&s, BGP_UPDATE, BGP_MESSAGE_MAX + 1);
	struct notify n = sent_notify(&s);
	cr_expect(n.code == NOTIFY_HEADER && n.subcode == NOTIFY_HEADER_LENGTH);
}
