/* What the judge looks up, derived from a policy: see index.h. */
#include "rib/policy/index.h"

#include <stdlib.h>

#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/policy/asn_set.h"
#include "rib/policy/export_index.h"
#include "rib/policy/prefix_set.h"

/* The numbers before the last one, as patterns of one form have them. */
struct head {
	uint32_t field[2];
	uint16_t first; /* Among the matchers. */
	uint16_t count; /* 0: the slot is free. */
	uint8_t form;
	bool is_origin;
};

struct asn_member {
	asn_t asn;
	peer_id_t peer;
};

struct policy_index {
	struct index_filter filter; /* First. */
	unsigned words;
	uint64_t names;
	struct head *head; /* By hash, open addressing. */
	unsigned head_mask;
	struct matcher *matcher;
	struct asn_member *by_asn; /* Sorted; a member with an alias is in it twice. */
	unsigned by_asn_count;
	uint16_t rtt_ms[RTT_THRESHOLDS_MAX]; /* Ascending. */
	unsigned rtt_count;
	uint64_t *rtt_bits;    /* [threshold][higher, lower][words] */
	uint64_t *hearer_bits; /* [peer][words]; NULL: everyone hears everyone. */
	uint64_t *blackhole_bits;
	struct export_index *exports;
};

static uint32_t head_hash(unsigned form, bool is_origin, const uint32_t field[2])
{
	uint32_t h = (field[0] * 2654435761u) ^ (field[1] * 2246822519u);
	return (h ^ form * 0x9e3779b9u ^ (is_origin ? 0x85ebca6bu : 0)) * 3266489917u >> 12;
}

static bool is_head(const struct head *h, unsigned form, bool is_origin, const uint32_t field[2])
{
	return h->form == form && h->is_origin == is_origin && h->field[0] == field[0] &&
	       h->field[1] == field[1];
}

/* The head, or the free slot where it would be. */
static struct head *head_of(const struct policy_index *x, unsigned form, bool is_origin,
			    const uint32_t field[2])
{
	unsigned at = head_hash(form, is_origin, field) & x->head_mask;
	while (x->head[at].count > 0 && !is_head(&x->head[at], form, is_origin, field)) {
		at = (at + 1) & x->head_mask;
	}
	return &x->head[at];
}

struct matcher_range index_matchers(const struct policy_index *x, enum community_form form,
				    const struct community *c)
{
	if (!c->is_known) {
		return (struct matcher_range){.count = 0};
	}
	const uint32_t field[2] = {c->field[0], form == COMMUNITY_LRG ? c->field[1] : 0};
	const struct head *h = head_of(x, form, form == COMMUNITY_EXT && c->is_origin, field);
	return (struct matcher_range){.first = x->matcher + h->first, .count = h->count};
}

/* A pattern with what it means, while they are collected. */
struct meant {
	uint32_t head[2];
	struct matcher matcher;
	uint8_t form;
	bool is_origin;
};

struct meanings {
	struct meant *meant;
	unsigned count, count_max;
};

static void mean(struct meanings *m, const struct community_pattern *p, unsigned form,
		 unsigned meaning)
{
	if (!p->is_set) {
		return;
	}
	ASSERT(m->count < m->count_max);
	m->meant[m->count++] = (struct meant){
		.head = {p->field[0], form == COMMUNITY_LRG ? p->field[1] : 0},
		.matcher = {.last = p->field[community_last((enum community_form)form)],
			    .meaning = (uint8_t)meaning,
			    .is_any_last = p->has_peer_as || p->has_dyn_val},
		.form = (uint8_t)form,
		.is_origin = form == COMMUNITY_EXT && p->is_origin,
	};
}

static void mean_well_known(struct meanings *m, uint32_t community, enum meaning meaning)
{
	const struct community_pattern p = {.is_set = true,
					    .field = {community >> 16, community & 0xffff}};
	mean(m, &p, COMMUNITY_STD, meaning);
}

