/* Validators' JSON: every form that is read, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/rpki/json_in.h"
#include "control/rpki/roa_file.h"

static char why[160];

/* Parse a copy that ends where its memory does. */
static bool parse_for(const char *text, const struct roa_file_opts *opts, struct roa_file *out)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	cr_assert(copy != NULL);
	memcpy(copy, text, len);
	why[0] = '\0';
	bool is_good = roa_file_parse(copy, len, opts, out, why, sizeof(why));
	free(copy);
	return is_good;
}

static bool parse(const char *text, struct roa_file *out)
{
	const struct roa_file_opts all = {0};
	return parse_for(text, &all, out);
}

static struct vrp vrp(const char *prefix, uint8_t len_max, asn_t asn)
{
	struct vrp v = {.len_max = len_max, .asn = asn};
	cr_assert(prefix_parse(prefix, &v.prefix, NULL) == 0);
	return v;
}

static bool has(const struct roa_file *f, const char *prefix, uint8_t len_max, asn_t asn)
{
	struct vrp wanted = vrp(prefix, len_max, asn);
	for (size_t i = 0; f->vrps != NULL && i < f->vrps->count; i++) {
		if (vrp_cmp(&f->vrps->item[i], &wanted) == 0) {
			return true;
		}
	}
	return false;
}

/* rpki-client: numbers; what it says besides is passed over, however deep. */
Test(roa_file, rpki_clients_form_is_read)
{
	struct roa_file f;
	cr_assert(
		parse("{\n\t\"metadata\": {\"buildtime\": \"2026-01-01T00:00:00Z\", \"vrps\": 2},\n"
		      "\t\"roas\": [\n"
		      "\t\t{ \"asn\": 64500, \"prefix\": \"198.18.0.0/15\", \"maxLength\": 24, "
		      "\"ta\": \"ripe\", \"expires\": 1767225600 },\n"
		      "\t\t{ \"asn\": 4200000001, \"prefix\": \"2001:db8::/32\", \"maxLength\": "
		      "48, "
		      "\"ta\": \"arin\", \"expires\": 1767225600 }\n\t],\n"
		      "\t\"bgpsec_keys\": [{\"asn\": 1, \"ski\": [[], {}, null, -1.5e+3]}],\n"
		      "\t\"aspas\": [{ \"customer_asid\": 64500, \"expires\": 1, \"providers\": "
		      "[64501, 64502] }]\n}\n",
		      &f),
		"%s", why);
	cr_expect(f.vrps->count == 2 && f.vrps->count_v4 == 1 && f.left_out == 0);
	cr_expect(has(&f, "198.18.0.0/15", 24, 64500));
	cr_expect(has(&f, "2001:db8::/32", 48, 4200000001U));
	cr_assert(f.aspas.count == 1 && f.aspas.row[0].customer == 64500);
	cr_expect(f.aspas.row[0].provider_count == 2 && f.aspas.provider[1] == 64502);
	roa_file_fini(&f);
}

Test(roa_file, rpki_clients_older_authorizations_are_read)
{
	struct roa_file f;
	cr_assert(
		parse("{\"roas\": [], \"provider_authorizations\": {\"ipv4\": [{\"customer_asid\": "
		      "64500, \"providers\": [64501]}], \"ipv6\": [{\"providers\": [64502], "
		      "\"customer_asid\": 64500}]}}",
		      &f),
		"%s", why);
	cr_expect(f.vrps == NULL && f.aspas.count == 2);
	const struct aspa_list *lists[] = {&f.aspas};
	struct aspa *a = aspa_list_join(lists, 1);
	cr_expect(aspa_count(a) == 1 && aspa_hop(a, 64500, 64501) == ASPA_VALID);
	cr_expect(aspa_hop(a, 64500, 64502) == ASPA_VALID);
	cr_expect(aspa_hop(a, 64500, 64503) == ASPA_INVALID);
	aspa_put(a);
	roa_file_fini(&f);
}

