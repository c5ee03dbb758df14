/* `registry`: what becomes of its keys, of mistakes in them, and that a reload sees each change. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/config/diff.h"
#include "control/config/section_registry.h"
#include "tests/unit/control/scratch.h"

#define CFG PORT "cfg: {rs_as: 64500}\n" /* Five lines. */

Test(registry_conf, without_a_section_there_is_none)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(&s, CFG, &e);
	cr_assert(c != NULL && e.count == 0);
	cr_expect_not(c->registry.is_on);
	config_free(c);
	scratch_fini(&s);
}

Test(registry_conf, an_empty_section_is_a_registry_with_defaults)
{
	static const char *const texts[] = {CFG "registry: {}\n", CFG "registry:\n"};
	for (unsigned i = 0; i < ARRAY_COUNT(texts); i++) {
		struct scratch s;
		struct config_errors e;
		scratch_init(&s);
		struct config *c = scratch_load(&s, texts[i], &e);
		cr_assert(c != NULL && e.count == 0);
		const struct registry_conf *r = &c->registry;
		cr_expect(r->is_on && r->site == NULL && r->trust_anchor == NULL);
		cr_expect_str_eq(r->database, "sqlite:registry.db");
		cr_expect(r->accepted == (1U << REGISTRY_PROOF_COUNT) - 1 && r->recheck_s == 3600);
		cr_expect_eq(r->drain_s, 900);
		cr_expect(r->forward_port == 0 && r->grace_s[REGISTRY_PROOF_LETTER] == 86400);
		cr_expect(r->len[FAMILY_IPV4].min == 8 && r->len[FAMILY_IPV4].max == 24);
		cr_expect(r->len[FAMILY_IPV6].min == 19 && r->len[FAMILY_IPV6].max == 48);
		cr_expect(r->limits.asns == 10 && r->limits.prefixes == 1000);
		cr_expect(r->limits.sessions == 20 && r->limits.routes_ipv6 == 10000);
		config_free(c);
		scratch_fini(&s);
	}
}

Test(registry_conf, every_key_is_read)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s,
		CFG
		"registry:\n"
		"  database: postgresql://cw@198.18.0.5/registry\n"
		"  site: fra1\n"
		"  evidence:\n"
		"    accept: [roa, letter]\n"
		"    recheck: 60\n"
		"    grace: {roa: 1, irr: 2, dns: 3, remark: 4, signature: 5, letter: 0}\n"
		"    resolver: {forward: 127.0.0.1@5353, trust_anchor: root.key}\n"
		"  prefix_length: {ipv4: {min: 9, max: 25}, ipv6: {min: 20, max: 49}}\n"
		"  limits: {asns: 1, prefixes: 2, sessions: 3, routes_ipv4: 4, routes_ipv6: 5}\n",
		&e);
	cr_assert(c != NULL && scratch_findings(&e) == 0);
	const struct registry_conf *r = &c->registry;
	char path[256], text[ADDR_TEXT_MAX];
	cr_expect_str_eq(r->database, "postgresql://cw@198.18.0.5/registry");
	cr_expect_str_eq(r->site, "fra1");
	cr_expect(r->accepted == (1U << REGISTRY_PROOF_ROA | 1U << REGISTRY_PROOF_LETTER));
	cr_expect(r->recheck_s == 60);
	static const unsigned grace_s[REGISTRY_PROOF_COUNT] = {1, 2, 3, 4, 5, 0};
	cr_expect_arr_eq(r->grace_s, grace_s, sizeof(grace_s));
	cr_expect_str_eq(addr_format(&r->forward, text), "127.0.0.1");
	cr_expect(r->forward_port == 5353);
	cr_expect_str_eq(r->trust_anchor, scratch_path(&s, "root.key", path));
	cr_expect(r->len[FAMILY_IPV4].min == 9 && r->len[FAMILY_IPV4].max == 25);
	cr_expect(r->len[FAMILY_IPV6].min == 20 && r->len[FAMILY_IPV6].max == 49);
	cr_expect(r->limits.asns == 1 && r->limits.prefixes == 2 && r->limits.sessions == 3);
	cr_expect(r->limits.routes_ipv4 == 4 && r->limits.routes_ipv6 == 5);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

