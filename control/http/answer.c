/* Answers as libmicrohttpd's responses: documents, bytes, pages, rows while they come, events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/who.h"
#include "control/http/exchange.h"
#include "control/http/fields.h"
#include "rib/base/check.h"
#include "rib/base/epoch.h"

#define BLOCK_BYTES ((size_t)32 * 1024)

static void put(struct MHD_Response *r, const char *name, const char *value)
{
	(void)MHD_add_response_header(r, name, value);
}

static enum MHD_Result queue(struct exchange *e, int status, struct MHD_Response *r, size_t len)
{
	exchange_expect(e, len);
	put(r, "X-Content-Type-Options", "nosniff");
	put(r, "Referrer-Policy", "no-referrer");
	if (e->is_last) {
		put(r, "Connection", "close");
	}
	enum MHD_Result result = MHD_queue_response(e->connection, (unsigned)status, r);
	MHD_destroy_response(r);
	e->state = EXCHANGE_SENDING;
	return result;
}

/* --- Pages --- */

static enum MHD_Result send_redirect(struct exchange *e)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	put(r, "Location", e->redirect);
	return queue(e, 308, r, 0);
}

static enum MHD_Result send_page(struct exchange *e)
{
	const char *known =
		MHD_lookup_connection_value(e->connection, MHD_HEADER_KIND, "If-None-Match");
	bool is_known = known != NULL && tag_none_match(known, e->page->tag);
	/* MHD does not write to it. */
	union {
		const unsigned char *in;
		void *out;
	} data = {.in = e->page->data};
	struct MHD_Response *r = MHD_create_response_from_buffer(is_known ? 0 : e->page->len,
								 data.out, MHD_RESPMEM_PERSISTENT);
	put(r, "Content-Type", e->page->media_type);
	put(r, "ETag", e->page->tag);
	put(r, "Cache-Control", "no-cache");
	put(r, "Content-Security-Policy", page_policy);
	put(r, "Cross-Origin-Opener-Policy", "same-origin");
	return queue(e, is_known ? 304 : 200, r, e->page->len);
}

/* --- Calls --- */

static void put_allowed(struct MHD_Response *r, unsigned allowed)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "%s%s%s%s",
		       (allowed & 1U << CALL_GET) != 0 ? ", GET, HEAD" : "",
		       (allowed & 1U << CALL_POST) != 0 ? ", POST" : "",
		       (allowed & 1U << CALL_PATCH) != 0 ? ", PATCH" : "",
		       (allowed & 1U << CALL_DELETE) != 0 ? ", DELETE" : "");
	put(r, "Allow", text + 2);
}

