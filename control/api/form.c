/* Schemas of the forms, and examples of all schemas; see form.h. */
#include "control/api/form.h"

#include <stdio.h>
#include <string.h>

#include "control/api/feed.h"
#include "control/registry/object.h"
#include "control/registry/reason.h"
#include "dataplane/session/fsm.h"
#include "rib/base/check.h"
#include "rib/policy/explain.h"
#include "rib/policy/reject.h"
#include "rib/policy/roa.h"
#include "rib/table/decide.h"

/* --- Words of other rooms --- */

static const char *kind_word(unsigned n)
{
	return n < REGISTRY_KIND_COUNT ? registry_kind_text((enum registry_kind)n) : NULL;
}

/* The state that is told as Active is not told. */
static const char *state_word(unsigned n)
{
	n += n >= FSM_OPEN_DELAYED;
	return n < FSM_STATE_COUNT ? fsm_state_text((enum fsm_state)n) : NULL;
}

static const char *reject_word(unsigned n)
{
	return n < REJECT_COUNT ? reject_name((enum reject)n) : NULL;
}

static const char *verdict_word(unsigned n)
{
	return n <= CHECK_OFF ? check_verdict_name((enum check_verdict)n) : NULL;
}

static const char *rule_word(unsigned n)
{
	return n < RULE_COUNT ? rule_text((enum rule)n) : NULL;
}

static const char *validity_word(unsigned n)
{
	return n <= ROV_INVALID ? rov_state_name((enum rov_state)n) : NULL;
}

/* --- The table --- */

struct form_row {
	enum form_type type;
	const char *name;
	enum form_presence presence;
	const char *of; /* A form, words with spaces between, or a schema. */
	const char *(*word)(unsigned n);
	const char *text; /* A sentence. */
};

#define PLAIN	    .of = ""
#define OF(form)    .of = #form
#define WORDS(list) .of = (list)
#define BY(give)    .word = (give)
#define M(form, member, there, limits, sentence)                                                   \
	{.type = FORM_##form,                                                                      \
	 .name = #member,                                                                          \
	 .presence = FORM_##there,                                                                 \
	 limits,                                                                                   \
	 .text = (sentence)},
