/* Naive BGP: an encoder, a decoder and an oracle that share no code with the product.
 *
 * Obviously right rather than fast: a route is its prefix and its attribute bytes, a table is an
 * array that is searched from the front, and the best route is found by doing what RFC 4271
 * §9.1.2.2 says, again and again.  The oracle knows nothing of bit sets, shards and logs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAIVE_ATTRS_MAX 256
#define NAIVE_LONG_MAX	8192 /* Of attributes with padding. */

/* What a member asks for with communities, as an exchange may have agreed (arouteserver's
 * do_not_announce_to_peer, announce_to_peer, do_not_announce_to_any): in each form the number
 * NAIVE_ASK plus the letter's place, and who is meant. */
#define NAIVE_ASK     200
#define NAIVE_ASK_AS  70000
#define NAIVE_ASKS    "NYX" /* Not to this one; to this one; to nobody. */
#define NAIVE_ASK_MAX 4
struct naive_asks {
	uint8_t count;
	struct naive_ask {
		char what;    /* Of NAIVE_ASKS. */
		uint8_t form; /* 0: RFC 1997; 1: RFC 4360, a route target; 2: RFC 8092. */
		uint32_t asn; /* 0 with X. */
	} ask[NAIVE_ASK_MAX];
};
/* Whether somebody with this AS number may hear a route of which this is asked: N, then Y, then X
 * decides. */
bool naive_may_hear(const struct naive_asks *asks, uint32_t asn);

/* What a scripted member says about a prefix.  Small numbers on purpose: ties shall be common. */
struct naive_attrs {
	uint8_t origin;
	uint8_t path_len;
	uint32_t path[8]; /* AS numbers; path[0] is the neighbour AS. */
	bool has_med;
	uint32_t med;
	uint8_t next_hop[16]; /* 4 or 16 bytes, by family. */
	uint32_t announcer;   /* In a community 65000:announcer ... */
	uint32_t serial;      /* ... and serial in a large community: makes each set distinct. */
	bool has_unknown;     /* An unknown optional transitive attribute (type 99). */
	uint32_t otc;	      /* Only to Customer (RFC 9234); 0: none. */
	bool has_next_hop6;   /* 16 bytes with IPv4 prefixes, too (RFC 8950). */
	bool has_link_local;  /* A link-local one stands behind the 16 bytes (RFC 2545 §3). */
	uint16_t padding;     /* More octets of the unknown attribute: up to 7000. */
	bool is_llgr_stale;   /* The community LLGR_STALE (RFC 9494). */
	struct naive_asks asks;
};

struct naive_prefix {
	uint8_t family; /* 0 IPv4, 1 IPv6 */
	uint8_t len;
	uint8_t bytes[16];
	bool has_path_id; /* RFC 7911 §3: written before it. */
	uint32_t path_id;
};

/* Messages.  All return the length written. */
size_t naive_open(uint8_t *to, uint32_t asn, uint32_t router_id, uint16_t hold, bool is_as4,
		  bool has_refresh);
/* Put a capability (its code, its value of `len` octets) into an OPEN of `at` octets. */
size_t naive_capability(uint8_t *open, size_t at, uint8_t code, const uint8_t *value, size_t len);
size_t naive_keepalive(uint8_t *to);
size_t naive_refresh(uint8_t *to, unsigned family);
size_t naive_border(uint8_t *to, unsigned family, bool is_end); /* BoRR, EoRR (RFC 7313). */
size_t naive_end_of_rib(uint8_t *to, unsigned family);
/* An UPDATE that announces `count` prefixes of one family; 2-octet AS_PATH unless is_as4. */
size_t naive_announce(uint8_t *to, const struct naive_attrs *a, const struct naive_prefix *p,
		      unsigned count, bool is_as4);
