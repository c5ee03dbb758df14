/* Sockets, connections and the turn of the loop.
 *
 * libmicrohttpd is given sockets that we bound, one daemon for each.  It closes connections that
 * are idle; one that keeps sending a little (slow loris) it would keep for ever, so each has a
 * deadline by which its request must be whole, and is shut down at it.
 */
#include "control/http/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "control/http/exchange.h"
#include "control/http/fields.h"
#include "rib/base/check.h"

#define IDLE_S	      30		  /* Nothing moves on a connection. */
#define POOL_BYTES    ((size_t)48 * 1024) /* Of a connection: header and buffers. */
#define BACKLOG	      1024 /* A flood of connections shall not keep others from queueing. */
#define SWEEP_US      USEC_PER_SEC
#define FAILURE_RATE  (1.0 / 6) /* Wrong tokens of an address; ten at once. */
#define FAILURE_BURST 10

/* --- Sockets --- */

static socklen_t sockaddr_of(const struct http_listen *l, struct sockaddr_storage *out)
{
	*out = (struct sockaddr_storage){0};
	if (l->addr.family == FAMILY_IPV4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;
		in->sin_family = AF_INET;
		in->sin_port = htons(l->port);
		memcpy(&in->sin_addr, l->addr.bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(l->port);
	memcpy(&in6->sin6_addr, l->addr.bytes, 16);
	return sizeof(*in6);
}

static int bind_one(const struct http_listen *l)
{
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(l, &to);
	int on = 1;
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (to.ss_family == AF_INET6) {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	if (bind(fd, (struct sockaddr *)&to, len) != 0 || listen(fd, BACKLOG) != 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int http_open(const struct http_conf *conf, struct http **out_http, char *why, size_t why_len)
{
	char text[HTTP_LISTEN_TEXT_MAX];
	*out_http = NULL;
	if (conf->listen_count == 0) {
		return 0;
	}
	struct http *h = calloc(1, sizeof(*h));
	ASSERT(h != NULL);
	h->conf = *conf;
	for (unsigned i = 0; i < conf->listen_count; i++) {
		int fd = bind_one(&conf->listen[i]);
		if (fd < 0) {
			(void)snprintf(why, why_len,
				       "cannot listen on %s: %s; check control.http.listen",
				       http_listen_format(&conf->listen[i], text), strerror(-fd));
			http_close(h);
			return fd;
		}
		h->door[h->door_count++].fd = fd;
	}
	*out_http = h;
	return 0;
}

/* --- Connections --- */

static struct addr addr_of(const struct sockaddr *from)
{
	if (from->sa_family == AF_INET) {
		return addr_make(FAMILY_IPV4, &((const struct sockaddr_in *)from)->sin_addr);
	}
	return addr_make(FAMILY_IPV6, &((const struct sockaddr_in6 *)from)->sin6_addr);
}

/* libmicrohttpd counts by address, of which whoever has a /64 has enough for all connections. */
static bool has_room(const struct http *h, uint64_t key)
{
	unsigned count = 0;
	for (const struct client *c = h->client; c != NULL; c = c->next) {
		count += c->key == key;
	}
	return count < HTTP_BY_ADDRESS_MAX * h->door_count;
}

/* Before anything is read: handshakes cost much, so they are counted like requests. */
static enum MHD_Result on_accept(void *cls, const struct sockaddr *from, socklen_t len)
{
	(void)len;
	struct http *h = cls;
	struct addr addr = addr_of(from);
	uint64_t key = buckets_addr_key(&h->connects, &addr);
	bool is_within = buckets_take(&h->connects, key, h->now) == 0 && has_room(h, key);
	h->counts.refused_rate += !is_within;
	return is_within ? MHD_YES : MHD_NO;
}

static struct client *client_new(struct http *h, struct MHD_Connection *connection)
{
	struct client *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	c->http = h;
	c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	c->addr = addr_of(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				  ->client_addr);
	c->key = buckets_addr_key(&h->connects, &c->addr);
	c->deadline = h->now + HEADER_US;
	c->tls = tls_get(h->tls);
	c->next = h->client;
	if (c->next != NULL) {
		c->next->prev = c;
	}
	h->client = c;
	h->counts.connections++;
	return c;
}

static void client_free(struct client *c)
{
	struct http *h = c->http;
	if (c->prev != NULL) {
		c->prev->next = c->next;
	} else {
		h->client = c->next;
	}
	if (c->next != NULL) {
		c->next->prev = c->prev;
	}
	h->counts.connections--;
	tls_put(c->tls);
	free(c);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = client_new(cls, connection);
	} else if (*context != NULL) {
		client_free(*context);
		*context = NULL;
	}
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
			 enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)connection;
	(void)code;
	struct exchange *e = *con_cls;
	if (e != NULL) {
		e->client->deadline = e->http->now + HEADER_US;
		exchange_free(e);
		*con_cls = NULL;
	}
}

static size_t on_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return unescape(text);
}

static int on_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
			  int authority_count, const gnutls_pk_algorithm_t *algorithms,
			  int algorithm_count, gnutls_pcert_st **out_chain, unsigned *out_len,
			  gnutls_privkey_t *out_key)
{
	(void)authorities;
	(void)authority_count;
	(void)algorithms;
	(void)algorithm_count;
	struct MHD_Connection *connection = gnutls_session_get_ptr(session);
	const union MHD_ConnectionInfo *info =
		connection != NULL
			? MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			: NULL;
	const struct client *c = info != NULL ? info->socket_context : NULL;
	if (c == NULL || c->tls == NULL) {
		return -1;
	}
	tls_choose(c->tls, out_chain, out_len, out_key);
	return 0;
}

/* --- Start and end --- */

static struct MHD_Daemon *start(struct http *h, unsigned door)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_PEDANTIC_CHECKS;
	flags |= h->conf.listen[door].addr.family == FAMILY_IPV6 ? MHD_USE_IPv6 : 0;
	flags |= h->tls != NULL ? MHD_USE_TLS : 0;
	const struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)on_certificate},
		{MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	return MHD_start_daemon(
		flags, 0, on_accept, h, exchange_handle, h, MHD_OPTION_LISTEN_SOCKET,
		h->door[door].fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)HTTP_BY_ADDRESS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		POOL_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_UNESCAPE_CALLBACK,
		on_unescape, h, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY,
		h->tls != NULL ? tls : none, MHD_OPTION_END);
}

