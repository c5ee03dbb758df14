/* The control socket: requests in, streamed answers out.
 *
 * Two Unix sockets, because a file has one group: SOCKET for the operator group (everything), and
 * the same name with "-ro" before its ending for the read group (looking only).  Each connection
 * runs one request at a time; its answer waits in a bounded buffer.  Everything is non-blocking
 * and driven by the control thread's poll loop. */
#pragma once

#include <poll.h>

#include "control/api/busy.h"
#include "control/api/job.h"

#define API_CONNECTIONS_MAX 32 /* On each socket. */
#define API_FDS_MAX	    (2 + 2 * API_CONNECTIONS_MAX)

struct api;

struct api_opts {
	const char *socket;
	uid_t uid;	    /* Owner of both sockets. */
	gid_t operator_gid; /* Of the socket for changes. */
	gid_t read_gid;	    /* Of the read-only one. */
};

/* Make both sockets, 0660, and listen.  `env` is borrowed until api_close.  0 or −errno, and `why`
 * says what failed and what to do. */
int api_open(const struct api_opts *opts, const struct api_env *env, struct api **out_api,
	     char *why, size_t why_len);
/* Close and unlink. */
void api_close(struct api *a);
/* What to wait for; `out` has room for API_FDS_MAX. */
unsigned api_fds(const struct api *a, struct pollfd *out);
/* Accept, read, run a slice of each job, write.  `fds` as poll left them.  True when a job can go
 * on at once.  The caller is online (epoch) and passes a quiescent point afterwards. */
bool api_serve(struct api *a, const struct pollfd *fds, unsigned count, usec_t now);
