/* Sorted arrays of VRPs: sort, merge, compare. */
#include "control/rpki/vrp_set.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

int vrp_cmp(const struct vrp *a, const struct vrp *b)
{
	int order = prefix_cmp(&a->prefix, &b->prefix);
	if (order != 0) {
		return order;
	}
	if (a->asn != b->asn) {
		return a->asn < b->asn ? -1 : 1;
	}
	return (a->len_max > b->len_max) - (a->len_max < b->len_max);
}

static int order_vrps(const void *a, const void *b)
{
	return vrp_cmp(a, b);
}

static struct vrp_set *make(size_t max)
{
	struct vrp_set *s = malloc(sizeof(*s) + max * sizeof(s->item[0]));
	if (s != NULL) {
		atomic_init(&s->refs, 1);
		s->count = 0;
		s->count_v4 = 0;
	}
	return s;
}

/* Append what is not the last item already. */
static void append(struct vrp_set *s, const struct vrp *v)
{
	if (s->count > 0 && vrp_cmp(&s->item[s->count - 1], v) == 0) {
		return;
	}
	DCHECK(s->count == 0 || vrp_cmp(&s->item[s->count - 1], v) < 0);
	s->item[s->count++] = *v;
	s->count_v4 += v->prefix.family == FAMILY_IPV4 ? 1 : 0;
}

static bool is_sorted(const struct vrp *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (vrp_cmp(&items[i - 1], &items[i]) > 0) {
			return false;
		}
	}
	return true;
}

#define DIGITS	  4 /* Of 16 bits: the first half of an address, all of it where it is IPv4. */
#define RADIX	  65536
#define COUNT_FEW 4096 /* Not worth the tables. */

static unsigned digit_of(const struct vrp *v, unsigned digit)
{
	if (digit == DIGITS) {
		return v->prefix.family;
	}
	const uint8_t *at = v->prefix.bytes + 2 * (DIGITS - 1 - digit);
	return (unsigned)(at[0] << 8 | at[1]);
}

/* One pass of a radix sort; false when all have the same digit, and nothing was moved. */
static bool pass(const struct vrp *from, struct vrp *to, size_t count, unsigned digit, size_t *at)
{
	memset(at, 0, RADIX * sizeof(*at));
	for (size_t i = 0; i < count; i++) {
		at[digit_of(&from[i], digit)]++;
	}
	if (at[digit_of(&from[0], digit)] == count) {
		return false;
	}
	size_t next = 0;
	for (unsigned d = 0; d < RADIX; d++) {
		size_t here = at[d];
		at[d] = next;
		next += here;
	}
	for (size_t i = 0; i < count; i++) {
		to[at[digit_of(&from[i], digit)]++] = from[i];
	}
	return true;
}

/* What the digits leave equal, most of it single. */
static void sort_rest(struct vrp *items, size_t count)
{
	for (size_t begin = 0, end; begin < count; begin = end) {
		const struct prefix *first = &items[begin].prefix;
		end = begin + 1;
		while (end < count && items[end].prefix.family == first->family &&
		       memcmp(items[end].prefix.bytes, first->bytes, 2 * DIGITS) == 0) {
			end++;
		}
		if (end - begin > 1) {
			qsort(items + begin, end - begin, sizeof(items[0]), order_vrps);
		}
	}
}

/* Half a million in a third of qsort()'s time: by digits from the last to the first. */
static void sort_vrps(struct vrp *items, size_t count)
{
	struct vrp *spare = count > COUNT_FEW ? malloc(count * sizeof(*spare)) : NULL;
	size_t *at = spare != NULL ? malloc(RADIX * sizeof(*at)) : NULL;
	if (at == NULL) {
		free(spare);
		qsort(items, count, sizeof(items[0]), order_vrps);
		return;
	}
	struct vrp *from = items, *to = spare;
	for (unsigned digit = 0; digit <= DIGITS; digit++) {
		if (pass(from, to, count, digit, at)) {
			struct vrp *swap = from;
			from = to;
			to = swap;
		}
	}
	if (from != items) {
		memcpy(items, from, count * sizeof(*items));
	}
	free(at);
	free(spare);
	sort_rest(items, count);
}

struct vrp_set *vrp_set_new(struct vrp *items, size_t count)
{
	struct vrp_set *s = make(count);
	if (s == NULL) {
		return NULL;
	}
	if (!is_sorted(items, count)) {
		sort_vrps(items, count);
	}
	for (size_t i = 0; i < count; i++) {
		append(s, &items[i]);
	}
	return s;
}

/* A change with its place in the order of events: of one payload's the last counts. */
struct event {
	struct vrp_change change;
	size_t seq;
};

