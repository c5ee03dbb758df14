/* `filtering`: of arouteserver's keys those that this version acts on, which are its roles.
 *
 * Every other one is named in a warning of its own, so that an operator sees which filters of an
 * existing file do not filter yet.  RFC 9234. */
#include "control/config/loader.h"
#include "rib/wire/role.h"

static void read_roles_enabled(struct loader *l, const struct node *key, const struct node *v,
			       void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->has_roles);
}

static void read_strict_mode(struct loader *l, const struct node *key, const struct node *v,
			     void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->is_role_strict);
}

static void read_local_role(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	struct draft_session *s = target;
	const char *text;
	uint8_t role;
	if (!value_text(l, v, key->text, &text)) {
		return;
	}
	if (!role_parse(text, &role)) {
		loader_fail(l, &v->at,
			    "'local_role' must be what we are to the neighbour: rs, provider, "
			    "rs-client, customer or peer, not '%s'",
			    text);
		return;
	}
	draft_set(l, key, &s->role, role);
}

/* arouteserver has it for clients only. */
static void refuse_local_role(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	(void)v;
	(void)target;
	loader_fail(l, &key->at,
		    "'local_role' is one client's; set it in clients[].cfg.filtering.roles");
}

static const struct key roles_key[] = {
	{.name = "enabled", .read = read_roles_enabled},
	{.name = "strict_mode", .read = read_strict_mode},
	{.name = "local_role", .read = refuse_local_role},
};
static const struct key_table roles_keys = {
	.where = "cfg.filtering.roles", .keys = roles_key, .count = ARRAY_COUNT(roles_key)};

static const struct key client_roles_key[] = {
	{.name = "enabled", .read = read_roles_enabled},
	{.name = "strict_mode", .read = read_strict_mode},
	{.name = "local_role", .read = read_local_role},
};
static const struct key_table client_roles_keys = {.where = "clients[].cfg.filtering.roles",
						   .keys = client_roles_key,
						   .count = ARRAY_COUNT(client_roles_key)};

static void read_roles(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	keys_walk(l, v, &roles_keys, target);
}

static void read_client_roles(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	(void)key;
	keys_walk(l, v, &client_roles_keys, target);
}

static const struct key filtering_key[] = {
	{.name = "roles", .read = read_roles},
	{.name = "next_hop", .kind = KEY_FOREIGN},
	{.name = "ipv4_pref_len", .kind = KEY_FOREIGN},
	{.name = "ipv6_pref_len", .kind = KEY_FOREIGN},
	{.name = "global_black_list_pref", .kind = KEY_FOREIGN},
	{.name = "max_as_path_len", .kind = KEY_FOREIGN},
	{.name = "reject_invalid_as_in_as_path", .kind = KEY_FOREIGN},
	{.name = "transit_free", .kind = KEY_FOREIGN},
	{.name = "never_via_route_servers", .kind = KEY_FOREIGN},
	{.name = "irrdb", .kind = KEY_FOREIGN},
	{.name = "rpki_bgp_origin_validation", .kind = KEY_FOREIGN},
	{.name = "max_prefix", .kind = KEY_FOREIGN},
	{.name = "reject_policy", .kind = KEY_FOREIGN},
};
static const struct key_table filtering_keys = {
	.where = "cfg.filtering", .keys = filtering_key, .count = ARRAY_COUNT(filtering_key)};

static const struct key client_filtering_key[] = {
	{.name = "roles", .read = read_client_roles},
	{.name = "next_hop", .kind = KEY_FOREIGN},
	{.name = "ipv4_pref_len", .kind = KEY_FOREIGN},
	{.name = "ipv6_pref_len", .kind = KEY_FOREIGN},
	{.name = "black_list_pref", .kind = KEY_FOREIGN},
	{.name = "max_as_path_len", .kind = KEY_FOREIGN},
	{.name = "reject_invalid_as_in_as_path", .kind = KEY_FOREIGN},
	{.name = "irrdb", .kind = KEY_FOREIGN},
	{.name = "rpki_bgp_origin_validation", .kind = KEY_FOREIGN},
	{.name = "max_prefix", .kind = KEY_FOREIGN},
	{.name = "reject_policy", .kind = KEY_FOREIGN},
};
static const struct key_table client_filtering_keys = {.where = "clients[].cfg.filtering",
						       .keys = client_filtering_key,
						       .count = ARRAY_COUNT(client_filtering_key)};

void read_filtering(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	keys_walk(l, v, &filtering_keys, target);
}

void read_client_filtering(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)key;
	keys_walk(l, v, &client_filtering_keys, target);
}
