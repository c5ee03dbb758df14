/* `add_path`: several paths of a prefix, to members and from them.  RFC 7911.
 *
 * arouteserver's key is a boolean about what members are sent; a mapping says more.  What is sent
 * is said to all members of a class at once, so how many paths that is belongs to the server; how
 * many are accepted is each member's own.
 */
#include "control/config/loader.h"

#include "rib/table/entry.h"
#include "rib/table/shard.h"

#define PATHS_DEFAULT 8 /* Sent of one prefix. */

static void read_send(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->is_path_sender);
}

static void read_receive(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->is_path_receiver);
}

static void read_paths(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	if (s != &l->session) {
		loader_fail(l, &key->at,
			    "'paths' is one number for all members; set it in 'cfg.add_path'");
		return;
	}
	draft_number(l, key, v, &s->paths_sent, 1, VIEW_MAX);
}

static void read_limit(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	draft_number(l, key, v, &s->paths_limit, 1, PATHS_MAX_LIMIT);
}

static const struct key add_path_key[] = {
	{.name = "send", .read = read_send},
	{.name = "receive", .read = read_receive},
	{.name = "paths", .read = read_paths},
	{.name = "limit", .read = read_limit},
};
static const struct key_table add_path_keys = {
	.where = "add_path", .keys = add_path_key, .count = ARRAY_COUNT(add_path_key)};

void read_add_path(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	bool is_wanted;
	if (v->kind == NODE_MAP) {
		keys_walk(l, v, &add_path_keys, s);
	} else if (v->kind == NODE_LIST) {
		loader_fail(l, &v->at,
			    "'add_path' must be true, false or a mapping with 'send', 'receive', "
			    "'paths' and 'limit', not a list");
	} else if (value_bool(l, v, "add_path", &is_wanted)) {
		draft_set(l, key, &s->is_path_sender, is_wanted);
		if (!is_wanted) {
			draft_set(l, key, &s->is_path_receiver, false);
		}
	}
}

void finish_add_path(struct loader *l, struct draft_client *client)
{
	const struct draft_session *own = &client->session, *general = &l->session;
	uint8_t can = 0;
	if (draft_inherit(own->is_path_sender, general->is_path_sender, false)) {
		can |= ADD_PATH_SEND;
	}
	if (draft_inherit(own->is_path_receiver, general->is_path_receiver, false)) {
		can |= ADD_PATH_RECEIVE;
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		client->value.session.add_path[f] = can;
	}
	client->value.paths_limit =
		(uint8_t)draft_inherit(own->paths_limit, general->paths_limit, PATHS_MAX_DEFAULT);
}

void finish_paths_sent(struct loader *l)
{
	const struct set_number sent = l->session.paths_sent;
	l->config->paths_sent = sent.is_set ? (uint16_t)sent.value : PATHS_DEFAULT;
}
