/* What a session may announce, why it may not announce the rest, and whom a change touches. */
#include <string.h>

#include "tests/unit/registry/fix.h"

static const struct registry_session *session(const struct fix *f, const char *id)
{
	return (const struct registry_session *)registry_get(f->registry, REGISTRY_SESSION, id);
}

/* The reason; "" when it may. */
static const char *why(struct fix *f, const char *id, const char *prefix, asn_t origin)
{
	struct prefix p;
	struct registry_why out;
	struct registry_grant g;
	const struct registry_session *s = session(f, id);
	cr_assert(prefix_parse(prefix, &p, NULL) == 0);
	bool is_refused = registry_why(f->registry, &f->rules, s, &p, origin, f->now_s, &out);
	registry_grant(f->registry, &f->rules, s, f->now_s, NULL, &g);
	bool is_granted = registry_session_runs(f->registry, s, NULL) &&
			  prefix_set_match(g.authorised, &p, origin, NULL);
	cr_expect(is_refused != is_granted, "%s: %s", prefix, is_refused ? out.reason : "granted");
	registry_grant_put(&g);
	cr_expect(!is_refused || (out.text[0] != '\0' && out.remedy[0] != '\0'));
	return is_refused ? out.reason : "";
}

Test(registry, a_refusal_names_what_stands_in_the_way_first)
{
	struct fix f;
	fix_init(&f, 1);
	registry_id_t here = fix_site(&f);
	cr_assert(fix_create(&f, REGISTRY_SITE, "{'name': 'there'}"));
	registry_id_t there = f.made;
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	registry_id_t n = fix_session(&f, &a, here.text, 4200);
	registry_id_t p = fix_prefix(&f, &a, "203.0.113.0/24", 4200);
	fix_announced(&f, &b, "203.0.112.0/24", 4201);
	cr_expect_str_eq(why(&f, n.text, "203.0.114.0/24", 4200), "unknown-prefix");
	cr_expect_str_eq(why(&f, n.text, "203.0.112.0/24", 4200), "other-tenant");
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/25", 4200), "too-specific");
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4300), "wrong-origin");
	cr_expect_str_eq(why(&f, n.text, "203.0.112.0/23", 4200), "unknown-prefix");
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "not-submitted");
	cr_assert(fix_act(&f, p.text, "submit", NULL));
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "pending");
	cr_assert(fix_act(&f, p.text, "approve", NULL));
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "withdrawn");
	cr_assert(fix_act(&f, p.text, "announce", NULL));
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "");
	cr_assert(fix_update(&f, p.text, "{'sites': ['%s']}", there.text));
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "wrong-site");
	cr_assert(fix_update(&f, p.text, "{'sites': []}"));
	cr_assert(fix_update(&f, n.text, "{'is_enabled': false}"));
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "session-disabled");
	cr_assert(fix_update(&f, n.text, "{'is_enabled': true}"));
	cr_assert(fix_update(&f, a.tenant.text, "{'is_enabled': false}"));
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "tenant-disabled");
	cr_assert(fix_update(&f, a.tenant.text, "{'is_enabled': true}"));
	cr_assert(fix_act(&f, a.asn.text, "revoke", NULL));
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "asn-unverified");
	fix_fini(&f);
}

/* A window ends on time even while nothing can be stored. */
Test(registry, a_window_that_is_over_hides_neither_a_prefix_nor_one_around_it)
{
	struct fix f;
	fix_init(&f, 2);
	registry_id_t here = fix_site(&f);
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	registry_id_t n = fix_session(&f, &a, here.text, 4200);
	registry_id_t inner = fix_announced(&f, &a, "203.0.113.0/24", 4200);
	cr_assert(fix_update(&f, inner.text, "{'not_after': '2026-11-27T09:00:00Z'}"));
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "");
	f.now_s += 3600;
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "expired");
	f.now_s -= 3600;
	registry_id_t outer = fix_announced(&f, &a, "203.0.112.0/22", 4200);
	cr_assert(fix_update(&f, outer.text, "{'max_length': 24}"));
	f.now_s += 3600;
	cr_expect_str_eq(why(&f, n.text, "203.0.113.0/24", 4200), "");
	fix_fini(&f);
}

struct touched {
	char ids[400];
};

static void note(void *context, const char *id, const struct registry_session *s)
{
	struct touched *t = context;
	size_t len = strlen(t->ids);
	snprintf(t->ids + len, sizeof(t->ids) - len, "%s%s ", s == NULL ? "-" : "", id);
}

static bool touches(struct fix *f, const char *id)
{
	struct touched t = {.ids = ""};
	registry_touched(f->registry, f->change, note, &t);
	const char *at = strstr(t.ids, id);
	cr_expect(at == NULL || strstr(at + 1, id) == NULL, "twice: %s", t.ids);
	return at != NULL;
}

Test(registry, a_change_touches_the_sessions_whose_grants_it_may_change)
{
	struct fix f;
	char gone[40];
	fix_init(&f, 3);
	registry_id_t here = fix_site(&f);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	registry_id_t n = fix_session(&f, &a, here.text, 4200);
	registry_id_t m = fix_session(&f, &b, here.text, 4201);
	registry_id_t p = fix_announced(&f, &a, "203.0.113.0/24", 4200);
	cr_expect(touches(&f, n.text) && !touches(&f, m.text));
	cr_assert(fix_update(&f, here.text, "{'server_asn': 4300}"));
	cr_expect(touches(&f, n.text) && touches(&f, m.text));
	cr_assert(fix_act(&f, a.asn.text, "revoke", NULL));
	cr_expect(touches(&f, n.text) && !touches(&f, m.text));
	cr_assert(fix_act(&f, p.text, "withdraw", NULL) || fix_act(&f, p.text, "release", NULL));
	cr_expect(touches(&f, n.text));
	cr_assert(fix_update(&f, b.tenant.text, "{'is_enabled': false}"));
	cr_expect(touches(&f, m.text) && !touches(&f, n.text));
	cr_assert(fix_delete(&f, m.text));
	snprintf(gone, sizeof(gone), "-%s", m.text);
	cr_expect(touches(&f, gone));
	fix_fini(&f);
}

Test(registry, a_prefix_is_shown_with_its_checks_and_what_to_do)
{
	struct fix f;
	fix_init(&f, 4);
	f.rules.evidence_accepted = 1u << EVIDENCE_ROA | 1u << EVIDENCE_DNS;
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	registry_id_t p = fix_prefix(&f, &a, "203.0.113.0/24", 4200);
	cr_assert(fix_act(&f, p.text, "submit", NULL));
	cr_assert(fix_found(&f, p.text,
			    "{'type': 'roa', 'result': 'missing', 'reason': 'roa-missing'}"));
	json_t *j =
		registry_show(f.registry, &f.rules, &fix_get_prefix(&f, p.text)->object, f.now_s);
	const char *reason, *remedy, *roa, *dns;
	cr_assert(json_unpack(j, "{s:s,s:s,s:{s:{s:s},s:{s:s}}}", "reason", &reason, "remedy",
			      &remedy, "checks", "roa", "remedy", &roa, "dns", "result",
			      &dns) == 0);
	cr_expect_str_eq(reason, "roa-missing"); /* DNS may still say yes. */
	cr_expect(remedy[0] != '\0' && roa[0] != '\0');
	cr_expect_str_eq(dns, "pending");
	cr_expect(json_object_get(json_object_get(j, "checks"), "irr") == NULL);
	json_decref(j);
	fix_fini(&f);
}
