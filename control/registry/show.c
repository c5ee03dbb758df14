/* Objects as the API shows them: with remedies and checks; and tokens as callers show them. */
#include <stdio.h>

#include "control/registry/field.h"
#include "control/registry/memory.h"
#include "control/registry/reason.h"
#include "control/registry/secret.h"
#include "control/registry/settle.h"

static void copy_member(json_t *to, const json_t *from, const char *name)
{
	json_object_set(to, name, json_object_get(from, name));
}

/* One evidence record as a check of its subject. */
static json_t *check_json(const struct registry_evidence *e)
{
	json_t *record = registry_object_json(&e->object, REGISTRY_VIEW_API);
	json_t *check = json_object();
	for (unsigned i = 0; i < REGISTRY_CHECK_MEMBERS; i++) {
		copy_member(check, record, registry_check_members[i]);
	}
	json_object_set_new(check, "evidence", json_string(e->object.id.text));
	json_object_set_new(check, "remedy", json_string(registry_reason_remedy(e->reason)));
	json_decref(record);
	return check;
}

/* Whether this kind of check can prove it here. */
static bool is_for(const struct registry_object *o, const struct registry_rules *rules,
		   unsigned type)
{
	if (type == EVIDENCE_OPERATOR || (rules->evidence_accepted >> type & 1) == 0) {
		return false;
	}
	return o->kind != REGISTRY_ASN || type == EVIDENCE_REMARK ||
	       (type == EVIDENCE_IRR && rules->has_aut_num);
}

static json_t *checks_json(const struct registry *r, const struct registry_rules *rules,
			   const struct registry_object *o)
{
	const struct field *type = field_find(registry_fields(REGISTRY_EVIDENCE), "type");
	struct life_evidence e = settle_evidence(r, o->id.text);
	json_t *checks = json_object();
	/* What is accepted and has not been heard of is pending. */
	for (unsigned i = 0; type->choices[i] != NULL; i++) {
		if (is_for(o, rules, i)) {
			json_object_set_new(checks, type->choices[i],
					    json_pack("{s:s,s:s,s:s,s:n,s:n}", "result", "pending",
						      "reason", "", "detail", "", "checked_at",
						      "expires_at"));
		}
	}
	for (unsigned i = 0; i < e.count; i++) {
		json_object_set_new(checks, type->choices[e.item[i]->type], check_json(e.item[i]));
	}
	return checks;
}

json_t *registry_show(const struct registry *r, const struct registry_rules *rules,
		      const struct registry_object *o, int64_t now_s)
{
	json_t *json = registry_object_json(o, REGISTRY_VIEW_API);
	const char *reason = json_string_value(json_object_get(json, "reason"));
	(void)now_s;
	if (o->kind != REGISTRY_PREFIX && o->kind != REGISTRY_ASN) {
		return json;
	}
	json_object_set_new(json, "remedy", json_string(registry_reason_remedy(reason)));
	json_object_set_new(json, "checks", checks_json(r, rules, o));
	return json;
}

const struct registry_token *registry_token_of(const struct registry *r, const char *text,
					       int64_t now_s)
{
	static const size_t tag_len = sizeof(REGISTRY_TOKEN_TAG) - 1;
	char id[REGISTRY_ID_MAX] = "k-", hash[SHA256_TEXT_MAX];
	if (strncmp(text, REGISTRY_TOKEN_TAG, tag_len) != 0 ||
	    strnlen(text, 100) < tag_len + REGISTRY_ID_LEN - 2 + 1 + 1 ||
	    text[tag_len + REGISTRY_ID_LEN - 2] != '_') {
		return NULL;
	}
	memcpy(id + 2, text + tag_len, REGISTRY_ID_LEN - 2);
	const char *secret = text + tag_len + REGISTRY_ID_LEN - 1;
	const struct registry_token *k =
		(const struct registry_token *)registry_get(r, REGISTRY_TOKEN, id);
	sha256_text(span_of(secret, strnlen(secret, 100)), hash);
	if (k == NULL || !secret_equal(k->hash, hash) ||
	    (k->expires_s != 0 && now_s >= k->expires_s)) {
		return NULL;
	}
	return k;
}
