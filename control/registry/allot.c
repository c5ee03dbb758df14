/* Addresses out of a site's pools.
 *
 * The first free one: sessions lie in the index in the order of their addresses, so the search
 * walks along them until it finds a gap.  It looks at as many addresses as there are sessions in
 * the pool, and at no more than ALLOT_TRIES that the configuration has taken. */
#include "control/registry/allot.h"

#include "control/registry/check.h"

#define ALLOT_TRIES 65536

static void next_addr(struct addr *a)
{
	for (size_t i = family_bytes(a->family); i-- > 0;) {
		if (++a->bytes[i] != 0) {
			return;
		}
	}
}

/* RFC 919: the first and the last are the network's and everyone's; RFC 3021 has it that a /31 has
 * neither.  RFC 4291 §2.6.1: the first of a subnet is any router's. */
static bool is_special(const struct prefix *pool, const struct addr *a)
{
	struct addr first = addr_make((enum family)pool->family, pool->bytes);
	struct addr next = *a;
	if (pool->len >= family_bits(pool->family) - 1) {
		return false;
	}
	next_addr(&next);
	return addr_equal(a, &first) || (a->family == FAMILY_IPV4 && !prefix_has_addr(pool, &next));
}

static bool is_ours(const struct tx *t, const struct registry_site *site, const struct addr *a)
{
	for (size_t i = 0; i < t->rules->server_addr_count; i++) {
		if (addr_equal(&t->rules->server_addr[i], a)) {
			return true;
		}
	}
	for (size_t i = 0; i < site->reserved.count; i++) {
		if (addr_equal(&site->reserved.item[i], a)) {
			return true;
		}
	}
	return addr_equal(&site->server_ipv4, a) || addr_equal(&site->server_ipv6, a);
}

static bool is_taken(const struct tx *t, const struct addr *a)
{
	return t->rules->is_taken != NULL && t->rules->is_taken(t->rules->context, a);
}

/* The pool that a session's address comes from: of its family; if it carries both, of IPv6 where
 * there is one, for IPv4 can go over IPv6 (RFC 8950) and not the other way round on a LAN. */
static const struct prefix *pool_of(const struct registry_site *site, uint32_t families)
{
	bool has_ipv4 = (families & REGISTRY_FAMILY_BIT(FAMILY_IPV4)) != 0;
	bool has_ipv6 = (families & REGISTRY_FAMILY_BIT(FAMILY_IPV6)) != 0;
	if ((has_ipv6 && site->pool_ipv6.len != 0) || (has_ipv6 && !has_ipv4)) {
		return &site->pool_ipv6;
	}
	if (!has_ipv4 && site->pool_ipv4.len == 0) {
		return &site->pool_ipv6;
	}
	return &site->pool_ipv4;
}

/* The first address of the pool that may be given; false: there is none. */
static bool find_free(const struct tx *t, const struct registry_site *site,
		      const struct prefix *pool, struct addr *out)
{
	struct addr a = addr_make((enum family)pool->family, pool->bytes);
	struct key_cursor from = key_addr(&a), all = key_of(TAG_ADDRESS);
	struct keyset_walk w = keyset_from(t->registry->index, &from.key);
	const struct registry_object *next = keyset_next(&w, &all.key, all.len, NULL);
	for (unsigned tries = 0; tries < ALLOT_TRIES && prefix_has_addr(pool, &a); next_addr(&a)) {
		const struct registry_session *s = (const struct registry_session *)next;
		if (s != NULL && addr_equal(&s->address, &a)) {
			next = keyset_next(&w, &all.key, all.len, NULL);
			continue;
		}
		if (!is_special(pool, &a) && !is_ours(t, site, &a) && !is_taken(t, &a)) {
			*out = a;
			return true;
		}
		tries++;
	}
	return false;
}

bool allot_address(struct tx *t, struct registry_session *s)
{
	const struct registry_site *site = tx_get(t, REGISTRY_SITE, s->site.text);
	if (site == NULL) {
		return check_not_found(t, "/site", s->site.text);
	}
	const struct prefix *pool = pool_of(site, s->families);
	if (pool->len != 0 && find_free(t, site, pool, &s->address)) {
		return true;
	}
	return registry_fail(t->error, 409, "pool-exhausted", "/address",
			     "Site %s has no free address for this session.", site->name);
}

bool allot_check(struct tx *t, const struct registry_session *s)
{
	const struct registry_site *site = tx_get(t, REGISTRY_SITE, s->site.text);
	const struct addr *a = &s->address;
	const struct prefix *pool = a->family == FAMILY_IPV4 ? &site->pool_ipv4 : &site->pool_ipv6;
	char text[ADDR_TEXT_MAX];
	addr_format(a, text);
	if (registry_session_at(t->registry, a) != NULL || is_taken(t, a) || is_ours(t, site, a)) {
		return registry_fail(t->error, 409, "address-taken", "/address",
				     "%s is taken or reserved.", text);
	}
	if (addr_is_multicast(a) || addr_is_loopback(a) || addr_is_link_local(a)) {
		return registry_fail(t->error, 422, "form", "/address",
				     "%s is no address that a session can have.", text);
	}
	bool is_inside = pool->len != 0 && prefix_has_addr(pool, a) && !is_special(pool, a);
	if (!is_inside && t->command->author.role == ROLE_TENANT) {
		return registry_fail(t->error, 422, "address-outside", "/address",
				     "%s is not one of the pool of site %s.", text, site->name);
	}
	return true;
}
