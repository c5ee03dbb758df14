/* The judge: what policy makes of a route, as an interned set in its dress, or a reason.
 *
 * A worker has one, for what its sessions import and for what its shard judges again.  It is begun
 * with a set of attributes, of which everything that needs no prefix is found out at once; then it
 * is asked route by route.  Routes of a set mostly get the same answer, so the few different ones
 * (by informational communities, blackholing, members' rules about the prefix) are made once and
 * kept until the end; a route that policy has nothing to say about costs its checks and a look.
 *
 * A rejected route gets its set as it was received, without dress.  So does an accepted one that
 * everyone is sent as it is.  Without a policy that is so of every route.
 *
 * Nothing here depends on addresses or on history: the same policy, set and prefix make the same
 * set, whoever judges. */
#pragma once

#include "rib/attr/intern.h"
#include "rib/policy/policy.h"

struct judge;

struct judge_opts {
	struct intern *intern; /* The worker's, empty; it takes the judge's table of audiences. */
	unsigned peer_count;
	uint64_t key;
};

struct judge *judge_new(const struct judge_opts *o); /* NULL: memory is short. */
void judge_free(struct judge *j);		     /* After the intern table. */
/* Judge by `p` from now on: finished, for as many members, and borrowed until the next one.  NULL:
 * without rules.  False: memory is short, and nothing changed. */
bool judge_adopt(struct judge *j, const struct policy *p);
const struct policy *judge_policy(const struct judge *j);
uint32_t judge_generation(const struct judge *j); /* 0: without rules. */
size_t judge_audiences(const struct judge *j);	  /* Distinct ones, for status and tests. */

/* Begin with a set that `peer` announced.  `known` is what the session has found: it is the reason
 * then.  Both borrowed until judge_end(); local_pref of the draft is the judge's to set. */
void judge_begin(struct judge *j, peer_id_t peer, struct attr_draft *draft,
		 const struct next_hop *next_hop, enum reject known);
/* The same with a set that is kept, of any worker. */
void judge_begin_attr(struct judge *j, peer_id_t peer, const struct attr *a, enum reject known);

struct judged {
	/* With one reference, the caller's; NULL: the table is full.  It is the set that
	 * judge_begin_attr() was given when nothing has changed: then there is no reference. */
	const struct attr *attr;
	enum reject reason;
};

struct judged judge_route(struct judge *j, const struct prefix *prefix);
void judge_end(struct judge *j);

struct policy_scope;
/* Whether a path with this set is in the scope for what its communities say, by the rules as they
 * are. */
bool judge_is_said(const struct judge *j, const struct policy_scope *scope, const struct attr *a,
		   enum reject reason);
