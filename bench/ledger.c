/* The ledger: see ledger.h. */
#include "bench/ledger.h"

#include <stdlib.h>
#include <string.h>

#define SAID 0x10000u /* Beside the version, which stays when it is taken back. */

/* What anybody would be told of a group, for whom nothing is left out. */
struct best {
	uint32_t announcer;
	uint8_t token; /* TOKEN_NONE: nothing is announced. */
};

struct ledger {
	const struct plan *plan;
	uint32_t groups, prefixes;
	struct group *group;
	struct best *best; /* Of each group; follows from `said`. */
	uint32_t *said;	   /* Of each group and slot. */
	uint32_t said_count;
	uint8_t **held; /* Of each member, a token for each prefix. */
	bool *is_up;	/* It counts. */
	uint32_t *pending;
	uint64_t pending_all;
	bool is_bulk;
	struct group watched;
	uint64_t watched_pending;
};

struct ledger *ledger_new(const struct plan *p)
{
	struct ledger *l = calloc(1, sizeof(*l));
	if (l == NULL) {
		return NULL;
	}
	l->plan = p;
	l->groups = plan_group_count(p);
	l->prefixes = plan_prefix_count(p);
	l->said = calloc((size_t)l->groups * p->overlap, sizeof(*l->said));
	l->group = malloc(l->groups * sizeof(*l->group));
	l->best = calloc(l->groups, sizeof(*l->best));
	l->is_up = calloc(p->members, sizeof(*l->is_up));
	l->pending = calloc(p->members, sizeof(*l->pending));
	l->held = calloc(p->members, sizeof(*l->held));
	bool is_whole = l->group != NULL && l->best != NULL && l->said != NULL &&
			l->is_up != NULL && l->pending != NULL && l->held != NULL;
	for (unsigned m = 0; is_whole && m < p->members; m++) {
		l->held[m] = calloc(l->prefixes, 1);
		is_whole = l->held[m] != NULL;
	}
	l->watched.number = PLAN_NONE;
	if (!is_whole) {
		ledger_free(l);
		return NULL;
	}
	for (uint32_t n = 0; n < l->groups; n++) {
		l->group[n] = plan_group(p, n);
	}
	return l;
}

void ledger_free(struct ledger *l)
{
	if (l == NULL) {
		return;
	}
	for (unsigned m = 0; l->held != NULL && m < l->plan->members; m++) {
		free(l->held[m]);
	}
	free(l->held);
	free(l->group);
	free(l->best);
	free(l->said);
	free(l->is_up);
	free(l->pending);
	free(l);
}

static uint32_t *said_of(const struct ledger *l, const struct group *g, unsigned slot)
{
	return &l->said[(size_t)g->number * l->plan->overlap + slot];
}

bool ledger_said(const struct ledger *l, const struct group *g, unsigned slot, uint16_t *version)
{
	uint32_t said = *said_of(l, g, slot);
	*version = (uint16_t)said;
	return (said & SAID) != 0;
}

/* The slot with the shortest path of those announced, for one member or for anybody. */
static unsigned best_slot(const struct ledger *l, const struct group *g, unsigned member)
{
	unsigned best = PLAN_NONE, shortest = 0;
	for (unsigned s = 0; s < g->slots; s++) {
		uint32_t said = *said_of(l, g, s);
		unsigned own = plan_own_count(g, s, (uint16_t)said);
		if ((said & SAID) != 0 && (best == PLAN_NONE || own < shortest) &&
		    (member == PLAN_NONE || plan_may_have(l->plan, g, s, member))) {
			best = s;
			shortest = own;
		}
	}
	return best;
}

static uint8_t expected_of(const struct ledger *l, const struct group *g, unsigned member)
{
	/* Where path hiding is not solved, all hear of the best alone, or of nothing. */
	unsigned slot = best_slot(l, g, l->plan->is_hiding ? PLAN_NONE : member);
	if (slot == PLAN_NONE || (l->plan->is_hiding && !plan_may_have(l->plan, g, slot, member))) {
		return TOKEN_NONE;
	}
	return token_of(slot, (uint16_t)*said_of(l, g, slot));
}

