/* The checks of what members announce: check.def is their table.
 *
 * What needs no prefix is checked once for a set of attributes (check_set); the rest for each route
 * (check_route), which gives the first check that fails, in the order of the table, as the reason.
 * Looks at IRR data and ROAs are taken once for a route and shared by all that ask for them: the
 * checks, the escapes (a ROA as a route object), the informational communities.
 *
 * All is pure, and reads policy alone.  RFC 6811; arouteserver's order. */
#pragma once

#include "rib/policy/index.h"
#include "rib/policy/roa.h"

/* A set of attributes, decoded or interned.  Borrowed. */
struct set_view {
	const struct attr_facts *facts;
	const uint8_t *wire; /* What the facts' slices are of. */
	size_t wire_len;
	struct span next_hop; /* Octets. */
};

struct set_view set_view_of(const struct attr *a);
static inline struct span set_view_path(const struct set_view *v)
{
	return span_of(v->wire + v->facts->as_path.offset, v->facts->as_path.len);
}

struct set_verdict {
	uint32_t failed;	   /* Bits of enum reject. */
	bool is_origin_registered; /* By AS-SETs or the white list. */
	bool asks_blackhole;	   /* By RFC 7999's community or the exchange's. */
};

/* `meanings` of its communities are bits (index.h). */
void check_set(const struct policy *p, peer_id_t peer, const struct set_view *v, uint64_t meanings,
	       struct set_verdict *out);

struct route_verdict {
	enum reject reason;
	bool is_blackhole;
	bool is_unsent; /* Invalid by RPKI, which for this member is no reason to reject. */
	uint32_t tags;	/* Outbound communities that it gets: bits of enum community_name. */
};

void check_route(const struct policy *p, peer_id_t peer, const struct set_view *v,
		 const struct set_verdict *s, const struct prefix *prefix,
		 struct route_verdict *out);

/* Explain: what each check says, all of them, whether or not one before has failed. */
enum check_verdict {
	CHECK_PASS,
	CHECK_FAIL,
	CHECK_WARN,    /* It fails, and policy only warns. */
	CHECK_SKIPPED, /* Not made of blackhole requests. */
	CHECK_OFF,     /* Not configured. */
};

struct check_note {
	enum reject reason; /* That it would be; its name is the check's. */
	enum check_verdict verdict;
	const char *key;  /* Where it is configured. */
	char detail[160]; /* The data behind it. */
};

#define CHECK_NOTES_MAX REJECT_COUNT

/* Of a route of `peer`; `known` is what the session has found (REJECT_NONE: nothing).  Returns how
 * many notes there are, in the order of the checks.  Any thread that may read `p`. */
unsigned check_explain(const struct policy *p, peer_id_t peer, const struct attr *a,
		       enum reject known, const struct prefix *prefix,
		       struct check_note out[CHECK_NOTES_MAX]);
const char *check_verdict_name(enum check_verdict v); /* "pass", "fail", ... */
