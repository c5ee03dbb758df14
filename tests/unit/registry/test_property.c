/* Thousands of random commands, and what must be true after each of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/registry/fix.h"

#define STEPS 600
#define KEPT  16 /* Changes that may still be undone. */

struct world {
	struct fix fix;
	struct prng prng;
	struct registry *shadow; /* Made of the changes' JSON alone. */
	struct registry_change *kept[KEPT];
	unsigned taken, refused, undone, irreversible, late;
};

static unsigned any(struct world *w, unsigned bound)
{
	return (unsigned)prng_below(&w->prng, bound);
}

struct pick {
	unsigned left;
	registry_id_t id;
};

static bool pick_one(void *context, const struct registry_object *o)
{
	struct pick *p = context;
	p->id = o->id;
	return p->left-- > 0;
}

/* A random object's id; of a kind that has none, one that nobody has. */
static const char *pick(struct world *w, enum registry_kind kind)
{
	static char text[REGISTRY_ID_MAX];
	size_t count = registry_count(w->fix.registry, kind, NULL);
	struct pick p = {.left = count == 0 ? 0 : any(w, (unsigned)count)};
	registry_each(w->fix.registry, kind, NULL, NULL, pick_one, &p);
	snprintf(text, sizeof(text), "%s", count == 0 ? "t-0000000000000" : p.id.text);
	return text;
}

static asn_t some_asn(struct world *w)
{
	return any(w, 8) == 0 ? 64512 + any(w, 3) : 4200 + any(w, 6);
}

static const char *some_prefix(struct world *w)
{
	static char text[PREFIX_TEXT_MAX];
	struct addr a = addr_v4(60u << 24 | any(w, 2) << 16 | any(w, 8) << 8);
	struct prefix p = prefix_make(&a, 18 + any(w, 7));
	return prefix_format(&p, text);
}

/* What names several others. */
static bool create_with(struct world *w, const char *tenant)
{
	char site[REGISTRY_ID_MAX], other[REGISTRY_ID_MAX];
	snprintf(site, sizeof(site), "%s", pick(w, REGISTRY_SITE));
	snprintf(other, sizeof(other), "%s", pick(w, REGISTRY_TEMPLATE));
	if (any(w, 2) == 0) {
		return fix_create(&w->fix, REGISTRY_SESSION,
				  "{'tenant': '%s', 'site': '%s', 'asn': %u, 'template': '%s'}",
				  tenant, site, some_asn(w), other);
	}
	return fix_create(&w->fix, REGISTRY_PREFIX,
			  "{'tenant': '%s', 'prefix': '%s', 'origins': [%u], 'sites': ['%s'],"
			  " 'is_originated': true, 'next_hop_ipv4': '198.18.0.%u'}",
			  tenant, some_prefix(w), any(w, 2) ? 64999 : some_asn(w), site,
			  1 + any(w, 4));
}

static bool create(struct world *w)
{
	char tenant[REGISTRY_ID_MAX], other[REGISTRY_ID_MAX];
	struct fix *f = &w->fix;
	snprintf(tenant, sizeof(tenant), "%s", pick(w, REGISTRY_TENANT));
	switch (any(w, 11)) {
	case 0:
		return fix_create(f, REGISTRY_TENANT, "{'name': 'n%u', 'mode': '%s'}", any(w, 5),
				  any(w, 2) ? "local" : "global");
	case 1:
		return fix_create(f, REGISTRY_ASN, "{'tenant': '%s', 'asn': %u}", tenant,
				  some_asn(w));
	case 2:
	case 3:
		return fix_create(f, REGISTRY_PREFIX,
				  "{'tenant': '%s', 'prefix': '%s', 'origins': [%u], "
				  "'max_length': null, 'announce': '%s'}",
				  tenant, some_prefix(w), some_asn(w), any(w, 2) ? "on" : "off");
	case 4:
		snprintf(other, sizeof(other), "%s", pick(w, REGISTRY_PREFIX));
		return fix_create(f, REGISTRY_PREFIX,
				  "{'tenant': '%s', 'prefix': '%s', 'origins': [%u], "
				  "'parent': '%s'}",
				  tenant, some_prefix(w), some_asn(w), other);
	case 5:
		return fix_create(f, REGISTRY_SITE,
				  "{'name': 's%u', 'pool_ipv4': '198.18.%u.0/28'}", any(w, 3),
				  any(w, 3));
	case 6:
		snprintf(other, sizeof(other), "%s", pick(w, REGISTRY_SITE));
		return fix_create(f, REGISTRY_SESSION,
				  "{'tenant': '%s', 'site': '%s', 'asn': %u, "
				  "'authentication': '%s'}",
				  tenant, other, some_asn(w), any(w, 2) ? "md5" : "none");
	case 7:
		return fix_create(f, REGISTRY_TEMPLATE, "{'name': 'm%u', 'hold_time': %u}",
				  any(w, 3), any(w, 100));
	case 8:
		return fix_create(f, REGISTRY_DOCUMENT,
				  "{'tenant': '%s', 'media_type': 'text/plain', 'data': 'QUJD'}",
				  tenant);
	case 9:
		return create_with(w, tenant);
	default:
		return fix_create(f, REGISTRY_TOKEN,
				  "{'tenant': '%s', 'role': 'tenant', 'name': 'x'}", tenant);
	}
}

