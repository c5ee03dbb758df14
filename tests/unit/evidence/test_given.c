/* What is given, by whom, and what it is worth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/evidence/given.h"
#include "control/evidence/record.h"
#include "tests/unit/evidence/keys.h"
#include "tests/unit/evidence/world.h"

#define DAY_S 86400
#define ALL   ((1U << EVIDENCE_TYPE_COUNT) - 1)

static const struct registry_author OPERATOR = {
	.kind = AUTHOR_TOKEN, .role = ROLE_OPERATOR, .name = "noc"};
static const struct registry_author TENANT = {.kind = AUTHOR_TOKEN,
					      .role = ROLE_TENANT,
					      .name = "customer",
					      .tenant = {"t-aaaaaaaaaaaaa"}};

static struct given given_of(const struct world *w, const struct registry_author *author)
{
	return (struct given){.registry = w->registry,
			      .rules = &w->rules,
			      .object = &world_prefix(w, 1)->object,
			      .author = author,
			      .now_s = WORLD_START_S};
}

/* As HTTP would: the body becomes a command.  True when it was taken. */
static bool put(struct world *w, const struct given *g, json_t *body)
{
	struct registry_error error = {.status = 0};
	const struct registry_command c = {.verb = VERB_EVIDENCE,
					   .kind = g->object->kind,
					   .id = g->object->id.text,
					   .body = body,
					   .author = given_author(g)};
	if (body == NULL) {
		return false;
	}
	bool is_good = world_command(w, &c, &error);
	cr_expect(is_good, "%s", error.text);
	json_decref(body);
	return is_good;
}

static json_t *signed_body(const struct world *w, const struct key *k)
{
	char text[GIVEN_MESSAGE_MAX];
	(void)given_message(world_prefix(w, 1), WORLD_START_S, text);
	char *signature = key_sign(k, text);
	json_t *body =
		json_pack("{s:s, s:s}", "certificate", key_certificate(k), "signature", signature);
	free(signature);
	return body;
}

static bool sign(struct world *w, const struct key *k, const struct registry_author *author,
		 struct registry_error *error)
{
	const struct given g = given_of(w, author);
	json_t *in = signed_body(w, k);
	bool is_good = put(w, &g, given_signature(&g, in, error));
	json_decref(in);
	return is_good;
}

static char *rdap_of(const char *remark)
{
	char *text;
	cr_assert(asprintf(&text,
			   "{\"objectClassName\": \"ip network\", \"startAddress\": \"198.18.0.0\","
			   " \"endAddress\": \"198.19.255.255\", \"remarks\": [{\"description\": "
			   "[\"%s\"]}]}",
			   remark) > 0);
	return text;
}

static bool give_rdap(struct world *w, const char *remark, const struct registry_author *author,
		      struct registry_error *error)
{
	const struct given g = given_of(w, author);
	char *text = rdap_of(remark);
	bool is_good = put(w, &g, given_rdap(&g, span_of(text, strlen(text)), error));
	free(text);
	return is_good;
}

static void expect(const struct world *w, enum evidence_type type, enum evidence_result result)
{
	const struct registry_evidence *e = world_record(w, 1, type);
	cr_assert(e != NULL);
	cr_expect(e->result == result, "%u: %s", e->result, e->detail);
}

static void decide(struct world *w, enum evidence_type type, const char *action)
{
	struct registry_error error;
	const struct registry_command c = {.verb = VERB_ACTION,
					   .kind = REGISTRY_EVIDENCE,
					   .id = world_record(w, 1, type)->object.id.text,
					   .action = action,
					   .author = OPERATOR};
	cr_assert(world_command(w, &c, &error), "%s", error.text);
}

Test(given, the_text_to_sign_names_all_that_it_is_about)
{
	struct world w;
	char text[GIVEN_MESSAGE_MAX];
	world_init(&w, 2, ALL);
	(void)given_message(world_prefix(&w, 1), WORLD_START_S, text);
	cr_expect_str_eq(text,
			 "causeway|1|t-aaaaaaaaaaaaa|198.18.1.0/24|64500|20271130|" WORLD_TOKEN);
	world_fini(&w);
}

