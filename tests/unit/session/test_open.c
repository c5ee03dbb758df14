/* What an OPEN must hold to be taken, and what both sides then agree on.
 * RFC 4271 §4.2, §6.2; RFC 4760 §8; RFC 5492 §5; RFC 6286; RFC 6793; RFC 7607;
 * RFC 9234 §4.2. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "rib/table/wire_form.h"
#include "tests/unit/session/link.h"

static struct session_rx hear_open(struct session *s, const struct session_conf *conf,
				   const struct open *o)
{
	uint8_t message[128];
	alone_init(s, conf, FSM_OPEN_SENT);
	size_t len = open_encode(o, message, sizeof(message));
	struct session_rx rx = session_rx(s, span_of(message, len), ALONE_NOW);
	cr_assert(rx.consumed == len);
	session_check(s);
	return rx;
}

struct open_case {
	const char *name;
	struct open open;
	uint16_t hold_min_s;
	asn_t peer_as;
	uint8_t subcode; /* 0: accepted. */
};

#define GOOD                                                                                       \
	.asn = 64501, .hold_s = 90, .router_id = 0xc6120002, .has_as4 = true, .has_refresh = true, \
	.has_multiprotocol = true, .families = {true, true}

Test(open, faults_are_answered_with_their_subcode)
{
	/* Every case is the good OPEN with one thing changed after it. */
	struct open good = {GOOD};
	struct open_case cases[] = {
		{"good", good, 0, 64501, 0},
		{"other AS", good, 0, 64502, NOTIFY_OPEN_PEER_AS},
		{"our identifier, other AS", good, 0, 64501, 0},
		{"our identifier, our AS", good, 0, 64500, NOTIFY_OPEN_BGP_ID},
		{"hold below the minimum", good, 91, 64501, NOTIFY_OPEN_HOLD_TIME},
		{"hold at the minimum", good, 90, 64501, 0},
		{"no hold timer, none asked", good, 0, 64501, 0},
		{"no hold timer, one asked", good, 3, 64501, NOTIFY_OPEN_HOLD_TIME},
		{"hold 1", good, 0, 64501, NOTIFY_OPEN_HOLD_TIME},
		{"hold 2", good, 0, 64501, NOTIFY_OPEN_HOLD_TIME},
		{"no common family", good, 0, 64501, NOTIFY_OPEN_CAPABILITY},
		{"AS of four octets", good, 0, 4200000001, 0},
		{"AS_TRANS without capability", good, 0, 4200000001, NOTIFY_OPEN_PEER_AS},
	};
	cases[2].open.router_id = cases[3].open.router_id = link_conf(0).router_id;
	cases[3].open.asn = 64500;
	cases[6].open.hold_s = cases[7].open.hold_s = 0;
	cases[8].open.hold_s = 1;
	cases[9].open.hold_s = 2;
	cases[10].open.families[FAMILY_IPV4] = cases[10].open.families[FAMILY_IPV6] = false;
	cases[10].open.families[FAMILY_IPV6] = true;
	cases[11].open.asn = cases[12].open.asn = 4200000001;
	cases[12].open.has_as4 = false;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		conf.hold_min_s = cases[i].hold_min_s;
		conf.peer_as = cases[i].peer_as;
		conf.families[FAMILY_IPV6] = i != 10;
		struct session_rx rx = hear_open(&s, &conf, &cases[i].open);
		if (cases[i].subcode == 0) {
			cr_expect(rx.kind == SESSION_RX_DONE, "%s", cases[i].name);
			cr_expect(s.state == FSM_OPEN_CONFIRM, "%s", cases[i].name);
			continue;
		}
		struct notify n = sent_notify(&s);
		cr_expect(rx.kind == SESSION_RX_DOWN && s.want == SESSION_WANT_CLOSE, "%s",
			  cases[i].name);
		cr_expect(n.code == NOTIFY_OPEN && n.subcode == cases[i].subcode, "%s: %u/%u",
			  cases[i].name, n.code, n.subcode);
		cr_expect(s.stats.messages_in[0] == 1 && !session_take_down(&s), "%s",
			  cases[i].name);
	}
}

/* RFC 4271 §6.2: the data is the version that we speak; RFC 7607: AS 0. */
Test(open, syntax_faults_are_answered_too)
{
	static const struct {
		size_t at; /* In the body. */
		uint8_t value;
		uint8_t subcode;
	} cases[] = {{0, 3, NOTIFY_OPEN_VERSION},
		     {0, 5, NOTIFY_OPEN_VERSION},
		     {9, 200, 0 /* Unspecific: optional parameters longer than the message. */},
		     {10, 9, NOTIFY_OPEN_OPTIONAL}};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		uint8_t message[128];
		struct open o = open_good();
		size_t len = open_encode(&o, message, sizeof(message));
		message[BGP_HEADER_LEN + cases[i].at] = cases[i].value;
		alone_init(&s, &conf, FSM_OPEN_SENT);
		cr_expect(session_rx(&s, span_of(message, len), ALONE_NOW).kind == SESSION_RX_DOWN);
		struct notify n = sent_notify(&s);
		cr_expect(n.code == NOTIFY_OPEN && n.subcode == cases[i].subcode, "%zu: %u/%u", i,
			  n.code, n.subcode);
	}
}

