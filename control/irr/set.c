/* Belief and replacement, part by part; the sets are made anew once for all three. */
#include "control/irr/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/irr/rules.h"
#include "rib/base/check.h"

static void unhold(struct irr_set_part *p)
{
	irr_list_free(&p->held);
	p->is_held = false;
}

void irr_set_free(struct irr_set *s)
{
	if (s == NULL) {
		return;
	}
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		unhold(&s->part[i]);
	}
	fetch_free(s->fetch);
	asn_set_put(s->asns);
	prefix_set_put(s->prefixes);
	free(s->path);
	free(s);
}

bool irr_set_has_data(const struct irr_set *s)
{
	bool has_data = false;
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		has_data = has_data || s->part[i].has_data;
	}
	return has_data;
}

const struct irr_set_part *irr_set_alarmed(const struct irr_set *s)
{
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		if (s->part[i].alarm != IRR_ALARM_NONE) {
			return &s->part[i];
		}
	}
	return NULL;
}

int64_t irr_set_fetched_s(const struct irr_set *s)
{
	int64_t oldest = INT64_MAX;
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		int64_t at = s->part[i].has_data ? s->part[i].fetched_s : 0;
		oldest = at < oldest ? at : oldest;
	}
	return oldest;
}

/* Rules of the family that stays, out of the set before. */
struct keeping {
	uint8_t family;
	struct prefix_rule *rules;
	size_t count;
};

static void keep_rule(void *context, const struct prefix_rule *rule)
{
	struct keeping *k = context;
	if (rule->prefix.family == k->family) {
		k->rules[k->count++] = *rule;
	}
}

/* `list`: the new ones of each part; NULL: as before. */
static void make_prefixes(struct irr_set *s, const struct irr_list *const list[IRR_PART_COUNT])
{
	size_t before = prefix_set_count(s->prefixes), max = before;
	for (unsigned i = IRR_IPV4; i <= IRR_IPV6; i++) {
		max += list[i] != NULL ? list[i]->count : 0;
	}
	struct keeping k = {.rules = malloc((max + 1) * sizeof(*k.rules))};
	ASSERT(k.rules != NULL);
	for (unsigned i = IRR_IPV4; i <= IRR_IPV6; i++) {
		if (list[i] == NULL) {
			k.family = i == IRR_IPV4 ? FAMILY_IPV4 : FAMILY_IPV6;
			prefix_set_each(s->prefixes, keep_rule, &k);
		} else if (list[i]->count > 0) {
			memcpy(k.rules + k.count, list[i]->rules,
			       list[i]->count * sizeof(*k.rules));
			k.count += list[i]->count;
		}
	}
	ASSERT(k.count <= max);
	prefix_set_put(s->prefixes);
	s->prefixes = prefix_set_new(k.rules, k.count);
	ASSERT(s->prefixes != NULL);
	free(k.rules);
}

/* True when there was any. */
static bool replace(struct irr_set *s, const struct irr_list *const list[IRR_PART_COUNT])
{
	if (list[IRR_ASNS] != NULL) {
		asn_set_put(s->asns);
		s->asns = asn_set_new(list[IRR_ASNS]->asns, list[IRR_ASNS]->count);
		ASSERT(s->asns != NULL);
	}
	if (list[IRR_IPV4] != NULL || list[IRR_IPV6] != NULL) {
		make_prefixes(s, list);
	}
	return list[IRR_ASNS] != NULL || list[IRR_IPV4] != NULL || list[IRR_IPV6] != NULL;
}

static void alarm_part(struct irr_set_part *p, enum irr_alarm alarm, const char *detail)
{
	p->alarm = alarm;
	(void)snprintf(p->detail, sizeof(p->detail), "%s", detail);
}

