/* A program run beside the server: bounded in time and in what it may say, never waited for.
 *
 * The control loop asks child_fds() what to wait for and calls child_serve(), which takes what the
 * pipes have.  There is no shell; the program gets no descriptor of ours, an empty signal mask, a
 * process group of its own and a lower priority than the server. */
#pragma once

#include <poll.h>

#include "rib/base/units.h"

#define CHILD_FDS 2 /* Its output and its complaints. */

enum child_state { CHILD_RUNS, CHILD_DONE, CHILD_FAILED };

struct child_opts {
	char *const *argv; /* argv[0] is looked up in PATH; NULL ends. */
	usec_t timeout_us;
	size_t output_max; /* More than that is a failure. */
};

struct child;

/* NULL when it cannot be started; `why` says so. */
struct child *child_start(const struct child_opts *opts, usec_t now, char *why, size_t why_len);
/* Ends it, when it still runs. */
void child_free(struct child *c);
unsigned child_fds(const struct child *c, struct pollfd out[CHILD_FDS]);
/* Never blocks.  DONE: it ended with status 0. */
enum child_state child_serve(struct child *c, usec_t now);
/* What it wrote so far, with a NUL behind it; borrowed until child_free. */
const char *child_output(const struct child *c, size_t *out_len);
/* The first lines of its complaints; "" when there are none.  Any bytes but NUL. */
const char *child_complaints(const struct child *c);
/* FAILED: why, in words. */
const char *child_why(const struct child *c);
