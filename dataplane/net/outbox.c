/* Two rings with free-running indices: push at `head`, pop at `tail`, count = head − tail. */
#include "dataplane/net/outbox.h"

#include <stdlib.h>

#include "rib/base/check.h"

static_assert((OUTBOX_ANSWERS_MAX & (OUTBOX_ANSWERS_MAX - 1)) == 0, "indices wrap");
static_assert((OUTBOX_FRAMES_MAX & (OUTBOX_FRAMES_MAX - 1)) == 0, "indices wrap");

struct frame_head {
	unsigned port;
	size_t len;
};

struct outbox {
	uint32_t answers_head, answers_tail;
	uint32_t frames_head, frames_tail;
	size_t frame_len_max;
	struct answer answers[OUTBOX_ANSWERS_MAX];
	struct frame_head frames[OUTBOX_FRAMES_MAX];
	uint8_t bytes[]; /* OUTBOX_FRAMES_MAX × frame_len_max. */
};

struct outbox *outbox_new(size_t frame_len_max)
{
	struct outbox *o = calloc(1, sizeof(*o) + OUTBOX_FRAMES_MAX * frame_len_max);

	if (o != NULL) {
		o->frame_len_max = frame_len_max;
	}
	return o;
}

void outbox_free(struct outbox *o)
{
	free(o);
}

bool outbox_push_answer(struct outbox *o, const struct answer *a)
{
	ASSERT(a->own.family == a->to.family);
	if (o->answers_head - o->answers_tail == OUTBOX_ANSWERS_MAX) {
		return false;
	}
	o->answers[o->answers_head++ % OUTBOX_ANSWERS_MAX] = *a;
	return true;
}

bool outbox_pop_answer(struct outbox *o, struct answer *out)
{
	if (o->answers_head == o->answers_tail) {
		return false;
	}
	*out = o->answers[o->answers_tail++ % OUTBOX_ANSWERS_MAX];
	return true;
}

uint8_t *outbox_push_frame(struct outbox *o, unsigned port, size_t len)
{
	ASSERT(len <= o->frame_len_max);
	if (o->frames_head - o->frames_tail == OUTBOX_FRAMES_MAX) {
		return NULL;
	}
	size_t slot = o->frames_head++ % OUTBOX_FRAMES_MAX;

	o->frames[slot] = (struct frame_head){.port = port, .len = len};
	return o->bytes + slot * o->frame_len_max;
}

struct span outbox_pop_frame(struct outbox *o, unsigned *out_port)
{
	if (o->frames_head == o->frames_tail) {
		return span_of(o->bytes, 0);
	}
	size_t slot = o->frames_tail++ % OUTBOX_FRAMES_MAX;

	*out_port = o->frames[slot].port;
	return span_of(o->bytes + slot * o->frame_len_max, o->frames[slot].len);
}

bool outbox_is_empty(const struct outbox *o)
{
	return o->answers_head == o->answers_tail && o->frames_head == o->frames_tail;
}
