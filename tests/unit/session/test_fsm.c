/* RFC 4271 §8.2.2: every state and every event, held against a second table that was written from
 * the RFC's text and shares no name with the first. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/session/fsm.h"
#include "rib/base/text.h"
#include "rib/base/units.h"

/* "next:actions/subcode".  Next state: I C A D(OpenDelayed) S(OpenSent) F(OpenConfirm) E.  Actions: C connect,
 * l listen, o OPEN, k KEEPALIVE, n NOTIFICATION, c close, a abort, u up, d down, m deliver, L hold
 * timer 4 min, h hold timer, t keepalive timer, r retry timer, D DelayOpen timer. */
static const char *const expected[FSM_STATE_COUNT][FSM_EVENT_COUNT] = {
	/* Start 1/3, start 4/5, stop, 9, 10, 11, 16/17, 18, 19, 21/22/28, 24/25, 26, 27, 23, 29,
	 * 16/17 with DelayOpen, 12, and our own restart (RFC 4724 §4.1: no NOTIFICATION). */
	/* Idle: only a start is heard (9-12 and 15-28 change nothing); connections are refused. */
	{"C:Cr/0", "A:lr/0", "I:/0", "I:/0", "I:/0", "I:/0", "I:a/0", "I:/0", "I:/0", "I:/0",
	 "I:/0", "I:/0", "I:/0", "I:/0", "I:/0", "I:a/0", "I:/0", "I:/0"},
	/* Connect: 9 tries again; 16/17 send OPEN; 18 without DelayOpen goes to Idle; "any other
	 * events (8, 10-11, 13, 19, 23, 25-28)" drop the connection and go to Idle. */
	{"C:/0", "C:/0", "I:a/0", "C:Cr/0", "I:a/0", "I:a/0", "S:oL/0", "I:/0", "I:a/0", "I:a/0",
	 "I:a/0", "I:a/0", "I:a/0", "I:a/0", "I:a/0", "D:D/0", "C:/0", "I:a/0"},
	/* Active: 9 connects; 18 deviates (stays Active, timer untouched); the rest as Connect. */
	{"A:/0", "A:/0", "I:a/0", "C:Cr/0", "I:a/0", "I:a/0", "S:oL/0", "A:l/0", "I:a/0", "I:a/0",
	 "I:a/0", "I:a/0", "I:a/0", "I:a/0", "I:a/0", "D:D/0", "A:/0", "I:a/0"},
	/* DelayOpenTimer running: 12 sends OPEN; 20 sends it too and confirms; 18 listens on; 21
	 * and 22 say why; whatever else drops the connection without a word. */
	{"D:/0", "D:/0", "I:c/0", "D:/0", "I:c/0", "I:c/0", "D:/0", "A:lr/0", "F:okht/0", "I:nc/0",
	 "I:c/0", "I:c/0", "I:c/0", "I:c/0", "I:c/0", "D:/0", "S:oL/0", "I:c/0"},
	/* OpenSent: 18 listens on; 19 confirms; 25 deviates (no answer); "any other event (9,
	 * 11-13, 20, 25-28)" is an FSM error; 23 moves to the connection that stays. */
	{"S:/0", "S:/0", "I:nc/0", "I:nc/0", "I:nc/0", "I:nc/0", "S:/0", "A:lr/0", "F:kht/0",
	 "I:nc/0", "I:c/0", "I:nc/1", "I:nc/1", "S:L/0", "I:nc/0", "S:/0", "I:nc/0", "I:c/0"},
	/* OpenConfirm: 11 sends KEEPALIVE; 18 and 25 go to Idle; 26 establishes; "any other event
	 * (9, 12-13, 20, 27-28)" is an FSM error. */
	{"F:/0", "F:/0", "I:nc/0", "I:nc/0", "I:nc/0", "F:kt/0", "F:/0", "I:/0", "I:nc/2", "I:nc/0",
	 "I:c/0", "E:hu/0", "I:nc/2", "S:L/0", "I:nc/0", "F:/0", "I:nc/0", "I:c/0"},
	/* Established: every way out deletes the routes; 26 and 27 restart HoldTimer; "any other
	 * event (9, 12-13, 20-22)" is an FSM error, but for header errors (§6.1); 23 counts only
	 * with CollisionDetectEstablishedState; 29 as 10 (RFC 9687 §4.3). */
	{"E:/0", "E:/0", "I:ncd/0", "I:ncd/0", "I:ncd/0", "E:kt/0", "E:/0", "I:d/0", "I:ncd/3",
	 "I:ncd/0", "I:cd/0", "E:h/0", "E:hm/0", "E:/0", "I:ncd/0", "E:/0", "I:ncd/0", "I:cd/0"},
};

