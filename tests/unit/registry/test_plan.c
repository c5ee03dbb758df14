/* Commands: what comes of them, and what is refused. */
#include <string.h>

#include "tests/unit/registry/fix.h"

static const struct prefix_set *grant_of(struct fix *f, const char *session,
					 struct registry_grant *out)
{
	const struct registry_session *s = (const struct registry_session *)registry_get(
		f->registry, REGISTRY_SESSION, session);
	registry_grant(f->registry, &f->rules, s, f->now_s, NULL, out);
	return out->authorised;
}

Test(registry, a_customer_comes_from_nothing_to_an_announced_prefix_and_leaves)
{
	struct fix f;
	struct registry_grant g;
	struct prefix p;
	fix_init(&f, 1);
	registry_id_t site = fix_site(&f);
	struct fix_tenant c = fix_customer(&f, "acme", 4200);
	registry_id_t session = fix_session(&f, &c, site.text, 4200);
	registry_id_t id = fix_prefix(&f, &c, "203.0.113.0/24", 4200);
	cr_assert(prefix_parse("203.0.113.0/24", &p, NULL) == 0);
	f.author = fix_tenant(c.tenant.text);
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_DRAFT);
	cr_assert(fix_act(&f, id.text, "submit", NULL), "%s", f.error.text);
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_PENDING);
	cr_assert(fix_found(&f, id.text, "{'type': 'roa', 'result': 'valid', 'origins': [4200]}"));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_PROVISIONED);
	cr_expect(prefix_set_count(grant_of(&f, session.text, &g)) == 0);
	cr_assert(fix_act(&f, id.text, "announce", NULL));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_ANNOUNCED);
	cr_expect(prefix_set_match(grant_of(&f, session.text, &g), &p, 4200, NULL));
	cr_expect_not(prefix_set_match(g.authorised, &p, 4201, NULL));
	registry_grant_put(&g);
	cr_expect_not(fix_delete(&f, id.text));
	cr_expect_str_eq(f.error.reason, "still-announced");
	cr_assert(fix_act(&f, id.text, "drain", NULL));
	cr_expect(prefix_set_count(grant_of(&f, session.text, &g)) == 1);
	cr_expect(prefix_set_count(g.draining) == 1);
	registry_grant_put(&g);
	cr_assert(fix_act(&f, id.text, "withdraw", NULL));
	cr_assert(fix_act(&f, id.text, "release", NULL));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_RELEASED);
	cr_assert(fix_delete(&f, id.text), "%s", f.error.text);
	cr_expect(registry_count(f.registry, REGISTRY_EVIDENCE, c.tenant.text) == 1);
	fix_fini(&f);
}

Test(registry, an_as_number_has_one_holder_whatever_is_undone)
{
	struct fix f;
	fix_init(&f, 7);
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	cr_assert(fix_create(&f, REGISTRY_TENANT, "{'name': 'b'}"));
	registry_id_t b = f.made;
	cr_assert(fix_create(&f, REGISTRY_ASN, "{'tenant': '%s', 'asn': 4200}", b.text));
	registry_id_t claim = f.made;
	cr_assert(fix_act(&f, a.asn.text, "revoke", NULL));
	json_t *json = registry_change_json(f.change, REGISTRY_VIEW_STORE);
	struct registry_change *revoked = registry_change_from_json(json);
	json_decref(json);
	cr_assert(fix_act(&f, claim.text, "approve", NULL));
	cr_assert(fix_undo(&f, revoked), "%s", f.error.text);
	registry_change_free(revoked);
	const struct registry_asn *first =
		(const struct registry_asn *)registry_get(f.registry, REGISTRY_ASN, a.asn.text);
	const struct registry_asn *second =
		(const struct registry_asn *)registry_get(f.registry, REGISTRY_ASN, claim.text);
	cr_expect(first->state == ASN_SUSPENDED && second->state == ASN_VERIFIED);
	cr_expect_str_eq(first->reason, "asn-taken");
	fix_fini(&f);
}

Test(registry, the_check_of_an_as_number_says_what_else_there_is_when_nobody_is_asked)
{
	struct fix f;
	fix_init(&f, 5);
	struct fix_tenant c = fix_customer(&f, "A", 3320);
	f.rules.has_aut_num = true;
	cr_expect(fix_act(&f, c.asn.text, "check", NULL));
	f.rules.has_aut_num = false;
	cr_expect(!fix_act(&f, c.asn.text, "check", NULL));
	cr_expect(f.error.status == 409);
	cr_expect_str_eq(f.error.reason, "rir-unsupported");
	cr_expect(strstr(f.error.remedy, "/rdap") != NULL && strstr(f.error.remedy, c.asn.text));
	cr_assert(fix_act(&f, c.asn.text, "revoke", NULL));
	f.rules.has_aut_num = true;
	cr_expect(!fix_act(&f, c.asn.text, "check", NULL));
	cr_expect_str_eq(f.error.reason, "revoked");
	fix_fini(&f);
}

