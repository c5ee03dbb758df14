/* The BGP finite state machine.  RFC 4271 §8.2.2, one row for each event and state.
 *
 * What the RFC calls "any other event" is written out cell by cell, so that a reader finds every
 * case and the test can compare each one with the RFC's text.  The optional part that is absent
 * takes its event with it: CollisionDetectEstablishedState (23 in Established).  Damping (6, 7, 13)
 * is a rest in Idle before the start, see damping.h.
 *
 * Five deviations run through several rows:
 *   (a) A NOTIFICATION is never answered, not even in OpenSent, where "any other event" would make
 *       it an FSM error (25): §6.4 wants no answer to it.
 *   (b) A header error in Established (21) is answered with its own code 1, as §6.1 says, and not
 *       as the FSM error that "any other event" would make of it.
 *   (c) A second OPEN after the first (19) on one connection is an unexpected message: a collision
 *       is found with the OPEN of another connection, before it comes here (collision.h).
 *   (d) The RFC has a machine for each connection, and a dumped one (23) sends a Cease and goes to
 *       Idle.  Here the machine is the session's: the caller sends the Cease on the connection that
 *       goes, and the session is in OpenSent on the one that stays, as that one's machine was.
 *   (e) An end without a NOTIFICATION is no event of RFC 4271: RFC 4724 §4.1 has it when the whole
 *       server restarts, and the member then keeps our routes. */
#include "dataplane/session/fsm.h"

#include "rib/base/check.h"

/* Sets of actions that recur. */
enum {
	DIAL = FSM_ACT_CONNECT | FSM_ACT_RETRY_TIMER,
	WAIT = FSM_ACT_LISTEN | FSM_ACT_RETRY_TIMER,
	FAIL = FSM_ACT_SEND_NOTIFICATION | FSM_ACT_CLOSE,
	LOSE = FAIL | FSM_ACT_DOWN,
	ALIVE = FSM_ACT_SEND_KEEPALIVE | FSM_ACT_KEEPALIVE_TIMER,
	OPENED = FSM_ACT_SEND_OPEN | FSM_ACT_HOLD_LARGE,
};

/* RFC 6608 §3; the message's type goes with it (§4): session_in.c. */
enum { UNEXPECTED_IN_OPEN_SENT = 1, UNEXPECTED_IN_OPEN_CONFIRM = 2, UNEXPECTED_IN_ESTABLISHED = 3 };

static const struct fsm_cell idle_row[FSM_EVENT_COUNT] = {
	[FSM_EV_START] = {FSM_CONNECT, DIAL, 0},
	[FSM_EV_START_PASSIVE] = {FSM_ACTIVE, WAIT, 0},
	[FSM_EV_STOP] = {FSM_IDLE, 0, 0},
	[FSM_EV_CONNECT_RETRY] = {FSM_IDLE, 0, 0},
	[FSM_EV_HOLD_EXPIRES] = {FSM_IDLE, 0, 0},
	[FSM_EV_KEEPALIVE_TIMER] = {FSM_IDLE, 0, 0},
	/* "Refuses all incoming BGP connections." */
	[FSM_EV_TRANSPORT_UP] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_TRANSPORT_DOWN] = {FSM_IDLE, 0, 0},
	[FSM_EV_OPEN] = {FSM_IDLE, 0, 0},
	[FSM_EV_MESSAGE_ERROR] = {FSM_IDLE, 0, 0},
	[FSM_EV_NOTIFICATION] = {FSM_IDLE, 0, 0},
	[FSM_EV_KEEPALIVE] = {FSM_IDLE, 0, 0},
	[FSM_EV_UPDATE] = {FSM_IDLE, 0, 0},
	[FSM_EV_COLLISION_DUMP] = {FSM_IDLE, 0, 0},
	[FSM_EV_SEND_HOLD_EXPIRES] = {FSM_IDLE, 0, 0},
	[FSM_EV_TRANSPORT_UP_DELAYED] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_DELAY_OPEN_EXPIRES] = {FSM_IDLE, 0, 0},
	[FSM_EV_LEAVE] = {FSM_IDLE, 0, 0},
};

