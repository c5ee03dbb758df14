/* UPDATE messages: taken apart without copying, and packed as full as they go.
 * RFC 4271 §4.3, §6.3; RFC 4760; RFC 7606; End-of-RIB RFC 4724 §2. */
#pragma once

#include "rib/wire/attr_codec.h"
#include "rib/wire/frame.h"
#include "rib/wire/nlri.h"

/* Where prefixes of an UPDATE stand.  IPv4 ones may stand in both places of one message, each with
 * a next hop of its own (RFC 7606 §5.1). */
enum update_place { UPDATE_FIELD, UPDATE_MP, UPDATE_PLACE_COUNT };

struct update_nlri {
	struct nlri_form form;
	struct span nlri;	  /* Validated; empty when there is nothing for us. */
	uint32_t count;		  /* Prefixes. */
	struct next_hop next_hop; /* Of announced ones. */
};

/* A decoded UPDATE: spans point into the message.  A prefix that is both withdrawn and announced
 * counts as announced (RFC 4271 §4.3): apply `withdrawn` first. */
struct update {
	struct update_nlri withdrawn[UPDATE_PLACE_COUNT]; /* To be withdrawn. */
	/* To be announced; with TREAT_AS_WITHDRAW to be withdrawn. */
	struct update_nlri announced[UPDATE_PLACE_COUNT];
	bool is_eor[FAMILY_COUNT];
	struct attr_result attrs; /* Verdict, next hops, what was present. */
};

/* Decode a body.  The verdict is in out->attrs; with SESSION_RESET nothing else is to be used. */
void update_decode(struct span body, const struct update_opts *opts, struct attr_draft *draft,
		   struct update *out);

/* Packing.  A packer writes UPDATEs of at most `message_max` bytes back to back. */
struct update_form {
	enum family family;
	bool is_as4;
	uint16_t message_max; /* 4096, or up to 65535 (RFC 8654). */
	bool has_path_ids;    /* RFC 7911: update_pack_paths is to be used. */
	bool has_next_hop6;   /* RFC 8950: IPv4 prefixes may have an IPv6 next hop. */
	asn_t otc;	      /* RFC 9234 §5: OTC with this AS where there is none; 0: no. */
	asn_t prepend;	      /* RFC 4271 §5.1.2: AS_PATH begins with this AS; 0: as it is. */
	/* These decide what is sent, not how. */
	bool has_llgr;	 /* Understands LLGR_STALE (RFC 9494 §4.3). */
	bool denies_otc; /* Gets no route that has OTC (RFC 9234 §5). */
};

/* Whether one prefix of any length with these attributes fits into one message of the form; not
 * when the form has no place for their next hop. */
bool update_fits(const struct attr *a, const struct update_form *form);
/* Pack prefixes into whole UPDATE messages at `w`: announced with `a`, or withdrawn when `a` is
 * NULL.  Returns how many of `count` prefixes went in before `w` was full; messages are complete.
 * The longest message is the smaller of message_max and what is left of `w`.  `a` must fit
 * (update_fits). */
size_t update_pack(struct wr *w, const struct update_form *form, const struct attr *a,
		   const struct prefix *prefixes, size_t count);
/* Prefixes with their path identifiers, one for each. */
struct update_paths {
	const struct prefix *prefixes;
	const uint32_t *path_ids; /* NULL without: the form has none. */
	size_t count;
};
size_t update_pack_paths(struct wr *w, const struct update_form *form, const struct attr *a,
			 const struct update_paths *paths);
/* The End-of-RIB marker of a family: a whole message.  Returns its length (23 or 29). */
size_t update_eor_encode(enum family family, uint8_t *buf, size_t len);
