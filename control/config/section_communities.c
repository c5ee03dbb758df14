/* `cfg.communities` and `cfg.custom_communities`: what communities mean here.
 *
 * A community has up to three forms, and each is a pattern: numbers, `rs_as` for ours, and as the
 * last `peer_as` for the AS number of the member that is meant, or `dyn_val` for a number that
 * belongs to the meaning.  What the numbers are is known when all files are read, for `rs_as` may
 * stand anywhere.  Names are arouteserver's (rib/policy/communities.def).  RFC 1997, RFC 4360,
 * RFC 8092. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/communities.h"
#include "rib/base/check.h"

#define PARTS_MAX 4

const char *const community_form_name[COMMUNITY_FORM_COUNT] = {
	[COMMUNITY_STD] = "std", [COMMUNITY_EXT] = "ext", [COMMUNITY_LRG] = "lrg"};
static const char *const form_example[COMMUNITY_FORM_COUNT] = {
	[COMMUNITY_STD] = "0:", [COMMUNITY_EXT] = "rt:0:", [COMMUNITY_LRG] = "rs_as:0:"};

static unsigned split(const char *text, char part[PARTS_MAX][16])
{
	unsigned count = 0;
	for (;; text++) {
		size_t len = strcspn(text, ":");
		if (count == PARTS_MAX || len == 0 || len > 15) {
			return 0;
		}
		memcpy(part[count], text, len);
		part[count++][len] = '\0';
		text += len;
		if (*text == '\0') {
			return count;
		}
	}
}

/* One number or macro into field `i`; false when it is neither. */
static bool read_part(const char *text, unsigned i, bool is_last, struct draft_pattern *out)
{
	if (strcmp(text, "rs_as") == 0) {
		out->is_rs_as[i] = true;
		return true;
	}
	if (strcmp(text, "peer_as") == 0) {
		out->value.has_peer_as = true;
		return is_last;
	}
	if (strcmp(text, "dyn_val") == 0) {
		out->value.has_dyn_val = true;
		return is_last;
	}
	char *end;
	unsigned long long number = strtoull(text, &end, 10);
	out->value.field[i] = (uint32_t)number;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= UINT32_MAX;
}

bool community_parse(const char *text, enum community_form form, struct draft_pattern *out)
{
	char part[PARTS_MAX][16];
	unsigned count = split(text, part), first = form == COMMUNITY_EXT ? 1 : 0;
	unsigned fields = form == COMMUNITY_LRG ? 3 : 2;
	if (count != first + fields) {
		return false;
	}
	if (form == COMMUNITY_EXT) {
		out->value.is_origin = strcasecmp(part[0], "ro") == 0;
		if (!out->value.is_origin && strcasecmp(part[0], "rt") != 0) {
			return false;
		}
	}
	for (unsigned i = 0; i < fields; i++) {
		if (!read_part(part[first + i], i, i + 1 == fields, out)) {
			return false;
		}
	}
	out->value.is_set = true;
	return true;
}

static void read_form(struct loader *l, const struct node *v, const struct community_target *t,
		      enum community_form form)
{
	const char *text;
	struct draft_pattern fresh = {.at = v->at};
	const char *last = t->needs_peer ? "peer_as" : t->needs_value ? "dyn_val" : "rs_as";
	if (!is_there(v) || !value_text(l, v, community_form_name[form], &text)) {
		return;
	}
	if (!community_parse(text, form, &fresh) || fresh.value.has_peer_as != t->needs_peer ||
	    fresh.value.has_dyn_val != t->needs_value) {
		loader_fail(l, &v->at,
			    "'%s' of '%s' must be %s such as '%s%s', of numbers and rs_as%s%s%s, "
			    "not '%s'",
			    community_form_name[form], t->name,
			    form == COMMUNITY_STD   ? "a community"
			    : form == COMMUNITY_EXT ? "an extended community"
						    : "a large community",
			    form_example[form], last,
			    t->needs_peer || t->needs_value ? ", with " : "",
			    t->needs_peer || t->needs_value ? last : "",
			    t->needs_peer || t->needs_value ? " as the last" : "", text);
		return;
	}
	t->form[form] = fresh;
}

static void read_std(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	read_form(l, v, target, COMMUNITY_STD);
}

static void read_ext(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	read_form(l, v, target, COMMUNITY_EXT);
}

static void read_lrg(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	read_form(l, v, target, COMMUNITY_LRG);
}

