/* The registry in memory: questions, and the fold of changes. */
#include "control/registry/registry_own.h"

#include <stdio.h>

#include "control/registry/change.h"
#include "control/registry/field.h"
#include "control/registry/memory.h"

struct registry *registry_new(void)
{
	struct registry *r = registry_alloc(1, sizeof(*r));
	r->index = keyset_new();
	return r;
}

static void free_objects(struct registry *r)
{
	for (unsigned kind = 0; kind < REGISTRY_KIND_COUNT; kind++) {
		struct key_cursor c = key_kind(TAG_OBJECT, (enum registry_kind)kind);
		struct keyset_walk w = keyset_from(r->index, &c.key);
		const struct registry_object *o;
		while ((o = keyset_next(&w, &c.key, c.len, NULL)) != NULL) {
			registry_object_free((struct registry_object *)(uintptr_t)o);
		}
	}
	keyset_free(r->index);
}

void registry_free(struct registry *r)
{
	if (r != NULL) {
		free_objects(r);
		free(r);
	}
}

uint64_t registry_revision(const struct registry *r)
{
	return r->revision;
}

const struct registry_object *registry_get(const struct registry *r, enum registry_kind kind,
					   const char *id)
{
	enum registry_kind found;
	if (!registry_kind_of_id(id, &found) || found != kind) {
		return NULL;
	}
	struct key_cursor c = key_kind(TAG_OBJECT, kind);
	key_id(&c, id);
	return keyset_get(r->index, &c.key);
}

/* The key of a kind's objects, of all tenants or of one. */
static struct key_cursor key_list(enum registry_kind kind, const char *tenant)
{
	struct key_cursor c =
		key_kind(tenant == NULL || kind == REGISTRY_TENANT ? TAG_OBJECT : TAG_TENANT, kind);
	if (tenant != NULL) {
		key_id(&c, tenant);
	}
	return c;
}

size_t registry_count(const struct registry *r, enum registry_kind kind, const char *tenant)
{
	struct key_cursor c = key_list(kind, tenant);
	return keyset_count_of(r->index, &c.key, c.len);
}

/* All keys that begin so, and end with an id: from behind `after` (NULL: from the first). */
static void walk_behind(const struct registry *r, const struct key_cursor *all, const char *after,
			registry_fn *fn, void *context)
{
	struct key_cursor from = *all;
	if (after != NULL && all->len + REGISTRY_ID_LEN < KEYSET_KEY_MAX) {
		key_id(&from, after);
		from.key.bytes[from.len] = 1; /* Behind it. */
	}
	struct keyset_walk w = keyset_from(r->index, &from.key);
	const struct registry_object *o;
	while ((o = keyset_next(&w, &all->key, all->len, NULL)) != NULL && fn(context, o)) {
	}
}

void registry_each(const struct registry *r, enum registry_kind kind, const char *tenant,
		   const char *after, registry_fn *fn, void *context)
{
	struct key_cursor all = key_list(kind, tenant);
	walk_behind(r, &all, after, fn, context);
}

static struct key_cursor key_prefix(const struct prefix *p, unsigned len)
{
	struct addr a = addr_make((enum family)p->family, p->bytes);
	struct prefix cut = prefix_make(&a, len);
	struct key_cursor c = key_of(TAG_PREFIX);
	key_u8(&c, cut.family);
	key_put(&c, cut.bytes, sizeof(cut.bytes));
	key_u8(&c, cut.len);
	return c;
}

void registry_prefixes_at(const struct registry *r, const struct prefix *p, registry_fn *fn,
			  void *context)
{
	const struct registry_object *o;
	for (unsigned len = 1; len <= p->len; len++) {
		if (r->len_count[p->family][len] == 0) {
			continue;
		}
		struct key_cursor c = key_prefix(p, len);
		struct keyset_walk w = keyset_from(r->index, &c.key);
		while ((o = keyset_next(&w, &c.key, c.len, NULL)) != NULL) {
			if (!fn(context, o)) {
				return;
			}
		}
	}
	/* What is longer and begins inside lies inside, and in one piece behind it. */
	struct key_cursor family = key_of(TAG_PREFIX);
	key_u8(&family, p->family);
	struct key_cursor behind = key_prefix(p, p->len);
	behind.key.bytes[behind.len - 1]++;
	struct keyset_walk w = keyset_from(r->index, &behind.key);
	while ((o = keyset_next(&w, &family.key, family.len, NULL)) != NULL) {
		if (!prefix_contains(p, &((const struct registry_prefix *)o)->prefix) ||
		    !fn(context, o)) {
			return;
		}
	}
}

void registry_evidence_of(const struct registry *r, const char *subject, registry_fn *fn,
			  void *context)
{
	struct key_cursor c = key_ref(TAG_SUBJECT, subject);
	registry_walk(r, &c, fn, context);
}

