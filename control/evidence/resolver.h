/* TXT look-ups by libunbound, which never block: it asks in a thread of its own, and what comes is
 * taken in the control loop.
 *
 * DNSSEC is validated from the configuration's trust anchor; without one every answer is insecure.
 * What libunbound remembers is kept short, so that who has just written a record need not wait. */
#pragma once

#include "control/evidence/txt.h"

#define RESOLVER_ASKED_MAX 32 /* At a time. */

struct resolver;

struct resolver_opts {
	const char *forward;	  /* "ADDR" or "ADDR@PORT"; NULL: as /etc/resolv.conf says. */
	const char *trust_anchor; /* A file of DS or DNSKEY records; NULL: none. */
	usec_t timeout_us;	  /* Of one question. */
};

/* The answer; borrowed until it returns. */
typedef void resolver_answer(void *context, const struct txt_reply *reply);

/* NULL with `why` when libunbound does not take the options. */
struct resolver *resolver_new(const struct resolver_opts *opts, char *why, size_t why_len);
/* Questions under way are never answered. */
void resolver_free(struct resolver *r);
int resolver_fd(const struct resolver *r); /* Readable when there are answers. */
/* False when as many as may be are under way. */
bool resolver_ask(struct resolver *r, const char *name, resolver_answer *fn, void *context,
		  usec_t now);
/* Nobody is told any more. */
void resolver_forget(struct resolver *r, const void *context);
/* Answers, and the end of questions that take too long. */
void resolver_step(struct resolver *r, usec_t now);
