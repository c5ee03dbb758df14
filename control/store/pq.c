/* See pq.h.  Without blocking calls, for those wait for as long as TCP does.
 *
 * What libpq says may repeat parts of the URL; so the password is taken out, and a URL that cannot
 * be read is not quoted.
 */
#include "control/store/pq.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rib/base/check.h"

static usec_t monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

char *pq_name(const char *url)
{
	const char *rest = strstr(url, "://");
	ASSERT(rest != NULL);
	rest += 3;
	size_t len = strcspn(rest, "/?");
	const char *at = memrchr(rest, '@', len);
	const char *host = at != NULL ? at + 1 : rest;
	int user_len = at != NULL ? (int)min_u64(strcspn(rest, ":"), (size_t)(at - rest)) : 0;
	char *name = NULL;
	int wrote = asprintf(&name, "postgresql://%.*s%s%.*s", user_len, rest,
			     user_len > 0 ? "@" : "", (int)strcspn(host, "?"), host);
	ASSERT(wrote > 0);
	return name;
}

/* The option's value of a URL; NULL: it has none.  Copied. */
static char *option(const PQconninfoOption *o, const char *keyword)
{
	for (; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL && o->val[0] != '\0') {
			return strdup(o->val);
		}
	}
	return NULL;
}

bool pq_init(struct pq *p, const char *url, int stop_fd, char *why)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	char *host = options != NULL ? option(options, "host") : NULL;
	/* A password with a bare '@': the rest of it would be taken for the host. */
	bool is_good = options != NULL && (host == NULL || strchr(host, '@') == NULL);
	free(host);
	if (!is_good) {
		PQconninfoFree(options);
		snprintf(why, STORE_TEXT_MAX,
			 "the URL in registry.database cannot be read; it is written "
			 "postgresql://USER:PASSWORD@HOST:PORT/NAME, with %%XX for whatever is not "
			 "a letter or digit in a password");
		return false;
	}
	*p = (struct pq){
		.stop_fd = stop_fd, .url = strdup(url), .secret = option(options, "password")};
	ASSERT(p->url != NULL);
	PQconninfoFree(options);
	return true;
}

static void wipe(char *text)
{
	if (text != NULL) {
		explicit_bzero(text, strlen(text));
		free(text);
	}
}

void pq_fini(struct pq *p)
{
	pq_disconnect(p);
	wipe(p->url);
	wipe(p->secret);
}

/* One line, without the password. */
void pq_say(const struct pq *p, const char *text, char *why)
{
	size_t secret_len = p->secret != NULL ? strlen(p->secret) : 0;
	size_t used = 0;
	while (*text != '\0' && used < STORE_TEXT_MAX - 4) {
		if (secret_len > 0 && strncmp(text, p->secret, secret_len) == 0) {
			memcpy(why + used, "***", 3);
			used += 3;
			text += secret_len;
			continue;
		}
		why[used++] = *text == '\n' || *text == '\t' ? ' ' : *text;
		text++;
	}
	while (used > 0 && why[used - 1] == ' ') {
		used--;
	}
	why[used] = '\0';
}

void pq_disconnect(struct pq *p)
{
	PQfinish(p->conn);
	p->conn = NULL;
}

enum wait_end { WAIT_READY, WAIT_LATE, WAIT_STOPPED };

static enum wait_end wait_for(struct pq *p, short events, usec_t deadline)
{
	for (;;) {
		usec_t now = monotonic();
		struct pollfd fds[] = {{.fd = PQsocket(p->conn), .events = events},
				       {.fd = p->stop_fd, .events = POLLIN}};
		if (now >= deadline) {
			return WAIT_LATE;
		}
		int ready = poll(fds, 2, (int)((deadline - now) / USEC_PER_MSEC) + 1);
		if (fds[1].revents != 0) {
			return WAIT_STOPPED;
		}
		if (ready > 0) {
			return WAIT_READY;
		}
	}
}

