/* A DPDK ethdev behind the NIC interface.
 *
 * Set-up follows what the device says it can: as many queues as it has (at most one for each
 * worker), descriptors rounded to what it takes, RSS over IP where it hashes, receive checksum
 * verification where it verifies.  Three virtual devices need care (measured in use):
 *   - net_af_packet believes in an MTU of 1500 but carries what fits its ring's frames, so its MTU
 *     is left alone and the buffers are made as big as those frames (`framesz=` of the device);
 *   - net_memif says the same of its MTU, and carries what fits a buffer (`bsize=`); a frame that
 *     takes several of them can arrive mixed up with another when the ring is full;
 *   - net_af_xdp corrupts chained and indirect buffers on transmission, so what is sent is always
 *     one direct mbuf of the port's own pool; a chain goes only to who says that it cuts (TSO).
 *
 * wait_fd: these two drivers poll a socket; an idle worker can sleep on it.  AF_PACKET sockets
 * exist since EAL probed the device and are known by the interface they are bound to; AF_XDP ones
 * appear while the port is set up.  Both are opened queue by queue and never closed in between, so
 * ascending descriptors are ascending queues. */
#include "dataplane/nic/nic_dpdk.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "rib/base/check.h"
#include "rib/base/metric.h"

#define ETH_HEADER_LEN	   14
#define QUEUE_MAX	   CORE_COUNT_MAX
#define DESCRIPTORS	   1024 /* Of each ring; at 10 Gb/s of full frames about 1.2 ms. */
#define POOL_CACHE	   256
#define FD_MAX		   1024 /* Descriptors looked at for wait_fd. */
#define MTU_DEFAULT	   1500
#define MTU_OF_SMALL_FRAME 1950 /* The rest of NIC_AF_PACKET_FRAME holds the kernel's header. */
#define MEMIF_BUFFER_MIN   2048 /* The driver's own choice. */
#define BUFFER_SLACK	   64	/* Tags and checks that a driver may add. */
#define VIRTIO_DESCRIPTORS 256	/* To send; each may keep … */
#define VIRTIO_BUFFERS	   7	/* … as many buffers: such chains take an indirect one. */
#define CSUM_GOOD_MASK	   (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)
#define CSUM_GOOD	   (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD)
#define CSUM_RX_OFFLOADS   (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)

/* All three, or no super-segments: they are chains of buffers with checksums to be completed. */
#define TSO_OFFLOADS                                                                               \
	(RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS)
#define BIG_COUNT (2 * NIC_BURST_MAX)  /* Of each queue: frames that came in several buffers. */
#define BIG_LEN	  ((size_t)65536 + 64) /* An IP packet of 64 KB and what is before it. */

struct big {
	bool is_used; /* Atomic: released by any thread. */
	uint8_t bytes[BIG_LEN];
};

struct queue_counters {
	metric_t chained, own, refused;
	uint8_t pad[CACHE_LINE - 3 * sizeof(metric_t)]; /* Each is written by its own worker. */
};

struct nic_dpdk {
	struct nic nic;
	uint16_t port;
	struct rte_mempool *pool;
	struct big *big; /* BIG_COUNT of each queue. */
	bool is_memif;
	bool can_sum_ip; /* It wants to fill in the header checksums of the IPv4 packets it cuts. */
	int fds[QUEUE_MAX];
	struct queue_counters counters[QUEUE_MAX];
};

static_assert(offsetof(struct nic_dpdk, nic) == 0, "a nic_dpdk begins with its nic");

static struct nic_dpdk *dpdk_of(struct nic *n)
{
	return (struct nic_dpdk *)(void *)n;
}

static const struct nic_dpdk *dpdk_of_const(const struct nic *n)
{
	return (const struct nic_dpdk *)(const void *)n;
}

