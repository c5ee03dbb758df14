/* Route objects of AS numbers, asked for by bgpq4 (control/irr/fetch.h) and remembered a while, so
 * that all prefixes of one origin share a question.
 *
 * Two questions may be asked of a number: its objects in the trusted sources, which are those of
 * the configuration's section `irr`, and, to tell a missing object from one elsewhere, in any
 * source that the server has.  Control thread; it never waits. */
#pragma once

#include <poll.h>

#include "control/irr/conf.h"
#include "control/irr/fetch.h"
#include "rib/base/addr.h"

#define IRR_ASK_CHILDREN 2 /* At a time. */
#define IRR_ASK_FDS_MAX	 (IRR_ASK_CHILDREN * CHILD_FDS)

struct irr_ask;

enum irr_ask_state { IRR_ASK_WAIT, IRR_ASK_GOOD, IRR_ASK_FAILED };

struct irr_ask_answer {
	enum irr_ask_state state;
	const char *why;	     /* FAILED. */
	const struct irr_list *list; /* GOOD: of the family. */
};

struct irr_ask *irr_ask_new(const struct irr_conf *conf);
void irr_ask_free(struct irr_ask *a);
/* Another configuration: what is remembered, and what is under way, is of the old one. */
void irr_ask_configure(struct irr_ask *a, const struct irr_conf *conf);
/* The answer when there is one not older than `age_us`; else it is asked for, and the caller comes
 * again.  Borrowed until the next irr_ask_step. */
struct irr_ask_answer irr_ask_get(struct irr_ask *a, asn_t asn, bool is_any, enum family family,
				  usec_t age_us, usec_t now);
unsigned irr_ask_fds(const struct irr_ask *a, struct pollfd out[IRR_ASK_FDS_MAX]);
/* True when there is more to do at once. */
bool irr_ask_step(struct irr_ask *a, usec_t now);