void registry_delegated(const struct registry *r, const char *parent, const char *after,
			registry_fn *fn, void *context)
{
	struct key_cursor all = key_ref(TAG_PARENT, parent);
	walk_behind(r, &all, after, fn, context);
}

bool registry_site_is(const struct registry *r, const char *id, const char *name)
{
	if (name == NULL) {
		return true;
	}
	const struct registry_object *o = registry_get(r, REGISTRY_SITE, id);
	return o != NULL && strcmp(((const struct registry_site *)o)->name, name) == 0;
}

const struct registry_session *registry_session_at(const struct registry *r, const struct addr *a)
{
	struct key_cursor c = key_addr(a);
	return (const struct registry_session *)registry_first(r, &c);
}

int64_t registry_due_s(const struct registry *r)
{
	const struct keyset_key *found;
	struct key_cursor c = key_of(TAG_DUE);
	struct keyset_walk w = keyset_from(r->index, &c.key);
	if (keyset_next(&w, &c.key, c.len, &found) == NULL) {
		return INT64_MAX;
	}
	uint64_t be;
	memcpy(&be, found->bytes + c.len, sizeof(be));
	return (int64_t)__builtin_bswap64(be);
}

bool registry_load_some(struct registry *r, const json_t *objects, char *why, size_t why_size)
{
	struct registry_error error;
	size_t i;
	const json_t *json;
	json_array_foreach((json_t *)(uintptr_t)objects, i, json)
	{
		const char *id = json_string_value(json_object_get(json, "id"));
		enum registry_kind kind;
		if (id == NULL || !registry_kind_of_id(id, &kind) ||
		    registry_get(r, kind, id) != NULL) {
			snprintf(why, why_size, "object %zu has no id of its own", i);
			return false;
		}
		struct registry_object *o = registry_object_from_json(kind, json, &error);
		if (o == NULL) {
			snprintf(why, why_size, "%s: %s: %s", id, error.pointer, error.text);
			return false;
		}
		registry_put(r, o);
	}
	return true;
}

void registry_load_end(struct registry *r, uint64_t revision)
{
	r->revision = revision;
}

bool registry_load(struct registry *r, uint64_t revision, const json_t *objects, char *why,
		   size_t why_size)
{
	struct registry fresh = {.index = keyset_new(), .revision = revision};
	if (!registry_load_some(&fresh, objects, why, why_size)) {
		free_objects(&fresh);
		return false;
	}
	free_objects(r);
	*r = fresh;
	return true;
}

/* Whether what is there is what the item says was there. */
static bool item_fits(const struct registry *r, const struct registry_item *it)
{
	const struct registry_object *o = registry_get(r, it->kind, it->id.text);
	if (it->before == NULL || o == NULL) {
		return it->before == NULL && o == NULL && it->after != NULL;
	}
	const json_t *revision = json_object_get(it->before, "revision");
	return (uint64_t)json_integer_value(revision) == o->revision;
}

/* The object behind an item; NULL: it is none, or another's. */
static struct registry_object *item_object(const struct registry_item *it)
{
	struct registry_error error;
	struct registry_object *o = registry_object_from_json(it->kind, it->after, &error);
	if (o != NULL && strcmp(o->id.text, it->id.text) != 0) {
		registry_object_free(o);
		return NULL;
	}
	return o;
}

bool registry_apply(struct registry *r, const struct registry_change *change)
{
	if (change->revision != r->revision + 1) {
		return false;
	}
	struct registry_object **after =
		registry_alloc(change->count, sizeof(struct registry_object *));
	bool is_good = true;
	for (size_t i = 0; is_good && i < change->count; i++) {
		const struct registry_item *it = &change->item[i];
		is_good = item_fits(r, it);
		if (is_good && it->after != NULL) {
			after[i] = item_object(it);
			is_good = after[i] != NULL;
		}
	}
	for (size_t i = 0; i < change->count; i++) {
		const struct registry_item *it = &change->item[i];
		if (!is_good) {
			registry_object_free(after[i]);
			continue;
		}
		if (it->before != NULL) {
			registry_object_free(registry_take(r, it->kind, it->id.text));
		}
		if (after[i] != NULL) {
			registry_put(r, after[i]);
		}
	}
	free(after);
	r->revision += is_good ? 1 : 0;
	return is_good;
}

void registry_rules_init(struct registry_rules *rules)
{
	*rules = (struct registry_rules){
		.len = {[FAMILY_IPV4] = {8, 24}, [FAMILY_IPV6] = {19, 48}},
		.evidence_accepted = (1u << EVIDENCE_TYPE_COUNT) - 1,
		.recheck_s = 3600,
		.drain_s = 900,
		.quota = {.asns = 10,
			  .prefixes = 1000,
			  .sessions = 20,
			  .routes_ipv4 = 10000,
			  .routes_ipv6 = 10000},
	};
	for (unsigned t = 0; t < EVIDENCE_TYPE_COUNT; t++) {
		rules->grace_s[t] = 86400;
	}
}
