/* Which byte ranges beyond the next expected one have been received.
 *
 * Only the bookkeeping: the bytes themselves already stand at their place in the receive buffer.
 * Ranges are sorted, do not touch each other and number at most REASM_RANGES_MAX: each lost
 * segment makes one, so more means a link that loses most of what it carries.  The block of ranges
 * exists only while there is a gap.  Positions are those of seq.h.
 */
#pragma once

#include "rib/base/units.h"

#define REASM_RANGES_MAX 32

struct reasm_range {
	uint64_t from, to; /* [from, to) */
	uint32_t stamp;	   /* The later, the larger. */
};

struct reasm {
	struct reasm_range *range; /* NULL while count is 0. */
	unsigned count;
	uint32_t clock; /* Counts additions. */
};

enum reasm_verdict { REASM_OK, REASM_FULL, REASM_NO_MEMORY };

void reasm_fini(struct reasm *r);
/* Note [from, to), from < to; it is merged with what it touches.  Unless REASM_OK nothing has
 * changed. */
enum reasm_verdict reasm_add(struct reasm *r, uint64_t from, uint64_t to);
/* The first part of [from, to) that is there already; false when none is. */
bool reasm_overlap(const struct reasm *r, uint64_t from, uint64_t to, struct reasm_range *out);
/* Up to `max` ranges, the one added to last first; the number of them.  RFC 2018 §4. */
unsigned reasm_recent(const struct reasm *r, struct reasm_range *out, unsigned max);
/* Everything below `next` is there: the position up to which bytes are now contiguous; ranges
 * below it are forgotten. */
uint64_t reasm_take(struct reasm *r, uint64_t next);
/* The end of the last range; 0 when there is none. */
static inline uint64_t reasm_end(const struct reasm *r)
{
	return r->count == 0 ? 0 : r->range[r->count - 1].to;
}
/* Assert sortedness; every range lies in (next, end]. */
void reasm_check(const struct reasm *r, uint64_t next, uint64_t end);
