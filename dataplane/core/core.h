/* A worker's core: where the pure machines meet, and the server made of cores.
 *
 * core_step(core, now) is one whole turn of the loop over everything a worker owns: NIC queues,
 * its members' connections and sessions, one RIB shard.  In production a worker thread calls it for
 * ever; tests and the simulator call it with virtual time.  Workers share nothing mutable: they
 * exchange ops and frames through the mailbox mesh, and read published runs and entries.
 * A member's sessions all belong to the worker place_member() names, a function of the member's
 * address: any worker can tell whose segment it holds, whichever way the connection was opened.
 *
 * Control (one ordinary thread) talks to cores through rings: requests in, events out; and reads
 * the members' status blocks, which are published whole under a sequence counter.
 */
#pragma once

#include "dataplane/core/drop.h"
#include "dataplane/net/net.h"
#include "dataplane/session/session.h"
#include "dataplane/session/import.h"
#include "dataplane/session/max_prefix.h"
#include "dataplane/session/renew.h"
#include "dataplane/tcp/auth.h"
#include "dataplane/tcp/tcp.h"
#include "rib/policy/policy.h"
#include "rib/table/shard.h"
#include "rib/wire/offence.h"

struct member_conf {
	asn_t asn;
	struct addr addr; /* The neighbour's address; unique. */
	bool has_local_addr;
	struct addr local_addr; /* Ours towards it; else net_source_for. */
	/* But for the ASNs and our identifier, which server_new fills in.  No family: both. */
	struct session_conf session;
	bool is_enabled;
	uint8_t hop_limit_min; /* Of what it sends (GTSM, RFC 5082); 0 = no bound. */
	uint8_t paths_max;     /* Accepted of one prefix (RFC 7911); 0: default. */
	bool is_awaited;       /* After our restart: selection waits for it (RFC 4724 §4.1). */
	struct max_prefix_rules max_prefix;
	const struct auth_keys *keys; /* Copied by server_new; NULL or none: unsigned. */
};

#define PACE_US_DEFAULT (20 * USEC_PER_MSEC)

struct server_opts {
	asn_t local_as;
	uint32_t router_id;		   /* Host order. */
	unsigned core_count;		   /* Workers = shards: 1..CORE_COUNT_MAX. */
	uint64_t seed;			   /* Of every hash, ISN and jitter. */
	const struct member_conf *members; /* Copied. */
	unsigned member_count;		   /* At most PEER_COUNT_MAX. */
	/* Numbers, at most PEER_COUNT_MAX, for members that are added while it runs; 0 or too few:
	 * as many as there are members.  One that nobody has costs 20 octets on each worker. */
	unsigned capacity;
	const struct net_port_conf *ports; /* Copied. */
	struct nic *const *nics;	   /* By net_port_conf.nic; borrowed until server_free. */
	unsigned port_count;
	/* [port]: the host's side of a port that it shares, with a queue for each worker, or NULL;
	 * or all NULL.  Borrowed like nics. */
	struct nic *const *kernels;
	/* The first rules; borrowed until others are everywhere.  NULL: none. */
	const struct policy *policy;
	size_t log_bytes_max; /* 0 = default. */
	/* A prefix that keeps changing is sent once in this time after the first changes, see
	 * rib/table/shard.h; 0 = PACE_US_DEFAULT and PACE_BURST_DEFAULT. */
	usec_t pace_us;
	uint16_t pace_burst;
	/* Sent of one prefix to members that take several (RFC 7911), at most VIEW_MAX; 0 = 8. */
	uint16_t paths_sent_max;
	/* Of one member's send queue; 0 = 256 KiB.  At least a run (64 KiB), unless runs are known
	 * to be smaller (simulation). */
	size_t send_bytes_max;
	/* We have restarted: nothing is selected before all members that are awaited have sent
	 * their End-of-RIBs, for at most `deferral_us`.  RFC 4724 §4.1. */
	bool is_restarting;
	usec_t deferral_us;
	usec_t now;
};

struct server;
struct core;

/* NULL when memory is short. */
struct server *server_new(const struct server_opts *opts);
/* No worker may run any more. */
void server_free(struct server *s);
struct core *server_core(struct server *s, core_id_t core);
unsigned server_core_count(const struct server *s);
/* The shard of a worker, for readers under RCU. */
const struct shard *server_shard(const struct server *s, core_id_t core);
core_id_t place_member(const struct server *s, const struct addr *addr);

/* Once on the thread that will step the core. */
void core_begin(struct core *c);
void core_end(struct core *c);
/* One turn.  Returns when the next is wanted: <= now means at once. */
usec_t core_step(struct core *c, usec_t now);
/* Descriptors to sleep on until core_step is due: the wake-up eventfd, then NIC queues.
 * `*out_covers_nics` tells whether every NIC queue has one; if not, poll in short naps. */
