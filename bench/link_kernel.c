/* A link over kernel sockets, all in one epoll: see link.h. */
#include "bench/link.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES   (256 * 1024)
#define REST_BYTES   (64 * 1024) /* Of what was not taken. */
#define EVENTS_BATCH 256

struct conn {
	int fd; /* −1: none. */
	uint32_t incarnation;
	bool is_up, wants_write, is_stalled;
	uint8_t *rest; /* What arrived and was not taken; NULL when nothing. */
	size_t rest_len;
};

struct kernel {
	struct link link;
	int epoll;
	struct conn *conn;
	struct link_stats stats; /* Retransmits of connections that have ended. */
	uint8_t buf[REST_BYTES + READ_BYTES];
};

static_assert(offsetof(struct kernel, link) == 0, "a kernel link begins with its link");

static struct kernel *kernel_of(struct link *l)
{
	return (struct kernel *)(void *)l;
}

static const struct kernel *kernel_of_const(const struct link *l)
{
	return (const struct kernel *)(const void *)l;
}

static void watch(struct kernel *k, unsigned i, int how)
{
	const struct conn *c = &k->conn[i];
	struct epoll_event ev = {.events = c->is_stalled ? 0 : EPOLLIN,
				 .data.u64 = (uint64_t)c->incarnation << 32 | i};

	ev.events |= c->wants_write || !c->is_up ? (uint32_t)EPOLLOUT : 0;
	epoll_ctl(k->epoll, how, c->fd, &ev);
}

static uint64_t retransmits_of(const struct conn *c)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (c->fd < 0 || getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) {
		return 0;
	}
	return info.tcpi_total_retrans;
}

static void kernel_close(struct link *l, unsigned i, bool has_reset)
{
	struct kernel *k = kernel_of(l);
	struct conn *c = &k->conn[i];

	if (c->fd < 0) {
		return;
	}
	k->stats.retransmits += retransmits_of(c);
	if (has_reset) {
		struct linger none = {.l_onoff = 1};

		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	}
	close(c->fd);
	free(c->rest);
	*c = (struct conn){.fd = -1, .incarnation = c->incarnation + 1};
}

static void lose(struct kernel *k, unsigned i, const char *why)
{
	kernel_close(&k->link, i, false);
	k->link.user.down(k->link.user.context, i, why);
}

static int kernel_connect(struct link *l, unsigned i)
{
	struct kernel *k = kernel_of(l);
	struct conn *c = &k->conn[i];
	struct sockaddr_in local = {.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(l->conf.source + i)};
	struct sockaddr_in remote = {.sin_family = AF_INET,
				     .sin_port = htons(LINK_SERVER_PORT),
				     .sin_addr.s_addr = htonl(l->conf.server)};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		return -errno;
	}
	setsockopt(c->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	watch(k, i, EPOLL_CTL_ADD);
	if (bind(c->fd, (struct sockaddr *)&local, sizeof(local)) == 0 &&
	    (connect(c->fd, (struct sockaddr *)&remote, sizeof(remote)) == 0 ||
	     errno == EINPROGRESS)) {
		return 0;
	}
	int error = errno;
	kernel_close(l, i, false);
	return -error;
}

/* A failure shows as an event of its own, and is told from there. */
static size_t kernel_send(struct link *l, unsigned i, const void *data, size_t len)
{
	struct kernel *k = kernel_of(l);
	struct conn *c = &k->conn[i];
	size_t at = 0;

	while (at < len) {
		ssize_t n = send(c->fd, (const uint8_t *)data + at, len - at, MSG_NOSIGNAL);

		if (n < 0) {
			break;
		}
		at += (size_t)n;
	}
	k->stats.bytes_out += at;
	if (c->wants_write != (at < len)) {
		c->wants_write = at < len;
		watch(k, i, EPOLL_CTL_MOD);
	}
	return at;
}

static void kernel_stall(struct link *l, unsigned i, bool is_stalled)
{
	struct kernel *k = kernel_of(l);

	if (k->conn[i].fd >= 0 && k->conn[i].is_stalled != is_stalled) {
		k->conn[i].is_stalled = is_stalled;
		watch(k, i, EPOLL_CTL_MOD);
	}
}

