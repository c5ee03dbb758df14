/* Rules from configuration and sources: see build.h. */
#include "control/policy/build.h"

#include <stdlib.h>
#include <string.h>

#include "control/policy/hears.h"
#include "control/policy/own.h"
#include "rib/attr/audience.h"
#include "rib/base/check.h"

/* Control's memory: when it is short, there is nothing to go on with. */
static void *copy_of(const void *from, size_t bytes)
{
	void *copy = malloc(bytes > 0 ? bytes : 1);
	ASSERT(copy != NULL);
	memcpy(copy, from, bytes);
	return copy;
}

static unsigned custom_values(const struct custom_community *c, struct community_value *out)
{
	unsigned count = 0;
	for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
		if (c->is_set[f]) {
			out[count++] = c->value[f];
		}
	}
	return count;
}

/* The communities that are attached to what the member announces. */
static void build_attach(const struct policy_conf *conf, const struct names *names,
			 struct peer_policy *out)
{
	if (names == NULL || names->count == 0) {
		return;
	}
	out->attach = calloc((size_t)names->count * COMMUNITY_FORM_COUNT, sizeof(*out->attach));
	ASSERT(out->attach != NULL);
	for (unsigned i = 0; i < names->count; i++) {
		for (unsigned k = 0; k < conf->custom_count; k++) {
			if (strcmp(conf->custom[k].name, names->name[i]) == 0) {
				out->attach_count += custom_values(&conf->custom[k],
								   out->attach + out->attach_count);
			}
		}
	}
}

static void build_import(const struct policy_conf *conf, const struct client_policy *p,
			 struct peer_policy *out)
{
	out->next_hop = p->next_hop;
	if (p->authorized != NULL && p->authorized->count > 0) {
		out->authorized_count = p->authorized->count;
		out->authorized = copy_of(p->authorized->addr,
					  p->authorized->count * sizeof(p->authorized->addr[0]));
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		out->len[f].min = p->len[f].min;
		out->len[f].max = p->len[f].max;
	}
	out->path_len_max = p->path_len_max;
	out->enforces_first_as = p->enforces_first_as;
	out->rejects_invalid_as = p->rejects_invalid_as;
	out->enforces_origin = p->irr.enforces_origin;
	out->enforces_prefix = p->irr.enforces_prefix;
	out->allows_longer = conf->irr.allows_longer;
	out->has_rov = p->has_rov;
	out->rejects_rov_invalid = p->rejects_rov_invalid;
	out->has_aspa = p->has_aspa;
	out->rejects_aspa_invalid = p->rejects_aspa_invalid;
	out->communities_max = p->communities_max;
	out->reject_policy = p->reject_policy;
	build_attach(conf, p->attach, out);
}

static void build_lists(const struct client_policy *p, const struct policy_irr *irr,
			struct peer_policy *out)
{
	out->white_asn = p->irr.white_asn;
	out->white_prefix = p->irr.white_prefix;
	out->white_route = p->irr.white_route;
	out->black = p->black;
	out->as_set = irr != NULL ? irr->asns : NULL;
	out->as_set_prefix = irr != NULL ? irr->prefixes : NULL;
	asn_set_hold(out->white_asn);
	prefix_set_hold(out->white_prefix);
	prefix_set_hold(out->white_route);
	prefix_set_hold(out->black);
	asn_set_hold(out->as_set);
	prefix_set_hold(out->as_set_prefix);
}

static void build_grant(const struct policy_input *in, peer_id_t peer, struct peer_policy *out)
{
	const struct policy_grant *grant =
		in->sources->grant != NULL ? &in->sources->grant[peer] : NULL;
	if (grant == NULL) {
		return;
	}
	out->is_restricted = grant->is_restricted;
	out->authorised = grant->authorised;
	out->limited = grant->limited;
	out->draining = grant->draining;
	prefix_set_hold(out->authorised);
	prefix_set_hold(out->limited);
	prefix_set_hold(out->draining);
	out->limited_to = limited_to_new(in, peer);
}

static struct peer_policy *build_peer(const struct policy_input *in, peer_id_t peer)
{
	const struct config_client *client = in->client[peer];
	const struct client_policy *p = &client->policy;
	const struct policy_irr *irr = in->sources->irr != NULL ? &in->sources->irr[peer] : NULL;
	struct peer_policy *out = peer_policy_new();
	ASSERT(out != NULL);
	out->asn = client->asn;
	out->asn_alias = p->asn_alias;
	out->addr = client->ip;
	build_import(in->conf, p, out);
	out->has_graceful_shutdown = client->session.has_graceful_shutdown;
	out->graceful_shutdown_pref = client->session.graceful_shutdown_pref;
	build_lists(p, irr, out);
	build_grant(in, peer, out);
	out->has_blackhole_to = p->has_blackhole_to;
	out->export_deny = export_deny_of(p);
	out->export_allow = export_allow_of(p);
	out->hears = hears_new(in, peer);
	return out;
}

/* The member's rules as they were, when they are the same. */
static struct peer_policy *share_peer(const struct policy_input *in, peer_id_t peer,
				      struct peer_policy *fresh)
{
	const struct policy *before = in->before;
	if (before == NULL || peer >= before->peer_count || before->peer[peer] == NULL ||
	    before->peer_count != in->peer_count ||
	    !peer_policy_equal(before->peer[peer], fresh, in->peer_count)) {
		return fresh;
	}
	peer_policy_put(fresh);
	peer_policy_hold(before->peer[peer]);
	return before->peer[peer];
}

