/* AF_PACKET: a receive ring shared with the kernel, and system calls that send in batches.
 *
 * In: most of what a route server receives are small frames, so they come by a ring (TPACKET_V2):
 * no system call, above all for a look that finds nothing, and no copy of ours (measured: 1.08 µs
 * for a frame of 60 bytes on a veth, against 1.43 by recvmmsg(); in batches of 8 there is no
 * difference).  Its slots hold a frame of the MTU.  What is longer, segments
 * that were never cut or have been joined, the kernel puts into the socket's queue as a whole, and
 * a mark into the slot (PACKET_COPY_THRESH): one recv() for up to 64 KB.
 *
 *     ring  | frame | frame | mark | frame | ...         queue  | 64 KB | ...
 *                               '-------------------------------->'
 *
 * A slot that is handed out is neither the kernel's nor new: SLOT_HELD, until it is released.  So
 * slots may come back late and in any order; the kernel waits at one that is held, and what comes
 * meanwhile is lost and counted.
 *
 * Out: the kernel's copy from our memory is the only one, so a payload is never touched here.  A
 * transmit ring would save nothing: its pages may go through a virtual wire by reference and be
 * ours again before the receiver has read them.
 *
 * PACKET_QDISC_BYPASS is left off: it drops what the device cannot cut itself. */
#include "dataplane/nic/nic_packet.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rib/base/check.h"
#include "rib/base/csum.h"
#include "rib/base/metric.h"

#define MACS_LEN       12 /* Both addresses: a VLAN tag comes after them. */
#define TAG_LEN	       4
#define VNET_LEN       sizeof(struct virtio_net_hdr)
#define TCP_CSUM_AT    16
#define STOCK	       (2 * NIC_BURST_MAX)  /* Transmit buffers of a queue. */
#define BIG_COUNT      NIC_BURST_MAX	    /* Buffers for what comes by the socket's queue. */
#define BIG_LEN	       ((size_t)65536 + 64) /* An IP packet of 64 KB and what is before it. */
#define RING_LEN       ((size_t)8 << 20)
#define SLOTS_MIN      1024
#define BLOCK_LEN      65536
#define SLOT_OVERHEAD  112 /* Before the L3 bytes of a slot: its header, an address, the MACs. */
#define SLOT_RESERVE   6   /* Puts the L3 bytes at a multiple of 16, whatever the header says. */
#define SLOT_SENDER_AT TPACKET_ALIGN((int)sizeof(struct tpacket2_hdr)) /* sockaddr_ll. */
#define SLOT_HELD      (1U << 16) /* Of our own; none of the kernel's marks. */
#define RCVBUF	       (32 << 20)
#define SNDBUF	       (8 << 20)
#define GATHER_BATCH   8
#define REFUSALS_KEPT  64   /* A full queue of the device is waited for as often as this. */
#define EMPTY_POLLS    1024 /* Now and then an error is taken off the socket. */

struct big {
	bool is_used; /* Atomic: released by any thread. */
	uint8_t bytes[BIG_LEN];
};

struct packet_queue {
	int fd;
	uint8_t *ring;
	size_t ring_len;
	unsigned slot_len, slot_count, slot_next;
	unsigned empty_polls, refusals;
	bool is_shared;
	unsigned free_count;
	uint8_t *free[STOCK];
	uint8_t *bytes;	 /* STOCK × room. */
	struct big *big; /* BIG_COUNT */
	metric_t missed, refused;
} __attribute__((aligned(CACHE_LINE)));

struct nic_packet {
	struct nic nic;
	uint32_t room;
	struct packet_queue queues[]; /* nic.queue_count */
};

static_assert(offsetof(struct nic_packet, nic) == 0, "a nic_packet begins with its nic");
static_assert(SLOT_SENDER_AT + sizeof(struct sockaddr_ll) + 16 + SLOT_RESERVE + VNET_LEN <=
		      SLOT_OVERHEAD,
	      "what the kernel writes before a frame fits");

static struct nic_packet *packet_of(struct nic *n)
{
	return (struct nic_packet *)(void *)n;
}

static const struct nic_packet *packet_of_const(const struct nic *n)
{
	return (const struct nic_packet *)(const void *)n;
}

static struct tpacket2_hdr *slot_at(const struct packet_queue *q, unsigned i)
{
	return (struct tpacket2_hdr *)(void *)(q->ring + (size_t)i * q->slot_len);
}

