/* Views and lists of peers, turned into bits: see hears.h. */
#include "control/policy/hears.h"

#include <stdlib.h>
#include <string.h>

#include "control/policy/own.h"
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

static uint64_t *bits_of_heard(const struct policy_input *in, const struct config_client *receiver,
			       bool wants_own)
{
	uint64_t *bits = calloc((in->peer_count + 63) / 64, sizeof(*bits));
	ASSERT(bits != NULL);
	for (unsigned i = 0; i < in->peer_count; i++) {
		/* A number that nobody has is heard: who gets it begins with no difference.  And of
		 * ours each route has its own hearers. */
		if (in->client[i] == NULL || (!wants_own && hears(receiver, in->client[i]))) {
			bits_set(bits, i);
		}
	}
	return bits;
}

uint64_t *hears_new(const struct policy_input *in, peer_id_t peer)
{
	const struct config_client *receiver = in->client[peer];
	peer_id_t own = own_number(in);
	/* Who wants our own default alone hears no other. */
	bool wants_own = own != PEER_NONE && policy_conf_has_default(in->conf) &&
			 receiver->policy.route_view == ROUTE_VIEW_DEFAULT;
	if (!wants_own && hears_all(&receiver->policy)) {
		return NULL;
	}
	return bits_of_heard(in, receiver, wants_own);
}

uint64_t *hears_of_vacant(const struct policy_input *in, enum keep keep)
{
	static const struct config_client whose[KEEP_COUNT] = {
		[KEEP_CUSTOMERS_PEERS] = {.policy.route_view = ROUTE_VIEW_CUSTOMERS_PEERS},
		[KEEP_NONE] = {.policy.route_view = ROUTE_VIEW_NONE},
	};
	ASSERT(keep != KEEP_FULL);
	return bits_of_heard(in, &whose[keep], false);
}

/* Who has a view in which the customer's routes are, and no rule against it. */
static bool hears_originated(const struct policy_input *in, unsigned peer,
			     const struct policy_originated *o)
{
	const struct config_client *receiver = in->client[peer];
	struct config_client customer = {.asn = o->asn};
	bool is_default = o->asn == 0 && o->prefix.len == 0;
	if (receiver == NULL) {
		return false;
	}
	if (is_default || receiver->policy.route_view == ROUTE_VIEW_DEFAULT) {
		return is_default && receiver->policy.route_view == ROUTE_VIEW_DEFAULT;
	}
	customer.policy.tenant = (char *)(uintptr_t)o->tenant;
	bool takes_part = in->sources->grant != NULL && in->sources->grant[peer].hears_limited;
	return hears(receiver, &customer) &&
	       (!o->is_limited || takes_part || is_same_tenant(receiver, &customer));
}

void hearers_of(const struct policy_input *in, const struct policy_originated *o, uint64_t *bits)
{
	for (unsigned i = 0; i < in->peer_count; i++) {
		if (hears_originated(in, i, o)) {
			bits_set(bits, i);
		}
	}
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
