/* Two connections with one member on the whole server: who stays, who is told what, and that one is
 * left in the end.  RFC 4271 §6.8, §8.2.1; RFC 9293 §3.5.1 (a peer that has restarted). */
#include <criterion/criterion.h>

#include "tests/unit/core/desk.h"

#define SHORT_US (20 * USEC_PER_MSEC)
#define LARGER	 200 /* Than the server's identifier, 100. */
#define SMALLER	 50

/* Both have opened a connection and neither has heard an OPEN: [0] is the server's, [1] the
 * member's. */
static void cross(struct desk *d, struct host_connection *out[2])
{
	struct host *h = &d->host[0];
	for (unsigned tries = 0; tries < 100 && host_accepted(h) == NULL; tries++) {
		desk_run(d, 5 * USEC_PER_MSEC);
	}
	host_dial(h, 3, d->now);
	desk_run(d, SHORT_US);
	out[0] = host_accepted(h);
	out[1] = &h->connection[3];
	cr_assert(host_is_up(out[0]) && host_is_up(out[1]));
	cr_assert(out[0]->heard[BGP_OPEN] == 1 && out[1]->heard[BGP_OPEN] == 1,
		  "each connection has our OPEN (RFC 4271 §8.2.2)");
}

static void expect_one_left(struct desk *d, struct host_connection *stays,
			    struct host_connection *goes)
{
	cr_expect_eq(desk_status(d, 0).state, FSM_ESTABLISHED);
	cr_expect(host_is_up(stays) && stays->heard[BGP_NOTIFICATION] == 0);
	cr_expect_not(host_is_up(goes));
	cr_expect(goes->notification[0] == 6 && goes->notification[1] == 7, "%u/%u",
		  goes->notification[0], goes->notification[1]);
	cr_expect_eq(stays->heard[BGP_OPEN], 1u, "one OPEN on each");
	cr_expect_geq(stays->heard[BGP_KEEPALIVE], 1u);
	desk_run(d, 5 * USEC_PER_SEC);
	cr_expect_eq(desk_connections(d), 1u);
	struct member_status st = desk_status(d, 0);
	cr_expect_eq(st.collisions, 1u);
	cr_expect_eq(metric_get(&st.session.established), 1u, "no flap");
}

/* Whichever connection hears the OPEN first: the one that the larger identifier opened stays. */
Test(collision, the_larger_identifiers_connection_stays_in_every_order)
{
	for (unsigned i = 0; i < 8; i++) {
		struct desk d;
		struct host_connection *c[2];
		bool is_member_larger = i % 2 != 0;
		unsigned first = i / 2 % 2;
		bool has_pause = i / 4 != 0; /* Else both OPENs are read in one turn. */
		desk_init(&d,
			  &(struct desk_opts){.is_active = true,
					      .router_id = is_member_larger ? LARGER : SMALLER});
		d.host[0].is_listening = true;
		cross(&d, c);
		host_send_open(&d.host[0], c[first], 101);
		desk_run(&d, has_pause ? SHORT_US : 0);
		host_send_open(&d.host[0], c[1 - first], 101);
		desk_run(&d, SHORT_US);
		struct host_connection *stays = c[is_member_larger ? 1 : 0];
		host_send(stays, BGP_KEEPALIVE, NULL, 0);
		desk_run(&d, SHORT_US);
		expect_one_left(&d, stays, c[is_member_larger ? 0 : 1]);
		desk_fini(&d);
	}
}

/* §6.8: "a connection collision with an existing BGP connection that is in the Established state
 * causes closing of the newly created connection", whatever the identifiers. */
Test(collision, an_established_session_stays)
{
	for (unsigned i = 0; i < 4; i++) {
		struct desk d;
		struct host_connection *c[2];
		unsigned first = i / 2;
		desk_init(&d, &(struct desk_opts){.is_active = true,
						  .router_id = i % 2 != 0 ? LARGER : SMALLER});
		d.host[0].is_listening = true;
		cross(&d, c);
		host_send_open(&d.host[0], c[first], 101);
		host_send(c[first], BGP_KEEPALIVE, NULL, 0);
		desk_run(&d, SHORT_US);
		host_send_open(&d.host[0], c[1 - first], 101);
		desk_run(&d, SHORT_US);
		expect_one_left(&d, c[first], c[1 - first]);
		desk_fini(&d);
	}
}

