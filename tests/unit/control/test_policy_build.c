/* Rules of a generation from configuration and sources, and what a change of them touches. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/policy/build.h"
#include "control/policy/own.h"
#include "control/policy/scope.h"
#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/base/text.h"
#include "rib/policy/asks.h"
#include "rib/policy/prefix_set.h"
#include "tests/unit/control/scratch.h"

#define RIG_NUMBERS 5 /* The last is nobody's: routes of our own have it. */
#define CLIENT1	    "- {asn: 64501, ip: 198.18.1.1%s}\n"

struct rig {
	struct scratch scratch;
	struct config *config;
	const struct config_client *client[RIG_NUMBERS];
	struct policy_sources sources;
	struct policy_irr irr[RIG_NUMBERS];
	const uint64_t *const *kept;
	struct policy *policy;
};

static void rig_init(struct rig *r)
{
	*r = (struct rig){.config = NULL};
	scratch_init(&r->scratch);
}

static void rig_fini(struct rig *r)
{
	policy_free(r->policy);
	config_free(r->config);
	scratch_fini(&r->scratch);
}

/* Load: `cfg` stands in the braces of cfg, `own` in the first client's cfg. */
static void configure(struct rig *r, const char *cfg, const char *own)
{
	char text[2048];
	struct config_errors e;
	snprintf(text, sizeof(text),
		 PORT "cfg: {rs_as: 64500, %s}\nclients:\n"
		      "- {asn: 64501, ip: 198.18.1.1, cfg: {%s}}\n"
		      "- {asn: 64502, ip: 198.18.1.2}\n"
		      "- {asn: 64503, ip: [198.18.1.3, \"2001:db8:0:1::3\"]}\n",
		 cfg, own);
	config_free(r->config);
	r->config = scratch_load(&r->scratch, text, &e);
	cr_assert(r->config != NULL, "%s", text);
	config_errors_free(&e);
	for (unsigned i = 0; i < 4; i++) {
		r->client[i] = &r->config->client[i];
	}
}

/* Build the next generation; what differs from the one before into *out. */
static bool build(struct rig *r, struct policy_scope *out)
{
	struct policy_input in = {
		.conf = &r->config->policy,
		.rs_as = r->config->rs_as,
		.peer_count = RIG_NUMBERS,
		.client = r->client,
		.kept = r->kept,
		.sources = &r->sources,
		.before = r->policy,
		.generation = r->policy != NULL ? r->policy->generation + 1 : 1,
	};
	in.own = own_build(&in);
	struct policy *fresh = policy_build(&in);
	own_routes_put(in.own);
	cr_assert(fresh != NULL);
	bool is_changed = policy_scope_between(r->policy, fresh, NULL, out);
	policy_free(r->policy);
	r->policy = fresh;
	return is_changed;
}

static const char *const probes[] = {"0.0.0.0/0", "10.1.0.0/16", "198.51.100.0/24",
				     "192.0.2.128/25"};

static void put_prefixes(struct text *t, const struct prefix_set *set, bool is_bounded)
{
	for (unsigned i = is_bounded ? 0 : 1; i < ARRAY_COUNT(probes); i++) {
		struct prefix p;
		cr_assert(prefix_parse(probes[i], &p, NULL) == 0);
		if (is_bounded ? prefix_set_bounds(set, &p) : prefix_set_covers(set, &p)) {
			text_printf(t, "(%s)", probes[i]);
		}
	}
}

/* What the change touches: "all", or announcers, prefixes, what communities mean and whom they
 * name, and an announcer's own prefixes. */
