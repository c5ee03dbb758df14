/* Validated ROA payloads and origin validation, RFC 6811.
 *
 * Immutable; asked by any thread, counted by the control thread alone.  Validation is RFC 6811's
 * and nothing else: what an invalid route is done with is policy's business. */
#pragma once

#include "rib/policy/prefix_set.h"

enum rov_state { ROV_NOT_FOUND, ROV_VALID, ROV_INVALID };

struct vrp {
	struct prefix prefix; /* Canonical. */
	uint8_t len_max;      /* prefix.len <= len_max <= the family's bits. */
	asn_t asn;	      /* 0: nobody may originate it, RFC 6483 §4. */
};

struct roa;

/* One reference is the caller's; duplicates are kept once.  NULL when memory is short. */
struct roa *roa_new(const struct vrp *vrps, size_t count);
void roa_hold(struct roa *r); /* Control; NULL does nothing. */
void roa_put(struct roa *r);  /* Control; NULL does nothing. */
/* NULL has no payloads in all that follows. */
size_t roa_count(const struct roa *r);
size_t roa_bytes(const struct roa *r);
bool roa_equal(const struct roa *a, const struct roa *b); /* O(n). */
/* `origin` 0: there is none (an AS_SET at the end of the path, RFC 6811 §2), so that no payload
 * matches.  Any thread. */
enum rov_state roa_validate(const struct roa *r, const struct prefix *p, asn_t origin);
/* The payloads that cover `p`, most specific first: the first `max` of them into `out`; returns how
 * many there are.  Any thread. */
unsigned roa_covering(const struct roa *r, const struct prefix *p, struct vrp *out, unsigned max);
/* What a change from one to the other touches: every prefix under one whose payloads differ, as
 * rules for any origin.  One reference is the caller's.  NULL when memory is short.  O(n). */
struct prefix_set *roa_difference(const struct roa *a, const struct roa *b);

const char *rov_state_name(enum rov_state s); /* "not-found", "valid", "invalid" */
