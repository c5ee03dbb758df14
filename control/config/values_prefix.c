/* Lists of prefixes: see values.h.
 *
 * An item means the prefix and all longer ones, as arouteserver has it, unless it says `exact`, or
 * with `ge` and `le` how long they may be. */
#include <stdlib.h>
#include <string.h>

#include "control/config/values.h"
#include "rib/base/check.h"

struct draft_rule {
	struct place at, prefix_at;
	bool has_addr, has_slash;
	struct addr addr;
	struct set_number length, ge, le, max_length, is_exact, asn;
};

static void read_prefix(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	(void)key;
	struct draft_rule *r = target;
	char addr[PREFIX_TEXT_MAX] = "";
	const char *text;
	r->prefix_at = v->at;
	if (!value_text(l, v, "prefix", &text)) {
		return;
	}
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char *end = NULL;
	unsigned long length = slash != NULL ? strtoul(slash + 1, &end, 10) : 0;
	memcpy(addr, text, len < sizeof(addr) ? len : 0);
	bool is_good = addr_parse(addr, &r->addr) == 0 &&
		       (slash == NULL || (slash[1] >= '0' && slash[1] <= '9' && *end == '\0' &&
					  length <= family_bits(r->addr.family)));
	if (!is_good) {
		loader_fail(l, &v->at,
			    "'prefix' must be an address such as 198.51.100.0 or 2001:db8::, not "
			    "'%s'",
			    text);
		return;
	}
	r->has_addr = true;
	r->has_slash = slash != NULL;
	if (slash != NULL) {
		r->length = (struct set_number){.is_set = true, .value = (uint32_t)length};
	}
}

static void read_length(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	struct draft_rule *r = target;
	uint32_t length;
	if (is_there(v) && value_number(l, v, key->text, 0, 128, &length)) {
		if (r->has_slash) {
			loader_fail(
				l, &key->at,
				"'length' stands behind the prefix already; keep one of the two");
			return;
		}
		r->length = (struct set_number){.is_set = true, .value = length};
	}
}

static void read_asn(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_rule *r = target;
	asn_t asn;
	if (is_there(v) && value_asn(l, v, key->text, &asn)) {
		r->asn = (struct set_number){.is_set = true, .value = asn};
	}
}

static void read_comment(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	(void)target;
	const char *text;
	if (is_there(v)) {
		(void)value_text(l, v, key->text, &text);
	}
}

#define AT(field) offsetof(struct draft_rule, field)
static const struct key rule_key[] = {
	{.name = "prefix", .read = read_prefix},
	{.name = "length", .read = read_length},
	{.name = "exact", .kind = KEY_BOOL, .at = AT(is_exact)},
	{.name = "ge", .kind = KEY_NUMBER, .at = AT(ge), .max = 128},
	{.name = "le", .kind = KEY_NUMBER, .at = AT(le), .max = 128},
	{.name = "max_length", .kind = KEY_NUMBER, .at = AT(max_length), .max = 128},
	{.name = "comment", .read = read_comment},
};
static const struct key route_key[] = {{.name = "asn", .read = read_asn}};
static const struct key_table rule_keys = {
	.where = "a prefix", .keys = rule_key, .count = ARRAY_COUNT(rule_key)};
static const struct key_table route_keys = {
	.where = "a route", .keys = route_key, .count = ARRAY_COUNT(route_key), .also = &rule_keys};

/* The lengths that the item has: false when it contradicts itself. */
static bool finish_lengths(struct loader *l, const struct draft_rule *r, struct prefix_rule *out)
{
	unsigned bits = family_bits(r->addr.family), len = r->length.value;
	/* arouteserver takes a 0 for nothing. */
	unsigned ge = r->ge.value != 0 ? r->ge.value : len;
	unsigned le = r->le.value != 0		 ? r->le.value
		      : r->max_length.value != 0 ? r->max_length.value
						 : bits;
	bool has_bounds = r->ge.value != 0 || r->le.value != 0 || r->max_length.value != 0;
	if (r->is_exact.value != 0 && has_bounds) {
		loader_fail(l, &r->at,
			    "'exact' and 'ge', 'le' or 'max_length' exclude each other; keep the "
			    "one or the other");
		return false;
	}
	if (ge < len || le < ge || le > bits) {
		loader_fail(l, &r->at,
			    "the lengths must be in the order length (%u) <= ge (%u) <= le (%u) <= "
			    "%u",
			    len, ge, le, bits);
		return false;
	}
	out->ge = (uint8_t)ge;
	out->le = (uint8_t)(r->is_exact.value != 0 ? len : le);
	return true;
}

