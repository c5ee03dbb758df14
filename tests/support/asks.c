/* Rules about asks: see asks.h. */
#include "tests/support/asks.h"

#include "rib/base/check.h"
#include "tests/support/naive.h"

struct policy *asks_policy(const asn_t *asn, unsigned count)
{
	static const enum community_name name[] = {COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER,
						   COMMUNITY_ANNOUNCE_TO_PEER,
						   COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY};
	struct policy *p = policy_new(count);
	ASSERT(p != NULL);
	p->generation = 1;
	for (unsigned i = 0; i < ARRAY_COUNT(name); i++) {
		struct community_pattern of = {.is_set = true,
					       .has_peer_as = community_info[name[i]].has_peer_as};
		of.field[0] = NAIVE_ASK + i;
		p->pattern[name[i]][COMMUNITY_STD] = p->pattern[name[i]][COMMUNITY_EXT] = of;
		of.field[0] = NAIVE_ASK_AS;
		of.field[1] = NAIVE_ASK + i;
		p->pattern[name[i]][COMMUNITY_LRG] = of;
	}
	for (unsigned i = 0; i < count; i++) {
		p->peer[i] = peer_policy_new();
		ASSERT(p->peer[i] != NULL);
		p->peer[i]->asn = asn[i];
	}
	bool is_whole = policy_finish(p);
	ASSERT(is_whole);
	return p;
}
