/* DelayOpen: our OPEN waits for the member's.  RFC 4271 §8.1.1, §8.2.2 (12, 16, 17, 18, 20). */
#include <criterion/criterion.h>

#include "tests/unit/session/link.h"

#define SEC	USEC_PER_SEC
#define DELAY_S 20

static void connect(struct session *s, bool is_passive)
{
	struct session_conf conf = link_conf(0);
	conf.delay_open_s = DELAY_S;
	conf.is_passive = is_passive;
	alone_init(s, &conf, FSM_IDLE);
	session_enable(s, ALONE_NOW);
	session_transport_up(s, ALONE_NOW);
	session_check(s);
}

static unsigned sent(struct session *s, enum bgp_type *out, unsigned max)
{
	struct span rest = session_tx(s);
	struct frame f;
	struct notify why;
	unsigned count = 0;
	while (rest.len > 0) {
		cr_assert(count < max && frame_next(rest, BGP_MESSAGE_MAX, &f, &why) == FRAME_OK);
		out[count++] = f.type;
		rest = span_of(rest.data + f.len, rest.len - f.len);
	}
	session_sent(s, ALONE_NOW);
	return count;
}

static void hear_open(struct session *s, asn_t asn, usec_t now)
{
	uint8_t message[OPEN_ENCODED_MAX];
	struct open o = open_good();
	o.asn = asn;
	size_t len = open_encode(&o, message, sizeof(message));
	cr_assert_eq(session_rx(s, span_of(message, len), now).consumed, len);
	session_check(s);
}

Test(delay_open, the_members_open_is_answered_with_ours)
{
	for (unsigned is_passive = 0; is_passive < 2; is_passive++) {
		struct session s;
		enum bgp_type type[4];
		connect(&s, is_passive);
		cr_expect_eq(sent(&s, type, 4), 0u, "not a word before the member's");
		cr_expect(s.want == SESSION_WANT_KEEP &&
			  session_due(&s) == ALONE_NOW + DELAY_S * SEC);
		hear_open(&s, open_good().asn, ALONE_NOW + SEC);
		cr_expect_eq(s.state, FSM_OPEN_CONFIRM);
		cr_assert_eq(sent(&s, type, 4), 2u);
		cr_expect(type[0] == BGP_OPEN && type[1] == BGP_KEEPALIVE);
		cr_expect_eq(s.terms.hold_s, 90);
	}
}

Test(delay_open, silence_ends_with_the_time)
{
	struct session s;
	enum bgp_type type[4];
	connect(&s, true);
	session_tick(&s, 0, ALONE_NOW + DELAY_S * SEC - 1);
	cr_expect_eq(sent(&s, type, 4), 0u);
	session_tick(&s, 0, ALONE_NOW + DELAY_S * SEC);
	session_check(&s);
	cr_expect_eq(s.state, FSM_OPEN_SENT);
	cr_expect(sent(&s, type, 4) == 1 && type[0] == BGP_OPEN);
	hear_open(&s, open_good().asn, ALONE_NOW + (DELAY_S + 1) * SEC);
	cr_expect(sent(&s, type, 4) == 1 && type[0] == BGP_KEEPALIVE);
}

Test(delay_open, a_faulty_open_is_told_so_and_a_lost_connection_is_waited_for)
{
	struct session s;
	connect(&s, true);
	hear_open(&s, open_good().asn + 1, ALONE_NOW);
	cr_expect_eq(sent_notify(&s).subcode, NOTIFY_OPEN_PEER_AS);
	cr_expect(s.state == FSM_IDLE && s.want == SESSION_WANT_CLOSE);
	connect(&s, true);
	session_transport_down(&s, "reset", ALONE_NOW);
	session_check(&s);
	cr_expect(s.state == FSM_ACTIVE && s.want == SESSION_WANT_LISTEN);
	connect(&s, false);
	session_transport_down(&s, "reset", ALONE_NOW);
	session_check(&s);
	cr_expect(s.state == FSM_ACTIVE && s.retry_due != USEC_NEVER);
}

Test(delay_open, who_is_stopped_meanwhile_says_nothing)
{
	struct session s;
	enum bgp_type type[4];
	uint8_t message[64];
	struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN);
	connect(&s, true);
	session_disable(&s, &why, ALONE_NOW);
	session_check(&s);
	cr_expect(sent(&s, type, 4) == 0 && s.want == SESSION_WANT_CLOSE);
	connect(&s, true);
	size_t len = message_make(BGP_KEEPALIVE, NULL, 0, message);
	session_rx(&s, span_of(message, len), ALONE_NOW);
	session_check(&s);
	cr_expect(sent(&s, type, 4) == 0 && s.want == SESSION_WANT_CLOSE);
}

/* Both wait: the one whose patience is shorter begins. */
Test(delay_open, two_that_wait_come_up)
{
	struct link l;
	struct session_conf a = link_conf(0), b = link_conf(1);
	a.delay_open_s = 20;
	b.delay_open_s = 5;
	link_init(&l, &a, &b);
	link_enable(&l);
	link_run(&l, 4 * SEC);
	cr_expect_eq(l.side[0].session.state, FSM_OPEN_DELAYED);
	cr_expect_eq(l.side[1].session.state, FSM_OPEN_DELAYED);
	link_run(&l, 2 * SEC);
	cr_expect_eq(l.side[0].session.state, FSM_ESTABLISHED);
	cr_expect_eq(l.side[1].session.state, FSM_ESTABLISHED);
}
