/* Fields out of JSON, with errors that name the member. */
#include "control/registry/field_own.h"

#include <stdio.h>

#include "control/registry/memory.h"

#define POINTER_MAX 96

/* One value under way: where it stands, for errors. */
struct reading {
	const struct field *field;
	const json_t *value;
	char pointer[POINTER_MAX];
	struct registry_error *error;
};

static bool form(const struct reading *r, const char *expected)
{
	return registry_fail(r->error, 422, "form", r->pointer, "%s has to be %s.", r->field->name,
			     expected);
}

static bool is_number_in(const json_t *v, uint32_t min, uint32_t max)
{
	return json_is_integer(v) && json_integer_value(v) >= min && json_integer_value(v) <= max;
}

static bool is_text(const json_t *v, size_t min, size_t max)
{
	size_t len = json_string_length(v);
	if (!json_is_string(v) || len < min || len > max || strlen(json_string_value(v)) != len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)json_string_value(v)[i];
		if (c < ' ' || c == 0x7f) {
			return false;
		}
	}
	return true;
}

static bool read_text(const struct reading *r, void *at)
{
	const struct field *f = r->field;
	char expected[80];
	if (json_is_null(r->value) && f->min == 0) {
		registry_text_set(at, "");
		return true;
	}
	if (!is_text(r->value, f->min, f->max)) {
		snprintf(expected, sizeof(expected),
			 "a text of %u to %u bytes without control characters", f->min, f->max);
		return form(r, expected);
	}
	registry_text_set(at, json_string_value(r->value));
	return true;
}

static bool read_bool(const struct reading *r, void *at)
{
	if (!json_is_boolean(r->value)) {
		return form(r, "true or false");
	}
	*(bool *)at = json_is_true(r->value);
	return true;
}

static bool read_number(const struct reading *r, void *at)
{
	const struct field *f = r->field;
	char expected[80];
	if (!is_number_in(r->value, f->min, f->max)) {
		snprintf(expected, sizeof(expected), "a number from %u to %u%s", f->min, f->max,
			 f->flags & FIELD_NULL ? ", or null" : "");
		return form(r, expected);
	}
	*(uint32_t *)at = (uint32_t)json_integer_value(r->value);
	return true;
}

static bool read_asn(const struct reading *r, void *at)
{
	if (!is_number_in(r->value, 1, UINT32_MAX)) {
		return form(r, "an AS number: a number from 1 to 4294967295, like 64500");
	}
	*(asn_t *)at = (asn_t)json_integer_value(r->value);
	return true;
}

static bool read_choice(const struct reading *r, void *at)
{
	char expected[200] = "one of";
	size_t len = strlen(expected);
	for (uint8_t i = 0; r->field->choices[i] != NULL; i++) {
		const char *choice = r->field->choices[i];
		if (json_is_string(r->value) && strcmp(json_string_value(r->value), choice) == 0) {
			*(uint8_t *)at = i;
			return true;
		}
		if (len < sizeof(expected)) {
			len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s %s",
						i == 0 ? "" : ",", choice);
		}
	}
	return form(r, expected);
}

static bool read_time(const struct reading *r, void *at)
{
	if (!json_is_string(r->value) ||
	    !registry_time_parse(json_string_value(r->value), (int64_t *)at)) {
		return form(r, "a time like 2026-11-27T08:00:00Z");
	}
	return true;
}

static bool read_id(const struct reading *r, void *at)
{
	enum registry_kind kind;
	registry_id_t *id = at;
	const char *text = json_string_value(r->value);
	if (text == NULL || !registry_kind_of_id(text, &kind)) {
		return form(r, "the id of an object");
	}
	if (r->field->ref != REGISTRY_KIND_COUNT && r->field->ref != kind) {
		return registry_fail(r->error, 422, "form", r->pointer,
				     "%s is the id of another kind"
				     " of object (%s) than %s.",
				     text, registry_kind_text(kind),
				     registry_kind_text(r->field->ref));
	}
	*id = (registry_id_t){.text = ""};
	memcpy(id->text, text, REGISTRY_ID_LEN);
	return true;
}

