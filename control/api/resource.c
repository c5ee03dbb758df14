/* Looking at the registry's objects: lists and single ones. */
#include "control/api/resource.h"

#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/registry/field.h"
#include "rib/base/check.h"

#define SCAN_MAX 4000 /* Objects that one page looks at; a filter may find none among them. */

const struct registry *resource_registry(struct call *c)
{
	struct registrar *registrar = c->env->registrar;
	if (registrar == NULL) {
		call_fail(c, 404, "no-registry", "this server has no registry");
		return NULL;
	}
	if (registrar_state(registrar, NULL) == REGISTRAR_LOADING) {
		call_fail(c, 503, "loading", "the registry is being loaded");
		return NULL;
	}
	return registrar_registry(registrar);
}

enum registry_kind resource_kind(const struct call *c)
{
	enum registry_kind kind = REGISTRY_KIND_COUNT;
	bool is_known = registry_kind_parse(c->path + 1, &kind);
	ASSERT(is_known);
	return kind;
}

const struct registry_object *resource_object(struct call *c)
{
	const struct registry *r = resource_registry(c);
	if (r == NULL) {
		return NULL;
	}
	enum registry_kind kind = resource_kind(c);
	const struct registry_object *o = registry_get(r, kind, c->arg[0]);
	if (o == NULL || !registry_may_see(r, &c->who, o)) {
		call_fail(c, 404, "not-found", "there is no such %s", registry_kind_text(kind));
		return NULL;
	}
	return o;
}

const struct registry_object *resource_own_object(struct call *c)
{
	const struct registry_object *o = resource_object(c);
	if (o == NULL || c->who.role >= ROLE_OPERATOR) {
		return o;
	}
	const char *tenant = registry_tenant_of(o);
	if (tenant == NULL || strcmp(tenant, c->who.tenant.text) != 0) {
		call_fail(c, 403, "not-allowed", "this is not yours to change");
		return NULL;
	}
	return o;
}

/* What is shown of these depends on their evidence, too. */
static bool is_computed(enum registry_kind kind)
{
	return kind == REGISTRY_PREFIX || kind == REGISTRY_ASN;
}

static json_t *show(const struct call *c, const struct registry_object *o)
{
	return registry_show(registrar_registry(c->env->registrar),
			     registrar_rules(c->env->registrar), o, c->now_s);
}

void resource_answer(struct call *c, int status, const struct registry_object *o)
{
	c->revision = o->revision;
	c->state_revision =
		is_computed(o->kind) ? registry_revision(registrar_registry(c->env->registrar)) : 0;
	call_answer(c, status, show(c, o));
}

void serve_get(struct call *c)
{
	const struct registry_object *o = resource_object(c);
	if (o != NULL) {
		resource_answer(c, 200, o);
	}
}

/* --- Lists --- */

struct page {
	struct call *call;
	const struct registry *registry;
	enum registry_kind kind;
	uint64_t limit;
	unsigned scanned;
	json_t *items;
	char last[REGISTRY_ID_MAX]; /* That was looked at. */
	bool has_more;
};

/* Whether an object's member is what the query says of it: as JSON has it, or its text. */
static bool is_equal(const json_t *value, const char *wanted)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	bool is = json_is_string(value) ? strcmp(json_string_value(value), wanted) == 0
					: text != NULL && strcmp(text, wanted) == 0;
	free(text);
	return is;
}

static bool is_filter(const char *name)
{
	return strcmp(name, "limit") != 0 && strcmp(name, "cursor") != 0;
}

static bool is_wanted(const struct page *p, const struct registry_object *o)
{
	const struct call *c = p->call;
	bool is = true;
	json_t *json = NULL;
	for (unsigned i = 0; is && i < c->query_count; i++) {
		if (!is_filter(c->query[i].name)) {
			continue;
		}
		if (json == NULL) {
			json = registry_object_json(o, REGISTRY_VIEW_API);
		}
		is = is_equal(json_object_get(json, c->query[i].name), c->query[i].value);
	}
	json_decref(json);
	return is;
}

