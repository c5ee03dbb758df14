/* Commands: who may, and create, update and delete of every kind. */
#include "control/registry/plan.h"

#include <stdio.h>

#include "control/registry/field_own.h"
#include "control/registry/memory.h"
#include "control/registry/plan_own.h"

const char *plan_title(const struct registry_object *o, char *buf)
{
	char text[PREFIX_TEXT_MAX];
	const char *kind = registry_kind_text(o->kind);
	const struct registry_session *s = (const struct registry_session *)o;
	switch (o->kind) {
	case REGISTRY_TENANT:
		snprintf(buf, PLAN_TITLE_MAX, "%s %s", kind,
			 ((const struct registry_tenant *)o)->name);
		break;
	case REGISTRY_ASN:
		snprintf(buf, PLAN_TITLE_MAX, "AS%u", ((const struct registry_asn *)o)->asn);
		break;
	case REGISTRY_PREFIX:
		prefix_format(&((const struct registry_prefix *)o)->prefix, text);
		snprintf(buf, PLAN_TITLE_MAX, "%s %s", kind, text);
		break;
	case REGISTRY_SITE:
		snprintf(buf, PLAN_TITLE_MAX, "%s %s", kind,
			 ((const struct registry_site *)o)->name);
		break;
	case REGISTRY_TEMPLATE:
		snprintf(buf, PLAN_TITLE_MAX, "%s %s", kind,
			 ((const struct registry_template *)o)->name);
		break;
	case REGISTRY_SESSION:
		snprintf(buf, PLAN_TITLE_MAX, "%s %s of AS%u", kind, addr_format(&s->address, text),
			 s->asn);
		break;
	case REGISTRY_TOKEN:
		snprintf(buf, PLAN_TITLE_MAX, "%s %s", kind,
			 ((const struct registry_token *)o)->name);
		break;
	default:
		snprintf(buf, PLAN_TITLE_MAX, "%s %s", kind, o->id.text);
		break;
	}
	return buf;
}

const void *plan_find(struct tx *t, enum registry_kind kind, const char *id)
{
	const struct registry_object *o = id == NULL ? NULL : tx_get(t, kind, id);
	if (o == NULL) {
		check_not_found(t, "", id == NULL ? registry_kind_text(kind) : id);
		return NULL;
	}
	if (!check_author(t, o)) {
		return NULL;
	}
	if (t->command->if_revision != 0 && t->command->if_revision != o->revision) {
		registry_fail(t->error, 412, "revision", "", "%s has revision %llu.", id,
			      (unsigned long long)o->revision);
		return NULL;
	}
	return o;
}

/* Kinds that a tenant makes for itself; evidence is nobody's to make. */
static bool may_create(struct tx *t, enum registry_kind kind)
{
	enum registry_role role = t->command->author.role;
	bool is_tenants = kind == REGISTRY_ASN || kind == REGISTRY_PREFIX ||
			  kind == REGISTRY_SESSION || kind == REGISTRY_TOKEN ||
			  kind == REGISTRY_DOCUMENT;
	if (kind == REGISTRY_EVIDENCE) {
		return registry_fail(t->error, 403, "not-allowed", "",
				     "Evidence comes of checks, not of requests.");
	}
	if (role != ROLE_OPERATOR && role != ROLE_SYSTEM && !(role == ROLE_TENANT && is_tenants)) {
		return registry_fail(t->error, 403, "not-allowed", "",
				     "Only an operator may make a %s.", registry_kind_text(kind));
	}
	return true;
}

bool plan_create(struct tx *t, enum registry_kind kind, const json_t *body, const char *id,
		 registry_id_t *out_id)
{
	char title[PLAN_TITLE_MAX];
	if (!may_create(t, kind)) {
		return false;
	}
	struct registry_object *o = tx_new(t, kind);
	if (id != NULL) {
		memcpy(o->id.text, id, REGISTRY_ID_LEN);
	}
	make_defaults(t, o, body);
	if (!registry_object_merge(o, body, t->command->author.role, true, t->error) ||
	    !make_finish(t, o, body) || !check_object(t, o, NULL)) {
		registry_object_free(o);
		return false;
	}
	tx_say(t, "made %s", plan_title(o, title));
	registry_id_t made = o->id;
	tx_put(t, o);
	settle(t, made.text);
	if (out_id != NULL) {
		*out_id = made;
	}
	return true;
}

/* The members that a patch has, for the summary. */
static void say_update(struct tx *t, const struct registry_object *o, const json_t *body)
{
	char title[PLAN_TITLE_MAX], members[60] = "";
	size_t len = 0;
	json_t *walk = (json_t *)(uintptr_t)body; /* jansson's walk knows no const. */
	for (void *i = json_object_iter(walk); i != NULL; i = json_object_iter_next(walk, i)) {
		if (len < sizeof(members)) {
			len += (size_t)snprintf(members + len, sizeof(members) - len, "%s%s",
						len == 0 ? "" : ", ", json_object_iter_key(i));
		}
	}
	tx_say(t, "changed %s of %s", members, plan_title(o, title));
}

