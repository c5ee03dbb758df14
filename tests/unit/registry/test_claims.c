/* Whoever claims what is not his: proofs that speak for somebody else, and what they are worth. */
#include <string.h>

#include "tests/unit/registry/fix.h"

#define RS_AS 64999 /* fix.c's. */

static const struct registry_prefix *prefix_of(const struct fix *f, registry_id_t id)
{
	return fix_get_prefix(f, id.text);
}

/* A prefix of the tenant's with two origins, of which only the first is its own. */
static registry_id_t borrow(struct fix *f, const struct fix_tenant *thief, asn_t own, asn_t victims)
{
	cr_assert(fix_create(f, REGISTRY_ASN, "{'tenant': '%s', 'asn': %u}", thief->tenant.text,
			     victims));
	cr_assert(fix_create(f, REGISTRY_PREFIX,
			     "{'tenant': '%s', 'prefix': '203.0.112.0/22', 'origins': [%u, %u]}",
			     thief->tenant.text, own, victims));
	registry_id_t id = f->made;
	cr_assert(fix_act(f, id.text, "submit", NULL));
	return id;
}

Test(registry, a_proof_for_an_as_number_of_somebody_else_proves_nothing)
{
	static const char *const types[] = {"roa", "irr"};
	for (unsigned i = 0; i < ARRAY_COUNT(types); i++) {
		struct fix f;
		fix_init(&f, i);
		struct fix_tenant thief = fix_customer(&f, "thief", 4200);
		struct fix_tenant helper = fix_customer(&f, "helper", 4201);
		registry_id_t id = borrow(&f, &thief, 4200, 4777);
		cr_assert(fix_found(&f, id.text,
				    "{'type': '%s', 'result': 'valid', 'origins': [4777]}",
				    types[i]));
		cr_expect(!life_is_proven((enum prefix_state)prefix_of(&f, id)->state), "%s",
			  types[i]);
		cr_expect_str_eq(prefix_of(&f, id)->reason, "asn-unverified");
		/* Nor can it be passed on. */
		cr_assert(fix_create(&f, REGISTRY_PREFIX,
				     "{'tenant': '%s', 'prefix': '203.0.113.0/24', 'origins': "
				     "[4201], 'parent': '%s', 'announce': 'on'}",
				     helper.tenant.text, id.text));
		registry_id_t child = f.made;
		cr_assert(fix_act(&f, child.text, "submit", NULL));
		cr_expect_str_eq(prefix_of(&f, child)->reason, "parent-unproven");
		cr_expect_eq(prefix_of(&f, child)->active_origins.count, 0);
		/* With one for its own number it is proven, for that one alone. */
		cr_assert(fix_found(&f, id.text,
				    "{'type': '%s', 'result': 'valid', 'origins': [4200]}",
				    types[i]));
		cr_expect(prefix_of(&f, id)->state == PREFIX_PROVISIONED);
		cr_expect_eq(prefix_of(&f, id)->active_origins.count, 1);
		cr_expect(prefix_of(&f, child)->state == PREFIX_ANNOUNCED);
		fix_check_whole(&f);
		fix_fini(&f);
	}
}

Test(registry, a_proof_that_is_lost_speaks_in_its_grace_for_whom_it_spoke)
{
	struct fix f;
	fix_init(&f, 1);
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	registry_id_t id = fix_announced(&f, &a, "203.0.113.0/24", 4200);
	cr_assert(fix_create(&f, REGISTRY_ASN, "{'tenant': '%s', 'asn': 4201}", a.tenant.text));
	cr_assert(fix_act(&f, f.made.text, "approve", NULL));
	cr_assert(fix_found(&f, id.text,
			    "{'type': 'roa', 'result': 'missing', 'reason': "
			    "'roa-missing'}"));
	cr_expect(prefix_of(&f, id)->state == PREFIX_ANNOUNCED);
	cr_assert(fix_update(&f, id.text, "{'origins': [4201]}"));
	cr_expect(prefix_of(&f, id)->state == PREFIX_SUSPENDED);
	cr_expect_str_eq(prefix_of(&f, id)->reason, "roa-missing");
	cr_assert(fix_update(&f, id.text, "{'origins': [4201, 4200]}"));
	cr_expect(prefix_of(&f, id)->state == PREFIX_ANNOUNCED);
	cr_expect_eq(prefix_of(&f, id)->active_origins.count, 1);
	fix_check_whole(&f);
	fix_fini(&f);
}

/* A ROA for the server's own number says that its holder lets the server announce it, and not for
 * whom: each customer who is about to come has one. */
