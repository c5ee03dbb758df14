/* A registry under test. */
#include "tests/unit/registry/fix.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void seeded(void *context, void *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		((uint8_t *)out)[i] = (uint8_t)prng_u64(context);
	}
}

void fix_init(struct fix *f, uint64_t seed)
{
	memset(f, 0, sizeof(*f));
	f->registry = registry_new();
	registry_rules_init(&f->rules);
	prng_init(&f->prng, seed);
	f->rules.random = seeded;
	f->rules.random_context = &f->prng;
	f->rules.rs_as = 64999;
	f->now_s = START_S;
	f->author = fix_operator();
}

void fix_fini(struct fix *f)
{
	registry_change_free(f->change);
	registry_free(f->registry);
}

struct registry_author fix_operator(void)
{
	return (struct registry_author){
		.kind = AUTHOR_SOCKET, .role = ROLE_OPERATOR, .name = "root"};
}

struct registry_author fix_tenant(const char *id)
{
	struct registry_author a = {.kind = AUTHOR_TOKEN, .role = ROLE_TENANT, .name = "portal"};
	snprintf(a.tenant.text, sizeof(a.tenant.text), "%s", id);
	return a;
}

/* The object that a change made first, of the command's kind. */
static void note_made(struct fix *f, const struct registry_command *c)
{
	for (size_t i = 0; i < f->change->count; i++) {
		const struct registry_item *it = &f->change->item[i];
		if (it->before == NULL && it->kind == c->kind) {
			f->made = it->id;
			return;
		}
	}
}

/* What a dry run says, and what is done, of the same dice: the same. */
static bool plan_twice(struct fix *f, const struct registry_command *c,
		       struct registry_change **out)
{
	struct registry_change *dry = NULL;
	struct prng dice = f->prng;
	bool is_good = registry_plan(f->registry, &f->rules, c, &dry, &f->error);
	f->prng = dice;
	cr_assert(registry_plan(f->registry, &f->rules, c, out, &f->error) == is_good);
	if (is_good) {
		json_t *a = registry_change_json(dry, REGISTRY_VIEW_STORE);
		json_t *b = registry_change_json(*out, REGISTRY_VIEW_STORE);
		cr_assert(json_equal(a, b), "two plans are two things");
		json_decref(a);
		json_decref(b);
	}
	registry_change_free(dry);
	return is_good;
}

/* The objects are what they were, and what the change says of those that it is about. */
static void check_applied(const struct fix *f, json_t *before)
{
	json_t *now = fix_dump(f->registry);
	for (size_t i = 0; i < f->change->count; i++) {
		const struct registry_item *it = &f->change->item[i];
		json_object_del(before, it->id.text);
		if (it->after != NULL) {
			json_t *after = json_copy(it->after);
			if (it->kind == REGISTRY_DOCUMENT) { /* Its bytes are the store's. */
				json_object_set_new(after, "data", json_string(""));
			}
			json_object_set_new(before, it->id.text, after);
		}
	}
	cr_assert(json_equal(before, now), "%s: what was said is not what was done",
		  f->change->summary);
	json_decref(now);
}

bool fix_run(struct fix *f, const struct registry_command *c)
{
	struct registry_change *change = NULL;
	json_t *before = fix_dump(f->registry);
	bool is_good = plan_twice(f, c, &change);
	json_t *after = fix_dump(f->registry);
	cr_assert(json_equal(before, after), "a plan changed something");
	json_decref(after);
	if (!is_good) {
		cr_assert(f->error.status >= 400 && f->error.text[0] != '\0' &&
				  f->error.remedy[0] != '\0',
			  "%s", f->error.reason);
		json_decref(before);
		return false;
	}
	registry_change_free(f->change);
	f->change = change;
	note_made(f, c);
	cr_assert(registry_apply(f->registry, change));
	check_applied(f, before);
	json_decref(before);
	return true;
}

void fix_check_whole(struct fix *f)
{
	const struct whole w = {.registry = f->registry, .rules = &f->rules, .now_s = f->now_s};
	whole_check(&w);
}

static json_t *json_of(const char *format, va_list args)
{
	char text[2000];
	json_error_t why;
	vsnprintf(text, sizeof(text), format, args);
	for (char *c = text; *c != '\0'; c++) {
		*c = *c == '\'' ? '"' : *c;
	}
	json_t *json = json_loads(text, JSON_DECODE_ANY, &why);
	cr_assert(json != NULL, "%s: %s", text, why.text);
	return json;
}

static enum registry_kind kind_of(const char *id)
{
	enum registry_kind kind = REGISTRY_PREFIX;
	registry_kind_of_id(id, &kind);
	return kind;
}

static bool run_body(struct fix *f, struct registry_command c, const char *format, va_list args)
{
	json_t *body = json_of(format, args);
	c.body = body;
	c.now_s = f->now_s;
	bool is_good = fix_run(f, &c);
	json_decref(body);
	return is_good;
}

bool fix_create(struct fix *f, enum registry_kind kind, const char *body, ...)
{
	va_list args;
	va_start(args, body);
	bool is_good = run_body(
		f,
		(struct registry_command){.verb = VERB_CREATE, .kind = kind, .author = f->author},
		body, args);
	va_end(args);
	return is_good;
}