static const struct {
	unsigned bit;
	char letter;
} letters[] = {
	{FSM_ACT_CONNECT, 'C'},
	{FSM_ACT_LISTEN, 'l'},
	{FSM_ACT_SEND_OPEN, 'o'},
	{FSM_ACT_SEND_KEEPALIVE, 'k'},
	{FSM_ACT_SEND_NOTIFICATION, 'n'},
	{FSM_ACT_CLOSE, 'c'},
	{FSM_ACT_ABORT, 'a'},
	{FSM_ACT_HOLD_LARGE, 'L'},
	{FSM_ACT_HOLD, 'h'},
	{FSM_ACT_UP, 'u'},
	{FSM_ACT_DOWN, 'd'},
	{FSM_ACT_DELIVER, 'm'},
	{FSM_ACT_KEEPALIVE_TIMER, 't'},
	{FSM_ACT_RETRY_TIMER, 'r'},
	{FSM_ACT_DELAY_TIMER, 'D'},
};

static void cell_text(const struct fsm_cell *cell, char *buf, size_t len)
{
	struct text t = text_of(buf, len);
	unsigned left = cell->actions;
	text_printf(&t, "%c:", "ICADSFE"[cell->next]);
	for (size_t i = 0; i < ARRAY_COUNT(letters); i++) {
		if (left & letters[i].bit) {
			text_printf(&t, "%c", letters[i].letter);
			left &= ~letters[i].bit;
		}
	}
	cr_assert(left == 0);
	text_printf(&t, "/%u", cell->fsm_error_subcode);
	cr_assert(!t.is_cut);
}

Test(fsm, every_cell_is_what_rfc_4271_says)
{
	for (unsigned s = 0; s < FSM_STATE_COUNT; s++) {
		for (unsigned e = 0; e < FSM_EVENT_COUNT; e++) {
			char text[32];
			cell_text(fsm_cell((enum fsm_state)s, (enum fsm_event)e), text,
				  sizeof(text));
			cr_expect_str_eq(text, expected[s][e], "state %s event %u: %s, not %s",
					 fsm_state_text((enum fsm_state)s), e, text,
					 expected[s][e]);
		}
	}
}

/* The RFC's own events, 1 to 29 (28 of RFC 4271 §8.1, one of RFC 9687 §4.2), each with ours; -1
 * where the session settles it outside of the table: damping (6, 7, 13), or TCP before the session
 * hears of a connection (14, 15).  20 is an OPEN in OpenDelayed. */
enum { RFC_EVENT_MAX = 29 };
static const int ours_of[RFC_EVENT_MAX + 1] = {
	-1, /* There is no event 0. */
	FSM_EV_START,
	FSM_EV_STOP,
	FSM_EV_START,
	FSM_EV_START_PASSIVE,
	FSM_EV_START_PASSIVE,
	-1,
	-1,
	FSM_EV_STOP,
	FSM_EV_CONNECT_RETRY,
	FSM_EV_HOLD_EXPIRES,
	FSM_EV_KEEPALIVE_TIMER,
	FSM_EV_DELAY_OPEN_EXPIRES,
	-1,
	-1,
	-1,
	FSM_EV_TRANSPORT_UP,
	FSM_EV_TRANSPORT_UP,
	FSM_EV_TRANSPORT_DOWN,
	FSM_EV_OPEN,
	-1,
	FSM_EV_MESSAGE_ERROR,
	FSM_EV_MESSAGE_ERROR,
	FSM_EV_COLLISION_DUMP,
	FSM_EV_NOTIFICATION,
	FSM_EV_NOTIFICATION,
	FSM_EV_KEEPALIVE,
	FSM_EV_UPDATE,
	FSM_EV_MESSAGE_ERROR,
	FSM_EV_SEND_HOLD_EXPIRES,
};

