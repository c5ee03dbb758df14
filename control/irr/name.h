/* Names of AS-SETs as they stand in configurations and in PeeringDB, made one and harmless.
 *
 * A name goes into a child's argument list and into a file's name, so only what RFC 2622 §5 and the
 * field's own forms allow is a name: AS-X, AS1:AS-X, SRC::AS-X (a source of the registry first) and
 * AS<n> (the routes of one AS).  None has a dot, a slash or a blank, none begins with a dash.
 * Case means nothing in RPSL (RFC 2622 §2): the canonical form is in capitals, and two names are
 * the same when their texts are. */
#pragma once

#include "rib/base/units.h"

#define IRR_NAME_MAX  128 /* With the terminator. */
#define IRR_NAMES_MAX 64  /* AS-SETs of one client. */

struct irr_name {
	char text[IRR_NAME_MAX]; /* Canonical; zero to its end. */
	asn_t asn;		 /* AS<n>; 0 for an AS-SET. */
};

/* A client's AS-SETs: in order, each once. */
struct irr_names {
	struct irr_name item[IRR_NAMES_MAX];
	unsigned count;
};

/* False when `text` is no name; *out is then untouched.  `len` bytes. */
bool irr_name_parse(const char *text, size_t len, struct irr_name *out);
struct irr_name irr_name_of_asn(asn_t asn);
/* Add one unless it is there.  False when there is no room. */
bool irr_names_add(struct irr_names *n, const struct irr_name *name);
/* PeeringDB's free text: names with commas, slashes or blanks in between, a source as SRC::NAME,
 * SRC:NAME or NAME@SRC.  What is none is passed over; returns how many names were. */
unsigned irr_names_add_text(struct irr_names *n, const char *text);
bool irr_names_equal(const struct irr_names *a, const struct irr_names *b);
