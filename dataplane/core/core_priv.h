/* What the files of a core share: its members, lists and counters.  Private to dataplane/core.
 *
 * A member is one configured neighbour on the worker that owns it: a session, its connection (and
 * for moments a second one, transport.h), an export.  It sits on up to five lists of work: sync
 * (ACKs came in), read (received bytes wait), pump (its cursors may move), tx (its connection wants
 * to send), status (what is published of it may have changed).
 */
#pragma once

#include "dataplane/core/core.h"
#include "dataplane/core/drop.h"
#include "dataplane/core/keys.h"
#include "dataplane/core/mailbox.h"
#include "dataplane/session/export.h"
#include "dataplane/session/stale.h"
#include "dataplane/tcp/signer.h"
#include "rib/base/wheel.h"

#define BGP_PORT	 179
#define RCV_BUF_MAX	 (128u * 1024)
#define SND_BUF_MAX	 (256u * 1024)
#define CLOSE_GRACE_US	 (3 * USEC_PER_SEC) /* Then a connection that will not close is reset. */
#define ROUTE_RETRY_US	 (10 * USEC_PER_MSEC)
#define TX_RETRY_US	 100 /* A full ring of frames takes longer to send. */
#define FLOOR_PERIOD_US	 (1 * USEC_PER_MSEC)
#define STATUS_PERIOD_US (100 * USEC_PER_MSEC)
#define STATUS_MEMBERS	 32 /* Published in a turn. */
#define FAULT_PERIOD_US                                                                            \
	(1 * USEC_PER_SEC)		 /* Between log lines about one member's faulty UPDATEs. */
#define RX_BURSTS	   4		 /* Bursts read from one queue in a turn. */
#define READ_BYTES	   65536	 /* Of one session in a turn; */
#define READ_BYTES_PRESSED 4096		 /* of one that is at its prefix limit. */
#define INBOX_OPS	   8192		 /* Of other workers, applied in a turn. */
#define OWN_OPS		   (2 * OP_ROOM) /* Of our own sessions, likewise. */
#define INBOX_AHEAD	   16		 /* Ops whose look-ups are under way at once. */
#define TX_SEGMENTS	   16		 /* Of one connection in a turn. */
#define ANSWERS_MAX	   256		 /* Segments without a connection that wait to be sent. */
#define SPENT_MAX	   8		 /* Handshakes of a member's that are remembered. */
#define KERNEL_PERIOD_US   50 /* Between looks at what the kernel sends: a system call each. */

enum work { WORK_SYNC, WORK_READ, WORK_PUMP, WORK_TX, WORK_STATUS, WORK_COUNT };

/* A segment that answers one without a connection. */
struct answer {
	struct member *member; /* Whom it goes to. */
	struct endpoint local, remote;
	struct seg seg;
	usec_t until; /* No use in sending it later. */
};

/* A connection besides the session's. */
struct rival {
	struct tcp *tcp; /* NULL: there is none. */
	bool is_ours;	 /* We have opened it. */
	bool is_new;	 /* The session was established already. */
	bool has_sent_open;
	bool is_closing;
	usec_t due; /* Then patience ends. */
};

