/* The intern table.
 *
 * Open addressing with linear probing in a power-of-two array of 16-byte slots, at most three
 * quarters full.  A slot keeps 32 bits of the hash: they pick its home and let a probe pass over
 * other sets without touching them.  Deletion closes the gap (backward shift), so there are no
 * tombstones and a probe's length depends on what is in the table now, not on its history:
 *
 *     remove b:  [a][b][c][d][ ]   c, d move back when their home allows it
 *                [a][c][d][ ][ ]
 *
 * The invariant behind both: between a set's home and its slot every slot is taken. */
#include "rib/attr/intern.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"

#define SLOTS_MIN 64

struct slot {
	struct attr *attr; /* NULL: free. */
	uint32_t hash;	   /* The set's. */
	uint32_t refs;
};

static_assert(sizeof(struct slot) == 16, "four slots in a cache line");

struct intern {
	struct slot *slots;
	uint32_t mask;
	core_id_t owner;
	uint64_t key;
	size_t count;
	size_t count_max;
	size_t attr_bytes;
	struct audience_table *audiences; /* NULL: no set is dressed in parts. */
};

static const struct attr_dress undressed = {.sent = NULL};

static size_t reach_size(size_t count)
{
	return sizeof(struct reach) + count * sizeof(struct reach_part);
}

static size_t attr_size(const struct attr *a)
{
	size_t bytes = attr_bytes(a->wire_len, a->next_hop_len);
	return a->reach != NULL ? bytes + reach_size(a->reach->count) : bytes;
}

/* A set that is in no table. */
static void attr_free(struct attr *a)
{
	if (a != NULL) {
		free((void *)(uintptr_t)a->reach);
		free(a);
	}
}

struct intern *intern_new(core_id_t owner, uint64_t key, size_t count_max)
{
	ASSERT(count_max >= 1);
	ASSERT(count_max <= UINT32_MAX / 4);
	struct intern *in = calloc(1, sizeof(*in));

	if (in == NULL) {
		return NULL;
	}
	*in = (struct intern){
		.slots = calloc(SLOTS_MIN, sizeof(*in->slots)),
		.mask = SLOTS_MIN - 1,
		.owner = owner,
		.key = key,
		.count_max = count_max,
	};
	if (in->slots == NULL) {
		free(in);
		return NULL;
	}
	return in;
}

void intern_free(struct intern *in)
{
	if (in == NULL) {
		return;
	}
	for (size_t i = 0; i <= in->mask; i++) {
		attr_free(in->slots[i].attr);
	}
	free(in->slots);
	free(in);
}

void intern_set_audiences(struct intern *in, struct audience_table *audiences)
{
	ASSERT(in->audiences == NULL);
	in->audiences = audiences;
}

static uint64_t content_hash(const struct intern *in, const struct attr_draft *draft,
			     const struct next_hop *next_hop, const struct attr_dress *dress)
{
	uint64_t h = hash_bytes(draft->wire, draft->wire_len, in->key);

	h = hash_bytes(next_hop->bytes, next_hop->len, h ^ draft->facts.local_pref);
	if (dress->sent != NULL) {
		h = hash_mix(h, dress->sent->hash);
	}
	if (dress->has_parts) {
		h = hash_mix(h, dress->count);
	}
	for (unsigned i = 0; i < dress->count; i++) {
		h = hash_mix(h + dress->part[i].members->hash, dress->part[i].sent->hash);
	}
	return h;
}

static bool is_dressed_so(const struct attr *a, const struct attr_dress *dress)
{
	if (a->sent != dress->sent || (a->reach != NULL) != dress->has_parts) {
		return false;
	}
	return a->reach == NULL ||
	       (a->reach->count == dress->count &&
		memcmp(a->reach->part, dress->part, dress->count * sizeof(dress->part[0])) == 0);
}

static bool is_same(const struct attr *a, const struct attr_draft *draft,
		    const struct next_hop *next_hop, const struct attr_dress *dress)
{
	struct span hop = attr_next_hop_octets(a);

	return a->wire_len == draft->wire_len && hop.len == next_hop->len &&
	       a->facts.local_pref == draft->facts.local_pref && is_dressed_so(a, dress) &&
	       memcmp(hop.data, next_hop->bytes, hop.len) == 0 &&
	       memcmp(a->wire, draft->wire, draft->wire_len) == 0;
}

