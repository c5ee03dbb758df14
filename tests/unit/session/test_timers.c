/* Hold, keepalive and retry timers.  RFC 4271 §4.2, §4.4, §8.2.2, §10. */
#include <criterion/criterion.h>

#include "tests/unit/session/link.h"

#define SEC USEC_PER_SEC

/* Raise the session with a peer that offers `hold_s`. */
static void up_with_hold(struct session *s, uint16_t ours, uint16_t theirs, uint64_t seed)
{
	struct session_conf conf = link_conf(0);
	conf.hold_s = ours;
	uint8_t message[128];
	struct open o = open_good();
	o.hold_s = theirs;
	session_init(s, &conf, seed, ALONE_NOW);
	session_enable(s, ALONE_NOW);
	session_transport_up(s, ALONE_NOW);
	size_t len = open_encode(&o, message, sizeof(message));
	cr_assert(session_rx(s, span_of(message, len), ALONE_NOW).kind == SESSION_RX_DONE);
	session_sent(s, ALONE_NOW);
	len = message_make(BGP_KEEPALIVE, NULL, 0, message);
	cr_assert(session_rx(s, span_of(message, len), ALONE_NOW).kind == SESSION_RX_UP);
}

/* RFC 4271 §4.2: the smaller of both; 0 means no timers at all. */
Test(timers, hold_time_is_the_smaller_offer)
{
	static const uint16_t cases[][3] = {{90, 180, 90}, {180, 90, 90}, {90, 3, 3},
					    {0, 90, 0},	   {90, 0, 0},	  {65535, 65535, 65535}};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct session s;
		up_with_hold(&s, cases[i][0], cases[i][1], 1);
		session_check(&s);
		cr_expect(s.terms.hold_s == cases[i][2]);
		if (cases[i][2] == 0) {
			cr_expect(session_due(&s) == USEC_NEVER);
		} else {
			cr_expect(s.hold_due == ALONE_NOW + cases[i][2] * SEC);
		}
	}
}

/* RFC 4271 §10: a third of the hold time, less up to a quarter; spread over that range. */
Test(timers, keepalive_jitter_stays_within_its_bounds_and_uses_them)
{
	usec_t least = USEC_NEVER, most = 0;
	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct session s;
		up_with_hold(&s, 90, 90, seed);
		usec_t wait = s.keepalive_due - ALONE_NOW;
		least = min_u64(least, wait);
		most = max_u64(most, wait);
	}
	cr_expect(least >= 22500 * USEC_PER_MSEC && least < 22600 * USEC_PER_MSEC);
	cr_expect(most <= 30 * SEC && most > 29900 * USEC_PER_MSEC);
}

/* RFC 4271 §4.4. */
Test(timers, keepalives_are_never_closer_than_a_second)
{
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct session s;
		up_with_hold(&s, 3, 3, seed);
		cr_expect(s.keepalive_due == ALONE_NOW + SEC);
	}
}

Test(timers, retry_jitter_stays_within_its_bounds)
{
	usec_t least = USEC_NEVER, most = 0;
	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		conf.retry_s = 0; /* The default: 120 s. */
		session_init(&s, &conf, seed, ALONE_NOW);
		session_enable(&s, ALONE_NOW);
		least = min_u64(least, s.retry_due - ALONE_NOW);
		most = max_u64(most, s.retry_due - ALONE_NOW);
		cr_expect(session_due(&s) == s.retry_due);
	}
	cr_expect(least >= 90 * SEC && least < 91 * SEC);
	cr_expect(most <= 120 * SEC && most > 119 * SEC);
}

/* RFC 4271 §8.2.2: Active waits for the timer, Connect opens; the member may connect meanwhile. */
Test(timers, an_active_member_pauses_after_a_failure_and_listens_meanwhile)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	alone_init(&s, &conf, FSM_CONNECT);
	cr_expect(s.want == SESSION_WANT_CONNECT);
	session_transport_down(&s, "connection refused", ALONE_NOW);
	cr_expect(s.state == FSM_ACTIVE && s.want == SESSION_WANT_LISTEN);
	usec_t due = session_due(&s);
	cr_expect(due >= ALONE_NOW + 7500 * USEC_PER_MSEC && due <= ALONE_NOW + 10 * SEC);
	session_tick(&s, 0, due - 1);
	cr_expect(s.state == FSM_ACTIVE);
	session_tick(&s, 0, due);
	cr_expect(s.state == FSM_CONNECT && s.want == SESSION_WANT_CONNECT);
	cr_expect(session_due(&s) > due);

	alone_init(&s, &conf, FSM_ACTIVE);
	session_transport_up(&s, ALONE_NOW);
	cr_expect(s.state == FSM_OPEN_SENT && s.want == SESSION_WANT_KEEP);
	session_check(&s);
}