/* RFC 4760 §8: what both offer; without capability 1 that is IPv4. */
Test(open, families_are_those_that_both_offer)
{
	for (unsigned bits = 0; bits < 16; bits++) {
		struct session_conf conf = link_conf(0);
		struct open o = open_good();
		bool expected[FAMILY_COUNT];
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			conf.families[f] = bits >> f & 1;
			o.families[f] = bits >> (2 + f) & 1;
		}
		bool says_nothing = bits >> 2 == 0;
		expected[FAMILY_IPV4] =
			conf.families[FAMILY_IPV4] && (o.families[FAMILY_IPV4] || says_nothing);
		expected[FAMILY_IPV6] = conf.families[FAMILY_IPV6] && o.families[FAMILY_IPV6];
		if ((bits & 3) == 0) {
			continue; /* No family configured: not a session. */
		}
		struct session s;
		struct session_rx rx = hear_open(&s, &conf, &o);
		bool has_any = expected[0] || expected[1];
		cr_expect(rx.kind == (has_any ? SESSION_RX_DONE : SESSION_RX_DOWN), "%x", bits);
		if (has_any) {
			cr_expect(s.terms.opts.families[0] == expected[0], "%x", bits);
			cr_expect(s.terms.opts.families[1] == expected[1], "%x", bits);
		}
	}
}

/* RFC 5492 §5: the data is what we missed, so that the other side can say so. */
Test(open, a_missing_family_is_named)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	conf.families[FAMILY_IPV4] = false;
	struct open o = open_good();
	o.families[FAMILY_IPV6] = false;
	hear_open(&s, &conf, &o);
	static const uint8_t mp_ipv6[] = {1, 4, 0, 2, 0, 1};
	struct notify n = sent_notify(&s);
	cr_expect(n.subcode == NOTIFY_OPEN_CAPABILITY && n.data_len == sizeof(mp_ipv6));
	cr_expect(memcmp(n.data, mp_ipv6, sizeof(mp_ipv6)) == 0);
}

/* RFC 6793 §4.1. */
Test(open, four_octet_as_numbers_need_both_sides)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	struct open o = open_good();
	hear_open(&s, &conf, &o);
	cr_expect(s.terms.opts.is_as4);
	o.has_as4 = false;
	hear_open(&s, &conf, &o);
	cr_expect(s.state == FSM_OPEN_CONFIRM && !s.terms.opts.is_as4);
}

Test(open, ours_offers_what_is_configured)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	conf.local_as = 4200000000;
	conf.hold_s = 30;
	conf.families[FAMILY_IPV6] = false;
	session_init(&s, &conf, 1, ALONE_NOW);
	session_enable(&s, ALONE_NOW);
	session_transport_up(&s, ALONE_NOW);
	struct frame f;
	struct notify why;
	struct open o;
	cr_assert(frame_next(session_tx(&s), BGP_MESSAGE_MAX, &f, &why) == FRAME_OK);
	cr_assert(f.type == BGP_OPEN && f.len == session_tx(&s).len);
	cr_assert(open_decode(f.body, &o, &why));
	cr_expect(o.asn == 4200000000 && o.hold_s == 30 && o.router_id == conf.router_id);
	cr_expect(o.has_as4 && o.has_refresh && o.has_multiprotocol);
	cr_expect(o.families[FAMILY_IPV4] && !o.families[FAMILY_IPV6]);
}

Test(open, refusals_are_told_with_their_numbers)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	struct open o = open_good();
	char text[NOTIFY_TEXT_MAX];
	o.asn = 64999;
	hear_open(&s, &conf, &o);
	cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)),
			 "we sent OPEN: Bad Peer AS (peer is AS 64999, configured is AS 64501)");
	o = open_good();
	o.hold_s = 9;
	conf.hold_min_s = 30;
	hear_open(&s, &conf, &o);
	cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)),
			 "we sent OPEN: Unacceptable Hold Time (peer offers 9 s, the minimum is "
			 "30 s)");
}

