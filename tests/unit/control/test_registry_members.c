/* The registry's sessions as members: whose they are, what a change of the registry makes of them,
 * and who has an address that both sources know. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/daemon/registry_client.h"
#include "control/daemon/registry_members.h"
#include "tests/unit/control/fake.h"
#include "tests/unit/registry/fix.h"

#define CAPACITY 8
#define ASN	 398101

struct rig {
	struct scratch scratch;
	struct server server;
	struct config *config;
	struct fix fix;
	struct fix_tenant customer;
	registry_id_t site;
	struct roster *roster;
	struct state *state;
	struct policy_desk *desk;
	struct membership *membership;
	struct registry_members *members;
};

static struct registry_members_view view_of(const struct rig *r)
{
	return (struct registry_members_view){
		.registry = r->fix.registry, .rules = &r->fix.rules, .now_s = r->fix.now_s};
}

static void seated(void *context, peer_id_t peer)
{
	registry_members_seat(((struct rig *)context)->members, peer);
}

static struct config *load(struct rig *r, const char *clients)
{
	char text[1024];
	struct config_errors e;
	snprintf(text, sizeof(text),
		 PORT "cfg: {rs_as: 64500}\n"
		      "registry: {database: \"sqlite:registry.db\", site: fra1}\nclients: %s\n",
		 clients);
	struct config *c = scratch_load(&r->scratch, text, &e);
	cr_assert_not_null(c);
	config_errors_free(&e);
	return c;
}

static void stand(struct rig *r)
{
	char why[256];
	*r = (struct rig){.server = {.core_count = 1, .free_first = 1, .free_count = 7}};
	scratch_init(&r->scratch);
	r->config = load(r, "[{asn: 64501, ip: 198.18.0.9}]");
	fix_init(&r->fix, 7);
	r->customer = fix_customer(&r->fix, "customer", ASN);
	r->site = fix_site(&r->fix);
	r->roster = roster_new(r->config, CAPACITY);
	cr_assert_eq(state_open(r->scratch.dir, &r->state, why, sizeof(why)), 0);
	r->desk = policy_desk_new(r->config, r->roster);
	const struct membership_opts opts = {.server = &r->server,
					     .roster = r->roster,
					     .state = r->state,
					     .seated = seated,
					     .context = r};
	r->membership = membership_new(&opts);
	r->members = registry_members_new(r->config);
	const struct registry_members_opts serve = {.config = r->config,
						    .roster = r->roster,
						    .desk = r->desk,
						    .membership = r->membership,
						    .state = r->state};
	registry_members_serve(r->members, &serve);
}

static void end(struct rig *r)
{
	for (unsigned i = 0; i < r->server.request_count; i++) {
		auth_free(r->server.request[i].auth);
	}
	membership_free(r->membership);
	registry_members_free(r->members);
	policy_desk_free(r->desk);
	roster_free(r->roster);
	state_close(r->state);
	fix_fini(&r->fix);
	config_free(r->config);
	scratch_fini(&r->scratch);
}

/* The registry's last change is heard of, and done. */
static void hear(struct rig *r)
{
	const struct registry_members_view v = view_of(r);
	registry_members_change(r->members, &v, r->fix.change);
	membership_step(r->membership);
}

static const struct registry_session *session_of(const struct rig *r, const char *id)
{
	return (const struct registry_session *)registry_get(r->fix.registry, REGISTRY_SESSION, id);
}

static const struct config_client *client_of(const struct rig *r, const char *id)
{
	return registry_members_client(r->members, &session_of(r, id)->address);
}

/* A session of the customer's at `site`, heard of; more of it as JSON. */
static registry_id_t connect_at(struct rig *r, const char *site, const char *more)
{
	cr_assert(fix_create(&r->fix, REGISTRY_SESSION,
			     "{'tenant': '%s', 'site': '%s', 'asn': %u%s}", r->customer.tenant.text,
			     site, ASN, more),
		  "%s", r->fix.error.text);
	hear(r);
	return r->fix.made;
}

static void expect_asked(struct rig *r, const char *wanted)
{
	char text[256] = "";
	size_t len = 0;
	for (unsigned i = 0; i < r->server.asked_count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? " " : "",
					r->server.asked[i]);
	}
	cr_expect_str_eq(text, wanted);
	r->server.asked_count = 0;
}

