/* The plan: see plan.h. */
#include "bench/plan.h"

#include <string.h>

#include "bench/table.h"

#define PREFIX4_BASE   0x100000u		/* 16.0.0.0, counted in /24s. */
#define PREFIX4_MAX    7000000u			/* The /24s that lie before 127.0.0.0. */
#define PREFIX6_BASE   UINT64_C(0x240000000000) /* 2400::, counted in /48s. */
#define VERSION_AT     65100u			/* The community that says the version. */
#define COMMUNITIES_AT 65000u

static unsigned sets_of(const struct plan *p, unsigned prefixes)
{
	return (prefixes + p->per_set - 1) / p->per_set;
}

/* Whether number `i` of many is one of the `pct` in a hundred: evenly spread. */
static bool is_share(uint32_t i, unsigned pct)
{
	return (uint64_t)(i + 1) * pct / 100 != (uint64_t)i * pct / 100;
}

/* The same without regard to whether it is shared. */
static bool is_drawn(uint32_t number, unsigned pct)
{
	return (number * 2654435761u >> 16) % 100 < pct; /* Knuth's multiplicative hash. */
}

const char *plan_problem(const struct plan *p)
{
	if (p->members < 2 || p->announcers < 1 || p->announcers > p->members) {
		return "needs two members, and no more announcers than members";
	}
	if (p->per_set < 1 || (p->table == NULL && p->prefixes + p->prefixes6 < 1)) {
		return "needs prefixes";
	}
	if (p->overlap < 1 || p->overlap > PLAN_SLOTS_MAX || p->overlap > p->announcers) {
		return "a prefix has from 1 to 8 announcers, no more than there are";
	}
	if (p->path_len < 2 || p->path_len > 64 || p->communities > 64) {
		return "paths have 2 to 64 AS numbers, routes at most 64 communities";
	}
	if (p->shared_pct > 100 || p->control_pct > 100) {
		return "a share is at most 100 %";
	}
	if (p->control_pct > 0 &&
	    (p->control_peers < 1 || p->control_peers > PLAN_CONTROL_PEERS_MAX ||
	     p->control_peers > p->members - 1)) {
		return "too few or too many members are left out";
	}
	if ((uint64_t)p->announcers * p->prefixes > PREFIX4_MAX ||
	    (uint64_t)p->announcers * p->prefixes6 > PREFIX4_MAX) {
		return "at most 7 million prefixes of a family";
	}
	return p->connects_max < 1 || p->hold_s < 3 || p->hold_s > 65535
		       ? "hold time or connects are too small"
		       : NULL;
}

uint32_t plan_prefix_count(const struct plan *p)
{
	return p->table != NULL ? table_prefix_count(p->table)
				: p->announcers * (p->prefixes + p->prefixes6);
}

uint32_t plan_group_count(const struct plan *p)
{
	return p->table != NULL
		       ? table_group_count(p->table)
		       : p->announcers * (sets_of(p, p->prefixes) + sets_of(p, p->prefixes6));
}

/* Of a real table each announcer has a row of groups, neighbours as they were in the dump. */
static uint32_t dealt(const struct plan *p)
{
	return (table_group_count(p->table) + p->announcers - 1) / p->announcers;
}

/* Group `i` of those of one family: all have as many prefixes as fit, but for each home's last. */
static void place(const struct plan *p, uint32_t i, unsigned prefixes, struct group *g)
{
	unsigned sets = sets_of(p, prefixes);
	unsigned index = i % sets;
	g->home = i / sets;
	g->first = g->home * prefixes + index * p->per_set;
	g->count = index + 1 < sets ? p->per_set : prefixes - index * p->per_set;
}

struct group plan_group(const struct plan *p, uint32_t number)
{
	struct group g = {.number = number};
	uint32_t of_v4 = p->announcers * sets_of(p, p->prefixes);
	if (p->table != NULL) {
		table_group(p->table, number, &g.first, &g.count, &g.is_v6);
		g.home = number / dealt(p);
	} else if (number < of_v4) {
		place(p, number, p->prefixes, &g);
	} else {
		place(p, number - of_v4, p->prefixes6, &g);
		g.first += p->announcers * p->prefixes;
		g.is_v6 = true;
	}
	g.slots = is_share(number, p->shared_pct) ? p->overlap : 1;
	g.is_controlled = is_drawn(number, p->control_pct);
	return g;
}

uint32_t plan_group_of(const struct plan *p, uint32_t prefix)
{
	uint32_t of_v4 = p->announcers * p->prefixes;
	if (p->table != NULL) {
		return table_group_of(p->table, prefix);
	}
	bool is_v6 = prefix >= of_v4;
	uint32_t i = is_v6 ? prefix - of_v4 : prefix;
	unsigned prefixes = is_v6 ? p->prefixes6 : p->prefixes;
	return (is_v6 ? p->announcers * sets_of(p, p->prefixes) : 0) +
	       i / prefixes * sets_of(p, prefixes) + i % prefixes / p->per_set;
}

uint32_t plan_homed(const struct plan *p, unsigned home, unsigned row, uint32_t *first)
{
	unsigned sets = sets_of(p, row == 0 ? p->prefixes : p->prefixes6);
	uint32_t all = plan_group_count(p);
	if (p->table == NULL) {
		*first = (row == 0 ? 0 : p->announcers * sets_of(p, p->prefixes)) + home * sets;
		return sets;
	}
	uint32_t start = home * dealt(p);
	*first = start < all ? start : all;
	return row == 0 && all - *first > dealt(p) ? dealt(p) : row == 0 ? all - *first : 0;
}

