/* Signed messages: what each field is worth, and which keys count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/evidence/message.h"
#include "tests/unit/evidence/keys.h"

#define NOW_S 1795737600 /* 2026-11-27T00:00:00Z */
#define DAY_S 86400

static const asn_t ORIGINS[] = {64501, 64500};

static struct claim claim_of(void)
{
	struct claim c = {.tenant = "t-aaaaaaaaaaaaa",
			  .len_max = 24,
			  .origins = ORIGINS,
			  .origin_count = 2,
			  .token = "bbbbbbbbbbbbb"};
	cr_assert(prefix_parse("198.18.4.0/22", &c.prefix, NULL) == 0);
	return c;
}

/* `signed_text` is what the key signs, `given` what is said to be signed (NULL: nothing). */
static struct finding check(enum key_kind kind, const char *signed_text, const char *given)
{
	struct finding f;
	const struct claim c = claim_of();
	struct key *k = key_new(kind, NOW_S - DAY_S, NOW_S + 1000 * DAY_S);
	char *signature = key_sign(k, signed_text);
	const struct message_given g = {.certificate = key_certificate(k),
					.certificate_len = strlen(key_certificate(k)),
					.signature = signature,
					.signature_len = strlen(signature),
					.text = given,
					.text_len = given != NULL ? strlen(given) : 0};
	message_check(&c, &g, NOW_S, &f);
	free(signature);
	key_free(k);
	return f;
}

static void expect(const struct finding *f, enum finding_result result, const char *reason)
{
	cr_expect(f->result == result, "%s: %s", finding_result_text(f->result), f->detail);
	cr_expect_str_eq(f->reason, reason, "%s: %s", f->reason, f->detail);
}

#define GOOD "causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|20271130|bbbbbbbbbbbbb"

Test(message, the_text_is_as_documented)
{
	char text[MESSAGE_MAX];
	const struct claim c = claim_of();
	cr_expect(message_default_day(NOW_S) == 20271130);
	cr_expect(message_write(&c, 20271130, text) == strlen(GOOD));
	cr_expect_str_eq(text, GOOD);
	/* Of a leap year; over the end of a year. */
	cr_expect(message_default_day(1801526400) == 20280229);
	cr_expect(message_default_day(NOW_S + 20 * DAY_S) == 20271231);
}

Test(message, each_kind_of_key_signs_it)
{
	static const enum key_kind kinds[] = {KEY_RSA_2048, KEY_P256, KEY_P384};
	for (unsigned i = 0; i < ARRAY_COUNT(kinds); i++) {
		const struct finding f = check(kinds[i], GOOD, GOOD);
		expect(&f, FINDING_VALID, "");
		cr_expect(f.expires_s == 1827619200); /* 2027-12-01, the end of the last day. */
		cr_expect(strlen(f.certificate) == 64);
	}
}

Test(message, the_default_text_need_not_be_given)
{
	struct finding f = check(KEY_P256, GOOD, NULL);
	expect(&f, FINDING_VALID, "");
	/* Given out last month. */
	f = check(KEY_P256,
		  "causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|20271031|bbbbbbbbbbbbb",
		  NULL);
	expect(&f, FINDING_VALID, "");
	f = check(KEY_P256,
		  "causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|20270930|bbbbbbbbbbbbb",
		  NULL);
	expect(&f, FINDING_INVALID, "signature-invalid");
	cr_expect(strstr(f.detail, "20271130") != NULL);
}

Test(message, a_line_end_is_forgiven_on_either_side)
{
	struct finding f = check(KEY_P256, GOOD "\n", GOOD);
	expect(&f, FINDING_VALID, "");
	f = check(KEY_P256, GOOD, GOOD "\n");
	expect(&f, FINDING_VALID, "");
}

Test(message, weak_or_unknown_keys_do_not_count)
{
	struct finding f = check(KEY_RSA_1024, GOOD, GOOD);
	expect(&f, FINDING_INVALID, "signature-invalid");
	cr_expect(strstr(f.detail, "2048") != NULL);
	f = check(KEY_ED25519, GOOD, GOOD);
	expect(&f, FINDING_INVALID, "signature-invalid");
}

Test(message, what_was_signed_has_to_be_what_is_said)
{
	const struct finding f = check(KEY_P256, GOOD "x", GOOD);
	expect(&f, FINDING_INVALID, "signature-invalid");
}

