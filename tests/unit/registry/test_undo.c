/* What follows from what: who waits for a number, what is delegated, what an undo brings back. */
#include <string.h>

#include "tests/unit/registry/fix.h"

static enum asn_state asn_state(const struct fix *f, const char *id)
{
	return (enum asn_state)(
		       (const struct registry_asn *)registry_get(f->registry, REGISTRY_ASN, id))
		->state;
}

static struct registry_change *keep(const struct registry_change *c)
{
	json_t *json = registry_change_json(c, REGISTRY_VIEW_STORE);
	struct registry_change *copy = registry_change_from_json(json);
	json_decref(json);
	return copy;
}

/* Another tenant's claim on a number, with an operator's word for it: it waits. */
static struct fix_tenant claim(struct fix *f, const char *name, asn_t asn)
{
	struct fix_tenant c;
	f->now_s++;
	cr_assert(fix_create(f, REGISTRY_TENANT, "{'name': '%s'}", name));
	c.tenant = f->made;
	cr_assert(fix_create(f, REGISTRY_ASN, "{'tenant': '%s', 'asn': %u}", c.tenant.text, asn));
	c.asn = f->made;
	cr_assert(fix_act(f, c.asn.text, "approve", NULL));
	return c;
}

Test(registry, who_waits_for_a_number_has_it_as_soon_as_its_holder_is_gone)
{
	static const char *const ways[] = {"revoke", "delete", "reject"};
	for (unsigned way = 0; way < ARRAY_COUNT(ways); way++) {
		struct fix f;
		fix_init(&f, way);
		struct fix_tenant a = fix_customer(&f, "a", 4200), b = claim(&f, "b", 4200);
		struct fix_tenant c = claim(&f, "c", 4200);
		registry_id_t prefix = fix_prefix(&f, &b, "203.0.113.0/24", 4200);
		cr_assert(fix_act(&f, prefix.text, "approve", NULL));
		cr_expect(asn_state(&f, b.asn.text) == ASN_PENDING);
		cr_expect_str_eq(fix_get_prefix(&f, prefix.text)->reason, "asn-unverified");
		if (way == 2) {
			struct key_cursor k = key_ref(TAG_SUBJECT, a.asn.text);
			registry_id_t word = registry_first(f.registry, &k)->id;
			cr_assert(fix_act(&f, word.text, "reject", NULL));
		} else {
			cr_assert(way == 0 ? fix_act(&f, a.asn.text, "revoke", NULL)
					   : fix_delete(&f, a.asn.text));
		}
		cr_expect(asn_state(&f, b.asn.text) == ASN_VERIFIED, "%s", ways[way]);
		cr_expect(asn_state(&f, c.asn.text) == ASN_PENDING);
		cr_expect(fix_get_prefix(&f, prefix.text)->state == PREFIX_PROVISIONED);
		fix_check_whole(&f);
		cr_assert(fix_undo(&f, f.change));
		cr_expect(asn_state(&f, a.asn.text) == ASN_VERIFIED);
		cr_expect(asn_state(&f, b.asn.text) != ASN_VERIFIED);
		cr_expect(fix_get_prefix(&f, prefix.text)->state == PREFIX_PENDING);
		fix_check_whole(&f);
		fix_fini(&f);
	}
}

/* What follows from one step of an undo is no change of somebody's before the next. */
Test(registry, an_undo_of_an_undo_gives_a_number_back_since_when_it_was)
{
	struct fix f;
	fix_init(&f, 1);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = claim(&f, "b", 4200);
	cr_assert(fix_delete(&f, a.asn.text));
	int64_t since_s = f.now_s;
	struct registry_change *undone = keep(f.change);
	f.now_s += 1000;
	cr_assert(fix_undo(&f, undone));
	cr_expect(asn_state(&f, b.asn.text) == ASN_PENDING);
	registry_change_free(undone);
	undone = keep(f.change);
	f.now_s += 1000;
	cr_assert(fix_undo(&f, undone));
	cr_expect(asn_state(&f, b.asn.text) == ASN_VERIFIED);
	const struct registry_asn *held =
		(const struct registry_asn *)registry_get(f.registry, REGISTRY_ASN, b.asn.text);
	cr_expect_eq(held->verified_s, since_s);
	registry_change_free(undone);
	fix_fini(&f);
}

Test(registry, what_was_delegated_meanwhile_follows_when_an_undo_proves_the_parent_again)
{
	struct fix f;
	fix_init(&f, 1);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	registry_id_t parent = fix_prefix(&f, &a, "203.0.112.0/22", 4200);
	cr_assert(fix_act(&f, parent.text, "approve", NULL));
	struct key_cursor k = key_ref(TAG_SUBJECT, parent.text);
	key_u8(&k, EVIDENCE_OPERATOR);
	registry_id_t word = registry_first(f.registry, &k)->id;
	cr_assert(fix_act(&f, word.text, "reject", NULL));
	struct registry_change *rejected = keep(f.change);
	cr_expect(fix_get_prefix(&f, parent.text)->state == PREFIX_SUSPENDED);
	cr_assert(fix_create(&f, REGISTRY_PREFIX,
			     "{'tenant': '%s', 'prefix': '203.0.113.0/24', 'origins': [4201],"
			     " 'parent': '%s', 'announce': 'on'}",
			     b.tenant.text, parent.text));
	registry_id_t child = f.made;
	cr_assert(fix_act(&f, child.text, "submit", NULL));
	cr_expect(fix_get_prefix(&f, child.text)->state == PREFIX_PENDING);
	cr_expect_str_eq(fix_get_prefix(&f, child.text)->reason, "parent-unproven");
	cr_assert(fix_undo(&f, rejected), "%s", f.error.text);
	cr_expect(fix_get_prefix(&f, parent.text)->state == PREFIX_PROVISIONED);
	cr_expect(fix_get_prefix(&f, child.text)->state == PREFIX_ANNOUNCED);
	fix_check_whole(&f);
	/* What is delegated keeps its parent from going, and says so. */
	cr_expect(!fix_act(&f, parent.text, "release", NULL));
	cr_expect_str_eq(f.error.reason, "in-use");
	cr_expect(strstr(f.error.text, child.text) != NULL);
	registry_change_free(rejected);
	fix_fini(&f);
}

