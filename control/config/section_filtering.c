/* `filtering`: what members may announce.  Names and inheritance are arouteserver's.
 *
 * cfg's and a client's table differ in what only one of them has.  Keys that stand in both have a
 * struct draft_session for their target; what the server has but once goes to its general draft.
 * RFC 9234. */
#include "control/config/values.h"
#include "rib/wire/role.h"

#define AT(field)      offsetof(struct draft_session, field)
#define GENERAL(field) offsetof(struct draft_general, field)
#define TABLE(path, list)                                                                          \
	{                                                                                          \
		.where = path, .keys = list, .count = ARRAY_COUNT(list)                            \
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
	{.name = "enabled", .kind = KEY_BOOL, .at = AT(has_roles)},
	{.name = "strict_mode", .kind = KEY_BOOL, .at = AT(is_role_strict)},
	{.name = "local_role", .read = refuse_local_role},
};
static const struct key_table roles_keys = TABLE("cfg.filtering.roles", roles_key);

static const struct key client_roles_key[] = {
	{.name = "enabled", .kind = KEY_BOOL, .at = AT(has_roles)},
	{.name = "strict_mode", .kind = KEY_BOOL, .at = AT(is_role_strict)},
	{.name = "local_role", .read = read_local_role},
};
static const struct key_table client_roles_keys =
	TABLE("clients[].cfg.filtering.roles", client_roles_key);

/* `any` is ours: every usable next hop. */
static const char *const next_hop_rules[] = {
	[NEXT_HOP_ANY] = "any",		  [NEXT_HOP_STRICT] = "strict",
	[NEXT_HOP_SAME_AS] = "same-as",	  [NEXT_HOP_AUTHORIZED] = "authorized_addresses",
	[NEXT_HOP_AUTHORIZED + 1] = NULL,
};

static void read_authorized(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	struct draft_session *s = target;
	s->policy.authorized_at = v->at;
	values_addrs(l, key, v, &s->policy.authorized);
}

static const struct key next_hop_key[] = {
	{.name = "policy",
	 .kind = KEY_CHOICE,
	 .at = AT(policy.next_hop),
	 .choices = next_hop_rules},
};
static const struct key_table next_hop_keys = TABLE("cfg.filtering.next_hop", next_hop_key);
static const struct key client_next_hop_key[] = {
	{.name = "authorized_addresses_list", .read = read_authorized},
};
static const struct key_table client_next_hop_keys = {.where = "clients[].cfg.filtering.next_hop",
						      .keys = client_next_hop_key,
						      .count = ARRAY_COUNT(client_next_hop_key),
						      .also = &next_hop_keys};

static const struct key len4_key[] = {
	{.name = "min", .kind = KEY_NUMBER, .at = AT(policy.len_min[FAMILY_IPV4]), .max = 32},
	{.name = "max", .kind = KEY_NUMBER, .at = AT(policy.len_max[FAMILY_IPV4]), .max = 32},
};
static const struct key_table len4_keys = TABLE("filtering.ipv4_pref_len", len4_key);
static const struct key len6_key[] = {
	{.name = "min", .kind = KEY_NUMBER, .at = AT(policy.len_min[FAMILY_IPV6]), .max = 128},
	{.name = "max", .kind = KEY_NUMBER, .at = AT(policy.len_max[FAMILY_IPV6]), .max = 128},
};
static const struct key_table len6_keys = TABLE("filtering.ipv6_pref_len", len6_key);

static void read_black(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	values_prefixes(l, key, v, false, &s->policy.black);
}

static void read_global_black(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	(void)target;
	values_prefixes(l, key, v, false, &l->general.global_black);
}

/* Ours: without it a lab may use IPv6 prefixes outside 2000::/3. */
static void read_not_global(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	bool is_on;
	(void)target;
	if (is_there(v) && value_bool(l, v, key->text, &is_on)) {
		draft_set(l, key, &l->general.rejects_not_global, is_on);
	}
}

static void read_transit_asns(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	struct draft_general *g = target;
	values_asns(l, key, v, &g->transit_free);
}

static void read_never_asns(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	struct draft_general *g = target;
	values_asns(l, key, v, &g->never_via);
}

static const char *const transit_actions[] = {"reject", "warning", NULL};
static const struct key transit_key[] = {
	{.name = "action",
	 .kind = KEY_CHOICE,
	 .at = GENERAL(transit_action),
	 .choices = transit_actions},
	{.name = "asns", .read = read_transit_asns},
};
static const struct key_table transit_keys = TABLE("cfg.filtering.transit_free", transit_key);

