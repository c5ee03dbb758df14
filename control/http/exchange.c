/* From a request's header to its answer.
 *
 * What can be refused by the header alone is refused then: its body is not read.  Order: size,
 * rate of the address, path, token, rate of the token, role, fields; so that what costs least is
 * asked first, and somebody without a token learns nothing but that.
 */
#include "control/http/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/api/who.h"
#include "control/http/fields.h"
#include "rib/base/check.h"
#include "rib/base/epoch.h"

void exchange_suspend(struct exchange *e, enum exchange_state state)
{
	ASSERT(!e->is_suspended);
	e->is_suspended = true;
	e->state = state;
	MHD_suspend_connection(e->connection);
}

void exchange_resume(struct exchange *e)
{
	if (e->is_suspended) {
		e->is_suspended = false;
		MHD_resume_connection(e->connection);
	}
}

static struct exchange *exchange_new(struct http *h, struct MHD_Connection *connection)
{
	struct exchange *e = calloc(1, sizeof(*e));
	ASSERT(e != NULL);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	e->http = h;
	e->connection = connection;
	e->client = info->socket_context;
	e->reply.form = REPLY_DOCUMENT;
	e->next = h->exchange;
	if (e->next != NULL) {
		e->next->prev = e;
	}
	h->exchange = e;
	h->counts.requests++;
	return e;
}

void exchange_free(struct exchange *e)
{
	struct http *h = e->http;
	if (e->call != NULL && e->call->answer == ANSWER_FEED) {
		h->counts.feeds--;
	}
	if (e->call != NULL) {
		e->call->answered = NULL;
	}
	call_free(e->call);
	reply_fini(&e->reply);
	free(e->body);
	free(e->token);
	if (e->prev != NULL) {
		e->prev->next = e->next;
	} else {
		h->exchange = e->next;
	}
	if (e->next != NULL) {
		e->next->prev = e->prev;
	}
	free(e);
}

void exchange_expect(struct exchange *e, size_t len)
{
	e->client->deadline = e->http->now + ANSWER_US + len / ANSWER_RATE * USEC_PER_SEC;
}

/* --- The header --- */

static enum MHD_Result add_size(void *cls, enum MHD_ValueKind kind, const char *name,
				const char *value)
{
	(void)kind;
	*(size_t *)cls += strlen(name) + (value != NULL ? strlen(value) : 0) + 4;
	return MHD_YES;
}

static bool is_header_small(const struct exchange *e, const char *url)
{
	size_t size = strlen(url);
	(void)MHD_get_connection_values(e->connection, MHD_HEADER_KIND, add_size, &size);
	(void)MHD_get_connection_values(e->connection, MHD_GET_ARGUMENT_KIND, add_size, &size);
	return size <= HTTP_HEADER_MAX;
}

/* What stands in a request once: a second is another program's to read as the first. */
static const char *const once[] = {"Content-Length", "Transfer-Encoding", "Content-Type",
				   "Authorization",  "If-Match",	  "Idempotency-Key",
				   "Last-Event-ID"};

struct once_seen {
	unsigned seen;
	const char *twice;
};

static enum MHD_Result look_twice(void *cls, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	(void)kind;
	(void)value;
	struct once_seen *s = cls;
	for (unsigned i = 0; i < ARRAY_COUNT(once); i++) {
		if (strcasecmp(name, once[i]) == 0) {
			s->twice = (s->seen >> i & 1) != 0 ? once[i] : s->twice;
			s->seen |= 1U << i;
		}
	}
	return MHD_YES;
}

static const char *field(const struct exchange *e, const char *name)
{
	return MHD_lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
}

/* RFC 9112 §6.1, §6.3: where a body ends must be the same for a proxy and for us, or the rest of
 * somebody's request is another one's.  False: it was answered, and is the connection's last. */
