/* The desk: one generation at a time, what comes meanwhile is the next; and dry runs. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "control/policy/desk.h"
#include "control/policy/trial.h"
#include "tests/unit/control/fake.h"

struct rig {
	struct scratch scratch;
	struct config *config;
	struct roster *roster;
	struct policy_desk *desk;
	unsigned published;
	bool is_done;
	bool is_all;
	const struct policy *last;
};

static void publish(void *server, const struct policy *p, const struct policy_scope *scope)
{
	struct rig *r = server;
	cr_assert(r->is_done, "the last one is not done");
	cr_assert(r->last == NULL || p->generation == r->last->generation + 1);
	r->published++;
	r->is_done = false;
	r->is_all = scope->is_all;
	r->last = p;
}

static bool is_done(const void *server)
{
	const struct rig *r = server;
	return r->is_done;
}

static struct config *load(struct rig *r, const char *cfg)
{
	char text[1024];
	struct config_errors e;
	snprintf(text, sizeof(text),
		 PORT "cfg: {rs_as: 64500, %s}\nclients:\n"
		      "- {asn: 64501, ip: 198.18.1.1}\n- {asn: 64502, ip: 198.18.1.2}\n",
		 cfg);
	struct config *c = scratch_load(&r->scratch, text, &e);
	cr_assert(c != NULL);
	config_errors_free(&e);
	return c;
}

static void rig_init(struct rig *r)
{
	*r = (struct rig){.is_done = true};
	scratch_init(&r->scratch);
	r->config = load(r, "filtering: {rpki_bgp_origin_validation: {enabled: true}}");
	r->roster = roster_new(r->config, 4);
	r->desk = policy_desk_new(r->config, r->roster);
	const struct policy_publisher p = {.publish = publish, .is_done = is_done, .server = r};
	policy_desk_attach(r->desk, &p);
}

static void rig_fini(struct rig *r)
{
	policy_desk_free(r->desk);
	roster_free(r->roster);
	config_free(r->config);
	scratch_fini(&r->scratch);
}

static struct asn_set *one_asn(asn_t asn)
{
	return asn_set_new(&asn, 1);
}

Test(policy_desk, the_first_rules_need_no_publication)
{
	struct rig r;
	rig_init(&r);
	cr_expect_eq(policy_now(r.desk)->generation, 1);
	cr_expect(policy_now(r.desk)->peer[1] != NULL && policy_now(r.desk)->peer[2] == NULL);
	cr_expect_not(policy_desk_step(r.desk, 1));
	cr_expect(policy_desk_is_settled(r.desk, policy_desk_ticket(r.desk)) && r.published == 0);
	rig_fini(&r);
}

Test(policy_desk, what_comes_while_rules_spread_is_one_generation)
{
	struct rig r;
	struct asn_set *a = one_asn(1), *b = one_asn(2);
	rig_init(&r);
	policy_desk_set_irr(r.desk, 0, a, NULL);
	cr_expect(policy_desk_step(r.desk, 10));
	policy_desk_set_irr(r.desk, 0, b, NULL);
	policy_desk_set_irr(r.desk, 1, b, NULL);
	cr_expect_not(policy_desk_step(r.desk, 20));
	cr_expect(r.published == 1 && !policy_desk_is_settled(r.desk, policy_desk_ticket(r.desk)));
	r.is_done = true;
	cr_expect(policy_desk_step(r.desk, 30));
	cr_expect(r.published == 2 && !r.is_all);
	cr_expect(r.last == policy_now(r.desk) && r.last->peer[1]->as_set == b);
	cr_expect_eq(policy_desk_numbers(r.desk).took_us, 20);
	r.is_done = true;
	cr_expect_not(policy_desk_step(r.desk, 40));
	cr_expect(policy_desk_is_settled(r.desk, policy_desk_ticket(r.desk)));
	rig_fini(&r);
	asn_set_put(a);
	asn_set_put(b);
}

/* Whoever waits for its own rules does not wait for what others put on the desk later. */
Test(policy_desk, a_ticket_is_for_what_was_there_before_it)
{
	struct rig r;
	struct asn_set *a = one_asn(1);
	rig_init(&r);
	policy_desk_set_irr(r.desk, 0, a, NULL);
	uint64_t first = policy_desk_ticket(r.desk);
	cr_expect(policy_desk_step(r.desk, 10));
	cr_expect_eq(policy_desk_ticket(r.desk), first);
	policy_desk_set_irr(r.desk, 1, a, NULL);
	uint64_t second = policy_desk_ticket(r.desk);
	cr_expect_not(policy_desk_is_settled(r.desk, first));
	r.is_done = true;
	cr_expect(policy_desk_step(r.desk, 20));
	cr_expect(policy_desk_is_settled(r.desk, first) && !policy_desk_is_settled(r.desk, second));
	r.is_done = true;
	cr_expect_not(policy_desk_step(r.desk, 30));
	cr_expect(policy_desk_is_settled(r.desk, second));
	policy_desk_configure(r.desk, r.config);
	cr_expect_not(policy_desk_step(r.desk, 40));
	cr_expect(policy_desk_is_settled(r.desk, policy_desk_ticket(r.desk)), "nothing differed");
	rig_fini(&r);
	asn_set_put(a);
}