Test(registry_members, a_session_of_our_site_is_a_member_and_of_another_is_none)
{
	struct rig r;
	stand(&r);
	registry_id_t here = connect_at(&r, r.site.text, "");
	expect_asked(&r, "+1");
	cr_expect_eq(roster_find(r.roster, &session_of(&r, here.text)->address), 1);
	cr_assert(fix_create(&r.fix, REGISTRY_SITE,
			     "{'name': 'ams2', 'pool_ipv4': '198.18.2.0/24',"
			     " 'server_ipv4': '198.18.2.1'}"),
		  "%s", r.fix.error.text);
	registry_id_t other = r.fix.made, there = connect_at(&r, other.text, "");
	expect_asked(&r, "");
	cr_expect_null(client_of(&r, there.text));
	cr_expect_eq(registry_members_count(r.members).sessions, 1);
	/* A site is ours by its name: who has the name of another is somewhere else. */
	cr_assert(fix_update(&r.fix, r.site.text, "{'name': 'fra9'}"), "%s", r.fix.error.text);
	hear(&r);
	expect_asked(&r, "-1");
	cr_expect_eq(registry_members_count(r.members).sessions, 0);
	end(&r);
}

Test(registry_members, a_change_of_one_tenant_asks_nothing_of_anothers_members)
{
	struct rig r;
	stand(&r);
	struct fix_tenant second = fix_customer(&r.fix, "second", ASN + 1);
	connect_at(&r, r.site.text, "");
	registry_id_t theirs = fix_session(&r.fix, &second, r.site.text, ASN + 1);
	hear(&r);
	expect_asked(&r, "+1 +2");
	const struct config_client *before = client_of(&r, theirs.text);
	fix_announced(&r.fix, &r.customer, "185.77.4.0/22", ASN);
	hear(&r);
	expect_asked(&r, "~1");
	cr_expect_eq(client_of(&r, theirs.text), before, "it was not even made anew");
	end(&r);
}

/* So many as its authorisations have room for, and some for blackholes. */
Test(registry_members, the_limit_of_prefixes_follows_from_the_authorisations)
{
	struct rig r;
	stand(&r);
	registry_id_t id = connect_at(&r, r.site.text, "");
	cr_expect_eq(client_of(&r, id.text)->policy.max_prefix.limit[FAMILY_IPV4], 100);
	registry_id_t prefix = fix_announced(&r.fix, &r.customer, "185.77.4.0/22", ASN);
	hear(&r);
	cr_expect_eq(client_of(&r, id.text)->policy.max_prefix.limit[FAMILY_IPV4], 101);
	cr_assert(fix_update(&r.fix, prefix.text, "{'max_length': 24}"), "%s", r.fix.error.text);
	hear(&r);
	cr_expect_eq(client_of(&r, id.text)->policy.max_prefix.limit[FAMILY_IPV4], 107,
		     "one /22, two /23, four /24");
	cr_assert(fix_update(&r.fix, id.text, "{'max_prefix_ipv4': 5}"));
	hear(&r);
	cr_expect_eq(client_of(&r, id.text)->policy.max_prefix.limit[FAMILY_IPV4], 5);
	end(&r);
}

/* What the tenant may announce is looked for once, and each session has its own limit of it. */
Test(registry_members, sessions_of_a_tenant_share_sets_and_not_what_is_said_of_each)
{
	struct rig r;
	stand(&r);
	registry_id_t first = connect_at(&r, r.site.text, ""),
		      limited = connect_at(&r, r.site.text, ", 'max_prefix_ipv4': 7"),
		      last = connect_at(&r, r.site.text, "");
	fix_announced(&r.fix, &r.customer, "185.77.4.0/22", ASN);
	hear(&r);
	const struct config_client *a = client_of(&r, first.text), *b = client_of(&r, limited.text),
				   *c = client_of(&r, last.text);
	cr_expect_eq(b->policy.max_prefix.limit[FAMILY_IPV4], 7);
	cr_expect_eq(a->policy.max_prefix.limit[FAMILY_IPV4], 101);
	cr_expect_eq(c->policy.max_prefix.limit[FAMILY_IPV4], 101);
	end(&r);
}