/* The next hop as it stands on the wire: 4, 16 or 32 bytes. */
size_t naive_next_hop(uint8_t *to, const struct naive_attrs *a, unsigned family);
size_t naive_withdraw(uint8_t *to, const struct naive_prefix *p, unsigned count);
/* The path attributes as the server should send them: ascending types, 4-octet (or RFC 6793's)
 * form, the unknown attribute with Partial set; without NEXT_HOP / MP_REACH_NLRI, and without what
 * was asked of the server. */
size_t naive_expected(uint8_t *to, const struct naive_attrs *a, bool is_as4);

/* A decoded UPDATE, one callback for each prefix.  `attrs` is the attribute bytes without NEXT_HOP
 * and MP attributes; NULL for a withdrawal.  `next_hop` likewise. */
struct naive_sink {
	void (*route)(void *context, const struct naive_prefix *p, const uint8_t *attrs,
		      size_t attrs_len, const uint8_t *next_hop, size_t next_hop_len);
	void (*end_of_rib)(void *context, unsigned family);
	bool has_path_ids[2]; /* The family's prefixes have path ids. */
	bool is_long;	      /* Messages of more than 4096 bytes are taken (RFC 8654). */
	bool has_next_hop6;   /* So are IPv4 prefixes with an IPv6 next hop (RFC 8950). */
	void *context;
};

/* Decode one whole message (header included).  False when it is not a valid BGP message. */
bool naive_message(const uint8_t *m, size_t len, const struct naive_sink *sink);

/* The oracle: who announced what. */
struct naive_route {
	bool is_set;
	struct naive_attrs attrs;
};

struct naive_speaker {
	uint32_t router_id;
	uint8_t addr[16];
	uint8_t family; /* Of addr. */
};

/* The index of the best of the routes that `member` may have (not its own), by repeated choice
 * over the whole set: -1 when there is none. */
int naive_view(const struct naive_route *routes, const struct naive_speaker *speakers,
	       unsigned count, int member);

/* The same for somebody who may have those with `may_have` only: what he may not have takes part in
 * the choice all the same.  Long-lived stale ones come after all others (RFC 9494 §4.3). */
int naive_first(const struct naive_route *routes, const struct naive_speaker *speakers,
		unsigned count, const bool *may_have);
/* Whether it can be sent at all to somebody who takes no long messages: by far, for sets that are
 * near the border do not come up. */
bool naive_is_short(const struct naive_attrs *a);

/* What came later: a speaker with several routes of a prefix (RFC 7911), long-lived stale routes
 * (RFC 9494), members that are sent several, or not some (RFC 8950, RFC 9234 §5). */
struct naive_offer {
	unsigned owner; /* Index of its speaker. */
	bool is_llgr_stale;
	struct naive_attrs attrs;
};

struct naive_wish {
	unsigned member;
	bool has_llgr;	      /* It may have long-lived stale routes. */
	bool denies_otc;      /* It is sent no route with OTC. */
	bool has_next_hop6;   /* It may have IPv4 routes with IPv6 next hops. */
	unsigned n;	      /* It is sent up to so many. */
	uint32_t asn;	      /* 0: nothing is asked about it. */
	const uint64_t *deaf; /* Bits: whose routes it may not have; NULL: nobody's. */
};

/* Indices of the offers that the member should have, best first, into `out`; returns how many.  Of
 * equal offers of one speaker the one with the lower octets (next hop, then attributes) is better.
 * At most 64 offers, without padding. */
unsigned naive_views(const struct naive_offer *offers, unsigned count,
		     const struct naive_speaker *speakers, const struct naive_wish *wish, int *out);

/* What a member is to the server (RFC 9234 §3): the letter of its role, 0 when roles are off. */
#define NAIVE_ROLES "CKPSE" /* Customer, RS-client, Provider, RS, Peer (equal). */
/* §5: what the server makes of a route that it receives; false when it was leaked. */
bool naive_receives(char member_is, uint32_t member_as, struct naive_attrs *a);
/* §5: the same of one that it sends; false when it does not. */
bool naive_sends(char member_is, uint32_t server_as, struct naive_attrs *a);
