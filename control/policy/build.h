/* From what is configured, and what came from outside, to the rules of one generation.
 *
 * Sources are counted sets; the rules hold them once more, so that what did not change is shared by
 * generations.  A member whose rules are what they were keeps the same object.  Control thread. */
#pragma once

#include "control/config/roster.h"
#include "rib/policy/aspa.h"
#include "rib/policy/policy.h"
#include "rib/policy/roa.h"

/* Of one member: what its AS-SETs came to.  NULL: nothing is known, and nothing is authorised. */
struct policy_irr {
	struct asn_set *asns;
	struct prefix_set *prefixes;
};

/* Of one member: what the registry lets it announce.  All zero: it is none of the registry's. */
struct policy_grant {
	bool is_restricted; /* It may announce nothing else. */
	bool hears_limited; /* It takes part in limited announcements, whoever announces. */
	struct prefix_set *authorised;
	/* Of `authorised`: for its tenant and those who take part alone; about to go. */
	struct prefix_set *limited, *draining;
};

/* A prefix that the server announces for a customer. */
struct policy_originated {
	struct prefix prefix;
	struct addr next_hop;
	asn_t asn; /* In whose name; 0: ours. */
	const char *tenant;
	bool is_limited, is_draining;
};

struct policy_sources {
	const struct policy_irr *irr;	  /* [peer_count]; NULL: of nobody. */
	const struct policy_grant *grant; /* The same. */
	struct roa *roa;
	struct aspa *aspa;
	struct asn_set *never_via; /* PeeringDB's; counts where the configuration asks for it. */
	struct prefix_set *registrobr;		    /* Prefixes with their origins; the same. */
	const struct policy_originated *originated; /* Each prefix once. */
	unsigned originated_count;
	const uint16_t *rtt_ms; /* [peer_count]; NULL: of nobody. */
};

struct policy_input {
	const struct policy_conf *conf;
	asn_t rs_as;
	unsigned peer_count;
	const struct config_client *const *client; /* [peer_count]; NULL: no such member. */
	/* Bits of the numbers by enum keep, which counts where nobody has them; NULL: all hear
	 * everyone. */
	const uint64_t *const *kept;
	const struct policy_sources *sources;
	const struct policy *before; /* May be NULL. */
	struct own_routes *own;	     /* own_build(); NULL: the server announces nothing. */
	uint32_t generation;
};

/* Everything is borrowed for the call.  NULL when memory is short.  O(members), and O(members²) in
 * bits where members have views of their own. */
struct policy *policy_build(const struct policy_input *in);
bool peer_policy_equal(const struct peer_policy *a, const struct peer_policy *b,
		       unsigned peer_count);