static void on_connected(struct kernel *k, unsigned i)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(k->conn[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		lose(k, i, strerror(error));
		return;
	}
	k->conn[i].is_up = true;
	watch(k, i, EPOLL_CTL_MOD);
	k->link.user.up(k->link.user.context, i);
}

/* Keep what was not taken; false when it is too much, or memory is short. */
static bool keep_rest(struct conn *c, const uint8_t *data, size_t len)
{
	free(c->rest);
	c->rest = len > 0 && len <= REST_BYTES ? malloc(len) : NULL;
	c->rest_len = c->rest != NULL ? len : 0;
	if (c->rest != NULL) {
		memcpy(c->rest, data, len);
	}
	return c->rest_len == len;
}

static void on_readable(struct kernel *k, unsigned i)
{
	struct conn *c = &k->conn[i];
	uint32_t incarnation = c->incarnation;

	if (c->rest_len > 0) {
		memcpy(k->buf, c->rest, c->rest_len);
	}
	ssize_t n = recv(c->fd, k->buf + c->rest_len, READ_BYTES, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n <= 0) {
		lose(k, i, n == 0 ? "connection closed" : strerror(errno));
		return;
	}
	k->stats.bytes_in += (size_t)n;
	size_t len = c->rest_len + (size_t)n;
	size_t taken = k->link.user.heard(k->link.user.context, i, k->buf, len);
	if (c->incarnation == incarnation && !keep_rest(c, k->buf + taken, len - taken)) {
		lose(k, i, "nobody takes what arrives");
	}
}

static void on_event(struct kernel *k, const struct epoll_event *ev)
{
	unsigned i = (uint32_t)ev->data.u64;
	struct conn *c = &k->conn[i];
	uint32_t incarnation = (uint32_t)(ev->data.u64 >> 32);

	if (c->incarnation != incarnation) {
		return; /* Of a connection that has ended in this very batch. */
	}
	if (!c->is_up) {
		on_connected(k, i);
		return;
	}
	if (c->wants_write && (ev->events & EPOLLOUT) != 0) {
		c->wants_write = false;
		k->link.user.room(k->link.user.context, i);
		if (c->incarnation == incarnation && !c->wants_write) {
			watch(k, i, EPOLL_CTL_MOD);
		}
	}
	if (c->incarnation == incarnation && (ev->events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
		on_readable(k, i);
	}
}

static void kernel_poll(struct link *l, uint64_t wait_us)
{
	struct kernel *k = kernel_of(l);
	struct epoll_event ev[EVENTS_BATCH];
	int n = epoll_wait(k->epoll, ev, EVENTS_BATCH, (int)((wait_us + 999) / 1000));

	for (int at = 0; at < n; at++) {
		on_event(k, &ev[at]);
	}
}

static void kernel_stats(const struct link *l, struct link_stats *out)
{
	const struct kernel *k = kernel_of_const(l);

	*out = k->stats;
	for (unsigned i = 0; i < l->conf.members; i++) {
		out->retransmits += retransmits_of(&k->conn[i]);
	}
}

static void kernel_free(struct link *l)
{
	struct kernel *k = kernel_of(l);

	for (unsigned i = 0; i < l->conf.members; i++) {
		kernel_close(l, i, false);
	}
	close(k->epoll);
	free(k->conn);
	free(k);
}

static const struct link_ops kernel_ops = {
	.connect = kernel_connect,
	.close = kernel_close,
	.send = kernel_send,
	.stall = kernel_stall,
	.poll = kernel_poll,
	.stats = kernel_stats,
	.free = kernel_free,
};

struct link *link_kernel_new(const struct link_conf *conf, const struct link_user *user)
{
	struct kernel *k = calloc(1, sizeof(*k));
	struct conn *conn = calloc(conf->members, sizeof(*conn));
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (k == NULL || conn == NULL || epoll < 0) {
		if (epoll >= 0) {
			close(epoll);
		}
		free(conn);
		free(k);
		return NULL;
	}
	for (unsigned i = 0; i < conf->members; i++) {
		conn[i].fd = -1;
	}
	k->link = (struct link){.ops = &kernel_ops, .conf = *conf, .user = *user};
	k->epoll = epoll;
	k->conn = conn;
	return &k->link;
}

uint64_t link_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
