/* What is true, and what each member holds.
 *
 * What is true: of each group and slot, whether it is announced and in which version.  From that
 * follows what a member must hold: of the slots that it may have, the one with the shortest path;
 * that is the oracle, and it knows nothing of how a server does it.  What a member holds is one
 * octet for each prefix, a *token*: which slot's route, and the last four bits of its version.
 * The ledger always knows how many (member, prefix) pairs are not as they must be; when that is 0,
 * the server has converged. */
#pragma once

#include "bench/plan.h"

enum { TOKEN_NONE = 0, TOKEN_WRONG = 1, TOKEN_ROUTE = 0x80 };

struct ledger;

/* How the members' tables differ from what they must be, in (member, prefix) pairs. */
struct verdict {
	uint64_t expected; /* Pairs that must hold a route. */
	uint64_t right;
	uint64_t missing;     /* Nothing is held. */
	uint64_t stale;	      /* Something that was announced once or is not best. */
	uint64_t superfluous; /* Something where nothing may be. */
	uint64_t wrong;	      /* What nobody has announced. */
};

static inline uint8_t token_of(unsigned slot, uint16_t version)
{
	return (uint8_t)(TOKEN_ROUTE | slot << 4 | (version & 15));
}

struct ledger *ledger_new(const struct plan *p); /* NULL without memory; `p` is borrowed. */
void ledger_free(struct ledger *l);

/* The slot's announcer says the group in this version, or takes it back: O(members × prefixes). */
void ledger_say(struct ledger *l, const struct group *g, unsigned slot, uint16_t version);
void ledger_take_back(struct ledger *l, const struct group *g, unsigned slot);
/* Between these, changes are only noted, and counted once at the end. */
void ledger_begin(struct ledger *l);
void ledger_end(struct ledger *l);
/* Whether the slot is announced; its version, or the last one. */
bool ledger_said(const struct ledger *l, const struct group *g, unsigned slot, uint16_t *version);

/* From now on the member must hold what is true; one that is down holds nothing. */
void ledger_up(struct ledger *l, unsigned member);
void ledger_down(struct ledger *l, unsigned member);
/* What `member` must hold of a group. */
uint8_t ledger_expected(const struct ledger *l, const struct group *g, unsigned member);
/* A group by its number; as plan_group, but looked up. */
const struct group *ledger_group(const struct ledger *l, uint32_t number);
/* `member` holds `token` of a prefix from now on, `expected` being what it must; returns what it
 * held before. */
uint8_t ledger_hold(struct ledger *l, unsigned member, uint32_t prefix, uint8_t token,
		    uint8_t expected);
/* The same of prefixes in a row, all of one group. */
struct holding {
	uint32_t first, count;
	uint8_t token, expected;
};
/* Returns how many of them it held so before. */
uint32_t ledger_hold_all(struct ledger *l, unsigned member, const struct holding *h);
/* Pairs that are not as they must be. */
uint64_t ledger_pending(const struct ledger *l);
/* Watch one group from now on; of its pairs, those that are not as they must be. */
void ledger_watch(struct ledger *l, const struct group *g);
uint64_t ledger_watched(const struct ledger *l);
/* Leave a member that is up out of the counts, or take it in again; what it holds stays noted. */
void ledger_excuse(struct ledger *l, unsigned member, bool is_excused);
bool ledger_counts(const struct ledger *l, unsigned member);
/* All pairs of members that are up, compared anew. */
void ledger_judge(const struct ledger *l, struct verdict *out);
/* Pairs that must hold a route now: O(members × groups). */
uint64_t ledger_expected_count(const struct ledger *l);