static bool read_addr(const struct reading *r, void *at)
{
	struct addr a;
	if (!json_is_string(r->value) || addr_parse(json_string_value(r->value), &a) != 0 ||
	    addr_is_zero(&a)) {
		return form(r, "an IPv4 or IPv6 address");
	}
	*(struct addr *)at = a;
	return true;
}

static bool read_prefix(const struct reading *r, void *at)
{
	struct prefix p;
	bool has_host_bits;
	char text[PREFIX_TEXT_MAX];
	const char *given = json_string_value(r->value);
	if (given == NULL || strchr(given, '/') == NULL ||
	    prefix_parse(given, &p, &has_host_bits) != 0 || p.len == 0) {
		return registry_fail(r->error, 422, "cidr-format", r->pointer,
				     "%s has to be a prefix: address/length.", r->field->name);
	}
	if (has_host_bits) {
		registry_fail(r->error, 422, "cidr-format", r->pointer,
			      "%s has bits behind its length.", given);
		snprintf(r->error->remedy, sizeof(r->error->remedy), "Write %s.",
			 prefix_format(&p, text));
		return false;
	}
	*(struct prefix *)at = p;
	return true;
}

static bool read_families(const struct reading *r, void *at)
{
	uint32_t families = 0;
	size_t i;
	json_t *v;
	json_array_foreach(r->value, i, v)
	{
		const char *text = json_is_string(v) ? json_string_value(v) : "";
		uint32_t bit = strcmp(text, "ipv4") == 0   ? REGISTRY_FAMILY_BIT(FAMILY_IPV4)
			       : strcmp(text, "ipv6") == 0 ? REGISTRY_FAMILY_BIT(FAMILY_IPV6)
							   : 0;
		if (bit == 0 || (families & bit) != 0) {
			families = 0;
			break;
		}
		families |= bit;
	}
	if (families == 0) {
		return form(r, "a list of ipv4, ipv6 or both");
	}
	*(uint32_t *)at = families;
	return true;
}

/* Lists: each member is read as a field of its own, then looked for among those before it. */
static const struct list_row {
	enum field_type item;
	size_t size;
	const char *what;
} lists[FIELD_TYPE_COUNT] = {
	[FIELD_ASNS] = {FIELD_ASN, sizeof(asn_t), "AS numbers"},
	[FIELD_IDS] = {FIELD_ID, sizeof(registry_id_t), "ids"},
	[FIELD_ADDRS] = {FIELD_ADDR, sizeof(struct addr), "addresses"},
	[FIELD_TEXTS] = {FIELD_TEXT, sizeof(char *), "texts"},
};

static bool is_twice(enum field_type item, size_t size, const char *items, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		const void *a = items + k * size, *b = items + i * size;
		bool is_same = item == FIELD_TEXT
				       ? strcmp(*(char *const *)a, *(char *const *)b) == 0
				       : memcmp(a, b, size) == 0;
		if (is_same) {
			return true;
		}
	}
	return false;
}

/* All lists are {pointer, count} and are read as one of texts: the layouts are the same. */
static_assert(sizeof(struct registry_texts) == sizeof(struct registry_asns) &&
		      sizeof(struct registry_texts) == sizeof(struct registry_ids) &&
		      sizeof(struct registry_texts) == sizeof(struct registry_addrs),
	      "one layout for all lists");

static bool read_item(const struct reading *list, const json_t *value, size_t i, void *at);

