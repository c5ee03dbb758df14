/* References that go back: see outbox.h. */
#include "rib/table/outbox.h"

#include "rib/table/mem.h"

#define RING_MIN 64u

struct adjust {
	const struct attr *attr;
	int64_t delta;
};

struct ring {
	struct adjust *item;
	uint32_t mask;
	uint32_t head, tail; /* Free-running. */
};

struct outbox {
	unsigned core_count;
	struct ring ring[];
};

struct outbox *outbox_new(unsigned core_count)
{
	ASSERT(core_count > 0 && core_count <= CORE_COUNT_MAX);
	struct outbox *o = mem_new(sizeof(*o) + core_count * sizeof(struct ring));
	o->core_count = core_count;
	for (unsigned i = 0; i < core_count; i++) {
		o->ring[i].item = mem_new(RING_MIN * sizeof(struct adjust));
		o->ring[i].mask = RING_MIN - 1;
	}
	return o;
}

void outbox_free(struct outbox *o)
{
	if (o == NULL) {
		return;
	}
	for (unsigned i = 0; i < o->core_count; i++) {
		free(o->ring[i].item);
	}
	free(o);
}

static void ring_grow(struct ring *r)
{
	uint32_t mask = r->mask * 2 + 1;
	ASSERT(mask > r->mask);
	struct adjust *item = mem_new(((size_t)mask + 1) * sizeof(*item));
	uint32_t count = 0;
	while (r->head != r->tail) {
		item[count++] = r->item[r->head++ & r->mask];
	}
	free(r->item);
	*r = (struct ring){.item = item, .mask = mask, .tail = count};
}

void outbox_adjust(struct outbox *o, const struct attr *attr, int64_t delta)
{
	ASSERT(attr->owner < o->core_count);
	struct ring *r = &o->ring[attr->owner];
	if (r->head != r->tail && r->item[(r->tail - 1) & r->mask].attr == attr) {
		r->item[(r->tail - 1) & r->mask].delta += delta;
		return;
	}
	if (r->tail - r->head > r->mask) {
		ring_grow(r);
	}
	r->item[r->tail++ & r->mask] = (struct adjust){.attr = attr, .delta = delta};
}

bool outbox_pull(struct outbox *o, core_id_t core, struct op *out)
{
	ASSERT(core < o->core_count);
	struct ring *r = &o->ring[core];
	while (r->head != r->tail) {
		struct adjust a = r->item[r->head++ & r->mask];
		if (a.delta != 0) {
			*out = (struct op){.kind = OP_ADJUST,
					   .peer = PEER_NONE,
					   .attr = a.attr,
					   .delta = a.delta};
			return true;
		}
	}
	return false;
}

size_t outbox_count(const struct outbox *o, core_id_t core)
{
	return o->ring[core].tail - o->ring[core].head;
}
