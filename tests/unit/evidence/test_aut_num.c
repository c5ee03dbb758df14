/* What an aut-num object proves.  RFC 2622 §2, §6. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/evidence/aut_num.h"
#include "control/evidence/record.h"
#include "tests/unit/evidence/world.h"

#define OBJECT "aut-num:        AS64500\nas-name:        EXAMPLE\n"
#define TOKEN  "remarks:        causeway-validation=" WORLD_TOKEN "\n"

static const struct {
	const char *text;
	enum finding_result result;
	const char *reason, *words;
} answers[] = {
	{OBJECT TOKEN "source:         RIPE # Filtered\n\n", FINDING_VALID, "", "in RIPE has"},
	{"% terms\n\nAUT-NUM: as64500\r\nremarks: causeway-validation=" WORLD_TOKEN
	 "\r\nsource: ripe\r\n\r\n",
	 FINDING_VALID, "", "has the token"},
	{OBJECT TOKEN "source: RADB\n\n" OBJECT "source: RIPE\n", FINDING_MISSING,
	 "ownership-token-missing", "in RIPE has no remark"},
	{OBJECT "source: RADB\n\n" OBJECT TOKEN "source: APNIC\n", FINDING_VALID, "", "in APNIC"},
	{OBJECT TOKEN "source: RADB\n", FINDING_MISMATCH, "irr-source-untrusted", "RIPE,APNIC do"},
	{OBJECT TOKEN "source: RIPE-NONAUTH\n", FINDING_MISMATCH, "irr-source-untrusted", ""},
	{OBJECT TOKEN, FINDING_MISMATCH, "irr-source-untrusted", ""},
	{OBJECT "remarks: causeway-validation=other\nsource: RIPE\n", FINDING_MISMATCH,
	 "ownership-token-mismatch", WORLD_TOKEN},
	{OBJECT "source: RIPE\n", FINDING_MISSING, "ownership-token-missing", "no remark"},
	{"aut-num: AS645000\n" TOKEN "source: RIPE\n\n%ERROR:101: no entries found\n",
	 FINDING_MISSING, "ownership-token-missing", "no aut-num object"},
	{"%  No entries found for the selected source(s).\n", FINDING_MISSING,
	 "ownership-token-missing", "no aut-num object of AS64500 in RIPE,APNIC"},
	{"%ERROR:201: access denied\n", FINDING_ERROR, "", "access denied"},
	{"person: x\n" TOKEN "source: RIPE\n", FINDING_ERROR, "", "person: x"},
	{"", FINDING_ERROR, "", "said nothing"},
	{"\n \n\n", FINDING_ERROR, "", "said nothing"},
};

Test(aut_num, an_object_with_the_token_in_a_registrys_own_database_proves_it)
{
	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct aut_num_claim c = {
			.asn = 64500, .token = WORLD_TOKEN, .sources = "RIPE,APNIC"};
		struct finding f;
		aut_num_check(answers[i].text, strlen(answers[i].text), &c, &f);
		cr_expect(f.result == answers[i].result, "%u: %u %s", i, f.result, f.detail);
		cr_expect_str_eq(f.reason, answers[i].reason, "%u: %s", i, f.reason);
		cr_expect(strstr(f.detail, answers[i].words) != NULL, "%u: %s", i, f.detail);
	}
}

/* whois knows no encoding, and its answer crosses the net in clear: what is told of it is text. */
Test(aut_num, what_a_server_says_in_no_encoding_can_be_written_all_the_same)
{
	static const char answer[] = "%ERROR: Zugriff \xe4nderbar\t\xff\xfe\x01 f\xc3\n";
	const struct aut_num_claim c = {.asn = 64500, .token = WORLD_TOKEN, .sources = "RIPE"};
	struct finding f;
	aut_num_check(answer, sizeof(answer) - 1, &c, &f);
	cr_expect(f.result == FINDING_ERROR);
	cr_expect_str_eq(f.detail,
			 "AS64500 could not be asked for: %ERROR: Zugriff ?nderbar???? f?");
	json_t *body = record_body(EVIDENCE_IRR, &f);
	cr_expect_str_eq(json_string_value(json_object_get(body, "detail")), f.detail);
	json_decref(body);
}

Test(aut_num, no_answer_is_read_behind_its_end)
{
	static const char whole[] = OBJECT TOKEN "source: RIPE\n\n";
	const struct aut_num_claim c = {.asn = 64500, .token = WORLD_TOKEN, .sources = "RIPE"};
	for (size_t len = 0; len < sizeof(whole); len++) {
		struct finding f;
		char *cut = malloc(len + 1); /* Its end is the allocation's: ASan looks. */
		memcpy(cut + 1, whole, len);
		aut_num_check(cut + 1, len, &c, &f);
		cr_expect((f.result == FINDING_VALID) == (len >= sizeof(whole) - 3), "%zu", len);
		free(cut);
	}
}
