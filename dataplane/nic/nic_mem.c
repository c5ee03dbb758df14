/* The in-memory wire: a learning-free switch whose frames travel in virtual time.
 *
 * Each frame is copied once per receiver into memory of exactly its length, so that a sanitizer
 * sees the first byte that a parser reads too far.  A receive queue is a ring of pointers in
 * arrival order; a frame is visible once its arrival time is not after the hub's clock.  Queues
 * are chosen as RSS does it: by a hash that is the same in both directions (here a sum of two
 * hashes), over the IP addresses; what is not IP goes to queue 0. */
#include "dataplane/nic/nic_mem.h"

#include <stdlib.h>

#include "dataplane/nic/nic_cut.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"

#define ETH_HEADER_LEN 14
#define RSS_KEY	       UINT64_C(0x6d5a6d5a6d5a6d5a)

struct wire_frame {
	usec_t arrives;
	uint32_t len;
	uint8_t bytes[];
};

struct rx_queue {
	struct wire_frame **ring; /* nic_hub.queue_frames slots. */
	uint64_t head, tail;	  /* Free-running; count = head - tail. */
};

struct nic_mem {
	struct nic nic;
	struct nic_hub *hub;
	uint64_t lost;
	struct rx_queue queues[]; /* nic.queue_count */
};

struct nic_hub {
	unsigned port_max;
	unsigned queue_frames;
	usec_t now, delay;
	bool (*keep)(void *context, const struct frame_buf *frame);
	void *keep_context;
	struct nic_mem *ports[]; /* port_max; NULL where none is. */
};

static struct nic_mem *mem_of(struct nic *n)
{
	return (struct nic_mem *)(void *)n;
}

static_assert(offsetof(struct nic_mem, nic) == 0, "a nic_mem begins with its nic");

struct nic_hub *nic_hub_new(unsigned port_max, unsigned queue_frames)
{
	ASSERT(port_max > 0 && queue_frames > 0);
	struct nic_hub *h = calloc(1, sizeof(*h) + port_max * sizeof(struct nic_mem *));

	if (h != NULL) {
		h->port_max = port_max;
		h->queue_frames = queue_frames;
	}
	return h;
}

void nic_hub_free(struct nic_hub *h)
{
	for (unsigned i = 0; h != NULL && i < h->port_max; i++) {
		ASSERT(h->ports[i] == NULL);
	}
	free(h);
}

static uint64_t queue_count(const struct rx_queue *q)
{
	return q->head - q->tail;
}

static struct wire_frame **queue_slot(const struct nic_hub *h, const struct rx_queue *q, uint64_t i)
{
	return &q->ring[i % h->queue_frames];
}

/* The queue of a frame: symmetric in source and destination. */
static unsigned rss_queue(const struct frame_buf *f, unsigned queues)
{
	uint16_t type =
		f->len < ETH_HEADER_LEN ? 0 : (uint16_t)((unsigned)f->data[12] << 8 | f->data[13]);
	size_t at, len;

	if (type == 0x0800) {
		at = ETH_HEADER_LEN + 12;
		len = 4;
	} else if (type == 0x86dd) {
		at = ETH_HEADER_LEN + 8;
		len = 16;
	} else {
		return 0;
	}
	if (f->len < at + 2 * len) {
		return 0;
	}
	uint64_t sum = hash_bytes(f->data + at, len, RSS_KEY) +
		       hash_bytes(f->data + at + len, len, RSS_KEY);

	return (unsigned)(sum % queues);
}

static size_t header_len(const struct frame_buf *f)
{
	return f->data[12] == 0x81 && f->data[13] == 0x00 ? NIC_HEADER_MAX : ETH_HEADER_LEN;
}