static bool update(struct world *w)
{
	struct fix *f = &w->fix;
	switch (any(w, 10)) {
	case 5:
		return fix_update(f, pick(w, REGISTRY_TENANT), "{'quota': {'%s': %u}}",
				  any(w, 2) ? "prefixes" : "asns", 2 + any(w, 8));
	case 6:
		return fix_update(f, pick(w, REGISTRY_ASN), "{'asn_alias': %u}", 4200 + any(w, 3));
	case 7:
		return fix_update(f, pick(w, REGISTRY_PREFIX), "{'is_originated': %s}",
				  any(w, 2) ? "true" : "false");
	case 8:
		return fix_update(f, pick(w, REGISTRY_TENANT), "{'name': 'n%u', 'mode': '%s'}",
				  any(w, 5), any(w, 2) ? "local" : "global");
	case 0:
		return fix_update(f, pick(w, REGISTRY_TENANT), "{'is_enabled': %s}",
				  any(w, 2) ? "true" : "false");
	case 1:
		return fix_update(f, pick(w, REGISTRY_PREFIX), "{'max_length': %u}",
				  18 + any(w, 8));
	case 2:
		return fix_update(f, pick(w, REGISTRY_PREFIX), "{'origins': [%u, %u]}",
				  4200 + any(w, 3), 4203 + any(w, 3));
	case 3:
		return fix_update(f, pick(w, REGISTRY_PREFIX), "{'announce': '%s'}",
				  any(w, 2) ? "limited" : "off");
	case 4:
		return fix_update(f, pick(w, REGISTRY_PREFIX),
				  "{'not_after': '2026-12-%02uT00:00:00Z'}", 1 + any(w, 28));
	default:
		return fix_update(f, pick(w, REGISTRY_SESSION), "{'authentication': '%s'}",
				  any(w, 2) ? "md5" : "none");
	}
}

static bool act(struct world *w)
{
	static const char *const of_prefix[] = {"submit",  "announce", "withdraw", "drain",
						"release", "approve",  "announce", "check"};
	struct fix *f = &w->fix;
	switch (any(w, 8)) {
	case 0:
		return fix_act(f, pick(w, REGISTRY_ASN), any(w, 4) ? "approve" : "revoke", NULL);
	case 1:
		return fix_act(f, pick(w, REGISTRY_EVIDENCE), any(w, 2) ? "approve" : "reject",
			       NULL);
	case 2:
		return fix_act(f, pick(w, REGISTRY_SESSION), "key", NULL);
	default:
		return fix_act(f, pick(w, REGISTRY_PREFIX), of_prefix[any(w, 8)], NULL);
	}
}

static bool found(struct world *w)
{
	static const char *const results[] = {"valid",	 "valid",   "missing", "mismatch",
					      "invalid", "pending", "error",   "expired"};
	static const char *const types[] = {"roa", "irr", "dns", "letter"};
	return fix_found(&w->fix, pick(w, any(w, 4) ? REGISTRY_PREFIX : REGISTRY_ASN),
			 "{'type': '%s', 'result': '%s', 'detail': '%u', 'origins': [%s]}",
			 types[any(w, 4)], results[any(w, 8)], any(w, 3), any(w, 2) ? "4200" : "");
}