unsigned plan_announcer(const struct plan *p, const struct group *g, unsigned slot)
{
	unsigned i = g->home + slot;
	return i < p->announcers ? i : i - p->announcers;
}

unsigned plan_slot(const struct plan *p, const struct group *g, unsigned member)
{
	if (member >= p->announcers) {
		return PLAN_NONE;
	}
	unsigned slot = member >= g->home ? member - g->home : member + p->announcers - g->home;
	return slot < g->slots ? slot : PLAN_NONE;
}

unsigned plan_left_out(const struct plan *p, const struct group *g, unsigned slot, unsigned k)
{
	unsigned others = p->members - 1;
	unsigned step = others / p->control_peers; /* They are distinct, and never the announcer. */
	unsigned offset = (g->number % others + k * step) % others;
	return (plan_announcer(p, g, slot) + 1 + offset) % p->members;
}

bool plan_may_have(const struct plan *p, const struct group *g, unsigned slot, unsigned member)
{
	for (unsigned k = 0; g->is_controlled && k < p->control_peers; k++) {
		if (plan_left_out(p, g, slot, k) == member) {
			return false;
		}
	}
	return plan_announcer(p, g, slot) != member;
}

unsigned plan_own_count(const struct group *g, unsigned slot, uint16_t version)
{
	unsigned rank = (slot + g->number) % g->slots;
	return 1 + rank + ((version & 1) != 0 ? g->slots : 0);
}

/* Sorted, as some servers send them on; few, so that insertion will do. */
static void add_community(struct plan_attrs *a, uint32_t value)
{
	unsigned i = a->community_count++;
	for (; i > 0 && a->community[i - 1] > value; i--) {
		a->community[i] = a->community[i - 1];
	}
	a->community[i] = value;
}

static void add_large(struct plan_attrs *a, uint32_t value[3])
{
	unsigned i = a->large_count++;
	for (; i > 0 && a->large[i - 1][2] > value[2]; i--) {
		memcpy(a->large[i], a->large[i - 1], sizeof(a->large[i]));
	}
	memcpy(a->large[i], value, sizeof(a->large[i]));
}

/* "Not to this peer": standard communities have room for two octets of an AS number. */
static void add_control(const struct plan *p, const struct group *g, unsigned slot,
			struct plan_attrs *a)
{
	for (unsigned k = 0; k < p->control_peers; k++) {
		uint32_t asn = p->asn_first + plan_left_out(p, g, slot, k);
		if (p->asn_first + p->members <= 65536) {
			add_community(a, asn);
		} else {
			add_large(a, (uint32_t[3]){p->rs_asn, 0, asn});
		}
	}
}

static void say_group(const struct plan *p, const struct group *g, struct plan_attrs *a)
{
	for (unsigned i = 0; i < p->path_len; i++) {
		a->path[a->path_count++] =
			i == 0 ? 100000 + g->number : 200000 + (g->number + i) % 7;
	}
	for (unsigned i = 0; i < p->communities; i++) {
		add_community(a, (COMMUNITIES_AT + i) << 16 | (g->number & 0xffff));
	}
}

void plan_attrs(const struct plan *p, const struct group *g, unsigned slot, uint16_t version,
		struct plan_attrs *out)
{
	unsigned own = plan_own_count(g, slot, version);
	out->path_count = out->community_count = out->large_count = 0;
	out->origin = 0;
	for (unsigned i = 0; i < own; i++) {
		out->path[out->path_count++] = p->asn_first + plan_announcer(p, g, slot);
	}
	if (p->table != NULL) {
		table_say(p->table, g->number, out);
	} else {
		say_group(p, g, out);
	}
	add_community(out, VERSION_AT << 16 | version);
	if (g->is_controlled) {
		add_control(p, g, slot, out);
	}
}

size_t plan_prefix(const struct plan *p, uint32_t number, uint8_t *to)
{
	uint32_t of_v4 = p->announcers * p->prefixes;
	if (p->table != NULL) {
		return table_prefix(p->table, number, to);
	}
	bool is_v6 = number >= of_v4;
	uint64_t value = is_v6 ? PREFIX6_BASE + number - of_v4 : PREFIX4_BASE + number;
	unsigned octets = is_v6 ? 6 : 3;
	to[0] = (uint8_t)(8 * octets);
	for (unsigned i = 0; i < octets; i++) {
		to[1 + i] = (uint8_t)(value >> (8 * (octets - 1 - i)));
	}
	return 1 + octets;
}

uint32_t plan_find(const struct plan *p, bool is_v6, const uint8_t *from)
{
	uint32_t of_v4 = p->announcers * p->prefixes;
	if (p->table != NULL) {
		return table_find(p->table, is_v6, from);
	}
	unsigned octets = is_v6 ? 6 : 3;
	uint64_t value = 0;
	if (from[0] != 8 * octets) {
		return PLAN_NONE;
	}
	for (unsigned i = 0; i < octets; i++) {
		value = value << 8 | from[1 + i];
	}
	uint64_t i = value - (is_v6 ? PREFIX6_BASE : PREFIX4_BASE);
	if (i >= (is_v6 ? plan_prefix_count(p) - of_v4 : of_v4)) {
		return PLAN_NONE;
	}
	return (uint32_t)i + (is_v6 ? of_v4 : 0);
}