static void put_fields(const struct exchange *e, struct MHD_Response *r)
{
	const struct call *c = e->call;
	char text[24], tag[TAG_MAX];
	bool has_tag = c->revision != 0 && c->status < 400;
	if (has_tag) {
		put(r, "ETag", tag_format(c->revision, c->state_revision, tag));
	}
	/* A tag is for asking again; what has none is for once, as are the answers of changes: keys
	 * and tokens are in these alone. */
	put(r, "Cache-Control",
	    has_tag && c->method == CALL_GET ? "private, no-cache" : "no-store");
	put(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	if (c->location != NULL) {
		put(r, "Location", c->location);
	}
	if (c->retry_after_s != 0) {
		(void)snprintf(text, sizeof(text), "%u", c->retry_after_s);
		put(r, "Retry-After", text);
	}
	if (c->status == 401) {
		put(r, "WWW-Authenticate", "Bearer realm=\"causeway\"");
	}
	if (c->status == 405 && c->allowed != 0) {
		put_allowed(r, c->allowed);
	}
}

bool answer_is_known(const struct call *c)
{
	char tag[TAG_MAX];
	return c->method == CALL_GET && c->revision != 0 && c->if_none_match != NULL &&
	       tag_none_match(c->if_none_match, tag_format(c->revision, c->state_revision, tag));
}

static enum MHD_Result send_kept(struct exchange *e)
{
	struct call *c = e->call;
	struct MHD_Response *r =
		MHD_create_response_from_buffer(c->text_len, c->text, MHD_RESPMEM_PERSISTENT);
	put(r, "Content-Type", "application/json");
	put_fields(e, r);
	return queue(e, c->status, r, c->text_len);
}

static enum MHD_Result send_document(struct exchange *e)
{
	struct call *c = e->call;
	if (c->text != NULL) {
		return send_kept(e);
	}
	/* RFC 9110 §13.2.2: only what would have been 200 becomes 304. */
	bool is_short = c->status == 200 && answer_is_known(c);
	char *text = c->json != NULL && !is_short ? json_dumps(c->json, JSON_COMPACT) : NULL;
	size_t len = text != NULL ? strlen(text) : 0;
	if (is_short) {
		c->status = 304;
	}
	if (text != NULL) {
		text[len++] = '\n'; /* In place of the terminator. */
	}
	struct MHD_Response *r = MHD_create_response_from_buffer(
		len, text, text != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (text != NULL) {
		put(r, "Content-Type",
		    c->answer_type != NULL ? c->answer_type : "application/json");
	}
	put_fields(e, r);
	return queue(e, c->status, r, len);
}

static enum MHD_Result send_bytes(struct exchange *e)
{
	struct call *c = e->call;
	struct MHD_Response *r =
		MHD_create_response_from_buffer(c->bytes_len, c->bytes, MHD_RESPMEM_MUST_FREE);
	c->bytes = NULL;
	put(r, "Content-Type", c->answer_type);
	put_fields(e, r);
	return queue(e, c->status, r, c->bytes_len);
}

/* --- Streams --- */

static ssize_t take_waiting(struct exchange *e, char *to, size_t max)
{
	size_t len = e->reply.end - e->reply.begin;
	len = len < max ? len : max;
	memcpy(to, e->reply.data + e->reply.begin, len);
	e->reply.begin += len;
	if (e->reply.begin == e->reply.end) {
		e->reply.begin = 0;
		e->reply.end = 0;
	}
	return (ssize_t)len;
}

/* The client's socket has room: a slice of the job, when nothing waits.  A slice without a row is
 * no reason to come back before the next turn. */
static ssize_t read_job(void *cls, uint64_t position, char *to, size_t max)
{
	(void)position;
	struct exchange *e = cls;
	struct call *c = e->call;
	if (e->reply.begin == e->reply.end && !e->reply.is_ended) {
		(void)c->job->step(c->job, c->env, &e->reply, e->http->now);
		epoch_quiescent();
	}
	if (e->reply.begin < e->reply.end) {
		exchange_expect(e, max);
		return take_waiting(e, to, max);
	}
	if (e->reply.is_ended) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	e->client->deadline = USEC_NEVER;
	exchange_suspend(e, EXCHANGE_IDLE);
	return 0;
}

static enum MHD_Result send_job(struct exchange *e)
{
	const char *type = e->call->answer_type;
	e->reply.form = type != NULL ? REPLY_TEXT : REPLY_DOCUMENT;
	if (!e->reply.has_begun) {
		bool has_begun = call_begin_job(e->call, &e->reply, e->http->now);
		epoch_quiescent();
		if (!has_begun) {
			exchange_suspend(e, EXCHANGE_BEGIN);
			return MHD_YES;
		}
		if (e->call->answer != ANSWER_JOB) {
			return answer_send(e);
		}
	}
	struct MHD_Response *r =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_job, e, NULL);
	put(r, "Content-Type", type != NULL ? type : "application/json");
	put_fields(e, r);
	return queue(e, 200, r, 0);
}

/* One event, as the standard of server-sent events has it: no line break is in compact JSON. */
static void put_event(struct reply *out, const struct call_event *event)
{
	char head[96];
	int len =
		snprintf(head, sizeof(head),
			 "id: %llu\nevent: %s\ndata: ", (unsigned long long)event->id, event->type);
	char *data = json_dumps(event->data, JSON_COMPACT);
	ASSERT(len > 0 && (size_t)len < sizeof(head) && data != NULL);
	reply_put(out, head, (size_t)len);
	reply_put(out, data, strlen(data));
	reply_put(out, "\n\n", 2);
	free(data);
	json_decref(event->data);
}

/* A token that has ended ends its streams, before they tell what happened since. */
static bool has_ended(const struct exchange *e)
{
	struct registry_author who;
	return e->token != NULL && !who_of_token(e->http->env, e->token, e->http->now_s, &who);
}

bool answer_feed(struct exchange *e)
{
	struct http *h = e->http;
	struct call_event event;
	struct call_feed *f = e->call->feed;
	while (!e->reply.is_ended && reply_has_room(&e->reply) && f->next(f, &event)) {
		e->reply.is_ended = has_ended(e);
		if (e->reply.is_ended) {
			json_decref(event.data);
		} else {
			put_event(&e->reply, &event);
		}
	}
	if (h->now >= e->due) {
		e->due = h->now + HEARTBEAT_US;
		e->reply.is_ended |= has_ended(e);
		reply_put(&e->reply, ":\n\n", 3);
	}
	return e->reply.is_ended || e->reply.begin < e->reply.end;
}

static ssize_t read_feed(void *cls, uint64_t position, char *to, size_t max)
{
	(void)position;
	struct exchange *e = cls;
	bool has_some = e->reply.begin < e->reply.end || answer_feed(e);
	if (e->reply.is_ended) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (has_some) {
		return take_waiting(e, to, max);
	}
	exchange_suspend(e, EXCHANGE_IDLE);
	return 0;
}

static enum MHD_Result send_feed(struct exchange *e)
{
	struct MHD_Response *r =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_feed, e, NULL);
	put(r, "Content-Type", "text/event-stream");
	put_fields(e, r);
	e->due = e->http->now; /* A first heartbeat says that the stream is open. */
	enum MHD_Result result = queue(e, 200, r, 0);
	e->client->deadline = USEC_NEVER; /* It has no end to wait for. */
	return result;
}

enum MHD_Result answer_send(struct exchange *e)
{
	if (e->redirect != NULL) {
		return send_redirect(e);
	}
	if (e->page != NULL) {
		return send_page(e);
	}
	switch (e->call->answer) {
	case ANSWER_JSON:
		return send_document(e);
	case ANSWER_BYTES:
		return send_bytes(e);
	case ANSWER_JOB:
		return send_job(e);
	default:
		ASSERT(e->call->answer == ANSWER_FEED);
		return send_feed(e);
	}
}
