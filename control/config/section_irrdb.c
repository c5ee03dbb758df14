/* `filtering.irrdb`, and the root key `asns`: which AS-SETs a member's routes are held against, and
 * what else stands for a route object.  The data behind the names come from elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "control/config/values.h"
#include "rib/base/check.h"

#define AT(field)      offsetof(struct draft_session, policy.field)
#define GENERAL(field) offsetof(struct draft_general, field)

static void read_as_sets(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_session *s = target;
	values_as_sets(l, key, v, &s->policy.as_sets);
}

static void read_white_prefix(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	struct draft_session *s = target;
	values_prefixes(l, key, v, false, &s->policy.white_prefix);
}

static void read_white_asn(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	struct draft_session *s = target;
	values_asns(l, key, v, &s->policy.white_asn);
}

static void read_white_route(struct loader *l, const struct node *key, const struct node *v,
			     void *target)
{
	struct draft_session *s = target;
	values_prefixes(l, key, v, true, &s->policy.white_route);
}

static const struct key both_key[] = {
	{.name = "enforce_origin_in_as_set", .kind = KEY_BOOL, .at = AT(enforces_origin)},
	{.name = "enforce_prefix_in_as_set", .kind = KEY_BOOL, .at = AT(enforces_prefix)},
};
static const struct key_table both_keys = {
	.where = "filtering.irrdb", .keys = both_key, .count = ARRAY_COUNT(both_key)};

/* Those of the server's own draft, whatever the target of the mapping is. */
static void read_general(struct loader *l, const struct node *key, const struct node *v,
			 struct set_number *out)
{
	bool is_on;
	if (is_there(v) && value_bool(l, v, key->text, &is_on)) {
		draft_set(l, key, out, is_on);
	}
}

static void read_longer(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	(void)target;
	read_general(l, key, v, &l->general.allows_longer);
}

static void read_tag(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)target;
	read_general(l, key, v, &l->general.tags_as_set);
}

static void read_peeringdb(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)target;
	read_general(l, key, v, &l->general.asks_peeringdb);
}

static const char *const roas_sources[] = {"ripe-rpki-validator-cache", "rtr", "rtrlib", NULL};
static const struct key roas_key[] = {
	{.name = "enabled", .kind = KEY_BOOL, .at = GENERAL(uses_roas)},
	{.name = "source", .kind = KEY_CHOICE, .at = GENERAL(roas_source), .choices = roas_sources},
};
static const struct key_table roas_keys = {
	.where = "cfg.filtering.irrdb.use_rpki_roas_as_route_objects",
	.keys = roas_key,
	.count = ARRAY_COUNT(roas_key)};

static void read_source(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	struct draft_general *g = target;
	if (is_there(v)) {
		(void)value_copy(l, v, key->text, &g->registrobr_source);
	}
}

static const struct key registrobr_key[] = {
	{.name = "enabled", .kind = KEY_BOOL, .at = GENERAL(uses_registrobr)},
	{.name = "source", .read = read_source},
};
static const struct key_table registrobr_keys = {
	.where = "cfg.filtering.irrdb.use_registrobr_bulk_whois_data",
	.keys = registrobr_key,
	.count = ARRAY_COUNT(registrobr_key)};

static void read_roas(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)target;
	l->general.uses_roas_at = key->at;
	if (is_there(v)) {
		keys_walk(l, v, &roas_keys, &l->general);
	}
}

static void read_registrobr(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	(void)key;
	(void)target;
	if (is_there(v)) {
		keys_walk(l, v, &registrobr_keys, &l->general);
	}
}

/* ARIN ended the service; switched off it is nothing to warn of. */
static void read_arin_enabled(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	bool is_on;
	(void)target;
	if (is_there(v) && value_bool(l, v, key->text, &is_on) && is_on) {
		loader_warn(l, &key->at,
			    "'use_arin_bulk_whois_data' is not supported and has no effect; use "
			    "IRR sources and ROAs, and remove it to silence this");
	}
}

static void ignore(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)l;
	(void)key;
	(void)v;
	(void)target;
}

static const struct key arin_key[] = {
	{.name = "enabled", .read = read_arin_enabled},
	{.name = "source", .read = ignore},
};
static const struct key_table arin_keys = {.where = "cfg.filtering.irrdb.use_arin_bulk_whois_data",
					   .keys = arin_key,
					   .count = ARRAY_COUNT(arin_key)};

static const struct key irrdb_key[] = {
	{.name = "allow_longer_prefixes", .read = read_longer},
	{.name = "tag_as_set", .read = read_tag},
	{.name = "peering_db", .read = read_peeringdb},
	{.name = "use_rpki_roas_as_route_objects", .read = read_roas},
	{.name = "use_registrobr_bulk_whois_data", .read = read_registrobr},
	{.name = "use_arin_bulk_whois_data", .kind = KEY_MAP, .table = &arin_keys},
};
const struct key_table irrdb_keys = {.where = "cfg.filtering.irrdb",
				     .keys = irrdb_key,
				     .count = ARRAY_COUNT(irrdb_key),
				     .also = &both_keys};

static const struct key client_irrdb_key[] = {
	{.name = "as_sets", .read = read_as_sets},
	{.name = "white_list_pref", .read = read_white_prefix},
	{.name = "white_list_asn", .read = read_white_asn},
	{.name = "white_list_route", .read = read_white_route},
};
const struct key_table client_irrdb_keys = {.where = "clients[].cfg.filtering.irrdb",
					    .keys = client_irrdb_key,
					    .count = ARRAY_COUNT(client_irrdb_key),
					    .also = &both_keys};

static void read_asn_as_sets(struct loader *l, const struct node *key, const struct node *v,
			     void *target)
{
	struct draft_asn *a = target;
	values_as_sets(l, key, v, &a->as_sets);
}

static const struct key asn_key[] = {{.name = "as_sets", .read = read_asn_as_sets}};
static const struct key_table asn_keys = {
	.where = "asns.AS…", .keys = asn_key, .count = ARRAY_COUNT(asn_key)};

static struct draft_asn *add_asn(struct draft_general *g, asn_t asn, const struct place *at)
{
	struct draft_asn *grown = realloc(g->asn, (g->asn_count + 1) * sizeof(*grown));
	ASSERT(grown != NULL);
	g->asn = grown;
	grown[g->asn_count] = (struct draft_asn){.asn = asn, .at = *at};
	return &grown[g->asn_count++];
}

/* Keys are AS numbers: "AS64501". */
void read_asns(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct node name, value;
	void *cursor = NULL;
	(void)key;
	(void)target;
	if (!is_there(v)) {
		return;
	}
	if (v->kind != NODE_MAP) {
		loader_fail(l, &v->at,
			    "'asns' must be a mapping such as {AS64501: {as_sets: "
			    "[AS-EXAMPLE]}}, not %s",
			    node_kind_text(v->kind));
		return;
	}
	while (node_next_pair(v, &cursor, l->errors, &name, &value)) {
		asn_t asn;
		if (!value_asn(l, &name, "asns", &asn)) {
			continue;
		}
		struct draft_asn *a = add_asn(&l->general, asn, &name.at);
		if (is_there(&value)) {
			keys_walk(l, &value, &asn_keys, a);
		}
	}
}
