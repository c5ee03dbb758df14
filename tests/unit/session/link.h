/* Two sessions joined by a make-believe transport, in virtual time: what core does, made small.
 *
 * Bytes written by one side are readable by the other at once; a connection exists when one side
 * wants to connect and the other accepts.  `is_cut` loses everything in silence. */
#pragma once

#include "dataplane/session/session.h"

#define LINK_BYTES_MAX 8192

struct side {
	struct session session;
	uint8_t rx[LINK_BYTES_MAX]; /* Received, unread. */
	size_t rx_len;
	bool is_open;	/* The transport is up on this side. */
	bool is_frozen; /* Does not read. */
	size_t chunk;	/* Bytes that become readable at a time; 0 = all. */
	size_t visible; /* Of rx_len. */
	/* What the session told its caller. */
	unsigned ups, downs, updates, refreshes;
	enum family refreshed;
	usec_t tx_at[64]; /* When each control message went out. */
	unsigned tx_count;
};

struct link {
	struct side side[2];
	bool is_cut;
	usec_t now;
};

/* Both sides offer both families, hold 90 s, retry 10 s; side 1 is passive. */
struct session_conf link_conf(unsigned idx);
void link_init(struct link *l, const struct session_conf *a, const struct session_conf *b);
void link_enable(struct link *l);
/* Let everything happen that can happen without time passing. */
void link_settle(struct link *l);
/* Let `us` of virtual time pass. */
void link_run(struct link *l, usec_t us);
/* Both established, or the test fails. */
void link_up(struct link *l);
/* Bytes from nowhere to a side; then settle. */
void link_inject(struct link *l, unsigned idx, const void *bytes, size_t len);

/* One session alone, brought to a state by hand; `now` is 1 s. */
#define ALONE_NOW USEC_PER_SEC
void alone_init(struct session *s, const struct session_conf *conf, enum fsm_state state);
/* A message of a type with a body; returns its length. */
size_t message_make(enum bgp_type type, const void *body, size_t len, uint8_t *out);
/* The OPEN that suits link_conf(0). */
struct open open_good(void);
/* The code and subcode of the last message in the session's tx, which must be a NOTIFICATION. */
struct notify sent_notify(const struct session *s);