static void slot_set(struct tpacket2_hdr *slot, uint32_t status)
{
	__atomic_store_n(&slot->tp_status, status, __ATOMIC_RELEASE);
}

static bool is_slot(const struct packet_queue *q, const void *cookie)
{
	const uint8_t *at = cookie;

	return at >= q->ring && at < q->ring + q->ring_len;
}

/* The kernel's count of what did not fit; reading it sets it to zero. */
static void losses_count(struct packet_queue *q)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(q->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0) {
		metric_add(&q->missed, stats.tp_drops);
	}
}

/* An interface that goes down leaves an error on its sockets, and they are readable until someone
 * takes it. */
static void error_clear(struct packet_queue *q)
{
	int error;
	socklen_t len = sizeof(error);

	if (++q->empty_polls == EMPTY_POLLS) {
		q->empty_polls = 0;
		(void)getsockopt(q->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
}

static struct big *big_take(struct packet_queue *q)
{
	for (unsigned i = 0; i < BIG_COUNT; i++) {
		struct big *b = &q->big[i];

		if (!__atomic_load_n(&b->is_used, __ATOMIC_ACQUIRE)) {
			b->is_used = true;
			return b;
		}
	}
	return NULL;
}

static void big_put(struct big *b)
{
	ASSERT(b->is_used);
	__atomic_store_n(&b->is_used, false, __ATOMIC_RELEASE);
}

/* Complete a checksum: its place holds the sum of the pseudo-header.  All ones are as good as zero,
 * which in UDP would mean that there is none (RFC 768). */
static void csum_complete(uint8_t *data, uint32_t len, const struct virtio_net_hdr *vnet)
{
	size_t from = vnet->csum_start, at = from + vnet->csum_offset;

	if (at + 2 > len) {
		return;
	}
	csum_store(csum_add(0, data + from, len - from), data + at);
	if (data[at] == 0 && data[at + 1] == 0) {
		data[at] = data[at + 1] = 0xff;
	}
}

/* A frame whose header for offloads stands before it, with room for a tag in that.  Sums that the
 * device has verified, or that were never needed, need no look. */
static struct frame_buf frame_of(const struct packet_queue *q, const struct tpacket2_hdr *slot,
				 uint32_t status, uint8_t *data, uint32_t len)
{
	struct virtio_net_hdr vnet;
	struct frame_buf f = {.data = data, .len = len};

	memcpy(&vnet, data - VNET_LEN, VNET_LEN);
	f.is_csum_good =
		(vnet.flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) != 0;
	if (q->is_shared && (vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
		csum_complete(data, len, &vnet);
	}
	if ((status & TP_STATUS_VLAN_VALID) != 0 && len >= MACS_LEN) {
		uint16_t type = (status & TP_STATUS_VLAN_TPID_VALID) != 0 ? slot->tp_vlan_tpid
									  : ETH_P_8021Q;

		f.data -= TAG_LEN;
		f.len += TAG_LEN;
		memmove(f.data, data, MACS_LEN);
		struct wr tag = wr_of(f.data + MACS_LEN, TAG_LEN);
		wr_u16(&tag, type);
		wr_u16(&tag, slot->tp_vlan_tci);
	}
	return f;
}

/* The frame that a slot has a mark for.  False when there is no buffer: it can wait. */
static bool big_rx(struct packet_queue *q, const struct tpacket2_hdr *slot, uint32_t status,
		   struct frame_buf *out)
{
	struct big *b = big_take(q);

	*out = (struct frame_buf){0};
	if (b == NULL) {
		return false;
	}
	ssize_t len = recv(q->fd, b->bytes, sizeof(b->bytes), MSG_DONTWAIT | MSG_TRUNC);
	if (len < 0 && errno != EAGAIN) { /* An error that was left by something else. */
		len = recv(q->fd, b->bytes, sizeof(b->bytes), MSG_DONTWAIT | MSG_TRUNC);
	}
	if (len <= (ssize_t)VNET_LEN || len > (ssize_t)sizeof(b->bytes)) {
		metric_add(&q->missed, 1);
		big_put(b);
		return true;
	}
	*out = frame_of(q, slot, status, b->bytes + VNET_LEN, (uint32_t)len - (uint32_t)VNET_LEN);
	out->room = (uint32_t)(b->bytes + sizeof(b->bytes) - out->data);
	out->cookie = b;
	return true;
}

/* A group of sockets also sees what this host sends. */
static bool is_own(const struct tpacket2_hdr *slot)
{
	const struct sockaddr_ll *from = (const void *)((const uint8_t *)slot + SLOT_SENDER_AT);

	return from->sll_pkttype == PACKET_OUTGOING;
}

static void slot_rx(struct packet_queue *q, struct tpacket2_hdr *slot, uint32_t status,
		    struct frame_buf *out)
{
	uint8_t *begin = (uint8_t *)(void *)slot;

	if (slot->tp_snaplen < slot->tp_len) { /* Cut, and no memory for the whole. */
		metric_add(&q->missed, 1);
		*out = (struct frame_buf){0};
		return;
	}
	*out = frame_of(q, slot, status, begin + slot->tp_mac, slot->tp_len);
	out->room = (uint32_t)(begin + q->slot_len - out->data);
	out->cookie = slot;
}

static unsigned packet_alloc(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count)
{
	struct nic_packet *p = packet_of(n);
	struct packet_queue *q = &p->queues[queue];
	unsigned i;

	ASSERT(queue < n->queue_count);
	for (i = 0; i < count && q->free_count > 0; i++) {
		uint8_t *bytes = q->free[--q->free_count];

		out[i] = (struct frame_buf){.data = bytes, .room = p->room, .cookie = bytes};
	}
	return i;
}

static bool is_stock(const struct nic_packet *p, const struct packet_queue *q, const void *cookie)
{
	const uint8_t *at = cookie;

	return at >= q->bytes && at < q->bytes + (size_t)STOCK * p->room;
}

static void packet_release(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	struct nic_packet *p = packet_of(n);
	struct packet_queue *q = &p->queues[queue];

	ASSERT(queue < n->queue_count);
	for (unsigned i = 0; i < count; i++) {
		if (is_slot(q, in[i].cookie)) {
			slot_set(in[i].cookie, TP_STATUS_KERNEL);
		} else if (is_stock(p, q, in[i].cookie)) {
			ASSERT(q->free_count < STOCK);
			q->free[q->free_count++] = in[i].cookie;
		} else {
			big_put(in[i].cookie);
		}
		in[i] = (struct frame_buf){0};
	}
}

static unsigned packet_rx(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	struct packet_queue *q = &packet_of(n)->queues[queue];
	unsigned count = 0;

	ASSERT(queue < n->queue_count);
	while (count < max) {
		struct tpacket2_hdr *slot = slot_at(q, q->slot_next);
		uint32_t status = __atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE);
		struct frame_buf *f = &out[count];

		if ((status & TP_STATUS_USER) == 0) {
			break;
		}
		if ((status & TP_STATUS_LOSING) != 0) {
			losses_count(q);
		}
		if ((status & TP_STATUS_COPY) == 0) {
			slot_rx(q, slot, status, f);
		} else if (!big_rx(q, slot, status, f)) {
			break;
		}
		bool is_wanted = f->cookie != NULL && !is_own(slot);
		q->slot_next = q->slot_next + 1 == q->slot_count ? 0 : q->slot_next + 1;
		slot_set(slot, f->cookie == slot ? SLOT_HELD : TP_STATUS_KERNEL);
		if (is_wanted) {
			count++;
		} else if (f->cookie != NULL) {
			packet_release(n, queue, f, 1);
		}
	}
	if (count == 0) {
		error_clear(q);
	}
	return count;
}

static struct iovec part_of(const void *data, size_t len)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = len};
}