static bool finish_rule(struct loader *l, const struct draft_rule *r, struct prefix_rule *out)
{
	char text[PREFIX_TEXT_MAX];
	if (!r->has_addr) {
		if (r->prefix_at.line == 0) {
			loader_fail(
				l, &r->at,
				"this item has no 'prefix'; add 'prefix: ADDRESS' and 'length'");
		}
		return false;
	}
	if (!r->length.is_set || r->length.value > family_bits(r->addr.family)) {
		loader_fail(l, &r->at, "this prefix has no 'length' from 0 to %u; add one",
			    family_bits(r->addr.family));
		return false;
	}
	out->prefix = prefix_make(&r->addr, r->length.value);
	out->origin = r->asn.value;
	if (memcmp(out->prefix.bytes, r->addr.bytes, sizeof(r->addr.bytes)) != 0) {
		loader_warn(l, &r->prefix_at,
			    "the prefix has bits set past its length and is taken for %s; write it "
			    "so",
			    prefix_format(&out->prefix, text));
	}
	return finish_lengths(l, r, out);
}

struct rules {
	struct prefix_rule *item;
	size_t count, max;
};

static void rules_add(struct rules *r, const struct prefix_rule *rule)
{
	if (r->count == r->max) {
		r->max = r->max * 2 + 16;
		struct prefix_rule *grown = realloc(r->item, r->max * sizeof(*grown));
		ASSERT(grown != NULL);
		r->item = grown;
	}
	r->item[r->count++] = *rule;
}

static bool has_key(struct loader *l, const struct node *item, const char *name)
{
	struct node key, value;
	void *cursor = NULL;
	while (item->kind == NODE_MAP && node_next_pair(item, &cursor, l->errors, &key, &value)) {
		if (key.kind == NODE_SCALAR && strcmp(key.text, name) == 0) {
			return true;
		}
	}
	return false;
}

static void read_item(struct loader *l, const struct node *item, bool has_asn, struct rules *rules)
{
	struct draft_rule draft = {.at = item->at};
	struct prefix_rule rule;
	unsigned errors = l->errors->error_count;
	keys_walk(l, item, has_asn ? &route_keys : &rule_keys, &draft);
	if (item->kind == NODE_MAP && l->errors->error_count == errors &&
	    finish_rule(l, &draft, &rule)) {
		rules_add(rules, &rule);
	}
}

void values_prefixes(struct loader *l, const struct node *key, const struct node *v, bool has_asn,
		     struct prefix_set **out)
{
	struct rules rules = {.count = 0};
	struct node item;
	void *cursor = NULL;
	if (!is_there(v) ||
	    !value_is_list(l, v, key->text, "[{prefix: 198.51.100.0, length: 24}]")) {
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		read_item(l, &item, has_asn, &rules);
	}
	prefix_set_put(*out);
	*out = prefix_set_new(rules.item, rules.count);
	ASSERT(*out != NULL);
	free(rules.item);
}

void values_prefixes_beside(struct loader *l, const struct node *key, const struct node *v,
			    const char *other, struct prefix_set **out)
{
	struct rules rules = {.count = 0};
	struct node item;
	void *cursor = NULL;
	(void)key;
	while (node_next_item(v, &cursor, l->errors, &item)) {
		if (!has_key(l, &item, other)) {
			read_item(l, &item, false, &rules);
		}
	}
	prefix_set_put(*out);
	*out = rules.count > 0 ? prefix_set_new(rules.item, rules.count) : NULL;
	free(rules.item);
}
