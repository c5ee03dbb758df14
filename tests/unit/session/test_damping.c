/* A session that fails again and again rests.  RFC 4271 §8.1.1, §8.1.3 (13), §8.2.2 (Idle). */
#include <criterion/criterion.h>

#include "tests/unit/session/link.h"

#define SEC USEC_PER_SEC

static void begin(struct session *s, bool is_passive)
{
	struct session_conf conf = link_conf(0);
	conf.is_damped = true;
	conf.is_passive = is_passive;
	alone_init(s, &conf, FSM_IDLE);
	session_enable(s, ALONE_NOW);
}

/* Up at `now`, and lost by a NOTIFICATION `stood` later; the connection then ends. */
static usec_t fail(struct session *s, usec_t now, usec_t stood, uint8_t code)
{
	uint8_t message[OPEN_ENCODED_MAX];
	struct open o = open_good();
	cr_assert(session_is_open(s, now));
	session_transport_up(s, now);
	session_sent(s, now);
	session_rx(s, span_of(message, open_encode(&o, message, sizeof(message))), now);
	session_sent(s, now);
	size_t len = message_make(BGP_KEEPALIVE, NULL, 0, message);
	cr_assert(session_rx(s, span_of(message, len), now).kind == SESSION_RX_UP);
	now += stood;
	len = message_make(BGP_NOTIFICATION, (const uint8_t[]){code, 2}, 2, message);
	session_rx(s, span_of(message, len), now);
	cr_assert(session_take_down(s));
	session_transport_down(s, "closed", now);
	session_check(s);
	return now;
}

/* How long it rests from `now` on, and that it comes back by itself. */
static unsigned rest(struct session *s, usec_t *now)
{
	usec_t begin = *now;
	while (!session_is_open(s, *now)) {
		cr_assert(s->state == FSM_IDLE && s->want == SESSION_WANT_REFUSE);
		cr_assert(session_due(s) > *now && session_due(s) <= *now + 64 * SEC);
		*now = session_due(s);
		session_tick(s, 0, *now);
		session_check(s);
	}
	cr_assert(s->state == FSM_CONNECT || s->state == FSM_ACTIVE);
	return (unsigned)((*now - begin) / SEC);
}

Test(damping, the_first_failure_is_free_and_then_the_rest_doubles)
{
	static const unsigned expected[] = {0, 1, 2, 4, 8, 16, 32, 64, 64, 64};
	for (unsigned is_passive = 0; is_passive < 2; is_passive++) {
		struct session s;
		usec_t now = ALONE_NOW;
		begin(&s, is_passive);
		for (unsigned i = 0; i < ARRAY_COUNT(expected); i++) {
			now = fail(&s, now, 59 * SEC, NOTIFY_UPDATE);
			cr_expect_eq(rest(&s, &now), expected[i], "failure %u", i + 1);
		}
		cr_expect_eq(s.state, is_passive ? FSM_ACTIVE : FSM_CONNECT);
	}
}

Test(damping, a_session_that_stood_for_a_minute_has_a_clean_slate)
{
	struct session s;
	usec_t now = ALONE_NOW;
	begin(&s, true);
	for (unsigned i = 0; i < 3; i++) {
		now = fail(&s, now, SEC, NOTIFY_UPDATE);
		rest(&s, &now);
	}
	now = fail(&s, now, 60 * SEC, NOTIFY_UPDATE);
	cr_expect_eq(rest(&s, &now), 0);
	now = fail(&s, now, SEC, NOTIFY_UPDATE);
	cr_expect_eq(rest(&s, &now), 1);
}

Test(damping, what_somebody_wished_is_no_failure)
{
	struct session s;
	usec_t now = ALONE_NOW;
	struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_RESET);
	begin(&s, true);
	for (unsigned i = 0; i < 5; i++) {
		now = fail(&s, now, SEC, NOTIFY_CEASE);
		cr_expect_eq(rest(&s, &now), 0);
	}
	now = fail(&s, now, SEC, NOTIFY_UPDATE);
	cr_expect_eq(rest(&s, &now), 0, "the first");
	session_reset(&s, &why, now);
	session_check(&s);
	now = fail(&s, now, SEC, NOTIFY_UPDATE);
	cr_expect_eq(rest(&s, &now), 0, "the first since the operator reset it");
}

Test(damping, the_operator_ends_a_rest)
{
	for (unsigned way = 0; way < 2; way++) {
		struct session s;
		usec_t now = ALONE_NOW;
		struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_RESET);
		begin(&s, true);
		now = fail(&s, now, SEC, NOTIFY_UPDATE);
		now = fail(&s, now, SEC, NOTIFY_UPDATE);
		cr_assert_not(session_is_open(&s, now));
		if (way == 0) {
			session_reset(&s, &why, now);
		} else {
			session_disable(&s, &why, now);
			session_check(&s);
			session_enable(&s, now);
		}
		session_check(&s);
		cr_expect(session_is_open(&s, now) && s.state == FSM_ACTIVE);
	}
}

/* An OPEN that we refuse is a failure, too: it never stood. */
Test(damping, refused_opens_count)
{
	struct session s;
	usec_t now = ALONE_NOW;
	uint8_t message[OPEN_ENCODED_MAX];
	struct open o = open_good();
	o.asn++;
	begin(&s, true);
	for (unsigned i = 0; i < 3; i++) {
		session_transport_up(&s, now);
		session_sent(&s, now);
		session_rx(&s, span_of(message, open_encode(&o, message, sizeof(message))), now);
		cr_expect_eq(sent_notify(&s).subcode, NOTIFY_OPEN_PEER_AS);
		session_sent(&s, now);
		session_transport_down(&s, "closed", now);
		session_check(&s);
		cr_expect_eq(rest(&s, &now), i == 0 ? 0u : i == 1 ? 1u : 2u);
	}
}