Test(registry, a_roa_for_the_servers_own_number_does_not_say_whose_the_prefix_is)
{
	static const char *const types[] = {"roa", "irr"};
	for (unsigned i = 0; i < ARRAY_COUNT(types); i++) {
		struct fix f;
		fix_init(&f, i);
		registry_id_t site = fix_site(&f);
		struct fix_tenant thief = fix_customer(&f, "thief", 4200);
		fix_session(&f, &thief, site.text, 4200);
		cr_assert(fix_create(&f, REGISTRY_PREFIX,
				     "{'tenant': '%s', 'prefix': '203.0.113.0/24', 'origins': [%u],"
				     " 'is_originated': true, 'next_hop_ipv4': '198.18.0.2'}",
				     thief.tenant.text, RS_AS));
		registry_id_t id = f.made;
		cr_assert(fix_act(&f, id.text, "submit", NULL));
		cr_assert(fix_act(&f, id.text, "announce", NULL));
		cr_assert(fix_found(&f, id.text,
				    "{'type': '%s', 'result': 'valid', 'origins': [%u]}", types[i],
				    RS_AS));
		cr_expect(prefix_of(&f, id)->state == PREFIX_PENDING, "%s", types[i]);
		cr_expect_str_eq(prefix_of(&f, id)->reason, "ownership-token-missing");
		cr_expect_eq(prefix_of(&f, id)->active_origins.count, 0);
		/* What names the tenant does. */
		cr_assert(fix_found(&f, id.text, "{'type': 'dns', 'result': 'valid'}"));
		cr_expect(prefix_of(&f, id)->state == PREFIX_ANNOUNCED);
		cr_expect_eq(prefix_of(&f, id)->active_origins.count, 1);
		fix_check_whole(&f);
		fix_fini(&f);
	}
}

/* What follows is told of each step, even if the last one is what there was before. */
Test(registry, what_is_written_twice_in_one_import_leaves_nobody_behind)
{
	struct fix f;
	fix_init(&f, 2);
	struct fix_tenant a = fix_customer(&f, "a", 4200), b = fix_customer(&f, "b", 4201);
	cr_assert(fix_create(&f, REGISTRY_ASN, "{'tenant': '%s', 'asn': 4202}", a.tenant.text));
	registry_id_t parent = fix_announced(&f, &a, "203.0.112.0/22", 4200);
	cr_assert(fix_create(&f, REGISTRY_PREFIX,
			     "{'tenant': '%s', 'prefix': '203.0.113.0/24', 'origins': [4201],"
			     " 'parent': '%s', 'announce': 'on'}",
			     b.tenant.text, parent.text));
	registry_id_t child = f.made;
	cr_assert(fix_act(&f, child.text, "submit", NULL));
	cr_expect(prefix_of(&f, child)->state == PREFIX_ANNOUNCED);
	json_t *body =
		json_pack("[{s:s,s:s,s:[i]},{s:s,s:s,s:[i]}]", "kind", "prefix", "id", parent.text,
			  "origins", 4202, "kind", "prefix", "id", parent.text, "origins", 4200);
	cr_assert(fix_run(&f, &(struct registry_command){.verb = VERB_IMPORT,
							 .body = body,
							 .author = fix_operator(),
							 .now_s = f.now_s}),
		  "%s", f.error.text);
	json_decref(body);
	cr_expect(life_is_proven((enum prefix_state)prefix_of(&f, parent)->state));
	cr_expect(prefix_of(&f, child)->state == PREFIX_ANNOUNCED);
	fix_check_whole(&f);
	fix_fini(&f);
}

/* "It was valid" and "the operator says that it never was" are not the same: no grace. */
Test(registry, what_an_operator_rejects_counts_no_more_at_once)
{
	struct fix f;
	fix_init(&f, 3);
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	registry_id_t id = fix_prefix(&f, &a, "203.0.113.0/24", 4200);
	cr_assert(fix_act(&f, id.text, "submit", NULL));
	cr_assert(
		fix_found(&f, id.text, "{'type': 'letter', 'result': 'valid', 'origins': [4200]}"));
	cr_assert(fix_act(&f, id.text, "announce", NULL));
	cr_expect(prefix_of(&f, id)->state == PREFIX_ANNOUNCED);
	struct key_cursor k = key_ref(TAG_SUBJECT, id.text);
	key_u8(&k, EVIDENCE_LETTER);
	registry_id_t letter = registry_first(f.registry, &k)->id;
	cr_assert(fix_act(&f, letter.text, "reject", "{\"reason\": \"forged\"}"));
	cr_expect(prefix_of(&f, id)->state == PREFIX_SUSPENDED);
	cr_expect_eq(prefix_of(&f, id)->active_origins.count, 0);
	/* Nor does what comes in its place begin a grace. */
	cr_assert(fix_found(&f, id.text, "{'type': 'letter', 'result': 'pending'}"));
	cr_expect(prefix_of(&f, id)->state == PREFIX_SUSPENDED);
	cr_assert(fix_act(&f, letter.text, "approve", NULL));
	cr_expect(prefix_of(&f, id)->state == PREFIX_ANNOUNCED);
	fix_check_whole(&f);
	fix_fini(&f);
}

