/* One BGP session with one member: a pure machine.  RFC 4271 §8, §4.2–4.5, §6.
 *
 * Bytes of the transport and `now` go in; control messages (OPEN, KEEPALIVE, NOTIFICATION), wishes
 * about the transport, and UPDATE bodies come out.  The session knows nothing of TCP: the caller
 * (core) moves bytes, opens and closes connections as `want` says, and reports back.  It knows
 * nothing of routes either: an UPDATE is handed over as a body with the negotiated options.
 * A hold timer does not expire while the caller says that received bytes wait unread.
 *
 * State and wish go together (session_check):
 *
 *     Idle         REFUSE (disabled, resting), or CLOSE / ABORT until the old connection ended
 *     Connect      CONNECT
 *     Active       LISTEN; an active member's ConnectRetryTimer leads to Connect
 *     OpenDelayed, OpenSent...  KEEP
 */
#pragma once

#include "dataplane/session/damping.h"
#include "dataplane/session/fsm.h"
#include "rib/base/metric.h"
#include "rib/base/prng.h"
#include "rib/wire/open.h"
#include "rib/wire/refresh.h"
#include "rib/wire/update.h"

/* What a session is configured to be; what is 0 or false is not offered. */
struct session_conf {
	asn_t local_as;
	asn_t peer_as;
	uint32_t router_id;    /* Ours, host order. */
	uint16_t hold_s;       /* Offered: 0 or >= 3; 90 by default. */
	uint16_t send_hold_s;  /* RFC 9687; 0 = 8 minutes or twice the hold time, the larger. */
	uint16_t hold_min_s;   /* A smaller offer (also 0, no hold timer) is refused, §6.2. */
	uint16_t delay_open_s; /* DelayOpenTime: our OPEN waits so long for the member's; 0 = no. */
	uint16_t retry_s;      /* ConnectRetry and the pause after a failure; 0 = 120. */
	/* Graceful restart (RFC 4724): routes of a member that restarted wait for this long after
	 * its return (§4.2); 0 = its routes are not kept. */
	uint16_t stale_s;
	/* RFC 4724 §4.1, only beside it: when we restart we are back after so many seconds (12
	 * bits) and have kept everything, for we forward nothing; 0 = the member keeps nothing. */
	uint16_t restart_s;
	bool is_restarting; /* We are back and have selected nothing yet: the R bit. */
	/* RFC 9494, only beside it: the long-lived stale time that we ask for, and the most that a
	 * member gets; 24 bits, 0 = not offered. */
	uint32_t long_stale_s;
	bool is_passive;	     /* Never opens a connection itself. */
	bool is_damped;		     /* Rests after failures in a row (damping.h). */
	bool families[FAMILY_COUNT]; /* Offered. */
	bool has_enhanced_refresh;   /* RFC 7313 */
	bool has_extended_message;   /* RFC 8654 */
	bool has_next_hop6;	     /* RFC 8950: IPv4 prefixes with IPv6 next hops, both ways. */
	bool has_role;		     /* RFC 9234: `role` is what we are to the member. */
	bool is_role_strict;	     /* §4.2: a member without the capability is refused. */
	uint8_t role;		     /* enum role */
	uint8_t add_path[FAMILY_COUNT];	 /* RFC 7911: ADD_PATH_RECEIVE | ADD_PATH_SEND */
	bool accepts_as_set;		 /* RFC 9774 */
	bool enforces_first_as;		 /* RFC 4271 §6.3 */
	bool prepends_local_as;		 /* What it is sent; RFC 7947 §2.2.2.1 says not to. */
	bool has_graceful_shutdown;	 /* RFC 8326: a route with its community gets */
	uint32_t graceful_shutdown_pref; /* this LOCAL_PREF. */
	struct attr_lists lists;	 /* Attributes that are not wanted. */
};

/* What both OPENs of a session agree on. */
struct session_terms {
	uint16_t hold_s;      /* 0 = no hold timer. */
	uint16_t message_max; /* Of what the member may send: 4096, or 65535 (RFC 8654). */
	bool has_enhanced_refresh;
	bool families[FAMILY_COUNT];
	uint8_t class_idx[FAMILY_COUNT]; /* How it is sent routes: WIRE_CLASS_ bits. */
	/* How its UPDATEs are read.  Of its families those that have become unreadable are gone
	 * (session_give_up). */
	struct update_opts opts;
};

/* Why the session last went (or stays) down, for the operator. */
enum session_cause {
	SESSION_CAUSE_NONE,
	SESSION_CAUSE_NOTIFICATION_SENT,
	SESSION_CAUSE_NOTIFICATION_RECEIVED,
	SESSION_CAUSE_TRANSPORT, /* The connection closed, was reset or timed out. */
	SESSION_CAUSE_DISABLED,
	SESSION_CAUSE_COUNT
};

enum session_want {
	SESSION_WANT_NOTHING,
	SESSION_WANT_LISTEN,  /* Idle or ended connection: accept the member's next SYN. */
	SESSION_WANT_CONNECT, /* Open a connection (and accept one). */
	SESSION_WANT_KEEP,    /* A connection exists and is wanted. */
	SESSION_WANT_CLOSE,  /* Send what is queued, then close in order; session_transport_down. */
	SESSION_WANT_ABORT,  /* Reset the connection now. */
	SESSION_WANT_REFUSE, /* Administratively down, or resting: answer no SYN. */
};

