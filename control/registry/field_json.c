/* Fields into JSON. */
#include "control/registry/field_own.h"

#include "control/registry/memory.h"

static json_t *list_json(const struct field *f, const void *at);

static json_t *time_json(int64_t at_s)
{
	char text[REGISTRY_TIME_MAX];
	return at_s == 0 ? json_null() : json_string(registry_time_format(at_s, text));
}

static json_t *id_json(const registry_id_t *id)
{
	return id->text[0] == '\0' ? json_null() : json_string(id->text);
}

static json_t *addr_json(const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	return addr_is_zero(a) ? json_null() : json_string(addr_format(a, text));
}

static json_t *prefix_json(const struct prefix *p)
{
	char text[PREFIX_TEXT_MAX];
	return p->len == 0 ? json_null() : json_string(prefix_format(p, text));
}

static json_t *number_json(const struct field *f, uint32_t number)
{
	return number == 0 && (f->flags & FIELD_NULL) != 0 ? json_null() : json_integer(number);
}

static json_t *families_json(uint32_t families)
{
	json_t *list = json_array();
	if (families & REGISTRY_FAMILY_BIT(FAMILY_IPV4)) {
		json_array_append_new(list, json_string("ipv4"));
	}
	if (families & REGISTRY_FAMILY_BIT(FAMILY_IPV6)) {
		json_array_append_new(list, json_string("ipv6"));
	}
	return list;
}

static json_t *group_json(const struct field_table *t, const void *at)
{
	json_t *group = json_object();
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->field[i];
		json_object_set_new_nocheck(group, f->name, field_json(f, field_of(f, at)));
	}
	return group;
}

json_t *field_json(const struct field *f, const void *at)
{
	switch (f->type) {
	case FIELD_TEXT:
		return json_string(*(char *const *)at);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)at);
	case FIELD_NUMBER:
	case FIELD_ASN:
		return number_json(f, *(const uint32_t *)at);
	case FIELD_CHOICE:
		return json_string(f->choices[*(const uint8_t *)at]);
	case FIELD_TIME:
		return time_json(*(const int64_t *)at);
	case FIELD_ID:
		return id_json(at);
	case FIELD_ADDR:
		return addr_json(at);
	case FIELD_PREFIX:
		return prefix_json(at);
	case FIELD_FAMILIES:
		return families_json(*(const uint32_t *)at);
	case FIELD_GROUP:
		return group_json(f->group, at);
	default:
		return list_json(f, at);
	}
}

static json_t *list_json(const struct field *f, const void *at)
{
	const struct registry_asns *asns = at;
	const struct registry_ids *ids = at;
	const struct registry_addrs *addrs = at;
	const struct registry_texts *texts = at;
	json_t *list = json_array();
	for (size_t i = 0; i < asns->count; i++) {
		json_array_append_new(list, f->type == FIELD_ASNS    ? json_integer(asns->item[i])
					    : f->type == FIELD_IDS   ? id_json(&ids->item[i])
					    : f->type == FIELD_ADDRS ? addr_json(&addrs->item[i])
								     : json_string(texts->item[i]));
	}
	return list;
}

/* Whether a view has a field. */
static bool is_shown(const struct field *f, enum registry_view view)
{
	return view == REGISTRY_VIEW_STORE || (f->flags & FIELD_SECRET) == 0;
}

json_t *registry_object_json(const struct registry_object *o, enum registry_view view)
{
	const struct field_table *t = registry_fields(o->kind);
	json_t *json = json_object();
	json_object_set_new_nocheck(json, "id", json_string(o->id.text));
	json_object_set_new_nocheck(json, "revision", json_integer((json_int_t)o->revision));
	json_object_set_new_nocheck(json, "created_at", time_json(o->created_s));
	json_object_set_new_nocheck(json, "updated_at", time_json(o->updated_s));
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->field[i];
		if (is_shown(f, view)) {
			json_object_set_new_nocheck(json, f->name, field_json(f, field_of(f, o)));
		}
	}
	return json;
}

json_t *registry_json_public(enum registry_kind kind, const json_t *store)
{
	const struct field_table *t = registry_fields(kind);
	json_t *json = json_copy((json_t *)(uintptr_t)store);
	for (size_t i = 0; i < t->count; i++) {
		if (!is_shown(&t->field[i], REGISTRY_VIEW_API)) {
			json_object_del(json, t->field[i].name);
		}
	}
	return json;
}