static const char *scope_text(struct policy_scope *s, char *buf, size_t len)
{
	struct text t = text_of(buf, len);
	text_put(&t, s->is_all ? "all" : "");
	for (unsigned i = 0; s->announcers != NULL && i < 4; i++) {
		if (bits_has(s->announcers, i)) {
			text_printf(&t, "[%u]", i);
		}
	}
	put_prefixes(&t, s->prefixes, false);
	put_prefixes(&t, s->bounded, true);
	text_put(&t, (s->meanings & MEANING_BIT(MEANING_BLACKHOLE)) != 0 ? "<blackhole>" : "");
	text_put(&t,
		 (s->meanings & MEANING_BIT(MEANING_GRACEFUL_SHUTDOWN)) != 0 ? "<shutdown>" : "");
	for (unsigned i = 0; i < s->named_count; i++) {
		text_printf(&t, "<AS%u>", s->named[i]);
	}
	for (unsigned i = 0; i < s->own_count; i++) {
		if (s->own[i] != NULL) {
			text_printf(&t, "[%u]", i);
			put_prefixes(&t, s->own[i], false);
		}
	}
	policy_scope_fini(s);
	return buf;
}

/* Each change by itself, and what it touches. */
static const struct change {
	const char *cfg, *own;	 /* Before, */
	const char *cfg2, *own2; /* and after. */
	const char *scope;
} changes[] = {
	{"", "", "", "", ""},
	{"", "", "path_hiding: true", "passive: false", ""},
	{"", "", "filtering: {max_as_path_len: 20}", "", "[0][1][2][3]"},
	{"", "", "", "filtering: {max_as_path_len: 20}", "[0]"},
	{"", "", "", "filtering: {next_hop: {policy: same-as}}", "[0]"},
	{"", "", "", "filtering: {ipv4_pref_len: {min: 9, max: 24}}", "[0]"},
	{"", "", "", "filtering: {irrdb: {enforce_origin_in_as_set: false}}", "[0]"},
	{"", "", "", "filtering: {irrdb: {white_list_asn: [64999]}}", "[0]"},
	{"", "", "", "filtering: {black_list_pref: [{prefix: 198.51.100.0, length: 24}]}", "[0]"},
	{"", "", "", "filtering: {rpki_bgp_origin_validation: {enabled: true}}", "[0]"},
	{"", "", "", "filtering: {max_communities: 100}", "[0]"},
	{"", "", "", "filtering: {reject_policy: {policy: reject}}", ""},
	{"", "", "", "graceful_shutdown: {enabled: true}", "[0]<shutdown>"},
	{"", "", "", "blackhole_filtering: {announce_to_client: false}", ""},
	{"blackhole_filtering: {policy_ipv4: propagate-unchanged}", "",
	 "blackhole_filtering: {policy_ipv4: propagate-unchanged}",
	 "blackhole_filtering: {announce_to_client: false}", "<blackhole>"},
	{"", "", "rfc1997_wellknown_communities: {policy: rfc1997}", "", "all"},
	{"", "", "communities: {prepend_once_to_any: {lrg: 'rs_as:1:1'}}", "", "all"},
	{"", "", "custom_communities: {a: {lrg: 'rs_as:1:1'}}", "", "all"},
	{"", "", "blackhole_filtering: {policy_ipv4: propagate-unchanged}", "", "all"},
	{"", "", "filtering: {transit_free: {asns: [174]}}", "", "all"},
	{"", "", "filtering: {never_via_route_servers: {asns: [174]}}", "", "all"},
	{"", "", "filtering: {global_black_list_pref: [{prefix: 198.51.100.0, length: 24}]}", "",
	 "(198.51.100.0/24)"},
	{"", "", "filtering: {bogons: [{prefix: 10.0.0.0, length: 8}]}", "",
	 "(10.1.0.0/16)(198.51.100.0/24)(192.0.2.128/25)"},
	{"filtering: {bogons: []}", "", "filtering: {bogons: [{prefix: 10.0.0.0, length: 8}]}", "",
	 "(10.1.0.0/16)"},
	{"", "", "", "export: {deny: [{prefix: 10.0.0.0, length: 8}]}", "(10.1.0.0/16)"},
	{"", "export: {deny: [{prefix: 10.0.0.0, length: 8}]}", "",
	 "export: {deny: [{prefix: 10.0.0.0, length: 8}, {prefix: 192.0.2.0, length: 24}]}",
	 "(192.0.2.128/25)"},
	{"", "", "", "export: {allow: [{prefix: 10.0.0.0, length: 8}]}", "all"},
	{"", "", "", "export: {deny: [{peer: 64502}]}", "[1]"},
	{"", "", "", "export: {deny: [{peer: \"2001:db8:0:1::3\"}]}", "[3]"},
	{"", "", "", "export: {allow: [{peer: 64503}]}", "[0][1]"},
	{"", "", "", "route_view: none", "[0][1][2][3]"},
	{"", "", "", "route_view: own-tenant", "[1][2][3]"},
	{"", "", "", "route_view: customers+peers", ""},
	{"", "", "", "route_view: default", "all"},
};

