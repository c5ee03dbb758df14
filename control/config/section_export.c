/* A client's `export`: what it is sent, beside what communities ask for.  Ours.
 *
 *     export:
 *       deny:
 *       - {peer: AS64501}                    # nothing of this AS,
 *       - {peer: "2001:db8::1"}              # of this neighbour,
 *       - {prefix: 198.51.100.0, length: 24} # nothing of this prefix
 *       allow: [...]                         # and of each kind that is named, only these
 *
 * A rule is about a peer or about a prefix, which keeps both sides sets that cost nothing at run
 * time.  What is denied is not sent, whatever is allowed. */
#include <stdlib.h>
#include <string.h>

#include "control/config/values.h"
#include "rib/base/check.h"

#define PEERS_MAX 1024

/* What is collected of one side. */
struct side {
	asn_t asn[PEERS_MAX];
	struct addr addr[PEERS_MAX];
	unsigned asn_count, addr_count;
};

static void add_peer(struct loader *l, const struct node *v, struct side *side)
{
	struct addr a;
	const char *text;
	if (!value_text(l, v, "peer", &text)) {
		return;
	}
	if (side->asn_count == PEERS_MAX || side->addr_count == PEERS_MAX) {
		loader_fail(l, &v->at, "there can be at most %d peers", PEERS_MAX);
	} else if (addr_parse(text, &a) == 0) {
		side->addr[side->addr_count++] = a;
	} else if (value_asn(l, v, "peer", &side->asn[side->asn_count])) {
		side->asn_count++;
	}
}

/* The peer of an item; false when it is no mapping with a peer. */
static bool find_peer(struct loader *l, const struct node *item, struct node *out, bool *out_alone)
{
	struct node key, value;
	void *cursor = NULL;
	unsigned count = 0;
	bool has = false;
	while (item->kind == NODE_MAP && node_next_pair(item, &cursor, l->errors, &key, &value)) {
		count++;
		if (key.kind == NODE_SCALAR && strcmp(key.text, "peer") == 0) {
			*out = value;
			has = true;
		}
	}
	*out_alone = count == 1;
	return has;
}

static void read_side(struct loader *l, const struct node *key, const struct node *v,
		      struct draft_export *out)
{
	struct side *side = calloc(1, sizeof(*side));
	struct node item, peer;
	void *cursor = NULL;
	bool is_alone;
	ASSERT(side != NULL);
	if (!is_there(v) || !value_is_list(l, v, key->text, "[{peer: AS64501}]")) {
		free(side);
		return;
	}
	out->is_set = true;
	while (node_next_item(v, &cursor, l->errors, &item)) {
		if (!find_peer(l, &item, &peer, &is_alone)) {
			continue;
		}
		out->rules.has_peers = true;
		if (!is_alone) {
			loader_fail(l, &item.at,
				    "a rule is about a 'peer' or about a 'prefix'; make two of it");
		} else {
			add_peer(l, &peer, side);
		}
	}
	asn_set_put(out->rules.asns);
	addrs_put(out->rules.addrs);
	out->rules.asns = asn_set_new(side->asn, side->asn_count);
	out->rules.addrs = addrs_new(side->addr, side->addr_count);
	ASSERT(out->rules.asns != NULL);
	free(side);
	values_prefixes_beside(l, key, v, "peer", &out->rules.prefixes);
}

static void read_deny(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	read_side(l, key, v, &s->policy.export_deny);
}

static void read_allow(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	read_side(l, key, v, &s->policy.export_allow);
}

static const struct key export_key[] = {
	{.name = "deny", .read = read_deny},
	{.name = "allow", .read = read_allow},
};
static const struct key_table export_keys = {
	.where = "clients[].cfg.export", .keys = export_key, .count = ARRAY_COUNT(export_key)};

void read_export(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	if (is_there(v)) {
		keys_walk(l, v, &export_keys, target);
	}
}