#define FORM(kind, form, sentence) {.type = FORM_##kind, .name = #form, .text = (sentence)},
#define RAW(form, schema, sentence)                                                                \
	{.type = FORM_RAW, .name = #form, .of = (schema), .text = (sentence)},
#define SAME(form) {.type = FORM_SAME, .of = #form},
static const struct form_row rows[] = {
#include "control/api/form.def"
};
#undef PLAIN
#undef OF
#undef WORDS
#undef BY
#undef M
#undef FORM
#undef RAW
#undef SAME

/* --- Schemas --- */

json_t *form_reference(const char *name)
{
	char path[96];
	(void)snprintf(path, sizeof(path), "#/components/schemas/%s", name);
	return json_pack("{s:s}", "$ref", path);
}

json_t *form_words(const char *(*word)(unsigned n))
{
	const char *text;
	json_t *list = json_array();
	for (unsigned n = 0; (text = word(n)) != NULL; n++) {
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *words_of(const struct form_row *r)
{
	json_t *list = json_array();
	if (r->word != NULL) {
		json_decref(list);
		return form_words(r->word);
	}
	for (const char *at = r->of; *at != '\0';) {
		size_t len = strcspn(at, " ");
		json_array_append_new(list, json_stringn(at, len));
		at += len + strspn(at + len, " ");
	}
	return list;
}

/* Of one that is, or is in, a member. */
static json_t *inner_schema(const struct form_row *r)
{
	bool is_any = r->of[0] == '\0';
	return is_any ? json_pack("{s:s}", "type", "object") : form_reference(r->of);
}

static json_t *counts_schema(const struct form_row *r)
{
	json_t *members = json_object(), *words = words_of(r), *word;
	size_t i;
	json_array_foreach(words, i, word)
	{
		json_object_set_new(members, json_string_value(word),
				    json_pack("{s:s, s:i}", "type", "integer", "minimum", 0));
	}
	return json_pack("{s:s, s:o, s:o}", "type", "object", "required", words, "properties",
			 members);
}

static json_t *plain_schema(const struct form_row *r)
{
	static const char *const names[] = {
		[FORM_TEXT] = "string",	  [FORM_NUMBER] = "integer", [FORM_REAL] = "number",
		[FORM_BOOL] = "boolean",  [FORM_ASN] = "integer",    [FORM_ADDRESS] = "string",
		[FORM_PREFIX] = "string", [FORM_TIME] = "string",    [FORM_SECOND] = "integer",
		[FORM_CHOICE] = "string", [FORM_CHOICES] = "array",  [FORM_TEXTS] = "array",
		[FORM_OBJECT] = "object", [FORM_LIST] = "array",     [FORM_MAP] = "object",
		[FORM_COUNTS] = "object",
	};
	bool may_be_null = r->presence == FORM_OR_NULL || r->presence == FORM_MAY_NULL;
	json_t *type = may_be_null ? json_pack("[s, s]", names[r->type], "null")
				   : json_string(names[r->type]);
	return json_pack("{s:o}", "type", type);
}

static json_t *member_schema(const struct form_row *r)
{
	json_t *schema = plain_schema(r);
	switch (r->type) {
	case FORM_NUMBER:
	case FORM_SECOND:
	case FORM_REAL:
		json_object_set_new(schema, "minimum", json_integer(0));
		break;
	case FORM_ASN:
		json_object_set_new(schema, "minimum", json_integer(1));
		json_object_set_new(schema, "maximum", json_integer(UINT32_MAX));
		break;
	case FORM_TIME:
		json_object_set_new(schema, "format", json_string("date-time"));
		break;
	case FORM_ADDRESS:
		json_object_set_new(schema, "format", json_string("ip-address"));
		break;
	case FORM_PREFIX:
		json_object_set_new(schema, "format", json_string("ip-prefix"));
		break;
	case FORM_CHOICE:
		json_object_set_new(schema, "enum", words_of(r));
		break;
	case FORM_CHOICES:
		json_object_set_new(schema, "items",
				    json_pack("{s:s, s:o}", "type", "string", "enum", words_of(r)));
		break;
	case FORM_TEXTS:
		json_object_set_new(schema, "items", json_pack("{s:s}", "type", "string"));
		break;
	case FORM_LIST:
		json_object_set_new(schema, "items", inner_schema(r));
		break;
	case FORM_MAP:
		json_object_set_new(schema, "additionalProperties", inner_schema(r));
		break;
	case FORM_COUNTS:
		json_decref(schema);
		schema = counts_schema(r);
		break;
	case FORM_OBJECT:
		if (r->of[0] != '\0') { /* JSON schema 2020-12: others may stand beside $ref. */
			json_decref(schema);
			schema = inner_schema(r);
		}
		break;
	default:
		break;
	}
	json_object_set_new(schema, "description", json_string(r->text));
	return schema;
}

static bool is_begin(const struct form_row *r)
{
	return r->type == FORM_ANSWER || r->type == FORM_INPUT || r->type == FORM_RAW;
}

static void put_same(json_t *members, json_t *required, const json_t *other)
{
	ASSERT(other != NULL); /* It stands before. */
	json_object_update(members, json_object_get(other, "properties"));
	json_array_extend(required, json_object_get(other, "required"));
}

/* The form that begins at `*i`, which is moved behind it. */
static json_t *form_schema(const json_t *schemas, size_t *i)
{
	const struct form_row *r = &rows[(*i)++];
	json_t *members = json_object(), *required = json_array();
	json_t *schema = json_pack("{s:s, s:s, s:o, s:o}", "type", "object", "description", r->text,
				   "properties", members, "required", required);
	if (r->type == FORM_INPUT) {
		json_object_set_new(schema, "additionalProperties", json_false());
	}
	for (; *i < ARRAY_COUNT(rows) && !is_begin(&rows[*i]); (*i)++) {
		const struct form_row *m = &rows[*i];
		if (m->type == FORM_SAME) {
			put_same(members, required, json_object_get(schemas, m->of));
			continue;
		}
		json_object_set_new(members, m->name, member_schema(m));
		if (m->presence == FORM_ALWAYS || m->presence == FORM_OR_NULL) {
			json_array_append_new(required, json_string(m->name));
		}
	}
	return schema;
}

static json_t *raw_schema(const struct form_row *r)
{
	json_t *schema = json_loads(r->of, 0, NULL);
	ASSERT(schema != NULL);
	json_object_set_new(schema, "description", json_string(r->text));
	return schema;
}

void form_put_all(json_t *schemas)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows);) {
		const struct form_row *r = &rows[i];
		ASSERT(is_begin(r));
		json_t *schema =
			r->type == FORM_RAW ? raw_schema(&rows[i++]) : form_schema(schemas, &i);
		json_object_set_new(schemas, r->name, schema);
	}
}
