/* Views and lists of peers, turned into bits: see hears.h. */
#include "control/policy/hears.h"

#include <stdlib.h>
#include <string.h>

#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/wire/role.h"

static bool has_addr(const struct addrs *addrs, const struct addr *a)
{
	for (unsigned i = 0; addrs != NULL && i < addrs->count; i++) {
		if (addr_equal(&addrs->addr[i], a)) {
			return true;
		}
	}
	return false;
}

static bool names_peer(const struct export_rules *r, const struct config_client *announcer)
{
	return asn_set_has(r->asns, announcer->asn) || has_addr(r->addrs, &announcer->ip);
}

static bool is_same_tenant(const struct config_client *a, const struct config_client *b)
{
	const char *x = a->policy.tenant, *y = b->policy.tenant;
	if (x == NULL || y == NULL) {
		return x == y && a->asn == b->asn;
	}
	return strcmp(x, y) == 0;
}

/* To a provider of ours we are the customer, RFC 9234 §4.1. */
static bool is_provider(const struct config_client *c)
{
	return c->session.has_role && c->session.role == ROLE_CUSTOMER;
}

static bool is_in_view(const struct config_client *receiver, const struct config_client *announcer)
{
	switch (receiver->policy.route_view) {
	case ROUTE_VIEW_CUSTOMERS_PEERS:
		return !is_provider(announcer);
	case ROUTE_VIEW_OWN_TENANT:
		return is_same_tenant(receiver, announcer);
	case ROUTE_VIEW_NONE:
		return false;
	default: /* FULL; DEFAULT is about prefixes. */
		return true;
	}
}

static bool hears(const struct config_client *receiver, const struct config_client *announcer)
{
	const struct client_policy *p = &receiver->policy;
	return is_in_view(receiver, announcer) &&
	       !(p->export_deny.has_peers && names_peer(&p->export_deny, announcer)) &&
	       (!p->export_allow.has_peers || names_peer(&p->export_allow, announcer));
}

static bool hears_all(const struct client_policy *p)
{
	return (p->route_view == ROUTE_VIEW_FULL || p->route_view == ROUTE_VIEW_DEFAULT) &&
	       !p->export_deny.has_peers && !p->export_allow.has_peers;
}

peer_id_t origin_of(const struct policy_input *in)
{
	peer_id_t last = (peer_id_t)(in->peer_count - 1);
	return policy_conf_has_default(in->conf) && in->client[last] == NULL ? last : PEER_NONE;
}

uint64_t *hears_new(const struct policy_input *in, peer_id_t peer)
{
	const struct config_client *receiver = in->client[peer];
	peer_id_t own = origin_of(in);
	bool wants_default = receiver->policy.route_view == ROUTE_VIEW_DEFAULT;
	if (own == PEER_NONE && hears_all(&receiver->policy)) {
		return NULL;
	}
	uint64_t *bits = calloc((in->peer_count + 63) / 64, sizeof(*bits));
	ASSERT(bits != NULL);
	for (unsigned i = 0; i < in->peer_count; i++) {
		/* Our own default is for those alone who want nothing else, and they hear no other.
		 * A number that nobody has is heard: who gets it begins with no difference. */
		bool is_client = in->client[i] != NULL;
		bool is_heard = i == own    ? wants_default
				: is_client ? !(own != PEER_NONE && wants_default) &&
						      hears(receiver, in->client[i])
					    : true;
		if (is_heard) {
			bits_set(bits, i);
		}
	}
	return bits;
}

/* A number that nobody has is sent nothing. */
uint64_t *limited_to_new(const struct policy_input *in, peer_id_t peer)
{
	const struct policy_grant *grant = in->sources->grant;
	if (grant == NULL || prefix_set_count(grant[peer].limited) == 0) {
		return NULL;
	}
	uint64_t *bits = calloc((in->peer_count + 63) / 64, sizeof(*bits));
	ASSERT(bits != NULL);
	for (unsigned i = 0; i < in->peer_count; i++) {
		if (in->client[i] != NULL &&
		    (grant[i].hears_limited || is_same_tenant(in->client[i], in->client[peer]))) {
			bits_set(bits, i);
		}
	}
	return bits;
}

struct prefix_set *export_deny_of(const struct client_policy *p)
{
	prefix_set_hold(p->export_deny.prefixes);
	return p->export_deny.prefixes;
}

struct prefix_set *export_allow_of(const struct client_policy *p)
{
	static const struct prefix_rule defaults[FAMILY_COUNT] = {
		{.prefix = {.family = FAMILY_IPV4}},
		{.prefix = {.family = FAMILY_IPV6}},
	};
	if (p->route_view == ROUTE_VIEW_DEFAULT) {
		struct prefix_set *set = prefix_set_new(defaults, ARRAY_COUNT(defaults));
		ASSERT(set != NULL);
		return set;
	}
	prefix_set_hold(p->export_allow.prefixes);
	return p->export_allow.prefixes;
}
