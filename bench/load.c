/* The load: see load.h. */
#include "bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES  (256 * 1024)
#define RETRY_US    1000000
#define MESSAGE_MAX 4096

enum peer_state { PEER_IDLE, PEER_CONNECTING, PEER_OPENING, PEER_UP };

struct peer {
	enum peer_state state;
	int fd;
	bool wants_write;
	bool has_announced;
	uint64_t retry_at, keepalive_at, heard_at;
	uint8_t *out; /* Bytes still to be sent. */
	size_t out_len, out_at;
	uint8_t part[MESSAGE_MAX]; /* The front of a message whose rest is still to come. */
	size_t part_len;
	uint64_t *held;
	struct tally tally;
};

struct load {
	struct plan plan;
	struct peer *peer;
	int epoll;
	unsigned connecting;
	bool is_announcing, is_connecting;
	struct load_state state;
	uint64_t next_scan;
	char last_loss[128];
	uint8_t buf[READ_BYTES + MESSAGE_MAX];
};

uint64_t load_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

struct load *load_new(const struct plan *p)
{
	struct load *l = calloc(1, sizeof(*l));
	size_t words = plan_prefixes(p) / 64 + 1;
	if (l == NULL) {
		return NULL;
	}
	l->plan = *p;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->peer = calloc(p->members, sizeof(struct peer));
	for (unsigned i = 0; l->peer != NULL && i < p->members; i++) {
		l->peer[i].fd = -1;
		l->peer[i].held = calloc(words, sizeof(uint64_t));
		if (l->peer[i].held == NULL) {
			load_free(l);
			return NULL;
		}
	}
	return l;
}

void load_free(struct load *l)
{
	if (l == NULL) {
		return;
	}
	for (unsigned i = 0; l->peer != NULL && i < l->plan.members; i++) {
		if (l->peer[i].fd >= 0) {
			close(l->peer[i].fd);
		}
		free(l->peer[i].held);
		free(l->peer[i].out);
	}
	close(l->epoll);
	free(l->peer);
	free(l);
}

static void watch(struct load *l, unsigned i, bool wants_write)
{
	struct peer *p = &l->peer[i];
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};
	ev.events |= wants_write ? (uint32_t)EPOLLOUT : 0;
	epoll_ctl(l->epoll, EPOLL_CTL_MOD, p->fd, &ev);
	p->wants_write = wants_write;
}

static void lose(struct load *l, unsigned i, const char *why)
{
	struct peer *p = &l->peer[i];
	if (p->state == PEER_UP) {
		l->state.up--;
		l->state.lost++;
		snprintf(l->last_loss, sizeof(l->last_loss), "member %u: %s", i, why);
	} else {
		l->state.failed++;
		if (l->last_loss[0] == '\0') {
			snprintf(l->last_loss, sizeof(l->last_loss), "member %u (opening): %s", i,
				 why);
		}
	}
	if (p->state == PEER_CONNECTING || p->state == PEER_OPENING) {
		l->connecting--;
	}
	close(p->fd);
	free(p->out);
	l->state.delivered -= p->tally.delivered;
	p->tally.delivered = 0;
	memset(p->held, 0, (plan_prefixes(&l->plan) / 64 + 1) * sizeof(uint64_t));
	*p = (struct peer){
		.fd = -1, .held = p->held, .tally = p->tally, .retry_at = load_now_us() + RETRY_US};
}

static void flush_out(struct load *l, unsigned i)
{
	struct peer *p = &l->peer[i];
	while (p->out_at < p->out_len) {
		ssize_t n = send(p->fd, p->out + p->out_at, p->out_len - p->out_at, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!p->wants_write) {
				watch(l, i, true);
			}
			return;
		}
		if (n < 0) {
			lose(l, i, strerror(errno));
			return;
		}
		p->out_at += (size_t)n;
	}
	free(p->out);
	p->out = NULL;
	p->out_len = p->out_at = 0;
	if (p->wants_write) {
		watch(l, i, false);
	}
}

