/* The registry in the running server: a source of clients and filters beside the files.
 *
 * Opens the store, runs the registrar, and follows what it applies: sessions become members, what
 * they may announce goes onto the desk (registry_members.h).  How long a change takes until every
 * worker judges by it is measured here.  When the store is away, what was loaded stays in force.
 * Control thread. */
#pragma once

#include "control/api/job.h"
#include "control/daemon/registry_members.h"
#include "control/daemon/rules.h"
#include "control/store/registrar.h"

#define REGISTRY_FDS_MAX REGISTRAR_FDS_MAX

struct registry_source;

/* When `c` has a registry.  NULL: it cannot be used, and `why` says why and what to do.  `c` is
 * borrowed; its contents may change (registry_source_adopt). */
struct registry_source *registry_source_open(const struct config *c, char *why, size_t why_len);
void registry_source_free(struct registry_source *s); /* NULL is fine. */
/* Wait for what is kept to be loaded, so that the first session is one of all: false when that
 * took too long, and is going on. */
bool registry_source_load(struct registry_source *s, usec_t (*clock)(void));
struct registrar *registry_source_registrar(const struct registry_source *s);
struct registry_members *registry_source_members(const struct registry_source *s);
/* There is a server: what comes from now on goes to it.  `clock` is for measuring. */
void registry_source_serve(struct registry_source *s, const struct registry_members_opts *opts,
			   struct rules *rules, usec_t (*clock)(void));
/* The contents of the configuration are others. */
void registry_source_adopt(struct registry_source *s);
unsigned registry_source_fds(const struct registry_source *s, struct pollfd *out);
/* When the next step is wanted without news. */
usec_t registry_source_due(const struct registry_source *s);
/* In every turn of the control loop, before the members' and the rules'. */
void registry_source_step(struct registry_source *s, usec_t now, int64_t now_s);
/* The same, behind the rules': what is in force by now. */
void registry_source_measure(struct registry_source *s);
struct registry_numbers registry_source_numbers(const struct registry_source *s);