static bool delete (struct world *w)
{
	static const enum registry_kind kinds[] = {
		REGISTRY_PREFIX,   REGISTRY_ASN,      REGISTRY_SESSION,
		REGISTRY_SITE,	   REGISTRY_TENANT,   REGISTRY_TOKEN,
		REGISTRY_EVIDENCE, REGISTRY_DOCUMENT, REGISTRY_TEMPLATE};
	return fix_delete(&w->fix, pick(w, kinds[any(w, ARRAY_COUNT(kinds))]));
}

/* What an object belongs to, without when it was changed. */
static json_t *contents(const struct registry *r)
{
	json_t *all = fix_dump(r), *o;
	const char *id;
	json_object_foreach(all, id, o)
	{
		json_object_del(o, "revision");
		json_object_del(o, "updated_at");
	}
	return all;
}

static bool is_delegated_by(const struct fix *f, const struct registry_prefix *p,
			    const char *tenant)
{
	while (p != NULL) {
		if (strcmp(p->tenant.text, tenant) == 0) {
			return true;
		}
		p = fix_get_prefix(f, p->parent.text);
	}
	return false;
}

/* Written, read and written again it is the same. */
static void check_item(const struct registry_item *it)
{
	struct registry_error e;
	if (it->after == NULL) {
		return;
	}
	struct registry_object *o = registry_object_from_json(it->kind, it->after, &e);
	cr_assert(o != NULL, "%s: %s", e.pointer, e.text);
	struct registry_object *copy = registry_object_copy(o);
	json_t *again = registry_object_json(copy, REGISTRY_VIEW_STORE);
	if (it->kind == REGISTRY_DOCUMENT) { /* Its bytes are the store's. */
		json_object_set(again, "data", json_object_get(it->after, "data"));
	}
	cr_assert(json_equal(again, it->after), "%s", it->id.text);
	json_decref(again);
	registry_object_free(copy);
	registry_object_free(o);
}

/* Whether only what the registry itself moves has changed: a number that somebody gives up goes to
 * whoever waits for it. */
static bool is_moved(const struct registry_item *it)
{
	static const char *const moved[] = {"state",	  "reason",	   "since",
					    "due_at",	  "verified_at",   "revision",
					    "updated_at", "active_origins"};
	if (it->before == NULL || it->after == NULL) {
		return false;
	}
	json_t *before = json_copy(it->before), *after = json_copy(it->after);
	for (unsigned i = 0; i < ARRAY_COUNT(moved); i++) {
		json_object_del(before, moved[i]);
		json_object_del(after, moved[i]);
	}
	bool is_same = json_equal(before, after);
	json_decref(before);
	json_decref(after);
	return is_same;
}

/* A tenant has written only what is its own, and what is delegated out of its own. */
static void check_isolation(const struct fix *f)
{
	const struct registry_author *author = &f->change->author;
	for (size_t i = 0; author->role == ROLE_TENANT && i < f->change->count; i++) {
		const struct registry_item *it = &f->change->item[i];
		const json_t *side = it->before != NULL ? it->before : it->after;
		const char *tenant = json_string_value(json_object_get(side, "tenant"));
		const char *parent = json_string_value(json_object_get(side, "parent"));
		const char *subject = json_string_value(json_object_get(side, "subject"));
		bool is_itself = strcmp(it->id.text, author->tenant.text) == 0 && it->after != NULL;
		bool is_own =
			is_itself || (tenant != NULL && strcmp(tenant, author->tenant.text) == 0);
		cr_assert(is_own || is_moved(it) ||
				  (parent != NULL && is_delegated_by(f, fix_get_prefix(f, parent),
								     author->tenant.text)) ||
				  subject != NULL,
			  "%s of %s", it->id.text, tenant);
	}
}

