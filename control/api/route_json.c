/* A route as an operator sees it: prefix, who announced it, its rank, and its attributes.
 *
 * The names are those of the command line's tables.  Lists of communities are lists of strings, so
 * that a program need not take text apart.  Attributes that we pass on without knowing them are
 * shown as type, flags and hex.
 */
#include "control/api/route_json.h"

#include <stdio.h>

#include "control/api/refusal.h"
#include "rib/attr/aspath.h"
#include "rib/attr/community.h"
#include "rib/policy/explain.h"

#define PATH_TEXT_MAX 16384

static void set_text(json_t *to, const char *name, const char *text)
{
	json_object_set_new(to, name, json_string(text));
}

static struct span slice_of(const struct attr *a, struct attr_slice s)
{
	return span_of(a->wire + s.offset, s.len);
}

typedef char *community_text(struct span value, char *buf, size_t len);

/* A list of texts, one for each `size` bytes; nothing when the attribute is absent. */
static void set_communities(json_t *to, const char *name, struct span value, size_t size,
			    community_text *format)
{
	if (value.len < size) {
		return;
	}
	json_t *list = json_array();
	for (size_t at = 0; at + size <= value.len; at += size) {
		char text[64];
		json_array_append_new(list, json_string(format(span_of(value.data + at, size), text,
							       sizeof(text))));
	}
	json_object_set_new(to, name, list);
}

static void set_next_hop(json_t *to, struct span nh)
{
	char text[ADDR_TEXT_MAX];
	struct addr a = addr_make(nh.len == 4 ? FAMILY_IPV4 : FAMILY_IPV6, nh.data);
	set_text(to, "next_hop", addr_format(&a, text));
	if (nh.len == 32) {
		a = addr_make(FAMILY_IPV6, nh.data + 16);
		set_text(to, "next_hop_link_local", addr_format(&a, text));
	}
}

static void set_aggregator(json_t *to, struct span value)
{
	char text[ADDR_TEXT_MAX + 16], addr[ADDR_TEXT_MAX];
	if (value.len != 8) {
		return;
	}
	struct rd r = rd_of(value);
	asn_t asn = rd_u32(&r);
	struct addr a = addr_v4(rd_u32(&r));
	snprintf(text, sizeof(text), "%u %s", asn, addr_format(&a, addr));
	set_text(to, "aggregator", text);
}

static bool is_shown_by_name(uint8_t type)
{
	return (type >= ATTR_ORIGIN && type <= ATTR_COMMUNITIES) || type == ATTR_EXT_COMMUNITIES ||
	       type == ATTR_LARGE_COMMUNITIES;
}

static json_t *other_json(uint8_t flags, uint8_t type, struct span value)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * 64 + 4];
	size_t shown = value.len < 64 ? value.len : 64;
	size_t at = 0;
	for (size_t i = 0; i < shown; i++) {
		hex[at++] = digits[value.data[i] >> 4];
		hex[at++] = digits[value.data[i] & 15];
	}
	for (unsigned i = 0; shown < value.len && i < 3; i++) {
		hex[at++] = '.';
	}
	hex[at] = '\0';
	return json_pack("{s:i, s:i, s:s}", "type", type, "flags", flags, "value", hex);
}

static void set_others(json_t *to, const struct attr *a)
{
	json_t *list = NULL;
	size_t pos = 0;
	uint8_t flags, type;
	struct span value;
	while (attr_next(a, &pos, &flags, &type, &value)) {
		if (!is_shown_by_name(type)) {
			list = list != NULL ? list : json_array();
			json_array_append_new(list, other_json(flags, type, value));
		}
	}
	if (list != NULL) {
		json_object_set_new(to, "other_attributes", list);
	}
}

void attr_json(const struct attr *a, json_t *to)
{
	static const char *const origins[] = {"IGP", "EGP", "incomplete"};
	char path[PATH_TEXT_MAX];
	const struct attr_facts *f = &a->facts;
	set_text(to, "as_path", aspath_format(slice_of(a, f->as_path), path, sizeof(path)));
	set_next_hop(to, attr_next_hop_octets(a));
	set_text(to, "origin", f->origin < ARRAY_COUNT(origins) ? origins[f->origin] : "?");
	if (f->has_med) {
		json_object_set_new(to, "med", json_integer(f->med));
	}
	json_object_set_new(to, "local_pref", json_integer(f->local_pref));
	set_communities(to, "communities", slice_of(a, f->communities), 4, community_format);
	set_communities(to, "large_communities", slice_of(a, f->large_communities), 12,
			community_large_format);
	set_communities(to, "ext_communities", slice_of(a, f->ext_communities), 8,
			community_ext_format);
	if (attr_find(a, ATTR_ATOMIC_AGGREGATE).data != NULL) {
		json_object_set_new(to, "atomic_aggregate", json_true());
	}
	set_aggregator(to, attr_find(a, ATTR_AGGREGATOR));
	set_others(to, a);
}