Test(timers, a_passive_member_never_connects)
{
	struct session s;
	struct session_conf conf = link_conf(1);
	session_init(&s, &conf, 1, ALONE_NOW);
	session_enable(&s, ALONE_NOW);
	for (unsigned i = 0; i < 5; i++) {
		cr_expect(s.state == FSM_ACTIVE && s.want == SESSION_WANT_LISTEN);
		cr_expect(session_due(&s) == USEC_NEVER);
		session_tick(&s, 0, ALONE_NOW + 3600 * SEC);
		session_transport_up(&s, ALONE_NOW);
		session_transport_down(&s, "connection reset by peer", ALONE_NOW);
		session_check(&s);
	}
}

/* A handshake from outside that fails must not put off our own attempt. */
Test(timers, failed_handshakes_do_not_move_the_retry_timer)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	alone_init(&s, &conf, FSM_ACTIVE);
	usec_t due = session_due(&s);
	session_transport_down(&s, "connection timed out", ALONE_NOW + SEC);
	cr_expect(s.state == FSM_ACTIVE && session_due(&s) == due);
}

/* RFC 4271 §8.2.2: four minutes for the OPEN. */
Test(timers, a_peer_that_never_opens_is_given_four_minutes)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	alone_init(&s, &conf, FSM_OPEN_SENT);
	cr_expect(session_due(&s) == ALONE_NOW + 240 * SEC);
	session_tick(&s, 0, ALONE_NOW + 240 * SEC - 1);
	cr_expect(s.state == FSM_OPEN_SENT);
	session_tick(&s, 0, ALONE_NOW + 240 * SEC);
	cr_expect(s.state == FSM_IDLE && s.want == SESSION_WANT_CLOSE);
	cr_expect(sent_notify(&s).code == NOTIFY_HOLD_TIMER);
	cr_expect(!session_take_down(&s));
}

/* RFC 4271 §8.2.2: 26 and 27 restart the hold timer. */
Test(timers, what_restarts_the_hold_timer)
{
	static const struct {
		enum bgp_type type;
		uint8_t body[4];
		size_t len;
	} cases[] = {{BGP_KEEPALIVE, {0}, 0},
		     {BGP_UPDATE, {0}, 4},
		     {BGP_ROUTE_REFRESH, {0, 1, 0, 1}, 4},
		     {BGP_ROUTE_REFRESH, {0, 25, 0, 65}, 4}};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		uint8_t message[64];
		alone_init(&s, &conf, FSM_ESTABLISHED);
		size_t len = message_make(cases[i].type, cases[i].body, cases[i].len, message);
		session_rx(&s, span_of(message, len), ALONE_NOW + 50 * SEC);
		cr_expect(s.state == FSM_ESTABLISHED && s.hold_due == ALONE_NOW + 140 * SEC);
	}
}

Test(timers, the_hold_timer_waits_while_we_leave_bytes_unread)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	uint8_t message[64];
	alone_init(&s, &conf, FSM_ESTABLISHED);
	usec_t now = ALONE_NOW + 90 * SEC;
	for (unsigned i = 0; i < 1000; i++) {
		session_tick(&s, 19, now);
		cr_assert(s.state == FSM_ESTABLISHED);
		cr_assert(s.hold_due > now && s.hold_due <= now + SEC);
		now = s.hold_due;
	}
	size_t len = message_make(BGP_KEEPALIVE, NULL, 0, message);
	session_rx(&s, span_of(message, len), now);
	cr_expect(s.hold_due == now + 90 * SEC);
	session_tick(&s, 0, now + 90 * SEC);
	cr_expect(s.state == FSM_IDLE && sent_notify(&s).code == NOTIFY_HOLD_TIMER);
}

/* A peer that stalls in the middle of a message is dead, not unread. */
Test(timers, half_a_message_does_not_hold_a_session)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	uint8_t message[64];
	alone_init(&s, &conf, FSM_ESTABLISHED);
	message_make(BGP_KEEPALIVE, NULL, 0, message);
	cr_expect(session_rx(&s, span_of(message, 18), ALONE_NOW).kind == SESSION_RX_MORE);
	session_tick(&s, 19, ALONE_NOW + 90 * SEC); /* One more came: not yet looked at. */
	cr_expect(s.state == FSM_ESTABLISHED);
	cr_expect(session_rx(&s, span_of(message, 18), ALONE_NOW).kind == SESSION_RX_MORE);
	cr_expect(session_rx(&s, span_of(message, 19), ALONE_NOW).kind == SESSION_RX_DONE);
	session_tick(&s, 18, ALONE_NOW + 91 * SEC); /* The beginning of another one. */
	cr_expect(s.state == FSM_ESTABLISHED);
	cr_expect(session_rx(&s, span_of(message, 18), ALONE_NOW).kind == SESSION_RX_MORE);
	session_tick(&s, 18, ALONE_NOW + 92 * SEC);
	cr_expect(s.state == FSM_IDLE && sent_notify(&s).code == NOTIFY_HOLD_TIMER);
}