/* The list is now what the part is. */
static void adopt(struct irr_set *s, enum irr_part part, const struct irr_list *list,
		  const struct irr_taking *t)
{
	struct irr_set_part *p = &s->part[part];
	struct irr_cache_meta meta = {.fetched_s = t->now_s};
	p->has_data = true;
	p->count = list->count;
	p->hash = irr_list_hash(part, list);
	p->fetched_s = t->now_s;
	bool is_empty = part == IRR_ASNS && list->count == 0;
	alarm_part(p, is_empty ? IRR_ALARM_EMPTY : IRR_ALARM_NONE,
		   is_empty ? "there is no AS number in it: is the name right?" : "");
	(void)snprintf(meta.from, sizeof(meta.from), "%s", t->from);
	if (t->cache_fd >= 0) {
		/* What cannot be kept is asked for again at the next start. */
		(void)irr_cache_write(t->cache_fd, &s->name, part, &meta, list);
	}
}

static void hold(struct irr_set_part *p, struct fetch_part *got, enum irr_belief belief)
{
	char detail[160], counts[64] = "";
	if (belief != IRR_BELIEVED) {
		(void)snprintf(counts, sizeof(counts), "%zu instead of %zu", got->list.count,
			       p->count);
	}
	(void)snprintf(detail, sizeof(detail), "%s%s%.90s", counts,
		       counts[0] != '\0' && got->why[0] != '\0' ? ": " : "", got->why);
	unhold(p);
	p->held = got->list;
	p->is_held = true;
	got->list = (struct irr_list){.count = 0};
	alarm_part(p, IRR_ALARM_HELD, detail);
}

/* True when the part's data is to be another. */
static bool judge(struct irr_set *s, enum irr_part part, struct fetch_part *got,
		  const struct irr_taking *t)
{
	struct irr_set_part *p = &s->part[part];
	if (got->result == FETCH_NONE) {
		return false;
	}
	if (got->result == FETCH_FAILED) {
		alarm_part(p, IRR_ALARM_FAILED, got->why);
		return false;
	}
	bool is_same = p->has_data && p->hash == irr_list_hash(part, &got->list);
	enum irr_belief belief = irr_believe(p->count, got->list.count, t->shrink_percent);
	if (!is_same && p->has_data && (belief != IRR_BELIEVED || got->result == FETCH_DOUBTFUL)) {
		hold(p, got, belief);
		return false;
	}
	unhold(p);
	adopt(s, part, &got->list, t);
	if (got->result == FETCH_DOUBTFUL && !is_same) {
		/* Nothing better was there: some is more than none. */
		alarm_part(p, IRR_ALARM_FAILED, got->why);
	}
	return !is_same;
}

bool irr_set_take(struct irr_set *s, struct fetch *f, const struct irr_taking *t)
{
	const struct irr_list *list[IRR_PART_COUNT] = {NULL};
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		struct fetch_part *got = fetch_part(f, (enum irr_part)i);
		if (judge(s, (enum irr_part)i, got, t)) {
			list[i] = &got->list;
		}
	}
	return replace(s, list);
}

bool irr_set_accept(struct irr_set *s, const struct irr_taking *t)
{
	const struct irr_list *list[IRR_PART_COUNT] = {NULL};
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		struct irr_set_part *p = &s->part[i];
		if (p->is_held) {
			adopt(s, (enum irr_part)i, &p->held, t);
			list[i] = &p->held;
		}
	}
	bool is_changed = replace(s, list);
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		unhold(&s->part[i]);
	}
	return is_changed;
}

bool irr_set_load(struct irr_set *s, int cache_fd, const char *from)
{
	struct irr_list got[IRR_PART_COUNT];
	const struct irr_list *list[IRR_PART_COUNT] = {NULL};
	struct irr_cache_meta meta;
	bool is_whole = true;
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		struct irr_set_part *p = &s->part[i];
		got[i] = (struct irr_list){.count = 0};
		if (irr_cache_read(cache_fd, &s->name, (enum irr_part)i, &meta, &got[i]) != 0) {
			is_whole = false;
			continue;
		}
		list[i] = &got[i];
		p->has_data = true;
		p->count = got[i].count;
		p->hash = irr_list_hash((enum irr_part)i, &got[i]);
		p->fetched_s = meta.fetched_s;
		is_whole = is_whole && strcmp(meta.from, from) == 0;
	}
	(void)replace(s, list);
	for (unsigned i = 0; i < IRR_PART_COUNT; i++) {
		irr_list_free(&got[i]);
	}
	return is_whole;
}