/* The first free slot for `hash`. */
static struct slot *slot_free(struct slot *slots, uint32_t mask, uint32_t hash)
{
	uint32_t i = hash & mask;

	while (slots[i].attr != NULL) {
		i = (i + 1) & mask;
	}
	return &slots[i];
}

/* Room for one more set; false when memory is short, and nothing changed. */
static bool slots_reserve(struct intern *in)
{
	size_t slot_count = (size_t)in->mask + 1;

	if (in->count + 1 <= slot_count / 4 * 3) {
		return true;
	}
	size_t bytes = slot_count * 2 * sizeof(struct slot);
	struct slot *slots = aligned_alloc(CACHE_LINE, bytes);
	if (slots == NULL) {
		return false;
	}
	memset(slots, 0, bytes); /* Written before it is read: a page need not be made twice. */
	uint32_t mask = (uint32_t)(slot_count * 2 - 1);
	for (size_t i = 0; i < slot_count; i++) {
		if (in->slots[i].attr != NULL) {
			*slot_free(slots, mask, in->slots[i].hash) = in->slots[i];
		}
	}
	free(in->slots);
	in->slots = slots;
	in->mask = mask;
	return true;
}

static struct attr *attr_new(const struct intern *in, const struct attr_draft *draft,
			     const struct next_hop *next_hop, const struct attr_dress *dress)
{
	struct attr *a = malloc(attr_bytes(draft->wire_len, next_hop->len));
	struct reach *reach = dress->has_parts ? malloc(reach_size(dress->count)) : NULL;

	if (a == NULL || (dress->has_parts && reach == NULL)) {
		free(reach);
		free(a);
		return NULL;
	}
	attr_write(a, draft, next_hop);
	a->owner = in->owner;
	a->sent = dress->sent;
	a->reach = reach;
	if (reach != NULL) {
		reach->count = (uint8_t)dress->count;
		memcpy(reach->part, dress->part, dress->count * sizeof(dress->part[0]));
	}
	return a;
}

/* Give back what a dress holds.  What is sent has no dress, so this goes no deeper. */
static void part_drop(struct intern *in, const struct reach_part *p)
{
	audience_put(in->audiences, p->members);
	intern_adjust(in, p->sent, -1);
}

static void dress_drop(struct intern *in, const struct attr_dress *dress)
{
	if (dress->sent != NULL) {
		intern_adjust(in, dress->sent, -1);
	}
	for (unsigned i = 0; i < dress->count; i++) {
		part_drop(in, &dress->part[i]);
	}
}

/* A set that is not in the table any more. */
static void attr_drop(struct intern *in, struct attr *a)
{
	if (a->sent != NULL) {
		intern_adjust(in, a->sent, -1);
	}
	for (unsigned i = 0; a->reach != NULL && i < a->reach->count; i++) {
		part_drop(in, &a->reach->part[i]);
	}
	attr_free(a);
}

static bool is_plain(const struct intern *in, const struct attr *a)
{
	return a->owner == in->owner && a->sent == NULL && a->reach == NULL;
}

static void dress_check(const struct intern *in, const struct attr_dress *dress)
{
	ASSERT(dress->count <= REACH_PARTS_MAX);
	ASSERT(dress->count == 0 || dress->has_parts);
	ASSERT(dress->sent == NULL || (!dress->has_parts && is_plain(in, dress->sent)));
	for (unsigned i = 0; i < dress->count; i++) {
		ASSERT(is_plain(in, dress->part[i].sent));
		ASSERT(in->audiences != NULL && dress->part[i].members->refs > 0);
	}
}

/* What is looked for, and its hash. */
struct wanted {
	const struct attr_draft *draft;
	const struct next_hop *next_hop;
	const struct attr_dress *dress;
	uint32_t hash;
};

static struct slot *slot_by_content(const struct intern *in, const struct wanted *w)
{
	uint32_t i = w->hash & in->mask;

