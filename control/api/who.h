/* Who asks: a bearer token of the registry's, or a socket. */
#pragma once

#include "control/api/job.h"
#include "control/registry/change.h"

/* The token's owner; false when it is none (any more), or of a tenant that is not enabled. */
bool who_of_token(const struct api_env *env, const char *token, int64_t now_s,
		  struct registry_author *out);
/* The control socket: an operator's, the read-only one a viewer's. */
struct registry_author who_of_socket(bool is_read_only, uid_t uid);
