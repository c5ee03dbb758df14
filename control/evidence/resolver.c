#include "control/evidence/resolver.h"

#include <stdio.h>
#include <stdlib.h>

#include <unbound.h>

#include "rib/base/check.h"

#define TYPE_TXT    16 /* RFC 1035 §3.2.2 */
#define CLASS_IN    1
#define RECORDS_MAX 64

struct question {
	struct resolver *resolver;
	resolver_answer *fn; /* NULL: free. */
	void *context;
	int id; /* libunbound's. */
	usec_t deadline;
};

struct resolver {
	struct ub_ctx *ctx;
	usec_t timeout_us;
	struct question asked[RESOLVER_ASKED_MAX];
};

/* Empty zones that libunbound has by itself for addresses that are nobody's (RFC 6303): here they
 * are what the configured servers say. */
static const char *const OPENED[] = {
	"8.b.d.0.1.0.0.2.ip6.arpa.",
	"2.0.192.in-addr.arpa.",
	"100.51.198.in-addr.arpa.",
	"113.0.203.in-addr.arpa.",
};

/* 0, or libunbound's error. */
static int configure(struct ub_ctx *ctx, const struct resolver_opts *o)
{
	static const char *const option[][2] = {
		{"cache-max-ttl:", "30"},
		{"cache-max-negative-ttl:", "5"},
		{"unblock-lan-zones:", "yes"},
		{"insecure-lan-zones:", "yes"},
		{"do-not-query-localhost:", "no"},
		{"module-config:", "validator iterator"},
		{"use-syslog:", "no"},
	};
	int err = ub_ctx_async(ctx, 1); /* A thread: a process would carry our memory. */
	for (unsigned i = 0; err == 0 && i < ARRAY_COUNT(option); i++) {
		err = ub_ctx_set_option(ctx, option[i][0], option[i][1]);
	}
	if (err == 0) {
		err = o->forward != NULL ? ub_ctx_set_fwd(ctx, o->forward)
					 : ub_ctx_resolvconf(ctx, NULL);
	}
	if (err == 0 && o->trust_anchor != NULL) {
		err = ub_ctx_add_ta_file(ctx, o->trust_anchor);
	}
	/* Last: the first of these ends the time of options. */
	for (unsigned i = 0; err == 0 && i < ARRAY_COUNT(OPENED); i++) {
		err = ub_ctx_zone_remove(ctx, OPENED[i]);
	}
	return err;
}

/* libunbound reads the file when the first question is asked, and then answers none. */
static bool is_readable(const char *path, char *why, size_t why_len)
{
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	if (path != NULL && file == NULL) {
		(void)snprintf(why, why_len, "cannot read the trust anchor %s", path);
		return false;
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return true;
}

struct resolver *resolver_new(const struct resolver_opts *opts, char *why, size_t why_len)
{
	if (!is_readable(opts->trust_anchor, why, why_len)) {
		return NULL;
	}
	struct resolver *r = calloc(1, sizeof(*r));
	ASSERT(r != NULL);
	r->timeout_us = opts->timeout_us;
	r->ctx = ub_ctx_create();
	int err = r->ctx != NULL ? configure(r->ctx, opts) : UB_NOMEM;
	if (err != 0) {
		(void)snprintf(why, why_len, "the resolver cannot be set up: %s", ub_strerror(err));
		resolver_free(r);
		return NULL;
	}
	(void)ub_ctx_debuglevel(r->ctx, 0);
	(void)ub_ctx_debugout(r->ctx, NULL);
	return r;
}

void resolver_free(struct resolver *r)
{
	if (r != NULL) {
		ub_ctx_delete(r->ctx);
		free(r);
	}
}

int resolver_fd(const struct resolver *r)
{
	return ub_fd(r->ctx);
}

static void tell(struct question *q, const struct txt_reply *reply)
{
	resolver_answer *fn = q->fn;
	void *context = q->context;
	*q = (struct question){.resolver = q->resolver};
	fn(context, reply);
}

static const char *failure(int err, const struct ub_result *result)
{
	if (err != 0) {
		return ub_strerror(err);
	}
	switch (result->rcode) {
	case 2:
		return "the name server answers SERVFAIL, or none answers";
	case 5:
		return "the name server refuses";
	default:
		return "the name server answers with an error";
	}
}

static void answered(void *context, int err, struct ub_result *result)
{
	struct question *q = context;
	struct span record[RECORDS_MAX];
	struct txt_reply reply = {.record = record};
	if (err != 0) {
		reply.status = TXT_FAILED;
		reply.why = failure(err, NULL);
	} else if (result->bogus) {
		reply.status = TXT_BOGUS;
		reply.why = result->why_bogus != NULL ? result->why_bogus : "no reason is given";
	} else if (result->havedata) {
		while (reply.count < RECORDS_MAX && result->data[reply.count] != NULL) {
			record[reply.count] = span_of(result->data[reply.count],
						      (size_t)result->len[reply.count]);
			reply.count++;
		}
	} else if (result->nxdomain || result->rcode == 0) {
		reply.status = TXT_NOTHING;
	} else {
		reply.status = TXT_FAILED;
		reply.why = failure(0, result);
	}
	reply.is_secure = err == 0 && result->secure;
	if (q->fn != NULL) {
		tell(q, &reply);
	}
	ub_resolve_free(result);
}

bool resolver_ask(struct resolver *r, const char *name, resolver_answer *fn, void *context,
		  usec_t now)
{
	for (unsigned i = 0; i < RESOLVER_ASKED_MAX; i++) {
		struct question *q = &r->asked[i];
		if (q->fn != NULL) {
			continue;
		}
		*q = (struct question){.resolver = r,
				       .fn = fn,
				       .context = context,
				       .deadline = now + r->timeout_us};
		int err = ub_resolve_async(r->ctx, name, TYPE_TXT, CLASS_IN, q, answered, &q->id);
		if (err != 0) {
			*q = (struct question){.resolver = r};
		}
		return err == 0;
	}
	return false;
}

void resolver_forget(struct resolver *r, const void *context)
{
	for (unsigned i = 0; i < RESOLVER_ASKED_MAX; i++) {
		struct question *q = &r->asked[i];
		if (q->fn != NULL && q->context == context) {
			(void)ub_cancel(r->ctx, q->id);
			*q = (struct question){.resolver = r};
		}
	}
}

void resolver_step(struct resolver *r, usec_t now)
{
	static const struct txt_reply late = {.status = TXT_FAILED,
					      .why = "no name server answered in time"};
	if (ub_poll(r->ctx)) {
		(void)ub_process(r->ctx);
	}
	for (unsigned i = 0; i < RESOLVER_ASKED_MAX; i++) {
		struct question *q = &r->asked[i];
		if (q->fn != NULL && now >= q->deadline) {
			(void)ub_cancel(r->ctx, q->id);
			tell(q, &late);
		}
	}
}