Test(given, a_good_signature_waits_until_an_operator_vouches_for_its_certificate)
{
	struct world w;
	struct registry_error error;
	world_init(&w, 2, ALL);
	struct key *k = key_new(KEY_P256, WORLD_START_S - DAY_S, WORLD_START_S + DAY_S);
	cr_expect(sign(&w, k, &TENANT, &error));
	expect(&w, EVIDENCE_SIGNATURE, RESULT_PENDING);
	decide(&w, EVIDENCE_SIGNATURE, "approve");
	expect(&w, EVIDENCE_SIGNATURE, RESULT_VALID);
	cr_expect(world_record(&w, 1, EVIDENCE_SIGNATURE)->origins.count == 1);
	/* The next one with the same certificate needs nobody; one with another does. */
	cr_expect(sign(&w, k, &TENANT, &error));
	expect(&w, EVIDENCE_SIGNATURE, RESULT_VALID);
	struct key *other = key_new(KEY_P256, WORLD_START_S - DAY_S, WORLD_START_S + DAY_S);
	cr_expect(!sign(&w, other, &TENANT, &error));
	cr_expect(error.status == 409);
	expect(&w, EVIDENCE_SIGNATURE, RESULT_VALID);
	key_free(other);
	key_free(k);
	world_fini(&w);
}

Test(given, a_certificate_in_the_remarks_vouches_for_a_signature)
{
	struct world w;
	struct registry_error error;
	char line[4096] = "", copy[4096];
	world_init(&w, 2, ALL);
	struct key *k = key_new(KEY_RSA_2048, WORLD_START_S - DAY_S, WORLD_START_S + DAY_S);
	(void)snprintf(copy, sizeof(copy), "%s", key_certificate(k));
	for (char *save = NULL, *part = strtok_r(copy, "\n", &save); part != NULL;
	     part = strtok_r(NULL, "\n", &save)) {
		(void)strncat(line, part, sizeof(line) - strlen(line) - 1);
	}
	/* A tenant's own JSON vouches for nothing. */
	cr_expect(!give_rdap(&w, line, &TENANT, &error));
	cr_expect_str_eq(error.reason, "ownership-token-missing");
	cr_expect(give_rdap(&w, line, &OPERATOR, &error));
	cr_expect(sign(&w, k, &TENANT, &error));
	expect(&w, EVIDENCE_SIGNATURE, RESULT_VALID);
	key_free(k);
	world_fini(&w);
}

Test(given, a_bad_signature_is_refused_and_changes_nothing)
{
	struct world w;
	struct registry_error error;
	world_init(&w, 2, ALL);
	const struct given g = given_of(&w, &TENANT);
	struct key *k = key_new(KEY_P256, WORLD_START_S - DAY_S, WORLD_START_S + DAY_S);
	json_t *in = signed_body(&w, k);
	json_object_set_new(in, "signature", json_string("AAAA"));
	cr_expect(given_signature(&g, in, &error) == NULL);
	cr_expect(error.status == 422);
	cr_expect_str_eq(error.reason, "signature-invalid");
	json_object_set_new(in, "signature", json_integer(3));
	cr_expect(given_signature(&g, in, &error) == NULL);
	cr_expect_str_eq(error.reason, "form");
	cr_expect_str_eq(error.pointer, "/signature");
	cr_expect(given_signature(&g, NULL, &error) == NULL);
	cr_expect_str_eq(error.pointer, "/certificate");
	cr_expect(world_record(&w, 1, EVIDENCE_SIGNATURE) == NULL);
	json_decref(in);
	key_free(k);
	world_fini(&w);
}

Test(given, remarks_count_when_an_operator_gives_them_and_wait_when_a_tenant_does)
{
	struct world w;
	struct registry_error error;
	world_init(&w, 2, ALL);
	cr_expect(give_rdap(&w, "causeway-validation=" WORLD_TOKEN, &TENANT, &error));
	expect(&w, EVIDENCE_REMARK, RESULT_PENDING);
	cr_expect(give_rdap(&w, "causeway-validation=" WORLD_TOKEN, &OPERATOR, &error));
	expect(&w, EVIDENCE_REMARK, RESULT_VALID);
	cr_expect(!give_rdap(&w, "causeway-validation=other", &TENANT, &error));
	cr_expect_str_eq(error.reason, "ownership-token-mismatch");
	/* What waits does not take the place of what counts. */
	cr_expect(!give_rdap(&w, "causeway-validation=" WORLD_TOKEN, &TENANT, &error));
	cr_expect(error.status == 409);
	expect(&w, EVIDENCE_REMARK, RESULT_VALID);
	world_fini(&w);
}