static struct registry_change *copy_of(const struct registry_change *c)
{
	json_t *json = registry_change_json(c, REGISTRY_VIEW_STORE);
	struct registry_change *copy = registry_change_from_json(json);
	json_decref(json);
	return copy;
}

static void check_change(struct world *w)
{
	struct fix *f = &w->fix;
	if (f->change->count > 0 && f->change->author.role != ROLE_SYSTEM && any(w, 4) == 0) {
		struct registry_change **kept = &w->kept[any(w, KEPT)];
		registry_change_free(*kept);
		*kept = copy_of(f->change);
	}
	json_t *json = registry_change_json(f->change, REGISTRY_VIEW_STORE);
	struct registry_change *copy = registry_change_from_json(json);
	cr_assert(copy != NULL && registry_apply(w->shadow, copy));
	registry_change_free(copy);
	json_decref(json);
	for (size_t i = 0; i < f->change->count; i++) {
		check_item(&f->change->item[i]);
	}
	check_isolation(f);
	registry_check(f->registry);
	fix_check_whole(f);
	cr_assert(registry_due_s(f->registry) > f->now_s ||
			  registry_due_s(f->registry) == INT64_MAX ||
			  f->change->author.role != ROLE_SYSTEM,
		  "a tick left something that is due");
}

/* The first object that is not the same in both, for messages. */
static const char *difference(const json_t *a, json_t *b)
{
	static char text[3000];
	const char *id;
	json_t *o;
	json_object_foreach(b, id, o)
	{
		const json_t *was = json_object_get(a, id);
		if (was == NULL || !json_equal(was, o)) {
			char *first = json_dumps(was, JSON_SORT_KEYS);
			char *second = json_dumps(o, JSON_SORT_KEYS);
			snprintf(text, sizeof(text), "\n%s\n%s", first == NULL ? "-" : first,
				 second);
			free(first);
			free(second);
			return text;
		}
	}
	return json_object_size(a) == json_object_size(b) ? NULL : "something is missing";
}

static void check_quota(const struct world *w, const json_t *before)
{
	const struct whole whole = {
		.registry = w->fix.registry, .rules = &w->fix.rules, .now_s = w->fix.now_s};
	whole_check_quota(&whole, before);
}

/* Undone, all is as it was; undone again, all is as it had become. */
static void check_undo(struct world *w, const json_t *before)
{
	struct fix *f = &w->fix;
	if (f->change->author.role == ROLE_SYSTEM || f->change->count == 0) {
		return;
	}
	json_t *made = contents(f->registry);
	struct registry_change *first = copy_of(f->change);
	f->author = fix_operator();
	if (!fix_undo(f, first)) {
		w->irreversible++;
		/* What could not be made now does not come back: of a number that was revoked, or
		 * more than a quota that has been lowered; and what an undo brought back may
		 * be announced at once, if its number has been proven since. */
		bool is_known = strcmp(f->error.reason, "asn-unverified") == 0 ||
				strcmp(f->error.reason, "quota") == 0 ||
				strcmp(f->error.reason, "still-announced") == 0;
		cr_assert(is_known, "%s: %s", first->summary, f->error.text);
		registry_change_free(first);
		json_decref(made);
		return;
	}
	w->undone++;
	check_change(w);
	json_t *now = contents(f->registry);
	const char *other = difference(before, now);
	cr_assert(other == NULL, "%s: %s", first->summary, other);
	json_decref(now);
	struct registry_change *undo = copy_of(f->change);
	if (undo->count > 0) {
		cr_assert(fix_undo(f, undo), "%s: %s", undo->summary, f->error.text);
		check_change(w);
		now = contents(f->registry);
		other = difference(made, now);
		cr_assert(other == NULL, "%s: %s", undo->summary, other);
		json_decref(now);
	}
	registry_change_free(undo);
	registry_change_free(first);
	json_decref(made);
}

/* Whether a refusal to undo says what stands in its way: something has become otherwise, or could
 * not be made any more. */