/* Queue bytes behind what still waits, and send what goes. */
static void send_bytes(struct load *l, unsigned i, const uint8_t *data, size_t len)
{
	struct peer *p = &l->peer[i];
	size_t left = p->out_len - p->out_at;
	uint8_t *out = malloc(left + len);
	if (out == NULL) {
		lose(l, i, "out of memory");
		return;
	}
	if (left > 0) {
		memcpy(out, p->out + p->out_at, left);
	}
	memcpy(out + left, data, len);
	free(p->out);
	p->out = out;
	p->out_at = 0;
	p->out_len = left + len;
	flush_out(l, i);
}

static void send_keepalive(struct load *l, unsigned i)
{
	uint8_t m[19];
	memset(m, 0xff, 16);
	m[16] = 0;
	m[17] = 19;
	m[18] = 4;
	l->peer[i].keepalive_at = load_now_us() + (uint64_t)l->plan.hold_s * 1000000 / 3;
	send_bytes(l, i, m, sizeof(m));
}

static void announce(struct load *l, unsigned i)
{
	uint8_t *data;
	size_t len = plan_updates(&l->plan, i, &data);
	l->peer[i].has_announced = true;
	if (len > 0) {
		send_bytes(l, i, data, len);
	}
	free(data);
}

/* One whole message; false when the session is over. */
static bool hear(struct load *l, unsigned i, const uint8_t *m, size_t len)
{
	struct peer *p = &l->peer[i];
	char why[64];
	switch (m[18]) {
	case 1:
		send_keepalive(l, i);
		return p->fd >= 0;
	case 2: {
		uint64_t before = p->tally.delivered;
		if (!plan_check(&l->plan, i, m, len, p->held, &p->tally)) {
			lose(l, i, "received a malformed UPDATE");
			return false;
		}
		l->state.delivered += p->tally.delivered - before;
		return true;
	}
	case 3:
		snprintf(why, sizeof(why), "received NOTIFICATION %u/%u", len > 20 ? m[19] : 0,
			 len > 20 ? m[20] : 0);
		lose(l, i, why);
		return false;
	case 4:
		if (p->state == PEER_OPENING) {
			p->state = PEER_UP;
			l->connecting--;
			l->state.up++;
			if (l->is_announcing) {
				announce(l, i);
			}
		}
		return p->fd >= 0;
	default:
		return true;
	}
}

/* Whole messages in `len` bytes at `data`; what is left over is kept. */
static void hear_all(struct load *l, unsigned i, const uint8_t *data, size_t len)
{
	size_t at = 0;
	while (len - at >= 19) {
		size_t message = (size_t)data[at + 16] << 8 | data[at + 17];
		if (message < 19 || message > MESSAGE_MAX) {
			lose(l, i, "received a bad message length");
			return;
		}
		if (len - at < message) {
			break;
		}
		if (!hear(l, i, data + at, message)) {
			return;
		}
		at += message;
	}
	struct peer *p = &l->peer[i];
	p->part_len = len - at;
	memcpy(p->part, data + at, p->part_len);
}

static void on_readable(struct load *l, unsigned i)
{
	struct peer *p = &l->peer[i];
	memcpy(l->buf, p->part, p->part_len);
	ssize_t n = recv(p->fd, l->buf + p->part_len, READ_BYTES, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n <= 0) {
		lose(l, i, n == 0 ? "connection closed" : strerror(errno));
		return;
	}
	uint64_t now = load_now_us();
	if (p->state == PEER_UP && now - p->heard_at > l->state.silence_us_max) {
		l->state.silence_us_max = now - p->heard_at;
	}
	p->heard_at = now;
	hear_all(l, i, l->buf, p->part_len + (size_t)n);
}

