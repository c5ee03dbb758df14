/* The keys that an object has in the index, and objects going in and out. */
#include "control/registry/registry_own.h"

#include "control/registry/memory.h"
#include "rib/base/hash.h"

struct key_cursor key_of(enum index_tag tag)
{
	struct key_cursor c = {.len = 0};
	key_u8(&c, (uint8_t)tag);
	return c;
}

struct key_cursor key_kind(enum index_tag tag, enum registry_kind kind)
{
	struct key_cursor c = key_of(tag);
	key_u8(&c, (uint8_t)kind);
	return c;
}

struct key_cursor key_name(enum registry_kind kind, const char *name)
{
	struct key_cursor c = key_kind(TAG_NAME, kind);
	key_u64(&c, hash_bytes(name, strlen(name), 0));
	return c;
}

struct key_cursor key_asn(enum index_tag tag, asn_t asn, const char *tenant)
{
	struct key_cursor c = key_of(tag);
	key_u64(&c, asn);
	if (tenant != NULL) {
		key_id(&c, tenant);
	}
	return c;
}

struct key_cursor key_addr(const struct addr *a)
{
	struct key_cursor c = key_of(TAG_ADDRESS);
	key_u8(&c, a->family);
	key_put(&c, a->bytes, sizeof(a->bytes));
	return c;
}

struct key_cursor key_ref(enum index_tag tag, const char *id)
{
	struct key_cursor c = key_of(tag);
	key_id(&c, id);
	return c;
}

/* What is done with each key of an object. */
struct keying {
	struct registry *registry;
	const struct registry_object *object;
	bool is_added;
};

/* The key is this and the object's id. */
static void key(const struct keying *k, struct key_cursor c)
{
	key_id(&c, k->object->id.text);
	if (k->is_added) {
		keyset_add(k->registry->index, &c.key, k->object);
	} else {
		keyset_remove(k->registry->index, &c.key);
	}
}

static void key_due(const struct keying *k, int64_t due_s)
{
	if (due_s != 0) {
		struct key_cursor c = key_of(TAG_DUE);
		key_u64(&c, (uint64_t)due_s);
		key(k, c);
	}
}

static void key_use(const struct keying *k, const registry_id_t *used)
{
	if (used->text[0] != '\0') {
		key(k, key_ref(TAG_USE, used->text));
	}
}

static void keys_of_asn(const struct keying *k, const struct registry_asn *a)
{
	key(k, key_asn(TAG_ASN, a->asn, NULL));
	if (a->asn_alias != 0) {
		key(k, key_asn(TAG_ALIAS, a->asn_alias, NULL));
	}
	key_due(k, a->due_s);
}

static void keys_of_prefix(const struct keying *k, const struct registry_prefix *p)
{
	struct key_cursor c = key_of(TAG_PREFIX);
	key_u8(&c, p->prefix.family);
	key_put(&c, p->prefix.bytes, sizeof(p->prefix.bytes));
	key_u8(&c, p->prefix.len);
	key(k, c);
	k->registry->len_count[p->prefix.family][p->prefix.len] += k->is_added ? 1u : ~0u;
	for (size_t i = 0; i < p->origins.count; i++) {
		key(k, key_asn(TAG_ORIGIN, p->origins.item[i], p->tenant.text));
	}
	for (size_t i = 0; i < p->sites.count; i++) {
		key_use(k, &p->sites.item[i]);
	}
	if (p->parent.text[0] != '\0') {
		key(k, key_ref(TAG_PARENT, p->parent.text));
		key(k, key_ref(TAG_GIVEN, p->tenant.text));
	}
	key_due(k, p->due_s);
}

static void keys_of_evidence(const struct keying *k, const struct registry_evidence *e)
{
	struct key_cursor c = key_ref(TAG_SUBJECT, e->subject.text);
	key_u8(&c, e->type);
	key(k, c);
	key_use(k, &e->document);
}

