/* What carries the bytes of a load's members: kernel sockets (link_kernel), or our own TCP on a
 * port of our own (link_own).
 *
 * One connection for each member, from the member's own address to the server's BGP port.  A link
 * knows nothing of BGP: it says when a connection is up, down, or has room again, and hands over
 * what arrives.  Callbacks come from within link_poll alone; there any function of the link may be
 * called, also for the member that the callback is about.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_SERVER_PORT 179

/* A DPDK port for our own TCP. */
struct link_port {
	const char *device; /* As in causewayd's configuration; NULL: kernel sockets. */
	unsigned cpu;	    /* Where the caller's thread then runs. */
	uint16_t mtu;
};

struct link_conf {
	uint32_t server; /* IPv4, host order. */
	uint32_t source; /* Of member 0; the others follow. */
	unsigned members;
	struct link_port port;
};

/* Who hears of what happens; all are set. */
struct link_user {
	void *context;
	/* The connection of link_connect is there. */
	void (*up)(void *context, unsigned i);
	/* It has failed or ended; the link has forgotten it. */
	void (*down)(void *context, unsigned i, const char *why);
	/* Bytes that arrived, from the first that was not taken.  Returns how many are taken; the
	 * rest (at most 64 KiB) comes again with what follows. */
	size_t (*heard)(void *context, unsigned i, const uint8_t *data, size_t len);
	/* After link_send has not taken all: it will take more now. */
	void (*room)(void *context, unsigned i);
};

struct link_stats {
	uint64_t retransmits; /* Segments that were sent again by our side. */
	uint64_t bytes_in, bytes_out;
	uint64_t busy_us; /* Of a link that polls: time in turns that had something to do. */
};

struct link;

struct link_ops {
	int (*connect)(struct link *l, unsigned i);
	void (*close)(struct link *l, unsigned i, bool has_reset);
	size_t (*send)(struct link *l, unsigned i, const void *data, size_t len);
	void (*stall)(struct link *l, unsigned i, bool is_stalled);
	void (*poll)(struct link *l, uint64_t wait_us);
	void (*stats)(const struct link *l, struct link_stats *out);
	void (*free)(struct link *l);
};

struct link {
	const struct link_ops *ops;
	struct link_conf conf;
	struct link_user user;
};

/* Open member i's connection, which has none: `up` or `down` follows.  0, or −errno and neither
 * follows. */
static inline int link_connect(struct link *l, unsigned i)
{
	return l->ops->connect(l, i);
}

/* End member i's connection, if there is one, in order or with a reset; `down` does not follow. */
static inline void link_close(struct link *l, unsigned i, bool has_reset)
{
	l->ops->close(l, i, has_reset);
}

/* Send what fits, copied: how many bytes were taken.  When not all, `room` follows. */
static inline size_t link_send(struct link *l, unsigned i, const void *data, size_t len)
{
	return l->ops->send(l, i, data, len);
}

/* Do not read, so that the window closes, until told otherwise.  A new connection reads. */
static inline void link_stall(struct link *l, unsigned i, bool is_stalled)
{
	l->ops->stall(l, i, is_stalled);
}

/* Handle what has happened; wait for at most `wait_us` for something to happen. */
static inline void link_poll(struct link *l, uint64_t wait_us)
{
	l->ops->poll(l, wait_us);
}

static inline void link_stats(const struct link *l, struct link_stats *out)
{
	l->ops->stats(l, out);
}

static inline void link_free(struct link *l)
{
	if (l != NULL) {
		l->ops->free(l);
	}
}

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t link_now_us(void);

/* Over kernel sockets, in one epoll; the members' addresses must be the host's.  NULL when memory
 * or descriptors are short. */
struct link *link_kernel_new(const struct link_conf *conf, const struct link_user *user);
/* Over our own TCP on conf->port, once in a process.  NULL: `why` says what failed. */
struct link *link_own_new(const struct link_conf *conf, const struct link_user *user, char *why,
			  size_t why_len);
