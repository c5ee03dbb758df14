/* The rules of one generation: see policy.h. */
#include "rib/policy/policy.h"

#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/policy/aspa.h"
#include "rib/policy/asn_set.h"
#include "rib/policy/index.h"
#include "rib/policy/own.h"
#include "rib/policy/prefix_set.h"
#include "rib/policy/roa.h"

struct policy *policy_new(unsigned peer_count)
{
	ASSERT(peer_count <= PEER_COUNT_MAX);
	struct policy *p = calloc(1, sizeof(*p) + peer_count * sizeof(p->peer[0]));
	if (p != NULL) {
		p->peer_count = peer_count;
	}
	return p;
}

bool policy_finish(struct policy *p)
{
	ASSERT(p->index == NULL);
	p->index = index_new(p);
	return p->index != NULL;
}

void policy_free(struct policy *p)
{
	if (p == NULL) {
		return;
	}
	for (unsigned i = 0; i < p->peer_count; i++) {
		peer_policy_put(p->peer[i]);
	}
	asn_set_put(p->transit_free);
	asn_set_put(p->never_via_rs);
	prefix_set_put(p->global_black);
	prefix_set_put(p->bogon);
	prefix_set_put(p->registrobr);
	roa_put(p->roa);
	aspa_put(p->aspa);
	own_routes_put(p->own);
	for (unsigned i = 0; i < VACANCIES; i++) {
		free(p->vacant[i].numbers);
		free(p->vacant[i].hears);
	}
	free(p->custom);
	free(p->rtt_threshold_ms);
	free(p->rtt_ms);
	index_free((struct policy_index *)(uintptr_t)p->index);
	free(p);
}

struct peer_policy *peer_policy_new(void)
{
	struct peer_policy *p = calloc(1, sizeof(*p));
	if (p != NULL) {
		p->refs = 1;
	}
	return p;
}

void peer_policy_hold(struct peer_policy *p)
{
	ASSERT(p->refs > 0);
	p->refs++;
}

void peer_policy_put(struct peer_policy *p)
{
	if (p == NULL) {
		return;
	}
	ASSERT(p->refs > 0);
	if (--p->refs > 0) {
		return;
	}
	struct prefix_set *const sets[] = {
		p->as_set_prefix, p->white_prefix, p->white_route, p->black,	    p->authorised,
		p->limited,	  p->draining,	   p->export_deny, p->export_allow,
	};
	for (unsigned i = 0; i < ARRAY_COUNT(sets); i++) {
		prefix_set_put(sets[i]);
	}
	asn_set_put(p->as_set);
	asn_set_put(p->white_asn);
	free(p->authorized);
	free(p->attach);
	free(p->hears);
	free(p->limited_to);
	free(p);
}
