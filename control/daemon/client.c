/* A configured client as the server wants it: see client.h. */
#include "control/daemon/client.h"

struct member_conf client_member(const struct config_client *client, const struct state *state)
{
	return (struct member_conf){
		.asn = client->asn,
		.addr = client->ip,
		.has_local_addr = client->has_local_addr,
		.local_addr = client->local_addr,
		.session = client->session,
		.hop_limit_min = client->hop_limit_min,
		.paths_max = client->paths_limit,
		.is_enabled = state_find(state, &client->ip) == NULL,
		.keys = client->keys,
	};
}