/* The lists of communities, by form. */
static const char *const community_lists[COMMUNITY_FORM_COUNT] = {
	[COMMUNITY_STD] = "communities",
	[COMMUNITY_EXT] = "ext_communities",
	[COMMUNITY_LRG] = "large_communities",
};

static void add_community(json_t *row, const struct community_value *v)
{
	uint8_t octets[COMMUNITY_LEN_MAX];
	char text[COMMUNITY_TEXT_MAX];
	struct wr w = wr_of(octets, sizeof(octets));
	json_t *list = json_object_get(row, community_lists[v->form]);
	if (list == NULL) {
		list = json_array();
		json_object_set_new(row, community_lists[v->form], list);
	}
	community_value_write(&w, v);
	community_octets_text((enum community_form)v->form, octets, text);
	json_array_append_new(list, json_string(text));
}

static void set_rejection(const struct api_env *env, json_t *row, const struct path *p,
			  const struct prefix *prefix)
{
	struct refusal why;
	struct community_value tag[32];
	enum reject reason = (enum reject)p->reason;
	unsigned count = env->policy != NULL ? reject_communities(env->policy, p->peer, reason, tag,
								  ARRAY_COUNT(tag))
					     : 0;
	refusal_of(env, p, prefix, &why);
	set_text(row, "rejected", why.text);
	set_text(row, "reject_reason", reject_name(reason));
	if (reject_code(reason) != 0) {
		json_object_set_new(row, "reject_code",
				    json_integer((json_int_t)reject_code(reason)));
	}
	if (why.detail[0] != '\0') {
		set_text(row, "registry_reason", why.reason);
		set_text(row, "detail", why.detail);
	}
	set_text(row, "remedy", why.remedy);
	for (unsigned i = 0; i < count; i++) {
		add_community(row, &tag[i]);
	}
}

/* What was found of an accepted route, as policy has communities for it. */
static void set_state(const struct api_env *env, json_t *row, const struct path *p,
		      const struct prefix *prefix)
{
	struct community_value tag[COMMUNITY_FORM_COUNT];
	unsigned count = env->policy != NULL && p->peer < env->policy->peer_count
				 ? state_communities(env->policy, p->peer, p->attr, prefix, tag,
						     ARRAY_COUNT(tag))
				 : 0;
	for (unsigned i = 0; i < count; i++) {
		add_community(row, &tag[i]);
	}
}

/* A route of our own, and in whose name. */
static void set_originated(const struct api_env *env, json_t *row, const struct path *p)
{
	char text[64] = "by the server";
	asn_t asn = p->attr->facts.origin_as;
	if (env->policy == NULL || p->peer != env->policy->origin) {
		return;
	}
	if (asn != env->policy->rs_as) {
		snprintf(text, sizeof(text), "by the server for AS%u", asn);
	}
	set_text(row, "originated", text);
}

json_t *route_json(const struct api_env *env, const struct prefix *prefix,
		   const struct paths *paths, unsigned index, const struct attr *attr)
{
	char text[PREFIX_TEXT_MAX];
	const struct path *p = &paths->path[index];
	json_t *row = json_object();
	set_text(row, "prefix", prefix_format(prefix, text));
	if (p->peer < env->roster->capacity) {
		const struct roster_row *who = &env->roster->row[p->peer];
		set_text(row, "from", addr_format(&who->addr, text));
		json_object_set_new(row, "asn", json_integer(who->asn));
	}
	set_originated(env, row, p);
	bool is_ranked = index < paths->ranked_count;
	json_object_set_new(row, "rank", json_integer(is_ranked ? (json_int_t)index + 1 : 0));
	attr_json(attr, row);
	if (is_ranked) {
		set_state(env, row, p, prefix);
	} else {
		set_rejection(env, row, p, prefix);
	}
	return row;
}