static const struct key never_key[] = {
	{.name = "peering_db", .kind = KEY_BOOL, .at = GENERAL(never_via_peeringdb)},
	{.name = "asns", .read = read_never_asns},
};
static const struct key_table never_keys =
	TABLE("cfg.filtering.never_via_route_servers", never_key);

static const struct key rov_key[] = {
	{.name = "enabled", .kind = KEY_BOOL, .at = AT(policy.has_rov)},
	{.name = "reject_invalid", .kind = KEY_BOOL, .at = AT(policy.rejects_rov_invalid)},
};
static const struct key_table rov_keys = TABLE("filtering.rpki_bgp_origin_validation", rov_key);

static const struct key aspa_key[] = {
	{.name = "enabled", .kind = KEY_BOOL, .at = AT(policy.has_aspa)},
	{.name = "reject_invalid", .kind = KEY_BOOL, .at = AT(policy.rejects_aspa_invalid)},
};
static const struct key_table aspa_keys = TABLE("filtering.aspa", aspa_key);

static const char *const reject_policies[] = {
	[REJECT_POLICY_REJECT] = "reject",
	[REJECT_POLICY_TAG] = "tag",
	[REJECT_POLICY_TAG_AND_REJECT] = "tag_and_reject",
	NULL,
};
static const struct key reject_key[] = {
	{.name = "policy",
	 .kind = KEY_CHOICE,
	 .at = AT(policy.reject_policy),
	 .choices = reject_policies},
};
static const struct key_table reject_keys = TABLE("filtering.reject_policy", reject_key);

/* In cfg's and in a client's.  Names of arouteserver's that have another one now stay known. */
static const struct key both_key[] = {
	{.name = "ipv4_pref_len", .kind = KEY_MAP, .table = &len4_keys},
	{.name = "ipv6_pref_len", .kind = KEY_MAP, .table = &len6_keys},
	{.name = "max_as_path_len", .kind = KEY_NUMBER, .at = AT(policy.path_len_max), .max = 64},
	{.name = "reject_invalid_as_in_as_path",
	 .kind = KEY_BOOL,
	 .at = AT(policy.rejects_invalid_as)},
	{.name = "allow_as_set", .kind = KEY_BOOL, .at = AT(accepts_as_set)},
	{.name = "rpki_bgp_origin_validation", .kind = KEY_MAP, .table = &rov_keys},
	{.name = "rpki", .kind = KEY_MAP, .table = &rov_keys},
	{.name = "aspa", .kind = KEY_MAP, .table = &aspa_keys},
	{.name = "rpki_aspa_verification", .kind = KEY_MAP, .table = &aspa_keys},
	{.name = "reject_policy", .kind = KEY_MAP, .table = &reject_keys},
	{.name = "max_communities",
	 .kind = KEY_NUMBER,
	 .at = AT(policy.communities_max),
	 .max = UINT16_MAX},
	{.name = "next_hop_policy",
	 .kind = KEY_CHOICE,
	 .at = AT(policy.next_hop),
	 .choices = next_hop_rules},
};
static const struct key_table both_keys = TABLE("filtering", both_key);

static const struct key filtering_key[] = {
	{.name = "roles", .kind = KEY_MAP, .table = &roles_keys},
	{.name = "next_hop", .kind = KEY_MAP, .table = &next_hop_keys},
	{.name = "global_black_list_pref", .read = read_global_black},
	{.name = "bogons", .read = read_bogons},
	{.name = "transit_free", .kind = KEY_GENERAL, .table = &transit_keys},
	{.name = "never_via_route_servers", .kind = KEY_GENERAL, .table = &never_keys},
	{.name = "irrdb", .kind = KEY_MAP, .table = &irrdb_keys},
	{.name = "max_prefix", .kind = KEY_MAP, .table = &max_prefix_keys},
	{.name = "ipv6_global_unicast_only", .read = read_not_global},
};
const struct key_table filtering_keys = {.where = "cfg.filtering",
					 .keys = filtering_key,
					 .count = ARRAY_COUNT(filtering_key),
					 .also = &both_keys};

static const struct key client_filtering_key[] = {
	{.name = "roles", .kind = KEY_MAP, .table = &client_roles_keys},
	{.name = "next_hop", .kind = KEY_MAP, .table = &client_next_hop_keys},
	{.name = "black_list_pref", .read = read_black},
	{.name = "irrdb", .kind = KEY_MAP, .table = &client_irrdb_keys},
	{.name = "max_prefix", .kind = KEY_MAP, .table = &client_max_prefix_keys},
};
const struct key_table client_filtering_keys = {.where = "clients[].cfg.filtering",
						.keys = client_filtering_key,
						.count = ARRAY_COUNT(client_filtering_key),
						.also = &both_keys};
