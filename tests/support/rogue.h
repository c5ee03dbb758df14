/* Attackers.
 *
 * A *rogue* is a station on the LAN that is nobody's member: it forges raw frames in the name of
 * members and servers.  It knows the 4-tuples, and where the windows stand, but it never sends what
 * only someone who reads the traffic could: a sequence number that is exactly next in an RST, or an
 * ACK and a timestamp that both fit.  By RFC 5961 and RFC 7323 nothing that it sends may end or
 * change an established session; rogue_kill, which cheats, is the exception that proves that the
 * others hit where they say.
 *
 * A *mangler* sits in a member's own NIC and makes a liar of it: windows that shrink, are silly or
 * shut, ACKs of what was never sent, overlapping and contradicting bytes, odd flags and options.
 * Such a member may lose its own session; the others must not notice.
 */
#pragma once

#include "rib/base/prng.h"
#include "tests/support/wire.h"

enum rogue_attack {
	ROGUE_RST_WINDOW,   /* In the window, but not at its edge. */
	ROGUE_RST_ANYWHERE, /* Outside the window. */
	ROGUE_SYN_WINDOW,
	ROGUE_SYN_CONFIGURED, /* From a configured address, any port. */
	ROGUE_SYN_FOREIGN,
	ROGUE_DATA,	  /* In the window, with an ACK that does not fit. */
	ROGUE_FIN,	  /* Likewise. */
	ROGUE_ACK_BEYOND, /* Of what was never sent. */
	ROGUE_ACK_OLD,
	ROGUE_STAMP_OLD,    /* All fits but the timestamp. */
	ROGUE_STAMP_FUTURE, /* At the left edge, with a great timestamp and a wrong ACK. */
	ROGUE_OPTIONS,
	ROGUE_FLAGS,
	ROGUE_ARP,
	ROGUE_ATTACK_COUNT
};

/* Whose session is attacked. */
struct rogue_target {
	struct addr member, server;
	struct mac member_mac, server_mac;
};

struct rogue {
	struct nic *nic; /* Its own; closed by rogue_fini. */
	const struct wire *wire;
	struct prng prng;
	uint64_t counts[ROGUE_ATTACK_COUNT];
	uint64_t kills;
};

void rogue_init(struct rogue *r, struct nic *nic, const struct wire *wire, uint64_t seed);
void rogue_fini(struct rogue *r);
/* One attack of a random kind, at either end of the session. */
void rogue_strike(struct rogue *r, const struct rogue_target *t);
/* `count` of one kind. */
void rogue_flood(struct rogue *r, const struct rogue_target *t, enum rogue_attack kind,
		 unsigned count);
/* An RST that is exactly right, at the server; false when no connection is known. */
bool rogue_kill(struct rogue *r, const struct rogue_target *t);
/* Read what floods by, and forget it. */
void rogue_step(struct rogue *r);
const char *rogue_attack_text(enum rogue_attack kind);

enum mangle {
	MANGLE_NOTHING,
	MANGLE_WINDOW_ZERO,
	MANGLE_WINDOW_SILLY, /* One byte. */
	MANGLE_WINDOW_SHRINKS,
	MANGLE_ACK_BEYOND,
	MANGLE_ACK_OLD,
	MANGLE_OVERLAP, /* Sent again, with other bytes; and with bytes that are not due yet. */
	MANGLE_OPTIONS,
	MANGLE_FLAGS,
	MANGLE_COUNT
};

struct mangler {
	enum mangle mode;
	struct prng prng;
	uint64_t counts[MANGLE_COUNT];
};

/* A frame of the member's is about to be sent through `nic`: change it, send others beside it.
 * `context` is a struct mangler. */
void mangler_frame(void *context, struct nic *nic, struct frame_buf *frame);
const char *mangle_text(enum mangle mode);
