/* The words behind `causeway registry` become calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/cli/args.h"
#include "control/cli/registry_args.h"
#include "control/cli/show.h"
#include "control/cli/tables.h"
#include "rib/base/check.h"

/* Words parted by blanks. */
static enum cli_verdict parse(const char *words, struct cli *out, char why[256])
{
	static char text[512];
	char *argv[32], *save = NULL;
	int argc = 0;
	snprintf(text, sizeof(text), "%s", words);
	for (char *at = strtok_r(text, " ", &save); at != NULL; at = strtok_r(NULL, " ", &save)) {
		argv[argc++] = at;
	}
	return cli_parse(argc, argv, out, why, 256);
}

Test(cli_registry, words_are_calls)
{
	static const struct {
		const char *words, *request;
	} table[] = {
		{"registry tenants",
		 "{\"command\":\"call\",\"method\":\"GET\",\"path\":\"/api/v1/tenants\"}"},
		{"registry prefixes list --state announced --limit=5",
		 "{\"command\":\"call\",\"method\":\"GET\",\"path\":\"/api/v1/prefixes\",\"query\":"
		 "{\"limit\":\"5\",\"state\":\"announced\"}}"},
		{"registry show p-0123456789abc",
		 "{\"command\":\"call\",\"method\":\"GET\",\"path\":"
		 "\"/api/v1/prefixes/p-0123456789abc\"}"},
		{"registry show 7",
		 "{\"command\":\"call\",\"method\":\"GET\",\"path\":\"/api/v1/changes/7\"}"},
		{"registry create tenant name=A quota.asns=5 is_enabled=true --dry-run",
		 "{\"command\":\"call\",\"method\":\"POST\",\"path\":\"/api/v1/tenants\",\"query\":"
		 "{\"dry_run\":true},\"body\":{\"name\":\"A\",\"quota\":{\"asns\":5},"
		 "\"is_enabled\":true}}"},
		{"registry set p-0123456789abc origins=64501,AS64502 not_after=null",
		 "{\"command\":\"call\",\"method\":\"PATCH\",\"path\":"
		 "\"/api/v1/prefixes/p-0123456789abc\",\"body\":{\"origins\":[64501,64502],"
		 "\"not_after\":null}}"},
		{"registry announce p-0123456789abc --limited",
		 "{\"command\":\"call\",\"method\":\"POST\",\"path\":"
		 "\"/api/v1/prefixes/p-0123456789abc/announce\",\"body\":{\"to\":\"limited\"}}"},
		{"registry config n-0123456789abc --router bird",
		 "{\"command\":\"call\",\"method\":\"GET\",\"path\":"
		 "\"/api/v1/sessions/n-0123456789abc/configuration\",\"query\":{\"router\":"
		 "\"bird\"}}"},
		{"registry delete s-0123456789abc --if-match 12 --idempotency-key=once",
		 "{\"command\":\"call\",\"method\":\"DELETE\",\"path\":"
		 "\"/api/v1/sites/s-0123456789abc\",\"if_match\":12,\"key\":\"once\"}"},
		{"registry letter p-0123456789abc",
		 "{\"command\":\"call\",\"method\":\"GET\",\"path\":"
		 "\"/api/v1/prefixes/p-0123456789abc/letter\"}"},
		{"registry status", "{\"command\":\"status\"}"},
		{"registry undo 12",
		 "{\"command\":\"call\",\"method\":\"POST\",\"path\":\"/api/v1/changes/12/undo\"}"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct cli cli;
		char why[256] = "";
		cr_assert_eq(parse(table[i].words, &cli, why), CLI_RUN, "%s: %s", table[i].words,
			     why);
		json_t *wanted = json_loads(table[i].request, 0, NULL);
		char *got = json_dumps(cli.request, JSON_COMPACT);
		cr_expect(wanted != NULL && json_equal(wanted, cli.request), "%s: %s",
			  table[i].words, got);
		free(got);
		json_decref(wanted);
		json_decref(cli.request);
	}
}

Test(cli_registry, what_makes_no_sense_is_refused_here)
{
	static const char *const table[] = {
		"registry",
		"registry nonsense",
		"registry show",
		"registry show x",
		"registry create nothing",
		"registry create tenant nome=A",
		"registry create tenant name",
		"registry undo x",
		"registry tenants what",
		"registry create tenant quota.what=1",
		"registry set s-0123456789abc name=x --if-match seven",
		"registry withdraw p-0123456789abc --limited",
		"registry delete p-0123456789abc --reason x",
		"registry status --limit 5",
		"registry status now",
		"registry letter p-0123456789abc /there/is/no/such/file",
		"registry letter p-0123456789abc /dev/null",
		"registry letter p-0123456789abc /dev/zero",
		"registry rdap p-0123456789abc",
		"registry rdap p-0123456789abc /there/is/no/such/file",
		"registry signature p-0123456789abc /dev/null",
		"registry signature p-0123456789abc /dev/zero /dev/zero",
		"--dry-run registry tenants",
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct cli cli;
		char why[256] = "";
		cr_expect_eq(parse(table[i], &cli, why), CLI_USAGE, "%s", table[i]);
		cr_expect(why[0] != '\0', "%s", table[i]);
	}
}

static void put_file(char path[32], const void *data, size_t len)
{
	snprintf(path, 32, "%s", "/tmp/causeway-XXXXXX");
	int fd = mkstemp(path);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

/* RFC 4648 §10 has these vectors. */
Test(cli_registry, a_letter_is_sent_in_base64)
{
	static const char *const table[][2] = {{"f", "Zg=="},	      {"fo", "Zm8="},
					       {"foo", "Zm9v"},	      {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct cli cli;
		char path[32], words[128], why[256] = "";
		put_file(path, table[i][0], strlen(table[i][0]));
		snprintf(words, sizeof(words), "registry letter p-0123456789abc %s", path);
		cr_assert_eq(parse(words, &cli, why), CLI_RUN, "%s", why);
		const json_t *body = json_object_get(cli.request, "body");
		cr_expect_str_eq(json_string_value(json_object_get(body, "data")), table[i][1]);
		cr_expect_str_eq(json_string_value(json_object_get(body, "media_type")),
				 "application/pdf");
		json_decref(cli.request);
		unlink(path);
	}
}

Test(cli_registry, a_signature_may_be_raw_or_base64)
{
	static const struct {
		const char *given;
		size_t len;
		const char *sent;
	} table[] = {{"\xff\0\x01", 3, "/wAB"}, {"/wAB\n", 5, "/wAB"}, {"/w\r\nAB\r\n", 8, "/wAB"}};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct cli cli;
		char cert[32], path[32], words[128], why[256] = "";
		put_file(cert, "PEM\n", 4);
		put_file(path, table[i].given, table[i].len);
		snprintf(words, sizeof(words), "registry signature p-0123456789abc %s %s", cert,
			 path);
		cr_assert_eq(parse(words, &cli, why), CLI_RUN, "%s", why);
		const json_t *body = json_object_get(cli.request, "body");
		cr_expect_str_eq(json_string_value(json_object_get(body, "signature")),
				 table[i].sent);
		cr_expect_str_eq(json_string_value(json_object_get(body, "certificate")), "PEM\n");
		json_decref(cli.request);
		unlink(cert);
		unlink(path);
	}
}

static const char *status_of(char text[2048], const json_t *registry)
{
	FILE *out = fmemopen(text, 2048, "w");
	table_registry_status(out, registry);
	fclose(out);
	return text;
}

Test(cli_registry, the_state_says_what_fails_and_since_when)
{
	char text[2048];
	json_t *row = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:[{s:s, s:s}]}", "state",
				"read-only", "detail", "connection refused", "away_since",
				"2026-11-27T08:00:00Z", "revision", 12, "revision_in_force", 11,
				"alarms", 2, "failing_sources", "type", "dns", "text",
				"SERV\x1b"
				"FAIL");
	cr_expect(strstr(status_of(text, row), "registry read-only, 2 alarms\n") == text, "%s",
		  text);
	cr_expect_not_null(strstr(text, "connection refused"), "%s", text);
	cr_expect_not_null(strstr(text, "2026-11-27T08:00:00Z"), "%s", text);
	cr_expect_not_null(strstr(text, "12; 11 is in force"), "%s", text);
	cr_expect_not_null(strstr(text, "dns: SERV?FAIL"), "%s", text);
	cr_expect_not_null(strstr(status_of(text, NULL), "no registry"), "%s", text);
	json_decref(row);
}

