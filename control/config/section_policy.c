/* `cfg`, `clients` and the root: arouteserver's names, read as far as this version acts on them.
 *
 * What arouteserver knows and we do not support yet is a warning, so that an exchange's existing
 * files can be tried.
 */
#include <stdlib.h>
#include <string.h>

#include "control/config/loader.h"
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

static void read_never(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)target;
	read_fixed(l, key, v, false);
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

static void read_router_id(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)key;
	(void)target;
	const char *text;
	struct addr id;
	l->has_router_id = true;
	if (!value_text(l, v, "router_id", &text)) {
		return;
	}
	if (addr_parse(text, &id) != 0 || id.family != FAMILY_IPV4 || addr_is_zero(&id)) {
		loader_fail(l, &v->at,
			    "'router_id' must be written as one IPv4 address other than 0.0.0.0, "
			    "not '%s'",
			    text);
		return;
	}
	l->config->router_id = id;
}

static const struct key cfg_key[] = {
	{.name = "rs_as", .read = read_rs_as},
	{.name = "router_id", .read = read_router_id},
	{.name = "path_hiding", .read = read_always},
	{.name = "prepend_rs_as", .read = read_never},
	{.name = "filtering", .read = read_filtering},
	{.name = "rpki_roas", .kind = KEY_FOREIGN},
	{.name = "blackhole_filtering", .kind = KEY_FOREIGN},
	{.name = "rfc1997_wellknown_communities", .kind = KEY_FOREIGN},
	{.name = "rtt_thresholds", .kind = KEY_FOREIGN},
	{.name = "communities", .read = read_communities},
	{.name = "custom_communities", .kind = KEY_FOREIGN},
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

static const struct key client_cfg_key[] = {
	{.name = "prepend_rs_as", .read = read_never},
	{.name = "filtering", .read = read_client_filtering},
	{.name = "blackhole_filtering", .kind = KEY_FOREIGN},
	{.name = "attach_custom_communities", .kind = KEY_FOREIGN},
	{.name = "custom_options", .kind = KEY_FOREIGN},
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

static const struct key client_key[] = {
	{.name = "asn", .read = read_client_asn},
	{.name = "ip", .read = read_client_ip},
	{.name = "description", .read = read_client_description},
	{.name = "local_address", .read = read_client_local},
	{.name = "cfg", .read = read_client_cfg},
	{.name = "password", .read = read_client_password},
	{.name = "tcp_ao", .read = read_client_ao},
	{.name = "16bit_mapped_asn", .kind = KEY_FOREIGN},
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
	{.name = "include", .read = read_include}, {.name = "dataplane", .read = read_dataplane},
	{.name = "control", .read = read_control}, {.name = "cfg", .read = read_cfg},
	{.name = "clients", .read = read_clients}, {.name = "asns", .kind = KEY_FOREIGN},
	{.name = "registry", .kind = KEY_LATER},
};
const struct key_table root_keys = {.where = "", .keys = root_key, .count = ARRAY_COUNT(root_key)};
