/* The registry's only writer: commands go in, changes come out, in the control thread.
 *
 * A command waits in a queue, is planned on the registry as it is then, kept by the store, applied,
 * told to those who listen, and answered, in this order: what was answered is on disk, and what is
 * in the registry is, too.  One commit is under way at a time.  Other servers' changes on the same
 * database are applied as they come; a command that they overtook is planned again.
 *
 * While the database is away the registry stays as it was, and commands are refused.  What is due
 * by time alone (VERB_TICK) the registrar commands itself. */
#pragma once

#include <poll.h>

#include "control/registry/plan.h"
#include "control/store/store.h"

#define REGISTRAR_QUEUE_MAX 1024
#define REGISTRAR_ITEMS_MAX 10000 /* Of one change. */
#define REGISTRAR_FDS_MAX   1

struct registrar;

enum registrar_state {
	REGISTRAR_LOADING, /* There is no registry yet. */
	REGISTRAR_READY,
	REGISTRAR_READ_ONLY, /* The database is away. */
	REGISTRAR_BROKEN,    /* It must not be used; what was loaded stays. */
};

/* `store` is the registrar's from now on; `rules` are borrowed. */
struct registrar *registrar_new(struct store *store, const struct registry_rules *rules);
/* Askers that were not answered are not answered any more. */
void registrar_free(struct registrar *r);
void registrar_set_rules(struct registrar *r, const struct registry_rules *rules);
const struct registry_rules *registrar_rules(const struct registrar *r);
/* Never NULL; empty until something is loaded.  Good until the next step. */
const struct registry *registrar_registry(const struct registrar *r);
/* `why` (may be NULL) is "" when READY; else for people, and borrowed. */
enum registrar_state registrar_state(const struct registrar *r, const char **why);
const char *registrar_state_text(enum registrar_state state); /* "ready", "read-only" */

/* Whether this server is the one of several on one database that does what one alone should do. */
bool registrar_has_duty(const struct registrar *r);

/* For status and metrics. */
struct registrar_counts {
	uint64_t commits, failures, conflicts, foreign, refused, slow;
	unsigned queued;
	int64_t away_since_s; /* 0: it is not. */
	uint64_t commit_us_last, commit_us_max;
};
void registrar_count(const struct registrar *r, struct registrar_counts *out);

/* One of both is NULL; both are borrowed until it returns.  A change without items: nothing was to
 * be done.  A change without secrets where there should be some: it answers a key again. */
typedef void registrar_done(void *context, const struct registry_change *change,
			    const struct registry_error *error);

struct registrar_command {
	struct registry_command command; /* Texts are copied, the body is held; not `undo`. */
	uint64_t undo_of;		 /* VERB_UNDO: the revision. */
	bool is_dry_run;
};

/* `done` is called in a later step, exactly once, unless the asker is forgotten.  `done` may submit
 * again.  More than REGISTRAR_QUEUE_MAX are refused (429), as is everything that changes while the
 * database is away (503). */
void registrar_submit(struct registrar *r, const struct registrar_command *c, registrar_done *done,
		      void *context);
/* The asker is gone: commands and questions go on, nobody is told. */
void registrar_forget(struct registrar *r, void *context);
/* After each change that was applied, before it is answered; NULL: all is new. */
typedef void registrar_changed(void *context, const struct registry_change *change);
void registrar_listen(struct registrar *r, registrar_changed *changed, void *context);
void registrar_unlisten(struct registrar *r, void *context);

/* Changes that were asked for, the newest first, borrowed; `next`: there are more before it. */
typedef void registrar_found(void *context, struct registry_change *const *change, size_t count,
			     uint64_t next, const struct registry_error *error);
void registrar_changes(struct registrar *r, const struct store_question *q, registrar_found *found,
		       void *context);
/* A document's data, base64. */
typedef void registrar_data(void *context, const char *data, const struct registry_error *error);
void registrar_document(struct registrar *r, const char *id, registrar_data *found, void *context);

unsigned registrar_fds(const struct registrar *r, struct pollfd *out); /* REGISTRAR_FDS_MAX */
/* One turn; true when something was done.  `now_s` is the time of day. */
bool registrar_step(struct registrar *r, usec_t now, int64_t now_s);
/* When the next step is wanted without news; USEC_NEVER: none. */
usec_t registrar_due(const struct registrar *r);
