/* `filtering.max_prefix`: how much a member may announce. */
#include "control/config/loader.h"

#define AT(field) offsetof(struct draft_session, policy.limits.field)
#define LIMIT_MAX 100000000

/* `none` is ours. */
static const char *const actions[] = {
	[MAX_PREFIX_ACTION_SHUTDOWN] = "shutdown", [MAX_PREFIX_ACTION_RESTART] = "restart",
	[MAX_PREFIX_ACTION_BLOCK] = "block",	   [MAX_PREFIX_ACTION_WARNING] = "warning",
	[MAX_PREFIX_ACTION_NONE] = "none",	   NULL};

static const struct key increment_key[] = {
	{.name = "absolute", .kind = KEY_NUMBER, .at = AT(increment), .max = LIMIT_MAX},
	{.name = "relative", .kind = KEY_NUMBER, .at = AT(increment_percent), .max = 10000},
};
static const struct key_table increment_keys = {.where =
							"filtering.max_prefix.peering_db.increment",
						.keys = increment_key,
						.count = ARRAY_COUNT(increment_key)};

static const struct key peeringdb_key[] = {
	{.name = "enabled", .kind = KEY_BOOL, .at = AT(asks_peeringdb)},
	{.name = "increment", .kind = KEY_MAP, .table = &increment_keys},
};
static const struct key_table peeringdb_keys = {.where = "filtering.max_prefix.peering_db",
						.keys = peeringdb_key,
						.count = ARRAY_COUNT(peeringdb_key)};

/* A mapping; older files have just a bool. */
static void read_peeringdb(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	struct draft_session *s = target;
	if (v->kind == NODE_SCALAR) {
		draft_bool(l, key, v, &s->policy.limits.asks_peeringdb);
	} else if (is_there(v)) {
		keys_walk(l, v, &peeringdb_keys, target);
	}
}

static const struct key both_key[] = {
	{.name = "action", .kind = KEY_CHOICE, .at = AT(action), .choices = actions},
	{.name = "restart_after",
	 .kind = KEY_NUMBER,
	 .at = AT(restart_min),
	 .min = 1,
	 .max = 10080},
	{.name = "count_rejected_routes", .kind = KEY_BOOL, .at = AT(counts_rejected)},
	{.name = "peering_db", .read = read_peeringdb},
	{.name = "warning_percent", .kind = KEY_NUMBER, .at = AT(warning_percent), .max = 100},
};
static const struct key_table both_keys = {
	.where = "filtering.max_prefix", .keys = both_key, .count = ARRAY_COUNT(both_key)};

static const struct key max_prefix_key[] = {
	{.name = "general_limit_ipv4",
	 .kind = KEY_NUMBER,
	 .at = AT(limit[FAMILY_IPV4]),
	 .max = LIMIT_MAX},
	{.name = "general_limit_ipv6",
	 .kind = KEY_NUMBER,
	 .at = AT(limit[FAMILY_IPV6]),
	 .max = LIMIT_MAX},
};
const struct key_table max_prefix_keys = {.where = "cfg.filtering.max_prefix",
					  .keys = max_prefix_key,
					  .count = ARRAY_COUNT(max_prefix_key),
					  .also = &both_keys};

static const struct key client_max_prefix_key[] = {
	{.name = "limit_ipv4", .kind = KEY_NUMBER, .at = AT(limit[FAMILY_IPV4]), .max = LIMIT_MAX},
	{.name = "limit_ipv6", .kind = KEY_NUMBER, .at = AT(limit[FAMILY_IPV6]), .max = LIMIT_MAX},
};
const struct key_table client_max_prefix_keys = {.where = "clients[].cfg.filtering.max_prefix",
						 .keys = client_max_prefix_key,
						 .count = ARRAY_COUNT(client_max_prefix_key),
						 .also = &both_keys};
