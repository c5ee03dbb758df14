/* UPDATE messages: taken apart without copying, and packed as full as they go.
 * RFC 4271 §4.3, §6.3; RFC 4760; RFC 7606; End-of-RIB RFC 4724 §2. */
#pragma once

#include "rib/wire/attr_codec.h"
#include "rib/wire/frame.h"
#include "rib/wire/nlri.h"

struct update_opts {
	bool is_as4;
	bool families[FAMILY_COUNT]; /* Negotiated; NLRI of another family is ignored. */
	asn_t local_as;
};

/* Where prefixes of an UPDATE stand.  IPv4 ones may stand in both places of one message, each with
 * a next hop of its own (RFC 7606 §5.1). */
enum update_place { UPDATE_FIELD, UPDATE_MP, UPDATE_PLACE_COUNT };

struct update_nlri {
	enum family family;
	struct span nlri;	  /* Validated; empty when there is nothing for us. */
	struct next_hop next_hop; /* Of announced ones. */
};

/* A decoded UPDATE: spans point into the message.  A prefix that is both withdrawn and announced
 * counts as announced (RFC 4271 §4.3): apply `withdrawn` first. */
struct update {
	struct attr_result attrs; /* Verdict, next hops, what was present. */
	struct update_nlri withdrawn[UPDATE_PLACE_COUNT]; /* To be withdrawn. */
	/* To be announced; with TREAT_AS_WITHDRAW to be withdrawn. */
	struct update_nlri announced[UPDATE_PLACE_COUNT];
	bool is_eor[FAMILY_COUNT];
};

/* Decode a body.  The verdict is in out->attrs; with SESSION_RESET nothing else is to be used. */
void update_decode(struct span body, const struct update_opts *opts, struct attr_draft *draft,
		   struct update *out);

/* Packing.  A packer writes UPDATEs of at most `message_max` bytes back to back. */
struct update_form {
	enum family family;
	bool is_as4;
	uint16_t message_max;
};

/* Whether one prefix of any length with these attributes fits into one message of the form. */
bool update_fits(const struct attr *a, const struct update_form *form);
/* The longest message is the smaller of message_max and what is left of `w`.  Announced prefixes of
 * the IPv6 family need a next hop of 16 or 32 octets, of the IPv4 family one of 4.
 * Pack prefixes into whole UPDATE messages at `w`: announced with `a`, or withdrawn when `a` is
 * NULL.  Returns how many of `count` prefixes went in before `w` was full; messages are complete.
 * `a` must fit (update_fits). */
size_t update_pack(struct wr *w, const struct update_form *form, const struct attr *a,
		   const struct prefix *prefixes, size_t count);
/* The End-of-RIB marker of a family: a whole message.  Returns its length (23 or 29). */
size_t update_eor_encode(enum family family, uint8_t *buf, size_t len);