static const struct {
	const char *yaml;
	int line, column;
	const char *text;
} mistakes[] = {
	{"registry: {database: x}\n", 6, 22, "must be sqlite:FILE"},
	{"registry: {database: mysql://u@h/d}\n", 6, 22, "or postgresql://"},
	{"registry: {database: 'sqlite:'}\n", 6, 22, "names no file"},
	{"registry: {database: 'sqlite::memory:'}\n", 6, 22, "names no file"},
	{"registry: {database: [x]}\n", 6, 23, "single value"},
	{"registry: {site: 'a b'}\n", 6, 18, "such as fra1, not 'a b'"},
	{"registry: {sites: a}\n", 6, 12, "did you mean 'site'"},
	{"registry: [x]\n", 6, 12, "must be a mapping"},
	{"registry: {evidence: {accept: []}}\n", 6, 23, "no prefix could be proven"},
	{"registry: {evidence: {accept: roa}}\n", 6, 31, "must be a list such as [roa, irr, dns]"},
	{"registry: {evidence: {accept: [roa, rao]}}\n", 6, 37, "or letter, not 'rao'"},
	{"registry: {drain: 86401}\n", 6, 19, "from 0 to 86400, not '86401'"},
	{"registry: {evidence: {recheck: 4}}\n", 6, 32, "from 5 to 2592000, not '4'"},
	{"registry: {evidence: {grace: {rao: 1}}}\n", 6, 31, "did you mean 'roa'"},
	{"registry: {evidence: {grace: {roa: 7776001}}}\n", 6, 36, "from 0 to 7776000"},
	{"registry: {evidence: {resolver: {forward: a.example}}}\n", 6, 43, "must be an address"},
	{"registry: {evidence: {resolver: {forward: 127.0.0.1@0}}}\n", 6, 43, "127.0.0.1@5353"},
	{"registry: {evidence: {resolver: {forward: 127.0.0.1@}}}\n", 6, 43, "'@PORT'"},
	{"registry: {evidence: {resolver: {forward: 127.0.0.1@65536}}}\n", 6, 43, "'@PORT'"},
	{"registry: {prefix_length: {ipv4: {min: 25}}}\n", 6, 28, "IPv4 prefixes from /25 to /24"},
	{"registry: {prefix_length: {ipv6: {min: 129}}}\n", 6, 40, "from 1 to 128"},
	{"registry: {limits: {asns: 1000001}}\n", 6, 27, "from 0 to 1000000"},
	{"registry: {limits: {asn: 1}}\n", 6, 21, "did you mean 'asns'"},
};

Test(registry_conf, mistakes_have_place_and_remedy)
{
	for (unsigned i = 0; i < ARRAY_COUNT(mistakes); i++) {
		struct scratch s;
		struct config_errors e;
		char yaml[512];
		scratch_init(&s);
		snprintf(yaml, sizeof(yaml), "%s%s", CFG, mistakes[i].yaml);
		struct config *c = config_parse("main.yml", yaml, strlen(yaml), &e);
		cr_assert(c == NULL && e.count == 1, "%s: %u", mistakes[i].yaml, e.count);
		cr_expect(e.item[0].line == mistakes[i].line &&
				  e.item[0].column == mistakes[i].column,
			  "%s: %d:%d", mistakes[i].yaml, e.item[0].line, e.item[0].column);
		cr_expect(strstr(e.item[0].text, mistakes[i].text) != NULL, "%s: %s",
			  mistakes[i].yaml, e.item[0].text);
		config_errors_free(&e);
		scratch_fini(&s);
	}
}

/* A file with a password that everybody may read is warned of; a faulty URL is not shown. */
Test(registry_conf, a_password_of_the_database_is_a_secret)
{
	static const char *const urls[] = {
		"postgresql://cw:hush@198.18.0.5/registry",
		"postgres://198.18.0.5/registry?user=cw&password=hush",
	};
	struct scratch s;
	struct config_errors e;
	char yaml[512];
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(urls); i++) {
		snprintf(yaml, sizeof(yaml), CFG "registry: {database: '%s'}\n", urls[i]);
		struct config *c = scratch_load(&s, yaml, &e);
		cr_assert(c != NULL && e.count == 1 && e.item[0].is_warning);
		cr_expect(strstr(e.item[0].text, "holds secrets") != NULL);
		config_errors_free(&e);
		config_free(c);
	}
	snprintf(yaml, sizeof(yaml), CFG "registry: {database: 'mysql://cw:hush@h/d'}\n");
	cr_assert_null(scratch_load(&s, yaml, &e));
	for (unsigned i = 0; i < e.count; i++) {
		cr_expect_null(strstr(e.item[i].text, "hush"));
	}
	config_errors_free(&e);
	scratch_fini(&s);
}

/* What the first file says stays when a second one says something else: it is an error. */
Test(registry_conf, a_key_stands_in_one_file_only)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	scratch_write(&s, "more.yml", "registry: {site: ams1}\n");
	cr_assert_null(scratch_load(&s, CFG "registry: {site: fra1}\ninclude: more.yml\n", &e));
	cr_expect(e.count == 1 && strstr(e.item[0].text, "'site' was set before") != NULL);
	config_errors_free(&e);
	struct config *c =
		scratch_load(&s, CFG "registry: {limits: {asns: 3}}\ninclude: more.yml\n", &e);
	cr_assert(c != NULL && c->registry.limits.asns == 3);
	cr_expect_str_eq(c->registry.site, "ams1");
	config_free(c);
	scratch_fini(&s);
}