unsigned core_wait_fds(const struct core *c, int *out, unsigned max, bool *out_covers_nics);
/* The last turn found nothing to do but to wait for its ports' room. */
bool core_awaits_room(const struct core *c);
/* About to sleep: from now on senders write the eventfd.  False when something already waits: do
 * not sleep.  Owner; followed by core_sleep_end in either case. */
bool core_sleep_begin(struct core *c);
void core_sleep_end(struct core *c);

/* Control → core. */
enum request_kind {
	REQUEST_ENABLE,
	REQUEST_DISABLE,  /* Cease/Administrative Shutdown with text. */
	REQUEST_RESET,	  /* Cease/Administrative Reset with text. */
	REQUEST_REFRESH,  /* Ask the member for its routes again (RFC 2918). */
	REQUEST_SHUTDOWN, /* Whole core: Cease to all, then server_is_quiet(). */
	REQUEST_RESTART,  /* The same without a NOTIFICATION: RFC 4724 §4.1. */
	REQUEST_KEYS,	  /* `auth` replaces the member's keys. */
	REQUEST_ADD,	  /* These three: server_add_member and so on. */
	REQUEST_REMOVE,
	REQUEST_CHANGE,
	REQUEST_ORIGINATE, /* server_originate. */
};

/* A route of our own.  An IPv4 prefix may have an IPv6 next hop (RFC 8950). */
struct origin_route {
	struct prefix prefix;
	struct addr next_hop;
	asn_t asn; /* The AS_PATH: a customer's, in whose name it is announced; 0: ours. */
};

#define ORIGIN_ROUTES_MAX 4096

struct request {
	enum request_kind kind;
	peer_id_t peer;
	char text[128];
	struct auth *auth;	      /* KEYS, ADD: taken; NULL is none. */
	struct member_conf *conf;     /* ADD, CHANGE: taken. */
	struct origin_route *origins; /* ORIGINATE: taken. */
	unsigned origin_count;
};

/* False when the ring is full: nothing was taken, try again.  Control thread. */
bool server_request(struct server *s, const struct request *r);
/* Judge by `p` from now on, whose generation is another than that of the rules before: each worker
 * adopts it in a turn of its own and judges again what the scope has.  Not before the last one is
 * done.  Both are borrowed, `p` until another is done, the scope until this one is.  Control. */
void server_publish_policy(struct server *s, const struct policy *p,
			   const struct policy_scope *scope);
/* Whether every route was judged by the rules published last, and nobody reads older ones. */
bool server_policy_is_done(const struct server *s);
/* After REQUEST_SHUTDOWN or _RESTART: all connections have ended (or been given up).  Any
 * thread. */
bool server_is_quiet(const struct server *s);

/* Members that come, go and change; control thread, registered with the epoch.  Every number below
 * the capacity is free, or somebody's. */
unsigned server_capacity(const struct server *s);
/* A number that is the caller's until it is added or given back: one of `wanted` (bits; NULL: any)
 * where one is free, else another.  −EAGAIN: some will be free soon; −ENOSPC: all are in use. */
int server_take_member(struct server *s, const uint64_t *wanted);
void server_give_member(struct server *s, peer_id_t peer);
/* A member with a number that was taken.  `conf` and its keys are copied.  0; −EEXIST: its address
 * is another member's; −EAGAIN: it still is, or the worker takes no request now; −ENOMEM: nothing
 * was changed, either. */
int server_add_member(struct server *s, peer_id_t peer, const struct member_conf *conf);
/* Whether the number is a member's that was added and has not been removed: nothing else may be
 * changed. */
bool server_has_member(const struct server *s, peer_id_t peer);
/* Its session ends with Cease/Peer De-configured (RFC 4486), all its routes go, and in the end its
 * number is free.  0 or −EAGAIN. */
int server_remove_member(struct server *s, peer_id_t peer);
/* What needs no new session takes effect at once; else its session alone ends with Cease/Other
 * Configuration Change and comes back.  The address stays; keys and is_enabled have their own
 * requests and are left as they are.  0, −EAGAIN or −ENOMEM. */
int server_change_member(struct server *s, peer_id_t peer, const struct member_conf *conf);
/* The number in whose name routes of our own are announced: the last one, unless a member has it;
 * no member ever gets it.  PEER_NONE: there is none. */
peer_id_t server_origin(const struct server *s);
/* Announce these, at most ORIGIN_ROUTES_MAX, instead of the ones before.  In order of prefixes,
 * each once; copied.  Members' rules say who hears it.  0, −EAGAIN, −ENOMEM, or −ENOSPC: there is
 * no number for it. */
int server_originate(struct server *s, const struct origin_route *route, unsigned count);
/* Bring removed members further; to be called now and then.  How many are on their way. */
unsigned server_settle_members(struct server *s);

/* How many members the selection waits for after our restart; and until when at most.  Any
 * thread. */
unsigned server_awaited(const struct server *s);
usec_t server_deferral_due(const struct server *s);

