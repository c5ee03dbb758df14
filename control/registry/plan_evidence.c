/* Findings: what checks, operators and uploads say about a subject; and what time brings. */
#include <stdio.h>

#include "control/registry/field_own.h"
#include "control/registry/memory.h"
#include "control/registry/plan_own.h"

#define TICK_MAX 1000 /* Subjects of one change. */

static struct registry_evidence *evidence_for(struct tx *t, const struct registry_object *subject,
					      enum evidence_type type)
{
	struct key_cursor c = key_ref(TAG_SUBJECT, subject->id.text);
	key_u8(&c, (uint8_t)type);
	const struct registry_object *o = registry_first(t->registry, &c);
	if (o != NULL) {
		return (struct registry_evidence *)registry_object_copy(o);
	}
	struct registry_evidence *e = tx_new(t, REGISTRY_EVIDENCE);
	const char *tenant = registry_tenant_of(subject);
	e->subject = subject->id;
	memcpy(e->tenant.text, tenant, REGISTRY_ID_LEN);
	e->type = (uint8_t)type;
	return e;
}

void record_finding(struct tx *t, const struct registry_object *subject, enum evidence_type type,
		    const struct life_finding *found)
{
	struct registry_evidence *e = evidence_for(t, subject, type);
	if (life_record(e, found, t->now_s) || e->object.revision == 0) {
		tx_put(t, &e->object);
	} else {
		registry_object_free(&e->object);
	}
}

bool end_letter(struct tx *t, const char *prefix)
{
	const struct registry_object *o = tx_get(t, REGISTRY_PREFIX, prefix);
	struct registry_evidence *e = evidence_for(t, o, EVIDENCE_LETTER);
	bool counts =
		e->object.revision != 0 && (e->result == RESULT_VALID ||
					    e->result == RESULT_PENDING || e->failing_since_s != 0);
	if (counts) {
		const struct life_finding found = {
			.result = RESULT_MISMATCH,
			.reason = "loa-missing",
			.detail = "the letter is about less than what is wanted since: another "
				  "length, or an earlier time",
			.author = t->command->author.name,
			.document = e->document.text,
			.origins = e->origins,
			.is_final = true};
		record_finding(t, o, EVIDENCE_LETTER, &found);
	}
	registry_object_free(&e->object);
	return counts;
}

/* A member of the body by a field of evidence's; absent and null are zero. */
static bool read_member(struct tx *t, const char *name, void *at)
{
	const json_t *v = json_object_get(t->command->body, name);
	return v == NULL || json_is_null(v) ||
	       field_read(field_find(registry_fields(REGISTRY_EVIDENCE), name), v, at, "",
			  t->error);
}

static bool read_document(struct tx *t, const struct registry_object *subject, registry_id_t *out)
{
	const json_t *v = json_object_get(t->command->body, "document");
	if (!json_is_object(v)) {
		if (!read_member(t, "document", out)) {
			return false;
		}
		const struct registry_object *o = tx_get(t, REGISTRY_DOCUMENT, out->text);
		bool is_own = o != NULL &&
			      strcmp(registry_tenant_of(o), registry_tenant_of(subject)) == 0;
		return out->text[0] == '\0' || is_own || check_not_found(t, "/document", out->text);
	}
	json_t *body = json_copy((json_t *)(uintptr_t)v);
	json_object_set_new(body, "tenant", json_string(registry_tenant_of(subject)));
	bool is_good = plan_create(t, REGISTRY_DOCUMENT, body, NULL, out);
	json_decref(body);
	return is_good;
}

/* A finding's texts live in an object of its own kind, so that they are read by its table. */
static bool read_finding(struct tx *t, const struct registry_object *subject,
			 struct registry_evidence *e)
{
	if (json_object_get(t->command->body, "type") == NULL ||
	    json_object_get(t->command->body, "result") == NULL) {
		return registry_fail(t->error, 422, "missing-member", "/result",
				     "A finding needs a type and a result.");
	}
	return read_member(t, "type", &e->type) && read_member(t, "result", &e->result) &&
	       read_member(t, "reason", &e->reason) && read_member(t, "detail", &e->detail) &&
	       read_member(t, "expires_at", &e->expires_s) &&
	       read_member(t, "next_check_at", &e->next_check_s) &&
	       read_member(t, "origins", &e->origins) && read_document(t, subject, &e->document);
}