/* The first connection is stuck (its OPEN never comes): the second is not held up by it. */
Test(collision, the_first_open_wins_over_a_connection_that_says_nothing)
{
	for (unsigned k = 0; k < 2; k++) {
		struct desk d;
		struct host_connection *c[2];
		desk_init(&d, &(struct desk_opts){.is_active = true});
		d.host[0].is_listening = true;
		cross(&d, c);
		host_send_open(&d.host[0], c[k], 101);
		host_send(c[k], BGP_KEEPALIVE, NULL, 0);
		desk_run(&d, SHORT_US);
		cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED, "connection %u", k);
		desk_run(&d, 35 * USEC_PER_SEC);
		cr_expect_eq(c[1 - k]->notification[0], 4, "its patience has ended");
		cr_expect_eq(desk_connections(&d), 1u);
		desk_fini(&d);
	}
}

Test(collision, a_faulty_rival_is_refused_as_in_open_sent)
{
	static const uint8_t expected[3][2] = {{2, 2}, {5, 1}, {0, 0}};
	for (unsigned i = 0; i < 3; i++) {
		struct desk d;
		desk_init(&d, &(struct desk_opts){.workers = 1});
		desk_up(&d, 0, 0);
		struct host *h = &d.host[0];
		host_dial(h, 1, d.now);
		desk_run(&d, SHORT_US);
		struct host_connection *c = &h->connection[1];
		const uint8_t cease[2] = {6, 2};
		if (i == 0) {
			host_send_open(h, c, 999);
		} else if (i == 1) {
			host_send(c, BGP_KEEPALIVE, NULL, 0);
		} else {
			host_send(c, BGP_NOTIFICATION, cease, sizeof(cease));
		}
		desk_run(&d, SHORT_US);
		cr_expect_arr_eq(c->notification, expected[i], 2, "%u/%u", c->notification[0],
				 c->notification[1]);
		cr_expect_not(host_is_up(c));
		cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
		cr_expect_eq(desk_connections(&d), 1u);
		desk_fini(&d);
	}
}

/* A member has two connections at most; whoever completes a third handshake has given one up. */
Test(collision, connections_are_bounded)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_up(&d, 0, 0);
	for (unsigned i = 0; i < 50; i++) {
		host_dial(&d.host[0], 1 + i % 3, d.now);
		desk_run(&d, 10 * USEC_PER_MSEC);
		cr_assert_leq(desk_connections(&d), 2u);
	}
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	desk_fini(&d);
}

Test(collision, a_second_connection_takes_over_when_the_first_ends)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_up(&d, 0, 0);
	struct host *h = &d.host[0];
	host_dial(h, 1, d.now);
	desk_run(&d, SHORT_US);
	tcp_abort(h->connection[0].tcp);
	desk_run(&d, SHORT_US);
	host_send_open(h, &h->connection[1], 101);
	host_send(&h->connection[1], BGP_KEEPALIVE, NULL, 0);
	desk_run(&d, SHORT_US);
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	cr_expect_eq(h->connection[1].heard[BGP_OPEN], 1u, "no second OPEN");
	cr_expect_eq(desk_connections(&d), 1u);
	desk_fini(&d);
}

/* The operator stops the session while there are two. */
Test(collision, disabling_ends_both)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_up(&d, 0, 0);
	host_dial(&d.host[0], 1, d.now);
	desk_run(&d, SHORT_US);
	struct request r = {.kind = REQUEST_DISABLE, .peer = 0, .text = "off"};
	cr_assert(server_request(d.server, &r));
	desk_run(&d, SHORT_US);
	for (unsigned k = 0; k < 2; k++) {
		cr_expect_eq(d.host[0].connection[k].notification[0], 6, "connection %u", k);
		cr_expect_eq(d.host[0].connection[k].notification[1], 2);
	}
	desk_run(&d, 15 * USEC_PER_SEC);
	cr_expect_eq(desk_connections(&d), 0u);
	desk_fini(&d);
}

/* A host that has forgotten its connection answers our probe with a reset: its new connection is
 * the session's within a moment, not after the hold time. */