static bool add(void *context, const struct registry_object *o)
{
	struct page *p = context;
	if (json_array_size(p->items) == p->limit || p->scanned == SCAN_MAX) {
		p->has_more = true;
		return false;
	}
	p->scanned++;
	memcpy(p->last, o->id.text, sizeof(p->last));
	if (registry_may_see(p->registry, &p->call->who, o) && is_wanted(p, o)) {
		json_array_append_new(p->items, show(p->call, o));
	}
	return true;
}

/* The cursor is the id that was looked at last. */
static bool take_cursor(struct call *c, enum registry_kind kind, const char **out_after)
{
	enum registry_kind of = REGISTRY_KIND_COUNT;
	const char *cursor = call_query(c, "cursor");
	if (cursor != NULL && (!registry_kind_of_id(cursor, &of) || of != kind)) {
		call_fail(c, 400, "form", "'cursor' is not one of this list");
		return false;
	}
	*out_after = cursor;
	return true;
}

/* How many others have something out of a prefix is for those to know who see it: a tenant finds
 * its own out of another's among its own. */
static bool is_own_parent(const struct page *p, const char *parent)
{
	const struct registry_object *o = registry_get(p->registry, REGISTRY_PREFIX, parent);
	return p->call->who.role != ROLE_TENANT ||
	       (o != NULL && strcmp(registry_tenant_of(o), p->call->who.tenant.text) == 0);
}

/* What a tenant owns is found by its index; what it does not own but may see is shared by all, or
 * was delegated out of its own. */
static void walk(struct page *p, const char *after)
{
	const struct call *c = p->call;
	const char *parent = p->kind == REGISTRY_PREFIX ? call_query(c, "parent") : NULL;
	bool is_shared = p->kind == REGISTRY_SITE || p->kind == REGISTRY_TEMPLATE;
	const char *tenant =
		c->who.role == ROLE_TENANT ? c->who.tenant.text : call_query(c, "tenant");
	if (parent != NULL && is_own_parent(p, parent)) {
		registry_delegated(p->registry, parent, after, add, p);
		return;
	}
	registry_each(p->registry, p->kind, is_shared ? NULL : tenant, after, add, p);
}

/* Which kinds of proofs are shown is configured: no revision tells of that. */
static uint64_t state_of_list(const struct call *c, enum registry_kind kind)
{
	const struct registry_rules *rules = registrar_rules(c->env->registrar);
	return is_computed(kind) ? 1 + ((uint64_t)rules->evidence_accepted << 1 |
					(rules->has_aut_num ? 1U : 0U))
				 : 0;
}

void serve_list(struct call *c)
{
	struct page p = {.call = c, .registry = resource_registry(c)};
	const char *after = NULL;
	const struct call_range range = {1, CALL_LIMIT_MAX, CALL_LIMIT_DEFAULT};
	if (p.registry == NULL || !call_query_number(c, "limit", range, &p.limit)) {
		return;
	}
	p.kind = resource_kind(c);
	if (!take_cursor(c, p.kind, &after)) {
		return;
	}
	c->revision = registry_revision(p.registry);
	c->state_revision = state_of_list(c, p.kind);
	if (c->revision != 0 && call_is_known(c)) {
		call_answer(c, 200, NULL);
		return;
	}
	p.items = json_array();
	walk(&p, after);
	call_answer(c, 200,
		    json_pack("{s:o, s:o, s:I}", "items", p.items, "next_cursor",
			      p.has_more ? json_string(p.last) : json_null(), "revision",
			      (json_int_t)c->revision));
}

/* --- A document's data --- */

static void on_data(void *context, const char *data, const struct registry_error *error)
{
	struct call *c = context;
	if (error != NULL) {
		call_problem(c, error);
		return;
	}
	/* It may have gone while the store looked. */
	const struct registry_object *o = resource_object(c);
	if (o == NULL) {
		return;
	}
	json_t *json = show(c, o);
	json_object_set_new(json, "data", json_string(data));
	c->revision = o->revision;
	call_answer(c, 200, json);
}

static void forget(struct call *c)
{
	registrar_forget(c->env->registrar, c);
}

void serve_document(struct call *c)
{
	if (resource_object(c) != NULL) {
		c->gone = forget;
		registrar_document(c->env->registrar, c->arg[0], on_data, c);
	}
}