struct member {
	const struct member_conf *conf;
	struct core *core;
	peer_id_t id;
	bool is_used;	  /* Somebody has the number; else nothing here counts. */
	bool is_removed;  /* It goes when its connections have ended. */
	bool is_told_up;  /* The session knows that the connection is established. */
	bool is_closing;  /* tcp_close was called. */
	bool is_ours;	  /* We have opened the connection. */
	bool is_up;	  /* The shards know the session. */
	bool has_backlog; /* The send queue was full when the cursors were last moved. */
	bool is_on[WORK_COUNT];
	struct member *next[WORK_COUNT];
	struct tcp *tcp;
	size_t partial_len;   /* Received bytes that are the front of a message: wait for more. */
	size_t update_len;    /* Of the UPDATE at the front that is being applied; 0: none is. */
	uint32_t update_done; /* Its prefixes that have been, */
	size_t update_octet;  /* and struct import_task's octet. */
	uint64_t acked_seen;  /* sendq.acked when the cursors were last moved. */
	usec_t close_due;     /* 0: not closing. */
	usec_t route_due, fault_due;
	usec_t paths_due;      /* Next look for refused paths; USEC_NEVER: none is wanted. */
	uint64_t refused_seen; /* As told to control. */
	struct {
		struct max_prefix machine;
		usec_t due;	  /* Counts are wanted; USEC_NEVER: nothing is limited. */
		char untold[128]; /* Why it was disabled, while control does not know; "". */
	} limits;
	usec_t probe_due;  /* Not before this another probe. */
	usec_t syn_due;	   /* Its own allowance of SYN+ACKs is whole again; */
	usec_t reset_due;  /* and of resets. */
	usec_t answer_due; /* When `answer`, which waits for a route, is tried again; 0 = none. */
	struct answer answer;
	struct rival rival;
	seq_t spent[SPENT_MAX]; /* What has completed its last handshakes: good for one. */
	unsigned spent_count;	/* Ever; the place of the next one follows from it. */
	struct wheel_timer timer;
	struct session session;
	struct export export;
	struct import_stats import;
	struct stale stale;
	unsigned awaited; /* Families whose End-of-RIB the selection waits for. */
	struct renew renew;
	incarnation_t told;	      /* The last one that the shards know. */
	uint64_t bytes_in, bytes_out; /* Of ended connections. */
	uint32_t retransmits;
	uint32_t collisions;		     /* Decided by RFC 4271 §6.8. */
	uint64_t tcp_drop[TCP_DROP_COUNT];   /* Of ended connections. */
	uint64_t core_drop[CORE_DROP_COUNT]; /* Without a connection. */
	uint64_t drop_seen[TCP_DROP_COUNT];  /* As added to the worker's. */
	enum fsm_state published_state;
	struct member_auth auth;
} __attribute__((aligned(CACHE_LINE))); /* Its neighbours in memory are another worker's. */

struct work_list {
	struct member *first, *last;
};

/* Transmit side of one NIC: empty buffers in stock, and filled ones that wait. */
struct nic_tx {
	struct frame_buf stock[NIC_BURST_MAX], out[NIC_BURST_MAX];
	unsigned stock_count, out_count;
	usec_t full_until; /* The NIC has not taken all: not offered anything before. */
	/* The last super-segment.  When the NIC has not taken it, it has_kept it here, and nothing
	 * overtakes it; the payload is then a copy, for its send queue may go. */
	struct nic_gather gather;
	struct span payload[NIC_GATHER_SPANS];
	uint8_t *kept; /* UINT16_MAX bytes; NULL: no super-segments are made. */
	bool has_kept;
};

/* Routes of our own, on the worker whose number announces them: see origin.c. */
struct origination {
	peer_id_t peer;
	bool is_up, is_changing;
	struct origin_route *had, *route; /* NULL: none. */
	unsigned had_count, count;
	unsigned had_at, at; /* How far the walk over both has come. */
};

struct core {
	core_id_t id;
	struct server *server;
	struct net *net;
	struct shard *shard;
	struct intern *intern;
	struct judge *judge; /* What sessions import, and what the shard judges again. */
	struct wheel *wheel;
	struct prng prng;
	size_t own_room; /* Ops that sessions may still give to our own shard in this turn. */
	usec_t now, last_turn, floor_due, status_due, kernel_due;
	bool was_busy, did_work, is_floor_dirty, is_status_dirty, is_stopping;
	bool is_leaving;     /* Stopping, and no member is told. */
	bool is_restarting;  /* Its sessions say so; until nobody is awaited. */
	usec_t deferral_due; /* Then the selection waits for nobody any more. */
	struct work_list work[WORK_COUNT];
	struct member **member; /* Those that this worker owns. */
	unsigned member_count;
	unsigned status_left;	/* May still be published in this period. */
	unsigned live_count;	/* Of these, with a connection. */
	unsigned removed_count; /* Of these, those that go. */
	bool is_quiet;		/* Atomic; after a shutdown request. */
	uint64_t *end_seen;	/* [log_idx] */
	uint64_t *floor;	/* [log_idx], as published. */
	struct answer answer[ANSWERS_MAX];
	unsigned answer_count;
	usec_t syn_due, reset_due; /* The allowances are whole again. */
	struct nic_tx *tx;	   /* [nic] */
	struct signer *signer;	   /* Of segments in `tx`. */
	struct spsc *requests, *events;
	struct origination origin;
	struct import_env import_env;
	struct addr local_addr[16 * 8];
	struct core_stats stats;
	metric_t drop[DROP_COUNT - DROP_MEMBER_FIRST]; /* The network counts its own. */
	metric_t *far_drop;			       /* [member], whoever owns it: TTL_LOW. */
} __attribute__((aligned(CACHE_LINE)));

