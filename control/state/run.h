/* How the server last ended: state_dir/run.json, from which the next start knows whether it is a
 * restart (RFC 4724 §4.1).
 *
 * While the server runs the file says so, with the time and the neighbours whose sessions are
 * established, written again every few seconds; an end in order changes it to "restart" or
 * "shutdown".  What a killed server leaves behind is therefore "running" and recent: its members,
 * whose connections broke without a word, keep our routes, so that start is a restart, too.
 * Nothing depends on the file but that: one that cannot be read is as good as none. */
#pragma once

#include "control/state/state.h"

enum run_end { RUN_NONE, RUN_RUNNING, RUN_RESTART, RUN_SHUTDOWN };

struct run_record {
	enum run_end end;
	int64_t at_s;	       /* Seconds since 1970. */
	struct addr *neighbor; /* Whose sessions were established; owned. */
	unsigned count;
};

/* `*out` is RUN_NONE when there is no record. */
void run_read(const struct state *s, struct run_record *out);
/* Replace the file whole; only an end is worth waiting for the disk.  0 or −errno. */
int run_write(const struct state *s, const struct run_record *r);
void run_free(struct run_record *r);
/* Whether a start at `now_s` is a restart for members that keep our routes for `restart_s`. */
bool run_is_restart(const struct run_record *r, int64_t now_s, unsigned restart_s);
bool run_has(const struct run_record *r, const struct addr *addr);
