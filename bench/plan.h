/* The plan of a load: who the members are, and what each may announce.
 *
 * Prefixes come in *groups*: those that share an attribute set, numbered one after the other.  A
 * group is at *home* with one announcer; a shared one is also announced by the next ones, each in
 * a *slot* of its own.  Of which announcers, with which attributes, is arithmetic on the group's
 * number, so that checking a received prefix costs a few instructions; only prefixes and
 * attributes of real tables (bench/table.h) are looked up.
 *
 * A group is announced again in *versions*.  AS_PATH length alone decides which slot is best:
 *
 *     own AS × (1 + rank + slots × (version is odd)), then what the group says
 *
 * and since ranks are distinct, there is never a tie.  The version stands in a community, 65100:n.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_SLOTS_MAX	       8  /* Announcers of one prefix. */
#define PLAN_PATH_MAX	       96 /* AS numbers in a path. */
#define PLAN_COMMUNITIES_MAX   128
#define PLAN_LARGE_MAX	       64
#define PLAN_CONTROL_PEERS_MAX 16
#define PLAN_NONE	       UINT32_MAX

struct table;

struct plan {
	uint32_t server; /* IPv4, host order, as are all addresses here. */
	uint32_t source; /* Of member 0. */
	unsigned asn_first, rs_asn;
	unsigned members, announcers;	/* Only the first `announcers` announce. */
	unsigned prefixes, prefixes6;	/* At home with each announcer: /24s, /48s. */
	unsigned per_set;		/* Prefixes of a group. */
	unsigned overlap, shared_pct;	/* Slots of a shared group; how many are shared. */
	unsigned path_len, communities; /* Without own AS; without the version. */
	unsigned control_pct;		/* Groups with communities that say to whom not. */
	unsigned control_peers;		/* How many members each of these leaves out. */
	bool is_hiding;			/* The server under test does not solve path hiding. */
	const struct table *table;	/* Real prefixes; NULL when all is arithmetic. */
	unsigned connects_max;		/* Connections being opened at once. */
	unsigned hold_s;
};

struct group {
	uint32_t number;
	uint32_t first, count; /* Prefix numbers. */
	unsigned home, slots;
	bool is_v6, is_controlled;
};

/* What an announcer says with a group in one version; AS numbers and communities in wire order. */
struct plan_attrs {
	unsigned path_count, community_count, large_count, origin;
	uint32_t path[PLAN_PATH_MAX];
	uint32_t community[PLAN_COMMUNITIES_MAX];
	uint32_t large[PLAN_LARGE_MAX][3];
};

/* NULL, or why the plan cannot be: "more slots than announcers". */
const char *plan_problem(const struct plan *p);
uint32_t plan_prefix_count(const struct plan *p);
uint32_t plan_group_count(const struct plan *p);
struct group plan_group(const struct plan *p, uint32_t number);
/* The group of a prefix number. */
uint32_t plan_group_of(const struct plan *p, uint32_t prefix);
/* The groups at home with an announcer stand in two rows (of a family each, but for a real table):
 * row 0 or 1 begins with *first; how many. */
uint32_t plan_homed(const struct plan *p, unsigned home, unsigned row, uint32_t *first);

unsigned plan_announcer(const struct plan *p, const struct group *g, unsigned slot);
/* The slot in which `member` announces the group; PLAN_NONE when it does not. */
unsigned plan_slot(const struct plan *p, const struct group *g, unsigned member);
/* The k-th of the members that a controlled group of this slot must not be announced to. */
unsigned plan_left_out(const struct plan *p, const struct group *g, unsigned slot, unsigned k);
bool plan_may_have(const struct plan *p, const struct group *g, unsigned slot, unsigned member);
/* How often the own AS stands in the path: the fewest are best. */
unsigned plan_own_count(const struct group *g, unsigned slot, uint16_t version);
void plan_attrs(const struct plan *p, const struct group *g, unsigned slot, uint16_t version,
		struct plan_attrs *out);

/* A prefix as it stands in an UPDATE, length first; at most 17 octets.  Returns how many. */
size_t plan_prefix(const struct plan *p, uint32_t number, uint8_t *to);
/* The number of the prefix at `from` (its octets are there); PLAN_NONE when it is not ours. */
uint32_t plan_find(const struct plan *p, bool is_v6, const uint8_t *from);
