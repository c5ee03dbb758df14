/* JSON schemas of the kinds, for the API's description. */
#include "control/registry/field_own.h"

static json_t *field_schema(const struct field *f);

static json_t *type_json(const char *type, bool may_be_null)
{
	return may_be_null ? json_pack("[s,s]", type, "null") : json_string(type);
}

static void put_string(json_t *schema, const char *format)
{
	if (format != NULL) {
		json_object_set_new(schema, "format", json_string(format));
	}
}

static void put_choices(json_t *schema, const char *const *choices)
{
	json_t *list = json_array();
	for (unsigned i = 0; choices[i] != NULL; i++) {
		json_array_append_new(list, json_string(choices[i]));
	}
	json_object_set_new(schema, "enum", list);
}

static void put_range(json_t *schema, const char *min, const char *max, const struct field *f)
{
	json_object_set_new(schema, min, json_integer(f->min));
	json_object_set_new(schema, max, json_integer(f->max));
}

/* The pattern of ids; of one kind or of any. */
static void put_pattern(json_t *schema)
{
	json_object_set_new(schema, "pattern", json_string("^[a-z]-[0-9a-z]{13}$"));
}

static json_t *group_schema(const struct field_table *t)
{
	json_t *members = json_object();
	for (size_t i = 0; i < t->count; i++) {
		json_object_set_new(members, t->field[i].name, field_schema(&t->field[i]));
	}
	return members;
}

static json_t *item_schema(const struct field *f)
{
	switch (f->type) {
	case FIELD_ASNS:
		return json_pack("{s:s,s:i,s:I}", "type", "integer", "minimum", 1, "maximum",
				 (json_int_t)UINT32_MAX);
	case FIELD_FAMILIES:
		return json_pack("{s:s,s:[s,s]}", "type", "string", "enum", "ipv4", "ipv6");
	default:
		return json_pack("{s:s}", "type", "string");
	}
}

static const char *name_of_type(enum field_type type)
{
	switch (type) {
	case FIELD_BOOL:
		return "boolean";
	case FIELD_NUMBER:
	case FIELD_ASN:
		return "integer";
	case FIELD_ASNS:
	case FIELD_IDS:
	case FIELD_ADDRS:
	case FIELD_TEXTS:
	case FIELD_FAMILIES:
		return "array";
	case FIELD_GROUP:
		return "object";
	default:
		return "string";
	}
}

static void put_limits(json_t *schema, const struct field *f)
{
	switch (f->type) {
	case FIELD_TEXT:
		/* In bytes here, in characters there: never more of these than of those. */
		json_object_set_new(schema, "maxLength", json_integer(f->max));
		json_object_set_new(schema, "minLength", json_integer(f->min > 0));
		break;
	case FIELD_NUMBER:
		put_range(schema, "minimum", "maximum", f);
		break;
	case FIELD_ASN:
		json_object_set_new(schema, "minimum", json_integer(1));
		json_object_set_new(schema, "maximum", json_integer(UINT32_MAX));
		break;
	case FIELD_CHOICE:
		put_choices(schema, f->choices);
		break;
	case FIELD_TIME:
		put_string(schema, "date-time");
		break;
	case FIELD_ID:
		put_pattern(schema);
		break;
	case FIELD_FAMILIES:
		json_object_set_new(schema, "items", item_schema(f));
		break;
	case FIELD_GROUP:
		json_object_set_new(schema, "properties", group_schema(f->group));
		break;
	case FIELD_ASNS:
	case FIELD_IDS:
	case FIELD_ADDRS:
	case FIELD_TEXTS:
		json_object_set_new(schema, "items", item_schema(f));
		put_range(schema, "minItems", "maxItems", f);
		break;
	default:
		break;
	}
}

static json_t *field_schema(const struct field *f)
{
	json_t *schema = json_object();
	json_object_set_new(schema, "type",
			    type_json(name_of_type(f->type), (f->flags & FIELD_NULL) != 0));
	json_object_set_new(schema, "description", json_string(f->text));
	put_limits(schema, f);
	return schema;
}

static json_t *schema_of(const struct field_table *t, json_t *members, json_t *required)
{
	return json_pack("{s:s,s:s,s:o,s:o}", "type", "object", "description", t->text,
			 "properties", members, "required", required);
}

/* Prefixes and ASNs have members that are computed when they are shown. */
static void put_computed(enum registry_kind kind, json_t *members)
{
	if (kind == REGISTRY_PREFIX || kind == REGISTRY_ASN) {
		json_object_set_new(members, "remedy",
				    json_pack("{s:s,s:s,s:b}", "type", "string", "description",
					      "What to do about the reason.", "readOnly", 1));
		json_object_set_new(members, "checks",
				    json_pack("{s:s,s:s,s:b}", "type", "object", "description",
					      "What each kind of check says: result, reason, "
					      "detail, checked_at, expires_at.",
					      "readOnly", 1));
	}
}

json_t *registry_schema(enum registry_kind kind)
{
	const struct field_table *t = registry_fields(kind);
	json_t *members =
		json_pack("{s:{s:s,s:s},s:{s:s},s:{s:[s,s],s:s},s:{s:[s,s],s:s}}", "id", "type",
			  "string", "pattern", "^[a-z]-[0-9a-z]{13}$", "revision", "type",
			  "integer", "created_at", "type", "string", "null", "format", "date-time",
			  "updated_at", "type", "string", "null", "format", "date-time");
	json_t *required = json_pack("[s,s,s,s]", "id", "revision", "created_at", "updated_at");
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->field[i];
		if ((f->flags & FIELD_SECRET) == 0) {
			json_object_set_new(members, f->name, field_schema(f));
			json_array_append_new(required, json_string(f->name));
		}
	}
	put_computed(kind, members);
	return schema_of(t, members, required);
}

json_t *registry_schema_input(enum registry_kind kind, bool is_new)
{
	const struct field_table *t = registry_fields(kind);
	json_t *members = json_object();
	json_t *required = json_array();
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->field[i];
		bool is_once = (f->flags & FIELD_CREATE) != 0;
		if ((f->flags & (FIELD_TENANT | FIELD_OPERATOR)) == 0 || (is_once && !is_new)) {
			continue;
		}
		json_object_set_new(members, f->name, field_schema(f));
		/* A tenant's own objects are its own without saying so. */
		bool is_owner = f->type == FIELD_ID && f->ref == REGISTRY_TENANT;
		if (is_new && (f->flags & FIELD_NEEDED) != 0 && !is_owner) {
			json_array_append_new(required, json_string(f->name));
		}
	}
	json_t *schema = schema_of(t, members, required);
	json_object_set_new(schema, "additionalProperties", json_false());
	return schema;
}
