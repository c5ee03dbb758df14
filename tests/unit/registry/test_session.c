/* Sessions: addresses out of a site's pools, templates, keys. */
#include <string.h>

#include "tests/unit/registry/fix.h"

static const struct registry_session *get(const struct fix *f, const char *id)
{
	return (const struct registry_session *)registry_get(f->registry, REGISTRY_SESSION, id);
}

static bool make(struct fix *f, const struct fix_tenant *c, const char *site, const char *more)
{
	return fix_create(f, REGISTRY_SESSION, "{'tenant': '%s', 'site': '%s', 'asn': 4200%s}",
			  c->tenant.text, site, more);
}

static const char *address(const struct fix *f)
{
	static char text[ADDR_TEXT_MAX];
	return addr_format(&get(f, f->made.text)->address, text);
}

static registry_id_t site_of(struct fix *f, const char *pools)
{
	cr_assert(fix_create(f, REGISTRY_SITE, "{'name': 'x', %s}", pools), "%s", f->error.text);
	return f->made;
}

Test(registry, a_pool_gives_each_address_once_until_there_is_none)
{
	struct fix f;
	fix_init(&f, 1);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	/* Of eight: the first and the last (RFC 919), the server's, and a reserved one. */
	registry_id_t s = site_of(&f, "'pool_ipv4': '198.18.0.8/29', 'server_ipv4': '198.18.0.9',"
				      " 'reserved': ['198.18.0.12']");
	registry_id_t id[4];
	static const char *const want[] = {"198.18.0.10", "198.18.0.11", "198.18.0.13",
					   "198.18.0.14"};
	for (unsigned i = 0; i < ARRAY_COUNT(want); i++) {
		cr_assert(make(&f, &c, s.text, ""), "%s", f.error.text);
		cr_expect_str_eq(address(&f), want[i]);
		id[i] = f.made;
	}
	cr_expect(!make(&f, &c, s.text, ""));
	cr_expect_str_eq(f.error.reason, "pool-exhausted");
	cr_expect(f.error.status == 409);
	/* What is given back is given again; an undo of the giving back is too late then. */
	cr_assert(fix_delete(&f, id[1].text));
	json_t *json = registry_change_json(f.change, REGISTRY_VIEW_STORE);
	struct registry_change *deleted = registry_change_from_json(json);
	json_decref(json);
	cr_assert(make(&f, &c, s.text, ""));
	cr_expect_str_eq(address(&f), "198.18.0.11");
	cr_expect(!fix_undo(&f, deleted));
	cr_expect_str_eq(f.error.reason, "address-taken");
	registry_change_free(deleted);
	fix_check_whole(&f);
	fix_fini(&f);
}

Test(registry, a_pool_of_two_addresses_gives_both)
{
	struct fix f;
	fix_init(&f, 2);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	registry_id_t s = site_of(&f, "'pool_ipv4': '198.18.0.8/31'"); /* RFC 3021 */
	cr_assert(make(&f, &c, s.text, "") && make(&f, &c, s.text, ""));
	cr_expect_str_eq(address(&f), "198.18.0.9");
	cr_expect(!make(&f, &c, s.text, ""));
	fix_fini(&f);
}

Test(registry, the_family_of_an_address_is_that_of_what_the_session_carries)
{
	struct fix f;
	fix_init(&f, 3);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	registry_id_t both = fix_site(&f);
	cr_assert(make(&f, &c, both.text, ", 'families': ['ipv4']"));
	cr_expect_str_eq(address(&f), "198.18.0.2");
	cr_assert(make(&f, &c, both.text, ", 'families': ['ipv6']"));
	cr_expect_str_eq(address(&f), "2001:db8::2");
	/* IPv4 goes over IPv6 (RFC 8950). */
	cr_assert(make(&f, &c, both.text, ", 'families': ['ipv4', 'ipv6']"));
	cr_expect_str_eq(address(&f), "2001:db8::3");
	cr_assert(make(&f, &c, both.text, ""));
	cr_expect_str_eq(address(&f), "198.18.0.3");
	cr_expect(get(&f, f.made.text)->families == REGISTRY_FAMILY_BIT(FAMILY_IPV4));
	registry_id_t old = site_of(&f, "'pool_ipv4': '198.18.1.0/24'");
	cr_expect(!make(&f, &c, old.text, ", 'families': ['ipv6']"));
	cr_expect_str_eq(f.error.reason, "pool-exhausted");
	cr_expect(make(&f, &c, old.text, ", 'families': ['ipv4', 'ipv6']"));
	fix_fini(&f);
}