/* Give messages to the kernel: how many are done with.  No room: they stay the caller's; but a
 * device that takes nothing for long (no carrier, its peer down) loses what it is given, like any
 * wire.  An error is that of the first message, which is dropped. */
static unsigned messages_send(struct packet_queue *q, struct mmsghdr *messages, unsigned count)
{
	unsigned done = 0;

	while (done < count) {
		int sent = sendmmsg(q->fd, messages + done, count - done, MSG_DONTWAIT);

		if (sent > 0) {
			q->refusals = 0;
			done += (unsigned)sent;
			continue;
		}
		bool is_full = errno == ENOBUFS && q->refusals < REFUSALS_KEPT;
		q->refusals += is_full;
		if (is_full || errno == EAGAIN || errno == EINTR) {
			break;
		}
		metric_add(&q->refused, 1);
		done++;
	}
	return done;
}

static unsigned burst_send(struct packet_queue *q, const struct frame_buf *in, unsigned count)
{
	static const struct virtio_net_hdr plain;
	struct iovec parts[NIC_BURST_MAX][2];
	struct mmsghdr messages[NIC_BURST_MAX];

	memset(messages, 0, count * sizeof(messages[0]));
	for (unsigned i = 0; i < count; i++) {
		ASSERT(in[i].len <= in[i].room);
		parts[i][0] = part_of(&plain, sizeof(plain));
		parts[i][1] = part_of(in[i].data, in[i].len);
		messages[i].msg_hdr.msg_iov = parts[i];
		messages[i].msg_hdr.msg_iovlen = 2;
	}
	return messages_send(q, messages, count);
}