static void deliver(struct nic_hub *h, struct nic_mem *to, const struct frame_buf *f)
{
	struct rx_queue *q = &to->queues[rss_queue(f, to->nic.queue_count)];
	struct wire_frame *w = NULL;

	if (queue_count(q) < h->queue_frames && f->len <= to->nic.mtu + header_len(f)) {
		w = malloc(sizeof(*w) + f->len);
	}
	if (w == NULL) {
		to->lost++;
		return;
	}
	w->arrives = h->now + h->delay;
	if (queue_count(q) > 0) { /* In order, also when the delay was made shorter. */
		w->arrives = max_u64(w->arrives, (*queue_slot(h, q, q->head - 1))->arrives);
	}
	w->len = f->len;
	memcpy(w->bytes, f->data, f->len);
	*queue_slot(h, q, q->head++) = w;
}

static void hub_send(struct nic_mem *from, const struct frame_buf *f)
{
	struct nic_hub *h = from->hub;
	struct nic_mem *only = NULL;

	if (f->len < ETH_HEADER_LEN || (h->keep != NULL && !h->keep(h->keep_context, f))) {
		return;
	}
	bool is_group = (f->data[0] & 1) != 0;
	for (unsigned i = 0; !is_group && only == NULL && i < h->port_max; i++) {
		if (h->ports[i] != NULL && memcmp(h->ports[i]->nic.mac.bytes, f->data, 6) == 0) {
			only = h->ports[i];
		}
	}
	for (unsigned i = 0; i < h->port_max; i++) {
		struct nic_mem *to = h->ports[i];

		if (to != NULL && to != from && (only == NULL || only == to)) {
			deliver(h, to, f);
		}
	}
}

static unsigned mem_rx_burst(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	struct nic_mem *m = mem_of(n);
	struct rx_queue *q = &m->queues[queue];
	unsigned count = 0;

	ASSERT(queue < n->queue_count);
	while (count < max && queue_count(q) > 0) {
		struct wire_frame *w = *queue_slot(m->hub, q, q->tail);

		if (w->arrives > m->hub->now) {
			break;
		}
		q->tail++;
		out[count++] = (struct frame_buf){
			.data = w->bytes, .len = w->len, .room = w->len, .cookie = w};
	}
	return count;
}

static unsigned mem_tx_alloc(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count)
{
	uint32_t room = n->mtu + NIC_HEADER_MAX;
	unsigned i;

	ASSERT(queue < n->queue_count);
	for (i = 0; i < count; i++) {
		struct wire_frame *w = calloc(1, sizeof(*w) + room);

		if (w == NULL) {
			break;
		}
		out[i] = (struct frame_buf){.data = w->bytes, .room = room, .cookie = w};
	}
	return i;
}

static void mem_release(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	ASSERT(queue < n->queue_count);
	for (unsigned i = 0; i < count; i++) {
		free(in[i].cookie);
		in[i] = (struct frame_buf){0};
	}
}

static unsigned mem_tx_burst(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		ASSERT(in[i].len <= in[i].room);
		hub_send(mem_of(n), &in[i]);
	}
	mem_release(n, queue, in, count);
	return count;
}

static void mem_tx_piece(void *context, const struct frame_buf *frame)
{
	hub_send(context, frame);
}

static unsigned mem_tx_gather(struct nic *n, unsigned queue, const struct nic_gather *in,
			      unsigned count)
{
	ASSERT(queue < n->queue_count);
	nic_cut_all(n, in, count, mem_tx_piece, mem_of(n));
	return count;
}

static int mem_wait_fd(struct nic *n, unsigned queue)
{
	ASSERT(queue < n->queue_count);
	return -1;
}

static void mem_close(struct nic *n)
{
	struct nic_mem *m = mem_of(n);

	for (unsigned i = 0; i < n->queue_count; i++) {
		struct rx_queue *q = &m->queues[i];

		while (q->ring != NULL && queue_count(q) > 0) {
			free(*queue_slot(m->hub, q, q->tail++));
		}
		free(q->ring);
	}
	for (unsigned i = 0; i < m->hub->port_max; i++) {
		if (m->hub->ports[i] == m) {
			m->hub->ports[i] = NULL;
		}
	}
	free(m);
}

