/* Proofs over time: when they are looked at, and what of it is written. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/evidence/record.h"
#include "tests/unit/evidence/world.h"

#define ROA    (1U << EVIDENCE_ROA)
#define IRR    (1U << EVIDENCE_IRR)
#define DNS    (1U << EVIDENCE_DNS)
#define MINUTE (60 * USEC_PER_SEC)
#define HOUR   (60 * MINUTE)

static void expect(const struct world *w, unsigned n, enum evidence_type type,
		   enum evidence_result result, const char *reason)
{
	const struct registry_evidence *e = world_record(w, n, type);
	cr_assert(e != NULL);
	cr_expect(e->result == result, "result %u: %s", e->result, e->detail);
	cr_expect_str_eq(e->reason, reason);
}

Test(evidence, what_is_new_is_looked_at_at_once)
{
	struct world w;
	world_init(&w, 3, ROA | IRR);
	world_set_roa(&w, 64500);
	world_set_routes(&w, "{\"prefix\": \"198.18.1.0/24\", \"exact\": true}");
	world_run(&w, USEC_PER_SEC);
	for (unsigned n = 0; n < 3; n++) {
		expect(&w, n, EVIDENCE_ROA, RESULT_VALID, "");
		cr_expect(world_record(&w, n, EVIDENCE_ROA)->origins.count == 1);
	}
	expect(&w, 1, EVIDENCE_IRR, RESULT_VALID, "");
	expect(&w, 2, EVIDENCE_IRR, RESULT_MISSING, "irr-missing");
	world_fini(&w);
}

Test(evidence, other_roas_are_seen_at_once_and_only_news_is_written)
{
	struct world w;
	world_init(&w, 400, ROA);
	world_set_roa(&w, 64500);
	world_run(&w, USEC_PER_SEC);
	cr_expect(w.written == 400);
	world_set_roa(&w, 64500); /* Another table that says the same. */
	world_run(&w, USEC_PER_SEC);
	cr_expect(w.written == 400 && w.commands == 400);
	world_set_roa(&w, 64666);
	world_run(&w, USEC_PER_SEC);
	expect(&w, 399, EVIDENCE_ROA, RESULT_INVALID, "roa-asn-mismatch");
	cr_expect(w.written == 800);
	world_fini(&w);
}

/* In its grace a record keeps the origins that it was a proof for, and what is found has none. */
Test(evidence, a_proof_that_is_lost_is_written_once)
{
	struct world w;
	world_init(&w, 20, ROA);
	world_set_roa(&w, 64500);
	world_run(&w, USEC_PER_SEC);
	cr_expect(w.written == 20);
	for (unsigned i = 0; i < 5; i++) {
		world_set_roa(&w, 0); /* Other data, that say the same. */
		world_run(&w, HOUR);
	}
	expect(&w, 19, EVIDENCE_ROA, RESULT_MISSING, "roa-missing");
	cr_expect(world_record(&w, 19, EVIDENCE_ROA)->origins.count == 1);
	cr_expect(w.written == 40 && w.commands == 40, "%u of %u", w.written, w.commands);
	world_fini(&w);
}

static void reject(struct world *w, unsigned n, enum evidence_type type)
{
	struct registry_error error;
	const struct registry_command c = {
		.verb = VERB_ACTION,
		.kind = REGISTRY_EVIDENCE,
		.id = world_record(w, n, type)->object.id.text,
		.action = "reject",
		.author = {.kind = AUTHOR_TOKEN, .role = ROLE_OPERATOR, .name = "noc"}};
	cr_assert(world_command(w, &c, &error), "%s", error.text);
}

/* The operator knows of a route object that its maintainer had no right to make. */
Test(evidence, what_an_operator_has_rejected_no_check_brings_back)
{
	struct world w;
	world_init(&w, 2, IRR);
	world_set_routes(&w, "{\"prefix\": \"198.18.1.0/24\", \"exact\": true}");
	world_run(&w, USEC_PER_SEC);
	expect(&w, 1, EVIDENCE_IRR, RESULT_VALID, "");
	reject(&w, 1, EVIDENCE_IRR);
	cr_expect(world_prefix(&w, 1)->state == PREFIX_SUSPENDED);
	world_run(&w, 3 * HOUR);
	expect(&w, 1, EVIDENCE_IRR, RESULT_INVALID, "evidence-rejected");
	cr_expect(world_prefix(&w, 1)->state == PREFIX_SUSPENDED);
	world_fini(&w);
}

/* After a reload nothing is written of those whose proofs are not asked for any more. */
Test(evidence, a_kind_that_is_accepted_no_more_proves_nothing_soon)
{
	struct world w;
	world_init(&w, 3, ROA | IRR);
	world_set_roa(&w, 64500);
	world_set_routes(&w, "{\"prefix\": \"198.18.1.0/24\", \"exact\": true}");
	world_run(&w, USEC_PER_SEC);
	cr_expect(world_prefix(&w, 2)->state == PREFIX_PROVISIONED);
	const unsigned commands = w.commands;
	w.rules.evidence_accepted = IRR;
	evidence_configure(w.evidence, &w.irr);
	world_run(&w, USEC_PER_SEC);
	cr_expect(world_prefix(&w, 1)->state == PREFIX_PROVISIONED);
	cr_expect(world_prefix(&w, 2)->state == PREFIX_SUSPENDED);
	cr_expect(w.commands == commands + 2, "%u", w.commands - commands);
	/* Also when nobody tells: in its turn. */
	w.rules.evidence_accepted = ROA | IRR;
	world_run(&w, HOUR + MINUTE);
	cr_expect(world_prefix(&w, 2)->state == PREFIX_PROVISIONED);
	world_fini(&w);
}

