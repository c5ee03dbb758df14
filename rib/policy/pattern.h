/* Communities as patterns: what an exchange's configuration says, and what routes carry.
 *
 * A meaning has a pattern in up to three forms: numbers, `rs_as` already put in, and as the last
 * field possibly `peer_as` (any member's AS number) or `dyn_val` (any number).  Communities are
 * read into the same fields, so that matching compares numbers.  What is in none of the forms (an
 * opaque extended community, say) matches nothing.
 *
 * RFC 1997, RFC 4360, RFC 5668, RFC 8092. */
#pragma once

#include "rib/attr/attr.h"

enum community_form { COMMUNITY_STD, COMMUNITY_EXT, COMMUNITY_LRG, COMMUNITY_FORM_COUNT };
enum community_kind { COMMUNITY_OUTBOUND, COMMUNITY_INTERNAL, COMMUNITY_INBOUND };

enum community_name {
#define X(NAME, name, kind, has_peer_as, has_dyn_val, is_rtt) COMMUNITY_##NAME,
#include "rib/policy/communities.def"
#undef X
	COMMUNITY_NAME_COUNT
};

struct community_info {
	const char *name; /* arouteserver's. */
	enum community_kind kind;
	bool has_peer_as; /* Its patterns end with peer_as, */
	bool has_dyn_val; /* with dyn_val, or with a number. */
	bool is_rtt;
};

extern const struct community_info community_info[COMMUNITY_NAME_COUNT];
/* COMMUNITY_NAME_COUNT when there is none of that name. */
enum community_name community_by_name(const char *name);

/* One community, or all that differ in the last number alone. */
struct community_pattern {
	bool is_set;
	bool has_peer_as;
	bool has_dyn_val;
	bool is_origin;	   /* EXT: "ro"; else "rt". */
	uint32_t field[3]; /* STD and EXT have two. */
};

/* A community that stands by itself. */
struct community_value {
	uint8_t form; /* enum community_form */
	bool is_origin;
	uint32_t field[3];
};

/* A community that was read: `field` as a pattern has them. */
struct community {
	bool is_known; /* A form that a pattern can have. */
	bool is_origin;
	uint32_t field[3];
};

#define COMMUNITY_LEN_MAX  12 /* Octets of one on the wire. */
#define COMMUNITY_TEXT_MAX 64

unsigned community_len(enum community_form form); /* Octets on the wire. */
uint8_t community_attr(enum community_form form); /* The type of its attribute. */
/* The form that an attribute's type carries; COMMUNITY_FORM_COUNT for any other. */
enum community_form community_form_of(uint8_t attr_type);
/* Where a set's communities of a form stand. */
const struct attr_slice *community_slice(const struct attr_facts *facts, enum community_form form);
/* Which field is the last. */
static inline unsigned community_last(enum community_form form)
{
	return form == COMMUNITY_LRG ? 2 : 1;
}

/* The next of an attribute's; at least community_len() octets are there. */
struct community community_read(struct rd *r, enum community_form form);
bool pattern_matches(const struct community_pattern *p, enum community_form form,
		     const struct community *c);
/* The community that a pattern makes with `last` for its macro. */
struct community_value pattern_value(const struct community_pattern *p, enum community_form form,
				     uint32_t last);
bool community_value_equal(const struct community_value *a, const struct community_value *b);
/* Its octets, community_len() of them.  An extended one takes the form with 4 octets of AS number
 * (RFC 5668) when the first field needs them. */
void community_value_write(struct wr *w, const struct community_value *v);
/* One community's octets as text; COMMUNITY_TEXT_MAX bytes; returns `buf`. */
char *community_octets_text(enum community_form form, const uint8_t *octets, char *buf);
