/* A scripted member: a host with its own address that speaks just enough BGP to be a peer.
 *
 * Its network and TCP are the product's pure machines (a second instance of them); its BGP is the
 * naive codec, so what it holds was decoded by code that is not the server's.  It keeps every
 * prefix of a small universe by index, with the attribute bytes exactly as received.
 */
#pragma once

#include "dataplane/nic/nic.h"
#include "dataplane/net/net.h"
#include "dataplane/tcp/auth.h"
#include "dataplane/tcp/tcp.h"
#include "tests/support/naive.h"

#define UNIVERSE_MAX   256
#define HELD_PATHS_MAX 12

/* What it says of its restarts: RFC 4724 §3, RFC 8538 §2, RFC 9494 §3. */
struct speaker_graceful {
	bool is_present;
	bool has_notification; /* N */
	bool is_restarting;    /* R */
	bool has_long;	       /* RFC 9494, of the same families. */
	bool families[2], is_forwarding[2], is_long_forwarding[2]; /* F */
	uint16_t restart_s;
	uint32_t long_s;
};

struct speaker_conf {
	uint32_t asn, router_id;
	struct addr addr, server;
	uint8_t prefix_len;
	struct mac mac;
	bool is_as4, has_refresh;
	bool is_long;			     /* Takes messages of up to 65535 bytes (RFC 8654). */
	bool has_next_hop6;		     /* RFC 8950 */
	bool has_enhanced;		     /* RFC 7313 */
	bool takes_paths[2], sends_paths[2]; /* RFC 7911, by family. */
	struct speaker_graceful graceful;
	uint16_t hold_s;
	uint32_t window_bytes;	      /* Receive buffer. */
	const struct auth_keys *keys; /* Copied; NULL: unsigned. */
	const struct naive_prefix *universe;
	unsigned universe_count;
	/* What was asked of routes, by their serials; NULL: nothing. */
	const struct naive_asks *asks;
	uint64_t seed;
	/* Every message that arrived, and changes of the session (message NULL: `is_up` tells); may
	 * be NULL. */
	void (*record)(void *context, const uint8_t *message, size_t len, bool is_up);
	void *context;
	/* Sees, and may change, every frame before it is sent; may be NULL. */
	void (*mangle)(void *context, struct nic *nic, struct frame_buf *frame);
	void *mangle_context;
};

struct held_route {
	bool is_held;
	bool is_old; /* Not announced since the refresh under way began. */
	uint16_t attrs_len;
	uint8_t next_hop_len;
	uint8_t next_hop[32];
	uint8_t attrs[NAIVE_ATTRS_MAX]; /* The first of them; */
	uint64_t attrs_hash;		/* and what all are like, hash_bytes without key. */
};

/* One of several of a prefix, where it takes path ids. */
struct held_path {
	uint32_t id;
	bool is_held, is_old;
	uint8_t next_hop_len;
	uint16_t attrs_len;
	uint64_t attrs_hash;
	uint8_t next_hop[32];
};

enum speaker_state { SPEAKER_DOWN, SPEAKER_CONNECTING, SPEAKER_OPENING, SPEAKER_UP };

struct speaker {
	struct speaker_conf conf;
	struct nic *nic;
	struct net *net;
	struct tcp *tcp;
	struct auth *auth; /* NULL: unsigned. */
	struct signer *signer;
	uint64_t refused[AUTH_VERDICT_COUNT]; /* Segments, for their signatures. */
	enum speaker_state state;
	bool wants_up;	 /* Connects by itself when it is down. */
	bool is_stalled; /* Reads nothing from its connection. */
	bool is_broken;	 /* It received something that is not BGP. */
	unsigned downs;	 /* Sessions lost, */
	unsigned ups;	 /* and begun. */
	usec_t retry_due, opening_due, keepalive_due;
	bool has_eor[2];
	bool sent_eor[2];
	bool is_wanted[2];	/* The server has asked for it again; whoever answers clears it. */
	bool has_asked[2];	/* It has asked, and no answer has begun; set by whoever asks. */
	bool is_renewing[2];	/* Between the borders of an answer. */
	unsigned renewed;	/* Answers that ended, */
	unsigned border_faults; /* and that lacked something, or had not begun. */
	uint64_t announces, withdraws, messages;
	uint64_t long_messages; /* Of more than 4096 bytes. */
	uint64_t next_hops6;	/* IPv4 routes with an IPv6 next hop. */
	unsigned own_seen;	/* Routes that carried its own mark: must stay 0. */
	unsigned kept_seen;	/* Routes that were to be kept from it: likewise. */
	uint8_t last_notification[2];
	unsigned blamed; /* NOTIFICATIONs that found fault with what it said (codes 1, 2, 3, 5). */
	struct held_route held[UNIVERSE_MAX];
	uint64_t paths_gone; /* Withdrawn by their ids. */
	struct held_path path[UNIVERSE_MAX][HELD_PATHS_MAX];
};

void speaker_init(struct speaker *s, const struct speaker_conf *conf, struct nic *nic);
void speaker_fini(struct speaker *s);
/* Everything that is due; true when it did something. */
bool speaker_step(struct speaker *s, usec_t now);
usec_t speaker_due(const struct speaker *s);
/* Queue a whole message; false when the connection is not up or its queue is full. */
bool speaker_send(struct speaker *s, const uint8_t *message, size_t len);
/* Its own End-of-RIB, once in a session. */
void speaker_end_of_rib(struct speaker *s, unsigned family);
/* Go on with other keys of the same kind. */
void speaker_change_keys(struct speaker *s, const struct auth_keys *keys, usec_t now);
/* Everything that it has sent has arrived. */
bool speaker_is_drained(const struct speaker *s);

/* HARD_RESET: RFC 8538 §3.1; VANISH: without a word. */
enum speaker_end { END_RESET, END_CLOSE, END_NOTIFICATION, END_HARD_RESET, END_VANISH };
/* End the session from this side. */
void speaker_end(struct speaker *s, enum speaker_end how, usec_t now);