/* §8.2.2, state by state, events 1 to 29 in order; the fourth row is Connect with DelayOpenTimer
 * running (its 19 is 20), the others are without.  Next state as
 * above, then: i initiates a connection, o sends OPEN, k KEEPALIVE, n NOTIFICATION, d drops the
 * connection, L HoldTimer to a large value, h HoldTimer, t KeepaliveTimer, r ConnectRetryTimer
 * (started anew); x: an event that we do not have. */
static const char *const rfc_says[FSM_STATE_COUNT] = {
	"Cir I Cir Ar Ar x x I I I I I x x x I I I I x I I I I I I I I I",
	"C Id C C C x x Id Cidr Id Id SoL x x x SoL SoL Id Id x Id Id Id Id Id Id Id Id Id",
	"A Id A A A x x Id Cir Id Id SoL x x x SoL SoL Ir Id x Id Id Id Id Id Id Id Id Id",
	"D Id D D D x x Id Cidr Id Id SoL x x x D D Ar Fokht x Ind Ind Id Id Id Id Id Id Id",
	("S Ind S S S x x Ind Ind Ind Ind Ind x x x S S Adr Fkht x Ind Ind Ind Id Ind Ind Ind Ind "
	 "Ind"),
	"F Ind F F F x x Ind Ind Ind Fkt Ind x x x F F Id Ind x Ind Ind Ind Id Id Eh Ind Ind Ind",
	"E Ind E E E x x Ind Ind Ind Ekt Ind x x x E E Id Ind x Ind Ind Ind Id Id Eh Eh Ind Ind",
};

/* Every cell in which we do something else, and nothing besides. */
static const struct {
	enum fsm_state state;
	unsigned event;
	const char *ours;
} deviations[] = {
	/* "Refuses all incoming BGP connections": so one that comes is dropped. */
	{FSM_IDLE, 16, "Id"},
	{FSM_IDLE, 17, "Id"},
	/* An attempt under way is not dropped for an equal one. */
	{FSM_CONNECT, 9, "Cir"},
	/* DelayOpenTimer does not run there, ConnectRetryTimer not here. */
	{FSM_CONNECT, 12, "C"},
	{FSM_ACTIVE, 12, "A"},
	{FSM_OPEN_DELAYED, 9, "D"},
	/* Any faulty message is told what is wrong with it. */
	{FSM_OPEN_DELAYED, 28, "Ind"},
	/* What has failed need not be dropped. */
	{FSM_CONNECT, 18, "I"},
	{FSM_OPEN_SENT, 18, "Ar"},
	{FSM_OPEN_CONFIRM, 18, "I"},
	{FSM_ESTABLISHED, 18, "I"},
	/* A handshake from outside that fails does not put off our own attempt. */
	{FSM_ACTIVE, 18, "A"},
	/* The session goes on with the connection that stays; the other gets its Cease. */
	{FSM_OPEN_SENT, 23, "SL"},
	{FSM_OPEN_CONFIRM, 23, "SL"},
	{FSM_ESTABLISHED, 23, "E"}, /* CollisionDetectEstablishedState is absent. */
	/* §6.4: a NOTIFICATION is not answered. */
	{FSM_OPEN_SENT, 25, "Id"},
};

