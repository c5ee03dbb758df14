/* The desk: the rules in force, and how they change.
 *
 * Configuration, members and sources are put on the desk as they come; a step makes rules of them
 * and hands these to the server, one generation at a time.  What comes while the workers judge by
 * the last rules waits, and becomes one generation.  Where nothing would be judged differently,
 * nothing is published.
 *
 * The first rules are there before the server is, which starts with them.  Sources that are not
 * there yet (ROAs, IRR data of which the cache has none) are missing in them.  Control thread. */
#pragma once

#include "control/config/config.h"
#include "control/config/roster.h"
#include "control/policy/build.h"
#include "control/policy/scope.h"

struct policy_desk;

/* Who publishes: server_publish_policy and server_policy_is_done. */
struct policy_publisher {
	void (*publish)(void *server, const struct policy *p, const struct policy_scope *scope);
	bool (*is_done)(const void *server);
	void *server;
};

/* Makes the first rules.  Both are borrowed until others are put on the desk. */
struct policy_desk *policy_desk_new(const struct config *c, const struct roster *roster);
void policy_desk_free(struct policy_desk *d); /* After the server. */
void policy_desk_attach(struct policy_desk *d, const struct policy_publisher *publisher);

/* Rules in force, that is published last: valid until the next step.  Never NULL. */
const struct policy *policy_now(const struct policy_desk *d);

/* Put on the desk; what is given is held. */
/* The configuration is another, or the roster's members are. */
void policy_desk_configure(struct policy_desk *d, const struct config *c);
/* `touched` is taken: what differs from the last ROAs put here; NULL: to be found out. */
void policy_desk_set_rpki(struct policy_desk *d, struct roa *roa, struct aspa *aspa,
			  struct prefix_set *touched);
void policy_desk_set_never_via(struct policy_desk *d, struct asn_set *asns);
void policy_desk_set_registrobr(struct policy_desk *d, struct prefix_set *routes);
void policy_desk_set_irr(struct policy_desk *d, peer_id_t peer, struct asn_set *asns,
			 struct prefix_set *prefixes);
/* What the registry lets the number's member announce; NULL: it is none of the registry's.  To be
 * set before the number's rules are wanted, and taken back when its member is removed.  Sets are
 * told apart by their addresses first: hand in the same one while it says the same. */
void policy_desk_set_grant(struct policy_desk *d, peer_id_t peer, const struct policy_grant *grant);
/* What the server announces for customers, each prefix once; copied.  False: the same as before. */
bool policy_desk_set_originated(struct policy_desk *d, const struct policy_originated *route,
				unsigned count);
/* All that the server announces itself (own_list): the caller frees it. */
struct policy_originated *policy_desk_own(const struct policy_desk *d, unsigned *out_count);
void policy_desk_set_rtt(struct policy_desk *d, peer_id_t peer, uint16_t ms);

/* Go on; called in every turn of the control loop.  True when rules were published. */
bool policy_desk_step(struct policy_desk *d, usec_t now);
/* A ticket for everything that was put on the desk so far; and whether that is in force: judged
 * by, everywhere. */
uint64_t policy_desk_ticket(const struct policy_desk *d);
bool policy_desk_is_settled(const struct policy_desk *d, uint64_t ticket);

/* What rules another configuration would make of the same sources, for a dry run: finished, for
 * the members that there are now.  The caller frees it (policy_free). */
struct policy *policy_desk_try(const struct policy_desk *d, const struct config *wanted);

struct policy_desk_numbers {
	uint32_t generation;
	bool is_publishing;
	usec_t published;    /* 0: the first rules. */
	usec_t took_us;	     /* From publishing until it was done, the last that was. */
	uint64_t made, left; /* Generations published; made, and nothing differed. */
};
struct policy_desk_numbers policy_desk_numbers(const struct policy_desk *d);
