/* What of the registry the server announces in customers' names, and when it stops. */
#include <criterion/criterion.h>

#include "control/daemon/registry_origin.h"
#include "control/registry/authorise.h"
#include "tests/unit/registry/fix.h"

#define ASN 398101
#define MAX 8

struct rig {
	struct fix fix;
	struct fix_tenant customer;
	registry_id_t site, session, prefix;
	char hop[ADDR_TEXT_MAX];
	struct policy_originated item[MAX];
};

static unsigned look_at(struct rig *r, const char *site, int64_t now_s)
{
	return registry_origins(r->fix.registry, site, now_s, r->item, MAX);
}

static unsigned look(struct rig *r)
{
	return look_at(r, "fra1", r->fix.now_s);
}

/* A customer whose /22 the server announces, towards its session's address. */
static void stand(struct rig *r)
{
	fix_init(&r->fix, 3);
	r->customer = fix_customer(&r->fix, "customer", ASN);
	r->site = fix_site(&r->fix);
	r->session = fix_session(&r->fix, &r->customer, r->site.text, ASN);
	const struct registry_object *o =
		registry_get(r->fix.registry, REGISTRY_SESSION, r->session.text);
	addr_format(&((const struct registry_session *)o)->address, r->hop);
	r->prefix = fix_announced(&r->fix, &r->customer, "185.77.4.0/22", ASN);
	cr_assert_eq(look(r), 0, "the customer announces it itself");
	cr_assert(fix_update(&r->fix, r->prefix.text, "{'is_originated': true, '%s': '%s'}",
			     "next_hop_ipv4", r->hop),
		  "%s", r->fix.error.text);
	cr_assert(registry_origins_touched(r->fix.change));
}

Test(registry_origin, a_prefix_is_announced_in_its_customers_name)
{
	struct rig r;
	char hop[ADDR_TEXT_MAX];
	stand(&r);
	cr_assert_eq(look(&r), 1);
	cr_expect_eq(r.item[0].asn, ASN);
	cr_expect_str_eq(r.item[0].tenant, r.customer.tenant.text);
	cr_expect_str_eq(addr_format(&r.item[0].next_hop, hop), r.hop);
	cr_expect(!r.item[0].is_limited && !r.item[0].is_draining);
	cr_assert(fix_act(&r.fix, r.prefix.text, "announce", "{'to': 'limited'}"));
	cr_expect(look(&r) == 1 && r.item[0].is_limited);
	cr_assert(fix_act(&r.fix, r.prefix.text, "drain", NULL));
	cr_expect(look(&r) == 1 && r.item[0].is_draining);
	cr_assert(fix_act(&r.fix, r.prefix.text, "withdraw", NULL));
	cr_expect_eq(look(&r), 0);
	fix_fini(&r.fix);
}

Test(registry_origin, it_stops_with_the_authorisation)
{
	struct rig r;
	stand(&r);
	cr_assert(fix_found(&r.fix, r.prefix.text, "{'type': 'roa', 'result': 'invalid'}"));
	cr_expect(registry_origins_touched(r.fix.change) && look(&r) == 0);
	cr_assert(fix_found(&r.fix, r.prefix.text,
			    "{'type': 'roa', 'result': 'valid',"
			    " 'origins': [398101]}"));
	cr_assert(fix_act(&r.fix, r.prefix.text, "announce", NULL));
	cr_expect_eq(look(&r), 1);
	cr_assert(fix_act(&r.fix, r.customer.asn.text, "revoke", NULL));
	cr_expect(registry_origins_touched(r.fix.change) && look(&r) == 0);
	fix_fini(&r.fix);
}

/* The window's end does not wait for somebody to write it down. */
Test(registry_origin, it_stops_when_its_time_is_over)
{
	struct rig r;
	stand(&r);
	cr_assert(fix_update(&r.fix, r.prefix.text, "{'not_after': '2026-11-27T09:00:00Z'}"));
	cr_expect_eq(look_at(&r, "fra1", START_S + 3599), 1);
	cr_expect_eq(look_at(&r, "fra1", START_S + 3600), 0);
	fix_fini(&r.fix);
}

