/* The rules in force: see desk.h. */
#include "control/policy/desk.h"

#include <stdlib.h>
#include <string.h>

#include "control/config/diff.h"
#include "control/policy/own.h"
#include "control/policy/scope.h"
#include "rib/base/check.h"

struct policy_desk {
	const struct config *config;
	const struct roster *roster;
	struct policy_publisher publisher;
	unsigned capacity;
	struct policy *now, *before; /* `before` is still read while `now` spreads. */
	struct policy_scope scope;   /* Of `now`, while it spreads. */
	bool is_touched, is_publishing;
	uint64_t makes, settled; /* Times that rules were made; that they were in force. */
	struct policy_sources sources;
	struct policy_irr *irr;		      /* sources.irr, and */
	struct policy_grant *grant;	      /* sources.grant, */
	struct policy_originated *originated; /* sources.originated, with texts of its own, */
	struct own_routes *own;		      /* and who hears that. */
	bool is_own_stale;		      /* Members or the list are others. */
	uint16_t *rtt_ms;		      /* sources.rtt_ms. */
	struct policy_roa_change roas;
	struct policy_desk_numbers numbers;
};

static const struct config_client **clients_of(const struct policy_desk *d)
{
	const struct config_client **client = calloc(d->capacity + 1, sizeof(*client));
	ASSERT(client != NULL);
	for (unsigned i = 0; i < d->capacity; i++) {
		client[i] = roster_client(d->roster, (peer_id_t)i);
	}
	return client;
}

static struct policy_input input_of(const struct policy_desk *d, const struct config *c,
				    const struct config_client *const *client)
{
	return (struct policy_input){
		.conf = &c->policy,
		.rs_as = c->rs_as,
		.peer_count = d->capacity,
		.client = client,
		.kept = (const uint64_t *const *)d->roster->kept,
		.sources = &d->sources,
		.before = d->now,
		.generation = d->now != NULL ? d->now->generation + 1 : 1,
	};
}

/* Of what is on the desk. */
static struct policy *make(struct policy_desk *d)
{
	const struct config_client **client = clients_of(d);
	struct policy_input in = input_of(d, d->config, client);
	if (d->is_own_stale) {
		own_routes_put(d->own);
		d->own = own_build(&in);
		d->is_own_stale = false;
	}
	in.own = d->own;
	struct policy *p = policy_build(&in);
	ASSERT(p != NULL);
	free(client);
	return p;
}

struct policy_desk *policy_desk_new(const struct config *c, const struct roster *roster)
{
	struct policy_desk *d = calloc(1, sizeof(*d));
	ASSERT(d != NULL);
	d->config = c;
	d->roster = roster;
	d->capacity = roster->capacity;
	d->irr = calloc(d->capacity + 1, sizeof(*d->irr));
	d->rtt_ms = calloc(d->capacity + 1, sizeof(*d->rtt_ms));
	d->grant = calloc(d->capacity + 1, sizeof(*d->grant));
	ASSERT(d->irr != NULL && d->grant != NULL && d->rtt_ms != NULL);
	d->sources.irr = d->irr;
	d->sources.grant = d->grant;
	d->sources.rtt_ms = d->rtt_ms;
	d->is_own_stale = true;
	d->now = make(d);
	return d;
}

static void drop_grant(const struct policy_grant *g)
{
	prefix_set_put(g->authorised);
	prefix_set_put(g->limited);
	prefix_set_put(g->draining);
}

static void drop_originated(struct policy_desk *d)
{
	for (unsigned i = 0; i < d->sources.originated_count; i++) {
		free((char *)(uintptr_t)d->originated[i].tenant);
	}
	free(d->originated);
	d->sources.originated = d->originated = NULL;
	d->sources.originated_count = 0;
}