static const struct {
	const char *section;
	enum change_kind kind;
} changes[] = {
	{"{database: 'sqlite:other.db'}", CHANGE_RESTART},
	{"{site: fra1}", CHANGE_RESTART},
	{"{evidence: {resolver: {forward: 127.0.0.1}}}", CHANGE_RESTART},
	{"{evidence: {resolver: {trust_anchor: /x}}}", CHANGE_RESTART},
	{"{evidence: {accept: [roa]}}", CHANGE_SERVER},
	{"{drain: 60}", CHANGE_SERVER},
	{"{evidence: {recheck: 61}}", CHANGE_SERVER},
	{"{evidence: {grace: {roa: 0}}}", CHANGE_SERVER},
	{"{evidence: {grace: {irr: 0}}}", CHANGE_SERVER},
	{"{evidence: {grace: {dns: 0}}}", CHANGE_SERVER},
	{"{evidence: {grace: {remark: 0}}}", CHANGE_SERVER},
	{"{evidence: {grace: {signature: 0}}}", CHANGE_SERVER},
	{"{evidence: {grace: {letter: 0}}}", CHANGE_SERVER},
	{"{prefix_length: {ipv4: {min: 9}}}", CHANGE_SERVER},
	{"{prefix_length: {ipv4: {max: 25}}}", CHANGE_SERVER},
	{"{prefix_length: {ipv6: {min: 20}}}", CHANGE_SERVER},
	{"{prefix_length: {ipv6: {max: 49}}}", CHANGE_SERVER},
	{"{limits: {asns: 1}}", CHANGE_SERVER},
	{"{limits: {prefixes: 1}}", CHANGE_SERVER},
	{"{limits: {sessions: 1}}", CHANGE_SERVER},
	{"{limits: {routes_ipv4: 1}}", CHANGE_SERVER},
	{"{limits: {routes_ipv6: 1}}", CHANGE_SERVER},
};

Test(registry_conf, a_reload_sees_each_change)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *plain = scratch_load(&s, CFG "registry: {}\n", &e);
	cr_assert_not_null(plain);
	for (unsigned i = 0; i < ARRAY_COUNT(changes); i++) {
		struct config_diff d;
		char yaml[512];
		snprintf(yaml, sizeof(yaml), CFG "registry: %s\n", changes[i].section);
		struct config *c = scratch_load(&s, yaml, &e);
		cr_assert_not_null(c);
		config_errors_free(&e);
		config_diff(plain, c, &d);
		cr_expect(d.count == 1 && d.item[0].kind == changes[i].kind, "%s: %u",
			  changes[i].section, d.count);
		config_diff_free(&d);
		config_diff(c, c, &d);
		cr_expect_eq(d.count, 0);
		config_diff_free(&d);
		config_free(c);
	}
	config_free(plain);
	scratch_fini(&s);
}

/* A row of the guide's table has the key's whole name, or that of one beside it and this one's. */
static bool is_in_guide(const char *guide, const char *where, const char *name)
{
	char whole[128], beside[128], own[64];
	snprintf(whole, sizeof(whole), "\n| `%s.%s` |", where, name);
	snprintf(beside, sizeof(beside), "\n| `%s.", where);
	snprintf(own, sizeof(own), "`%s`", name);
	if (strstr(guide, whole) != NULL) {
		return true;
	}
	for (const char *row = guide; (row = strstr(row, beside)) != NULL; row++) {
		const char *rest = row + strlen(beside);
		const char *cell = strchr(rest, '|'), *at = strstr(rest, own);
		size_t len = strlen(name);
		bool is_first = strncmp(rest, name, len) == 0 && rest[len] == '`';
		if (is_first || (cell != NULL && at != NULL && at < cell)) {
			return true;
		}
	}
	return false;
}

static unsigned check_rows(const char *guide, const struct key_table *table)
{
	unsigned count = 0;
	for (unsigned i = 0; i < table->count; i++) {
		const struct key *k = &table->keys[i];
		if (k->table != NULL) {
			count += check_rows(guide, k->table);
			continue;
		}
		cr_expect(is_in_guide(guide, table->where, k->name), "%s.%s", table->where,
			  k->name);
		count++;
	}
	return count;
}

Test(registry_conf, the_guide_has_each_key)
{
	static char guide[512 * 1024];
	FILE *f = fopen(SOURCE_ROOT "/docs/guide.md", "r");
	cr_assert_not_null(f);
	size_t len = fread(guide, 1, sizeof(guide) - 1, f);
	fclose(f);
	cr_assert_lt(len, sizeof(guide) - 1);
	cr_expect_geq(check_rows(guide, &registry_keys), 21);
	cr_expect_not(is_in_guide(guide, "registry.evidence", "never"));
}