Test(evidence, rpki_data_that_are_stale_take_nothing_away)
{
	struct world w;
	world_init(&w, 2, ROA);
	world_set_roa(&w, 64500);
	world_run(&w, USEC_PER_SEC);
	w.stale = "all caches are lost";
	world_set_roa(&w, 0);
	world_run(&w, 3 * HOUR);
	expect(&w, 0, EVIDENCE_ROA, RESULT_VALID, "");
	cr_expect(w.written == 2);
	w.stale = NULL;
	world_run(&w, USEC_PER_SEC);
	expect(&w, 0, EVIDENCE_ROA, RESULT_MISSING, "roa-missing");
	world_fini(&w);
}

/* Several servers on one registry, of which another looks. */
Test(evidence, who_has_not_the_duty_looks_when_asked_and_at_all_when_it_takes_over)
{
	struct world w;
	world_init(&w, 20, ROA | IRR);
	w.is_second = true;
	world_set_roa(&w, 64500);
	world_run(&w, 3 * HOUR);
	cr_expect(w.commands == 0 && evidence_numbers(w.evidence).waiting == 0);
	evidence_check_now(w.evidence, "p-0000000000003");
	world_run(&w, 3 * HOUR);
	expect(&w, 3, EVIDENCE_ROA, RESULT_VALID, "");
	expect(&w, 3, EVIDENCE_IRR, RESULT_MISSING, "irr-missing");
	cr_expect(w.written == 2 && world_record(&w, 4, EVIDENCE_ROA) == NULL);
	w.is_second = false;
	world_run(&w, USEC_PER_SEC);
	for (unsigned n = 0; n < 20; n++) {
		expect(&w, n, EVIDENCE_ROA, RESULT_VALID, "");
		expect(&w, n, EVIDENCE_IRR, RESULT_MISSING, "irr-missing");
	}
	cr_expect(w.written == 40);
	world_fini(&w);
}

Test(evidence, everything_is_visited_once_in_the_configured_time)
{
	struct world w;
	world_init(&w, 20, IRR);
	world_run(&w, USEC_PER_SEC);
	const uint64_t first = evidence_numbers(w.evidence).checks[EVIDENCE_IRR];
	cr_expect(first == 20, "%u", (unsigned)first);
	const unsigned written = w.written;
	world_run(&w, HOUR);
	const uint64_t second = evidence_numbers(w.evidence).checks[EVIDENCE_IRR] - first;
	cr_expect(second >= 19 && second <= 21, "%u", (unsigned)second);
	cr_expect(w.written == written);
	world_set_routes(&w, "{\"prefix\": \"198.18.1.0/24\", \"exact\": true}");
	world_run(&w, HOUR + 11 * MINUTE);
	expect(&w, 1, EVIDENCE_IRR, RESULT_VALID, "");
	cr_expect(w.written == written + 1);
	world_fini(&w);
}

Test(evidence, a_visit_is_not_answered_out_of_the_visit_before)
{
	struct world w;
	world_init(&w, 2, IRR);
	w.rules.recheck_s = 60;
	world_set_routes(&w, "{\"prefix\": \"198.18.1.0/24\", \"exact\": true}");
	world_run(&w, 2 * MINUTE);
	expect(&w, 1, EVIDENCE_IRR, RESULT_VALID, "");
	world_set_routes(&w, "");
	world_run(&w, MINUTE + MINUTE / 2);
	expect(&w, 1, EVIDENCE_IRR, RESULT_MISSING, "irr-missing");
	world_fini(&w);
}

Test(evidence, a_source_that_fails_is_named_until_it_answers)
{
	struct world w;
	world_init(&w, 1, ROA);
	world_set_roa(&w, 64500);
	w.stale = "all caches are lost";
	evidence_check_now(w.evidence, "p-0000000000000");
	world_run(&w, USEC_PER_SEC);
	const char *why = evidence_failing(w.evidence, EVIDENCE_ROA);
	cr_assert(why != NULL);
	cr_expect(strstr(why, "all caches are lost") != NULL, "%s", why);
	cr_expect(evidence_failing(w.evidence, EVIDENCE_IRR) == NULL);
	w.stale = NULL;
	world_run(&w, USEC_PER_SEC);
	cr_expect(evidence_failing(w.evidence, EVIDENCE_ROA) == NULL);
	world_fini(&w);
}

