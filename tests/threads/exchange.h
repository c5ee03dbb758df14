/* A server on real threads, with scripted members on the caller's thread and in real time.
 *
 * Three workers step their cores as the daemon's do, now and then out of step on purpose, and
 * assert their invariants; nic_pipe joins them to the speakers.  exchange_watch reads what control
 * reads, from a thread that owns nothing. */
#pragma once

#include <pthread.h>

#include "dataplane/core/core.h"
#include "rib/base/prng.h"
#include "tests/support/rules.h"
#include "tests/support/speaker.h"
#include "tests/threads/nic_pipe.h"

#define WORKERS	    3
#define MEMBERS_MAX 10

struct exchange_opts {
	uint64_t seed;
	unsigned members, universe, queues;
	size_t log_bytes_max, send_bytes_max; /* 0 = default. */
	uint32_t window_bytes;
};

struct exchange_worker {
	struct core *core;
	struct prng prng;
	pthread_t thread;
	const bool *is_stopping;
	uint64_t turns, naps;
};

struct exchange {
	struct exchange_opts opts;
	struct prng prng;
	usec_t now;
	bool is_stopping; /* Atomic. */
	struct nic_pipe_hub *hub;
	struct nic *server_nic, *nic[MEMBERS_MAX];
	struct server *server;
	struct policy *policy, *older; /* Published; and before. */
	struct policy_scope scope;
	struct rules rules;
	int out;	   /* Who is no member; −1: everybody is one. */
	bool has_number;   /* `out` may come back as soon as the rules know it. */
	bool is_rules_due; /* Those published do not know yet who is out. */
	struct rules_scene scene;
	struct exchange_worker worker[WORKERS];
	struct speaker speaker[MEMBERS_MAX];
	struct naive_prefix universe[UNIVERSE_MAX];
	struct naive_speaker who[MEMBERS_MAX];
	struct member_conf conf[MEMBERS_MAX];
	uint64_t watched; /* Paths that exchange_watch saw. */
	uint64_t watched_bytes;
};

/* The caller's thread becomes a reader (epoch) until exchange_fini. */
void exchange_init(struct exchange *x, const struct exchange_opts *opts);
/* Workers end; what they held is asserted to be nothing, and goes. */
void exchange_fini(struct exchange *x);
/* One turn of the speakers; naps shortly when nothing happened. */
void exchange_turn(struct exchange *x);
/* Read status, statistics, logs' numbers and every entry with its attributes. */
void exchange_watch(struct exchange *x);
/* The server judges by other rules; false while somebody still adopts the last ones. */
bool exchange_change_rules(struct exchange *x);
/* The member is none any more, and comes back with the same number: false when that cannot be yet,
 * and something has been done for it.  One is out at a time. */
bool exchange_remove(struct exchange *x, unsigned member);
bool exchange_add(struct exchange *x);
/* It is configured otherwise, which may end its session. */
void exchange_change_member(struct exchange *x, unsigned member);
/* Routes of our own, which go nowhere. */
void exchange_originate(struct exchange *x, unsigned count);
/* Whether no worker holds a route, path, run or attribute set. */
bool exchange_is_empty(const struct exchange *x);
bool exchange_is_up(const struct exchange *x);
