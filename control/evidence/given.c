#include "control/evidence/given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "control/evidence/letter.h"
#include "control/evidence/message.h"
#include "control/evidence/rdap.h"
#include "control/evidence/record.h"
#include "control/registry/change.h"
#include "control/registry/life.h"
#include "rib/base/check.h"

#define LETTER_LASTS_S (366 * INT64_C(86400)) /* Of a prefix without an end. */
#define CERT_TAG       "certificate sha256:"

static_assert(GIVEN_MESSAGE_MAX == MESSAGE_MAX, "one size");

static const struct registry_prefix *prefix_of(const struct given *g)
{
	ASSERT(g->object->kind == REGISTRY_PREFIX);
	return (const void *)g->object;
}

static bool is_trusted(const struct given *g)
{
	return g->author->role == ROLE_OPERATOR || g->author->role == ROLE_SYSTEM;
}

struct registry_author given_author(const struct given *g)
{
	struct registry_author a = *g->author;
	a.role = a.role == ROLE_OPERATOR ? ROLE_OPERATOR : ROLE_SYSTEM;
	return a;
}

static json_t *refuse(struct registry_error *out, const struct finding *f)
{
	(void)registry_fail(out, 422, f->reason, "", "%s", f->detail);
	return NULL;
}

/* A tenant's proof that has to wait would end the one that counts now. */
static bool would_end(const struct given *g, enum evidence_type type, const struct finding *f,
		      struct registry_error *out)
{
	const struct registry_evidence *e = record_find(g->registry, g->object->id.text, type);
	const struct life_evidence alone = {.item = {e}, .count = 1};
	if (f->result != FINDING_PENDING || e == NULL ||
	    !life_holds(life_judge(&alone, g->rules, g->now_s).proof)) {
		return false;
	}
	(void)registry_fail(out, 409, "not-allowed", "",
			    "there is a %s that counts; a new one would have to wait for an "
			    "operator, and end it",
			    record_type_text(type));
	(void)snprintf(out->remedy, sizeof(out->remedy),
		       "Ask the operator to put the new one in its place.");
	return true;
}

static json_t *body_of(const struct given *g, enum evidence_type type, const struct finding *f,
		       struct registry_error *out)
{
	return would_end(g, type, f, out) ? NULL : record_body(type, f);
}

/* --- certificates ------------------------------------------------------------------------ */

/* What the words of a finding say of a certificate, so that people can compare it, too. */
static void note_certificate(struct finding *f)
{
	size_t len = strlen(f->detail);
	if (f->certificate[0] != '\0') {
		(void)snprintf(f->detail + len, sizeof(f->detail) - len, " (" CERT_TAG "%s)",
			       f->certificate);
	}
}

struct voucher {
	const char *tenant, *certificate;
	const struct prefix *prefix;
	const struct registry *registry;
	bool is_known;
};

/* Evidence that an operator gave or let count, with this certificate. */
static bool look_at_evidence(void *context, const struct registry_object *o)
{
	struct voucher *v = context;
	const struct registry_evidence *e = (const void *)o;
	const char *tag = strstr(e->detail, CERT_TAG);
	const bool has_it = tag != NULL && strncmp(tag + strlen(CERT_TAG), v->certificate,
						   strlen(v->certificate)) == 0;
	/* A remark's certificate is only noted when an operator gave the JSON; without the token
	 * that is MISSING, and the certificate is there all the same. */
	const bool counts = e->type == EVIDENCE_REMARK
				    ? e->result == RESULT_VALID || e->result == RESULT_MISSING
				    : e->type == EVIDENCE_SIGNATURE && e->result == RESULT_VALID;
	v->is_known = v->is_known || (has_it && counts);
	return !v->is_known;
}

static bool look_at_prefix(void *context, const struct registry_object *o)
{
	struct voucher *v = context;
	const struct registry_prefix *p = (const void *)o;
	/* What was released may have another holder by now. */
	if (strcmp(p->tenant.text, v->tenant) == 0 && p->state != PREFIX_RELEASED &&
	    prefix_contains(&p->prefix, v->prefix)) {
		registry_evidence_of(v->registry, o->id.text, look_at_evidence, v);
	}
	return !v->is_known;
}

static bool is_known_certificate(const struct given *g, const char *certificate)
{
	const struct registry_prefix *p = prefix_of(g);
	struct voucher v = {.tenant = p->tenant.text,
			    .certificate = certificate,
			    .prefix = &p->prefix,
			    .registry = g->registry};
	registry_prefixes_at(g->registry, &p->prefix, look_at_prefix, &v);
	return v.is_known;
}

/* --- what is given ----------------------------------------------------------------------- */

