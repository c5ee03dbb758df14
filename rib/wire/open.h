/* OPEN and capabilities.  RFC 4271 §4.2, §6.2; RFC 5492; RFC 9072.
 *
 * A decoded OPEN is a value with everything that was said in it: multiprotocol (RFC 4760), route
 * refresh (2918, 7313), 4-octet AS numbers (6793), ADD-PATH (7911), extended messages (8654), IPv6
 * next hops (8950), role (9234), graceful restart (4724, 8538) and its long-lived form (9494).
 * Unknown capabilities are ignored; an unknown optional parameter is an error. */
#pragma once

#include "rib/wire/frame.h"

enum role { /* RFC 9234 §4.1: what the sender is to the receiver. */
	    ROLE_PROVIDER,
	    ROLE_RS,
	    ROLE_RS_CLIENT,
	    ROLE_CUSTOMER,
	    ROLE_PEER,
};

enum { ADD_PATH_RECEIVE = 1, ADD_PATH_SEND = 2 }; /* RFC 7911 §4: what the sender can do. */

/* RFC 4724 §3. */
struct open_graceful {
	bool is_present;
	bool is_restarting;    /* R: it comes back from a restart. */
	bool has_notification; /* N: NOTIFICATIONs do not end it (RFC 8538 §2). */
	uint16_t restart_s;    /* 12 bits. */
	bool families[FAMILY_COUNT];
	bool is_forwarding[FAMILY_COUNT]; /* F: it kept what it had. */
};

/* RFC 9494 §3.1. */
struct open_long_lived {
	bool is_present;
	bool families[FAMILY_COUNT];
	bool is_forwarding[FAMILY_COUNT];
	uint32_t stale_s[FAMILY_COUNT]; /* 24 bits. */
};

struct open {
	asn_t asn;	    /* From capability 65 when present, else My Autonomous System. */
	uint16_t hold_s;    /* As offered. */
	uint32_t router_id; /* Host order. */
	bool has_as4;
	bool has_refresh;
	bool has_multiprotocol; /* Any capability 1 at all. */
	bool families
		[FAMILY_COUNT]; /* Unicast; without any capability 1: IPv4 only, RFC 4760 §8. */
	bool has_enhanced_refresh;
	bool has_extended_message;
	bool has_extended_parameters; /* In the form of RFC 9072. */
	bool has_next_hop6;	      /* IPv4 unicast with IPv6 next hops. */
	bool has_role;
	uint8_t role;			/* enum role, or a number not known yet. */
	uint8_t add_path[FAMILY_COUNT]; /* ADD_PATH_RECEIVE | ADD_PATH_SEND */
	struct open_graceful graceful;
	struct open_long_lived long_lived; /* Only beside `graceful`, RFC 9494 §4.1. */
};

#define OPEN_ENCODED_MAX 128 /* All capabilities at once take less. */

/* Decode a body.  True, or false with `*out_why` the NOTIFICATION.  Checks syntax, version, hold
 * time (0 or >= 3), router id (not 0), AS (not 0, RFC 7607); whether the AS is the right one is
 * the session's question. */
bool open_decode(struct span body, struct open *out, struct notify *out_why);
/* Encode a whole message, AS_TRANS for a large ASN.  Length; `len` >= OPEN_ENCODED_MAX suffices. */
size_t open_encode(const struct open *o, uint8_t *buf, size_t len);
