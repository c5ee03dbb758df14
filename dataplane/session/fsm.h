/* The BGP finite state machine as a table: state × event → actions and next state.
 * RFC 4271 §8.2.2, RFC 6608, RFC 9687.  Data, not code: the test walks every cell.  Deviations are
 * said in the rows. */
#pragma once

#include "rib/base/units.h"

enum fsm_state {
	FSM_IDLE,
	FSM_CONNECT,
	FSM_ACTIVE,
	/* The RFC's Connect and Active while DelayOpenTimer runs, which then differ in nothing:
	 * there is a connection, and our OPEN waits for the member's.  Told as Active. */
	FSM_OPEN_DELAYED,
	FSM_OPEN_SENT,
	FSM_OPEN_CONFIRM,
	FSM_ESTABLISHED,
	FSM_STATE_COUNT
};

/* The RFC's events that can happen here; numbers in comments are RFC 4271 §8.1's. */
enum fsm_event {
	FSM_EV_START,		  /* 1, 3; 13 when it has rested (damping.h) */
	FSM_EV_START_PASSIVE,	  /* 4, 5, 7; 13: wait for the member, or until a pause is over. */
	FSM_EV_STOP,		  /* 2, 8 */
	FSM_EV_CONNECT_RETRY,	  /* 9 */
	FSM_EV_HOLD_EXPIRES,	  /* 10 */
	FSM_EV_KEEPALIVE_TIMER,	  /* 11 */
	FSM_EV_TRANSPORT_UP,	  /* 16, 17 */
	FSM_EV_TRANSPORT_DOWN,	  /* 18 */
	FSM_EV_OPEN,		  /* 19; 20 in OPEN_DELAYED */
	FSM_EV_MESSAGE_ERROR,	  /* 21, 22, 28: a NOTIFICATION is to be sent */
	FSM_EV_NOTIFICATION,	  /* 24, 25 */
	FSM_EV_KEEPALIVE,	  /* 26 */
	FSM_EV_UPDATE,		  /* 27 (and ROUTE-REFRESH, RFC 2918) */
	FSM_EV_COLLISION_DUMP,	  /* 23: the connection gives way to another one of the session. */
	FSM_EV_SEND_HOLD_EXPIRES, /* 29, RFC 9687 §4.3 */
	FSM_EV_TRANSPORT_UP_DELAYED, /* 16, 17 with DelayOpen */
	FSM_EV_DELAY_OPEN_EXPIRES,   /* 12 */
	FSM_EV_LEAVE,		     /* We restart: the connection closes without a word. */
	FSM_EVENT_COUNT
};

/* What the session does, in this order; a set. */
enum fsm_action {
	FSM_ACT_CONNECT = 1 << 0, /* Wants a transport: open one (and listen). */
	FSM_ACT_SEND_OPEN = 1 << 1,
	FSM_ACT_SEND_KEEPALIVE = 1 << 2,
	FSM_ACT_SEND_NOTIFICATION = 1 << 3, /* The event's own, else FSM Error. */
	FSM_ACT_CLOSE = 1 << 4,		    /* Close the transport after what was sent. */
	FSM_ACT_ABORT = 1 << 5,		    /* Drop the transport at once. */
	FSM_ACT_UP = 1 << 6,		    /* Established: routes may flow. */
	FSM_ACT_DOWN = 1 << 7,		    /* Was established: routes go. */
	FSM_ACT_DELIVER = 1 << 8,	    /* Hand the message to the caller. */
	FSM_ACT_HOLD_LARGE = 1 << 9,	    /* Hold timer to 4 minutes (§8.2.2, OpenSent). */
	FSM_ACT_HOLD = 1 << 10,		    /* Restart the hold timer with the negotiated time. */
	FSM_ACT_KEEPALIVE_TIMER = 1 << 11,
	FSM_ACT_RETRY_TIMER = 1 << 12, /* Restart ConnectRetryTimer. */
	FSM_ACT_LISTEN = 1 << 13,      /* Wants a transport: wait for the member's. */
	FSM_ACT_DELAY_TIMER = 1 << 14, /* Start DelayOpenTimer. */
};

struct fsm_cell {
	uint8_t next;		   /* enum fsm_state */
	uint16_t actions;	   /* enum fsm_action bits */
	uint8_t fsm_error_subcode; /* RFC 6608: of an unexpected message; else 0. */
};

const struct fsm_cell *fsm_cell(enum fsm_state state, enum fsm_event event);
const char *fsm_state_text(enum fsm_state state); /* "Idle", "OpenSent", ... */
