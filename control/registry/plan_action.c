/* Actions: what is done to an object that is more than writing its members. */
#include <stdio.h>

#include "control/registry/field_own.h"
#include "control/registry/plan_own.h"
#include "control/registry/words.h"
#include "rib/base/check.h"

bool prefix_event(struct tx *t, const struct registry_prefix *p, enum prefix_event event)
{
	struct life_cell cell = life_next((enum prefix_state)p->state, event);
	char text[PREFIX_TEXT_MAX];
	if (cell.refusal != NULL) {
		const struct field *f = field_find(registry_fields(REGISTRY_PREFIX), "state");
		return registry_fail(t->error, 409, cell.refusal, "", "%s is %s.",
				     prefix_format(&p->prefix, text), f->choices[p->state]);
	}
	struct registry_prefix *o = tx_copy(t, REGISTRY_PREFIX, p->object.id.text);
	switch (event) {
	case EVENT_ON:
		o->announce = ANNOUNCE_ON;
		break;
	case EVENT_LIMITED:
		o->announce = ANNOUNCE_LIMITED;
		break;
	case EVENT_OFF:
	case EVENT_DRAIN: /* On its way to off: nothing brings it back by itself. */
	case EVENT_RELEASE:
		o->announce = ANNOUNCE_OFF;
		break;
	default:
		break;
	}
	if (cell.next != o->state) {
		o->state = (uint8_t)cell.next;
		o->since_s = t->now_s;
	}
	tx_put(t, &o->object);
	return true;
}

/* What is checked by itself has a record from the start: nothing is refused before all have
 * answered. */
static void expect_checks(struct tx *t, const registry_id_t *id)
{
	static const enum evidence_type types[] = {EVIDENCE_ROA, EVIDENCE_IRR, EVIDENCE_DNS};
	struct life_evidence e = settle_evidence(t->registry, id->text);
	const struct life_finding found = {.result = RESULT_PENDING,
					   .reason = "pending",
					   .detail = "",
					   .author = "",
					   .document = ""};
	unsigned there = 0;
	for (unsigned i = 0; i < e.count; i++) {
		there |= 1u << e.item[i]->type;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(types); i++) {
		if ((t->rules->evidence_accepted >> types[i] & 1) != 0 &&
		    (there >> types[i] & 1) == 0) {
			record_finding(t, tx_get(t, REGISTRY_PREFIX, id->text), types[i], &found);
		}
	}
}

static bool submit(struct tx *t, const struct registry_object *o)
{
	registry_id_t id = o->id;
	if (!prefix_event(t, (const struct registry_prefix *)o, EVENT_SUBMIT)) {
		return false;
	}
	expect_checks(t, &id);
	return true;
}

static bool announce(struct tx *t, const struct registry_object *o)
{
	const char *to = json_string_value(json_object_get(t->command->body, "to"));
	bool is_limited = to != NULL && strcmp(to, "limited") == 0;
	if (to != NULL && !is_limited && strcmp(to, "all") != 0) {
		return registry_fail(t->error, 422, "form", "/to", "to has to be all or limited.");
	}
	return prefix_event(t, (const struct registry_prefix *)o,
			    is_limited ? EVENT_LIMITED : EVENT_ON);
}

static bool withdraw(struct tx *t, const struct registry_object *o)
{
	return prefix_event(t, (const struct registry_prefix *)o, EVENT_OFF);
}

static bool drain(struct tx *t, const struct registry_object *o)
{
	return prefix_event(t, (const struct registry_prefix *)o, EVENT_DRAIN);
}

static bool release(struct tx *t, const struct registry_object *o)
{
	struct key_cursor children = key_ref(TAG_PARENT, o->id.text);
	const struct registry_object *child = registry_first(t->registry, &children);
	if (child != NULL) {
		return registry_fail(t->error, 409, "in-use", "", "%s is delegated out of it.",
				     child->id.text);
	}
	return prefix_event(t, (const struct registry_prefix *)o, EVENT_RELEASE);
}

/* The check itself is the evidence's work; here is said who may ask for it. */
static bool check_again(struct tx *t, const struct registry_object *o)
{
	(void)t;
	(void)o;
	return true;
}

/* Without a source there is nothing to look at: say what else there is. */
static bool check_asn_again(struct tx *t, const struct registry_object *o)
{
	const struct registry_asn *a = (const struct registry_asn *)o;
	if (a->state == ASN_REVOKED) {
		return registry_fail(t->error, 409, "revoked", "", "AS%u is revoked.", a->asn);
	}
	if (t->rules->has_aut_num || registry_asn_is_private(a->asn)) {
		return true;
	}
	(void)registry_fail(t->error, 409, "rir-unsupported", "",
			    "No registry is asked for AS%u's aut-num object here.", a->asn);
	snprintf(t->error->remedy, sizeof(t->error->remedy),
		 "Put the proof_token into the remarks of the aut-num object and give its RDAP "
		 "answer (POST /asns/%s/rdap), or ask the operator to approve it.",
		 o->id.text);
	return false;
}

static bool approve(struct tx *t, const struct registry_object *o)
{
	const char *detail = json_string_value(json_object_get(t->command->body, "reason"));
	const struct life_finding found = {.result = RESULT_VALID,
					   .reason = "",
					   .detail = detail == NULL ? "" : detail,
					   .author = t->command->author.name,
					   .document = ""};
	registry_id_t id = o->id;
	enum registry_kind kind = o->kind;
	if (kind == REGISTRY_PREFIX && ((const struct registry_prefix *)o)->state == PREFIX_DRAFT &&
	    !submit(t, o)) {
		return false;
	}
	if (kind == REGISTRY_ASN) {
		struct registry_asn *a = tx_copy(t, kind, id.text);
		a->state = a->state == ASN_REVOKED ? ASN_PENDING : a->state;
		tx_put(t, &a->object);
	}
	record_finding(t, tx_get(t, kind, id.text), EVIDENCE_OPERATOR, &found);
	return true;
}