/* The connection is given up; `why` says what for. */
static void lose(struct pq *p, enum wait_end end, char *why)
{
	if (end == WAIT_LATE) {
		snprintf(why, STORE_TEXT_MAX, "it does not answer in time");
	} else if (end == WAIT_STOPPED) {
		snprintf(why, STORE_TEXT_MAX, "the server is being stopped");
	} else {
		pq_say(p, PQerrorMessage(p->conn), why);
	}
	pq_disconnect(p);
}

/* "table … exists already", and the like. */
static void ignore_notice(void *context, const char *message)
{
	(void)context;
	(void)message;
}

bool pq_connect(struct pq *p, char *why)
{
	/* What the URL says goes before the first four: it comes later.  A dead peer is noticed. */
	static const char *const keyword[] = {"keepalives_idle",
					      "keepalives_interval",
					      "keepalives_count",
					      "tcp_user_timeout",
					      "dbname",
					      "client_encoding",
					      "fallback_application_name",
					      NULL};
	const char *const value[] = {"15", "5", "3", "20000", p->url, "UTF8", "causewayd", NULL};
	usec_t deadline = monotonic() + PQ_CONNECT_S * USEC_PER_SEC;
	enum wait_end end = WAIT_READY;
	ASSERT(p->conn == NULL);
	p->conn = PQconnectStartParams(keyword, value, 1);
	ASSERT(p->conn != NULL);
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	if (PQstatus(p->conn) == CONNECTION_BAD) {
		state = PGRES_POLLING_FAILED;
	}
	while (end == WAIT_READY && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		end = wait_for(p, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
		state = end == WAIT_READY ? PQconnectPoll(p->conn) : state;
	}
	if (end != WAIT_READY || state != PGRES_POLLING_OK) {
		lose(p, end, why);
		return false;
	}
	(void)PQsetnonblocking(p->conn, 1);
	(void)PQsetNoticeProcessor(p->conn, ignore_notice, NULL);
	return true;
}

/* Send what is in libpq's buffer, reading what comes meanwhile. */
static enum wait_end flush(struct pq *p, usec_t deadline, bool *out_failed)
{
	enum wait_end end = WAIT_READY;
	int left;
	*out_failed = false;
	while (end == WAIT_READY && (left = PQflush(p->conn)) != 0) {
		if (left < 0) {
			*out_failed = true;
			return WAIT_READY;
		}
		end = wait_for(p, POLLIN | POLLOUT, deadline);
		if (end == WAIT_READY && PQconsumeInput(p->conn) == 0) {
			*out_failed = true;
			return WAIT_READY;
		}
	}
	return end;
}

PGresult *pq_query(struct pq *p, const char *sql, const char *const *value, int count, int seconds,
		   char *why)
{
	usec_t deadline = monotonic() + (usec_t)seconds * USEC_PER_SEC;
	PGresult *first = NULL, *r;
	bool has_failed = p->conn == NULL ||
			  PQsendQueryParams(p->conn, sql, count, NULL, value, NULL, NULL, 0) == 0;
	enum wait_end end = WAIT_READY;
	if (p->conn == NULL) {
		snprintf(why, STORE_TEXT_MAX, "it is not connected");
		return NULL;
	}
	if (!has_failed) {
		end = flush(p, deadline, &has_failed);
	}
	while (!has_failed && end == WAIT_READY) {
		if (PQisBusy(p->conn) != 0) {
			end = wait_for(p, POLLIN, deadline);
			has_failed = end == WAIT_READY && PQconsumeInput(p->conn) == 0;
			continue;
		}
		r = PQgetResult(p->conn);
		if (r == NULL) {
			break;
		}
		if (first == NULL) {
			first = r;
		} else {
			PQclear(r);
		}
	}
	if (has_failed || end != WAIT_READY || PQstatus(p->conn) == CONNECTION_BAD) {
		PQclear(first);
		lose(p, end, why);
		return NULL;
	}
	ASSERT(first != NULL);
	return first;
}

bool pq_is_good(const PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}
