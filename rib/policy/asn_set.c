/* AS number sets: the numbers ascending, and a flat hash over them.
 *
 * The ascending array makes sets comparable and gives an order; the hash answers.  It is open
 * addressed, at most half full, with the multiplier of its hash drawn anew while a probe is long:
 * the numbers come from IRR objects that anyone may write, and nobody can choose numbers that
 * collide under every one of the multipliers. */
#include "rib/policy/asn_set.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "rib/base/prng.h"

#define SLOT_BITS_MIN 3
#define PROBES_MAX    128 /* Twice what chance makes of a million numbers. */
#define DRAWS_MAX     32

struct asn_set {
	uint64_t factor; /* Odd. */
	uint32_t *slot;	 /* 0 is empty. */
	uint32_t refs;	 /* Control only. */
	uint32_t count;
	uint8_t slot_bits;
	bool has_zero; /* AS 0, which no slot can hold. */
	asn_t asn[];   /* Ascending; the slots follow. */
};

static int asn_cmp(const void *a, const void *b)
{
	asn_t x = *(const asn_t *)a, y = *(const asn_t *)b;
	return x == y ? 0 : x < y ? -1 : 1;
}

static inline size_t slot_of(const struct asn_set *s, asn_t asn)
{
	return (size_t)((asn * s->factor) >> (64 - s->slot_bits));
}

/* Whether no number needs more probes than `probes_max`. */
static bool fill(struct asn_set *s, size_t probes_max)
{
	size_t mask = ((size_t)1 << s->slot_bits) - 1;

	memset(s->slot, 0, (mask + 1) * sizeof(*s->slot));
	for (uint32_t i = s->has_zero ? 1 : 0; i < s->count; i++) {
		size_t at = slot_of(s, s->asn[i]);
		size_t probes = 1;
		for (; s->slot[at] != 0; probes++) {
			at = (at + 1) & mask;
			if (probes == probes_max) {
				return false;
			}
		}
		s->slot[at] = s->asn[i];
	}
	return true;
}

static size_t bytes_for(size_t count, unsigned slot_bits)
{
	return sizeof(struct asn_set) + (count + ((size_t)1 << slot_bits)) * sizeof(asn_t);
}

static struct asn_set *set_make(const asn_t *sorted, size_t count, unsigned slot_bits)
{
	struct asn_set *s = malloc(bytes_for(count, slot_bits));
	struct prng chance;

	if (s == NULL) {
		return NULL;
	}
	*s = (struct asn_set){.refs = 1, .count = (uint32_t)count, .slot_bits = (uint8_t)slot_bits};
	s->has_zero = count > 0 && sorted[0] == 0;
	s->slot = s->asn + count;
	memcpy(s->asn, sorted, count * sizeof(*sorted));
	prng_init(&chance, count);
	unsigned draws = 0;
	do {
		s->factor = prng_u64(&chance) | 1;
		draws++;
	} while (!fill(s, draws < DRAWS_MAX ? PROBES_MAX : SIZE_MAX));
	return s;
}

struct asn_set *asn_set_new(const asn_t *asns, size_t count)
{
	asn_t *sorted = malloc((count + 1) * sizeof(*sorted));
	size_t kept = 0;
	unsigned slot_bits = SLOT_BITS_MIN;

	ASSERT(count < UINT32_MAX / 4);
	if (sorted == NULL) {
		return NULL;
	}
	if (count > 0) {
		memcpy(sorted, asns, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), asn_cmp);
	}
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || sorted[kept - 1] != sorted[i]) {
			sorted[kept++] = sorted[i];
		}
	}
	while ((size_t)1 << slot_bits < 2 * kept) {
		slot_bits++;
	}
	struct asn_set *s = set_make(sorted, kept, slot_bits);
	free(sorted);
	return s;
}

void asn_set_hold(struct asn_set *s)
{
	if (s != NULL) {
		ASSERT(s->refs > 0 && s->refs < UINT32_MAX);
		s->refs++;
	}
}

void asn_set_put(struct asn_set *s)
{
	if (s == NULL) {
		return;
	}
	ASSERT(s->refs > 0);
	if (--s->refs == 0) {
		free(s);
	}
}

size_t asn_set_count(const struct asn_set *s)
{
	return s == NULL ? 0 : s->count;
}

bool asn_set_equal(const struct asn_set *a, const struct asn_set *b)
{
	size_t count = asn_set_count(a);

	return count == asn_set_count(b) &&
	       (count == 0 || memcmp(a->asn, b->asn, count * sizeof(asn_t)) == 0);
}

bool asn_set_has(const struct asn_set *s, asn_t asn)
{
	if (s == NULL || asn == 0) {
		return s != NULL && s->has_zero;
	}
	size_t mask = ((size_t)1 << s->slot_bits) - 1;
	size_t at = slot_of(s, asn);
	while (s->slot[at] != 0) {
		if (s->slot[at] == asn) {
			return true;
		}
		at = (at + 1) & mask;
	}
	return false;
}

void asn_set_each(const struct asn_set *s, void (*f)(void *context, asn_t asn), void *context)
{
	for (size_t i = 0; i < asn_set_count(s); i++) {
		f(context, s->asn[i]);
	}
}
