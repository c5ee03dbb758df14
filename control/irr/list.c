/* Items become numbers and rules; anything else makes the whole answer bad. */
#include "control/irr/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/irr/bgpq4.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"

/* Lists are compared and hashed as bytes. */
static_assert(sizeof(struct prefix_rule) == 24, "a rule has no padding");

const char *irr_part_text(enum irr_part part)
{
	static const char *const texts[] = {
		[IRR_ASNS] = "asns", [IRR_IPV4] = "ipv4", [IRR_IPV6] = "ipv6"};
	ASSERT(part < IRR_PART_COUNT);
	return texts[part];
}

static size_t item_bytes(enum irr_part part)
{
	return part == IRR_ASNS ? sizeof(asn_t) : sizeof(struct prefix_rule);
}

static void *items_of(enum irr_part part, const struct irr_list *l)
{
	return part == IRR_ASNS ? (void *)l->asns : (void *)l->rules;
}

static void set_items(enum irr_part part, struct irr_list *l, void *items)
{
	if (part == IRR_ASNS) {
		l->asns = items;
	} else {
		l->rules = items;
	}
}

void irr_list_free(struct irr_list *l)
{
	free(l->asns);
	free(l->rules);
	*l = (struct irr_list){.count = 0};
}

uint64_t irr_list_hash(enum irr_part part, const struct irr_list *l)
{
	return hash_bytes(items_of(part, l), l->count * item_bytes(part), part);
}

void irr_parse_init(struct irr_parse *p, const char *text, size_t len)
{
	*p = (struct irr_parse){.items = 0};
	items_init(&p->walk, text, len);
}

void irr_parse_fini(struct irr_parse *p)
{
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		irr_list_free(&p->list[i]);
	}
}

static void append(struct irr_parse *p, enum irr_part part, const void *item)
{
	struct irr_list *l = &p->list[part];
	size_t bytes = item_bytes(part);
	if (l->count == p->capacity[part]) {
		p->capacity[part] = l->count == 0 ? 64 : l->count * 2;
		void *grown = realloc(items_of(part, l), p->capacity[part] * bytes);
		ASSERT(grown != NULL);
		set_items(part, l, grown);
	}
	memcpy((char *)items_of(part, l) + l->count * bytes, item, bytes);
	l->count++;
}

static bool add_asn(struct irr_parse *p, const json_t *item)
{
	json_int_t n = json_integer_value(item);
	if (n <= 0 || n >= UINT32_MAX) {
		return false;
	}
	asn_t asn = (asn_t)n;
	append(p, IRR_ASNS, &asn);
	return true;
}

/* A bound of a rule, between `low` and the family's bits; left as it is when not there. */
static bool read_bound(const json_t *item, const char *key, unsigned low, uint8_t *out,
		       const struct prefix *prefix)
{
	const json_t *v = json_object_get(item, key);
	if (v == NULL) {
		return true;
	}
	json_int_t n = json_integer_value(v);
	if (!json_is_integer(v) || n < (json_int_t)low ||
	    n > (json_int_t)family_bits(prefix->family)) {
		return false;
	}
	*out = (uint8_t)n;
	return true;
}

static void append_rule(struct irr_parse *p, const struct prefix_rule *rule)
{
	append(p, rule->prefix.family == FAMILY_IPV4 ? IRR_IPV4 : IRR_IPV6, rule);
}

static bool add_prefix(struct irr_parse *p, const json_t *item)
{
	const char *text = json_string_value(json_object_get(item, "prefix"));
	struct prefix_rule rule = {.origin = 0};
	bool has_host_bits = false;
	if (text == NULL || prefix_parse(text, &rule.prefix, &has_host_bits) != 0 ||
	    has_host_bits) {
		return false;
	}
	uint8_t le = 0;
	rule.ge = rule.prefix.len;
	if (!read_bound(item, "greater-equal", rule.prefix.len, &rule.ge, &rule.prefix) ||
	    !read_bound(item, "less-equal", rule.ge, &le, &rule.prefix)) {
		return false;
	}
	rule.le = le != 0 ? le : rule.ge;
	append_rule(p, &rule);
	return true;
}

static int asn_order(const void *a, const void *b)
{
	asn_t x = *(const asn_t *)a, y = *(const asn_t *)b;
	return (x > y) - (x < y);
}

static int rule_order(const void *a, const void *b)
{
	const struct prefix_rule *x = a, *y = b;
	int order = prefix_cmp(&x->prefix, &y->prefix);
	if (order != 0) {
		return order;
	}
	return x->ge != y->ge ? x->ge - y->ge : x->le - y->le;
}

/* Sorted, each once.  bgpq4 sorts: then one pass shows that there is nothing to do. */
static void settle(enum irr_part part, struct irr_list *l)
{
	int (*order)(const void *, const void *) = part == IRR_ASNS ? asn_order : rule_order;
	char *items = items_of(part, l);
	size_t bytes = item_bytes(part), kept = 1;
	bool is_settled = true;
	for (size_t i = 1; is_settled && i < l->count; i++) {
		is_settled = order(items + (i - 1) * bytes, items + i * bytes) < 0;
	}
	if (is_settled) {
		return;
	}
	qsort(items, l->count, bytes, order);
	for (size_t i = 1; i < l->count; i++) {
		if (order(items + (kept - 1) * bytes, items + i * bytes) != 0) {
			memmove(items + kept * bytes, items + i * bytes, bytes);
			kept++;
		}
	}
	l->count = kept;
}

static enum irr_parse_verdict bad(struct irr_parse *p, const char *what)
{
	p->is_bad = true;
	(void)snprintf(p->why, sizeof(p->why), "%s after %zu items", what, p->items);
	return IRR_PARSE_BAD;
}

static enum irr_parse_verdict done(struct irr_parse *p)
{
	for (unsigned part = 0; part < IRR_PART_COUNT; part++) {
		settle((enum irr_part)part, &p->list[part]);
	}
	return IRR_PARSE_DONE;
}

/* One item, whatever it looks like; MORE when it was good. */
static enum irr_parse_verdict take_item(struct irr_parse *p)
{
	json_t *item = NULL;
	switch (items_next(&p->walk, &item)) {
	case ITEMS_BAD:
		return bad(p, "no whole JSON document: it ends or is garbled");
	case ITEMS_END:
		return done(p);
	default:
		break;
	}
	bool is_good = json_is_integer(item) ? add_asn(p, item) : add_prefix(p, item);
	json_decref(item);
	if (!is_good) {
		return bad(p, "an item that is no AS number and no prefix");
	}
	p->items++;
	return IRR_PARSE_MORE;
}

enum irr_parse_verdict irr_parse_step(struct irr_parse *p, size_t work_max)
{
	enum irr_parse_verdict verdict = p->is_bad ? IRR_PARSE_BAD : IRR_PARSE_MORE;
	for (size_t work = 0; verdict == IRR_PARSE_MORE && work < work_max;) {
		struct prefix_rule rule;
		if (items_shortcut(&p->walk, bgpq4_prefix, &rule)) {
			append_rule(p, &rule);
			p->items++;
			work++;
		} else {
			verdict = take_item(p);
			work += IRR_PARSE_LONG;
		}
	}
	return verdict;
}
