/* Tap: one descriptor for each queue, and a small stock of buffers beside it.
 *
 * The kernel spreads what it sends over the queues by flow and learns from what is written where a
 * flow belongs.  It computes checksums before we see a frame, because no offload is asked for. */
#include "dataplane/nic/nic_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rib/base/check.h"

#define STOCK (2 * NIC_BURST_MAX) /* Buffers of a queue: one burst each way. */

struct tap_queue {
	int fd;
	unsigned free_count;
	uint8_t *free[STOCK];
	uint8_t *bytes; /* STOCK × room. */
};

struct nic_tap {
	struct nic nic;
	uint32_t room;
	struct tap_queue queues[]; /* nic.queue_count */
};

static_assert(offsetof(struct nic_tap, nic) == 0, "a nic_tap begins with its nic");

static struct nic_tap *tap_of(struct nic *n)
{
	return (struct nic_tap *)(void *)n;
}

static unsigned tap_alloc(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count)
{
	struct nic_tap *t = tap_of(n);
	struct tap_queue *q = &t->queues[queue];
	unsigned i;

	ASSERT(queue < n->queue_count);
	for (i = 0; i < count && q->free_count > 0; i++) {
		uint8_t *bytes = q->free[--q->free_count];

		out[i] = (struct frame_buf){.data = bytes, .room = t->room, .cookie = bytes};
	}
	return i;
}

static void tap_release(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	struct tap_queue *q = &tap_of(n)->queues[queue];

	ASSERT(queue < n->queue_count);
	for (unsigned i = 0; i < count; i++) {
		ASSERT(q->free_count < STOCK);
		q->free[q->free_count++] = in[i].cookie;
		in[i] = (struct frame_buf){0};
	}
}

static unsigned tap_rx(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	struct tap_queue *q = &tap_of(n)->queues[queue];
	unsigned count = 0;

	while (count < max && tap_alloc(n, queue, &out[count], 1) == 1) {
		ssize_t len = read(q->fd, out[count].data, out[count].room);

		if (len <= 0 || len > out[count].room) {
			tap_release(n, queue, &out[count], 1);
			break;
		}
		out[count++].len = (uint32_t)len;
	}
	return count;
}

static unsigned tap_tx(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	struct tap_queue *q = &tap_of(n)->queues[queue];
	unsigned sent = 0;

	/* Refused while the interface is down. */
	while (sent < count && write(q->fd, in[sent].data, in[sent].len) == in[sent].len) {
		sent++;
	}
	tap_release(n, queue, in, sent);
	return sent;
}

static int tap_wait_fd(struct nic *n, unsigned queue)
{
	ASSERT(queue < n->queue_count);
	return tap_of(n)->queues[queue].fd;
}

static void tap_close(struct nic *n)
{
	struct nic_tap *t = tap_of(n);

	for (unsigned i = 0; i < n->queue_count; i++) {
		if (t->queues[i].fd >= 0) {
			(void)close(t->queues[i].fd);
		}
		free(t->queues[i].bytes);
	}
	free(t);
}

static const struct nic_ops tap_ops = {
	.rx_burst = tap_rx,
	.tx_alloc = tap_alloc,
	.tx_burst = tap_tx,
	.release = tap_release,
	.wait_fd = tap_wait_fd,
	.close = tap_close,
};

static struct ifreq request_of(const char *name)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return r;
}

/* A descriptor of the interface's next queue, or −errno. */
static int queue_open(const char *name, bool is_multi)
{
	struct ifreq r = request_of(name);
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	r.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | (is_multi ? IFF_MULTI_QUEUE : 0));
	if (ioctl(fd, TUNSETIFF, &r) != 0) {
		int error = errno;

		(void)close(fd);
		return -error;
	}
	return fd;
}

static bool queues_open(struct nic_tap *t, const char *name)
{
	bool is_multi = t->nic.queue_count > 1;

	for (unsigned i = 0; i < t->nic.queue_count; i++) {
		struct tap_queue *q = &t->queues[i];

		q->fd = queue_open(name, is_multi);
		if (q->fd == -EINVAL && !is_multi) { /* A persistent one that was made for more. */
			q->fd = queue_open(name, true);
		}
		q->bytes = malloc((size_t)STOCK * t->room);
		if (q->fd < 0 || q->bytes == NULL) {
			errno = q->fd < 0 ? -q->fd : ENOMEM;
			return false;
		}
		for (unsigned k = 0; k < STOCK; k++) {
			q->free[q->free_count++] = q->bytes + (size_t)k * t->room;
		}
	}
	return true;
}

/* MAC, MTU, up. */
static bool interface_set(const struct nic_tap_opts *opts)
{
	struct ifreq mac = request_of(opts->name), mtu = mac, flags = mac;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return false;
	}
	mac.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(mac.ifr_hwaddr.sa_data, opts->mac.bytes, sizeof(opts->mac.bytes));
	mtu.ifr_mtu = opts->mtu;
	bool is_ok = ioctl(fd, SIOCSIFHWADDR, &mac) == 0 && ioctl(fd, SIOCSIFMTU, &mtu) == 0 &&
		     ioctl(fd, SIOCGIFFLAGS, &flags) == 0;
	flags.ifr_flags |= IFF_UP;
	is_ok = is_ok && ioctl(fd, SIOCSIFFLAGS, &flags) == 0;
	int error = errno;
	(void)close(fd);
	errno = error;
	return is_ok;
}

static const char *remedy(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "start as root or with CAP_NET_ADMIN";
	case ENOENT:
	case ENODEV:
		return "load the module tun";
	case EBUSY:
		return "another process has it, or it is no tap; choose another name";
	case EINVAL:
		return "an interface of this name is no tap with several queues; remove it, or "
		       "make "
		       "it with `ip tuntap add NAME mode tap multi_queue`";
	default:
		return "see `ip link`";
	}
}

struct nic *nic_tap_open(const struct nic_tap_opts *opts, char *why, size_t why_len)
{
	ASSERT(opts->queues > 0);
	ASSERT(strlen(opts->name) < IFNAMSIZ);
	struct nic_tap *t = calloc(1, sizeof(*t) + opts->queues * sizeof(struct tap_queue));

	if (t == NULL) {
		(void)snprintf(why, why_len, "out of memory");
		return NULL;
	}
	t->nic = (struct nic){
		.ops = &tap_ops, .mac = opts->mac, .mtu = opts->mtu, .queue_count = opts->queues};
	t->room = (opts->takes_joined ? UINT16_MAX : (uint32_t)opts->mtu) + NIC_HEADER_MAX;
	for (unsigned i = 0; i < opts->queues; i++) {
		t->queues[i].fd = -1;
	}
	if (!queues_open(t, opts->name) || !interface_set(opts)) {
		int error = errno;

		(void)snprintf(why, why_len, "cannot share a port with the kernel by %s: %s; %s",
			       opts->name, strerror(error), remedy(error));
		tap_close(&t->nic);
		return NULL;
	}
	return &t->nic;
}