/* Routinator: "AS64500"; jsonext has "source" in place of "ta". */
Test(roa_file, routinators_form_is_read)
{
	struct roa_file f;
	cr_assert(
		parse("{\"metadata\": {\"generated\": 1, \"generatedTime\": \"x\"}, \"roas\": ["
		      "{ \"asn\": \"AS64500\", \"prefix\": \"198.18.0.0/24\", \"maxLength\": 24, "
		      "\"ta\": \"apnic\" },"
		      "{ \"asn\": \"as0\", \"prefix\": \"::/0\", \"maxLength\": 128, \"source\": "
		      "[{\"type\": \"roa\", \"uri\": \"rsync:\\/\\/x\\u00e4\\\"\"}]}],"
		      "\"routerKeys\": [], \"aspas\": [{\"customer\": \"AS64500\", \"providers\": "
		      "[\"AS0\"], \"ta\": \"ripe\"}]}",
		      &f),
		"%s", why);
	cr_expect(has(&f, "198.18.0.0/24", 24, 64500) && has(&f, "::/0", 128, 0));
	cr_expect(f.aspas.count == 1 && f.aspas.provider[0] == 0);
	roa_file_fini(&f);
}

/* The RIPE validator's export, StayRTR's, OctoRPKI's. */
Test(roa_file, other_validators_forms_are_read)
{
	static const char *const texts[] = {
		"{\"roas\":[{\"asn\":\"AS64500\",\"prefix\":\"198.18.0.0\\/24\",\"maxLength\":24,"
		"\"ta\":\"RIPE NCC RPKI Root\"}]}",
		"{\"metadata\":{\"counts\":1},\"roas\":[{\"prefix\":\"198.18.0.0/"
		"24\",\"maxLength\":"
		"24,\"asn\":64500,\"ta\":\"\"}]}",
		"{\"roas\":[{\"prefix\":\"198.18.0.0/24\",\"asn\":\"64500\"}]}",
	};
	for (unsigned i = 0; i < ARRAY_COUNT(texts); i++) {
		struct roa_file f;
		cr_assert(parse(texts[i], &f), "%u: %s", i, why);
		cr_expect(f.vrps->count == 1 && has(&f, "198.18.0.0/24", 24, 64500), "%u", i);
		roa_file_fini(&f);
	}
}

Test(roa_file, records_are_sorted_and_kept_once)
{
	struct roa_file f;
	cr_assert(parse(
		"{\"roas\":[{\"asn\":2,\"prefix\":\"2001:db8::/32\",\"maxLength\":32},"
		"{\"asn\":2,\"prefix\":\"198.18.0.0/24\"},{\"asn\":1,\"prefix\":"
		"\"198.18.0.0/24\"},{\"asn\":2,\"prefix\":\"198.18.0.0/24\",\"maxLength\":24}]}",
		&f));
	cr_assert(f.vrps->count == 3 && f.vrps->count_v4 == 2);
	cr_expect(f.vrps->item[0].asn == 1 && f.vrps->item[1].asn == 2);
	roa_file_fini(&f);
}

/* arouteserver's allowed_trust_anchors: any case; a record without one is of none. */
Test(roa_file, other_trust_anchors_are_left_out_and_counted)
{
	static const char *const anchors[] = {"ripe", "APNIC RPKI Root"};
	const struct roa_file_opts opts = {.anchors = anchors, .anchor_count = 2};
	struct roa_file f;
	cr_assert(parse_for("{\"roas\":[{\"asn\":1,\"prefix\":\"198.18.0.0/24\",\"ta\":\"RIPE\"},"
			    "{\"asn\":2,\"prefix\":\"198.18.1.0/24\",\"ta\":\"arin\"},"
			    "{\"asn\":3,\"prefix\":\"198.18.2.0/24\"},"
			    "{\"asn\":4,\"prefix\":\"198.18.3.0/24\",\"ta\":\"apnic rpki root\"}]}",
			    &opts, &f));
	cr_expect(f.vrps->count == 2 && f.left_out == 2);
	roa_file_fini(&f);
	cr_expect(
		!parse_for("{\"roas\":[{\"asn\":2,\"prefix\":\"198.18.1.0/24\",\"ta\":\"arin\"}]}",
			   &opts, &f));
	cr_expect(strstr(why, "trust anchor") != NULL, "%s", why);
}

