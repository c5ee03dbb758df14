/* A whole exchange in one process and one thread, on virtual time: a server of several workers on
 * an in-memory LAN, and scripted members.  Everything follows from the seed. */
#pragma once

#include "dataplane/core/core.h"
#include "dataplane/nic/nic_mem.h"
#include "rib/base/prng.h"
#include "tests/support/speaker.h"

#define WORLD_MEMBERS_MAX 64

struct world_opts {
	uint64_t seed;
	unsigned workers;	 /* = shards */
	unsigned members;	 /* Up to WORLD_MEMBERS_MAX. */
	unsigned queues;	 /* Of the server's NIC: 1..workers. */
	size_t log_bytes_max;	 /* 0 = default. */
	size_t send_bytes_max;	 /* 0 = default. */
	unsigned universe;	 /* Prefixes, half of each family; up to UNIVERSE_MAX. */
	bool has_old_speakers;	 /* Every fourth member is 2-octet. */
	bool are_active;	 /* The server connects too; members take no connection. */
	bool may_skip_workers;	 /* A worker sometimes misses turns. */
	unsigned loss_per_mille; /* Frames lost on the LAN. */
	uint32_t window_bytes;	 /* Receive buffer of members; 0 = 16 KiB. */
	void (*record)(void *context, unsigned member, const uint8_t *message, size_t len,
		       bool is_up);
	void *context;
};

struct world {
	struct world_opts opts;
	struct prng prng;
	usec_t now;
	struct nic_hub *hub;
	struct nic *server_nic;
	struct server *server;
	struct nic *nic[WORLD_MEMBERS_MAX];
	struct speaker speaker[WORLD_MEMBERS_MAX];
	struct world_tap {
		struct world *world;
		unsigned member;
	} tap[WORLD_MEMBERS_MAX];
	struct naive_prefix universe[UNIVERSE_MAX];
	bool is_cut[WORLD_MEMBERS_MAX]; /* The member's cable: nothing passes. */
	usec_t core_due[CORE_COUNT_MAX];
	bool is_frozen; /* The server's workers do not run. */
};

/* The caller's memory is large (a speaker is ~90 kB): allocate it. */
void world_init(struct world *w, const struct world_opts *opts);
void world_fini(struct world *w);
/* One turn of everybody, in random order, then time moves on (a little when something happened,
 * else to the next deadline, but not past `limit`). */
void world_turn(struct world *w, usec_t limit);
/* Turns until `us` of virtual time have passed. */
void world_run(struct world *w, usec_t us);
/* Run until `is_done` holds, at most `us`; whether it held. */
bool world_run_until(struct world *w, bool (*is_done)(const struct world *w), usec_t us);
/* Everyone who wants to be up is, and has End-of-RIB of both families. */
bool world_is_up(const struct world *w);
/* Number of members still in the server's hands after everything went: 0 sets, paths, entries... */
void world_expect_empty(struct world *w);