Test(message, each_field_has_its_own_reason)
{
	static const struct {
		const char *text, *reason;
		enum finding_result result;
	} bad[] = {
		{"", "message-format", FINDING_INVALID},
		{"|||||||", "message-format", FINDING_INVALID},
		{GOOD "|", "message-format", FINDING_INVALID},
		{"causeway|2|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|20271130|bbbbbbbbbbbbb",
		 "message-format", FINDING_INVALID},
		{"causeway|1|t-ccccccccccccc|198.18.4.0/22|64500,64501|20271130|bbbbbbbbbbbbb",
		 "message-format", FINDING_INVALID},
		{"causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/23|64500,64501|20271130|bbbbbbbbbbbbb",
		 "message-cidr-mismatch", FINDING_INVALID},
		{"causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500|20271130|bbbbbbbbbbbbb",
		 "message-format", FINDING_INVALID},
		{"causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|20261126|bbbbbbbbbbbbb",
		 "date-expired", FINDING_EXPIRED},
		{"causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|20270229|bbbbbbbbbbbbb",
		 "message-format", FINDING_INVALID},
		{"causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|99991231|bbbbbbbbbbbbb",
		 "message-format", FINDING_INVALID},
		{"causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|2027113|bbbbbbbbbbbbb",
		 "message-format", FINDING_INVALID},
		{"causeway|1|t-aaaaaaaaaaaaa|198.18.4.0/22|64500,64501|20271130|ccccccccccccc",
		 "ownership-token-mismatch", FINDING_INVALID},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++) {
		const struct finding f = check(KEY_P256, bad[i].text, bad[i].text);
		expect(&f, bad[i].result, bad[i].reason);
	}
}

static struct finding check_times(int64_t begins_s, int64_t ends_s)
{
	struct finding f;
	const struct claim c = claim_of();
	struct key *k = key_new(KEY_P256, begins_s, ends_s);
	char *signature = key_sign(k, GOOD);
	const struct message_given g = {.certificate = key_certificate(k),
					.certificate_len = strlen(key_certificate(k)),
					.signature = signature,
					.signature_len = strlen(signature)};
	message_check(&c, &g, NOW_S, &f);
	free(signature);
	key_free(k);
	return f;
}

Test(message, it_counts_no_longer_than_its_certificate)
{
	struct finding f = check_times(NOW_S - DAY_S, NOW_S + DAY_S);
	expect(&f, FINDING_VALID, "");
	cr_expect(f.expires_s == NOW_S + DAY_S);
	f = check_times(NOW_S - 2 * DAY_S, NOW_S - DAY_S);
	expect(&f, FINDING_EXPIRED, "cert-expired");
	f = check_times(NOW_S + DAY_S, NOW_S + 2 * DAY_S);
	expect(&f, FINDING_INVALID, "cert-expired");
}

Test(message, without_a_certificate_or_signature_nothing_is_proved)
{
	static const char *const certificates[] = {
		"", "-----BEGIN CERTIFICATE-----",
		("-----BEGIN CERTIFICATE-----\nAAAA\n"
		 "-----END CERTIFICATE-----"),
		"-----BEGIN CERTIFICATE----------END CERTIFICATE-----"};
	const struct claim c = claim_of();
	struct finding f;
	for (unsigned i = 0; i < ARRAY_COUNT(certificates); i++) {
		const struct message_given g = {.certificate = certificates[i],
						.certificate_len = strlen(certificates[i]),
						.signature = "AAAA",
						.signature_len = 4};
		message_check(&c, &g, NOW_S, &f);
		expect(&f, FINDING_INVALID, "cert-missing");
	}
	struct key *k = key_new(KEY_P256, NOW_S - DAY_S, NOW_S + DAY_S);
	struct message_given g = {.certificate = key_certificate(k),
				  .certificate_len = strlen(key_certificate(k)),
				  .signature = ""};
	message_check(&c, &g, NOW_S, &f);
	expect(&f, FINDING_INVALID, "signature-invalid");
	g.signature = "not base64!";
	g.signature_len = strlen(g.signature);
	message_check(&c, &g, NOW_S, &f);
	expect(&f, FINDING_INVALID, "signature-invalid");
	key_free(k);
}
