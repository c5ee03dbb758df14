#include "control/evidence/record.h"

#include <stdlib.h>
#include <string.h>

#include "control/registry/field.h"
#include "control/registry/life.h"
#include "rib/base/check.h"

static const char *const TYPE_TEXT[] = {
	[EVIDENCE_ROA] = "roa",
	[EVIDENCE_IRR] = "irr",
	[EVIDENCE_DNS] = "dns",
	[EVIDENCE_REMARK] = "remark",
	[EVIDENCE_SIGNATURE] = "signature",
	[EVIDENCE_LETTER] = "letter",
	[EVIDENCE_OPERATOR] = "operator",
};
static_assert(ARRAY_COUNT(TYPE_TEXT) == EVIDENCE_TYPE_COUNT, "each type has its word");

/* The registry's results and ours are the same words in the same order. */
static_assert((int)RESULT_PENDING == (int)FINDING_PENDING, "pending");
static_assert((int)RESULT_VALID == (int)FINDING_VALID, "valid");
static_assert((int)RESULT_MISSING == (int)FINDING_MISSING, "missing");
static_assert((int)RESULT_MISMATCH == (int)FINDING_MISMATCH, "mismatch");
static_assert((int)RESULT_INVALID == (int)FINDING_INVALID, "invalid");
static_assert((int)RESULT_EXPIRED == (int)FINDING_EXPIRED, "expired");
static_assert((int)RESULT_ERROR == (int)FINDING_ERROR, "error");

const char *record_type_text(enum evidence_type type)
{
	ASSERT((unsigned)type < EVIDENCE_TYPE_COUNT);
	return TYPE_TEXT[type];
}

struct wanted {
	enum evidence_type type;
	const struct registry_evidence *found;
};

static bool is_wanted(void *context, const struct registry_object *o)
{
	struct wanted *w = context;
	const struct registry_evidence *e = (const void *)o;
	if (e->type == w->type) {
		w->found = e;
	}
	return w->found == NULL;
}

const struct registry_evidence *record_find(const struct registry *r, const char *subject,
					    enum evidence_type type)
{
	struct wanted w = {.type = type};
	registry_evidence_of(r, subject, is_wanted, &w);
	return w.found;
}

json_t *record_body(enum evidence_type type, const struct finding *f)
{
	char time[REGISTRY_TIME_MAX];
	json_t *origins = json_array();
	for (unsigned i = 0; i < f->origin_count; i++) {
		json_array_append_new(origins, json_integer(f->origins[i]));
	}
	json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:o}", "type", record_type_text(type),
				 "result", finding_result_text(f->result), "reason", f->reason,
				 "detail", f->detail, "origins", origins);
	ASSERT(body != NULL);
	json_object_set_new(body, "expires_at",
			    f->expires_s != 0
				    ? json_string(registry_time_format(f->expires_s, time))
				    : json_null());
	return body;
}

static bool is_same_origins(const struct registry_asns *a, const struct finding *f)
{
	for (size_t i = 0; i < a->count && i < f->origin_count; i++) {
		if (a->item[i] != f->origins[i]) {
			return false;
		}
	}
	return a->count == f->origin_count;
}

bool record_is_news(const struct registry_evidence *e, const struct finding *f)
{
	if (e == NULL) {
		return true;
	}
	if (strcmp(e->reason, LIFE_REJECTED) == 0) {
		return false; /* The operator knew what was there. */
	}
	if (f->result == FINDING_ERROR) {
		return e->result == RESULT_PENDING && e->error[0] == '\0';
	}
	return e->error[0] != '\0' || e->result != (uint8_t)f->result ||
	       strcmp(e->reason, f->reason) != 0 || strcmp(e->detail, f->detail) != 0 ||
	       e->expires_s != f->expires_s ||
	       (e->failing_since_s == 0 && !is_same_origins(&e->origins, f));
}

struct claim record_claim(const struct registry_prefix *p)
{
	return (struct claim){.tenant = p->tenant.text,
			      .prefix = p->prefix,
			      .len_max = (uint8_t)p->max_length,
			      .origins = p->origins.item,
			      .origin_count = (unsigned)p->origins.count,
			      .token = p->proof_token};
}

bool record_is_checked(const struct registry_prefix *p)
{
	return p->state != PREFIX_DRAFT && p->state != PREFIX_RELEASED;
}
