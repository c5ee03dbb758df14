/* Tokens are the registry's objects; sockets are guarded by the file system. */
#include "control/api/who.h"

#include <stdio.h>
#include <string.h>

bool who_of_token(const struct api_env *env, const char *token, int64_t now_s,
		  struct registry_author *out)
{
	(void)env;
	(void)token;
	(void)now_s;
	(void)out;
	return false; /* Without a registry there are none. */
}

struct registry_author who_of_socket(bool is_read_only, uid_t uid)
{
	struct registry_author who = {.kind = AUTHOR_SOCKET,
				      .role = is_read_only ? ROLE_VIEWER : ROLE_OPERATOR};
	(void)snprintf(who.name, sizeof(who.name), "uid %u", (unsigned)uid);
	return who;
}