Test(policy_build, a_change_touches_only_what_it_may)
{
	struct rig r;
	rig_init(&r);
	for (unsigned i = 0; i < ARRAY_COUNT(changes); i++) {
		const struct change *c = &changes[i];
		struct policy_scope scope;
		char text[256];
		configure(&r, c->cfg, c->own);
		(void)build(&r, &scope);
		policy_scope_fini(&scope);
		configure(&r, c->cfg2, c->own2);
		bool is_changed = build(&r, &scope);
		cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), c->scope, "%s | %s: %s",
				 c->cfg2, c->own2, text);
		cr_expect_eq(is_changed, c->scope[0] != '\0', "%s | %s", c->cfg2, c->own2);
	}
	rig_fini(&r);
}

Test(policy_build, the_first_rules_touch_everything)
{
	struct rig r;
	struct policy_scope scope;
	rig_init(&r);
	configure(&r, "", "");
	cr_expect(build(&r, &scope) && scope.is_all);
	policy_scope_fini(&scope);
	rig_fini(&r);
}

Test(policy_build, members_that_did_not_change_are_shared)
{
	struct rig r;
	struct policy_scope scope;
	rig_init(&r);
	configure(&r, "", "");
	(void)build(&r, &scope);
	struct peer_policy *first = r.policy->peer[0], *second = r.policy->peer[1];
	peer_policy_hold(first);
	peer_policy_hold(second);
	configure(&r, "", "filtering: {max_as_path_len: 7}");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_expect(r.policy->peer[0] != first && r.policy->peer[0]->path_len_max == 7);
	cr_expect(r.policy->peer[1] == second);
	peer_policy_put(first);
	peer_policy_put(second);
	rig_fini(&r);
}

static struct roa *roas(unsigned count)
{
	struct vrp vrp[2] = {{.len_max = 24, .asn = 64501}, {.len_max = 16, .asn = 64502}};
	cr_assert(prefix_parse("198.51.100.0/24", &vrp[0].prefix, NULL) == 0);
	cr_assert(prefix_parse("10.1.0.0/16", &vrp[1].prefix, NULL) == 0);
	return roa_new(vrp, count);
}

/* RFC 9324's point: what a change of ROAs covers is judged again, nothing else. */
Test(policy_build, a_roa_touches_the_prefixes_that_it_covers)
{
	struct rig r;
	struct policy_scope scope;
	char text[256];
	struct roa *one = roas(1), *two = roas(2);
	rig_init(&r);
	configure(&r, "filtering: {rpki_bgp_origin_validation: {enabled: true}}", "");
	r.sources.roa = one;
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	r.sources.roa = two;
	cr_expect(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), "(10.1.0.0/16)");
	cr_expect(!build(&r, &scope));
	/* Where nobody validates there is nothing to do. */
	configure(&r, "", "");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	r.sources.roa = one;
	cr_expect(!build(&r, &scope));
	rig_fini(&r);
	roa_put(one);
	roa_put(two);
}

