/* Asks: what the communities of a set ask for, of all members at once.
 *
 * The communities are walked once, for what they mean: a bit for each meaning.  Most sets mean
 * nothing, or the same for everyone, and that is all.  Where members are named, by AS number or by
 * round-trip time, they are walked again, and bit sets are made in arouteserver's order of rules:
 *
 *     who      do_not_announce_to_peer, announce_to_peer, do not by time, do by time,
 *              do_not_announce_to_any; else everyone
 *     prepend  to_peer, by higher time (the highest first), by lower time (the lowest first),
 *              to_any; of each, once before twice before thrice
 *
 * The first rule that matches decides: `who` is written from the last rule to the first, and who is
 * prepended for once is not again. */
#pragma once

#include "rib/policy/index.h"

#define PREPEND_MAX 3

/* communities.def has them together. */
#define MEANINGS_THAT_ASK                                                                          \
	((MEANING_BIT(COMMUNITY_ADD_NOADVERTISE_TO_PEER) << 1) -                                   \
	 MEANING_BIT(COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY))

/* Meanings that say something about who is sent a set, or how. */
bool asks_anything(uint64_t meanings);

/* What they all mean: bits of enum meaning. */
uint64_t asks_read(const struct policy_index *x, const struct attr_facts *facts,
		   const uint8_t *wire);

/* Whether they ask something about a member with one of these AS numbers or aliases. */
bool asks_name(const struct policy_index *x, const struct attr_facts *facts, const uint8_t *wire,
	       const asn_t *asn, unsigned count);

/* Sets of members; each `words` long. */
struct asks {
	uint64_t *who;
	uint64_t *prepend[PREPEND_MAX]; /* Disjoint; [0] is once. */
	uint64_t *no_export, *no_advertise;
};

struct asks_room;

/* `everyone` has the bit of each member.  Borrowed. */
struct asks_room *asks_room_new(const struct policy_index *x, const uint64_t *everyone);
void asks_room_free(struct asks_room *room);
/* Who is sent a set with these meanings, and how.  The answer is the room's, until the next. */
const struct asks *asks_resolve(struct asks_room *room, uint64_t meanings,
				const struct attr_facts *facts, const uint8_t *wire);
