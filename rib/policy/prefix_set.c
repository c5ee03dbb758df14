/* Prefix sets: a cover whose values are the rules' bounds and origins. */
#include "rib/policy/prefix_set.h"

#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/policy/cover.h"

struct prefix_set {
	struct cover *cover;
	uint32_t refs; /* Control only. */
};

/* Bounds and origin in a value. */
static uint64_t rule_pack(const struct prefix_rule *r)
{
	return (uint64_t)r->origin << 16 | (uint64_t)r->ge << 8 | r->le;
}

static struct prefix_rule rule_unpack(const struct prefix *prefix, uint64_t value)
{
	return (struct prefix_rule){.prefix = *prefix,
				    .ge = (uint8_t)(value >> 8),
				    .le = (uint8_t)value,
				    .origin = (asn_t)(value >> 16)};
}

static struct prefix_rule rule_at(const struct prefix_set *s, size_t rank)
{
	struct cover_item it = cover_at(s->cover, rank);
	return rule_unpack(&it.prefix, it.value);
}

static struct prefix_set *set_of(const struct cover_item *items, size_t count)
{
	struct prefix_set *s = malloc(sizeof(*s));
	struct cover *c = cover_new(items, count);

	if (s == NULL || c == NULL) {
		cover_free(c);
		free(s);
		return NULL;
	}
	*s = (struct prefix_set){.cover = c, .refs = 1};
	return s;
}

struct prefix_set *prefix_set_new(const struct prefix_rule *rules, size_t count)
{
	struct cover_item *items = malloc((count + 1) * sizeof(*items));

	if (items == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		const struct prefix_rule *r = &rules[i];
		ASSERT(r->prefix.len <= r->ge && r->ge <= r->le);
		ASSERT(r->le <= family_bits(r->prefix.family));
		items[i] = (struct cover_item){.prefix = r->prefix, .value = rule_pack(r)};
	}
	struct prefix_set *s = set_of(items, count);
	free(items);
	return s;
}

void prefix_set_hold(struct prefix_set *s)
{
	if (s != NULL) {
		ASSERT(s->refs > 0 && s->refs < UINT32_MAX);
		s->refs++;
	}
}

void prefix_set_put(struct prefix_set *s)
{
	if (s == NULL) {
		return;
	}
	ASSERT(s->refs > 0);
	if (--s->refs == 0) {
		cover_free(s->cover);
		free(s);
	}
}

size_t prefix_set_count(const struct prefix_set *s)
{
	return s == NULL ? 0 : cover_count(s->cover);
}

size_t prefix_set_bytes(const struct prefix_set *s)
{
	return s == NULL ? 0 : sizeof(*s) + cover_bytes(s->cover);
}

/* The order that rules of a set have among themselves. */
static int item_order(const struct cover_item *a, const struct cover_item *b)
{
	int order = prefix_cmp(&a->prefix, &b->prefix);

	if (order != 0) {
		return order;
	}
	return a->value == b->value ? 0 : a->value < b->value ? -1 : 1;
}

static const struct cover *cover_of(const struct prefix_set *s)
{
	return s != NULL ? s->cover : NULL;
}

bool prefix_set_equal(const struct prefix_set *a, const struct prefix_set *b)
{
	size_t count = prefix_set_count(a);
	return count == prefix_set_count(b) &&
	       (a == b || cover_same(cover_of(a), 0, cover_of(b), 0) == count);
}

bool prefix_set_match(const struct prefix_set *s, const struct prefix *p, asn_t origin,
		      struct prefix_rule *out_rule)
{
	struct cover_walk w = cover_find(s == NULL ? NULL : s->cover, p);
	uint8_t len;
	uint64_t value;

	while (cover_next(&w, &len, &value)) {
		asn_t wanted = (asn_t)(value >> 16);
		if (p->len < (uint8_t)(value >> 8) || p->len > (uint8_t)value ||
		    (wanted != 0 && wanted != origin)) {
			continue;
		}
		if (out_rule != NULL) {
			struct addr a = addr_make((enum family)p->family, p->bytes);
			struct prefix prefix = prefix_make(&a, len);
			*out_rule = rule_unpack(&prefix, value);
		}
		return true;
	}
	return false;
}

bool prefix_set_covers(const struct prefix_set *s, const struct prefix *p)
{
	return s != NULL && cover_find(s->cover, p).at != COVER_END;
}

bool prefix_set_bounds(const struct prefix_set *s, const struct prefix *p)
{
	struct cover_walk w = cover_find(s == NULL ? NULL : s->cover, p);
	uint8_t len;
	uint64_t value;

	while (cover_next(&w, &len, &value)) {
		if (p->len >= (uint8_t)(value >> 8) && p->len <= (uint8_t)value) {
			return true;
		}
	}
	return false;
}

int prefix_set_cover_len(const struct prefix_set *s, const struct prefix *p)
{
	struct cover_walk w = cover_find(s == NULL ? NULL : s->cover, p);
	uint8_t len;
	uint64_t value;
	return cover_next(&w, &len, &value) ? len : -1;
}

struct prefix_set *prefix_set_difference(const struct prefix_set *a, const struct prefix_set *b)
{
	size_t count_a = prefix_set_count(a), count_b = prefix_set_count(b);
	struct cover_item *only = malloc((count_a + count_b + 1) * sizeof(*only));
	size_t i = 0, j = 0, count = 0;

	if (only == NULL) {
		return NULL;
	}
	while (i < count_a || j < count_b) {
		/* Of two large sets nearly everything is in both. */
		size_t same = cover_same(cover_of(a), i, cover_of(b), j);
		i += same;
		j += same;
		if (i == count_a && j == count_b) {
			break;
		}
		struct cover_item of_a = {0}, of_b = {0};
		int order = i == count_a ? 1 : -1;
		if (i < count_a) {
			of_a = cover_at(a->cover, i);
		}
		if (j < count_b) {
			of_b = cover_at(b->cover, j);
		}
		if (i < count_a && j < count_b) {
			order = item_order(&of_a, &of_b);
		}
		i += order <= 0;
		j += order >= 0;
		if (order != 0) {
			only[count++] = order < 0 ? of_a : of_b;
		}
	}
	struct prefix_set *s = set_of(only, count);
	free(only);
	return s;
}

void prefix_set_each(const struct prefix_set *s,
		     void (*f)(void *context, const struct prefix_rule *rule), void *context)
{
	for (size_t i = 0; i < prefix_set_count(s); i++) {
		struct prefix_rule r = rule_at(s, i);
		f(context, &r);
	}
}
