/* A prefix object against the VRPs in use.  RFC 6811 §2. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/evidence/roa.h"

static struct prefix parsed(const char *text)
{
	struct prefix p;
	cr_assert(prefix_parse(text, &p, NULL) == 0);
	return p;
}

static struct roa *roas(const char *prefix, uint8_t len_max, asn_t asn)
{
	const struct vrp vrp = {.prefix = parsed(prefix), .len_max = len_max, .asn = asn};
	struct roa *r = roa_new(&vrp, 1);
	cr_assert(r != NULL);
	return r;
}

/* 198.18.4.0/22, up to /24, of AS64500. */
static struct finding check(struct roa *r, const char *stale)
{
	static const asn_t origin = 64500;
	struct finding f;
	const struct claim c = {.prefix = parsed("198.18.4.0/22"),
				.len_max = 24,
				.origins = &origin,
				.origin_count = 1};
	roa_check(r, stale, &c, &f);
	roa_put(r);
	return f;
}

static void expect(const struct finding *f, enum finding_result result, const char *reason)
{
	cr_expect(f->result == result, "%s: %s", finding_result_text(f->result), f->detail);
	cr_expect_str_eq(f->reason, reason);
	cr_expect(f->detail[0] != '\0');
}

Test(roa, an_origin_allowed_up_to_the_longest_prefix_is_proof)
{
	const struct finding f = check(roas("198.18.0.0/16", 24, 64500), NULL);
	expect(&f, FINDING_VALID, "");
	cr_expect(f.origin_count == 1 && f.origins[0] == 64500);
}

Test(roa, without_a_covering_roa_it_is_missing)
{
	struct finding f = check(NULL, NULL);
	expect(&f, FINDING_MISSING, "roa-missing");
	f = check(roas("198.18.4.0/24", 24, 64500), NULL); /* Covers a part of it. */
	expect(&f, FINDING_MISSING, "roa-missing");
}

Test(roa, a_roa_of_another_origin_makes_it_invalid)
{
	struct finding f = check(roas("198.18.0.0/16", 24, 64666), NULL);
	expect(&f, FINDING_INVALID, "roa-asn-mismatch");
	cr_expect(strstr(f.detail, "AS64666") != NULL && strstr(f.detail, "AS64500") != NULL);
	f = check(roas("198.18.0.0/16", 24, 0), NULL); /* RFC 6483 §4. */
	expect(&f, FINDING_INVALID, "roa-asn-mismatch");
}

Test(roa, a_short_maxlength_is_told_apart)
{
	struct finding f = check(roas("198.18.0.0/16", 20, 64500), NULL);
	expect(&f, FINDING_INVALID, "roa-maxlength"); /* Not even the prefix itself. */
	f = check(roas("198.18.4.0/22", 23, 64500), NULL);
	expect(&f, FINDING_MISSING, "roa-maxlength"); /* The prefix itself is valid. */
}

Test(roa, data_that_are_too_old_say_nothing)
{
	const struct finding f = check(roas("198.18.0.0/16", 24, 64666), "the cache is gone");
	expect(&f, FINDING_ERROR, "");
	cr_expect(strstr(f.detail, "the cache is gone") != NULL);
}

Test(roa, each_origin_is_proved_by_itself)
{
	static const asn_t origins[] = {64500, 64501};
	struct finding f;
	struct claim c = {.prefix = parsed("2001:db8::/32"),
			  .len_max = 48,
			  .origins = origins,
			  .origin_count = 2};
	const struct vrp vrp[] = {{.prefix = parsed("2001:db8::/32"), .len_max = 48, .asn = 64500},
				  {.prefix = parsed("2001:db8::/32"), .len_max = 48, .asn = 64501}};
	struct roa *r = roa_new(vrp, 1);
	roa_check(r, NULL, &c, &f);
	expect(&f, FINDING_VALID, "roa-asn-mismatch");
	cr_expect(f.origin_count == 1 && f.origins[0] == 64500);
	roa_put(r);
	r = roa_new(vrp, 2);
	roa_check(r, NULL, &c, &f);
	expect(&f, FINDING_VALID, "");
	cr_expect(f.origin_count == 2);
	roa_put(r);
	c.origin_count = 0;
	roa_check(NULL, NULL, &c, &f);
	expect(&f, FINDING_MISSING, "roa-missing");
}
