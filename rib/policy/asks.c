/* What the communities of a set ask for: see asks.h. */
#include "rib/policy/asks.h"

#include <stdlib.h>

#include "rib/attr/audience.h"
#include "rib/base/check.h"

/* Names that are about members by number: where the sets of those that are named stand. */
enum named {
	NAMED_DENIED,
	NAMED_ALLOWED,
	NAMED_PREPEND, /* Three. */
	NAMED_NO_EXPORT = NAMED_PREPEND + PREPEND_MAX,
	NAMED_NO_ADVERTISE,
	NAMED_COUNT
};

struct asks_room {
	const struct policy_index *index;
	const uint64_t *everyone;
	unsigned words;
	struct asks asks;
	uint64_t *named[NAMED_COUNT];
	uint64_t *taken;		    /* Members whose prepending is settled. */
	uint32_t rtt[COMMUNITY_NAME_COUNT]; /* Bits of thresholds that are named. */
	uint64_t word[];
};

#define SETS (1 + PREPEND_MAX + 2 + NAMED_COUNT + 1)

bool asks_anything(uint64_t meanings)
{
	return (meanings & MEANINGS_THAT_ASK) != 0;
}

static bool means(uint64_t meanings, unsigned meaning)
{
	return (meanings & MEANING_BIT(meaning)) != 0;
}

/* Call `f` for each meaning of each community, with its last number. */
static void each_meaning(const struct policy_index *x, const struct attr_facts *facts,
			 const uint8_t *wire,
			 void (*f)(void *context, unsigned meaning, uint32_t last), void *context)
{
	for (unsigned i = 0; i < COMMUNITY_FORM_COUNT; i++) {
		enum community_form form = (enum community_form)i;
		const struct attr_slice *slice = community_slice(facts, form);
		struct rd rd = rd_of(span_of(wire + slice->offset, slice->len));
		while (rd_left(&rd) >= community_len(form)) {
			if (!index_may_mean(x, form, rd.at)) {
				rd.at += community_len(form);
				continue;
			}
			struct community c = community_read(&rd, form);
			struct matcher_range m = index_matchers(x, form, &c);
			uint32_t last = c.field[community_last(form)];
			for (unsigned k = 0; k < m.count; k++) {
				if (matcher_has(&m.first[k], last)) {
					f(context, m.first[k].meaning, last);
				}
			}
		}
	}
}

static void note_meaning(void *context, unsigned meaning, uint32_t last)
{
	(void)last;
	*(uint64_t *)context |= MEANING_BIT(meaning);
}

uint64_t asks_read(const struct policy_index *x, const struct attr_facts *facts,
		   const uint8_t *wire)
{
	uint64_t meanings = 0;
	if (facts->communities.len + facts->ext_communities.len + facts->large_communities.len >
	    0) {
		each_meaning(x, facts, wire, note_meaning, &meanings);
	}
	return meanings;
}

struct asks_room *asks_room_new(const struct policy_index *x, const uint64_t *everyone)
{
	unsigned words = index_words(x), at = 0;
	struct asks_room *r = calloc(1, sizeof(*r) + SETS * words * sizeof(r->word[0]));
	if (r == NULL) {
		return NULL;
	}
	r->index = x;
	r->everyone = everyone;
	r->words = words;
	r->asks.who = r->word + at++ * words;
	for (unsigned i = 0; i < PREPEND_MAX; i++) {
		r->asks.prepend[i] = r->word + at++ * words;
	}
	r->asks.no_export = r->word + at++ * words;
	r->asks.no_advertise = r->word + at++ * words;
	for (unsigned i = 0; i < NAMED_COUNT; i++) {
		r->named[i] = r->word + at++ * words;
	}
	r->taken = r->word + at++ * words;
	ASSERT(at == SETS);
	return r;
}

void asks_room_free(struct asks_room *room)
{
	free(room);
}

static enum named named_of(unsigned meaning)
{
	switch (meaning) {
	case COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER:
		return NAMED_DENIED;
	case COMMUNITY_ANNOUNCE_TO_PEER:
		return NAMED_ALLOWED;
	case COMMUNITY_PREPEND_ONCE_TO_PEER:
	case COMMUNITY_PREPEND_TWICE_TO_PEER:
	case COMMUNITY_PREPEND_THRICE_TO_PEER:
		return NAMED_PREPEND + (meaning - COMMUNITY_PREPEND_ONCE_TO_PEER);
	case COMMUNITY_ADD_NOEXPORT_TO_PEER:
		return NAMED_NO_EXPORT;
	case COMMUNITY_ADD_NOADVERTISE_TO_PEER:
		return NAMED_NO_ADVERTISE;
	default:
		return NAMED_COUNT;
	}
}

static void note_member(void *context, unsigned meaning, uint32_t last)
{
	struct asks_room *r = context;
	enum named named = named_of(meaning);
	if (named < NAMED_COUNT) {
		index_add_members(r->index, last, r->named[named]);
	} else if (meaning < COMMUNITY_NAME_COUNT && community_info[meaning].is_rtt) {
		unsigned t = index_rtt(r->index, last);
		r->rtt[meaning] |= t != RTT_NONE ? UINT32_C(1) << t : 0;
	}
}

static bool is_any_of(const asn_t *asn, unsigned count, uint32_t last)
{
	for (unsigned i = 0; i < count; i++) {
		if (asn[i] == last) {
			return true;
		}
	}
	return false;
}