#define STATUS_WORDS (sizeof(struct member_status) / sizeof(uint64_t))

/* A value that one thread publishes under a sequence counter (odd: being written).  The words are
 * written with release and read with acquire: whoever reads a word of a newer value then also sees
 * that the counter has moved.  This one is a struct member_status. */
struct status_cell {
	uint32_t sequence;
	uint64_t word[STATUS_WORDS]; /* A struct member_status. */
};

static_assert(sizeof(struct member_status) % sizeof(uint64_t) == 0, "published in whole words");

#define OFFENCE_WORDS (sizeof(struct member_offence) / sizeof(uint64_t))

/* The same for what is seldom written. */
struct offence_cell {
	uint32_t sequence; /* 0: none was there. */
	uint64_t word[OFFENCE_WORDS];
};

static_assert(sizeof(struct member_offence) % sizeof(uint64_t) == 0, "published in whole words");

/* Owner; and any thread, which gets the sequence number of what it read. */
void cell_write(uint32_t *sequence, uint64_t *word, const void *from, size_t words);
uint32_t cell_read(const uint32_t *sequence, const uint64_t *word, void *to, size_t words);

/* What anybody may know of a member with an address. */
struct place_row {
	struct addr addr;
	peer_id_t peer;
	uint8_t hop_limit_min; /* As in struct member_conf. */
};

/* slots.c */
enum slot_state {
	SLOT_FREE,
	SLOT_OURS, /* Routes of our own. */
	SLOT_TAKEN,
	SLOT_USED,
	SLOT_LEAVING,
	SLOT_FORGETTING
};

/* Control's view of a number. */
struct slot {
	struct addr addr;
	uint8_t state; /* enum slot_state */
	uint8_t hop_limit_min;
	uint32_t times_removed;
	uint64_t far_before; /* Drops far away that were another member's. */
};

struct server {
	struct server_opts opts;
	unsigned capacity;	      /* Of all arrays [member]. */
	struct member_conf *conf;     /* [member]; its worker's once it is used. */
	struct member *member;	      /* [member] */
	void *member_memory;	      /* Where they are, as it was allocated. */
	struct status_cell *status;   /* [member] */
	struct offence_cell *offence; /* [member] */
	struct net_port_conf *port;
	struct nic **nic;
	unsigned nic_count;
	struct nic **kernel;  /* [port]; NULL where the host does not share it. */
	struct core *core;    /* [core] */
	struct shard **shard; /* [core] */
	struct mesh *mesh;
	const struct policy *policy;	  /* Published; NULL: there are no rules. */
	const struct policy_scope *scope; /* Written before the policy is published. */
	struct place *place;		  /* Address → member; published. */
	bool is_place_stale;		  /* Control: it could not be replaced. */
	struct slot *slot;		  /* [member]; control's. */
	uint32_t *gone;	       /* [member]: atomic, times that its worker has let it go. */
	struct retire *retire; /* Control's: tables of addresses. */
	uint64_t key;
};

/* place.c: the member with this address, or NULL.  Under RCU. */
const struct place_row *place_find(const struct server *s, const struct addr *addr);
core_id_t place_worker(const struct server *s, peer_id_t peer);
/* NULL when memory is short. */
struct place *place_new(const struct server *s, const struct place_row *rows, size_t count);

/* slots.c */
bool slots_init(struct server *s); /* False: no memory; slots_fini all the same. */
void slots_fini(struct server *s);
uint64_t slots_far_drops(const struct server *s, peer_id_t peer);

static inline unsigned log_idx(unsigned shard, unsigned family, unsigned class_idx)
{
	return (shard * FAMILY_COUNT + family) * WIRE_CLASS_COUNT + class_idx;
}

void work_add(struct core *c, enum work kind, struct member *m);
struct member *work_take(struct core *c, enum work kind);
void work_drop(struct core *c, enum work kind, struct member *m);

/* member.c: session, connection and export of one member, joined. */
/* Its keys are there already. */
void member_init(struct member *m, struct core *c, peer_id_t id, const struct member_conf *conf);
void member_fini(struct member *m);
/* changes.c: a member comes; what its worker is asked about one that is there; and once a turn,
 * those that are removed go when their connections have ended. */
