/* One BGP session with one member: a pure machine.  RFC 4271 §8, §4.2–4.5, §6.
 *
 * Bytes of the transport and `now` go in; control messages (OPEN, KEEPALIVE, NOTIFICATION), wishes
 * about the transport, and UPDATE bodies come out.  The session knows nothing of TCP: the caller
 * (core) moves bytes, opens and closes connections as session_wants says, and reports back.  It
 * knows nothing of routes either: an UPDATE is handed over as a body with the negotiated options.
 * A hold timer does not expire while the caller says that received bytes wait unread.
 */
#pragma once

#include "dataplane/session/fsm.h"
#include "rib/base/metric.h"
#include "rib/base/prng.h"
#include "rib/wire/open.h"
#include "rib/wire/refresh.h"
#include "rib/wire/update.h"

struct session_conf {
	asn_t local_as;
	asn_t peer_as;
	uint32_t router_id; /* Ours, host order. */
	uint16_t hold_s;    /* Offered: 0 or >= 3; 90 by default. */
	uint16_t
		hold_min_s; /* A smaller non-zero offer (or 0, when this is > 0) is refused, §6.2. */
	uint16_t retry_s;   /* ConnectRetry and the pause after a failure. */
	bool is_passive;    /* Never opens a connection itself. */
	bool families[FAMILY_COUNT]; /* Offered. */
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
	SESSION_WANT_CLOSE,   /* Send what is queued, then close in order. */
	SESSION_WANT_ABORT,   /* Reset the connection now. */
	SESSION_WANT_REFUSE,  /* Administratively down: answer no SYN. */
};

enum session_rx_kind {
	SESSION_RX_MORE,    /* No whole message: wait for bytes. */
	SESSION_RX_DONE,    /* A message was consumed and dealt with. */
	SESSION_RX_UPDATE,  /* An UPDATE: out->body; apply it. */
	SESSION_RX_REFRESH, /* The member wants out->family again. */
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
	metric_t messages_in[6]; /* By enum bgp_type; [0] counts faulty ones. */
	metric_t messages_out[6];
	metric_t established; /* Times. */
};

#define SESSION_TX_MAX 512 /* Control messages waiting for the transport. */

struct session {
	struct session_conf conf;
	enum fsm_state state;
	enum session_want want;
	bool is_enabled;
	bool was_up;		    /* Established and the caller was told. */
	incarnation_t incarnation;  /* Raised each time it becomes established. */
	uint16_t hold_negotiated_s; /* 0 = no hold timer. */
	struct open peer;	    /* Valid from OpenConfirm on. */
	struct update_opts opts;    /* Negotiated; valid while established. */
	usec_t hold_due, keepalive_due, retry_due;
	usec_t since; /* When the state last changed to or from Established. */
	enum session_cause cause;
	struct notify last_notify; /* Sent or received, as `cause` says. */
	uint8_t tx[SESSION_TX_MAX];
	uint16_t tx_len;
	struct prng prng; /* Jitter of the timers, §10. */
	struct session_stats stats;
};

void session_init(struct session *s, const struct session_conf *conf, uint64_t seed, usec_t now);
/* Administrative start and stop.  Stop sends `why` (a Cease) when a connection is open. */
void session_enable(struct session *s, usec_t now);
void session_disable(struct session *s, const struct notify *why, usec_t now);
/* End the session with `why` (a Cease) but stay enabled: it comes back by itself. */
void session_reset(struct session *s, const struct notify *why, usec_t now);

/* The transport is established / has ended (closed, reset, refused, timed out). */
void session_transport_up(struct session *s, usec_t now);
void session_transport_down(struct session *s, usec_t now);
/* Look at the front of the received bytes and deal with at most one message. */
struct session_rx session_rx(struct session *s, struct span in, usec_t now);
/* The caller found an UPDATE to deserve a session reset (verdict SESSION_RESET). */
void session_update_failed(struct session *s, const struct notify *why, usec_t now);
/* Timers.  `has_unread`: received bytes wait, so the hold timer is put off. */
void session_tick(struct session *s, bool has_unread, usec_t now);
usec_t session_due(const struct session *s);
/* True once after each loss of an established session: the caller must leave the shards. */
bool session_take_down(struct session *s);

/* Control bytes to send (whole messages); the caller copies them to the transport, then
 * session_sent.  They stay until then, so a full transport loses nothing. */
struct span session_tx(const struct session *s);
void session_sent(struct session *s, usec_t now);
/* The caller sent an UPDATE: the keepalive timer starts anew (RFC 4271 §4.4). */
void session_update_sent(struct session *s, usec_t now);

/* "hold timer expired", "peer sent Cease: ...": the last cause in words.  Returns `buf`. */
char *session_cause_format(const struct session *s, char *buf, size_t len);