static bool names_member(struct matcher_range m, uint32_t last)
{
	for (unsigned i = 0; i < m.count; i++) {
		if (named_of(m.first[i].meaning) < NAMED_COUNT && matcher_has(&m.first[i], last)) {
			return true;
		}
	}
	return false;
}

/* The number is looked at first: it is nearly always another's. */
bool asks_name(const struct policy_index *x, const struct attr_facts *facts, const uint8_t *wire,
	       const asn_t *asn, unsigned count)
{
	for (unsigned i = 0; i < COMMUNITY_FORM_COUNT; i++) {
		enum community_form form = (enum community_form)i;
		const struct attr_slice *slice = community_slice(facts, form);
		struct rd rd = rd_of(span_of(wire + slice->offset, slice->len));
		while (rd_left(&rd) >= community_len(form)) {
			struct community c = community_read(&rd, form);
			uint32_t last = c.field[community_last(form)];
			if (is_any_of(asn, count, last) &&
			    names_member(index_matchers(x, form, &c), last)) {
				return true;
			}
		}
	}
	return false;
}

static void add(uint64_t *word, const uint64_t *more, unsigned words)
{
	for (unsigned i = 0; i < words; i++) {
		word[i] |= more[i];
	}
}

static void take_out(uint64_t *word, const uint64_t *less, unsigned words)
{
	for (unsigned i = 0; i < words; i++) {
		word[i] &= ~less[i];
	}
}

/* Members in the range of any threshold that a name's communities say, into or out of `who`. */
static void apply_rtt(struct asks_room *r, enum community_name name, bool is_higher, bool is_denied)
{
	for (unsigned t = 0; t < index_rtt_count(r->index); t++) {
		if ((r->rtt[name] & UINT32_C(1) << t) == 0) {
			continue;
		}
		const uint64_t *members = index_rtt_members(r->index, t, is_higher);
		if (is_denied) {
			take_out(r->asks.who, members, r->words);
		} else {
			add(r->asks.who, members, r->words);
		}
	}
}

static void resolve_who(struct asks_room *r, uint64_t meanings)
{
	bool is_denied_all = means(meanings, COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY);
	uint64_t *who = r->asks.who;
	for (unsigned i = 0; i < r->words; i++) {
		who[i] = is_denied_all ? 0 : r->everyone[i];
	}
	apply_rtt(r, COMMUNITY_ANNOUNCE_RTT_LOWER, false, false);
	apply_rtt(r, COMMUNITY_ANNOUNCE_RTT_HIGHER, true, false);
	apply_rtt(r, COMMUNITY_DO_NOT_ANNOUNCE_RTT_LOWER, false, true);
	apply_rtt(r, COMMUNITY_DO_NOT_ANNOUNCE_RTT_HIGHER, true, true);
	add(who, r->named[NAMED_ALLOWED], r->words);
	take_out(who, r->named[NAMED_DENIED], r->words);
}

/* These members are prepended for `times` + 1, unless a rule before has settled it. */
static void prepend(struct asks_room *r, unsigned times, const uint64_t *members)
{
	for (unsigned i = 0; i < r->words; i++) {
		r->asks.prepend[times][i] |= members[i] & ~r->taken[i];
		r->taken[i] |= members[i];
	}
}

static void prepend_rtt(struct asks_room *r, unsigned threshold, bool is_higher)
{
	unsigned first =
		is_higher ? COMMUNITY_PREPEND_ONCE_RTT_HIGHER : COMMUNITY_PREPEND_ONCE_RTT_LOWER;
	for (unsigned times = 0; times < PREPEND_MAX; times++) {
		if ((r->rtt[first + times] & UINT32_C(1) << threshold) != 0) {
			prepend(r, times, index_rtt_members(r->index, threshold, is_higher));
		}
	}
}

static void resolve_prepend(struct asks_room *r, uint64_t meanings)
{
	for (unsigned times = 0; times < PREPEND_MAX; times++) {
		prepend(r, times, r->named[NAMED_PREPEND + times]);
	}
	unsigned count = index_rtt_count(r->index);
	for (unsigned t = count; t > 0; t--) {
		prepend_rtt(r, t - 1, true);
	}
	for (unsigned t = 0; t < count; t++) {
		prepend_rtt(r, t, false);
	}
	for (unsigned times = 0; times < PREPEND_MAX; times++) {
		if (means(meanings, COMMUNITY_PREPEND_ONCE_TO_ANY + times)) {
			prepend(r, times, r->everyone);
		}
	}
}

const struct asks *asks_resolve(struct asks_room *room, uint64_t meanings,
				const struct attr_facts *facts, const uint8_t *wire)
{
	memset(room->word, 0, SETS * room->words * sizeof(room->word[0]));
	memset(room->rtt, 0, sizeof(room->rtt));
	each_meaning(room->index, facts, wire, note_member, room);
	resolve_who(room, meanings);
	resolve_prepend(room, meanings);
	add(room->asks.no_export,
	    means(meanings, COMMUNITY_ADD_NOEXPORT_TO_ANY) ? room->everyone
							   : room->named[NAMED_NO_EXPORT],
	    room->words);
	add(room->asks.no_advertise,
	    means(meanings, COMMUNITY_ADD_NOADVERTISE_TO_ANY) ? room->everyone
							      : room->named[NAMED_NO_ADVERTISE],
	    room->words);
	return &room->asks;
}
