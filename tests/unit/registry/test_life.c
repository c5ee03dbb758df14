/* The machine of a prefix: every cell of its table, and what evidence says. */
#include <string.h>

#include "tests/unit/registry/fix.h"

/* The table once more, written down by state: a letter for the state that each event leads to, in
 * the order of enum prefix_event; a capital: refused.
 * d draft, p pending, v validated, o provisioned, l limited, a announced, n draining, w withdrawn,
 * r released, f failed, s suspended, e expired. */
static const char letters[PREFIX_STATE_COUNT + 1] = "dpvolanwrfse";
static const char *const table[PREFIX_STATE_COUNT] = {
	/*                       submit proven refused lost opened closed expired renewed
	 *                       on limited off drain release */
	[PREFIX_DRAFT] = "pddddddddddDr",     [PREFIX_PENDING] = "pvffppeppppPr",
	[PREFIX_VALIDATED] = "vvssovevvvvVr", [PREFIX_PROVISIONED] = "oossoveoaloOr",
	[PREFIX_LIMITED] = "llsslvelalwnL",   [PREFIX_ANNOUNCED] = "aassaveaalwnA",
	[PREFIX_DRAINING] = "nnssnvenalwnN",  [PREFIX_WITHDRAWN] = "wwsswvewalwWr",
	[PREFIX_RELEASED] = "RrrrrrrrRRrRr",  [PREFIX_FAILED] = "pvffffeffffFr",
	[PREFIX_SUSPENDED] = "svssssessssSr", [PREFIX_EXPIRED] = "EeeeeeepeeeEr",
};

Test(registry, every_cell_of_the_life_of_a_prefix_is_as_it_is_written_down)
{
	for (unsigned s = 0; s < PREFIX_STATE_COUNT; s++) {
		cr_assert(strlen(table[s]) == EVENT_COUNT);
		for (unsigned e = 0; e < EVENT_COUNT; e++) {
			struct life_cell cell =
				life_next((enum prefix_state)s, (enum prefix_event)e);
			char written = table[s][e];
			bool is_refused = written >= 'A' && written <= 'Z';
			cr_expect(letters[cell.next] == (is_refused ? written + 32 : written),
				  "state %u, event %u: %u", s, e, cell.next);
			cr_expect((cell.refusal != NULL) == is_refused, "%u, %u", s, e);
			cr_expect(!is_refused || cell.next == s);
		}
	}
}

Test(registry, nothing_that_is_not_proven_becomes_announced)
{
	for (unsigned s = 0; s < PREFIX_STATE_COUNT; s++) {
		for (unsigned e = 0; e < EVENT_COUNT; e++) {
			enum prefix_state next =
				life_next((enum prefix_state)s, (enum prefix_event)e).next;
			cr_expect(!life_is_announced(next) || life_is_proven((enum prefix_state)s),
				  "%u, %u", s, e);
		}
	}
}

#define GRACE 3600
#define NOW   INT64_C(1000000)

static char irr_missing[] = "irr-missing";

static struct registry_evidence evidence(enum evidence_type type, enum evidence_result result)
{
	return (struct registry_evidence){
		.type = (uint8_t)type, .result = (uint8_t)result, .reason = irr_missing};
}

static struct life_judgement judge(const struct registry_evidence *a,
				   const struct registry_evidence *b)
{
	struct registry_rules rules;
	struct life_evidence e = {.count = 0};
	registry_rules_init(&rules);
	for (unsigned t = 0; t < EVIDENCE_TYPE_COUNT; t++) {
		rules.grace_s[t] = GRACE;
	}
	e.item[e.count++] = a;
	if (b != NULL) {
		e.item[e.count++] = b;
	}
	return life_judge(&e, &rules, NOW);
}

Test(registry, any_proof_will_do_and_an_invalid_roa_outweighs_them)
{
	struct registry_evidence dns = evidence(EVIDENCE_DNS, RESULT_VALID);
	struct registry_evidence irr = evidence(EVIDENCE_IRR, RESULT_MISSING);
	struct registry_evidence roa = evidence(EVIDENCE_ROA, RESULT_INVALID);
	struct registry_evidence no = evidence(EVIDENCE_OPERATOR, RESULT_INVALID);
	cr_expect(judge(&dns, &irr).proof == PROOF_VALID);
	cr_expect(judge(&irr, &dns).proof == PROOF_VALID);
	cr_expect(judge(&roa, &dns).proof == PROOF_VETOED);
	cr_expect(judge(&dns, &roa).proof == PROOF_VETOED);
	cr_expect(judge(&dns, &no).proof == PROOF_VETOED);
	cr_expect(judge(&irr, NULL).proof == PROOF_FAILED);
	cr_expect_str_eq(judge(&irr, NULL).reason, "irr-missing");
}