static bool revoke(struct tx *t, const struct registry_object *o)
{
	struct registry_asn *a = tx_copy(t, REGISTRY_ASN, o->id.text);
	a->state = ASN_REVOKED;
	tx_put(t, &a->object); /* What follows is settled behind every action. */
	return true;
}

/* What was found stays, but for what was still to be done. */
static void say_decided(const struct registry_evidence *e, bool is_approved, const char *why,
			char out[400])
{
	const char *waits = strstr(e->detail, LIFE_WAITS);
	const char *rest = waits == NULL ? NULL : strstr(waits, " (");
	int found_len = waits == NULL ? (int)strlen(e->detail) : (int)(waits - e->detail);
	snprintf(out, 400, "%.*s%s%.120s%s%.100s", found_len < 280 ? found_len : 280, e->detail,
		 waits == NULL ? ""
		 : is_approved ? "; an operator has approved it"
			       : "; an operator has rejected it",
		 rest == NULL ? "" : rest,
		 why == NULL		? ""
		 : e->detail[0] == '\0' ? ""
					: "; ",
		 why == NULL ? "" : why);
	words_cut(out);
}

/* The operator says what it is worth.  What is rejected never was a proof: it has no grace. */
static bool decide(struct tx *t, const struct registry_object *o, bool is_approved)
{
	const char *why = json_string_value(json_object_get(t->command->body, "reason"));
	struct registry_evidence *e = (struct registry_evidence *)registry_object_copy(o);
	char detail[400];
	say_decided(e, is_approved, why, detail);
	const struct life_finding found = {.result = is_approved ? RESULT_VALID : RESULT_INVALID,
					   .reason = is_approved ? "" : LIFE_REJECTED,
					   .detail = detail,
					   .author = t->command->author.name,
					   .document = e->document.text,
					   .expires_s = e->expires_s,
					   .origins = e->origins,
					   .is_final = !is_approved};
	enum registry_kind kind;
	bool is_id = registry_kind_of_id(e->subject.text, &kind);
	ASSERT(is_id);
	record_finding(t, tx_get(t, kind, e->subject.text), (enum evidence_type)e->type, &found);
	settle(t, e->subject.text);
	registry_object_free(&e->object);
	return true;
}

static bool approve_evidence(struct tx *t, const struct registry_object *o)
{
	return decide(t, o, true);
}

static bool reject_evidence(struct tx *t, const struct registry_object *o)
{
	return decide(t, o, false);
}

static bool new_key(struct tx *t, const struct registry_object *o)
{
	struct registry_session *s = tx_copy(t, REGISTRY_SESSION, o->id.text);
	if (s->options.authentication == SESSION_AUTH_NONE) {
		registry_object_free(&s->object);
		(void)registry_fail(t->error, 409, "form", "/authentication",
				    "The session has no authentication.");
		(void)snprintf(t->error->remedy, sizeof(t->error->remedy),
			       "Set authentication to md5 or tcp-ao: that makes its first key.");
		return false;
	}
	make_key(t, s);
	tx_put(t, &s->object);
	return true;
}

static const struct action {
	enum registry_kind kind;
	const char *name;
	bool is_operators;
	bool (*act)(struct tx *t, const struct registry_object *o);
} actions[] = {
	{REGISTRY_ASN, "check", false, check_asn_again},
	{REGISTRY_ASN, "approve", true, approve},
	{REGISTRY_ASN, "revoke", true, revoke},
	{REGISTRY_PREFIX, "submit", false, submit},
	{REGISTRY_PREFIX, "check", false, check_again},
	{REGISTRY_PREFIX, "announce", false, announce},
	{REGISTRY_PREFIX, "withdraw", false, withdraw},
	{REGISTRY_PREFIX, "drain", false, drain},
	{REGISTRY_PREFIX, "release", false, release},
	{REGISTRY_PREFIX, "approve", true, approve},
	{REGISTRY_EVIDENCE, "approve", true, approve_evidence},
	{REGISTRY_EVIDENCE, "reject", true, reject_evidence},
	{REGISTRY_SESSION, "key", false, new_key},
};

static const struct action *action_find(enum registry_kind kind, const char *name)
{
	for (unsigned i = 0; name != NULL && i < ARRAY_COUNT(actions); i++) {
		if (actions[i].kind == kind && strcmp(actions[i].name, name) == 0) {
			return &actions[i];
		}
	}
	return NULL;
}

bool plan_action(struct tx *t)
{
	const struct registry_command *c = t->command;
	const struct action *a = action_find(c->kind, c->action);
	char title[PLAN_TITLE_MAX];
	if (a == NULL) {
		return registry_fail(
			t->error, 404, "no-such-action", "", "There is no action %.30s for a %s.",
			c->action == NULL ? "" : c->action, registry_kind_text(c->kind));
	}
	const struct registry_object *o = plan_find(t, c->kind, c->id);
	if (o == NULL) {
		return false;
	}
	if (a->is_operators && c->author.role == ROLE_TENANT) {
		return registry_fail(t->error, 403, "not-allowed", "",
				     "Only an operator may %s a "
				     "%s.",
				     a->name, registry_kind_text(c->kind));
	}
	tx_say(t, "%s of %s", a->name, plan_title(o, title));
	registry_id_t id = o->id;
	if (!a->act(t, o)) {
		return false;
	}
	settle(t, id.text);
	return true;
}