bool plan_evidence(struct tx *t)
{
	const struct registry_command *c = t->command;
	const struct registry_object *subject = plan_find(t, c->kind, c->id);
	char title[PLAN_TITLE_MAX];
	if (subject == NULL) {
		return false;
	}
	if (c->author.role == ROLE_TENANT) {
		return registry_fail(t->error, 403, "not-allowed", "",
				     "Evidence comes of checks, not of requests.");
	}
	if (c->kind != REGISTRY_ASN && c->kind != REGISTRY_PREFIX) {
		return registry_fail(t->error, 422, "form", "", "A %s cannot be proven.",
				     registry_kind_text(c->kind));
	}
	registry_id_t id = subject->id;
	struct registry_evidence *e =
		(struct registry_evidence *)registry_object_new(REGISTRY_EVIDENCE);
	const char *type = json_string_value(json_object_get(c->body, "type"));
	tx_say(t, "%s of %s: %s", type == NULL ? "proof" : type, plan_title(subject, title),
	       json_string_length(json_object_get(c->body, "result")) > 20
		       ? ""
		       : json_string_value(json_object_get(c->body, "result")));
	bool is_good = read_finding(t, subject, e);
	if (is_good) {
		const struct life_finding found = {.result = (enum evidence_result)e->result,
						   .reason = e->reason,
						   .detail = e->detail,
						   .author = c->author.name,
						   .document = e->document.text,
						   .expires_s = e->expires_s,
						   .next_check_s = e->next_check_s,
						   .origins = e->origins};
		record_finding(t, tx_get(t, c->kind, id.text), (enum evidence_type)e->type, &found);
		settle(t, id.text);
	}
	registry_object_free(&e->object);
	return is_good;
}

/* The key before the last rotation is not taken any more. */
static void forget_old_key(struct tx *t, const char *id)
{
	struct registry_session *s = tx_copy(t, REGISTRY_SESSION, id);
	make_no_old_key(s);
	tx_put(t, &s->object);
}

/* It is looked at as it is now; one that has gone meanwhile need not be. */
static bool settle_alone(struct tx *t, enum registry_kind kind, const char *id)
{
	const struct registry_object *o = tx_get(t, kind, id);
	char title[PLAN_TITLE_MAX];
	if (o == NULL || (kind != REGISTRY_ASN && kind != REGISTRY_PREFIX)) {
		return check_not_found(t, "", id);
	}
	tx_say(t, "looked at %s anew", plan_title(o, title));
	settle(t, id);
	return true;
}

bool plan_tick(struct tx *t)
{
	if (t->command->id != NULL) {
		return settle_alone(t, t->command->kind, t->command->id);
	}
	registry_id_t *ids = registry_alloc(TICK_MAX, sizeof(*ids));
	size_t count = 0;
	struct key_cursor c = key_of(TAG_DUE), end = c;
	key_u64(&end, (uint64_t)t->now_s + 1);
	struct keyset_walk w = keyset_from(t->registry->index, &c.key);
	const struct registry_object *o;
	const struct keyset_key *at;
	while (count < TICK_MAX && (o = keyset_next(&w, &c.key, c.len, &at)) != NULL &&
	       memcmp(at->bytes, end.key.bytes, end.len) < 0) {
		ids[count++] = o->id;
	}
	tx_say(t, "time has passed for %zu objects", count);
	for (size_t i = 0; i < count; i++) {
		if (tx_get(t, REGISTRY_SESSION, ids[i].text) != NULL) {
			forget_old_key(t, ids[i].text);
		} else {
			settle(t, ids[i].text);
		}
	}
	free(ids);
	return true;
}
