/* Policy that the server has but once: bogons, blackholes, ROAs, RFC 1997 and RTT thresholds. */
#include <stdlib.h>
#include <string.h>

#include "control/config/values.h"
#include "rib/base/check.h"

#define AT(field)      offsetof(struct draft_session, policy.field)
#define GENERAL(field) offsetof(struct draft_general, field)

static const char *const roas_sources[] = {"ripe-rpki-validator-cache", "rtr", "rtrlib", NULL};

static void read_urls(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_general *g = target;
	values_names(l, key, v, &g->roas_urls);
	g->roas_urls_at = v->at;
}

static void read_anchors(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_general *g = target;
	values_names(l, key, v, &g->roas_anchors);
}

static const struct key rpki_roas_key[] = {
	{.name = "source", .kind = KEY_CHOICE, .at = GENERAL(roas_source), .choices = roas_sources},
	{.name = "ripe_rpki_validator_url", .read = read_urls},
	{.name = "allowed_trust_anchors", .read = read_anchors},
	{.name = "ignore_cache_files_older_than",
	 .kind = KEY_NUMBER,
	 .at = GENERAL(roas_age_s),
	 .max = UINT32_MAX},
};
const struct key_table rpki_roas_keys = {
	.where = "cfg.rpki_roas", .keys = rpki_roas_key, .count = ARRAY_COUNT(rpki_roas_key)};

/* An address of this family; false when there is none, or it was reported. */
static bool read_hop(struct loader *l, const struct node *key, const struct node *v,
		     enum family family, struct addr *out)
{
	if (!is_there(v) || !value_addr(l, v, key->text, out)) {
		return false;
	}
	if (out->family != family) {
		loader_fail(l, &v->at, "'%s' must be an IPv%s address, not '%s'", key->text,
			    family == FAMILY_IPV4 ? "4" : "6", v->text);
		return false;
	}
	return true;
}

static void read_rewrite(struct loader *l, const struct node *key, const struct node *v,
			 enum family family)
{
	struct draft_general *g = &l->general;
	g->has_blackhole_next_hop[family] =
		read_hop(l, key, v, family, &g->blackhole_next_hop[family]);
}

static void read_default(struct loader *l, const struct node *key, const struct node *v,
			 enum family family)
{
	struct draft_general *g = &l->general;
	g->default_at = key->at;
	g->has_default[family] = read_hop(l, key, v, family, &g->default_next_hop[family]);
}

static void read_default4(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	(void)target;
	read_default(l, key, v, FAMILY_IPV4);
}

static void read_default6(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	(void)target;
	read_default(l, key, v, FAMILY_IPV6);
}

static const struct key default_route_key[] = {
	{.name = "next_hop_ipv4", .read = read_default4},
	{.name = "next_hop_ipv6", .read = read_default6},
};
const struct key_table default_route_keys = {.where = "cfg.default_route",
					     .keys = default_route_key,
					     .count = ARRAY_COUNT(default_route_key)};

static void read_rewrite4(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	(void)target;
	read_rewrite(l, key, v, FAMILY_IPV4);
}

static void read_rewrite6(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	(void)target;
	read_rewrite(l, key, v, FAMILY_IPV6);
}

static void read_blackhole(struct loader *l, const struct node *key, const struct node *v,
			   enum family family)
{
	static const char *const policies[] = {"propagate-unchanged", "rewrite-next-hop", NULL};
	uint32_t policy;
	l->general.blackhole_at[family] = v->at;
	if (is_there(v) && value_choice(l, v, key->text, policies, &policy)) {
		draft_set(l, key, &l->general.blackhole[family],
			  policy == 0 ? BLACKHOLE_UNCHANGED : BLACKHOLE_REWRITE);
	}
}

static void read_blackhole4(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	(void)target;
	read_blackhole(l, key, v, FAMILY_IPV4);
}

static void read_blackhole6(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	(void)target;
	read_blackhole(l, key, v, FAMILY_IPV6);
}

static void read_noexport(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	bool is_on;
	(void)target;
	if (is_there(v) && value_bool(l, v, key->text, &is_on)) {
		draft_set(l, key, &l->general.adds_noexport, is_on);
	}
}

