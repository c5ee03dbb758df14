/* Customers' prefixes that we announce: see registry_origin.h. */
#include "control/daemon/registry_origin.h"

#include <stdlib.h>
#include <string.h>

#include "control/registry/life.h"
#include "rib/base/check.h"

struct origins {
	const struct registry *registry;
	const char *site;
	int64_t now_s;
	struct policy_originated *item;
	unsigned count, max;
};

/* Our site's name is the configuration's, prefixes have ids. */
static bool is_here(const struct origins *all, const struct registry_prefix *p)
{
	for (size_t i = 0; i < p->sites.count; i++) {
		if (registry_site_is(all->registry, p->sites.item[i].text, all->site)) {
			return true;
		}
	}
	return p->sites.count == 0;
}

static bool is_due(const struct origins *all, const struct registry_prefix *p)
{
	const struct registry_tenant *tenant = (const struct registry_tenant *)registry_get(
		all->registry, REGISTRY_TENANT, p->tenant.text);
	return p->is_originated && life_can_announce(p, all->now_s) &&
	       p->active_origins.count > 0 && tenant != NULL && tenant->is_enabled &&
	       is_here(all, p);
}

struct pool {
	const struct addr *addr;
	bool has; /* To give to the next session. */
};

static bool look_at_pool(void *context, const struct registry_object *o)
{
	struct pool *pool = context;
	const struct registry_site *site = (const struct registry_site *)o;
	const struct prefix *p =
		pool->addr->family == FAMILY_IPV4 ? &site->pool_ipv4 : &site->pool_ipv6;
	bool has = p->len > 0 && p->family == pool->addr->family && prefix_has_addr(p, pool->addr);
	for (size_t i = 0; has && i < site->reserved.count; i++) {
		has = !addr_equal(&site->reserved.item[i], pool->addr);
	}
	pool->has = pool->has || has;
	return !pool->has;
}

/* A session that went may have left its address to another: nobody is sent traffic of others. */
static bool is_hop_good(const struct origins *all, const struct registry_prefix *p,
			const struct addr *hop)
{
	const struct registry_session *s = registry_session_at(all->registry, hop);
	struct pool pool = {.addr = hop};
	if (s != NULL) {
		return strcmp(s->tenant.text, p->tenant.text) == 0;
	}
	registry_each(all->registry, REGISTRY_SITE, NULL, NULL, look_at_pool, &pool);
	return !pool.has;
}

/* In the customer's name; IPv4 with an IPv6 next hop is RFC 8950's. */
static bool add_origin(void *context, const struct registry_object *o)
{
	struct origins *all = context;
	const struct registry_prefix *p = (const struct registry_prefix *)o;
	bool has_ipv4 = p->prefix.family == FAMILY_IPV4 && !addr_is_zero(&p->next_hop_ipv4);
	const struct addr *hop = has_ipv4 ? &p->next_hop_ipv4 : &p->next_hop_ipv6;
	if (!is_due(all, p) || addr_is_zero(hop) || !is_hop_good(all, p, hop)) {
		return true;
	}
	if (all->count < all->max) {
		all->item[all->count] =
			(struct policy_originated){.prefix = p->prefix,
						   .next_hop = *hop,
						   .asn = p->active_origins.item[0],
						   .tenant = p->tenant.text,
						   .is_limited = p->state == PREFIX_LIMITED,
						   .is_draining = p->state == PREFIX_DRAINING};
	}
	all->count++;
	return true;
}

static int compare_origins(const void *a, const void *b)
{
	const struct policy_originated *x = a, *y = b;
	return prefix_cmp(&x->prefix, &y->prefix);
}

unsigned registry_origins(const struct registry *r, const char *site, int64_t now_s,
			  struct policy_originated *out, unsigned max)
{
	struct origins all = {.registry = r, .site = site, .now_s = now_s, .item = out, .max = max};
	unsigned kept = 0;
	registry_each(r, REGISTRY_PREFIX, NULL, NULL, add_origin, &all);
	if (all.count > max) {
		return all.count;
	}
	qsort(out, all.count, sizeof(*out), compare_origins);
	for (unsigned i = 0; i < all.count; i++) {
		if (kept == 0 || !prefix_equal(&out[kept - 1].prefix, &out[i].prefix)) {
			out[kept++] = out[i];
		}
	}
	return kept;
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

unsigned registry_origins_fit(struct policy_originated *item, unsigned count,
			      const struct prefix *before, unsigned before_count, unsigned max)
{
	unsigned left = max, kept = 0;
	bool *stays = calloc(count + 1, sizeof(*stays));
	ASSERT(stays != NULL);
	for (unsigned i = 0; i < count && left > 0 && before_count > 0; i++) {
		stays[i] = bsearch(&item[i].prefix, before, before_count, sizeof(*before),
				   compare_prefixes) != NULL;
		left -= stays[i];
	}
	for (unsigned i = 0; i < count; i++) {
		if (stays[i] || left > 0) {
			left -= !stays[i];
			item[kept++] = item[i];
		}
	}
	free(stays);
	return kept;
}

static bool is_originated(const json_t *prefix)
{
	return json_is_true(json_object_get(prefix, "is_originated"));
}

bool registry_origins_touched(const struct registry_change *change)
{
	for (size_t i = 0; change != NULL && i < change->count; i++) {
		const struct registry_item *item = &change->item[i];
		bool is_prefix = item->kind == REGISTRY_PREFIX &&
				 (is_originated(item->before) || is_originated(item->after));
		/* Sessions that come and go are whose the next hops are. */
		bool is_session = item->kind == REGISTRY_SESSION &&
				  (item->before == NULL || item->after == NULL);
		if (is_prefix || is_session || item->kind == REGISTRY_SITE ||
		    item->kind == REGISTRY_TENANT) {
			return true;
		}
	}
	return change == NULL;
}