/* A key for an authentication; none without one; room for the one before a given one. */
static void follow_key(struct tx *t, struct registry_session *s,
		       const struct registry_session *before, bool is_given)
{
	if (s->options.authentication == SESSION_AUTH_NONE) {
		registry_text_set(&s->key, is_given ? s->key : "");
		make_no_old_key(s);
	} else if (s->key[0] == '\0' && !is_given) {
		make_key(t, s);
	} else if (before->key[0] != '\0' && strcmp(s->key, before->key) != 0) {
		make_key_room(t, s, before);
	}
}

/* What follows from what was written: an empty max_length, a session's key. */
static void follow_update(struct tx *t, struct registry_object *o,
			  const struct registry_object *before, const json_t *body)
{
	struct registry_prefix *p = (struct registry_prefix *)o;
	if (o->kind == REGISTRY_PREFIX && p->max_length == 0) {
		p->max_length = p->prefix.len;
	}
	if (o->kind == REGISTRY_SESSION) {
		follow_key(t, (struct registry_session *)o, (const struct registry_session *)before,
			   json_object_get(body, "key") != NULL);
	}
}

/* A wish that has changed is an event of the prefix's life. */
static bool follow_announce(struct tx *t, const char *id, uint8_t before)
{
	static const enum prefix_event events[] = {
		[ANNOUNCE_OFF] = EVENT_OFF,
		[ANNOUNCE_LIMITED] = EVENT_LIMITED,
		[ANNOUNCE_ON] = EVENT_ON,
	};
	const struct registry_prefix *p = tx_get(t, REGISTRY_PREFIX, id);
	return p->announce == before || prefix_event(t, p, events[p->announce]);
}

/* What a prefix was before it was written. */
struct prefix_was {
	uint8_t announce;
	bool is_proven, wants_more;
};

/* A letter of authorisation names a length and a beginning; whoever is more than a tenant knows
 * what it says. */
static struct prefix_was was_of(const struct tx *t, const struct registry_prefix *before,
				const struct registry_prefix *p)
{
	bool is_longer = p->max_length > before->max_length;
	bool is_earlier = before->not_before_s != 0 && p->not_before_s < before->not_before_s;
	return (struct prefix_was){.announce = before->announce,
				   .is_proven = life_is_proven((enum prefix_state)before->state),
				   .wants_more = t->command->author.role == ROLE_TENANT &&
						 (is_longer || is_earlier)};
}

static bool follow_prefix(struct tx *t, const char *id, const struct prefix_was *was)
{
	if (!follow_announce(t, id, was->announce)) {
		return false;
	}
	bool has_ended = was->wants_more && end_letter(t, id);
	settle(t, id);
	const struct registry_prefix *p = tx_get(t, REGISTRY_PREFIX, id);
	if (has_ended && was->is_proven && p->state == PREFIX_SUSPENDED) {
		(void)registry_fail(t->error, 409, "loa-missing", "",
				    "The letter that proves the prefix is about less than that.");
		snprintf(t->error->remedy, sizeof(t->error->remedy),
			 "Prove it otherwise first, or ask the operator, who may change it.");
		return false;
	}
	return true;
}

bool plan_update(struct tx *t, enum registry_kind kind, const char *id, const json_t *body)
{
	const struct registry_object *before = plan_find(t, kind, id);
	if (before == NULL) {
		return false;
	}
	const struct registry_prefix *p = (const struct registry_prefix *)before;
	if (kind == REGISTRY_PREFIX && p->state == PREFIX_RELEASED) {
		return registry_fail(t->error, 409, "released", "", "The prefix is released.");
	}
	registry_id_t own = before->id;
	struct registry_object *o = registry_object_copy(before);
	if (!registry_object_merge(o, body, t->command->author.role, false, t->error)) {
		registry_object_free(o);
		return false;
	}
	follow_update(t, o, before, body);
	if (!check_object(t, o, before)) {
		registry_object_free(o);
		return false;
	}
	say_update(t, o, body);
	if (kind == REGISTRY_PREFIX) {
		const struct prefix_was was = was_of(t, p, (const struct registry_prefix *)o);
		tx_put(t, o);
		return follow_prefix(t, own.text, &was);
	}
	tx_put(t, o);
	settle(t, own.text);
	return true;
}

struct gathered {
	registry_id_t *id;
	size_t count;
};

static bool gather(void *context, const struct registry_object *o)
{
	struct gathered *g = context;
	g->id = realloc(g->id, (g->count + 1) * sizeof(*g->id));
	ASSERT(g->id != NULL);
	g->id[g->count++] = o->id;
	return true;
}

/* What is nothing without it goes with it. */
static void delete_with(struct tx *t, enum registry_kind kind, const struct key_cursor *c)
{
	struct gathered g = {.count = 0};
	registry_walk(t->registry, c, gather, &g);
	for (size_t i = 0; i < g.count; i++) {
		tx_delete(t, kind, g.id[i].text);
	}
	free(g.id);
}

