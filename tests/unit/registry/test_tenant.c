/* What a tenant may have, and many objects at once. */
#include <string.h>

#include "tests/unit/registry/fix.h"

static bool add_prefix(struct fix *f, const struct fix_tenant *c, unsigned i)
{
	return fix_create(f, REGISTRY_PREFIX,
			  "{'tenant': '%s', 'prefix': '60.0.%u.0/24', 'origins': [4200]}",
			  c->tenant.text, i);
}

Test(registry, a_quota_bounds_what_is_made_and_says_how_much_there_is)
{
	struct fix f;
	fix_init(&f, 1);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	registry_id_t site = fix_site(&f);
	cr_assert(fix_update(&f, c.tenant.text,
			     "{'quota': {'asns': 2, 'prefixes': 3, 'sessions': 1}}"));
	f.author = fix_tenant(c.tenant.text);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(add_prefix(&f, &c, i));
	}
	cr_expect(!add_prefix(&f, &c, 3));
	cr_expect_str_eq(f.error.reason, "quota");
	cr_expect(strstr(f.error.text, "3 prefixes") != NULL, "%s", f.error.text);
	fix_session(&f, &c, site.text, 4200);
	cr_expect(!fix_create(&f, REGISTRY_SESSION, "{'site': '%s', 'asn': 4200}", site.text));
	cr_expect_str_eq(f.error.reason, "quota");
	cr_expect(fix_create(&f, REGISTRY_ASN, "{'asn': 4300}"));
	cr_expect(!fix_create(&f, REGISTRY_ASN, "{'asn': 4301}"));
	cr_expect_str_eq(f.error.reason, "quota");
	/* A tenant does not raise its own. */
	cr_expect(!fix_update(&f, c.tenant.text, "{'quota': {'asns': 9}}"));
	/* What is deleted makes room, whatever state it was in. */
	registry_id_t gone = f.made;
	cr_expect(fix_delete(&f, gone.text) && fix_create(&f, REGISTRY_ASN, "{'asn': 4301}"));
	fix_fini(&f);
}

Test(registry, a_quota_that_is_lowered_takes_nothing_away)
{
	struct fix f;
	fix_init(&f, 2);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	cr_assert(add_prefix(&f, &c, 0));
	registry_id_t first = f.made;
	cr_assert(add_prefix(&f, &c, 1));
	cr_assert(fix_update(&f, c.tenant.text, "{'quota': {'prefixes': 1}}"));
	cr_expect(f.change->count == 1);
	cr_expect(registry_count(f.registry, REGISTRY_PREFIX, c.tenant.text) == 2);
	cr_expect(fix_update(&f, first.text, "{'description': 'still mine'}"));
	cr_expect(!add_prefix(&f, &c, 2));
	cr_assert(fix_delete(&f, first.text));
	cr_expect(!add_prefix(&f, &c, 2));
	/* Without one of its own, the rules' counts, which can be changed at any time. */
	cr_assert(fix_update(&f, c.tenant.text, "{'quota': {'prefixes': null}}"));
	f.rules.quota.prefixes = 2;
	cr_expect(add_prefix(&f, &c, 2));
	cr_expect(!add_prefix(&f, &c, 3));
	fix_fini(&f);
}

static bool import(struct fix *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool import(struct fix *f, const char *format, ...)
{
	char text[3000];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c != '\0'; c++) {
		*c = *c == '\'' ? '"' : *c;
	}
	json_t *body = json_loads(text, 0, NULL);
	cr_assert(body != NULL, "%s", text);
	bool is_good = fix_run(f, &(struct registry_command){.verb = VERB_IMPORT,
							     .body = body,
							     .author = f->author,
							     .now_s = f->now_s});
	json_decref(body);
	return is_good;
}

#define IMPORT                                                                                     \
	"[{'kind': 'tenant', 'id': 't-0000000000001', 'name': 'acme'},"                            \
	" {'kind': 'asn', 'id': 'a-0000000000001', 'tenant': 't-0000000000001', 'asn': 4200},"     \
	" {'kind': 'site', 'id': 's-0000000000001', 'name': 'fra1',"                               \
	"  'pool_ipv4': '198.18.0.0/29'},"                                                         \
	" {'kind': 'session', 'id': 'n-0000000000001', 'tenant': 't-0000000000001',"               \
	"  'asn': 4200, 'site': 's-0000000000001'},"                                               \
	" {'kind': 'prefix', 'id': 'p-0000000000001', 'tenant': 't-0000000000001',"                \
	"  'prefix': '203.0.%u.0/24', 'origins': [4200]}]"