Test(policy_desk, the_same_verdicts_are_not_published)
{
	struct rig r;
	rig_init(&r);
	policy_desk_configure(r.desk, r.config);
	policy_desk_set_rtt(r.desk, 1, 20);
	cr_expect_not(policy_desk_step(r.desk, 1));
	cr_expect(r.published == 0 && policy_desk_numbers(r.desk).left == 1);
	struct config *other = load(&r, "filtering: {rpki_bgp_origin_validation: {enabled: true}}, "
					"hold_time: 30");
	policy_desk_configure(r.desk, other);
	cr_expect_not(policy_desk_step(r.desk, 2));
	policy_desk_configure(r.desk, r.config);
	config_free(other);
	rig_fini(&r);
}

static struct prefix_set *touched(const char *text)
{
	struct prefix_rule rule = {.le = 32};
	cr_assert(prefix_parse(text, &rule.prefix, NULL) == 0);
	rule.ge = rule.prefix.len;
	return prefix_set_new(&rule, 1);
}

/* What the source says was touched is believed, over as many changes as there were. */
Test(policy_desk, changes_of_roas_are_gathered)
{
	struct rig r;
	struct vrp vrp = {.len_max = 24, .asn = 64501};
	rig_init(&r);
	cr_assert(prefix_parse("198.51.100.0/24", &vrp.prefix, NULL) == 0);
	struct roa *roa[3];
	for (unsigned i = 0; i < 3; i++) {
		vrp.asn = 64501 + i;
		roa[i] = roa_new(&vrp, 1);
	}
	policy_desk_set_rpki(r.desk, roa[0], NULL, touched("198.51.100.0/24"));
	cr_expect(policy_desk_step(r.desk, 1) && r.is_all, "from none to some");
	policy_desk_set_rpki(r.desk, roa[1], NULL, touched("198.51.100.0/24"));
	policy_desk_set_rpki(r.desk, roa[2], NULL, touched("10.0.0.0/8"));
	r.is_done = true;
	cr_expect(policy_desk_step(r.desk, 2));
	cr_expect(r.published == 2 && !r.is_all && r.last->roa == roa[2]);
	rig_fini(&r);
	for (unsigned i = 0; i < 3; i++) {
		roa_put(roa[i]);
	}
}

Test(policy_desk, a_removed_member_has_no_rules)
{
	struct rig r;
	rig_init(&r);
	roster_remove(r.roster, 0);
	policy_desk_configure(r.desk, r.config);
	cr_expect(policy_desk_step(r.desk, 1) && !r.is_all && r.last->peer[0] == NULL);
	rig_fini(&r);
}

/* Four routes: one becomes a bogon, one loses its member; the rules in force stay. */
Test(policy_trial, routes_with_another_verdict_are_counted)
{
	static const asn_t path[4] = {64501, 64999}, other[4] = {64502};
	struct fake f;
	struct scratch s;
	struct config_errors e;
	struct policy_trial t;
	fake_init(&f, 2, NULL);
	scratch_init(&s);
	fake_announce(&f, 0, "10.0.0.0/8", path, 0, REJECT_NONE);
	fake_announce(&f, 0, "198.51.100.0/24", path, 0, REJECT_NONE);
	fake_announce(&f, 0, "203.0.113.0/24", path, 0, REJECT_BOGON);
	fake_announce(&f, 1, "198.51.100.0/24", other, 0, REJECT_NONE);
	fake_settle(&f);
	struct config *c = scratch_load(
		&s,
		PORT
		"cfg:\n  rs_as: 64500\n  filtering:\n"
		"    next_hop: {policy: any}\n    reject_invalid_as_in_as_path: false\n"
		"    bogons: [{prefix: 10.0.0.0, length: 8}]\n"
		"    irrdb: {enforce_origin_in_as_set: false, enforce_prefix_in_as_set: false}\n"
		"clients: [{asn: 64501, ip: 198.18.1.1}]\n",
		&e);
	cr_assert(c != NULL);
	struct policy_desk *desk = policy_desk_new(&f.config, f.roster);
	struct policy *wanted = policy_desk_try(desk, c);
	policy_trial_begin(&t, &f.server, wanted);
	unsigned slices = 1;
	while (!policy_trial_step(&t, 1)) {
		cr_assert_lt(slices++, 1000);
	}
	cr_expect(slices > 1);
	cr_expect(t.routes == 4 && t.gone == 1, "%lu %lu", t.routes, t.gone);
	cr_expect(t.to_rejected == 1 && t.to_accepted == 1 && t.other_reason == 0);
	policy_free(wanted);
	/* A member that the registry has is not gone because no file names it. */
	static char session[] = "n-0123456789abc";
	f.config.client[1].session_id = session;
	wanted = policy_desk_try(desk, c);
	policy_trial_begin(&t, &f.server, wanted);
	while (!policy_trial_step(&t, 100)) {
	}
	cr_expect(t.routes == 4 && t.gone == 0, "%lu %lu", t.routes, t.gone);
	f.config.client[1].session_id = NULL;
	policy_free(wanted);
	policy_desk_free(desk);
	config_free(c);
	config_errors_free(&e);
	fake_fini(&f);
	scratch_fini(&s);
}