Test(given, a_letter_waits_for_an_operator_and_has_an_end)
{
	struct world w;
	struct registry_error error;
	static const char pdf[] = "%PDF-1.4 signed";
	world_init(&w, 2, ALL);
	struct given g = given_of(&w, &TENANT);
	cr_expect(given_letter(&g, span_of("hello", 5), &error) == NULL);
	cr_expect_str_eq(error.reason, "loa-missing");
	cr_expect(put(&w, &g, given_letter(&g, span_of(pdf, sizeof(pdf) - 1), &error)));
	expect(&w, EVIDENCE_LETTER, RESULT_PENDING);
	cr_expect(world_record(&w, 1, EVIDENCE_LETTER)->document.text[0] == 'd');
	decide(&w, EVIDENCE_LETTER, "approve");
	expect(&w, EVIDENCE_LETTER, RESULT_VALID);
	cr_expect(world_record(&w, 1, EVIDENCE_LETTER)->expires_s > WORLD_START_S);
	cr_expect(strstr(world_record(&w, 1, EVIDENCE_LETTER)->detail, "has to") == NULL, "%s",
		  world_record(&w, 1, EVIDENCE_LETTER)->detail);
	cr_expect(world_record(&w, 1, EVIDENCE_LETTER)->origins.count == 1);
	world_fini(&w);
}

/* The record of a proof that counts has room for no other: what waits has other origins. */
Test(given, a_letter_in_its_grace_still_counts_and_nothing_that_waits_ends_it)
{
	struct world w;
	struct registry_error error;
	static const char pdf[] = "%PDF-1.4 signed";
	world_init(&w, 2, ALL);
	struct given g = given_of(&w, &OPERATOR);
	cr_expect(put(&w, &g, given_letter(&g, span_of(pdf, sizeof(pdf) - 1), &error)));
	g = given_of(&w, &TENANT);
	g.now_s = world_record(&w, 1, EVIDENCE_LETTER)->expires_s + DAY_S / 2;
	cr_expect(given_letter(&g, span_of(pdf, sizeof(pdf) - 1), &error) == NULL);
	cr_expect(error.status == 409);
	g.now_s += DAY_S;
	json_t *body = given_letter(&g, span_of(pdf, sizeof(pdf) - 1), &error);
	cr_expect(body != NULL, "%s", error.text);
	json_decref(body);
	world_fini(&w);
}

static void act_on(struct world *w, const char *action, const struct registry_author *author)
{
	struct registry_error error;
	const struct registry_command c = {.verb = VERB_ACTION,
					   .kind = REGISTRY_PREFIX,
					   .id = world_prefix(w, 1)->object.id.text,
					   .action = action,
					   .author = *author};
	cr_assert(world_command(w, &c, &error), "%s", error.text);
}

/* Addresses that were given back may have another holder, whom the old key is not the key of. */
Test(given, a_certificate_for_what_was_released_vouches_for_nothing)
{
	struct world w;
	struct registry_error error;
	world_init(&w, 2, ALL);
	struct key *k = key_new(KEY_P256, WORLD_START_S - DAY_S, WORLD_START_S + DAY_S);
	cr_expect(sign(&w, k, &OPERATOR, &error));
	act_on(&w, "release", &TENANT);
	struct given g = given_of(&w, &TENANT);
	json_t *in = signed_body(&w, k);
	json_t *body = given_signature(&g, in, &error);
	cr_expect(body == NULL ||
		  strcmp(json_string_value(json_object_get(body, "result")), "pending") == 0);
	json_decref(body);
	json_decref(in);
	key_free(k);
	world_fini(&w);
}

Test(given, the_letter_to_sign_is_a_pdf)
{
	struct world w;
	uint8_t *pdf;
	size_t len;
	world_init(&w, 2, ALL);
	cr_assert(given_letter_write(w.registry, &w.rules, world_prefix(&w, 1), WORLD_START_S, &pdf,
				     &len));
	cr_expect(len > 500 && memcmp(pdf, "%PDF-", 5) == 0);
	free(pdf);
	world_fini(&w);
}

Test(given, an_autnum_proves_an_asn)
{
	struct world w;
	struct registry_error error;
	static const char text[] =
		"{\"objectClassName\": \"autnum\", \"startAutnum\": 64500, \"endAutnum\": 64500, "
		"\"remarks\": [{\"description\": [\"causeway-validation=" WORLD_TOKEN "\"]}]}";
	world_init(&w, 1, ALL);
	const struct given g = {.registry = w.registry,
				.rules = &w.rules,
				.object = registry_get(w.registry, REGISTRY_ASN, "a-aaaaaaaaaaaaa"),
				.author = &OPERATOR,
				.now_s = WORLD_START_S};
	cr_expect(put(&w, &g, given_rdap(&g, span_of(text, strlen(text)), &error)));
	const struct registry_evidence *e =
		record_find(w.registry, "a-aaaaaaaaaaaaa", EVIDENCE_REMARK);
	cr_expect(e != NULL && e->result == RESULT_VALID);
	world_fini(&w);
}
