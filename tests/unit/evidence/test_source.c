/* When a source is said to fail. */
#include <criterion/criterion.h>

#include "control/evidence/source.h"

static const registry_id_t ONE = {"p-0000000000001"}, TWO = {"p-0000000000002"};

static bool take(struct asked_source *s, enum evidence_type type, const registry_id_t *id,
		 bool answers, usec_t now)
{
	struct finding f = {.reason = ""};
	finding_say(&f, answers ? FINDING_MISSING : FINDING_ERROR, "", "%s", id->text);
	return asked_source_take(s, type, id, &f, now);
}

Test(source, one_customers_name_server_does_not_make_the_alarm_flip)
{
	struct asked_source s = {.is_failing = false};
	usec_t now = 1000;
	cr_expect(!take(&s, EVIDENCE_DNS, &TWO, true, now));
	cr_expect(take(&s, EVIDENCE_DNS, &ONE, false, now));
	for (unsigned i = 0; i < 100; i++) {
		now += 600 * USEC_PER_SEC;
		cr_expect(!take(&s, EVIDENCE_DNS, &TWO, true, now));
		cr_expect(!take(&s, EVIDENCE_DNS, &ONE, false, now));
		cr_expect_str_eq(s.why, ONE.text);
	}
	cr_expect(take(&s, EVIDENCE_DNS, &ONE, true, now));
	cr_expect(!s.is_failing);
}

Test(source, a_name_that_is_asked_for_no_more_does_not_keep_the_alarm)
{
	struct asked_source s = {.is_failing = false};
	cr_expect(take(&s, EVIDENCE_DNS, &ONE, false, 1000));
	cr_expect(!take(&s, EVIDENCE_DNS, &TWO, true, 3599 * USEC_PER_SEC));
	cr_expect(take(&s, EVIDENCE_DNS, &TWO, true, 3601 * USEC_PER_SEC));
}

Test(source, a_registry_that_answers_one_answers_all)
{
	struct asked_source s = {.is_failing = false};
	cr_expect(take(&s, EVIDENCE_IRR, &ONE, false, 1000));
	cr_expect(!take(&s, EVIDENCE_IRR, &TWO, false, 2000));
	cr_expect(take(&s, EVIDENCE_IRR, &TWO, true, 3000));
	cr_expect(take(&s, EVIDENCE_IRR, &TWO, false, 4000));
	cr_expect(take(&s, EVIDENCE_IRR, &ONE, true, 11 * USEC_PER_SEC));
}

/* bgpq4's answer of before, when whois has found the registry dead. */
Test(source, an_answer_that_was_on_its_way_does_not_end_the_alarm)
{
	struct asked_source s = {.is_failing = false};
	cr_expect(take(&s, EVIDENCE_IRR, &ONE, false, USEC_PER_SEC));
	cr_expect(!take(&s, EVIDENCE_IRR, &TWO, true, 2 * USEC_PER_SEC));
	cr_expect(!take(&s, EVIDENCE_IRR, &TWO, false, 3 * USEC_PER_SEC));
	cr_expect(s.is_failing);
}