Test(cli_registry, a_list_is_a_table_and_a_terminal_is_safe)
{
	char text[2048];
	FILE *out = fmemopen(text, sizeof(text), "w");
	json_t *head = json_pack("{s:i}", "status", 200);
	json_t *row = json_pack("{s:[{s:s, s:s, s:b, s:s}], s:s}", "items", "id", "t-0123456789abc",
				"mode", "global", "is_enabled", 1, "name", "A\x1b[2J",
				"next_cursor", "t-0123456789abc");
	table_registry_row(out, head, row, 0);
	fclose(out);
	cr_expect(strstr(text, "ID ") == text, "%s", text);
	cr_expect(strstr(text, "t-0123456789abc global yes        A?[2J") != NULL, "%s", text);
	cr_expect(strstr(text, "--cursor t-0123456789abc") != NULL, "%s", text);
	json_decref(head);
	json_decref(row);
}

Test(cli_registry, a_narrow_terminal_has_rows_of_several_lines)
{
	static const char narrow[] = "ID              MODE   IS_ENABLED\n"
				     "  NAME\n"
				     "t-0123456789abc global yes\n"
				     "  M\xc3\xbcller & S\xc3\xb6hne\n";
	static const char wide[] =
		"ID              MODE   IS_ENABLED NAME\n"
		"t-0123456789abc global yes        M\xc3\xbcller & S\xc3\xb6hne\n";
	char text[2048];
	json_t *head = json_pack("{s:i}", "status", 200);
	json_t *row =
		json_pack("{s:[{s:s, s:s, s:b, s:s}]}", "items", "id", "t-0123456789abc", "mode",
			  "global", "is_enabled", 1, "name", "M\xc3\xbcller & S\xc3\xb6hne");
	for (int columns = 47; columns <= 49; columns++) {
		FILE *out = fmemopen(text, sizeof(text), "w");
		table_registry_row(out, head, row, columns);
		fclose(out);
		cr_expect_str_eq(text, columns < 48 ? narrow : wide, "%d", columns);
	}
	json_decref(head);
	json_decref(row);
}

