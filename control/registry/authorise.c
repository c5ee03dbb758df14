/* What a session may announce now. */
#include "control/registry/authorise.h"

#include "control/registry/change.h"
#include "control/registry/check.h"
#include "control/registry/memory.h"

/* Routes beside those of the authorisations that a member may have: host routes to be dropped under
 * them, and the old more-specifics of a move. */
#define SPARE_ROUTES 100
/* No authorisation counts for more: a /16 with maxLength 24 is not meant as 511 routes. */
#define ROUTES_MAX 1024

struct rules_of { /* Rules that are being gathered. */
	struct prefix_rule *rule;
	size_t count, room;
};

struct granting {
	const struct registry_session *session;
	int64_t now_s;
	struct rules_of all, limited, draining;
	uint64_t routes[FAMILY_COUNT];
};

static void add_rule(struct rules_of *r, const struct prefix_rule *rule)
{
	if (r->count == r->room) {
		r->room = r->room == 0 ? 16 : r->room * 2;
		r->rule = realloc(r->rule, r->room * sizeof(*r->rule));
		ASSERT(r->rule != NULL);
	}
	r->rule[r->count++] = *rule;
}

static bool is_for_site(const struct registry_prefix *p, const struct registry_session *s)
{
	for (size_t i = 0; i < p->sites.count; i++) {
		if (strcmp(p->sites.item[i].text, s->site.text) == 0) {
			return true;
		}
	}
	return p->sites.count == 0;
}

static uint64_t routes_in(const struct registry_prefix *p)
{
	unsigned bits = p->max_length - p->prefix.len;
	return bits >= 10 ? ROUTES_MAX : (UINT64_C(2) << bits) - 1;
}

static bool grant_prefix(void *context, const struct registry_object *o)
{
	struct granting *g = context;
	const struct registry_prefix *p = (const struct registry_prefix *)o;
	enum prefix_state state = (enum prefix_state)p->state;
	if (!life_can_announce(p, g->now_s) || !is_for_site(p, g->session)) {
		return true;
	}
	for (size_t i = 0; i < p->active_origins.count; i++) {
		struct prefix_rule rule = {.prefix = p->prefix,
					   .ge = p->prefix.len,
					   .le = (uint8_t)p->max_length,
					   .origin = p->active_origins.item[i]};
		add_rule(&g->all, &rule);
		if (state == PREFIX_LIMITED) {
			add_rule(&g->limited, &rule);
		} else if (state == PREFIX_DRAINING) {
			add_rule(&g->draining, &rule);
		}
	}
	g->routes[p->prefix.family] += routes_in(p);
	return true;
}

/* The set of the rules, or the one there was if it is the same. */
static struct prefix_set *set_of(struct rules_of *rules, struct prefix_set *before)
{
	struct prefix_set *set = NULL;
	if (rules->count > 0) {
		set = prefix_set_new(rules->rule, rules->count);
		ASSERT(set != NULL);
	}
	free(rules->rule);
	if (before != NULL && set != NULL && prefix_set_equal(before, set)) {
		prefix_set_put(set);
		prefix_set_hold(before);
		return before;
	}
	return set;
}

static uint32_t max_prefix(const struct granting *g, enum family family, uint32_t given,
			   uint32_t quota)
{
	uint64_t routes = g->routes[family] + SPARE_ROUTES;
	if (given != 0) {
		return given;
	}
	return (uint32_t)min_u64(routes, quota);
}

void registry_grant(const struct registry *r, const struct registry_rules *rules,
		    const struct registry_session *s, int64_t now_s,
		    const struct registry_grant *before, struct registry_grant *out)
{
	static const struct registry_grant nothing;
	struct granting g = {.session = s, .now_s = now_s};
	const struct registry_tenant *tenant =
		(const struct registry_tenant *)registry_get(r, REGISTRY_TENANT, s->tenant.text);
	struct registry_quota quota = check_quota_of(r, rules, s->tenant.text);
	before = before == NULL ? &nothing : before;
	if (tenant != NULL && tenant->is_enabled) {
		registry_each(r, REGISTRY_PREFIX, s->tenant.text, NULL, grant_prefix, &g);
	}
	*out = (struct registry_grant){
		.authorised = set_of(&g.all, before->authorised),
		.limited = set_of(&g.limited, before->limited),
		.draining = set_of(&g.draining, before->draining),
		.max_prefix = {max_prefix(&g, FAMILY_IPV4, s->options.max_prefix_ipv4,
					  quota.routes_ipv4),
			       max_prefix(&g, FAMILY_IPV6, s->options.max_prefix_ipv6,
					  quota.routes_ipv6)},
	};
}

