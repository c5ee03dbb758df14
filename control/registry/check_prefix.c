/* What a prefix may be: its form, whose the addresses are, and who delegates them. */
#include "control/registry/check.h"

#include <stdio.h>

#define CHAIN_MAX 8 /* Delegations behind one another. */

static bool check_length(struct tx *t, const struct registry_prefix *p)
{
	const struct registry_rules *rules = t->rules;
	uint8_t min = rules->len[p->prefix.family].min, max = rules->len[p->prefix.family].max;
	char text[PREFIX_TEXT_MAX];
	prefix_format(&p->prefix, text);
	if (p->prefix.len < min) {
		return registry_fail(t->error, 422, "too-short", "/prefix",
				     "%s is shorter than /%u.", text, min);
	}
	if (p->prefix.len > max) {
		return registry_fail(t->error, 422, "too-specific", "/prefix",
				     "%s is longer than /%u.", text, max);
	}
	if (p->max_length < p->prefix.len || p->max_length > max) {
		return registry_fail(t->error, 422, "too-specific", "/max_length",
				     "max_length of %s has to be from %u to %u.", text,
				     p->prefix.len, max);
	}
	if (prefix_set_match(rules->bogons, &p->prefix, 0, NULL)) {
		return registry_fail(t->error, 422, "bogon", "/prefix", "%s is a bogon.", text);
	}
	return true;
}

static bool has_origin(const struct registry_prefix *p, asn_t origin)
{
	for (size_t i = 0; p != NULL && i < p->origins.count; i++) {
		if (p->origins.item[i] == origin) {
			return true;
		}
	}
	return false;
}

/* What it had already may stay, whatever has become of the number; but the server's own is an
 * origin only of what the server announces. */
static bool check_origins(struct tx *t, const struct registry_prefix *p,
			  const struct registry_prefix *before)
{
	char pointer[40];
	for (size_t i = 0; i < p->origins.count; i++) {
		asn_t origin = p->origins.item[i];
		bool is_ours = p->is_originated && origin == t->rules->rs_as;
		if (has_origin(before, origin) && (is_ours || origin != t->rules->rs_as)) {
			continue;
		}
		const struct registry_asn *a = settle_asn_of(t->registry, origin, p->tenant.text);
		if ((a == NULL || a->state == ASN_REVOKED) && !is_ours) {
			snprintf(pointer, sizeof(pointer), "/origins/%zu", i);
			return registry_fail(t->error, 422, "asn-unverified", pointer,
					     "AS%u is not registered for the tenant.", origin);
		}
	}
	return true;
}

static bool check_window(struct tx *t, const struct registry_prefix *p)
{
	if (p->not_before_s != 0 && p->not_after_s != 0 && p->not_before_s >= p->not_after_s) {
		return registry_fail(t->error, 422, "form", "/not_after",
				     "not_after has to be later than not_before.");
	}
	return true;
}

static bool check_sites(struct tx *t, const struct registry_prefix *p)
{
	char pointer[40];
	for (size_t i = 0; i < p->sites.count; i++) {
		if (tx_get(t, REGISTRY_SITE, p->sites.item[i].text) == NULL) {
			snprintf(pointer, sizeof(pointer), "/sites/%zu", i);
			return check_not_found(t, pointer, p->sites.item[i].text);
		}
	}
	return true;
}

static bool check_hop(struct tx *t, const struct registry_prefix *p, const struct addr *hop,
		      const char *pointer)
{
	const struct registry_session *s = registry_session_at(t->registry, hop);
	char text[ADDR_TEXT_MAX];
	if (addr_is_zero(hop) || t->command->author.role != ROLE_TENANT ||
	    (s != NULL && strcmp(s->tenant.text, p->tenant.text) == 0)) {
		return true;
	}
	return registry_fail(t->error, 422, "address-outside", pointer,
			     "%s is not the address of a session of the tenant's.",
			     addr_format(hop, text));
}

/* Whom the server sends traffic to must be the tenant itself; an operator may say otherwise. */
static bool check_originated(struct tx *t, const struct registry_prefix *p,
			     const struct registry_prefix *before)
{
	bool is_ipv4 = p->prefix.family == FAMILY_IPV4;
	bool has_hop =
		!addr_is_zero(&p->next_hop_ipv6) || (is_ipv4 && !addr_is_zero(&p->next_hop_ipv4));
	const char *pointer = is_ipv4 ? "/next_hop_ipv4" : "/next_hop_ipv6";
	if (before != NULL && before->is_originated == p->is_originated &&
	    addr_equal(&before->next_hop_ipv4, &p->next_hop_ipv4) &&
	    addr_equal(&before->next_hop_ipv6, &p->next_hop_ipv6)) {
		return true;
	}
	if (p->is_originated && !has_hop) {
		return registry_fail(t->error, 422, "missing-member", pointer,
				     "A prefix that the server originates needs a next hop.");
	}
	if ((!addr_is_zero(&p->next_hop_ipv4) && p->next_hop_ipv4.family != FAMILY_IPV4) ||
	    (!addr_is_zero(&p->next_hop_ipv6) && p->next_hop_ipv6.family != FAMILY_IPV6)) {
		return registry_fail(t->error, 422, "form", pointer,
				     "A next hop is of the other family than its name says.");
	}
	return check_hop(t, p, &p->next_hop_ipv4, "/next_hop_ipv4") &&
	       check_hop(t, p, &p->next_hop_ipv6, "/next_hop_ipv6");
}

