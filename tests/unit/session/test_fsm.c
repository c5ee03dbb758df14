/* RFC 4271 §8.2.2: every state and every event, held against a second table that was written from
 * the RFC's text and shares no name with the first. */
#include <criterion/criterion.h>

#include "dataplane/session/fsm.h"
#include "rib/base/text.h"
#include "rib/base/units.h"

/* "next:actions/subcode".  Next state: I C A S(OpenSent) F(OpenConfirm) E.  Actions: C connect,
 * l listen, o OPEN, k KEEPALIVE, n NOTIFICATION, c close, a abort, u up, d down, m deliver, L hold
 * timer 4 min, h hold timer, t keepalive timer, r retry timer. */
static const char *const expected[FSM_STATE_COUNT][FSM_EVENT_COUNT] = {
	/* Start 1/3, start 4/5, stop, 9, 10, 11, 16/17, 18, 19, 21/22/28, 24/25, 26, 27, 23, 29. */
	/* Idle: only a start is heard (9-12 and 15-28 change nothing); connections are refused. */
	{"C:Cr/0", "A:lr/0", "I:/0", "I:/0", "I:/0", "I:/0", "I:a/0", "I:/0", "I:/0", "I:/0",
	 "I:/0", "I:/0", "I:/0", "I:/0", "I:/0"},
	/* Connect: 9 tries again; 16/17 send OPEN; 18 without DelayOpen goes to Idle; "any other
	 * events (8, 10-11, 13, 19, 23, 25-28)" drop the connection and go to Idle. */
	{"C:/0", "C:/0", "I:a/0", "C:Cr/0", "I:a/0", "I:a/0", "S:oL/0", "I:/0", "I:a/0", "I:a/0",
	 "I:a/0", "I:a/0", "I:a/0", "I:a/0", "I:a/0"},
	/* Active: 9 connects; 18 deviates (stays Active, timer untouched); the rest as Connect. */
	{"A:/0", "A:/0", "I:a/0", "C:Cr/0", "I:a/0", "I:a/0", "S:oL/0", "A:l/0", "I:a/0", "I:a/0",
	 "I:a/0", "I:a/0", "I:a/0", "I:a/0", "I:a/0"},
	/* OpenSent: 18 listens on; 19 confirms; 25 deviates (no answer); "any other event (9,
	 * 11-13, 20, 25-28)" is an FSM error; 23 moves to the connection that stays. */
	{"S:/0", "S:/0", "I:nc/0", "I:nc/0", "I:nc/0", "I:nc/0", "S:/0", "A:lr/0", "F:kht/0",
	 "I:nc/0", "I:c/0", "I:nc/1", "I:nc/1", "S:L/0", "I:nc/0"},
	/* OpenConfirm: 11 sends KEEPALIVE; 18 and 25 go to Idle; 26 establishes; "any other event
	 * (9, 12-13, 20, 27-28)" is an FSM error. */
	{"F:/0", "F:/0", "I:nc/0", "I:nc/0", "I:nc/0", "F:kt/0", "F:/0", "I:/0", "I:nc/2", "I:nc/0",
	 "I:c/0", "E:hu/0", "I:nc/2", "S:L/0", "I:nc/0"},
	/* Established: every way out deletes the routes; 26 and 27 restart HoldTimer; "any other
	 * event (9, 12-13, 20-22)" is an FSM error, but for header errors (§6.1); 23 counts only
	 * with CollisionDetectEstablishedState; 29 as 10 (RFC 9687 §3). */
	{"E:/0", "E:/0", "I:ncd/0", "I:ncd/0", "I:ncd/0", "E:kt/0", "E:/0", "I:d/0", "I:ncd/3",
	 "I:ncd/0", "I:cd/0", "E:h/0", "E:hm/0", "E:/0", "I:ncd/0"},
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
};

static void cell_text(const struct fsm_cell *cell, char *buf, size_t len)
{
	struct text t = text_of(buf, len);
	unsigned left = cell->actions;
	text_printf(&t, "%c:", "ICASFE"[cell->next]);
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
	static const char *const names[] = {"Idle",	"Connect",     "Active",
					    "OpenSent", "OpenConfirm", "Established"};
	for (unsigned s = 0; s < FSM_STATE_COUNT; s++) {
		cr_expect_str_eq(fsm_state_text((enum fsm_state)s), names[s]);
	}
}
