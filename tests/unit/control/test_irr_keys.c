/* The section `irr`: what it says, what holds without a word, each mistake with its remedy. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "rib/base/check.h"
#include "tests/unit/control/scratch.h"

#define REST                                                                                       \
	PORT "cfg: {rs_as: 64500, router_id: 198.18.0.1}\n"                                        \
	     "clients:\n- {asn: 64501, ip: 198.18.1.1}\n"

Test(irr_keys, without_a_section_arouteservers_defaults_hold)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(&s, REST, &e);
	cr_assert(c != NULL);
	const struct irr_conf *irr = &c->irr;
	cr_expect_str_eq(irr->bgpq4_path, "bgpq4");
	cr_expect_str_eq(irr->whois_path, "whois");
	cr_expect_str_eq(irr->aut_num_sources, "RIPE,APNIC,AFRINIC,ARIN,LACNIC");
	cr_expect_str_eq(irr->host, "rr.ntt.net");
	cr_expect_str_eq(irr->sources,
			 "RIPE,APNIC,AFRINIC,ARIN,NTTCOM,ALTDB,BBOI,BELL,JPIRR,LEVEL3,RADB,TC");
	cr_expect(irr->timeout_s == 120 && irr->threads == 4 && irr->refresh_s == 43200);
	cr_expect(irr->shrink_percent == 50 && !irr->has_private && irr->cache_dir == NULL);
	cr_expect(irr->files_dir == NULL && irr->file_count == 0 && irr->peeringdb == NULL);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(irr_keys, every_key_is_read)
{
	struct scratch s;
	struct config_errors e;
	char path[256];
	scratch_init(&s);
	struct config *c = scratch_load(
		&s,
		"irr:\n  bgpq4_path: /opt/bgpq4\n  host: 198.18.0.9:4343\n"
		"  aut_num_sources: []\n  whois_path: /opt/whois\n"
		"  sources: RIPE, ARIN-NONAUTH\n  timeout: 30\n  threads: 2\n  refresh: 3600\n"
		"  cache_dir: /var/cache/irr\n  shrink_percent: 80\n  private_asns: true\n"
		"  files: {as-x: x.json, AS64501: /y.json}\n  peeringdb: pdb.json\n"
		"  registrobr: nicbr.txt\n" REST,
		&e);
	cr_assert(c != NULL);
	const struct irr_conf *irr = &c->irr;
	cr_expect_str_eq(irr->bgpq4_path, "/opt/bgpq4");
	cr_expect_str_eq(irr->host, "198.18.0.9:4343");
	cr_expect_str_eq(irr->sources, "RIPE,ARIN-NONAUTH");
	cr_expect_str_eq(irr->aut_num_sources, "");
	cr_expect_str_eq(irr->whois_path, "/opt/whois");
	cr_expect(irr->timeout_s == 30 && irr->threads == 2 && irr->refresh_s == 3600);
	cr_expect(irr->shrink_percent == 80 && irr->has_private);
	cr_expect_str_eq(irr->cache_dir, "/var/cache/irr");
	cr_assert(irr->file_count == 2);
	cr_expect_str_eq(irr->file[0].name.text, "AS-X");
	cr_expect_str_eq(irr->file[0].path, scratch_path(&s, "x.json", path));
	cr_expect(irr->file[1].name.asn == 64501);
	cr_expect_str_eq(irr->file[1].path, "/y.json");
	cr_expect_str_eq(irr->peeringdb, scratch_path(&s, "pdb.json", path));
	cr_expect_str_eq(irr->registrobr, scratch_path(&s, "nicbr.txt", path));
	config_free(c);
	config_errors_free(&e);
	c = scratch_load(&s, "irr: {sources: [RIPE, 'RADB,TC'], files: sets}\n" REST, &e);
	cr_assert(c != NULL);
	cr_expect_str_eq(c->irr.sources, "RIPE,RADB,TC");
	cr_expect_str_eq(c->irr.files_dir, scratch_path(&s, "sets", path));
	config_free(c);
	config_errors_free(&e);
	c = scratch_load(&s, "irr: {sources: []}\n" REST, &e);
	cr_assert(c != NULL);
	cr_expect_str_eq(c->irr.sources, "");
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(irr_keys, mistakes_say_where_and_what_would_be_right)
{
	static const struct {
		const char *text;
		int line, column;
		const char *fragment;
	} table[] = {
		{"irr: {bgpq_path: x}\n", 1, 7, "did you mean 'bgpq4_path'?"},
		{"irr: {bgpq4_path: -x}\n", 1, 19, "not begin with a dash"},
		{"irr: {host: 'a b'}\n", 1, 13, "must be a name or an address"},
		{"irr: {host: -h}\n", 1, 13, "not begin with a dash"},
		{"irr: {sources: 'RIPE,,RADB'}\n", 1, 16, "names such as RIPE"},
		{"irr: {sources: [RIPE, -S]}\n", 1, 23, "names such as RIPE"},
		{"irr: {sources: [RIPE, {a: b}]}\n", 1, 24, "'sources'"},
		{"irr: {timeout: 0}\n", 1, 16, "from 1 to 3600"},
		{"irr: {threads: 17}\n", 1, 16, "from 1 to 16"},
		{"irr: {refresh: 59}\n", 1, 16, "from 60 to"},
		{"irr: {shrink_percent: 101}\n", 1, 23, "from 0 to 100"},
		{"irr: {private_asns: 2}\n", 1, 21, "true or false"},
		{"irr: {files: [a]}\n", 1, 15, "must be a folder, or a mapping"},
		{"irr: {files: {X: a}}\n", 1, 15, "such as AS-EXAMPLE"},
		{"irr: {files: {AS-X: a, as-x: b}}\n", 1, 24, "keep one of the two"},
		{"irr: {peeringdb: ''}\n", 1, 18, "not an empty text"},
		{"irr: [a]\n", 1, 7, "irr"},
	};
	struct scratch s;
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct config_errors e;
		char text[1024];
		(void)snprintf(text, sizeof(text), "%s%s", table[i].text, REST);
		struct config *c = scratch_load(&s, text, &e);
		cr_assert(c == NULL && e.error_count >= 1, "%s", table[i].text);
		cr_expect(e.item[0].line == table[i].line && e.item[0].column == table[i].column,
			  "%s: %d:%d", table[i].text, e.item[0].line, e.item[0].column);
		cr_expect(strstr(e.item[0].text, table[i].fragment) != NULL, "%s: %s",
			  table[i].text, e.item[0].text);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}