static unsigned packet_tx(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	struct packet_queue *q = &packet_of(n)->queues[queue];
	unsigned sent = 0;

	ASSERT(queue < n->queue_count);
	while (sent < count) {
		unsigned burst = (unsigned)min_u64(count - sent, NIC_BURST_MAX);
		unsigned taken = burst_send(q, in + sent, burst);

		packet_release(n, queue, in + sent, taken);
		sent += taken;
		if (taken < burst) {
			break;
		}
	}
	return sent;
}

/* What the kernel is to complete: the checksum, and the cutting. */
static struct virtio_net_hdr vnet_of(const struct nic_gather *g)
{
	bool is6 = g->header[g->l3_at] >> 4 == 6;
	struct virtio_net_hdr vnet = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.hdr_len = g->header_len,
		.csum_start = g->l4_at,
		.csum_offset = TCP_CSUM_AT,
	};

	if (g->gso_size != 0) {
		vnet.gso_type = is6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		vnet.gso_size = g->gso_size;
	}
	return vnet;
}

static unsigned gather_send(struct packet_queue *q, const struct nic_gather *in, unsigned count)
{
	struct virtio_net_hdr vnet[GATHER_BATCH];
	struct iovec parts[GATHER_BATCH][2 + NIC_GATHER_SPANS];
	struct mmsghdr messages[GATHER_BATCH];

	memset(messages, 0, count * sizeof(messages[0]));
	for (unsigned i = 0; i < count; i++) {
		const struct nic_gather *g = &in[i];

		ASSERT(g->payload_count <= NIC_GATHER_SPANS);
		ASSERT(g->header_len <= sizeof(g->header) && g->l4_at < g->header_len);
		vnet[i] = vnet_of(g);
		parts[i][0] = part_of(&vnet[i], sizeof(vnet[i]));
		parts[i][1] = part_of(g->header, g->header_len);
		for (unsigned k = 0; k < g->payload_count; k++) {
			parts[i][2 + k] = part_of(g->payload[k].data, g->payload[k].len);
		}
		messages[i].msg_hdr.msg_iov = parts[i];
		messages[i].msg_hdr.msg_iovlen = 2U + g->payload_count;
	}
	return messages_send(q, messages, count);
}

static unsigned packet_gather(struct nic *n, unsigned queue, const struct nic_gather *in,
			      unsigned count)
{
	struct packet_queue *q = &packet_of(n)->queues[queue];
	unsigned sent = 0;

	ASSERT(queue < n->queue_count);
	while (sent < count) {
		unsigned batch = (unsigned)min_u64(count - sent, GATHER_BATCH);
		unsigned taken = gather_send(q, in + sent, batch);

		sent += taken;
		if (taken < batch) {
			break;
		}
	}
	return sent;
}

/* What does not fit into the ring, and what an interface that is down or has a smaller MTU does not
 * send. */
static struct nic_losses packet_losses(const struct nic *n, unsigned queue)
{
	const struct packet_queue *q = &packet_of_const(n)->queues[queue];

	ASSERT(queue < n->queue_count);
	return (struct nic_losses){.missed = metric_get(&q->missed),
				   .refused = metric_get(&q->refused)};
}

static int packet_wait_fd(struct nic *n, unsigned queue)
{
	ASSERT(queue < n->queue_count);
	return packet_of(n)->queues[queue].fd;
}

static void packet_close(struct nic *n)
{
	struct nic_packet *p = packet_of(n);

	for (unsigned i = 0; i < n->queue_count; i++) {
		struct packet_queue *q = &p->queues[i];

		if (q->ring != NULL) {
			(void)munmap(q->ring, q->ring_len);
		}
		if (q->fd >= 0) {
			(void)close(q->fd);
		}
		free(q->bytes);
		free(q->big);
	}
	free(p);
}