	for (; in->slots[i].attr != NULL; i = (i + 1) & in->mask) {
		if (in->slots[i].hash == w->hash &&
		    is_same(in->slots[i].attr, w->draft, w->next_hop, w->dress)) {
			return &in->slots[i];
		}
	}
	return NULL;
}

/* A set that is not there yet; NULL when there is no room, and nothing changed. */
static struct attr *attr_add(struct intern *in, const struct wanted *w, uint32_t refs)
{
	if (in->count == in->count_max || !slots_reserve(in)) {
		return NULL;
	}
	struct attr *a = attr_new(in, w->draft, w->next_hop, w->dress);
	if (a == NULL) {
		return NULL;
	}
	a->hash = w->hash;
	*slot_free(in->slots, in->mask, w->hash) =
		(struct slot){.attr = a, .hash = w->hash, .refs = refs};
	in->count++;
	in->attr_bytes += attr_size(a);
	return a;
}

const struct attr *intern_get_dressed(struct intern *in, const struct attr_draft *draft,
				      const struct next_hop *next_hop,
				      const struct attr_dress *dress, uint32_t refs)
{
	ASSERT(refs >= 1);
	ASSERT(draft->wire_len <= ATTR_WIRE_MAX);
	ASSERT(next_hop->len <= sizeof(next_hop->bytes));
	dress_check(in, dress);
	const struct wanted w = {draft, next_hop, dress,
				 (uint32_t)content_hash(in, draft, next_hop, dress)};
	struct slot *s = slot_by_content(in, &w);

	if (s != NULL) {
		struct attr *a = s->attr;
		ASSERT(s->refs <= UINT32_MAX - refs);
		s->refs += refs;
		dress_drop(in, dress);
		return a;
	}
	struct attr *a = attr_add(in, &w, refs);
	if (a == NULL) {
		dress_drop(in, dress);
	}
	return a;
}

const struct attr *intern_get(struct intern *in, const struct attr_draft *draft,
			      const struct next_hop *next_hop, uint32_t refs)
{
	return intern_get_dressed(in, draft, next_hop, &undressed, refs);
}

/* The slot of a set that is in the table. */
static uint32_t slot_of(const struct intern *in, const struct attr *a)
{
	uint32_t i = a->hash & in->mask;

	while (in->slots[i].attr != a) {
		ASSERT(in->slots[i].attr != NULL);
		i = (i + 1) & in->mask;
	}
	return i;
}

/* Free slot `gap` and move back what may move: a later set whose home is not within (gap, i]. */
static void slot_remove(struct intern *in, uint32_t gap)
{
	for (uint32_t i = (gap + 1) & in->mask; in->slots[i].attr != NULL; i = (i + 1) & in->mask) {
		uint32_t home_distance = (i - in->slots[i].hash) & in->mask;
		uint32_t gap_distance = (i - gap) & in->mask;

		if (home_distance >= gap_distance) {
			in->slots[gap] = in->slots[i];
			gap = i;
		}
	}
	in->slots[gap] = (struct slot){.attr = NULL};
}

void intern_adjust(struct intern *in, const struct attr *a, int64_t delta)
{
	ASSERT(a->owner == in->owner);
	uint32_t i = slot_of(in, a);
	int64_t refs = (int64_t)in->slots[i].refs + delta;

	ASSERT(refs >= 0);
	ASSERT(refs <= UINT32_MAX);
	if (refs > 0) {
		in->slots[i].refs = (uint32_t)refs;
		return;
	}
	struct attr *dead = in->slots[i].attr;
	slot_remove(in, i);
	in->count--;
	in->attr_bytes -= attr_size(dead);
	attr_drop(in, dead);
}

size_t intern_count(const struct intern *in)
{
	return in->count;
}

size_t intern_bytes(const struct intern *in)
{
	return sizeof(*in) + ((size_t)in->mask + 1) * sizeof(*in->slots) + in->attr_bytes;
}

uint64_t intern_refs(const struct intern *in)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= in->mask; i++) {
		sum += in->slots[i].refs;
	}
	return sum;
}