static const struct key client_blackhole_key[] = {
	{.name = "announce_to_client", .kind = KEY_BOOL, .at = AT(has_blackhole_to)},
};
const struct key_table client_blackhole_keys = {.where = "clients[].cfg.blackhole_filtering",
						.keys = client_blackhole_key,
						.count = ARRAY_COUNT(client_blackhole_key)};
static const struct key blackhole_key[] = {
	{.name = "policy_ipv4", .read = read_blackhole4},
	{.name = "policy_ipv6", .read = read_blackhole6},
	{.name = "rewrite_next_hop_ipv4", .read = read_rewrite4},
	{.name = "rewrite_next_hop_ipv6", .read = read_rewrite6},
	{.name = "add_noexport", .read = read_noexport},
};
const struct key_table blackhole_keys = {.where = "cfg.blackhole_filtering",
					 .keys = blackhole_key,
					 .count = ARRAY_COUNT(blackhole_key),
					 .also = &client_blackhole_keys};

static const char *const well_known[] = {"pass", "rfc1997", NULL};
static const struct key rfc1997_key[] = {
	{.name = "policy",
	 .kind = KEY_CHOICE,
	 .at = GENERAL(obeys_well_known),
	 .choices = well_known},
};
const struct key_table rfc1997_keys = {.where = "cfg.rfc1997_wellknown_communities",
				       .keys = rfc1997_key,
				       .count = ARRAY_COUNT(rfc1997_key)};

static void add_threshold(struct loader *l, const struct node *v, const char *name)
{
	struct draft_general *g = &l->general;
	uint32_t ms;
	if (!value_number(l, v, name, 1, UINT16_MAX, &ms)) {
		return;
	}
	if (g->rtt_count == RTT_THRESHOLDS_MAX) {
		loader_fail(l, &v->at, "'%s' can have at most %d values", name, RTT_THRESHOLDS_MAX);
	} else if (g->rtt_count > 0 && ms <= g->rtt_ms[g->rtt_count - 1]) {
		loader_fail(l, &v->at, "the values of '%s' must ascend: %u stands behind %u", name,
			    ms, g->rtt_ms[g->rtt_count - 1]);
	} else {
		g->rtt_ms[g->rtt_count++] = (uint16_t)ms;
	}
}

/* A list, or numbers with commas between them. */
void read_rtt_thresholds(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct node item;
	void *cursor = NULL;
	(void)target;
	if (!is_there(v)) {
		return;
	}
	l->general.has_rtt = true;
	l->general.rtt_at = v->at;
	if (v->kind == NODE_SCALAR) {
		char text[256];
		snprintf(text, sizeof(text), "%s", v->text);
		char *rest = text, *part;
		while ((part = strsep(&rest, ",")) != NULL) {
			item = *v;
			item.text = part + strspn(part, " ");
			add_threshold(l, &item, key->text);
		}
	} else if (value_is_list(l, v, key->text, "[5, 10, 20]")) {
		while (node_next_item(v, &cursor, l->errors, &item)) {
			add_threshold(l, &item, key->text);
		}
	}
}

static void set_bogons(struct loader *l, const struct node *key, const struct node *v)
{
	struct draft_general *g = &l->general;
	if (g->bogons != NULL) {
		loader_fail(l, &key->at, "the bogons were set before, at %s:%d:%d; keep one list",
			    g->bogons_at.file, g->bogons_at.line, g->bogons_at.column);
		return;
	}
	g->bogons_at = key->at;
	values_prefixes(l, key, v, false, &g->bogons);
}

/* The root key of a file of bogons, as arouteserver's bogons.yml has it. */
void read_root_bogons(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)target;
	set_bogons(l, key, v);
}

/* Ours: the name of such a file, or the list itself. */
void read_bogons(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	const char *path;
	(void)target;
	if (v->kind == NODE_LIST) {
		set_bogons(l, key, v);
	} else if (is_there(v) && value_text(l, v, key->text, &path)) {
		l->include(l, &v->at, path);
	}
}
