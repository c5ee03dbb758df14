/* A plan under way: what a command would change, tried on the registry itself.
 *
 * Each step puts its new objects into the registry, so that the checks of the next one see them;
 * tx_end() takes them out again, in any case, and has made a change of the difference. */
#pragma once

#include "control/registry/field.h"
#include "control/registry/plan.h"
#include "control/registry/registry_own.h"

struct tx_item {
	enum registry_kind kind;
	registry_id_t id;
	struct registry_object *before; /* Out of the registry while the plan runs; NULL: none. */
};

struct tx {
	struct registry *registry;
	const struct registry_rules *rules;
	const struct registry_command *command;
	struct registry_error *error;
	int64_t now_s;
	struct tx_item *item;
	size_t count, room;
	struct keyset *seen; /* What the items were before, by id. */
	json_t *secrets;
	json_t *bulk; /* {"<id>": {member: value}}: on its way to the store. */
	char summary[160];
};

void tx_begin(struct tx *t, struct registry *r, const struct registry_rules *rules,
	      const struct registry_command *c, struct registry_error *error);
/* The change, if the plan was good; in any case the registry is as it was. */
struct registry_change *tx_end(struct tx *t, bool is_good);

/* Put an object in place of the one with its id, if there is one; the registry's from then on. */
void tx_put(struct tx *t, struct registry_object *o);
void tx_delete(struct tx *t, enum registry_kind kind, const char *id);
/* A copy to be changed and put. */
void *tx_copy(const struct tx *t, enum registry_kind kind, const char *id);
const void *tx_get(const struct tx *t, enum registry_kind kind, const char *id);
/* What it was before the plan began; NULL: there was none. */
const void *tx_before(const struct tx *t, enum registry_kind kind, const char *id);
/* A new object with an id of its own. */
void *tx_new(struct tx *t, enum registry_kind kind);
/* A member that is not kept in memory. */
void tx_bulk(struct tx *t, const char *id, const char *member, json_t *value);
void tx_secret(struct tx *t, const char *id, const char *member, const char *secret);
/* The first call's words stay. */
void tx_say(struct tx *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `len` unguessable characters of base32 (RFC 4648 §7), and a terminator. */
void registry_random_text(const struct registry_rules *rules, char *out, size_t len);