/* Core → control. */
enum event_kind {
	EVENT_UP,
	EVENT_DOWN,
	EVENT_FAILED,
	EVENT_FAULT,
	EVENT_CONFLICT,
	EVENT_AUTH,
	EVENT_PATHS,
	EVENT_LIMIT,	  /* About its prefix limits. */
	EVENT_LIMIT_DOWN, /* Disabled by one, until the operator enables it. */
};

struct event {
	enum event_kind kind;
	peer_id_t peer;
	usec_t at;
	char text[NOTIFY_TEXT_MAX]; /* The cause in words. */
	/* EVENT_CONFLICT, which is about no peer: our address, and who claims it. */
	struct addr addr;
	struct mac mac;
};

/* The next event, in order for one worker; false when none waits.  Control thread. */
bool server_event(struct server *s, struct event *out);

/* A member as its worker last published it.  Any thread; never blocks the worker. */
struct member_status {
	enum fsm_state state;
	usec_t since;
	incarnation_t incarnation;
	uint16_t hold_s;    /* Negotiated. */
	uint32_t router_id; /* The peer's, host order; 0 unless up. */
	bool is_enabled;
	bool families[FAMILY_COUNT]; /* Negotiated. */
	bool is_as4;
	bool has_role;			  /* Its last OPEN said one, RFC 9234. */
	uint8_t role;			  /* enum role, or a number not known yet. */
	bool is_awaited;		  /* Selection waits for its End-of-RIBs. */
	uint8_t class_idx[FAMILY_COUNT];  /* WIRE_CLASS_..., of the families negotiated. */
	bool sends_paths[FAMILY_COUNT];	  /* Several of a prefix, each with its path id. */
	bool is_complete[FAMILY_COUNT];	  /* End-of-RIB was sent. */
	bool is_stale[FAMILY_COUNT];	  /* Routes of an earlier session are kept; */
	bool is_given_up[FAMILY_COUNT];	  /* What it sends of the family cannot be read. */
	bool is_long_lived[FAMILY_COUNT]; /* as long-lived stale ones, RFC 9494. */
	usec_t stale_due;		  /* Then the last of them go; 0: none are. */
	usec_t rest_due;		  /* Until then it rests after failures; 0: it does not. */
	struct open_graceful graceful;	  /* The peer's, of the last session. */
	struct open_long_lived long_lived;
	enum session_cause cause;
	char last_error[NOTIFY_TEXT_MAX];
	struct session_stats session;
	bool has_enhanced_refresh; /* RFC 7313 is agreed. */
	/* Under way: the member's answer to us (between its BoRR and EoRR), ours to it. */
	bool is_renewing[FAMILY_COUNT], is_answering[FAMILY_COUNT];
	uint64_t refreshes_answered;
	struct renew_stats renew;
	struct import_stats import;
	uint64_t prefixes_sent, withdraws_sent; /* In UPDATEs handed to TCP. */
	uint64_t bytes_in, bytes_out;
	uint32_t retransmits;
	uint32_t rtt_min_us; /* Of the connection, the least of the last minute; 0: not known. */
	uint32_t sendq_bytes;
	uint32_t pending;		   /* Entries in its pending sets (a laggard's). */
	uint32_t evictions;		   /* Times it was moved from a log to a pending set. */
	uint32_t collisions;		   /* Of connections, RFC 4271 §6.8. */
	uint64_t drops[DROP_MEMBER_COUNT]; /* From row DROP_MEMBER_FIRST on. */
	struct auth_status auth;
	usec_t refused_at[AUTH_VERDICT_COUNT]; /* By its keys; the last of each. */
	struct max_prefix_status max_prefix;
};
void server_member_status(const struct server *s, peer_id_t peer, struct member_status *out);

/* The last UPDATE of a member's that was not accepted whole.  RFC 7606 §6. */
struct member_offence {
	usec_t at;
	struct offence message;
};
/* False when there was none.  Any thread. */
bool server_member_offence(const struct server *s, peer_id_t peer, struct member_offence *out);

/* A worker's own numbers.  Any thread. */
struct core_stats {
	metric_t turns, busy_turns;
	metric_t busy_us; /* Time in turns that did something. */
	metric_t frames_in, frames_out, frames_handed_over;
	metric_t kernel_in, kernel_out; /* Frames given to the host's kernel, and taken from it. */
	metric_t connections;		/* Now. */
	metric_t awaited;		/* Members that the selection waits for. */
	metric_t events_lost;		/* For control, whose ring was full. */
	metric_t attrs, attr_bytes;
};
const struct core_stats *server_core_stats(const struct server *s, core_id_t core);
/* What a worker has dropped for the reason drop_row(i); connections count with their status. */
uint64_t server_drops(const struct server *s, core_id_t core, unsigned i);
/* Assert every invariant of a core's machines; owner or a stopped server. */
void core_check(const struct core *c);
