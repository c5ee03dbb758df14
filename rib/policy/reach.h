/* Reach: who may hear a route, as its announcer asks for with communities.
 *
 * An exchange gives each request a community in up to three forms, in which "peer_as" stands for
 * any member's AS number.  What a set's communities say is asked once, when its worker interns it,
 * and the answer stands beside the set: the members that may have it as an interned bit set, and
 * the set as they are sent it, from which every community that matches a pattern is gone.  Then a
 * route costs a pointer, whatever its communities say.  Where no pattern matches both are NULL.
 *
 * Rules are tried in the order of enum reach_rule, the first that matches decides, and without one
 * a route goes to everyone: arouteserver's order.  A member's own routes are not reach's business.
 * Several members of one AS are named together.
 *
 * Rules are immutable; members are known when they are made.  A struct reach belongs to the worker
 * whose intern table it serves.  RFC 1997, RFC 4360, RFC 8092. */
#pragma once

#include "rib/attr/intern.h"
#include "rib/policy/audience.h"
#include "rib/policy/pattern.h"

enum reach_rule {
	REACH_DENY_PEER,  /* `do_not_announce_to_peer` */
	REACH_ALLOW_PEER, /* `announce_to_peer` */
	REACH_DENY_ALL,	  /* `do_not_announce_to_any` */
	REACH_RULE_COUNT
};

struct reach_conf {
	struct community_pattern pattern[REACH_RULE_COUNT][COMMUNITY_FORM_COUNT];
};

/* Whether any rule is there. */
bool reach_conf_is_set(const struct reach_conf *conf);

struct reach_rules;

/* `asn` of each member; copied, as is `conf`.  NULL when memory is short. */
struct reach_rules *reach_rules_new(const struct reach_conf *conf, const asn_t *asn,
				    unsigned member_count);
void reach_rules_free(struct reach_rules *rules);

struct reach;

/* Judge every set that `in` interns from now on; it is empty.  `rules` must outlive it. */
struct reach *reach_new(const struct reach_rules *rules, struct intern *in, uint64_t key);
/* After the intern table. */
void reach_free(struct reach *r);
size_t reach_count(const struct reach *r); /* Distinct audiences, for status and tests. */

/* Whether the set may go to the member. */
static inline bool attr_reaches(const struct attr *a, peer_id_t peer)
{
	return a->reach == NULL || audience_has(a->reach, peer);
}

/* What decides about a member, for explain. */
struct reach_verdict {
	bool is_denied;
	bool is_matched; /* By `rule`, in this form; else it is the default. */
	enum reach_rule rule;
	char community[64]; /* As text. */
};
/* The same rules tried naively for one AS number.  Any thread. */
struct reach_verdict reach_explain(const struct reach_conf *conf, const struct attr *a, asn_t asn);
