/* One request and its answer on one connection; http.c's and answer.c's own. */
#pragma once

#include <microhttpd.h>

#include "control/api/call.h"
#include "control/api/http_counts.h"
#include "control/http/bucket.h"
#include "control/http/http.h"
#include "control/http/page.h"
#include "control/http/tls.h"

#define HEADER_US    (15 * USEC_PER_SEC) /* To send a request's header, or to be idle. */
#define BODY_US	     (30 * USEC_PER_SEC)
#define ANSWER_US    (15 * USEC_PER_SEC)   /* To take an answer, */
#define ANSWER_RATE  8192		   /* and a second more for each so many octets. */
#define HOLD_US	     (200 * USEC_PER_MSEC) /* Before one that comes too often is told so. */
#define HEARTBEAT_US (15 * USEC_PER_SEC)   /* Of an event stream. */

/* A connection. */
struct client {
	struct http *http;
	struct client *next, *prev;
	int fd;
	struct addr addr;
	uint64_t key;	 /* Of the address, and of all others of its /64. */
	usec_t deadline; /* When it will be closed; USEC_NEVER: it is not its turn. */
	struct tls *tls; /* NULL without TLS. */
};

enum exchange_state {
	EXCHANGE_READING,
	EXCHANGE_HELD,	  /* Answered at `due`. */
	EXCHANGE_WAITING, /* For the call's answer. */
	EXCHANGE_BEGIN,	  /* For the job's first row. */
	EXCHANGE_SENDING,
	EXCHANGE_IDLE, /* Sending, and there is nothing to send now. */
};

struct exchange {
	struct http *http;
	struct client *client;
	struct exchange *next, *prev;
	struct MHD_Connection *connection;
	enum exchange_state state;
	bool is_suspended, is_last; /* The connection ends with the answer. */
	struct call *call;	    /* NULL: a page. */
	const struct page *page;
	const char *redirect; /* A folder's page without its last '/'. */
	char *body;
	size_t body_len, body_size, body_max;
	usec_t due;
	/* Of a stream. */
	struct reply reply;
	char *token; /* Looked at again behind the body, and before a feed says anything. */
};

struct http {
	const struct api_env *env;
	struct http_conf conf; /* Borrowed texts: of the configuration at the start. */
	struct {
		int fd;
		struct MHD_Daemon *mhd;
	} door[HTTP_LISTEN_MAX];
	unsigned door_count;
	struct tls *tls;
	struct buckets by_address, by_token, failures, connects;
	struct client *client;
	struct exchange *exchange;
	struct http_counts counts;
	usec_t now, sweep_due;
	int64_t now_s;
};

/* The handler of libmicrohttpd's for a request: its header, its body piece by piece, its end, and
 * again when it was suspended. */
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
				const char *method, const char *version, const char *data,
				size_t *size, void **con_cls);
void exchange_free(struct exchange *e);
/* Take it out of libmicrohttpd's hands, and give it back. */
void exchange_suspend(struct exchange *e, enum exchange_state state);
void exchange_resume(struct exchange *e);
/* What may go on in this turn. */
void exchange_step(struct exchange *e);

/* Until when so much has to be taken: who sips would keep a connection from others. */
void exchange_expect(struct exchange *e, size_t len);

/* answer.c: give libmicrohttpd the answer of a call or page.  MHD_NO closes the connection. */
enum MHD_Result answer_send(struct exchange *e);
/* Whether If-None-Match names the answer's revisions. */
bool answer_is_known(const struct call *c);
/* Put the next events into the reply; false when there are none and no heartbeat is due, and the
 * stream has not ended. */
bool answer_feed(struct exchange *e);