Test(cli_registry, a_kinds_fields_are_told_with_what_they_may_be)
{
	static char *words[] = {"create", "session", "--help"};
	char text[8192] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	registry_help_put(out, 3, words);
	fclose(out);
	cr_expect(strstr(text, "  route_view ") != NULL, "%s", text);
	cr_expect(strstr(text, "(none, md5, tcp-ao)\n") != NULL, "%s", text);
	cr_expect(strstr(text, "revision") == NULL, "what is the server's: %s", text);
	words[1] = "tenant";
	memset(text, 0, sizeof(text));
	out = fmemopen(text, sizeof(text), "w");
	registry_help_put(out, 3, words);
	fclose(out);
	cr_expect(strstr(text, "  quota.sessions ") != NULL, "%s", text);
}

Test(cli_registry, an_unknown_field_or_kind_says_where_the_known_ones_are)
{
	struct cli cli;
	char why[256] = "";
	cr_expect_eq(parse("registry create site nome=A", &cli, why), CLI_USAGE);
	cr_expect(strstr(why, "registry create site --help") != NULL, "%s", why);
	cr_expect_eq(parse("registry create thing", &cli, why), CLI_USAGE);
	cr_expect(strstr(why, "tenant, asn, prefix") != NULL, "%s", why);
	cr_expect_eq(parse("registry import /there/is/none", &cli, why), CLI_USAGE);
	cr_expect(strstr(why, "No such file") != NULL && strstr(why, "line") == NULL, "%s", why);
}

static void show_answer(struct cli *cli, json_t *row, char *text, size_t size)
{
	struct show show;
	FILE *out = fmemopen(text, size, "w");
	json_t *head = json_pack("{s:i}", "status", 200);
	show_begin(&show, cli, out);
	show_head(&show, head);
	show_row(&show, row);
	show_fini(&show);
	fclose(out);
	json_decref(head);
	json_decref(row);
}

Test(cli_registry, a_dry_run_says_that_nothing_is_changed)
{
	static const char *const words[] = {"registry create tenant name=A",
					    "registry create tenant name=A --dry-run"};
	for (unsigned i = 0; i < ARRAY_COUNT(words); i++) {
		struct cli cli;
		char why[256], text[1024] = "";
		cr_assert_eq(parse(words[i], &cli, why), CLI_RUN);
		show_answer(
			&cli,
			json_pack("{s:{s:s, s:[]}}", "change", "summary", "made tenant A", "items"),
			text, sizeof(text));
		cr_expect((strstr(text, "dry run, nothing is changed") == text) == (i == 1), "%s",
			  text);
		json_decref(cli.request);
	}
}

Test(cli_registry, of_a_check_that_said_nothing_only_its_result_is_shown)
{
	struct cli cli;
	char why[256], text[1024] = "";
	cr_assert_eq(parse("registry show p-0123456789abc", &cli, why), CLI_RUN);
	show_answer(&cli,
		    json_pack("{s:s, s:{s:{s:s, s:s, s:n, s:[]}}}", "state", "draft", "checks",
			      "roa", "result", "pending", "reason", "", "checked_at", "origins"),
		    text, sizeof(text));
	cr_expect_str_eq(text, "  state                draft\n  checks.roa.result    pending\n");
	json_decref(cli.request);
}