void member_add(struct core *c, const struct request *r);
void member_remove(struct member *m);
void member_change(struct member *m, struct member_conf *conf); /* `conf` is taken. */
void member_turn_removed(struct core *c);
/* What its session, and what is kept beyond it, is to be. */
struct session_conf member_session(const struct core *c, const struct member_conf *conf);
struct stale_conf member_stale(const struct session_conf *conf);
/* Nothing of the member stays in the shards beyond its session, and nothing is waited for. */
void member_drop_stale(struct member *m);
void member_ask_refresh(struct member *m);
/* It is no member any more. */
void member_forget(struct member *m);
/* Leave the shards when the session has just been lost. */
void member_lost(struct member *m);
/* Bring session, connection, lists and timer in line after anything happened. */
void member_sync(struct member *m);
void member_timer(struct member *m);
/* Read whole messages; false when an outbox ran short: come back. */
bool member_read(struct member *m);
void member_joined(struct member *m, const struct op *op);
void member_pump(struct member *m);
/* Obey eviction; ends the session when there is no memory for it. */
void member_settle(struct member *m);
void member_request(struct member *m, const struct request *r);
void member_publish(struct member *m);
/* Tell control; `text` NULL: the session's cause.  False when it has no room. */
bool member_tell(struct member *m, enum event_kind kind, const char *text);
/* An op of its session to one shard. */
void member_push(struct member *m, core_id_t shard, struct op *op);
/* paths.c: the member may have too many paths soon; and what to do when paths_due is reached. */
void paths_expect(struct member *m);
void paths_tick(struct member *m);
/* limits.c: of prefixes. */
void limits_init(struct member *m);
void limits_change(struct member *m, const struct max_prefix_rules *rules);
void limits_up(struct member *m);   /* Its session is up. */
void limits_look(struct member *m); /* Count now. */
void limits_tick(struct member *m);
usec_t limits_due(const struct member *m);
/* ANNOUNCEs are on their way: whether there is room for all of them, and so nothing else to ask. */
bool limits_pass(struct member *m, const struct op *op, uint32_t count);
/* One is on its way: whether it is capped. */
bool limits_cap(struct member *m, const struct op *op);
void limits_publish(const struct member *m, struct max_prefix_status *out);
/* These families wait for the member no longer. */
void member_settled(struct member *m, unsigned families);
/* Count a drop, for the worker and the member; and one of nobody's. */
void member_drop(struct member *m, enum core_drop why);
void core_drop(struct core *c, enum core_drop why);

/* core.c: give ops to a shard, to our own at once; the caller has made sure of room (the mesh's
 * reserve counts, and our own shard never lacks any). */
void core_push(struct core *c, core_id_t shard, const struct op *op);
void core_push_run(struct core *c, core_id_t shard, const struct op *op, const struct op_run *run);
/* Ops for which every shard has room; 0 while our own is congested. */
size_t core_room(const struct core *c);

/* origin.c: take new routes of our own; and tell the shards, as there is room. */
void origin_set(struct core *c, const struct request *r);
void origin_fini(struct core *c);
void origin_turn(struct core *c);

/* kernel.c: the host's side of shared ports. */
/* Whether a frame with TCP, or with a report about it, is the kernel's; `is_member`: it is from or
 * about one. */
bool kernel_owns(const struct core *c, const struct net_rx *rx, bool is_icmp, bool is_member);
void kernel_give(struct core *c, unsigned port, const struct frame_buf *frame);
/* What the kernel wants to send. */
void kernel_rx(struct core *c);

/* input.c: frames to machines. */
void input_rx(struct core *c);

/* output.c: machines to frames. */
bool output_init(struct core *c); /* False: no memory; output_fini all the same. */
void output_fini(struct core *c);
void output_tx(struct core *c);
bool output_pending(const struct core *c);
/* The turn has found nothing to do, and no NIC takes more. */
bool output_awaits_room(const struct core *c);
/* Send an untagged frame from a port; false when there is no room. */
bool output_frame(struct core *c, unsigned port, struct span frame);
/* A filled or empty frame of another worker's is sent through our queue. */
void output_forward(struct core *c, const struct mail *mail);