/* RFC 9234 §5, egress 1 and 2: as our role has it, the same for both families. */
static void check_classes(const struct session *s, unsigned ours)
{
	static const uint8_t wanted[8] = {
		[ROLE_PROVIDER] = WIRE_CLASS_OTC_ADD,
		[ROLE_RS] = WIRE_CLASS_OTC_ADD,
		[ROLE_RS_CLIENT] = WIRE_CLASS_OTC_DENY,
		[ROLE_CUSTOMER] = WIRE_CLASS_OTC_DENY,
		[ROLE_PEER] = WIRE_CLASS_OTC_ADD | WIRE_CLASS_OTC_DENY,
	};
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		cr_expect(s->terms.class_idx[f] == wanted[ours], "%u", ours);
	}
}

/* RFC 9234 §4.2: all pairs of roles, a role that is missing on either side, and strict mode. */
Test(open, roles_must_fit_where_both_say_one)
{
	static const uint8_t pair[] = {[ROLE_PROVIDER] = ROLE_CUSTOMER,
				       [ROLE_RS] = ROLE_RS_CLIENT,
				       [ROLE_RS_CLIENT] = ROLE_RS,
				       [ROLE_CUSTOMER] = ROLE_PROVIDER,
				       [ROLE_PEER] = ROLE_PEER};
	enum { NONE = 7, STRICT = 8 }; /* 5 and 6 have no name yet. */
	for (unsigned ours = 0; ours < 16; ours++) {
		for (unsigned theirs = 0; theirs <= NONE; theirs++) {
			unsigned role = ours % STRICT;
			if (role > ROLE_PEER && role != NONE) {
				continue;
			}
			struct session s;
			struct session_conf conf = link_conf(0);
			struct open o = open_good();
			conf.has_role = role != NONE;
			conf.role = (uint8_t)(conf.has_role ? role : 0);
			conf.is_role_strict = ours >= STRICT;
			o.has_role = theirs != NONE;
			o.role = (uint8_t)(o.has_role ? theirs : 0);
			bool is_taken = !conf.has_role ||
					(o.has_role ? theirs == pair[role] : !conf.is_role_strict);
			struct session_rx rx = hear_open(&s, &conf, &o);
			cr_expect(rx.kind == (is_taken ? SESSION_RX_DONE : SESSION_RX_DOWN),
				  "%u %u", ours, theirs);
			if (is_taken) {
				/* §4.2: ours counts, whatever the member said. */
				cr_expect(s.terms.opts.has_role == conf.has_role &&
					  s.terms.opts.role == conf.role &&
					  s.terms.opts.peer_as == conf.peer_as);
				check_classes(&s, role);
				continue;
			}
			struct notify n = sent_notify(&s);
			cr_expect(n.code == NOTIFY_OPEN && n.subcode == NOTIFY_OPEN_ROLE &&
				  n.data_len == 0);
		}
	}
}

/* RFC 9234 §4.2: equal ones are one; the last of these OPENs has an rs-client and a peer. */
Test(open, role_refusals_are_told_in_words)
{
	static const struct {
		bool has_role;
		uint8_t role;
		const char *text;
	} cases[] = {
		{true, ROLE_PROVIDER, "peer says it is our provider, we are configured as its rs"},
		{true, 77, "peer says it is our role 77, we are configured as its rs"},
		{false, 0, "peer says no role, we are configured as its rs"},
	};
	char text[NOTIFY_TEXT_MAX], wanted[NOTIFY_TEXT_MAX];
	struct session s;
	struct session_conf conf = link_conf(0);
	conf.has_role = conf.is_role_strict = true;
	conf.role = ROLE_RS;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct open o = open_good();
		o.has_role = cases[i].has_role;
		o.role = cases[i].role;
		hear_open(&s, &conf, &o);
		snprintf(wanted, sizeof(wanted), "we sent OPEN: Role Mismatch (%s)", cases[i].text);
		cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)), wanted);
	}
	static const uint8_t several[] = {
		4, 0xfb, 0xf5,		 0, 90, 198,	  18, 0, 2, 8, 2, 6,
		9, 1,	 ROLE_RS_CLIENT, 9, 1,	ROLE_PEER};
	uint8_t message[64];
	size_t len = message_make(BGP_OPEN, several, sizeof(several), message);
	alone_init(&s, &conf, FSM_OPEN_SENT);
	session_rx(&s, span_of(message, len), ALONE_NOW);
	cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)),
			 "we sent OPEN: Role Mismatch (peer says several roles, which differ)");
	static const uint8_t refusal[] = {NOTIFY_OPEN, NOTIFY_OPEN_ROLE};
	len = message_make(BGP_NOTIFICATION, refusal, sizeof(refusal), message);
	alone_init(&s, &conf, FSM_OPEN_SENT);
	session_rx(&s, span_of(message, len), ALONE_NOW);
	cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)),
			 "peer sent OPEN: Role Mismatch (we are configured as its rs)");
}
