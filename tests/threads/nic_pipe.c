/* The wire between threads: see nic_pipe.h. */
#include "tests/threads/nic_pipe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "tests/threads/unseen.h"

#define ETH_HEADER_LEN 14
#define SLOT_BYTES     1600

struct pipe_slot {
	uint32_t len;
	uint8_t bytes[SLOT_BYTES];
};

struct pipe_queue {
	pthread_mutex_t lock;
	struct pipe_slot *slot;
	uint64_t head, tail; /* Free-running: sent, read. */
	uint64_t lost;
};

struct nic_pipe {
	struct nic nic;
	struct nic_pipe_hub *hub;
	unsigned frames;
	struct pipe_queue queue[]; /* nic.queue_count */
};

static_assert(offsetof(struct nic_pipe, nic) == 0, "a nic_pipe begins with its nic");

struct nic_pipe_hub {
	unsigned port_max, port_count;
	uint64_t lost; /* Of NICs that were closed. */
	struct nic_pipe *port[];
};

struct nic_pipe_hub *nic_pipe_hub_new(unsigned port_max)
{
	struct nic_pipe_hub *h = calloc(1, sizeof(*h) + port_max * sizeof(struct nic_pipe *));
	ASSERT(h != NULL);
	h->port_max = port_max;
	return h;
}

void nic_pipe_hub_free(struct nic_pipe_hub *h)
{
	ASSERT(h->port_count == 0);
	free(h);
}

static struct nic_pipe *pipe_of(struct nic *n)
{
	return (struct nic_pipe *)(void *)n;
}

/* Spread over the queues by the IP addresses, the same way in both directions. */
static unsigned queue_of(const struct frame_buf *f, unsigned queues)
{
	unsigned type = (unsigned)f->data[12] << 8 | f->data[13], sum = 0;
	size_t at = type == 0x0800 ? 26 : 22, len = type == 0x0800 ? 8 : 32;
	if ((type != 0x0800 && type != 0x86dd) || f->len < at + len) {
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		sum += f->data[at + i];
	}
	return sum % queues;
}

static void deliver(struct nic_pipe *to, const struct frame_buf *f)
{
	struct pipe_queue *q = &to->queue[queue_of(f, to->nic.queue_count)];
	unseen_begin();
	pthread_mutex_lock(&q->lock);
	if (q->head - q->tail == to->frames || f->len > SLOT_BYTES) {
		q->lost++;
	} else {
		struct pipe_slot *slot = &q->slot[q->head++ % to->frames];
		slot->len = f->len;
		memcpy(slot->bytes, f->data, f->len);
	}
	pthread_mutex_unlock(&q->lock);
	unseen_end();
}

static void hub_send(struct nic_pipe *from, const struct frame_buf *f)
{
	bool is_group = (f->data[0] & 1) != 0;
	ASSERT(f->len >= ETH_HEADER_LEN);
	for (unsigned i = 0; i < from->hub->port_count; i++) {
		struct nic_pipe *to = from->hub->port[i];
		if (to != from && (is_group || memcmp(to->nic.mac.bytes, f->data, 6) == 0)) {
			deliver(to, f);
		}
	}
}

static unsigned pipe_tx_alloc(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count)
{
	ASSERT(queue < n->queue_count);
	for (unsigned i = 0; i < count; i++) {
		uint8_t *bytes = calloc(1, SLOT_BYTES);
		ASSERT(bytes != NULL);
		out[i] = (struct frame_buf){.data = bytes,
					    .room = (uint16_t)(n->mtu + NIC_HEADER_MAX),
					    .cookie = bytes};
	}
	return count;
}

static unsigned pipe_rx_burst(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	struct nic_pipe *p = pipe_of(n);
	ASSERT(queue < n->queue_count);
	struct pipe_queue *q = &p->queue[queue];
	unsigned count = 0;
	unseen_begin();
	pthread_mutex_lock(&q->lock);
	uint64_t waiting = q->head - q->tail;
	pthread_mutex_unlock(&q->lock);
	unseen_end();
	/* Only we take frames out, so those that wait stay. */
	count = pipe_tx_alloc(n, queue, out, (unsigned)min_u64(waiting, max));
	unseen_begin();
	pthread_mutex_lock(&q->lock);
	for (unsigned i = 0; i < count; i++) {
		const struct pipe_slot *slot = &q->slot[q->tail++ % p->frames];
		out[i].len = slot->len;
		memcpy(out[i].data, slot->bytes, slot->len);
	}
	pthread_mutex_unlock(&q->lock);
	unseen_end();
	return count;
}

static void pipe_release(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	ASSERT(queue < n->queue_count);
	for (unsigned i = 0; i < count; i++) {
		free(in[i].cookie);
		in[i] = (struct frame_buf){0};
	}
}

static unsigned pipe_tx_burst(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		ASSERT(in[i].len <= in[i].room);
		hub_send(pipe_of(n), &in[i]);
	}
	pipe_release(n, queue, in, count);
	return count;
}

static int pipe_wait_fd(struct nic *n, unsigned queue)
{
	ASSERT(queue < n->queue_count);
	return -1;
}

static void pipe_close(struct nic *n)
{
	struct nic_pipe *p = pipe_of(n);
	for (unsigned i = 0; i < n->queue_count; i++) {
		p->hub->lost += p->queue[i].lost;
		pthread_mutex_destroy(&p->queue[i].lock);
		free(p->queue[i].slot);
	}
	for (unsigned i = 0; i < p->hub->port_count; i++) {
		if (p->hub->port[i] == p) {
			p->hub->port[i] = p->hub->port[--p->hub->port_count];
		}
	}
	free(p);
}

static const struct nic_ops pipe_ops = {
	.rx_burst = pipe_rx_burst,
	.tx_alloc = pipe_tx_alloc,
	.tx_burst = pipe_tx_burst,
	.release = pipe_release,
	.wait_fd = pipe_wait_fd,
	.close = pipe_close,
};

struct nic *nic_pipe_open(struct nic_pipe_hub *h, struct mac mac, uint16_t mtu, uint16_t queues,
			  unsigned frames)
{
	ASSERT(h->port_count < h->port_max && mtu + NIC_HEADER_MAX <= SLOT_BYTES);
	struct nic_pipe *p = calloc(1, sizeof(*p) + queues * sizeof(p->queue[0]));
	ASSERT(p != NULL);
	p->nic = (struct nic){.ops = &pipe_ops, .mac = mac, .mtu = mtu, .queue_count = queues};
	p->hub = h;
	p->frames = frames;
	for (unsigned i = 0; i < queues; i++) {
		pthread_mutex_init(&p->queue[i].lock, NULL);
		p->queue[i].slot = malloc(frames * sizeof(struct pipe_slot));
		ASSERT(p->queue[i].slot != NULL);
	}
	h->port[h->port_count++] = p;
	return &p->nic;
}

uint64_t nic_pipe_lost(const struct nic_pipe_hub *h)
{
	uint64_t lost = h->lost;
	for (unsigned i = 0; i < h->port_count; i++) {
		for (unsigned q = 0; q < h->port[i]->nic.queue_count; q++) {
			lost += h->port[i]->queue[q].lost;
		}
	}
	return lost;
}
