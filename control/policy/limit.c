/* arouteserver's `max_prefix`. */
#include "control/policy/limit.h"

uint32_t policy_limit(const struct max_prefix_conf *c, asn_t asn, enum family family,
		      const struct peeringdb *dump)
{
	const struct peeringdb_net *net =
		c->asks_peeringdb && !c->is_own[family] ? peeringdb_find(dump, asn) : NULL;
	/* A network that says nothing of itself says 0. */
	if (net == NULL || net->prefixes[family] == 0) {
		return c->limit[family];
	}
	return peeringdb_limit(net->prefixes[family], c->increment, c->increment_percent);
}
