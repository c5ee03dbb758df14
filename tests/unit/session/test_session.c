/* Two sessions with each other: coming up, staying up, ending and coming back.
 * RFC 4271 §8, §6.5, §6.7; RFC 9003. */
#include <criterion/criterion.h>

#include "tests/unit/session/link.h"

static void pair(struct link *l)
{
	struct session_conf a = link_conf(0), b = link_conf(1);
	link_init(l, &a, &b);
	link_enable(l);
	link_up(l);
}

static const char *cause(const struct link *l, unsigned idx)
{
	static char text[2][NOTIFY_TEXT_MAX];
	return session_cause_format(&l->side[idx].session, text[idx], sizeof(text[idx]));
}

Test(session, two_speakers_establish_and_agree)
{
	struct link l;
	pair(&l);
	for (unsigned i = 0; i < 2; i++) {
		const struct session *s = &l.side[i].session;
		cr_expect(l.side[i].ups == 1 && l.side[i].downs == 0);
		cr_expect(s->incarnation == 1 && s->was_up);
		cr_expect(s->terms.hold_s == 90);
		cr_expect(s->terms.opts.is_as4 && s->terms.opts.families[0] &&
			  s->terms.opts.families[1]);
		cr_expect(s->terms.opts.local_as == 64500 + i);
		cr_expect(s->peer.asn == 64501 - i && s->peer.router_id == 0xc6120001 + 1 - i);
		cr_expect(s->stats.established == 1);
		cr_expect(s->stats.messages_in[BGP_OPEN] == 1);
		cr_expect(s->stats.messages_in[BGP_KEEPALIVE] == 1);
		cr_expect(s->stats.messages_out[BGP_OPEN] == 1);
		cr_expect(s->stats.messages_out[BGP_KEEPALIVE] == 1);
		cr_expect(s->stats.messages_in[0] == 0);
		cr_expect_str_eq(cause(&l, i), "");
	}
}

/* RFC 4271 §4.4: nothing but KEEPALIVEs is needed to stay up. */
Test(session, keepalives_hold_a_session_for_days)
{
	struct link l;
	pair(&l);
	for (unsigned minute = 0; minute < 3 * 24 * 60; minute++) {
		link_run(&l, 60 * USEC_PER_SEC);
		l.side[0].tx_count = l.side[1].tx_count = 0;
	}
	link_up(&l);
	cr_expect(l.side[0].session.incarnation == 1 && l.side[1].session.incarnation == 1);
	/* One in 22.5 to 30 s. */
	uint64_t sent = l.side[0].session.stats.messages_out[BGP_KEEPALIVE];
	cr_expect(sent >= 3 * 86400 / 30 && sent <= 3 * 86400 * 2 / 45, "%lu", sent);
}

Test(session, bytes_one_at_a_time_are_the_same_messages)
{
	struct link l;
	struct session_conf a = link_conf(0), b = link_conf(1);
	link_init(&l, &a, &b);
	l.side[0].chunk = l.side[1].chunk = 1;
	link_enable(&l);
	link_up(&l);
	cr_expect(l.side[0].ups == 1 && l.side[1].ups == 1);
	link_run(&l, 600 * USEC_PER_SEC);
	link_up(&l);
	cr_expect(l.side[0].session.incarnation == 1);
}

/* RFC 4271 §6.5. */
Test(session, silence_ends_in_hold_timer_expired)
{
	struct link l;
	pair(&l);
	link_run(&l, 5 * USEC_PER_SEC);
	usec_t cut_at = l.now;
	l.is_cut = true;
	l.side[0].tx_count = l.side[1].tx_count = 0;
	link_run(&l, 84 * USEC_PER_SEC);
	cr_expect(l.side[0].downs == 0 && l.side[1].downs == 0);
	link_run(&l, 10 * USEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++) {
		const struct session *s = &l.side[i].session;
		cr_expect(l.side[i].downs == 1);
		cr_expect(s->cause == SESSION_CAUSE_NOTIFICATION_SENT);
		cr_expect(s->last_notify.code == 4 && s->last_notify.subcode == 0);
		cr_expect(s->stats.messages_out[BGP_NOTIFICATION] == 1);
		cr_expect(s->since > cut_at);
		cr_expect_str_eq(cause(&l, i), "hold timer expired");
	}
	l.is_cut = false;
	link_run(&l, 20 * USEC_PER_SEC);
	link_up(&l);
	cr_expect(l.side[0].session.incarnation == 2);
}

