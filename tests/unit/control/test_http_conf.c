/* `control.http`: each key, each mistake with its place and remedy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/config/diff.h"
#include "control/config/loader.h"
#include "tests/unit/control/scratch.h"

#define BEFORE PORT "cfg: {rs_as: 64500, router_id: 198.18.0.1}\ncontrol:\n"

static struct config *load(const char *section, struct config_errors *e)
{
	char yaml[2048];
	int len = snprintf(yaml, sizeof(yaml), BEFORE "%s", section);
	cr_assert(len > 0 && (size_t)len < sizeof(yaml));
	return config_parse("main.yml", yaml, (size_t)len, e);
}

static void expect_text(const struct http_conf *c, unsigned i, const char *wanted)
{
	char text[HTTP_LISTEN_TEXT_MAX];
	cr_expect_str_eq(http_listen_format(&c->listen[i], text), wanted);
}

Test(http_conf, without_a_section_nothing_listens)
{
	struct config_errors e;
	struct config *c = load("  log_level: info\n", &e);
	cr_assert_not_null(c);
	cr_expect_eq(c->control.http.listen_count, 0);
	cr_expect_eq(c->control.http.rate, HTTP_RATE_DEFAULT);
	cr_expect(!c->control.http.is_glass_public && !c->control.http.is_plain);
	config_free(c);
	config_errors_free(&e);
}

Test(http_conf, every_key_is_read)
{
	struct config_errors e;
	struct config *c = load("  http:\n"
				"    listen: [\"198.18.0.9:443\", \"[2001:db8::1]:443\"]\n"
				"    tls: {certificate: /c.pem, key: /k.pem}\n"
				"    looking_glass: public\n"
				"    rate: 7\n",
				&e);
	cr_assert_not_null(c);
	const struct http_conf *h = &c->control.http;
	cr_assert_eq(h->listen_count, 2);
	expect_text(h, 0, "198.18.0.9:443");
	expect_text(h, 1, "[2001:db8::1]:443");
	cr_expect_str_eq(h->certificate, "/c.pem");
	cr_expect_str_eq(h->key, "/k.pem");
	cr_expect(h->is_glass_public && h->rate == 7);
	config_free(c);
	config_errors_free(&e);
	c = load("  http: {listen: \"198.18.0.9:80\", plain: true}\n", &e);
	cr_assert_not_null(c);
	cr_expect(c->control.http.is_plain);
	config_free(c);
	config_errors_free(&e);
}

Test(http_conf, a_relative_file_is_beside_the_configuration)
{
	struct config_errors e;
	char yaml[1024];
	int len =
		snprintf(yaml, sizeof(yaml), BEFORE "%s",
			 "  http: {listen: \"[::1]:1\", tls: {certificate: c.pem, key: k.pem}}\n");
	struct config *c = config_parse("/etc/causeway/main.yml", yaml, (size_t)len, &e);
	cr_assert_not_null(c);
	cr_expect_str_eq(c->control.http.certificate, "/etc/causeway/c.pem");
	cr_expect_str_eq(c->control.http.key, "/etc/causeway/k.pem");
	config_free(c);
	config_errors_free(&e);
}

static const struct {
	const char *section;
	int line, column;
	const char *fragment;
} mistakes[] = {
	{"  http: {}\n", 7, 3, "needs 'listen'"},
	{"  http: {rate: 5}\n", 7, 3, "needs 'listen'"},
	{"  http: [1]\n", 7, 10, "mapping"},
	{"  http: {listen: []}\n", 7, 10, "remove 'http' for no HTTP"},
	{"  http: {listen: \"127.0.0.1\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"127.0.0.1:\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"127.0.0.1:0\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"127.0.0.1:65536\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"127.0.0.1:+80\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"[127.0.0.1]:80\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"::1:80\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"[::1]80\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"localhost:80\"}\n", 7, 18, "an address and a port"},
	{"  http: {listen: \"198.18.0.9:80\"}\n", 7, 18, "198.18.0.9:80 is no loopback address"},
	{"  http: {listen: \"0.0.0.0:80\"}\n", 7, 18, "or 'plain: true' if that is meant"},
	{"  http: {listen: \"[::]:80\"}\n", 7, 18, "is no loopback address"},
	{"  http: {listen: [\"[::1]:80\", \"[::1]:80\"]}\n", 7, 31, "twice; keep one"},
	{"  http: {listen: \"[::1]:80\", tls: {key: k}}\n", 7, 30, "both 'certificate' and 'key'"},
	{"  http: {listen: \"[::1]:80\", tls: {certificate: c}}\n", 7, 30, "both"},
	{"  http: {listen: \"[::1]:80\", plain: true, tls: {certificate: c, key: k}}\n", 7, 30,
	 "exclude each other"},
	{"  http: {listen: \"[::1]:80\", plain: 7}\n", 7, 37, "true or false"},
	{"  http: {listen: \"[::1]:80\", looking_glass: open}\n", 7, 45, "private"},
	{"  http: {listen: \"[::1]:80\", rate: 0}\n", 7, 36, "from 1 to 1000000"},
	{"  http: {listen: \"[::1]:80\", lisden: 1}\n", 7, 30, "did you mean 'listen'?"},
};

Test(http_conf, each_mistake_has_its_place_and_remedy)
{
	for (unsigned i = 0; i < ARRAY_COUNT(mistakes); i++) {
		struct config_errors e;
		struct config *c = load(mistakes[i].section, &e);
		cr_expect_null(c, "%s", mistakes[i].section);
		cr_expect_eq(e.count, 1, "%s", mistakes[i].section);
		for (unsigned n = 0; n < e.count; n++) {
			cr_expect(e.item[n].line == mistakes[i].line &&
					  e.item[n].column == mistakes[i].column &&
					  strstr(e.item[n].text, mistakes[i].fragment) != NULL,
				  "%s: %d:%d %s", mistakes[i].section, e.item[n].line,
				  e.item[n].column, e.item[n].text);
		}
		config_free(c);
		config_errors_free(&e);
	}
}

Test(http_conf, nine_addresses_are_too_many)
{
	struct config_errors e;
	char list[512] = "  http: {listen: [";
	for (unsigned i = 0; i <= HTTP_LISTEN_MAX; i++) {
		size_t len = strlen(list);
		(void)snprintf(list + len, sizeof(list) - len, "\"127.0.0.1:%u\", ", i + 1);
	}
	size_t len = strlen(list);
	(void)snprintf(list + len, sizeof(list) - len, "]}\n");
	struct config *c = load(list, &e);
	cr_expect_null(c);
	cr_assert_eq(e.count, 1);
	cr_expect(strstr(e.item[0].text, "at most 8") != NULL);
	config_errors_free(&e);
}

/* A change is told as one that needs a restart. */
Test(http_conf, a_reload_sees_each_change)
{
	static const char *const others[] = {
		"  http: {listen: \"[::1]:81\"}\n",
		"  http: {listen: [\"[::1]:80\", \"[::1]:81\"]}\n",
		"  http: {listen: \"[::1]:80\", rate: 5}\n",
		"  http: {listen: \"[::1]:80\", plain: true}\n",
		"  http: {listen: \"[::1]:80\", looking_glass: public}\n",
		"  http: {listen: \"[::1]:80\", tls: {certificate: c, key: k}}\n",
		"  log_level: info\n",
	};
	struct config_errors e;
	struct config *a = load("  http: {listen: \"[::1]:80\"}\n", &e);
	cr_assert_not_null(a);
	config_errors_free(&e);
	for (unsigned i = 0; i < ARRAY_COUNT(others); i++) {
		struct config_diff d;
		struct config *b = load(others[i], &e);
		cr_assert_not_null(b, "%s", others[i]);
		config_diff(a, b, &d);
		cr_assert_eq(d.count, 1, "%s", others[i]);
		cr_expect(d.item[0].kind == CHANGE_RESTART);
		config_diff_free(&d);
		config_free(b);
		config_errors_free(&e);
	}
	config_free(a);
}

/* Every key that the reader knows has its row in the guide's table. */
Test(http_conf, the_guide_has_each_key)
{
	static const char *const rows[] = {
		"| `control.http.listen` |", "| `control.http.tls.certificate`, `key` |",
		"| `control.http.plain` |",  "| `control.http.looking_glass` |",
		"| `control.http.rate` |",
	};
	size_t len = 0;
	char *guide = NULL;
	unsigned count = 0;
	FILE *f = fopen(SOURCE_ROOT "/docs/guide.md", "r");
	cr_assert_not_null(f);
	cr_assert(getdelim(&guide, &len, '\0', f) > 0);
	fclose(f);
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		cr_expect(strstr(guide, rows[i]) != NULL, "%s", rows[i]);
	}
	for (const char *at = guide; (at = strstr(at, "\n| `control.http.")) != NULL; at++) {
		count++;
	}
	cr_expect_eq(count, ARRAY_COUNT(rows));
	free(guide);
}