Test(registry, an_undo_that_would_give_addresses_twice_says_whose_they_are)
{
	struct fix f;
	fix_init(&f, 2);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	registry_id_t old = fix_prefix(&f, &a, "203.0.113.0/24", 4200);
	cr_assert(fix_act(&f, old.text, "release", NULL));
	struct registry_change *released = keep(f.change);
	fix_prefix(&f, &b, "203.0.112.0/23", 4201);
	json_t *before = fix_dump(f.registry);
	cr_expect(!fix_undo(&f, released));
	cr_expect_str_eq(f.error.reason, "overlap-other-tenant");
	cr_expect(strstr(f.error.text, "203.0.112.0/23") != NULL);
	json_t *after = fix_dump(f.registry);
	cr_expect(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	registry_change_free(released);
	fix_fini(&f);
}

Test(registry, the_servers_own_number_is_an_origin_only_of_what_it_announces)
{
	struct fix f;
	fix_init(&f, 3);
	registry_id_t site = fix_site(&f);
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	fix_session(&f, &a, site.text, 4200);
	cr_assert(fix_create(&f, REGISTRY_PREFIX,
			     "{'tenant': '%s', 'prefix': '203.0.113.0/24', 'origins': [64999],"
			     " 'is_originated': true, 'next_hop_ipv4': '198.18.0.2'}",
			     a.tenant.text),
		  "%s", f.error.text);
	registry_id_t id = f.made;
	cr_expect(!fix_update(&f, id.text, "{'is_originated': false}"));
	cr_expect_str_eq(f.error.reason, "asn-unverified");
	cr_expect(fix_update(&f, id.text, "{'is_originated': false, 'origins': [4200]}"), "%s",
		  f.error.text);
	fix_fini(&f);
}

Test(registry, evidence_does_not_come_back_without_what_it_is_about)
{
	struct fix f;
	fix_init(&f, 4);
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	registry_id_t prefix = fix_prefix(&f, &a, "203.0.113.0/24", 4200);
	cr_assert(fix_found(&f, prefix.text, "{'type': 'irr', 'result': 'valid'}"));
	struct key_cursor k = key_ref(TAG_SUBJECT, prefix.text);
	registry_id_t irr = registry_first(f.registry, &k)->id;
	cr_assert(fix_delete(&f, irr.text));
	struct registry_change *deleted = keep(f.change);
	cr_assert(fix_delete(&f, prefix.text));
	cr_expect(!fix_undo(&f, deleted));
	cr_expect_str_eq(f.error.reason, "not-found");
	cr_expect_str_eq(f.error.pointer, "/subject");
	registry_change_free(deleted);
	fix_fini(&f);
}

Test(registry, a_proof_rests_on_a_document_of_the_same_tenant_alone)
{
	struct fix f;
	fix_init(&f, 5);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	registry_id_t prefix = fix_prefix(&f, &a, "203.0.113.0/24", 4200);
	cr_assert(fix_create(&f, REGISTRY_DOCUMENT,
			     "{'tenant': '%s', 'media_type': 'text/plain', 'data': 'QUJD'}",
			     b.tenant.text));
	registry_id_t letter = f.made;
	cr_expect(!fix_found(&f, prefix.text,
			     "{'type': 'letter', 'result': 'valid', 'document': '%s'}",
			     letter.text));
	cr_expect_str_eq(f.error.pointer, "/document");
	fix_fini(&f);
}

/* The wish that was told in between outlives the undo, whichever way. */
Test(registry, an_undo_brings_no_state_back_that_is_not_wished_any_more)
{
	for (unsigned way = 0; way < 2; way++) {
		struct fix f;
		fix_init(&f, way);
		struct fix_tenant a = fix_customer(&f, "a", 4200);
		registry_id_t id = fix_announced(&f, &a, "203.0.113.0/24", 4200);
		if (way == 1) {
			cr_assert(fix_act(&f, id.text, "withdraw", NULL));
		}
		struct key_cursor k = key_ref(TAG_SUBJECT, a.asn.text);
		registry_id_t word = registry_first(f.registry, &k)->id;
		cr_assert(fix_act(&f, word.text, "reject", NULL));
		struct registry_change *rejected = keep(f.change);
		cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_SUSPENDED);
		cr_assert(fix_act(&f, id.text, way == 0 ? "withdraw" : "announce", NULL));
		cr_assert(fix_undo(&f, rejected));
		cr_expect_eq(fix_get_prefix(&f, id.text)->state,
			     way == 0 ? PREFIX_WITHDRAWN : PREFIX_ANNOUNCED);
		fix_check_whole(&f);
		registry_change_free(rejected);
		fix_fini(&f);
	}
}
