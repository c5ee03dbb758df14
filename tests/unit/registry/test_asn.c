/* AS numbers: which may be brought, by whom, and what stands for them. */
#include <string.h>

#include "tests/unit/registry/fix.h"

static registry_id_t tenant_of(struct fix *f, const char *name, const char *mode)
{
	cr_assert(fix_create(f, REGISTRY_TENANT,
			     "{'name': '%s', 'mode': '%s', 'quota': {'asns': 100}}", name, mode));
	return f->made;
}

static const char *verdict(struct fix *f, const registry_id_t *tenant, unsigned long long asn)
{
	bool is_good =
		fix_create(f, REGISTRY_ASN, "{'tenant': '%s', 'asn': %llu}", tenant->text, asn);
	cr_assert(is_good || f->error.status >= 400);
	return is_good ? "" : f->error.reason;
}

/* The numbers at both sides of each edge; global, local. */
static const struct edge {
	unsigned long long asn;
	const char *global, *local;
} edges[] = {
	{0, "form", "form"}, /* RFC 7607 */
	{1, "", ""},
	{23455, "", ""},
	{23456, "asn-reserved", "asn-reserved"}, /* RFC 6793 §9 */
	{23457, "", ""},
	{64495, "", ""},
	{64496, "asn-reserved", "asn-reserved"}, /* RFC 5398 §3 */
	{64511, "asn-reserved", "asn-reserved"},
	{64512, "asn-private", ""}, /* RFC 6996 §5 */
	{65534, "asn-private", ""},
	{65535, "asn-reserved", "asn-reserved"}, /* RFC 7300 §2 */
	{65536, "asn-reserved", "asn-reserved"}, /* RFC 5398 §3 */
	{65551, "asn-reserved", "asn-reserved"},
	{65552, "asn-reserved", "asn-reserved"}, /* IANA's, of RFC 1930's time. */
	{131071, "asn-reserved", "asn-reserved"},
	{131072, "", ""},
	{4199999999ull, "", ""},
	{4200000000ull, "asn-private", ""}, /* RFC 6996 §5 */
	{4294967294ull, "asn-private", ""},
	{4294967295ull, "asn-reserved", "asn-reserved"}, /* RFC 7300 §2 */
	{4294967296ull, "form", "form"},
};

Test(registry, an_as_number_is_one_that_its_tenant_may_bring)
{
	for (unsigned i = 0; i < ARRAY_COUNT(edges); i++) {
		struct fix f;
		fix_init(&f, i);
		registry_id_t global = tenant_of(&f, "g", "global"),
			      local = tenant_of(&f, "l", "local");
		cr_expect_str_eq(verdict(&f, &global, edges[i].asn), edges[i].global, "%llu: %s",
				 edges[i].asn, f.error.text);
		cr_expect_str_eq(verdict(&f, &local, edges[i].asn), edges[i].local, "%llu: %s",
				 edges[i].asn, f.error.text);
		fix_fini(&f);
	}
}

Test(registry, numbers_for_documentation_are_for_those_who_say_so)
{
	struct fix f;
	fix_init(&f, 1);
	f.rules.has_test_asns = true;
	registry_id_t t = tenant_of(&f, "g", "global");
	cr_expect_str_eq(verdict(&f, &t, 64496), "");
	cr_expect_str_eq(verdict(&f, &t, 65551), "");
	cr_expect_str_eq(verdict(&f, &t, 65552), "asn-reserved");
	cr_expect_str_eq(verdict(&f, &t, 64512), "asn-private");
	fix_fini(&f);
}

Test(registry, the_servers_own_number_is_nobodys_and_one_is_registered_once)
{
	struct fix f;
	fix_init(&f, 2);
	registry_id_t t = tenant_of(&f, "g", "global"), l = tenant_of(&f, "l", "local");
	cr_expect_str_eq(verdict(&f, &l, 64999), "asn-own");
	cr_expect_str_eq(verdict(&f, &t, 4200), "");
	cr_expect_str_eq(verdict(&f, &t, 4200), "not-unique");
	cr_expect_str_eq(verdict(&f, &l, 4200), ""); /* A claim, which waits for a proof. */
	fix_fini(&f);
}