#define ROA(rest) "{\"roas\":[{\"asn\":64500,\"prefix\":\"198.18.0.0/24\"}," rest "]}"

static const struct {
	const char *text, *why;
} mistakes[] = {
	{"", "1:1: the text ends in the middle"},
	{"[]", "1:1: here should be {"},
	{"nothing", "1:1: here should be {"},
	{"{}", "1:3: there is neither \"roas\" nor \"aspas\""},
	{"{\"roas\":[]}", "there is no record in it"},
	{"{\"roas\":{}}", "here should be ["},
	{"{\"roas\":[[]]}", "here should be {"},
	{"{\"roas\":[{}]}", "a record needs \"asn\" and \"prefix\""},
	{"{\"roas\":[{\"asn\":1}]}", "a record needs"},
	{"{\"roas\":null}", "here should be ["},
	{ROA("{\"asn\":64500,\"asn\":1,\"prefix\":\"198.18.1.0/24\"}"), "stands twice"},
	{ROA("1") ",", "here should be {"},
	{ROA(""), "no value can begin here"},
	{"{\"roas\":[{\"asn\":1,\"prefix\":\"198.18.0.0/24\"}]} x", "something follows"},
	{"{\"roas\":[{\"asn\":1,\"prefix\":\"198.18.0.0/24\"}],\"roas\":[]}", "stands twice"},
	{"{\"aspas\":[],\"aspas\":[]}", "stands twice"},
	{ROA("{\"asn\":4294967296,\"prefix\":\"198.18.1.0/24\"}"), "over 4294967295"},
	{ROA("{\"asn\":99999999999999999999999999,\"prefix\":\"198.18.1.0/24\"}"), "over"},
	{ROA("{\"asn\":-1,\"prefix\":\"198.18.1.0/24\"}"), "a number from 0 on"},
	{ROA("{\"asn\":1.5,\"prefix\":\"198.18.1.0/24\"}"), "a whole number"},
	{ROA("{\"asn\":1e3,\"prefix\":\"198.18.1.0/24\"}"), "a whole number"},
	{ROA("{\"asn\":01,\"prefix\":\"198.18.1.0/24\"}"), "a whole number"},
	{ROA("{\"asn\":\"AS\",\"prefix\":\"198.18.1.0/24\"}"), "an AS number such as"},
	{ROA("{\"asn\":\"AS4294967296\",\"prefix\":\"198.18.1.0/24\"}"), "an AS number"},
	{ROA("{\"asn\":\"AS18446744073709551617\",\"prefix\":\"198.18.1.0/24\"}"), "an AS number"},
	{ROA("{\"asn\":true,\"prefix\":\"198.18.1.0/24\"}"), "here should be a string"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.0\"}"), "a prefix without host bits"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.1/24\"}"), "a prefix without host bits"},
	{ROA("{\"asn\":1,\"prefix\":\"2001:db8::1/32\"}"), "a prefix without host bits"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.256.0/24\"}"), "a prefix without host bits"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.0/33\"}"), "a prefix without host bits"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.0/\"}"), "a prefix without host bits"},
	{ROA("{\"asn\":1,\"prefix\":\"198..1.0/24\"}"), "a prefix without host bits"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.0/24/24\"}"), "a prefix without host bits"},
	{ROA("{\"asn\":1,\"prefix\":24}"), "here should be a string"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.0/24\",\"maxLength\":23}"), "\"maxLength\" is 23"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.0/24\",\"maxLength\":33}"), "\"maxLength\" is 33"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.0/24\",\"maxLength\":129}"), "over 128"},
	{ROA("{\"asn\":1,\"prefix\":\"198.18.1.0/24\",\"maxLength\":\"24\"}"), "a number"},
	{"{\"aspas\":[{\"providers\":[1]}]}", "a record needs a customer"},
	{"{\"aspas\":[{\"customer\":1}]}", "a record needs a customer"},
	{"{\"aspas\":[{\"customer\":1,\"providers\":[1],\"customer_asid\":1}]}", "stands twice"},
	{"{\"aspas\":[{\"customer\":1,\"providers\":{}}]}", "here should be ["},
	{"{\"x\":\"\x01\",\"roas\":[]}", "a control character"},
	{"{\"x\":\"\\q\"}", "no such escape"},
	{"{\"x\":\"\\u12g4\"}", "four digits"},
	{"{\"x\":tru}", "no value can begin here"},
	{"{\"x\":-}", "here should be a digit"},
	{"{\"x\":1.}", "here should be a digit"},
	{"{\"x\":064}", "a number begins with 0"},
	{"{\"x\":-00.5}", "a number begins with 0"},
	{"{\"x\" 1}", "here should be a colon"},
	{"{\"x\":1 \"y\":2}", "here should be , or }"},
	{"{\n \"roas\": [\n  {\"asn\": 1, \"prefix\": 1}]}", "3:24: here should be a string"},
};