static bool is_refusal(const struct registry_error *e)
{
	static const char *const reasons[] = {
		"changed-since", "asn-unverified", "not-unique",    "overlap-other-tenant",
		"in-use",	 "quota",	   "not-delegated", "still-announced",
		"not-found",	 "irreversible",   "address-taken", "asn-private",
		"not-allowed",	 "address-outside"};
	for (unsigned i = 0; i < ARRAY_COUNT(reasons); i++) {
		if (strcmp(e->reason, reasons[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Some change of long ago is undone, whatever has come of it since. */
static bool undo_late(struct world *w)
{
	const struct registry_change *c = w->kept[any(w, KEPT)];
	if (c == NULL || c->count == 0) {
		return false;
	}
	bool is_good = fix_undo(&w->fix, c);
	cr_assert(is_good || is_refusal(&w->fix.error), "%s: %s: %s", c->summary,
		  w->fix.error.reason, w->fix.error.text);
	w->late += is_good ? 1 : 0;
	return is_good;
}

static bool step(struct world *w)
{
	w->fix.author = any(w, 2) == 0 ? fix_operator() : fix_tenant(pick(w, REGISTRY_TENANT));
	switch (any(w, 13)) {
	case 12:
		return undo_late(w);
	case 0:
	case 1:
	case 2:
		return create(w);
	case 3:
	case 4:
		return update(w);
	case 5:
	case 6:
	case 7:
		return act(w);
	case 8:
	case 9:
		return found(w);
	default:
		return any(w, 6) == 0 && delete (w);
	}
}

/* Time passes and what is due is done, so that what follows comes of the next command alone. */
static void let_pass(struct world *w)
{
	int64_t seconds = any(w, 4) == 0 ? any(w, 40000) : 0;
	do {
		cr_assert(fix_tick(&w->fix, seconds));
		check_change(w);
		seconds = 0;
	} while (w->fix.change->count > 0);
}

static void run(uint64_t seed)
{
	struct world w = {.taken = 0};
	fix_init(&w.fix, seed);
	prng_init(&w.prng, seed);
	w.shadow = registry_new();
	for (unsigned i = 0; i < 3; i++) {
		char name[20];
		snprintf(name, sizeof(name), "seed%u", i);
		fix_customer(&w.fix, name, 4200 + i);
	}
	char why[200];
	json_t *all = fix_dump(w.fix.registry), *list = json_array(), *o;
	const char *id;
	json_object_foreach(all, id, o)
	{
		json_array_append(list, o);
	}
	cr_assert(
		registry_load(w.shadow, registry_revision(w.fix.registry), list, why, sizeof(why)),
		"%s", why);
	json_decref(list);
	json_decref(all);
	for (unsigned i = 0; i < STEPS; i++) {
		let_pass(&w);
		json_t *before = contents(w.fix.registry);
		if (step(&w)) {
			w.taken++;
			check_change(&w);
			check_quota(&w, before);
			check_undo(&w, before);
		} else {
			w.refused++;
		}
		json_decref(before);
	}
	json_t *a = fix_dump(w.fix.registry), *b = fix_dump(w.shadow);
	cr_assert(json_equal(a, b), "the changes make another registry");
	json_decref(a);
	json_decref(b);
	cr_assert(w.taken > STEPS / 12 && w.refused > STEPS / 6 && w.undone > STEPS / 40,
		  "%u taken, %u refused, %u undone", w.taken, w.refused, w.undone);
	fprintf(stderr,
		"seed %llu: %u taken, %u refused, %u undone, %u late, %u not; %zu prefixes\n",
		(unsigned long long)seed, w.taken, w.refused, w.undone, w.late, w.irreversible,
		registry_count(w.fix.registry, REGISTRY_PREFIX, NULL));
	registry_check(w.shadow);
	registry_free(w.shadow);
	for (unsigned i = 0; i < KEPT; i++) {
		registry_change_free(w.kept[i]);
	}
	fix_fini(&w.fix);
}

Test(registry, whatever_is_asked_of_it_a_registry_stays_whole)
{
	const char *first = getenv("REGISTRY_SEED"), *count = getenv("REGISTRY_SEEDS");
	uint64_t seed = first == NULL ? 1 : strtoull(first, NULL, 10);
	uint64_t seeds = count == NULL ? 3 : strtoull(count, NULL, 10);
	for (uint64_t i = 0; i < seeds; i++) {
		run(seed + i);
	}
}
