/* A real table: see table.h.  RFC 6396 §4.3; RFC 1997, RFC 8092. */
#include "bench/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "bench/plan.h"

#define PREFIX_OCTETS 17
#define PATH_MAX_ASNS 48
#define VALUES_MAX    48 /* Communities of a kind. */

enum mrt { MRT_TABLE_DUMP_V2 = 13, MRT_RIB_IPV4_UNICAST = 2, MRT_RIB_IPV6_UNICAST = 4 };
enum attr_type { ATTR_ORIGIN = 1, ATTR_AS_PATH = 2, ATTR_COMMUNITY = 8, ATTR_LARGE = 32 };

struct prefix {
	uint8_t octets[PREFIX_OCTETS]; /* Length first, rest 0. */
	bool is_v6;
	uint32_t set; /* Then its group. */
};

/* An attribute set, as it lies in the heap of sets: what is said of it is read from there. */
struct set {
	uint32_t next; /* In the hash chain. */
	uint32_t count;
	struct plan_attrs attrs;
};

struct row {
	uint32_t first, count, set;
};

struct table {
	struct prefix *prefix;
	struct set *set;
	struct row *group;
	uint32_t *prefix_slot, *set_slot; /* Number + 1, 0 is free; for sets the head of a chain. */
	uint32_t prefixes, prefixes_max, sets, sets_max, groups, mask;
};

static uint32_t get(const uint8_t *from, unsigned octets)
{
	uint32_t v = 0;
	for (unsigned i = 0; i < octets; i++) {
		v = v << 8 | from[i];
	}
	return v;
}

static uint32_t *slot_of(const struct table *t, const uint8_t octets[PREFIX_OCTETS], bool is_v6)
{
	uint32_t i = (uint32_t)XXH3_64bits_withSeed(octets, PREFIX_OCTETS, is_v6) & t->mask;
	for (;; i = (i + 1) & t->mask) {
		uint32_t n = t->prefix_slot[i];
		if (n == 0 || (t->prefix[n - 1].is_v6 == is_v6 &&
			       memcmp(t->prefix[n - 1].octets, octets, PREFIX_OCTETS) == 0)) {
			return &t->prefix_slot[i];
		}
	}
}

/* Communities that tell a route server what to do would change what is delivered. */
static bool is_neutral(uint32_t community)
{
	uint32_t high = community >> 16;
	return high != 0 && high != 65535 && high != 65100;
}

/* Not AS_TRANS, nor one of those that members and servers of a test have. */
static bool is_public(uint32_t asn)
{
	return asn != 0 && asn != 23456 && (asn < 64496 || asn > 65551) && asn < 4200000000u;
}

