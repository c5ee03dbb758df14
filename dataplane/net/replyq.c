/* Two rings with free-running indices: push at `head`, pop at `tail`, count = head − tail. */
#include "dataplane/net/replyq.h"

#include <stdlib.h>

#include "rib/base/check.h"

static_assert((REPLYQ_ANSWERS_MAX & (REPLYQ_ANSWERS_MAX - 1)) == 0, "indices wrap");
static_assert((REPLYQ_FRAMES_MAX & (REPLYQ_FRAMES_MAX - 1)) == 0, "indices wrap");

struct frame_head {
	unsigned port;
	size_t len;
};

struct replyq {
	uint32_t answers_head, answers_tail;
	uint32_t frames_head, frames_tail;
	size_t frame_len_max;
	struct answer answers[REPLYQ_ANSWERS_MAX];
	struct frame_head frames[REPLYQ_FRAMES_MAX];
	uint8_t bytes[]; /* REPLYQ_FRAMES_MAX × frame_len_max. */
};

struct replyq *replyq_new(size_t frame_len_max)
{
	struct replyq *o = calloc(1, sizeof(*o) + REPLYQ_FRAMES_MAX * frame_len_max);

	if (o != NULL) {
		o->frame_len_max = frame_len_max;
	}
	return o;
}

void replyq_free(struct replyq *o)
{
	free(o);
}

bool replyq_push_answer(struct replyq *o, const struct answer *a)
{
	ASSERT(a->own.family == a->to.family);
	if (o->answers_head - o->answers_tail == REPLYQ_ANSWERS_MAX) {
		return false;
	}
	o->answers[o->answers_head++ % REPLYQ_ANSWERS_MAX] = *a;
	return true;
}

bool replyq_pop_answer(struct replyq *o, struct answer *out)
{
	if (o->answers_head == o->answers_tail) {
		return false;
	}
	*out = o->answers[o->answers_tail++ % REPLYQ_ANSWERS_MAX];
	return true;
}

uint8_t *replyq_push_frame(struct replyq *o, unsigned port, size_t len)
{
	ASSERT(len <= o->frame_len_max);
	if (o->frames_head - o->frames_tail == REPLYQ_FRAMES_MAX) {
		return NULL;
	}
	size_t slot = o->frames_head++ % REPLYQ_FRAMES_MAX;

	o->frames[slot] = (struct frame_head){.port = port, .len = len};
	return o->bytes + slot * o->frame_len_max;
}

struct span replyq_pop_frame(struct replyq *o, unsigned *out_port)
{
	if (o->frames_head == o->frames_tail) {
		return span_of(o->bytes, 0);
	}
	size_t slot = o->frames_tail++ % REPLYQ_FRAMES_MAX;

	*out_port = o->frames[slot].port;
	return span_of(o->bytes + slot * o->frame_len_max, o->frames[slot].len);
}

bool replyq_is_empty(const struct replyq *o)
{
	return o->answers_head == o->answers_tail && o->frames_head == o->frames_tail;
}
