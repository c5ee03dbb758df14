/* Proofs, looked at again and again: asks the world for the registry's evidence, and has written
 * into the registry what it says.
 *
 * Every prefix that its customer has submitted is visited once in the configured time, all of them
 * spread evenly over it; at once when it is new, when what it claims has changed, and when somebody
 * asks; and for ROAs when the RPKI's data change.  A visit looks at the kinds of evidence that the
 * configuration accepts: ROAs are looked up in what is in memory, DNS and IRR are asked (look.h).
 * Where a source fails, the prefix is visited again, later each time.
 *
 * What was found is written only when it says something new (record.h), so that a million checks
 * that find nothing new are no revision.  What it means (states, grace) is the registry's.
 *
 * The world is given as functions: the registrar, the rules and the RPKI's data.  Control thread;
 * it never waits.  Logs, once each, when a prefix loses a proof and has it again, and when a source
 * fails and is back. */
#pragma once

#include <poll.h>

#include "control/config/registry_conf.h"
#include "control/evidence/aut_num_ask.h"
#include "control/evidence/irr_ask.h"
#include "control/registry/plan.h"
#include "rib/policy/roa.h"

#define EVIDENCE_FDS_MAX (IRR_ASK_FDS_MAX + AUT_NUM_ASK_FDS_MAX + 1)

struct evidence;

/* As registrar_done. */
typedef void evidence_done(void *context, const struct registry_change *change,
			   const struct registry_error *error);

struct evidence_world {
	void *context;
	/* NULL: it is not loaded, or nothing can be written now. */
	const struct registry *(*registry)(void *context);
	const struct registry_rules *(*rules)(void *context);
	/* `*out_stale`: why the data are not to be relied on; NULL: they are. */
	struct roa *(*roa)(void *context, const char **out_stale);
	/* Of several servers on one registry one looks by itself; the others when somebody asks. */
	bool (*has_duty)(void *context);
	/* `c` and its body are borrowed until it returns; `done` comes later, once, unless `forget`
	 * comes before. */
	void (*submit)(void *context, const struct registry_command *c, evidence_done *done,
		       void *done_context);
	void (*forget)(void *context, void *done_context);
};

struct evidence_opts {
	struct evidence_world world;
	const struct registry_conf *conf; /* For the resolver; borrowed until it returns. */
	const struct irr_conf *irr;	  /* Borrowed until evidence_configure or _free. */
	uint64_t seed;			  /* Spreads visits; no secret. */
};

/* A resolver that cannot be set up is logged, and each look at DNS says so. */
struct evidence *evidence_new(const struct evidence_opts *o);
void evidence_free(struct evidence *e);
void evidence_configure(struct evidence *e, const struct irr_conf *irr);
/* The registry has changed; NULL: all is new. */
void evidence_changed(struct evidence *e, const struct registry_change *change);
/* Somebody asks for a visit of this prefix. */
void evidence_check_now(struct evidence *e, const char *id);
unsigned evidence_fds(const struct evidence *e, struct pollfd out[EVIDENCE_FDS_MAX]);
/* One turn; true when there is more to do at once. */
bool evidence_step(struct evidence *e, usec_t now, int64_t now_s);

struct evidence_numbers {
	uint64_t checks[EVIDENCE_TYPE_COUNT]; /* Looks that ended. */
	uint64_t errors[EVIDENCE_TYPE_COUNT]; /* Those whose source failed. */
	uint64_t written, refused;
	size_t waiting;	 /* On the agenda. */
	unsigned alarms; /* Sources that fail. */
};
struct evidence_numbers evidence_numbers(const struct evidence *e);
/* What the source of this kind fails with; NULL: it answers.  Borrowed until the next step. */
const char *evidence_failing(const struct evidence *e, enum evidence_type type);