static const struct nic_ops packet_ops = {
	.rx_burst = packet_rx,
	.tx_alloc = packet_alloc,
	.tx_burst = packet_tx,
	.release = packet_release,
	.tx_gather = packet_gather,
	.losses = packet_losses,
	.wait_fd = packet_wait_fd,
	.close = packet_close,
};

/* What failed, for the message; `error` is an errno, or 0 when `what` says it all. */
struct failure {
	const char *what, *remedy;
	int error;
};

static bool fail(struct failure *f, const char *what, const char *remedy)
{
	*f = (struct failure){.what = what, .remedy = remedy, .error = errno};
	if (f->remedy == NULL) {
		f->remedy = errno == EPERM || errno == EACCES ? "start as root or with CAP_NET_RAW"
			    : errno == ENOMEM		      ? "the machine needs more memory"
							      : "see `ip link`";
	}
	return false;
}

static bool fail_plainly(struct failure *f, const char *what, const char *remedy)
{
	errno = 0;
	return fail(f, what, remedy);
}

static bool option_set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_PACKET, name, &value, sizeof(value)) == 0;
}

/* Larger than the system's limit needs CAP_NET_ADMIN; without it as large as may be. */
static void buffer_set(int fd, int forced, int asked, int len)
{
	if (setsockopt(fd, SOL_SOCKET, forced, &len, sizeof(len)) != 0) {
		(void)setsockopt(fd, SOL_SOCKET, asked, &len, sizeof(len));
	}
}

/* The interface's own address and MTU. */
static bool interface_read(struct nic_packet *p, const char *name, struct failure *f)
{
	struct ifreq mac, mtu;
	int fd = p->queues[0].fd;

	memset(&mac, 0, sizeof(mac));
	(void)snprintf(mac.ifr_name, sizeof(mac.ifr_name), "%s", name);
	mtu = mac;
	if (ioctl(fd, SIOCGIFHWADDR, &mac) != 0 || ioctl(fd, SIOCGIFMTU, &mtu) != 0) {
		return fail(f, "read the address of", NULL);
	}
	if (mac.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
		return fail_plainly(f, "use it: it is no Ethernet", "name another interface");
	}
	if (mtu.ifr_mtu < p->nic.mtu) {
		return fail_plainly(f, "use it: its MTU is less than the port's",
				    "set one of them right (`mtu` of the port, `ip link set "
				    "INTERFACE mtu N`)");
	}
	memcpy(p->nic.mac.bytes, mac.ifr_hwaddr.sa_data, sizeof(p->nic.mac.bytes));
	return true;
}

/* A ring of slots that a frame of the MTU fits in. */
static bool ring_make(struct packet_queue *q, uint16_t mtu, struct failure *f)
{
	q->slot_len = 2048;
	while (q->slot_len < (unsigned)mtu + SLOT_OVERHEAD) {
		q->slot_len *= 2;
	}
	q->slot_count = (unsigned)max_u64(SLOTS_MIN, RING_LEN / q->slot_len);
	q->ring_len = (size_t)q->slot_count * q->slot_len;
	struct tpacket_req req = {.tp_block_size = BLOCK_LEN,
				  .tp_block_nr = (unsigned)(q->ring_len / BLOCK_LEN),
				  .tp_frame_size = q->slot_len,
				  .tp_frame_nr = q->slot_count};

	if (!option_set(q->fd, PACKET_VNET_HDR, 1) ||
	    !option_set(q->fd, PACKET_VERSION, TPACKET_V2) ||
	    !option_set(q->fd, PACKET_RESERVE, SLOT_RESERVE) ||
	    !option_set(q->fd, PACKET_COPY_THRESH, 1) ||
	    setsockopt(q->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) != 0) {
		return fail(f, "set up a receive ring of", NULL);
	}
	void *ring = mmap(NULL, q->ring_len, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
	if (ring == MAP_FAILED) {
		return fail(f, "map a receive ring of", NULL);
	}
	q->ring = ring;
	return true;
}

static bool buffers_make(struct packet_queue *q, uint32_t room, struct failure *f)
{
	q->bytes = malloc((size_t)STOCK * room);
	q->big = calloc(BIG_COUNT, sizeof(*q->big));
	if (q->bytes == NULL || q->big == NULL) {
		return fail(f, "reserve buffers for", NULL);
	}
	for (unsigned i = 0; i < STOCK; i++) {
		q->free[q->free_count++] = q->bytes + (size_t)i * room;
	}
	return true;
}

/* From here on frames come in: all those of the wire, and none of this host's own. */
static bool queue_bind(struct packet_queue *q, unsigned interface_idx, struct failure *f)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = __builtin_bswap16(ETH_P_ALL),
				 .sll_ifindex = (int)interface_idx};
	/* Solicited-node groups of neighbour discovery. */
	struct packet_mreq all = {.mr_ifindex = (int)interface_idx, .mr_type = PACKET_MR_ALLMULTI};

	buffer_set(q->fd, SO_RCVBUFFORCE, SO_RCVBUF, RCVBUF);
	buffer_set(q->fd, SO_SNDBUFFORCE, SO_SNDBUF, SNDBUF);
	if (!option_set(q->fd, PACKET_IGNORE_OUTGOING, 1) ||
	    setsockopt(q->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0 ||
	    bind(q->fd, (const struct sockaddr *)(const void *)&at, sizeof(at)) != 0) {
		return fail(f, "listen on", NULL);
	}
	return true;
}