static int order_events(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	int order = vrp_cmp(&x->change.vrp, &y->change.vrp);
	return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

/* Sort by payload and keep the last of each.  The new count. */
static size_t settle(struct vrp_change *changes, size_t count)
{
	struct event *events = malloc((count + 1) * sizeof(*events));
	size_t kept = 0;
	if (events == NULL) {
		return SIZE_MAX;
	}
	for (size_t i = 0; i < count; i++) {
		events[i] = (struct event){.change = changes[i], .seq = i};
	}
	qsort(events, count, sizeof(*events), order_events);
	for (size_t i = 0; i < count; i++) {
		bool is_last = i + 1 == count ||
			       vrp_cmp(&events[i].change.vrp, &events[i + 1].change.vrp) != 0;
		if (is_last) {
			changes[kept++] = events[i].change;
		}
	}
	free(events);
	return kept;
}

/* The first item from `from` on that is not before `v`; steps double, so that many changes cost as
 * little as few. */
static size_t seek(const struct vrp_set *old, size_t from, const struct vrp *v)
{
	size_t count = old != NULL ? old->count : 0, step = 1, low = from;
	while (low + step <= count && vrp_cmp(&old->item[low + step - 1], v) < 0) {
		low += step;
		step *= 2;
	}
	size_t high = low + step - 1 < count ? low + step - 1 : count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (vrp_cmp(&old->item[middle], v) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static void copy_run(struct vrp_set *to, const struct vrp_set *from, size_t begin, size_t end)
{
	if (begin < end) {
		memcpy(to->item + to->count, from->item + begin,
		       (end - begin) * sizeof(to->item[0]));
		to->count += end - begin;
		to->count_v4 += min_u64(end, from->count_v4) - min_u64(begin, from->count_v4);
	}
}

/* A cache's first exchange: nothing but what is added to nothing. */
static bool is_first(const struct vrp_set *old, const struct vrp_change *changes, size_t count)
{
	if (old != NULL && old->count > 0) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!changes[i].is_added) {
			return false;
		}
	}
	return true;
}

static struct vrp_set *make_first(const struct vrp_change *changes, size_t count)
{
	struct vrp *item = malloc((count + 1) * sizeof(*item));
	if (item == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		item[i] = changes[i].vrp;
	}
	struct vrp_set *s = vrp_set_new(item, count);
	free(item);
	return s;
}

struct vrp_set *vrp_set_apply(const struct vrp_set *old, struct vrp_change *changes, size_t count)
{
	size_t old_count = old != NULL ? old->count : 0, i = 0, j = 0;
	if (is_first(old, changes, count)) {
		return make_first(changes, count);
	}
	count = settle(changes, count);
	struct vrp_set *s = count != SIZE_MAX ? make(old_count + count) : NULL;
	if (s == NULL) {
		return NULL;
	}
	for (; j < count; j++) {
		size_t next = seek(old, i, &changes[j].vrp);
		copy_run(s, old, i, next);
		i = next;
		bool is_there = i < old_count && vrp_cmp(&old->item[i], &changes[j].vrp) == 0;
		i += is_there ? 1 : 0;
		if (changes[j].is_added) {
			append(s, &changes[j].vrp);
		}
	}
	copy_run(s, old, i, old_count);
	return s;
}

static struct vrp_set *merge(const struct vrp_set *a, const struct vrp_set *b)
{
	struct vrp_set *s = make(a->count + b->count);
	size_t i = 0, j = 0;
	while (s != NULL && (i < a->count || j < b->count)) {
		bool is_a =
			j == b->count || (i < a->count && vrp_cmp(&a->item[i], &b->item[j]) <= 0);
		append(s, is_a ? &a->item[i++] : &b->item[j++]);
	}
	return s;
}

struct vrp_set *vrp_set_union(struct vrp_set *const *sets, unsigned count)
{
	ASSERT(count > 0);
	struct vrp_set *all = vrp_set_hold(sets[0]);
	for (unsigned i = 1; i < count && all != NULL; i++) {
		struct vrp_set *more = merge(all, sets[i]);
		vrp_set_put(all);
		all = more;
	}
	return all;
}

/* A prefix whose payloads differ; a prefix has few payloads, so each is named once. */
struct touched {
	struct prefix_rule *rule;
	size_t count, max;
	bool is_short;
};

static void touch(struct touched *t, const struct prefix *p)
{
	if (t->count > 0 && prefix_equal(&t->rule[t->count - 1].prefix, p)) {
		return;
	}
	if (t->count == t->max) {
		t->max = t->max == 0 ? 64 : t->max * 2;
		struct prefix_rule *more = reallocarray(t->rule, t->max, sizeof(*more));
		if (more == NULL) {
			t->is_short = true;
			t->max = t->count;
			return;
		}
		t->rule = more;
	}
	t->rule[t->count++] = (struct prefix_rule){
		.prefix = *p, .ge = p->len, .le = (uint8_t)family_bits(p->family)};
}

struct prefix_set *vrp_set_difference(const struct vrp_set *a, const struct vrp_set *b)
{
	size_t a_count = a != NULL ? a->count : 0, b_count = b != NULL ? b->count : 0;
	size_t i = 0, j = 0;
	struct touched t = {0};
	while (i < a_count || j < b_count) {
		int order = i == a_count   ? 1
			    : j == b_count ? -1
					   : vrp_cmp(&a->item[i], &b->item[j]);
		if (order != 0) {
			touch(&t, order < 0 ? &a->item[i].prefix : &b->item[j].prefix);
		}
		i += order <= 0 ? 1 : 0;
		j += order >= 0 ? 1 : 0;
	}
	struct prefix_set *set = t.is_short ? NULL : prefix_set_new(t.rule, t.count);
	free(t.rule);
	return set;
}

bool vrp_set_equal(const struct vrp_set *a, const struct vrp_set *b)
{
	if (a == b || a == NULL || b == NULL) {
		return a == b;
	}
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (vrp_cmp(&a->item[i], &b->item[i]) != 0) {
			return false;
		}
	}
	return true;
}

struct vrp_set *vrp_set_hold(struct vrp_set *s)
{
	if (s != NULL) {
		atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	}
	return s;
}

void vrp_set_put(struct vrp_set *s)
{
	/* Whoever frees it sees all that the others did with it before. */
	if (s != NULL && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) {
		free(s);
	}
}
