/* What an object may be: names, owners, quotas, tokens; who may write it, and when it may go. */
#include "control/registry/check.h"

bool check_not_found(struct tx *t, const char *pointer, const char *id)
{
	return registry_fail(t->error, pointer[0] == '\0' ? 404 : 422, "not-found", pointer,
			     "There is no %.40s.", id);
}

struct named {
	const struct registry_object *own;
	const char *name;
	bool is_found;
};

static const char *name_of(const struct registry_object *o)
{
	switch (o->kind) {
	case REGISTRY_TENANT:
		return ((const struct registry_tenant *)o)->name;
	case REGISTRY_SITE:
		return ((const struct registry_site *)o)->name;
	default:
		return ((const struct registry_template *)o)->name;
	}
}

static bool has_name(void *context, const struct registry_object *o)
{
	struct named *n = context;
	n->is_found = strcmp(o->id.text, n->own->id.text) != 0 && strcmp(name_of(o), n->name) == 0;
	return !n->is_found;
}

static bool check_name(struct tx *t, const struct registry_object *o)
{
	struct named n = {.own = o, .name = name_of(o)};
	struct key_cursor c = key_name(o->kind, n.name);
	registry_walk(t->registry, &c, has_name, &n);
	if (n.is_found) {
		return registry_fail(t->error, 409, "not-unique", "/name",
				     "Another %s is called %s.", registry_kind_text(o->kind),
				     n.name);
	}
	return true;
}

static bool find_private(void *context, const struct registry_object *o)
{
	const struct registry_object **found = context;
	*found = registry_asn_is_private(((const struct registry_asn *)o)->asn) ? o : NULL;
	return *found == NULL;
}

static bool check_tenant(struct tx *t, const struct registry_tenant *n)
{
	const struct registry_object *found = NULL;
	if (n->mode == MODE_GLOBAL) {
		registry_each(t->registry, REGISTRY_ASN, n->object.id.text, NULL, find_private,
			      &found);
	}
	if (found != NULL) {
		return registry_fail(t->error, 409, "asn-private", "/mode",
				     "The tenant has a private AS number: %s.", found->id.text);
	}
	return check_name(t, &n->object);
}

static bool check_pool(struct tx *t, const struct prefix *pool, uint8_t family, const char *where)
{
	if (pool->len != 0 && pool->family != family) {
		return registry_fail(t->error, 422, "form", where,
				     "The pool is of the other "
				     "family than its name says.");
	}
	return true;
}

static bool check_server(struct tx *t, const struct addr *a, uint8_t family, const char *where)
{
	if (!addr_is_zero(a) && a->family != family) {
		return registry_fail(t->error, 422, "form", where,
				     "The address is of the other "
				     "family than its name says.");
	}
	return true;
}

static bool check_site(struct tx *t, const struct registry_site *s)
{
	return check_name(t, &s->object) &&
	       check_pool(t, &s->pool_ipv4, FAMILY_IPV4, "/pool_ipv4") &&
	       check_pool(t, &s->pool_ipv6, FAMILY_IPV6, "/pool_ipv6") &&
	       check_server(t, &s->server_ipv4, FAMILY_IPV4, "/server_ipv4") &&
	       check_server(t, &s->server_ipv6, FAMILY_IPV6, "/server_ipv6");
}

static bool check_token(struct tx *t, const struct registry_token *k,
			const struct registry_token *before)
{
	bool is_tenants = k->tenant.text[0] != '\0';
	bool is_ended = k->expires_s != 0 && k->expires_s <= t->now_s;
	if (is_tenants != (k->role == TOKEN_TENANT)) {
		return registry_fail(
			t->error, 422, "form", "/role",
			"A token of a tenant has the role tenant, and only such a one.");
	}
	if (is_ended && (before == NULL || before->expires_s != k->expires_s)) {
		return registry_fail(t->error, 422, "form", "/expires_at",
				     "expires_at has passed already.");
	}
	return true;
}

static const struct {
	size_t at; /* In the quota; SIZE_MAX: `max`. */
	uint32_t max;
} quotas[REGISTRY_KIND_COUNT] = {
	[REGISTRY_ASN] = {offsetof(struct registry_quota, asns), 0},
	[REGISTRY_PREFIX] = {offsetof(struct registry_quota, prefixes), 0},
	[REGISTRY_SESSION] = {offsetof(struct registry_quota, sessions), 0},
	[REGISTRY_TOKEN] = {SIZE_MAX, 100},
	[REGISTRY_DOCUMENT] = {SIZE_MAX, 200},
};