void policy_desk_free(struct policy_desk *d)
{
	if (d == NULL) {
		return;
	}
	policy_free(d->before);
	policy_free(d->now);
	policy_scope_fini(&d->scope);
	policy_roa_change_fini(&d->roas);
	for (unsigned i = 0; i < d->capacity; i++) {
		asn_set_put(d->irr[i].asns);
		prefix_set_put(d->irr[i].prefixes);
		drop_grant(&d->grant[i]);
	}
	roa_put(d->sources.roa);
	aspa_put(d->sources.aspa);
	asn_set_put(d->sources.never_via);
	prefix_set_put(d->sources.registrobr);
	drop_originated(d);
	own_routes_put(d->own);
	free(d->irr);
	free(d->grant);
	free(d->rtt_ms);
	free(d);
}

void policy_desk_attach(struct policy_desk *d, const struct policy_publisher *publisher)
{
	d->publisher = *publisher;
}

const struct policy *policy_now(const struct policy_desk *d)
{
	return d->now;
}

void policy_desk_configure(struct policy_desk *d, const struct config *c)
{
	d->config = c;
	d->is_own_stale = d->is_touched = true;
}

void policy_desk_set_rpki(struct policy_desk *d, struct roa *roa, struct aspa *aspa,
			  struct prefix_set *touched)
{
	policy_roa_change_add(&d->roas, touched, d->sources.roa != roa);
	roa_hold(roa);
	roa_put(d->sources.roa);
	d->sources.roa = roa;
	aspa_hold(aspa);
	aspa_put(d->sources.aspa);
	d->sources.aspa = aspa;
	d->is_touched = true;
}

void policy_desk_set_never_via(struct policy_desk *d, struct asn_set *asns)
{
	if (d->sources.never_via != asns) {
		asn_set_hold(asns);
		asn_set_put(d->sources.never_via);
		d->sources.never_via = asns;
		d->is_touched = true;
	}
}

void policy_desk_set_registrobr(struct policy_desk *d, struct prefix_set *routes)
{
	if (d->sources.registrobr != routes) {
		prefix_set_hold(routes);
		prefix_set_put(d->sources.registrobr);
		d->sources.registrobr = routes;
		d->is_touched = true;
	}
}

void policy_desk_set_irr(struct policy_desk *d, peer_id_t peer, struct asn_set *asns,
			 struct prefix_set *prefixes)
{
	struct policy_irr *irr = &d->irr[peer];
	ASSERT(peer < d->capacity);
	if (irr->asns == asns && irr->prefixes == prefixes) {
		return;
	}
	asn_set_hold(asns);
	prefix_set_hold(prefixes);
	asn_set_put(irr->asns);
	prefix_set_put(irr->prefixes);
	*irr = (struct policy_irr){.asns = asns, .prefixes = prefixes};
	d->is_touched = true;
}

static bool is_same_grant(const struct policy_grant *a, const struct policy_grant *b)
{
	return a->is_restricted == b->is_restricted && a->hears_limited == b->hears_limited &&
	       a->authorised == b->authorised && a->limited == b->limited &&
	       a->draining == b->draining;
}

void policy_desk_set_grant(struct policy_desk *d, peer_id_t peer, const struct policy_grant *grant)
{
	static const struct policy_grant none = {.is_restricted = false};
	const struct policy_grant *next = grant != NULL ? grant : &none;
	ASSERT(peer < d->capacity);
	if (is_same_grant(&d->grant[peer], next)) {
		return;
	}
	prefix_set_hold(next->authorised);
	prefix_set_hold(next->limited);
	prefix_set_hold(next->draining);
	d->is_own_stale |= d->grant[peer].hears_limited != next->hears_limited;
	drop_grant(&d->grant[peer]);
	d->grant[peer] = *next;
	d->is_touched = true;
}

static bool is_same_originated(const struct policy_originated *a, const struct policy_originated *b)
{
	bool has_tenants = a->tenant != NULL && b->tenant != NULL;
	return prefix_equal(&a->prefix, &b->prefix) && addr_equal(&a->next_hop, &b->next_hop) &&
	       a->asn == b->asn && a->is_limited == b->is_limited &&
	       a->is_draining == b->is_draining &&
	       (has_tenants ? strcmp(a->tenant, b->tenant) == 0 : a->tenant == b->tenant);
}

