/* `cfg`, `clients` and the root: arouteserver's names, read as far as this version acts on them.
 *
 * What arouteserver knows and we do not support yet is a warning, so that an exchange's existing
 * files can be tried.
 */
#include <stdlib.h>
#include <string.h>

#include "control/config/section_registry.h"
#include "control/config/values.h"
#include "rib/base/check.h"

/* Keys of which one value is simply what we do. */
static void read_fixed(struct loader *l, const struct node *key, const struct node *v, bool is_done)
{
	bool is_wanted;
	if (value_bool(l, v, key->text, &is_wanted) && is_wanted != is_done) {
		loader_warn(l, &key->at,
			    "'%s: %s' is not supported yet and has no effect; remove it to "
			    "silence this",
			    key->text, is_wanted ? "true" : "false");
	}
}

static void read_always(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	(void)target;
	read_fixed(l, key, v, true);
}

static void read_rs_as(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	/* Set even when faulty: one mistake is enough to report. */
	l->has_rs_as = true;
	(void)value_asn(l, v, "rs_as", &l->config->rs_as);
}

static bool parse_router_id(struct loader *l, const struct node *v, struct addr *out)
{
	const char *text;
	if (!value_text(l, v, "router_id", &text)) {
		return false;
	}
	if (addr_parse(text, out) != 0 || out->family != FAMILY_IPV4 || addr_is_zero(out)) {
		loader_fail(l, &v->at,
			    "'router_id' must be written as one IPv4 address other than 0.0.0.0, "
			    "not '%s'",
			    text);
		return false;
	}
	return true;
}

/* A list has those of several route servers that share the file: ours is the first, or the one that
 * is an address of a port's, which only the whole shows. */
static void read_router_ids(struct loader *l, const struct node *v)
{
	struct node item;
	void *cursor = NULL;
	unsigned errors = l->errors->error_count;
	while (node_next_item(v, &cursor, l->errors, &item)) {
		struct addr id;
		if (!parse_router_id(l, &item, &id)) {
			continue;
		}
		if (l->router_id_count == ARRAY_COUNT(l->router_id)) {
			loader_fail(l, &item.at, "there can be at most %zu router ids",
				    ARRAY_COUNT(l->router_id));
			return;
		}
		l->router_id[l->router_id_count++] = id;
	}
	if (l->router_id_count == 0 && l->errors->error_count == errors) {
		loader_fail(l, &v->at, "'router_id' is an empty list; give an IPv4 address");
	}
}

static void read_router_id(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)key;
	(void)target;
	struct addr id;
	l->has_router_id = true;
	if (v->kind == NODE_LIST) {
		read_router_ids(l, v);
	} else if (parse_router_id(l, v, &id)) {
		l->router_id[l->router_id_count++] = id;
	}
}

static const char *const presets[] = {"none", "euro-ix", NULL};

static void read_preset(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	uint32_t preset;
	(void)target;
	l->general.preset_at = v->at;
	if (is_there(v) && value_choice(l, v, key->text, presets, &preset)) {
		draft_set(l, key, &l->general.preset, preset);
	}
}

#define AT(field) offsetof(struct draft_session, policy.field)

static const struct key cfg_key[] = {
	{.name = "rs_as", .read = read_rs_as},
	{.name = "router_id", .read = read_router_id},
	{.name = "path_hiding", .read = read_always},
	{.name = "prepend_rs_as", .kind = KEY_BOOL, .at = AT(prepends_rs_as)},
	{.name = "filtering", .kind = KEY_MAP, .table = &filtering_keys},
	{.name = "rpki_roas", .kind = KEY_GENERAL, .table = &rpki_roas_keys},
	{.name = "rpki_aspas", .kind = KEY_FOREIGN, .note = "ASPAs come with the root key 'rpki'"},
	{.name = "blackhole_filtering", .kind = KEY_MAP, .table = &blackhole_keys},
	{.name = "rfc1997_wellknown_communities", .kind = KEY_GENERAL, .table = &rfc1997_keys},
	{.name = "rtt_thresholds", .read = read_rtt_thresholds},
	{.name = "communities", .read = read_communities},
	{.name = "communities_preset", .read = read_preset},
	{.name = "default_route", .kind = KEY_GENERAL, .table = &default_route_keys},
	{.name = "custom_communities", .read = read_custom_communities},
	{.name = "route_view",
	 .kind = KEY_CHOICE,
	 .at = AT(route_view),
	 .choices = route_view_names},
};
static const struct key_table cfg_keys = {.where = "cfg",
					  .keys = cfg_key,
					  .count = ARRAY_COUNT(cfg_key),
					  .also = &session_keys,
					  .is_once = true};