/* The kernel gives a flow always to one queue, to another only when that one is full; its owner
 * gets it by hand from whichever worker has it.  The first socket makes the group and has its
 * number chosen. */
static bool queues_join(struct nic_packet *p, struct failure *f)
{
	unsigned type = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_ROLLOVER;
	unsigned group = 0;
	socklen_t len = sizeof(group);

	for (unsigned i = 0; p->nic.queue_count > 1 && i < p->nic.queue_count; i++) {
		int fd = p->queues[i].fd;
		unsigned flags = type | (i == 0 ? PACKET_FANOUT_FLAG_UNIQUEID : 0);

		if (!option_set(fd, PACKET_FANOUT, (int)(flags << 16 | group)) ||
		    (i == 0 && getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group, &len) != 0)) {
			return fail(f, "spread flows over the workers of", NULL);
		}
		group &= 0xffff;
	}
	return true;
}

static bool queues_open(struct nic_packet *p, const char *name, struct failure *f)
{
	unsigned interface_idx = if_nametoindex(name);

	if (interface_idx == 0) {
		return fail_plainly(f,
				    "find it: there is no such interface in this network namespace",
				    "create it first or correct `device` (see `ip link`)");
	}
	for (unsigned i = 0; i < p->nic.queue_count; i++) {
		struct packet_queue *q = &p->queues[i];

		q->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (q->fd < 0) {
			return fail(f, "open a socket for", NULL);
		}
		if ((i == 0 && !interface_read(p, name, f)) || !ring_make(q, p->nic.mtu, f) ||
		    !buffers_make(q, p->room, f) || !queue_bind(q, interface_idx, f)) {
			return false;
		}
	}
	return queues_join(p, f);
}

static size_t packet_size(uint16_t queues)
{
	return (sizeof(struct nic_packet) + queues * sizeof(struct packet_queue) + CACHE_LINE - 1) /
	       CACHE_LINE * CACHE_LINE;
}

struct nic *nic_packet_open(const struct nic_packet_opts *opts, char *why, size_t why_len)
{
	struct nic_packet *p = aligned_alloc(CACHE_LINE, packet_size(opts->queues));
	struct failure f;

	ASSERT(opts->queues > 0);
	if (p == NULL) {
		(void)snprintf(why, why_len, "out of memory");
		return NULL;
	}
	memset(p, 0, packet_size(opts->queues));
	p->nic = (struct nic){.ops = &packet_ops,
			      .mtu = opts->mtu,
			      .queue_count = opts->queues,
			      .tso_max = UINT16_MAX};
	p->room = (uint32_t)opts->mtu + NIC_HEADER_MAX;
	for (unsigned i = 0; i < opts->queues; i++) {
		p->queues[i].fd = -1;
		p->queues[i].is_shared = opts->is_shared;
	}
	if (queues_open(p, opts->interface, &f)) {
		return &p->nic;
	}
	(void)snprintf(why, why_len, "device packet:%s: cannot %s%s%s; %s", opts->interface, f.what,
		       f.error != 0 ? " it: " : "", f.error != 0 ? strerror(f.error) : "",
		       f.remedy);
	packet_close(&p->nic);
	return NULL;
}