/* Nothing is established in Connect and Active: ABORT drops an attempt.  Messages cannot come. */
static const struct fsm_cell connect_row[FSM_EVENT_COUNT] = {
	[FSM_EV_START] = {FSM_CONNECT, 0, 0},
	[FSM_EV_START_PASSIVE] = {FSM_CONNECT, 0, 0},
	[FSM_EV_STOP] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	/* Deviates: an attempt under way is not dropped for an equal one; the transport
	 * gives up by itself, and that is event 18. */
	[FSM_EV_CONNECT_RETRY] = {FSM_CONNECT, DIAL, 0},
	[FSM_EV_HOLD_EXPIRES] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_KEEPALIVE_TIMER] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_TRANSPORT_UP] = {FSM_OPEN_SENT, OPENED, 0},
	[FSM_EV_TRANSPORT_DOWN] = {FSM_IDLE, 0, 0}, /* DelayOpenTimer is not running. */
	[FSM_EV_OPEN] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_MESSAGE_ERROR] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_NOTIFICATION] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_KEEPALIVE] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_UPDATE] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_COLLISION_DUMP] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_SEND_HOLD_EXPIRES] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_TRANSPORT_UP_DELAYED] = {FSM_OPEN_DELAYED, FSM_ACT_DELAY_TIMER, 0},
	[FSM_EV_DELAY_OPEN_EXPIRES] = {FSM_CONNECT, 0, 0},
	[FSM_EV_LEAVE] = {FSM_IDLE, FSM_ACT_ABORT, 0}, /* (e) */
};

static const struct fsm_cell active_row[FSM_EVENT_COUNT] = {
	[FSM_EV_START] = {FSM_ACTIVE, 0, 0},
	[FSM_EV_START_PASSIVE] = {FSM_ACTIVE, 0, 0},
	[FSM_EV_STOP] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_CONNECT_RETRY] = {FSM_CONNECT, DIAL, 0},
	[FSM_EV_HOLD_EXPIRES] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_KEEPALIVE_TIMER] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_TRANSPORT_UP] = {FSM_OPEN_SENT, OPENED, 0},
	/* Deviates: the RFC goes to Idle and restarts ConnectRetryTimer.  A handshake from
	 * outside that fails must not put off our own attempt, again and again. */
	[FSM_EV_TRANSPORT_DOWN] = {FSM_ACTIVE, FSM_ACT_LISTEN, 0},
	[FSM_EV_OPEN] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_MESSAGE_ERROR] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_NOTIFICATION] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_KEEPALIVE] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_UPDATE] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_COLLISION_DUMP] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_SEND_HOLD_EXPIRES] = {FSM_IDLE, FSM_ACT_ABORT, 0},
	[FSM_EV_TRANSPORT_UP_DELAYED] = {FSM_OPEN_DELAYED, FSM_ACT_DELAY_TIMER, 0},
	[FSM_EV_DELAY_OPEN_EXPIRES] = {FSM_ACTIVE, 0, 0},
	[FSM_EV_LEAVE] = {FSM_IDLE, FSM_ACT_ABORT, 0}, /* (e) */
};

/* DelayOpenTimer is running.  No OPEN was sent: who is dropped is told nothing (but why its message
 * was faulty: SendNOTIFICATIONwithoutOPEN). */
static const struct fsm_cell open_delayed_row[FSM_EVENT_COUNT] = {
	[FSM_EV_START] = {FSM_OPEN_DELAYED, 0, 0},
	[FSM_EV_START_PASSIVE] = {FSM_OPEN_DELAYED, 0, 0},
	[FSM_EV_STOP] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_CONNECT_RETRY] = {FSM_OPEN_DELAYED, 0, 0}, /* Its timer does not run. */
	[FSM_EV_HOLD_EXPIRES] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_KEEPALIVE_TIMER] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_TRANSPORT_UP] = {FSM_OPEN_DELAYED, 0,
				 0}, /* A second one: it waits (core/rival.c). */
	[FSM_EV_TRANSPORT_DOWN] = {FSM_ACTIVE, WAIT, 0},
	[FSM_EV_OPEN] = {FSM_OPEN_CONFIRM, FSM_ACT_SEND_OPEN | ALIVE | FSM_ACT_HOLD, 0},
	[FSM_EV_MESSAGE_ERROR] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_NOTIFICATION] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_KEEPALIVE] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_UPDATE] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_COLLISION_DUMP] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_SEND_HOLD_EXPIRES] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_TRANSPORT_UP_DELAYED] = {FSM_OPEN_DELAYED, 0, 0},
	[FSM_EV_DELAY_OPEN_EXPIRES] = {FSM_OPEN_SENT, OPENED, 0},
	[FSM_EV_LEAVE] = {FSM_IDLE, FSM_ACT_CLOSE, 0}, /* (e) */
};