Test(policy_build, data_of_one_member_touch_its_routes)
{
	struct rig r;
	struct policy_scope scope;
	char text[256];
	const asn_t asn = 64999;
	struct asn_set *asns = asn_set_new(&asn, 1);
	rig_init(&r);
	configure(&r, "", "");
	r.sources.irr = r.irr;
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	r.irr[2].asns = asns;
	cr_expect(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), "[2]");
	cr_expect(r.policy->peer[2]->as_set == asns);
	rig_fini(&r);
	asn_set_put(asns);
}

/* RTTs count where some community depends on them. */
Test(policy_build, round_trips_touch_what_asks_where_communities_can_ask_for_them)
{
	struct rig r;
	struct policy_scope scope;
	uint16_t ms[RIG_NUMBERS] = {5, 5, 5, 5};
	rig_init(&r);
	r.sources.rtt_ms = ms;
	configure(&r, "", "");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	ms[1] = 10;
	cr_expect(!build(&r, &scope));
	configure(&r, "communities_preset: euro-ix", "");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	ms[1] = 20;
	cr_expect(build(&r, &scope) && !scope.is_all && scope.meanings == MEANINGS_THAT_ASK);
	policy_scope_fini(&scope);
	rig_fini(&r);
}

/* Its routes, and what says something about it; with views, those of whom it did not hear. */
Test(policy_build, a_member_less_touches_what_is_about_it)
{
	struct rig r;
	struct policy_scope scope;
	char text[256];
	rig_init(&r);
	configure(&r, "", "");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	r.client[3] = NULL;
	cr_expect(build(&r, &scope) && r.policy->peer[3] == NULL);
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), "[3]<AS64503>", "%s", text);
	/* Who hears nobody is another thing than a number that is nobody's, for all routes. */
	configure(&r, "", "route_view: none");
	r.client[0] = NULL;
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	r.client[0] = &r.config->client[0];
	cr_expect(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), "[0][1][2][3]<AS64501>", "%s",
			 text);
	rig_fini(&r);
}

static struct prefix_set *rules_of(const char *const *text, unsigned count)
{
	struct prefix_rule rule[4];
	for (unsigned i = 0; i < count; i++) {
		cr_assert(prefix_parse(text[i], &rule[i].prefix, NULL) == 0);
		rule[i].ge = rule[i].prefix.len;
		rule[i].le = 32;
		rule[i].origin = 64501;
	}
	return prefix_set_new(rule, count);
}

/* One authorisation more or less is a matter of its prefix and of who has it. */
Test(policy_build, an_authorisation_touches_its_prefix_from_its_member)
{
	static const char *const texts[] = {"10.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24"};
	struct prefix_set *one = rules_of(texts, 1), *two = rules_of(texts, 2);
	struct prefix_set *last = rules_of(texts + 1, 1);
	struct policy_grant grant[RIG_NUMBERS] = {{.is_restricted = true, .authorised = one}};
	const struct policy_grant next[] = {
		{.is_restricted = true, .authorised = two},
		{.is_restricted = true, .authorised = two, .limited = last},
		{.is_restricted = true, .authorised = two, .limited = last, .draining = one},
		{.is_restricted = true, .authorised = one},
	};
	static const char *const touched[] = {"[0](192.0.2.128/25)", "[0](192.0.2.128/25)",
					      "[0](10.1.0.0/16)",
					      "[0](10.1.0.0/16)(192.0.2.128/25)"};
	struct rig r;
	struct policy_scope scope;
	char text[256];
	rig_init(&r);
	configure(&r, "", "");
	r.sources.grant = grant;
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_expect(!build(&r, &scope));
	for (unsigned i = 0; i < ARRAY_COUNT(next); i++) {
		grant[0] = next[i];
		cr_expect(build(&r, &scope), "%u", i);
		cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), touched[i], "%u: %s", i,
				 text);
	}
	grant[0].is_restricted = false;
	cr_expect(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), "[0]");
	rig_fini(&r);
	prefix_set_put(one);
	prefix_set_put(two);
	prefix_set_put(last);
}