static const struct registry_prefix *parent_of(const struct tx *t, const struct registry_prefix *p)
{
	return p->parent.text[0] == '\0' ? NULL : tx_get(t, REGISTRY_PREFIX, p->parent.text);
}

/* Whether a prefix is delegated, over however many steps, out of one of a tenant's. */
static bool is_delegated_by(const struct tx *t, const struct registry_prefix *p, const char *tenant)
{
	const struct registry_prefix *up = parent_of(t, p);
	for (unsigned i = 0; up != NULL && i < CHAIN_MAX; i++) {
		if (strcmp(up->tenant.text, tenant) == 0) {
			return true;
		}
		up = parent_of(t, up);
	}
	return false;
}

struct overlap {
	const struct tx *tx;
	const struct registry_prefix *own;
	const struct registry_prefix *found;
	bool is_twice; /* It is the tenant's own, and the same. */
};

static bool overlaps(void *context, const struct registry_object *o)
{
	struct overlap *v = context;
	const struct registry_prefix *p = (const struct registry_prefix *)o, *own = v->own;
	bool is_own = strcmp(p->tenant.text, own->tenant.text) == 0;
	bool is_itself = strcmp(o->id.text, own->object.id.text) == 0;
	if (p->state == PREFIX_RELEASED || is_itself) {
		return true;
	}
	if (is_own) {
		v->is_twice = prefix_equal(&p->prefix, &own->prefix);
		v->found = v->is_twice ? p : NULL;
		return !v->is_twice;
	}
	bool may_be =
		(p->prefix.len <= own->prefix.len && is_delegated_by(v->tx, own, p->tenant.text)) ||
		(p->prefix.len >= own->prefix.len && is_delegated_by(v->tx, p, own->tenant.text));
	v->found = may_be ? NULL : p;
	return may_be;
}

static bool check_overlap(struct tx *t, const struct registry_prefix *p)
{
	struct overlap v = {.tx = t, .own = p};
	char text[PREFIX_TEXT_MAX], other[PREFIX_TEXT_MAX];
	registry_prefixes_at(t->registry, &p->prefix, overlaps, &v);
	if (v.found == NULL) {
		return true;
	}
	prefix_format(&p->prefix, text);
	if (v.is_twice) {
		return registry_fail(t->error, 409, "not-unique", "/prefix",
				     "%s is registered already: %s.", text,
				     v.found->object.id.text);
	}
	return registry_fail(t->error, 409, "overlap-other-tenant", "/prefix",
			     "%s overlaps with %s, which is another tenant's.", text,
			     prefix_format(&v.found->prefix, other));
}

static bool check_parent(struct tx *t, const struct registry_prefix *p)
{
	const struct registry_author *author = &t->command->author;
	const struct registry_prefix *parent = parent_of(t, p);
	unsigned links = 0;
	if (p->parent.text[0] == '\0') {
		return true;
	}
	bool is_holder = parent != NULL && (author->role != ROLE_TENANT ||
					    strcmp(parent->tenant.text, author->tenant.text) == 0);
	if (!is_holder) {
		return check_not_found(t, "/parent", p->parent.text);
	}
	for (const struct registry_prefix *up = parent; up != NULL; up = parent_of(t, up)) {
		links++;
	}
	if (strcmp(parent->tenant.text, p->tenant.text) == 0 || links > CHAIN_MAX ||
	    !prefix_contains(&parent->prefix, &p->prefix) || parent->state == PREFIX_RELEASED) {
		return registry_fail(t->error, 422, "not-delegated", "/parent",
				     "The prefix has to lie inside the one of another tenant that"
				     " it is delegated out of (at most %u times over).",
				     CHAIN_MAX);
	}
	return true;
}

bool check_prefix(struct tx *t, const struct registry_prefix *p,
		  const struct registry_prefix *before)
{
	bool is_new = before == NULL || before->state == PREFIX_RELEASED;
	if (!check_length(t, p) || !check_window(t, p) || !check_sites(t, p) ||
	    !check_originated(t, p, before)) {
		return false;
	}
	if (p->state == PREFIX_RELEASED) {
		return true;
	}
	return check_origins(t, p, before) &&
	       (!is_new || (check_parent(t, p) && check_overlap(t, p)));
}
