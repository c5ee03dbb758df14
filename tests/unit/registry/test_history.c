/* Histories of several customers against a naive oracle: it keeps what was said (wishes, findings,
 * windows) and no states, and says of a route whether it is authorised.  Evidence comes, fails and
 * ends, time passes, and now and then all is lost but the store's rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/registry/fix.h"

#define TENANTS	 3
#define CLAIMS	 6
#define PREFIXES 24
#define STEPS	 100
#define GRACE_S	 7200
#define DRAIN_S	 5000
#define EVER	 INT64_MAX

struct claim { /* On an AS number. */
	registry_id_t id;
	asn_t asn;
	unsigned tenant;
	bool is_approved, is_revoked, is_holder;
};

struct proof {
	int64_t until_s, expires_s; /* It holds until then, with its grace; 0: never did. */
	bool is_valid;
	asn_t origin; /* 0: any. */
};

struct bring { /* A prefix. */
	registry_id_t id;
	unsigned tenant;
	int parent; /* -1: none. */
	struct prefix prefix;
	unsigned max_length;
	asn_t origin;
	int64_t not_before_s, not_after_s, drained_s;
	bool is_there, is_submitted, is_released, is_wanted, is_draining, is_vetoed;
	struct proof proof[EVIDENCE_TYPE_COUNT];
};

struct history {
	struct fix fix;
	struct prng prng;
	struct {
		registry_id_t id, session;
		bool is_enabled, is_running;
	} tenant[TENANTS];
	struct claim claim[CLAIMS];
	struct bring bring[PREFIXES];
	unsigned brought, accepted, asked;
};

static unsigned any(struct history *h, unsigned bound)
{
	return (unsigned)prng_below(&h->prng, bound);
}

/* --- The oracle --- */

/* Who came first has a number as long as it may; then the next. */
static void pass_numbers(struct history *h)
{
	for (unsigned i = 0; i < CLAIMS; i++) {
		struct claim *c = &h->claim[i];
		c->is_holder &= c->is_approved && !c->is_revoked;
	}
	for (unsigned i = 0; i < CLAIMS; i++) {
		struct claim *c = &h->claim[i];
		bool is_taken = false;
		for (unsigned k = 0; k < CLAIMS; k++) {
			is_taken |= h->claim[k].asn == c->asn && h->claim[k].is_holder;
		}
		c->is_holder |= !is_taken && c->is_approved && !c->is_revoked;
	}
}

static bool has_number(const struct history *h, unsigned tenant, asn_t asn)
{
	for (unsigned i = 0; i < CLAIMS; i++) {
		const struct claim *c = &h->claim[i];
		if (c->tenant == tenant && c->asn == asn && c->is_holder) {
			return true;
		}
	}
	return false;
}

/* A proof for another number than the one that the prefix has is another's. */
static bool is_proven_by(const struct history *h, const struct bring *b)
{
	for (unsigned i = 0; i < EVIDENCE_TYPE_COUNT; i++) {
		const struct proof *p = &b->proof[i];
		if (p->until_s > h->fix.now_s && (p->origin == 0 || p->origin == b->origin)) {
			return true;
		}
	}
	return false;
}

static bool is_proven(const struct history *h, const struct bring *b)
{
	bool is_over = b->not_after_s != 0 && h->fix.now_s >= b->not_after_s;
	if (!b->is_there || !b->is_submitted || b->is_released || b->is_vetoed || is_over ||
	    !has_number(h, b->tenant, b->origin)) {
		return false;
	}
	/* Delegations are one step deep here. */
	return is_proven_by(h, b) || (b->parent >= 0 && is_proven(h, &h->bring[b->parent]));
}

static bool is_early(const struct history *h, const struct bring *b)
{
	return b->not_before_s != 0 && h->fix.now_s < b->not_before_s;
}

/* What has drained long enough, or may not be announced for a moment, does not begin again by
 * itself. */
static void end_drains(struct history *h)
{
	for (unsigned i = 0; i < h->brought; i++) {
		struct bring *b = &h->bring[i];
		b->is_draining &= is_proven(h, b) && !is_early(h, b) && h->fix.now_s < b->drained_s;
	}
}

