/* From AS-SETs to the rules of the members whose routes are held against them, and to no others. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/policy/feed_irr.h"
#include "control/policy/limit.h"
#include "tests/unit/control/fake.h"

struct rig {
	struct scratch scratch;
	struct config *config;
	struct roster *roster;
	struct policy_desk *desk;
	struct irr *irr;
	struct feed_irr *feed;
	usec_t now;
	unsigned published;
	bool is_all;	     /* The last scope is; */
	uint64_t announcers; /* else these. */
};

static void publish(void *server, const struct policy *p, const struct policy_scope *scope)
{
	struct rig *r = server;
	(void)p;
	r->published++;
	r->announcers = scope->announcers != NULL ? scope->announcers[0] : 0;
	r->is_all = scope->is_all;
}

static bool is_done(const void *server)
{
	(void)server;
	return true;
}

static void rig_init(struct rig *r, const char *cfg)
{
	char text[2048], path[256];
	struct config_errors e;
	*r = (struct rig){.now = 1000 * USEC_PER_SEC};
	scratch_init(&r->scratch);
	snprintf(text, sizeof(text),
		 PORT "irr: {files: '%s'}\nasns: {AS64502: {as_sets: [AS-Y]}}\n"
		      "cfg: {rs_as: 64500, %s}\nclients:\n"
		      "- {asn: 64501, ip: 198.18.1.1, cfg: {filtering: {irrdb: {as_sets: "
		      "[AS-X]}}}}\n"
		      "- {asn: 64502, ip: 198.18.1.2}\n- {asn: 64503, ip: 198.18.1.3}\n"
		      "- {asn: 64504, ip: 198.18.1.4, cfg: {filtering: {irrdb: "
		      "{enforce_origin_in_as_set: false, enforce_prefix_in_as_set: false}}}}\n",
		 scratch_path(&r->scratch, "", path), cfg);
	r->config = scratch_load(&r->scratch, text, &e);
	cr_assert(r->config != NULL);
	config_errors_free(&e);
	scratch_write(&r->scratch, "AS-X.json",
		      "{\"a\": [64501], \"b\": [{\"prefix\": \"198.18.1.0/24\"}]}");
	scratch_write(&r->scratch, "AS-Y.json", "{\"a\": [64502, 64777]}");
	scratch_write(&r->scratch, "AS64503.json", "{\"b\": [{\"prefix\": \"198.18.3.0/24\"}]}");
	r->roster = roster_new(r->config, 6);
	r->desk = policy_desk_new(r->config, r->roster);
	const struct policy_publisher p = {.publish = publish, .is_done = is_done, .server = r};
	policy_desk_attach(r->desk, &p);
	const struct irr_opts opts = {.conf = &r->config->irr,
				      .cache_fd = -1,
				      .seed = 1,
				      .now = r->now,
				      .now_s = 1790000000};
	r->irr = irr_new(&opts);
	r->feed = feed_irr_new(r->irr, r->desk, r->config, r->roster);
}

static void rig_fini(struct rig *r)
{
	feed_irr_free(r->feed);
	irr_free(r->irr);
	policy_desk_free(r->desk);
	roster_free(r->roster);
	config_free(r->config);
	scratch_fini(&r->scratch);
}

/* Whatever is due is done, and the rules follow. */
static void settle(struct rig *r)
{
	for (unsigned i = 0; i < 100; i++) {
		(void)irr_serve(r->irr, r->now, 1790000000);
		feed_irr_step(r->feed, r->now);
		(void)policy_desk_step(r->desk, r->now);
	}
}

static const struct peer_policy *rules_of(const struct rig *r, unsigned peer)
{
	return policy_now(r->desk)->peer[peer];
}

Test(feed_irr, each_member_has_the_sets_of_its_choice)
{
	struct rig r;
	rig_init(&r, "filtering: {irrdb: {tag_as_set: false}}");
	feed_irr_step(r.feed, r.now);
	cr_expect(policy_desk_step(r.desk, r.now));
	cr_expect(!r.is_all && r.announcers == 7);
	cr_expect(asn_set_has(rules_of(&r, 0)->as_set, 64501));
	cr_expect(prefix_set_count(rules_of(&r, 0)->as_set_prefix) == 1);
	cr_expect(asn_set_has(rules_of(&r, 1)->as_set, 64777));
	cr_expect(asn_set_has(rules_of(&r, 2)->as_set, 64503));
	cr_expect(prefix_set_count(rules_of(&r, 2)->as_set_prefix) == 1);
	/* Who is held against none has none. */
	cr_expect(rules_of(&r, 3)->as_set == NULL && irr_set_count(r.irr) == 3);
	rig_fini(&r);
}