static void find_best(struct ledger *l, const struct group *g)
{
	unsigned slot = best_slot(l, g, PLAN_NONE);
	l->best[g->number] = (struct best){.token = TOKEN_NONE};
	if (slot != PLAN_NONE) {
		l->best[g->number] = (struct best){
			.announcer = plan_announcer(l->plan, g, slot),
			.token = token_of(slot, (uint16_t)*said_of(l, g, slot)),
		};
	}
}

uint8_t ledger_expected(const struct ledger *l, const struct group *g, unsigned member)
{
	const struct best *best = &l->best[g->number];
	bool has_exception = g->is_controlled || best->announcer == member;
	return has_exception && best->token != TOKEN_NONE ? expected_of(l, g, member) : best->token;
}

const struct group *ledger_group(const struct ledger *l, uint32_t number)
{
	return &l->group[number];
}

static void add_pending(struct ledger *l, unsigned member, int64_t more)
{
	l->pending[member] = (uint32_t)(l->pending[member] + more);
	l->pending_all = (uint64_t)((int64_t)l->pending_all + more);
}

static uint32_t differing(const uint8_t *held, uint32_t count, uint8_t expected)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < count; i++) {
		n += held[i] != expected;
	}
	return n;
}

static void recount(struct ledger *l, unsigned member)
{
	uint32_t pending = 0;
	if (l->is_up[member] && l->said_count == 0) {
		pending = differing(l->held[member], l->prefixes, TOKEN_NONE);
	}
	for (uint32_t n = 0; l->is_up[member] && l->said_count > 0 && n < l->groups; n++) {
		const struct group *g = &l->group[n];
		pending += differing(l->held[member] + g->first, g->count,
				     ledger_expected(l, g, member));
	}
	add_pending(l, member, (int64_t)pending - l->pending[member]);
}

/* Of the watched group. */
static void recount_watched(struct ledger *l)
{
	const struct group *g = &l->watched;
	l->watched_pending = 0;
	for (unsigned m = 0; g->count > 0 && m < l->plan->members; m++) {
		if (l->is_up[m]) {
			l->watched_pending += differing(l->held[m] + g->first, g->count,
							ledger_expected(l, g, m));
		}
	}
}

/* Change what is said, and count for each member before and after. */
static void set_said(struct ledger *l, const struct group *g, unsigned slot, uint32_t said)
{
	uint32_t *place = said_of(l, g, slot), before = *place;
	l->said_count += (said & SAID) != 0;
	l->said_count -= (before & SAID) != 0;
	if (l->is_bulk) {
		*place = said;
		find_best(l, g);
		return;
	}
	for (unsigned m = 0; m < l->plan->members; m++) {
		if (!l->is_up[m]) {
			continue;
		}
		*place = before;
		uint8_t was = expected_of(l, g, m);
		*place = said;
		uint8_t is = expected_of(l, g, m);
		if (was != is) {
			const uint8_t *held = l->held[m] + g->first;
			add_pending(l, m,
				    (int64_t)differing(held, g->count, is) -
					    differing(held, g->count, was));
		}
	}
	*place = said;
	find_best(l, g);
	if (g->number == l->watched.number) {
		recount_watched(l);
	}
}

void ledger_say(struct ledger *l, const struct group *g, unsigned slot, uint16_t version)
{
	set_said(l, g, slot, SAID | version);
}

void ledger_take_back(struct ledger *l, const struct group *g, unsigned slot)
{
	set_said(l, g, slot, *said_of(l, g, slot) & ~SAID);
}

void ledger_begin(struct ledger *l)
{
	l->is_bulk = true;
}

void ledger_end(struct ledger *l)
{
	l->is_bulk = false;
	for (unsigned m = 0; m < l->plan->members; m++) {
		recount(l, m);
	}
	recount_watched(l);
}

