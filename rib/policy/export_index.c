/* Members' rules about what prefixes they are sent: see export_index.h.
 *
 * An item's value is packed so that a walk needs nothing but itself:
 *
 *     63..32 origin (0: any)   31..24 ge   23..16 le   15..0 number of the set */
#include "rib/policy/export_index.h"

#include <stdlib.h>

#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/policy/cover.h"
#include "rib/policy/prefix_set.h"

/* A set of rules, and whose it is. */
struct rule_set {
	const struct prefix_set *rules;
	bool is_allow;
	uint64_t *members;
};

struct export_index {
	unsigned words;
	unsigned set_count;
	struct rule_set *set;
	struct cover *cover;
	uint64_t *rest;
	uint64_t word[]; /* What the pointers point to. */
};

static_assert(2u * PEER_COUNT_MAX <= UINT16_MAX + 1u, "a set's number has 16 bits");

/* A table of sets by address, while they are collected: numbers are in the order of members, so
 * nothing depends on addresses. */
struct collection {
	struct rule_set *set;
	unsigned count;
	uint16_t *slot; /* Number + 1; 0 is free. */
	size_t mask;
};

static unsigned set_number(struct collection *c, const struct prefix_set *rules, bool is_allow)
{
	size_t at = ((uintptr_t)rules >> 4 ^ (is_allow ? 1u : 0u)) & c->mask;
	for (; c->slot[at] != 0; at = (at + 1) & c->mask) {
		const struct rule_set *s = &c->set[c->slot[at] - 1];
		if (s->rules == rules && s->is_allow == is_allow) {
			return c->slot[at] - 1u;
		}
	}
	c->set[c->count] = (struct rule_set){.rules = rules, .is_allow = is_allow};
	c->slot[at] = (uint16_t)(c->count + 1);
	return c->count++;
}

static bool collect(const struct policy *p, struct collection *c)
{
	c->mask = 7;
	while (c->mask < 4u * p->peer_count) {
		c->mask = c->mask * 2 + 1;
	}
	c->set = calloc(2u * p->peer_count + 1, sizeof(*c->set));
	c->slot = calloc(c->mask + 1, sizeof(*c->slot));
	if (c->set == NULL || c->slot == NULL) {
		return false;
	}
	for (unsigned i = 0; i < p->peer_count; i++) {
		const struct peer_policy *peer = p->peer[i];
		if (peer != NULL && peer->export_deny != NULL) {
			set_number(c, peer->export_deny, false);
		}
		if (peer != NULL && peer->export_allow != NULL) {
			set_number(c, peer->export_allow, true);
		}
	}
	return true;
}

struct fill {
	struct cover_item *item;
	size_t count;
	unsigned set;
};

static void put_rule(void *context, const struct prefix_rule *rule)
{
	struct fill *f = context;
	uint64_t value = (uint64_t)rule->origin << 32 | (uint64_t)rule->ge << 24 |
			 (uint64_t)rule->le << 16 | f->set;
	f->item[f->count++] = (struct cover_item){.prefix = rule->prefix, .value = value};
}

static struct cover *cover_of(const struct collection *c)
{
	size_t count = 0;
	for (unsigned i = 0; i < c->count; i++) {
		count += prefix_set_count(c->set[i].rules);
	}
	struct fill f = {.item = malloc((count + 1) * sizeof(*f.item))};
	if (f.item == NULL) {
		return NULL;
	}
	for (f.set = 0; f.set < c->count; f.set++) {
		prefix_set_each(c->set[f.set].rules, put_rule, &f);
	}
	ASSERT(f.count == count);
	struct cover *cover = cover_new(f.item, f.count);
	free(f.item);
	return cover;
}

/* Whose the sets are, and who has no list of what it wants. */
static void name_members(struct export_index *x, const struct policy *p, struct collection *c)
{
	memset(x->rest, 0xff, x->words * sizeof(uint64_t));
	if (p->peer_count % 64 != 0) {
		x->rest[x->words - 1] >>= 64 - p->peer_count % 64;
	}
	for (unsigned i = 0; i < p->peer_count; i++) {
		const struct peer_policy *peer = p->peer[i];
		if (peer != NULL && peer->export_deny != NULL) {
			bits_set(x->set[set_number(c, peer->export_deny, false)].members, i);
		}
		if (peer != NULL && peer->export_allow != NULL) {
			bits_set(x->set[set_number(c, peer->export_allow, true)].members, i);
			bits_clear(x->rest, i);
		}
	}
}

static struct export_index *make(const struct policy *p, unsigned words, struct collection *c)
{
	struct export_index *x =
		calloc(1, sizeof(*x) + (c->count + 1) * words * sizeof(x->word[0]));
	if (x == NULL) {
		return NULL;
	}
	x->words = words;
	x->set_count = c->count;
	x->set = c->set;
	c->set = NULL;
	x->rest = x->word + c->count * words;
	for (unsigned i = 0; i < c->count; i++) {
		x->set[i].members = x->word + i * words;
	}
	struct collection named = {
		.set = x->set, .count = c->count, .slot = c->slot, .mask = c->mask};
	x->cover = cover_of(&named);
	name_members(x, p, &named);
	ASSERT(named.count == x->set_count);
	if (x->cover == NULL) {
		export_index_free(x);
		return NULL;
	}
	return x;
}

bool export_index_new(const struct policy *p, unsigned words, struct export_index **out)
{
	struct collection c = {.count = 0};
	bool is_there = collect(p, &c);
	*out = NULL;
	if (is_there && c.count > 0) {
		*out = make(p, words, &c);
		is_there = *out != NULL;
	}
	free(c.set);
	free(c.slot);
	return is_there;
}

void export_index_free(struct export_index *x)
{
	if (x != NULL) {
		cover_free(x->cover);
		free(x->set);
		free(x);
	}
}

const uint64_t *export_index_rest(const struct export_index *x)
{
	return x->rest;
}

static bool is_match(uint64_t value, uint8_t len, asn_t origin)
{
	asn_t wanted = (asn_t)(value >> 32);
	return len >= (uint8_t)(value >> 24) && len <= (uint8_t)(value >> 16) &&
	       (wanted == 0 || wanted == origin);
}

bool export_index_find(const struct export_index *x, const struct prefix *prefix, asn_t origin,
		       uint64_t *word)
{
	struct cover_walk walk = cover_find(x->cover, prefix);
	uint8_t len;
	uint64_t value;
	bool is_found = false;
	while (cover_next(&walk, &len, &value)) {
		if (!is_match(value, prefix->len, origin)) {
			continue;
		}
		if (!is_found) {
			memcpy(word, x->rest, x->words * sizeof(uint64_t));
			is_found = true;
		}
		const struct rule_set *set = &x->set[(uint16_t)value];
		for (unsigned i = 0; set->is_allow && i < x->words; i++) {
			word[i] |= set->members[i];
		}
	}
	/* What a member refuses it is not sent, whatever else it wants. */
	walk = cover_find(x->cover, prefix);
	while (is_found && cover_next(&walk, &len, &value)) {
		const struct rule_set *set = &x->set[(uint16_t)value];
		if (!set->is_allow && is_match(value, prefix->len, origin)) {
			for (unsigned i = 0; i < x->words; i++) {
				word[i] &= ~set->members[i];
			}
		}
	}
	return is_found;
}
