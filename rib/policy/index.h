/* What the judge looks up, derived from a policy once it is whole (policy_finish).
 *
 * Communities: a set may carry dozens, and an exchange gives meanings to a hundred patterns, so
 * patterns are hashed by the numbers before the last one, which no macro stands for: a community
 * that means nothing costs one probe.  Members: by AS number and alias, sorted; by round-trip time,
 * bits for each threshold; by whose routes they may have, turned round to bits for each announcer.
 * Members' rules about what they are sent: one cover of them all (export_index.h).
 *
 * A bit that belongs to no member is set wherever everyone is meant. */
#pragma once

#include "rib/policy/policy.h"

/* What a community can mean besides its names: continues enum community_name. */
enum meaning {
	MEANING_CAUSE = COMMUNITY_NAME_COUNT, /* `reject_cause_map_<N>` */
	MEANING_CUSTOM,			      /* One of `custom_communities`. */
	MEANING_BLACKHOLE,		      /* RFC 7999 §5. */
	MEANING_NO_EXPORT,		      /* RFC 1997; where policy obeys it, */
	MEANING_NO_ADVERTISE,		      /* the same. */
	MEANING_GRACEFUL_SHUTDOWN,	      /* RFC 8326 §5. */
	MEANING_COUNT
};

static_assert(MEANING_COUNT <= 64, "meanings are bits of a word");
#define MEANING_BIT(meaning) (UINT64_C(1) << (meaning))

/* Quick answers to "surely not", which is nearly always the answer: bits by the top of what is
 * asked.  They begin the index. */
struct index_filter {
	uint64_t asn[64]; /* By hash: transit-free ones and those never here. */
	uint64_t first[COMMUNITY_FORM_COUNT][4]; /* By a pattern's first number. */
	uint64_t prefix[FAMILY_COUNT][1024];	 /* By 16 bits: black lists and bogons. */
};

#define FILTER_PREFIX_BITS 16

static inline bool filter_has(const uint64_t *word, unsigned bit)
{
	return (word[bit / 64] >> (bit % 64) & 1) != 0;
}

static inline unsigned filter_asn_bit(asn_t asn)
{
	return asn * UINT32_C(2654435761) >> 20;
}

static inline bool index_may_be_unwanted(const struct policy_index *x, asn_t asn)
{
	return filter_has(((const struct index_filter *)x)->asn, filter_asn_bit(asn));
}

/* Whether a black list, anyone's, or the bogons may have the prefix. */
static inline bool index_may_be_listed(const struct policy_index *x, const struct prefix *p)
{
	const struct index_filter *f = (const struct index_filter *)x;
	return p->len < FILTER_PREFIX_BITS ||
	       filter_has(f->prefix[p->family], (unsigned)p->bytes[0] << 8 | p->bytes[1]);
}

/* Whether a pattern's first number may be that of a community at `octets`. */
static inline bool index_may_mean(const struct policy_index *x, enum community_form form,
				  const uint8_t *octets)
{
	const struct index_filter *f = (const struct index_filter *)x;
	/* An extended community's first number is of 2 octets or of 4. */
	return form == COMMUNITY_EXT ||
	       filter_has(f->first[form], form == COMMUNITY_STD ? octets[1] : octets[3]);
}

/* A pattern in the table of patterns. */
struct matcher {
	uint32_t last;
	uint8_t meaning;
	bool is_any_last;
};

struct matcher_range {
	const struct matcher *first;
	unsigned count;
};

/* The patterns whose numbers before the last are the community's. */
struct matcher_range index_matchers(const struct policy_index *x, enum community_form form,
				    const struct community *c);
static inline bool matcher_has(const struct matcher *m, uint32_t last)
{
	return m->is_any_last || m->last == last;
}

unsigned index_words(const struct policy_index *x); /* Of a set of members. */
/* Set the bits of the members with this AS number or alias. */
void index_add_members(const struct policy_index *x, asn_t asn, uint64_t *word);
/* Whether a member with this AS number has the address. */
bool index_has_addr(const struct policy *p, asn_t asn, const struct addr *addr);

#define RTT_THRESHOLDS_MAX 32
#define RTT_NONE	   RTT_THRESHOLDS_MAX
/* Which threshold a number is, of index_rtt_count() in ascending order; RTT_NONE. */
unsigned index_rtt(const struct policy_index *x, uint32_t ms);
unsigned index_rtt_count(const struct policy_index *x);
unsigned index_rtt_ms(const struct policy_index *x, unsigned threshold);
/* Members whose time is known and higher than, or at most, a threshold. */
const uint64_t *index_rtt_members(const struct policy_index *x, unsigned threshold, bool is_higher);

/* Who may have routes of a member; NULL: everyone. */
const uint64_t *index_hearers(const struct policy_index *x, peer_id_t announcer);
/* Members that take blackhole routes; NULL: everyone. */
const uint64_t *index_blackhole_receivers(const struct policy_index *x);
/* Names that have a pattern, as bits. */
uint64_t index_names(const struct policy_index *x);
/* Members' rules about prefixes; NULL: there are none. */
const struct export_index *index_exports(const struct policy_index *x);

struct policy_index *index_new(const struct policy *p); /* NULL: memory is short. */
void index_free(struct policy_index *x);