static bool is_framed(struct exchange *e)
{
	struct once_seen s = {.seen = 0};
	const char *coding = field(e, "Transfer-Encoding");
	(void)MHD_get_connection_values(e->connection, MHD_HEADER_KIND, look_twice, &s);
	if (s.twice != NULL) {
		call_fail(e->call, 400, "form", "%s is given twice", s.twice);
	} else if (coding != NULL && strcasecmp(coding, "chunked") != 0) {
		call_fail(e->call, 400, "form", "Transfer-Encoding must be chunked");
	} else if (coding != NULL && field(e, "Content-Length") != NULL) {
		call_fail(e->call, 400, "form",
			  "Content-Length and Transfer-Encoding are given both");
	} else {
		return true;
	}
	e->is_last = true;
	return false;
}

/* Answered late, so that somebody who asks without end waits most of the time. */
static void refuse_rate(struct exchange *e, usec_t wait, const char *what)
{
	struct http *h = e->http;
	h->counts.refused_rate++;
	e->due = h->now + HOLD_US;
	e->call->retry_after_s = (unsigned)((wait + USEC_PER_SEC - 1) / USEC_PER_SEC);
	call_fail(e->call, 429, "rate", "too many requests of %s; wait %u s", what,
		  e->call->retry_after_s);
}

/* Whether one more of `b` is within bounds; else it is answered. */
static bool is_within(struct exchange *e, struct buckets *b, uint64_t key, const char *what)
{
	usec_t wait = buckets_take(b, key, e->http->now);
	if (wait > 0) {
		refuse_rate(e, wait, what);
	}
	return wait == 0;
}

/* A wrong token is 401; one after the other of an address, 429. */
static void refuse_token(struct exchange *e)
{
	struct http *h = e->http;
	uint64_t key = buckets_addr_key(&h->failures, &e->client->addr);
	h->counts.refused_token++;
	if (is_within(e, &h->failures, key, "this address with wrong tokens")) {
		call_fail(e->call, 401, "token", "the token is not known, or has ended");
	}
}

/* Who asks; false when it was answered.  A good token is never refused for the wrong ones of the
 * same address: behind a proxy all have one. */
static bool identify(struct exchange *e)
{
	struct http *h = e->http;
	const char *authorization = field(e, "Authorization");
	if (authorization == NULL) {
		return true;
	}
	const char *token = bearer_of(authorization);
	if (token == NULL || !who_of_token(h->env, token, h->now_s, &e->call->who)) {
		refuse_token(e);
		return false;
	}
	e->token = strdup(token);
	ASSERT(e->token != NULL);
	return is_within(e, &h->by_token, buckets_text_key(&h->by_token, token), "this token");
}

static bool take_conditions(struct exchange *e)
{
	struct call *c = e->call;
	const char *match = field(e, "If-Match"), *key = field(e, "Idempotency-Key");
	const char *last = field(e, "Last-Event-ID");
	c->if_none_match = field(e, "If-None-Match");
	if (match != NULL && !tag_match_parse(match, &c->if_revision)) {
		call_fail(c, 400, "form", "If-Match must be one ETag of this path, or *");
		return false;
	}
	if (key != NULL && !request_key_parse(key, c->request_key, sizeof(c->request_key))) {
		call_fail(c, 400, "form", "Idempotency-Key must be 1 to %zu visible characters",
			  sizeof(c->request_key) - 1);
		return false;
	}
	if (last != NULL && !number_parse(last, &c->last_event)) {
		call_fail(c, 400, "form", "Last-Event-ID must be a number of this stream");
		return false;
	}
	return true;
}

static enum MHD_Result add_query(void *cls, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	(void)kind;
	struct call *c = cls;
	if (!call_add_query(c, name, value != NULL ? value : "")) {
		call_fail(c, 400, "form", "more than %u parameters", CALL_QUERY_MAX);
		return MHD_NO;
	}
	return MHD_YES;
}

static bool take_query(struct exchange *e)
{
	(void)MHD_get_connection_values(e->connection, MHD_GET_ARGUMENT_KIND, add_query, e->call);
	return e->call->answer == ANSWER_NONE;
}

