/* A host on the in-memory LAN whose TCP connections are played by hand: several at a time, opened
 * and accepted, with BGP messages sent as the test says and counted as they come.  It can forget
 * everything, as a host does that restarts, and send segments in anyone's name. */
#pragma once

#include "dataplane/core/core.h"
#include "dataplane/nic/nic_mem.h"
#include "rib/wire/open.h"

#define HOST_CONNECTIONS 4

/* One connection; it keeps its place when it has ended. */
struct host_connection {
	struct tcp *tcp;   /* NULL: none. */
	bool is_dialled;   /* The host has opened it. */
	unsigned heard[6]; /* By enum bgp_type. */
	uint8_t notification[2];
	struct seg completes; /* The first ACK that was sent; `acks` is 0 before. */
	unsigned acks;
};

struct host {
	struct addr addr, server;
	struct mac mac, server_mac;
	asn_t asn;
	uint32_t router_id;
	struct nic *nic;
	struct net *net;
	struct open_graceful graceful; /* In its OPEN, as the next three. */
	bool has_extended_message;
	bool has_enhanced_refresh;
	uint8_t add_path[FAMILY_COUNT];
	/* Every whole message; may be NULL. */
	void (*hear)(void *context, const uint8_t *message, size_t len);
	void *context;
	bool is_deaf; /* Reads nothing. */
	struct open_long_lived long_lived;
	bool is_listening;
	bool is_silent; /* Sends no RST for what it does not know. */
	struct host_connection connection[HOST_CONNECTIONS];
	unsigned bare_acks; /* Received without payload on connection 0. */
	unsigned resets_in;
	uint16_t next_port;
};

/* `h` holds addr, server, both MAC addresses, asn and router_id. */
void host_init(struct host *h, struct nic_hub *hub);
void host_fini(struct host *h);
/* Open connection `k`; accepted ones take the first free place. */
void host_dial(struct host *h, unsigned k, usec_t now);
/* The connection that the server has opened, or NULL. */
struct host_connection *host_accepted(struct host *h);
void host_send(struct host_connection *c, enum bgp_type type, const void *body, size_t len);
void host_send_open(struct host *h, struct host_connection *c, asn_t asn);
/* End all connections without a word. */
void host_forget(struct host *h);
bool host_is_up(const struct host_connection *c);
/* A segment of these ports from `from` to the server, with a hop limit and up to 64 bytes of
 * payload. */
void host_raw(struct host *h, const struct addr *from, uint16_t src_port, const struct seg *seg,
	      uint8_t hop_limit);
void host_step(struct host *h, usec_t now);
