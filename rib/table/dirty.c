/* The dirty ring: see dirty.h. */
#include "rib/table/dirty.h"

#include "rib/table/mem.h"

#define ITEMS_MIN 16384u /* 256 KiB: more than a turn mostly needs. */

static void resize(struct dirty *d, uint32_t mask)
{
	struct dirty_item *fresh = mem_new(((size_t)mask + 1) * sizeof(*fresh));
	for (uint32_t place = d->head; place != d->tail; place++) {
		fresh[place & mask] = d->item[place & d->mask];
	}
	free(d->item);
	d->item = fresh;
	d->mask = mask;
}

void dirty_init(struct dirty *d)
{
	*d = (struct dirty){0};
	resize(d, ITEMS_MIN - 1);
}

void dirty_fini(struct dirty *d)
{
	free(d->item);
	d->item = NULL;
}

uint32_t dirty_push(struct dirty *d, struct dirty_item item)
{
	if (dirty_count(d) > d->mask) {
		resize(d, d->mask * 2 + 1);
	}
	d->item[d->tail & d->mask] = item;
	return d->tail++;
}

void dirty_pop(struct dirty *d)
{
	ASSERT(d->head != d->tail);
	d->head++;
	if (d->head == d->tail && d->mask >= ITEMS_MIN) {
		resize(d, ITEMS_MIN - 1);
	}
}

size_t dirty_bytes(const struct dirty *d)
{
	return ((size_t)d->mask + 1) * sizeof(*d->item);
}