static void mean_all(struct meanings *m, const struct policy *p)
{
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		for (unsigned name = 0; name < COMMUNITY_NAME_COUNT; name++) {
			mean(m, &p->pattern[name][form], form, name);
		}
		for (unsigned code = 0; code < REJECT_CODE_COUNT; code++) {
			mean(m, &p->cause_map[code][form], form, MEANING_CAUSE);
		}
	}
	for (unsigned i = 0; i < p->custom_count; i++) {
		const struct community_value *v = &p->custom[i];
		struct community_pattern pattern = {.is_set = true, .is_origin = v->is_origin};
		memcpy(pattern.field, v->field, sizeof(pattern.field));
		mean(m, &pattern, v->form, MEANING_CUSTOM);
	}
	mean_well_known(m, COMMUNITY_BLACKHOLE, MEANING_BLACKHOLE);
	mean_well_known(m, COMMUNITY_GRACEFUL_SHUTDOWN, MEANING_GRACEFUL_SHUTDOWN);
	if (p->obeys_well_known) {
		mean_well_known(m, COMMUNITY_NO_EXPORT, MEANING_NO_EXPORT);
		mean_well_known(m, COMMUNITY_NO_EXPORT_SUBCONFED, MEANING_NO_EXPORT);
		mean_well_known(m, COMMUNITY_NO_ADVERTISE, MEANING_NO_ADVERTISE);
	}
}

static int order_of_meant(const void *a, const void *b)
{
	const struct meant *x = a, *y = b;
	const uint32_t keys[][2] = {
		{x->form, y->form},
		{x->is_origin, y->is_origin},
		{x->head[0], y->head[0]},
		{x->head[1], y->head[1]},
		{x->matcher.meaning, y->matcher.meaning},
		{x->matcher.last, y->matcher.last},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(keys); i++) {
		if (keys[i][0] != keys[i][1]) {
			return keys[i][0] < keys[i][1] ? -1 : 1;
		}
	}
	return 0;
}

/* Sorted, the patterns of one head follow one another. */
static bool hash_patterns(struct policy_index *x, struct meanings *m)
{
	x->head_mask = 15;
	while (x->head_mask < 4 * m->count) {
		x->head_mask = x->head_mask * 2 + 1;
	}
	x->head = calloc(x->head_mask + 1, sizeof(*x->head));
	x->matcher = calloc(m->count + 1, sizeof(*x->matcher));
	if (x->head == NULL || x->matcher == NULL) {
		return false;
	}
	qsort(m->meant, m->count, sizeof(*m->meant), order_of_meant);
	for (unsigned i = 0; i < m->count; i++) {
		const struct meant *t = &m->meant[i];
		struct head *h = head_of(x, t->form, t->is_origin, t->head);
		if (h->count == 0) {
			*h = (struct head){.field = {t->head[0], t->head[1]},
					   .first = (uint16_t)i,
					   .form = t->form,
					   .is_origin = t->is_origin};
		}
		h->count++;
		x->matcher[i] = t->matcher;
		x->names |= MEANING_BIT(t->matcher.meaning);
		bits_set(x->filter.first[t->form], t->head[0] & 0xff);
	}
	return true;
}

static bool make_patterns(struct policy_index *x, const struct policy *p)
{
	struct meanings m = {
		.count_max = (COMMUNITY_NAME_COUNT + REJECT_CODE_COUNT) * COMMUNITY_FORM_COUNT +
			     p->custom_count + 8,
	};
	ASSERT(m.count_max <= UINT16_MAX);
	m.meant = calloc(m.count_max, sizeof(*m.meant));
	if (m.meant == NULL) {
		return false;
	}
	mean_all(&m, p);
	bool is_made = hash_patterns(x, &m);
	free(m.meant);
	return is_made;
}

static int order_by_asn(const void *a, const void *b)
{
	const struct asn_member *x = a, *y = b;
	return x->asn != y->asn ? (x->asn > y->asn ? 1 : -1) : (int)x->peer - (int)y->peer;
}

static bool make_by_asn(struct policy_index *x, const struct policy *p)
{
	x->by_asn = calloc(2u * p->peer_count + 1, sizeof(*x->by_asn));
	if (x->by_asn == NULL) {
		return false;
	}
	for (unsigned i = 0; i < p->peer_count; i++) {
		const struct peer_policy *peer = p->peer[i];
		if (peer != NULL) {
			x->by_asn[x->by_asn_count++] =
				(struct asn_member){.asn = peer->asn, .peer = (peer_id_t)i};
		}
		if (peer != NULL && peer->asn_alias != 0) {
			x->by_asn[x->by_asn_count++] =
				(struct asn_member){.asn = peer->asn_alias, .peer = (peer_id_t)i};
		}
	}
	qsort(x->by_asn, x->by_asn_count, sizeof(*x->by_asn), order_by_asn);
	return true;
}