/* A letter names length and time; what the tenant wants beyond is not in it. */
Test(registry, a_letter_does_not_grow_with_what_the_tenant_wants)
{
	struct fix f;
	fix_init(&f, 4);
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	registry_id_t id = fix_prefix(&f, &a, "203.0.112.0/22", 4200);
	cr_assert(fix_update(&f, id.text, "{'not_before': '2026-11-20T00:00:00Z'}"));
	cr_assert(fix_act(&f, id.text, "submit", NULL));
	cr_assert(
		fix_found(&f, id.text, "{'type': 'letter', 'result': 'valid', 'origins': [4200]}"));
	cr_assert(fix_act(&f, id.text, "announce", NULL));
	cr_expect(prefix_of(&f, id)->state == PREFIX_ANNOUNCED);
	static const char *const more[] = {"{'max_length': 24}",
					   "{'not_before': '2026-11-01T00:00:00Z'}",
					   "{'not_before': null}"};
	f.author = fix_tenant(a.tenant.text);
	for (unsigned i = 0; i < ARRAY_COUNT(more); i++) {
		cr_expect(!fix_update(&f, id.text, "%s", more[i]), "%s", more[i]);
		cr_expect_eq(f.error.status, 409);
		cr_expect_str_eq(f.error.reason, "loa-missing");
	}
	/* With another proof it may, and from then on the letter is none. */
	cr_assert(fix_found(&f, id.text, "{'type': 'dns', 'result': 'valid'}"));
	cr_expect(fix_update(&f, id.text, "%s", more[0]), "%s", f.error.text);
	cr_expect(prefix_of(&f, id)->state == PREFIX_ANNOUNCED);
	f.rules.grace_s[EVIDENCE_DNS] = 0;
	cr_assert(fix_found(&f, id.text, "{'type': 'dns', 'result': 'missing'}"));
	cr_expect(prefix_of(&f, id)->state == PREFIX_SUSPENDED);
	/* One that waits is about what was asked for when it came, too. */
	cr_assert(fix_found(&f, id.text,
			    "{'type': 'letter', 'result': 'pending', 'origins': [4200]}"));
	cr_expect(fix_update(&f, id.text, "{'not_before': null}"), "%s", f.error.text);
	struct key_cursor k = key_ref(TAG_SUBJECT, id.text);
	key_u8(&k, EVIDENCE_LETTER);
	cr_expect(((const struct registry_evidence *)registry_first(f.registry, &k))->result ==
		  RESULT_MISMATCH);
	/* Less is within it. */
	cr_assert(
		fix_found(&f, id.text, "{'type': 'letter', 'result': 'valid', 'origins': [4200]}"));
	cr_expect(fix_update(&f, id.text, "{'max_length': 23}"), "%s", f.error.text);
	cr_expect(prefix_of(&f, id)->state == PREFIX_ANNOUNCED);
	fix_check_whole(&f);
	fix_fini(&f);
}

/* The API asks this of operators alone; the plan does not rely on it. */
Test(registry, a_tenant_neither_finds_proofs_nor_undoes_what_others_did)
{
	struct fix f;
	fix_init(&f, 5);
	struct fix_tenant a = fix_customer(&f, "a", 4200);
	registry_id_t id = fix_prefix(&f, &a, "203.0.113.0/24", 4200);
	cr_assert(fix_act(&f, id.text, "submit", NULL));
	json_t *body = json_pack("{s:s,s:s}", "type", "dns", "result", "valid");
	cr_expect(!fix_run(&f, &(struct registry_command){.verb = VERB_EVIDENCE,
							  .kind = REGISTRY_PREFIX,
							  .id = id.text,
							  .body = body,
							  .author = fix_tenant(a.tenant.text),
							  .now_s = f.now_s}));
	cr_expect_eq(f.error.status, 403);
	json_decref(body);
	cr_assert(fix_act(&f, a.asn.text, "revoke", NULL));
	json_t *json = registry_change_json(f.change, REGISTRY_VIEW_STORE);
	struct registry_change *revoked = registry_change_from_json(json);
	json_decref(json);
	f.author = fix_tenant(a.tenant.text);
	cr_expect(!fix_undo(&f, revoked));
	cr_expect_eq(f.error.status, 403);
	registry_change_free(revoked);
	/* Its own it may. */
	cr_assert(fix_update(&f, id.text, "{'description': 'x'}"));
	cr_expect(fix_undo(&f, f.change), "%s", f.error.text);
	fix_fini(&f);
}