static void take_default(uint32_t *value, uint32_t of_rules)
{
	*value = *value == 0 ? of_rules : *value;
}

struct registry_quota check_quota_of(const struct registry *r, const struct registry_rules *rules,
				     const char *tenant)
{
	const struct registry_tenant *n =
		(const struct registry_tenant *)registry_get(r, REGISTRY_TENANT, tenant);
	struct registry_quota q = n == NULL ? (struct registry_quota){.asns = 0} : n->quota;
	take_default(&q.asns, rules->quota.asns);
	take_default(&q.prefixes, rules->quota.prefixes);
	take_default(&q.sessions, rules->quota.sessions);
	take_default(&q.routes_ipv4, rules->quota.routes_ipv4);
	take_default(&q.routes_ipv6, rules->quota.routes_ipv6);
	return q;
}

static size_t count_of(const struct tx *t, enum index_tag tag, const char *id)
{
	struct key_cursor c = key_ref(tag, id);
	return keyset_count_of(t->registry->index, &c.key, c.len);
}

/* What is delegated is no choice of who gets it: it counts for the one that it is delegated out
 * of. */
static bool check_room_below(struct tx *t, const char *parent)
{
	const struct registry_object *o = tx_get(t, REGISTRY_PREFIX, parent);
	if (o == NULL) {
		return true; /* check_prefix() says so. */
	}
	struct registry_quota q = check_quota_of(t->registry, t->rules, registry_tenant_of(o));
	if (count_of(t, TAG_PARENT, parent) >= q.prefixes) {
		return registry_fail(t->error, 409, "quota", "/parent",
				     "%u prefixes are delegated out of %s, as many as its tenant "
				     "may have.",
				     q.prefixes, parent);
	}
	return true;
}

static bool check_room(struct tx *t, const struct registry_object *o)
{
	const char *tenant = registry_tenant_of(o);
	const char *parent =
		o->kind == REGISTRY_PREFIX ? ((const struct registry_prefix *)o)->parent.text : "";
	if (parent[0] != '\0') {
		return check_room_below(t, parent);
	}
	if (tenant == NULL ||
	    (quotas[o->kind].max == 0 && quotas[o->kind].at == 0 && o->kind != REGISTRY_ASN)) {
		return true;
	}
	struct registry_quota q = check_quota_of(t->registry, t->rules, tenant);
	uint32_t max = quotas[o->kind].max;
	if (quotas[o->kind].at != SIZE_MAX) {
		memcpy(&max, (const char *)&q + quotas[o->kind].at, sizeof(max));
	}
	size_t count = registry_count(t->registry, o->kind, tenant);
	if (o->kind == REGISTRY_PREFIX) {
		count -= count_of(t, TAG_GIVEN, tenant);
	}
	if (count >= max) {
		return registry_fail(t->error, 409, "quota", "",
				     "The tenant has %u %s, as many as "
				     "it may have.",
				     max, registry_kind_plural(o->kind));
	}
	return true;
}

/* What it says is about something, and a letter that it rests on is there. */
static bool check_evidence(struct tx *t, const struct registry_evidence *e)
{
	enum registry_kind kind = REGISTRY_EVIDENCE;
	bool is_subject = registry_kind_of_id(e->subject.text, &kind) &&
			  (kind == REGISTRY_ASN || kind == REGISTRY_PREFIX);
	if (!is_subject || tx_get(t, kind, e->subject.text) == NULL) {
		return check_not_found(t, "/subject", e->subject.text);
	}
	if (e->document.text[0] != '\0' && tx_get(t, REGISTRY_DOCUMENT, e->document.text) == NULL) {
		return check_not_found(t, "/document", e->document.text);
	}
	return true;
}

static bool check_owner(struct tx *t, const struct registry_object *o)
{
	const char *tenant = registry_tenant_of(o);
	if (tenant == NULL || o->kind == REGISTRY_TENANT) {
		return true;
	}
	const struct registry_author *author = &t->command->author;
	bool is_own = author->role != ROLE_TENANT || strcmp(author->tenant.text, tenant) == 0;
	/* A holder delegates to another tenant; check_prefix.c has the rest. */
	bool is_delegated = o->kind == REGISTRY_PREFIX &&
			    ((const struct registry_prefix *)o)->parent.text[0] != '\0';
	if ((!is_own && !is_delegated) || tx_get(t, REGISTRY_TENANT, tenant) == NULL) {
		return check_not_found(t, "/tenant", tenant);
	}
	return true;
}