Test(collision, a_member_that_restarts_without_a_word_is_back_at_once)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_up(&d, 0, 0);
	desk_run(&d, 2 * USEC_PER_SEC);
	host_forget(&d.host[0]);
	desk_up(&d, 0, 0); /* Asserts that it is established, 0.25 s later. */
	struct member_status st = desk_status(&d, 0);
	cr_expect_eq(metric_get(&st.session.established), 2u);
	cr_expect_eq(st.collisions, 0u);
	cr_expect_eq(desk_connections(&d), 1u);
	desk_fini(&d);
}

/* Behind a filter that swallows resets it looks alive: §6.8 refuses it until the hold time. */
Test(collision, a_member_whose_resets_are_lost_waits_for_the_hold_timer)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_up(&d, 0, 0);
	d.host[0].is_silent = true;
	host_forget(&d.host[0]);
	host_dial(&d.host[0], 0, d.now);
	desk_run(&d, SHORT_US);
	host_send_open(&d.host[0], &d.host[0].connection[0], 101);
	desk_run(&d, SHORT_US);
	cr_expect_eq(d.host[0].connection[0].notification[1], 7);
	cr_expect_eq(desk_status(&d, 0).collisions, 1u);
	desk_run(&d, 95 * USEC_PER_SEC);
	desk_up(&d, 0, 1);
	desk_fini(&d);
}

/* A spoofed SYN costs a member that lives at most one small segment in a second. */
Test(collision, probes_are_at_most_one_in_a_second)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_up(&d, 0, 0);
	desk_run(&d, 2 * USEC_PER_SEC);
	unsigned before = d.host[0].bare_acks;
	for (unsigned i = 0; i < 500; i++) {
		struct seg syn = {.seq = i, .flags = TCP_SYN, .wscale = 0xff};
		host_raw(&d.host[1], &d.host[0].addr, (uint16_t)(1024 + i), &syn, 255);
		desk_run(&d, 10 * USEC_PER_MSEC);
	}
	unsigned probes = d.host[0].bare_acks - before;
	cr_expect(probes >= 4 && probes <= 6, "%u in 5 s", probes);
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	cr_expect_eq(desk_connections(&d), 1u);
	desk_fini(&d);
}

/* What `h` has sent to complete connection `k`, once more, with its OPEN or without. */
static void replay(struct host *h, unsigned k, bool has_open)
{
	uint8_t message[128];
	struct open o = {.asn = h->asn,
			 .hold_s = 90,
			 .router_id = h->router_id,
			 .has_as4 = true,
			 .has_multiprotocol = true,
			 .families = {true, true}};
	struct seg seg = h->connection[k].completes;
	size_t len = open_encode(&o, message, sizeof(message));
	cr_assert_gt(h->connection[k].acks, 0u);
	seg.payload = span_of(message, has_open ? len : 0);
	host_raw(h, &h->addr, tcp_local(h->connection[k].tcp)->port, &seg, 255);
}

/* RFC 4987 §3.6: the ACK that completes a handshake does so once, however often it comes within the
 * cookie's life; else whoever has seen it opens connections in the member's name. */
Test(collision, a_handshake_completes_once)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	struct host *h = &d.host[0];
	desk_up(&d, 0, 0);
	tcp_abort(h->connection[0].tcp);
	desk_run(&d, SHORT_US);
	cr_assert_eq(desk_connections(&d), 0u);
	h->is_silent = true;
	replay(h, 0, false);
	cr_expect_eq(desk_connections(&d), 0u);
	replay(h, 0, true);
	cr_expect_eq(desk_connections(&d), 0u);
	desk_up(&d, 0, 1);
	replay(h, 0, false);
	cr_expect_eq(desk_connections(&d), 1u, "no rival");
	desk_fini(&d);
}