/* Whom nobody can tell looks himself, once for each end. */
Test(registry_origin, the_next_end_of_a_window_is_known_and_those_that_are_over)
{
	struct rig r;
	int64_t next_s = 0;
	stand(&r);
	cr_expect_eq(registry_overdue(r.fix.registry, r.fix.now_s, &next_s), 0);
	cr_expect_eq(next_s, INT64_MAX, "no window, no end");
	registry_id_t second = fix_announced(&r.fix, &r.customer, "185.77.8.0/22", ASN);
	cr_assert(fix_update(&r.fix, r.prefix.text, "{'not_after': '2026-11-27T09:00:00Z'}"));
	cr_assert(fix_update(&r.fix, second.text, "{'not_after': '2026-11-27T09:30:00Z'}"));
	cr_expect_eq(registry_overdue(r.fix.registry, START_S + 3599, &next_s), 0);
	cr_expect_eq(next_s, START_S + 3600);
	cr_expect_eq(registry_overdue(r.fix.registry, START_S + 3600, &next_s), 1);
	cr_expect_eq(next_s, START_S + 5400);
	cr_expect_eq(registry_overdue(r.fix.registry, START_S + 5400, &next_s), 2);
	cr_expect_eq(next_s, INT64_MAX);
	cr_assert(fix_act(&r.fix, second.text, "withdraw", NULL));
	cr_expect_eq(registry_overdue(r.fix.registry, START_S + 5400, &next_s), 1,
		     "what is not announced has no end");
	fix_fini(&r.fix);
}

/* Which to have is not a matter of who has the lower addresses, and what ends makes room. */
Test(registry_origin, where_there_is_no_room_the_new_ones_wait)
{
	struct policy_originated item[4] = {{.asn = 1}, {.asn = 2}, {.asn = 3}, {.asn = 4}};
	struct prefix before[2];
	static const char *const texts[] = {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
					    "203.0.113.0/25"};
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(prefix_parse(texts[i], &item[i].prefix, NULL), 0);
	}
	before[0] = item[1].prefix;
	before[1] = item[3].prefix;
	cr_assert_eq(registry_origins_fit(item, 4, before, 2, 4), 4);
	cr_assert_eq(registry_origins_fit(item, 4, before, 2, 3), 3);
	cr_expect(item[0].asn == 1 && item[1].asn == 2 && item[2].asn == 4);
	cr_assert_eq(registry_origins_fit(item, 3, before, 2, 2), 2);
	cr_expect(item[0].asn == 2 && item[1].asn == 4);
	cr_assert_eq(registry_origins_fit(item, 2, NULL, 0, 1), 1);
	cr_expect_eq(item[0].asn, 2);
	cr_expect_eq(registry_origins_fit(item, 0, before, 2, 1), 0);
}

Test(registry_origin, it_stops_with_the_tenant)
{
	struct rig r;
	stand(&r);
	cr_assert(fix_update(&r.fix, r.customer.tenant.text, "{'is_enabled': false}"));
	cr_expect(registry_origins_touched(r.fix.change));
	cr_expect_eq(look(&r), 0, "of a tenant that is disabled nothing is announced");
	cr_assert(fix_update(&r.fix, r.customer.tenant.text, "{'is_enabled': true}"));
	cr_expect_eq(look(&r), 1);
	fix_fini(&r.fix);
}

/* The session goes, and its address to another: whose router is sent nothing of the first's. */
Test(registry_origin, traffic_goes_to_the_tenant_alone)
{
	struct rig r;
	stand(&r);
	struct fix_tenant other = fix_customer(&r.fix, "other", ASN + 1);
	cr_assert(fix_delete(&r.fix, r.session.text), "%s", r.fix.error.text);
	cr_expect(registry_origins_touched(r.fix.change));
	cr_expect_eq(look(&r), 0, "an address that the pool has to give");
	cr_assert(fix_create(&r.fix, REGISTRY_SESSION,
			     "{'tenant': '%s', 'site': '%s', 'asn': %u, 'address': '%s'}",
			     other.tenant.text, r.site.text, ASN + 1, r.hop),
		  "%s", r.fix.error.text);
	cr_expect(registry_origins_touched(r.fix.change));
	cr_expect_eq(look(&r), 0, "another's address");
	cr_assert(fix_delete(&r.fix, r.fix.made.text));
	cr_assert(fix_update(&r.fix, r.site.text, "{'reserved': ['%s']}", r.hop));
	cr_expect_eq(look(&r), 1, "the operator's own");
	fix_fini(&r.fix);
}

Test(registry_origin, another_sites_prefix_is_another_servers)
{
	struct rig r;
	stand(&r);
	cr_assert(fix_update(&r.fix, r.prefix.text, "{'sites': ['%s']}", r.site.text));
	cr_expect_eq(look_at(&r, "fra1", r.fix.now_s), 1);
	cr_expect_eq(look_at(&r, "ams2", r.fix.now_s), 0);
	cr_expect_eq(look_at(&r, NULL, r.fix.now_s), 1, "all sites are ours");
	fix_fini(&r.fix);
}
