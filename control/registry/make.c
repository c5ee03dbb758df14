/* What the server fills in when an object is made: owners, proof tokens, keys, addresses. */
#include <stdio.h>

#include "control/registry/allot.h"
#include "control/registry/field_own.h"
#include "control/registry/memory.h"
#include "control/registry/plan_own.h"
#include "control/registry/secret.h"

#define SECRET_LEN   52 /* Characters of 5 bits: 260. */
#define KEY_LEN	     32
#define PROOF_LEN    26
#define OLD_KEY_S    86400 /* The key before a rotation is still taken this long. */
#define DOCUMENT_MAX 4194304

/* A template's options are the session's, but for those that the body says. */
static void take_template(struct tx *t, struct registry_session *s, const json_t *body)
{
	const char *id = json_string_value(json_object_get(body, "template"));
	const struct registry_template *m = id == NULL ? NULL : tx_get(t, REGISTRY_TEMPLATE, id);
	if (m != NULL) {
		s->options = m->options;
	}
}

void make_defaults(struct tx *t, struct registry_object *o, const json_t *body)
{
	const struct registry_author *author = &t->command->author;
	const struct field *f = field_find(registry_fields(o->kind), "tenant");
	struct registry_session *s = (struct registry_session *)o;
	if (author->role == ROLE_TENANT && f != NULL) {
		*(registry_id_t *)field_in(f, o) = author->tenant;
	}
	if (o->kind == REGISTRY_TENANT) {
		((struct registry_tenant *)o)->is_enabled = true;
	} else if (o->kind == REGISTRY_TEMPLATE) { /* As of a session that has none. */
		((struct registry_template *)o)->options.route_view = VIEW_FULL;
	} else if (o->kind == REGISTRY_SESSION) {
		s->is_enabled = true;
		s->options.route_view = VIEW_FULL;
		s->key_send_id = s->key_recv_id = 1;
		take_template(t, s, body);
	}
}

void make_key_room(struct tx *t, struct registry_session *s, const struct registry_session *before)
{
	registry_text_set(&s->old_key, before->key);
	s->old_key_send_id = before->key_send_id;
	s->old_key_recv_id = before->key_recv_id;
	s->old_key_until_s = t->now_s + OLD_KEY_S;
	if (s->key_send_id == before->key_send_id) {
		s->key_send_id = (s->key_send_id + 1) & 0xff;
	}
	if (s->key_recv_id == before->key_recv_id) {
		s->key_recv_id = (s->key_recv_id + 1) & 0xff;
	}
}

void make_no_old_key(struct registry_session *s)
{
	registry_text_set(&s->old_key, "");
	s->old_key_send_id = s->old_key_recv_id = 0;
	s->old_key_until_s = 0;
}

void make_key(struct tx *t, struct registry_session *s)
{
	char key[KEY_LEN + 1];
	registry_random_text(t->rules, key, KEY_LEN);
	if (s->key[0] != '\0') {
		make_key_room(t, s, s);
	}
	registry_text_set(&s->key, key);
	tx_secret(t, s->object.id.text, "key", key);
}

static bool finish_session(struct tx *t, struct registry_session *s)
{
	if (addr_is_zero(&s->address) && !allot_address(t, s)) {
		return false;
	}
	if (s->families == 0) {
		s->families = REGISTRY_FAMILY_BIT(s->address.family);
	}
	if (s->options.authentication != SESSION_AUTH_NONE && s->key[0] == '\0') {
		make_key(t, s);
	}
	return true;
}

static void finish_token(struct tx *t, struct registry_token *k)
{
	char secret[SECRET_LEN + 1], wire[100], hash[SHA256_TEXT_MAX];
	registry_random_text(t->rules, secret, SECRET_LEN);
	registry_text_set(&k->hash, sha256_text(span_of(secret, SECRET_LEN), hash));
	snprintf(wire, sizeof(wire), REGISTRY_TOKEN_TAG "%s_%s", k->object.id.text + 2, secret);
	tx_secret(t, k->object.id.text, "secret", wire);
}

static bool finish_document(struct tx *t, struct registry_document *d, const json_t *body)
{
	json_t *data = json_object_get(body, "data");
	char hash[SHA256_TEXT_MAX];
	size_t len;
	uint8_t *bytes = base64_bytes(json_string_value(data), json_string_length(data), &len);
	if (bytes == NULL || len == 0 || len > DOCUMENT_MAX) {
		free(bytes);
		return registry_fail(t->error, 422, "form", "/data",
				     "data has to be base64 of 1 to %u bytes.", DOCUMENT_MAX);
	}
	d->size = (uint32_t)len;
	registry_text_set(&d->sha256, sha256_text(span_of(bytes, len), hash));
	free(bytes);
	registry_text_set(&d->data, "");
	tx_bulk(t, d->object.id.text, "data", data);
	return true;
}

static void make_proof_token(struct tx *t, char **at)
{
	char token[PROOF_LEN + 20] = "causeway-";
	registry_random_text(t->rules, token + strlen(token), PROOF_LEN);
	registry_text_set(at, token);
}

bool make_finish(struct tx *t, struct registry_object *o, const json_t *body)
{
	struct registry_prefix *p = (struct registry_prefix *)o;
	switch (o->kind) {
	case REGISTRY_ASN:
		make_proof_token(t, &((struct registry_asn *)o)->proof_token);
		return true;
	case REGISTRY_PREFIX:
		make_proof_token(t, &p->proof_token);
		p->max_length = p->max_length == 0 ? p->prefix.len : p->max_length;
		return true;
	case REGISTRY_SESSION:
		return finish_session(t, (struct registry_session *)o);
	case REGISTRY_TOKEN:
		finish_token(t, (struct registry_token *)o);
		return true;
	case REGISTRY_DOCUMENT:
		return finish_document(t, (struct registry_document *)o, body);
	default:
		return true;
	}
}