void ledger_up(struct ledger *l, unsigned member)
{
	if (!l->is_up[member]) {
		ledger_excuse(l, member, false);
	}
}

bool ledger_counts(const struct ledger *l, unsigned member)
{
	return l->is_up[member];
}

void ledger_down(struct ledger *l, unsigned member)
{
	memset(l->held[member], TOKEN_NONE, l->prefixes);
	ledger_excuse(l, member, true);
}

void ledger_excuse(struct ledger *l, unsigned member, bool is_excused)
{
	l->is_up[member] = !is_excused;
	if (!l->is_bulk) {
		recount(l, member);
		recount_watched(l);
	}
}

uint8_t ledger_hold(struct ledger *l, unsigned member, uint32_t prefix, uint8_t token,
		    uint8_t expected)
{
	uint8_t before = l->held[member][prefix];
	int change = (token != expected) - (before != expected);
	l->held[member][prefix] = token;
	if (!l->is_up[member]) {
		return before;
	}
	add_pending(l, member, change);
	if (prefix - l->watched.first < l->watched.count) {
		l->watched_pending = (uint64_t)((int64_t)l->watched_pending + change);
	}
	return before;
}

uint32_t ledger_hold_all(struct ledger *l, unsigned member, const struct holding *h)
{
	uint8_t *held = l->held[member] + h->first;
	uint32_t differed = 0, same = 0;
	if (memcmp(held, held + 1, h->count - 1) == 0) { /* Mostly all are alike. */
		differed = held[0] != h->expected ? h->count : 0;
		same = held[0] == h->token ? h->count : 0;
	} else {
		differed = differing(held, h->count, h->expected);
		same = h->count - differing(held, h->count, h->token);
	}
	memset(held, h->token, h->count);
	if (!l->is_up[member]) {
		return same;
	}
	int64_t change = (int64_t)(h->token != h->expected ? h->count : 0) - differed;
	add_pending(l, member, change);
	if (h->first - l->watched.first < l->watched.count) {
		l->watched_pending = (uint64_t)((int64_t)l->watched_pending + change);
	}
	return same;
}

uint64_t ledger_pending(const struct ledger *l)
{
	return l->pending_all;
}

void ledger_watch(struct ledger *l, const struct group *g)
{
	l->watched = *g;
	recount_watched(l);
}

uint64_t ledger_watched(const struct ledger *l)
{
	return l->watched_pending;
}

static void judge_one(uint8_t held, uint8_t expected, struct verdict *v)
{
	v->expected += expected != TOKEN_NONE;
	if (held == TOKEN_WRONG) {
		v->wrong++;
	} else if (held == expected) {
		v->right += expected != TOKEN_NONE;
	} else if (held == TOKEN_NONE) {
		v->missing++;
	} else if (expected == TOKEN_NONE) {
		v->superfluous++;
	} else {
		v->stale++;
	}
}

void ledger_judge(const struct ledger *l, struct verdict *out)
{
	*out = (struct verdict){0};
	for (uint32_t n = 0; n < l->groups; n++) {
		const struct group *g = &l->group[n];
		for (unsigned m = 0; m < l->plan->members; m++) {
			uint8_t expected = l->is_up[m] ? ledger_expected(l, g, m) : TOKEN_NONE;
			for (uint32_t i = 0; l->is_up[m] && i < g->count; i++) {
				judge_one(l->held[m][g->first + i], expected, out);
			}
		}
	}
}

uint64_t ledger_expected_count(const struct ledger *l)
{
	uint64_t count = 0;
	for (uint32_t n = 0; n < l->groups; n++) {
		const struct group *g = &l->group[n];
		for (unsigned m = 0; m < l->plan->members; m++) {
			count += l->is_up[m] && ledger_expected(l, g, m) != TOKEN_NONE ? g->count
										       : 0;
		}
	}
	return count;
}