Test(timers, a_reader_that_is_slow_loses_no_session)
{
	struct link l;
	struct session_conf a = link_conf(0), b = link_conf(1);
	link_init(&l, &a, &b);
	link_enable(&l);
	link_up(&l);
	l.side[1].is_frozen = true;
	link_run(&l, 600 * SEC);
	cr_expect(l.side[1].session.state == FSM_ESTABLISHED && l.side[1].rx_len > 0);
	l.side[1].is_frozen = false;
	link_run(&l, 600 * SEC);
	link_up(&l);
	cr_expect(l.side[0].session.incarnation == 1 && l.side[1].session.incarnation == 1);
}

/* RFC 4271 §4.4: an UPDATE is as good as a KEEPALIVE. */
Test(timers, a_sent_update_puts_the_keepalive_off)
{
	struct session s;
	struct session_conf conf = link_conf(0);
	alone_init(&s, &conf, FSM_ESTABLISHED);
	session_update_sent(&s, ALONE_NOW + 20 * SEC);
	cr_expect(s.keepalive_due >= ALONE_NOW + 20 * SEC + 22500 * USEC_PER_MSEC);
	cr_expect(s.keepalive_due <= ALONE_NOW + 50 * SEC);
	session_tick(&s, 0, s.keepalive_due);
	cr_expect(session_tx(&s).len == BGP_HEADER_LEN);
	cr_expect(s.keepalive_due > ALONE_NOW + 50 * SEC);
}

Test(timers, the_same_seed_gives_the_same_session)
{
	struct session a, b;
	up_with_hold(&a, 90, 90, 42);
	up_with_hold(&b, 90, 90, 42);
	for (unsigned i = 0; i < 100; i++) {
		cr_assert(session_due(&a) == session_due(&b));
		usec_t now = session_due(&a);
		session_tick(&a, 1, now);
		session_tick(&b, 1, now);
		session_sent(&a, now);
		session_sent(&b, now);
	}
}

#define WAITS true
#define SENDS false

/* RFC 9687 §4.4, §6: eight minutes, twice a longer hold time, or what the operator says. */
Test(timers, send_hold_time_is_at_least_eight_minutes)
{
	static const uint16_t cases[][3] = {{90, 0, 480},  {0, 0, 480},	  {240, 0, 480},
					    {241, 0, 482}, {65535, 0, 0}, {90, 100, 100}};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct session s;
		up_with_hold(&s, cases[i][0], cases[i][0], 1);
		s.conf.send_hold_s = cases[i][1];
		cr_expect(s.send_hold_due == USEC_NEVER, "nothing waits");
		session_sending(&s, 50, WAITS, ALONE_NOW);
		usec_t expected = cases[i][2] != 0 ? cases[i][2] : 2 * 65535;
		cr_expect(s.send_hold_due == ALONE_NOW + expected * SEC, "%zu", i);
	}
}

/* RFC 9687 §4.3: every octet that leaves starts it anew, and so does rest. */
Test(timers, send_hold_timer_runs_while_nothing_leaves)
{
	struct session s;
	up_with_hold(&s, 0, 0, 1);
	session_sending(&s, 50, WAITS, ALONE_NOW);
	session_sending(&s, 50, WAITS, ALONE_NOW + 100 * SEC);
	cr_expect(session_due(&s) == ALONE_NOW + 480 * SEC, "nothing was taken");
	session_sending(&s, 51, WAITS, ALONE_NOW + 200 * SEC);
	cr_expect(session_due(&s) == ALONE_NOW + 680 * SEC);
	session_sending(&s, 60, SENDS, ALONE_NOW + 300 * SEC);
	cr_expect(session_due(&s) == USEC_NEVER);
	session_sending(&s, 60, WAITS, ALONE_NOW + 400 * SEC);
	session_tick(&s, 0, ALONE_NOW + 880 * SEC - 1);
	cr_expect(s.state == FSM_ESTABLISHED);
	session_check(&s);
}

Test(timers, send_hold_timer_ends_the_session_with_its_own_error)
{
	struct session s;
	char text[NOTIFY_TEXT_MAX];
	up_with_hold(&s, 0, 0, 1);
	session_sending(&s, 50, WAITS, ALONE_NOW);
	session_tick(&s, 0, ALONE_NOW + 480 * SEC);
	cr_expect(s.state == FSM_IDLE && s.want == SESSION_WANT_CLOSE && session_take_down(&s));
	struct notify n = sent_notify(&s);
	cr_expect(n.code == NOTIFY_SEND_HOLD_TIMER && n.subcode == 0 && n.data_len == 0);
	cr_expect_str_eq(session_cause_format(&s, text, sizeof(text)),
			 "send hold timer expired: peer takes nothing");
	session_check(&s);
	session_transport_down(&s, "gone", ALONE_NOW + 490 * SEC);
	cr_expect(s.state == FSM_ACTIVE && s.send_hold_due == USEC_NEVER);
	session_sending(&s, 1, WAITS, ALONE_NOW + 491 * SEC);
	cr_expect(s.send_hold_due == USEC_NEVER, "only once an OPEN was heard");
	session_check(&s);
}