static void keys_of_session(const struct keying *k, const struct registry_session *s)
{
	key(k, key_addr(&s->address));
	key(k, key_asn(TAG_SESSION_ASN, s->asn, s->tenant.text));
	key_use(k, &s->site);
	key_use(k, &s->template_id);
	key_due(k, s->old_key_until_s);
}

static void keys_of_kind(const struct keying *k)
{
	const struct registry_object *o = k->object;
	switch (o->kind) {
	case REGISTRY_TENANT:
		key(k, key_name(o->kind, ((const struct registry_tenant *)o)->name));
		break;
	case REGISTRY_ASN:
		keys_of_asn(k, (const struct registry_asn *)o);
		break;
	case REGISTRY_PREFIX:
		keys_of_prefix(k, (const struct registry_prefix *)o);
		break;
	case REGISTRY_EVIDENCE:
		keys_of_evidence(k, (const struct registry_evidence *)o);
		break;
	case REGISTRY_SITE:
		key(k, key_name(o->kind, ((const struct registry_site *)o)->name));
		break;
	case REGISTRY_TEMPLATE:
		key(k, key_name(o->kind, ((const struct registry_template *)o)->name));
		break;
	case REGISTRY_SESSION:
		keys_of_session(k, (const struct registry_session *)o);
		break;
	default:
		break;
	}
}

static void keys_walk(const struct keying *k)
{
	const struct registry_object *o = k->object;
	const char *tenant = registry_tenant_of(o);
	key(k, key_kind(TAG_OBJECT, o->kind));
	if (tenant != NULL && o->kind != REGISTRY_TENANT) {
		struct key_cursor c = key_kind(TAG_TENANT, o->kind);
		key_id(&c, tenant);
		key(k, c);
	}
	keys_of_kind(k);
}

void registry_put(struct registry *r, struct registry_object *o)
{
	keys_walk(&(struct keying){.registry = r, .object = o, .is_added = true});
}

struct registry_object *registry_take(struct registry *r, enum registry_kind kind, const char *id)
{
	const struct registry_object *o = registry_get(r, kind, id);
	ASSERT(o != NULL);
	keys_walk(&(struct keying){.registry = r, .object = o, .is_added = false});
	return (struct registry_object *)(uintptr_t)o; /* Its maker's again, to change or free. */
}

void registry_walk(const struct registry *r, const struct key_cursor *c, registry_fn *fn,
		   void *context)
{
	struct keyset_walk w = keyset_from(r->index, &c->key);
	const struct registry_object *o;
	while ((o = keyset_next(&w, &c->key, c->len, NULL)) != NULL && fn(context, o)) {
	}
}

const struct registry_object *registry_first(const struct registry *r, const struct key_cursor *c)
{
	struct keyset_walk w = keyset_from(r->index, &c->key);
	return keyset_next(&w, &c->key, c->len, NULL);
}

static bool put_again(void *context, const struct registry_object *o)
{
	keys_walk(&(struct keying){.registry = context, .object = o, .is_added = true});
	return true;
}

void registry_check(const struct registry *r)
{
	struct registry again = {.index = keyset_new()};
	const struct keyset_key *a, *b;
	const struct key_cursor all = {.len = 0};
	for (unsigned kind = 0; kind < REGISTRY_KIND_COUNT; kind++) {
		registry_each(r, (enum registry_kind)kind, NULL, NULL, put_again, &again);
	}
	ASSERT(keyset_count(r->index) == keyset_count(again.index));
	struct keyset_walk wa = keyset_from(r->index, &all.key);
	struct keyset_walk wb = keyset_from(again.index, &all.key);
	for (size_t i = 0; i < keyset_count(r->index); i++) {
		const struct registry_object *of_a = keyset_next(&wa, &all.key, 0, &a);
		const struct registry_object *of_b = keyset_next(&wb, &all.key, 0, &b);
		ASSERT(of_a == of_b && of_a != NULL);
		ASSERT(memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0);
	}
	ASSERT(memcmp(r->len_count, again.len_count, sizeof(r->len_count)) == 0);
	keyset_free(again.index);
}