Test(registry_members, who_is_disabled_stays_a_member_and_is_told_why)
{
	struct rig r;
	stand(&r);
	registry_id_t id = connect_at(&r, r.site.text, "");
	cr_assert(fix_update(&r.fix, r.customer.tenant.text, "{'is_enabled': false}"));
	hear(&r);
	cr_expect(client_of(&r, id.text)->is_disabled);
	cr_assert_eq(r.server.request_count, 1);
	cr_expect_eq(r.server.request[0].kind, REQUEST_DISABLE);
	cr_expect_str_eq(r.server.request[0].text, "The tenant is disabled.");
	cr_assert(fix_update(&r.fix, r.customer.tenant.text, "{'is_enabled': true}"));
	hear(&r);
	cr_assert_eq(r.server.request_count, 2);
	cr_expect_eq(r.server.request[1].kind, REQUEST_ENABLE);
	cr_expect_null(client_of(&r, id.text)->disabled_why);
	cr_assert(fix_act(&r.fix, r.customer.asn.text, "revoke", NULL));
	hear(&r);
	cr_assert_eq(r.server.request_count, 3);
	cr_expect_str_eq(r.server.request[2].text, "AS398101 is not verified.");
	end(&r);
}

/* The address goes to the next session: whoever had it leaves first, with all that it was. */
Test(registry_members, an_address_is_used_again_by_the_next_session)
{
	struct rig r;
	stand(&r);
	struct fix_tenant second = fix_customer(&r.fix, "second", ASN + 1);
	registry_id_t id = connect_at(&r, r.site.text, ", 'address': '198.18.0.77'");
	struct addr ip = session_of(&r, id.text)->address;
	const struct registry_members_view v = view_of(&r);
	expect_asked(&r, "+1");
	cr_assert_eq(state_disable(r.state, &ip, "it floods us", 1), 0);
	cr_assert(fix_delete(&r.fix, id.text), "%s", r.fix.error.text);
	registry_members_change(r.members, &v, r.fix.change);
	cr_assert(fix_create(&r.fix, REGISTRY_SESSION,
			     "{'tenant': '%s', 'site': '%s', 'asn': %u,"
			     " 'address': '198.18.0.77'}",
			     second.tenant.text, r.site.text, ASN + 1),
		  "%s", r.fix.error.text);
	hear(&r);
	expect_asked(&r, "-1 +2");
	cr_expect_null(state_find(r.state, &ip), "what was said of the session before is over");
	cr_expect_eq(roster_client(r.roster, roster_find(r.roster, &ip))->asn, ASN + 1);
	cr_expect_eq(registry_members_client(r.members, &ip)->asn, ASN + 1);
	end(&r);
}

/* Whoever lost what it takes to be a member, by a reload, leaves nothing to the next one either. */
Test(registry_members, who_ceased_to_be_a_member_leaves_its_address_clean)
{
	struct rig r;
	stand(&r);
	registry_id_t id = connect_at(&r, r.site.text, ", 'address': '198.18.0.77'");
	struct addr ip = session_of(&r, id.text)->address;
	const struct registry_members_view v = view_of(&r);
	struct addr *ours = &r.config->dataplane.port[0].addr[0].addr;
	const struct addr before = *ours;
	cr_assert_eq(state_disable(r.state, &ip, "it floods us", 1), 0);
	*ours = ip; /* Nobody's neighbour has the server's own address. */
	registry_members_configure(r.members, &v);
	cr_assert_null(client_of(&r, id.text));
	cr_expect_not_null(state_find(r.state, &ip), "it is the same session's still");
	cr_assert(fix_delete(&r.fix, id.text), "%s", r.fix.error.text);
	hear(&r);
	cr_expect_null(state_find(r.state, &ip), "what was said of the session before is over");
	*ours = before;
	end(&r);
}