static const struct key form_key[] = {
	{.name = "std", .read = read_std},
	{.name = "ext", .read = read_ext},
	{.name = "lrg", .read = read_lrg},
};

static void read_forms(struct loader *l, const struct node *v, struct community_target *t)
{
	const struct key_table table = {
		.where = t->name, .keys = form_key, .count = ARRAY_COUNT(form_key)};
	if (is_there(v)) {
		keys_walk(l, v, &table, t);
	}
}

static void read_named(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)target;
	enum community_name name = community_by_name(key->text);
	ASSERT(name < COMMUNITY_NAME_COUNT);
	struct community_target t = {.name = community_info[name].name,
				     .needs_peer = community_info[name].has_peer_as,
				     .needs_value = community_info[name].has_dyn_val,
				     .form = l->general.community[name]};
	l->general.is_named[name] = true;
	read_forms(l, v, &t);
}

/* Codes are arouteserver's, COMPAT of looking glasses included. */
static void read_cause_map(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	struct node code, forms;
	void *cursor = NULL;
	(void)target;
	if (!is_there(v)) {
		return;
	}
	if (v->kind != NODE_MAP) {
		loader_fail(l, &v->at,
			    "'%s' must be a mapping such as {1: {lrg: 'rs_as:1101:5'}}, not %s",
			    key->text, node_kind_text(v->kind));
		return;
	}
	l->general.has_causes = true;
	while (node_next_pair(v, &cursor, l->errors, &code, &forms)) {
		uint32_t number;
		if (value_number(l, &code, key->text, 1, REJECT_CODE_COUNT - 1, &number)) {
			struct community_target t = {.name = key->text,
						     .form = l->general.cause[number]};
			read_forms(l, &forms, &t);
		}
	}
}

static const struct key communities_key[] = {
#define X(NAME, text, kind, has_peer_as, has_dyn_val, is_rtt) {.name = text, .read = read_named},
#include "rib/policy/communities.def"
#undef X
	{.name = "reject_cause_map", .read = read_cause_map},
};
static const struct key_table communities_keys = {
	.where = "cfg.communities", .keys = communities_key, .count = ARRAY_COUNT(communities_key)};

void read_communities(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	if (is_there(v)) {
		keys_walk(l, v, &communities_keys, NULL);
	}
}

/* False when the name is taken. */
static bool is_new_name(struct loader *l, const struct node *name)
{
	const struct draft_general *g = &l->general;
	if (name->kind != NODE_SCALAR) {
		loader_fail(l, &name->at, "the name of a community must be a plain word");
		return false;
	}
	if (community_by_name(name->text) != COMMUNITY_NAME_COUNT) {
		loader_fail(l, &name->at,
			    "'%s' is a community with a meaning of its own; give it another name, "
			    "or set it in 'communities'",
			    name->text);
		return false;
	}
	for (unsigned i = 0; i < g->custom_count; i++) {
		if (strcmp(g->custom[i].name, name->text) == 0) {
			loader_fail(l, &name->at, "'%s' was set before; keep one of the two",
				    name->text);
			return false;
		}
	}
	if (g->custom_count == CUSTOM_MAX) {
		loader_fail(l, &name->at, "there can be at most %d custom communities", CUSTOM_MAX);
	}
	return g->custom_count < CUSTOM_MAX;
}

void read_custom_communities(struct loader *l, const struct node *key, const struct node *v,
			     void *target)
{
	struct draft_general *g = &l->general;
	struct node name, forms;
	void *cursor = NULL;
	(void)target;
	if (!is_there(v)) {
		return;
	}
	if (v->kind != NODE_MAP) {
		loader_fail(l, &v->at,
			    "'%s' must be a mapping such as {site: {lrg: 'rs_as:2000:1'}}, not %s",
			    key->text, node_kind_text(v->kind));
		return;
	}
	while (node_next_pair(v, &cursor, l->errors, &name, &forms)) {
		if (!is_new_name(l, &name)) {
			continue;
		}
		struct draft_custom *grown =
			realloc(g->custom, (g->custom_count + 1) * sizeof(*grown));
		ASSERT(grown != NULL);
		g->custom = grown;
		struct draft_custom *c = &grown[g->custom_count++];
		*c = (struct draft_custom){.name = strdup(name.text)};
		ASSERT(c->name != NULL);
		struct community_target t = {.name = c->name, .form = c->form};
		read_forms(l, &forms, &t);
	}
}