Test(registry, nothing_is_refused_while_an_answer_is_still_to_come)
{
	struct registry_evidence irr = evidence(EVIDENCE_IRR, RESULT_MISSING);
	struct registry_evidence dns = evidence(EVIDENCE_DNS, RESULT_PENDING);
	cr_expect(judge(&irr, &dns).proof == PROOF_NONE);
	dns.result = RESULT_ERROR;
	cr_expect(judge(&irr, &dns).proof == PROOF_NONE);
}

Test(registry, a_lost_proof_counts_until_its_grace_is_over)
{
	struct registry_evidence irr = evidence(EVIDENCE_IRR, RESULT_MISSING);
	irr.failing_since_s = NOW - GRACE + 1;
	struct life_judgement j = judge(&irr, NULL);
	cr_expect(j.proof == PROOF_FAILING && j.due_s == NOW + 1);
	irr.failing_since_s = NOW - GRACE;
	cr_expect(judge(&irr, NULL).proof == PROOF_LOST);
}

Test(registry, a_proof_that_ends_by_itself_has_its_grace_behind_its_end)
{
	struct registry_evidence letter = evidence(EVIDENCE_LETTER, RESULT_VALID);
	letter.expires_s = NOW + 5;
	struct life_judgement j = judge(&letter, NULL);
	cr_expect(j.proof == PROOF_VALID && j.due_s == NOW + 5);
	letter.expires_s = NOW;
	j = judge(&letter, NULL);
	cr_expect(j.proof == PROOF_FAILING && j.due_s == NOW + GRACE);
	cr_expect_str_eq(j.reason, "date-expired");
	letter.expires_s = NOW - GRACE;
	cr_expect(judge(&letter, NULL).proof == PROOF_LOST);
}

Test(registry, a_source_that_fails_makes_nothing_worse)
{
	struct fix f;
	fix_init(&f, 2);
	struct fix_tenant c = fix_customer(&f, "acme", 4200);
	registry_id_t id = fix_announced(&f, &c, "203.0.113.0/24", 4200);
	cr_assert(
		fix_found(&f, id.text, "{'type': 'roa', 'result': 'error', 'detail': 'no data'}"));
	cr_expect(f.change->count == 1); /* The record says so; the prefix is as it was. */
	cr_assert(fix_tick(&f, 1000000));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_ANNOUNCED);
	cr_expect_str_eq(fix_get_prefix(&f, id.text)->reason, "");
	/* The first answer after it is news again. */
	cr_assert(fix_found(&f, id.text, "{'type': 'roa', 'result': 'valid', 'origins': [4200]}"));
	cr_expect(f.change->count == 1);
	cr_assert(fix_found(&f, id.text, "{'type': 'roa', 'result': 'valid', 'origins': [4200]}"));
	cr_expect(f.change->count == 0);
	fix_fini(&f);
}

Test(registry, lost_evidence_alarms_at_once_suspends_after_the_grace_and_comes_back)
{
	struct fix f;
	fix_init(&f, 3);
	f.rules.grace_s[EVIDENCE_ROA] = 7200;
	struct fix_tenant c = fix_customer(&f, "acme", 4200);
	registry_id_t id = fix_announced(&f, &c, "203.0.113.0/24", 4200);
	cr_assert(fix_found(&f, id.text,
			    "{'type': 'roa', 'result': 'missing', 'reason': 'roa-missing'}"));
	const struct registry_prefix *p = fix_get_prefix(&f, id.text);
	cr_expect(p->state == PREFIX_ANNOUNCED && p->due_s == f.now_s + 7200);
	cr_expect_str_eq(p->reason, "roa-missing");
	cr_expect(p->active_origins.count == 1);
	cr_expect(registry_due_s(f.registry) == p->due_s);
	cr_assert(fix_tick(&f, 7199) && f.change->count == 0);
	cr_assert(fix_tick(&f, 1) && f.change->count == 1);
	p = fix_get_prefix(&f, id.text);
	cr_expect(p->state == PREFIX_SUSPENDED && p->since_s == f.now_s && p->due_s == 0);
	cr_expect_str_eq(p->reason, "roa-missing");
	cr_expect(registry_due_s(f.registry) == INT64_MAX);
	cr_assert(fix_found(&f, id.text, "{'type': 'roa', 'result': 'valid', 'origins': [4200]}"));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_ANNOUNCED);
	fix_fini(&f);
}

Test(registry, an_invalid_roa_suspends_at_once)
{
	struct fix f;
	fix_init(&f, 4);
	struct fix_tenant c = fix_customer(&f, "acme", 4200);
	registry_id_t id = fix_announced(&f, &c, "203.0.113.0/24", 4200);
	cr_assert(fix_act(&f, id.text, "approve", NULL)); /* Not even an operator's yes helps. */
	cr_assert(fix_found(&f, id.text,
			    "{'type': 'roa', 'result': 'invalid', 'reason': 'roa-asn-mismatch'}"));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_SUSPENDED);
	cr_expect_str_eq(fix_get_prefix(&f, id.text)->reason, "roa-asn-mismatch");
	fix_fini(&f);
}