bool plan_delete(struct tx *t, enum registry_kind kind, const char *id)
{
	static const enum registry_kind of_tenant[] = {REGISTRY_EVIDENCE, REGISTRY_TOKEN,
						       REGISTRY_DOCUMENT};
	const struct registry_object *o = plan_find(t, kind, id);
	char title[PLAN_TITLE_MAX];
	registry_id_t subject = {.text = ""};
	asn_t freed = 0;
	if (o == NULL) {
		return false;
	}
	bool is_operators = kind == REGISTRY_EVIDENCE || kind == REGISTRY_TENANT;
	if (is_operators && t->command->author.role == ROLE_TENANT) {
		return registry_fail(t->error, 403, "not-allowed", "",
				     "Only an operator may delete %s.", registry_kind_plural(kind));
	}
	if (!check_delete(t, o)) {
		return false;
	}
	if (kind == REGISTRY_EVIDENCE) {
		subject = ((const struct registry_evidence *)o)->subject;
	} else if (kind == REGISTRY_ASN) {
		freed = ((const struct registry_asn *)o)->asn;
	}
	tx_say(t, "deleted %s", plan_title(o, title));
	struct key_cursor evidence = key_ref(TAG_SUBJECT, id);
	delete_with(t, REGISTRY_EVIDENCE, &evidence);
	for (unsigned i = 0; kind == REGISTRY_TENANT && i < ARRAY_COUNT(of_tenant); i++) {
		struct key_cursor c = key_kind(TAG_TENANT, of_tenant[i]);
		key_id(&c, id);
		delete_with(t, of_tenant[i], &c);
	}
	tx_delete(t, kind, id);
	if (subject.text[0] != '\0') {
		settle(t, subject.text);
	}
	settle_claims(t, freed);
	return true;
}

static bool plan_verb(struct tx *t)
{
	const struct registry_command *c = t->command;
	switch (c->verb) {
	case VERB_CREATE:
		return plan_create(t, c->kind, c->body, NULL, NULL);
	case VERB_UPDATE:
		return plan_update(t, c->kind, c->id, c->body);
	case VERB_DELETE:
		return plan_delete(t, c->kind, c->id);
	case VERB_ACTION:
		return plan_action(t);
	case VERB_EVIDENCE:
		return plan_evidence(t);
	case VERB_IMPORT:
		return plan_import(t);
	case VERB_UNDO:
		return plan_undo(t);
	case VERB_TICK:
		return plan_tick(t);
	default:
		return registry_fail(t->error, 400, "form", "", "There is no such command.");
	}
}

static bool check_request(const struct registry_command *c, struct registry_error *e)
{
	const char *key = c->request_key == NULL ? "" : c->request_key;
	size_t len = strlen(key);
	for (size_t i = 0; i < len; i++) {
		if (key[i] < '!' || key[i] > '~') {
			len = SIZE_MAX;
			break;
		}
	}
	if (len >= sizeof(((struct registry_change *)NULL)->request_key)) {
		return registry_fail(e, 400, "form", "",
				     "Idempotency-Key has to be at most 79 printable characters.");
	}
	if (c->author.role == ROLE_NOBODY || c->author.role == ROLE_VIEWER) {
		return registry_fail(e, 403, "not-allowed", "", "The caller may only read.");
	}
	return true;
}

bool registry_plan(struct registry *r, const struct registry_rules *rules,
		   const struct registry_command *c, struct registry_change **out_change,
		   struct registry_error *out_error)
{
	struct tx t;
	ASSERT(c->now_s > 0 && c->now_s < REGISTRY_TIME_S_MAX / 2);
	if (!check_request(c, out_error)) {
		return false;
	}
	tx_begin(&t, r, rules, c, out_error);
	bool is_good = plan_verb(&t);
	struct registry_change *change = tx_end(&t, is_good);
	if (is_good) {
		*out_change = change;
	}
	return is_good;
}

bool registry_may_see(const struct registry *r, const struct registry_author *author,
		      const struct registry_object *o)
{
	const char *tenant = registry_tenant_of(o);
	if (author->role == ROLE_OPERATOR || author->role == ROLE_VIEWER ||
	    author->role == ROLE_SYSTEM) {
		return true;
	}
	if (author->role != ROLE_TENANT) {
		return false;
	}
	if (o->kind == REGISTRY_SITE || o->kind == REGISTRY_TEMPLATE) {
		return true;
	}
	if (tenant != NULL && strcmp(tenant, author->tenant.text) == 0) {
		return true;
	}
	const struct registry_prefix *p = (const struct registry_prefix *)o;
	if (o->kind != REGISTRY_PREFIX || p->parent.text[0] == '\0') {
		return false;
	}
	const struct registry_object *parent = registry_get(r, REGISTRY_PREFIX, p->parent.text);
	return parent != NULL && strcmp(registry_tenant_of(parent), author->tenant.text) == 0;
}
