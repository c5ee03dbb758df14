/* HTTP in the control loop: sockets, limits, who asks, and the calls and pages that answer.
 *
 * libmicrohttpd speaks HTTP/1.1 and TLS; it has no thread, its epoll descriptors stand in the
 * daemon's poll set, and a turn of the loop lets it do what it can without waiting.  In a turn each
 * connection is worked on at most once, so that many requests of one client take their turns
 * between BGP's business.  A call that is not answered yet is taken out of libmicrohttpd's hands
 * (suspended) and costs nothing.
 *
 * Limits: connections in all and by address, requests by address and by token, sizes, and how long
 * a request may take to arrive.  What is refused by rate is answered late: who asks 10,000 times a
 * second is answered some hundred times. */
#pragma once

#include <poll.h>

#include "control/api/job.h"

#define HTTP_FDS_MAX	      HTTP_LISTEN_MAX
#define HTTP_CONNECTIONS_MAX  256 /* Of one socket that is listened on; */
#define HTTP_BY_ADDRESS_MAX   64  /* of one address (IPv6: of one /64) there. */
#define HTTP_FEEDS_MAX	      64  /* Event streams. */
#define HTTP_FEEDS_BY_ADDRESS 8
#define HTTP_HEADER_MAX	      ((size_t)16 * 1024) /* Request line and header fields. */

struct http;

/* Bind and listen, before privileges go.  Without `listen` nothing is opened and *out_http is NULL.
 * 0 or −errno with `why` and the remedy. */
int http_open(const struct http_conf *conf, struct http **out_http, char *why, size_t why_len);
/* Read certificate and key as the user that a reload will be, and begin to answer.  `env` is
 * borrowed until http_close. */
int http_begin(struct http *h, const struct api_env *env, char *why, size_t why_len);
/* Read certificate and key again; on failure the old ones stay, and it is logged. */
void http_reload(struct http *h);
void http_close(struct http *h); /* NULL does nothing. */

unsigned http_fds(const struct http *h, struct pollfd *out); /* NULL: 0. */
/* One turn.  True when another should come at once.  Online (epoch). */
bool http_serve(struct http *h, usec_t now, int64_t now_s);
const struct http_counts *http_counts(const struct http *h); /* NULL: NULL. */