bool registry_grant_of_kin(const struct registry_session *s, const struct registry_session *kin,
			   const struct registry_grant *of_kin, struct registry_grant *out)
{
	if (strcmp(s->tenant.text, kin->tenant.text) != 0 ||
	    strcmp(s->site.text, kin->site.text) != 0 ||
	    s->options.max_prefix_ipv4 != kin->options.max_prefix_ipv4 ||
	    s->options.max_prefix_ipv6 != kin->options.max_prefix_ipv6) {
		return false;
	}
	prefix_set_hold(of_kin->authorised);
	prefix_set_hold(of_kin->limited);
	prefix_set_hold(of_kin->draining);
	*out = *of_kin;
	return true;
}

void registry_grant_put(struct registry_grant *g)
{
	prefix_set_put(g->authorised);
	prefix_set_put(g->limited);
	prefix_set_put(g->draining);
	*g = (struct registry_grant){.authorised = NULL};
}

struct overdue {
	int64_t now_s, next_s;
	unsigned count;
};

static bool look_at_time(void *context, const struct registry_object *o)
{
	struct overdue *all = context;
	const struct registry_prefix *p = (const struct registry_prefix *)o;
	if (life_is_announced((enum prefix_state)p->state) && p->not_after_s != 0) {
		if (!life_can_announce(p, all->now_s)) {
			all->count++;
		} else if (p->not_after_s < all->next_s) {
			all->next_s = p->not_after_s;
		}
	}
	return true;
}

unsigned registry_overdue(const struct registry *r, int64_t now_s, int64_t *out_next_s)
{
	struct overdue all = {.now_s = now_s, .next_s = INT64_MAX};
	registry_each(r, REGISTRY_PREFIX, NULL, NULL, look_at_time, &all);
	*out_next_s = all.next_s;
	return all.count;
}

/* Ids that a change touches, each once. */
struct touching {
	const struct registry *registry;
	struct keyset *seen; /* Tenants and sessions. */
	void (*fn)(void *context, const char *id, const struct registry_session *s);
	void *context;
};

static bool is_first(const struct touching *t, const char *id)
{
	static const struct registry_object mark;
	struct key_cursor c = key_ref(TAG_OBJECT, id);
	if (keyset_get(t->seen, &c.key) != NULL) {
		return false;
	}
	keyset_add(t->seen, &c.key, &mark);
	return true;
}

static bool touch_session(void *context, const struct registry_object *o)
{
	const struct touching *t = context;
	if (is_first(t, o->id.text)) {
		t->fn(t->context, o->id.text, (const struct registry_session *)o);
	}
	return true;
}

static void touch_tenant(struct touching *t, const json_t *side, const char *member)
{
	const char *tenant = json_string_value(json_object_get(side, member));
	if (tenant != NULL && is_first(t, tenant)) {
		registry_each(t->registry, REGISTRY_SESSION, tenant, NULL, touch_session, t);
	}
}

static void touch_item(struct touching *t, const struct registry_item *it)
{
	const struct registry_object *o = registry_get(t->registry, it->kind, it->id.text);
	struct key_cursor users = key_ref(TAG_USE, it->id.text);
	switch (it->kind) {
	case REGISTRY_TENANT:
		touch_tenant(t, it->after, "id");
		break;
	case REGISTRY_ASN:
	case REGISTRY_PREFIX:
		touch_tenant(t, it->before, "tenant");
		touch_tenant(t, it->after, "tenant");
		break;
	case REGISTRY_SITE:
		if (o != NULL) {
			struct keyset_walk w = keyset_from(t->registry->index, &users.key);
			const struct registry_object *user;
			while ((user = keyset_next(&w, &users.key, users.len, NULL)) != NULL) {
				if (user->kind == REGISTRY_SESSION) {
					touch_session(t, user);
				}
			}
		}
		break;
	case REGISTRY_SESSION:
		if (o != NULL) {
			touch_session(t, o);
		} else if (is_first(t, it->id.text)) {
			t->fn(t->context, it->id.text, NULL);
		}
		break;
	default:
		break;
	}
}

void registry_touched(const struct registry *r, const struct registry_change *change,
		      void (*fn)(void *context, const char *id, const struct registry_session *s),
		      void *context)
{
	struct touching t = {.registry = r, .seen = keyset_new(), .fn = fn, .context = context};
	for (size_t i = 0; i < change->count; i++) {
		touch_item(&t, &change->item[i]);
	}
	keyset_free(t.seen);
}