void read_cfg(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	keys_walk(l, v, &cfg_keys, &l->session);
}

static void read_attach(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	struct draft_session *s = target;
	s->policy.attach_at = v->at;
	values_names(l, key, v, &s->policy.attach);
}

static void read_tenant(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	struct draft_session *s = target;
	if (is_there(v)) {
		(void)value_copy(l, v, key->text, &s->policy.tenant);
	}
}

static const struct key client_cfg_key[] = {
	{.name = "prepend_rs_as", .kind = KEY_BOOL, .at = AT(prepends_rs_as)},
	{.name = "filtering", .kind = KEY_MAP, .table = &client_filtering_keys},
	{.name = "blackhole_filtering", .kind = KEY_MAP, .table = &client_blackhole_keys},
	{.name = "attach_custom_communities", .read = read_attach},
	{.name = "route_view",
	 .kind = KEY_CHOICE,
	 .at = AT(route_view),
	 .choices = route_view_names},
	{.name = "tenant", .read = read_tenant},
	{.name = "export", .read = read_export},
	{.name = "custom_options",
	 .kind = KEY_FOREIGN,
	 .note = "it is for the configuration of other daemons"},
};
static const struct key_table client_cfg_keys = {.where = "clients[].cfg",
						 .keys = client_cfg_key,
						 .count = ARRAY_COUNT(client_cfg_key),
						 .also = &session_keys};

/* A client of the file: one neighbour for each of its addresses. */
struct file_client {
	struct draft_session session; /* First: the readers of session_keys see it as theirs. */
	struct config_client value;
	struct place local_at;
	bool has_asn;
	struct node ip;
	struct draft_keys keys;
};

static void read_client_cfg(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	(void)key;
	struct file_client *client = target;
	keys_walk(l, v, &client_cfg_keys, &client->session);
}

static void read_client_asn(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	(void)key;
	struct file_client *client = target;
	client->has_asn = true;
	(void)value_asn(l, v, "asn", &client->value.asn);
}

static void read_client_ip(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)l;
	struct file_client *client = target;
	client->ip = *v;
	if (v->kind == NODE_NULL) {
		client->ip.at = key->at;
	}
}

static void read_client_description(struct loader *l, const struct node *key, const struct node *v,
				    void *target)
{
	(void)key;
	struct file_client *client = target;
	(void)value_copy(l, v, "description", &client->value.description);
}

static void read_client_local(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	(void)key;
	struct file_client *client = target;
	if (value_addr(l, v, "local_address", &client->value.local_addr)) {
		client->value.has_local_addr = true;
		client->local_at = v->at;
	}
}

static void read_client_password(struct loader *l, const struct node *key, const struct node *v,
				 void *target)
{
	struct file_client *client = target;
	password_read(l, key, v, &client->keys);
}

static void read_client_ao(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	struct file_client *client = target;
	tcp_ao_read(l, key, v, &client->keys);
}

/* RFC 6996: a private one, so that it is nobody's own. */
static void read_client_alias(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	struct file_client *client = target;
	uint32_t alias;
	if (is_there(v) && value_number(l, v, key->text, 64512, 65534, &alias)) {
		client->value.policy.asn_alias = (uint16_t)alias;
	}
}

