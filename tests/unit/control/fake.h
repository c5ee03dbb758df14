/* A server for tests of the control socket: real shards, invented members.
 *
 * It stands in for dataplane/core's server: the tests decide what each member's status is, and
 * announce routes straight into the shards. */
#pragma once

#include "control/api/api.h"
#include "rib/policy/judge.h"
#include "tests/unit/control/scratch.h"

#define FAKE_MEMBERS 4

struct server {
	unsigned awaited;
	unsigned core_count;
	struct shard *shard[3];
	struct intern *intern;
	struct core_stats stats[3];
	uint64_t drops[3][DROP_COUNT];
	struct member_status status[FAKE_MEMBERS];
	struct member_offence offence[FAKE_MEMBERS]; /* Verdict OK: none. */
	struct request request[16];
	unsigned request_count;
	bool is_ring_full;
	const uint64_t *wanted; /* Numbers, the last time that one was taken. */
	/* Asked of it about members: "+5" for one that is added, "-" removed, "~" changed. */
	char asked[32][16];
	unsigned asked_count;
	unsigned free_first, free_count; /* Numbers; more will be free unless is_without. */
	bool is_without;
	uint64_t waiting; /* Bits: numbers that were taken, and whose members are not added yet. */
	void *cores;	  /* Of test_daemon. */
};

struct fake {
	struct server server;
	struct config config;
	struct config_client client[FAKE_MEMBERS];
	struct roster *roster;
	char state_dir[8];
	struct scratch scratch;
	struct state *own_state; /* NULL when the test brought its own. */
	struct busy_meter busy;
	struct judge *judge; /* Who dresses routes; NULL: nobody. */
	usec_t now;	     /* Of the shards. */
	struct api_env env;
};

/* Members 198.18.1.1 … .4, AS 64501 … 64504, all established with both families but the last,
 * which is idle.  Without `state` the fake makes one of its own. */
void fake_init(struct fake *f, unsigned cores, struct state *state);
void fake_fini(struct fake *f);
/* A route of member `peer` with this AS_PATH (up to 4 ASes, 0 ends) and MED. */
void fake_announce(struct fake *f, unsigned peer, const char *prefix, const asn_t path[4],
		   uint32_t med, enum reject reason);
/* Let the shards publish. */
void fake_settle(struct fake *f);
/* Run one request to its end; the answer's lines as one array.  The caller frees it. */
json_t *fake_ask(struct fake *f, const char *request);
