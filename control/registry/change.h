/* A change of the registry: what the store keeps, what undo reverses, what the audit log shows. */
#pragma once

#include "control/registry/object.h"

/* Who asks. */
enum registry_role { ROLE_NOBODY, ROLE_TENANT, ROLE_VIEWER, ROLE_OPERATOR, ROLE_SYSTEM };
enum registry_author_kind { AUTHOR_TOKEN, AUTHOR_SOCKET, AUTHOR_SYSTEM };

struct registry_author {
	enum registry_author_kind kind;
	enum registry_role role;
	char name[REGISTRY_NAME_MAX];
	registry_id_t tenant; /* Of ROLE_TENANT. */
};

struct registry_item {
	enum registry_kind kind;
	registry_id_t id;
	json_t *before, *after; /* STORE view; NULL: there was none, there is none any more. */
};

struct registry_change {
	uint64_t revision; /* The one after that of the registry it was planned for. */
	int64_t at_s;
	struct registry_author author;
	char summary[160];
	char request_key[80]; /* Idempotency-Key; "" */
	uint64_t request_hash;
	uint64_t undo_of;
	size_t count;
	struct registry_item *item;
	json_t *secrets; /* {"<id>": {"secret" or "key": …}}: shown once, never kept; or NULL. */
};

enum registry_view {
	REGISTRY_VIEW_API,   /* Without secrets and what is internal. */
	REGISTRY_VIEW_STORE, /* All of it. */
};

void registry_change_free(struct registry_change *c); /* NULL does nothing. */
/* Never with the secrets. */
json_t *registry_change_json(const struct registry_change *c, enum registry_view view);
/* Of the STORE view; NULL when it is none. */
struct registry_change *registry_change_from_json(const json_t *j);
/* Whether it is about an object of this tenant's. */
bool registry_change_has_tenant(const struct registry_change *c, const char *tenant);