static void refuse_size(struct exchange *e)
{
	call_fail(e->call, 413, "too-large", "the body is larger than %zu octets", e->body_max);
}

/* 8 MiB are operators' alone, and what is open to everybody takes no body: else a visitor would
 * have memory for the asking. */
static size_t body_max_of(const struct call *c)
{
	if (c->who.role == ROLE_NOBODY) {
		return CALL_BODY_NOBODY_MAX;
	}
	bool is_large =
		route_list_has(CALL_LARGE_ROUTES, c->route->path) && c->who.role >= ROLE_OPERATOR;
	return is_large ? CALL_BODY_LARGE_MAX : CALL_BODY_MAX;
}

static bool is_body_small(struct exchange *e)
{
	uint64_t len = 0;
	const char *given = field(e, "Content-Length");
	e->body_max = body_max_of(e->call);
	if (given != NULL && (!number_parse(given, &len) || len > e->body_max)) {
		refuse_size(e);
		return false;
	}
	return true;
}

/* --- What is asked for --- */

static bool find_page(struct exchange *e, const char *url)
{
	e->redirect = page_folder(url);
	e->page = page_find(url);
	return e->page != NULL || e->redirect != NULL;
}

/* False when it was answered. */
static bool find_call(struct exchange *e, const char *url)
{
	struct http *h = e->http;
	if (!is_header_small(e, url)) {
		call_fail(e->call, 431, "size", "the header is larger than %zu octets",
			  HTTP_HEADER_MAX);
		return false;
	}
	uint64_t key = buckets_addr_key(&h->by_address, &e->client->addr);
	return is_within(e, &h->by_address, key, "this address") && call_find(e->call, url) &&
	       identify(e) && call_admit(e->call) && take_query(e) && take_conditions(e) &&
	       is_body_small(e);
}

/* The method of a page or call; HEAD is GET's, of which libmicrohttpd sends the header alone. */
static enum call_method method_of(const char *text)
{
	enum call_method method = CALL_METHOD_COUNT;
	(void)call_method_parse(strcmp(text, "HEAD") == 0 ? "GET" : text, &method);
	return method;
}

static bool has_body(const struct exchange *e)
{
	const char *len = field(e, "Content-Length");
	return (len != NULL && strcmp(len, "0") != 0) || field(e, "Transfer-Encoding") != NULL;
}

/* A body that is too large, of somebody with a token, and not as large as nobody's may be. */
static bool is_droppable(const struct exchange *e)
{
	uint64_t len = 0;
	const char *given = field(e, "Content-Length");
	return e->call->status == 413 && e->call->who.role != ROLE_NOBODY &&
	       (given == NULL || (number_parse(given, &len) && len <= CALL_BODY_LARGE_MAX));
}

static enum MHD_Result send_refusal(struct exchange *e)
{
	if (e->http->now < e->due) {
		exchange_suspend(e, EXCHANGE_HELD);
		return MHD_YES;
	}
	return answer_send(e);
}

static enum MHD_Result begin(struct exchange *e, const char *url, const char *method)
{
	struct http *h = e->http;
	e->client->deadline = h->now + BODY_US;
	e->call = call_new(h->env, method_of(method));
	e->call->is_known = answer_is_known;
	if (!is_framed(e)) {
		return send_refusal(e);
	}
	bool is_page = strncmp(url, "/api/", 5) != 0 && find_page(e, url);
	if (is_page && e->call->method == CALL_GET) {
		uint64_t key = buckets_addr_key(&h->by_address, &e->client->addr);
		if (is_within(e, &h->by_address, key, "this address")) {
			return MHD_YES;
		}
		e->page = NULL;
		e->redirect = NULL;
	} else if (is_page) {
		e->page = NULL;
		e->redirect = NULL;
		e->call->allowed = 1U << CALL_GET;
		call_fail(e->call, 405, "method", "pages are for GET");
	} else if (find_call(e, url)) {
		return MHD_YES;
	}
	/* An answer before the body costs the connection, and who still sends might never read it:
	 * a customer with too large a file has it taken and dropped first. */
	return has_body(e) && !is_droppable(e) ? send_refusal(e) : MHD_YES;
}

