/* Objects in memory: made, copied and freed by their tables of fields. */
#include "control/registry/object.h"

#include "control/registry/field_own.h"
#include "control/registry/memory.h"

static void init_field(const struct field *f, void *at)
{
	if (f->type == FIELD_TEXT) {
		*(char **)at = registry_text("");
	}
}

struct registry_object *registry_object_new(enum registry_kind kind)
{
	const struct field_table *t = registry_fields(kind);
	struct registry_object *o = registry_alloc(1, t->size);
	o->kind = kind;
	for (size_t i = 0; i < t->count; i++) {
		init_field(&t->field[i], field_in(&t->field[i], o));
	}
	return o;
}

static void *copy_items(const void *item, size_t count, size_t size)
{
	if (count == 0) {
		return NULL;
	}
	void *copy = registry_alloc(count, size);
	memcpy(copy, item, count * size);
	return copy;
}

/* The struct has been copied flat; what it points to is copied here. */
static void copy_field(const struct field *f, void *at)
{
	struct registry_texts *texts = at;
	switch (f->type) {
	case FIELD_TEXT:
		*(char **)at = registry_text(*(char **)at);
		break;
	case FIELD_ASNS:
		((struct registry_asns *)at)->item =
			copy_items(((struct registry_asns *)at)->item,
				   ((struct registry_asns *)at)->count, sizeof(asn_t));
		break;
	case FIELD_IDS:
		((struct registry_ids *)at)->item =
			copy_items(((struct registry_ids *)at)->item,
				   ((struct registry_ids *)at)->count, sizeof(registry_id_t));
		break;
	case FIELD_ADDRS:
		((struct registry_addrs *)at)->item =
			copy_items(((struct registry_addrs *)at)->item,
				   ((struct registry_addrs *)at)->count, sizeof(struct addr));
		break;
	case FIELD_TEXTS:
		texts->item = copy_items(texts->item, texts->count, sizeof(char *));
		for (size_t i = 0; i < texts->count; i++) {
			texts->item[i] = registry_text(texts->item[i]);
		}
		break;
	default:
		break;
	}
}

struct registry_object *registry_object_copy(const struct registry_object *o)
{
	const struct field_table *t = registry_fields(o->kind);
	struct registry_object *copy = registry_alloc(1, t->size);
	memcpy(copy, o, t->size);
	for (size_t i = 0; i < t->count; i++) {
		copy_field(&t->field[i], field_in(&t->field[i], copy));
	}
	return copy;
}

void field_clear(const struct field *f, void *at)
{
	struct registry_texts *texts = at;
	switch (f->type) {
	case FIELD_TEXT:
		free(*(char **)at);
		*(char **)at = NULL;
		break;
	case FIELD_TEXTS:
		for (size_t i = 0; i < texts->count; i++) {
			free(texts->item[i]);
		}
		free(texts->item);
		*texts = (struct registry_texts){.count = 0};
		break;
	case FIELD_ASNS:
		free(((struct registry_asns *)at)->item);
		*(struct registry_asns *)at = (struct registry_asns){.count = 0};
		break;
	case FIELD_IDS:
		free(((struct registry_ids *)at)->item);
		*(struct registry_ids *)at = (struct registry_ids){.count = 0};
		break;
	case FIELD_ADDRS:
		free(((struct registry_addrs *)at)->item);
		*(struct registry_addrs *)at = (struct registry_addrs){.count = 0};
		break;
	default:
		break;
	}
}

void registry_object_free(struct registry_object *o)
{
	if (o == NULL) {
		return;
	}
	const struct field_table *t = registry_fields(o->kind);
	for (size_t i = 0; i < t->count; i++) {
		field_clear(&t->field[i], field_in(&t->field[i], o));
	}
	free(o);
}

void registry_text_set(char **at, const char *text)
{
	char *copy = registry_text(text);
	free(*at);
	*at = copy;
}

const char *registry_tenant_of(const struct registry_object *o)
{
	if (o->kind == REGISTRY_TENANT) {
		return o->id.text;
	}
	const struct field *f = field_find(registry_fields(o->kind), "tenant");
	if (f == NULL) {
		return NULL;
	}
	const registry_id_t *id = field_of(f, o);
	return id->text[0] == '\0' ? NULL : id->text;
}
