/* The words behind `causeway registry` become calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/cli/args.h"
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
		"--dry-run registry tenants",
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct cli cli;
		char why[256] = "";
		cr_expect_eq(parse(table[i], &cli, why), CLI_USAGE, "%s", table[i]);
		cr_expect(why[0] != '\0', "%s", table[i]);
	}
}

Test(cli_registry, a_list_is_a_table_and_a_terminal_is_safe)
{
	char text[2048];
	FILE *out = fmemopen(text, sizeof(text), "w");
	json_t *head = json_pack("{s:i}", "status", 200);
	json_t *row = json_pack("{s:[{s:s, s:s, s:b, s:s}], s:s}", "items", "id", "t-0123456789abc",
				"mode", "global", "is_enabled", 1, "name", "A\x1b[2J",
				"next_cursor", "t-0123456789abc");
	table_registry_row(out, head, row);
	fclose(out);
	cr_expect(strstr(text, "ID ") == text, "%s", text);
	cr_expect(strstr(text, "t-0123456789abc global yes        A?[2J") != NULL, "%s", text);
	cr_expect(strstr(text, "--cursor t-0123456789abc") != NULL, "%s", text);
	json_decref(head);
	json_decref(row);
}