/* --- The body --- */

static enum MHD_Result take_body(struct exchange *e, const char *data, size_t len)
{
	if (e->call->answer != ANSWER_NONE || e->page != NULL) {
		return MHD_YES; /* Nobody reads it. */
	}
	if (len > e->body_max - e->body_len) {
		/* In chunks, without a length: refused when it is all here, or cut off. */
		refuse_size(e);
		return MHD_YES;
	}
	if (e->body_size - e->body_len < len) {
		e->body_size = e->body_size * 2 + len;
		e->body = realloc(e->body, e->body_size);
		ASSERT(e->body != NULL);
	}
	memcpy(e->body + e->body_len, data, len);
	e->body_len += len;
	return MHD_YES;
}

static void on_answered(struct call *c)
{
	exchange_resume(c->carrier);
}

static bool is_feed_free(const struct exchange *e)
{
	unsigned of_address = 0;
	for (const struct exchange *x = e->http->exchange; x != NULL; x = x->next) {
		of_address += x != e && x->call->answer == ANSWER_FEED &&
			      x->client->key == e->client->key;
	}
	return e->http->counts.feeds < HTTP_FEEDS_MAX && of_address < HTTP_FEEDS_BY_ADDRESS;
}

/* A body takes its time, as long as its sender likes: the token may have ended since. */
static bool is_known_still(struct exchange *e)
{
	struct http *h = e->http;
	if (e->token == NULL || who_of_token(h->env, e->token, h->now_s, &e->call->who)) {
		return true;
	}
	call_fail(e->call, 401, "token", "the token has ended");
	return false;
}

/* The request is whole. */
static enum MHD_Result run(struct exchange *e)
{
	struct call *c = e->call;
	const char *type = field(e, "Content-Type");
	e->client->deadline = USEC_NEVER;
	if (e->page != NULL || e->redirect != NULL) {
		return answer_send(e);
	}
	if (c->answer != ANSWER_NONE) {
		return send_refusal(e);
	}
	if (is_known_still(e) &&
	    call_take_body(c, type != NULL ? type : "", span_of(e->body, e->body_len))) {
		call_run(c, e->http->now, e->http->now_s);
	}
	if (c->answer == ANSWER_NONE) {
		c->carrier = e;
		c->answered = on_answered;
		exchange_suspend(e, EXCHANGE_WAITING);
		return MHD_YES;
	}
	if (c->answer == ANSWER_FEED && !is_feed_free(e)) {
		call_revoke(c);
		call_fail(c, 429, "rate", "too many event streams");
	}
	e->http->counts.feeds += c->answer == ANSWER_FEED;
	return answer_send(e);
}

enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
				const char *method, const char *version, const char *data,
				size_t *size, void **con_cls)
{
	(void)version;
	struct exchange *e = *con_cls;
	if (e == NULL) {
		e = exchange_new(cls, connection);
		*con_cls = e;
		return begin(e, url, method);
	}
	if (*size > 0) {
		enum MHD_Result result = take_body(e, data, *size);
		*size = 0;
		return result;
	}
	if (e->state == EXCHANGE_READING) {
		return run(e);
	}
	return answer_send(e);
}

/* --- Turns --- */

void exchange_step(struct exchange *e)
{
	struct http *h = e->http;
	switch (e->state) {
	case EXCHANGE_HELD:
		if (h->now >= e->due) {
			exchange_resume(e);
		}
		return;
	case EXCHANGE_BEGIN:
		if (call_begin_job(e->call, &e->reply, h->now)) {
			exchange_resume(e);
		}
		epoch_quiescent();
		return;
	case EXCHANGE_IDLE:
		if (e->call->answer != ANSWER_FEED || answer_feed(e)) {
			e->state = EXCHANGE_SENDING;
			exchange_resume(e);
		}
		return;
	default:
		return;
	}
}