static const struct nic_ops mem_ops = {
	.rx_burst = mem_rx_burst,
	.tx_alloc = mem_tx_alloc,
	.tx_burst = mem_tx_burst,
	.release = mem_release,
	.wait_fd = mem_wait_fd,
	.close = mem_close,
};

static const struct nic_ops mem_gather_ops = {
	.rx_burst = mem_rx_burst,
	.tx_alloc = mem_tx_alloc,
	.tx_burst = mem_tx_burst,
	.release = mem_release,
	.tx_gather = mem_tx_gather,
	.wait_fd = mem_wait_fd,
	.close = mem_close,
};

void nic_mem_set_tso(struct nic *n, uint32_t tso_max)
{
	ASSERT(tso_max <= UINT16_MAX);
	n->ops = &mem_gather_ops;
	n->tso_max = tso_max;
}

struct nic *nic_mem_open(struct nic_hub *h, struct mac mac, uint16_t mtu, uint16_t queues)
{
	ASSERT(queues > 0 && mtu <= UINT16_MAX - NIC_HEADER_MAX);
	struct nic_mem *m = calloc(1, sizeof(*m) + queues * sizeof(struct rx_queue));
	unsigned slot = 0;

	if (m == NULL) {
		return NULL;
	}
	m->nic = (struct nic){.ops = &mem_ops, .mac = mac, .mtu = mtu, .queue_count = queues};
	m->hub = h;
	for (unsigned i = 0; i < queues; i++) {
		m->queues[i].ring = calloc(h->queue_frames, sizeof(struct wire_frame *));
		if (m->queues[i].ring == NULL) {
			mem_close(&m->nic);
			return NULL;
		}
	}
	while (slot < h->port_max && h->ports[slot] != NULL) {
		slot++;
	}
	ASSERT(slot < h->port_max);
	h->ports[slot] = m;
	return &m->nic;
}

void nic_hub_set_time(struct nic_hub *h, usec_t now, usec_t delay)
{
	ASSERT(now >= h->now);
	h->now = now;
	h->delay = delay;
}

/* The first frame of a queue that arrives after `now`.  Arrival times do not decrease along the
 * queue, so a binary search finds it. */
static usec_t queue_due(const struct nic_hub *h, const struct rx_queue *q)
{
	uint64_t low = 0, high = queue_count(q);

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if ((*queue_slot(h, q, q->tail + middle))->arrives > h->now) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low == queue_count(q) ? USEC_NEVER : (*queue_slot(h, q, q->tail + low))->arrives;
}

usec_t nic_hub_due(const struct nic_hub *h)
{
	usec_t due = USEC_NEVER;

	for (unsigned i = 0; i < h->port_max; i++) {
		for (unsigned k = 0; h->ports[i] != NULL && k < h->ports[i]->nic.queue_count; k++) {
			due = min_u64(due, queue_due(h, &h->ports[i]->queues[k]));
		}
	}
	return due;
}

size_t nic_mem_waiting(const struct nic *n)
{
	const struct nic_mem *m = (const struct nic_mem *)(const void *)n;
	size_t waiting = 0;

	for (unsigned i = 0; i < n->queue_count; i++) {
		const struct rx_queue *q = &m->queues[i];

		for (uint64_t k = q->tail; k != q->head; k++) {
			waiting += (*queue_slot(m->hub, q, k))->arrives <= m->hub->now;
		}
	}
	return waiting;
}

uint64_t nic_mem_lost(const struct nic *n)
{
	return ((const struct nic_mem *)(const void *)n)->lost;
}

void nic_hub_set_filter(struct nic_hub *h,
			bool (*keep)(void *context, const struct frame_buf *frame), void *context)
{
	h->keep = keep;
	h->keep_context = context;
}
