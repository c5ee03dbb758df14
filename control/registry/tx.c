/* A plan under way. */
#include "control/registry/tx.h"

#include <stdarg.h>
#include <stdio.h>

#include "control/registry/memory.h"
#include "control/registry/words.h"

void tx_begin(struct tx *t, struct registry *r, const struct registry_rules *rules,
	      const struct registry_command *c, struct registry_error *error)
{
	*t = (struct tx){.registry = r,
			 .rules = rules,
			 .command = c,
			 .error = error,
			 .now_s = c->now_s,
			 .seen = keyset_new()};
}

/* In place of an object that there was not. */
static const struct registry_object nothing;

/* Remember what there was, the first time. */
static void note(struct tx *t, enum registry_kind kind, const char *id,
		 struct registry_object *before)
{
	struct key_cursor c = key_ref(TAG_OBJECT, id);
	if (keyset_get(t->seen, &c.key) != NULL) {
		registry_object_free(before); /* Of a step in between. */
		return;
	}
	if (t->count == t->room) {
		t->room = t->room == 0 ? 8 : t->room * 2;
		t->item = realloc(t->item, t->room * sizeof(*t->item));
		ASSERT(t->item != NULL);
	}
	struct tx_item *it = &t->item[t->count++];
	*it = (struct tx_item){.kind = kind, .before = before};
	memcpy(it->id.text, id, REGISTRY_ID_LEN);
	keyset_add(t->seen, &c.key, before == NULL ? &nothing : before);
}

const void *tx_before(const struct tx *t, enum registry_kind kind, const char *id)
{
	struct key_cursor c = key_ref(TAG_OBJECT, id);
	const struct registry_object *seen = keyset_get(t->seen, &c.key);
	if (seen == NULL) {
		return registry_get(t->registry, kind, id);
	}
	return seen == &nothing ? NULL : seen;
}

void tx_put(struct tx *t, struct registry_object *o)
{
	struct registry_object *before = NULL;
	if (registry_get(t->registry, o->kind, o->id.text) != NULL) {
		before = registry_take(t->registry, o->kind, o->id.text);
	}
	o->revision = t->registry->revision + 1;
	o->updated_s = t->now_s;
	registry_put(t->registry, o);
	note(t, o->kind, o->id.text, before);
}

void tx_delete(struct tx *t, enum registry_kind kind, const char *id)
{
	registry_id_t kept = {.text = ""};
	memcpy(kept.text, id, REGISTRY_ID_LEN); /* `id` may be the object's own. */
	note(t, kind, kept.text, registry_take(t->registry, kind, kept.text));
}

const void *tx_get(const struct tx *t, enum registry_kind kind, const char *id)
{
	return registry_get(t->registry, kind, id);
}

void *tx_copy(const struct tx *t, enum registry_kind kind, const char *id)
{
	const struct registry_object *o = registry_get(t->registry, kind, id);
	ASSERT(o != NULL);
	return registry_object_copy(o);
}

void registry_random_text(const struct registry_rules *rules, char *out, size_t len)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	ASSERT(rules->random != NULL);
	rules->random(rules->random_context, out, len);
	for (size_t i = 0; i < len; i++) {
		out[i] = digits[(unsigned char)out[i] & 31];
	}
	out[len] = '\0';
}

void *tx_new(struct tx *t, enum registry_kind kind)
{
	static const char letters[REGISTRY_KIND_COUNT] = {'t', 'a', 'p', 'e', 's',
							  'm', 'n', 'k', 'd'};
	struct registry_object *o = registry_object_new(kind);
	o->created_s = t->now_s;
	do {
		o->id.text[0] = letters[kind];
		o->id.text[1] = '-';
		registry_random_text(t->rules, o->id.text + 2, REGISTRY_ID_LEN - 2);
	} while (registry_get(t->registry, kind, o->id.text) != NULL);
	return o;
}

