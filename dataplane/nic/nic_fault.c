/* A faulty link: see nic_fault.h.
 *
 * Frames that passed judgement wait in a heap, by the time of their arrival and then by number, so
 * that those without delay keep their order.  Outgoing ones leave in nic_fault_set_time() and right
 * after they were sent; incoming ones are taken from the inner NIC whenever the owner reads. */
#include "dataplane/nic/nic_fault.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/nic/nic_cut.h"
#include "rib/base/check.h"
#include "rib/base/prng.h"

#define ETH_HEADER_LEN 14
#define IP6_LENGTH_AT  18 /* In the frame. */

struct held_frame {
	usec_t arrives;
	uint64_t number;
	uint16_t queue;
	uint32_t len;
	bool is_csum_good;
	uint8_t bytes[];
};

struct held_heap {
	struct held_frame **frame;
	size_t count, cap;
};

struct link {
	struct nic_fault_plan plan;
	unsigned burst_left; /* Frames of the burst of loss that is under way. */
	usec_t last;	     /* Arrival of the last frame that keeps its place. */
};

struct nic_fault_port {
	struct nic nic;
	struct nic *inner;
	struct prng prng;
	usec_t now;
	uint64_t number;
	uint32_t room; /* Of the inner NIC's buffers. */
	struct link link[NIC_FAULT_WAY_COUNT];
	uint64_t counts[NIC_FAULT_COUNT];
	void (*too_big)(void *context, enum nic_fault_way way, const struct frame_buf *frame);
	void *too_big_context;
	struct held_heap out;
	struct held_heap in[]; /* nic.queue_count */
};

static_assert(offsetof(struct nic_fault_port, nic) == 0, "a faulty port begins with its nic");

static struct nic_fault_port *port_of(struct nic *n)
{
	return (struct nic_fault_port *)(void *)n;
}

static const struct nic_fault_port *port_of_const(const struct nic *n)
{
	return (const struct nic_fault_port *)(const void *)n;
}

static bool is_earlier(const struct held_frame *a, const struct held_frame *b)
{
	return a->arrives != b->arrives ? a->arrives < b->arrives : a->number < b->number;
}

static bool heap_push(struct held_heap *h, struct held_frame *f)
{
	if (h->count == h->cap) {
		size_t cap = h->cap == 0 ? 16 : 2 * h->cap;
		struct held_frame **frame = realloc(h->frame, cap * sizeof(struct held_frame *));

		if (frame == NULL) {
			return false;
		}
		h->frame = frame;
		h->cap = cap;
	}
	size_t at = h->count++;
	for (; at > 0 && is_earlier(f, h->frame[(at - 1) / 2]); at = (at - 1) / 2) {
		h->frame[at] = h->frame[(at - 1) / 2];
	}
	h->frame[at] = f;
	return true;
}

static struct held_frame *heap_pop(struct held_heap *h)
{
	ASSERT(h->count > 0);
	struct held_frame *first = h->frame[0], *last = h->frame[--h->count];
	size_t at = 0, below;

	while ((below = 2 * at + 1) < h->count) {
		below += below + 1 < h->count && is_earlier(h->frame[below + 1], h->frame[below]);
		if (!is_earlier(h->frame[below], last)) {
			break;
		}
		h->frame[at] = h->frame[below];
		at = below;
	}
	h->frame[at] = last;
	return first;
}

static void heap_fini(struct held_heap *h)
{
	while (h->count > 0) {
		free(heap_pop(h));
	}
	free(h->frame);
}

static bool chance(struct nic_fault_port *p, unsigned per_mille, enum nic_fault kind)
{
	bool is_hit = per_mille > 0 && prng_chance(&p->prng, per_mille, 1000);

	p->counts[kind] += is_hit;
	return is_hit;
}

/* Flip 1 to 15 bits of one 16-bit word: see nic_fault.h. */
static void corrupt(struct nic_fault_port *p, struct held_frame *f)
{
	size_t at = prng_below(&p->prng, (f->len + 1u) / 2) * 2;
	uint16_t flips = 0;

	if (at == IP6_LENGTH_AT && f->bytes[12] == 0x86 && f->bytes[13] == 0xdd) {
		at += 2;
	}
	while (flips == 0 || flips == UINT16_MAX) {
		/* Few bits more often than many. */
		flips = (uint16_t)prng_u64(&p->prng);
		flips &= prng_chance(&p->prng, 1, 2) ? (uint16_t)prng_u64(&p->prng) : UINT16_MAX;
		flips &= at + 1 < f->len ? UINT16_MAX : 0xff00;
	}
	if (at >= f->len) { /* A frame that ends before the word. */
		at = f->len - 1;
		flips |= 0x0100;
	}
	f->bytes[at] ^= (uint8_t)(flips >> 8);
	if (at + 1 < f->len) {
		f->bytes[at + 1] ^= (uint8_t)flips;
	}
}