/* Two connections that the member has opened: the newer would win. */
Test(collision, a_replayed_handshake_does_not_take_over)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	struct host *h = &d.host[0];
	desk_up(&d, 0, 0);
	tcp_abort(h->connection[0].tcp);
	desk_run(&d, SHORT_US);
	host_dial(h, 1, d.now);
	desk_run(&d, SHORT_US);
	host_send_open(h, &h->connection[1], 101);
	desk_run(&d, SHORT_US);
	replay(h, 0, true);
	desk_run(&d, SHORT_US);
	host_send(&h->connection[1], BGP_KEEPALIVE, NULL, 0);
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	cr_expect(host_is_up(&h->connection[1]));
	cr_expect_eq(h->connection[1].heard[BGP_NOTIFICATION], 0u);
	cr_expect_eq(desk_connections(&d), 1u);
	desk_fini(&d);
}

/* RFC 9293 §3.10.7.3: nor does it end an attempt of ours. */
Test(collision, a_replayed_handshake_does_not_end_our_attempt)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.is_active = true});
	struct host *h = &d.host[0];
	h->is_silent = true; /* So that attempts stay without an answer. */
	desk_up(&d, 0, 0);
	tcp_abort(h->connection[0].tcp);
	desk_run(&d, 8 * USEC_PER_SEC);
	cr_assert_eq(desk_status(&d, 0).state, FSM_CONNECT);
	replay(h, 0, false);
	cr_expect_eq(desk_status(&d, 0).state, FSM_CONNECT);
	desk_fini(&d);
}

/* RFC 4271 §8.1.1: a member whose sessions fail in a row finds the door closed for a while. */
Test(damping, a_resting_members_connections_are_refused)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	struct host *h = &d.host[0];
	for (unsigned i = 0; i < 2; i++) {
		host_dial(h, i, d.now);
		desk_run(&d, SHORT_US);
		host_send_open(h, &h->connection[i], 999);
		desk_run(&d, SHORT_US);
		cr_assert_eq(h->connection[i].notification[0], NOTIFY_OPEN);
		host_forget(h);
		desk_run(&d, SHORT_US);
	}
	unsigned resets = h->resets_in;
	host_dial(h, 2, d.now);
	desk_run(&d, SHORT_US);
	cr_expect(!host_is_up(&h->connection[2]) && h->resets_in == resets + 1);
	struct member_status st = desk_status(&d, 0);
	cr_expect(st.state == FSM_IDLE && st.is_enabled && st.rest_due > d.now);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(desk_status(&d, 0).rest_due, 0u);
	desk_up(&d, 0, 3);
	desk_fini(&d);
}

/* A second connection while our OPEN waits for the first one's: whose OPEN comes first stays, and
 * there is one session in the end. */
Test(delay_open, of_two_silent_connections_the_one_that_speaks_stays)
{
	for (unsigned speaks = 0; speaks < 2; speaks++) {
		struct desk d;
		desk_init(&d, &(struct desk_opts){.delay_open_s = 10});
		struct host *h = &d.host[0];
		host_dial(h, 0, d.now);
		desk_run(&d, SHORT_US);
		host_dial(h, 1, d.now);
		desk_run(&d, SHORT_US);
		cr_expect_eq(desk_status(&d, 0).state, FSM_OPEN_DELAYED);
		cr_expect_eq(h->connection[0].heard[BGP_OPEN] + h->connection[1].heard[BGP_OPEN],
			     0u);
		host_send_open(h, &h->connection[speaks], 101);
		desk_run(&d, speaks == 0 ? SHORT_US : 11 * USEC_PER_SEC);
		host_send(&h->connection[speaks], BGP_KEEPALIVE, NULL, 0);
		desk_run(&d, USEC_PER_SEC);
		cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
		cr_expect(host_is_up(&h->connection[speaks]));
		desk_fini(&d);
	}
}

/* The second connection's patience does not run out while it is us who wait. */
Test(delay_open, a_second_connection_outlives_the_delay)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.delay_open_s = 60});
	struct host *h = &d.host[0];
	host_dial(h, 0, d.now);
	desk_run(&d, SHORT_US);
	host_dial(h, 1, d.now);
	desk_run(&d, 59 * USEC_PER_SEC);
	cr_expect(host_is_up(&h->connection[1]) && h->connection[1].heard[BGP_NOTIFICATION] == 0);
	host_send_open(h, &h->connection[1], 101);
	desk_run(&d, 2 * USEC_PER_SEC);
	host_send(&h->connection[1], BGP_KEEPALIVE, NULL, 0);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	desk_fini(&d);
}
