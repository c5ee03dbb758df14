/* Frames of our own that wait to be sent: a bounded ring.
 *
 * Answers to ARP and neighbour solicitations wait as short descriptors and are written when they
 * are taken; echo replies carry their payload and wait as whole frames.  A full ring refuses, and
 * the caller counts the drop: the ring is emptied every turn, so only a flood fills it. */
#pragma once

#include "dataplane/nic/nic.h"
#include "rib/base/addr.h"

#define REPLYQ_ANSWERS_MAX 512
#define REPLYQ_FRAMES_MAX  64

/* "`own` is at the port's MAC", to be told to `to` at `to_mac`. */
struct answer {
	unsigned port;
	struct addr own;
	struct addr to; /* Family as `own`; for ND to all nodes: ff02::1. */
	struct mac to_mac;
};

struct replyq;

/* Frames of up to `frame_len_max` bytes.  NULL when memory is short. */
struct replyq *replyq_new(size_t frame_len_max);
void replyq_free(struct replyq *o);

/* False when full. */
bool replyq_push_answer(struct replyq *o, const struct answer *a);
bool replyq_pop_answer(struct replyq *o, struct answer *out);
/* Room for a frame of `len` bytes that counts as pushed; NULL when full. */
uint8_t *replyq_push_frame(struct replyq *o, unsigned port, size_t len);
/* The oldest frame; it stays valid until the next push.  An empty span: none. */
struct span replyq_pop_frame(struct replyq *o, unsigned *out_port);
bool replyq_is_empty(const struct replyq *o);