/* The announcer's tenant, and who takes part.  (Without tenants: its AS number.) */
Test(policy_build, who_takes_part_hears_what_is_limited)
{
	static const char *const texts[] = {"192.0.2.0/24"};
	struct prefix_set *set = rules_of(texts, 1);
	struct policy_grant grant[RIG_NUMBERS] = {
		{.is_restricted = true, .authorised = set, .limited = set}};
	struct rig r;
	struct policy_scope scope;
	char text[256];
	rig_init(&r);
	configure(&r, "", "tenant: a");
	r.sources.grant = grant;
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_expect_eq(r.policy->peer[0]->limited_to[0], 0x1);
	grant[2].hears_limited = true;
	cr_expect(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), "[0](192.0.2.128/25)");
	cr_expect_eq(r.policy->peer[0]->limited_to[0], 0x5);
	cr_expect_null(r.policy->peer[2]->limited_to);
	rig_fini(&r);
	prefix_set_put(set);
}

static bool hears(const struct policy *p, unsigned receiver, unsigned announcer)
{
	const uint64_t *bits = p->peer[receiver]->hears;
	return bits == NULL || bits_has(bits, announcer);
}

/* Ours: whom a member hears. */
Test(policy_build, views_are_bits)
{
	struct rig r;
	struct policy_scope scope;
	rig_init(&r);
	configure(&r, "route_view: own-tenant", "tenant: a, route_view: full");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_expect(hears(r.policy, 0, 1) && hears(r.policy, 0, 3));
	cr_expect(hears(r.policy, 2, 3) && !hears(r.policy, 2, 1) && !hears(r.policy, 1, 0));
	configure(&r, "route_view: customers+peers",
		  "filtering: {roles: {enabled: true, local_role: customer}}");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_expect(!hears(r.policy, 1, 0) && hears(r.policy, 1, 2) && hears(r.policy, 0, 1));
	configure(&r, "", "route_view: default");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	struct prefix p;
	cr_assert(prefix_parse("0.0.0.0/0", &p, NULL) == 0);
	cr_expect(prefix_set_match(r.policy->peer[0]->export_allow, &p, 0, NULL));
	cr_assert(prefix_parse("10.0.0.0/8", &p, NULL) == 0);
	cr_expect(!prefix_set_match(r.policy->peer[0]->export_allow, &p, 0, NULL));
	rig_fini(&r);
}

/* The first client has come with these rules, and number 0 was kept like that: what it touches. */
static void expect_touched(const char *own, enum keep keep, const char *wanted)
{
	uint64_t kept[KEEP_COUNT] = {[KEEP_FULL] = 0x1e};
	const uint64_t *const all[] = {&kept[0], &kept[1], &kept[2]};
	struct rig r;
	struct policy_scope scope;
	char text[256], cfg[256];
	rig_init(&r);
	r.kept = all;
	kept[keep] |= 1;
	snprintf(cfg, sizeof(cfg), "tenant: a, %s", own);
	configure(&r, "", cfg);
	r.config->client[1].session.has_role = true;
	r.config->client[1].session.role = ROLE_CUSTOMER; /* Ours: it is a provider. */
	r.config->client[2].policy.tenant = r.config->client[0].policy.tenant;
	r.client[0] = NULL;
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	r.client[0] = &r.config->client[0];
	cr_assert(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), wanted, "%s: %s", own, text);
	r.client[0] = NULL;
	cr_assert(build(&r, &scope), "who leaves touches the same");
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), wanted, "%s: %s", own, text);
	r.config->client[2].policy.tenant = NULL;
	rig_fini(&r);
}

