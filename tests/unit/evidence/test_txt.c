/* Names in reverse zones, and what TXT records at them say. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/evidence/txt.h"

#define TOKEN "abcdefghijklm"

static struct prefix parsed(const char *text)
{
	struct prefix p;
	cr_assert(prefix_parse(text, &p, NULL) == 0);
	return p;
}

static void expect_name(const char *prefix, const char *name)
{
	char text[REVERSE_NAME_MAX];
	const struct prefix p = parsed(prefix), zone = reverse_enclosing(&p);
	cr_expect_str_eq(reverse_name(&zone, text), name);
}

Test(reverse, names_are_those_of_the_enclosing_zone)
{
	expect_name("198.18.5.0/24", "_causeway.5.18.198.in-addr.arpa.");
	expect_name("198.18.4.0/22", "_causeway.18.198.in-addr.arpa.");
	expect_name("10.0.0.0/8", "_causeway.10.in-addr.arpa.");
	expect_name("2001:db8::/32", "_causeway.8.b.d.0.1.0.0.2.ip6.arpa.");
	expect_name("2001:db8:ab00::/41", "_causeway.b.a.8.b.d.0.1.0.0.2.ip6.arpa.");
	expect_name("2001:db8:1:2:3:4:5:6/128",
		    "_causeway.6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2."
		    "ip6.arpa.");
}

Test(reverse, the_zones_of_a_prefix_between_boundaries_fill_it)
{
	char text[PREFIX_TEXT_MAX];
	struct prefix p = parsed("198.18.4.0/22"), part;
	static const char *const v4[] = {"198.18.4.0/24", "198.18.5.0/24", "198.18.6.0/24",
					 "198.18.7.0/24"};
	cr_assert(reverse_part_count(&p) == 4);
	for (unsigned i = 0; i < 4; i++) {
		part = reverse_part(&p, i);
		cr_expect_str_eq(prefix_format(&part, text), v4[i]);
	}
	p = parsed("2001:db8:40::/42");
	cr_assert(reverse_part_count(&p) == 4);
	part = reverse_part(&p, 3);
	cr_expect_str_eq(prefix_format(&part, text), "2001:db8:70::/44");
	p = parsed("198.18.128.0/17");
	cr_assert(reverse_part_count(&p) == 128);
	part = reverse_part(&p, 127);
	cr_expect_str_eq(prefix_format(&part, text), "198.18.255.0/24");
	p = parsed("198.18.5.0/24");
	cr_expect(reverse_part_count(&p) == 1);
}

/* RFC 1035 §3.3.14: the text in strings of at most `piece` bytes. */
struct rdata {
	uint8_t bytes[512];
	size_t len;
};

static struct rdata rdata_of(const char *text, size_t piece)
{
	struct rdata r = {.len = 0};
	size_t left = strlen(text);
	while (left > 0) {
		size_t len = left < piece ? left : piece;
		r.bytes[r.len++] = (uint8_t)len;
		memcpy(r.bytes + r.len, text, len);
		r.len += len;
		text += len;
		left -= len;
	}
	return r;
}

static bool answer(struct txt *t, const char *text, bool is_secure)
{
	const struct rdata r = rdata_of(text, 7);
	const struct span record = span_of(r.bytes, r.len);
	const struct txt_reply reply = {
		.status = TXT_ANSWERED, .is_secure = is_secure, .record = &record, .count = 1};
	return txt_take(t, &reply);
}

static void expect(const struct txt *t, enum finding_result result, const char *reason)
{
	cr_expect(t->is_complete);
	cr_expect(t->finding.result == result, "%s", t->finding.detail);
	cr_expect_str_eq(t->finding.reason, reason);
}

static struct txt begun(const char *prefix)
{
	struct txt t;
	const struct prefix p = parsed(prefix);
	txt_init(&t, &p, TOKEN);
	return t;
}

Test(txt, the_token_at_the_zone_is_proof_and_dnssec_is_noted)
{
	struct txt t = begun("198.18.5.0/24");
	cr_expect(answer(&t, "causeway-validation=" TOKEN, true));
	expect(&t, FINDING_VALID, "");
	cr_expect(strstr(t.finding.detail, "DNSSEC: secure") != NULL);
	t = begun("198.18.5.0/24");
	cr_expect(answer(&t, "causeway-validation=" TOKEN, false));
	cr_expect(strstr(t.finding.detail, "DNSSEC: insecure") != NULL);
}

