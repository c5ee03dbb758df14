/* Frames of our own that wait to be sent: a bounded ring.
 *
 * Answers to ARP and neighbour solicitations wait as short descriptors and are written when they
 * are taken; echo replies carry their payload and wait as whole frames.  A full ring refuses, and
 * the caller counts the drop: the ring is emptied every turn, so only a flood fills it. */
#pragma once

#include "dataplane/nic/nic.h"
#include "rib/base/addr.h"

#define OUTBOX_ANSWERS_MAX 512
#define OUTBOX_FRAMES_MAX  64

/* "`own` is at the port's MAC", to be told to `to` at `to_mac`. */
struct answer {
	unsigned port;
	struct addr own;
	struct addr to; /* Family as `own`; for ND to all nodes: ff02::1. */
	struct mac to_mac;
};

struct outbox;

/* Frames of up to `frame_len_max` bytes.  NULL when memory is short. */
struct outbox *outbox_new(size_t frame_len_max);
void outbox_free(struct outbox *o);

/* False when full. */
bool outbox_push_answer(struct outbox *o, const struct answer *a);
bool outbox_pop_answer(struct outbox *o, struct answer *out);
/* Room for a frame of `len` bytes that counts as pushed; NULL when full. */
uint8_t *outbox_push_frame(struct outbox *o, unsigned port, size_t len);
/* The oldest frame; it stays valid until the next push.  An empty span: none. */
struct span outbox_pop_frame(struct outbox *o, unsigned *out_port);
bool outbox_is_empty(const struct outbox *o);