/* {"<id>": {member: value}} */
static void put_member(json_t **all, const char *id, const char *member, json_t *value)
{
	*all = *all == NULL ? json_object() : *all;
	json_t *of_id = json_object_get(*all, id);
	if (of_id == NULL) {
		of_id = json_object();
		json_object_set_new(*all, id, of_id);
	}
	json_object_set_new(of_id, member, value);
}

void tx_secret(struct tx *t, const char *id, const char *member, const char *secret)
{
	put_member(&t->secrets, id, member, json_string(secret));
}

void tx_bulk(struct tx *t, const char *id, const char *member, json_t *value)
{
	put_member(&t->bulk, id, member, json_incref(value));
}

void tx_say(struct tx *t, const char *format, ...)
{
	va_list args;
	if (t->summary[0] != '\0') {
		return;
	}
	va_start(args, format);
	vsnprintf(t->summary, sizeof(t->summary), format, args);
	va_end(args);
	words_cut(t->summary);
}

static json_t *store_json(const struct registry_object *o)
{
	return o == NULL ? NULL : registry_object_json(o, REGISTRY_VIEW_STORE);
}

/* Apart from when and as what revision it was put, is it what it was? */
static bool is_same(json_t *before, json_t *after)
{
	if (before == NULL || after == NULL) {
		return before == after;
	}
	json_t *revision = json_incref(json_object_get(after, "revision"));
	json_t *updated = json_incref(json_object_get(after, "updated_at"));
	json_object_set(after, "revision", json_object_get(before, "revision"));
	json_object_set(after, "updated_at", json_object_get(before, "updated_at"));
	bool is_equal = json_equal(before, after);
	json_object_set_new(after, "revision", revision);
	json_object_set_new(after, "updated_at", updated);
	return is_equal;
}

static void add_item(struct registry_change *c, const struct tx *t, const struct tx_item *it)
{
	const struct registry_object *now = registry_get(t->registry, it->kind, it->id.text);
	json_t *before = store_json(it->before), *after = store_json(now);
	if (is_same(before, after)) {
		json_decref(before);
		json_decref(after);
		return;
	}
	json_t *bulk = json_object_get(t->bulk, it->id.text);
	if (after != NULL && bulk != NULL) {
		json_object_update(after, bulk);
	}
	c->item[c->count++] = (struct registry_item){
		.kind = it->kind, .id = it->id, .before = before, .after = after};
}

static struct registry_change *change_of(struct tx *t)
{
	const struct registry_command *command = t->command;
	struct registry_change *c = registry_alloc(1, sizeof(*c));
	c->revision = t->registry->revision + 1;
	c->at_s = t->now_s;
	c->author = command->author;
	c->request_hash = command->request_hash;
	c->undo_of = command->undo == NULL ? 0 : command->undo->revision;
	memcpy(c->summary, t->summary, sizeof(c->summary));
	snprintf(c->request_key, sizeof(c->request_key), "%s",
		 command->request_key == NULL ? "" : command->request_key);
	c->item = registry_alloc(t->count, sizeof(*c->item));
	for (size_t i = 0; i < t->count; i++) {
		add_item(c, t, &t->item[i]);
	}
	c->secrets = json_incref(t->secrets);
	return c;
}

struct registry_change *tx_end(struct tx *t, bool is_good)
{
	struct registry_change *c = is_good ? change_of(t) : NULL;
	for (size_t i = 0; i < t->count; i++) {
		const struct tx_item *it = &t->item[i];
		if (registry_get(t->registry, it->kind, it->id.text) != NULL) {
			registry_object_free(registry_take(t->registry, it->kind, it->id.text));
		}
	}
	for (size_t i = 0; i < t->count; i++) {
		if (t->item[i].before != NULL) {
			registry_put(t->registry, t->item[i].before);
		}
	}
	free(t->item);
	keyset_free(t->seen);
	json_decref(t->secrets);
	json_decref(t->bulk);
	return c;
}