Test(txt, another_token_is_a_mismatch_and_no_record_missing)
{
	struct txt t = begun("198.18.5.0/24");
	cr_expect(answer(&t, "causeway-validation=" TOKEN "x", false));
	expect(&t, FINDING_MISMATCH, "ownership-token-mismatch");
	t = begun("198.18.5.0/24");
	cr_expect(answer(&t, "v=spf1 -all", false));
	expect(&t, FINDING_MISSING, "ownership-token-missing");
	t = begun("198.18.5.0/24");
	const struct txt_reply nothing = {.status = TXT_NOTHING};
	cr_expect(txt_take(&t, &nothing));
	expect(&t, FINDING_MISSING, "ownership-token-missing");
	cr_expect(strstr(t.finding.detail, "_causeway.5.18.198.in-addr.arpa.") != NULL);
}

Test(txt, one_good_record_among_others_is_enough)
{
	struct txt t = begun("198.18.5.0/24");
	const struct rdata a = rdata_of("causeway-validation=other", 255),
			   b = rdata_of("causeway-validation=" TOKEN, 255);
	const struct span record[] = {span_of(a.bytes, a.len), span_of(b.bytes, b.len)};
	const struct txt_reply reply = {.status = TXT_ANSWERED, .record = record, .count = 2};
	cr_expect(txt_take(&t, &reply));
	expect(&t, FINDING_VALID, "");
}

Test(txt, a_bogus_answer_is_invalid_and_none_an_error)
{
	struct txt t = begun("198.18.5.0/24");
	const struct txt_reply bogus = {.status = TXT_BOGUS, .why = "no signature"},
			       failed = {.status = TXT_FAILED, .why = "no server answers"};
	cr_expect(txt_take(&t, &bogus));
	expect(&t, FINDING_INVALID, "signature-invalid");
	t = begun("198.18.4.0/22");
	cr_expect(txt_take(&t, &failed)); /* No use in asking more. */
	expect(&t, FINDING_ERROR, "");
}

Test(txt, records_that_are_cut_short_are_passed_over)
{
	struct txt t = begun("198.18.5.0/24");
	static const uint8_t cut[] = "\x30"
				     "causeway-validation=" TOKEN;
	const struct span record[] = {span_of(cut, sizeof(cut) - 1), span_of(cut, 0)};
	const struct txt_reply reply = {.status = TXT_ANSWERED, .record = record, .count = 2};
	cr_expect(txt_take(&t, &reply));
	expect(&t, FINDING_MISSING, "ownership-token-missing");
}

Test(txt, the_enclosing_zone_proves_what_is_inside)
{
	struct txt t = begun("198.18.4.0/22");
	cr_expect(answer(&t, "causeway-validation=" TOKEN, true));
	expect(&t, FINDING_VALID, "");
}

Test(txt, between_boundaries_each_zone_has_to_have_it)
{
	char name[REVERSE_NAME_MAX];
	struct txt t = begun("198.18.4.0/22");
	const struct txt_reply nothing = {.status = TXT_NOTHING};
	cr_expect(!txt_take(&t, &nothing));
	for (unsigned i = 0; i < 4; i++) {
		char wanted[REVERSE_NAME_MAX];
		(void)snprintf(wanted, sizeof(wanted), "_causeway.%u.18.198.in-addr.arpa.", 4 + i);
		cr_expect_str_eq(txt_name(&t, name), wanted);
		cr_expect(answer(&t, "causeway-validation=" TOKEN, i != 2) == (i == 3));
	}
	expect(&t, FINDING_VALID, "");
	cr_expect(strstr(t.finding.detail, "insecure") != NULL);
	t = begun("198.18.4.0/22");
	cr_expect(!txt_take(&t, &nothing));
	cr_expect(!answer(&t, "causeway-validation=" TOKEN, true));
	cr_expect(txt_take(&t, &nothing));
	expect(&t, FINDING_MISSING, "ownership-token-missing");
	cr_expect(strstr(t.finding.detail, "each of the 4 zones") != NULL);
}
