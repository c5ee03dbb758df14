/* A server and three hosts played by hand, in virtual time.  The server is AS 65000, 198.18.0.1
 * with identifier 100; the hosts are 198.18.0.11 to .13, AS 101 to 103. */
#pragma once

#include "tests/unit/core/host.h"

#define DESK_HOSTS 3

struct desk_opts {
	unsigned workers; /* 0 = 1 */
	bool is_active;	  /* The server connects, too. */
	bool has_gtsm;
	bool has_extended_message; /* RFC 8654, of the server. */
	bool has_enhanced_refresh; /* Of the server, RFC 7313. */
	uint16_t delay_open_s;	   /* Of the server, RFC 4271 §8.1.1. */
	uint16_t stale_s;	   /* Of the server, RFC 4724; 0 = no graceful restart. */
	bool is_restarting;	   /* The server waits for the first two, for at most deferral_s. */
	unsigned deferral_s;
	uint32_t long_stale_s; /* RFC 9494 */
	uint32_t router_id;    /* Of the hosts; 0 = 50. */
	/* Of the server, RFC 7911: towards each host; both limits as server_opts has them. */
	uint8_t add_path[DESK_HOSTS][FAMILY_COUNT];
	uint8_t paths_max;
	uint16_t paths_sent_max;
	size_t log_bytes_max; /* 0 = default. */
	unsigned members;     /* Hosts that are members at the start; 0 = all. */
	unsigned capacity;    /* As server_opts has it. */
	/* What else the server is to know of host `i`; may be NULL. */
	void (*configure)(struct member_conf *conf, unsigned i);
};

struct desk {
	struct nic_hub *hub;
	struct nic *nic;
	struct server *server;
	struct host host[DESK_HOSTS];
	unsigned workers;
	usec_t now;
	struct member_conf conf[DESK_HOSTS]; /* As at the start, of those that are none, too. */
	/* Called before every step; may be NULL. */
	void (*before)(struct desk *d);
	uint64_t sent; /* By `before`. */
};

void desk_init(struct desk *d, const struct desk_opts *opts);
void desk_fini(struct desk *d);
/* Let time pass, all invariants checked after each step. */
void desk_run(struct desk *d, usec_t us);
/* Host `i` opens connection `k` and brings its session up. */
void desk_up(struct desk *d, unsigned i, unsigned k);
struct member_status desk_status(struct desk *d, unsigned i);
/* A drop of the member's, and one of all workers, by its row. */
uint64_t desk_member_drops(struct desk *d, unsigned i, enum core_drop why);
uint64_t desk_drops(struct desk *d, unsigned row);
/* Connections that the server has. */
uint64_t desk_connections(struct desk *d);
