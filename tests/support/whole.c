/* What must be true of a registry whatever has been asked of it. */
#include "tests/support/whole.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/registry/check.h"

static void must(bool is_so, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void must(bool is_so, const char *format, ...)
{
	va_list args;
	if (is_so) {
		return;
	}
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

static const struct registry_prefix *get_prefix(const struct whole *w, const char *id)
{
	return (const struct registry_prefix *)registry_get(w->registry, REGISTRY_PREFIX, id);
}

static bool is_there(const struct whole *w, enum registry_kind kind, const char *id)
{
	return registry_get(w->registry, kind, id) != NULL;
}

static void check_origins(const struct whole *w, const struct registry_prefix *p)
{
	for (size_t i = 0; i < p->origins.count; i++) {
		asn_t origin = p->origins.item[i];
		must(settle_asn_of(w->registry, origin, p->tenant.text) != NULL ||
			     (p->is_originated && origin == w->rules->rs_as),
		     "%s: nobody has AS%u", p->object.id.text, origin);
	}
	for (size_t i = 0; i < p->active_origins.count; i++) {
		asn_t origin = p->active_origins.item[i];
		const struct registry_asn *a = settle_asn_of(w->registry, origin, p->tenant.text);
		must(a == NULL ? origin == w->rules->rs_as : a->state == ASN_VERIFIED,
		     "%s: AS%u is active", p->object.id.text, origin);
	}
	must(life_is_proven((enum prefix_state)p->state) || p->active_origins.count == 0,
	     "%s has active origins", p->object.id.text);
}

static void check_prefix_of(const struct whole *w, const struct registry_prefix *p)
{
	const struct registry_prefix *parent = get_prefix(w, p->parent.text);
	bool is_child = p->parent.text[0] != '\0' && p->state != PREFIX_RELEASED;
	check_origins(w, p);
	for (size_t i = 0; i < p->sites.count; i++) {
		must(is_there(w, REGISTRY_SITE, p->sites.item[i].text), "%s has lost a site",
		     p->object.id.text);
	}
	must(!is_child || (parent != NULL && parent->state != PREFIX_RELEASED &&
			   prefix_contains(&parent->prefix, &p->prefix)),
	     "%s has lost its parent", p->object.id.text);
}

static void check_session_of(const struct whole *w, const struct registry_session *s)
{
	must(is_there(w, REGISTRY_SITE, s->site.text), "%s has lost its site", s->object.id.text);
	must(s->template_id.text[0] == '\0' || is_there(w, REGISTRY_TEMPLATE, s->template_id.text),
	     "%s has lost its template", s->object.id.text);
	must(settle_asn_of(w->registry, s->asn, s->tenant.text) != NULL, "%s: nobody has AS%u",
	     s->object.id.text, s->asn);
	must(registry_session_at(w->registry, &s->address) == s, "an address twice");
	must((s->key[0] != '\0') == (s->options.authentication != SESSION_AUTH_NONE),
	     "%s: key and authentication", s->object.id.text);
}

static void check_evidence_of(const struct whole *w, const struct registry_evidence *e)
{
	enum registry_kind kind = REGISTRY_DOCUMENT;
	must(registry_kind_of_id(e->subject.text, &kind), "%s proves nothing", e->object.id.text);
	const struct registry_object *subject = registry_get(w->registry, kind, e->subject.text);
	must(subject != NULL, "%s proves nothing", e->object.id.text);
	must(strcmp(registry_tenant_of(subject), e->tenant.text) == 0, "%s is another's",
	     e->object.id.text);
	must(e->document.text[0] == '\0' || is_there(w, REGISTRY_DOCUMENT, e->document.text),
	     "%s has lost its document", e->object.id.text);
}

static bool is_holder(void *context, const struct registry_object *o)
{
	const struct registry_asn **holder = context;
	const struct registry_asn *a = (const struct registry_asn *)o;
	if (a->state == ASN_VERIFIED) {
		must(*holder == NULL, "AS%u has two holders", a->asn);
		*holder = a;
	}
	return true;
}

static void check_asn_of(const struct whole *w, const struct registry_asn *a)
{
	const struct registry_asn *holder = NULL;
	struct key_cursor c = key_asn(TAG_ASN, a->asn, NULL);
	registry_walk(w->registry, &c, is_holder, &holder);
}

static bool check_object_of(void *context, const struct registry_object *o)
{
	const struct whole *w = context;
	const char *tenant = registry_tenant_of(o);
	must(tenant == NULL || is_there(w, REGISTRY_TENANT, tenant), "%s is nobody's", o->id.text);
	switch (o->kind) {
	case REGISTRY_ASN:
		check_asn_of(w, (const struct registry_asn *)o);
		break;
	case REGISTRY_PREFIX:
		check_prefix_of(w, (const struct registry_prefix *)o);
		break;
	case REGISTRY_EVIDENCE:
		check_evidence_of(w, (const struct registry_evidence *)o);
		break;
	case REGISTRY_SESSION:
		check_session_of(w, (const struct registry_session *)o);
		break;
	default:
		break;
	}
	return true;
}

static bool is_delegated_by(const struct whole *w, const struct registry_prefix *p,
			    const char *tenant)
{
	while (p != NULL) {
		if (strcmp(p->tenant.text, tenant) == 0) {
			return true;
		}
		p = get_prefix(w, p->parent.text);
	}
	return false;
}

struct pair {
	const struct whole *whole;
	const struct registry_prefix *one;
};

static bool check_pair(void *context, const struct registry_object *o)
{
	const struct pair *v = context;
	const struct registry_prefix *a = v->one, *b = (const struct registry_prefix *)o;
	bool overlap = a != b && prefix_contains(&a->prefix, &b->prefix) &&
		       a->state != PREFIX_RELEASED && b->state != PREFIX_RELEASED;
	bool is_same = prefix_equal(&a->prefix, &b->prefix);
	bool is_own = strcmp(a->tenant.text, b->tenant.text) == 0;
	must(!overlap || (is_own && !is_same) ||
		     (!is_own && (is_delegated_by(v->whole, b, a->tenant.text) ||
				  (is_same && is_delegated_by(v->whole, a, b->tenant.text)))),
	     "%s and %s overlap", a->object.id.text, b->object.id.text);
	return true;
}

static bool check_pairs_of(void *context, const struct registry_object *o)
{
	struct pair v = {.whole = context, .one = (const struct registry_prefix *)o};
	registry_each(v.whole->registry, REGISTRY_PREFIX, NULL, NULL, check_pair, &v);
	return true;
}

struct ids {
	registry_id_t id[4000];
	size_t count;
};

static bool gather(void *context, const struct registry_object *o)
{
	struct ids *ids = context;
	must(ids->count < ARRAY_COUNT(ids->id), "too many");
	ids->id[ids->count++] = o->id;
	return true;
}

/* To settle each subject anew changes none; what is due only the next tick settles. */
static void check_settled(const struct whole *w)
{
	struct registry_error error;
	const struct registry_command c = {.now_s = w->now_s};
	struct ids ids = {.count = 0};
	struct tx t;
	if (registry_due_s(w->registry) <= w->now_s) {
		return;
	}
	registry_each(w->registry, REGISTRY_ASN, NULL, NULL, gather, &ids);
	registry_each(w->registry, REGISTRY_PREFIX, NULL, NULL, gather, &ids);
	tx_begin(&t, w->registry, w->rules, &c, &error);
	for (size_t i = 0; i < ids.count; i++) {
		settle(&t, ids.id[i].text);
	}
	struct registry_change *change = tx_end(&t, true);
	for (size_t i = 0; i < change->count; i++) {
		char *was = json_dumps(change->item[i].before, JSON_SORT_KEYS);
		char *is = json_dumps(change->item[i].after, JSON_SORT_KEYS);
		must(false, "it was not settled:\n%s\n%s", was, is);
	}
	registry_change_free(change);
}

void whole_check(const struct whole *w)
{
	void *context = (void *)(uintptr_t)w;
	for (unsigned kind = 0; kind < REGISTRY_KIND_COUNT; kind++) {
		registry_each(w->registry, (enum registry_kind)kind, NULL, NULL, check_object_of,
			      context);
	}
	registry_each(w->registry, REGISTRY_PREFIX, NULL, NULL, check_pairs_of, context);
	check_settled(w);
}

static size_t count_before(const json_t *before, char letter, const char *tenant)
{
	size_t count = 0;
	const char *id;
	json_t *o;
	json_object_foreach((json_t *)(uintptr_t)before, id, o)
	{
		const char *of = json_string_value(json_object_get(o, "tenant"));
		bool is_given = json_is_string(json_object_get(o, "parent"));
		count += id[0] == letter && of != NULL && strcmp(of, tenant) == 0 && !is_given;
	}
	return count;
}

struct counting {
	const struct whole *whole;
	const json_t *before;
};

/* What is delegated to it is no choice of its own. */
static bool count_own(void *context, const struct registry_object *o)
{
	size_t *count = context;
	*count += ((const struct registry_prefix *)o)->parent.text[0] == '\0' ? 1 : 0;
	return true;
}

static bool check_below(void *context, const struct registry_object *o)
{
	const struct counting *v = context;
	const struct registry *r = v->whole->registry;
	struct registry_quota q = check_quota_of(r, v->whole->rules, registry_tenant_of(o));
	size_t count = 0, before = 0;
	struct key_cursor c = key_ref(TAG_PARENT, o->id.text);
	struct keyset_walk w = keyset_from(r->index, &c.key);
	while (keyset_next(&w, &c.key, c.len, NULL) != NULL) {
		count++;
	}
	const char *id;
	json_t *was;
	json_object_foreach((json_t *)(uintptr_t)v->before, id, was)
	{
		const char *parent = json_string_value(json_object_get(was, "parent"));
		before += parent != NULL && strcmp(parent, o->id.text) == 0 ? 1 : 0;
	}
	must(count <= q.prefixes || count <= before, "%s has %zu prefixes delegated out of it",
	     o->id.text, count);
	return true;
}

static bool check_counts(void *context, const struct registry_object *o)
{
	const struct counting *v = context;
	const struct registry *r = v->whole->registry;
	struct registry_quota q = check_quota_of(r, v->whole->rules, o->id.text);
	const struct {
		enum registry_kind kind;
		uint32_t max;
		char letter;
	} all[] = {{REGISTRY_ASN, q.asns, 'a'},
		   {REGISTRY_PREFIX, q.prefixes, 'p'},
		   {REGISTRY_SESSION, q.sessions, 'n'}};
	for (unsigned i = 0; i < ARRAY_COUNT(all); i++) {
		size_t count = registry_count(r, all[i].kind, o->id.text);
		if (all[i].kind == REGISTRY_PREFIX) {
			count = 0;
			registry_each(r, REGISTRY_PREFIX, o->id.text, NULL, count_own, &count);
		}
		must(count <= all[i].max ||
			     count <= count_before(v->before, all[i].letter, o->id.text),
		     "%s has %zu %s of %u", o->id.text, count, registry_kind_plural(all[i].kind),
		     all[i].max);
	}
	return true;
}

void whole_check_quota(const struct whole *w, const json_t *before)
{
	struct counting v = {.whole = w, .before = before};
	registry_each(w->registry, REGISTRY_TENANT, NULL, NULL, check_counts, &v);
	registry_each(w->registry, REGISTRY_PREFIX, NULL, NULL, check_below, &v);
}
