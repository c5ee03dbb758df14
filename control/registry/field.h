/* Fields of objects: one table for each kind says all about each of them.
 *
 * The name and form in JSON, the place in the struct, limits, who may write it, whether it is
 * secret, and a sentence for the documentation stand in field.def.  Reading with errors that name
 * the member, writing, comparing, copying, freeing and the schemas all walk these tables. */
#pragma once

#include "control/registry/change.h"
#include "control/registry/error.h"
#include "control/registry/object.h"

enum field_type {
	FIELD_TEXT, /* char *; min..max bytes. */
	FIELD_BOOL,
	FIELD_NUMBER, /* uint32_t; min..max; 0 is null when FIELD_NULL. */
	FIELD_ASN,    /* asn_t */
	FIELD_CHOICE, /* uint8_t: one of `choices`. */
	FIELD_TIME,   /* int64_t; 0 is null. */
	FIELD_ID,     /* registry_id_t of kind `ref` (REGISTRY_KIND_COUNT: of any). */
	FIELD_ADDR,   /* struct addr; zero is null. */
	FIELD_PREFIX, /* struct prefix; zero is null. */
	FIELD_ASNS,   /* Lists: at most `max` members, none twice. */
	FIELD_IDS,
	FIELD_ADDRS,
	FIELD_TEXTS,	/* AS-SETs: up to REGISTRY_NAME_MAX bytes each. */
	FIELD_FAMILIES, /* uint32_t bits as a list of names. */
	FIELD_GROUP,	/* An object of its own: `group`'s fields. */
	FIELD_TYPE_COUNT
};

enum field_flag {
	FIELD_NULL = 1,	    /* May be null. */
	FIELD_CREATE = 2,   /* Written when the object is made, and never again. */
	FIELD_TENANT = 4,   /* Tenants may write it (operators may what tenants may). */
	FIELD_OPERATOR = 8, /* Operators may write it. */
	FIELD_SECRET = 16,  /* Only in the STORE view. */
	FIELD_NEEDED = 32,  /* An object cannot be made without it. */
	FIELD_BULK = 64,    /* Not kept in memory. */
};

struct field_table;

struct field {
	const char *name;
	enum field_type type;
	unsigned flags;
	size_t at;
	uint32_t min, max;
	const char *const *choices; /* Ends with NULL. */
	enum registry_kind ref;
	const struct field_table *group;
	const char *text; /* A sentence. */
};

struct field_table {
	const struct field *field;
	size_t count;
	size_t size; /* Of the struct. */
	const char *text;
};

const struct field_table *registry_fields(enum registry_kind kind);
const struct field *field_find(const struct field_table *t, const char *name);

json_t *registry_object_json(const struct registry_object *o, enum registry_view view);
/* Of the STORE view.  NULL with error: pointer, reason, text, remedy. */
struct registry_object *registry_object_from_json(enum registry_kind kind, const json_t *json,
						  struct registry_error *out_error);
/* Merge what a caller gives into an object of its own (RFC 7396).  Members that the caller may not
 * write are refused, unless they say what is there already.  False with error: `o` is then to be
 * freed. */
bool registry_object_merge(struct registry_object *o, const json_t *body, enum registry_role role,
			   bool is_new, struct registry_error *out_error);
/* A STORE view as the API may show it.  The caller's. */
json_t *registry_json_public(enum registry_kind kind, const json_t *store);
/* The JSON schema (OpenAPI 3.1) of a kind as it is answered, and as it is given to be made
 * (is_new) or changed. */
json_t *registry_schema(enum registry_kind kind);
json_t *registry_schema_input(enum registry_kind kind, bool is_new);
/* Of a member, as it is asked for; NULL: the kind has none of this name. */
json_t *registry_schema_member(enum registry_kind kind, const char *name);
/* Of one check of an ASN or prefix; and where the other schemas look for it. */
#define REGISTRY_CHECK_SCHEMA "#/components/schemas/Check"
json_t *registry_schema_check(void);
/* The members of evidence that a check has. */
#define REGISTRY_CHECK_MEMBERS 8
extern const char *const registry_check_members[REGISTRY_CHECK_MEMBERS + 1]; /* Ends with NULL. */

/* RFC 3339, UTC. */
bool registry_time_parse(const char *text, int64_t *out_s);
#define REGISTRY_TIME_MAX   24
#define REGISTRY_TIME_S_MAX INT64_C(253402300799)    /* The last second of the year 9999. */
char *registry_time_format(int64_t at_s, char *buf); /* REGISTRY_TIME_MAX bytes; returns `buf`. */