/* Whether the link swallows the frame. */
static bool is_lost(struct nic_fault_port *p, enum nic_fault_way way, const struct frame_buf *f)
{
	struct link *l = &p->link[way];

	if (l->plan.is_cut) {
		p->counts[NIC_FAULT_CUT]++;
		return true;
	}
	if (l->burst_left == 0 && l->plan.burst_frames > 0 &&
	    chance(p, l->plan.burst, NIC_FAULT_BURST)) {
		l->burst_left = 1 + (unsigned)prng_below(&p->prng, l->plan.burst_frames);
	}
	if (l->burst_left > 0) {
		l->burst_left--;
		return true;
	}
	if (chance(p, l->plan.loss, NIC_FAULT_LOSS)) {
		return true;
	}
	if (l->plan.mtu != 0 && f->len > (uint32_t)l->plan.mtu + ETH_HEADER_LEN) {
		p->counts[NIC_FAULT_TOO_BIG]++;
		if (p->too_big != NULL) {
			p->too_big(p->too_big_context, way, f);
		}
		return true;
	}
	return false;
}

static usec_t arrival(struct nic_fault_port *p, struct link *l)
{
	usec_t at = p->now + l->plan.delay_us;

	if (l->plan.jitter_us > 0) {
		at += prng_below(&p->prng, l->plan.jitter_us + 1);
	}
	p->counts[NIC_FAULT_DELAY] += at > p->now;
	at = max_u64(at, l->last);
	if (l->plan.reorder_us > 0 && chance(p, l->plan.reorder, NIC_FAULT_REORDER)) {
		return at + 1 + prng_below(&p->prng, l->plan.reorder_us);
	}
	l->last = at;
	return at;
}

/* A copy of the frame, as the link makes it, into the heap. */
static void hold(struct nic_fault_port *p, enum nic_fault_way way, uint16_t queue,
		 const struct frame_buf *in)
{
	struct link *l = &p->link[way];
	struct held_heap *heap = way == NIC_FAULT_OUT ? &p->out : &p->in[queue];
	uint32_t len = in->len;

	if (len > 1 && chance(p, l->plan.truncate, NIC_FAULT_TRUNCATE)) {
		len = (uint32_t)(1 + prng_below(&p->prng, len - 1u));
	}
	struct held_frame *f = malloc(sizeof(*f) + len);
	if (f == NULL) {
		return;
	}
	*f = (struct held_frame){.arrives = arrival(p, l),
				 .number = p->number++,
				 .queue = queue,
				 .len = len,
				 .is_csum_good = in->is_csum_good};
	memcpy(f->bytes, in->data, len);
	if (len > ETH_HEADER_LEN && chance(p, l->plan.corrupt, NIC_FAULT_CORRUPT)) {
		f->is_csum_good = false;
		corrupt(p, f);
	}
	if (!heap_push(heap, f)) {
		free(f);
	}
}

static void judge(struct nic_fault_port *p, enum nic_fault_way way, uint16_t queue,
		  const struct frame_buf *f)
{
	if (f->len == 0 || is_lost(p, way, f)) {
		return;
	}
	hold(p, way, queue, f);
	if (chance(p, p->link[way].plan.duplicate, NIC_FAULT_DUPLICATE)) {
		hold(p, way, queue, f);
	}
}

/* Hand on what is due, as long as the inner NIC takes it. */
static void send_due(struct nic_fault_port *p)
{
	while (p->out.count > 0 && p->out.frame[0]->arrives <= p->now) {
		const struct held_frame *f = p->out.frame[0];
		struct frame_buf buf;

		if (nic_alloc(p->inner, f->queue, &buf, 1) != 1) {
			return;
		}
		buf.len = (uint32_t)min_u64(f->len, buf.room);
		memcpy(buf.data, f->bytes, buf.len);
		if (nic_tx(p->inner, f->queue, &buf, 1) != 1) {
			nic_release(p->inner, f->queue, &buf, 1);
			return;
		}
		free(heap_pop(&p->out));
	}
}

static void receive(struct nic_fault_port *p, uint16_t queue)
{
	struct frame_buf frame[NIC_BURST_MAX];
	unsigned count;

	do {
		count = nic_rx(p->inner, queue, frame, NIC_BURST_MAX);
		for (unsigned i = 0; i < count; i++) {
			judge(p, NIC_FAULT_IN, queue, &frame[i]);
		}
		nic_release(p->inner, queue, frame, count);
	} while (count == NIC_BURST_MAX);
}

static unsigned fault_rx_burst(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	struct nic_fault_port *p = port_of(n);
	struct held_heap *in = &p->in[queue];
	unsigned count = 0;

	ASSERT(queue < n->queue_count);
	receive(p, (uint16_t)queue);
	while (count < max && in->count > 0 && in->frame[0]->arrives <= p->now) {
		struct held_frame *f = heap_pop(in);

		out[count++] = (struct frame_buf){.data = f->bytes,
						  .len = f->len,
						  .room = f->len,
						  .is_csum_good = f->is_csum_good,
						  .cookie = f};
	}
	return count;
}

static unsigned fault_tx_alloc(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count)
{
	struct nic_fault_port *p = port_of(n);
	unsigned i;

	ASSERT(queue < n->queue_count);
	for (i = 0; i < count; i++) {
		struct held_frame *f = calloc(1, sizeof(*f) + p->room);

		if (f == NULL) {
			break;
		}
		out[i] = (struct frame_buf){.data = f->bytes, .room = p->room, .cookie = f};
	}
	return i;
}