/* A mistake anywhere makes it no file; what and where is told. */
Test(roa_file, a_mistake_is_refused_with_its_place)
{
	for (unsigned i = 0; i < ARRAY_COUNT(mistakes); i++) {
		struct roa_file f = {0};
		cr_expect(!parse(mistakes[i].text, &f), "%s", mistakes[i].text);
		cr_expect(strstr(why, mistakes[i].why) != NULL, "%s: %s", mistakes[i].text, why);
		cr_expect(f.vrps == NULL && f.aspas.row == NULL);
	}
}

/* Wherever a file is cut off, the rest of it is refused. */
Test(roa_file, a_truncated_file_is_refused_at_every_length)
{
	const char text[] =
		"{\"metadata\":{\"a\":[1,-2.5e3,true,\"\\u0041\"]},\"roas\":[{\"asn\":"
		"\"AS64500\",\"prefix\":\"198.18.0.0/24\",\"maxLength\":24,\"ta\":\"x\"}],"
		"\"aspas\":[{\"customer_asid\":64500,\"providers\":[64501,0]}]}";
	struct roa_file f;
	char cut[sizeof(text)];
	cr_assert(parse(text, &f), "%s", why);
	roa_file_fini(&f);
	for (size_t len = 0; len + 1 < sizeof(text); len++) {
		memcpy(cut, text, len);
		cut[len] = '\0';
		cr_expect(!parse(cut, &f), "%s", cut);
	}
}

/* The depth is bounded, and what is deep costs no stack. */
Test(roa_file, deep_nesting_is_refused)
{
	struct roa_file f;
	static char text[200000];
	size_t len = (size_t)snprintf(text, sizeof(text), "{\"x\":");
	memset(text + len, '[', sizeof(text) - len - 1);
	cr_expect(!parse(text, &f));
	cr_expect(strstr(why, "nested deeper than 32") != NULL, "%s", why);
}

Test(json_in, a_number_keeps_its_bound_to_the_last_digit)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool is_good;
		uint64_t value;
	} table[] = {
		{"0", 0, true, 0},
		{"1", 0, false, 0},
		{"255", 255, true, 255},
		{"256", 255, false, 0},
		{"2550", 255, false, 0},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"9", 5, false, 0},
		{"59", 60, true, 59},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct json_in in = json_in_of(table[i].text, strlen(table[i].text));
		uint64_t value = 0;
		cr_expect(json_in_number(&in, table[i].max, &value) == table[i].is_good, "%s",
			  table[i].text);
		cr_expect(value == table[i].value, "%s", table[i].text);
	}
}
