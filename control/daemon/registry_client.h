/* A session of the registry as a client of the server's. */
#pragma once

#include "control/config/client_make.h"
#include "control/registry/authorise.h"

/* `grant` is for its limits.  NULL, and `why` says why there can be no such client.  The caller
 * frees it (config_client_free). */
struct config_client *registry_client_new(const struct config *c, const struct registry *r,
					  const struct registry_session *s,
					  const struct registry_grant *grant, char *why,
					  size_t why_len);
/* What its segments are signed with now; false: with nothing. */
bool registry_session_keys(const struct registry_session *s, struct auth_keys *out);