static bool is_accepted(const struct history *h, unsigned tenant, const struct prefix *p,
			asn_t origin)
{
	if (!h->tenant[tenant].is_enabled || !h->tenant[tenant].is_running ||
	    !has_number(h, tenant, 4200 + tenant)) {
		return false;
	}
	for (unsigned i = 0; i < h->brought; i++) {
		const struct bring *b = &h->bring[i];
		if (b->tenant == tenant && b->origin == origin && p->len <= b->max_length &&
		    prefix_contains(&b->prefix, p) && is_proven(h, b) && !is_early(h, b) &&
		    (b->is_wanted || b->is_draining)) {
			return true;
		}
	}
	return false;
}

/* --- What happens --- */

static void bring_one(struct history *h)
{
	char text[PREFIX_TEXT_MAX], parent[60] = "";
	struct bring b = {.tenant = any(h, TENANTS), .parent = -1, .is_there = true};
	struct addr a = addr_v4(60u << 24 | any(h, 16) << 10);
	if (h->brought == PREFIXES) {
		return;
	}
	b.prefix = prefix_make(&a, 20 + any(h, 5));
	b.max_length = b.prefix.len + any(h, 25 - b.prefix.len);
	/* Its own number, or the one that two tenants want. */
	b.origin = any(h, 4) == 0 ? 4300 : 4200 + b.tenant;
	if (h->brought > 0 && any(h, 3) == 0) {
		unsigned i = any(h, h->brought);
		if (h->bring[i].parent < 0 && h->bring[i].is_there) {
			b.parent = (int)i;
			snprintf(parent, sizeof(parent), ", 'parent': '%s'", h->bring[i].id.text);
		}
	}
	if (fix_create(&h->fix, REGISTRY_PREFIX,
		       "{'tenant': '%s', 'prefix': '%s', 'max_length': %u, 'origins': [%u]%s}",
		       h->tenant[b.tenant].id.text, prefix_format(&b.prefix, text), b.max_length,
		       b.origin, parent)) {
		b.id = h->fix.made;
		b.is_submitted = b.is_wanted = any(h, 2) == 0;
		cr_assert(!b.is_submitted || (fix_act(&h->fix, b.id.text, "submit", NULL) &&
					      fix_act(&h->fix, b.id.text, "announce", NULL)));
		h->bring[h->brought++] = b;
	}
}

static void find(struct history *h, struct bring *b)
{
	static const enum evidence_type types[] = {EVIDENCE_ROA, EVIDENCE_IRR, EVIDENCE_DNS};
	static const char *const names[] = {"roa", "irr", "dns"};
	static const char *const results[] = {"valid", "valid",	  "valid",  "missing",
					      "error", "invalid", "expired"};
	unsigned t = any(h, 3), r = any(h, ARRAY_COUNT(results));
	struct proof *p = &b->proof[types[t]];
	int64_t now_s = h->fix.now_s, expires_s = r == 1 ? now_s + 1 + any(h, 20000) : 0;
	asn_t origin = any(h, 3) == 0 ? 4200 + any(h, TENANTS) : 0;
	char origins[20] = "", expires[60] = "", time[REGISTRY_TIME_MAX];
	if (origin != 0) {
		snprintf(origins, sizeof(origins), "%u", origin);
	}
	if (expires_s != 0) {
		snprintf(expires, sizeof(expires), ", 'expires_at': '%s'",
			 registry_time_format(expires_s, time));
	}
	cr_assert(fix_found(&h->fix, b->id.text,
			    "{'type': '%s', 'result': '%s', 'origins': [%s]%s}", names[t],
			    results[r], origins, expires),
		  "%s", h->fix.error.text);
	if (r == 4) {
		return; /* A source that fails says nothing. */
	}
	b->is_vetoed = t == 0 ? r == 5 : b->is_vetoed;
	if (r <= 2) {
		*p = (struct proof){.until_s = expires_s == 0 ? EVER : expires_s + GRACE_S,
				    .expires_s = expires_s,
				    .is_valid = true,
				    .origin = origin};
	} else if (p->is_valid) {
		p->until_s =
			p->expires_s != 0 && p->expires_s < now_s ? p->until_s : now_s + GRACE_S;
		p->is_valid = false;
	}
}

