/* Plan: who is sent an accepted route, and in which form.
 *
 * All that policy says about receivers meets here: whose routes they hear, what they refuse, what
 * the communities ask, whether they take blackhole routes, RFC 1997.  The answer is a few disjoint
 * sets of members, each with its dress; the judge makes sets of attributes of it. */
#pragma once

#include "rib/attr/reach.h"
#include "rib/policy/asks.h"
#include "rib/policy/dress.h"

struct plan_part {
	const uint64_t *members;
	struct dress dress;
};

struct plan {
	bool is_for_everyone; /* Then there is one part, and its members are not told. */
	unsigned count;	      /* 0: it is for nobody. */
	struct plan_part part[REACH_PARTS_MAX];
};

/* A route that was accepted. */
struct plan_route {
	peer_id_t peer;
	const struct set_view *view;
	uint64_t meanings;
	const struct route_verdict *verdict;
	/* Members that may be sent the prefix by their own rules; NULL: no rule speaks of it. */
	const uint64_t *takers;
};

struct planner;

/* `p` is borrowed.  NULL: memory is short. */
struct planner *planner_new(const struct policy *p);
void planner_free(struct planner *pl);
/* The parts' members are the planner's, until the next plan.  They are in one order for the same
 * route, whoever makes it. */
void plan_make(struct planner *pl, const struct plan_route *route, struct plan *out);
