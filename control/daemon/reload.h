/* A reload of the running server: what the files say differently is found, shown, and applied, and
 * nothing else is touched.
 *
 * Whole or not at all: a faulty file, or one that asks for more than can be done while the server
 * runs, leaves everything as it is.  What is good is in force for control at once (the contents of
 * `config` are exchanged, and the roster follows), and goes to the workers as their rings take it
 * (membership.h).  Members that are not the files' are left alone, but for one whose address the
 * files begin to name, or cease to.
 *
 * Control thread. */
#pragma once

#include "control/api/job.h"
#include "control/daemon/membership.h"

struct reload_opts {
	struct server *server;
	struct config *config; /* In force; one object for good. */
	const struct roster *roster;
	struct membership *membership;
	const char *file;
	/* Who has an address that the files have left; NULL: nobody, or nobody ever does. */
	const struct config_client *(*heir)(void *context, const struct addr *ip);
	/* `config` has its new contents, and the old are freed when this returns: whoever borrows
	 * of them borrows anew.  NULL: nobody does. */
	void (*adopted)(void *context);
	/* The rules that another configuration would make; the caller's.  NULL: none are tried. */
	struct policy *(*rules_try)(void *context, const struct config *wanted);
	void *context;
};

struct reload;

/* Everything in `opts` is borrowed. */
struct reload *reload_new(const struct reload_opts *opts);
void reload_free(struct reload *r);
/* For the control socket. */
const struct api_reload *reload_api(const struct reload *r);
/* SIGHUP: as the control socket's, and what is found goes to the log.  While one is under way
 * another follows it. */
void reload_signal(struct reload *r);
/* A step; called in every turn of the control loop, after membership's. */
void reload_step(struct reload *r);