/* A name of the registry's that an undo brings back may meet a neighbour of the files. */
Test(registry_members, an_address_of_the_files_is_the_files)
{
	struct rig r;
	stand(&r);
	registry_id_t id = connect_at(&r, r.site.text, ", 'address': '198.18.0.9'");
	struct registry_members_counts counts = registry_members_count(r.members);
	peer_id_t peer = roster_find(r.roster, &session_of(&r, id.text)->address);
	expect_asked(&r, "");
	cr_expect(counts.sessions == 1 && counts.refused == 1);
	cr_expect(strstr(registry_members_problem(r.members, id.text), "files") != NULL);
	cr_assert_eq(state_disable(r.state, &session_of(&r, id.text)->address, "mine", 1), 0);
	cr_expect_eq(roster_client(r.roster, peer)->asn, 64501);
	cr_assert(fix_update(&r.fix, id.text, "{'hold_time': 30}"));
	hear(&r);
	expect_asked(&r, "");
	/* Gone from the files, it is the session's: reload asks for the heir. */
	struct config was = *r.config, *next = load(&r, "[]");
	*r.config = *next;
	membership_set(r.membership, &was.client[0].ip,
		       registry_members_client(r.members, &was.client[0].ip), MEMBERS_OF_FILES);
	const struct registry_members_view v = view_of(&r);
	registry_members_configure(r.members, &v);
	membership_step(r.membership);
	expect_asked(&r, "~0");
	cr_expect_eq(roster_client(r.roster, peer)->asn, ASN);
	cr_expect_eq(registry_members_count(r.members).refused, 0);
	cr_expect_null(registry_members_problem(r.members, id.text));
	/* Back in the files, it is theirs again, and the session waits. */
	struct config registrys = *r.config;
	*r.config = was;
	membership_set(r.membership, &was.client[0].ip, &was.client[0], MEMBERS_OF_FILES);
	registry_members_configure(r.members, &v);
	membership_step(r.membership);
	expect_asked(&r, "~0");
	cr_expect_eq(roster_client(r.roster, peer)->asn, 64501);
	cr_expect_eq(registry_members_count(r.members).refused, 1);
	cr_assert(fix_delete(&r.fix, id.text));
	hear(&r);
	expect_asked(&r, "");
	cr_expect_eq(roster_client(r.roster, peer)->asn, 64501);
	cr_expect_eq(state_count(r.state), 1, "of the files' neighbour");
	*next = registrys;
	config_free(next);
	end(&r);
}

/* As long as the registry says, not as long as the server would by itself (AUTH_OVERLAP_US). */
Test(registry_members, the_key_before_is_taken_until_its_day_is_over)
{
	static const char *const kinds[] = {"md5", "tcp-ao"};
	for (unsigned i = 0; i < ARRAY_COUNT(kinds); i++) {
		struct rig r;
		char more[64];
		stand(&r);
		snprintf(more, sizeof(more), ", 'authentication': '%s'", kinds[i]);
		registry_id_t id = connect_at(&r, r.site.text, more);
		struct auth_key old = client_of(&r, id.text)->keys->key[0];
		cr_assert_eq(client_of(&r, id.text)->keys->count, 1);
		cr_assert(fix_act(&r.fix, id.text, "key", NULL), "%s", r.fix.error.text);
		hear(&r);
		const struct auth_keys *keys = client_of(&r, id.text)->keys;
		cr_assert_eq(keys->count, 2, "%s", kinds[i]);
		cr_expect(auth_key_equal(&keys->key[1], &old));
		cr_expect_not(auth_key_equal(&keys->key[0], &old));
		cr_assert(r.server.request_count == 1 && r.server.request[0].kind == REQUEST_KEYS);
		cr_assert(fix_tick(&r.fix, 86400));
		hear(&r);
		keys = client_of(&r, id.text)->keys;
		cr_expect(keys->count == 1 && !auth_key_equal(&keys->key[0], &old));
		expect_asked(&r, "+1");
		end(&r);
	}
}

Test(registry_members, a_whole_registry_takes_the_place_of_what_was)
{
	struct rig r;
	stand(&r);
	registry_id_t first = connect_at(&r, r.site.text, "");
	registry_id_t second = connect_at(&r, r.site.text, ", 'families': ['ipv4']");
	expect_asked(&r, "+1 +2");
	cr_assert(fix_delete(&r.fix, first.text));
	cr_assert(fix_update(&r.fix, second.text, "{'hold_time': 30}"));
	const struct registry_members_view v = view_of(&r);
	registry_members_load(r.members, &v);
	membership_step(r.membership);
	expect_asked(&r, "~2 -1");
	cr_expect_eq(registry_members_count(r.members).sessions, 1);
	end(&r);
}
