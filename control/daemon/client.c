/* A configured client as the server wants it: see client.h. */
#include "control/daemon/client.h"

#include "control/policy/limit.h"

static struct max_prefix_rules max_prefix_of(const struct max_prefix_conf *c, asn_t asn,
					     const struct peeringdb *dump)
{
	static const uint8_t action[] = {
		[MAX_PREFIX_ACTION_SHUTDOWN] = MAX_PREFIX_SHUTDOWN,
		[MAX_PREFIX_ACTION_RESTART] = MAX_PREFIX_RESTART,
		[MAX_PREFIX_ACTION_BLOCK] = MAX_PREFIX_BLOCK,
		[MAX_PREFIX_ACTION_WARNING] = MAX_PREFIX_WARN,
		[MAX_PREFIX_ACTION_NONE] = MAX_PREFIX_OFF,
	};
	struct max_prefix_rules rules = {.action = action[c->action],
					 .warning_percent = c->warning_percent,
					 .counts_rejected = c->counts_rejected,
					 .restart_after_s = c->restart_min * 60};
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		rules.limit[f] = policy_limit(c, asn, (enum family)f, dump);
	}
	return rules;
}

struct member_conf client_member(const struct config_client *client, const struct state *state,
				 const struct peeringdb *dump)
{
	return (struct member_conf){
		.asn = client->asn,
		.addr = client->ip,
		.has_local_addr = client->has_local_addr,
		.local_addr = client->local_addr,
		.session = client->session,
		.hop_limit_min = client->hop_limit_min,
		.paths_max = client->paths_limit,
		.max_prefix = max_prefix_of(&client->policy.max_prefix, client->asn, dump),
		.is_enabled = !client->is_disabled && state_find(state, &client->ip) == NULL,
		.keys = client->keys,
	};
}
