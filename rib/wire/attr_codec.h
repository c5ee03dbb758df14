/* Path attributes on the wire ⇄ draft.  RFC 4271 §4.3/§5/§6.3, RFC 7606, RFC 6793.
 *
 * One row of a descriptor table for each attribute: flags, lengths, how to check it, and RFC 7606's
 * verdict when it is malformed.  Unknown optional transitive attributes are kept with the Partial
 * bit set; unknown optional non-transitive ones are dropped (RFC 4271 §5, §9). */
#pragma once

#include "rib/attr/attr.h"
#include "rib/wire/notify.h"

/* RFC 7606 §2, in order of severity. */
enum verdict {
	VERDICT_OK,
	VERDICT_ATTR_DISCARD,
	VERDICT_TREAT_AS_WITHDRAW,
	VERDICT_AFI_DISABLE,
	VERDICT_SESSION_RESET,
};

/* MP_REACH_NLRI or MP_UNREACH_NLRI as found; `value` is past the family and next hop. */
struct mp_nlri {
	bool is_present;
	bool is_known; /* A family that the server carries (unicast). */
	enum family family;
	struct next_hop next_hop;
	struct span nlri;
};

struct attr_result {
	enum verdict verdict; /* The worst of all attributes. */
	uint8_t type;	      /* The attribute that the verdict is about; 0 when OK. */
	/* What RFC 4271 §6.3 would send for it; sent only when the verdict is SESSION_RESET. */
	struct notify why;
	const char *reason; /* A short fixed phrase for counters and the operator; NULL when OK. */
	bool has_next_hop;  /* NEXT_HOP (type 3) was there. */
	struct next_hop next_hop; /* Its value. */
	struct mp_nlri reach;
	struct mp_nlri unreach;
	uint32_t seen[8]; /* Bit set of type codes that were present. */
};

struct attr_decode_opts {
	bool is_as4;	/* Both sides sent capability 65. */
	bool has_nlri;	/* The UPDATE carries IPv4 NLRI: NEXT_HOP is then mandatory. */
	asn_t local_as; /* Not looked at: a loop (§9.1.2) is not a malformed path, import asks. */
};

/* Decode the path attributes field.  The draft is filled whatever the verdict, as far as it could
 * be read (empty with SESSION_RESET); it may be interned only with OK or ATTR_DISCARD.  Missing
 * mandatory attributes are TREAT_AS_WITHDRAW (RFC 7606 §3 d).  A fault that asks for
 * TREAT_AS_WITHDRAW is a SESSION_RESET when no reachable prefix was found (§5.2). */
void attr_decode(struct span in, const struct attr_decode_opts *opts, struct attr_draft *draft,
		 struct attr_result *out);
/* Bytes of the path attributes without MP_REACH: `is_as4` selects RFC 6793's form; `next_hop` of
 * an IPv4 route is written as NEXT_HOP in its place.  Never fails for an interned set when the
 * buffer holds wire_len + wire2_extra + 7. */
void attr_encode(struct wr *w, const struct attr *a, enum family family, bool is_as4);
/* How many bytes attr_encode writes: exact.  O(wire_len) for the 2-octet form. */
size_t attr_encoded_len(const struct attr *a, enum family family, bool is_as4);