Test(registry, a_private_number_needs_no_proof_and_keeps_its_tenant_local)
{
	struct fix f;
	fix_init(&f, 3);
	registry_id_t l = tenant_of(&f, "l", "local"), other = tenant_of(&f, "m", "local");
	cr_expect_str_eq(verdict(&f, &l, 64512), "");
	const struct registry_asn *a =
		(const struct registry_asn *)registry_get(f.registry, REGISTRY_ASN, f.made.text);
	cr_expect(a->state == ASN_VERIFIED);
	/* Two members of one server cannot have one number: paths through both would be loops. */
	cr_expect_str_eq(verdict(&f, &other, 64512), "");
	a = (const struct registry_asn *)registry_get(f.registry, REGISTRY_ASN, f.made.text);
	cr_expect(a->state == ASN_PENDING);
	cr_expect_str_eq(a->reason, "asn-taken");
	cr_expect(!fix_update(&f, l.text, "{'mode': 'global'}"));
	cr_expect_str_eq(f.error.reason, "asn-private");
	fix_fini(&f);
}

Test(registry, a_16_bit_number_stands_for_one_of_32_bits_alone)
{
	struct fix f;
	fix_init(&f, 4);
	registry_id_t t = tenant_of(&f, "g", "global");
	cr_assert_str_eq(verdict(&f, &t, 200000), "");
	registry_id_t wide = f.made;
	cr_assert_str_eq(verdict(&f, &t, 200001), "");
	registry_id_t other = f.made;
	cr_assert_str_eq(verdict(&f, &t, 4200), "");
	registry_id_t narrow = f.made;
	cr_expect(!fix_update(&f, narrow.text, "{'asn_alias': 500}")); /* It needs none. */
	cr_expect(!fix_update(&f, wide.text, "{'asn_alias': 4200}"));
	cr_expect_str_eq(f.error.reason, "not-unique");
	cr_expect(!fix_update(&f, wide.text, "{'asn_alias': 23456}"));
	cr_expect(!fix_update(&f, wide.text, "{'asn_alias': 65535}"));
	cr_expect(!fix_update(&f, wide.text, "{'asn_alias': 64999}")); /* The server's. */
	cr_expect(fix_update(&f, wide.text, "{'asn_alias': 500}"), "%s", f.error.text);
	cr_expect(!fix_update(&f, other.text, "{'asn_alias': 500}"));
	cr_expect_str_eq(verdict(&f, &t, 500), "not-unique");
	cr_expect(fix_update(&f, wide.text, "{'asn_alias': null}"));
	cr_expect_str_eq(verdict(&f, &t, 500), "");
	fix_fini(&f);
}

/* RFC 2622 §5 */
Test(registry, an_as_set_has_a_name_that_an_irr_can_have)
{
	static const char *const good[] = {"AS-X", "as-x", "AS4200:AS-X", "RIPE::AS-X",
					   "RADB::AS4200:AS-X:AS-Y"};
	static const char *const bad[] = {"",	      "X",	"AS",	       "AS-",
					  "AS4200",   "AS-X:",	":AS-X",       "AS X",
					  "-R::AS-X", "::AS-X", "AS-X;rm -rf", "AS-X\\n"};
	struct fix f;
	fix_init(&f, 5);
	struct fix_tenant c = fix_customer(&f, "a", 4200);
	for (unsigned i = 0; i < ARRAY_COUNT(good); i++) {
		cr_expect(fix_update(&f, c.asn.text, "{'as_sets': ['%s']}", good[i]), "%s",
			  good[i]);
	}
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++) {
		cr_expect(!fix_update(&f, c.asn.text, "{'as_sets': ['AS-OK', '%s']}", bad[i]), "%s",
			  bad[i]);
		cr_expect_str_eq(f.error.pointer, "/as_sets/1", "%s: %s", bad[i], f.error.text);
	}
	fix_fini(&f);
}
