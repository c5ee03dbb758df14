/* Dress: the attributes that members are sent, written from those that were received.
 *
 * Communities that mean something here are left out and others added, the announcing AS is
 * prepended up to three times, the next hop may be another.  What is written is canonical again. */
#pragma once

#include "rib/policy/check.h"

#define DRESS_ADD_MAX 64 /* Communities of one form. */

/* What to do to a set. */
struct dress {
	uint64_t scrubbed; /* Meanings of communities that are left out. */
	unsigned prepend;  /* Times. */
	asn_t prepend_as;
	bool adds_blackhole, adds_no_export, adds_no_advertise, adds_graceful_shutdown;
	uint32_t tags;			      /* Outbound names, as bits, of `policy`. */
	const struct community_value *attach; /* More to add. */
	unsigned attach_count;
};

/* Meanings that never leave us, whoever the announcer is. */
uint64_t dress_scrubbed(void);
/* Whether anything would be another than it is. */
bool dress_is_plain(const struct dress *d, uint64_t meanings);
/* False when it does not fit: `out` is then not to be used. */
bool dress_write(const struct policy *p, const struct dress *d, const struct set_view *v,
		 struct attr_draft *out);
