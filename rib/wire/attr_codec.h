/* Path attributes on the wire ⇄ draft.  RFC 4271 §4.3/§5/§6.3, RFC 7606, RFC 6793.
 *
 * One row of a descriptor table for each attribute: flags, lengths, how to check it, and RFC 7606's
 * verdict when it is malformed.  Unknown optional transitive attributes are kept with the Partial
 * bit set; unknown optional non-transitive ones are dropped (RFC 4271 §5, §9).  What has no place
 * beyond an external session is left out of the draft: AIGP (RFC 7311 §3.2), communities that are
 * not transitive (RFC 4360 §6, RFC 5701 §2, RFC 8097 §2), repeated ones (RFC 8092 §3). */
#pragma once

#include "rib/attr/attr.h"
#include "rib/wire/fault.h"
#include "rib/wire/notify.h"

/* MP_REACH_NLRI or MP_UNREACH_NLRI as found; `value` is past the family and next hop. */
struct mp_nlri {
	bool is_present;
	bool is_known; /* A family that the server carries (unicast). */
	enum family family;
	struct next_hop next_hop; /* Of IPv4 prefixes 4 octets, or as of IPv6 (RFC 8950). */
	struct span nlri;
	uint32_t count; /* Prefixes in `nlri`. */
};

#define FAULT_NOTES_MAX 8 /* Faults of one message that are told apart. */

struct attr_result {
	enum verdict verdict; /* The worst of all attributes. */
	enum fault fault;     /* What it is about; FAULT_NONE when OK. */
	uint8_t type;	      /* The attribute that the verdict is about; 0 when OK. */
	uint16_t offset;      /* As of struct fault_note. */
	/* Beside a verdict of AFI_DISABLE: announced prefixes of the other families are to be
	 * withdrawn, for TREAT_AS_WITHDRAW was found too. */
	bool is_withdraw;
	/* With AFI_DISABLE, if any is ours: drop the member's routes of these, and clear them in
	 * the options, so that later ones are ignored (RFC 4760 §7). */
	bool is_disabled[FAMILY_COUNT];
	const char *reason;  /* A short fixed phrase for the operator; NULL when OK. */
	const char *section; /* "RFC 7606 §7.2"; NULL when OK. */
	/* Every fault, in the order found, for counters; the excess only as a number. */
	uint8_t note_count;
	uint16_t fault_count;
	struct fault_note notes[FAULT_NOTES_MAX];
	bool has_next_hop;	  /* NEXT_HOP (type 3) was there. */
	struct next_hop next_hop; /* Its value. */
	struct mp_nlri reach;
	struct mp_nlri unreach;
	uint32_t seen[8]; /* Bit set of type codes that were present. */
	/* What RFC 4271 §6.3 sends for it; only with SESSION_RESET. */
	struct notify why;
};

/* Attribute types that the operator does not want from a member.  ORIGIN, AS_PATH, NEXT_HOP and
 * the MP attributes are never looked up in it: without them nothing is left to judge. */
struct attr_lists {
	uint32_t discard[8];  /* Bit sets of type codes. */
	uint32_t withdraw[8]; /* The route that carries one is treated as withdrawn. */
};

/* How a member's UPDATEs are to be read: what was negotiated, and what the operator wants. */
struct update_opts {
	bool is_as4;			 /* Both sides sent capability 65. */
	bool families[FAMILY_COUNT];	 /* Negotiated; NLRI of another family is ignored. */
	bool has_path_ids[FAMILY_COUNT]; /* RFC 7911: it sends path identifiers. */
	bool has_next_hop6;		 /* RFC 8950: IPv4 prefixes may have an IPv6 next hop. */
	bool can_disable;    /* The caller obeys is_disabled; else it is a SESSION_RESET. */
	bool accepts_as_set; /* RFC 9774 §3: normally not. */
	asn_t first_as;	     /* The path must begin with it (RFC 4271 §6.3); 0: need not. */
	asn_t local_as; /* Not looked at: a loop (§9.1.2) is not a malformed path, import asks. */
	asn_t peer_as;	/* For import, too: with what we are to the member, RFC 9234 §5. */
	bool has_role;
	uint8_t role;			/* enum role */
	const struct attr_lists *lists; /* Borrowed; NULL: none. */
	/* RFC 8326 §4.1: the LOCAL_PREF of a route that carries GRACEFUL_SHUTDOWN.  Not looked at
	 * here, import does. */
	bool has_graceful_shutdown;
	uint32_t graceful_shutdown_pref;
};

/* Decode the path attributes field.  `has_nlri`: the UPDATE carries IPv4 NLRI, so NEXT_HOP is
 * mandatory.  The draft is filled whatever the verdict, as far as it could be read (empty with
 * SESSION_RESET); it may be interned only with OK or ATTR_DISCARD, or with AFI_DISABLE without
 * is_withdraw.  Missing mandatory attributes are TREAT_AS_WITHDRAW (RFC 7606 §3 d).  A fault that
 * asks for TREAT_AS_WITHDRAW is a SESSION_RESET when no reachable prefix was found (§5.2).
 * Offsets count from the start of `in`. */
void attr_decode(struct span in, const struct update_opts *opts, bool has_nlri,
		 struct attr_draft *draft, struct attr_result *out);
/* Whether the announced prefixes may be used with the draft's attributes. */
static inline bool attr_is_usable(const struct attr_result *r)
{
	return r->verdict <= VERDICT_ATTR_DISCARD ||
	       (r->verdict == VERDICT_AFI_DISABLE && !r->is_withdraw);
}

/* How a set is to be written. */
struct attr_form {
	bool has_next_hop; /* NEXT_HOP stands in its place: IPv4 prefixes outside MP_REACH. */
	bool is_as4;	   /* RFC 6793's form. */
	asn_t otc;	   /* RFC 9234 §5: OTC with this AS where there is none; 0: no. */
	asn_t prepend;	   /* RFC 4271 §5.1.2: AS_PATH begins with this AS; 0: as it is. */
};

/* The path attributes without MP_REACH.  Never fails for an interned set when the buffer holds
 * wire_len + wire2_extra + 14, with `prepend` 28. */
void attr_encode(struct wr *w, const struct attr *a, const struct attr_form *form);
/* How many bytes attr_encode writes: exact.  O(wire_len) for the 2-octet form. */
size_t attr_encoded_len(const struct attr *a, const struct attr_form *form);
