/* A member is its tenant's by its policy, whether it stands in a file or in the registry; see
 * sight.h. */
#include "control/api/sight.h"

#include <string.h>

#include "control/api/job.h"

static bool is_own(const struct sight *s, const struct config_client *client)
{
	return s->tenant[0] != '\0' && client->policy.tenant != NULL &&
	       strcmp(client->policy.tenant, s->tenant) == 0;
}

enum sight_degree sight_of_peer(const struct sight *s, const struct api_env *env, peer_id_t peer)
{
	const struct config_client *client =
		peer < env->roster->capacity ? roster_client(env->roster, peer) : NULL;
	if (!s->is_limited || (client != NULL && is_own(s, client))) {
		return SIGHT_ALL;
	}
	return s->sees_glass ? SIGHT_GLASS : SIGHT_NONE;
}
