/* A whole exchange in one process and one thread, on virtual time: a server of several workers on
 * an in-memory LAN, and scripted members; or two servers, each with half of the members and each
 * the other's member.  Every link can be made faulty.  Everything follows from the seed. */
#pragma once

#include "dataplane/core/core.h"
#include "dataplane/nic/nic_fault.h"
#include "dataplane/nic/nic_mem.h"
#include "rib/base/prng.h"
#include "tests/support/rules.h"
#include "tests/support/speaker.h"

#define WORLD_MEMBERS_MAX 128
#define WORLD_SITES_MAX	  2
#define WORLD_PATHS_SENT  3 /* Of a prefix, to those that take several. */

struct world_opts {
	uint64_t seed;
	unsigned workers;      /* = shards */
	unsigned members;      /* Up to WORLD_MEMBERS_MAX. */
	unsigned queues;       /* Of the server's NIC: 1..workers. */
	size_t log_bytes_max;  /* 0 = default. */
	size_t send_bytes_max; /* 0 = default. */
	usec_t pace_us;	       /* 0 = default; else from the second change on. */
	unsigned universe;     /* Prefixes, half of each family; up to UNIVERSE_MAX. */
	bool has_old_speakers; /* Every fourth member is 2-octet. */
	bool has_roles;	       /* Five members of six have one (RFC 9234). */
	bool has_long;	       /* Members of all four kinds: RFC 8654, RFC 8950, both, neither. */
	bool has_enhanced;     /* Every other member: RFC 7313. */
	/* What members ask of routes, by serial (naive.h); NULL: nothing. */
	const struct naive_asks *asks;
	bool has_paths;		 /* Members of all four kinds, by family: RFC 7911. */
	uint16_t stale_s;	 /* The servers' (RFC 4724); 0 = none. */
	uint32_t long_stale_s;	 /* The same (RFC 9494). */
	bool are_active;	 /* The server connects too; members take no connection. */
	bool may_skip_workers;	 /* A worker sometimes misses turns. */
	unsigned loss_per_mille; /* Frames lost on the LAN. */
	unsigned sites;		 /* Servers; 0 = 1.  Member i is of site i % sites. */
	unsigned caller;	 /* Of two servers, the one that connects to the other. */
	bool has_faulty_links;	 /* Members' links can be given plans. */
	bool has_faulty_site;	 /* So can the link of the last server. */
	unsigned guests;	 /* Further NICs that may be opened on the hub. */
	unsigned spare;		 /* Numbers for members that come and go, of one server. */
	uint32_t tso_max;	 /* Of the servers' NICs (nic.h); 0 = they cut nothing. */
	uint32_t window_bytes;	 /* Receive buffer of members; 0 = 16 KiB. */
	/* A member's, and the server's for it; NULL, or for NULL, none are signed. */
	const struct auth_keys *(*keys)(unsigned member);
	void (*record)(void *context, unsigned member, const uint8_t *message, size_t len,
		       bool is_up);
	/* Sees every frame as it is put on the LAN; may be NULL. */
	void (*frame)(void *context, const struct frame_buf *frame);
	void *context;
};

/* A server and its place on the LAN. */
struct world_site {
	struct nic *nic;
	struct server *server;	       /* NULL while it is down. */
	struct policy *policy, *older; /* Published; and before.  NULL: it judges by no rules. */
	struct policy_scope scope;
	usec_t core_due[CORE_COUNT_MAX];
};

struct world {
	struct world_opts opts;
	struct prng prng;
	usec_t now;
	struct nic_hub *hub;
	struct world_site site[WORLD_SITES_MAX];
	struct server *server; /* site[0].server */
	struct nic *nic[WORLD_MEMBERS_MAX];
	struct world_tap {
		struct world *world;
		unsigned member;
	} tap[WORLD_MEMBERS_MAX];
	struct naive_prefix universe[UNIVERSE_MAX];
	struct rules rules; /* Of the moment, where something is asked. */
	struct rules_scene scene;
	bool is_cut[WORLD_MEMBERS_MAX];	   /* The member's cable: nothing passes. */
	peer_id_t peer[WORLD_MEMBERS_MAX]; /* At its server; PEER_NONE: it is no member. */
	bool is_frozen;			   /* The servers' workers do not run. */
	unsigned idler;			   /* The worker that misses this turn. */
	struct speaker speaker[WORLD_MEMBERS_MAX];
};

/* The caller's memory is large (a speaker is ~90 kB): allocate it. */
void world_init(struct world *w, const struct world_opts *opts);
void world_fini(struct world *w);
/* The server judges by other rules; false while it still adopts the last ones, or has none. */
bool world_change_rules(struct world *w);
/* A server is gone from one moment to the next, with all its memory; and comes back. */
void world_stop_server(struct world *w, unsigned site);
void world_start_server(struct world *w, unsigned site);
/* Where member i belongs, and its number there; the other server's number there. */
unsigned world_site_of(const struct world *w, unsigned member);
peer_id_t world_peer_of(const struct world *w, unsigned member);
/* What its server knows of member i. */
struct member_conf world_conf(const struct world *w, unsigned member);
/* The operator of the one server removes a member; adds one that is none, false when that has to
 * wait for others to be gone. */
void world_remove(struct world *w, unsigned member);
bool world_add(struct world *w, unsigned member);
peer_id_t world_link_of(const struct world *w, unsigned site);
uint32_t world_server_asn(unsigned site);
/* What member i is to its server, as naive.h has it; members do not say so themselves. */
char world_role(const struct world *w, unsigned member);
struct mac world_server_mac(unsigned site);
struct addr world_server_addr(unsigned site, uint8_t family);
/* The MAC of the n-th NIC that is neither a server's nor a member's. */
struct mac world_guest_mac(unsigned n);
/* What a faulty link does from now on, as seen from the member or the server. */
void world_fault_member(struct world *w, unsigned member, enum nic_fault_way way,
			const struct nic_fault_plan *plan);
void world_fault_site(struct world *w, enum nic_fault_way way, const struct nic_fault_plan *plan);
/* One turn of everybody, in random order, then time moves on (a little when something happened,
 * else to the next deadline, but not past `limit`). */
void world_turn(struct world *w, usec_t limit);
/* Turns until `us` of virtual time have passed. */
void world_run(struct world *w, usec_t us);
/* Run until `is_done` holds, at most `us`; whether it held. */
bool world_run_until(struct world *w, bool (*is_done)(const struct world *w), usec_t us);
/* Everyone who wants to be up is, and has End-of-RIB of both families; so are two servers. */
bool world_is_up(const struct world *w);
/* Number of members still in the server's hands after everything went: 0 sets, paths, entries... */
void world_expect_empty(struct world *w);