/* RFC 4271 §8.2.2 (event 2), RFC 9003 §2. */
Test(session, disable_sends_cease_with_its_text_and_refuses)
{
	struct link l;
	pair(&l);
	struct notify why = notify_shutdown(NOTIFY_CEASE_SHUTDOWN, "maintenance");
	session_disable(&l.side[0].session, &why, l.now);
	cr_expect(l.side[0].session.want == SESSION_WANT_CLOSE);
	cr_expect(sent_notify(&l.side[0].session).subcode == NOTIFY_CEASE_SHUTDOWN);
	link_settle(&l);
	cr_expect(l.side[0].session.want == SESSION_WANT_REFUSE);
	cr_expect(l.side[0].session.state == FSM_IDLE);
	cr_expect(l.side[0].downs == 1 && l.side[1].downs == 1);
	cr_expect(l.side[0].session.cause == SESSION_CAUSE_DISABLED);
	cr_expect_str_eq(cause(&l, 0),
			 "disabled: we sent Cease: Administrative Shutdown (\"maintenance\")");
	cr_expect(l.side[1].session.cause == SESSION_CAUSE_NOTIFICATION_RECEIVED);
	cr_expect_str_eq(cause(&l, 1),
			 "peer sent Cease: Administrative Shutdown (\"maintenance\")");
	cr_expect(l.side[1].session.stats.messages_out[BGP_NOTIFICATION] == 0);
	link_run(&l, 3600 * USEC_PER_SEC);
	cr_expect(l.side[0].session.state == FSM_IDLE && l.side[0].ups == 1);
	session_enable(&l.side[0].session, l.now);
	cr_expect_str_eq(cause(&l, 0), "");
	link_up(&l);
}

/* The passive side is disabled: the active one is refused until it is enabled again. */
Test(session, an_active_member_tries_until_it_is_let_in)
{
	struct link l;
	struct session_conf a = link_conf(0), b = link_conf(1);
	link_init(&l, &a, &b);
	session_enable(&l.side[0].session, l.now);
	link_run(&l, 95 * USEC_PER_SEC);
	cr_expect(l.side[0].session.state == FSM_ACTIVE);
	cr_expect(l.side[0].session.want == SESSION_WANT_LISTEN);
	cr_expect_str_eq(cause(&l, 0), "connection refused");
	session_enable(&l.side[1].session, l.now);
	link_run(&l, 10 * USEC_PER_SEC);
	link_up(&l);
}

Test(session, enabling_while_the_old_connection_closes_waits_for_it)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	alone_init(&s, &conf, FSM_ESTABLISHED);
	struct notify why = notify_shutdown(NOTIFY_CEASE_SHUTDOWN, NULL);
	session_disable(&s, &why, ALONE_NOW);
	session_enable(&s, ALONE_NOW);
	session_check(&s);
	cr_expect(s.want == SESSION_WANT_CLOSE && s.state == FSM_IDLE);
	session_transport_down(&s, "closed", ALONE_NOW);
	session_check(&s);
	cr_expect(s.want == SESSION_WANT_LISTEN && s.state == FSM_ACTIVE);
	session_enable(&s, ALONE_NOW); /* Twice is once. */
	cr_expect(s.state == FSM_ACTIVE);
}

Test(session, reset_sends_cease_and_comes_back)
{
	struct link l;
	pair(&l);
	struct notify why = notify_shutdown(NOTIFY_CEASE_RESET, "as you asked");
	session_reset(&l.side[1].session, &why, l.now);
	link_settle(&l);
	cr_expect_str_eq(cause(&l, 0), "peer sent Cease: Administrative Reset (\"as you asked\")");
	cr_expect_str_eq(cause(&l, 1), "we sent Cease: Administrative Reset (\"as you asked\")");
	cr_expect(l.side[0].downs == 1 && l.side[1].downs == 1);
	cr_expect(l.side[1].session.want == SESSION_WANT_LISTEN); /* Passive: at once. */
	link_run(&l, 10 * USEC_PER_SEC);
	link_up(&l);
	cr_expect(l.side[0].session.incarnation == 2 && l.side[1].session.incarnation == 2);
}