enum session_rx_kind {
	SESSION_RX_MORE,    /* No whole message: wait for bytes. */
	SESSION_RX_DONE,    /* A message was consumed and dealt with. */
	SESSION_RX_UPDATE,  /* An UPDATE: out->body; apply it. */
	SESSION_RX_REFRESH, /* The member wants out->family again. */
	SESSION_RX_RENEW,   /* It begins to announce out->family again (RFC 7313), */
	SESSION_RX_RENEWED, /* and has done so. */
	SESSION_RX_UP,	    /* Now established: join the shards. */
	SESSION_RX_DOWN,    /* No longer (or not) established: leave the shards. */
};

struct session_rx {
	enum session_rx_kind kind;
	size_t consumed;
	struct span body;
	enum family family;
};

struct session_stats {
	metric_t messages_in[6];  /* By enum bgp_type; [0] counts faulty ones (again). */
	metric_t messages_out[6]; /* Of the session itself; UPDATEs are export's to count. */
	metric_t established;	  /* Times. */
	metric_t refresh_asked;	  /* Requests for a family again: ours, */
	metric_t refresh_heard;	  /* the member's, */
	metric_t refresh_ignored; /* and ROUTE-REFRESH passed over: another family or kind. */
};

#define SESSION_TX_MAX 512 /* Control messages waiting for the transport. */

struct session {
	struct session_conf conf;
	enum fsm_state state;
	enum session_want want;
	bool is_enabled;
	bool was_up;	  /* Established and the caller was told. */
	bool is_soft_end; /* The last loss may leave routes, RFC 4724 §4.2, RFC 8538 §4. */
	incarnation_t incarnation;  /* Raised each time it becomes established. */
	struct open peer;	    /* The last OPEN of this connection; asn 0 = none yet. */
	struct session_terms terms; /* From its OPEN on; all 0 before. */
	usec_t hold_due, keepalive_due, retry_due, send_hold_due, delay_due;
	struct damping damping;
	uint64_t sent_seen; /* Octets that the member had taken when last told. */
	usec_t since;	    /* When the state last changed to or from Established. */
	enum session_cause cause;
	const char *transport_reason; /* Static text, of cause TRANSPORT. */
	struct notify last_notify;    /* Sent or received, as `cause` says; else code 0. */
	size_t partial_len;	      /* Bytes that session_rx left: the beginning of a message. */
	uint8_t tx[SESSION_TX_MAX];
	uint16_t tx_len;
	struct prng prng; /* Jitter of the timers, §10. */
	struct session_stats stats;
};

void session_init(struct session *s, const struct session_conf *conf, uint64_t seed, usec_t now);
/* Whether the member is welcome: enabled, and not resting after failures. */
bool session_is_open(const struct session *s, usec_t now);
/* Administrative start and stop.  Stop sends `why` (a Cease) when a connection is open. */
void session_enable(struct session *s, usec_t now);
void session_disable(struct session *s, const struct notify *why, usec_t now);
/* Administrative stop without a NOTIFICATION: we are going to restart.  RFC 4724 §4.1. */
void session_leave(struct session *s, usec_t now);
/* End the session with `why` (a Cease) but stay enabled: it comes back by itself after the pause.
 * Without a connection: try again now. */
void session_reset(struct session *s, const struct notify *why, usec_t now);

/* The same, but not before `until`. */
void session_pause(struct session *s, const struct notify *why, usec_t until, usec_t now);

/* The transport is established / has ended (closed, reset, refused, timed out).  `why` is a static
 * text for the operator.  Every connection that was reported up is reported down once, also after
 * SESSION_WANT_CLOSE and _ABORT; an own attempt that failed is reported down as well. */
void session_transport_up(struct session *s, usec_t now);
void session_transport_down(struct session *s, const char *why, usec_t now);
/* Look at the front of the received bytes and deal with at most one message.  `consumed` bytes are
 * done with (all of them when the session went down).  The body points into `in`. */
struct session_rx session_rx(struct session *s, struct span in, usec_t now);
/* The caller found an UPDATE to deserve a session reset (verdict SESSION_RESET).  Ignored when the
 * session is not established any more. */
void session_update_failed(struct session *s, const struct notify *why, usec_t now);
/* What the member sends of a family cannot be read (AFI/SAFI disable, RFC 7606 §2): it is passed
 * over until the session ends.  The last family is never given up, see update_opts.can_disable. */
void session_give_up(struct session *s, enum family family);
/* Timers.  `unread_len`: received bytes that wait.  While they are more than session_rx has seen of
 * an incomplete message, the hold timer is put off: it is us who are slow, not the member. */
void session_tick(struct session *s, size_t unread_len, usec_t now);
usec_t session_due(const struct session *s);
/* Of the connection's octets, `taken` have been acknowledged so far; `is_waiting`: there are more.
 * While some wait and none is taken, the send hold timer runs.  RFC 9687 §4.3. */
void session_sending(struct session *s, uint64_t taken, bool is_waiting, usec_t now);
/* True once after each loss of an established session: the caller must leave the shards.  To be
 * asked before the next session_rx on a new connection. */
bool session_take_down(struct session *s);

/* Control bytes to send (whole messages); the caller copies them to the transport, then
 * session_sent.  They stay until then, so a full transport loses nothing. */
struct span session_tx(const struct session *s);
void session_sent(struct session *s, usec_t now);
/* The caller sent an UPDATE: the keepalive timer starts anew (RFC 4271 §4.4). */
void session_update_sent(struct session *s, usec_t now);

/* Ask the member to send a family again (RFC 2918).  False when the session is not established, or
 * the family or the capability was not negotiated.  Asked twice before it was sent, it is sent
 * once. */
bool session_send_refresh(struct session *s, enum family family);

/* "hold timer expired", "peer sent Cease: ...": the last cause in words; "" when there is none.
 * `len` >= 1.  Returns `buf`. */
char *session_cause_format(const struct session *s, char *buf, size_t len);
/* Assert every invariant. */
void session_check(const struct session *s);
