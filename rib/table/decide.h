/* Decide: the order of the paths of one prefix.
 *
 * Rank: not long-lived stale (RFC 9494 §4.3), LOCAL_PREF (higher), AS_PATH length (shorter), ORIGIN
 * (lower); among the equal ones
 * RFC 4271 §9.1.2.2's choice (MED among paths of one neighbour AS, then lowest BGP identifier,
 * then lowest peer address; of one member's paths the one with the lower next hop, or else lower
 * attribute octets), applied repeatedly over the whole remaining set, so that the first
 * equals RFC 4271's best and the order does not depend on arrival.  Route age plays no part.
 * The choice over the set is a merge of the neighbour ASes' groups, each sorted by
 * (MED, identifier, address): in each step only the heads can be chosen.
 */
#pragma once

#include "rib/table/entry.h"

/* What ranking must know of a member; indexed by peer id. */
struct rank_peer {
	uint32_t router_id; /* Host order. */
	struct addr addr;
};

/* The step of the decision that put one path before another. */
enum rule {
	RULE_LLGR_STALE,
	RULE_LOCAL_PREF,
	RULE_PATH_LEN,
	RULE_ORIGIN,
	RULE_MED,
	RULE_ROUTER_ID,
	RULE_PEER_ADDR,
	RULE_CONTENT, /* Of one member's paths (RFC 7911): next hop, then attributes, as octets. */
	RULE_ONLY,    /* There is no other path. */
	RULE_COUNT
};

const char *rule_text(enum rule r); /* "shorter AS_PATH", ... */

/* Put the paths in order (ranked first, then rejected by peer id) and set ranked_count. */
void decide_rank(struct paths *paths, const struct rank_peer *peers);
/* Why ranked path `i` stands before path `i + 1`; RULE_ONLY when there is none. */
enum rule decide_rule(const struct paths *paths, unsigned i, const struct rank_peer *peers);
