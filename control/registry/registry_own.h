/* What the registry's own files share: objects go in and out of the indexes here.
 *
 * A plan tries a command on the registry itself and gives it back as it was (tx.h), so that every
 * check of every step sees what the steps before it did. */
#pragma once

#include "control/registry/keyset.h"
#include "control/registry/registry.h"

enum index_tag {
	TAG_OBJECT,	 /* kind, id */
	TAG_TENANT,	 /* kind, tenant, id */
	TAG_NAME,	 /* kind, hash of the name, id */
	TAG_PREFIX,	 /* family, address, length, id */
	TAG_ADDRESS,	 /* Sessions: family, address, id */
	TAG_ASN,	 /* ASNs: number, id */
	TAG_ALIAS,	 /* ASNs: alias, id */
	TAG_ORIGIN,	 /* Prefixes: origin, tenant, id */
	TAG_SESSION_ASN, /* Sessions: number, tenant, id */
	TAG_SUBJECT,	 /* Evidence: subject, type, id */
	TAG_PARENT,	 /* Prefixes: parent, id */
	TAG_GIVEN,	 /* Prefixes that are delegated: tenant, id */
	TAG_USE,	 /* What names another: that, id */
	TAG_DUE,	 /* time, id */
};

struct registry {
	struct keyset *index;
	uint64_t revision;
	/* How many prefixes have a length: which ones a search for covering ones has to try. */
	uint32_t len_count[FAMILY_COUNT][129];
};

/* The object's place is free; it is the registry's from then on. */
void registry_put(struct registry *r, struct registry_object *o);
/* It is the caller's again. */
struct registry_object *registry_take(struct registry *r, enum registry_kind kind, const char *id);

struct key_cursor key_of(enum index_tag tag);
struct key_cursor key_kind(enum index_tag tag, enum registry_kind kind);
struct key_cursor key_name(enum registry_kind kind, const char *name);
struct key_cursor key_asn(enum index_tag tag, asn_t asn, const char *tenant); /* NULL: any. */
struct key_cursor key_addr(const struct addr *a);
struct key_cursor key_ref(enum index_tag tag, const char *id);
/* Each object whose key begins with this; `fn` must not change the registry. */
void registry_walk(const struct registry *r, const struct key_cursor *c, registry_fn *fn,
		   void *context);
const struct registry_object *registry_first(const struct registry *r, const struct key_cursor *c);