/* Ours: routes of those whom it hears differently from what its number was kept as, and its own. */
Test(policy_build, who_comes_touches_what_its_number_was_not_kept_as)
{
	static const struct {
		const char *own;
		enum keep keep;
		const char *touched;
	} rows[] = {
		{"route_view: full", KEEP_FULL, "[0]<AS64501>"},
		{"route_view: full", KEEP_NONE, "[0][1][2][3]<AS64501>"},
		{"route_view: own-tenant", KEEP_FULL, "[0][1][3]<AS64501>"},
		{"route_view: own-tenant", KEEP_NONE, "[0][2]<AS64501>"},
		{"route_view: none", KEEP_FULL, "[0][1][2][3]<AS64501>"},
		{"route_view: none", KEEP_NONE, "[0]<AS64501>"},
		{"route_view: customers+peers", KEEP_FULL, "[0][1]<AS64501>"},
		{"route_view: customers+peers", KEEP_CUSTOMERS_PEERS, "[0]<AS64501>"},
		{"route_view: default", KEEP_FULL, "all"},
		{"route_view: default", KEEP_NONE, "[0](0.0.0.0/0)<AS64501>"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		expect_touched(rows[i].own, rows[i].keep, rows[i].touched);
	}
}

/* Bits of who hears a route of our own. */
static uint64_t hearers(const struct policy *p, const char *text)
{
	struct prefix prefix;
	cr_assert(prefix_parse(text, &prefix, NULL) == 0);
	const struct own_route *own = own_routes_find(p->own, &prefix);
	cr_assert(own != NULL && p->origin == RIG_NUMBERS - 1, "%s", text);
	return *own_hearers(p->own, own);
}

/* A default route of our own is for those who want it, and the only one that they hear. */
Test(policy_build, our_own_default_is_for_its_view_alone)
{
	struct rig r;
	struct policy_scope scope;
	rig_init(&r);
	configure(&r, "default_route: {next_hop_ipv4: 198.18.0.9}", "route_view: default");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_expect(hears(r.policy, 0, RIG_NUMBERS - 1) && !hears(r.policy, 0, 1));
	cr_expect(hears(r.policy, 1, 0));
	cr_expect_eq(hearers(r.policy, "0.0.0.0/0"), 0x1);
	cr_expect_null(own_routes_find(r.policy->own, &(struct prefix){.family = FAMILY_IPV6}));
	rig_fini(&r);
}

/* Nobody is sent our own routes by rules that do not know them: neither before those that do are
 * everywhere, nor after. */
Test(policy_build, our_own_number_comes_and_goes_with_the_default)
{
	struct rig r;
	struct policy_scope scope;
	rig_init(&r);
	configure(&r, "route_view: default", "");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_expect(r.policy->knows_members && r.policy->origin == PEER_NONE);
	configure(&r, "route_view: default, default_route: {next_hop_ipv4: 198.18.0.9}", "");
	cr_expect(build(&r, &scope));
	cr_expect(scope.is_all || bits_has(scope.announcers, RIG_NUMBERS - 1));
	policy_scope_fini(&scope);
	cr_expect_eq(r.policy->origin, RIG_NUMBERS - 1);
	configure(&r, "route_view: default", "");
	cr_expect(build(&r, &scope));
	cr_expect(scope.is_all || bits_has(scope.announcers, RIG_NUMBERS - 1));
	policy_scope_fini(&scope);
	cr_expect_eq(r.policy->origin, PEER_NONE);
	rig_fini(&r);
}

/* As if the customer announced it: to its tenant, and to whoever wants more than a default. */
Test(policy_build, what_is_originated_is_heard_like_its_customers_routes)
{
	static const struct {
		const char *view;
		uint64_t all, limited, other;
	} row[] = {
		{"", 0xf, 0x5, 0xf},
		{"route_view: none", 0xe, 0x4, 0xe},
		{"route_view: default", 0xe, 0x4, 0xe},
		{"route_view: customers+peers", 0xf, 0x5, 0xf},
		{"route_view: own-tenant", 0xf, 0x5, 0xe},
		{"route_view: own-tenant, tenant: b", 0xe, 0x4, 0xf},
		{"export: {deny: [{peer: 64501}]}", 0xe, 0x4, 0xf},
	};
	struct policy_originated o[] = {
		{.asn = 64501, .tenant = "a"},
		{.asn = 64501, .tenant = "a", .is_limited = true},
		{.asn = 64509, .tenant = "b", .is_draining = true},
	};
	const char *const prefix[] = {"192.0.2.0/24", "198.51.100.0/24", "10.0.0.0/8"};
	struct policy_grant grant[RIG_NUMBERS] = {[2] = {.hears_limited = true}};
	struct rig r;
	rig_init(&r);
	for (unsigned i = 0; i < ARRAY_COUNT(o); i++) {
		cr_assert(prefix_parse(prefix[i], &o[i].prefix, NULL) == 0);
	}
	r.sources.grant = grant;
	r.sources.originated = o;
	r.sources.originated_count = ARRAY_COUNT(o);
	for (unsigned i = 0; i < ARRAY_COUNT(row); i++) {
		struct policy_scope scope;
		char own[128];
		bool has_tenant = strstr(row[i].view, "tenant:") != NULL;
		snprintf(own, sizeof(own), "%s%s%s", row[i].view,
			 row[i].view[0] != '\0' && !has_tenant ? ", " : "",
			 has_tenant ? "" : "tenant: a");
		configure(&r, "", own);
		(void)build(&r, &scope);
		policy_scope_fini(&scope);
		cr_expect_eq(hearers(r.policy, prefix[0]), row[i].all, "%s", own);
		cr_expect_eq(hearers(r.policy, prefix[1]), row[i].limited, "%s", own);
		cr_expect_eq(hearers(r.policy, prefix[2]), row[i].other, "%s", own);
	}
	cr_expect(own_routes_find(r.policy->own, &o[2].prefix)->is_draining);
	rig_fini(&r);
}

/* What changes in our own routes touches them alone. */
Test(policy_build, a_change_of_what_is_originated_touches_its_prefix)
{
	struct policy_originated o[2] = {{.asn = 64501, .tenant = "a"},
					 {.asn = 64501, .tenant = "a"}};
	struct rig r;
	struct policy_scope scope;
	char text[256];
	rig_init(&r);
	cr_assert(prefix_parse("10.0.0.0/8", &o[0].prefix, NULL) == 0);
	cr_assert(prefix_parse("192.0.2.0/24", &o[1].prefix, NULL) == 0);
	configure(&r, "", "");
	r.sources.originated = o;
	r.sources.originated_count = 1;
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_expect(!build(&r, &scope));
	r.sources.originated_count = 2;
	cr_expect(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), "[4](192.0.2.128/25)", "%s", text);
	o[0].is_draining = true;
	cr_expect(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)), "[4](10.1.0.0/16)", "%s", text);
	/* Who has come hears both. */
	r.client[1] = NULL;
	cr_expect(build(&r, &scope));
	cr_expect_str_eq(scope_text(&scope, text, sizeof(text)),
			 "[1]<AS64502>[4](10.1.0.0/16)(192.0.2.128/25)", "%s", text);
	rig_fini(&r);
}

Test(policy_build, custom_communities_are_attached_by_name)
{
	struct rig r;
	struct policy_scope scope;
	rig_init(&r);
	configure(
		&r,
		"custom_communities: {a: {std: '64512:1', lrg: 'rs_as:1:1'}, b: {std: '64512:2'}}",
		"attach_custom_communities: [b, a]");
	(void)build(&r, &scope);
	policy_scope_fini(&scope);
	cr_assert(r.policy->peer[0]->attach_count == 3 && r.policy->custom_count == 3);
	cr_expect(r.policy->peer[0]->attach[0].field[1] == 2);
	cr_expect(r.policy->peer[0]->attach[2].field[0] == 64500);
	cr_expect(r.policy->peer[1]->attach_count == 0);
	rig_fini(&r);
}