bool check_object(struct tx *t, const struct registry_object *o,
		  const struct registry_object *before)
{
	if (before == NULL && (!check_owner(t, o) || !check_room(t, o))) {
		return false;
	}
	switch (o->kind) {
	case REGISTRY_TENANT:
		return check_tenant(t, (const struct registry_tenant *)o);
	case REGISTRY_ASN:
		return check_asn(t, (const struct registry_asn *)o,
				 (const struct registry_asn *)before);
	case REGISTRY_PREFIX:
		return check_prefix(t, (const struct registry_prefix *)o,
				    (const struct registry_prefix *)before);
	case REGISTRY_EVIDENCE:
		return check_evidence(t, (const struct registry_evidence *)o);
	case REGISTRY_SITE:
		return check_site(t, (const struct registry_site *)o);
	case REGISTRY_TEMPLATE:
		return check_name(t, o);
	case REGISTRY_SESSION:
		return check_session(t, (const struct registry_session *)o,
				     (const struct registry_session *)before);
	case REGISTRY_TOKEN:
		return check_token(t, (const struct registry_token *)o,
				   (const struct registry_token *)before);
	default:
		return true;
	}
}

static bool in_use(struct tx *t, const struct registry_object *o, const struct key_cursor *c)
{
	const struct registry_object *user = registry_first(t->registry, c);
	if (user == NULL) {
		return true;
	}
	return registry_fail(t->error, 409, "in-use", "", "%s is used by %s.", o->id.text,
			     user->id.text);
}

static bool check_delete_tenant(struct tx *t, const struct registry_object *o)
{
	static const enum registry_kind kinds[] = {REGISTRY_SESSION, REGISTRY_PREFIX, REGISTRY_ASN};
	for (unsigned i = 0; i < ARRAY_COUNT(kinds); i++) {
		struct key_cursor c = key_kind(TAG_TENANT, kinds[i]);
		key_id(&c, o->id.text);
		if (!in_use(t, o, &c)) {
			return false;
		}
	}
	return true;
}

bool check_delete(struct tx *t, const struct registry_object *o)
{
	const struct registry_prefix *p = (const struct registry_prefix *)o;
	const struct registry_asn *a = (const struct registry_asn *)o;
	struct key_cursor used = key_ref(TAG_USE, o->id.text);
	struct key_cursor children = key_ref(TAG_PARENT, o->id.text);
	switch (o->kind) {
	case REGISTRY_TENANT:
		return check_delete_tenant(t, o);
	case REGISTRY_ASN:
		children = key_asn(TAG_ORIGIN, a->asn, a->tenant.text);
		used = key_asn(TAG_SESSION_ASN, a->asn, a->tenant.text);
		return in_use(t, o, &used) && in_use(t, o, &children);
	case REGISTRY_PREFIX:
		if (life_is_announced((enum prefix_state)p->state)) {
			return registry_fail(t->error, 409, "still-announced", "",
					     "The prefix is still announced.");
		}
		return in_use(t, o, &children);
	default:
		return in_use(t, o, &used);
	}
}

/* The holder of a prefix may end what it has delegated: take it back, but change nothing else. */
static bool may_revoke(const struct tx *t, const struct registry_object *o)
{
	const struct registry_command *c = t->command;
	const struct registry_prefix *p = (const struct registry_prefix *)o;
	bool is_ending = c->verb == VERB_DELETE ||
			 (c->verb == VERB_ACTION && c->action != NULL &&
			  (strcmp(c->action, "withdraw") == 0 || strcmp(c->action, "drain") == 0 ||
			   strcmp(c->action, "release") == 0));
	return is_ending && o->kind == REGISTRY_PREFIX &&
	       registry_may_see(t->registry, &c->author, &p->object);
}

bool check_author(struct tx *t, const struct registry_object *o)
{
	const struct registry_author *author = &t->command->author;
	const char *tenant = registry_tenant_of(o);
	if (author->role == ROLE_OPERATOR || author->role == ROLE_SYSTEM) {
		return true;
	}
	if (author->role == ROLE_TENANT) {
		bool is_own = tenant != NULL && strcmp(tenant, author->tenant.text) == 0;
		if (is_own || may_revoke(t, o)) {
			return true;
		}
	}
	if (!registry_may_see(t->registry, author, o)) {
		return check_not_found(t, "", o->id.text);
	}
	return registry_fail(t->error, 403, "not-allowed", "", "Only an operator may change %s.",
			     o->id.text);
}
