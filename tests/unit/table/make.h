/* What the tests of the table share: attribute sets made by number, prefixes made by number, a
 * naive order of paths, a naive decoder of UPDATEs. */
#pragma once

#include "rib/attr/intern.h"
#include "rib/policy/judge.h"
#include "rib/table/shard.h"

/* A set is a function of (member number, variant): its community says which, so that a decoder can
 * tell it from bytes.  Variants differ in LOCAL_PREF, AS_PATH length, ORIGIN and MED. */
#define VARIANT_COUNT	32
#define VARIANT_LARGE	24 /* Fits the 4-octet form only. */
#define VARIANT_HUGE	25 /* Fits an extended message only (RFC 8654). */
#define VARIANT_NO_LLGR 26 /* With NO_LLGR. */
#define VARIANT_LLGR	27 /* With LLGR_STALE, from the member itself. */
#define VARIANT_OTC	28 /* With OTC. */
#define VARIANT_HOP6	29 /* With an IPv6 next hop, whatever the family. */
#define VARIANT_EDGE	30 /* In IPv4 it fits a message, if nothing is added. */
#define VARIANT_BOTH	31 /* OTC, and an IPv6 next hop. */
#define VARIANT_QUIET	5  /* Its id does not tell its asks: only they may change. */
#define ATTR_VARIANT(i) ((((i)&0x0fff) - 1) % VARIANT_COUNT)
#define MAKE_LOCAL_AS	64999
/* Variants from VARIANT_COUNT on ask with communities who may hear the route: ASK * VARIANT_COUNT
 * more are the same set with these, a bit for each. */
#define ATTR_ASK(i)    ((((i)&0x0fff) - 1) / VARIANT_COUNT)
#define ASK_DENY_ALL   1u
#define ASK_DENY_NEXT  2u  /* The member after its own. */
#define ASK_DENY_3RD   4u  /* Three after. */
#define ASK_ALLOW_NEXT 8u  /* The member after its own. */
#define ASK_ALLOW_2ND  16u /* Two after. */
#define ASK_DENY_NONE  32u /* Somebody who is no member. */
#define ASK_COUNT      64
#define MAKE_MEMBERS   10 /* Of whom asks speak. */
#define MAKE_PEERS     200
#define ATTR_ID(m, v)  ((uint32_t)(m) << 16 | ((uint32_t)(v) + 1))
#define ATTR_MEMBER(i) ((i) >> 16)
#define ATTR_LLGR      0x8000u /* In an id: the set has LLGR_STALE. */
#define ATTR_ASKED     0x4000u /* In the id of what is sent: asks are left in it. */

/* One that is still to be interned. */
struct made {
	struct attr_draft draft;
	struct next_hop hop;
};
void make_draft(unsigned member, unsigned variant, enum family family, struct made *out);
const struct attr *make_attr(struct intern *in, unsigned member, unsigned variant,
			     enum family family);
uint32_t attr_id(const struct attr *a);
uint32_t attr_sent_id(const struct attr *a); /* With ATTR_ASKED. */

/* A set with the given facts; `id` makes it distinct. */
struct attr_spec {
	uint32_t local_pref, path_len, neighbor_as, origin, med, id;
	unsigned pad;
	uint32_t community; /* A second one; 0: none. */
	uint32_t otc;	    /* 0: none. */
	bool has_hop6;	    /* An IPv6 next hop with IPv4, too. */
	uint32_t ask;	    /* Bits; they are put in one of three forms. */
};
const struct attr *make_attr_spec(struct intern *in, const struct attr_spec *spec,
				  enum family family);

/* Peer ids lie in several words of an audience. */
static inline peer_id_t make_peer(unsigned member)
{
	return (peer_id_t)(member * 19);
}

/* Rules of the moment about make_peer()s, of whom two have one AS number each. */
#define MAKE_NUMBERS 48
enum make_ask { MAKE_DENY_PEER, MAKE_ALLOW_PEER, MAKE_DENY_ALL, MAKE_ASK_KINDS };
struct make_rules {
	uint32_t generation;
	bool knows[MAKE_ASK_KINDS];		  /* Which asks mean something. */
	uint16_t deaf[MAKE_MEMBERS];		  /* Members (bits) whose routes it may not have. */
	uint16_t out;				  /* Those (bits) that are no members now. */
	uint64_t black[FAMILY_COUNT];		  /* Numbers (bits) that nobody may announce. */
	asn_t origin[FAMILY_COUNT][MAKE_NUMBERS]; /* Who alone may originate it; 0: anybody. */
};
/* All asks are known, and nothing else is forbidden. */
struct make_rules make_rules_open(void);
struct policy *make_policy(const struct make_rules *r);
/* Asked one by one: why a route of `from`, this number and origin is refused; whether a set of
 * `from` with these asks may go to the member; and whether asks are left in it. */
enum reject make_reason(const struct make_rules *r, unsigned from, enum family family,
			unsigned number, asn_t origin);
bool make_may_have(const struct make_rules *r, unsigned from, unsigned ask, unsigned member);
bool make_leaves_asks(const struct make_rules *r, unsigned ask);

struct prefix make_prefix(enum family family, unsigned number);
struct paths *make_paths(const struct path *path, unsigned count);

/* RFC 4271 §9.1.2.2 word for word: the best of the paths that are not `is_out`, or -1. */
int naive_best(const struct path *path, const bool *is_out, unsigned count,
	       const struct rank_peer *peers);
/* The order by choosing again and again; returns how many are ranked. */
unsigned naive_rank(const struct path *path, unsigned count, const struct rank_peer *peers,
		    unsigned *order);

/* Calls `each` for every prefix in whole UPDATEs, in order; id 0 is a withdrawal, path id 0 stands
 * for none.  False when the bytes are not well-formed or not what the class may have: size of
 * messages (RFC 8654), path ids (RFC 7911), next hops (RFC 8950), OTC (RFC 9234). */
typedef void naive_each(void *context, const struct prefix *p, uint32_t path_id, uint32_t id);
bool naive_decode(const uint8_t *bytes, size_t len, unsigned class_idx, naive_each *each,
		  void *context);
/* Whether members of the class may have the set at all, their own routes apart. */
bool naive_suits(const struct attr *a, enum family family, unsigned class_idx);
