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
