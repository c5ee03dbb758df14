/* Sets of rules about prefixes: {prefix, ge, le, origin}, as filters from IRR data, white and black
 * lists and bogons say them.
 *
 * A set never changes once it is made; any thread may ask it.  It is counted by the control thread
 * alone, which makes and frees it; workers reach it through the policy that they have adopted.
 * The same rules are the same set whatever order they came in; equal rules are kept once. */
#pragma once

#include "rib/base/addr.h"

/* Has p when `prefix` covers it and ge <= p.len <= le. */
struct prefix_rule {
	struct prefix prefix; /* Canonical. */
	uint8_t ge, le;	      /* prefix.len <= ge <= le <= the family's bits. */
	asn_t origin;	      /* 0: any. */
};

struct prefix_set;

/* One reference is the caller's.  NULL when memory is short. */
struct prefix_set *prefix_set_new(const struct prefix_rule *rules, size_t count);
void prefix_set_hold(struct prefix_set *s); /* Control; NULL does nothing. */
void prefix_set_put(struct prefix_set *s);  /* Control; NULL does nothing. */
/* NULL is the empty set in all that follows. */
size_t prefix_set_count(const struct prefix_set *s);
size_t prefix_set_bytes(const struct prefix_set *s);
bool prefix_set_equal(const struct prefix_set *a, const struct prefix_set *b); /* O(n). */
/* Whether a rule has `p` with `origin` (0: none is known; only rules for any origin match).  The
 * rule, the most specific one, into *out_rule when that is not NULL.  Any thread. */
bool prefix_set_match(const struct prefix_set *s, const struct prefix *p, asn_t origin,
		      struct prefix_rule *out_rule);
/* Whether a rule's prefix, whatever its bounds and origin, equals or covers `p`.  Any thread. */
bool prefix_set_covers(const struct prefix_set *s, const struct prefix *p);
/* The same, and p's length is within the rule's bounds. */
bool prefix_set_bounds(const struct prefix_set *s, const struct prefix *p);
/* The length of the most specific rule that covers it; −1: none does. */
int prefix_set_cover_len(const struct prefix_set *s, const struct prefix *p);
/* The rules that are in just one of the two: what a change touches.  One reference is the
 * caller's.  NULL when memory is short.  O(n). */
struct prefix_set *prefix_set_difference(const struct prefix_set *a, const struct prefix_set *b);
/* Each rule, in the order of prefix_cmp. */
void prefix_set_each(const struct prefix_set *s,
		     void (*f)(void *context, const struct prefix_rule *rule), void *context);