static bool read_path(const uint8_t *v, size_t len, struct plan_attrs *out)
{
	if (len < 6 || v[0] != 2 || v[1] > PATH_MAX_ASNS || len != 2 + 4 * (size_t)v[1]) {
		return false; /* One AS_SEQUENCE, nothing else. */
	}
	for (unsigned i = 0; i < v[1]; i++) {
		out->path[out->path_count++] = get(v + 2 + 4 * i, 4);
		if (!is_public(out->path[i])) {
			return false;
		}
	}
	return true;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static int compare_large(const void *a, const void *b)
{
	for (unsigned i = 0; i < 3; i++) {
		int order = compare_u32((const uint32_t *)a + i, (const uint32_t *)b + i);
		if (order != 0) {
			return order;
		}
	}
	return 0;
}

/* Sorted, each once: what servers make of them anyway. */
static void read_communities(const uint8_t *v, size_t len, struct plan_attrs *out)
{
	unsigned n = 0;
	for (size_t at = 0; at + 4 <= len && n < VALUES_MAX; at += 4) {
		out->community[n] = get(v + at, 4);
		n += is_neutral(out->community[n]);
	}
	qsort(out->community, n, 4, compare_u32);
	for (unsigned i = 0; i < n; i++) {
		if (i == 0 || out->community[i] != out->community[out->community_count - 1]) {
			out->community[out->community_count++] = out->community[i];
		}
	}
}

static void read_large(const uint8_t *v, size_t len, struct plan_attrs *out)
{
	unsigned n = 0;
	for (size_t at = 0; at + 12 <= len && n < VALUES_MAX; at += 12, n++) {
		for (unsigned i = 0; i < 3; i++) {
			out->large[n][i] = get(v + at + 4 * i, 4);
		}
	}
	qsort(out->large, n, sizeof(out->large[0]), compare_large);
	for (unsigned i = 0; i < n; i++) {
		if (i == 0 || compare_large(out->large[i], out->large[out->large_count - 1]) != 0) {
			memmove(out->large[out->large_count++], out->large[i], 12);
		}
	}
}

static bool read_attrs(const uint8_t *a, size_t len, struct plan_attrs *out)
{
	bool has_path = false;
	memset(out, 0, sizeof(*out));
	for (size_t at = 0; at + 3 <= len;) {
		size_t head = (a[at] & 0x10) != 0 ? 4 : 3;
		size_t value =
			at + head <= len ? (head == 4 ? get(a + at + 2, 2) : a[at + 2]) : len;
		const uint8_t *v = a + at + head;
		if (at + head + value > len) {
			return false;
		}
		if (a[at + 1] == ATTR_ORIGIN && value == 1 && v[0] <= 2) {
			out->origin = v[0];
		} else if (a[at + 1] == ATTR_AS_PATH) {
			has_path = read_path(v, value, out);
		} else if (a[at + 1] == ATTR_COMMUNITY && value % 4 == 0) {
			read_communities(v, value, out);
		} else if (a[at + 1] == ATTR_LARGE && value % 12 == 0) {
			read_large(v, value, out);
		}
		at += head + value;
	}
	return has_path;
}

/* Unicast space that every server accepts, and no bits behind the length. */
static bool is_plain(const uint8_t octets[PREFIX_OCTETS], bool is_v6)
{
	unsigned len = octets[0];
	if (is_v6 ? len < 16 || len > 64 || (octets[1] & 0xe0) != 0x20
		  : len < 8 || len > 24 || octets[1] == 0 || octets[1] == 127 || octets[1] >= 224) {
		return false;
	}
	return len % 8 == 0 || (octets[1 + len / 8] & (0xff >> len % 8)) == 0;
}

/* The number of this attribute set, made if it is new; PLAN_NONE without memory. */
static uint32_t intern(struct table *t, const struct plan_attrs *a)
{
	uint32_t *head = &t->set_slot[XXH3_64bits(a, sizeof(*a)) & t->mask];
	for (uint32_t n = *head; n != 0; n = t->set[n - 1].next) {
		if (memcmp(&t->set[n - 1].attrs, a, sizeof(*a)) == 0) {
			return n - 1;
		}
	}
	if (t->sets == t->sets_max) {
		uint32_t more = t->sets_max * 2;
		struct set *set = realloc(t->set, more * sizeof(*set));
		if (set == NULL) {
			return PLAN_NONE;
		}
		t->set = set;
		t->sets_max = more;
	}
	t->set[t->sets] = (struct set){.next = *head, .attrs = *a};
	*head = ++t->sets;
	return t->sets - 1;
}

/* One RIB record; false without memory.  What cannot be used is passed over. */
static bool read_record(struct table *t, const uint8_t *b, size_t len, bool is_v6)
{
	uint8_t octets[PREFIX_OCTETS] = {0};
	size_t bytes = len > 5 ? ((size_t)b[4] + 7) / 8 : len;
	if (len < 5 + bytes + 2 + 8 || bytes > (is_v6 ? 16 : 4)) {
		return true;
	}
	memcpy(octets, b + 4, 1 + bytes);
	uint32_t *slot = slot_of(t, octets, is_v6);
	if (!is_plain(octets, is_v6) || *slot != 0) {
		return true;
	}
	struct plan_attrs a;
	for (size_t at = 5 + bytes + 2; at + 8 <= len;) {
		size_t attrs = get(b + at + 6, 2);
		if (at + 8 + attrs > len) {
			break;
		}
		if (read_attrs(b + at + 8, attrs, &a)) {
			uint32_t set = intern(t, &a);
			struct prefix *p = &t->prefix[t->prefixes++];
			*p = (struct prefix){.is_v6 = is_v6, .set = set};
			memcpy(p->octets, octets, sizeof(octets));
			*slot = t->prefixes;
			return set != PLAN_NONE;
		}
		at += 8 + attrs;
	}
	return true;
}

static bool read_all(struct table *t, const uint8_t *data, size_t len)
{
	for (size_t at = 0; at + 12 <= len && t->prefixes < t->prefixes_max;) {
		uint32_t kind = get(data + at + 4, 2), sub = get(data + at + 6, 2);
		size_t body = get(data + at + 8, 4);
		if (body > len - at - 12) {
			break;
		}
		bool is_v6 = sub == MRT_RIB_IPV6_UNICAST;
		if (kind == MRT_TABLE_DUMP_V2 && (is_v6 || sub == MRT_RIB_IPV4_UNICAST) &&
		    !read_record(t, data + at + 12, body, is_v6)) {
			return false;
		}
		at += 12 + body;
	}
	return t->prefixes > 0;
}

/* By family, then by attribute set, then as they came. */
static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	if (x->is_v6 != y->is_v6) {
		return x->is_v6 ? 1 : -1;
	}
	if (x->set != y->set) {
		return x->set < y->set ? -1 : 1;
	}
	return memcmp(x->octets, y->octets, PREFIX_OCTETS);
}