/* Without a connection a reset means "try now". */
Test(session, reset_ends_the_pause_after_a_failure)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_RESET);
	alone_init(&s, &conf, FSM_ACTIVE);
	session_reset(&s, &why, ALONE_NOW);
	session_check(&s);
	cr_expect(s.state == FSM_CONNECT && s.want == SESSION_WANT_CONNECT);
	cr_expect(session_tx(&s).len == 0);
	conf = link_conf(1);
	session_init(&s, &conf, 1, ALONE_NOW);
	session_reset(&s, &why, ALONE_NOW);
	cr_expect(s.state == FSM_IDLE && s.want == SESSION_WANT_REFUSE);
}

Test(session, a_lost_transport_takes_the_session_down_once)
{
	static const struct {
		enum fsm_state state;
		bool is_loss;
	} cases[] = {{FSM_CONNECT, false},
		     {FSM_ACTIVE, false},
		     {FSM_OPEN_SENT, false},
		     {FSM_OPEN_CONFIRM, false},
		     {FSM_ESTABLISHED, true}};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		alone_init(&s, &conf, cases[i].state);
		session_update_sent(&s, ALONE_NOW);
		session_tick(&s, 1, ALONE_NOW + 40 * USEC_PER_SEC); /* A KEEPALIVE waits. */
		session_transport_down(&s, "connection reset by peer", ALONE_NOW);
		session_check(&s);
		cr_expect(session_take_down(&s) == cases[i].is_loss);
		cr_expect(!session_take_down(&s));
		cr_expect(s.state == FSM_ACTIVE && s.want == SESSION_WANT_LISTEN);
		cr_expect(session_tx(&s).len == 0 && s.partial_len == 0);
		char text[64];
		cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)),
				 "connection reset by peer");
	}
}

Test(session, every_way_down_is_reported_exactly_once)
{
	enum { BY_TIMER, BY_STOP, BY_RESET, BY_MESSAGE, BY_TRANSPORT, BY_UPDATE, WAYS };
	for (unsigned way = 0; way < WAYS; way++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN);
		uint8_t garbage[BGP_HEADER_LEN] = {0};
		alone_init(&s, &conf, FSM_ESTABLISHED);
		switch (way) {
		case BY_TIMER:
			session_tick(&s, 0, ALONE_NOW + 90 * USEC_PER_SEC);
			break;
		case BY_STOP:
			session_disable(&s, &why, ALONE_NOW);
			break;
		case BY_RESET:
			session_reset(&s, &why, ALONE_NOW);
			break;
		case BY_MESSAGE:
			cr_expect(
				session_rx(&s, span_of(garbage, sizeof(garbage)), ALONE_NOW).kind ==
				SESSION_RX_DOWN);
			break;
		case BY_TRANSPORT:
			session_transport_down(&s, "connection timed out", ALONE_NOW);
			break;
		default:
			why = notify_make(NOTIFY_UPDATE, NOTIFY_UPDATE_ATTR_LIST);
			session_update_failed(&s, &why, ALONE_NOW);
			cr_expect(sent_notify(&s).code == NOTIFY_UPDATE);
			session_update_failed(&s, &why, ALONE_NOW); /* Heard no more. */
			break;
		}
		session_check(&s);
		cr_expect(s.state != FSM_ESTABLISHED);
		cr_expect(session_take_down(&s), "way %u", way);
		cr_expect(!session_take_down(&s), "way %u", way);
		cr_expect(s.stats.messages_out[BGP_NOTIFICATION] == (way != BY_TRANSPORT));
	}
}

/* RFC 4271 §8.2.2, Idle: refuses connections. */
Test(session, a_connection_in_idle_is_aborted)
{
	struct session s;
	struct session_conf conf = link_conf(1);
	session_init(&s, &conf, 1, ALONE_NOW);
	session_check(&s);
	session_transport_up(&s, ALONE_NOW);
	session_check(&s);
	cr_expect(s.want == SESSION_WANT_ABORT && session_tx(&s).len == 0);
	session_transport_down(&s, "aborted", ALONE_NOW);
	cr_expect(s.want == SESSION_WANT_REFUSE);
	char text[64];
	cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)), "disabled");
}