static bool read_list(const struct reading *r, void *at)
{
	const struct list_row *row = &lists[r->field->type];
	size_t count = json_array_size(r->value);
	char expected[80];
	if (!json_is_array(r->value) || count < r->field->min || count > r->field->max) {
		snprintf(expected, sizeof(expected), "a list of %u to %u %s", r->field->min,
			 r->field->max, row->what);
		return form(r, expected);
	}
	char *items = registry_alloc(count, row->size);
	struct registry_asns fresh = {.item = (void *)items, .count = 0};
	bool is_good = true;
	for (size_t i = 0; is_good && i < count; i++) {
		is_good = read_item(r, json_array_get(r->value, i), i, items + i * row->size);
		fresh.count = i + 1;
		if (is_good && is_twice(row->item, row->size, items, i)) {
			is_good = form(r, "a list that has nothing twice");
		}
	}
	if (!is_good || count == 0) {
		field_clear(r->field, &fresh);
	}
	if (is_good) {
		field_clear(r->field, at);
		memcpy(at, &fresh, sizeof(fresh));
	}
	return is_good;
}

static bool read_group(const struct reading *r, void *at)
{
	const char *name;
	json_t *v;
	if (!json_is_object(r->value)) {
		return form(r, "an object");
	}
	/* jansson's walk takes what it does not change as not const. */
	for (void *i = json_object_iter((json_t *)(uintptr_t)r->value); i != NULL;
	     i = json_object_iter_next((json_t *)(uintptr_t)r->value, i)) {
		name = json_object_iter_key(i);
		v = json_object_iter_value(i);
		const struct field *f = field_find(r->field->group, name);
		if (f == NULL) {
			return registry_fail(r->error, 422, "unknown-member", r->pointer,
					     "%s has no member %.60s.", r->field->name, name);
		}
		if (!field_read(f, v, field_in(f, at), r->pointer, r->error)) {
			return false;
		}
	}
	return true;
}

static bool (*const readers[FIELD_TYPE_COUNT])(const struct reading *r, void *at) = {
	[FIELD_TEXT] = read_text,  [FIELD_BOOL] = read_bool,	     [FIELD_NUMBER] = read_number,
	[FIELD_ASN] = read_asn,	   [FIELD_CHOICE] = read_choice,     [FIELD_TIME] = read_time,
	[FIELD_ID] = read_id,	   [FIELD_ADDR] = read_addr,	     [FIELD_PREFIX] = read_prefix,
	[FIELD_ASNS] = read_list,  [FIELD_IDS] = read_list,	     [FIELD_ADDRS] = read_list,
	[FIELD_TEXTS] = read_list, [FIELD_FAMILIES] = read_families, [FIELD_GROUP] = read_group,
};

static size_t size_of(const struct field *f)
{
	switch (f->type) {
	case FIELD_NUMBER:
	case FIELD_ASN:
		return sizeof(uint32_t);
	case FIELD_TIME:
		return sizeof(int64_t);
	case FIELD_ID:
		return sizeof(registry_id_t);
	case FIELD_ADDR:
		return sizeof(struct addr);
	case FIELD_PREFIX:
		return sizeof(struct prefix);
	default:
		return 0;
	}
}

bool field_read(const struct field *f, const json_t *value, void *at, const char *where,
		struct registry_error *out_error)
{
	struct reading r = {.field = f, .value = value, .error = out_error};
	snprintf(r.pointer, sizeof(r.pointer), "%.60s/%s", where, f->name);
	if (json_is_null(value) && (f->flags & FIELD_NULL) != 0) {
		memset(at, 0, size_of(f));
		return true;
	}
	return readers[f->type](&r, at);
}

static bool read_item(const struct reading *list, const json_t *value, size_t i, void *at)
{
	struct field f = *list->field;
	struct reading r = {.field = &f, .value = value, .error = list->error};
	f.type = lists[list->field->type].item;
	f.min = 1;
	f.max = REGISTRY_NAME_MAX;
	if (f.type == FIELD_TEXT) {
		*(char **)at = registry_text("");
	}
	snprintf(r.pointer, sizeof(r.pointer), "%.60s/%zu", list->pointer, i);
	return readers[f.type](&r, at);
}