struct asns {
	asn_t *item;
	size_t count;
};

static void add_asn(void *context, asn_t asn)
{
	struct asns *a = context;
	a->item[a->count++] = asn;
}

/* Those of both; one reference. */
static struct asn_set *join(struct asn_set *a, struct asn_set *b)
{
	if (asn_set_count(a) == 0 || asn_set_count(b) == 0) {
		struct asn_set *one = asn_set_count(a) == 0 ? b : a;
		asn_set_hold(one);
		return one;
	}
	struct asns all = {.item = calloc(asn_set_count(a) + asn_set_count(b), sizeof(asn_t))};
	ASSERT(all.item != NULL);
	asn_set_each(a, add_asn, &all);
	asn_set_each(b, add_asn, &all);
	struct asn_set *set = asn_set_new(all.item, all.count);
	ASSERT(set != NULL);
	free(all.item);
	return set;
}

static void build_communities(const struct policy_conf *conf, struct policy *out)
{
	memcpy(out->pattern, conf->pattern, sizeof(out->pattern));
	memcpy(out->cause_map, conf->cause_map, sizeof(out->cause_map));
	out->obeys_well_known = conf->obeys_well_known;
	if (conf->custom_count == 0) {
		return;
	}
	out->custom =
		calloc((size_t)conf->custom_count * COMMUNITY_FORM_COUNT, sizeof(*out->custom));
	ASSERT(out->custom != NULL);
	for (unsigned i = 0; i < conf->custom_count; i++) {
		out->custom_count +=
			custom_values(&conf->custom[i], out->custom + out->custom_count);
	}
}

static void build_sets(const struct policy_conf *conf, const struct policy_sources *s,
		       struct policy *out)
{
	out->has_transit_rule = conf->has_transit_rule;
	out->transit_is_warning = conf->transit_is_warning;
	out->transit_free = conf->transit_free;
	out->global_black = conf->global_black;
	out->bogon = conf->bogons;
	out->registrobr = conf->irr.uses_registrobr ? s->registrobr : NULL;
	out->roa = s->roa;
	out->aspa = s->aspa;
	asn_set_hold(out->transit_free);
	prefix_set_hold(out->global_black);
	prefix_set_hold(out->bogon);
	prefix_set_hold(out->registrobr);
	roa_hold(out->roa);
	aspa_hold(out->aspa);
	out->never_via_rs = join(conf->never_via, conf->never_via_peeringdb ? s->never_via : NULL);
}

static void build_blackhole(const struct policy_conf *conf, struct policy *out)
{
	out->blackhole_adds_noexport = conf->blackhole.adds_noexport;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		out->blackhole[f] = conf->blackhole.rule[f];
		out->blackhole_next_hop[f] = conf->blackhole.next_hop[f];
	}
}

static void build_rtt(const struct policy_input *in, struct policy *out)
{
	const struct policy_conf *conf = in->conf;
	out->rtt_threshold_count = conf->rtt_threshold_count;
	out->rtt_threshold_ms =
		copy_of(conf->rtt_threshold_ms,
			conf->rtt_threshold_count * sizeof(conf->rtt_threshold_ms[0]));
	if (in->sources->rtt_ms != NULL) {
		out->rtt_ms = copy_of(in->sources->rtt_ms, in->peer_count * sizeof(*out->rtt_ms));
	}
}

static void build_vacant(const struct policy_input *in, struct policy *out)
{
	unsigned words = (in->peer_count + 63) / 64;
	for (unsigned k = KEEP_FULL + 1; in->kept != NULL && k < KEEP_COUNT; k++) {
		struct vacancy v = {.numbers = calloc(words + 1, sizeof(uint64_t))};
		ASSERT(v.numbers != NULL);
		for (unsigned i = 0; i < in->peer_count; i++) {
			if (in->client[i] == NULL && bits_has(in->kept[k], i)) {
				bits_set(v.numbers, i);
			}
		}
		if (bits_is_empty(v.numbers, words)) {
			free(v.numbers);
			continue;
		}
		v.hears = hears_of_vacant(in, (enum keep)k);
		out->vacant[k - 1] = v;
	}
}

struct policy *policy_build(const struct policy_input *in)
{
	struct policy *p = policy_new(in->peer_count);
	if (p == NULL) {
		return NULL;
	}
	p->generation = in->generation;
	p->rs_as = in->rs_as;
	p->knows_members = true;
	p->origin = own_number(in);
	p->own = in->own;
	own_routes_hold(p->own);
	p->rejects_not_global = in->conf->rejects_not_global;
	p->uses_roas_as_route_objects = in->conf->irr.uses_roas;
	p->tags_as_set = in->conf->irr.tags_as_set;
	build_communities(in->conf, p);
	build_sets(in->conf, in->sources, p);
	build_blackhole(in->conf, p);
	build_rtt(in, p);
	build_vacant(in, p);
	for (unsigned i = 0; i < in->peer_count; i++) {
		if (in->client[i] != NULL) {
			p->has_graceful_shutdown |= in->client[i]->session.has_graceful_shutdown;
			p->peer[i] = share_peer(in, (peer_id_t)i, build_peer(in, (peer_id_t)i));
		}
	}
	if (!policy_finish(p)) {
		policy_free(p);
		return NULL;
	}
	return p;
}