Test(session, stopping_without_a_connection_says_nothing_to_anybody)
{
	for (enum fsm_state state = FSM_CONNECT; state <= FSM_ACTIVE; state++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN);
		alone_init(&s, &conf, state);
		session_disable(&s, &why, ALONE_NOW);
		session_check(&s);
		cr_expect(s.want == SESSION_WANT_REFUSE && session_tx(&s).len == 0);
		cr_expect(session_due(&s) == USEC_NEVER);
		session_transport_down(&s, "aborted", ALONE_NOW); /* The attempt's end. */
		cr_expect(s.want == SESSION_WANT_REFUSE && s.cause == SESSION_CAUSE_DISABLED);
	}
}

/* RFC 2918. */
Test(session, refresh_is_asked_once_and_only_when_negotiated)
{
	struct link l;
	pair(&l);
	cr_expect(session_send_refresh(&l.side[0].session, FAMILY_IPV6));
	cr_expect(session_send_refresh(&l.side[0].session, FAMILY_IPV6));
	cr_expect(session_tx(&l.side[0].session).len == 23);
	link_settle(&l);
	cr_expect(l.side[1].refreshes == 1 && l.side[1].refreshed == FAMILY_IPV6);
	session_transport_down(&l.side[0].session, "x", l.now);
	cr_expect(!session_send_refresh(&l.side[0].session, FAMILY_IPV6));

	struct session_conf a = link_conf(0), b = link_conf(1);
	b.families[FAMILY_IPV6] = false;
	link_init(&l, &a, &b);
	link_enable(&l);
	link_up(&l);
	cr_expect(!session_send_refresh(&l.side[0].session, FAMILY_IPV6));
	cr_expect(session_send_refresh(&l.side[0].session, FAMILY_IPV4));
	l.side[0].session.peer.has_refresh = false;
	cr_expect(!session_send_refresh(&l.side[0].session, FAMILY_IPV4));
}

/* All that can wait at a time: the transport takes nothing for long. */
Test(session, a_transport_that_takes_nothing_overflows_nothing)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	uint8_t message[128];
	session_init(&s, &conf, 1, ALONE_NOW);
	session_enable(&s, ALONE_NOW);
	session_transport_up(&s, ALONE_NOW);
	struct open o = open_good();
	session_rx(&s, span_of(message, open_encode(&o, message, sizeof(message))), ALONE_NOW);
	size_t len = message_make(BGP_KEEPALIVE, NULL, 0, message);
	usec_t now = ALONE_NOW;
	for (unsigned i = 0; i < 100; i++) {
		cr_assert(session_rx(&s, span_of(message, len), now).consumed == len);
		session_send_refresh(&s, FAMILY_IPV4);
		session_send_refresh(&s, FAMILY_IPV6);
		now += 29 * USEC_PER_SEC;
		session_tick(&s, 0, now);
		session_check(&s);
	}
	struct notify why = notify_with(NOTIFY_CEASE, 2, span_of(s.tx, NOTIFY_DATA_MAX));
	why.data[0] = UINT8_MAX;
	session_disable(&s, &why, now);
	cr_expect(sent_notify(&s).data_len == NOTIFY_DATA_MAX);
	cr_expect(s.stats.messages_out[BGP_KEEPALIVE] == 1);
	cr_expect(s.stats.messages_out[BGP_ROUTE_REFRESH] == 2);
}

Test(session, words_are_cut_to_any_buffer)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	alone_init(&s, &conf, FSM_ESTABLISHED);
	struct notify why = notify_shutdown(NOTIFY_CEASE_RESET, "a long farewell");
	session_reset(&s, &why, ALONE_NOW);
	char whole[NOTIFY_TEXT_MAX];
	session_cause_format(&s, whole, sizeof(whole));
	for (size_t len = 1; len <= strlen(whole) + 1; len++) {
		char buf[NOTIFY_TEXT_MAX];
		memset(buf, 'x', sizeof(buf));
		cr_assert(session_cause_format(&s, buf, len) == buf);
		cr_expect(strlen(buf) < len && buf[len] == 'x');
		if (len > strlen(whole)) {
			cr_expect_str_eq(buf, whole);
		}
	}
}
