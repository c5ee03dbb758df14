/* Route objects of an origin, as the registry's server lists them. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/evidence/route_object.h"

static struct prefix parsed(const char *text)
{
	struct prefix p;
	cr_assert(prefix_parse(text, &p, NULL) == 0);
	return p;
}

static struct prefix_rule rule(const char *text)
{
	const struct prefix p = parsed(text);
	return (struct prefix_rule){.prefix = p, .ge = p.len, .le = p.len};
}

static const asn_t ORIGINS[] = {64500, 64501};

static struct claim claim_of(const char *text, unsigned origin_count)
{
	const struct prefix p = parsed(text);
	return (struct claim){
		.prefix = p, .len_max = p.len, .origins = ORIGINS, .origin_count = origin_count};
}

static void expect(const struct finding *f, enum finding_result result, const char *reason)
{
	cr_expect(f->result == result, "%s: %s", finding_result_text(f->result), f->detail);
	cr_expect_str_eq(f->reason, reason);
	cr_expect(f->detail[0] != '\0');
}

Test(route_object, one_of_just_the_prefix_is_proof)
{
	struct prefix_rule rules[] = {rule("198.18.0.0/16"), rule("198.18.4.0/22"),
				      rule("198.18.4.0/24")};
	const struct irr_list list = {.count = 3, .rules = rules};
	const struct route_answer a[] = {{.origin = 64500, .list = &list}};
	const struct claim c = claim_of("198.18.4.0/22", 1);
	struct finding f;
	route_object_check(&c, a, "RIPE", &f);
	expect(&f, FINDING_VALID, "");
	cr_expect(strstr(f.detail, "RIPE") != NULL);
	cr_expect(f.origin_count == 1 && f.origins[0] == 64500);
}

Test(route_object, one_of_a_covering_prefix_is_none_but_is_named)
{
	struct prefix_rule rules[] = {rule("2001:db8::/32"), rule("2001:db8:1:2::/64")};
	const struct irr_list list = {.count = 2, .rules = rules};
	const struct route_answer a[] = {{.origin = 64500, .list = &list}};
	const struct claim c = claim_of("2001:db8:1::/48", 1);
	struct finding f;
	route_object_check(&c, a, "RIPE", &f);
	expect(&f, FINDING_MISSING, "irr-missing");
	cr_expect(strstr(f.detail, "route6 object of 2001:db8::/32") != NULL, "%s", f.detail);
}

Test(route_object, nothing_registered_is_missing)
{
	const struct irr_list none = {.count = 0};
	const struct route_answer a[] = {{.origin = 64500, .list = &none, .any = &none}};
	const struct claim c = claim_of("198.18.4.0/22", 1);
	struct finding f;
	route_object_check(&c, a, "RIPE", &f);
	expect(&f, FINDING_MISSING, "irr-missing");
}

Test(route_object, one_in_another_source_is_not_trusted)
{
	struct prefix_rule rules[] = {rule("198.18.4.0/22")};
	const struct irr_list none = {.count = 0}, list = {.count = 1, .rules = rules};
	const struct route_answer a[] = {{.origin = 64500, .list = &none, .any = &list}};
	const struct claim c = claim_of("198.18.4.0/22", 1);
	struct finding f;
	route_object_check(&c, a, "RIPE", &f);
	expect(&f, FINDING_MISMATCH, "irr-source-untrusted");
}

Test(route_object, another_origins_is_named_and_proves_that_one_alone)
{
	struct prefix_rule rules[] = {rule("198.18.4.0/22")};
	const struct irr_list none = {.count = 0}, list = {.count = 1, .rules = rules};
	const struct route_answer a[] = {{.origin = 64500, .list = &none},
					 {.origin = 64501, .list = &list}};
	const struct claim c = claim_of("198.18.4.0/22", 2);
	struct finding f;
	route_object_check(&c, a, "RIPE", &f);
	expect(&f, FINDING_VALID, "irr-origin-mismatch");
	cr_expect(f.origin_count == 1 && f.origins[0] == 64501);
}

Test(route_object, one_question_without_an_answer_leaves_all_open)
{
	struct prefix_rule rules[] = {rule("198.18.4.0/22")};
	const struct irr_list list = {.count = 1, .rules = rules};
	const struct route_answer a[] = {{.origin = 64500, .list = &list},
					 {.origin = 64501, .failed = "it took too long"}};
	const struct claim c = claim_of("198.18.4.0/22", 2);
	struct finding f;
	route_object_check(&c, a, "RIPE", &f);
	expect(&f, FINDING_ERROR, "");
	cr_expect(f.origin_count == 0);
	cr_expect(strstr(f.detail, "AS64501") != NULL);
}
