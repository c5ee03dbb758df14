/* ROAs: a cover whose values are the payloads' numbers and greatest lengths. */
#include "rib/policy/roa.h"

#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/policy/cover.h"

struct roa {
	struct cover *cover;
	uint32_t refs; /* Control only. */
};

static inline asn_t value_asn(uint64_t value)
{
	return (asn_t)(value >> 8);
}

static inline uint8_t value_len_max(uint64_t value)
{
	return (uint8_t)value;
}

static struct vrp vrp_at(const struct roa *r, size_t rank)
{
	struct cover_item it = cover_at(r->cover, rank);
	return (struct vrp){.prefix = it.prefix,
			    .len_max = value_len_max(it.value),
			    .asn = value_asn(it.value)};
}

struct roa *roa_new(const struct vrp *vrps, size_t count)
{
	struct roa *r = malloc(sizeof(*r));
	struct cover_item *items = malloc((count + 1) * sizeof(*items));
	struct cover *c = NULL;

	for (size_t i = 0; i < count && items != NULL; i++) {
		const struct vrp *v = &vrps[i];
		ASSERT(v->prefix.len <= v->len_max);
		ASSERT(v->len_max <= family_bits(v->prefix.family));
		items[i] = (struct cover_item){.prefix = v->prefix,
					       .value = (uint64_t)v->asn << 8 | v->len_max};
	}
	if (items != NULL) {
		c = cover_new(items, count);
	}
	free(items);
	if (r == NULL || c == NULL) {
		cover_free(c);
		free(r);
		return NULL;
	}
	*r = (struct roa){.cover = c, .refs = 1};
	return r;
}

void roa_hold(struct roa *r)
{
	if (r != NULL) {
		ASSERT(r->refs > 0 && r->refs < UINT32_MAX);
		r->refs++;
	}
}

void roa_put(struct roa *r)
{
	if (r == NULL) {
		return;
	}
	ASSERT(r->refs > 0);
	if (--r->refs == 0) {
		cover_free(r->cover);
		free(r);
	}
}

size_t roa_count(const struct roa *r)
{
	return r == NULL ? 0 : cover_count(r->cover);
}

size_t roa_bytes(const struct roa *r)
{
	return r == NULL ? 0 : sizeof(*r) + cover_bytes(r->cover);
}

/* The order that payloads have among themselves. */
static int vrp_order(const struct vrp *a, const struct vrp *b)
{
	int order = prefix_cmp(&a->prefix, &b->prefix);

	if (order == 0 && a->asn != b->asn) {
		order = a->asn < b->asn ? -1 : 1;
	}
	return order != 0 ? order : (int)a->len_max - (int)b->len_max;
}

bool roa_equal(const struct roa *a, const struct roa *b)
{
	size_t count = roa_count(a);

	if (count != roa_count(b)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct vrp of_a = vrp_at(a, i), of_b = vrp_at(b, i);
		if (vrp_order(&of_a, &of_b) != 0) {
			return false;
		}
	}
	return true;
}

enum rov_state roa_validate(const struct roa *r, const struct prefix *p, asn_t origin)
{
	struct cover_walk w = cover_find(r == NULL ? NULL : r->cover, p);
	enum rov_state state = ROV_NOT_FOUND;
	uint8_t len;
	uint64_t value;

	while (cover_next(&w, &len, &value)) {
		/* RFC 6811 §2: no payload matches a route without an origin, nor one with AS 0. */
		if (p->len <= value_len_max(value) && value_asn(value) == origin && origin != 0) {
			return ROV_VALID;
		}
		state = ROV_INVALID;
	}
	return state;
}

unsigned roa_covering(const struct roa *r, const struct prefix *p, struct vrp *out, unsigned max)
{
	struct cover_walk w = cover_find(r == NULL ? NULL : r->cover, p);
	struct addr a = addr_make((enum family)p->family, p->bytes);
	unsigned count = 0;
	uint8_t len;
	uint64_t value;

	for (; cover_next(&w, &len, &value); count++) {
		if (count < max) {
			out[count] = (struct vrp){.prefix = prefix_make(&a, len),
						  .len_max = value_len_max(value),
						  .asn = value_asn(value)};
		}
	}
	return count;
}

/* All that is under a payload's prefix: a change of one can turn a more specific route from
 * not found to invalid, whatever its greatest length. */
static struct prefix_rule touched_by(const struct vrp *v)
{
	return (struct prefix_rule){.prefix = v->prefix,
				    .ge = v->prefix.len,
				    .le = (uint8_t)family_bits(v->prefix.family)};
}

struct prefix_set *roa_difference(const struct roa *a, const struct roa *b)
{
	size_t count_a = roa_count(a), count_b = roa_count(b);
	struct prefix_rule *touched = malloc((count_a + count_b + 1) * sizeof(*touched));
	size_t i = 0, j = 0, count = 0;

	if (touched == NULL) {
		return NULL;
	}
	while (i < count_a || j < count_b) {
		struct vrp of_a = {0}, of_b = {0};
		int order = i == count_a ? 1 : -1;
		if (i < count_a) {
			of_a = vrp_at(a, i);
		}
		if (j < count_b) {
			of_b = vrp_at(b, j);
		}
		if (i < count_a && j < count_b) {
			order = vrp_order(&of_a, &of_b);
		}
		i += order <= 0;
		j += order >= 0;
		if (order != 0) {
			touched[count++] = touched_by(order < 0 ? &of_a : &of_b);
		}
	}
	struct prefix_set *s = prefix_set_new(touched, count);
	free(touched);
	return s;
}

const char *rov_state_name(enum rov_state s)
{
	static const char *const name[] = {
		[ROV_NOT_FOUND] = "not-found", [ROV_VALID] = "valid", [ROV_INVALID] = "invalid"};

	ASSERT(s < ARRAY_COUNT(name));
	return name[s];
}