static const struct fsm_cell open_sent_row[FSM_EVENT_COUNT] = {
	[FSM_EV_START] = {FSM_OPEN_SENT, 0, 0},
	[FSM_EV_START_PASSIVE] = {FSM_OPEN_SENT, 0, 0},
	[FSM_EV_STOP] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_CONNECT_RETRY] = {FSM_IDLE, FAIL, 0}, /* Any other event. */
	[FSM_EV_HOLD_EXPIRES] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_KEEPALIVE_TIMER] = {FSM_IDLE, FAIL, 0}, /* Any other event. */
	[FSM_EV_TRANSPORT_UP] = {FSM_OPEN_SENT, 0, 0},	/* A second one: collision.h. */
	[FSM_EV_TRANSPORT_DOWN] = {FSM_ACTIVE, WAIT, 0},
	[FSM_EV_OPEN] = {FSM_OPEN_CONFIRM, ALIVE | FSM_ACT_HOLD, 0},
	[FSM_EV_MESSAGE_ERROR] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_NOTIFICATION] = {FSM_IDLE, FSM_ACT_CLOSE, 0}, /* (a) */
	[FSM_EV_KEEPALIVE] = {FSM_IDLE, FAIL, UNEXPECTED_IN_OPEN_SENT},
	[FSM_EV_UPDATE] = {FSM_IDLE, FAIL, UNEXPECTED_IN_OPEN_SENT},
	[FSM_EV_COLLISION_DUMP] = {FSM_OPEN_SENT, FSM_ACT_HOLD_LARGE, 0}, /* (d) */
	[FSM_EV_SEND_HOLD_EXPIRES] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_TRANSPORT_UP_DELAYED] = {FSM_OPEN_SENT, 0, 0},
	[FSM_EV_DELAY_OPEN_EXPIRES] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_LEAVE] = {FSM_IDLE, FSM_ACT_CLOSE, 0}, /* (e) */
};

static const struct fsm_cell open_confirm_row[FSM_EVENT_COUNT] = {
	[FSM_EV_START] = {FSM_OPEN_CONFIRM, 0, 0},
	[FSM_EV_START_PASSIVE] = {FSM_OPEN_CONFIRM, 0, 0},
	[FSM_EV_STOP] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_CONNECT_RETRY] = {FSM_IDLE, FAIL, 0}, /* Any other event. */
	[FSM_EV_HOLD_EXPIRES] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_KEEPALIVE_TIMER] = {FSM_OPEN_CONFIRM, ALIVE, 0},
	[FSM_EV_TRANSPORT_UP] = {FSM_OPEN_CONFIRM, 0, 0}, /* A second one: collision.h. */
	[FSM_EV_TRANSPORT_DOWN] = {FSM_IDLE, 0, 0},
	[FSM_EV_OPEN] = {FSM_IDLE, FAIL, UNEXPECTED_IN_OPEN_CONFIRM}, /* (c) */
	[FSM_EV_MESSAGE_ERROR] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_NOTIFICATION] = {FSM_IDLE, FSM_ACT_CLOSE, 0},
	[FSM_EV_KEEPALIVE] = {FSM_ESTABLISHED, FSM_ACT_HOLD | FSM_ACT_UP, 0},
	[FSM_EV_UPDATE] = {FSM_IDLE, FAIL, UNEXPECTED_IN_OPEN_CONFIRM},
	[FSM_EV_COLLISION_DUMP] = {FSM_OPEN_SENT, FSM_ACT_HOLD_LARGE, 0}, /* (d) */
	[FSM_EV_SEND_HOLD_EXPIRES] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_TRANSPORT_UP_DELAYED] = {FSM_OPEN_CONFIRM, 0, 0},
	[FSM_EV_DELAY_OPEN_EXPIRES] = {FSM_IDLE, FAIL, 0},
	[FSM_EV_LEAVE] = {FSM_IDLE, FSM_ACT_CLOSE, 0}, /* (e) */
};