Test(evidence, a_check_that_is_asked_for_is_done_at_once)
{
	struct world w;
	world_init(&w, 2, IRR);
	world_run(&w, 10 * USEC_PER_SEC);
	expect(&w, 1, EVIDENCE_IRR, RESULT_MISSING, "irr-missing");
	world_set_routes(&w, "{\"prefix\": \"198.18.1.0/24\", \"exact\": true}");
	for (unsigned i = 0; i < 100; i++) {
		evidence_check_now(w.evidence, "p-0000000000001");
	}
	const uint64_t before = evidence_numbers(w.evidence).checks[EVIDENCE_IRR];
	world_run(&w, USEC_PER_SEC);
	expect(&w, 1, EVIDENCE_IRR, RESULT_VALID, "");
	cr_expect(evidence_numbers(w.evidence).checks[EVIDENCE_IRR] == before + 1);
	evidence_check_now(w.evidence, "p-nobodyshere1"); /* No such prefix. */
	world_run(&w, USEC_PER_SEC);
	world_fini(&w);
}

Test(evidence, a_source_that_fails_says_so_once_and_is_asked_again)
{
	struct world w;
	world_init(&w, 1, DNS);
	world_run(&w, 12 * USEC_PER_SEC);
	for (unsigned i = 0; i < 100 && world_record(&w, 0, EVIDENCE_DNS) == NULL; i++) {
		world_run(&w, 11 * USEC_PER_SEC);
	}
	const struct registry_evidence *e = world_record(&w, 0, EVIDENCE_DNS);
	cr_assert(e != NULL);
	cr_expect(e->result == RESULT_PENDING || e->result == RESULT_ERROR);
	cr_expect(evidence_numbers(w.evidence).alarms == 1);
	const unsigned written = w.written;
	world_run(&w, HOUR);
	cr_expect(w.written == written);
	cr_expect(evidence_numbers(w.evidence).errors[EVIDENCE_DNS] > 1);
	world_fini(&w);
}

Test(evidence, who_asks_does_not_wait_for_the_next_try)
{
	struct world w;
	char path[64];
	world_init(&w, 1, IRR);
	(void)snprintf(path, sizeof(path), "%s/AS64500.json", w.dir);
	cr_assert(remove(path) == 0);
	world_run(&w, 10 * MINUTE);
	cr_expect(evidence_failing(w.evidence, EVIDENCE_IRR) != NULL);
	world_set_routes(&w, "{\"prefix\": \"198.18.0.0/24\", \"exact\": true}");
	evidence_check_now(w.evidence, "p-0000000000000");
	world_run(&w, USEC_PER_SEC);
	expect(&w, 0, EVIDENCE_IRR, RESULT_VALID, "");
	world_fini(&w);
}

Test(evidence, an_asn_is_proved_by_its_aut_num_and_asked_for_again)
{
	struct world w;
	world_init(&w, 0, IRR);
	world_set_whois(&w, "aut-num: AS64500\nsource: RIPE\n");
	evidence_check_now(w.evidence, WORLD_ASN);
	world_wait(&w, 1);
	const struct registry_evidence *e = record_find(w.registry, WORLD_ASN, EVIDENCE_IRR);
	cr_assert(e != NULL);
	cr_expect(e->result == RESULT_MISSING, "%s", e->detail);
	cr_expect_str_eq(e->reason, "ownership-token-missing");
	world_set_whois(&w, "aut-num: AS64500\nremarks: causeway-validation=" WORLD_TOKEN
			    "\nsource: RIPE\n");
	evidence_check_now(w.evidence, WORLD_ASN);
	world_wait(&w, 2);
	const struct registry_asn *a =
		(const void *)registry_get(w.registry, REGISTRY_ASN, WORLD_ASN);
	cr_expect(a->state == ASN_VERIFIED);
	world_set_whois(&w, "%%ERROR:101: no entries found\n");
	world_run(&w, HOUR + USEC_PER_SEC); /* On schedule; the program takes real time. */
	world_wait(&w, 3);
	e = record_find(w.registry, WORLD_ASN, EVIDENCE_IRR);
	cr_expect(e->result == RESULT_MISSING && e->failing_since_s != 0, "%s", e->detail);
	world_fini(&w);
}

Test(evidence, a_kind_that_is_not_accepted_is_not_looked_at)
{
	struct world w;
	world_init(&w, 2, ROA);
	world_set_roa(&w, 64500);
	world_run(&w, HOUR);
	cr_expect(world_record(&w, 0, EVIDENCE_IRR) == NULL);
	cr_expect(evidence_numbers(w.evidence).checks[EVIDENCE_IRR] == 0);
	world_fini(&w);
}

Test(evidence, while_the_registry_cannot_be_written_nothing_is_done)
{
	struct world w;
	world_init(&w, 2, ROA);
	world_set_roa(&w, 64500);
	w.is_away = true;
	world_run(&w, HOUR);
	cr_expect(w.commands == 0);
	w.is_away = false;
	world_run(&w, USEC_PER_SEC);
	cr_expect(w.written == 2);
	world_fini(&w);
}

Test(evidence, it_may_end_while_something_is_written)
{
	struct world w;
	world_init(&w, 20, ROA);
	world_set_roa(&w, 64500);
	(void)evidence_step(w.evidence, w.now, WORLD_START_S);
	cr_expect(w.queued > 0);
	world_fini(&w);
}
