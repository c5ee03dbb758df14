/* A session's configuration that changes under it.
 *
 * What stands in our OPEN, or decides about the member's, holds for a session's life: where that
 * changes, the session has to end.  How UPDATEs are read can change at once, but for what came
 * before only the member can say it again.  The rest is looked at when it is needed. */
#pragma once

#include "dataplane/session/session.h"

enum session_change {
	SESSION_CHANGE_NONE,  /* Everything stays as it is. */
	SESSION_CHANGE_READS, /* UPDATEs are read in another way from now on. */
	SESSION_CHANGE_ENDS,  /* The caller is to call session_reset at once. */
};

/* Take the new configuration, all of it filled in.  Both sides' addresses are the caller's. */
enum session_change session_change(struct session *s, const struct session_conf *conf);