Test(feed_irr, a_change_touches_the_members_that_use_it)
{
	struct rig r;
	rig_init(&r, "filtering: {irrdb: {tag_as_set: false}}");
	feed_irr_step(r.feed, r.now); /* Before the first turn: files are read at once. */
	settle(&r);
	cr_expect_eq(r.published, 1);
	scratch_write(&r.scratch, "AS-Y.json", "{\"a\": [64502, 64777, 64778]}");
	r.now += 61 * USEC_PER_SEC;
	settle(&r);
	cr_expect_eq(r.published, 2);
	cr_expect(!r.is_all && r.announcers == 2);
	cr_expect(asn_set_has(rules_of(&r, 1)->as_set, 64778));
	/* Told again that anything may be another: nothing is. */
	feed_irr_configure(r.feed, r.config);
	settle(&r);
	cr_expect_eq(r.published, 2);
	/* A member that goes gives its filter back. */
	roster_remove(r.roster, 1);
	feed_irr_configure(r.feed, r.config);
	settle(&r);
	cr_expect_eq(irr_set_count(r.irr), 2);
	rig_fini(&r);
}

Test(feed_irr, answers_that_come_together_are_one_change)
{
	struct rig r;
	rig_init(&r, "filtering: {irrdb: {tag_as_set: false}}");
	feed_irr_step(r.feed, r.now);
	settle(&r);
	scratch_write(&r.scratch, "AS-X.json", "{\"a\": [64501, 64777]}");
	scratch_write(&r.scratch, "AS-Y.json", "{\"a\": [64502, 64777, 64778]}");
	r.now += 61 * USEC_PER_SEC;
	settle(&r);
	cr_expect_eq(r.published, 2);
	cr_expect(!r.is_all && r.announcers == 3);
	rig_fini(&r);
}

Test(feed_irr, a_community_about_as_sets_needs_them_too)
{
	struct rig r;
	rig_init(&r, "communities: {origin_present_in_as_set: {lrg: 'rs_as:1:1'}}");
	cr_expect(feed_irr_is_needed(&r.config->policy, &r.config->client[3].policy));
	r.config->policy.irr.tags_as_set = false;
	cr_expect(!feed_irr_is_needed(&r.config->policy, &r.config->client[3].policy));
	cr_expect(feed_irr_is_needed(&r.config->policy, &r.config->client[0].policy));
	rig_fini(&r);
}

Test(feed_irr, limits_are_ones_own_else_peeringdbs_else_the_general_ones)
{
	static const char text[] = "{\"data\": [{\"asn\": 64501, \"info_prefixes4\": 50, "
				   "\"info_prefixes6\": 0}]}";
	struct peeringdb_parse p;
	peeringdb_parse_init(&p, text, strlen(text));
	cr_assert(peeringdb_parse_step(&p, 9) == PEERINGDB_DONE);
	struct max_prefix_conf c = {.asks_peeringdb = true,
				    .increment = 100,
				    .increment_percent = 15,
				    .limit = {170000, 12000}};
	cr_expect_eq(policy_limit(&c, 64501, FAMILY_IPV4, p.made), 172);
	cr_expect_eq(policy_limit(&c, 64501, FAMILY_IPV6, p.made), 12000);
	cr_expect_eq(policy_limit(&c, 64502, FAMILY_IPV4, p.made), 170000);
	cr_expect_eq(policy_limit(&c, 64501, FAMILY_IPV4, NULL), 170000);
	c.is_own[FAMILY_IPV4] = true;
	cr_expect_eq(policy_limit(&c, 64501, FAMILY_IPV4, p.made), 170000);
	c.is_own[FAMILY_IPV4] = false;
	c.asks_peeringdb = false;
	cr_expect_eq(policy_limit(&c, 64501, FAMILY_IPV4, p.made), 170000);
	peeringdb_parse_fini(&p);
}
