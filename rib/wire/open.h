/* OPEN and capabilities.  RFC 4271 §4.2, §6.2; RFC 5492; 4760; 6793; 2918; 7313 (ignored here).
 * Unknown capabilities are ignored; an unknown optional parameter is an error. */
#pragma once

#include "rib/wire/frame.h"

struct open {
	asn_t asn;	    /* From capability 65 when present, else My Autonomous System. */
	uint16_t hold_s;    /* As offered. */
	uint32_t router_id; /* Host order. */
	bool has_as4;
	bool has_refresh;
	bool has_multiprotocol; /* Any capability 1 at all. */
	bool families
		[FAMILY_COUNT]; /* Unicast; without any capability 1: IPv4 only, RFC 4760 §8. */
};

/* Decode a body.  True, or false with `*out_why` the NOTIFICATION.  Checks syntax, version, hold
 * time (0 or >= 3), router id (not 0), AS (not 0, RFC 7607); whether the AS is the right one is
 * the session's question. */
bool open_decode(struct span body, struct open *out, struct notify *out_why);
/* Encode a whole message, AS_TRANS for a large ASN.  Length; `len` >= 128 suffices. */
size_t open_encode(const struct open *o, uint8_t *buf, size_t len);
