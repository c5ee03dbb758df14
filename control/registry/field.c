/* The tables of fields, from field.def. */
#include "control/registry/field.h"

#include <string.h>

#include "rib/base/check.h"

static const char *const mode_choices[] = {"global", "local", NULL};
static const char *const asn_states[] = {"pending", "verified", "suspended", "revoked", NULL};
static const char *const announce_choices[] = {"off", "limited", "on", NULL};
/* In the order of enum prefix_state. */
static const char *const prefix_states[] = {"draft",
					    "pending-validation",
					    "validated",
					    "provisioned",
					    "announced-limited",
					    "announced",
					    "draining",
					    "withdrawn",
					    "released",
					    "validation-failed",
					    "suspended",
					    "expired",
					    NULL};
static_assert(ARRAY_COUNT(prefix_states) == PREFIX_STATE_COUNT + 1, "one name for each state");
static const char *const evidence_types[] = {"roa",	  "irr",    "dns",	"remark",
					     "signature", "letter", "operator", NULL};
static_assert(ARRAY_COUNT(evidence_types) == EVIDENCE_TYPE_COUNT + 1, "one name for each type");
static const char *const evidence_results[] = {"pending", "valid",   "missing", "mismatch",
					       "invalid", "expired", "error",	NULL};
static_assert(ARRAY_COUNT(evidence_results) == RESULT_COUNT + 1, "one name for each result");
static const char *const session_auths[] = {"none", "md5", "tcp-ao", NULL};
static const char *const session_views[] = {"none", "default", "own-tenant", "customers-peers",
					    "full", NULL};
static const char *const session_roles[] = {"none",	"provider", "rs", "rs-client",
					    "customer", "peer",	    NULL};
static const char *const session_paths[] = {"off", "rx", "tx", "both", NULL};
static const char *const token_roles[] = {"operator", "viewer", "tenant", NULL};

#define QUOTA(member, sentence)                                                                    \
	{                                                                                          \
		.name = #member, .type = FIELD_NUMBER, .flags = FIELD_OPERATOR | FIELD_NULL,       \
		.at = offsetof(struct registry_quota, member), .min = 1, .max = 10000000,          \
		.text = sentence                                                                   \
	}
static const struct field quota_rows[] = {
	QUOTA(asns, "AS numbers."),
	QUOTA(prefixes, "Prefixes."),
	QUOTA(sessions, "Sessions."),
	QUOTA(routes_ipv4, "IPv4 routes of one session."),
	QUOTA(routes_ipv6, "IPv6 routes of one session."),
};
static const struct field_table quota_fields = {
	.field = quota_rows,
	.count = ARRAY_COUNT(quota_rows),
	.size = sizeof(struct registry_quota),
	.text = "How much a tenant may have.",
};

#define BOUNDS(low, high) .min = (low), .max = (high)
#define CHOICES(names)	  .choices = (names)
#define OF(kind)	  .ref = REGISTRY_##kind, .max = 64
#define ANY_KIND	  .ref = REGISTRY_KIND_COUNT
#define GROUP(table)	  .group = &(table)
#define NO_LIMITS	  .min = 0
/* A function for each kind, so that `self` can be its struct. */
#define KIND(kind, structure, sentence)                                                            \
	static const struct field_table *fields_of_##kind(void)                                    \
	{                                                                                          \
		typedef struct structure self;                                                     \
		static const char text_of[] = sentence;                                            \
		static const struct field rows[] = {
#define FIELD(form, member, json_name, rights, limits, sentence)                                   \
	{.name = (json_name),                                                                      \
	 .type = FIELD_##form,                                                                     \
	 .flags = (rights),                                                                        \
	 .at = offsetof(self, member),                                                             \
	 limits,                                                                                   \
	 .text = (sentence)},
#define END                                                                                        \
	}                                                                                          \
	;                                                                                          \
	static const struct field_table table = {                                                  \
		.field = rows, .count = ARRAY_COUNT(rows), .size = sizeof(self), .text = text_of}; \
	return &table;                                                                             \
	}

#include "control/registry/field.def"

static const struct field_table *(*const tables[])(void) = {
	[REGISTRY_TENANT] = fields_of_TENANT,	  [REGISTRY_ASN] = fields_of_ASN,
	[REGISTRY_PREFIX] = fields_of_PREFIX,	  [REGISTRY_EVIDENCE] = fields_of_EVIDENCE,
	[REGISTRY_SITE] = fields_of_SITE,	  [REGISTRY_TEMPLATE] = fields_of_TEMPLATE,
	[REGISTRY_SESSION] = fields_of_SESSION,	  [REGISTRY_TOKEN] = fields_of_TOKEN,
	[REGISTRY_DOCUMENT] = fields_of_DOCUMENT,
};
static_assert(ARRAY_COUNT(tables) == REGISTRY_KIND_COUNT, "one table for each kind");

const struct field_table *registry_fields(enum registry_kind kind)
{
	ASSERT(kind < REGISTRY_KIND_COUNT);
	return tables[kind]();
}

const struct field *field_find(const struct field_table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->field[i].name, name) == 0) {
			return &t->field[i];
		}
	}
	return NULL;
}
