/* Tokens and certificates in the remarks of RDAP objects.  RFC 9083 §5.4, §5.5. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "control/evidence/rdap.h"
#include "tests/unit/evidence/keys.h"

#define TOKEN "abcdefghijklm"
#define NETWORK(first, last, remark)                                                               \
	"{\"objectClassName\": \"ip network\", \"handle\": \"X\", \"startAddress\": \"" first      \
	"\", \"endAddress\": \"" last "\", \"ipVersion\": \"v4\", \"remarks\": [{\"title\": "      \
	"\"description\", \"description\": [\"our network\", \"" remark "\"]}]}"

static struct finding check(const char *text, const char *prefix)
{
	struct prefix p;
	struct finding f;
	cr_assert(prefix_parse(prefix, &p, NULL) == 0);
	const struct rdap_subject s = {.prefix = &p, .token = TOKEN};
	rdap_check(text, strlen(text), &s, &f);
	return f;
}

static void expect(const struct finding *f, enum finding_result result, const char *reason)
{
	cr_expect(f->result == result, "%s: %s", finding_result_text(f->result), f->detail);
	cr_expect_str_eq(f->reason, reason, "%s: %s", f->reason, f->detail);
}

Test(rdap, the_token_in_a_covering_network_is_proof)
{
	struct finding f =
		check(NETWORK("198.18.0.0", "198.18.255.255", "causeway-validation=" TOKEN),
		      "198.18.4.0/22");
	expect(&f, FINDING_VALID, "");
	f = check(NETWORK("198.18.4.0", "198.18.7.255", "x causeway-validation=" TOKEN ". y"),
		  "198.18.4.0/22");
	expect(&f, FINDING_VALID, "");
}

Test(rdap, another_or_no_token_is_told_apart)
{
	struct finding f = check(NETWORK("198.18.0.0", "198.18.255.255", "causeway-validation=no"),
				 "198.18.4.0/22");
	expect(&f, FINDING_MISMATCH, "ownership-token-mismatch");
	f = check(NETWORK("198.18.0.0", "198.18.255.255", "nothing"), "198.18.4.0/22");
	expect(&f, FINDING_MISSING, "ownership-token-missing");
}

Test(rdap, an_object_that_does_not_cover_it_all_is_another)
{
	static const char *const prefixes[] = {"198.18.0.0/15", "198.19.0.0/24", "2001:db8::/32",
					       "0.0.0.0/0"};
	for (unsigned i = 0; i < ARRAY_COUNT(prefixes); i++) {
		const struct finding f =
			check(NETWORK("198.18.0.0", "198.18.255.255", "causeway-validation=" TOKEN),
			      prefixes[i]);
		expect(&f, FINDING_MISMATCH, "message-cidr-mismatch");
	}
}

Test(rdap, networks_of_ipv6_have_the_same_form)
{
	const struct finding f =
		check("{\"objectClassName\": \"ip network\", \"startAddress\": \"2001:db8::\", "
		      "\"endAddress\": \"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\", \"remarks\": "
		      "[{\"description\": [\"causeway-validation=" TOKEN "\"]}]}",
		      "2001:db8:8000::/33");
	expect(&f, FINDING_VALID, "");
}

static struct finding check_asn(const char *text, asn_t asn)
{
	struct finding f;
	const struct rdap_subject s = {.asn = asn, .token = TOKEN};
	rdap_check(text, strlen(text), &s, &f);
	return f;
}

Test(rdap, an_autnum_proves_its_numbers)
{
	static const char text[] =
		"{\"objectClassName\": \"autnum\", \"startAutnum\": 64500, \"endAutnum\": 64510, "
		"\"remarks\": [{\"description\": [\"causeway-validation=" TOKEN "\"]}]}";
	struct finding f = check_asn(text, 64510);
	expect(&f, FINDING_VALID, "");
	f = check_asn(text, 64511);
	expect(&f, FINDING_MISMATCH, "message-cidr-mismatch");
	f = check_asn(NETWORK("198.18.0.0", "198.18.255.255", "causeway-validation=" TOKEN), 64500);
	expect(&f, FINDING_INVALID, "message-format");
	f = check(text, "198.18.4.0/22");
	expect(&f, FINDING_INVALID, "message-format");
}

Test(rdap, what_is_no_such_object_is_refused)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"null",
		"{\"objectClassName\": 3}",
		"\"ip network\"",
		"{\"objectClassName\": \"ip network\"",
		"{\"objectClassName\": \"domain\"}",
		"{\"objectClassName\": \"ip network\", \"objectClassName\": \"ip network\"}"};
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++) {
		const struct finding f = check(bad[i], "198.18.4.0/22");
		expect(&f, FINDING_INVALID, "message-format");
	}
	struct finding f =
		check("{\"objectClassName\": \"ip network\", \"remarks\": 3}", "198.18.4.0/22");
	expect(&f, FINDING_MISMATCH, "message-cidr-mismatch");
	f = check("{\"objectClassName\": \"ip network\", \"startAddress\": \"0.0.0.0\", "
		  "\"endAddress\": \"255.255.255.255\", \"remarks\": [3, {}, {\"description\": 3}, "
		  "{\"description\": [4]}]}",
		  "198.18.4.0/22");
	expect(&f, FINDING_MISSING, "ownership-token-missing");
}

/* Registries break lines where they like, and some have eaten all line ends. */
static struct finding check_with_certificate(const char *pem, bool is_one_line)
{
	json_t *lines = json_array();
	char one[8192] = "", copy[8192];
	(void)snprintf(copy, sizeof(copy), "%s", pem);
	for (char *save = NULL, *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (is_one_line) {
			(void)strncat(one, line, sizeof(one) - strlen(one) - 1);
		} else {
			json_array_append_new(lines, json_string(line));
		}
	}
	if (is_one_line) {
		json_array_append_new(lines, json_string(one));
	}
	json_t *object = json_pack("{s:s, s:s, s:s, s:[{s:o}]}", "objectClassName", "ip network",
				   "startAddress", "198.18.0.0", "endAddress", "198.18.255.255",
				   "remarks", "description", lines);
	char *text = json_dumps(object, 0);
	const struct finding f = check(text, "198.18.4.0/22");
	free(text);
	json_decref(object);
	return f;
}

Test(rdap, a_certificate_in_the_remarks_is_found)
{
	struct key *k = key_new(KEY_RSA_2048, 1000000000, 2000000000);
	struct finding f = check_with_certificate(key_certificate(k), false);
	expect(&f, FINDING_MISSING, "ownership-token-missing");
	cr_expect(strlen(f.certificate) == 64);
	char first[65];
	memcpy(first, f.certificate, sizeof(first));
	f = check_with_certificate(key_certificate(k), true);
	cr_expect_str_eq(f.certificate, first);
	key_free(k);
}
