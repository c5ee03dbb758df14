/* libpq as the store's thread uses it: nothing waits longer than it says, and all of it ends when
 * the thread is to end. */
#pragma once

#include <libpq-fe.h>

#include "control/store/store.h"

struct pq {
	PGconn *conn; /* NULL: not connected. */
	int stop_fd;
	char *url;
	char *secret; /* The password; taken out of whatever is said.  NULL: none. */
};

#define PQ_CONNECT_S 10
#define PQ_QUERY_S   10
#define PQ_MIGRATE_S 3600

/* False with `why`: the URL is none. */
bool pq_init(struct pq *p, const char *url, int stop_fd, char *why);
void pq_fini(struct pq *p);
/* "postgresql://USER@HOST:PORT/NAME", without password and options; the caller's. */
char *pq_name(const char *url);
bool pq_connect(struct pq *p, char *why);
void pq_disconnect(struct pq *p);
/* One statement with its text parameters; the result is the caller's.  NULL with `why`: the
 * connection is lost (and closed).  A result that is an error is the server's refusal. */
PGresult *pq_query(struct pq *p, const char *sql, const char *const *value, int count, int seconds,
		   char *why);
bool pq_is_good(const PGresult *r);
/* What the server said, without the password. */
void pq_say(const struct pq *p, const char *text, char *why);