/* The device's word, RTE_MBUF_F_RX_*: verified; or begun by the sender and never on a wire. */
static bool is_csum_good(uint64_t flags)
{
	if ((flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE) {
		return (flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_BAD;
	}
	return (flags & CSUM_GOOD_MASK) == CSUM_GOOD;
}

static struct big *big_take(struct nic_dpdk *d, unsigned queue)
{
	for (unsigned i = 0; i < BIG_COUNT; i++) {
		struct big *b = &d->big[queue * BIG_COUNT + i];

		if (!__atomic_load_n(&b->is_used, __ATOMIC_ACQUIRE)) {
			b->is_used = true;
			return b;
		}
	}
	return NULL;
}

static void big_put(struct big *b)
{
	__atomic_store_n(&b->is_used, false, __ATOMIC_RELEASE);
}

/* A frame in several buffers is copied into one; false when none is free or it is too long.  How
 * it is cut may be the other side's choice, as on a memif: pieces may be empty. */
static bool join(struct nic_dpdk *d, unsigned queue, const struct rte_mbuf *m,
		 struct frame_buf *out)
{
	struct big *b = big_take(d, queue);
	uint32_t len = 0;

	if (b == NULL) {
		return false;
	}
	for (const struct rte_mbuf *piece = m; piece != NULL; piece = piece->next) {
		if (piece->data_len > BIG_LEN - len) {
			big_put(b);
			return false;
		}
		memcpy(b->bytes + len, rte_pktmbuf_mtod(piece, const uint8_t *), piece->data_len);
		len += piece->data_len;
	}
	*out = (struct frame_buf){.data = b->bytes,
				  .len = len,
				  .room = BIG_LEN,
				  .is_csum_good = is_csum_good(m->ol_flags),
				  .cookie = b};
	return true;
}

static bool is_big(const struct nic_dpdk *d, const void *cookie)
{
	uintptr_t at = (uintptr_t)cookie, first = (uintptr_t)d->big;

	return at >= first && at < first + d->nic.queue_count * BIG_COUNT * sizeof(*d->big);
}

static unsigned dpdk_rx_burst(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	struct nic_dpdk *d = dpdk_of(n);
	struct rte_mbuf *mbufs[NIC_BURST_MAX];
	uint16_t wanted = (uint16_t)min_u64(max, NIC_BURST_MAX);
	uint16_t received = rte_eth_rx_burst(d->port, (uint16_t)queue, mbufs, wanted);
	unsigned count = 0;

	for (unsigned i = 0; i < received; i++) {
		struct rte_mbuf *m = mbufs[i];
		uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
		/* Some drivers take the tag out unasked; a stripped one is put back. */
		if ((m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 && rte_vlan_insert(&m) == 0) {
			data = rte_pktmbuf_mtod(m, uint8_t *);
		}
		bool is_own = m->data_len >= ETH_HEADER_LEN &&
			      memcmp(data + 6, n->mac.bytes, sizeof(n->mac.bytes)) == 0;

		if (m->nb_segs != 1 || is_own) {
			struct queue_counters *c = &d->counters[queue];

			if (is_own) {
				metric_add(&c->own, 1);
			} else if (join(d, queue, m, &out[count])) {
				count++;
			} else {
				metric_add(&c->chained, 1);
			}
			rte_pktmbuf_free(m);
			continue;
		}
		out[count++] = (struct frame_buf){
			.data = data,
			.len = m->data_len,
			.room = (uint32_t)m->data_len + rte_pktmbuf_tailroom(m),
			.is_csum_good = is_csum_good(m->ol_flags),
			.cookie = m,
		};
	}
	return count;
}

static unsigned dpdk_tx_alloc(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count)
{
	struct nic_dpdk *d = dpdk_of(n);
	unsigned i;

	ASSERT(queue < n->queue_count);
	for (i = 0; i < count; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(d->pool);

		if (m == NULL) {
			break;
		}
		out[i] = (struct frame_buf){
			.data = rte_pktmbuf_mtod(m, uint8_t *),
			.room = (uint32_t)min_u64(rte_pktmbuf_tailroom(m),
						  (uint64_t)n->mtu + NIC_HEADER_MAX),
			.cookie = m,
		};
	}
	return i;
}

static unsigned dpdk_tx_burst(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	struct nic_dpdk *d = dpdk_of(n);
	struct rte_mbuf *mbufs[NIC_BURST_MAX];
	unsigned sent = 0;

	while (sent < count) {
		uint16_t burst = (uint16_t)min_u64(count - sent, NIC_BURST_MAX);

		for (unsigned i = 0; i < burst; i++) {
			const struct frame_buf *f = &in[sent + i];

			ASSERT(f->len <= f->room);
			mbufs[i] = f->cookie;
			mbufs[i]->data_len = (uint16_t)f->len;
			mbufs[i]->pkt_len = f->len;
			mbufs[i]->ol_flags = 0;
		}
		uint16_t taken = rte_eth_tx_burst(d->port, (uint16_t)queue, mbufs, burst);
		sent += taken;
		if (taken < burst) {
			break;
		}
	}
	return sent;
}

static void dpdk_release(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	const struct nic_dpdk *d = dpdk_of_const(n);

	ASSERT(queue < n->queue_count);
	for (unsigned i = 0; i < count; i++) {
		if (is_big(d, in[i].cookie)) {
			big_put(in[i].cookie);
		} else {
			rte_pktmbuf_free(in[i].cookie);
		}
		in[i] = (struct frame_buf){0};
	}
}

/* Append bytes to the chain that ends with `tail`; its new end, or NULL: the pool is empty. */
static struct rte_mbuf *chain_add(struct nic_dpdk *d, struct rte_mbuf *head, struct rte_mbuf *tail,
				  struct span s)
{
	while (s.len > 0) {
		if (rte_pktmbuf_tailroom(tail) == 0) {
			tail->next = rte_pktmbuf_alloc(d->pool);
			if (tail->next == NULL) {
				return NULL;
			}
			tail = tail->next;
			head->nb_segs++;
		}
		uint16_t n = (uint16_t)min_u64(s.len, rte_pktmbuf_tailroom(tail));

		memcpy(rte_pktmbuf_mtod_offset(tail, uint8_t *, tail->data_len), s.data, n);
		tail->data_len = (uint16_t)(tail->data_len + n);
		head->pkt_len += n;
		s = span_of(s.data + n, s.len - n);
	}
	return tail;
}

/* A copy: what lies in the send queue is no memory of the device's. */
static struct rte_mbuf *chain_of(struct nic_dpdk *d, const struct nic_gather *g)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(d->pool), *tail = head;
	bool is6 = g->header[g->l3_at] >> 4 == 6;

	if (head == NULL) {
		return NULL;
	}
	tail = chain_add(d, head, tail, span_of(g->header, g->header_len));
	for (unsigned i = 0; tail != NULL && i < g->payload_count; i++) {
		tail = chain_add(d, head, tail, g->payload[i]);
	}
	if (tail == NULL) {
		rte_pktmbuf_free(head);
		return NULL;
	}
	head->l2_len = g->l3_at & 0x7fU;
	head->l3_len = (g->l4_at - g->l3_at) & 0x1ff;
	head->l4_len = (g->header_len - g->l4_at) & 0xff;
	head->tso_segsz = g->gso_size;
	head->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM;
	head->ol_flags |= g->gso_size != 0 ? RTE_MBUF_F_TX_TCP_SEG : 0;
	head->ol_flags |= is6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
	head->ol_flags |= !is6 && d->can_sum_ip ? RTE_MBUF_F_TX_IP_CKSUM : 0;
	return head;
}

/* What stands in the checksum's place is the driver's to say: rte_eth_tx_prepare changes it to what
 * the device wants. */
static unsigned dpdk_tx_gather(struct nic *n, unsigned queue, const struct nic_gather *in,
			       unsigned count)
{
	struct nic_dpdk *d = dpdk_of(n);

	ASSERT(queue < n->queue_count);
	for (unsigned i = 0; i < count; i++) {
		struct rte_mbuf *m = chain_of(d, &in[i]);

		if (m == NULL) {
			return i;
		}
		if (rte_eth_tx_prepare(d->port, (uint16_t)queue, &m, 1) != 1) {
			metric_add(&d->counters[queue].refused, 1); /* Nor would it be later. */
			rte_pktmbuf_free(m);
		} else if (rte_eth_tx_burst(d->port, (uint16_t)queue, &m, 1) != 1) {
			rte_pktmbuf_free(m);
			return i;
		}
	}
	return count;
}

/* The driver counts for all queues together. */
static struct nic_losses dpdk_losses(const struct nic *n, unsigned queue)
{
	const struct nic_dpdk *d = dpdk_of_const(n);
	struct nic_losses sum = {.refused = metric_get(&d->counters[queue].refused)};
	struct rte_eth_stats stats;

	if (queue == 0 && rte_eth_stats_get(d->port, &stats) == 0) {
		sum.missed += stats.imissed + stats.rx_nombuf;
		sum.refused += stats.oerrors;
	}
	return sum;
}

static int dpdk_wait_fd(struct nic *n, unsigned queue)
{
	ASSERT(queue < n->queue_count);
	return dpdk_of(n)->fds[queue];
}

struct closing {
	uint16_t port;
	bool is_done;
};

static void close_port(void *context)
{
	struct closing *c = context;

	(void)rte_eth_dev_stop(c->port);
	(void)rte_eth_dev_close(c->port);
	__atomic_store_n(&c->is_done, true, __ATOMIC_RELEASE);
}

/* EAL's own thread hears that the other end of a memif has gone, and takes the wire down, without a
 * lock that would keep us from doing the same.  Alarms are run by that thread, one after the other
 * with what it hears: there nothing can be in the way. */
static void close_memif(uint16_t port)
{
	struct closing c = {.port = port};

	if (rte_eal_alarm_set(1, close_port, &c) != 0) {
		close_port(&c);
		return;
	}
	while (!__atomic_load_n(&c.is_done, __ATOMIC_ACQUIRE)) {
		usleep(1000);
	}
	(void)rte_eal_alarm_cancel(close_port, &c); /* Waits until it has returned. */
}

static void dpdk_close(struct nic *n)
{
	struct nic_dpdk *d = dpdk_of(n);
	struct closing c = {.port = d->port};

	if (d->is_memif) {
		close_memif(d->port);
	} else {
		close_port(&c);
	}
	rte_mempool_free(d->pool);
	free(d->big);
	free(d);
}

static const struct nic_ops dpdk_tso_ops = {
	.rx_burst = dpdk_rx_burst,
	.tx_alloc = dpdk_tx_alloc,
	.tx_burst = dpdk_tx_burst,
	.release = dpdk_release,
	.tx_gather = dpdk_tx_gather,
	.losses = dpdk_losses,
	.wait_fd = dpdk_wait_fd,
	.close = dpdk_close,
};

static const struct nic_ops dpdk_ops = {
	.rx_burst = dpdk_rx_burst,
	.tx_alloc = dpdk_tx_alloc,
	.tx_burst = dpdk_tx_burst,
	.release = dpdk_release,
	.losses = dpdk_losses,
	.wait_fd = dpdk_wait_fd,
	.close = dpdk_close,
};

/* The port of a device string: by the name before the first comma, PCI addresses with domain. */
static int port_find(const char *device, uint16_t *out_port)
{
	char name[64], pci[72];
	size_t len = strcspn(device, ",");
	unsigned bus, slot, function;

	if (len >= sizeof(name)) {
		return -ENAMETOOLONG;
	}
	memcpy(name, device, len);
	name[len] = '\0';
	int used = 0;
	if (sscanf(name, "%2x:%2x.%1x%n", &bus, &slot, &function, &used) == 3 &&
	    name[used] == '\0') {
		(void)snprintf(pci, sizeof(pci), "0000:%s", name);
		return rte_eth_dev_get_port_by_name(pci, out_port);
	}
	return rte_eth_dev_get_port_by_name(name, out_port);
}

/* The number after `key` ("framesz=") in a device string, or 0. */
static unsigned long device_number(const char *device, const char *key)
{
	const char *at = strstr(device, key);

	return at == NULL ? 0 : strtoul(at + strlen(key), NULL, 10);
}

unsigned nic_dpdk_frame_len(const char *device, uint16_t mtu)
{
	unsigned long named = device_number(device, "framesz=");

	if (named != 0) {
		return (unsigned)min_u64(named, UINT32_MAX);
	}
	return mtu <= MTU_OF_SMALL_FRAME ? NIC_AF_PACKET_FRAME : NIC_AF_PACKET_FRAME_JUMBO;
}

unsigned nic_dpdk_memif_len(const char *device, uint16_t mtu)
{
	unsigned long named = device_number(device, "bsize=");

	if (named != 0) {
		return (unsigned)min_u64(named, UINT32_MAX);
	}
	uint64_t frame = (uint64_t)mtu + NIC_HEADER_MAX;
	return (unsigned)max_u64(MEMIF_BUFFER_MIN,
				 (frame + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

/* The name after "iface=" in a device string; false when there is none. */
static bool device_iface(const char *device, char *out, size_t out_len)
{
	const char *at = strstr(device, "iface=");

	if (at == NULL) {
		return false;
	}
	at += strlen("iface=");
	(void)snprintf(out, out_len, "%.*s", (int)strcspn(at, ","), at);
	return true;
}

static int socket_domain(int fd)
{
	int domain = -1;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 ? domain : -1;
}

/* Mark every open descriptor that is an AF_XDP socket. */
static void xdp_sockets(bool marks[FD_MAX])
{
	for (int fd = 0; fd < FD_MAX; fd++) {
		marks[fd] = socket_domain(fd) == AF_XDP;
	}
}

static bool is_bound_to(int fd, unsigned ifindex)
{
	union {
		struct sockaddr any;
		struct sockaddr_ll ll;
	} addr = {0};
	socklen_t len = sizeof(addr);

	return ifindex != 0 && socket_domain(fd) == AF_PACKET &&
	       getsockname(fd, &addr.any, &len) == 0 && (unsigned)addr.ll.sll_ifindex == ifindex;
}

/* Fill in d->fds: sockets of this port, in the order of their descriptors; -1 where none is. */
static void wait_fds_find(struct nic_dpdk *d, const char *device, const bool xdp_before[FD_MAX])
{
	char iface[IF_NAMESIZE] = "";
	unsigned ifindex = device_iface(device, iface, sizeof(iface)) ? if_nametoindex(iface) : 0;
	unsigned found = 0;

	for (unsigned i = 0; i < QUEUE_MAX; i++) {
		d->fds[i] = -1;
	}
	for (int fd = 0; fd < FD_MAX && found < d->nic.queue_count; fd++) {
		if ((socket_domain(fd) == AF_XDP && !xdp_before[fd]) || is_bound_to(fd, ifindex)) {
			d->fds[found++] = fd;
		}
	}
}

/* What one set-up step needs to know; kept together because each can fail with its own words. */
struct setup {
	const struct nic_dpdk_opts *opts;
	struct rte_eth_dev_info info;
	bool is_af_packet, is_memif, is_virtio;
	bool has_fixed_mtu; /* It believes in 1500, but carries what fits its buffers. */
	bool has_tso;
	uint16_t rx_descriptors, tx_descriptors;
	int error; /* Negative errno of the step that failed. */
	const char *what;
};

/* Note the failure of a step; false when it failed. */
static bool step(struct setup *s, const char *what, int result)
{
	if (result >= 0) {
		return true;
	}
	s->error = result;
	s->what = what;
	return false;
}

static bool configure(struct nic_dpdk *d, struct setup *s)
{
	struct rte_eth_conf conf = {0};
	uint64_t rss = s->info.flow_type_rss_offloads & RTE_ETH_RSS_IP;
	uint16_t queues = d->nic.queue_count;

	conf.rxmode.offloads = s->info.rx_offload_capa & CSUM_RX_OFFLOADS;
	s->has_tso = (s->info.tx_offload_capa & TSO_OFFLOADS) == TSO_OFFLOADS;
	if (s->has_tso) {
		uint64_t ip = s->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;

		conf.txmode.offloads = TSO_OFFLOADS | ip;
		d->can_sum_ip = ip != 0;
	} else { /* Which is not for chains. */
		conf.txmode.offloads = s->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	}
	if (queues > 1 && rss != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = rss;
	}
	if (!s->has_fixed_mtu) {
		conf.rxmode.mtu = s->opts->mtu;
	}
	if (!step(s, "configure", rte_eth_dev_configure(d->port, queues, queues, &conf))) {
		return false;
	}
	s->rx_descriptors = s->tx_descriptors = DESCRIPTORS;
	if (s->has_tso && s->is_virtio) {
		s->tx_descriptors = VIRTIO_DESCRIPTORS;
	}
	return step(
		s, "size the rings of",
		rte_eth_dev_adjust_nb_rx_tx_desc(d->port, &s->rx_descriptors, &s->tx_descriptors));
}

/* What the transmit ring of a queue can keep.  It gives back what was sent only when it is given
 * more to send, so it must never have all. */
static unsigned tx_buffers(const struct setup *s)
{
	return s->has_tso && s->is_virtio ? s->tx_descriptors * VIRTIO_BUFFERS : s->tx_descriptors;
}

/* One pool for the port: both rings of each queue full, caches full, and two bursts in hand. */
static bool pool_make(struct nic_dpdk *d, struct setup *s)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	unsigned queues = d->nic.queue_count;
	unsigned per_queue = s->rx_descriptors + tx_buffers(s) + 2 * (POOL_CACHE + NIC_BURST_MAX);
	unsigned count = s->opts->buffer_count != 0 ? s->opts->buffer_count
						    : queues * per_queue + 2 * POOL_CACHE;
	uint64_t room = (uint64_t)d->nic.mtu + NIC_HEADER_MAX + BUFFER_SLACK;

	room = max_u64(room, 2048);
	if (s->is_af_packet) {
		room = max_u64(room, nic_dpdk_frame_len(s->opts->device, d->nic.mtu));
	}
	if (s->is_memif) { /* So that a frame never takes two: the driver's faster way. */
		room = max_u64(room, nic_dpdk_memif_len(s->opts->device, d->nic.mtu));
	}
	if (room > UINT16_MAX - RTE_PKTMBUF_HEADROOM) {
		return step(s, "use the frame size of", -EINVAL);
	}
	(void)snprintf(name, sizeof(name), "nic%u", d->port);
	d->pool = rte_pktmbuf_pool_create(name, count, POOL_CACHE, 0,
					  (uint16_t)(room + RTE_PKTMBUF_HEADROOM),
					  (int)rte_socket_id());
	return step(s, "reserve packet buffers for", d->pool == NULL ? -rte_errno : 0);
}

/* How long a super-segment may be follows from the buffers that the device takes for one. */
static bool tso_make(struct nic_dpdk *d, struct setup *s)
{
	uint64_t room = rte_pktmbuf_data_room_size(d->pool) - RTE_PKTMBUF_HEADROOM;
	uint64_t chain = s->info.tx_desc_lim.nb_seg_max;

	d->big = calloc((size_t)d->nic.queue_count * BIG_COUNT, sizeof(*d->big));
	chain = min_u64(chain == 0 ? UINT16_MAX : chain, s->tx_descriptors / 4);
	uint64_t len = min_u64(chain * room - NIC_HEADER_MAX, UINT16_MAX);
	if (s->has_tso && len >= 2 * (uint64_t)d->nic.mtu) {
		d->nic.ops = &dpdk_tso_ops;
		d->nic.tso_max = (uint32_t)len;
	}
	return step(s, "get memory for", d->big == NULL ? -ENOMEM : 0);
}

static bool queues_make(struct nic_dpdk *d, struct setup *s)
{
	int socket = rte_eth_dev_socket_id(d->port);
	unsigned node = socket < 0 ? 0 : (unsigned)socket;

	for (uint16_t q = 0; q < d->nic.queue_count; q++) {
		if (!step(s, "set up a receive queue of",
			  rte_eth_rx_queue_setup(d->port, q, s->rx_descriptors, node, NULL,
						 d->pool)) ||
		    !step(s, "set up a transmit queue of",
			  rte_eth_tx_queue_setup(d->port, q, s->tx_descriptors, node, NULL))) {
			return false;
		}
	}
	return true;
}

static bool start(struct nic_dpdk *d, struct setup *s)
{
	struct rte_ether_addr mac;

	if (!s->has_fixed_mtu && s->opts->mtu != MTU_DEFAULT) {
		int result = rte_eth_dev_set_mtu(d->port, s->opts->mtu);

		if (result != -ENOTSUP && !step(s, "set the MTU of", result)) {
			return false;
		}
	}
	if (!step(s, "start", rte_eth_dev_start(d->port)) ||
	    !step(s, "read the MAC address of", rte_eth_macaddr_get(d->port, &mac))) {
		return false;
	}
	/* Solicited-node groups of neighbour discovery; a device that cannot filter gives all. */
	(void)rte_eth_allmulticast_enable(d->port);
	memcpy(d->nic.mac.bytes, mac.addr_bytes, sizeof(d->nic.mac.bytes));
	return true;
}

/* The remedy for a failed step, in words. */
static const char *remedy(const struct setup *s)
{
	switch (s->error) {
	case -ENODEV:
		return "check the spelling of `device`; a PCI port must be bound to vfio-pci";
	case -ENOMEM:
		return "give the data path more memory (dataplane.memory) or huge pages";
	case -EBUSY:
		return "another process or an earlier port uses it";
	case -EPERM:
	case -EACCES:
		return "start as root or with CAP_NET_RAW and CAP_NET_ADMIN";
	case -EOPNOTSUPP:
		return "reserve some (vm.nr_hugepages=512 is plenty) and leave dataplane.hugepages "
		       "at auto";
	case -EINVAL:
		return "the device does not take this MTU, frame size or number of queues";
	default:
		return "see the driver's message on stderr";
	}
}

static bool open_port(struct nic_dpdk *d, struct setup *s)
{
	const struct nic_dpdk_opts *opts = s->opts;
	bool xdp_before[FD_MAX];

	if (!step(s, "find", port_find(opts->device, &d->port)) ||
	    !step(s, "query", rte_eth_dev_info_get(d->port, &s->info))) {
		return false;
	}
	/* On 4 KiB pages the kernel takes AF_XDP's transmit descriptors and drops them silently. */
	bool is_xdp_blind =
		strcmp(s->info.driver_name, "net_af_xdp") == 0 && rte_eal_has_hugepages() == 0;
	if (!step(s, "use AF_XDP without huge pages on", is_xdp_blind ? -EOPNOTSUPP : 0)) {
		return false;
	}
	s->is_af_packet = strcmp(s->info.driver_name, "net_af_packet") == 0;
	s->is_memif = strcmp(s->info.driver_name, "net_memif") == 0;
	d->is_memif = s->is_memif;
	s->is_virtio = strncmp(s->info.driver_name, "net_virtio", strlen("net_virtio")) == 0;
	s->has_fixed_mtu = s->is_af_packet || s->is_memif;
	uint64_t queues = min_u64(opts->queues, QUEUE_MAX);
	queues = min_u64(queues, min_u64(s->info.max_rx_queues, s->info.max_tx_queues));
	d->nic.queue_count = (uint16_t)queues;
	d->nic.mtu = opts->mtu;
	/* Its sockets share the traffic from the moment they exist: none may be left unread. */
	bool is_left_over = s->is_af_packet && s->info.max_rx_queues > queues;
	if (!step(s, "find a queue of", queues == 0 ? -EINVAL : 0) ||
	    !step(s, "read all queues (qpairs= more than workers) of",
		  is_left_over ? -EINVAL : 0)) {
		return false;
	}
	xdp_sockets(xdp_before);
	if (!configure(d, s) || !pool_make(d, s) || !tso_make(d, s) || !queues_make(d, s) ||
	    !start(d, s)) {
		return false;
	}
	wait_fds_find(d, opts->device, xdp_before);
	return true;
}

struct nic *nic_dpdk_open(const struct nic_dpdk_opts *opts, char *why, size_t why_len)
{
	struct setup s = {.opts = opts};
	struct nic_dpdk *d =
		aligned_alloc(CACHE_LINE, (sizeof(*d) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);

	ASSERT(opts->device != NULL && opts->queues > 0);
	if (d == NULL) {
		(void)snprintf(why, why_len, "out of memory");
		return NULL;
	}
	memset(d, 0, sizeof(*d));
	d->nic.ops = &dpdk_ops;
	if (open_port(d, &s)) {
		return &d->nic;
	}
	(void)snprintf(why, why_len, "device %s: cannot %s it: %s; %s", opts->device, s.what,
		       strerror(-s.error), remedy(&s));
	if (d->pool != NULL) { /* Queues may hold its buffers. */
		(void)rte_eth_dev_stop(d->port);
		(void)rte_eth_dev_close(d->port);
	}
	rte_mempool_free(d->pool);
	free(d->big);
	free(d);
	return NULL;
}

uint64_t nic_dpdk_chained(const struct nic *n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n->queue_count; i++) {
		sum += metric_get(&dpdk_of_const(n)->counters[i].chained);
	}
	return sum;
}

uint64_t nic_dpdk_own(const struct nic *n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n->queue_count; i++) {
		sum += metric_get(&dpdk_of_const(n)->counters[i].own);
	}
	return sum;
}