static void act(struct history *h, struct bring *b)
{
	static const char *const actions[] = {"announce", "announce", "withdraw", "drain",
					      "release",  "submit",   "approve"};
	unsigned i = any(h, 30) == 0 ? 4 : any(h, 4) == 0 ? 5 + any(h, 2) : any(h, 4);
	const char *body = any(h, 2) ? "{\"to\": \"limited\"}" : "{}";
	if (!fix_act(&h->fix, b->id.text, actions[i], i < 2 ? body : "{}")) {
		return;
	}
	b->is_wanted = i < 2 || (i > 4 && b->is_wanted);
	if (i == 3 && !b->is_draining) {
		b->drained_s = h->fix.now_s + DRAIN_S;
	}
	b->is_draining = i == 3 || (i > 4 && b->is_draining);
	b->is_released |= i == 4;
	b->is_submitted |= i > 4;
	if (i == 6) {
		b->proof[EVIDENCE_OPERATOR] = (struct proof){.until_s = EVER, .is_valid = true};
	}
}

static void move_window(struct history *h, struct bring *b)
{
	char time[REGISTRY_TIME_MAX];
	int64_t at_s = any(h, 3) == 0 ? 0 : h->fix.now_s - 5000 + any(h, 20000);
	bool is_end = any(h, 2) == 0;
	bool is_good = at_s == 0 ? fix_update(&h->fix, b->id.text, "{'%s': null}",
					      is_end ? "not_after" : "not_before")
				 : fix_update(&h->fix, b->id.text, "{'%s': '%s'}",
					      is_end ? "not_after" : "not_before",
					      registry_time_format(at_s, time));
	if (is_good) {
		*(is_end ? &b->not_after_s : &b->not_before_s) = at_s;
	}
}

static void change_claim(struct history *h)
{
	struct claim *c = &h->claim[any(h, CLAIMS)];
	bool is_revoked = any(h, 3) == 0;
	if (fix_act(&h->fix, c->id.text, is_revoked ? "revoke" : "approve", NULL)) {
		c->is_revoked = is_revoked;
		c->is_approved |= !is_revoked;
	}
}

static void switch_one(struct history *h)
{
	unsigned t = any(h, TENANTS);
	bool is_on = any(h, 8) != 0, is_tenant = any(h, 2) == 0;
	cr_assert(fix_update(&h->fix, is_tenant ? h->tenant[t].id.text : h->tenant[t].session.text,
			     "{'is_enabled': %s}", is_on ? "true" : "false"));
	*(is_tenant ? &h->tenant[t].is_enabled : &h->tenant[t].is_running) = is_on;
}

/* All that is left is what the store has. */
static void crash(struct history *h)
{
	char why[200];
	json_t *all = fix_dump(h->fix.registry), *rows = json_array(), *o;
	const char *id;
	struct registry *r = registry_new();
	json_object_foreach(all, id, o)
	{
		json_array_append(rows, o);
	}
	cr_assert(registry_load(r, registry_revision(h->fix.registry), rows, why, sizeof(why)),
		  "%s", why);
	registry_check(r);
	registry_free(h->fix.registry);
	h->fix.registry = r;
	json_decref(rows);
	json_decref(all);
}

static void happen(struct history *h)
{
	struct bring *b = h->brought == 0 ? NULL : &h->bring[any(h, h->brought)];
	unsigned what = any(h, 16);
	if (what < 3 || b == NULL || !b->is_there) {
		bring_one(h);
	} else if (what < 8) {
		find(h, b);
	} else if (what < 12) {
		act(h, b);
	} else if (what == 12) {
		move_window(h, b);
	} else if (what == 13) {
		change_claim(h);
	} else if (what == 14) {
		switch_one(h);
	} else if (any(h, 2) == 0) {
		crash(h);
	} else if (fix_delete(&h->fix, b->id.text)) {
		b->is_there = false;
	}
}

/* --- The comparison --- */