bool policy_desk_set_originated(struct policy_desk *d, const struct policy_originated *route,
				unsigned count)
{
	bool is_same = count == d->sources.originated_count;
	for (unsigned i = 0; i < count && is_same; i++) {
		is_same = is_same_originated(&d->originated[i], &route[i]);
	}
	if (is_same) {
		return false;
	}
	drop_originated(d);
	d->originated = calloc(count + 1, sizeof(*route));
	ASSERT(d->originated != NULL);
	for (unsigned i = 0; i < count; i++) {
		d->originated[i] = route[i];
		d->originated[i].tenant = route[i].tenant != NULL ? strdup(route[i].tenant) : NULL;
		ASSERT((d->originated[i].tenant != NULL) == (route[i].tenant != NULL));
	}
	d->sources.originated = d->originated;
	d->sources.originated_count = count;
	d->is_own_stale = d->is_touched = true;
	return true;
}

struct policy_originated *policy_desk_own(const struct policy_desk *d, unsigned *out_count)
{
	return own_list(&d->config->policy, &d->sources, out_count);
}

void policy_desk_set_rtt(struct policy_desk *d, peer_id_t peer, uint16_t ms)
{
	ASSERT(peer < d->capacity);
	d->is_touched |= d->rtt_ms[peer] != ms;
	d->rtt_ms[peer] = ms;
}

/* Every worker has the rules that were published: nobody reads the ones before. */
static void end_publishing(struct policy_desk *d, usec_t now)
{
	policy_free(d->before);
	d->before = NULL;
	policy_scope_fini(&d->scope);
	d->is_publishing = false;
	d->settled = d->makes;
	d->numbers.took_us = now - d->numbers.published;
}

bool policy_desk_step(struct policy_desk *d, usec_t now)
{
	if (d->is_publishing && d->publisher.is_done(d->publisher.server)) {
		end_publishing(d, now);
	}
	if (d->is_publishing || !d->is_touched || d->publisher.publish == NULL) {
		return false;
	}
	d->is_touched = false;
	d->makes++;
	struct policy *fresh = make(d);
	if (!policy_scope_between(d->now, fresh, &d->roas, &d->scope)) {
		/* The same verdicts; the sources as they are now are there with the next change. */
		policy_free(fresh);
		d->settled = d->makes;
		d->numbers.left++;
		return false;
	}
	policy_roa_change_fini(&d->roas);
	d->before = d->now;
	d->now = fresh;
	d->is_publishing = true;
	d->numbers.published = now;
	d->numbers.made++;
	d->publisher.publish(d->publisher.server, fresh, &d->scope);
	return true;
}

uint64_t policy_desk_ticket(const struct policy_desk *d)
{
	return d->makes + d->is_touched;
}

bool policy_desk_is_settled(const struct policy_desk *d, uint64_t ticket)
{
	return d->settled >= ticket;
}

struct policy *policy_desk_try(const struct policy_desk *d, const struct config *wanted)
{
	const struct config_client **order = config_order(wanted);
	const struct config_client **client = clients_of(d);
	for (unsigned i = 0; i < d->capacity; i++) {
		const struct config_client *now = client[i];
		if (now != NULL) {
			client[i] = config_find(order, wanted->client_count, &now->ip);
		}
		if (now != NULL && client[i] == NULL && now->session_id != NULL) {
			client[i] = now; /* The registry's, whatever the files say. */
		}
	}
	struct policy_input in = input_of(d, wanted, client);
	in.own = own_build(&in);
	struct policy *p = policy_build(&in);
	ASSERT(p != NULL);
	own_routes_put(in.own);
	free(client);
	free(order);
	return p;
}

struct policy_desk_numbers policy_desk_numbers(const struct policy_desk *d)
{
	struct policy_desk_numbers n = d->numbers;
	n.generation = d->now->generation;
	n.is_publishing = d->is_publishing;
	return n;
}
