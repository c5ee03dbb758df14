/* What survives a restart: state_dir/members.json, the neighbours that an operator disabled.
 *
 * The file has a format version.  A newer one is refused with the way back, never guessed at; a
 * damaged one is refused with the remedy.  Every change is on disk (written aside, synced, renamed)
 * before it is acknowledged, so after a crash the file is the old one or the new one.  A lock in
 * the directory keeps a second server off. */
#pragma once

#include <sys/types.h>

#include "rib/base/addr.h"

#define STATE_FORMAT	 1
#define STATE_REASON_MAX 128 /* With the terminator; RFC 9003's text has at most 127 octets. */

struct state_disabled {
	struct addr addr;
	char reason[STATE_REASON_MAX];
	int64_t since; /* Seconds since 1970. */
};

struct state;

/* Open (and make, when it is missing) the directory, lock it and read what is there.  0 with
 * *out_state, or −errno and `why` says what is wrong and what to do: −EBUSY when another server
 * runs on it, −ENOTSUP for a newer format, −EBADMSG for a damaged file. */
int state_open(const char *dir, struct state **out_state, char *why, size_t why_len);
void state_close(struct state *s);
/* Hand directory and files to the user the server is going to run as.  0 or −errno. */
int state_chown(struct state *s, uid_t uid, gid_t gid);
/* The open directory, for run.c. */
int state_dir_fd(const struct state *s);
/* The entry of a disabled neighbour, or NULL.  Borrowed until the next change. */
const struct state_disabled *state_find(const struct state *s, const struct addr *addr);
unsigned state_count(const struct state *s);
/* Change and save.  0, or −errno and nothing changed. */
int state_disable(struct state *s, const struct addr *addr, const char *reason, int64_t now_s);
int state_enable(struct state *s, const struct addr *addr);