static const struct key client_key[] = {
	{.name = "asn", .read = read_client_asn},
	{.name = "ip", .read = read_client_ip},
	{.name = "description", .read = read_client_description},
	{.name = "local_address", .read = read_client_local},
	{.name = "cfg", .read = read_client_cfg},
	{.name = "password", .read = read_client_password},
	{.name = "tcp_ao", .read = read_client_ao},
	{.name = "16bit_mapped_asn", .read = read_client_alias},
};
static const struct key_table client_keys = {.where = "clients[]",
					     .keys = client_key,
					     .count = ARRAY_COUNT(client_key),
					     .also = &session_keys};

/* One address of a client becomes a neighbour. */
static void add_client(struct loader *l, const struct file_client *client, const struct node *ip)
{
	struct addr a;
	if (!value_addr(l, ip, "ip", &a)) {
		return;
	}
	if (l->client_count == PEER_COUNT_MAX) {
		loader_fail(l, &ip->at, "there can be at most %d neighbours", PEER_COUNT_MAX);
		return;
	}
	struct draft_client *grown = realloc(l->client, (l->client_count + 1) * sizeof(*grown));
	ASSERT(grown != NULL);
	l->client = grown;
	struct draft_client *draft = &l->client[l->client_count++];
	*draft = (struct draft_client){.value = client->value,
				       .ip_at = ip->at,
				       .local_at = client->local_at,
				       .session = client->session};
	draft->value.ip = a;
	draft_policy_hold(&draft->session.policy);
	draft->value.keys = draft_keys_copy(&client->keys);
	if (client->value.description != NULL) {
		draft->value.description = strdup(client->value.description);
		ASSERT(draft->value.description != NULL);
	}
}

static void add_clients(struct loader *l, const struct file_client *client)
{
	struct node item;
	void *cursor = NULL;
	unsigned count = 0;
	if (client->ip.kind != NODE_LIST) {
		add_client(l, client, &client->ip);
		return;
	}
	while (node_next_item(&client->ip, &cursor, l->errors, &item)) {
		add_client(l, client, &item);
		count++;
	}
	if (count == 0) {
		loader_fail(l, &client->ip.at, "'ip' is an empty list; give the client's address");
	}
}

static void read_client(struct loader *l, const struct node *item)
{
	struct file_client client = {.ip = {.kind = NODE_NULL, .at = {.line = 0}}};
	keys_walk(l, item, &client_keys, &client);
	draft_keys_check(l, &client.keys);
	if (item->kind == NODE_MAP && !client.has_asn) {
		loader_fail(l, &item->at,
			    "this client has no 'asn'; add the neighbour's AS number");
	}
	if (item->kind == NODE_MAP && client.ip.at.line == 0) {
		loader_fail(l, &item->at, "this client has no 'ip'; add the neighbour's address");
	} else if (item->kind == NODE_MAP) {
		add_clients(l, &client);
	}
	free(client.value.description);
	draft_policy_fini(&client.session.policy);
	explicit_bzero(&client.keys, sizeof(client.keys));
}

void read_clients(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	struct node item;
	void *cursor = NULL;
	if (v->kind != NODE_LIST) {
		if (v->kind != NODE_BAD) {
			loader_fail(l, &v->at,
				    "'clients' must be a list of '- asn: …' items, not %s",
				    node_kind_text(v->kind));
		}
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		read_client(l, &item);
	}
}

static void include_one(struct loader *l, const struct node *v)
{
	const char *path;
	if (value_text(l, v, "include", &path)) {
		l->include(l, &v->at, path);
	}
}

static void read_include(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	(void)key;
	(void)target;
	struct node item;
	void *cursor = NULL;
	if (v->kind != NODE_LIST) {
		include_one(l, v);
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		include_one(l, &item);
	}
}

static const struct key root_key[] = {
	{.name = "include", .read = read_include},    {.name = "dataplane", .read = read_dataplane},
	{.name = "control", .read = read_control},    {.name = "cfg", .read = read_cfg},
	{.name = "clients", .read = read_clients},    {.name = "asns", .read = read_asns},
	{.name = "bogons", .read = read_root_bogons}, {.name = "registry", .read = read_registry},
	{.name = "rpki", .read = read_rpki},	      {.name = "irr", .read = read_irr},
};
const struct key_table root_keys = {.where = "", .keys = root_key, .count = ARRAY_COUNT(root_key)};
