/* Rules of the moment, as the oracle asks them one by one and as a server is told them.
 *
 * What naive.h asks is always understood.  Besides, members may not hear each other, prefixes may
 * be on the exchange's black list, and prefixes may have a ROA for one origin AS. */
#pragma once

#include "rib/base/prng.h"
#include "rib/policy/scope.h"
#include "tests/support/naive.h"

#define RULES_MEMBERS_MAX  128
#define RULES_UNIVERSE_MAX 256

struct rules {
	uint32_t generation;
	uint64_t deaf[RULES_MEMBERS_MAX][RULES_MEMBERS_MAX / 64]; /* Bits: whom it does not hear. */
	bool is_out[RULES_MEMBERS_MAX]; /* It is no member at the moment. */
	bool is_black[RULES_UNIVERSE_MAX];
	uint32_t origin[RULES_UNIVERSE_MAX]; /* Who alone may originate it; 0: anybody. */
};

/* Whom they are about. */
struct rules_scene {
	asn_t asn[RULES_MEMBERS_MAX];
	unsigned members;
	unsigned spare; /* Numbers behind theirs. */
	const struct naive_prefix *universe;
	unsigned universe_count;
};

/* Freed with policy_free. */
struct policy *rules_policy(const struct rules *r, const struct rules_scene *s);
/* What of the routes the change touches; freed with rules_scope_free. */
struct policy_scope rules_scope(const struct rules *was, const struct rules *is,
				const struct rules_scene *s);
void rules_scope_free(struct policy_scope *scope);
/* One thing in them is another, or several; the next generation. */
void rules_change(struct rules *r, const struct rules_scene *s, struct prng *p);

static inline bool rules_deafen(const struct rules *r, unsigned hearer, unsigned announcer)
{
	return (r->deaf[hearer][announcer / 64] >> announcer % 64 & 1) != 0;
}

/* Whether nobody may announce the prefix so: it is on the black list, or invalid (RFC 6811 §2: ROAs
 * cover it, and none of them has the prefix itself and its origin). */
bool rules_refuse(const struct rules *r, const struct rules_scene *s, unsigned prefix,
		  const struct naive_attrs *a);