static void fault_release(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	ASSERT(queue < n->queue_count);
	for (unsigned i = 0; i < count; i++) {
		free(in[i].cookie);
		in[i] = (struct frame_buf){0};
	}
}

static unsigned fault_tx_burst(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	struct nic_fault_port *p = port_of(n);

	for (unsigned i = 0; i < count; i++) {
		ASSERT(in[i].len <= in[i].room);
		judge(p, NIC_FAULT_OUT, (uint16_t)queue, &in[i]);
	}
	fault_release(n, queue, in, count);
	send_due(p);
	return count;
}

/* A piece of a segment, and where it goes out. */
struct piece_way {
	struct nic_fault_port *port;
	uint16_t queue;
};

static void fault_tx_piece(void *context, const struct frame_buf *frame)
{
	const struct piece_way *w = context;

	judge(w->port, NIC_FAULT_OUT, w->queue, frame);
}

/* The link is behind the device: it meets the pieces. */
static unsigned fault_tx_gather(struct nic *n, unsigned queue, const struct nic_gather *in,
				unsigned count)
{
	struct piece_way way = {.port = port_of(n), .queue = (uint16_t)queue};

	ASSERT(queue < n->queue_count);
	nic_cut_all(n, in, count, fault_tx_piece, &way);
	send_due(way.port);
	return count;
}

static int fault_wait_fd(struct nic *n, unsigned queue)
{
	ASSERT(queue < n->queue_count);
	return -1; /* A frame that is held back wakes nobody. */
}

static void fault_close(struct nic *n)
{
	struct nic_fault_port *p = port_of(n);

	heap_fini(&p->out);
	for (unsigned i = 0; i < n->queue_count; i++) {
		heap_fini(&p->in[i]);
	}
	p->inner->ops->close(p->inner);
	free(p);
}

static const struct nic_ops fault_ops = {
	.rx_burst = fault_rx_burst,
	.tx_alloc = fault_tx_alloc,
	.tx_burst = fault_tx_burst,
	.release = fault_release,
	.wait_fd = fault_wait_fd,
	.close = fault_close,
};

static const struct nic_ops fault_gather_ops = {
	.rx_burst = fault_rx_burst,
	.tx_alloc = fault_tx_alloc,
	.tx_burst = fault_tx_burst,
	.release = fault_release,
	.tx_gather = fault_tx_gather,
	.wait_fd = fault_wait_fd,
	.close = fault_close,
};

struct nic *nic_fault_new(struct nic *inner, uint64_t seed)
{
	struct nic_fault_port *p =
		calloc(1, sizeof(*p) + inner->queue_count * sizeof(struct held_heap));
	struct frame_buf buf;

	if (p == NULL) {
		return NULL;
	}
	p->nic = *inner;
	p->nic.ops = nic_can_gather(inner) ? &fault_gather_ops : &fault_ops;
	p->inner = inner;
	p->room = inner->mtu + ETH_HEADER_LEN;
	if (nic_alloc(inner, 0, &buf, 1) == 1) {
		p->room = buf.room;
		nic_release(inner, 0, &buf, 1);
	}
	prng_init(&p->prng, seed);
	return &p->nic;
}

static bool is_fault(const struct nic *n)
{
	return n->ops == &fault_ops || n->ops == &fault_gather_ops;
}

void nic_fault_set_plan(struct nic *n, enum nic_fault_way way, const struct nic_fault_plan *plan)
{
	ASSERT(is_fault(n) && way < NIC_FAULT_WAY_COUNT);
	port_of(n)->link[way].plan = *plan;
	port_of(n)->link[way].burst_left = 0;
}

void nic_fault_set_time(struct nic *n, usec_t now)
{
	struct nic_fault_port *p = port_of(n);

	ASSERT(is_fault(n) && now >= p->now);
	p->now = now;
	send_due(p);
}

/* The first frame that is not due yet; those that are wait for the owner, not for the time. */
static usec_t heap_due(const struct held_heap *h, usec_t now)
{
	usec_t due = USEC_NEVER;

	for (size_t i = 0; i < h->count; i++) {
		if (h->frame[i]->arrives > now) {
			due = min_u64(due, h->frame[i]->arrives);
		}
	}
	return due;
}

usec_t nic_fault_due(const struct nic *n)
{
	const struct nic_fault_port *p = port_of_const(n);
	usec_t due = heap_due(&p->out, p->now);

	for (unsigned i = 0; i < n->queue_count; i++) {
		due = min_u64(due, heap_due(&p->in[i], p->now));
	}
	return due;
}

const uint64_t *nic_fault_counts(const struct nic *n)
{
	return port_of_const(n)->counts;
}

void nic_fault_set_too_big(struct nic *n,
			   void (*too_big)(void *context, enum nic_fault_way way,
					   const struct frame_buf *frame),
			   void *context)
{
	port_of(n)->too_big = too_big;
	port_of(n)->too_big_context = context;
}