static void make_groups(struct table *t)
{
	qsort(t->prefix, t->prefixes, sizeof(t->prefix[0]), compare_prefixes);
	memset(t->prefix_slot, 0, ((size_t)t->mask + 1) * sizeof(t->prefix_slot[0]));
	for (uint32_t i = 0; i < t->prefixes; i++) {
		struct prefix *p = &t->prefix[i];
		struct row *last = t->groups > 0 ? &t->group[t->groups - 1] : NULL;
		if (last == NULL || last->set != p->set || last->count == TABLE_GROUP_MAX ||
		    t->prefix[i - 1].is_v6 != p->is_v6) {
			last = &t->group[t->groups++];
			*last = (struct row){.first = i, .set = p->set};
		}
		last->count++;
		*slot_of(t, p->octets, p->is_v6) = i + 1;
	}
	for (uint32_t g = 0; g < t->groups; g++) {
		for (uint32_t i = 0; i < t->group[g].count; i++) {
			t->prefix[t->group[g].first + i].set = g;
		}
	}
}

struct table *table_new(const uint8_t *data, size_t len, uint32_t limit)
{
	struct table *t = calloc(1, sizeof(*t));
	size_t most = len / 25 + 1; /* A record has at least as many octets. */
	if (t == NULL) {
		return NULL;
	}
	t->prefixes_max = most < limit ? (uint32_t)most : limit;
	t->sets_max = 1024;
	for (t->mask = 1; t->mask < 2 * t->prefixes_max; t->mask = 2 * t->mask + 1) {
	}
	t->prefix = calloc(t->prefixes_max, sizeof(*t->prefix));
	t->group = calloc(t->prefixes_max, sizeof(*t->group));
	t->set = calloc(t->sets_max, sizeof(*t->set));
	t->prefix_slot = calloc((size_t)t->mask + 1, sizeof(uint32_t));
	t->set_slot = calloc((size_t)t->mask + 1, sizeof(uint32_t));
	if (t->prefix == NULL || t->group == NULL || t->set == NULL || t->prefix_slot == NULL ||
	    t->set_slot == NULL || !read_all(t, data, len)) {
		table_free(t);
		return NULL;
	}
	make_groups(t);
	return t;
}

struct table *table_read(const char *path, uint32_t limit)
{
	FILE *file = fopen(path, "rb");
	struct table *t = NULL;
	uint8_t *data = NULL;
	if (file == NULL) {
		return NULL;
	}
	fseek(file, 0, SEEK_END);
	long len = ftell(file);
	rewind(file);
	if (len > 0 && (data = malloc((size_t)len)) != NULL &&
	    fread(data, 1, (size_t)len, file) == (size_t)len) {
		t = table_new(data, (size_t)len, limit);
	}
	free(data);
	fclose(file);
	return t;
}

void table_free(struct table *t)
{
	if (t == NULL) {
		return;
	}
	free(t->prefix);
	free(t->group);
	free(t->set);
	free(t->prefix_slot);
	free(t->set_slot);
	free(t);
}

uint32_t table_prefix_count(const struct table *t)
{
	return t->prefixes;
}

uint32_t table_group_count(const struct table *t)
{
	return t->groups;
}

void table_group(const struct table *t, uint32_t g, uint32_t *first, uint32_t *count, bool *is_v6)
{
	*first = t->group[g].first;
	*count = t->group[g].count;
	*is_v6 = t->prefix[*first].is_v6;
}

uint32_t table_group_of(const struct table *t, uint32_t prefix)
{
	return t->prefix[prefix].set;
}

void table_say(const struct table *t, uint32_t g, struct plan_attrs *out)
{
	const struct plan_attrs *a = &t->set[t->group[g].set].attrs;
	out->origin = a->origin;
	memcpy(out->path + out->path_count, a->path, a->path_count * sizeof(a->path[0]));
	out->path_count += a->path_count;
	memcpy(out->community, a->community, a->community_count * sizeof(a->community[0]));
	out->community_count = a->community_count;
	memcpy(out->large, a->large, a->large_count * sizeof(a->large[0]));
	out->large_count = a->large_count;
}

size_t table_prefix(const struct table *t, uint32_t number, uint8_t *to)
{
	const uint8_t *octets = t->prefix[number].octets;
	size_t len = 1 + ((size_t)octets[0] + 7) / 8;
	memcpy(to, octets, len);
	return len;
}

uint32_t table_find(const struct table *t, bool is_v6, const uint8_t *from)
{
	uint8_t octets[PREFIX_OCTETS] = {0};
	if (from[0] > (is_v6 ? 128 : 32)) {
		return PLAN_NONE;
	}
	memcpy(octets, from, 1 + ((size_t)from[0] + 7) / 8);
	uint32_t n = *slot_of(t, octets, is_v6);
	return n == 0 ? PLAN_NONE : n - 1;
}
