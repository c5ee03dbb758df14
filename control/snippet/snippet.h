/* A router's configuration for one session with us, as text to copy.
 *
 * One function for each make of router, from one description of the session.  What is written is
 * what a careful engineer would type: the session alone, its own prefixes and nothing else on the
 * way out, a limit on the way in, and no check of the left-most AS number, which a route server
 * leaves out (RFC 7947 §2.2.2.1).  Nothing that comes from a person gets into the text unescaped.
 * Pure; control thread. */
#pragma once

#include <stdio.h>

#include "rib/base/addr.h"

enum snippet_router {
	SNIPPET_BIRD,
	SNIPPET_BIRD3,
	SNIPPET_FRR,
	SNIPPET_OPENBGPD,
	SNIPPET_GOBGP,
	SNIPPET_IOS_XE,
	SNIPPET_IOS_XR,
	SNIPPET_JUNOS,
	SNIPPET_EOS,
	SNIPPET_MIKROTIK,
	SNIPPET_ROUTER_COUNT
};

enum snippet_auth { SNIPPET_AUTH_NONE, SNIPPET_AUTH_MD5, SNIPPET_AUTH_AO };

/* May be announced: this prefix, and what is inside it up to `max_len`. */
struct snippet_prefix {
	struct prefix prefix;
	uint8_t max_len;
};

struct snippet {
	const char *name; /* Of the session, for names in the router; any text. */
	asn_t asn, server_asn;
	struct addr local, server; /* The customer's address and ours; of one family. */
	bool families[FAMILY_COUNT];
	enum snippet_auth auth;
	const char *key;     /* NULL, or one that cannot be written: KEY_PLACE stands there. */
	uint8_t ao_send_id;  /* As the customer's router sends and */
	uint8_t ao_recv_id;  /* receives them (RFC 5925 §3.1). */
	bool has_gtsm;	     /* RFC 5082 */
	uint8_t multihop;    /* Hops; 0: directly connected. */
	uint16_t hold_s;     /* 0: the router's own. */
	const char *role;    /* The customer's, "rs-client" or such (RFC 9234); NULL: none. */
	bool has_several[2]; /* ADD-PATH: [0] the customer receives, [1] sends several paths. */
	uint32_t max_prefix[FAMILY_COUNT]; /* That we send; 0: no limit. */
	const struct snippet_prefix *prefix;
	unsigned prefix_count;
};

/* Stands where the customer puts the key: it is shown once, and never again. */
#define SNIPPET_KEY_PLACE "PUT-THE-KEY-HERE"

/* "bird"; and the make in words, "BIRD 2". */
const char *snippet_router_name(enum snippet_router router);
const char *snippet_router_title(enum snippet_router router);
/* False when there is no router of that name. */
bool snippet_router_find(const char *name, enum snippet_router *out);
/* The text, which the caller frees; NULL when memory is short. */
char *snippet_text(enum snippet_router router, const struct snippet *s);
