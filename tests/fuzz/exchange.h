/* A small exchange for the session's fuzz target: two members with a session, import, export and a
 * real send queue each, on shards of one or two workers; no TCP and no clock.
 *
 * It is core's glue (dataplane/core/member.c), with each step in the hands of the caller: when
 * bytes are read, when ops are applied, when a shard turns, when members are pumped, when floors
 * are published, when sent bytes are acknowledged.  What a member is sent goes through a hearer. */
#pragma once

#include "dataplane/session/collision.h"
#include "dataplane/session/export.h"
#include "dataplane/session/import.h"
#include "dataplane/session/renew.h"
#include "dataplane/session/stale.h"
#include "dataplane/tcp/sendq.h"
#include "tests/fuzz/hearer.h"

#define EXCHANGE_MEMBERS    2
#define EXCHANGE_SHARDS_MAX 2
#define EXCHANGE_UNREAD_MAX 8192 /* Of a member; what does not fit is not sent. */
#define EXCHANGE_INBOX	    32768

struct exchange_opts {
	unsigned shard_count;
	size_t log_bytes_max, send_bytes_max, sets_max;
	uint16_t paths_max, view_max;
	bool is_deferred;
	uint32_t slice; /* Ops that one reading of an UPDATE may make. */
	struct session_conf conf[EXCHANGE_MEMBERS];
};

struct exchange;

struct exchange_member {
	struct exchange *exchange;
	peer_id_t id;
	core_id_t core;
	struct session session;
	struct export export;
	struct stale stale;
	struct renew renew;
	struct import_stats import;
	struct sendq sendq;
	bool is_connected; /* The session was told so. */
	bool is_ours;	   /* We have opened the connection. */
	bool is_full;	   /* The send queue takes nothing now. */
	bool is_up;	   /* The shards were told so. */
	incarnation_t told;
	size_t update_len; /* Of the UPDATE in front, while it is not done. */
	uint32_t update_done;
	size_t update_octet;
	size_t unread_len;
	uint8_t unread[EXCHANGE_UNREAD_MAX];
	struct hearer hearer;
};

struct exchange_inbox {
	uint32_t head, tail;
	struct op op[EXCHANGE_INBOX];
};

struct exchange {
	struct exchange_opts opts;
	usec_t now;
	struct addr local[FAMILY_COUNT];
	struct shard *shard[EXCHANGE_SHARDS_MAX];
	struct intern *intern[EXCHANGE_SHARDS_MAX];
	struct judge *judge[EXCHANGE_SHARDS_MAX];
	struct exchange_member member[EXCHANGE_MEMBERS];
	struct exchange_inbox inbox[EXCHANGE_SHARDS_MAX];
};

/* What exchange_turn does besides a slice of the shard's work; a set. */
enum {
	TURN_KEEPS_INBOX = 1, /* Ops are not applied. */
	TURN_IS_BUSY = 2,
	TURN_KEEPS_OUTBOX = 4, /* What the shard says stays there. */
	TURN_KEEPS_FLOORS = 8,
	TURN_KEEPS_MEMBERS = 16, /* Nobody reads the logs, nobody is evicted. */
};

void exchange_init(struct exchange *x, const struct exchange_opts *opts);
/* Both members go; nothing may be left of them. */
void exchange_fini(struct exchange *x);
void exchange_turn(struct exchange *x, unsigned shard, unsigned how);
/* Turns until nothing is left to do, everything that was sent arrives; then every member that heard
 * all has what it should have. */
void exchange_settle(struct exchange *x);
/* Time passes; timers that are due run. */
void exchange_wait(struct exchange *x, usec_t us);
/* Assert every invariant. */
void exchange_check(const struct exchange *x);

/* The member's end of the connection: it is there, if the session wishes one; `is_opened` with our
 * OPEN sent already.  It ends; `is_lost` with it what waited to be sent. */
void exchange_connect(struct exchange_member *m, bool is_opened);
void exchange_disconnect(struct exchange_member *m, bool is_lost);
/* Another connection, on which `open` was sent already, takes the place of the session's: RFC 4271
 * §6.8. */
void exchange_move(struct exchange_member *m, bool is_ours, struct span open);
/* The member sends bytes, which wait; false when there are too many. */
bool exchange_send(struct exchange_member *m, struct span bytes);
/* The server reads what waits, up to `count` messages or slices of UPDATEs. */
void exchange_read(struct exchange_member *m, unsigned count);
/* The member acknowledges up to so many bytes. */
void exchange_deliver(struct exchange_member *m, uint64_t len);
/* An op about the member to all shards, for a family. */
void exchange_tell(struct exchange_member *m, enum op_kind kind, enum family family);
/* Carry what happened to the session to the others; after each call of session_*. */
void exchange_sync(struct exchange_member *m);
