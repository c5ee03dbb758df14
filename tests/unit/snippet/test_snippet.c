/* What a configuration for a router must have, whatever the make; whether the daemons take it is
 * shown by tests/journey/routers. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/snippet/snippet.h"
#include "rib/base/units.h"

static struct snippet_prefix prefix(const char *text, uint8_t max_len)
{
	struct snippet_prefix p;
	cr_assert(prefix_parse(text, &p.prefix, NULL) == 0);
	p.max_len = max_len;
	return p;
}

static struct addr addr(const char *text)
{
	struct addr a;
	cr_assert(addr_parse(text, &a) == 0);
	return a;
}

static struct snippet session(void)
{
	struct snippet s = {.name = "fra1-one",
			    .asn = 4200000001,
			    .server_asn = 64500,
			    .local = addr("198.18.1.7"),
			    .server = addr("198.18.0.1"),
			    .families = {[FAMILY_IPV4] = true}};
	return s;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) {
		n++;
	}
	return n;
}

static void has(enum snippet_router router, const char *text, const char *what)
{
	cr_expect(strstr(text, what) != NULL, "%s lacks '%s' in:\n%s", snippet_router_name(router),
		  what, text);
}

Test(snippet, names_both_sides_and_the_prefixes)
{
	const struct snippet_prefix own[] = {prefix("192.0.2.0/24", 24),
					     prefix("203.0.113.0/24", 25)};
	struct snippet s = session();
	s.prefix = own;
	s.prefix_count = ARRAY_COUNT(own);
	for (unsigned i = 0; i < SNIPPET_ROUTER_COUNT; i++) {
		char *text = snippet_text((enum snippet_router)i, &s);
		has((enum snippet_router)i, text, "198.18.0.1");
		has((enum snippet_router)i, text, "198.18.1.7");
		has((enum snippet_router)i, text, "64500");
		has((enum snippet_router)i, text, "4200000001");
		has((enum snippet_router)i, text, "192.0.2.0");
		has((enum snippet_router)i, text, "25");
		cr_expect_eq(count(text, "{"), count(text, "}"), "%s", text);
		free(text);
	}
}

Test(snippet, a_router_is_found_by_its_name)
{
	enum snippet_router router;
	for (unsigned i = 0; i < SNIPPET_ROUTER_COUNT; i++) {
		cr_expect(
			snippet_router_find(snippet_router_name((enum snippet_router)i), &router));
		cr_expect_eq(router, i);
		cr_expect(snippet_router_title(router)[0] != '\0');
	}
	cr_expect_not(snippet_router_find("cisco", &router));
}

Test(snippet, without_the_key_its_place_is_marked)
{
	for (unsigned auth = SNIPPET_AUTH_MD5; auth <= SNIPPET_AUTH_AO; auth++) {
		struct snippet s = session();
		s.auth = (enum snippet_auth)auth;
		for (unsigned i = 0; i < SNIPPET_ROUTER_COUNT; i++) {
			char *text = snippet_text((enum snippet_router)i, &s);
			has((enum snippet_router)i, text, SNIPPET_KEY_PLACE);
			free(text);
		}
	}
}

Test(snippet, md5_keys_stand_where_the_router_reads_them)
{
	struct snippet s = session();
	s.auth = SNIPPET_AUTH_MD5;
	s.key = "Zp4-secret";
	for (unsigned i = 0; i < SNIPPET_ROUTER_COUNT; i++) {
		char *text = snippet_text((enum snippet_router)i, &s);
		has((enum snippet_router)i, text, "Zp4-secret");
		cr_expect_eq(count(text, SNIPPET_KEY_PLACE), 0);
		free(text);
	}
}

/* RFC 5925 §3.1: our digests cover the other options; these routers' do only when they are told. */
Test(snippet, tcp_ao_covers_the_options_as_the_server_does)
{
	static const struct {
		enum snippet_router router;
		const char *text;
	} cases[] = {{SNIPPET_IOS_XE, "\n  include-tcp-options\n"},
		     {SNIPPET_IOS_XR, " include-tcp-options enable\n"},
		     {SNIPPET_JUNOS, " tcp-ao-option enabled "}};
	struct snippet s = session();
	s.auth = SNIPPET_AUTH_AO;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		char *text = snippet_text(cases[i].router, &s);
		has(cases[i].router, text, cases[i].text);
		free(text);
	}
}

/* Names and keys come from people; a configuration must not be theirs to write. */
Test(snippet, nothing_of_a_person_becomes_grammar)
{
	struct snippet s = session();
	s.name = "x\"; } protocol static { route 0.0.0.0/0 blackhole;\n!";
	s.auth = SNIPPET_AUTH_MD5;
	s.key = "a\" ; evil\n";
	for (unsigned i = 0; i < SNIPPET_ROUTER_COUNT; i++) {
		char *text = snippet_text((enum snippet_router)i, &s);
		cr_expect_eq(count(text, "protocol static"), 0, "%s", text);
		cr_expect_eq(count(text, "evil"), 0, "%s", text);
		cr_expect_eq(count(text, "x\""), 0, "%s", text);
		free(text);
	}
}

Test(snippet, without_prefixes_nothing_is_announced)
{
	struct snippet s = session();
	s.families[FAMILY_IPV6] = true;
	char *text = snippet_text(SNIPPET_BIRD, &s);
	has(SNIPPET_BIRD, text, "export none;");
	cr_expect_eq(count(text, "export where"), 0);
	free(text);
	text = snippet_text(SNIPPET_FRR, &s);
	has(SNIPPET_FRR, text, "deny any");
	free(text);
}

/* RFC 8950: IPv4 prefixes over a session between IPv6 addresses. */
Test(snippet, ipv4_over_ipv6_asks_for_its_next_hops)
{
	struct snippet s = session();
	s.local = addr("2001:db8:0:1::7");
	s.server = addr("2001:db8:0:1::1");
	char *text = snippet_text(SNIPPET_BIRD, &s);
	has(SNIPPET_BIRD, text, "extended next hop on");
	free(text);
	text = snippet_text(SNIPPET_FRR, &s);
	has(SNIPPET_FRR, text, "capability extended-nexthop");
	free(text);
}

/* A route server's paths begin with somebody else's AS: RFC 7947 §2.2.2.1. */
Test(snippet, the_leftmost_as_is_not_enforced_where_it_would_be)
{
	static const struct {
		enum snippet_router router;
		const char *line;
	} rows[] = {{SNIPPET_FRR, "no neighbor 198.18.0.1 enforce-first-as"},
		    {SNIPPET_OPENBGPD, "enforce neighbor-as no"},
		    {SNIPPET_IOS_XE, "no bgp enforce-first-as"},
		    {SNIPPET_IOS_XR, "enforce-first-as disable"},
		    {SNIPPET_EOS, "no bgp enforce-first-as"}};
	struct snippet s = session();
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		char *text = snippet_text(rows[i].router, &s);
		has(rows[i].router, text, rows[i].line);
		free(text);
	}
}