json_t *given_signature(const struct given *g, const json_t *body, struct registry_error *out_error)
{
	struct finding f;
	const struct claim c = record_claim(prefix_of(g));
	const json_t *certificate = json_object_get(body, "certificate");
	const json_t *signature = json_object_get(body, "signature");
	const json_t *text = json_object_get(body, "message");
	if (!json_is_string(certificate) || !json_is_string(signature) ||
	    (text != NULL && !json_is_string(text) && !json_is_null(text))) {
		(void)registry_fail(out_error, 422, "form",
				    json_is_string(certificate) ? "/signature" : "/certificate",
				    "wanted: {\"certificate\": PEM, \"signature\": base64}");
		return NULL;
	}
	const struct message_given m = {.certificate = json_string_value(certificate),
					.certificate_len = json_string_length(certificate),
					.signature = json_string_value(signature),
					.signature_len = json_string_length(signature),
					.text = json_string_value(text),
					.text_len = json_string_length(text)};
	message_check(&c, &m, g->now_s, &f);
	if (f.result != FINDING_VALID) {
		return refuse(out_error, &f);
	}
	if (!is_trusted(g) && !is_known_certificate(g, f.certificate)) {
		finding_say(&f, FINDING_PENDING, "cert-missing",
			    "the signature is good" LIFE_WAITS
			    "find its certificate with the holder and approve it");
	}
	note_certificate(&f);
	return body_of(g, EVIDENCE_SIGNATURE, &f, out_error);
}

static struct rdap_subject subject_of(const struct registry_object *o)
{
	if (o->kind == REGISTRY_PREFIX) {
		const struct registry_prefix *p = (const void *)o;
		return (struct rdap_subject){.prefix = &p->prefix, .token = p->proof_token};
	}
	const struct registry_asn *a = (const void *)o;
	ASSERT(o->kind == REGISTRY_ASN);
	return (struct rdap_subject){.asn = a->asn, .token = a->proof_token};
}

json_t *given_rdap(const struct given *g, struct span json, struct registry_error *out_error)
{
	struct finding f;
	const struct rdap_subject s = subject_of(g->object);
	rdap_check((const char *)json.data, json.len, &s, &f);
	const bool has_certificate = f.result == FINDING_MISSING && f.certificate[0] != '\0';
	if (f.result != FINDING_VALID && !(has_certificate && is_trusted(g))) {
		return refuse(out_error, &f);
	}
	if (is_trusted(g)) {
		note_certificate(&f);
	} else {
		finding_say(&f, FINDING_PENDING, "",
			    "the token is in the JSON that the customer gave" LIFE_WAITS
			    "compare it with the registry and approve it");
	}
	return body_of(g, EVIDENCE_REMARK, &f, out_error);
}

/* As the generated letter says. */
static int64_t letter_end_s(const struct registry_prefix *p, int64_t now_s)
{
	return p->not_after_s != 0 ? p->not_after_s : now_s + LETTER_LASTS_S;
}

static json_t *document_of(struct span pdf)
{
	const gnutls_datum_t bytes = {.data = (unsigned char *)(uintptr_t)pdf.data,
				      .size = (unsigned)pdf.len};
	gnutls_datum_t text = {.data = NULL};
	ASSERT(gnutls_base64_encode2(&bytes, &text) == 0);
	json_t *document = json_pack("{s:s, s:s%}", "media_type", "application/pdf", "data",
				     (const char *)text.data, (size_t)text.size);
	gnutls_free(text.data);
	return document;
}

json_t *given_letter(const struct given *g, struct span pdf, struct registry_error *out_error)
{
	struct finding f;
	letter_check(pdf, &f);
	if (f.result != FINDING_PENDING) {
		return refuse(out_error, &f);
	}
	const struct registry_prefix *p = prefix_of(g);
	f.expires_s = letter_end_s(p, g->now_s);
	finding_prove_origins(&f, p->origins.item, (unsigned)p->origins.count);
	if (is_trusted(g)) {
		finding_say(&f, FINDING_VALID, "", "a letter that the operator has read");
	}
	json_t *body = body_of(g, EVIDENCE_LETTER, &f, out_error);
	if (body != NULL) {
		json_object_set_new(body, "document", document_of(pdf));
	}
	return body;
}

/* --- what we give ------------------------------------------------------------------------ */

size_t given_message(const struct registry_prefix *p, int64_t now_s, char out[GIVEN_MESSAGE_MAX])
{
	const struct claim c = record_claim(p);
	return message_write(&c, message_default_day(now_s), out);
}

bool given_letter_write(const struct registry *r, const struct registry_rules *rules,
			const struct registry_prefix *p, int64_t now_s, uint8_t **out_pdf,
			size_t *out_len)
{
	char origins[CLAIM_ORIGINS_MAX], operator_name[32];
	const struct claim c = record_claim(p);
	const struct registry_tenant *t =
		(const void *)registry_get(r, REGISTRY_TENANT, p->tenant.text);
	const struct letter_row row = {.prefix = p->prefix,
				       .len_max = c.len_max,
				       .origins = claim_origins(&c, origins),
				       .begins_s = p->not_before_s,
				       .ends_s = letter_end_s(p, now_s)};
	(void)snprintf(operator_name, sizeof(operator_name), "AS%u", rules->rs_as);
	const struct letter l = {.holder = t != NULL ? t->name : "",
				 .contact = t != NULL ? t->contact : "",
				 .operator_name = operator_name,
				 .reference = p->object.id.text,
				 .date_s = now_s,
				 .row = &row,
				 .row_count = 1,
				 .font = LETTER_FONT};
	return letter_write(&l, out_pdf, out_len);
}