Test(registry, a_prefix_is_announced_in_its_time_alone)
{
	struct fix f;
	fix_init(&f, 5);
	struct fix_tenant c = fix_customer(&f, "acme", 4200);
	registry_id_t id = fix_prefix(&f, &c, "203.0.113.0/24", 4200);
	cr_assert(fix_update(&f, id.text,
			     "{'not_before': '2026-11-27T10:00:00+01:00', "
			     "'not_after': '2026-11-27T10:00:00Z', 'announce': 'on'}"),
		  "%s", f.error.text);
	cr_assert(fix_act(&f, id.text, "approve", NULL));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_VALIDATED);
	cr_expect(registry_due_s(f.registry) == START_S + 3600);
	cr_assert(fix_tick(&f, 3600));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_ANNOUNCED);
	cr_assert(fix_tick(&f, 3600));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_EXPIRED);
	cr_assert(fix_update(&f, id.text, "{'not_after': null}"));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_ANNOUNCED);
	cr_assert(fix_update(&f, id.text, "{'not_before': '2027-01-01T00:00:00Z'}"));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_VALIDATED);
	fix_fini(&f);
}

/* Whoever drains and forgets does not keep the last choice for ever. */
Test(registry, what_drains_is_withdrawn_by_itself)
{
	struct fix f;
	fix_init(&f, 12);
	struct fix_tenant c = fix_customer(&f, "A", 398101);
	registry_id_t id = fix_announced(&f, &c, "185.77.4.0/22", 398101);
	cr_assert(fix_act(&f, id.text, "drain", NULL));
	cr_expect_eq(registry_due_s(f.registry), START_S + 900);
	cr_assert(fix_tick(&f, 899));
	cr_expect_eq(fix_get_prefix(&f, id.text)->state, PREFIX_DRAINING);
	cr_assert(fix_tick(&f, 1));
	cr_expect_eq(fix_get_prefix(&f, id.text)->state, PREFIX_WITHDRAWN);
	cr_expect_eq(fix_get_prefix(&f, id.text)->since_s, START_S + 900);
	/* Announced again in time, it stays. */
	cr_assert(fix_act(&f, id.text, "announce", NULL));
	cr_assert(fix_act(&f, id.text, "drain", NULL));
	cr_assert(fix_act(&f, id.text, "announce", NULL));
	cr_assert(fix_tick(&f, 86400));
	cr_expect_eq(fix_get_prefix(&f, id.text)->state, PREFIX_ANNOUNCED);
	f.rules.drain_s = 0;
	cr_assert(fix_act(&f, id.text, "drain", NULL));
	cr_assert(fix_tick(&f, 86400));
	cr_expect_eq(fix_get_prefix(&f, id.text)->state, PREFIX_DRAINING, "not by itself");
	fix_fini(&f);
}

Test(registry, a_second_origin_is_active_when_it_is_proven_and_the_first_one_stays)
{
	struct fix f;
	fix_init(&f, 6);
	struct fix_tenant c = fix_customer(&f, "acme", 4200);
	registry_id_t id = fix_announced(&f, &c, "203.0.113.0/24", 4200);
	cr_expect_not(fix_update(&f, id.text, "{'origins': [4200, 4300]}"));
	cr_expect_str_eq(f.error.reason, "asn-unverified");
	cr_expect_str_eq(f.error.pointer, "/origins/1");
	cr_assert(fix_create(&f, REGISTRY_ASN, "{'tenant': '%s', 'asn': 4300}", c.tenant.text));
	registry_id_t second = f.made;
	cr_assert(fix_update(&f, id.text, "{'origins': [4200, 4300]}"));
	const struct registry_prefix *p = fix_get_prefix(&f, id.text);
	cr_expect(p->state == PREFIX_ANNOUNCED && p->active_origins.count == 1);
	cr_assert(fix_act(&f, second.text, "approve", NULL));
	cr_expect(fix_get_prefix(&f, id.text)->active_origins.count == 1);
	cr_assert(fix_found(&f, id.text,
			    "{'type': 'roa', 'result': 'valid', 'origins': [4200, 4300]}"));
	cr_expect(fix_get_prefix(&f, id.text)->active_origins.count == 2);
	/* The old origin goes with its AS number; the prefix stays announced. */
	cr_assert(fix_act(&f, c.asn.text, "revoke", NULL));
	p = fix_get_prefix(&f, id.text);
	cr_expect(p->state == PREFIX_ANNOUNCED && p->active_origins.count == 1 &&
		  p->active_origins.item[0] == 4300);
	cr_assert(fix_act(&f, second.text, "revoke", NULL));
	cr_expect(fix_get_prefix(&f, id.text)->state == PREFIX_SUSPENDED);
	cr_expect_str_eq(fix_get_prefix(&f, id.text)->reason, "asn-unverified");
	fix_fini(&f);
}