bool fix_update(struct fix *f, const char *id, const char *body, ...)
{
	va_list args;
	va_start(args, body);
	bool is_good = run_body(
		f,
		(struct registry_command){
			.verb = VERB_UPDATE, .kind = kind_of(id), .id = id, .author = f->author},
		body, args);
	va_end(args);
	return is_good;
}

bool fix_delete(struct fix *f, const char *id)
{
	return fix_run(f, &(struct registry_command){.verb = VERB_DELETE,
						     .kind = kind_of(id),
						     .id = id,
						     .author = f->author,
						     .now_s = f->now_s});
}

static bool act(struct fix *f, const struct registry_command *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	bool is_good = run_body(f, *c, format, args);
	va_end(args);
	return is_good;
}

bool fix_act(struct fix *f, const char *id, const char *action, const char *body)
{
	return act(f,
		   &(struct registry_command){.verb = VERB_ACTION,
					      .kind = kind_of(id),
					      .id = id,
					      .action = action,
					      .author = f->author},
		   "%s", body == NULL ? "{}" : body);
}

bool fix_found(struct fix *f, const char *subject, const char *body, ...)
{
	va_list args;
	va_start(args, body);
	bool is_good = run_body(
		f,
		(struct registry_command){
			.verb = VERB_EVIDENCE,
			.kind = kind_of(subject),
			.id = subject,
			.author = {.kind = AUTHOR_SYSTEM, .role = ROLE_SYSTEM, .name = "evidence"}},
		body, args);
	va_end(args);
	return is_good;
}

bool fix_tick(struct fix *f, int64_t seconds)
{
	f->now_s += seconds;
	return fix_run(
		f, &(struct registry_command){
			   .verb = VERB_TICK,
			   .author = {.kind = AUTHOR_SYSTEM, .role = ROLE_SYSTEM, .name = "clock"},
			   .now_s = f->now_s});
}

bool fix_undo(struct fix *f, const struct registry_change *undone)
{
	json_t *json = registry_change_json(undone, REGISTRY_VIEW_STORE);
	struct registry_change *copy = registry_change_from_json(json);
	cr_assert(copy != NULL);
	bool is_good = fix_run(f, &(struct registry_command){.verb = VERB_UNDO,
							     .undo = copy,
							     .author = f->author,
							     .now_s = f->now_s});
	registry_change_free(copy);
	json_decref(json);
	return is_good;
}

struct fix_tenant fix_customer(struct fix *f, const char *name, asn_t asn)
{
	struct fix_tenant c;
	cr_assert(fix_create(f, REGISTRY_TENANT, "{'name': '%s'}", name), "%s", f->error.text);
	c.tenant = f->made;
	cr_assert(fix_create(f, REGISTRY_ASN, "{'tenant': '%s', 'asn': %u}", c.tenant.text, asn),
		  "%s", f->error.text);
	c.asn = f->made;
	cr_assert(fix_act(f, c.asn.text, "approve", NULL), "%s", f->error.text);
	return c;
}

registry_id_t fix_site(struct fix *f)
{
	cr_assert(fix_create(f, REGISTRY_SITE,
			     "{'name': 'fra1', 'pool_ipv4': '198.18.0.0/24',"
			     " 'pool_ipv6': '2001:db8::/64', 'server_ipv4': '198.18.0.1',"
			     " 'server_ipv6': '2001:db8::1'}"),
		  "%s", f->error.text);
	return f->made;
}

registry_id_t fix_prefix(struct fix *f, const struct fix_tenant *c, const char *prefix, asn_t asn)
{
	cr_assert(fix_create(f, REGISTRY_PREFIX,
			     "{'tenant': '%s', 'prefix': '%s', 'origins': [%u]}", c->tenant.text,
			     prefix, asn),
		  "%s", f->error.text);
	return f->made;
}

registry_id_t fix_announced(struct fix *f, const struct fix_tenant *c, const char *prefix,
			    asn_t asn)
{
	registry_id_t id = fix_prefix(f, c, prefix, asn);
	cr_assert(fix_act(f, id.text, "submit", NULL));
	cr_assert(
		fix_found(f, id.text, "{'type': 'roa', 'result': 'valid', 'origins': [%u]}", asn));
	cr_assert(fix_act(f, id.text, "announce", NULL));
	return id;
}

registry_id_t fix_session(struct fix *f, const struct fix_tenant *c, const char *site, asn_t asn)
{
	cr_assert(fix_create(f, REGISTRY_SESSION, "{'tenant': '%s', 'site': '%s', 'asn': %u}",
			     c->tenant.text, site, asn),
		  "%s", f->error.text);
	return f->made;
}

const struct registry_prefix *fix_get_prefix(const struct fix *f, const char *id)
{
	return (const struct registry_prefix *)registry_get(f->registry, REGISTRY_PREFIX, id);
}

static bool dump_one(void *context, const struct registry_object *o)
{
	json_object_set_new(context, o->id.text, registry_object_json(o, REGISTRY_VIEW_STORE));
	return true;
}

json_t *fix_dump(const struct registry *r)
{
	json_t *all = json_object();
	for (unsigned kind = 0; kind < REGISTRY_KIND_COUNT; kind++) {
		registry_each(r, (enum registry_kind)kind, NULL, NULL, dump_one, all);
	}
	return all;
}