static void ask(struct history *h, unsigned t, const struct prefix *p, asn_t origin,
		const struct registry_grant *g)
{
	struct registry_why why;
	char text[PREFIX_TEXT_MAX];
	const struct registry_session *s = (const struct registry_session *)registry_get(
		h->fix.registry, REGISTRY_SESSION, h->tenant[t].session.text);
	bool is_granted = registry_session_runs(h->fix.registry, s, NULL) &&
			  prefix_set_match(g->authorised, p, origin, NULL);
	bool is_refused =
		registry_why(h->fix.registry, &h->fix.rules, s, p, origin, h->fix.now_s, &why);
	bool wanted = is_accepted(h, t, p, origin);
	cr_assert(is_granted == wanted && is_refused != wanted,
		  "tenant %u, %s from AS%u: %s, and should be %s: %s", t, prefix_format(p, text),
		  origin, is_granted ? "granted" : "refused", wanted ? "granted" : "refused",
		  is_refused ? why.text : "no reason");
	h->accepted += wanted ? 1 : 0;
	h->asked++;
}

/* Routes in and around what was brought, by everybody. */
static void compare(struct history *h)
{
	for (unsigned t = 0; t < TENANTS; t++) {
		struct registry_grant g;
		const struct registry_session *s = (const struct registry_session *)registry_get(
			h->fix.registry, REGISTRY_SESSION, h->tenant[t].session.text);
		registry_grant(h->fix.registry, &h->fix.rules, s, h->fix.now_s, NULL, &g);
		for (unsigned i = 0; i < h->brought; i++) {
			const struct bring *b = &h->bring[i];
			struct addr a = addr_make(FAMILY_IPV4, b->prefix.bytes);
			for (unsigned len = b->prefix.len - 1u; len <= b->max_length + 1u; len++) {
				struct prefix p = prefix_make(&a, len);
				ask(h, t, &p, b->origin, &g);
			}
			ask(h, t, &b->prefix, 4200 + any(h, TENANTS), &g);
		}
		registry_grant_put(&g);
	}
}

static void begin(struct history *h, uint64_t seed)
{
	fix_init(&h->fix, seed);
	prng_init(&h->prng, seed);
	for (unsigned t = 0; t < EVIDENCE_TYPE_COUNT; t++) {
		h->fix.rules.grace_s[t] = GRACE_S;
	}
	h->fix.rules.drain_s = DRAIN_S;
	registry_id_t site = fix_site(&h->fix);
	for (unsigned t = 0; t < TENANTS; t++) {
		char name[20];
		snprintf(name, sizeof(name), "t%u", t);
		h->fix.now_s++;
		struct fix_tenant c = fix_customer(&h->fix, name, 4200 + t);
		h->claim[t] = (struct claim){
			.id = c.asn, .asn = 4200 + t, .tenant = t, .is_approved = true};
		h->tenant[t].id = c.tenant;
		h->tenant[t].session = fix_session(&h->fix, &c, site.text, 4200 + t);
		h->tenant[t].is_enabled = h->tenant[t].is_running = true;
	}
	/* One that all of them want. */
	for (unsigned t = 0; t < TENANTS; t++) {
		h->fix.now_s++;
		cr_assert(fix_create(&h->fix, REGISTRY_ASN, "{'tenant': '%s', 'asn': 4300}",
				     h->tenant[t].id.text));
		h->claim[TENANTS + t] = (struct claim){.id = h->fix.made, .asn = 4300, .tenant = t};
	}
}

static void run(uint64_t seed)
{
	static struct history h;
	memset(&h, 0, sizeof(h));
	begin(&h, seed);
	for (unsigned i = 0; i < STEPS; i++) {
		happen(&h);
		pass_numbers(&h);
		end_drains(&h);
		int64_t seconds = any(&h, 3) == 0 ? any(&h, 6000) : 0;
		do {
			cr_assert(fix_tick(&h.fix, seconds));
			seconds = 0;
		} while (h.fix.change->count > 0);
		end_drains(&h);
		compare(&h);
	}
	fix_check_whole(&h.fix);
	fprintf(stderr, "history %llu: %u brought, %u of %u routes accepted\n",
		(unsigned long long)seed, h.brought, h.accepted, h.asked);
	fix_fini(&h.fix);
}

Test(registry, what_a_session_may_announce_is_what_a_naive_oracle_says)
{
	const char *first = getenv("REGISTRY_SEED"), *count = getenv("REGISTRY_SEEDS");
	uint64_t seed = first == NULL ? 1 : strtoull(first, NULL, 10);
	uint64_t seeds = count == NULL ? 16 : strtoull(count, NULL, 10);
	for (uint64_t i = 0; i < seeds; i++) {
		run(seed + i);
	}
}