Test(registry, a_tenant_has_addresses_of_the_pool_alone_and_none_that_is_taken)
{
	static const struct {
		const char *address, *reason;
	} cases[] = {{"198.18.0.1", "address-taken"},
		     {"198.18.0.2", "address-taken"},
		     {"198.18.0.0", "address-outside"},
		     {"198.18.0.255", "address-outside"},
		     {"198.18.1.1", "address-outside"},
		     {"2001:db8::", "address-outside"},
		     {"2001:db8::1", "address-taken"},
		     {"2001:db8:1::1", "address-outside"},
		     {"224.0.0.1", "form"},
		     {"127.0.0.1", "form"},
		     {"fe80::1", "form"},
		     {"198.18.0.7", ""},
		     {"2001:db8::7", ""}};
	struct fix f;
	char more[60];
	fix_init(&f, 4);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	registry_id_t s = fix_site(&f);
	cr_assert(make(&f, &c, s.text, ""));
	f.author = fix_tenant(c.tenant.text);
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(more, sizeof(more), ", 'address': '%s'", cases[i].address);
		bool is_good = make(&f, &c, s.text, more);
		cr_expect_str_eq(is_good ? "" : f.error.reason, cases[i].reason, "%s",
				 cases[i].address);
	}
	f.author = fix_operator();
	cr_expect(make(&f, &c, s.text, ", 'address': '198.18.1.1'"), "an operator may");
	fix_fini(&f);
}

Test(registry, a_session_begins_with_its_templates_options_and_keeps_them)
{
	struct fix f;
	char more[200];
	fix_init(&f, 5);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	registry_id_t s = fix_site(&f);
	cr_assert(fix_create(&f, REGISTRY_TEMPLATE,
			     "{'name': 'm', 'hold_time': 30, 'multihop': 4, 'add_path': 'both',"
			     " 'authentication': 'md5', 'route_view': 'default'}"));
	registry_id_t m = f.made;
	f.author = fix_tenant(c.tenant.text);
	snprintf(more, sizeof(more), ", 'template': '%s', 'hold_time': 60", m.text);
	cr_assert(make(&f, &c, s.text, more), "%s", f.error.text);
	registry_id_t id = f.made;
	const struct registry_session *n = get(&f, id.text);
	cr_expect(n->options.hold_time == 60 && n->options.multihop == 4);
	cr_expect(n->options.add_path == PATHS_BOTH && n->options.route_view == VIEW_DEFAULT);
	cr_expect(n->options.authentication == SESSION_AUTH_MD5 && n->key[0] != '\0');
	f.author = fix_operator();
	cr_expect(fix_update(&f, m.text, "{'multihop': 9}"));
	cr_expect(f.change->count == 1 && get(&f, id.text)->options.multihop == 4);
	cr_expect(!fix_delete(&f, m.text));
	cr_expect_str_eq(f.error.reason, "in-use");
	cr_expect(!fix_delete(&f, s.text));
	cr_expect(fix_delete(&f, id.text) && fix_delete(&f, m.text) && fix_delete(&f, s.text));
	fix_fini(&f);
}