/* The first of the AS number, or behind the last. */
static unsigned asn_begin(const struct policy_index *x, asn_t asn)
{
	unsigned low = 0, high = x->by_asn_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (x->by_asn[middle].asn < asn) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

void index_add_members(const struct policy_index *x, asn_t asn, uint64_t *word)
{
	for (unsigned i = asn_begin(x, asn); i < x->by_asn_count && x->by_asn[i].asn == asn; i++) {
		bits_set(word, x->by_asn[i].peer);
	}
}

bool index_has_addr(const struct policy *p, asn_t asn, const struct addr *addr)
{
	const struct policy_index *x = p->index;
	for (unsigned i = asn_begin(x, asn); i < x->by_asn_count && x->by_asn[i].asn == asn; i++) {
		const struct peer_policy *peer = p->peer[x->by_asn[i].peer];
		if (peer->asn == asn && addr_equal(&peer->addr, addr)) {
			return true;
		}
	}
	return false;
}

static int order_by_ms(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static uint64_t *rtt_set(const struct policy_index *x, unsigned threshold, bool is_higher)
{
	return x->rtt_bits + (2u * threshold + (is_higher ? 0 : 1)) * x->words;
}

static bool make_rtt(struct policy_index *x, const struct policy *p)
{
	ASSERT(p->rtt_threshold_count <= RTT_THRESHOLDS_MAX);
	x->rtt_count = p->rtt_threshold_count;
	if (x->rtt_count == 0) {
		return true;
	}
	memcpy(x->rtt_ms, p->rtt_threshold_ms, x->rtt_count * sizeof(x->rtt_ms[0]));
	qsort(x->rtt_ms, x->rtt_count, sizeof(x->rtt_ms[0]), order_by_ms);
	x->rtt_bits = calloc(2u * x->rtt_count * x->words, sizeof(uint64_t));
	if (x->rtt_bits == NULL) {
		return false;
	}
	for (unsigned i = 0; p->rtt_ms != NULL && i < p->peer_count; i++) {
		for (unsigned t = 0; p->rtt_ms[i] != 0 && t < x->rtt_count; t++) {
			bits_set(rtt_set(x, t, p->rtt_ms[i] > x->rtt_ms[t]), i);
		}
	}
	return true;
}

unsigned index_rtt(const struct policy_index *x, uint32_t ms)
{
	unsigned t = 0;
	while (t < x->rtt_count && x->rtt_ms[t] != ms) {
		t++;
	}
	return t < x->rtt_count ? t : RTT_NONE;
}

unsigned index_rtt_count(const struct policy_index *x)
{
	return x->rtt_count;
}

unsigned index_rtt_ms(const struct policy_index *x, unsigned threshold)
{
	ASSERT(threshold < x->rtt_count);
	return x->rtt_ms[threshold];
}

const uint64_t *index_rtt_members(const struct policy_index *x, unsigned threshold, bool is_higher)
{
	ASSERT(threshold < x->rtt_count);
	return rtt_set(x, threshold, is_higher);
}

/* Who may not have whose routes, turned round: out of the announcers' bits. */
static void unhear(struct policy_index *x, const struct policy *p, unsigned to)
{
	const uint64_t *hears = p->peer[to]->hears;
	for (unsigned i = 0; i < x->words; i++) {
		for (uint64_t left = ~hears[i]; left != 0; left &= left - 1) {
			unsigned from = i * 64 + (unsigned)__builtin_ctzll(left);
			if (from < p->peer_count) {
				bits_clear(x->hearer_bits + (size_t)from * x->words, to);
			}
		}
	}
}

/* The same of numbers that nobody has, and that are many. */
static void unhear_vacant(struct policy_index *x, unsigned peer_count, const struct vacancy *v)
{
	for (unsigned from = 0; v->numbers != NULL && from < peer_count; from++) {
		uint64_t *row = x->hearer_bits + (size_t)from * x->words;
		for (unsigned i = 0; !bits_has(v->hears, from) && i < x->words; i++) {
			row[i] &= ~v->numbers[i];
		}
	}
}

static bool hears_everyone(const struct policy *p)
{
	bool hears = true;
	for (unsigned i = 0; i < VACANCIES; i++) {
		hears &= p->vacant[i].numbers == NULL;
	}
	for (unsigned to = 0; to < p->peer_count; to++) {
		hears &= p->peer[to] == NULL || p->peer[to]->hears == NULL;
	}
	return hears;
}

/* n² bits (8 MiB of 8192 members) where any member may not have everyone's routes. */
static bool make_hearers(struct policy_index *x, const struct policy *p)
{
	size_t bytes = (size_t)p->peer_count * x->words * sizeof(uint64_t);
	if (hears_everyone(p)) {
		return true;
	}
	x->hearer_bits = malloc(bytes);
	if (x->hearer_bits == NULL) {
		return false;
	}
	memset(x->hearer_bits, 0xff, bytes);
	for (unsigned i = 0; i < VACANCIES; i++) {
		unhear_vacant(x, p->peer_count, &p->vacant[i]);
	}
	for (unsigned to = 0; to < p->peer_count; to++) {
		if (p->peer[to] != NULL && p->peer[to]->hears != NULL) {
			unhear(x, p, to);
		}
	}
	return true;
}

const uint64_t *index_hearers(const struct policy_index *x, peer_id_t announcer)
{
	return x->hearer_bits != NULL ? x->hearer_bits + (size_t)announcer * x->words : NULL;
}

static bool make_blackhole(struct policy_index *x, const struct policy *p)
{
	bool has_rule = false;
	for (unsigned i = 0; i < p->peer_count; i++) {
		has_rule |= p->peer[i] != NULL && !p->peer[i]->has_blackhole_to;
	}
	if (!has_rule) {
		return true;
	}
	x->blackhole_bits = calloc(x->words, sizeof(uint64_t));
	for (unsigned i = 0; x->blackhole_bits != NULL && i < p->peer_count; i++) {
		if (p->peer[i] == NULL || p->peer[i]->has_blackhole_to) {
			bits_set(x->blackhole_bits, i);
		}
	}
	return x->blackhole_bits != NULL;
}

const uint64_t *index_blackhole_receivers(const struct policy_index *x)
{
	return x->blackhole_bits;
}

static void filter_asn(void *context, asn_t asn)
{
	struct policy_index *x = context;
	bits_set(x->filter.asn, filter_asn_bit(asn));
}

/* The bits of all that the rule may have of at least FILTER_PREFIX_BITS. */
static void filter_rule(void *context, const struct prefix_rule *rule)
{
	struct policy_index *x = context;
	unsigned first = (unsigned)rule->prefix.bytes[0] << 8 | rule->prefix.bytes[1];
	unsigned count = rule->prefix.len >= FILTER_PREFIX_BITS
				 ? 1
				 : 1u << (FILTER_PREFIX_BITS - rule->prefix.len);
	for (unsigned i = 0; rule->le >= FILTER_PREFIX_BITS && i < count; i++) {
		bits_set(x->filter.prefix[rule->prefix.family], first + i);
	}
}

static void make_filter(struct policy_index *x, const struct policy *p)
{
	asn_set_each(p->transit_free, filter_asn, x);
	asn_set_each(p->never_via_rs, filter_asn, x);
	prefix_set_each(p->global_black, filter_rule, x);
	prefix_set_each(p->bogon, filter_rule, x);
	for (unsigned i = 0; i < p->peer_count; i++) {
		prefix_set_each(p->peer[i] != NULL ? p->peer[i]->black : NULL, filter_rule, x);
	}
}

unsigned index_words(const struct policy_index *x)
{
	return x->words;
}

uint64_t index_names(const struct policy_index *x)
{
	return x->names;
}

const struct export_index *index_exports(const struct policy_index *x)
{
	return x->exports;
}

struct policy_index *index_new(const struct policy *p)
{
	struct policy_index *x = calloc(1, sizeof(*x));
	if (x == NULL) {
		return NULL;
	}
	x->words = p->peer_count > 0 ? (p->peer_count + 63) / 64 : 1;
	if (!make_patterns(x, p) || !make_by_asn(x, p) || !make_rtt(x, p) || !make_hearers(x, p) ||
	    !make_blackhole(x, p) || !export_index_new(p, x->words, &x->exports)) {
		index_free(x);
		return NULL;
	}
	make_filter(x, p);
	return x;
}

void index_free(struct policy_index *x)
{
	if (x != NULL) {
		free(x->head);
		free(x->matcher);
		free(x->by_asn);
		free(x->rtt_bits);
		free(x->hearer_bits);
		free(x->blackhole_bits);
		export_index_free(x->exports);
		free(x);
	}
}