Test(registry, an_import_names_what_it_makes_and_says_the_same_twice)
{
	struct fix f;
	fix_init(&f, 3);
	cr_assert(import(&f, IMPORT, 113), "%s %s", f.error.pointer, f.error.text);
	cr_expect(f.change->count == 5);
	const struct registry_session *n = (const struct registry_session *)registry_get(
		f.registry, REGISTRY_SESSION, "n-0000000000001");
	cr_expect(n != NULL && strcmp(n->site.text, "s-0000000000001") == 0);
	fix_check_whole(&f);
	cr_assert(import(&f, IMPORT, 113), "%s %s", f.error.pointer, f.error.text);
	cr_expect(f.change->count == 0);
	/* An import is undone as a whole. */
	cr_assert(import(&f, "[{'kind': 'tenant', 'name': 'b'}, {'kind': 'tenant', 'name': 'c'}]"));
	cr_assert(fix_undo(&f, f.change));
	cr_expect(registry_count(f.registry, REGISTRY_TENANT, NULL) == 1);
	fix_fini(&f);
}

Test(registry, an_import_is_all_or_nothing_and_points_at_what_is_wrong)
{
	static const struct {
		const char *body, *pointer, *reason;
	} cases[] = {
		{"[{'kind': 'tenant', 'name': 'b'}, {'kind': 'tenant', 'name': 'b'}]", "/1/name",
		 "not-unique"},
		{"[{'kind': 'tenant', 'name': 'b'}, {'kind': 'nothing'}]", "/1/kind", "form"},
		{"[{'kind': 'tenant', 'name': 'b'}, {'kind': 'asn', 'id': 'p-0000000000001'}]",
		 "/1/id", "form"},
		{"[{'kind': 'tenant', 'name': 'b'}, 7]", "/1/kind", "form"},
		{"[{'kind': 'tenant', 'name': 'b', 'more': 1}]", "/0/more", "unknown-member"},
		{"[{'kind': 'asn', 'tenant': 't-0000000000009', 'asn': 4200}]", "/0/tenant",
		 "not-found"},
		{"[{'kind': 'evidence'}]", "/0", "not-allowed"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		struct fix f;
		fix_init(&f, 4);
		cr_expect(!import(&f, "%s", cases[i].body));
		cr_expect_str_eq(f.error.pointer, cases[i].pointer, "%s", f.error.text);
		cr_expect_str_eq(f.error.reason, cases[i].reason, "%s", f.error.text);
		cr_expect(registry_count(f.registry, REGISTRY_TENANT, NULL) == 0);
		fix_fini(&f);
	}
}

Test(registry, a_tenant_does_not_import)
{
	struct fix f;
	fix_init(&f, 5);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	f.author = fix_tenant(c.tenant.text);
	cr_expect(!import(&f, "[{'kind': 'asn', 'asn': 4300}]"));
	cr_expect(f.error.status == 403);
	fix_fini(&f);
}

static bool delegate(struct fix *f, const registry_id_t *parent, const struct fix_tenant *to,
		     unsigned i)
{
	return fix_create(f, REGISTRY_PREFIX,
			  "{'tenant': '%s', 'prefix': '60.0.%u.0/24', 'origins': [4201],"
			  " 'parent': '%s'}",
			  to->tenant.text, i, parent->text);
}

/* Nobody's room is used up by what another gives him. */
Test(registry, what_is_delegated_counts_for_who_delegates_it)
{
	struct fix f;
	fix_init(&f, 3);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	cr_assert(fix_update(&f, a.tenant.text, "{'quota': {'prefixes': 3}}"));
	cr_assert(fix_update(&f, b.tenant.text, "{'quota': {'prefixes': 1}}"));
	registry_id_t parent = fix_prefix(&f, &a, "60.0.0.0/16", 4200);
	f.author = fix_tenant(a.tenant.text);
	for (unsigned i = 0; i < 3; i++) {
		cr_expect(delegate(&f, &parent, &b, i), "%s", f.error.text);
	}
	cr_expect(!delegate(&f, &parent, &b, 3));
	cr_expect_str_eq(f.error.reason, "quota");
	cr_expect(strstr(f.error.text, "3 prefixes are delegated") != NULL, "%s", f.error.text);
	f.author = fix_tenant(b.tenant.text);
	cr_expect(fix_create(&f, REGISTRY_PREFIX, "{'prefix': '61.0.0.0/24', 'origins': [4201]}"),
		  "%s", f.error.text);
	cr_expect(!fix_create(&f, REGISTRY_PREFIX, "{'prefix': '61.0.1.0/24', 'origins': [4201]}"));
	cr_expect_str_eq(f.error.reason, "quota");
	/* What is taken back makes room again. */
	f.author = fix_tenant(a.tenant.text);
	struct key_cursor c = key_ref(TAG_PARENT, parent.text);
	registry_id_t child = registry_first(f.registry, &c)->id;
	cr_assert(fix_delete(&f, child.text), "%s", f.error.text);
	cr_expect(delegate(&f, &parent, &b, 3), "%s", f.error.text);
	registry_check(f.registry);
	fix_fini(&f);
}