int http_begin(struct http *h, const struct api_env *env, char *why, size_t why_len)
{
	uint64_t seed = 0;
	h->env = env;
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		(void)snprintf(why, why_len, "no randomness: %s", strerror(errno));
		return -EIO;
	}
	buckets_init(&h->by_address, h->conf.rate, 2 * h->conf.rate, seed);
	buckets_init(&h->by_token, h->conf.rate, 2 * h->conf.rate, seed);
	buckets_init(&h->connects, h->conf.rate, 2 * h->conf.rate, seed);
	buckets_init(&h->failures, FAILURE_RATE, FAILURE_BURST, seed);
	if (h->conf.certificate != NULL) {
		h->tls = tls_load(h->conf.certificate, h->conf.key, why, why_len);
		if (h->tls == NULL) {
			return -EINVAL;
		}
	}
	for (unsigned i = 0; i < h->door_count; i++) {
		h->door[i].mhd = start(h, i);
		if (h->door[i].mhd == NULL) {
			(void)snprintf(why, why_len, "libmicrohttpd does not start");
			return -EIO;
		}
	}
	return 0;
}

void http_reload(struct http *h)
{
	char why[512];
	if (h == NULL || h->tls == NULL) {
		return;
	}
	struct tls *t = tls_load(h->conf.certificate, h->conf.key, why, sizeof(why));
	if (t == NULL) {
		log_event(LOG_ERROR, "certificate not reloaded", "detail", why, NULL);
		return;
	}
	tls_put(h->tls);
	h->tls = t;
	log_event(LOG_INFO, "certificate reloaded", "file", h->conf.certificate, NULL);
}

void http_close(struct http *h)
{
	if (h == NULL) {
		return;
	}
	for (struct exchange *e = h->exchange; e != NULL; e = e->next) {
		exchange_resume(e); /* libmicrohttpd must not end with one suspended. */
	}
	for (unsigned i = 0; i < h->door_count; i++) {
		if (h->door[i].mhd != NULL) {
			MHD_stop_daemon(h->door[i].mhd); /* Closes the socket, too. */
		} else {
			close(h->door[i].fd);
		}
	}
	tls_put(h->tls);
	free(h);
}

/* --- The loop --- */

unsigned http_fds(const struct http *h, struct pollfd *out)
{
	unsigned count = 0;
	for (unsigned i = 0; h != NULL && i < h->door_count; i++) {
		const union MHD_DaemonInfo *info =
			MHD_get_daemon_info(h->door[i].mhd, MHD_DAEMON_INFO_EPOLL_FD);
		out[count++] = (struct pollfd){.fd = info->epoll_fd, .events = POLLIN};
	}
	return count;
}

static bool has_hung_up(const struct client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* End streams whose reader has gone: libmicrohttpd does not look at a connection that is
 * suspended, and a stream counts against its address until it ends. */
static void end_left_feeds(struct http *h)
{
	for (struct exchange *e = h->exchange; e != NULL; e = e->next) {
		if (e->state == EXCHANGE_IDLE && e->call->answer == ANSWER_FEED &&
		    has_hung_up(e->client)) {
			e->reply.is_ended = true;
			e->state = EXCHANGE_SENDING;
			exchange_resume(e);
		}
	}
}

/* Who has not sent what it must in time.  libmicrohttpd sees the end and closes. */
static void sweep(struct http *h)
{
	end_left_feeds(h);
	for (struct client *c = h->client; c != NULL; c = c->next) {
		if (h->now >= c->deadline) {
			h->counts.late++;
			c->deadline = USEC_NEVER;
			(void)shutdown(c->fd, SHUT_RDWR);
		}
	}
}

bool http_serve(struct http *h, usec_t now, int64_t now_s)
{
	bool has_more = false;
	if (h == NULL) {
		return false;
	}
	h->now = now;
	h->now_s = now_s;
	for (struct exchange *e = h->exchange; e != NULL; e = e->next) {
		exchange_step(e);
	}
	if (now >= h->sweep_due) {
		h->sweep_due = now + SWEEP_US;
		sweep(h);
	}
	for (unsigned i = 0; i < h->door_count; i++) {
		MHD_UNSIGNED_LONG_LONG wait_ms = 0;
		(void)MHD_run(h->door[i].mhd);
		has_more |= MHD_get_timeout(h->door[i].mhd, &wait_ms) == MHD_YES && wait_ms == 0;
	}
	return has_more;
}

const struct http_counts *http_counts(const struct http *h)
{
	return h != NULL ? &h->counts : NULL;
}
