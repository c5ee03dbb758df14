/* Who the server runs as, and who may talk to it. */
#pragma once

#include <sys/types.h>

#include "control/config/config.h"

struct identity {
	bool is_changing; /* Root becomes `uid`. */
	bool stays_root;  /* There is nobody to become. */
	uid_t uid;
	gid_t gid;
	gid_t operator_gid, read_gid; /* The user's own group where none is configured. */
};

/* Look names up.  0, or −ENOENT for a name that does not exist, −EPERM for one that we may not
 * become; `why` says which and what to do. */
int identity_resolve(const struct config *c, struct identity *out, char *why, size_t why_len);
/* Make `dir`, when it is missing, and give it to the user: for sockets and EAL's files.
 * 0 or −errno. */
int identity_make_dir(const struct identity *id, const char *dir);
/* Give what root made in `dir` to the user, so that it can be removed at the end. */
void identity_hand_over(const struct identity *id, const char *dir);
/* Become the user for good, with no capability left.  All threads.  0 or −errno. */
int identity_assume(const struct identity *id);
