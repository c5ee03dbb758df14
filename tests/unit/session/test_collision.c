/* Two connections with one member: whose OPEN counts, and who stays.
 * RFC 4271 §6.8, §8.2.1; RFC 6286 §2.3; RFC 6608 §3. */
#include <criterion/criterion.h>

#include "dataplane/session/collision.h"
#include "tests/unit/session/link.h"

static size_t open_message(const struct open *o, uint8_t *to)
{
	return open_encode(o, to, SESSION_OPEN_MAX);
}

/* In OpenConfirm the connection stays that was opened by whoever has the larger identifier, and of
 * equal ones the larger AS number.  Written out, not computed. */
Test(collision, in_open_confirm_the_larger_identifier_keeps_its_own)
{
	static const struct {
		uint32_t our_id, their_id;
		asn_t our_as, their_as;
		bool is_ours, is_rival_ours;
		bool has_to_yield;
	} rows[] = {
		/* We are larger: ours stays. */
		{20, 10, 1, 2, true, false, false},
		{20, 10, 1, 2, false, true, true},
		{20, 10, 2, 1, true, false, false},
		/* The member is larger: the member's stays. */
		{10, 20, 1, 2, true, false, true},
		{10, 20, 1, 2, false, true, false},
		{10, 20, 2, 1, false, true, false},
		/* Unsigned, in host order: 0x80000000 is large. */
		{0x80000000, 0x7fffffff, 1, 2, true, false, false},
		{0x7fffffff, 0x80000000, 1, 2, true, false, true},
		{0x01000000, 0x000000ff, 1, 2, true, false, false},
		/* Equal identifiers of two AS. */
		{10, 10, 2, 1, true, false, false},
		{10, 10, 2, 1, false, true, true},
		{10, 10, 1, 2, true, false, true},
		{10, 10, 1, 4200000000, false, true, false},
		/* Both opened by the member: it has given up the first. */
		{20, 10, 1, 2, false, false, true},
		{10, 20, 1, 2, false, false, true},
	};
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		alone_init(&s, &conf, FSM_OPEN_CONFIRM);
		s.conf.router_id = rows[i].our_id;
		s.conf.local_as = rows[i].our_as;
		struct open o = open_good();
		o.router_id = rows[i].their_id;
		o.asn = rows[i].their_as;
		cr_expect_eq(session_yields(&s, &o, rows[i].is_ours, rows[i].is_rival_ours, false),
			     rows[i].has_to_yield, "row %zu", i);
	}
}

/* §6.8: "causes closing of the newly created connection", whoever has opened which. */
Test(collision, an_established_session_never_yields)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	struct open o = open_good();
	alone_init(&s, &conf, FSM_ESTABLISHED);
	for (unsigned i = 0; i < 4; i++) {
		o.router_id = i < 2 ? 1 : UINT32_MAX;
		cr_expect_not(session_yields(&s, &o, i % 2 == 0, i % 2 != 0, true));
		cr_expect_not(session_yields(&s, &o, false, false, true));
	}
}

/* A connection that has not heard an OPEN is in OpenSent at most, where no collision is seen. */
Test(collision, the_first_to_hear_an_open_goes_on)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	struct open o = open_good();
	alone_init(&s, &conf, FSM_OPEN_SENT);
	for (unsigned i = 0; i < 4; i++) {
		o.router_id = i < 2 ? 1 : UINT32_MAX;
		cr_expect(session_yields(&s, &o, i % 2 == 0, i % 2 != 0, true));
	}
}

Test(collision, the_session_moves_over_from_every_state_that_can)
{
	static const enum fsm_state states[] = {FSM_OPEN_SENT, FSM_OPEN_CONFIRM};
	for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		uint8_t message[SESSION_OPEN_MAX];
		alone_init(&s, &conf, states[i]);
		session_switch(&s, ALONE_NOW + USEC_PER_SEC);
		session_check(&s);
		cr_assert_eq(s.state, FSM_OPEN_SENT);
		cr_assert_eq(session_tx(&s).len, 0u, "our OPEN is there already");
		cr_assert_eq(session_due(&s), ALONE_NOW + 241 * USEC_PER_SEC);
		/* And comes up on the other one. */
		struct open o = open_good();
		struct session_rx rx =
			session_rx(&s, span_of(message, open_message(&o, message)), ALONE_NOW);
		cr_assert_eq(rx.kind, SESSION_RX_DONE);
		cr_assert_eq(s.state, FSM_OPEN_CONFIRM);
		rx = session_rx(&s, span_of(message, message_make(BGP_KEEPALIVE, NULL, 0, message)),
				ALONE_NOW);
		cr_assert_eq(rx.kind, SESSION_RX_UP);
		session_check(&s);
	}
}

Test(collision, a_waiting_session_takes_over_an_opened_connection)
{
	static const enum fsm_state states[] = {FSM_CONNECT, FSM_ACTIVE};
	for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		alone_init(&s, &conf, states[i]);
		session_transport_opened(&s, ALONE_NOW);
		session_check(&s);
		cr_expect_eq(s.state, FSM_OPEN_SENT);
		cr_expect_eq(session_tx(&s).len, 0u, "no second OPEN");
	}
}

Test(collision, our_open_on_the_rival_is_the_sessions)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	uint8_t message[SESSION_OPEN_MAX];
	alone_init(&s, &conf, FSM_ACTIVE);
	size_t len = session_open(&s, message, sizeof(message));
	session_transport_up(&s, ALONE_NOW);
	cr_assert_eq(session_tx(&s).len, len);
	cr_assert_arr_eq(session_tx(&s).data, message, len);
}

static enum rival_verdict judge(const uint8_t *message, size_t len, struct notify *why)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	struct open open;
	conf.hold_min_s = 30;
	alone_init(&s, &conf, FSM_ESTABLISHED);
	*why = notify_make(NOTIFY_NONE, 0);
	return session_judge(&s, span_of(message, len), &open, why);
}

Test(collision, the_rivals_first_message_is_judged_as_in_open_sent)
{
	uint8_t m[BGP_MESSAGE_MAX];
	struct notify why;
	struct open o = open_good();
	size_t len = open_message(&o, m);
	for (size_t cut = 0; cut < len; cut++) {
		cr_assert_eq(judge(m, cut, &why), RIVAL_MORE, "%zu bytes", cut);
	}
	cr_expect_eq(judge(m, len, &why), RIVAL_OPEN);
	m[0] = 0;
	cr_expect(judge(m, len, &why) == RIVAL_BAD && why.code == NOTIFY_HEADER);
	o.asn++;
	len = open_message(&o, m);
	cr_expect(judge(m, len, &why) == RIVAL_BAD && why.code == NOTIFY_OPEN &&
		  why.subcode == NOTIFY_OPEN_PEER_AS);
	o = open_good();
	o.hold_s = 20;
	len = open_message(&o, m);
	cr_expect(judge(m, len, &why) == RIVAL_BAD && why.subcode == NOTIFY_OPEN_HOLD_TIME);
	len = message_make(BGP_KEEPALIVE, NULL, 0, m);
	cr_expect(judge(m, len, &why) == RIVAL_BAD && why.code == NOTIFY_FSM && why.subcode == 1);
	cr_expect(why.data_len == 1 && why.data[0] == BGP_KEEPALIVE); /* RFC 6608 §4. */
	const uint8_t cease[2] = {NOTIFY_CEASE, NOTIFY_CEASE_REJECTED};
	len = message_make(BGP_NOTIFICATION, cease, sizeof(cease), m);
	cr_expect_eq(judge(m, len, &why), RIVAL_ENDED);
}
