/* PeeringDB's dump and registro.br's file: what they say, and what is passed over. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/irr/peeringdb.h"
#include "control/irr/registrobr.h"

static enum peeringdb_verdict parse(struct peeringdb_parse *p, const char *text)
{
	enum peeringdb_verdict v;
	peeringdb_parse_init(p, text, strlen(text));
	do {
		v = peeringdb_parse_step(p, 1);
	} while (v == PEERINGDB_MORE);
	return v;
}

Test(peeringdb, a_dump_says_what_networks_say_of_themselves)
{
	/* Fields as /api/net?depth=0 has them. */
	static const char text[] =
		"{\"data\": [{\"id\": 2, \"asn\": 64502, \"name\": \"B\", \"irr_as_set\": "
		"\"RIPE::AS-B AS-C\", \"info_prefixes4\": 50, \"info_prefixes6\": null, "
		"\"info_never_via_route_servers\": true, \"info_types\": [\"NSP\"]},\n"
		"{\"id\": 1, \"asn\": 64501, \"irr_as_set\": \"\", \"info_prefixes4\": 0, "
		"\"info_prefixes6\": 7, \"info_never_via_route_servers\": false},\n"
		"5, {\"id\": 3}, {\"asn\": -4}, {\"asn\": \"64503\"}], \"meta\": {\"generated\": "
		"1.5}}";
	struct peeringdb_parse p;
	cr_assert(parse(&p, text) == PEERINGDB_DONE, "%s", p.why);
	struct peeringdb *d = peeringdb_parse_take(&p);
	peeringdb_parse_fini(&p);
	cr_assert(peeringdb_count(d) == 2);
	const struct peeringdb_net *a = peeringdb_find(d, 64501), *b = peeringdb_find(d, 64502);
	cr_assert(a != NULL && b != NULL && peeringdb_find(d, 64503) == NULL);
	cr_expect(a->as_set == NULL && !a->is_never_via_rs);
	cr_expect(a->prefixes[FAMILY_IPV4] == 0 && a->prefixes[FAMILY_IPV6] == 7);
	cr_expect_str_eq(b->as_set, "RIPE::AS-B AS-C");
	cr_expect(b->prefixes[FAMILY_IPV4] == 50 && b->prefixes[FAMILY_IPV6] == 0);
	cr_expect(asn_set_count(peeringdb_never_via_rs(d)) == 1);
	cr_expect(asn_set_has(peeringdb_never_via_rs(d), 64502));
	peeringdb_free(d);
	cr_expect(peeringdb_find(NULL, 1) == NULL && peeringdb_count(NULL) == 0);
	cr_expect(peeringdb_never_via_rs(NULL) == NULL);
}

Test(peeringdb, a_dump_of_the_whole_database_has_networks_in_it)
{
	static const char text[] =
		"{\"poc\": {\"data\": [{\"id\": 1, \"net_id\": 2}]}, \"net\": {\"data\": "
		"[{\"asn\": 64501, \"irr_as_set\": \"AS-A\"}]}, \"netixlan\": {\"data\": "
		"[{\"net_id\": 3, \"asn\": 64502}]}}";
	struct peeringdb_parse p;
	cr_assert(parse(&p, text) == PEERINGDB_DONE, "%s", p.why);
	cr_expect(peeringdb_count(p.made) == 1 && peeringdb_find(p.made, 64501) != NULL);
	peeringdb_parse_fini(&p);
}

Test(peeringdb, a_file_without_networks_is_bad)
{
	static const char *const table[] = {"",
					    "{}",
					    "{\"data\": []}",
					    "{\"data\": [{\"asn\": 1}",
					    "<html>",
					    "{\"data\": [{\"asn\": 1}]} x"};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct peeringdb_parse p;
		cr_expect(parse(&p, table[i]) == PEERINGDB_BAD, "%s", table[i]);
		cr_expect(p.why[0] != '\0');
		peeringdb_parse_fini(&p);
	}
}

Test(peeringdb, limits_grow_as_arouteserver_has_them)
{
	cr_expect(peeringdb_limit(0, 100, 15) == 115);
	cr_expect(peeringdb_limit(50, 100, 15) == 172);
	cr_expect(peeringdb_limit(1000, 0, 0) == 1000);
	cr_expect(peeringdb_limit(UINT32_MAX, UINT32_MAX, UINT32_MAX) == UINT32_MAX);
}

static struct prefix_set *routes(const char *text)
{
	struct registrobr_parse p;
	registrobr_parse_init(&p, text, strlen(text));
	while (!registrobr_parse_step(&p, 1)) {
	}
	struct prefix_set *s = registrobr_parse_take(&p);
	registrobr_parse_fini(&p);
	return s;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;
	cr_assert(prefix_parse(text, &p, NULL) == 0);
	return p;
}

Test(registrobr, lines_give_prefixes_with_their_origin)
{
	struct prefix_set *s =
		routes("AS64501|Rede S/A | x|00.000.000/0001-00|198.18.0.0/16|2001:db8::/32\r\n"
		       "AS64502|Other|1|198.18.4.0/22|198.18.4.1/22|300.0.0.0/8|\n"
		       "junk\nASx|y|z|198.18.8.0/24\n|||\n\n"
		       "AS64503|last|1|198.19.0.0/24");
	cr_assert(s != NULL);
	cr_expect(prefix_set_count(s) == 4);
	struct prefix a = prefix_of("198.18.0.0/16"), b = prefix_of("198.18.4.0/22"),
		      c = prefix_of("198.19.0.0/24"), d = prefix_of("2001:db8::/32"),
		      longer = prefix_of("198.18.0.0/17");
	cr_expect(prefix_set_match(s, &a, 64501, NULL) && !prefix_set_match(s, &a, 64502, NULL));
	cr_expect(prefix_set_match(s, &b, 64502, NULL));
	cr_expect(prefix_set_match(s, &c, 64503, NULL));
	cr_expect(prefix_set_match(s, &d, 64501, NULL));
	struct prefix_rule rule;
	cr_expect(prefix_set_match(s, &longer, 64501, &rule) && rule.prefix.len == 16 &&
		  rule.le == 32);
	prefix_set_put(s);
}

Test(registrobr, a_file_of_something_else_is_no_registry)
{
	cr_expect(routes("") == NULL);
	cr_expect(routes("<html>\n") == NULL);
	cr_expect(routes("{\"data\": [\"198.18.0.0/24\"]}\n") == NULL);
}