static void on_connected(struct load *l, unsigned i)
{
	int err = 0;
	socklen_t len = sizeof(err);
	getsockopt(l->peer[i].fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err != 0) {
		lose(l, i, strerror(err));
		return;
	}
	uint8_t open[64];
	l->peer[i].state = PEER_OPENING;
	watch(l, i, false);
	send_bytes(l, i, open, plan_open(&l->plan, i, open));
}

static void start_connect(struct load *l, unsigned i)
{
	struct peer *p = &l->peer[i];
	struct sockaddr_in local = {.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(l->plan.source + i)};
	struct sockaddr_in remote = {.sin_family = AF_INET,
				     .sin_port = htons(179),
				     .sin_addr.s_addr = htonl(l->plan.server)};
	int one = 1;
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0) {
		return;
	}
	setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.u32 = i};
	epoll_ctl(l->epoll, EPOLL_CTL_ADD, p->fd, &ev);
	p->state = PEER_CONNECTING;
	p->wants_write = true;
	l->connecting++;
	if (bind(p->fd, (struct sockaddr *)&local, sizeof(local)) != 0 ||
	    (connect(p->fd, (struct sockaddr *)&remote, sizeof(remote)) != 0 &&
	     errno != EINPROGRESS)) {
		lose(l, i, strerror(errno));
	}
}

/* Connects, keepalives, hold timers: what time brings. */
static void scan(struct load *l, uint64_t now)
{
	l->next_scan = now + 1000;
	for (unsigned i = 0; i < l->plan.members; i++) {
		struct peer *p = &l->peer[i];
		if (p->state == PEER_IDLE && l->is_connecting && now >= p->retry_at &&
		    l->connecting < l->plan.connects_max) {
			start_connect(l, i);
		} else if (p->state == PEER_UP &&
			   now >= p->heard_at + (uint64_t)l->plan.hold_s * 1000000) {
			lose(l, i, "hold timer expired: the server was silent");
		} else if (p->state == PEER_UP && now >= p->keepalive_at) {
			send_keepalive(l, i);
		}
	}
}

void load_connect(struct load *l)
{
	l->is_connecting = true;
}

void load_announce(struct load *l)
{
	l->is_announcing = true;
	for (unsigned i = 0; i < l->plan.members; i++) {
		if (l->peer[i].state == PEER_UP && !l->peer[i].has_announced) {
			announce(l, i);
		}
	}
}

static void on_event(struct load *l, const struct epoll_event *ev)
{
	unsigned i = ev->data.u32;
	struct peer *p = &l->peer[i];
	if (p->state == PEER_CONNECTING) {
		on_connected(l, i);
		return;
	}
	if (p->fd >= 0 && (ev->events & EPOLLOUT) != 0) {
		flush_out(l, i);
	}
	if (p->fd >= 0 && (ev->events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
		on_readable(l, i);
	}
}

bool load_run(struct load *l, bool (*is_done)(const struct load *l), uint64_t us)
{
	uint64_t until = load_now_us() + us;
	struct epoll_event ev[256];
	for (;;) {
		uint64_t now = load_now_us();
		if (is_done != NULL && is_done(l)) {
			return true;
		}
		if (now >= until) {
			return false;
		}
		if (now >= l->next_scan) {
			scan(l, now);
		}
		int n = epoll_wait(l->epoll, ev, 256, 5);
		for (int k = 0; k < n; k++) {
			on_event(l, &ev[k]);
		}
	}
}

const struct load_state *load_state(const struct load *l)
{
	return &l->state;
}

const struct plan *load_plan(const struct load *l)
{
	return &l->plan;
}

void load_tally(const struct load *l, struct tally *out)
{
	*out = (struct tally){0};
	for (unsigned i = 0; i < l->plan.members; i++) {
		const struct tally *t = &l->peer[i].tally;
		out->delivered += t->delivered;
		out->wrong += t->wrong;
		out->own += t->own;
		out->repeated += t->repeated;
		out->withdrawn += t->withdrawn;
		out->updates += t->updates;
	}
}

const char *load_last_loss(const struct load *l)
{
	return l->last_loss;
}