static const struct fsm_cell established_row[FSM_EVENT_COUNT] = {
	[FSM_EV_START] = {FSM_ESTABLISHED, 0, 0},
	[FSM_EV_START_PASSIVE] = {FSM_ESTABLISHED, 0, 0},
	[FSM_EV_STOP] = {FSM_IDLE, LOSE, 0},
	[FSM_EV_CONNECT_RETRY] = {FSM_IDLE, LOSE, 0}, /* Any other event. */
	[FSM_EV_HOLD_EXPIRES] = {FSM_IDLE, LOSE, 0},
	[FSM_EV_KEEPALIVE_TIMER] = {FSM_ESTABLISHED, ALIVE, 0},
	[FSM_EV_TRANSPORT_UP] = {FSM_ESTABLISHED, 0, 0}, /* A second one: collision.h. */
	[FSM_EV_TRANSPORT_DOWN] = {FSM_IDLE, FSM_ACT_DOWN, 0},
	[FSM_EV_OPEN] = {FSM_IDLE, LOSE, UNEXPECTED_IN_ESTABLISHED}, /* (c) */
	[FSM_EV_MESSAGE_ERROR] = {FSM_IDLE, LOSE, 0},		     /* (b) */
	[FSM_EV_NOTIFICATION] = {FSM_IDLE, FSM_ACT_CLOSE | FSM_ACT_DOWN, 0},
	[FSM_EV_KEEPALIVE] = {FSM_ESTABLISHED, FSM_ACT_HOLD, 0},
	[FSM_EV_UPDATE] = {FSM_ESTABLISHED, FSM_ACT_HOLD | FSM_ACT_DELIVER, 0},
	[FSM_EV_COLLISION_DUMP] = {FSM_ESTABLISHED, 0, 0}, /* §6.8: the new one goes. */
	[FSM_EV_SEND_HOLD_EXPIRES] = {FSM_IDLE, LOSE, 0},
	[FSM_EV_TRANSPORT_UP_DELAYED] = {FSM_ESTABLISHED, 0, 0},
	[FSM_EV_DELAY_OPEN_EXPIRES] = {FSM_IDLE, LOSE, 0},
	[FSM_EV_LEAVE] = {FSM_IDLE, FSM_ACT_CLOSE | FSM_ACT_DOWN, 0}, /* (e) */
};

static const struct fsm_cell *const rows[FSM_STATE_COUNT] = {
	[FSM_IDLE] = idle_row,
	[FSM_CONNECT] = connect_row,
	[FSM_ACTIVE] = active_row,
	[FSM_OPEN_DELAYED] = open_delayed_row,
	[FSM_OPEN_SENT] = open_sent_row,
	[FSM_OPEN_CONFIRM] = open_confirm_row,
	[FSM_ESTABLISHED] = established_row,
};

static const char *const state_texts[FSM_STATE_COUNT] = {
	[FSM_IDLE] = "Idle",
	[FSM_CONNECT] = "Connect",
	[FSM_ACTIVE] = "Active",
	[FSM_OPEN_DELAYED] = "Active",
	[FSM_OPEN_SENT] = "OpenSent",
	[FSM_OPEN_CONFIRM] = "OpenConfirm",
	[FSM_ESTABLISHED] = "Established",
};

const struct fsm_cell *fsm_cell(enum fsm_state state, enum fsm_event event)
{
	ASSERT(state < FSM_STATE_COUNT);
	ASSERT(event < FSM_EVENT_COUNT);
	return &rows[state][event];
}

const char *fsm_state_text(enum fsm_state state)
{
	ASSERT(state < FSM_STATE_COUNT);
	return state_texts[state];
}