static void cell_in_rfc_terms(const struct fsm_cell *cell, char *buf, size_t len)
{
	static const struct {
		unsigned bits;
		char letter;
	} terms[] = {
		{FSM_ACT_CONNECT, 'i'},
		{FSM_ACT_SEND_OPEN, 'o'},
		{FSM_ACT_SEND_KEEPALIVE, 'k'},
		{FSM_ACT_SEND_NOTIFICATION, 'n'},
		{FSM_ACT_CLOSE | FSM_ACT_ABORT, 'd'},
		{FSM_ACT_HOLD_LARGE, 'L'},
		{FSM_ACT_HOLD, 'h'},
		{FSM_ACT_KEEPALIVE_TIMER, 't'},
		{FSM_ACT_RETRY_TIMER, 'r'},
	};
	struct text t = text_of(buf, len);
	text_printf(&t, "%c", "ICADSFE"[cell->next]);
	for (size_t i = 0; i < ARRAY_COUNT(terms); i++) {
		if (cell->actions & terms[i].bits) {
			text_printf(&t, "%c", terms[i].letter);
		}
	}
}

/* What is to be found in a cell; counts it when that is not the RFC's. */
static const char *wanted(enum fsm_state state, unsigned event, const char *rfc,
			  unsigned *deviation_count)
{
	for (size_t i = 0; i < ARRAY_COUNT(deviations); i++) {
		if (deviations[i].state == state && deviations[i].event == event) {
			cr_expect_str_neq(deviations[i].ours, rfc, "no deviation at all");
			(*deviation_count)++;
			return deviations[i].ours;
		}
	}
	return rfc;
}

Test(fsm, each_event_of_the_rfc_does_what_it_says_there)
{
	unsigned deviation_count = 0;
	for (unsigned s = 0; s < FSM_STATE_COUNT; s++) {
		char row[256], *rest = row;
		snprintf(row, sizeof(row), "%s", rfc_says[s]);
		for (unsigned e = 1; e <= RFC_EVENT_MAX; e++) {
			char text[32];
			const char *rfc = strsep(&rest, " ");
			cr_assert_not_null(rfc, "state %u has %u events", s, e - 1);
			cr_assert_eq(ours_of[e] < 0, strcmp(rfc, "x") == 0, "event %u", e);
			if (ours_of[e] < 0) {
				continue;
			}
			const char *want = wanted((enum fsm_state)s, e, rfc, &deviation_count);
			cell_in_rfc_terms(fsm_cell((enum fsm_state)s, (enum fsm_event)ours_of[e]),
					  text, sizeof(text));
			cr_expect_str_eq(text, want, "%s, event %u: %s, not %s",
					 fsm_state_text((enum fsm_state)s), e, text, want);
		}
		cr_assert_null(rest);
	}
	cr_expect_eq(deviation_count, ARRAY_COUNT(deviations));
}

Test(fsm, routes_go_exactly_when_established_is_left)
{
	for (unsigned s = 0; s < FSM_STATE_COUNT; s++) {
		for (unsigned e = 0; e < FSM_EVENT_COUNT; e++) {
			const struct fsm_cell *c = fsm_cell((enum fsm_state)s, (enum fsm_event)e);
			bool is_left = s == FSM_ESTABLISHED && c->next != FSM_ESTABLISHED;
			bool is_entered = s != FSM_ESTABLISHED && c->next == FSM_ESTABLISHED;
			cr_expect(is_left == ((c->actions & FSM_ACT_DOWN) != 0));
			cr_expect(is_entered == ((c->actions & FSM_ACT_UP) != 0));
		}
	}
}

Test(fsm, states_have_the_names_operators_know)
{
	static const char *const names[] = {"Idle",	"Connect",     "Active",     "Active",
					    "OpenSent", "OpenConfirm", "Established"};
	for (unsigned s = 0; s < FSM_STATE_COUNT; s++) {
		cr_expect_str_eq(fsm_state_text((enum fsm_state)s), names[s]);
	}
}
