/* A request and its answer, whatever brought it: HTTP, or the control socket.
 *
 * Who brings it (the carrier) makes a call, gives it what was sent, and runs it once.  The route's
 * handler answers at once, or keeps the call and answers in a later turn of the control loop; a
 * call has one answer: JSON, bytes, a problem, the rows of a job, or a feed of events.  A handler
 * that keeps a call sets `gone`, and must not touch the call after it was called.
 *
 * Control thread.  A handler runs online (epoch). */
#pragma once

#include "control/api/job.h"
#include "control/api/route.h"
#include "control/registry/change.h"
#include "control/registry/error.h"

#define CALL_QUERY_MAX	     16		    /* Members of a query. */
#define CALL_BODY_NOBODY_MAX ((size_t)4096) /* Without a token. */
#define CALL_BODY_MAX	     ((size_t)1 << 20)
#define CALL_BODY_LARGE_MAX  ((size_t)8 << 20) /* Of routes that say so. */
#define CALL_LARGE_ROUTES    "/import"
#define CALL_KEY_MAX	     80	 /* Of an Idempotency-Key, with the terminator. */
#define CALL_LIMIT_DEFAULT   100 /* Items of a list. */
#define CALL_LIMIT_MAX	     1000

/* One thing that happened. */
struct call_event {
	uint64_t id;	  /* Grows. */
	const char *type; /* "session" */
	json_t *data;	  /* The taker's. */
};

/* What a subscriber has not seen yet; asked in every turn of the loop. */
struct call_feed {
	/* The next event; false: there is none now. */
	bool (*next)(struct call_feed *f, struct call_event *out);
	void (*free)(struct call_feed *f);
};

enum answer_kind {
	ANSWER_NONE, /* Not yet. */
	ANSWER_JSON,
	ANSWER_BYTES,
	ANSWER_JOB,
	ANSWER_FEED,
};

struct call {
	const struct api_env *env;
	struct registry_author who;
	usec_t now; /* When it was run. */
	int64_t now_s;

	/* The request. */
	enum call_method method;
	const struct route *route;
	char *path; /* "/prefixes/p-…", behind /api/v1; `arg` points into it. */
	const char *arg[ROUTE_ARGS_MAX]; /* What stands for {id} and so on. */
	struct {
		char *name, *value;
	} query[CALL_QUERY_MAX];
	unsigned query_count;
	json_t *body;		/* NULL: none, or not JSON. */
	const char *media_type; /* Of `raw`; borrowed of the carrier. */
	struct span raw;	/* The body as it came, borrowed of the carrier. */
	char request_key[CALL_KEY_MAX];
	bool is_dry_run;
	uint64_t if_revision;	   /* If-Match; 0: any. */
	const char *if_none_match; /* NULL: not given. */
	uint64_t last_event;	   /* Last-Event-ID; 0: not given. */
	uid_t uid;		   /* Of the control socket. */

	/* The handler's, while it owes an answer. */
	void *context;
	void (*gone)(struct call *c); /* Nobody waits any more: forget the call. */

	/* The answer, for the carrier; made by the functions below. */
	enum answer_kind answer;
	int status;
	json_t *json;
	char *text; /* The same with its line end, kept by somebody for good; NULL: to be made. */
	size_t text_len;
	char *bytes;
	size_t bytes_len;
	const char *answer_type; /* Media type. */
	struct job *job;
	struct call_feed *feed;
	uint64_t revision;		 /* ETag; 0: none. */
	uint64_t state_revision;	 /* Of what else is shown; 0: nothing. */
	char *location;			 /* NULL: none. */
	unsigned retry_after_s, allowed; /* Bits of methods, with 405. */

	/* The carrier's: whether who asks has the answer of `revision` and `state_revision` already
	 * (NULL: it cannot say); and who is told once when the answer is there. */
	bool (*is_known)(const struct call *c);
	void (*answered)(struct call *c);
	void *carrier;
};

/* --- Handlers --- */

/* A member of the query; NULL: not given. */
const char *call_query(const struct call *c, const char *name);
/* A number in the query from `min` to `max`, or `otherwise` without one.  False: a problem was
 * answered. */
bool call_query_number(struct call *c, const char *name, struct call_range range, uint64_t *out);
/* Whether `name` is `true` in the query (what is neither true nor false was refused before). */
bool call_query_is(const struct call *c, const char *name);

/* With the revisions set: whether the answer need not be made, for who asks has it.  Then it is 200
 * without a body. */
bool call_is_known(const struct call *c);
void call_answer(struct call *c, int status, json_t *body); /* Takes `body`; NULL: 204's. */
/* `bytes` is malloc's, and taken; `media_type` lives for ever. */
void call_answer_bytes(struct call *c, const char *media_type, char *bytes, size_t len);
/* A problem (RFC 9457) by its members; copied. */
void call_problem(struct call *c, const struct registry_error *e);
/* The same of a status, a reason, and printf's text. */
void call_fail(struct call *c, int status, const char *reason, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The job's rows as {…head…, "rows": […], "status", "text", "next_cursor"}; a job that ends badly
 * before its first row is a problem (not_found: 404, usage: 400, refused: 409).  Takes `j`. */
void call_stream(struct call *c, struct job *j);
/* The "text" of the job's rows, and nothing around it; `media_type` lives for ever. */
void call_stream_text(struct call *c, const char *media_type, struct job *j);
/* An endless answer; takes `f`. */
void call_subscribe(struct call *c, struct call_feed *f);

/* --- Carriers --- */

struct call *call_new(const struct api_env *env, enum call_method method);
/* Ends what is under way (`gone`, job, feed). */
void call_free(struct call *c);
/* Find the route of "/api/v1/…".  False: a problem (404, 405) is answered. */
bool call_find(struct call *c, const char *path);
/* False: too many. */
bool call_add_query(struct call *c, const char *name, const char *value);
/* Understand a body by the route's form.  False: a problem (400, 415) is answered. */
bool call_take_body(struct call *c, const char *media_type, struct span raw);
/* Check who asks, and the query; run the handler.  There may be an answer afterwards, or `answered`
 * is called in a later turn. */
void call_run(struct call *c, usec_t now, int64_t now_s);
/* A step of the answer's job into a reply that is not of lines; true when the document has begun,
 * or the answer has become a problem (then ANSWER_JSON).  Not after that. */
bool call_begin_job(struct call *c, struct reply *out, usec_t now);
/* Take back an answer that was not given: another may follow. */
void call_revoke(struct call *c);
/* Whether the route is open to who asks.  False: a problem (401, 403) is answered. */
bool call_admit(struct call *c);