Test(registry, a_template_that_says_nothing_gives_what_a_session_without_one_has)
{
	struct fix f;
	char more[200];
	fix_init(&f, 5);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	registry_id_t s = fix_site(&f);
	cr_assert(fix_create(&f, REGISTRY_TEMPLATE, "{'name': 'm'}"));
	snprintf(more, sizeof(more), ", 'template': '%s'", f.made.text);
	cr_assert(make(&f, &c, s.text, ""));
	registry_id_t plain = f.made;
	cr_assert(make(&f, &c, s.text, more));
	const struct registry_session *a = get(&f, plain.text), *b = get(&f, f.made.text);
	cr_expect(memcmp(&a->options, &b->options, sizeof(a->options)) == 0);
	cr_expect(b->options.route_view == VIEW_FULL);
	fix_fini(&f);
}

/* The key of the change's secrets. */
static const char *secret(const struct fix *f, const char *id)
{
	return json_string_value(json_object_get(json_object_get(f->change->secrets, id), "key"));
}

static bool is_in(const json_t *json, const char *what)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY);
	bool is_there = strstr(text, what) != NULL;
	free(text);
	return is_there;
}

Test(registry, a_key_is_told_once_and_the_one_before_is_taken_for_a_day)
{
	struct fix f;
	char first[80], second[80];
	fix_init(&f, 6);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	registry_id_t s = fix_site(&f);
	cr_assert(make(&f, &c, s.text, ", 'authentication': 'tcp-ao'"));
	registry_id_t id = f.made;
	snprintf(first, sizeof(first), "%s", secret(&f, id.text));
	json_t *shown = registry_show(f.registry, &f.rules, &get(&f, id.text)->object, f.now_s);
	cr_expect(strlen(first) >= 26 && !is_in(shown, first));
	json_decref(shown);
	cr_assert(fix_act(&f, id.text, "key", NULL));
	snprintf(second, sizeof(second), "%s", secret(&f, id.text));
	json_t *public = registry_change_json(f.change, REGISTRY_VIEW_API);
	cr_expect(!is_in(public, first) && !is_in(public, second));
	json_decref(public);
	const struct registry_session *n = get(&f, id.text);
	cr_expect(strcmp(first, second) != 0);
	cr_expect_str_eq(n->key, second);
	cr_expect_str_eq(n->old_key, first);
	cr_expect(n->key_send_id == 2 && n->old_key_send_id == 1); /* RFC 5925 §3.1 */
	cr_expect(registry_due_s(f.registry) == f.now_s + 86400);
	cr_assert(fix_tick(&f, 86399) && f.change->count == 0);
	cr_assert(fix_tick(&f, 1) && f.change->count == 1);
	cr_expect_str_eq(get(&f, id.text)->old_key, "");
	cr_expect(registry_due_s(f.registry) == INT64_MAX);
	fix_fini(&f);
}

Test(registry, a_key_that_is_given_leaves_room_for_the_one_before)
{
	struct fix f;
	fix_init(&f, 7);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	registry_id_t s = fix_site(&f);
	cr_assert(make(&f, &c, s.text, ", 'authentication': 'md5', 'key': 'first'"));
	registry_id_t id = f.made;
	cr_assert(fix_update(&f, id.text, "{'key': 'second'}"), "%s", f.error.text);
	cr_expect_str_eq(get(&f, id.text)->old_key, "first");
	cr_expect(get(&f, id.text)->key_send_id != get(&f, id.text)->old_key_send_id);
	cr_assert(fix_update(&f, id.text, "{'key': 'second'}"));
	cr_expect_str_eq(get(&f, id.text)->old_key, "first"); /* It is no other one. */
	/* Without authentication there is no key, and none before. */
	cr_assert(fix_update(&f, id.text, "{'authentication': 'none'}"));
	cr_expect_str_eq(get(&f, id.text)->key, "");
	cr_expect_str_eq(get(&f, id.text)->old_key, "");
	cr_expect(registry_due_s(f.registry) == INT64_MAX);
	cr_expect(!fix_act(&f, id.text, "key", NULL));
	cr_expect(!fix_update(&f, id.text, "{'key': 'third'}"));
	cr_expect(!fix_update(&f, id.text, "{'authentication': 'md5', 'key': ''}"));
	fix_fini(&f);
}
