/* JSON schemas of the kinds, for the API's description. */
#include "control/registry/field_own.h"

/* The members of evidence that a check of an ASN or prefix shows; show.c adds its id and remedy. */
const char *const registry_check_members[REGISTRY_CHECK_MEMBERS + 1] = {
	"result",     "reason",	    "detail",  "error",
	"checked_at", "expires_at", "origins", "failing_since"};

static json_t *field_schema(const struct field *f, bool is_input);

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
static void put_pattern(json_t *schema, enum registry_kind kind)
{
	char pattern[] = "^p-[0-9a-z]{13}$";
	if (kind == REGISTRY_KIND_COUNT) {
		json_object_set_new(schema, "pattern", json_string("^[a-z]-[0-9a-z]{13}$"));
		return;
	}
	pattern[1] = registry_kind_letter(kind);
	json_object_set_new(schema, "pattern", json_string(pattern));
}

/* What is answered is there; what is given may be left out. */
static void put_group(json_t *schema, const struct field_table *t, bool is_input)
{
	json_t *members = json_object(), *required = json_array();
	for (size_t i = 0; i < t->count; i++) {
		json_object_set_new(members, t->field[i].name,
				    field_schema(&t->field[i], is_input));
		json_array_append_new(required, json_string(t->field[i].name));
	}
	json_object_set_new(schema, "properties", members);
	if (is_input) {
		json_object_set_new(schema, "additionalProperties", json_false());
	} else {
		json_object_set(schema, "required", required);
	}
	json_decref(required);
}

static json_t *item_schema(const struct field *f)
{
	json_t *schema;
	switch (f->type) {
	case FIELD_ASNS:
		return json_pack("{s:s,s:i,s:I}", "type", "integer", "minimum", 1, "maximum",
				 (json_int_t)UINT32_MAX);
	case FIELD_FAMILIES:
		return json_pack("{s:s,s:[s,s]}", "type", "string", "enum", "ipv4", "ipv6");
	case FIELD_ADDRS:
		return json_pack("{s:s,s:s}", "type", "string", "format", "ip-address");
	case FIELD_IDS:
		schema = json_pack("{s:s}", "type", "string");
		put_pattern(schema, f->ref);
		return schema;
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

static void put_limits(json_t *schema, const struct field *f, bool is_input)
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
		put_pattern(schema, f->ref);
		break;
	case FIELD_ADDR:
		put_string(schema, "ip-address");
		break;
	case FIELD_PREFIX:
		put_string(schema, "ip-prefix");
		break;
	case FIELD_FAMILIES:
		json_object_set_new(schema, "items", item_schema(f));
		break;
	case FIELD_GROUP:
		put_group(schema, f->group, is_input);
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

static json_t *field_schema(const struct field *f, bool is_input)
{
	json_t *schema = json_object();
	json_object_set_new(schema, "type",
			    type_json(name_of_type(f->type), (f->flags & FIELD_NULL) != 0));
	json_object_set_new(schema, "description", json_string(f->text));
	put_limits(schema, f, is_input);
	if (!is_input && (f->flags & (FIELD_TENANT | FIELD_OPERATOR)) == 0) {
		json_object_set_new(schema, "readOnly", json_true());
	}
	return schema;
}

static json_t *schema_of(const struct field_table *t, json_t *members, json_t *required)
{
	return json_pack("{s:s,s:s,s:o,s:o}", "type", "object", "description", t->text,
			 "properties", members, "required", required);
}

/* A member that every object has, and nobody writes. */
static void put_head_member(json_t *members, json_t *required, const char *name, json_t *schema)
{
	json_object_set_new(schema, "readOnly", json_true());
	json_object_set_new(members, name, schema);
	json_array_append_new(required, json_string(name));
}

static json_t *time_schema(const char *text)
{
	return json_pack("{s:[s,s],s:s,s:s}", "type", "string", "null", "format", "date-time",
			 "description", text);
}

static void put_head(enum registry_kind kind, json_t *members, json_t *required)
{
	json_t *id = json_pack("{s:s,s:s}", "type", "string", "description", "Its name in paths.");
	put_pattern(id, kind);
	put_head_member(members, required, "id", id);
	put_head_member(members, required, "revision",
			json_pack("{s:s,s:i,s:s}", "type", "integer", "minimum", 0, "description",
				  "Of its last change; If-Match may ask for it."));
	put_head_member(members, required, "created_at", time_schema("When it was made."));
	put_head_member(members, required, "updated_at", time_schema("When it was changed last."));
}

/* Prefixes and ASNs have members that are computed when they are shown. */
static void put_computed(enum registry_kind kind, json_t *members, json_t *required)
{
	const struct field *type = field_find(registry_fields(REGISTRY_EVIDENCE), "type");
	json_t *checks = json_object();
	if (kind != REGISTRY_PREFIX && kind != REGISTRY_ASN) {
		json_decref(checks);
		return;
	}
	for (unsigned i = 0; type->choices[i] != NULL; i++) {
		json_object_set_new(checks, type->choices[i],
				    json_pack("{s:s}", "$ref", REGISTRY_CHECK_SCHEMA));
	}
	put_head_member(members, required, "remedy",
			json_pack("{s:s,s:s}", "type", "string", "description",
				  "What to do about the reason."));
	put_head_member(members, required, "checks",
			json_pack("{s:s,s:s,s:o}", "type", "object", "description",
				  "What each kind of check says that could prove it here.",
				  "properties", checks));
}

json_t *registry_schema_check(void)
{
	const struct field_table *t = registry_fields(REGISTRY_EVIDENCE);
	json_t *members = json_object(), *evidence = json_pack("{s:s}", "type", "string");
	for (unsigned i = 0; i < REGISTRY_CHECK_MEMBERS; i++) {
		const char *name = registry_check_members[i];
		json_object_set_new(members, name, field_schema(field_find(t, name), false));
	}
	put_pattern(evidence, REGISTRY_EVIDENCE);
	json_object_set_new(evidence, "description", json_string("The evidence object."));
	json_object_set_new(members, "evidence", evidence);
	json_object_set_new(members, "remedy",
			    json_pack("{s:s,s:s}", "type", "string", "description",
				      "What to do about the reason."));
	return json_pack("{s:s,s:s,s:o,s:[s,s,s,s,s]}", "type", "object", "description",
			 "What one kind of check says; without `evidence` it was not made yet.",
			 "properties", members, "required", "result", "reason", "detail",
			 "checked_at", "expires_at");
}

json_t *registry_schema_member(enum registry_kind kind, const char *name)
{
	const struct field *f = field_find(registry_fields(kind), name);
	return f != NULL ? field_schema(f, true) : NULL;
}

json_t *registry_schema(enum registry_kind kind)
{
	const struct field_table *t = registry_fields(kind);
	json_t *members = json_object(), *required = json_array();
	put_head(kind, members, required);
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->field[i];
		if ((f->flags & FIELD_SECRET) == 0) {
			json_object_set_new(members, f->name, field_schema(f, false));
			json_array_append_new(required, json_string(f->name));
		}
	}
	put_computed(kind, members, required);
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
		json_object_set_new(members, f->name, field_schema(f, true));
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
