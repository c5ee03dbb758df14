/* Reach: who may hear a route, as its announcer asks for with communities.
 *
 * An exchange gives each request a community in up to three forms, in which "peer_as" stands for
 * any member's AS number.  What a set's communities say is asked before its worker interns it, and
 * the answer is its dress (rib/attr/reach.h): the members that may have it, and the set as they are
 * sent it, from which every community that matches a pattern is gone.  Then a route costs a
 * pointer, whatever its communities say.  Where no pattern matches there is no dress.
 *
 * Rules are tried in the order of enum reach_rule, the first that matches decides, and without one
 * a route goes to everyone: arouteserver's order.  A member's own routes are not reach's business.
 * Several members of one AS are named together.
 *
 * Rules are immutable; members are known when they are made.  A struct reach belongs to the worker
 * whose intern table it serves.  RFC 1997, RFC 4360, RFC 8092. */
#pragma once

#include "rib/attr/intern.h"
#include "rib/attr/audience.h"
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

struct reach_table;

/* `rules` must outlive it; `in` is empty. */
struct reach_table *reach_new(const struct reach_rules *rules, struct intern *in, uint64_t key);
/* After the intern table. */
void reach_free(struct reach_table *r);
size_t reach_count(const struct reach_table *r); /* Distinct audiences, for status and tests. */

/* intern_get() of the set, dressed as its communities ask. */
const struct attr *reach_intern(struct reach_table *r, const struct attr_draft *draft,
				const struct next_hop *next_hop, uint32_t refs);

/* What decides about a member, for explain. */
struct reach_verdict {
	bool is_denied;
	bool is_matched; /* By `rule`, in this form; else it is the default. */
	enum reach_rule rule;
	char community[64]; /* As text. */
};
/* The same rules tried naively for one AS number.  Any thread. */
struct reach_verdict reach_explain(const struct reach_conf *conf, const struct attr *a, asn_t asn);
