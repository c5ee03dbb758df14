/* What the registry holds: its kinds of objects, as they are in memory.
 *
 * An object in the registry never changes: a change makes a new one that takes its place, so a
 * pointer is good until the next change is applied.  All members are plain values; what there may
 * be none of is zero (a text is then "", never NULL; an id "", a time 0, an address or prefix all
 * zero, which none can be).  Which members there are in JSON, of which form, and who may write
 * them, is said once, in field.def. */
#pragma once

#include <jansson.h>

#include "rib/base/addr.h"

enum registry_kind {
	REGISTRY_TENANT,
	REGISTRY_ASN,
	REGISTRY_PREFIX,
	REGISTRY_EVIDENCE,
	REGISTRY_SITE,
	REGISTRY_TEMPLATE,
	REGISTRY_SESSION,
	REGISTRY_TOKEN,
	REGISTRY_DOCUMENT,
	REGISTRY_KIND_COUNT
};

#define REGISTRY_ID_MAX	   20 /* Room; an id is a letter of its kind, '-', 13 characters. */
#define REGISTRY_ID_LEN	   15
#define REGISTRY_NAME_MAX  64
#define REGISTRY_LIST_MAX  64 /* Members of a list: origins, sites, AS-SETs, reserved. */
#define REGISTRY_TOKEN_TAG "cwy_"

typedef struct {
	char text[REGISTRY_ID_MAX]; /* Zero to its end; "": none. */
} registry_id_t;

struct registry_object { /* The first member of each kind's struct. */
	enum registry_kind kind;
	registry_id_t id;
	uint64_t revision;	      /* Of its last change. */
	int64_t created_s, updated_s; /* Seconds since 1970, as all times here. */
};

struct registry_ids {
	registry_id_t *item;
	size_t count;
};

struct registry_asns {
	asn_t *item;
	size_t count;
};

struct registry_addrs {
	struct addr *item;
	size_t count;
};

struct registry_texts {
	char **item;
	size_t count;
};

enum registry_mode { MODE_GLOBAL, MODE_LOCAL };

struct registry_quota { /* 0: as the rules say. */
	uint32_t asns, prefixes, sessions, routes_ipv4, routes_ipv6;
};

struct registry_tenant {
	struct registry_object object;
	char *name, *contact;
	uint8_t mode; /* enum registry_mode */
	bool is_enabled;
	struct registry_quota quota;
};

#include "control/registry/object_prefix.h"
#include "control/registry/object_session.h"

const char *registry_kind_text(enum registry_kind kind);	     /* "tenant" */
const char *registry_kind_plural(enum registry_kind kind);	     /* "tenants" */
char registry_kind_letter(enum registry_kind kind);		     /* That ids begin with. */
bool registry_kind_parse(const char *text, enum registry_kind *out); /* "tenant" or "tenants" */
/* The kind that an id is of, by its letter; false when `text` is no id. */
bool registry_kind_of_id(const char *text, enum registry_kind *out);
/* The tenant that an object belongs to: itself for a tenant; NULL for a site or a template, and
 * for an operators' token. */
const char *registry_tenant_of(const struct registry_object *o);

struct registry_object *registry_object_new(enum registry_kind kind);
struct registry_object *registry_object_copy(const struct registry_object *o);
void registry_object_free(struct registry_object *o); /* NULL does nothing. */