Test(registry, a_tenant_changes_and_sees_its_own_alone)
{
	struct fix f;
	fix_init(&f, 8);
	registry_id_t site = fix_site(&f);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	registry_id_t prefix = fix_prefix(&f, &a, "203.0.112.0/23", 4200);
	registry_id_t session = fix_session(&f, &a, site.text, 4200);
	const char *const ids[] = {a.tenant.text, a.asn.text, prefix.text, session.text};
	f.author = fix_tenant(b.tenant.text);
	for (unsigned i = 0; i < ARRAY_COUNT(ids); i++) {
		cr_expect(!fix_update(&f, ids[i], "{'description': 'x'}"));
		cr_expect(f.error.status == 404, "%s: %d", ids[i], f.error.status);
		cr_expect(!fix_delete(&f, ids[i]) && f.error.status == 404);
	}
	cr_expect(!fix_act(&f, prefix.text, "submit", NULL) && f.error.status == 404);
	cr_expect(!fix_create(&f, REGISTRY_PREFIX,
			      "{'prefix': '203.0.113.0/24', 'origins': [4201]}"));
	cr_expect_str_eq(f.error.reason, "overlap-other-tenant");
	cr_expect(!fix_create(&f, REGISTRY_PREFIX,
			      "{'prefix': '203.0.113.0/24', 'origins': [4201], 'parent': '%s'}",
			      prefix.text));
	cr_expect_str_eq(f.error.reason, "not-found");
	/* Its holder may delegate it. */
	f.author = fix_tenant(a.tenant.text);
	cr_expect(fix_create(&f, REGISTRY_PREFIX,
			     "{'tenant': '%s', 'prefix': '203.0.113.0/24', 'origins': [4201],"
			     " 'parent': '%s'}",
			     b.tenant.text, prefix.text),
		  "%s", f.error.text);
	cr_expect(!fix_delete(&f, a.tenant.text) && f.error.status == 403);
	fix_fini(&f);
}

/* Who delegates sees what it has delegated, so a 404 about it would be a lie: it may end it, and is
 * told that it may do no more.  To everybody else there is no such object. */
Test(registry, of_what_is_delegated_its_holder_may_see_and_end_and_no_more)
{
	struct fix f;
	fix_init(&f, 9);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	struct fix_tenant c = fix_customer(&f, "c", 4202);
	registry_id_t parent = fix_prefix(&f, &a, "203.0.112.0/22", 4200);
	cr_assert(fix_act(&f, parent.text, "approve", NULL));
	f.author = fix_tenant(a.tenant.text);
	cr_assert(fix_create(&f, REGISTRY_PREFIX,
			     "{'tenant': '%s', 'prefix': '203.0.113.0/24', 'origins': [4201],"
			     " 'parent': '%s', 'announce': 'on'}",
			     b.tenant.text, parent.text));
	registry_id_t child = f.made;
	cr_expect(!fix_update(&f, child.text, "{'description': 'x'}") && f.error.status == 403);
	cr_expect(!fix_act(&f, child.text, "submit", NULL) && f.error.status == 403);
	cr_expect(!fix_act(&f, child.text, "announce", NULL) && f.error.status == 403);
	f.author = fix_tenant(c.tenant.text);
	cr_expect(!fix_update(&f, child.text, "{'description': 'x'}") && f.error.status == 404);
	cr_expect(!fix_act(&f, child.text, "withdraw", NULL) && f.error.status == 404);
	cr_expect(!fix_delete(&f, child.text) && f.error.status == 404);
	/* The tenant that has it does not see out of whose it is, nor may it touch that. */
	f.author = fix_tenant(b.tenant.text);
	cr_expect(!fix_update(&f, parent.text, "{'description': 'x'}") && f.error.status == 404);
	cr_assert(fix_act(&f, child.text, "submit", NULL));
	cr_expect(fix_get_prefix(&f, child.text)->state == PREFIX_ANNOUNCED);
	f.author = fix_tenant(a.tenant.text);
	cr_expect(!fix_delete(&f, child.text) && f.error.status == 409);
	cr_expect(fix_act(&f, child.text, "withdraw", NULL) && fix_delete(&f, child.text));
	fix_fini(&f);
}
